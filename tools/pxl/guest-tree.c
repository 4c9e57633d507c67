/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest-tree.c - the device tree of a guest, with libfdt's sequential writer. What
 * stands at these addresses is in Xen's public/arch-arm.h; bindings are
 * Linux's (arm,gic-v3, arm,gic, host-generic-pci, arm/xen).
 */
#include "guest-tree.h"
#include "dt-node.h"
#include "pxl.h"

#include <stdio.h>
#include <string.h>

#include <libfdt.h>

#include <proxenos.h>

/* Cells of an interrupt: kind, number, trigger. */
#define GIC_SPI       0U
#define GIC_PPI       1U
#define SPI_FIRST     32U
#define PPI_FIRST     16U
#define LEVEL_HIGH    4U
#define PPI_LEVEL_LOW 0xf08U /* of all eight CPUs that GICv2 may have */

#define GICV2_DIST_BASE 0x03001000ULL
#define GICV2_DIST_SIZE 0x1000ULL
#define GICV2_CPU_BASE  0x03002000ULL
#define GICV2_CPU_SIZE  0x2000ULL

#define MB(n)            ((uint64_t)(n) << 20)
#define EXT_REGION_ALIGN MB(2)
#define EXT_REGION_MIN   MB(64)

/* The first error stays; what follows is skipped. */
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

static void put_bytes(struct writer *w, const char *name, const void *data,
                      size_t size)
{
    if ( !w->rc )
        w->rc = fdt_property(w->fdt, name, data, (int)size);
}

static void put_string(struct writer *w, const char *name, const char *s)
{
    put_bytes(w, name, s, strlen(s) + 1);
}

static void put_empty(struct writer *w, const char *name)
{
    put_bytes(w, name, NULL, 0);
}

static void put_u32(struct writer *w, const char *name, uint32_t value)
{
    if ( !w->rc )
        w->rc = fdt_property_u32(w->fdt, name, value);
}

static void put_u64(struct writer *w, const char *name, uint64_t value)
{
    if ( !w->rc )
        w->rc = fdt_property_u64(w->fdt, name, value);
}

static void put_cells(struct writer *w, const char *name, const uint32_t *cell,
                      size_t nr)
{
    void *to;

    if ( !w->rc )
        w->rc = fdt_property_placeholder(w->fdt, name, (int)(nr * 4), &to);
    for ( size_t i = 0; !w->rc && i < nr; i++ )
        fdt32_st((uint8_t *)to + i * 4, cell[i]);
}

/* <address size>, two cells each. */
static void put_ranges(struct writer *w, const char *name,
                       const struct range *r, size_t nr)
{
    void *to;

    if ( !w->rc )
        w->rc = fdt_property_placeholder(w->fdt, name, (int)(nr * 16), &to);
    for ( size_t i = 0; !w->rc && i < nr; i++ )
    {
        fdt64_st((uint8_t *)to + i * 16, r[i].start);
        fdt64_st((uint8_t *)to + i * 16 + 8, r[i].size);
    }
}

#define PUT_CELLS(w, name, ...)                                                \
    do                                                                         \
    {                                                                          \
        const uint32_t cells_[] = {__VA_ARGS__};                               \
                                                                               \
        put_cells(w, name, cells_, sizeof(cells_) / sizeof(cells_[0]));        \
    } while ( 0 )

static void begin_at(struct writer *w, const char *name, uint64_t addr)
{
    char full[64];

    snprintf(full, sizeof(full), "%s@%llx", name, (unsigned long long)addr);
    begin(w, full);
}

/* ---- nodes ---- */

static void chosen(struct writer *w, const struct guest_tree *t)
{
    begin(w, "chosen");
    put_string(w, "bootargs", t->cmdline);
    if ( t->ramdisk.size )
    {
        put_u64(w, "linux,initrd-start", t->ramdisk.start);
        put_u64(w, "linux,initrd-end", t->ramdisk.start + t->ramdisk.size);
    }
    put_bytes(w, "rng-seed", t->rng_seed, RNG_SEED_SIZE);
    end(w);
}

