/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpci-guest.c - what a domU sees of a function besides command register and
 * BARs: what is listed here. Everything else reads 0 and takes no writes: port
 * I/O, the ROM, all extended capabilities, link and slot registers, and error
 * reporting, which is the machine's.
 *
 *   power management  the state is the guest's own; the function stays in D0
 *   PCI Express       an endpoint of the root complex; a function level reset
 *                     is passed on, and all reads 1s until it is over
 *   MSI, MSI-X        where they name their device (ITS), or by consent
 *   vendor specific   to be read (virtio finds its registers by them)
 *
 * PCI Local Bus Specification 3.0, chapter 6; PCI Express Base Specification
 * 5.0, 7.5.2 and 7.5.3.
 */
#include "vpci-private.h"

#include <proxenos.h>

#include <xen/bits.h>

#define HEADER_TYPE_MASK 0x007f0000U /* of the dword; one function */
#define PM_CAPABILITIES  0x0007ffffU /* version; no D1, D2 or PME */
#define EXP_CAPABILITIES 0x10008007U /* FLR, role-based errors, payload */

static uint32_t header_read(struct vpci *f, unsigned int reg)
{
    return pci_conf_read(f->pdev, reg, 4) & HEADER_TYPE_MASK;
}

static uint32_t pointer_read(struct vpci *f, unsigned int reg)
{
    (void)reg;
    return f->first_cap;
}

/* ---- interrupt line and pin ---- */

static uint32_t interrupt_read(struct vpci *f, unsigned int reg)
{
    uint32_t pin =
        f->pdev->intx.line ? pci_conf_read(f->pdev, PCI_INTERRUPT_PIN, 1) : 0;

    (void)reg;
    return f->irq_line | pin << 8;
}

static void interrupt_write(struct vpci *f, unsigned int reg, uint32_t value,
                            uint32_t mask)
{
    (void)reg;
    f->irq_line = (uint8_t)((f->irq_line & ~mask) | (value & mask));
}

/* ---- power management ---- */

static uint32_t pm_read(struct vpci *f, unsigned int reg)
{
    return reg == f->pdev->cap_pm
               ? pci_conf_read(f->pdev, reg, 4) & PM_CAPABILITIES
               : f->pm_state | PCI_PM_NO_SOFT_RESET;
}

static void pm_write(struct vpci *f, unsigned int reg, uint32_t value,
                     uint32_t mask)
{
    if ( reg != f->pdev->cap_pm && (mask & PCI_PM_STATE) )
        f->pm_state = value & PCI_PM_STATE;
}

/* ---- PCI Express ---- */

static uint32_t exp_read(struct vpci *f, unsigned int reg)
{
    uint32_t hw = pci_conf_read(f->pdev, reg, 4);

    switch ( reg - f->pdev->cap_exp )
    {
    case 0: /* with PCI_EXP_FLAGS */
        return (hw & (PCI_EXP_VERSION << 16 | 0xffff)) |
               FIELD_PREP(PCI_EXP_TYPE, PCI_EXP_INTEGRATED) << 16;
    case PCI_EXP_DEVCAP:
        return hw & (f->pdev->has_flr ? EXP_CAPABILITIES
                                      : EXP_CAPABILITIES & ~PCI_EXP_DEVCAP_FLR);
    case PCI_EXP_DEVCTL:
        return f->exp_control | (hw & 0xffff0000);
    default:
        return 0;
    }
}

/* What the guest had set up is gone, here as in the hardware. */
static void function_reset(struct vpci *f)
{
    vpci_msi_reset(f);
    vpci_msix_reset(f);
    vpci_header_exit(f);
    for ( unsigned int i = 0; i < PCI_NR_BARS; i++ )
        f->bar[i].reg = 0;
    f->command = f->exp_control = 0;
    f->irq_line = f->pm_state = 0;
    pci_intx_command(f->pdev, 0);
    pci_reset_start(f->pdev, PX_RESET_FLR);
}

