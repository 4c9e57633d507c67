/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * platform_op and physdev_op: what dom0 tells us about the machine. We find
 * PCI functions ourselves, so its reports of them need no action. No lock.
 */
#include <xen/hypercall.h>

#include <public/physdev.h>
#include <public/platform.h>

#include <xen/domain.h>
#include <xen/guest-copy.h>

_Static_assert(sizeof(struct xen_platform_op) == 136, "platform_op");

static long settime(const struct xenpf_settime64 *t)
{
    if ( t->mbz || t->nsecs >= 1000000000U ||
         t->secs > (uint64_t)INT64_MAX / 1000000000U )
        return -EINVAL;
    /* it is that time now: dom0 has just read its clock */
    domain_set_wallclock((int64_t)(t->secs * 1000000000U + t->nsecs) - NOW());
    return 0;
}

long do_platform_op(uint64_t arg, uint64_t a1 __maybe_unused,
                    uint64_t a2 __maybe_unused, uint64_t a3 __maybe_unused,
                    uint64_t a4 __maybe_unused)
{
    struct xen_platform_op op;

    if ( !current->domain->is_privileged )
        return -EPERM;
    if ( copy_from_guest(&op, arg, sizeof(op)) )
        return -EFAULT;
    if ( op.interface_version != XENPF_INTERFACE_VERSION )
        return -EACCES;
    return op.cmd == XENPF_settime64 ? settime(&op.u.settime64) : -ENOSYS;
}

long do_physdev_op(uint64_t cmd, uint64_t arg __maybe_unused,
                   uint64_t a2 __maybe_unused, uint64_t a3 __maybe_unused,
                   uint64_t a4 __maybe_unused)
{
    switch ( cmd )
    {
    case PHYSDEVOP_pci_device_add:
    case PHYSDEVOP_pci_device_remove:
    case PHYSDEVOP_manage_pci_add:
    case PHYSDEVOP_manage_pci_remove:
    case PHYSDEVOP_prepare_msix:
    case PHYSDEVOP_release_msix:
        return current->domain->is_hardware ? 0 : -EPERM;
    default:
        return -ENOSYS;
    }
}