static void cpus(struct writer *w, const struct guest_tree *t)
{
    begin(w, "cpus");
    put_u32(w, "#address-cells", 1);
    put_u32(w, "#size-cells", 0);
    for ( uint32_t i = 0; i < t->vcpus; i++ )
    {
        /* 16 in a cluster: as many as an SGI of GICv3 can name */
        uint32_t mpidr = (i & 0xf) | (i >> 4) << 8;

        begin_at(w, "cpu", mpidr);
        put_string(w, "device_type", "cpu");
        put_string(w, "compatible", "arm,armv8");
        put_string(w, "enable-method", "psci");
        put_u32(w, "reg", mpidr);
        end(w);
    }
    end(w);
}

static void psci(struct writer *w)
{
    static const char compatible[] = "arm,psci-1.0\0arm,psci-0.2\0arm,psci";

    begin(w, "psci");
    put_bytes(w, "compatible", compatible, sizeof(compatible));
    put_string(w, "method", "hvc");
    put_u32(w, "cpu_off", PSCI_cpu_off);
    put_u32(w, "cpu_on", PSCI_cpu_on);
    end(w);
}

static void memory(struct writer *w, const struct guest_tree *t)
{
    for ( unsigned int i = 0; i < t->nr_banks; i++ )
    {
        begin_at(w, "memory", t->bank[i].start);
        put_string(w, "device_type", "memory");
        put_ranges(w, "reg", &t->bank[i], 1);
        end(w);
    }
}

/*
 * Linux asks the frame which interrupts it may hand out, and drives it below
 * a GICv3 as well when that has no LPIs.
 */
static void msi_frame(struct writer *w)
{
    const struct range reg = {PX_VPCI_V2M_BASE, PX_VPCI_V2M_SIZE};

    begin_at(w, "v2m", PX_VPCI_V2M_BASE);
    put_string(w, "compatible", "arm,gic-v2m-frame");
    put_empty(w, "msi-controller");
    put_ranges(w, "reg", &reg, 1);
    put_u32(w, "phandle", FDT_PHANDLE_MSI);
    end(w);
}

static void gic(struct writer *w, const struct guest_tree *t)
{
    static const struct range v2[] = {{GICV2_DIST_BASE, GICV2_DIST_SIZE},
                                      {GICV2_CPU_BASE, GICV2_CPU_SIZE}};
    static const struct range v3[] = {
        {GUEST_GICV3_GICD_BASE, GUEST_GICV3_GICD_SIZE},
        {GUEST_GICV3_GICR0_BASE, GUEST_GICV3_GICR0_SIZE}};

    begin_at(w, "interrupt-controller", v3[0].start);
    put_string(w, "compatible",
               t->gic_version == 2 ? "arm,cortex-a15-gic" : "arm,gic-v3");
    put_empty(w, "interrupt-controller");
    put_u32(w, "#interrupt-cells", 3);
    put_u32(w, "#address-cells", t->msi ? 2 : 0);
    if ( t->msi )
    {
        put_u32(w, "#size-cells", 2);
        put_empty(w, "ranges");
    }
    put_ranges(w, "reg", t->gic_version == 2 ? v2 : v3, 2);
    put_u32(w, "phandle", FDT_PHANDLE_GIC);
    if ( t->msi )
        msi_frame(w);
    end(w);
}

static void timer(struct writer *w, const struct guest_tree *t)
{
    begin(w, "timer");
    put_string(w, "compatible", "arm,armv8-timer");
    PUT_CELLS(w, "interrupts", GIC_PPI, GUEST_TIMER_PHYS_S_PPI - PPI_FIRST,
              PPI_LEVEL_LOW, GIC_PPI, GUEST_TIMER_PHYS_NS_PPI - PPI_FIRST,
              PPI_LEVEL_LOW, GIC_PPI, GUEST_TIMER_VIRT_PPI - PPI_FIRST,
              PPI_LEVEL_LOW);
    if ( t->clock_frequency )
        put_u32(w, "clock-frequency", t->clock_frequency);
    end(w);
}

