/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pci-assign.c - whose a function is.
 *
 *   dom0 --quarantine--> nobody --attach--> domU --detach--> nobody
 *    ^                     |                  |
 *    +------release--------+       (its end, or a pull)
 *
 * Whoever loses one: bus mastering off, interrupts and doorbell withdrawn,
 * BARs unmapped, reset, and then the IOMMU entry that aborts. The reset takes
 * time, so this returns -ERESTART and goes on at the next call, whoever makes
 * it: pdev->leaving says that it is on its way.
 *
 * A group (dev.group) are functions that share a requester ID, or that reach
 * each other behind the IOMMU's back (pci.c). It moves between dom0 and nobody
 * as a whole. A domU may have some of it while nobody has the others; they
 * are its own then, switched off, since the IOMMU cannot tell them apart.
 *
 * Lock: device_lock.
 */
#include "pci-private.h"

#include <proxenos.h>

#include <xen/bits.h>
#include <xen/domain.h>
#include <xen/errno.h>
#include <xen/lib.h>

static struct pci_dev *to_pci(struct device *dev)
{
    return container_of(dev, struct pci_dev, dev);
}

static struct pci_dev *next_member(struct pci_dev *pdev)
{
    return to_pci(list_entry(pdev->dev.group.next, struct device, group));
}

/* All of the group, beginning with @first. Groups hold PCI functions only. */
#define for_each_member(first, m)                                              \
    for ( bool more_ = ((m) = (first), true); more_;                           \
          (m) = next_member(m), more_ = (m) != (first) )

/* It may have been pulled out, and nobody has looked. */
static struct pci_dev *find_function(pci_sbdf_t sbdf)
{
    struct pci_dev *pdev = pci_find(sbdf);

    if ( pdev )
        (void)pci_notice(pdev);
    return pdev && !pdev->gone ? pdev : NULL;
}

/* ---- taking away ---- */

static void begin_leaving(struct pci_dev *pdev)
{
    if ( pdev->leaving )
        return;
    /* The machine's addresses are dom0's choice. */
    if ( pdev->dev.owner->is_hardware )
        pci_save(pdev);
    (void)vpci_remove_function(pdev);
    pdev->leaving = true;
}

static int reset(struct pci_dev *pdev)
{
    static const char *const how[] = {"nothing that resets it", "FLR",
                                      "power state", "bus"};
    unsigned int kind = pci_reset_kind(pdev);

    if ( vpci_remove_function(pdev) )
        return -ERESTART;
    if ( pdev->leaving && !pdev->reset_begun )
    {
        pdev->reset_begun = true;
        if ( kind == PX_RESET_NONE )
            printk(XENLOG_WARN "PCI %s: cannot be reset: its next owner finds "
                               "what this one left in it\n",
                   pdev->dev.name);
        else
            printk(XENLOG_DEBUG "PCI %s: reset by %s\n", pdev->dev.name,
                   how[kind]);
        pci_reset_start(pdev, kind);
    }
    return pci_reset_poll(pdev);
}

/* Does somebody use one of its group, or is one still on its way? */
static bool group_in_use(struct pci_dev *pdev)
{
    struct pci_dev *m;

    for_each_member (pdev, m)
        if ( m->vpci || m->leaving )
            return true;
    return false;
}

/* It is reset; the last one of a group takes the IOMMU entries along. */
static int end_leaving(struct pci_dev *pdev)
{
    pdev->leaving = pdev->reset_begun = false;
    return group_in_use(pdev) || !pdev->dev.owner
               ? 0
               : iommu_deassign_device(&pdev->dev);
}

/*
 * A guest may have made it look as if another were there: some devices let
 * their configuration be written, or reset, by their registers. What answers
 * is reset before dom0 finds it (pci_look_for()).
 */
void pci_lost(struct pci_dev *pdev)
{
    bool guest = pdev->dev.owner && !pdev->dev.owner->is_hardware;
    unsigned int kind = pci_reset_kind(pdev);

    printk("PCI %s: gone\n", pdev->dev.name);
    pdev->gone = true;
    while ( vpci_remove_function(pdev) )
        ;
    pdev->reset.step = 0;
    (void)end_leaving(pdev);
    if ( guest && pci_is_same(pdev) )
        pci_reset_start(pdev, kind);
}

int pci_domain_release(struct domain *d)
{
    struct pci_dev *pdev;
    int rc = 0;

    spin_lock(&device_lock);
    list_for_each_entry (pdev, &pci_devices, list)
        if ( pdev->dev.owner == d )
            begin_leaving(pdev);
    list_for_each_entry (pdev, &pci_devices, list)
        if ( pdev->dev.owner == d && reset(pdev) == -ERESTART )
            rc = -ERESTART;
    if ( rc )
        goto out;
    list_for_each_entry (pdev, &pci_devices, list)
        if ( pdev->dev.owner == d && end_leaving(pdev) )
            printk(XENLOG_ERR "d%u: PCI %s: does not detach\n", d->domain_id,
                   pdev->dev.name);
out:
    spin_unlock(&device_lock);
    return rc;
}

