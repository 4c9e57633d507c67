/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * domctl on the hardware a domain may touch: register frames. The caller hands
 * on what is its own.
 *
 * Lock: d->hypercall_lock for d->iomem_caps.
 */
#include <xen/domctl.h>

#include <public/domctl.h>

#include <xen/bits.h>
#include <xen/domain.h>

_Static_assert(sizeof(struct xen_domctl_iomem_permission) == 24, "iomem");
_Static_assert(sizeof(struct xen_domctl_memory_mapping) == 32, "mapping");

#define MAX_FRAMES 64U /* of one memory_mapping: it is not preempted */

/* Is [first, first + nr) a range that the caller may touch itself? */
static int check_own(uint64_t first, uint64_t nr)
{
    uint64_t limit = BIT64(p2m_ipa_bits - PAGE_SHIFT);

    if ( !nr || first >= limit || nr > limit - first )
        return -EINVAL;
    return rangeset_contains(&current->domain->iomem_caps, first,
                             first + nr - 1)
               ? 0
               : -EPERM;
}

static long iomem_permission(struct domain *d,
                             const struct xen_domctl_iomem_permission *op)
{
    uint64_t last = op->first_mfn + op->nr_mfns - 1;
    int rc = check_own(op->first_mfn, op->nr_mfns);

    if ( rc )
        return rc;
    spin_lock(&d->hypercall_lock);
    rc = op->allow_access
             ? rangeset_add(&d->iomem_caps, op->first_mfn, last)
             : rangeset_remove(&d->iomem_caps, op->first_mfn, last);
    spin_unlock(&d->hypercall_lock);
    return rc;
}

static int unmap_frames(struct domain *d, uint64_t gfn, uint64_t mfn,
                        uint64_t nr)
{
    for ( uint64_t i = 0; i < nr; i++ )
    {
        int rc = p2m_remove_page(d, _gfn(gfn + i), _mfn(mfn + i));

        if ( rc && rc != -ENOENT )
            return rc;
    }
    return 0;
}

static long memory_mapping(struct domain *d,
                           const struct xen_domctl_memory_mapping *op)
{
    uint64_t limit = BIT64(p2m_ipa_bits - PAGE_SHIFT);
    uint64_t mfn = op->first_mfn, gfn = op->first_gfn, nr = op->nr_mfns;
    int rc;

    if ( nr > MAX_FRAMES )
        return -E2BIG;
    rc = check_own(mfn, nr);
    if ( rc )
        return rc;
    if ( gfn >= limit || nr > limit - gfn )
        return -EINVAL;
    spin_lock(&d->hypercall_lock);
    if ( !rangeset_contains(&d->iomem_caps, mfn, mfn + nr - 1) )
        rc = -EPERM;
    else if ( op->add_mapping )
        rc = p2m_map_range(d, _gfn(gfn), nr, _mfn(mfn), P2M_MMIO_DIRECT);
    else
        rc = unmap_frames(d, gfn, mfn, nr);
    spin_unlock(&d->hypercall_lock);
    return rc;
}

long domctl_device(struct domain *d, const struct xen_domctl *op)
{
    switch ( op->cmd )
    {
    case XEN_DOMCTL_iomem_permission:
        return iomem_permission(d, &op->u.iomem_permission);
    case XEN_DOMCTL_memory_mapping:
        return memory_mapping(d, &op->u.memory_mapping);
    default:
        return -ENOSYS;
    }
}