/* Registers of devices may lie there: the larger part beside them stays. */
static void avoid_holes(const struct guest_tree *t, uint64_t *from,
                        uint64_t *to)
{
    for ( size_t i = 0; i < t->nr_holes; i++ )
    {
        uint64_t start = t->hole[i].start, end = start + t->hole[i].size;

        if ( end <= *from || start >= *to )
            continue;
        if ( start > *from && (end >= *to || start - *from > *to - end) )
            *to = start;
        else
            *from = end;
    }
}

/*
 * Guest-physical addresses where nothing is, for frames of other domains:
 * behind the RAM of each bank.
 */
static unsigned int extended_regions(const struct guest_tree *t,
                                     struct range *r)
{
    static const uint64_t bases[] = GUEST_RAM_BANK_BASES;
    static const uint64_t sizes[] = GUEST_RAM_BANK_SIZES;
    uint64_t reach = 1ULL << t->gpaddr_bits;
    unsigned int nr = 0;

    for ( unsigned int i = 0; i < MAX_BANKS; i++ )
    {
        uint64_t used = i < t->nr_banks ? t->bank[i].size : 0;
        uint64_t from =
            (bases[i] + used + EXT_REGION_ALIGN - 1) & ~(EXT_REGION_ALIGN - 1);
        uint64_t to = bases[i] + sizes[i];

        to = to < reach ? to : reach;
        avoid_holes(t, &from, &to);
        from = (from + EXT_REGION_ALIGN - 1) & ~(EXT_REGION_ALIGN - 1);
        to &= ~(EXT_REGION_ALIGN - 1);
        if ( to > from && to - from >= EXT_REGION_MIN )
            r[nr++] = (struct range){from, to - from};
    }
    return nr;
}

static void hypervisor(struct writer *w, const struct guest_tree *t)
{
    struct range reg[1 + MAX_BANKS] = {{GUEST_GNTTAB_BASE, GUEST_GNTTAB_SIZE}};
    unsigned int nr = 1 + extended_regions(t, reg + 1);
    char compatible[32];
    int len;

    len = snprintf(compatible, sizeof(compatible), "xen,xen-%u.%u%cxen,xen",
                   t->xen_major, t->xen_minor, 0);
    begin(w, "hypervisor");
    put_bytes(w, "compatible", compatible, (size_t)len + 1);
    put_ranges(w, "reg", reg, nr);
    PUT_CELLS(w, "interrupts", GIC_PPI, GUEST_EVTCHN_PPI - PPI_FIRST,
              PPI_LEVEL_LOW);
    put_u32(w, "interrupt-parent", FDT_PHANDLE_GIC);
    end(w);
}

/* ---- the PCI host bridge ---- */

#define PCI_PINS       4U
#define PCI_DEVFN_SLOT 11U /* where a slot stands in the first address cell */
#define MAP_CELLS      (3U + 1U + 1U + 2U + 3U)

/* One entry per slot modulo four and pin; the mask drops the other bits. */
static void interrupt_map(struct writer *w, const struct guest_tree *t)
{
    uint32_t map[PCI_PINS * PCI_PINS * MAP_CELLS], *p = map;

    for ( uint32_t slot = 0; slot < PCI_PINS; slot++ )
        for ( uint32_t pin = 0; pin < PCI_PINS; pin++ )
        {
            *p++ = slot << PCI_DEVFN_SLOT;
            *p++ = 0;
            *p++ = 0;
            *p++ = pin + 1;
            *p++ = FDT_PHANDLE_GIC;
            /* the controller's #address-cells */
            if ( t->msi )
            {
                *p++ = 0;
                *p++ = 0;
            }
            *p++ = GIC_SPI;
            *p++ = PX_VPCI_INTX_IRQ - SPI_FIRST + (slot + pin) % PCI_PINS;
            *p++ = LEVEL_HIGH;
        }
    put_cells(w, "interrupt-map", map, (size_t)(p - map));
    PUT_CELLS(w, "interrupt-map-mask", (PCI_PINS - 1) << PCI_DEVFN_SLOT, 0, 0,
              7);
}

