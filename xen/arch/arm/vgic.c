/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The injection engine: which virtual interrupt is in which list register.
 * Registers that a guest programs are vgic-dist.c, vgic-v2.c, vgic-v3.c.
 *
 *   vgic_inject()  ->  pending list of the owner, by priority
 *                          |  fill()                  ^  retire(), evict()
 *                      list registers   --- guest acknowledges and ends ---
 *
 * List registers stay in hardware while a vCPU is loaded. They are read only
 * when the answer is needed: an interrupt that is in one is raised again or
 * reprogrammed, all are used, the guest looks at pending or active bits, or
 * the vCPU is switched out. Only the CPU on which it is loaded can do that
 * (v->vgic.cpu); others leave a note (v->vgic.recheck) and kick it, or, where
 * the guest waits for the result, call it (with_lrs()).
 *
 * Levels. An interrupt with the hardware link (irq->hw) is ended by the
 * guest's EOI in the physical GIC, which then samples the device's line. A
 * level without the link asks for a maintenance interrupt at EOI and is
 * sampled here. The event channel upcall is a level to the guest, yet treated
 * as an edge of the upcall byte: a guest clears the byte before it looks at
 * its events, so a further event is a further edge, and no exit is spent
 * at each EOI. The byte is looked at again when the list register is retired.
 *
 * Lock: v->vgic.lock of the owner. Moving an interrupt takes two, the lower
 * vcpu_id first. Manual: IHI 0069 issue H, chapter 6 "Virtual Interrupt
 * Handling and Prioritization".
 */
#include <asm/vgic.h>

#include <xen/bits.h>
#include <xen/compiler.h>
#include <xen/domain.h>
#include <xen/errno.h>
#include <xen/event.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <xen/pci.h>
#include <xen/sched.h>
#include <xen/smp.h>
#include <asm/gic.h>

/* ---- list registers of one vCPU; its lock held ---- */

static bool loaded_here(const struct vcpu *v)
{
    return v->vgic.cpu == smp_processor_id();
}

/* May this CPU read and write v's list registers? */
static bool lrs_ours(const struct vcpu *v)
{
    return v->vgic.cpu == VGIC_NOT_LOADED || loaded_here(v);
}

static uint64_t lr_get(const struct vcpu *v, unsigned int i)
{
    return v->vgic.cpu == VGIC_NOT_LOADED ? v->vgic.lr[i] : gic->lr_read(i);
}

static void lr_put(struct vcpu *v, unsigned int i, uint64_t lr)
{
    if ( v->vgic.cpu == VGIC_NOT_LOADED )
        v->vgic.lr[i] = lr;
    else
        gic->lr_write(i, lr);
}

static bool is_upcall(const struct vcpu *v, const struct vgic_irq *irq)
{
    return irq->intid == v->domain->evtchn_irq && irq->intid >= IRQ_PPI_FIRST;
}

/* Is its pending state the level of irq->line, to be sampled at EOI? */
static bool is_sampled(const struct vcpu *v, const struct vgic_irq *irq)
{
    return irq->is_level && !irq->hw && !irq->pirq && !is_upcall(v, irq);
}

static bool is_pending(const struct vcpu *v, const struct vgic_irq *irq)
{
    return irq->pending || irq->sources || (irq->line && is_sampled(v, irq));
}

/* Does it need a list register? */
static bool wants_lr(const struct vcpu *v, const struct vgic_irq *irq)
{
    return irq->target == v &&
           (irq->active || (irq->enabled && is_pending(v, irq)));
}

static void enqueue(struct vcpu *v, struct vgic_irq *irq)
{
    struct list_head *pos = v->vgic.pending.prev;

    while ( pos != &v->vgic.pending &&
            list_entry(pos, struct vgic_irq, list)->priority > irq->priority )
        pos = pos->prev;
    list_add(&irq->list, pos);
    irq->queued = true;
}

static void dequeue(struct vgic_irq *irq)
{
    list_del(&irq->list);
    irq->queued = false;
}

/* On the list of those that leave for another vCPU? */
static bool is_moving(const struct vgic_irq *irq)
{
    return !irq->queued && !list_empty(&irq->list);
}

/*
 * Not in a list register (any more): on the list it belongs to. One that is
 * routed back before it has left stays.
 */
static void requeue(struct vcpu *v, struct vgic_irq *irq)
{
    bool want = wants_lr(v, irq);

    if ( is_moving(irq) && irq->target == v )
        list_del(&irq->list);
    if ( want && !irq->queued )
        enqueue(v, irq);
    else if ( !want && irq->queued )
        dequeue(irq);
    if ( irq->target != v && irq->target && list_empty(&irq->list) )
        list_add_tail(&irq->list, &v->vgic.moving);
}

