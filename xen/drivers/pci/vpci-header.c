/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpci-header.c - command register, BARs, bus numbers and what is hidden.
 *
 * Guest address == machine address: BARs go to the hardware as written, and
 * while memory decoding is on each BAR that lies in a memory window of the
 * host is mapped there in the P2M, and thus for the domain's devices too.
 * A BAR anywhere else stays unmapped, whatever the guest wrote: the windows
 * hold nothing but PCI.
 *
 * Bus numbers are the guest's to change, for itself only (vpci_host.bus_map).
 */
#include "vpci-private.h"

#include <xen/bits.h>
#include <xen/mm.h>

/* ---- BAR pages ---- */

/*
 * A page that several BARs smaller than it may share: mapped while one of
 * them is, unless an MSI-X table is on it.
 */
static int sync_page(struct domain *d, mfn_t mfn)
{
    enum p2m_type type = P2M_INVALID;
    gfn_t gfn = _gfn(mfn_x(mfn));
    bool used = false, trapped = false, mapped;
    unsigned int order;
    struct vpci *f;

    list_for_each_entry (f, &d->vpci.functions, list)
    {
        trapped |= vpci_msix_has_page(f, mfn);
        for ( unsigned int i = 0; i < PCI_NR_BARS; i++ )
            used |= f->bar[i].mapped && mfn_eq(f->bar[i].mfn, mfn);
    }
    mapped = !mfn_eq(p2m_lookup(d, gfn, &type, &order), INVALID_MFN);
    if ( used && !trapped && !mapped )
        return p2m_map_range(d, gfn, 1, mfn, P2M_MMIO_DIRECT);
    if ( mapped && (!used || trapped) )
        return p2m_unmap_range(d, gfn, 1);
    return 0;
}

/* The pages of a BAR less those of the MSI-X table: at most two runs. */
static int for_each_run(struct vpci *f, unsigned int i,
                        int (*fn)(struct vpci *f, unsigned int i, mfn_t mfn,
                                  unsigned long nr))
{
    unsigned long nr = f->pdev->bar[i].size >> PAGE_SHIFT, start = 0, n;
    mfn_t base = f->bar[i].mfn;
    int rc = 0;

    for ( n = 0; n <= nr && !rc; n++ )
    {
        /* Tables are at most 32 KiB: look closely only around them. */
        if ( n < nr && f->msix.nr && f->msix.bar == i )
        {
            if ( !vpci_msix_has_page(f, mfn_add(base, n)) )
            {
                unsigned long table = f->msix.offset >> PAGE_SHIFT;

                n = n < table ? table - 1 : nr - 1;
                continue;
            }
        }
        else
            n = nr;
        if ( n > start )
            rc = fn(f, i, mfn_add(base, start), n - start);
        start = n + 1;
    }
    return rc;
}

static int map_run(struct vpci *f, unsigned int i, mfn_t mfn, unsigned long nr)
{
    return p2m_map_range(f->d, _gfn(mfn_x(mfn)), nr, mfn,
                         f->pdev->bar[i].prefetchable ? P2M_MMIO_DIRECT_NC
                                                      : P2M_MMIO_DIRECT);
}

static int unmap_run(struct vpci *f, unsigned int i, mfn_t mfn,
                     unsigned long nr)
{
    (void)i;
    return p2m_unmap_range(f->d, _gfn(mfn_x(mfn)), nr);
}

/* Where the BAR stands by the hardware's register; false: nowhere usable. */
static bool bar_address(const struct vpci *f, unsigned int i, maddr_t *ma)
{
    const struct pci_bar *bar = &f->pdev->bar[i];
    unsigned int reg = PCI_BAR0 + i * 4;
    uint64_t addr;

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
    return pci_bus_to_cpu(f->pdev->host, addr, bar->size, ma);
}

