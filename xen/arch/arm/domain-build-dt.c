/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * domain-build-dt.c - dom0's devices and device tree, from the host's tree.
 *
 * One table of what to do with a node (treat()) serves both passes: mapping
 * registers and interrupts, and writing the new tree. What isolates domains
 * (IOMMUs, ITS, distributor), what the hypervisor drives itself and what could
 * reach memory behind its back is not dom0's.
 */
#include "domain-build.h"

#include <libfdt.h>

#include <xen/bits.h>
#include <xen/device-tree.h>
#include <xen/mm.h>
#include <xen/mmio.h>
#include <asm/gic.h>

enum treatment {
    KEEP,
    DROP,    /* with its children */
    DISABLE, /* "xen,passthrough": shown, but off and not mapped */
    REPLACE_GIC,
    REPLACE_TIMER,
    KEEP_CHOSEN,
    KEEP_PCI, /* configuration space is trapped, windows go through BARs */
};

struct rule {
    const char *compatible;
    enum treatment treatment;
};

static const struct rule rules[] = {
    /* ours, or written anew below */
    {"xen,xen", DROP},
    {"xen,multiboot-module", DROP},
    {"multiboot,module", DROP},
    {"xen,domain", DROP},
    {"xen,cpupool", DROP},
    {"xen,evtchn-v1", DROP},
    {"xen,domain-shared-memory-v1", DROP},
    {"arm,psci", DROP},
    {"arm,psci-0.2", DROP},
    {"arm,psci-1.0", DROP},
    {"arm,armv7-timer", REPLACE_TIMER},
    {"arm,armv8-timer", REPLACE_TIMER},
    /* about physical CPUs */
    {"arm,armv7-timer-mem", DROP},
    {"arm,armv8-pmuv3", DROP},
    {"arm,cortex-a7-pmu", DROP},
    {"arm,cortex-a15-pmu", DROP},
    {"arm,cortex-a53-edac", DROP},
    /* its DMA engine reads files into any physical address, by no IOMMU */
    {"qemu,fw-cfg-mmio", DROP},
};

/* Does it need an interrupt that cannot be routed? */
static bool has_ppi(const struct dt_node *np)
{
    enum irq_type type;
    unsigned int irq;

    for ( unsigned int i = 0;; i++ )
    {
        int rc = dt_get_irq(np, i, &irq, &type);

        if ( !rc && irq < IRQ_SPI_FIRST )
            return true;
        if ( rc && rc != -ENODEV )
            return false;
    }
}

static const struct rule *find_rule(const struct dt_node *np)
{
    const struct dt_property *compatible = dt_find_property(np, "compatible");
    const char *s = NULL;

    while ( compatible && (s = dt_next_string(compatible, s)) != NULL )
        for ( unsigned int i = 0; i < ARRAY_SIZE(rules); i++ )
            if ( !strcmp(s, rules[i].compatible) )
                return &rules[i];
    return NULL;
}

static enum treatment treat(const struct dt_node *np)
{
    const struct rule *rule;
    const char *type;

    if ( np == dt_chosen )
        return KEEP_CHOSEN;
    if ( np == dt_gic )
        return REPLACE_GIC;
    rule = find_rule(np);
    if ( rule )
        return rule->treatment;
    if ( np->used_by_xen || gic_is_host_msi(np) ||
         dt_find_property(np, "#iommu-cells") )
        return DROP;
    if ( np->parent == dt_root &&
         (!strcmp(np->name, "cpus") || !strcmp(np->name, "psci") ||
          !strcmp(np->name, "hypervisor") || !strcmp(np->name, "__symbols__")) )
        return DROP;
    if ( !dt_read_string(np, "device_type", &type) && !strcmp(type, "memory") )
        return DROP;
    if ( has_ppi(np) )
        return DROP;
    if ( dt_find_property(np, "xen,passthrough") )
        return DISABLE;
    if ( np->driver && np->driver->class == DT_DRIVER_PCI_HOST )
        return KEEP_PCI;
    return KEEP;
}

