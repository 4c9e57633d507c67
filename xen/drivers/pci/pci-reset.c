/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pci-reset.c - bringing a function to its initial state between owners, and
 * when its owner asks for it. It takes up to a second and the hypervisor does
 * not wait: whoever started it calls pci_reset_poll() until it is over.
 *
 *   FLR     wait for its requests, start, 100 ms         5.0, 6.6.2
 *   bus     2 ms in reset, 100 ms, when nobody else is behind the bridge
 *   PM      10 ms in D3hot, 10 ms, when that resets it   5.0, 5.3.1.4
 *
 * then until it answers, and its BARs and PCI Express controls are written
 * back. The bus comes before the power state: it reaches all of the device.
 * "5.0": PCI Express Base Specification 5.0.
 */
#include "pci-private.h"

#include <proxenos.h>

#include <xen/bits.h>
#include <xen/lib.h>
#include <xen/time.h>

enum step {
    IDLE,
    WAKING,  /* it was in a low power state */
    PENDING, /* FLR: its requests are still answered */
    ASSERTED,
    LOW_POWER,
    SETTLING, /* it may not be touched */
    ANSWER
};

/* ---- what is kept ---- */

void pci_save(struct pci_dev *pdev)
{
    struct pci_saved *s = &pdev->saved;
    unsigned int cap = pdev->cap_exp;

    for ( unsigned int i = 0; i < 6; i++ )
        s->bar[i] = pci_conf_read(pdev, PCI_BAR0 + 4 * i, 4);
    if ( cap )
    {
        s->devctl = (uint16_t)pci_conf_read(pdev, cap + PCI_EXP_DEVCTL, 2);
        s->lnkctl = (uint16_t)pci_conf_read(pdev, cap + PCI_EXP_LNKCTL, 2);
        s->devctl2 = (uint16_t)pci_conf_read(pdev, cap + PCI_EXP_DEVCTL2, 2);
    }
    s->valid = true;
}

bool pci_saved_bar(const struct pci_dev *pdev, unsigned int i, maddr_t *ma)
{
    uint64_t addr = pdev->saved.bar[i] & PCI_BAR_MEM_MASK;

    if ( pdev->bar[i].type == BAR_MEM64 )
        addr |= (uint64_t)pdev->saved.bar[i + 1] << 32;
    return addr && !(addr & (pdev->bar[i].size - 1)) &&
           pci_bus_to_cpu(pdev->host, addr, pdev->bar[i].size, ma);
}

/* Version 1 and integrated endpoints have fewer registers. */
static void restore_exp(const struct pci_dev *pdev)
{
    unsigned int cap = pdev->cap_exp;
    unsigned int flags = pci_conf_read(pdev, cap + PCI_EXP_FLAGS, 2);

    pci_conf_write(pdev, cap + PCI_EXP_DEVCTL, 2,
                   pdev->saved.devctl & (uint16_t)~PCI_EXP_DEVCTL_FLR);
    if ( FIELD_GET(PCI_EXP_TYPE, flags) <= PCI_EXP_LEGACY )
        pci_conf_write(pdev, cap + PCI_EXP_LNKCTL, 2, pdev->saved.lnkctl);
    if ( (flags & PCI_EXP_VERSION) >= 2 )
        pci_conf_write(pdev, cap + PCI_EXP_DEVCTL2, 2, pdev->saved.devctl2);
}

void pci_restore(struct pci_dev *pdev)
{
    if ( !pdev->saved.valid )
        return;
    pci_conf_write(pdev, PCI_COMMAND, 2, PCI_COMMAND_INTX_OFF);
    if ( pdev->cap_pm )
        pci_conf_change(pdev, pdev->cap_pm + PCI_PM_CONTROL, PCI_PM_STATE, 0);
    for ( unsigned int i = 0; i < 6; i++ )
        pci_conf_write(pdev, PCI_BAR0 + 4 * i, 4, pdev->saved.bar[i]);
    if ( pdev->cap_exp )
        restore_exp(pdev);
}

/* ---- which kind ---- */

/* Does nobody use what else a reset of the bus would reach? */
static bool has_bus(const struct pci_dev *pdev)
{
    struct pci_dev *other;

    if ( !pdev->bridge )
        return false;
    list_for_each_entry (other, &pci_devices, list)
        if ( other != pdev && other->bridge == pdev->bridge && !other->gone &&
             (pci_is_bridge(other) || other->vpci) )
            return false;
    return true;
}

unsigned int pci_reset_kind(const struct pci_dev *pdev)
{
    if ( pdev->gone || pci_is_bridge(pdev) )
        return PX_RESET_NONE;
    if ( pdev->has_flr )
        return PX_RESET_FLR;
    if ( has_bus(pdev) )
        return PX_RESET_BUS;
    if ( pdev->cap_pm &&
         !(pci_conf_read(pdev, pdev->cap_pm + PCI_PM_CONTROL, 2) &
           PCI_PM_NO_SOFT_RESET) )
        return PX_RESET_PM;
    return PX_RESET_NONE;
}

/* ---- doing it ---- */

static void next(struct pci_dev *pdev, enum step step, s_time_t wait)
{
    pdev->reset.step = (uint8_t)step;
    pdev->reset.until = NOW() + wait;
}