/* What the list register is to hold; consumes the latch. */
static uint64_t make_lr(struct vcpu *v, struct vgic_irq *irq)
{
    uint64_t lr = irq->intid | (uint64_t)irq->priority << 48 | gic->lr_group;
    bool pending = irq->enabled && is_pending(v, irq);

    if ( irq->active )
        lr |= LR_ACTIVE;
    irq->active = false;

    if ( irq->hw )
    {
        lr |= LR_HW | FIELD_PREP(LR_PHYS, irq->hw_pirq);
        if ( !(lr & LR_ACTIVE) ) /* both at once is not allowed with LR_HW */
        {
            lr |= LR_PENDING;
            irq->pending = false;
        }
        return lr;
    }

    if ( pending )
    {
        lr |= LR_PENDING;
        if ( irq->sources )
        {
            lr |= FIELD_PREP(LR_PHYS, __builtin_ctz(irq->sources));
            irq->sources &= (uint8_t)(irq->sources - 1);
        }
        irq->pending = false;
    }
    if ( irq->sources || is_sampled(v, irq) )
        lr |= LR_EOI;

    return lr;
}

static void place(struct vcpu *v, struct vgic_irq *irq, unsigned int i)
{
    irq->lr = (uint8_t)i;
    v->vgic.lr_irq[i] = irq;
    v->vgic.lr_used |= BIT32(i);
    lr_put(v, i, make_lr(v, irq));
}

static void unplace(struct vcpu *v, struct vgic_irq *irq)
{
    v->vgic.lr_used &= ~BIT32(irq->lr);
    irq->lr = VGIC_NO_LR;
    irq->dropped = false;
}

/*
 * QEMU's GICv2 (7.2 to 10.0, gic_clear_active()) keeps for each CPU whether an
 * SPI is active. The guest's EOI ends it for the CPU on which the guest was;
 * the one that acknowledged it, when that is another, would never see it again.
 */
static void end_everywhere(const struct vgic_irq *irq)
{
    if ( gic->recheck && irq->hw && !irq->pending &&
         irq->hw_pirq >= IRQ_SPI_FIRST && irq->hw_cpu != smp_processor_id() )
        gic->set_active(irq->hw_pirq, false);
}

/* The guest is done with what list register @i held. */
static void retire(struct vcpu *v, unsigned int i)
{
    struct vgic_irq *irq = v->vgic.lr_irq[i];

    unplace(v, irq);
    end_everywhere(irq);
    irq->hw = irq->hw && irq->pending; /* the next instance has fired */
    if ( irq->watched && irq->line )
    {
        irq->line = false; /* until who raised it has looked again */
        pci_intx_ended();
    }
    if ( is_upcall(v, irq) && evtchn_upcall_pending(v) )
        irq->pending = true;

    if ( loaded_here(v) && wants_lr(v, irq) && v->domain->vgic.enabled &&
         list_empty(&v->vgic.pending) )
    {
        place(v, irq, i);
        return;
    }
    /* An EOI maintenance interrupt stays asserted until the LR is cleared. */
    lr_put(v, i, 0);
    requeue(v, irq);
}

static void reclaim(struct vcpu *v)
{
    uint64_t done;

    if ( !v->vgic.lr_used || !loaded_here(v) )
        return;
    for ( done = v->vgic.lr_used & gic->lrs_ended(); done; done &= done - 1 )
        retire(v, (unsigned int)__builtin_ctzll(done));
}

/* Put the pending state of @lr back into @irq; the new list register. */
static uint64_t take_pending(struct vcpu *v, struct vgic_irq *irq, uint64_t lr)
{
    if ( irq->intid < IRQ_SGI_COUNT && v->domain->vgic.version == 2 )
        irq->sources |= (uint8_t)BIT32(FIELD_GET(LR_PHYS, lr) & 7);
    else if ( !is_sampled(v, irq) || (!irq->line && !irq->dropped) )
        irq->pending = true;
    return lr & ~LR_PENDING;
}

/* The software state of what list register @i holds has changed. */
static void reconcile(struct vcpu *v, unsigned int i)
{
    struct vgic_irq *irq = v->vgic.lr_irq[i];
    uint64_t lr = lr_get(v, i), old = lr;
    bool deliver = irq->enabled && irq->target == v && v->domain->vgic.enabled;

    if ( !(lr & (LR_PENDING | LR_ACTIVE)) )
    {
        retire(v, i);
        return;
    }

    if ( irq->dropped && is_sampled(v, irq) && !irq->line )
        lr &= ~LR_PENDING;
    irq->dropped = false;

    if ( lr & LR_PENDING )
    {
        if ( !deliver )
            lr = take_pending(v, irq, lr);
        else if ( irq->sources )
        {
            irq->sources &= (uint8_t)~BIT32(FIELD_GET(LR_PHYS, lr) & 7);
            lr |= irq->sources ? LR_EOI : 0;
        }
        else if ( irq->hw && !(lr & LR_HW) )
            lr |= LR_EOI; /* then once more, with the link */
        else
            irq->pending = false; /* one more edge of a pending interrupt */
    }
    else if ( !(lr & LR_HW) && is_pending(v, irq) )
    {
        if ( deliver && irq->pending && !irq->hw )
        {
            lr |= LR_PENDING;
            irq->pending = false;
        }
        else
            lr |= LR_EOI; /* another source, vCPU or the link, after this */
    }
    lr = (lr & ~LR_PRIO) | FIELD_PREP(LR_PRIO, irq->priority);

    if ( !(lr & (LR_PENDING | LR_ACTIVE)) )
    {
        unplace(v, irq);
        lr_put(v, i, 0);
        requeue(v, irq);
    }
    else if ( lr != old )
        lr_put(v, i, lr);
}