static int detach(struct domain *d, struct pci_dev *pdev,
                  unsigned int *reset_kind)
{
    if ( !pdev || pdev->dev.owner != d || (!pdev->vpci && !pdev->leaving) )
        return -ENODEV;
    begin_leaving(pdev);
    if ( reset(pdev) == -ERESTART )
        return -ERESTART;
    *reset_kind = pdev->reset.kind;
    return end_leaving(pdev);
}

int pci_detach(struct domain *d, pci_sbdf_t sbdf, unsigned int *reset_kind)
{
    int rc;

    *reset_kind = PX_RESET_NONE;
    spin_lock(&device_lock);
    rc = d->is_hardware ? -EPERM : detach(d, find_function(sbdf), reset_kind);
    spin_unlock(&device_lock);
    return rc;
}

/* ---- dom0 and nobody ---- */

/* A member that keeps the group where it is: a bridge, another owner's, or
 * one that dom0 still uses beside @pdev. */
static struct pci_dev *find_obstacle(struct pci_dev *pdev)
{
    struct pci_dev *m;

    for_each_member (pdev, m)
        if ( pci_is_bridge(m) || m->dev.owner != pdev->dev.owner ||
             (m != pdev && !m->leaving && m->dev.owner &&
              (pci_conf_read(m, PCI_COMMAND, 2) & PCI_COMMAND_MASTER)) )
            return m;
    return NULL;
}

static int quarantine(struct pci_dev *pdev, unsigned int *reset_kind,
                      struct device **conflict)
{
    struct pci_dev *m;
    int rc = 0;

    *reset_kind = pdev->reset.kind;
    if ( pci_is_bridge(pdev) )
        return -EPERM;
    if ( !pdev->dev.owner )
        return 0; /* it was done before */
    if ( !pdev->dev.owner->is_hardware )
        return -EBUSY;
    if ( !pdev->dev.unit )
        return -EOPNOTSUPP;
    m = find_obstacle(pdev);
    if ( m )
    {
        *conflict = &m->dev;
        return -EXDEV;
    }

    for_each_member (pdev, m)
        begin_leaving(m);
    for_each_member (pdev, m)
        if ( reset(m) == -ERESTART )
            rc = -ERESTART;
    if ( rc )
        return rc;
    *reset_kind = pdev->reset.kind;
    for_each_member (pdev, m)
        rc = end_leaving(m) ? -ETIMEDOUT : rc;
    return rc;
}

int pci_quarantine(pci_sbdf_t sbdf, unsigned int *reset_kind,
                   struct device **conflict)
{
    struct pci_dev *pdev;
    int rc = -ENODEV;

    *reset_kind = PX_RESET_NONE;
    *conflict = NULL;
    spin_lock(&device_lock);
    pdev = find_function(sbdf);
    if ( pdev )
        rc = quarantine(pdev, reset_kind, conflict);
    spin_unlock(&device_lock);
    return rc;
}

int pci_assign(struct domain *d, struct pci_dev *pdev)
{
    int rc = iommu_assign_device(d, &pdev->dev);

    if ( !rc )
        rc = vpci_add_function(d, pdev, 0, 0);
    if ( rc )
        printk(XENLOG_ERR "PCI %s: not assigned to d%u (%d)\n", pdev->dev.name,
               d->domain_id, rc);
    return rc;
}

int pci_release(pci_sbdf_t sbdf, unsigned int *reset_kind,
                struct device **conflict)
{
    struct pci_dev *pdev, *m;
    int rc = 0;

    *reset_kind = PX_RESET_NONE;
    *conflict = NULL;
    spin_lock(&device_lock);
    pdev = find_function(sbdf);
    if ( !pdev || !pdev->visible )
        rc = -ENODEV;
    else if ( pdev->dev.owner && pdev->dev.owner->is_hardware )
        rc = pdev->leaving ? -EBUSY : 0;
    else if ( pdev->dev.owner )
    {
        *conflict = &pdev->dev;
        rc = -EBUSY;
    }
    else if ( pci_bus_is_resetting(pdev) )
        rc = -ERESTART;
    else
    {
        *reset_kind = pdev->reset.kind;
        for_each_member (pdev, m)
            rc = !m->gone && !rc ? pci_assign(hardware_domain, m) : rc;
    }
    spin_unlock(&device_lock);
    return rc;
}

/* ---- to a domU ---- */

/* A function may lie about its BARs: not over what somebody has. */
static bool is_taken(const struct pci_dev *pdev, unsigned int i, maddr_t ma)
{
    struct pci_dev *other;

    list_for_each_entry (other, &pci_devices, list)
        if ( other != pdev && vpci_uses(other, maddr_x(ma), pdev->bar[i].size) )
        {
            printk(XENLOG_ERR
                   "PCI %s: BAR %u says it is at %#lx, where %s is\n",
                   pdev->dev.name, i, maddr_x(ma), other->dev.name);
            return true;
        }
    return false;
}

