/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who handles which physical interrupt: one descriptor per SGI, PPI and SPI.
 * Message interrupts are msi.c; the registers are the GIC driver's.
 *
 * desc->lock (LOCK_RANK_IRQ) is held while the interrupt is injected into its
 * guest, so that release of a descriptor waits for that; not while one of our
 * own handlers runs, for those are never taken away.
 */
#include <xen/irq.h>

#include <xen/bits.h>
#include <xen/compiler.h>
#include <xen/device-tree.h>
#include <xen/domain.h>
#include <xen/errno.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <xen/smp.h>
#include <xen/spinlock.h>
#include <asm/gic.h>
#include <asm/sysreg.h>
#include <asm/vgic.h>

#define IAR_INTID     GENMASK32(23, 0)
#define INTID_SPECIAL 1020U /* 1020..1023: nothing for us */
#define PRIO_DEFAULT  0xa0U
#define PRIO_IPI      0x90U

struct irq_desc {
    spinlock_t lock;
    irq_handler_t handler; /* set once */
    void *dev;
    const char *name;     /* NULL: free */
    struct domain *guest; /* lock */
    unsigned int virq;    /* lock */
    enum irq_type type;
    bool leave_active;
};

static struct irq_desc *irq_descs;
static uint64_t spi_listed[DIV_ROUND_UP(IRQ_SPI_END, 64)]; /* boot only */

static struct irq_desc *irq_desc(unsigned int irq)
{
    return irq < gic_nr_irqs ? &irq_descs[irq] : NULL;
}

/* Every interrupt that some node of the host's tree names. */
static void list_spis(void)
{
    struct dt_node *np;
    enum irq_type type;
    unsigned int irq;

    dt_for_each_node (np)
        for ( unsigned int i = 0;; i++ )
        {
            int rc = dt_get_irq(np, i, &irq, &type);

            if ( rc == -ENOENT || rc == -EINVAL )
                break;
            if ( !rc && irq < IRQ_SPI_END )
                spi_listed[irq / 64] |= BIT64(irq % 64);
        }
}

void irq_init(unsigned int nr)
{
    irq_descs = xzalloc_array(struct irq_desc, nr);
    BUG_ON(!irq_descs);
    for ( unsigned int i = 0; i < nr; i++ )
        spin_lock_init(&irq_descs[i].lock, LOCK_RANK_IRQ);
    list_spis();
}

bool irq_listed(unsigned int irq)
{
    return irq < IRQ_SPI_END && (spi_listed[irq / 64] & BIT64(irq % 64));
}

int irq_request(unsigned int irq, enum irq_type type, irq_handler_t handler,
                void *dev, const char *name)
{
    struct irq_desc *desc = irq_desc(irq);

    if ( !desc || irq < IRQ_PPI_FIRST )
        return -EINVAL;

    spin_lock(&desc->lock);
    if ( desc->name )
    {
        spin_unlock(&desc->lock);
        return -EBUSY;
    }
    desc->dev = dev;
    desc->handler = handler;
    desc->name = name;
    desc->type = type;
    spin_unlock(&desc->lock);

    gic->set_type(irq, type);
    gic->set_priority(irq, PRIO_DEFAULT);
    if ( irq >= IRQ_SPI_FIRST )
        gic->set_affinity(irq, smp_processor_id());
    gic->enable(irq);

    return 0;
}

void irq_mute(unsigned int irq)
{
    gic->disable(irq);
}

void irq_unmute(unsigned int irq)
{
    gic->enable(irq);
}

void irq_enable_percpu(unsigned int irq)
{
    const struct irq_desc *desc = irq_desc(irq);

    ASSERT(desc && desc->name && irq < IRQ_SPI_FIRST);
    gic->set_type(irq, desc->type);
    gic->set_priority(irq, PRIO_DEFAULT);
    gic->enable(irq);
}

void irq_leave_active(unsigned int irq)
{
    irq_descs[irq].leave_active = true;
}

int irq_route_to_guest(struct domain *d, unsigned int virq, unsigned int irq,
                       enum irq_type type, const char *name)
{
    struct irq_desc *desc = irq_desc(irq);
    int rc;

