/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpci-msi.c - the MSI capability: the guest's address and data are kept
 * here, the hardware gets a vector of ours. One message per function is
 * offered; mask and pending bits are the function's own.
 *
 * PCI Local Bus Specification 3.0, 6.8.1 "MSI Capability Structure".
 */
#include "vpci-private.h"

#include <xen/bits.h>

static unsigned int data_offset(const struct vpci *f)
{
    return f->msi.control & PCI_MSI_64 ? 12 : 8;
}

/* Have the function send what the guest asked for, or nothing. */
static void update(struct vpci *f)
{
    const struct pci_dev *pdev = f->pdev;
    unsigned int cap = pdev->cap_msi;
    struct vpci_msg *m = &f->msi.msg;

    pci_conf_change(pdev, cap + PCI_MSI_CONTROL, PCI_MSI_ENABLE | PCI_MSI_MME,
                    0);
    if ( !f->msi.enabled )
    {
        vpci_msg_free(m);
        return;
    }
    if ( vpci_msg_update(f, m, 0) )
        return;
    if ( !(f->msi.control & PCI_MSI_64) && maddr_x(m->msg.doorbell) >> 32 )
    {
        printk_ratelimited(XENLOG_ERR "PCI %s: its MSI cannot reach %#lx\n",
                           pdev->dev.name, maddr_x(m->msg.doorbell));
        return;
    }
    pci_conf_write(pdev, cap + PCI_MSI_ADDRESS, 4,
                   (uint32_t)maddr_x(m->msg.doorbell));
    if ( f->msi.control & PCI_MSI_64 )
        pci_conf_write(pdev, cap + PCI_MSI_ADDRESS + 4, 4,
                       (uint32_t)(maddr_x(m->msg.doorbell) >> 32));
    pci_conf_write(pdev, cap + data_offset(f), 2, m->msg.data & 0xffff);
    pci_conf_change(pdev, cap + PCI_MSI_CONTROL, 0, PCI_MSI_ENABLE);
}

static uint32_t msi_read(struct vpci *f, unsigned int reg)
{
    unsigned int offset = reg - f->pdev->cap_msi;
    uint32_t hw = pci_conf_read(f->pdev, reg, 4);

    if ( offset == 0 )
        return (hw & 0xffff) | (uint32_t)f->msi.control << 16 |
               (f->msi.enabled ? (uint32_t)PCI_MSI_ENABLE << 16 : 0);
    if ( offset == PCI_MSI_ADDRESS )
        return (uint32_t)f->msi.msg.addr;
    if ( offset == data_offset(f) )
        return (hw & 0xffff0000) | (f->msi.msg.data & 0xffff);
    return (uint32_t)(f->msi.msg.addr >> 32);
}

static void msi_write(struct vpci *f, unsigned int reg, uint32_t value,
                      uint32_t mask)
{
    unsigned int offset = reg - f->pdev->cap_msi;
    uint32_t v = (msi_read(f, reg) & ~mask) | (value & mask);
    uint64_t *addr = &f->msi.msg.addr;

    if ( offset == 0 )
        f->msi.enabled = v >> 16 & PCI_MSI_ENABLE;
    else if ( offset == PCI_MSI_ADDRESS )
        *addr = (*addr & ~0xffffffffULL) | (v & ~3U);
    else if ( offset == data_offset(f) )
        f->msi.msg.data = v & 0xffff;
    else
        *addr = (*addr & 0xffffffffULL) | (uint64_t)v << 32;
    update(f);
}

int vpci_msi_init(struct vpci *f)
{
    unsigned int cap = f->pdev->cap_msi;

    if ( !cap )
        return 0;
    /* One message: the vectors of several would have to be consecutive. */
    f->msi.control =
        (uint16_t)(pci_conf_read(f->pdev, cap + PCI_MSI_CONTROL, 2) &
                   ~(PCI_MSI_ENABLE | PCI_MSI_MME | PCI_MSI_MMC));
    f->msi.shown = true;
    return vpci_trap(f, cap, data_offset(f) + 4, msi_read, msi_write);
}

void vpci_msi_reset(struct vpci *f)
{
    if ( !f->msi.shown )
        return;
    f->msi.enabled = false;
    update(f);
    f->msi.msg = (struct vpci_msg){0};
}

void vpci_msi_exit(struct vpci *f)
{
    vpci_msi_reset(f);
}
