/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pci-intx.c - interrupt pins. A line is a level that functions of several
 * domains share, so it is ours: its handler looks which functions assert,
 * sets their Interrupt Disable and raises the virtual line of the owner. When
 * the guest has ended that (pci_intx_ended()), the functions behind it may
 * assert again: one that still does fires at once. dom0's functions go the
 * same way; its virtual lines have the numbers of the machine's.
 *
 * A function that fires without end is left masked for a while, and so is a
 * line that no function explains.
 *
 * Lock: line->lock (LOCK_RANK_IRQ), while the virtual line is raised, too.
 * PCI Local Bus Specification 3.0, 6.2.2 "Device Control", 6.2.3 "Device
 * Status"; PCI-to-PCI Bridge Architecture 1.2, 9.1 "Interrupt Routing".
 */
#include "pci-private.h"

#include <xen/bits.h>
#include <xen/device-tree.h>
#include <xen/domain.h>
#include <xen/lib.h>
#include <xen/softirq.h>
#include <xen/timer.h>

#define MAX_LINES   16U
#define HOLD_TIME   MILLISECS(100)
#define HOLD_LIMIT  5000U /* interrupts of a function in that time */
#define STRAY_LIMIT 100U  /* in a row that nobody explains */

struct pci_line {
    spinlock_t lock;
    unsigned int irq;
    struct list_head functions; /* struct pci_dev.intx.list; lock */
    unsigned int strays;        /* lock */
    bool off;                   /* lock: too many of them */
    struct timer timer;         /* ends what is held */
};
static struct pci_line lines[MAX_LINES];
static unsigned int nr_lines; /* grows only, under the device lock */

/* ---- one function; line->lock held ---- */

static void set_masked(struct pci_dev *pdev, bool masked)
{
    pdev->intx.masked = masked;
    if ( masked )
        pci_conf_change(pdev, PCI_COMMAND, 0, PCI_COMMAND_INTX_OFF);
    else if ( !pdev->intx.off )
        pci_conf_change(pdev, PCI_COMMAND, PCI_COMMAND_INTX_OFF, 0);
}

static void check_rate(struct pci_dev *pdev)
{
    s_time_t now;

    if ( ++pdev->intx.count < HOLD_LIMIT )
        return;
    now = NOW();
    if ( now - pdev->intx.window < HOLD_TIME )
    {
        pdev->intx.held = true;
        timer_set(&pdev->intx.line->timer, now + HOLD_TIME);
        printk_ratelimited(XENLOG_WARN "d%u: PCI %s: interrupts without end, "
                                       "held back\n",
                           pdev->intx.d->domain_id, pdev->dev.name);
    }
    pdev->intx.window = now;
    pdev->intx.count = 0;
}

/* True when it was this function, and it obeys: one that goes on although it
 * was told not to would keep us here for ever. */
static bool forward(struct pci_dev *pdev)
{
    uint32_t v = pci_conf_read(pdev, PCI_COMMAND, 4);

    if ( v == ~0U || pdev->intx.masked || (v & PCI_COMMAND_INTX_OFF) ||
         !(v >> 16 & PCI_STATUS_INTX) )
        return false;
    set_masked(pdev, true);
    check_rate(pdev);
    vgic_inject(pdev->intx.d, NULL, pdev->intx.virq, true);
    return true;
}

static void line_irq(unsigned int irq, void *data)
{
    struct pci_line *line = data;
    struct pci_dev *pdev;
    bool found = false;

    spin_lock(&line->lock);
    list_for_each_entry (pdev, &line->functions, intx.list)
        found |= forward(pdev);
    line->strays = found ? 0 : line->strays + 1;
    if ( line->strays == STRAY_LIMIT )
    {
        line->strays = 0;
        line->off = true;
        irq_mute(irq);
        timer_set(&line->timer, NOW() + HOLD_TIME);
        printk_ratelimited(XENLOG_WARN "PCI interrupt %u is nobody's: off for "
                                       "a while\n",
                           irq);
    }
    spin_unlock(&line->lock);
}

/* ---- the guest's end of it ---- */

static void unmask_ended(struct pci_line *line)
{
    struct pci_dev *pdev;

    spin_lock(&line->lock);
    list_for_each_entry (pdev, &line->functions, intx.list)
        if ( pdev->intx.masked && !pdev->intx.held &&
             !vgic_line(pdev->intx.d, pdev->intx.virq) )
            set_masked(pdev, false);
    spin_unlock(&line->lock);
}

