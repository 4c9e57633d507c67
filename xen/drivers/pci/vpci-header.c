/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpci-header.c - command register, BARs, bus numbers and what is hidden.
 *
 * While memory decoding is on each BAR that lies in a memory window of the
 * host is mapped there in the P2M, and thus for the domain's devices too. A
 * BAR anywhere else stays unmapped, whatever the guest wrote: the windows hold
 * nothing but PCI.
 *
 * dom0: guest address == machine address, and BARs go to the hardware as
 * written. domU: the hardware keeps its address, and only the mapping moves. A
 * BAR smaller than a page is a page to it, and trapped, since who shares the
 * machine's page is dom0's choice.
 *
 * Bus numbers are the guest's to change, for itself only (vpci_host.bus_map).
 */
#include "vpci-private.h"

#include <xen/bits.h>
#include <xen/mm.h>

/* ---- BAR pages ---- */

static bool is_small(const struct vpci *f, unsigned int i)
{
    return f->pdev->bar[i].size < PAGE_SIZE;
}

/*
 * A page of dom0's that several BARs smaller than it may share: mapped while
 * one of them is, unless an MSI-X table is on it.
 */
static int sync_page(struct domain *d, uint64_t frame)
{
    enum p2m_type type = P2M_INVALID;
    bool used = false, trapped = false, mapped;
    unsigned int order;
    struct vpci *f;

    list_for_each_entry (f, &d->vpci.functions, list)
    {
        trapped |= vpci_msix_has_page(f, frame);
        for ( unsigned int i = 0; i < PCI_NR_BARS; i++ )
            used |= f->bar[i].mapped && f->bar[i].addr >> PAGE_SHIFT == frame;
    }
    mapped = !mfn_eq(p2m_lookup(d, _gfn(frame), &type, &order), INVALID_MFN);
    if ( used && !trapped && !mapped )
        return p2m_map_range(d, _gfn(frame), 1, _mfn(frame), P2M_MMIO_DIRECT);
    if ( mapped && (!used || trapped) )
        return p2m_unmap_range(d, _gfn(frame), 1);
    return 0;
}

/* The pages of a BAR less those of the MSI-X table: at most two runs. */
static int for_each_run(struct vpci *f, unsigned int i,
                        int (*fn)(struct vpci *f, unsigned int i,
                                  unsigned long first, unsigned long nr))
{
    unsigned long nr = f->pdev->bar[i].size >> PAGE_SHIFT, start = 0, n;
    uint64_t base = f->bar[i].addr >> PAGE_SHIFT;
    int rc = 0;

    for ( n = 0; n <= nr && !rc; n++ )
    {
        /* Tables are at most 32 KiB: look closely only around them. */
        if ( n < nr && f->msix.nr && f->msix.bar == i )
        {
            if ( !vpci_msix_has_page(f, base + n) )
            {
                unsigned long table = f->msix.offset >> PAGE_SHIFT;

                n = n < table ? table - 1 : nr - 1;
                continue;
            }
        }
        else
            n = nr;
        if ( n > start )
            rc = fn(f, i, start, n - start);
        start = n + 1;
    }
    return rc;
}

static int map_run(struct vpci *f, unsigned int i, unsigned long first,
                   unsigned long nr)
{
    struct vpci_bar *bar = &f->bar[i];
    int rc;

    rc = p2m_map_range(f->d, _gfn((bar->addr >> PAGE_SHIFT) + first), nr,
                       _mfn((bar->maddr >> PAGE_SHIFT) + first),
                       f->pdev->bar[i].prefetchable ? P2M_MMIO_DIRECT_NC
                                                    : P2M_MMIO_DIRECT);
    if ( !rc )
        bar->runs++;
    return rc;
}

/* Those that were mapped: the first ones. */
static int unmap_run(struct vpci *f, unsigned int i, unsigned long first,
                     unsigned long nr)
{
    struct vpci_bar *bar = &f->bar[i];

    if ( !bar->runs )
        return 0;
    bar->runs--;
    return p2m_unmap_range(f->d, _gfn((bar->addr >> PAGE_SHIFT) + first), nr);
}

/* A domU's address space is its own. */
static bool guest_bar_address(struct vpci *f, unsigned int i)
{
    struct vpci_bar *bar = &f->bar[i];
    uint64_t size = max(f->pdev->bar[i].size, (uint64_t)PAGE_SIZE);
    maddr_t ma;

    if ( !pci_saved_bar(f->pdev, i, &ma) )
        return false;
    for ( unsigned int n = 0; n < f->vhost->nr_windows; n++ )
    {
        const struct vpci_window *w = &f->vhost->window[n];

        if ( bar->reg < w->base || bar->reg - w->base >= w->size ||
             size > w->size - (bar->reg - w->base) )
            continue;
        bar->addr = bar->reg;
        bar->maddr = maddr_x(ma);
        return true;
    }
    return false;
}

