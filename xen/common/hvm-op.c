/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hvm_op: parameters that the toolstack leaves for a guest. They are numbers
 * to us. No lock: one word each.
 */
#include <xen/hypercall.h>

#include <public/hvm/hvm_op.h>
#include <public/hvm/params.h>

#include <xen/domain.h>
#include <xen/guest-copy.h>

_Static_assert(sizeof(struct xen_hvm_param) == 16, "hvm_param");

static bool param_known(uint32_t index)
{
    switch ( index )
    {
    case HVM_PARAM_CALLBACK_IRQ:
    case HVM_PARAM_STORE_PFN:
    case HVM_PARAM_STORE_EVTCHN:
    case HVM_PARAM_CONSOLE_PFN:
    case HVM_PARAM_CONSOLE_EVTCHN:
    case HVM_PARAM_MONITOR_RING_PFN:
        return true;
    default:
        return false;
    }
}

/* A domain may read its own, all but the toolstack's; not set them. */
static bool param_allowed(const struct domain *d, uint32_t index, bool set)
{
    if ( d != current->domain )
        return current->domain->is_privileged;
    return !set && index != HVM_PARAM_MONITOR_RING_PFN;
}

static long param(uint64_t arg, bool set)
{
    struct xen_hvm_param p;
    struct domain *d;
    long rc = 0;

    if ( copy_from_guest(&p, arg, sizeof(p)) )
        return -EFAULT;
    if ( !param_known(p.index) )
        return -EINVAL;
    d = domain_get_any(p.domid);
    if ( !d )
        return -ESRCH;
    if ( !param_allowed(d, p.index, set) )
        rc = -EPERM;
    else if ( set )
        WRITE_ONCE(d->hvm_params[p.index], p.value);
    else
    {
        p.value = READ_ONCE(d->hvm_params[p.index]);
        rc = copy_to_guest(arg, &p, sizeof(p));
    }
    domain_put(d);
    return rc;
}

long do_hvm_op(uint64_t cmd, uint64_t arg, uint64_t a2 __maybe_unused,
               uint64_t a3 __maybe_unused, uint64_t a4 __maybe_unused)
{
    switch ( cmd )
    {
    case HVMOP_set_param:
        return param(arg, true);
    case HVMOP_get_param:
        return param(arg, false);
    default:
        return -ENOSYS;
    }
}