/* Is each BAR where dom0 left it within a window, alone? */
static bool has_addresses(const struct pci_dev *pdev)
{
    for ( unsigned int i = 0; i < 6; i++ )
    {
        const struct pci_bar *bar = &pdev->bar[i];
        maddr_t ma;

        if ( bar->type != BAR_MEM32 && bar->type != BAR_MEM64 )
            continue;
        if ( !pdev->saved.valid || !pci_saved_bar(pdev, i, &ma) )
        {
            printk(XENLOG_ERR "PCI %s: BAR %u has no address: dom0 must give "
                              "it one first\n",
                   pdev->dev.name, i);
            return false;
        }
        if ( is_taken(pdev, i, ma) )
            return false;
    }
    return true;
}

static int check_attach(const struct domain *d, struct pci_dev *pdev,
                        domid_t *owner, struct device **conflict)
{
    struct pci_dev *m;

    if ( d->is_hardware )
        return -EINVAL;
    if ( pci_is_bridge(pdev) )
        return -EPERM;
    if ( pdev->leaving || pdev->vpci )
    {
        if ( pdev->dev.owner )
            *owner = pdev->dev.owner->domain_id;
        return -EBUSY;
    }
    for_each_member (pdev, m)
        if ( pci_is_bridge(m) || m->leaving || (m->vpci && m->dev.owner != d) )
        {
            *conflict = &m->dev;
            return -EXDEV;
        }
    if ( pdev->dev.owner && pdev->dev.owner != d )
    {
        *owner = pdev->dev.owner->domain_id;
        return -EBUSY;
    }
    if ( !pdev->dev.unit || list_empty(&d->vpci.hosts) )
    {
        printk(XENLOG_ERR "d%u: PCI %s: %s\n", d->domain_id, pdev->dev.name,
               pdev->dev.unit ? "the domain has no virtual PCI host bridge"
                              : "no IOMMU covers it");
        return -EOPNOTSUPP;
    }
    if ( !has_addresses(pdev) )
        return -EADDRNOTAVAIL;
    return pci_bus_is_resetting(pdev) ? -ERESTART : 0;
}

/*
 * The next free slot after the one given out last, from 1 on: a guest may
 * still know what was at a slot before. 0 is where others expect the host
 * bridge: only when asked for.
 */
static int pick_slot(struct domain *d, unsigned int *vslot)
{
    uint32_t taken = 0;
    unsigned int slot = *vslot;
    struct pci_dev *pdev;

    list_for_each_entry (pdev, &pci_devices, list)
        if ( pdev->dev.owner == d && pdev->vslot != PX_NO_INDEX )
            taken |= BIT32(pdev->vslot >> 3);
    if ( slot != PX_NO_INDEX )
        return slot > 31 ? -ENOSPC : taken & BIT32(slot) ? -EEXIST : 0;
    for ( unsigned int i = 0; i < 31; i++ )
    {
        slot = (d->vpci.last_slot + i) % 31 + 1;
        if ( taken & BIT32(slot) )
            continue;
        *vslot = d->vpci.last_slot = slot;
        return 0;
    }
    return -ENOSPC;
}

/* dom0 has perhaps not switched on what it does not use. */
static void open_path(const struct pci_dev *pdev)
{
    for ( const struct pci_dev *b = pdev->bridge; b; b = b->bridge )
        pci_conf_change(b, PCI_COMMAND, 0,
                        PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

static int attach(struct domain *d, struct pci_dev *pdev, unsigned int flags,
                  unsigned int slot)
{
    int rc = iommu_assign_device(d, &pdev->dev);

    if ( rc )
        return rc;
    open_path(pdev);
    rc = vpci_add_function(d, pdev, PCI_DEVFN(slot, 0), flags);
    if ( rc )
    {
        printk(XENLOG_ERR "d%u: PCI %s: not attached (%d)\n", d->domain_id,
               pdev->dev.name, rc);
        (void)end_leaving(pdev);
    }
    return rc;
}

int pci_attach(struct domain *d, pci_sbdf_t sbdf, unsigned int flags,
               unsigned int *vslot, domid_t *owner, struct device **conflict)
{
    unsigned int slot = *vslot;
    struct pci_dev *pdev;
    int rc = -ENODEV;

    *owner = DOMID_INVALID;
    *conflict = NULL;
    spin_lock(&device_lock);
    pdev = find_function(sbdf);
    if ( pdev )
        rc = check_attach(d, pdev, owner, conflict);
    if ( !rc )
        rc = pick_slot(d, &slot);
    /* Set before pci_domain_release() looks. */
    if ( !rc && READ_ONCE(d->is_dying) )
        rc = -ESRCH;
    if ( !rc )
        rc = attach(d, pdev, flags, slot);
    spin_unlock(&device_lock);
    if ( !rc )
        *vslot = PCI_DEVFN(slot, 0);
    return rc;
}
