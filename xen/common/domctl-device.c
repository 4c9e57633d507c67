/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * domctl on the hardware a domain may touch: register frames and interrupts.
 * The caller hands on what is its own.
 *
 * Lock: d->hypercall_lock for d->iomem_caps, d->irq_caps and routes.
 */
#include <xen/domctl.h>

#include <proxenos.h>
#include <public/domctl.h>

#include <xen/bits.h>
#include <xen/device-tree.h>
#include <xen/domain.h>
#include <xen/irq.h>
#include <xen/pci.h>

_Static_assert(sizeof(struct xen_domctl_iomem_permission) == 24, "iomem");
_Static_assert(sizeof(struct xen_domctl_memory_mapping) == 32, "mapping");
_Static_assert(sizeof(struct xen_domctl_bind_pt_irq) == 24, "bind_pt_irq");
_Static_assert(sizeof(struct xen_domctl_irq_permission) == 8, "irq_permission");

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
    if ( d->is_dying )
        rc = -EINVAL;
    else if ( !rangeset_contains(&d->iomem_caps, mfn, mfn + nr - 1) )
        rc = -EPERM;
    else if ( op->add_mapping )
        rc = p2m_map_range(d, _gfn(gfn), nr, _mfn(mfn), P2M_MMIO_DIRECT);
    else
        rc = unmap_frames(d, gfn, mfn, nr);
    spin_unlock(&d->hypercall_lock);
    return rc;
}

/* ---- interrupts ---- */

static bool own_irq(unsigned int irq)
{
    return irq >= IRQ_SPI_FIRST && irq < IRQ_SPI_END &&
           rangeset_contains(&current->domain->irq_caps, irq, irq);
}

static long irq_permission(struct domain *d,
                           const struct xen_domctl_irq_permission *op)
{
    int rc;

    if ( !own_irq(op->pirq) )
        return -EPERM;
    spin_lock(&d->hypercall_lock);
    rc = op->allow_access ? rangeset_add(&d->irq_caps, op->pirq, op->pirq)
                          : rangeset_remove(&d->irq_caps, op->pirq, op->pirq);
    spin_unlock(&d->hypercall_lock);
    return rc;
}

/* As a node of the host's tree describes the line. */
static enum irq_type trigger_of(unsigned int irq)
{
    const struct dt_node *np;

    dt_for_each_node (np)
        for ( unsigned int i = 0;; i++ )
        {
            enum irq_type type;
            unsigned int n;
            int rc = dt_get_irq(np, i, &n, &type);

            if ( !rc && n == irq )
                return type;
            if ( rc && rc != -ENODEV )
                break;
        }
    return IRQ_TYPE_INVALID;
}

/* The virtual number is the physical one. */
static int check_irq(const struct domain *d,
                     const struct xen_domctl_bind_pt_irq *op)
{
    if ( op->irq_type != PT_IRQ_TYPE_SPI || op->machine_irq != op->u.spi.spi )
        return -EINVAL;
    if ( !own_irq(op->machine_irq) )
        return -EPERM;
    return op->machine_irq - IRQ_SPI_FIRST < d->vgic.nr_spis ? 0 : -EINVAL;
}

static long bind_pt_irq(struct domain *d,
                        const struct xen_domctl_bind_pt_irq *op)
{
    unsigned int irq = op->machine_irq;
    int rc = check_irq(d, op);

    if ( rc )
        return rc;
    spin_lock(&d->hypercall_lock);
    if ( d->is_dying )
        rc = -EINVAL;
    else if ( irq_guest(irq) != d )
    {
        rc = vgic_reserve_irq(d, irq) ? 0 : -EBUSY;
        if ( !rc )
        {
            rc = irq_route_to_guest(d, irq, irq, trigger_of(irq), "toolstack");
            if ( rc )
                vgic_free_irq(d, irq);
        }
    }
    spin_unlock(&d->hypercall_lock);
    return rc;
}

static long unbind_pt_irq(struct domain *d,
                          const struct xen_domctl_bind_pt_irq *op)
{
    int rc = check_irq(d, op);

    if ( rc )
        return rc;
    spin_lock(&d->hypercall_lock);
    rc = irq_release_guest(d, op->machine_irq);
    if ( !rc )
        vgic_free_irq(d, op->machine_irq);
    spin_unlock(&d->hypercall_lock);
    return rc;
}

/* ---- PCI functions ---- */

static bool is_free(pci_sbdf_t sbdf, int *rc)
{
    const struct pci_dev *pdev;

    spin_lock(&device_lock);
    pdev = pci_find(sbdf);
    *rc = !pdev || pdev->gone            ? -ENODEV
          : pci_is_bridge(pdev)          ? -EPERM
          : !pdev->dev.owner             ? 0
          : pdev->dev.owner->is_hardware ? 0
                                         : -EBUSY;
    spin_unlock(&device_lock);
    return !*rc;
}

/* Xen's calls know no quarantine: a device comes from dom0 and goes back. */
static long assign_device(struct domain *d, const struct xen_domctl *op)
{
    unsigned int vslot = PX_NO_INDEX, reset;
    pci_sbdf_t sbdf = {.sbdf = op->u.assign_device.u.pci.machine_sbdf};
    struct device *conflict;
    domid_t owner;
    int rc;

    if ( op->u.assign_device.dev != XEN_DOMCTL_DEV_PCI )
        return -EOPNOTSUPP;
    if ( d->is_hardware )
        return -EINVAL;
    if ( op->cmd == XEN_DOMCTL_deassign_device )
    {
        rc = pci_detach(d, sbdf, &reset);
        return rc ? rc : pci_release(sbdf, &reset, &conflict);
    }
    if ( !is_free(sbdf, &rc) || op->cmd == XEN_DOMCTL_test_assign_device )
        return rc;
    rc = pci_quarantine(sbdf, &reset, &conflict);
    return rc ? rc : pci_attach(d, sbdf, 0, &vslot, &owner, &conflict);
}

long domctl_device(struct domain *d, const struct xen_domctl *op)
{
    switch ( op->cmd )
    {
    case XEN_DOMCTL_assign_device:
    case XEN_DOMCTL_test_assign_device:
    case XEN_DOMCTL_deassign_device:
        return assign_device(d, op);
    case XEN_DOMCTL_iomem_permission:
        return iomem_permission(d, &op->u.iomem_permission);
    case XEN_DOMCTL_memory_mapping:
        return memory_mapping(d, &op->u.memory_mapping);
    case XEN_DOMCTL_irq_permission:
        return irq_permission(d, &op->u.irq_permission);
    case XEN_DOMCTL_bind_pt_irq:
        return bind_pt_irq(d, &op->u.bind_pt_irq);
    case XEN_DOMCTL_unbind_pt_irq:
        return unbind_pt_irq(d, &op->u.bind_pt_irq);
    default:
        return -ENOSYS;
    }
}
