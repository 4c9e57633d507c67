/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Proxenos' own hypercall: what the toolstack asks about IOMMUs, their tables
 * and devices, and who gets a device. The contract is <proxenos.h>; the work is
 * done by drivers/passthrough and drivers/pci.
 *
 * Locks: d->hypercall_lock where a domain must not be taken apart meanwhile;
 * the device lock for owners.
 */
#include <xen/hypercall.h>

#include <proxenos.h>

#include <xen/device-tree.h>
#include <xen/domain.h>
#include <xen/dt-assign.h>
#include <xen/guest-copy.h>
#include <xen/pci.h>

/* No hidden padding: what is written back is all ours. */
_Static_assert(sizeof(struct px_device) == 24, "device");
_Static_assert(sizeof(struct px_device_info) == 128, "device_info");
_Static_assert(sizeof(struct proxenos_op) == 136, "proxenos_op");

#define MAX_PATH 256U

/* ---- which domain, which device ---- */

static struct domain *get_domain(uint32_t id)
{
    return id < DOMID_FIRST_RESERVED ? domain_get((domid_t)id) : NULL;
}

static int find_node(const struct px_device *id, struct dt_node **np)
{
    char path[MAX_PATH];

    if ( id->path_len >= sizeof(path) )
        return -E2BIG;
    if ( copy_from_guest(path, guest_handle_addr(id->path), id->path_len) )
        return -EFAULT;
    path[id->path_len] = '\0';
    *np = dt_find_path(path);
    return *np ? 0 : -ENODEV;
}

/* Devices stay for good: the lock is for the list alone. */
static int find_device(const struct px_device *id, struct device **dev)
{
    struct pci_dev *pdev;
    struct dt_node *np;
    int rc;

    switch ( id->kind )
    {
    case PX_DEVICE_PCI:
        spin_lock(&device_lock);
        pdev = pci_find((pci_sbdf_t){.sbdf = id->sbdf});
        spin_unlock(&device_lock);
        *dev = pdev ? &pdev->dev : NULL;
        return pdev ? 0 : -ENODEV;
    case PX_DEVICE_DT:
        rc = find_node(id, &np);
        if ( rc )
            return rc;
        *dev = np->dev;
        /* A node that no IOMMU covers is no device to us. */
        return np->dev ? 0 : -EOPNOTSUPP;
    default:
        return -EINVAL;
    }
}

/* ---- looking ---- */

static long device_info(struct px_device_info *info)
{
    const struct dt_node *np = NULL;
    uint32_t room = info->dev.path_len, len;
    int rc = iommu_device_info(info, &np);

    if ( rc || !np )
        return rc;
    len = (uint32_t)strlen(np->full_name);
    info->dev.path_len = len;
    if ( !guest_handle_addr(info->dev.path) )
        return 0;
    return copy_to_guest(guest_handle_addr(info->dev.path), np->full_name,
                         min(room, len));
}

static long table_info(struct px_table_info *info)
{
    struct domain *d = get_domain(info->domid);
    long rc;

    if ( !d )
        return -ESRCH;
    rc = iommu_table_info(d, info);
    domain_put(d);
    return rc;
}

static long audit(struct px_audit *a)
{
    struct domain *d = get_domain(a->domid);
    long rc;

    if ( !d )
        return -ESRCH;
    spin_lock(&d->hypercall_lock);
    rc = iommu_audit(d, a);
    spin_unlock(&d->hypercall_lock);
    domain_put(d);
    return rc;
}

/* ---- faults ---- */

static long fault_clear(const struct px_fault_clear *op)
{
    struct device *dev;
    int rc = find_device(&op->dev, &dev);

    if ( rc )
        return rc;
    spin_lock(&device_lock);
    iommu_fault_clear(dev);
    spin_unlock(&device_lock);
    return 0;
}

static long fault_policy(const struct px_fault_policy *op)
{
    struct device *dev;
    int rc = find_device(&op->dev, &dev);

    if ( rc )
        return rc;
    spin_lock(&device_lock);
    rc = iommu_fault_policy(dev, op->policy, op->threshold);
    spin_unlock(&device_lock);
    return rc;
}

/* ---- owners ---- */

static long quarantine(struct px_quarantine *op, bool release)
{
    struct device *dev, *conflict = NULL;
    unsigned int reset = PX_RESET_NONE;
    int rc = find_device(&op->dev, &dev);

    op->conflict = PX_NO_INDEX;
    op->reset = PX_RESET_NONE;
    if ( rc )
        return rc;
    if ( dev->kind == DEVICE_DT )
        rc = release ? dt_release(dev, &conflict) : dt_quarantine(dev);
    else if ( release )
        rc = pci_release((pci_sbdf_t){.sbdf = op->dev.sbdf}, &reset, &conflict);
    else
        rc = pci_quarantine((pci_sbdf_t){.sbdf = op->dev.sbdf}, &reset,
                            &conflict);
    op->reset = reset;
    op->conflict = iommu_device_index(conflict);
    return rc;
}