    if ( !desc || irq < IRQ_SPI_FIRST || type == IRQ_TYPE_INVALID )
        return -EINVAL;

    spin_lock(&desc->lock);
    if ( desc->name )
        /* Two nodes of one domain may share a line. */
        rc = desc->guest == d && desc->virq == virq ? 0 : -EBUSY;
    else
    {
        gic->disable(irq);
        gic->set_type(irq, type);
        gic->set_priority(irq, PRIO_DEFAULT);
        gic->set_affinity(irq, smp_processor_id());
        rc = vgic_link(d, virq, irq, irq_type_is_level(type));
        if ( !rc )
        {
            desc->guest = d;
            desc->virq = virq;
            desc->type = type;
            desc->name = name;
        }
    }
    spin_unlock(&desc->lock);

    return rc;
}

int irq_release_guest(struct domain *d, unsigned int irq)
{
    struct irq_desc *desc = irq_desc(irq);
    unsigned int virq;

    if ( !desc )
        return -ENOENT;

    spin_lock(&desc->lock);
    if ( !desc->guest || desc->guest != d )
    {
        spin_unlock(&desc->lock);
        return -ENOENT;
    }
    gic->disable(irq);
    desc->guest = NULL; /* its name stays: nobody takes it yet */
    virq = desc->virq;
    spin_unlock(&desc->lock);

    /* This may ask the CPU that runs the guest, which may want desc->lock. */
    vgic_unlink(d, virq);

    spin_lock(&desc->lock);
    gic->disable(irq); /* the guest could enable it up to the unlinking */
    gic->set_pending(irq, false);
    gic->set_active(irq, false);
    desc->name = NULL;
    spin_unlock(&desc->lock);

    return 0;
}

const char *irq_name(unsigned int irq)
{
    const struct irq_desc *desc = irq_desc(irq);

    return desc ? desc->name : NULL;
}

struct domain *irq_guest(unsigned int irq)
{
    const struct irq_desc *desc = irq_desc(irq);

    return desc ? READ_ONCE(desc->guest) : NULL;
}

bool irq_is_free(unsigned int irq)
{
    const struct irq_desc *desc = irq_desc(irq);

    return desc && irq >= IRQ_SPI_FIRST && !desc->name;
}

/* One acknowledged PPI or SPI. */
static void irq_dispatch(uint32_t iar, unsigned int irq)
{
    struct irq_desc *desc = &irq_descs[irq];

    gic->eoi(iar);

    if ( desc->handler )
    {
        desc->handler(irq, desc->dev);
        if ( !desc->leave_active )
            gic->deactivate(iar);
        if ( irq_type_is_level(desc->type) )
            (void)irq_recheck(); /* its line may be high again */
        return;
    }

    spin_lock(&desc->lock);
    if ( desc->guest )
        vgic_inject_hw(desc->guest, NULL, desc->virq, irq);
    else
    {
        gic->disable(irq);
        gic->deactivate(iar);
        if ( !desc->name )
            printk_ratelimited(XENLOG_ERR "irq: %u is nobody's, disabled\n",
                               irq);
    }
    spin_unlock(&desc->lock);
}

void do_irqs(void)
{
    for ( ;; )
    {
        uint32_t iar = gic->ack();
        unsigned int irq =
            iar & (gic->version == 2 ? GENMASK32(9, 0) : IAR_INTID);

        if ( likely(irq >= IRQ_PPI_FIRST && irq < gic_nr_irqs) )
            irq_dispatch(iar, irq);
        else if ( irq < IRQ_SGI_COUNT )
        {
            gic->eoi(iar);
            gic->deactivate(iar);
            smp_handle_ipi((enum ipi)irq);
        }
        else if ( irq >= IRQ_LPI_FIRST )
        {
            gic->eoi(iar);
            msi_lpi(irq);
        }
        else if ( irq >= INTID_SPECIAL )
            break;
        else
        {
            gic->eoi(iar);
            gic->deactivate(iar);
        }
    }
}

bool irq_recheck(void)
{
    if ( gic->recheck )
        gic->recheck();
    return gic->recheck != NULL;
}

bool irq_pending_here(void)
{
    return sysreg_read(isr_el1) != 0;
}
