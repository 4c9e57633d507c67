/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xen_version: who we are and what guests may rely on. Debian's tools choose
 * their directory by the number, so it is that of Xen 4.17. No lock.
 */
#include <xen/hypercall.h>

#include <public/features.h>
#include <public/version.h>
#include <public/xen.h>

#include <xen/bits.h>
#include <xen/console.h>
#include <xen/domain.h>
#include <xen/guest-copy.h>

#define XEN_MAJOR 4U
#define XEN_MINOR 17U

static uint32_t features(const struct domain *d)
{
    uint32_t f = BIT32(XENFEAT_writable_page_tables) |
                 BIT32(XENFEAT_auto_translated_physmap) |
                 BIT32(XENFEAT_memory_op_vnode_supported) |
                 BIT32(XENFEAT_ARM_SMCCC_supported);

    if ( d->is_hardware )
        f |= BIT32(XENFEAT_dom0);
    f |= d->direct_mapped ? BIT32(XENFEAT_direct_mapped)
                          : BIT32(XENFEAT_not_direct_mapped);
    return f;
}

static long get_features(uint64_t arg)
{
    struct xen_feature_info fi;

    if ( copy_from_guest(&fi, arg, sizeof(fi)) )
        return -EFAULT;
    fi.submap = fi.submap_idx ? 0 : features(current->domain);
    return copy_to_guest(arg, &fi, sizeof(fi));
}

/* Fixed-size strings: the whole array is written. */
static long put_string(uint64_t arg, char *buf, size_t size, const char *s)
{
    memset(buf, 0, size);
    strlcpy(buf, s, size);
    return copy_to_guest(arg, buf, size);
}

static long compile_info(uint64_t arg)
{
    struct xen_compile_info ci;

    memset(&ci, 0, sizeof(ci));
    strlcpy(ci.compiler, "gcc " __VERSION__, sizeof(ci.compiler));
    strlcpy(ci.compile_by, "proxenos", sizeof(ci.compile_by));
    return copy_to_guest(arg, &ci, sizeof(ci));
}

static long commandline(uint64_t arg)
{
    xen_commandline_t line;

    return put_string(arg, line, sizeof(line),
                      current->domain->is_privileged ? saved_cmdline
                                                     : "<denied>");
}

static long capabilities(uint64_t arg)
{
    xen_capabilities_info_t caps;

    return put_string(arg, caps, sizeof(caps), "xen-3.0-aarch64 ");
}

static long changeset(uint64_t arg)
{
    xen_changeset_info_t cs;

    return put_string(arg, cs, sizeof(cs), "unavailable");
}

long do_xen_version(uint64_t cmd, uint64_t arg, uint64_t a2, uint64_t a3,
                    uint64_t a4)
{
    if ( likely(cmd == XENVER_version) )
        return XEN_MAJOR << 16 | XEN_MINOR;

    switch ( cmd )
    {
    case XENVER_extraversion:
    {
        xen_extraversion_t extra;

        return put_string(arg, extra, sizeof(extra), ".0-proxenos");
    }

    case XENVER_compile_info:
        return compile_info(arg);

    case XENVER_capabilities:
        return capabilities(arg);

    case XENVER_changeset:
        return changeset(arg);

    case XENVER_platform_parameters:
    {
        /* guests have no use for our addresses */
        const struct xen_platform_parameters p = {.virt_start = 0};

        return copy_to_guest(arg, &p, sizeof(p));
    }

    case XENVER_get_features:
        return get_features(arg);

    case XENVER_pagesize:
        return arg ? -EINVAL : (long)PAGE_SIZE;

    case XENVER_guest_handle:
        return copy_to_guest(arg, current->domain->handle,
                             sizeof(current->domain->handle));

    case XENVER_commandline:
        return commandline(arg);

    case XENVER_build_id:
        return current->domain->is_privileged ? -ENODATA : -EPERM;
    }
    (void)a2, (void)a3, (void)a4;
    return -ENOSYS;
}