/* Does one hold an interrupt the guest can take, pending and not active? */
static bool has_pending_lr(const struct vcpu *v)
{
    for ( uint32_t used = v->vgic.lr_used; used; used &= used - 1 )
        if ( (lr_get(v, (unsigned int)__builtin_ctz(used)) &
              (LR_PENDING | LR_ACTIVE)) == LR_PENDING )
            return true;
    return false;
}

/*
 * All list registers are in use and interrupts wait: when to look again. When
 * an active one ends, by its EOI; a pending state beside the active one waits
 * like the others, or it would keep the register. As soon as none is pending,
 * for then the guest has nothing left to take. If that is so already, what is
 * active with the hardware link ends unseen, until one is left.
 */
static enum gic_refill refill_when(struct vcpu *v)
{
    for ( uint32_t used = v->vgic.lr_used; used; used &= used - 1 )
    {
        unsigned int i = (unsigned int)__builtin_ctz(used);
        uint64_t lr = lr_get(v, i);

        if ( !(lr & LR_ACTIVE) || (lr & LR_HW) )
            continue;
        if ( lr & LR_PENDING )
            lr = take_pending(v, v->vgic.lr_irq[i], lr);
        lr_put(v, i, lr | LR_EOI);
    }
    return has_pending_lr(v) ? GIC_REFILL_NO_PENDING : GIC_REFILL_UNDERFLOW;
}

/*
 * All list registers are in use: take back the least urgent interrupt that is
 * only pending and less urgent than @priority. The index, or VGIC_NO_LR.
 */
static unsigned int evict(struct vcpu *v, uint8_t priority)
{
    unsigned int victim = VGIC_NO_LR;
    struct vgic_irq *irq;

    for ( uint32_t used = v->vgic.lr_used; used; used &= used - 1 )
    {
        unsigned int i = (unsigned int)__builtin_ctz(used);
        uint64_t lr = lr_get(v, i);

        if ( (lr & LR_PENDING) && !(lr & LR_ACTIVE) &&
             v->vgic.lr_irq[i]->priority > priority )
        {
            priority = v->vgic.lr_irq[i]->priority;
            victim = i;
        }
    }
    if ( victim == VGIC_NO_LR )
        return victim;

    irq = v->vgic.lr_irq[victim];
    take_pending(v, irq, lr_get(v, victim));
    unplace(v, irq);
    requeue(v, irq);
    return victim;
}

static void set_refill(struct vcpu *v, enum gic_refill when)
{
    if ( v->vgic.refill != when )
    {
        v->vgic.refill = (uint8_t)when;
        gic->set_refill(when);
    }
}

static uint32_t free_lrs(const struct vcpu *v)
{
    return ~v->vgic.lr_used & (BIT32(gic_nr_lrs) - 1);
}

/* From the pending list to list registers; v is loaded here. */
static void fill(struct vcpu *v)
{
    enum gic_refill when = GIC_REFILL_NEVER;

    while ( !list_empty(&v->vgic.pending) && v->domain->vgic.enabled )
    {
        struct vgic_irq *irq;
        unsigned int i;

        if ( !free_lrs(v) )
            reclaim(v);
        irq = list_first_entry(&v->vgic.pending, struct vgic_irq, list);
        if ( free_lrs(v) )
            i = (unsigned int)__builtin_ctz(free_lrs(v));
        else
            i = evict(v, irq->priority);
        if ( i == VGIC_NO_LR )
        {
            when = refill_when(v);
            break;
        }
        dequeue(irq);
        place(v, irq, i);
    }
    set_refill(v, when);
}

/* ---- owners ---- */

/*
 * Lock the owner of an interrupt; NULL while the domain has no vCPU 0 yet
 * and nobody else can know the interrupt.
 */
static struct vcpu *lock_owner(struct vgic_irq *irq)
{
    for ( ;; )
    {
        struct vcpu *v = __atomic_load_n(&irq->vcpu, __ATOMIC_RELAXED);

        if ( !v )
            return NULL;
        spin_lock(&v->vgic.lock);
        if ( likely(v == irq->vcpu) )
            return v;
        spin_unlock(&v->vgic.lock);
    }
}

static void vgic_kick(struct vcpu *v)
{
    /* Who set the bit before has kicked, and it is still to be seen. */
    if ( !(__atomic_fetch_or(&v->work, VCPU_WORK_VGIC, __ATOMIC_SEQ_CST) &
           VCPU_WORK_VGIC) )
        vcpu_kick(v);
}

static void lock_two(struct vcpu *a, struct vcpu *b)
{
    if ( a->vcpu_id > b->vcpu_id )
    {
        struct vcpu *t = a;

        a = b;
        b = t;
    }
    spin_lock(&a->vgic.lock);
    spin_lock_nested(&b->vgic.lock);
}

