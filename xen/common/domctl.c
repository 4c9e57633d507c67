/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * domctl: what the toolstack asks of one domain, or does to it. No lock of its
 * own; references keep the domain.
 */
#include <xen/hypercall.h>

#include <public/domctl.h>

#include <xen/domain.h>
#include <xen/guest-copy.h>

_Static_assert(sizeof(struct xen_domctl) == 144, "domctl");
_Static_assert(sizeof(struct xen_domctl_getdomaininfo) == 120, "domaininfo");

/* Of its vCPUs: XEN_DOMINF_*, how many are online, their time, the last id. */
static void vcpu_info_sum(const struct domain *d,
                          struct xen_domctl_getdomaininfo *info)
{
    bool blocked = true;
    struct vcpu *v;

    for_each_vcpu (d, v)
    {
        info->max_vcpu_id = v->vcpu_id;
        info->cpu_time += (uint64_t)v->sched.runtime;
        if ( !v->sched.online )
            continue;
        info->nr_online_vcpus++;
        if ( v->sched.runnable )
            blocked = false;
        if ( READ_ONCE(v->sched.on_cpu) )
            info->flags |= XEN_DOMINF_running;
    }
    if ( blocked && info->nr_online_vcpus )
        info->flags |= XEN_DOMINF_blocked;
}

void domain_info(const struct domain *d, struct xen_domctl_getdomaininfo *info)
{
    memset(info, 0, sizeof(*info));
    info->domain = d->domain_id;
    info->flags = XEN_DOMINF_hvm_guest | XEN_DOMINF_hap;
    info->max_vcpu_id = XEN_INVALID_MAX_VCPU_ID;
    vcpu_info_sum(d, info);
    if ( d->is_dying )
        info->flags |= XEN_DOMINF_dying;
    if ( d->pause_count )
        info->flags |= XEN_DOMINF_paused;
    if ( d->is_shut_down )
        info->flags |= XEN_DOMINF_shutdown | (uint32_t)d->shutdown_code
                                                 << XEN_DOMINF_shutdownshift;
    info->tot_pages = d->tot_pages;
    info->max_pages = d->max_pages;
    info->shared_info_frame = gfn_x(d->shared_info_gfn);
    memcpy(info->handle, d->handle, sizeof(info->handle));
    info->gpaddr_bits = (uint8_t)p2m_ipa_bits;
    info->arch_config.gic_version = d->vgic.version == 2
                                        ? XEN_DOMCTL_CONFIG_GIC_V2
                                        : XEN_DOMCTL_CONFIG_GIC_V3;
    info->arch_config.nr_spis = d->vgic.nr_spis;
}

/* When there is none of that id, the next is told of: callers compare. */
static long getdomaininfo(struct xen_domctl *op)
{
    struct domain *d = domain_get_from(op->domain);

    if ( !d )
        return -ESRCH;
    domain_info(d, &op->u.getdomaininfo);
    op->domain = d->domain_id;
    domain_put(d);
    return 0;
}

long do_domctl(uint64_t arg, uint64_t a1 __maybe_unused,
               uint64_t a2 __maybe_unused, uint64_t a3 __maybe_unused,
               uint64_t a4 __maybe_unused)
{
    struct xen_domctl op;
    long rc;

    if ( !current->domain->is_privileged )
        return -EPERM;
    if ( copy_from_guest(&op, arg, sizeof(op)) )
        return -EFAULT;
    if ( op.interface_version != XEN_DOMCTL_INTERFACE_VERSION )
        return -EACCES;
    rc = op.cmd == XEN_DOMCTL_getdomaininfo ? getdomaininfo(&op) : -ENOSYS;
    return rc ? rc : copy_to_guest(arg, &op, sizeof(op));
}
