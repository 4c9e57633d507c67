/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sysctl: what the toolstack asks about the host. No lock of its own.
 */
#include <xen/hypercall.h>

#include <public/sysctl.h>

#include <xen/domain.h>
#include <xen/guest-copy.h>

_Static_assert(sizeof(struct xen_sysctl) == 136, "sysctl");

long do_sysctl(uint64_t arg, uint64_t a1 __maybe_unused,
               uint64_t a2 __maybe_unused, uint64_t a3 __maybe_unused,
               uint64_t a4 __maybe_unused)
{
    struct xen_sysctl op;

    if ( !current->domain->is_privileged )
        return -EPERM;
    if ( copy_from_guest(&op, arg, sizeof(op)) )
        return -EFAULT;
    if ( op.interface_version != XEN_SYSCTL_INTERFACE_VERSION )
        return -EACCES;
    return -ENOSYS;
}