/* Where the BAR stands; false: nowhere usable. */
static bool bar_address(struct vpci *f, unsigned int i)
{
    const struct pci_bar *bar = &f->pdev->bar[i];
    unsigned int reg = PCI_BAR0 + i * 4;
    uint64_t addr;
    maddr_t ma;

    if ( f->guest )
        return (bar->type == BAR_MEM32 || bar->type == BAR_MEM64) &&
               guest_bar_address(f, i);
    switch ( bar->type )
    {
    case BAR_MEM32:
        addr = pci_conf_read(f->pdev, reg, 4) & PCI_BAR_MEM_MASK;
        break;
    case BAR_MEM64:
        addr = pci_conf_read(f->pdev, reg, 4) & PCI_BAR_MEM_MASK;
        addr |= (uint64_t)pci_conf_read(f->pdev, reg + 4, 4) << 32;
        break;
    case BAR_ROM:
        reg = pci_is_bridge(f->pdev) ? PCI_ROM_ADDRESS1 : PCI_ROM_ADDRESS;
        addr = pci_conf_read(f->pdev, reg, 4);
        if ( !(addr & PCI_ROM_ENABLE) )
            return false;
        addr &= PCI_ROM_MASK;
        break;
    default:
        return false;
    }
    if ( !pci_bus_to_cpu(f->pdev->host, addr, bar->size, &ma) )
        return false;
    f->bar[i].addr = f->bar[i].maddr = maddr_x(ma);
    return true;
}

static void unmap_bar(struct vpci *f, unsigned int i)
{
    struct vpci_bar *bar = &f->bar[i];
    int rc = 0;

    bar->refused = false;
    if ( !bar->mapped )
        return;
    if ( is_small(f, i) )
    {
        bar->mapped = false;
        if ( !f->guest )
            rc = sync_page(f->d, bar->addr >> PAGE_SHIFT);
    }
    else
    {
        rc = for_each_run(f, i, unmap_run);
        bar->mapped = false;
    }
    if ( rc )
        printk(XENLOG_ERR "PCI %s: BAR %u cannot be unmapped (%d)\n",
               f->pdev->dev.name, i, rc);
}

/* Is another BAR of the domain on one of its pages? Looked at before anything
 * is mapped: a guest may repeat it. */
static bool is_taken(const struct vpci *f, unsigned int i)
{
    uint64_t first = f->bar[i].addr & PAGE_MASK;
    uint64_t last = f->bar[i].addr + f->pdev->bar[i].size - 1;
    struct vpci *o;

    list_for_each_entry (o, &f->d->vpci.functions, list)
        for ( unsigned int n = 0; n < PCI_NR_BARS; n++ )
            if ( o->bar[n].mapped && (o->bar[n].addr & PAGE_MASK) <= last &&
                 o->bar[n].addr + o->pdev->bar[n].size > first &&
                 !(is_small(f, i) && is_small(o, n)) )
                return true;
    return false;
}

static void map_bar(struct vpci *f, unsigned int i)
{
    struct vpci_bar *bar = &f->bar[i];
    int rc = 0;

    if ( !bar_address(f, i) )
        return;
    bar->refused = is_taken(f, i);
    bar->mapped = !bar->refused;
    if ( bar->refused )
        rc = -EEXIST;
    else if ( !is_small(f, i) )
        rc = for_each_run(f, i, map_run);
    else if ( !f->guest )
        rc = sync_page(f->d, bar->addr >> PAGE_SHIFT);
    if ( rc )
    {
        /* Another BAR is there, or memory is out: accesses read all ones. */
        printk_ratelimited(XENLOG_WARN "d%u: PCI %s: BAR %u not mapped at "
                                       "%#lx (%d)\n",
                           f->d->domain_id, f->pdev->dev.name, i, bar->addr,
                           rc);
        (void)for_each_run(f, i, unmap_run);
        bar->mapped = false;
    }
}

/*
 * A BAR has moved: those that it was in the way of. Linux moves BARs one by
 * one with decoding on, so that they may overlap for a moment.
 */
static void retry_bars(struct domain *d)
{
    struct vpci *f;

    list_for_each_entry (f, &d->vpci.functions, list)
        for ( unsigned int i = 0; f->memory && i < PCI_NR_BARS; i++ )
            if ( f->bar[i].refused )
                map_bar(f, i);
}

