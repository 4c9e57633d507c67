/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which unit sees which master, by the device tree: "iommus" of platform
 * devices, "iommu-map" of PCI hosts; and the masters that no unit sees, which
 * are reported, because nothing holds them back.
 * Boot only, except iommu_dt_xlate_pci(); device lock held.
 *
 * Spec: Linux Documentation/devicetree/bindings: iommu/iommu.txt,
 * pci/pci-iommu.txt.
 */
#include <xen/iommu.h>

#include <xen/device.h>
#include <xen/device-tree.h>
#include <xen/errno.h>
#include <xen/lib.h>
#include <xen/mm.h>

/* Different kinds of uncovered masters told apart; the rest is a number. */
#define MAX_KINDS 12U

struct uncovered {
    const char *kind;    /* first compatible string */
    const char *example; /* first such node */
    unsigned int nr;
};

/* Masters although their node carries no sign of it. */
static const char *const known_masters[] = {
    "virtio,mmio",
    "qemu,fw-cfg-mmio",
    "pci-host-ecam-generic",
};

/* Masters too, but ours, or harmless: they take addresses from us alone. */
static const char *const our_masters[] = {
    "arm,smmu-v3",
    "arm,gic-v3-its",
    "arm,gic-v3",
};

static bool is_one_of(const struct dt_node *np, const char *const *list,
                      unsigned int nr)
{
    for ( unsigned int i = 0; i < nr; i++ )
    {
        if ( dt_is_compatible(np, list[i]) )
            return true;
    }
    return false;
}

/* Does the tree hint at DMA? */
static bool is_master(const struct dt_node *np)
{
    if ( np == dt_root || np->used_by_xen ||
         is_one_of(np, our_masters, ARRAY_SIZE(our_masters)) ||
         !dt_find_property(np, "compatible") )
        return false;

    return is_one_of(np, known_masters, ARRAY_SIZE(known_masters)) ||
           dt_find_property(np, "dma-coherent") ||
           dt_find_property(np, "iommus") || dt_find_property(np, "iommu-map");
}

/* PCI hosts: a map that names a unit at work. Its functions come later. */
static bool pci_host_covered(const struct dt_node *np)
{
    struct dt_node *target = NULL;
    const struct dt_property *map = dt_find_property(np, "iommu-map");
    uint32_t phandle;

    if ( !map || dt_read_u32_index(np, "iommu-map", 1, &phandle) )
        return false;

    target = dt_find_phandle(phandle);
    return target && iommu_unit_of(target);
}

/* Collect the ids of a platform device. -ENODEV: a unit is not at work. */
static int xlate_iommus(struct dt_node *np, struct device *dev)
{
    struct dt_phandle_args args;

    for ( unsigned int i = 0;; i++ )
    {
        struct iommu_unit *unit;
        int rc = dt_parse_phandle_args(np, "iommus", "#iommu-cells", i, &args);

        if ( rc == -ENOENT )
            return i ? 0 : -ENODEV;
        if ( rc )
            return rc;

        unit = iommu_unit_of(args.np);
        if ( !unit )
            return -ENODEV;
        if ( dev->unit && dev->unit != iommu_unit_main(unit) )
        {
            printk(XENLOG_ERR "%s: behind two IOMMUs at once: not supported\n",
                   np->full_name);
            return -EOPNOTSUPP;
        }
        dev->unit = iommu_unit_main(unit);
        rc = unit->ops->dt_xlate(unit, dev, args.args, args.nr_args);
        if ( rc )
            return rc;
    }
}

static int add_master(struct dt_node *np)
{
    struct device *dev = xzalloc(struct device);
    int rc;

    if ( !dev )
        return -ENOMEM;

    dev->kind = DEVICE_DT;
    dev->np = np;
    strlcpy(dev->name, np->name, sizeof(dev->name));
    rc = xlate_iommus(np, dev);
    if ( rc )
    {
        xfree(dev);
        return rc;
    }

    /* When this fails, some of its streams may be known as its own: kept. */
    rc = iommu_add_device(dev);
    if ( !rc )
        np->dev = dev;
    return rc;
}

static void note_uncovered(struct uncovered *kinds, const struct dt_node *np)
{
    const char *kind;

    if ( dt_read_string(np, "compatible", &kind) )
        kind = "?";
    for ( unsigned int i = 0; i < MAX_KINDS; i++ )
    {
        if ( !kinds[i].nr || !strcmp(kinds[i].kind, kind) ||
             i == MAX_KINDS - 1 )
        {
            if ( !kinds[i].nr++ )
            {
                kinds[i].kind = kind;
                kinds[i].example = np->name;
            }
            return;
        }
    }
}

static void report_uncovered(const struct uncovered *kinds)
{
    for ( unsigned int i = 0; i < MAX_KINDS && kinds[i].nr; i++ )
    {
        char more[24] = "";

        if ( kinds[i].nr > 1 )
            snprintf(more, sizeof(more), " and %u more", kinds[i].nr - 1);
        printk(XENLOG_WARN "IOMMU: no unit covers %s (%s%s): its DMA reaches "
                           "all memory\n",
               kinds[i].kind, kinds[i].example, more);
    }
}

void iommu_dt_add_masters(void)
{
    struct uncovered kinds[MAX_KINDS] = {{0}};
    unsigned int nr_covered = 0;
    struct dt_node *np;

    spin_lock(&device_lock);
    dt_for_each_node (np)
    {
        bool covered;

        if ( !dt_is_available(np) || !is_master(np) )
            continue;

        if ( dt_find_property(np, "iommus") )
            covered = iommu_present() && !add_master(np);
        else
            covered = pci_host_covered(np);

        if ( covered )
            nr_covered++;
        else
            note_uncovered(kinds, np);
    }
    spin_unlock(&device_lock);

    if ( !iommu_present() )
        return;
    printk("IOMMU: %u masters or PCI hosts of the device tree are covered\n",
           nr_covered);
    report_uncovered(kinds);
}

int iommu_dt_xlate_pci(struct dt_node *host, uint32_t requester_id,
                       struct device *dev)
{
    struct iommu_unit *unit;
    struct dt_node *target;
    uint32_t id;
    int rc = dt_map_id(host, "iommu-map", "iommu-map-mask", requester_id,
                       &target, &id);

    if ( rc )
        return rc == -ENOENT ? -ENODEV : rc;

    unit = iommu_unit_of(target);
    if ( !unit )
        return -ENODEV;

    dev->unit = iommu_unit_main(unit);
    rc = unit->ops->dt_xlate(unit, dev, &id, 1);
    if ( rc )
        dev->unit = NULL;
    return rc;
}