static uint32_t high(uint64_t n)
{
    return (uint32_t)(n >> 32);
}

static uint32_t low(uint64_t n)
{
    return (uint32_t)n;
}

static void pcie(struct writer *w, const struct guest_tree *t)
{
    const struct range ecam = {GUEST_VPCI_ECAM_BASE, GUEST_VPCI_ECAM_SIZE};

    begin_at(w, "pcie", ecam.start);
    put_string(w, "compatible", "pci-host-ecam-generic");
    put_string(w, "device_type", "pci");
    put_ranges(w, "reg", &ecam, 1);
    PUT_CELLS(w, "bus-range", 0, low(ecam.size >> 20) - 1);
    put_u32(w, "linux,pci-domain", 0);
    put_empty(w, "dma-coherent");
    put_u32(w, "#address-cells", 3);
    put_u32(w, "#size-cells", 2);
    PUT_CELLS(
        w, "ranges", GUEST_VPCI_ADDR_TYPE_MEM, high(GUEST_VPCI_MEM_ADDR),
        low(GUEST_VPCI_MEM_ADDR), high(GUEST_VPCI_MEM_ADDR),
        low(GUEST_VPCI_MEM_ADDR), high(GUEST_VPCI_MEM_SIZE),
        low(GUEST_VPCI_MEM_SIZE), GUEST_VPCI_ADDR_TYPE_PREFETCH_MEM,
        high(GUEST_VPCI_PREFETCH_MEM_ADDR), low(GUEST_VPCI_PREFETCH_MEM_ADDR),
        high(GUEST_VPCI_PREFETCH_MEM_ADDR), low(GUEST_VPCI_PREFETCH_MEM_ADDR),
        high(GUEST_VPCI_PREFETCH_MEM_SIZE), low(GUEST_VPCI_PREFETCH_MEM_SIZE));
    put_u32(w, "#interrupt-cells", 1);
    interrupt_map(w, t);
    if ( t->msi )
    {
        put_u32(w, "msi-parent", FDT_PHANDLE_MSI);
        /* every requester */
        PUT_CELLS(w, "msi-map", 0, FDT_PHANDLE_MSI, 0, 0x10000);
    }
    end(w);
}

/* ---- all of it ---- */

static void root(struct writer *w, const struct guest_tree *t)
{
    char text[40];
    int len;

    begin(w, "");
    len = snprintf(text, sizeof(text), "xen,xenvm-%u.%u%cxen,xenvm",
                   t->xen_major, t->xen_minor, 0);
    put_bytes(w, "compatible", text, (size_t)len + 1);
    snprintf(text, sizeof(text), "XENVM-%u.%u", t->xen_major, t->xen_minor);
    put_string(w, "model", text);
    put_u32(w, "interrupt-parent", FDT_PHANDLE_GIC);
    put_u32(w, "#address-cells", 2);
    put_u32(w, "#size-cells", 2);
    chosen(w, t);
    cpus(w, t);
    psci(w);
    memory(w, t);
    gic(w, t);
    timer(w, t);
    hypervisor(w, t);
    if ( t->pci )
        pcie(w, t);
    if ( t->devices && !w->rc )
        w->rc = dt_write(w->fdt, t->devices);
    end(w);
}

int guest_tree_write(const struct guest_tree *t, void *buf, size_t size,
                     size_t *used)
{
    struct writer w = {.fdt = buf};

    w.rc = fdt_create(buf, (int)size);
    if ( !w.rc )
        w.rc = fdt_finish_reservemap(buf);
    root(&w, t);
    if ( !w.rc )
        w.rc = fdt_finish(buf);
    if ( w.rc )
    {
        err("the guest's device tree: %s", fdt_strerror(w.rc));
        return -1;
    }
    *used = fdt_totalsize(buf);
    return 0;
}
