/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Softirqs, tasklets and functions called on other CPUs. */
#include <xen/softirq.h>

#include <xen/barrier.h>
#include <xen/irq.h>

DEFINE_PER_CPU(uint32_t, softirq_pending);

static void (*handlers[NR_SOFTIRQS])(void);

static DEFINE_PER_CPU(struct tasklet *, tasklets);

void softirq_open(enum softirq nr, void (*handler)(void))
{
    handlers[nr] = handler;
}

void softirq_raise(enum softirq nr)
{
    __atomic_fetch_or(&this_cpu(softirq_pending), 1U << nr, __ATOMIC_RELEASE);
}

void softirq_raise_on(unsigned int cpu, enum softirq nr)
{
    uint32_t old = __atomic_fetch_or(&per_cpu(softirq_pending, cpu), 1U << nr,
                                     __ATOMIC_ACQ_REL);

    if ( !(old & (1U << nr)) && cpu != smp_processor_id() )
        smp_send(cpumask_of(cpu), IPI_EVENT_CHECK);
}

void softirq_clear(enum softirq nr)
{
    __atomic_fetch_and(&this_cpu(softirq_pending), ~(1U << nr),
                       __ATOMIC_ACQ_REL);
}

static void run_masked(uint32_t mask)
{
    uint32_t pending;

    while ( (pending =
                 __atomic_load_n(&this_cpu(softirq_pending), __ATOMIC_ACQUIRE) &
                 mask) )
    {
        /* SCHEDULE last: it may come back on another CPU. */
        uint32_t others = pending & ~(1U << SOFTIRQ_SCHEDULE);
        unsigned int nr =
            (unsigned int)__builtin_ctz(others ? others : pending);

        softirq_clear(nr);
        if ( handlers[nr] )
            handlers[nr]();
    }
}

void softirq_run(void)
{
    run_masked(~0U);
}

void softirq_run_except(enum softirq nr)
{
    run_masked(~(1U << nr));
}

bool preempt_check(void)
{
    return softirq_is_pending() || irq_pending_here();
}

/* ---- tasklets: a stack per CPU, this CPU only ---- */

void tasklet_init(struct tasklet *t, void (*function)(void *), void *data)
{
    *t = (struct tasklet){.function = function, .data = data};
}

void tasklet_schedule(struct tasklet *t)
{
    if ( __atomic_exchange_n(&t->scheduled, 1, __ATOMIC_ACQ_REL) )
        return;
    t->next = this_cpu(tasklets);
    this_cpu(tasklets) = t;
    softirq_raise(SOFTIRQ_TASKLET);
}

static void tasklet_softirq(void)
{
    struct tasklet *t = this_cpu(tasklets), *next;

    this_cpu(tasklets) = NULL;
    for ( ; t; t = next )
    {
        next = t->next;
        __atomic_store_n(&t->scheduled, 0, __ATOMIC_RELEASE);
        t->function(t->data);
    }
}

/* ---- calls on other CPUs: one at a time ---- */

static struct {
    void (*fn)(void *arg);
    void *arg;
    uint64_t waiting; /* CPUs that have not run it yet; atomic */
    uint32_t busy;    /* atomic: one caller */
} call;

void smp_call_serve(void)
{
    uint64_t me = 1ULL << smp_processor_id();

    if ( !(__atomic_load_n(&call.waiting, __ATOMIC_ACQUIRE) & me) )
        return;
    call.fn(call.arg);
    __atomic_fetch_and(&call.waiting, ~me, __ATOMIC_RELEASE);
}

void smp_call_on(cpumask_t to, void (*fn)(void *arg), void *arg)
{
    unsigned int cpu;

    spin_check_call();
    /* Two callers serve each other's calls while they wait. */
    while ( __atomic_exchange_n(&call.busy, 1, __ATOMIC_ACQUIRE) )
        smp_call_serve();
    to = cpumask_and(to, cpu_online_map);
    call.fn = fn;
    call.arg = arg;
    __atomic_store_n(&call.waiting, to.bits, __ATOMIC_RELEASE);
    for_each_cpu (cpu, to)
        if ( cpu != smp_processor_id() )
            softirq_raise_on(cpu, SOFTIRQ_CALL);
    smp_call_serve();
    while ( __atomic_load_n(&call.waiting, __ATOMIC_ACQUIRE) )
        cpu_relax();
    __atomic_store_n(&call.busy, 0, __ATOMIC_RELEASE);
}

void softirq_init(void)
{
    softirq_open(SOFTIRQ_TASKLET, tasklet_softirq);
    softirq_open(SOFTIRQ_CALL, smp_call_serve);
}