/* The link goes down: not an event for who looks after the slot. */
static void assert_bus(struct pci_dev *pdev)
{
    struct pci_dev *b = pdev->bridge;

    if ( b->cap_exp &&
         (pci_conf_read(b, b->cap_exp + PCI_EXP_FLAGS, 2) & PCI_EXP_SLOT) )
    {
        unsigned int control = b->cap_exp + PCI_EXP_SLTCTL;

        pdev->reset.slot_control = (uint16_t)pci_conf_read(b, control, 2);
        pci_conf_change(b, control, PCI_EXP_SLTCTL_EVENTS, 0);
    }
    pci_conf_change(b, PCI_BRIDGE_CONTROL, 0, PCI_BRIDGE_RESET);
}

static void end_bus(struct pci_dev *pdev)
{
    struct pci_dev *b = pdev->bridge, *other;

    if ( b->cap_exp &&
         (pci_conf_read(b, b->cap_exp + PCI_EXP_FLAGS, 2) & PCI_EXP_SLOT) )
    {
        pci_conf_write(b, b->cap_exp + PCI_EXP_SLTSTA, 2,
                       PCI_EXP_SLTSTA_EVENTS);
        pci_conf_write(b, b->cap_exp + PCI_EXP_SLTCTL, 2,
                       pdev->reset.slot_control);
    }
    /* Those that nobody has at present were reset as well. */
    list_for_each_entry (other, &pci_devices, list)
        if ( other != pdev && other->bridge == b && !other->gone )
            pci_restore(other);
}

static void begin(struct pci_dev *pdev)
{
    pdev->reset.step = IDLE;
    switch ( pdev->reset.kind )
    {
    case PX_RESET_FLR:
        next(pdev, PENDING, MILLISECS(100));
        break;
    case PX_RESET_BUS:
        assert_bus(pdev);
        next(pdev, ASSERTED, MILLISECS(2));
        break;
    case PX_RESET_PM:
        pci_conf_change(pdev, pdev->cap_pm + PCI_PM_CONTROL, 0, PCI_PM_STATE);
        next(pdev, LOW_POWER, MILLISECS(10));
        break;
    default:
        /* At least what it had set up is gone, and it is awake. */
        pci_restore(pdev);
        break;
    }
}

void pci_reset_start(struct pci_dev *pdev, unsigned int kind)
{
    unsigned int pm = pdev->cap_pm;

    /* The one that its owner has begun does as well, and it may be silent. */
    if ( pdev->reset.step != IDLE && pdev->reset.kind == kind )
        return;
    pdev->reset.kind = (uint8_t)kind;
    pdev->reset.step = IDLE;
    /* Silent for another reason, which may be its owner's doing. */
    if ( !pci_present(pdev) )
        next(pdev, WAKING, MILLISECS(100));
    else if ( pm &&
              (pci_conf_read(pdev, pm + PCI_PM_CONTROL, 2) & PCI_PM_STATE) )
    {
        pci_conf_change(pdev, pm + PCI_PM_CONTROL, PCI_PM_STATE, 0);
        next(pdev, WAKING, MILLISECS(10));
    }
    else
        begin(pdev);
}

/* Time is up, or what was waited for has happened. */
static void go_on(struct pci_dev *pdev)
{
    unsigned int cap = pdev->cap_exp;

    switch ( pdev->reset.step )
    {
    case WAKING:
        begin(pdev);
        break;
    case PENDING:
        pci_conf_change(pdev, cap + PCI_EXP_DEVCTL, 0, PCI_EXP_DEVCTL_FLR);
        next(pdev, SETTLING, MILLISECS(100));
        break;
    case ASSERTED:
        pci_conf_change(pdev->bridge, PCI_BRIDGE_CONTROL, PCI_BRIDGE_RESET, 0);
        next(pdev, SETTLING, MILLISECS(100));
        break;
    case LOW_POWER:
        pci_conf_change(pdev, pdev->cap_pm + PCI_PM_CONTROL, PCI_PM_STATE, 0);
        next(pdev, SETTLING, MILLISECS(10));
        break;
    default:
        next(pdev, ANSWER, SECONDS(1));
        break;
    }
}

static bool pending(const struct pci_dev *pdev)
{
    return pci_conf_read(pdev, pdev->cap_exp + PCI_EXP_DEVSTA, 2) &
           PCI_EXP_DEVSTA_PENDING;
}

int pci_reset_poll(struct pci_dev *pdev)
{
    bool late, there;

    if ( pdev->reset.step == IDLE )
        return 0;
    late = NOW() >= pdev->reset.until;
    if ( pdev->reset.step != ANSWER )
    {
        if ( late || (pdev->reset.step == PENDING && !pending(pdev)) )
            go_on(pdev);
        return -ERESTART;
    }
    there = pci_present(pdev);
    if ( !there && !late )
        return -ERESTART;
    pdev->reset.step = IDLE;
    if ( pdev->reset.kind == PX_RESET_BUS )
        end_bus(pdev);
    if ( there )
        pci_restore(pdev);
    else
        printk(XENLOG_ERR "PCI %s: does not come back from its reset\n",
               pdev->dev.name);
    return there ? 0 : -ETIMEDOUT;
}

bool pci_bus_is_resetting(const struct pci_dev *pdev)
{
    struct pci_dev *other;

    list_for_each_entry (other, &pci_devices, list)
        if ( other != pdev && pdev->bridge && other->bridge == pdev->bridge &&
             other->reset.kind == PX_RESET_BUS &&
             pci_reset_poll(other) == -ERESTART )
            return true;
    return false;
}
