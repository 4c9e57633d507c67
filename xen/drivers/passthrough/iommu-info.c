/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looking at IOMMUs: what the debug key and the toolstack are shown of units,
 * tables and devices. Owns nothing.
 */
#include "iommu-private.h"

#include <xen/domain.h>
#include <xen/lib.h>

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