/* The node behind np and its children, in document order. */
static struct dt_node *next_after(struct dt_node *np)
{
    while ( np && !np->sibling )
        np = np->parent;
    return np ? np->sibling : NULL;
}

/* ---- devices ---- */

/* Frames of each of a node's "reg" ranges. */
static int each_reg(struct rangeset *set, const struct dt_node *np,
                    int (*fn)(struct rangeset *r, uint64_t first,
                              uint64_t last))
{
    uint64_t addr, size;

    for ( unsigned int i = 0; i < dt_nr_regs(np); i++ )
    {
        int rc = dt_get_reg(np, i, &addr, &size);

        if ( rc == -EINVAL )
            printk(XENLOG_WARN "%s: reg %u is malformed\n", np->full_name, i);
        if ( rc || !size )
            continue; /* or an address on some other bus */
        rc = fn(set, addr >> PAGE_SHIFT, (addr + size - 1) >> PAGE_SHIFT);
        if ( rc )
            return rc;
    }
    return 0;
}

/* May be handed on, but is not dom0's own. */
static int allow_irq(struct domain *d, const struct dt_node *np,
                     unsigned int irq, enum irq_type type)
{
    (void)np, (void)type;
    return irq < IRQ_SPI_FIRST ? 0 : rangeset_add(&d->irq_caps, irq, irq);
}

static int route_irq(struct domain *d, const struct dt_node *np,
                     unsigned int irq, enum irq_type type)
{
    int rc;

    if ( irq < IRQ_SPI_FIRST || irq_guest(irq) == d )
        return 0; /* several nodes may share a line */
    rc = irq_route_to_guest(d, irq, irq, type, np->full_name);
    if ( rc )
    {
        printk(XENLOG_WARN "%s: interrupt %u is not dom0's (%d)\n",
               np->full_name, irq, rc);
        return rc == -ENOMEM ? rc : 0;
    }
    return rangeset_add(&d->irq_caps, irq, irq);
}

typedef int (*get_irq_t)(const struct dt_node *np, unsigned int index,
                         unsigned int *irq, enum irq_type *type);
typedef int (*use_irq_t)(struct domain *d, const struct dt_node *np,
                         unsigned int irq, enum irq_type type);

static int each_irq(struct domain *d, const struct dt_node *np, get_irq_t get,
                    use_irq_t use)
{
    enum irq_type type;
    unsigned int irq;

    for ( unsigned int i = 0;; i++ )
    {
        int rc = get(np, i, &irq, &type);

        if ( rc == -EINVAL )
            printk(XENLOG_WARN "%s: interrupt %u is malformed\n", np->full_name,
                   i);
        if ( rc && rc != -ENODEV )
            return 0;
        if ( !rc && (rc = use(d, np, irq, type)) )
            return rc;
    }
}

static int own_device(struct domain *d, const struct dt_node *np)
{
    int rc;

    if ( !np->dev )
        return 0;
    spin_lock(&device_lock);
    rc = iommu_assign_device(d, np->dev);
    spin_unlock(&device_lock);
    if ( rc )
        printk(XENLOG_ERR "%s: not assigned to dom0 (%d)\n", np->full_name, rc);
    return rc == -ENOMEM ? rc : 0;
}

/* Windows of a host bridge: dom0 may map BARs there; port I/O at once. */
static int add_pci_windows(struct domain *d, struct rangeset *map,
                           const struct dt_node *np)
{
    const struct dt_property *ranges = dt_find_property(np, "ranges");
    uint32_t pna = dt_n_addr_cells(np), row;
    const uint32_t *cells;

    row = 4 * (3 + pna + 2);
    if ( !ranges || pna - 1 > 1 || ranges->length % row )
        return 0; /* the driver has complained */
    cells = ranges->value;
    for ( uint32_t i = 0; i < ranges->length / row; i++ )
    {
        uint32_t space = (uint32_t)dt_next_cells(&cells, 1) >> 24 & 3;
        uint64_t cpu, size;
        int rc;

        (void)dt_next_cells(&cells, 2);
        cpu = dt_next_cells(&cells, pna);
        size = dt_next_cells(&cells, 2);
        if ( !size || dt_translate(np->parent, cpu, size, &cpu) )
            continue;
        rc = rangeset_add(space == 1 ? map : &d->iomem_caps, cpu >> PAGE_SHIFT,
                          (cpu + size - 1) >> PAGE_SHIFT);
        if ( rc )
            return rc;
    }
    return 0;
}