static void unmap_bar(struct vpci *f, unsigned int i)
{
    struct vpci_bar *bar = &f->bar[i];
    int rc;

    if ( !bar->mapped )
        return;
    if ( f->pdev->bar[i].size < PAGE_SIZE )
    {
        bar->mapped = false;
        rc = sync_page(f->d, bar->mfn);
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

static void map_bar(struct vpci *f, unsigned int i)
{
    struct vpci_bar *bar = &f->bar[i];
    maddr_t ma;
    int rc;

    if ( !bar_address(f, i, &ma) )
        return;
    bar->addr = maddr_x(ma);
    bar->mfn = mfn_from_maddr(ma);
    bar->mapped = true;
    rc = f->pdev->bar[i].size < PAGE_SIZE ? sync_page(f->d, bar->mfn)
                                          : for_each_run(f, i, map_run);
    if ( rc )
    {
        /* Another BAR is there, or memory is out: accesses read all ones. */
        printk_ratelimited(XENLOG_WARN "PCI %s: BAR %u not mapped at %#lx "
                                       "(%d)\n",
                           f->pdev->dev.name, i, bar->addr, rc);
        bar->mapped = false;
    }
}

static void map_bars(struct vpci *f)
{
    for ( unsigned int i = 0; i < PCI_NR_BARS; i++ )
        map_bar(f, i);
    vpci_msix_program(f);
}

static void unmap_bars(struct vpci *f)
{
    for ( unsigned int i = 0; i < PCI_NR_BARS; i++ )
        unmap_bar(f, i);
}

/* ---- registers ---- */

static uint32_t hw_read(struct vpci *f, unsigned int reg)
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

/* The P2M never has a BAR that the function does not claim, and the reverse
 * only in between. */
static void command_write(struct vpci *f, unsigned int reg, uint32_t value,
                          uint32_t mask)
{
    uint32_t old = pci_conf_read(f->pdev, PCI_COMMAND, 2);
    uint32_t cmd = (old & ~mask) | (value & mask & 0xffff);
    bool memory = cmd & PCI_COMMAND_MEMORY;

    if ( mask & 0xffff )
    {
        if ( f->memory && !memory )
            unmap_bars(f);
        pci_conf_write(f->pdev, reg, 2, cmd & 0xffff);
        if ( !f->memory && memory )
            map_bars(f);
        f->memory = memory;
    }
    if ( mask >> 16 ) /* status: written ones clear */
        pci_conf_write(f->pdev, PCI_STATUS, 2, (value & mask) >> 16);
}

static void bar_write(struct vpci *f, unsigned int reg, uint32_t value,
                      uint32_t mask)
{
    bool rom = reg == PCI_ROM_ADDRESS || reg == PCI_ROM_ADDRESS1;
    unsigned int i = rom ? PCI_BAR_ROM : (reg - PCI_BAR0) / 4;

    if ( f->pdev->bar[i].type == BAR_MEM64_HI )
        i--;
    unmap_bar(f, i);
    hw_write(f, reg, value, mask);
    if ( !f->memory )
        return;
    map_bar(f, i);
    if ( f->msix.nr && f->msix.bar == i )
        vpci_msix_program(f);
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

static void hidden_write(struct vpci *f, unsigned int reg, uint32_t value,
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
        int rc = at ? vpci_trap(f, at, size, hidden_read, hidden_write) : 0;

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
    rc = vpci_trap(f, PCI_COMMAND, 4, hw_read, command_write);
    if ( !rc )
        rc = vpci_trap(f, PCI_BAR0, bridge ? 8 : 24, hw_read, bar_write);
    if ( !rc )
        rc = vpci_trap(f, rom, 4, hw_read, bar_write);
    if ( !rc && bridge )
    {
        init_buses(f);
        rc = vpci_trap(f, PCI_PRIMARY_BUS, 4, buses_read, buses_write);
    }
    return rc ? rc : hide_caps(f);
}

void vpci_header_exit(struct vpci *f)
{
    pci_conf_change(f->pdev, PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY,
                    0);
    unmap_bars(f);
}
