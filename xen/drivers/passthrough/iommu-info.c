/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looking at IOMMUs: what the debug key and the toolstack are shown of units,
 * tables and devices. Owns nothing.
 */
#include "iommu-private.h"

#include <proxenos.h>

#include <xen/domain.h>
#include <xen/lib.h>
#include <xen/pci.h>
#include <xen/time.h>

/* ---- on the console ---- */

static void print_desc(void *arg, unsigned int level, maddr_t desc_ma,
                       uint64_t desc)
{
    (void)arg;
    printk("    level %u: %#lx = %#lx\n", level,
           (unsigned long)maddr_x(desc_ma), (unsigned long)desc);
}

void iommu_dump_walk(struct domain *d, uint64_t iova)
{
    if ( !d->iommu.enabled )
    {
        printk("  d%u has no IOMMU tables\n", d->domain_id);
        return;
    }
    for ( unsigned int i = 0; i < iommu_nr_formats; i++ )
    {
        const struct pgt *pgt = &d->iommu.dom[i].pgt;

        printk("  d%u %s walk of %#lx, root %#lx:\n", d->domain_id,
               pgt->fmt->name, (unsigned long)iova,
               (unsigned long)maddr_x(pgt_root(pgt)));
        if ( pgt->root )
            pgt_dump_walk(pgt, iova, print_desc, NULL);
    }
}

static void dump_domain(const struct domain *d)
{
    const struct domain_iommu *di = &d->iommu;

    if ( !di->enabled )
    {
        printk("d%u: no IOMMU tables\n", d->domain_id);
        return;
    }
    for ( unsigned int i = 0; i < iommu_nr_formats; i++ )
    {
        const struct iommu_dom *dom = &di->dom[i];
        const struct pgt_stats *s = &dom->pgt.stats;

        printk("d%u: %s: %u devices, %u tables, leaves 1G %lu 2M %lu 4K %lu, "
               "%u splits, %u breaks%s%s\n",
               d->domain_id, dom->pgt.fmt->name, dom->nr_attached, s->tables,
               (unsigned long)s->leaves[1], (unsigned long)s->leaves[2],
               (unsigned long)s->leaves[3], s->splits, s->breaks,
               dom->out_of_reach ? ", part out of reach" : "",
               di->lost_sync ? ", SYNC LOST" : "");
    }
}

static void dump_device(const struct device *dev)
{
    char owner[16] = "quarantined";

    if ( dev->owner )
        snprintf(owner, sizeof(owner), "d%u", dev->owner->domain_id);
    printk("  %-16s %-12s %s id %#x%s, %lu faults\n", dev->name, owner,
           dev->unit ? dev->unit->name : "NO IOMMU",
           dev->nr_ids ? dev->ids[0] : 0, dev->cut_off ? ", CUT OFF" : "",
           (unsigned long)dev->faults.nr);
}

void iommu_dump(char key)
{
    struct iommu_unit *unit;
    struct device *dev;
    struct domain *d;

    (void)key;
    if ( !spin_trylock(&domlist_lock) )
    {
        printk("IOMMU: the domain list is in use, try again\n");
        return;
    }
    if ( !spin_trylock(&device_lock) )
    {
        spin_unlock(&domlist_lock);
        printk("IOMMU: devices are in use, try again\n");
        return;
    }

    list_for_each_entry (unit, &iommu_units, list)
    {
        unit->ops->poll_events(unit);
        unit->ops->dump(unit);
        printk("  %lu invalidations, %lu syncs, longest %lu us, %lu faults\n",
               (unsigned long)unit->nr_invalidations,
               (unsigned long)unit->nr_syncs,
               (unsigned long)unit->longest_sync_ns / 1000,
               (unsigned long)unit->nr_faults);
    }
    list_for_each_entry (dev, &iommu_devices, all)
        dump_device(dev);
    list_for_each_entry (d, &domain_list, list)
        dump_domain(d);

    spin_unlock(&device_lock);
    spin_unlock(&domlist_lock);
}

/* ---- to the toolstack ---- */

static uint32_t unit_index(const struct iommu_unit *unit)
{
    struct iommu_unit *u;
    uint32_t i = 0;

    list_for_each_entry (u, &iommu_units, list)
    {
        if ( u == unit )
            return i;
        i++;
    }
    return PX_NO_INDEX;
}

static struct iommu_unit *unit_at(uint32_t index)
{
    struct iommu_unit *u;

    list_for_each_entry (u, &iommu_units, list)
    {
        if ( !index-- )
            return u;
    }
    return NULL;
}

int iommu_unit_info(struct px_unit_info *info)
{
    struct iommu_unit *unit = unit_at(info->index);

    if ( !unit )
        return -ENOENT;
    *info = (struct px_unit_info){
        .index = info->index,
        .ia_bits = unit->format->ia_bits,
        .oa_bits = unit->format->oa_bits,
    };
    strlcpy(info->name, unit->name, sizeof(info->name));
    strlcpy(info->format, unit->format->fmt->name, sizeof(info->format));

    spin_lock(&device_lock);
    unit->ops->poll_events(unit);
    unit->ops->info(unit, info);
    info->invalidations = unit->nr_invalidations;
    info->syncs = unit->nr_syncs;
    info->longest_sync_ns = unit->longest_sync_ns;
    info->faults = unit->nr_faults;
    info->stray_faults = unit->stray.nr;
    spin_unlock(&device_lock);
    return 0;
}