static void ended(void *unused)
{
    (void)unused;
    for ( unsigned int i = 0; i < __atomic_load_n(&nr_lines, __ATOMIC_ACQUIRE);
          i++ )
        unmask_ended(&lines[i]);
}

void pci_intx_ended(void)
{
    static struct tasklet tasklet = {.function = ended};

    tasklet_schedule(&tasklet);
}

static void timer_fired(void *data)
{
    struct pci_line *line = data;
    struct pci_dev *pdev;

    spin_lock(&line->lock);
    list_for_each_entry (pdev, &line->functions, intx.list)
        pdev->intx.held = false;
    if ( line->off )
        irq_unmute(line->irq);
    line->off = false;
    spin_unlock(&line->lock);
    unmask_ended(line);
}

/* ---- which line ---- */

bool pci_intx_pin(const struct pci_dev *pdev, unsigned int *pin)
{
    unsigned int p = pci_conf_read(pdev, PCI_INTERRUPT_PIN, 1);

    if ( p - 1 > 3 )
        return false;
    *pin = p - 1;
    return true;
}

static struct pci_line *find_line(const struct pci_dev *pdev)
{
    enum irq_type type;
    unsigned int pin, irq, i;
    uint32_t unit[4];

    if ( !pci_intx_pin(pdev, &pin) )
        return NULL;
    for ( ; pdev->bridge; pdev = pdev->bridge )
        pin = (pin + (pdev->sbdf.devfn >> 3)) % 4;
    unit[0] = (uint32_t)pdev->sbdf.bus << 16 | (uint32_t)pdev->sbdf.devfn << 8;
    unit[1] = unit[2] = 0;
    unit[3] = pin + 1;
    if ( dt_map_irq(pdev->host->np, unit, &irq, &type) )
        return NULL;

    for ( i = 0; i < nr_lines; i++ )
        if ( lines[i].irq == irq )
            return &lines[i];
    if ( i == MAX_LINES )
        return NULL;
    spin_lock_init(&lines[i].lock, LOCK_RANK_IRQ);
    list_init(&lines[i].functions);
    lines[i].irq = irq;
    timer_init(&lines[i].timer, timer_fired, &lines[i], smp_processor_id());
    if ( irq_request(irq, type, line_irq, &lines[i], "PCI INTx") )
        return NULL;
    __atomic_store_n(&nr_lines, nr_lines + 1, __ATOMIC_RELEASE);
    return &lines[i];
}

void pci_intx_attach(struct pci_dev *pdev, struct domain *d, unsigned int virq)
{
    struct pci_line *line = find_line(pdev);
    unsigned int pin;

    if ( !line )
    {
        if ( pci_intx_pin(pdev, &pin) )
            printk(XENLOG_WARN "PCI %s: its interrupt pin leads nowhere\n",
                   pdev->dev.name);
        return;
    }
    virq = virq ? virq : line->irq;
    (void)vgic_reserve_irq(d, virq); /* others of @d may have the same one */
    vgic_watch(d, virq);
    spin_lock(&line->lock);
    pdev->intx.d = d;
    pdev->intx.virq = virq;
    pdev->intx.off = pdev->intx.masked = pdev->intx.held = false;
    pdev->intx.line = line;
    list_add_tail(&pdev->intx.list, &line->functions);
    spin_unlock(&line->lock);
}

void pci_intx_detach(struct pci_dev *pdev)
{
    struct pci_line *line = pdev->intx.line;

    if ( !line )
        return;
    spin_lock(&line->lock);
    list_del(&pdev->intx.list);
    pdev->intx.line = NULL;
    /* If another one holds it up, that will fire again. */
    vgic_inject(pdev->intx.d, NULL, pdev->intx.virq, false);
    spin_unlock(&line->lock);
    pci_intx_ended();
}

void pci_intx_command(struct pci_dev *pdev, uint16_t command)
{
    struct pci_line *line = pdev->intx.line;

    if ( line )
        spin_lock(&line->lock);
    pdev->intx.off = command & PCI_COMMAND_INTX_OFF;
    if ( line && pdev->intx.masked )
        command |= PCI_COMMAND_INTX_OFF;
    pci_conf_write(pdev, PCI_COMMAND, 2, command);
    if ( line )
        spin_unlock(&line->lock);
}
