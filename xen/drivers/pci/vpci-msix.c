/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpci-msix.c - the MSI-X capability and table: the guest's entries are kept
 * here, the hardware's table holds vectors of ours.
 *
 * Pages of the table are not in the P2M: accesses arrive here, or go to the
 * registers beside the table. The pending bits are the function's own; on a
 * page of their own they are mapped.
 *
 * An entry of the hardware is unmasked only while the guest has it unmasked and
 * a vector is behind it; it is masked whenever its message changes. The
 * function's own Enable and Function Mask are the guest's, so that to change
 * them concerns no entry: there may be thousands, each with commands for the
 * ITS. The function's reset masks them all.
 *
 * PCI Local Bus Specification 3.0, 6.8.2 "MSI-X Capability and Table
 * Structures".
 */
#include "vpci-private.h"

#include <xen/bits.h>
#include <xen/io.h>
#include <xen/mm.h>

/* So many entries lose their vectors in one go: each has an ITS at work. */
#define EXIT_SLICE 64U

static uint64_t table_address(const struct vpci *f)
{
    return f->bar[f->msix.bar].addr + f->msix.offset;
}

static uint64_t table_size(const struct vpci *f)
{
    return (uint64_t)f->msix.nr * PCI_MSIX_ENTRY_SIZE;
}

static bool table_mapped(const struct vpci *f)
{
    return f->msix.nr && f->bar[f->msix.bar].mapped;
}

bool vpci_msix_has_page(const struct vpci *f, uint64_t gfn)
{
    uint64_t first, last;

    if ( !table_mapped(f) )
        return false;
    first = table_address(f) >> PAGE_SHIFT;
    last = (table_address(f) + table_size(f) - 1) >> PAGE_SHIFT;
    return gfn >= first && gfn <= last;
}

bool vpci_msix_in_table(const struct vpci *f, uint64_t addr)
{
    return table_mapped(f) && addr >= table_address(f) &&
           addr - table_address(f) < table_size(f);
}

/* ---- the hardware's table ---- */

/*
 * A word of an entry. A table begins at any multiple of eight: an entry may be
 * on two pages.
 */
static void *hw_word(const struct vpci *f, unsigned int i, unsigned int reg)
{
    return vpci_device_page(f->bar[f->msix.bar].maddr + f->msix.offset +
                            i * PCI_MSIX_ENTRY_SIZE + reg);
}

/* Bring one entry of the hardware in line with what the guest wrote. */
static void update_entry(struct vpci *f, unsigned int i)
{
    struct vpci_msix_entry *e = &f->msix.entry[i];
    uint32_t *addr = hw_word(f, i, 0), *data = hw_word(f, i, 8);
    uint32_t *ctrl = hw_word(f, i, PCI_MSIX_ENTRY_CTRL);

    if ( !addr || !data || !ctrl )
        return;
    write32(ctrl, PCI_MSIX_ENTRY_MASKED);
    if ( e->masked )
        return;
    (void)read32(ctrl); /* masked before it changes */
    if ( vpci_msg_update(f, &e->msg, i) )
        return;
    write32(addr, (uint32_t)maddr_x(e->msg.msg.doorbell));
    write32(addr + 1, (uint32_t)(maddr_x(e->msg.msg.doorbell) >> 32));
    write32(data, e->msg.msg.data);
    write32(ctrl, 0);
}

/* ---- the guest's table ---- */

uint32_t vpci_msix_read(struct vpci *f, uint64_t addr)
{
    uint64_t offset = addr - table_address(f);
    const struct vpci_msix_entry *e;

    if ( offset >= table_size(f) )
        return ~0U;
    e = &f->msix.entry[offset / PCI_MSIX_ENTRY_SIZE];
    switch ( offset % PCI_MSIX_ENTRY_SIZE )
    {
    case 0:
        return (uint32_t)e->msg.addr;
    case 4:
        return (uint32_t)(e->msg.addr >> 32);
    case 8:
        return e->msg.data;
    default:
        return e->masked ? PCI_MSIX_ENTRY_MASKED : 0;
    }
}

