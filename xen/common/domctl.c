/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * domctl: what the toolstack asks of one domain, or does to it: its life, its
 * memory, its description. vCPUs are domctl-vcpu.c's, devices domctl-device.c's.
 *
 * Lock: d->hypercall_lock around what two callers could do at once. References
 * keep the domain.
 */
#include <xen/domctl.h>

#include <public/domctl.h>

#include <xen/bits.h>
#include <xen/cache.h>
#include <xen/domain.h>
#include <xen/guest-copy.h>
#include <xen/hypercall.h>
#include <xen/softirq.h>

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

/* ---- life ---- */

#define CDF_NEEDED  (XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap)
#define CDF_ALLOWED (CDF_NEEDED | XEN_DOMCTL_CDF_iommu)

static bool config_ok(const struct xen_domctl_createdomain *c)
{
    return (c->flags & CDF_NEEDED) == CDF_NEEDED &&
           !(c->flags & ~CDF_ALLOWED) &&
           !(c->iommu_opts & ~XEN_DOMCTL_IOMMU_no_sharept) &&
           XEN_DOMCTL_GRANT_version(c->grant_opts) == 1 && !c->vmtrace_size &&
           !c->cpupool_id && c->arch.gic_version <= XEN_DOMCTL_CONFIG_GIC_V3 &&
           c->arch.tee_type == XEN_DOMCTL_CONFIG_TEE_NONE &&
           c->arch.nr_spis <= IRQ_SPI_END - IRQ_SPI_FIRST;
}

/* A negative limit asks for ours. */
static unsigned int limit_of(int32_t n)
{
    return n < 0 ? 0 : (unsigned int)n;
}

/* Every domain has IOMMU tables (P1): it may be given a device later. */
static long createdomain(struct xen_domctl *op)
{
    struct xen_domctl_createdomain *c = &op->u.createdomain;
    const struct domain_config cfg = {
        .max_vcpus = c->max_vcpus,
        .gic_version = c->arch.gic_version ? c->arch.gic_version + 1U : 0,
        .nr_spis = c->arch.nr_spis,
        .max_evtchn_port = c->max_evtchn_port,
        .max_grant_frames = limit_of(c->max_grant_frames),
        .max_maptrack_frames = limit_of(c->max_maptrack_frames),
        .evtchn_irq = GUEST_EVTCHN_PPI,
        .vtimer_offset = boot_count + ns_to_ticks(NOW()),
        .iommu = true,
    };
    domid_t id = op->domain;
    struct domain *d;
    long rc;

    if ( !config_ok(c) )
        return -EINVAL;
    if ( !id || id >= DOMID_FIRST_RESERVED )
        id = DOMID_INVALID;
    rc = domain_create(id, &cfg, &d);
    if ( rc )
        return rc;
    memcpy(d->handle, c->handle, sizeof(d->handle));
    (void)vgic_reserve_irq(d, GUEST_EVTCHN_PPI);
    op->domain = d->domain_id;
    c->arch.gic_version = (uint8_t)(d->vgic.version - 1);
    c->arch.clock_frequency = 0;
    return 0;
}

static long max_vcpus(struct domain *d, uint32_t nr)
{
    int rc = 0;

    if ( nr != d->max_vcpus )
        return -EINVAL;
    spin_lock(&d->hypercall_lock);
    for ( unsigned int i = 0; !rc && i < nr; i++ )
        if ( !d->vcpu[i] )
            rc = vcpu_create(d, i);
    spin_unlock(&d->hypercall_lock);
    return rc;
}

#define MAX_PAUSES 255U

static long pause(struct domain *d)
{
    int rc = 0;

    spin_lock(&d->hypercall_lock);
    if ( d->pause_count >= MAX_PAUSES )
        rc = -EOVERFLOW;
    else
        domain_pause_nosync(d);
    spin_unlock(&d->hypercall_lock);
    if ( !rc )
        domain_wait_stopped(d);
    return rc;
}

/* What is being destroyed stays paused. */
static long unpause(struct domain *d)
{
    int rc = 0;

    spin_lock(&d->hypercall_lock);
    if ( !d->pause_count || d->is_dying )
        rc = -EINVAL;
    else
        domain_unpause(d);
    spin_unlock(&d->hypercall_lock);
    return rc;
}

/* ---- memory ---- */

static long max_mem(struct domain *d, uint64_t kib)
{
    spin_lock(&d->page_lock);
    d->max_pages = kib >> (PAGE_SHIFT - 10);
    spin_unlock(&d->page_lock);
    return 0;
}