/* Give the first interrupt of v's moving list to its new owner. */
static bool move_one(struct vcpu *v)
{
    struct vgic_irq *irq = NULL;
    struct vcpu *to = NULL;
    bool kick = false;

    spin_lock(&v->vgic.lock);
    if ( !list_empty(&v->vgic.moving) )
    {
        irq = list_first_entry(&v->vgic.moving, struct vgic_irq, list);
        to = irq->target;
        if ( !to || to == v ) /* it was routed back meanwhile */
        {
            list_del(&irq->list);
            requeue(v, irq);
        }
    }
    spin_unlock(&v->vgic.lock);
    if ( !irq )
        return false;
    if ( !to || to == v )
    {
        vgic_kick(v);
        return true;
    }

    lock_two(v, to);
    if ( irq->vcpu == v && irq->target == to && irq->lr == VGIC_NO_LR &&
         !irq->queued && !list_empty(&irq->list) )
    {
        list_del(&irq->list);
        irq->vcpu = to;
        requeue(to, irq);
        kick = irq->queued;
    }
    spin_unlock(&to->vgic.lock);
    spin_unlock(&v->vgic.lock);
    if ( kick )
        vgic_kick(to);
    return true;
}

static void unlock_owner(struct vcpu *v)
{
    bool moving = !list_empty(&v->vgic.moving);

    spin_unlock(&v->vgic.lock);
    if ( unlikely(moving) )
        while ( move_one(v) )
            continue;
}

/* ---- raising ---- */

/*
 * The state of an interrupt changed: bring list and list register into line,
 * release the owner's lock, and see that the vCPU notices.
 */
static void update_unlock(struct vcpu *v, struct vgic_irq *irq)
{
    bool here = loaded_here(v), kick = false;

    if ( irq->lr == VGIC_NO_LR )
    {
        if ( here && likely(list_empty(&v->vgic.pending)) && free_lrs(v) &&
             wants_lr(v, irq) && v->domain->vgic.enabled && !is_moving(irq) )
            place(v, irq, (unsigned int)__builtin_ctz(free_lrs(v)));
        else
        {
            bool was_queued = irq->queued;

            requeue(v, irq);
            kick = irq->queued && !was_queued;
        }
    }
    else if ( lrs_ours(v) )
        reconcile(v, irq->lr);
    else
    {
        v->vgic.recheck = true;
        kick = true;
    }

    if ( here )
    {
        if ( !list_empty(&v->vgic.pending) )
            fill(v);
        unlock_owner(v);
        /* Its list registers are up to date, but it may be in WFI. */
        if ( v != current || !v->sched.runnable )
            vcpu_kick(v);
        return;
    }

    unlock_owner(v);
    if ( kick )
        vgic_kick(v);
}

struct vgic_irq *vgic_irq(struct domain *d, struct vcpu *v, unsigned int intid)
{
    if ( intid < VGIC_NR_PRIVATE )
        return v ? &v->vgic.private_irqs[intid] : NULL;
    if ( intid - VGIC_NR_PRIVATE < d->vgic.nr_spis )
        return &d->vgic.spis[intid - VGIC_NR_PRIVATE];
    return NULL;
}

void vgic_inject(struct domain *d, struct vcpu *v, unsigned int virq,
                 bool level)
{
    struct vgic_irq *irq = vgic_irq(d, v, virq);

    v = irq ? lock_owner(irq) : NULL;
    if ( !v )
        return;

    if ( is_sampled(v, irq) )
    {
        if ( irq->line == level )
        {
            unlock_owner(v);
            return;
        }
        irq->line = level;
        irq->dropped = !level && irq->lr != VGIC_NO_LR;
    }
    else if ( level )
        irq->pending = true;
    else
    {
        irq->line = false;
        unlock_owner(v);
        return;
    }
    update_unlock(v, irq);
}

void vgic_inject_hw(struct domain *d, struct vcpu *v, unsigned int virq,
                    unsigned int pirq)
{
    struct vgic_irq *irq = vgic_irq(d, v, virq);

    v = irq ? lock_owner(irq) : NULL;
    if ( !v )
    {
        gic->set_active(pirq, false);
        return;
    }

    /* One that is not seen to have ended may be active elsewhere, too. */
    if ( irq->hw && irq->hw_cpu != smp_processor_id() )
        irq->hw_cpu = VGIC_MANY_CPUS;
    else if ( !irq->hw )
        irq->hw_cpu = (uint8_t)smp_processor_id();
    irq->hw = true;
    irq->hw_pirq = pirq;
    irq->pending = true;
    update_unlock(v, irq);
}

void vgic_send_sgi(struct vcpu *v, struct vcpu *to, unsigned int sgi)
{
    struct vgic_irq *irq = &to->vgic.private_irqs[sgi];

    spin_lock(&to->vgic.lock);
    if ( v->domain->vgic.version == 2 )
        irq->sources |= (uint8_t)BIT32(v->vcpu_id & 7);
    else
        irq->pending = true;
    update_unlock(to, irq);
}