/*
 * Without an IOMMU a device puts the domain's own numbers on the bus: only
 * where they are the machine's can it work at all.
 */
static int check_consent(const struct domain *d, const struct device *dev,
                         uint32_t flags)
{
    if ( flags & ~(PX_ATTACH_MSI | PX_ATTACH_PERMISSIVE) )
        return -EINVAL;
    if ( dev->unit )
        return 0;
    if ( !(flags & PX_ATTACH_PERMISSIVE) )
        return -EOPNOTSUPP;
    if ( d->direct_mapped )
        return 0;
    printk(XENLOG_WARN "d%u: %s: no IOMMU covers it, and the domain's memory "
                       "is not where it believes (not direct-mapped)\n",
           d->domain_id, dev->name);
    return -EPERM;
}

/* d->hypercall_lock held: the domain is not taken apart. */
static int attach_to(struct domain *d, struct px_attach *op, struct device *dev)
{
    struct device *conflict = NULL;
    unsigned int vslot = op->vslot;
    domid_t owner = DOMID_INVALID;
    uint32_t dt_owner = DOMID_INVALID;
    int rc = check_consent(d, dev, op->flags);

    if ( rc )
        return rc;
    if ( dev->kind == DEVICE_DT )
        rc = dt_attach(d, dev, &dt_owner, &conflict);
    else
    {
        rc = pci_attach(d, (pci_sbdf_t){.sbdf = op->dev.sbdf}, op->flags,
                        &vslot, &owner, &conflict);
        dt_owner = owner;
    }
    /* To be asked again with the same arguments. */
    if ( rc == -ERESTART )
        return rc;
    op->owner = dt_owner;
    op->conflict = iommu_device_index(conflict);
    if ( !rc )
        op->vslot = dev->kind == DEVICE_DT ? PX_NO_INDEX : vslot;
    return rc;
}

static long attach(struct px_attach *op)
{
    struct domain *d;
    struct device *dev;
    int rc = find_device(&op->dev, &dev);

    op->owner = DOMID_INVALID;
    op->conflict = PX_NO_INDEX;
    if ( rc )
        return rc;
    d = get_domain(op->domid);
    if ( !d )
        return -ESRCH;
    spin_lock(&d->hypercall_lock);
    rc = d->is_dying ? -ESRCH : attach_to(d, op, dev);
    spin_unlock(&d->hypercall_lock);
    domain_put(d);
    return rc;
}

static long detach(struct px_detach *op)
{
    unsigned int reset = PX_RESET_NONE;
    struct device *dev;
    struct domain *d;
    int rc = find_device(&op->dev, &dev);

    op->reset = PX_RESET_NONE;
    if ( rc )
        return rc;
    d = get_domain(op->domid);
    if ( !d )
        return -ESRCH;
    if ( dev->kind == DEVICE_DT )
    {
        spin_lock(&d->hypercall_lock);
        rc = dt_detach(d, dev);
        spin_unlock(&d->hypercall_lock);
    }
    else
        rc = pci_detach(d, (pci_sbdf_t){.sbdf = op->dev.sbdf}, &reset);
    op->reset = reset;
    domain_put(d);
    return rc;
}

/* ---- dispatch ---- */

static long run(struct proxenos_op *op)
{
    switch ( op->cmd )
    {
    case PX_OP_unit_info:
        return iommu_unit_info(&op->u.unit_info);
    case PX_OP_table_info:
        return table_info(&op->u.table_info);
    case PX_OP_device_info:
        return device_info(&op->u.device_info);
    case PX_OP_fault_clear:
        return fault_clear(&op->u.fault_clear);
    case PX_OP_fault_policy:
        return fault_policy(&op->u.fault_policy);
    case PX_OP_audit:
        return audit(&op->u.audit);
    case PX_OP_quarantine:
        return quarantine(&op->u.quarantine, false);
    case PX_OP_release:
        return quarantine(&op->u.quarantine, true);
    case PX_OP_attach:
        return attach(&op->u.attach);
    case PX_OP_detach:
        return detach(&op->u.detach);
    default:
        return -ENOSYS;
    }
}

long do_proxenos_op(uint64_t arg, uint64_t a1 __maybe_unused,
                    uint64_t a2 __maybe_unused, uint64_t a3 __maybe_unused,
                    uint64_t a4 __maybe_unused)
{
    struct proxenos_op op;
    long rc;

    if ( !current->domain->is_privileged )
        return -EPERM;
    if ( copy_from_guest(&op, arg, sizeof(op)) )
        return -EFAULT;
    if ( op.version != PROXENOS_OP_VERSION )
        return -EACCES;
    rc = run(&op);
    if ( rc == -ERESTART )
        return hypercall_continue(__HYPERVISOR_proxenos_op, arg, 0, 0, 0, 0);
    /* What explains an error is in the operation. */
    return copy_to_guest(arg, &op, sizeof(op)) ? -EFAULT : rc;
}