static void exp_write(struct vpci *f, unsigned int reg, uint32_t value,
                      uint32_t mask)
{
    uint32_t control;

    if ( reg - f->pdev->cap_exp != PCI_EXP_DEVCTL )
        return;
    control = (f->exp_control & ~mask) | (value & mask);
    f->exp_control = (uint16_t)(control & ~PCI_EXP_DEVCTL_FLR);
    if ( mask >> 16 ) /* status: written ones clear */
        pci_conf_write(f->pdev, reg + 2, 2, (value & mask) >> 16);
    if ( f->pdev->has_flr && (control & PCI_EXP_DEVCTL_FLR) )
        function_reset(f);
}

/* ---- the list of capabilities ---- */

/* True: the guest sees it. */
static bool show_cap(struct vpci *f, unsigned int at, unsigned int id, int *rc)
{
    const struct pci_dev *pdev = f->pdev;
    unsigned int size = 0;

    switch ( id )
    {
    case PCI_CAP_ID_PM:
        if ( at == pdev->cap_pm )
            *rc = vpci_trap(f, at, 8, pm_read, pm_write);
        return at == pdev->cap_pm;
    case PCI_CAP_ID_EXP:
        if ( at == pdev->cap_exp )
            *rc = vpci_trap(f, at, 12, exp_read, exp_write);
        return at == pdev->cap_exp;
    case PCI_CAP_ID_MSI:
        if ( f->messages && at == pdev->cap_msi )
            *rc = vpci_msi_init(f);
        return f->messages && at == pdev->cap_msi;
    case PCI_CAP_ID_MSIX:
        if ( !f->messages || at != pdev->cap_msix )
            return false;
        *rc = vpci_msix_init(f);
        if ( !*rc )
            *rc =
                vpci_trap(f, at + PCI_MSIX_TABLE, 8, vpci_hw_read, vpci_ignore);
        return true;
    case PCI_CAP_ID_VENDOR:
        size = pci_conf_read(pdev, at + 2, 1) & ~3U;
        if ( size < 4 || at + size > PCI_EXT_CAP_START )
            return false;
        *rc = vpci_trap(f, at, size, vpci_hw_read, vpci_ignore);
        return true;
    default:
        return false;
    }
}

static int link_caps(struct vpci *f)
{
    unsigned int at = 0;
    uint8_t *link = &f->first_cap;
    int rc = 0;

    if ( pci_conf_read(f->pdev, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST )
        at = pci_conf_read(f->pdev, PCI_CAP_POINTER, 1) & ~3U;
    for ( unsigned int left = 48; left && at >= 0x40 && !rc; left-- )
    {
        unsigned int id = pci_conf_read(f->pdev, at, 1);

        if ( !f->next_cap[at / 4] && show_cap(f, at, id, &rc) )
        {
            *link |= (uint8_t)at;
            link = &f->next_cap[at / 4];
            *link = VPCI_CAP;
        }
        at = pci_conf_read(f->pdev, at + 1, 1) & ~3U;
    }
    return rc;
}

int vpci_guest_init(struct vpci *f)
{
    int rc = vpci_trap(f, PCI_VENDOR_ID, 4, vpci_hw_read, vpci_ignore);

    if ( !rc )
        rc = vpci_trap(f, PCI_CLASS_REVISION, 4, vpci_hw_read, vpci_ignore);
    if ( !rc )
        rc = vpci_trap(f, PCI_CACHE_LINE, 4, header_read, vpci_ignore);
    if ( !rc )
        rc = vpci_trap(f, PCI_SUBSYSTEM, 4, vpci_hw_read, vpci_ignore);
    if ( !rc )
        rc = vpci_trap(f, PCI_CAP_POINTER, 4, pointer_read, vpci_ignore);
    if ( !rc )
        rc = vpci_trap(f, PCI_INTERRUPT_LINE, 4, interrupt_read,
                       interrupt_write);
    return rc ? rc : link_caps(f);
}