/* ---- what a guest programs ---- */

/* An operation on an interrupt that may need its list register. */
struct lr_call {
    struct vgic_irq *irq;
    void (*fn)(struct vcpu *v, struct vgic_irq *irq, void *arg);
    void *arg;
    bool done;
};

/* Ends with the lock released. */
static void try_lr_call(struct lr_call *call, struct vcpu *v)
{
    call->fn(v, call->irq, call->arg);
    call->done = true;
    update_unlock(v, call->irq);
}

static void lr_call_here(void *data)
{
    struct lr_call *call = data;
    struct vcpu *v = lock_owner(call->irq);

    if ( call->irq->lr == VGIC_NO_LR || lrs_ours(v) )
        try_lr_call(call, v);
    else
        unlock_owner(v);
}

/*
 * Call fn with the owner locked and its list registers accessible, on the CPU
 * where they are. No lock may be held.
 */
static void with_lrs(struct vgic_irq *irq, void *arg,
                     void (*fn)(struct vcpu *, struct vgic_irq *, void *))
{
    struct lr_call call = {.irq = irq, .fn = fn, .arg = arg};

    while ( !call.done )
    {
        struct vcpu *v = lock_owner(irq);
        unsigned int cpu;

        if ( !v )
        {
            fn(NULL, irq, arg);
            return;
        }
        if ( irq->lr == VGIC_NO_LR || lrs_ours(v) )
        {
            try_lr_call(&call, v);
            return;
        }
        cpu = v->vgic.cpu;
        unlock_owner(v);
        smp_call_on(cpumask_of(cpu), lr_call_here, &call);
    }
}

static void get_state(struct vcpu *v, struct vgic_irq *irq, void *arg)
{
    struct vgic_irq_state *state = arg;

    if ( v && irq->lr != VGIC_NO_LR )
    {
        uint64_t lr = lr_get(v, irq->lr);

        if ( !(lr & (LR_PENDING | LR_ACTIVE)) )
            retire(v, irq->lr);
        else
        {
            state->pending = lr & LR_PENDING;
            state->active = lr & LR_ACTIVE;
        }
    }
    state->pending |= v && is_pending(v, irq);
    state->active |= irq->active;
}

struct vgic_irq_state vgic_irq_state(struct domain *d, struct vgic_irq *irq)
{
    struct vgic_irq_state state = {false, false};

    (void)d;
    if ( READ_ONCE(irq->lr) == VGIC_NO_LR && !irq->pending && !irq->active &&
         !irq->sources && !irq->line && !irq->pirq )
        return state; /* most of them, most of the time */
    with_lrs(irq, &state, get_state);
    if ( irq->pirq && !state.pending && gic->is_pending(irq->pirq) )
        state.pending = true;
    return state;
}

static void do_enable(struct vcpu *v, struct vgic_irq *irq, void *arg)
{
    const bool *enable = arg;

    (void)v;
    irq->enabled = *enable;
    if ( irq->pirq )
        (*enable ? gic->enable : gic->disable)(irq->pirq);
}

void vgic_irq_enable(struct domain *d, struct vgic_irq *irq, bool enable)
{
    (void)d;
    if ( READ_ONCE(irq->enabled) != enable )
        with_lrs(irq, &enable, do_enable);
}

/* Take the pending state away, wherever it is. */
static void clear_pending(struct vcpu *v, struct vgic_irq *irq)
{
    uint64_t lr = v && irq->lr != VGIC_NO_LR ? lr_get(v, irq->lr) : 0;

    irq->pending = false;
    irq->sources = 0;
    if ( lr & LR_PENDING )
        lr_put(v, irq->lr, lr & ~LR_PENDING);
    if ( irq->hw && !(lr & LR_ACTIVE) && !irq->active )
    {
        gic->set_active(irq->hw_pirq, false);
        irq->hw = false;
    }
}

static void do_set_pending(struct vcpu *v, struct vgic_irq *irq, void *arg)
{
    const bool *on = arg;

    /* The device's line and the latch are in the physical distributor. */
    if ( irq->pirq )
        gic->set_pending(irq->pirq, *on);
    if ( !*on )
        clear_pending(v, irq);
    else if ( !irq->pirq )
        irq->pending = true;
}

void vgic_irq_set_pending(struct domain *d, struct vgic_irq *irq, bool on)
{
    (void)d;
    with_lrs(irq, &on, do_set_pending);
}

static void get_sources(struct vcpu *v, struct vgic_irq *irq, void *arg)
{
    uint64_t lr = irq->lr != VGIC_NO_LR ? lr_get(v, irq->lr) : 0;
    uint8_t *sources = arg;

    *sources = irq->sources;
    if ( lr & LR_PENDING )
        *sources |= (uint8_t)BIT32(FIELD_GET(LR_PHYS, lr) & 7);
}

uint8_t vgic_sgi_sources(struct vcpu *v, uint64_t sgi)
{
    uint8_t sources = 0;

    with_lrs(&v->vgic.private_irqs[sgi], &sources, get_sources);
    return sources;
}