/* @map: what dom0's stage 2 shall have. d->iomem_caps: what it may hand on. */
static int add_node(struct domain *d, struct rangeset *map, struct dt_node *np,
                    enum treatment t)
{
    int rc = 0;

    if ( t == KEEP_PCI )
    {
        rc = add_pci_windows(d, map, np);
        /* Pins of functions: the driver's lines (drivers/pci/pci-intx.c). */
        if ( !rc && !np->driver )
            rc = each_irq(d, np, dt_get_map_irq, route_irq);
        return rc ? rc : each_irq(d, np, dt_get_irq, route_irq);
    }
    if ( t == DISABLE )
    {
        rc = each_reg(&d->iomem_caps, np, rangeset_add);
        return rc ? rc : each_irq(d, np, dt_get_irq, allow_irq);
    }
    if ( !dt_is_available(np) )
        return 0;
    rc = each_reg(map, np, rangeset_add);
    if ( !rc )
        rc = each_irq(d, np, dt_get_irq, route_irq);
    return rc ? rc : own_device(d, np);
}

/* Memory that firmware set aside and Linux may use: not "no-map". */
static bool is_reserved_memory(const struct dt_node *np)
{
    return np->parent && np->parent->parent == dt_root &&
           !strcmp(np->parent->name, "reserved-memory") &&
           !dt_find_property(np, "no-map");
}

static int remove_ram(struct rangeset *set)
{
    maddr_t start;
    uint64_t size;
    int rc = 0;

    for ( unsigned int i = 0; !rc && mm_ram_bank(i, &start, &size); i++ )
        rc = rangeset_remove(set, maddr_x(start) >> PAGE_SHIFT,
                             (maddr_x(start) + size - 1) >> PAGE_SHIFT);
    if ( !rc && mm_ram_alias(&start, &size) )
        rc = rangeset_remove(set, maddr_x(start) >> PAGE_SHIFT,
                             (maddr_x(start) + size - 1) >> PAGE_SHIFT);
    return rc;
}

/* Whatever shares a page with registers that dom0 must not have. */
static int remove_forbidden(struct rangeset *set)
{
    struct dt_node *np;
    int rc = remove_ram(set);

    dt_for_each_node (np)
    {
        enum treatment t;

        if ( rc )
            break;
        t = treat(np);
        if ( t == REPLACE_GIC || t == KEEP_PCI || gic_is_host_msi(np) ||
             np->mediator ||
             (t == DROP && np->parent && strcmp(np->parent->name, "cpus")) )
            rc = each_reg(set, np, rangeset_remove);
    }
    return rc;
}

static int map_frames(struct domain *d, const struct rangeset *set,
                      enum p2m_type type)
{
    int rc = 0;

    for ( unsigned int i = 0; !rc && i < set->nr; i++ )
        rc = p2m_map_range(d, _gfn(set->range[i].start),
                           set->range[i].end - set->range[i].start + 1,
                           _mfn(set->range[i].start), type);
    return rc;
}

/* Registers that dom0 uses through a driver of ours. */
static int register_mediators(struct domain *d)
{
    const struct dt_node *np;
    uint64_t addr, size;
    int rc = 0;

    dt_for_each_node (np)
    {
        if ( !rc && np->mediator && !dt_get_reg(np, 0, &addr, &size) )
            rc = mmio_register(d, _ipa(addr), size, np->mediator, NULL);
    }
    return rc;
}