static void map_bars(struct vpci *f)
{
    for ( unsigned int i = 0; i < PCI_NR_BARS; i++ )
        map_bar(f, i);
}

static void unmap_bars(struct vpci *f)
{
    for ( unsigned int i = 0; i < PCI_NR_BARS; i++ )
        unmap_bar(f, i);
}

/* ---- registers ---- */

uint32_t vpci_hw_read(struct vpci *f, unsigned int reg)
{
    return pci_conf_read(f->pdev, reg, 4);
}

/* Write the bytes of @mask only: some neighbours change when written. */
static void hw_write(struct vpci *f, unsigned int reg, uint32_t value,
                     uint32_t mask)
{
    if ( mask == ~0U )
    {
        pci_conf_write(f->pdev, reg, 4, value);
        return;
    }
    for ( unsigned int i = 0; i < 4; i++ )
        if ( mask >> i * 8 & 0xff )
            pci_conf_write(f->pdev, reg + i, 1, value >> i * 8 & 0xff);
}

/* Interrupt Disable as the guest has it, for we set it, too. */
static uint32_t command_read(struct vpci *f, unsigned int reg)
{
    uint32_t v = pci_conf_read(f->pdev, reg, 4);

    if ( f->guest )
        return (v & 0xffff0000) | f->command;
    return (v & ~PCI_COMMAND_INTX_OFF) |
           (f->pdev->intx.off ? PCI_COMMAND_INTX_OFF : 0);
}

/* The P2M never has a BAR that the function does not claim, and the reverse
 * only in between. */
static void command_write(struct vpci *f, unsigned int reg, uint32_t value,
                          uint32_t mask)
{
    uint32_t cmd = (command_read(f, reg) & ~mask) | (value & mask);
    bool memory = cmd & PCI_COMMAND_MEMORY;

    if ( f->guest )
        cmd &= PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_OFF;
    if ( mask & 0xffff )
    {
        if ( f->memory && !memory )
            unmap_bars(f);
        pci_intx_command(f->pdev, (uint16_t)cmd);
        if ( !f->memory && memory )
            map_bars(f);
        f->memory = memory;
        f->command = (uint16_t)cmd;
        if ( !memory )
            retry_bars(f->d);
    }
    if ( mask >> 16 ) /* status: written ones clear */
        pci_conf_write(f->pdev, PCI_STATUS, 2, (value & mask) >> 16);
}

/* The type bits beside a domU's address; what is no memory is not there. */
static uint32_t bar_read(struct vpci *f, unsigned int reg)
{
    unsigned int i = (reg - PCI_BAR0) / 4;
    const struct pci_bar *bar = &f->pdev->bar[i];

    if ( !f->guest )
        return vpci_hw_read(f, reg);
    switch ( bar->type )
    {
    case BAR_MEM32:
    case BAR_MEM64:
        return (uint32_t)f->bar[i].reg |
               (bar->prefetchable ? PCI_BAR_PREFETCH : 0) |
               (bar->type == BAR_MEM64 ? PCI_BAR_TYPE_64 : 0);
    case BAR_MEM64_HI:
        return (uint32_t)(f->bar[i - 1].reg >> 32);
    default:
        return 0;
    }
}

static void set_guest_bar(struct vpci *f, unsigned int i, bool high,
                          uint32_t value, uint32_t mask)
{
    const struct pci_bar *bar = &f->pdev->bar[i];
    unsigned int shift = high ? 32 : 0;
    uint64_t reg = f->bar[i].reg;

    if ( bar->type != BAR_MEM32 && bar->type != BAR_MEM64 )
        return;
    reg &= ~((uint64_t)mask << shift);
    reg |= (uint64_t)(value & mask) << shift;
    f->bar[i].reg = reg & ~(max(bar->size, (uint64_t)PAGE_SIZE) - 1);
}

static void bar_write(struct vpci *f, unsigned int reg, uint32_t value,
                      uint32_t mask)
{
    bool rom = reg == PCI_ROM_ADDRESS || reg == PCI_ROM_ADDRESS1;
    unsigned int i = rom ? PCI_BAR_ROM : (reg - PCI_BAR0) / 4;
    bool high = f->pdev->bar[i].type == BAR_MEM64_HI;

    if ( high )
        i--;
    unmap_bar(f, i);
    if ( f->guest )
        set_guest_bar(f, i, high, value, mask);
    else
        hw_write(f, reg, value, mask);
    if ( !f->memory )
        return;
    map_bar(f, i);
    retry_bars(f->d);
}

