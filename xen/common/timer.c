/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Timers: a heap per CPU, the earliest in the EL2 timer. A timer may be set or
 * stopped from any CPU; its function runs in SOFTIRQ_TIMER of its own CPU,
 * without locks. Lock: the CPU's timer lock.
 *
 * The heap is a pairing heap, whose links are in the timers: it has no limit
 * and needs no memory, as guests decide how many are armed.
 *
 *   root --child--> t --next--> t --next--> t     none earlier than its parent
 *     ^--prev------/ ^--prev---/
 */
#include <xen/timer.h>

#include <xen/barrier.h>
#include <xen/mm.h>
#include <xen/softirq.h>
#include <xen/spinlock.h>

struct timer_queue {
    spinlock_t lock;
    struct timer *first; /* the earliest: the root */
    struct timer *running;
};

static DEFINE_PER_CPU(struct timer_queue *, timer_queue);

/* Two heaps become one: the later root is a child of the earlier. */
static struct timer *meld(struct timer *a, struct timer *b)
{
    if ( !a || !b )
        return a ? a : b;
    if ( b->expires < a->expires )
    {
        struct timer *t = a;

        a = b;
        b = t;
    }
    b->prev = a;
    b->next = a->child;
    if ( b->next )
        b->next->prev = b;
    a->child = b;
    return a;
}

/* Siblings become one heap: in pairs, then from the last pair to the first. */
static struct timer *meld_siblings(struct timer *t)
{
    struct timer *pairs = NULL, *root = NULL;

    while ( t )
    {
        struct timer *a = t, *b = t->next;

        t = b ? b->next : NULL;
        a->next = NULL;
        if ( b )
            b->next = NULL;
        a = meld(a, b);
        a->next = pairs;
        pairs = a;
    }
    while ( pairs )
    {
        t = pairs;
        pairs = t->next;
        t->next = NULL;
        root = meld(t, root);
    }
    return root;
}

static void heap_insert(struct timer_queue *q, struct timer *t)
{
    t->child = t->next = t->prev = NULL;
    t->active = true;
    q->first = meld(q->first, t);
}

static void heap_remove(struct timer_queue *q, struct timer *t)
{
    struct timer *below = meld_siblings(t->child);

    t->active = false;
    if ( q->first == t )
    {
        q->first = below;
        return;
    }
    if ( t->prev->child == t )
        t->prev->child = t->next;
    else
        t->prev->next = t->next;
    if ( t->next )
        t->next->prev = t->prev;
    q->first = meld(q->first, below);
}

/* The queue's first timer has changed: this CPU programs, others are told. */
static void reprogram(struct timer_queue *q, unsigned int cpu)
{
    if ( cpu == smp_processor_id() )
        timer_program(q->first ? max(q->first->expires, (s_time_t)1) : 0);
    else
        softirq_raise_on(cpu, SOFTIRQ_TIMER);
}

/* Lock the queue of the timer, which may be migrating. */
static struct timer_queue *lock_queue(struct timer *t)
{
    for ( ;; )
    {
        unsigned int cpu = READ_ONCE(t->cpu);
        struct timer_queue *q = per_cpu(timer_queue, cpu);

        spin_lock(&q->lock);
        if ( likely(cpu == t->cpu) )
            return q;
        spin_unlock(&q->lock);
    }
}

void timer_init(struct timer *t, void (*function)(void *data), void *data,
                unsigned int cpu)
{
    *t = (struct timer){.function = function, .data = data, .cpu = cpu};
}

void timer_set(struct timer *t, s_time_t expires)
{
    struct timer_queue *q = lock_queue(t);
    struct timer *first = q->first;

    if ( t->active )
        heap_remove(q, t);
    t->expires = expires;
    heap_insert(q, t);
    if ( first == t || q->first == t )
        reprogram(q, t->cpu);
    spin_unlock(&q->lock);
}

void timer_stop(struct timer *t)
{
    struct timer_queue *q = lock_queue(t);

    /* The hardware may fire for nothing: cheaper than programming twice. */
    if ( t->active )
        heap_remove(q, t);
    spin_unlock(&q->lock);
}

void timer_kill(struct timer *t)
{
    timer_stop(t);
    while ( READ_ONCE(per_cpu(timer_queue, t->cpu)->running) == t &&
            t->cpu != smp_processor_id() )
        cpu_relax();
}

void timer_migrate(struct timer *t, unsigned int cpu)
{
    struct timer_queue *q;
    bool active;

    if ( t->cpu == cpu )
        return;
    q = lock_queue(t);
    active = t->active;
    if ( active )
        heap_remove(q, t);
    t->cpu = cpu;
    spin_unlock(&q->lock);
    if ( active )
        timer_set(t, t->expires);
}

static void timer_softirq(void)
{
    struct timer_queue *q = this_cpu(timer_queue);
    s_time_t now = NOW();

    spin_lock(&q->lock);
    while ( q->first && q->first->expires <= now )
    {
        struct timer *t = q->first;
        void (*function)(void *) = t->function;
        void *data = t->data;

        heap_remove(q, t);
        q->running = t;
        spin_unlock(&q->lock);
        function(data);
        spin_lock(&q->lock);
        q->running = NULL;
        now = NOW();
    }
    reprogram(q, smp_processor_id());
    spin_unlock(&q->lock);
}

int timer_queue_init(unsigned int cpu)
{
    struct timer_queue *q = xzalloc(struct timer_queue);

    if ( !q )
        return -ENOMEM;
    spin_lock_init(&q->lock, LOCK_RANK_TIMER);
    per_cpu(timer_queue, cpu) = q;
    softirq_open(SOFTIRQ_TIMER, timer_softirq);
    return 0;
}