int iommu_table_info(struct domain *d, struct px_table_info *info)
{
    const struct iommu_dom *dom;

    if ( !d->iommu.enabled || info->index >= iommu_nr_formats )
        return -ENOENT;
    dom = &d->iommu.dom[info->index];
    *info = (struct px_table_info){
        .domid = info->domid,
        .index = info->index,
    };
    strlcpy(info->format, dom->pgt.fmt->name, sizeof(info->format));

    spin_lock(&d->p2m.lock);
    info->ia_bits = dom->pgt.ia_bits;
    info->oa_bits = dom->pgt.oa_bits;
    info->tables = dom->pgt.stats.tables;
    for ( unsigned int i = 0; i < ARRAY_SIZE(info->leaves); i++ )
        info->leaves[i] = dom->pgt.stats.leaves[i];
    info->devices = dom->nr_attached;
    if ( dom->out_of_reach )
        info->flags |= PX_TABLE_OUT_OF_REACH;
    if ( d->iommu.lost_sync )
        info->flags |= PX_TABLE_LOST_SYNC;
    spin_unlock(&d->p2m.lock);
    return 0;
}

static struct device *device_at(uint32_t index)
{
    struct device *dev;

    list_for_each_entry (dev, &iommu_devices, all)
    {
        if ( !index-- )
            return dev;
    }
    return NULL;
}

static uint32_t device_index(const struct device *dev)
{
    struct device *m;
    uint32_t i = 0;

    list_for_each_entry (m, &iommu_devices, all)
    {
        if ( m == dev )
            return i;
        i++;
    }
    return PX_NO_INDEX;
}

uint32_t iommu_device_index(const struct device *dev)
{
    uint32_t index;

    if ( !dev )
        return PX_NO_INDEX;
    spin_lock(&device_lock);
    index = device_index(dev);
    spin_unlock(&device_lock);
    return index;
}

/* The first of its group in the list names the group. */
static uint32_t group_index(const struct device *dev)
{
    uint32_t first = device_index(dev), index;
    struct device *m;

    list_for_each_entry (m, &dev->group, group)
    {
        index = device_index(m);
        first = min(first, index);
    }
    return first;
}

static uint32_t device_flags(const struct device *dev)
{
    uint32_t flags = 0;

    if ( dev->owner && !dev->attached )
        flags |= PX_DEV_UNPROTECTED;
    if ( dev->cut_off )
        flags |= PX_DEV_CUT_OFF;
    if ( dev->unusable )
        flags |= PX_DEV_UNUSABLE;
    return flags;
}

static void fill_faults(const struct device *dev, struct px_device_info *info)
{
    const struct iommu_fault_log *log = &dev->faults;

    info->policy = dev->fault_policy;
    info->threshold = dev->fault_threshold;
    info->fault_reason = log->last_reason;
    info->faults = log->nr;
    info->first_iova = log->first_iova;
    info->last_iova = log->last_iova;
    info->first_time = log->first_time;
    info->last_time = log->last_time;
    info->now = NOW();
}

static void fill_pci(const struct pci_dev *pdev, struct px_device_info *info)
{
    info->dev.kind = PX_DEVICE_PCI;
    info->dev.sbdf = pdev->sbdf.sbdf;
    info->vendor = pdev->vendor;
    info->device = pdev->device_id;
    info->class_code = pdev->class_code;
    info->reset = pci_reset_kind(pdev);
    info->vslot = pdev->dev.owner ? pdev->vslot : PX_NO_INDEX;
    if ( pdev->shared_msi )
        info->flags |= PX_DEV_SHARED_MSI;
    if ( pdev->gone )
        info->flags |= PX_DEV_GONE;
    if ( pci_is_bridge(pdev) )
        info->flags |= PX_DEV_BRIDGE;
}

static void fill_device(struct device *dev, struct px_device_info *info)
{
    /* Without interrupts of the unit this is where faults are noticed. */
    if ( dev->unit )
        dev->unit->ops->poll_events(dev->unit);
    if ( dev->kind == DEVICE_PCI )
        pci_notice(container_of(dev, struct pci_dev, dev));

    info->owner = dev->owner ? dev->owner->domain_id : DOMID_INVALID;
    info->unit = dev->unit ? unit_index(dev->unit) : PX_NO_INDEX;
    info->id = dev->nr_ids ? dev->ids[0] : 0;
    info->group = group_index(dev);
    info->flags = device_flags(dev);
    info->vslot = PX_NO_INDEX;
    fill_faults(dev, info);
    if ( dev->kind == DEVICE_PCI )
        fill_pci(container_of(dev, struct pci_dev, dev), info);
    else
        info->dev.kind = PX_DEVICE_DT;
}

int iommu_device_info(struct px_device_info *info, const struct dt_node **np)
{
    struct device *dev;

    spin_lock(&device_lock);
    dev = device_at(info->index);
    if ( dev )
    {
        *info = (struct px_device_info){
            .index = info->index,
            .dev = {.path = info->dev.path, .path_len = info->dev.path_len},
        };
        fill_device(dev, info);
        *np = dev->kind == DEVICE_DT ? dev->np : NULL;
    }
    spin_unlock(&device_lock);
    return dev ? 0 : -ENOENT;
}
