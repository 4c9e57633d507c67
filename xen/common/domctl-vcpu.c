/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * domctl on a domain's vCPUs: registers, affinity, shares of the CPU.
 *
 * Lock: d->hypercall_lock around weight and cap, and a vCPU's registers.
 */
#include <xen/domctl.h>

#include <public/domctl.h>

#include <xen/domain.h>
#include <xen/guest-copy.h>

_Static_assert(sizeof(struct xen_domctl_getvcpuinfo) == 24, "vcpuinfo");
_Static_assert(sizeof(struct xen_domctl_vcpuaffinity) == 40, "vcpuaffinity");
_Static_assert(sizeof(struct xen_domctl_scheduler_op) == 24, "scheduler_op");
_Static_assert(sizeof(struct vcpu_guest_context) == 352, "guest_context");

static struct vcpu *vcpu_of(const struct domain *d, uint32_t id)
{
    return id < d->max_vcpus ? __atomic_load_n(&d->vcpu[id], __ATOMIC_ACQUIRE)
                             : NULL;
}

static long getvcpuinfo(const struct domain *d,
                        struct xen_domctl_getvcpuinfo *info)
{
    const struct vcpu *v = vcpu_of(d, info->vcpu);

    if ( !v )
        return -ESRCH;
    info->online = v->sched.online;
    info->blocked = !v->sched.runnable;
    info->running = READ_ONCE(v->sched.on_cpu) && v->sched.runnable;
    info->cpu_time = (uint64_t)v->sched.runtime;
    info->cpu = v->sched.cpu;
    return 0;
}

/* ---- registers ---- */

static long setvcpucontext(struct domain *d,
                           const struct xen_domctl_vcpucontext *op)
{
    struct vcpu *v = vcpu_of(d, op->vcpu);
    struct vcpu_guest_context c;
    int rc;

    if ( !v )
        return -ESRCH;
    if ( copy_from_guest(&c, guest_handle_addr(op->ctxt), sizeof(c)) )
        return -EFAULT;
    vcpu_pause(v);
    spin_lock(&d->hypercall_lock);
    rc = vcpu_set_context(v, &c);
    spin_unlock(&d->hypercall_lock);
    vcpu_unpause(v);
    return rc;
}

static long getvcpucontext(struct domain *d,
                           const struct xen_domctl_vcpucontext *op)
{
    struct vcpu *v = vcpu_of(d, op->vcpu);
    struct vcpu_guest_context c;

    if ( !v )
        return -ESRCH;
    if ( d == current->domain )
        return -EINVAL;
    vcpu_pause(v);
    spin_lock(&d->hypercall_lock);
    vcpu_get_context(v, &c);
    spin_unlock(&d->hypercall_lock);
    vcpu_unpause(v);
    return copy_to_guest(guest_handle_addr(op->ctxt), &c, sizeof(c));
}

/* ---- affinity ---- */

/* The set as asked for; @effective: what will be used of it. */
static int get_mask(const struct xenctl_bitmap *map, cpumask_t within,
                    cpumask_t *mask, cpumask_t *effective)
{
    int rc = bits_from_guest(&mask->bits, map);

    *effective = cpumask_and(*mask, within);
    return rc ? rc : cpumask_empty(*effective) ? -EINVAL : 0;
}

static long setvcpuaffinity(struct domain *d,
                            const struct xen_domctl_vcpuaffinity *op)
{
    cpumask_t hard = CPUMASK_ALL, soft = CPUMASK_ALL;
    cpumask_t eff_hard, eff_soft = CPUMASK_NONE;
    struct vcpu *v = vcpu_of(d, op->vcpu);
    bool set_hard = op->flags & XEN_VCPUAFFINITY_HARD;
    bool set_soft = op->flags & XEN_VCPUAFFINITY_SOFT;
    int rc = 0;

    if ( !v )
        return -ESRCH;
    if ( !set_hard && !set_soft )
        return -EINVAL;
    eff_hard = cpumask_and(v->sched.hard_affinity, cpu_online_map);
    if ( set_hard )
        rc = get_mask(&op->cpumap_hard, cpu_online_map, &hard, &eff_hard);
    if ( !rc && set_soft )
        rc = get_mask(&op->cpumap_soft, eff_hard, &soft, &eff_soft);
    if ( !rc && set_hard )
        rc = vcpu_set_hard_affinity(v, hard);
    if ( !rc && set_hard )
    {
        eff_hard = cpumask_and(v->sched.hard_affinity, cpu_online_map);
        rc = bits_to_guest(&op->cpumap_hard, eff_hard.bits);
    }
    if ( !rc && set_soft )
    {
        vcpu_set_soft_affinity(v, soft);
        rc = bits_to_guest(&op->cpumap_soft, eff_soft.bits);
    }
    return rc;
}

static long getvcpuaffinity(const struct domain *d,
                            const struct xen_domctl_vcpuaffinity *op)
{
    const struct vcpu *v = vcpu_of(d, op->vcpu);
    uint64_t all = cpu_online_map.bits;
    int rc = 0;

    if ( !v )
        return -ESRCH;
    if ( op->flags & XEN_VCPUAFFINITY_HARD )
        rc = bits_to_guest(&op->cpumap_hard, v->sched.hard_affinity.bits & all);
    if ( !rc && (op->flags & XEN_VCPUAFFINITY_SOFT) )
        rc = bits_to_guest(&op->cpumap_soft, v->sched.soft_affinity.bits & all);
    return rc;
}

/* ---- weight and cap ---- */

static long scheduler_op(struct domain *d, struct xen_domctl_scheduler_op *op)
{
    struct xen_domctl_sched_credit2 *p = &op->u.credit2;
    int rc = 0;

    if ( op->sched_id != XEN_SCHEDULER_CREDIT2 )
        return -EINVAL;
    spin_lock(&d->hypercall_lock);
    switch ( op->cmd )
    {
    case XEN_DOMCTL_SCHEDOP_putinfo:
        /* no weight: as it is. A cap is always said. */
        if ( p->weight )
            d->sched_weight = p->weight;
        d->sched_cap = p->cap;
        sched_set_domain(d, d->sched_weight, d->sched_cap);
        break;
    case XEN_DOMCTL_SCHEDOP_getinfo:
        p->weight = d->sched_weight ? d->sched_weight : SCHED_DEFAULT_WEIGHT;
        p->cap = d->sched_cap;
        break;
    default:
        rc = -EINVAL;
        break;
    }
    spin_unlock(&d->hypercall_lock);
    return rc;
}

long domctl_vcpu(struct domain *d, struct xen_domctl *op)
{
    switch ( op->cmd )
    {
    case XEN_DOMCTL_getvcpuinfo:
        return getvcpuinfo(d, &op->u.getvcpuinfo);
    case XEN_DOMCTL_setvcpucontext:
        return setvcpucontext(d, &op->u.vcpucontext);
    case XEN_DOMCTL_getvcpucontext:
        return getvcpucontext(d, &op->u.vcpucontext);
    case XEN_DOMCTL_setvcpuaffinity:
        return setvcpuaffinity(d, &op->u.vcpuaffinity);
    case XEN_DOMCTL_getvcpuaffinity:
        return getvcpuaffinity(d, &op->u.vcpuaffinity);
    case XEN_DOMCTL_scheduler_op:
        return scheduler_op(d, &op->u.scheduler_op);
    default:
        return -ENOSYS;
    }
}