static uint32_t buses_read(struct vpci *f, unsigned int reg)
{
    return (pci_conf_read(f->pdev, reg, 4) & 0xff000000) | f->primary |
           (uint32_t)f->secondary << 8 | (uint32_t)f->subordinate << 16;
}

static void buses_write(struct vpci *f, unsigned int reg, uint32_t value,
                        uint32_t mask)
{
    uint16_t *map = f->vhost->bus_map, ours = f->pdev->secondary;
    uint32_t v = (buses_read(f, reg) & ~mask) | (value & mask);

    if ( f->secondary && map[f->secondary] == ours )
        map[f->secondary] = VPCI_NO_BUS;
    f->primary = (uint8_t)v;
    f->secondary = (uint8_t)(v >> 8);
    f->subordinate = (uint8_t)(v >> 16);
    if ( f->secondary > f->vhost->host->bus_start && ours )
        map[f->secondary] = ours;
    if ( mask >> 24 )
        pci_conf_write(f->pdev, reg + 3, 1, v >> 24);
}

/* ---- hidden extended capabilities ---- */

static const struct {
    uint16_t id, size;
} hidden_caps[] = {
    /* let a device use addresses it translated itself */
    {PCI_EXT_CAP_ID_ATS, 8},
    {PCI_EXT_CAP_ID_PRI, 16},
    {PCI_EXT_CAP_ID_PASID, 8},
    /* lets functions reach each other without the IOMMU */
    {PCI_EXT_CAP_ID_ACS, 8},
    /* change sizes and functions behind our back */
    {PCI_EXT_CAP_ID_REBAR, 52},
    {PCI_EXT_CAP_ID_VF_REBAR, 52},
    {PCI_EXT_CAP_ID_SRIOV, 64},
};

/* An empty capability (id 0) keeps the chain; what follows it reads 0. */
static uint32_t hidden_read(struct vpci *f, unsigned int reg)
{
    for ( unsigned int i = 0; i < f->nr_traps; i++ )
        if ( f->trap[i].read == hidden_read && f->trap[i].first == reg )
            return pci_conf_read(f->pdev, reg, 4) & 0xfff00000;
    return 0;
}

void vpci_ignore(struct vpci *f, unsigned int reg, uint32_t value,
                 uint32_t mask)
{
    (void)f, (void)reg, (void)value, (void)mask;
}

static int hide_caps(struct vpci *f)
{
    for ( unsigned int i = 0; i < ARRAY_SIZE(hidden_caps); i++ )
    {
        unsigned int at = pci_find_ext_cap(f->pdev, hidden_caps[i].id);
        unsigned int size = min(4096 - at, (unsigned int)hidden_caps[i].size);
        int rc = at ? vpci_trap(f, at, size, hidden_read, vpci_ignore) : 0;

        if ( rc )
            return rc;
    }
    return 0;
}

/* ---- life ---- */

static void init_buses(struct vpci *f)
{
    uint32_t v = pci_conf_read(f->pdev, PCI_PRIMARY_BUS, 4);

    f->primary = (uint8_t)v;
    f->secondary = (uint8_t)(v >> 8);
    f->subordinate = (uint8_t)(v >> 16);
    if ( f->pdev->secondary )
        f->vhost->bus_map[f->pdev->secondary] = f->pdev->secondary;
}

int vpci_header_init(struct vpci *f)
{
    bool bridge = pci_is_bridge(f->pdev);
    unsigned int rom = bridge ? PCI_ROM_ADDRESS1 : PCI_ROM_ADDRESS;
    int rc;

    /* Decoding starts off, so that nothing has to be mapped yet. */
    pci_conf_write(f->pdev, PCI_COMMAND, 2, 0);
    rc = vpci_trap(f, PCI_COMMAND, 4, command_read, command_write);
    if ( !rc )
        rc = vpci_trap(f, PCI_BAR0, bridge ? 8 : 24, bar_read, bar_write);
    if ( rc || f->guest )
        return rc ? rc : vpci_guest_init(f);

    rc = vpci_trap(f, rom, 4, vpci_hw_read, bar_write);
    if ( !rc && bridge )
    {
        init_buses(f);
        rc = vpci_trap(f, PCI_PRIMARY_BUS, 4, buses_read, buses_write);
    }
    if ( !rc )
        rc = vpci_msi_init(f);
    if ( !rc )
        rc = vpci_msix_init(f);
    return rc ? rc : hide_caps(f);
}

void vpci_header_exit(struct vpci *f)
{
    pci_conf_change(f->pdev, PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY,
                    0);
    f->memory = false;
    unmap_bars(f);
    if ( !f->d->is_dying )
        retry_bars(f->d);
}