int dom0_map_devices(struct domain *d)
{
    struct rangeset map = {0}, reserved = {0};
    struct dt_node *np = dt_root;
    int rc = 0;

    while ( np && !rc )
    {
        enum treatment t = treat(np);

        if ( t == DROP || t == REPLACE_GIC || t == REPLACE_TIMER )
        {
            np = next_after(np);
            continue;
        }
        if ( is_reserved_memory(np) )
            rc = each_reg(&reserved, np, rangeset_add);
        else if ( np->parent && t != KEEP_CHOSEN )
            rc = add_node(d, &map, np, t);
        np = np->next_all;
    }

    if ( !rc )
        rc = remove_forbidden(&map);
    if ( !rc )
        rc = remove_forbidden(&d->iomem_caps);
    if ( !rc )
        rc = map_frames(d, &map, P2M_MMIO_DIRECT);
    if ( !rc )
        rc = map_frames(d, &reserved, P2M_MMIO_DIRECT_NC);
    for ( unsigned int i = 0; !rc && i < map.nr; i++ )
        rc = rangeset_add(&d->iomem_caps, map.range[i].start, map.range[i].end);
    rangeset_free(&map);
    rangeset_free(&reserved);
    return rc ? rc : register_mediators(d);
}

/* ---- the tree ---- */

/* libfdt's sequential writer, remembering the first error. */
struct writer {
    void *fdt;
    int rc;
};

static void begin(struct writer *w, const char *name)
{
    if ( !w->rc )
        w->rc = fdt_begin_node(w->fdt, name);
}

static void end(struct writer *w)
{
    if ( !w->rc )
        w->rc = fdt_end_node(w->fdt);
}

static void prop(struct writer *w, const char *name, const void *value,
                 uint32_t len)
{
    if ( !w->rc )
        w->rc = fdt_property(w->fdt, name, value, (int)len);
}

static void prop_string(struct writer *w, const char *name, const char *s)
{
    prop(w, name, s, (uint32_t)strlen(s) + 1);
}

/* Each value in one cell. */
static void prop_cells(struct writer *w, const char *name,
                       const uint32_t *value, unsigned int nr)
{
    fdt32_t cell[16];

    for ( unsigned int i = 0; i < nr; i++ )
        cell[i] = cpu_to_fdt32(value[i]);
    prop(w, name, cell, nr * 4);
}
#define PROP_CELLS(w, name, ...)                                               \
    prop_cells(w, name, (const uint32_t[]){__VA_ARGS__},                       \
               sizeof((const uint32_t[]){__VA_ARGS__}) / 4)

/* Address and size by the root's cell counts; returns the cells written. */
static unsigned int put_reg(fdt32_t *cell, uint64_t addr, uint64_t size)
{
    uint32_t counts[2] = {2, 1};
    const uint64_t value[2] = {addr, size};
    unsigned int n = 0;

    (void)!dt_read_u32(dt_root, "#address-cells", &counts[0]);
    (void)!dt_read_u32(dt_root, "#size-cells", &counts[1]);
    for ( unsigned int i = 0; i < 2; i++ )
    {
        if ( counts[i] == 2 )
            cell[n++] = cpu_to_fdt32((uint32_t)(value[i] >> 32));
        cell[n++] = cpu_to_fdt32((uint32_t)value[i]);
    }
    return n;
}

static void write_memory(struct writer *w, const struct dom0_build *b)
{
    fdt32_t cell[4 * DOM0_MAX_BANKS];
    unsigned int n = 0;
    char name[32];

    for ( unsigned int i = 0; i < b->nr_banks; i++ )
        n += put_reg(&cell[n], b->bank[i].start, b->bank[i].size);
    snprintf(name, sizeof(name), "memory@%lx", b->bank[0].start);
    begin(w, name);
    prop_string(w, "device_type", "memory");
    prop(w, "reg", cell, n * 4);
    end(w);
}

/* Firmware's memory is RAM for Linux too: it reads "reserved-memory" as parts
 * of memory nodes. */
static void write_reserved(struct writer *w)
{
    struct dt_node *parent = dt_find_path("/reserved-memory"), *np;
    uint64_t addr, size;
    fdt32_t cell[4];
    char name[32];

    if ( !parent )
        return;
    dt_for_each_child (parent, np)
        for ( unsigned int i = 0;
              is_reserved_memory(np) && !dt_get_reg(np, i, &addr, &size); i++ )
        {
            snprintf(name, sizeof(name), "memory@%lx", addr);
            begin(w, name);
            prop_string(w, "device_type", "memory");
            prop(w, "reg", cell, 4 * put_reg(cell, addr, size));
            end(w);
        }
}

