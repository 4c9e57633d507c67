/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one list of lock order. A CPU that holds a lock may only take locks of
 * a higher rank. Two locks of one rank: the lower domid or address first, and
 * the second by spin_lock_nested(). Debug builds keep the highest rank held
 * by each CPU and panic on an inversion.
 *
 * Who waits for the outermost lock holds none, and serves smp_call_on() of
 * others meanwhile: the lock's holder may be the one who calls.
 *
 * EL2 runs with interrupts masked from entry to exit, so no lock needs an
 * irqsave variant and an interrupt handler never interrupts a lock holder.
 */
#ifndef XEN_LOCK_ORDER_H
#define XEN_LOCK_ORDER_H

enum lock_rank {
    LOCK_RANK_NONE = 0,
    LOCK_RANK_HYPERCALL,   /* outermost. d->hypercall_lock: one domctl each */
    LOCK_RANK_DOMLIST,     /* the domain list */
    LOCK_RANK_DEVICE,      /* device owners, PCI lists, groups */
    LOCK_RANK_VPCI,        /* d->vpci.lock */
    LOCK_RANK_EVTCHN,      /* d->evtchn.lock; two: lower domid first */
    LOCK_RANK_EVTCHN_PORT, /* a port's own lock; two: lower address first */
    LOCK_RANK_EVTCHN_FIFO, /* a domain's FIFO queues */
    LOCK_RANK_GRANT,       /* grant_table->lock; two: lower domid first */
    LOCK_RANK_P2M,         /* p2m->lock */
    LOCK_RANK_POWER,       /* power areas; tells the IOMMU units in them */
    LOCK_RANK_IOMMU_UNIT,  /* a unit's stream table, contexts */
    LOCK_RANK_IOMMU_CMDQ,  /* a unit's command queue */
    LOCK_RANK_DOMPAGE,     /* d->page_lock: page lists and counts */
    LOCK_RANK_IRQ,         /* irq_desc->lock, message vectors */
    LOCK_RANK_ITS,         /* an ITS's devices and their events */
    LOCK_RANK_VGIC,        /* v->vgic.lock; two: lower vcpu_id first */
    LOCK_RANK_GIC,         /* distributor, ITS command queue, held vectors */
    LOCK_RANK_SCHED,       /* a CPU's run queue; two: lower CPU first */
    LOCK_RANK_TIMER,       /* a CPU's timer heap */
    LOCK_RANK_XENMAP,      /* EL2 page tables, ioremap space */
    LOCK_RANK_HEAP,        /* page allocator */
    LOCK_RANK_CONSOLE,     /* console ring and UART */
};

#endif /* XEN_LOCK_ORDER_H */