struct source_change {
    uint8_t mask;
    bool on;
};

static void change_sources(struct vcpu *v, struct vgic_irq *irq, void *arg)
{
    const struct source_change *change = arg;
    uint64_t lr = irq->lr != VGIC_NO_LR ? lr_get(v, irq->lr) : 0;
    unsigned int held = lr & LR_PENDING ? BIT32(FIELD_GET(LR_PHYS, lr) & 7) : 0;

    if ( change->on )
    {
        irq->sources |= (uint8_t)(change->mask & ~held);
        return;
    }
    irq->sources &= (uint8_t)~change->mask;
    if ( change->mask & held )
        lr_put(v, irq->lr, lr & ~LR_PENDING);
}

void vgic_sgi_set_sources(struct vcpu *v, uint64_t sgi, uint8_t mask, bool on)
{
    struct source_change change = {.mask = mask, .on = on};

    if ( mask )
        with_lrs(&v->vgic.private_irqs[sgi], &change, change_sources);
}

static void do_set_active(struct vcpu *v, struct vgic_irq *irq, void *arg)
{
    const bool *on = arg;
    uint64_t lr;

    if ( irq->lr == VGIC_NO_LR || !v )
    {
        irq->active = *on;
        return;
    }
    lr = lr_get(v, irq->lr);
    if ( (lr & LR_HW) && (lr & LR_ACTIVE) && !*on )
        gic->set_active(irq->hw_pirq, false);
    /* One with the hardware link is active only by acknowledge. */
    if ( !(lr & LR_HW) || !*on )
        lr_put(v, irq->lr, *on ? lr | LR_ACTIVE : lr & ~LR_ACTIVE);
}

void vgic_irq_set_active(struct domain *d, struct vgic_irq *irq, bool on)
{
    (void)d;
    /* Guests clear all active bits at boot: nothing to do for most. */
    if ( on || READ_ONCE(irq->lr) != VGIC_NO_LR || READ_ONCE(irq->active) )
        with_lrs(irq, &on, do_set_active);
}

void vgic_irq_set_priority(struct vgic_irq *irq, uint8_t priority)
{
    struct vcpu *v = lock_owner(irq);

    irq->priority = priority;
    if ( !v )
        return;
    if ( irq->queued )
    {
        dequeue(irq);
        requeue(v, irq);
    }
    unlock_owner(v);
}

void vgic_irq_set_type(struct vgic_irq *irq, bool is_level)
{
    struct vcpu *v = lock_owner(irq);

    irq->is_level = is_level || irq->watched;
    if ( v )
        update_unlock(v, irq);
}

void vgic_irq_set_target(struct vgic_irq *irq, struct vcpu *target,
                         uint8_t targets)
{
    struct vcpu *v = lock_owner(irq);

    irq->target = target;
    irq->targets = targets;
    if ( !v )
        return;
    if ( irq->pirq && target )
        gic->set_affinity(irq->pirq, target->sched.cpu);
    update_unlock(v, irq);
    if ( target && vgic_is_msi(target->domain, irq->intid) )
        msi_retarget(target->domain, irq->intid, target->sched.cpu);
}

void vgic_set_enabled(struct domain *d, bool enabled)
{
    struct vcpu *v;

    if ( d->vgic.enabled == enabled )
        return;
    WRITE_ONCE(d->vgic.enabled, enabled);
    for_each_vcpu (d, v)
    {
        spin_lock(&v->vgic.lock);
        v->vgic.recheck = true;
        spin_unlock(&v->vgic.lock);
        vgic_kick(v);
    }
}

/* ---- running ---- */

void vgic_flush(struct vcpu *v)
{
    spin_lock(&v->vgic.lock);
    if ( v->vgic.recheck )
    {
        v->vgic.recheck = false;
        for ( uint32_t used = v->vgic.lr_used; used; used &= used - 1 )
            reconcile(v, (unsigned int)__builtin_ctz(used));
    }
    fill(v);
    unlock_owner(v);
}

void vgic_maintenance(unsigned int irq, void *unused)
{
    struct vcpu *v = current;

    (void)irq;
    (void)unused;
    if ( v->sched.is_idle )
        return;
    spin_lock(&v->vgic.lock);
    reclaim(v);
    fill(v);
    unlock_owner(v);
}

void vgic_save(struct vcpu *v)
{
    spin_lock(&v->vgic.lock);
    set_refill(v, GIC_REFILL_NEVER);
    gic->save_vcpu(v);
    v->vgic.cpu = VGIC_NOT_LOADED;
    for ( uint32_t used = v->vgic.lr_used; used; used &= used - 1 )
    {
        unsigned int i = (unsigned int)__builtin_ctz(used);
        uint64_t lr = gic->lr_read(i);

        gic->lr_write(i, 0);
        v->vgic.lr[i] = lr;
        if ( !(lr & (LR_PENDING | LR_ACTIVE)) )
            retire(v, i);
    }
    unlock_owner(v);
}

