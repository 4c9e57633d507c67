/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Timers: a binary heap per CPU, the earliest in the EL2 timer. A timer may
 * be set or stopped from any CPU; its function runs in SOFTIRQ_TIMER of its
 * own CPU, without locks. Lock: the CPU's timer lock.
 */
#include <xen/timer.h>

#include <xen/barrier.h>
#include <xen/mm.h>
#include <xen/softirq.h>
#include <xen/spinlock.h>

#define HEAP_SIZE 1024U

struct timer_queue {
    spinlock_t lock;
    unsigned int nr;
    struct timer *running;
    struct timer *heap[HEAP_SIZE + 1]; /* from 1: index 0 means "not armed" */
};

static DEFINE_PER_CPU(struct timer_queue *, timer_queue);

static void place(struct timer_queue *q, unsigned int i, struct timer *t)
{
    q->heap[i] = t;
    t->heap_index = i;
}

static void sift_up(struct timer_queue *q, unsigned int i, struct timer *t)
{
    for ( ; i > 1 && q->heap[i / 2]->expires > t->expires; i /= 2 )
        place(q, i, q->heap[i / 2]);
    place(q, i, t);
}

static void sift_down(struct timer_queue *q, unsigned int i, struct timer *t)
{
    unsigned int c;

    for ( ; (c = 2 * i) <= q->nr; i = c )
    {
        if ( c < q->nr && q->heap[c + 1]->expires < q->heap[c]->expires )
            c++;
        if ( t->expires <= q->heap[c]->expires )
            break;
        place(q, i, q->heap[c]);
    }
    place(q, i, t);
}

static void heap_remove(struct timer_queue *q, struct timer *t)
{
    unsigned int i = t->heap_index;
    struct timer *last = q->heap[q->nr--];

    t->heap_index = 0;
    if ( last == t )
        return;
    if ( i > 1 && q->heap[i / 2]->expires > last->expires )
        sift_up(q, i, last);
    else
        sift_down(q, i, last);
}

/* The queue's first timer has changed: this CPU programs, others are told. */
static void reprogram(struct timer_queue *q, unsigned int cpu)
{
    if ( cpu == smp_processor_id() )
        timer_program(q->nr ? max(q->heap[1]->expires, (s_time_t)1) : 0);
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
    struct timer *first = q->nr ? q->heap[1] : NULL;

    if ( t->heap_index )
        heap_remove(q, t);
    t->expires = expires;
    BUG_ON(q->nr == HEAP_SIZE);
    sift_up(q, ++q->nr, t);
    if ( first == t || q->heap[1] == t )
        reprogram(q, t->cpu);
    spin_unlock(&q->lock);
}

void timer_stop(struct timer *t)
{
    struct timer_queue *q = lock_queue(t);

    /* The hardware may fire for nothing: cheaper than programming twice. */
    if ( t->heap_index )
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
    active = t->heap_index;
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
    while ( q->nr && q->heap[1]->expires <= now )
    {
        struct timer *t = q->heap[1];
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