static void write_cpus(struct writer *w, const struct domain *d)
{
    const struct dt_property *compatible = NULL;
    const struct dt_node *cpus = dt_find_path("/cpus"), *cpu;
    const char *type;
    char name[16];

    if ( cpus )
        dt_for_each_child (cpus, cpu)
            if ( !compatible && !dt_read_string(cpu, "device_type", &type) &&
                 !strcmp(type, "cpu") )
                compatible = dt_find_property(cpu, "compatible");

    begin(w, "cpus");
    PROP_CELLS(w, "#address-cells", 1);
    PROP_CELLS(w, "#size-cells", 0);
    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
    {
        uint32_t affinity = (i & 15) | (i >> 4) << 8;

        snprintf(name, sizeof(name), "cpu@%x", affinity);
        begin(w, name);
        prop_string(w, "device_type", "cpu");
        if ( compatible )
            prop(w, "compatible", compatible->value, compatible->length);
        else
            prop_string(w, "compatible", "arm,armv8");
        prop_string(w, "enable-method", "psci");
        PROP_CELLS(w, "reg", affinity);
        end(w);
    }
    end(w);
}

static void write_psci(struct writer *w)
{
    static const char compatible[] = "arm,psci-1.0\0arm,psci-0.2\0arm,psci";

    begin(w, "psci");
    prop(w, "compatible", compatible, sizeof(compatible));
    prop_string(w, "method", "hvc");
    PROP_CELLS(w, "cpu_off", 1);
    PROP_CELLS(w, "cpu_on", 2);
    end(w);
}

#define PPI_CELLS(irq) 1, (irq)-IRQ_PPI_FIRST, 0xf08 /* level low */

static void write_hypervisor(struct writer *w, const struct dom0_build *b)
{
    static const char compatible[] = "xen,xen-4.17\0xen,xen";
    fdt32_t cell[4];

    begin(w, "hypervisor");
    prop(w, "compatible", compatible, sizeof(compatible));
    prop(w, "reg", cell,
         4 * put_reg(cell, b->grants, PAGE_SIZE << DOM0_GRANT_ORDER));
    PROP_CELLS(w, "interrupt-parent", dt_gic->phandle);
    PROP_CELLS(w, "interrupts", PPI_CELLS(b->d->evtchn_irq));
    end(w);
}

static void write_timer(struct writer *w, const struct dt_node *np)
{
    uint32_t frequency;

    begin(w, np->name);
    prop_string(w, "compatible", "arm,armv8-timer");
    PROP_CELLS(w, "interrupt-parent", dt_gic->phandle);
    PROP_CELLS(w, "interrupts", PPI_CELLS(29), PPI_CELLS(30), PPI_CELLS(27));
    if ( !dt_read_u32(np, "clock-frequency", &frequency) )
        PROP_CELLS(w, "clock-frequency", frequency);
    prop(w, "always-on", NULL, 0);
    end(w);
}

/* Rows of "msi-map" that lead to the host's controllers: to dom0's frame. */
static void write_msi_map(struct writer *w, const struct dt_property *p)
{
    const uint32_t *in = p->value;
    uint32_t phandle = gic_msi_phandle();

    if ( !phandle || p->length % 16 || p->length > 64 * 4 )
        return;
    if ( !w->rc )
    {
        void *value;

        w->rc =
            fdt_property_placeholder(w->fdt, p->name, (int)p->length, &value);
        for ( uint32_t i = 0; !w->rc && i < p->length / 4; i++ )
        {
            uint32_t cell = (uint32_t)dt_next_cells(&in, 1);
            struct dt_node *target = i % 4 == 1 ? dt_find_phandle(cell) : NULL;

            if ( target && gic_is_host_msi(target) )
                cell = phandle;
            ((fdt32_t *)value)[i] = cpu_to_fdt32(cell);
        }
    }
}