void vgic_restore(struct vcpu *v)
{
    spin_lock(&v->vgic.lock);
    gic->restore_vcpu(v);
    for ( uint32_t used = v->vgic.lr_used; used; used &= used - 1 )
    {
        unsigned int i = (unsigned int)__builtin_ctz(used);

        gic->lr_write(i, v->vgic.lr[i]);
    }
    v->vgic.cpu = smp_processor_id();
    fill(v);
    unlock_owner(v);
}

bool vgic_has_pending(struct vcpu *v)
{
    struct vgic_irq *irq;
    bool pending = false;

    if ( !v->domain->vgic.enabled )
        return false;

    spin_lock(&v->vgic.lock);
    reclaim(v);
    list_for_each_entry (irq, &v->vgic.pending, list)
        pending |= irq->enabled && !irq->active && is_pending(v, irq);
    if ( !pending )
        pending = lrs_ours(v) ? has_pending_lr(v) : v->vgic.lr_used != 0;
    unlock_owner(v);

    return pending;
}

void vgic_dump(struct vcpu *v)
{
    struct vgic_irq *irq;

    if ( !spin_trylock(&v->vgic.lock) )
    {
        printk("    vgic: locked\n");
        return;
    }
    printk("    vgic: loaded on %d, list registers used %#x\n",
           (int)v->vgic.cpu, v->vgic.lr_used);
    for ( uint32_t used = v->vgic.lr_used; used; used &= used - 1 )
    {
        unsigned int i = (unsigned int)__builtin_ctz(used);

        printk("    lr%u: irq %u %#lx\n", i, v->vgic.lr_irq[i]->intid,
               lrs_ours(v) ? lr_get(v, i) : 0);
    }
    list_for_each_entry (irq, &v->vgic.pending, list)
        printk("    waiting: irq %u priority %#x%s\n", irq->intid,
               irq->priority, irq->active ? " active" : "");
    spin_unlock(&v->vgic.lock);
}

/* ---- physical interrupts of a guest ---- */

int vgic_link(struct domain *d, unsigned int virq, unsigned int pirq,
              bool is_level)
{
    struct vgic_irq *irq = vgic_irq(d, NULL, virq);
    struct vcpu *v;
    int rc = 0;

    if ( !irq || vgic_is_msi(d, virq) )
        return -EINVAL;

    v = lock_owner(irq);
    if ( irq->pirq )
        rc = -EBUSY;
    else
    {
        irq->pirq = pirq;
        irq->is_level = is_level;
        if ( irq->enabled )
            gic->enable(pirq);
    }
    if ( v )
        unlock_owner(v);

    return rc;
}

static void do_unlink(struct vcpu *v, struct vgic_irq *irq, void *unused)
{
    uint64_t lr = v && irq->lr != VGIC_NO_LR ? lr_get(v, irq->lr) : 0;

    (void)unused;
    irq->pirq = 0;
    clear_pending(v, irq);
    /* Its EOI must not end an interrupt that is somebody else's by then. */
    if ( (lr & LR_HW) && (lr & LR_ACTIVE) )
        lr_put(v, irq->lr, lr & ~(LR_HW | LR_PHYS | LR_PENDING));
    irq->hw = false;
}

void vgic_unlink(struct domain *d, unsigned int virq)
{
    struct vgic_irq *irq = vgic_irq(d, NULL, virq);

    if ( irq )
        with_lrs(irq, NULL, do_unlink);
}

/* ---- lines of PCI functions ---- */

void vgic_watch(struct domain *d, unsigned int virq)
{
    struct vgic_irq *irq = vgic_irq(d, NULL, virq);
    struct vcpu *v = irq ? lock_owner(irq) : NULL;

    if ( !irq )
        return;
    irq->watched = irq->is_level = true;
    if ( v )
        unlock_owner(v);
}

bool vgic_line(struct domain *d, unsigned int virq)
{
    const struct vgic_irq *irq = vgic_irq(d, NULL, virq);

    return irq && READ_ONCE(irq->line);
}

/* ---- booking of virtual interrupts ---- */

static bool book(struct domain *d, unsigned int virq)
{
    uint64_t bit = BIT64(virq % 64);

    return !(__atomic_fetch_or(&d->vgic.allocated_irqs[virq / 64], bit,
                               __ATOMIC_RELAXED) &
             bit);
}

bool vgic_reserve_irq(struct domain *d, unsigned int virq)
{
    return virq >= IRQ_PPI_FIRST && virq < VGIC_NR_PRIVATE + d->vgic.nr_spis &&
           book(d, virq);
}

static int book_one(struct domain *d, unsigned int first, unsigned int end)
{
    /* From the top: the numbers of devices begin at the bottom. */
    for ( unsigned int virq = end; virq-- > first; )
        if ( book(d, virq) )
            return (int)virq;
    return -ENOSPC;
}

int vgic_alloc_spi(struct domain *d)
{
    return book_one(d, VGIC_NR_PRIVATE, VGIC_NR_PRIVATE + d->vgic.nr_spis);
}

int vgic_alloc_ppi(struct domain *d)
{
    return book_one(d, IRQ_PPI_FIRST, IRQ_SPI_FIRST);
}