void vpci_msix_write(struct vpci *f, uint64_t addr, uint32_t value,
                     uint32_t mask)
{
    uint64_t offset = addr - table_address(f);
    unsigned int i = (unsigned int)(offset / PCI_MSIX_ENTRY_SIZE);
    struct vpci_msix_entry *e;
    uint32_t v;

    if ( offset >= table_size(f) )
        return;
    e = &f->msix.entry[i];
    v = (vpci_msix_read(f, addr) & ~mask) | (value & mask);
    switch ( offset % PCI_MSIX_ENTRY_SIZE )
    {
    case 0:
        e->msg.addr = (e->msg.addr & ~0xffffffffULL) | (v & ~3U);
        return;
    case 4:
        e->msg.addr = (e->msg.addr & 0xffffffffULL) | (uint64_t)v << 32;
        return;
    case 8:
        e->msg.data = v;
        break;
    default:
        e->masked = v & PCI_MSIX_ENTRY_MASKED;
        break;
    }
    update_entry(f, i);
}

/* ---- the capability ---- */

/* Of a frame there are few: an entry that cannot send keeps none, when MSI-X
 * goes off. An ITS has enough for all, until the function goes. */
static void set_control(struct vpci *f, uint16_t on)
{
    pci_conf_change(f->pdev, f->pdev->cap_msix + PCI_MSIX_CONTROL,
                    PCI_MSIX_ENABLE | PCI_MSIX_MASK_ALL, on);
    if ( (on & PCI_MSIX_ENABLE) || msi_isolated() )
        return;
    for ( unsigned int i = 0; i < f->msix.nr; i++ )
        if ( f->msix.entry[i].masked )
            vpci_msg_free(&f->msix.entry[i].msg);
}

static void control_write(struct vpci *f, unsigned int reg, uint32_t value,
                          uint32_t mask)
{
    uint32_t v = (vpci_hw_read(f, reg) & ~mask) | (value & mask);

    set_control(f, (uint16_t)(v >> 16 & (PCI_MSIX_ENABLE | PCI_MSIX_MASK_ALL)));
}

int vpci_msix_init(struct vpci *f)
{
    const struct pci_dev *pdev = f->pdev;
    unsigned int cap = pdev->cap_msix, nr;
    const struct pci_bar *bar;
    uint32_t table;

    if ( !cap )
        return 0;
    nr = (pci_conf_read(pdev, cap + PCI_MSIX_CONTROL, 2) & PCI_MSIX_SIZE) + 1;
    table = pci_conf_read(pdev, cap + PCI_MSIX_TABLE, 4);
    f->msix.bar = table & PCI_MSIX_BIR;
    f->msix.offset = table & ~PCI_MSIX_BIR;
    bar = &pdev->bar[f->msix.bar < 6 ? f->msix.bar : 0];
    if ( f->msix.bar >= 6 ||
         (bar->type != BAR_MEM32 && bar->type != BAR_MEM64) ||
         f->msix.offset + (uint64_t)nr * PCI_MSIX_ENTRY_SIZE > bar->size )
    {
        printk(XENLOG_ERR "PCI %s: its MSI-X table is in no BAR\n",
               pdev->dev.name);
        return -EINVAL;
    }
    f->msix.entry = xzalloc_array(struct vpci_msix_entry, nr);
    if ( !f->msix.entry )
        return -ENOMEM;
    f->msix.nr = nr;
    vpci_msix_reset(f);
    return vpci_trap(f, cap, 4, vpci_hw_read, control_write);
}

void vpci_msix_reset(struct vpci *f)
{
    if ( !f->msix.nr )
        return;
    for ( unsigned int i = 0; i < f->msix.nr; i++ )
    {
        struct vpci_msix_entry *e = &f->msix.entry[i];

        e->masked = true;
        e->msg.addr = e->msg.data = 0;
    }
    set_control(f, 0);
}

bool vpci_msix_exit(struct vpci *f)
{
    unsigned int left = f->msix.nr > EXIT_SLICE ? f->msix.nr - EXIT_SLICE : 0;

    while ( f->msix.nr > left )
        vpci_msg_free(&f->msix.entry[--f->msix.nr].msg);
    if ( left )
        return false;
    xfree(f->msix.entry);
    return true;
}