/* A guest starts with its caches off. Where there is no RAM nothing is done. */
static long cacheflush(struct domain *d, struct xen_domctl_cacheflush *cf)
{
    uint64_t limit = BIT64(p2m_ipa_bits - PAGE_SHIFT);

    if ( cf->start_pfn > limit || cf->nr_pfns > limit - cf->start_pfn )
        return -EINVAL;
    while ( cf->nr_pfns )
    {
        struct page_info *pg =
            p2m_get_page(d, _gfn(cf->start_pfn), false, NULL);

        if ( pg )
        {
            cache_clean_invalidate(page_to_virt(pg), PAGE_SIZE);
            put_page(pg);
        }
        cf->start_pfn++;
        cf->nr_pfns--;
        if ( cf->nr_pfns && preempt_check() )
            return -ERESTART;
    }
    return 0;
}

static long set_paging_mempool_size(struct domain *d, uint64_t size)
{
    int rc;

    spin_lock(&d->hypercall_lock);
    rc = paging_set_size(d, size);
    spin_unlock(&d->hypercall_lock);
    return rc;
}

static long set_handle(struct domain *d, const xen_domain_handle_t handle)
{
    spin_lock(&d->hypercall_lock);
    memcpy(d->handle, handle, sizeof(d->handle));
    spin_unlock(&d->hypercall_lock);
    return 0;
}

/* One node has all the memory. */
static long set_nodes(const struct xenctl_bitmap *map)
{
    uint64_t nodes;
    int rc = bits_from_guest(&nodes, map);

    return rc ? rc : nodes & 1 ? 0 : -EINVAL;
}

/* ---- dispatch ---- */

/* What a domain cannot ask for itself: it would have to stop. */
static bool stops_it(uint32_t cmd)
{
    return cmd == XEN_DOMCTL_pausedomain || cmd == XEN_DOMCTL_unpausedomain ||
           cmd == XEN_DOMCTL_destroydomain || cmd == XEN_DOMCTL_max_vcpus ||
           cmd == XEN_DOMCTL_setvcpucontext;
}

static long of_domain(struct domain *d, struct xen_domctl *op)
{
    long rc;

    if ( d == current->domain && stops_it(op->cmd) )
        return -EINVAL;
    switch ( op->cmd )
    {
    case XEN_DOMCTL_max_vcpus:
        return max_vcpus(d, op->u.max_vcpus.max);
    case XEN_DOMCTL_pausedomain:
        return pause(d);
    case XEN_DOMCTL_unpausedomain:
        return unpause(d);
    case XEN_DOMCTL_destroydomain:
        return domain_kill(d);
    case XEN_DOMCTL_max_mem:
        return max_mem(d, op->u.max_mem.max_memkb);
    case XEN_DOMCTL_cacheflush:
        return cacheflush(d, &op->u.cacheflush);
    case XEN_DOMCTL_set_paging_mempool_size:
        return set_paging_mempool_size(d, op->u.paging_mempool.size);
    case XEN_DOMCTL_get_paging_mempool_size:
        op->u.paging_mempool.size = paging_size(d);
        return 0;
    case XEN_DOMCTL_set_address_size:
        return op->u.address_size.size == 64 ? 0 : -EINVAL;
    case XEN_DOMCTL_get_address_size:
        op->u.address_size.size = 64;
        return 0;
    case XEN_DOMCTL_setdomainhandle:
        return set_handle(d, op->u.setdomainhandle.handle);
    case XEN_DOMCTL_setnodeaffinity:
        return set_nodes(&op->u.nodeaffinity.nodemap);
    case XEN_DOMCTL_getnodeaffinity:
        return bits_to_guest(&op->u.nodeaffinity.nodemap, 1);
    default:
        rc = domctl_vcpu(d, op);
        return rc == -ENOSYS ? domctl_device(d, op) : rc;
    }
}

static long run(struct xen_domctl *op)
{
    struct domain *d;
    long rc;

    if ( op->cmd == XEN_DOMCTL_createdomain )
        return createdomain(op);
    if ( op->cmd == XEN_DOMCTL_getdomaininfo )
        return getdomaininfo(op);
    d = domain_get(op->domain);
    if ( !d )
        return -ESRCH;
    rc = of_domain(d, op);
    domain_put(d);
    return rc;
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
    rc = run(&op);
    if ( rc && rc != -ERESTART )
        return rc;
    /* how far it came is in the operation itself, or in the domain */
    if ( copy_to_guest(arg, &op, sizeof(op)) )
        return -EFAULT;
    return rc ? hypercall_continue(__HYPERVISOR_domctl, arg, 0, 0, 0, 0) : 0;
}