void vgic_free_irq(struct domain *d, unsigned int virq)
{
    __atomic_fetch_and(&d->vgic.allocated_irqs[virq / 64], ~BIT64(virq % 64),
                       __ATOMIC_RELAXED);
}

bool vgic_is_msi(const struct domain *d, unsigned int virq)
{
    return virq - d->vgic.v2m_first < d->vgic.v2m_nr;
}

/* ---- life ---- */

static void init_irq(struct vgic_irq *irq, struct vcpu *v, unsigned int intid)
{
    list_init(&irq->list);
    irq->intid = (uint16_t)intid;
    irq->vcpu = irq->target = v;
    irq->targets = 1;
    irq->lr = VGIC_NO_LR;
    irq->priority = 0xa0;
    irq->is_level = intid >= IRQ_PPI_FIRST;
    irq->enabled = intid < IRQ_SGI_COUNT;
}

/*
 * SPIs beyond the host's, so that a message's number is never a device's.
 * dom0 has as many as the host, others what the toolstack asked for.
 */
static void size_dist(struct domain *d, unsigned int nr_spis)
{
    unsigned int nr = (unsigned int)ROUNDUP(nr_spis, 32);
    unsigned int max = IRQ_SPI_END - IRQ_SPI_FIRST;
    unsigned int msi = d->is_hardware ? 256 : 64;
    maddr_t frame;
    uint64_t size;

    /* Those of its virtual PCI host bridge are among the first. */
    nr = d->is_hardware ? MIN(nr, max) : MIN(MAX(nr, 32U), max);
    msi = gic_msi_frame(&frame, &size) ? MIN(msi, max - nr) : 0;
    d->vgic.v2m_first = IRQ_SPI_FIRST + nr;
    d->vgic.v2m_nr = msi;
    /* A number of lines must be a multiple of 32, or reach to the end. */
    d->vgic.nr_spis = MIN((unsigned int)ROUNDUP(nr + msi, 32), max);
}

int domain_vgic_init(struct domain *d, unsigned int version,
                     unsigned int nr_spis)
{
    struct vgic_dist *dist = &d->vgic;
    int rc;

    if ( !version )
        version = gic->version;
    if ( version != gic->version )
        return -ENODEV;

    dist->version = version;
    size_dist(d, nr_spis);
    /* Up to the end of the last register; what is beyond is never enabled. */
    dist->spis = xzalloc_array(struct vgic_irq, ROUNDUP(dist->nr_spis, 32));
    dist->allocated_irqs = xzalloc_array(
        uint64_t, DIV_ROUND_UP(IRQ_SPI_FIRST + dist->nr_spis, 64));
    if ( !dist->spis || !dist->allocated_irqs )
    {
        domain_vgic_exit(d);
        return -ENOMEM;
    }
    for ( unsigned int i = 0; i < dist->nr_spis; i++ )
        init_irq(&dist->spis[i], NULL, IRQ_SPI_FIRST + i);
    /* The architecture's own, and the frame's. */
    dist->allocated_irqs[0] = GENMASK64(15, 0) | GENMASK64(30, 22);
    for ( unsigned int i = 0; i < dist->v2m_nr; i++ )
        (void)book(d, dist->v2m_first + i);

    rc = version == 2 ? vgic_v2_init(d) : vgic_v3_init(d);
    if ( !rc && dist->v2m_nr )
        rc = vgic_v2m_init(d);
    if ( rc )
        domain_vgic_exit(d);
    return rc;
}

void domain_vgic_exit(struct domain *d)
{
    xfree(d->vgic.spis);
    xfree(d->vgic.allocated_irqs);
    d->vgic.spis = NULL;
    d->vgic.allocated_irqs = NULL;
    d->vgic.nr_spis = 0;
}

int vcpu_vgic_init(struct vcpu *v)
{
    struct vgic_cpu *c = &v->vgic;
    struct domain *d = v->domain;

    spin_lock_init(&c->lock, LOCK_RANK_VGIC);
    list_init(&c->pending);
    list_init(&c->moving);
    c->cpu = VGIC_NOT_LOADED;
    c->private_irqs = xzalloc_array(struct vgic_irq, VGIC_NR_PRIVATE);
    if ( !c->private_irqs )
        return -ENOMEM;
    for ( unsigned int i = 0; i < VGIC_NR_PRIVATE; i++ )
        init_irq(&c->private_irqs[i], v, i);
    gic->init_vcpu(v);
    if ( d->vgic.version == 3 )
        vgic_v3_init_vcpu(v);

    if ( v->vcpu_id == 0 )
        for ( unsigned int i = 0; i < d->vgic.nr_spis; i++ )
        {
            d->vgic.spis[i].target = v;
            d->vgic.spis[i].vcpu = v;
        }
    return 0;
}

void vcpu_vgic_exit(struct vcpu *v)
{
    ASSERT(!v->vgic.private_irqs || v->vgic.cpu == VGIC_NOT_LOADED);
    xfree(v->vgic.private_irqs);
    v->vgic.private_irqs = NULL;
}