static bool drop_property(const char *name, enum treatment t)
{
    static const char *const always[] = {"iommus", "iommu-map",
                                         "iommu-map-mask", "xen,passthrough"};
    static const char *const chosen[] = {
        "bootargs", "stdout-path", "linux,stdout-path", "linux,initrd-start",
        "linux,initrd-end"};

    for ( unsigned int i = 0; i < ARRAY_SIZE(always); i++ )
        if ( !strcmp(name, always[i]) )
            return true;
    if ( t == KEEP_CHOSEN )
    {
        for ( unsigned int i = 0; i < ARRAY_SIZE(chosen); i++ )
            if ( !strcmp(name, chosen[i]) )
                return true;
        return !strncmp(name, "xen,", 4) || !strncmp(name, "linux,uefi-", 11);
    }
    return !strcmp(name, "msi-parent")
               ? !gic_msi_phandle()
               : t == DISABLE && !strcmp(name, "status");
}

static void write_properties(struct writer *w, const struct dt_node *np,
                             enum treatment t, const struct dom0_build *b)
{
    const struct dt_property *p;

    for ( p = np->properties; p; p = p->next )
    {
        if ( !strcmp(p->name, "msi-map") )
            write_msi_map(w, p);
        else if ( !drop_property(p->name, t) )
            prop(w, p->name, p->value, p->length);
    }
    if ( t == DISABLE )
        prop_string(w, "status", "disabled");
    if ( t == KEEP_CHOSEN )
    {
        prop_string(w, "bootargs", b->bootargs);
        if ( b->ramdisk.size )
        {
            fdt64_t start = cpu_to_fdt64(b->initrd);
            fdt64_t last = cpu_to_fdt64(b->initrd + b->ramdisk.size);

            prop(w, "linux,initrd-start", &start, sizeof(start));
            prop(w, "linux,initrd-end", &last, sizeof(last));
        }
    }
}

static void write_node(struct writer *w, const struct dt_node *np,
                       const struct dom0_build *b)
{
    enum treatment t = treat(np);
    const struct dt_node *child;

    switch ( t )
    {
    case DROP:
        return;
    case REPLACE_GIC:
        if ( !w->rc )
            w->rc = gic_make_dt_node(b->d, w->fdt);
        return;
    case REPLACE_TIMER:
        write_timer(w, np);
        return;
    default:
        break;
    }

    begin(w, np->name);
    write_properties(w, np, t, b);
    dt_for_each_child (np, child)
        write_node(w, child, b);
    if ( np == dt_root )
    {
        if ( !dt_chosen )
            printk(XENLOG_WARN "dom0: the host's tree has no /chosen\n");
        write_memory(w, b);
        write_reserved(w);
        write_cpus(w, b->d);
        write_psci(w);
        write_hypervisor(w, b);
    }
    end(w);
}

/* Enough for the host's tree with a name for every property, and ours. */
static unsigned int tree_order(void)
{
    const struct dt_node *np;
    const struct dt_property *p;
    size_t size = 16384;

    dt_for_each_node (np)
    {
        size += 32 + strlen(np->name);
        for ( p = np->properties; p; p = p->next )
            size += 24 + strlen(p->name) + p->length;
    }
    return order_from_bytes(size);
}

void *dom0_make_tree(const struct dom0_build *b, unsigned int *order)
{
    struct writer w = {0};
    size_t size;

    *order = tree_order();
    w.fdt = alloc_xen_pages(*order);
    if ( !w.fdt )
        return NULL;
    size = PAGE_SIZE << *order;

    /* Looking for equal names costs more than the names. */
    w.rc =
        fdt_create_with_flags(w.fdt, (int)size, FDT_CREATE_FLAG_NO_NAME_DEDUP);
    if ( !w.rc )
        w.rc = fdt_finish_reservemap(w.fdt);
    write_node(&w, dt_root, b);
    if ( !w.rc )
        w.rc = fdt_finish(w.fdt);
    if ( w.rc )
    {
        printk(XENLOG_ERR "dom0: device tree: %s\n", fdt_strerror(w.rc));
        free_xen_pages(w.fdt, *order);
        return NULL;
    }
    return w.fdt;
}
