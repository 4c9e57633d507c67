/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scheduler: fair shares by weight, caps, hard affinity. Each CPU has a
 * queue sorted by virtual runtime (time run, divided by weight); the least
 * goes first. A CPU with an empty queue takes from the others.
 *
 *   runnable (not blocked) + online + not paused + not parked  ->  on a queue
 *   or running; anything else is on no queue.
 *
 * A CPU without work stays on the stack of the vCPU that blocked there, its
 * registers loaded, so that the usual wake-up costs no switch. It moves to its
 * idle vCPU when that vCPU may no longer run here or goes away.
 *
 * "sched=null": each vCPU gets a CPU for itself, and never leaves it.
 *
 * Lock: a queue's lock (LOCK_RANK_SCHED). v->sched.cpu changes only under the
 * lock of the queue it names, while the vCPU is on no CPU.
 */
#include <xen/sched.h>

#include <public/vcpu.h>

#include <xen/barrier.h>
#include <xen/console.h>
#include <xen/domain.h>
#include <xen/irq.h>
#include <xen/softirq.h>

#define SLICE       MILLISECS(10) /* while others wait */
#define WAKE_CREDIT MILLISECS(3)  /* a sleeper's advantage, at most */
#define CAP_PERIOD  MILLISECS(100)

struct run_queue {
    spinlock_t lock;
    struct list_head queue; /* by vruntime */
    struct vcpu *running;   /* NULL: the CPU is idle */
    struct vcpu *idle;
    s_time_t min_vruntime; /* never goes back */
    s_time_t idle_since, idle_time;
    struct timer slice;
};

static DEFINE_PER_CPU(struct run_queue, run_queue);
DEFINE_PER_CPU(struct vcpu *, current_vcpu);

/* A vCPU whose affinity excludes this CPU, until its registers are saved. */
static DEFINE_PER_CPU(struct vcpu *, migrating);

static bool null_scheduler;
static uint64_t null_taken; /* CPUs with a vCPU of their own; atomic */

static int parse_sched(const char *value)
{
    if ( !strcmp(value, "null") )
        null_scheduler = true;
    else if ( strcmp(value, "credit2") && strcmp(value, "fair") )
        return -EINVAL;
    return 0;
}
CMDLINE_OPTION("sched", parse_sched);

/* ---- queues ---- */

static bool can_run(const struct vcpu *v)
{
    const struct vcpu_sched *s = &v->sched;

    return s->runnable && s->online && !s->parked && !READ_ONCE(s->pause_count);
}

static void enqueue(struct run_queue *q, struct vcpu *v)
{
    struct vcpu *pos;

    ASSERT(!v->sched.queued);
    v->sched.queued = true;
    list_for_each_entry (pos, &q->queue, sched.run_list)
        if ( pos->sched.vruntime > v->sched.vruntime )
            break;
    list_add_tail(&v->sched.run_list, &pos->sched.run_list);
}

static void dequeue(struct vcpu *v)
{
    list_del(&v->sched.run_list);
    v->sched.queued = false;
}

/* Lock the queue that a vCPU belongs to now. */
static struct run_queue *lock_queue_of(struct vcpu *v)
{
    for ( ;; )
    {
        unsigned int cpu = READ_ONCE(v->sched.cpu);
        struct run_queue *q = &per_cpu(run_queue, cpu);

        spin_lock(&q->lock);
        if ( likely(cpu == v->sched.cpu) )
            return q;
        spin_unlock(&q->lock);
    }
}

/* ---- time ---- */

static void set_runstate(struct vcpu *v, int state, s_time_t now)
{
    struct vcpu_sched *s = &v->sched;

    s->runstate_time[s->runstate] += (uint64_t)(now - s->state_since);
    s->state_since = now;
    s->runstate = state;
    if ( unlikely(s->runstate_guest) && state == RUNSTATE_running )
        __atomic_fetch_or(&v->work, VCPU_WORK_RUNSTATE, __ATOMIC_RELAXED);
}

static int runstate_of(const struct vcpu *v)
{
    return can_run(v)          ? RUNSTATE_runnable
           : v->sched.runnable ? RUNSTATE_offline
                               : RUNSTATE_blocked;
}

/* Charge the time since it got the CPU, or since the last charge. */
static void charge(struct run_queue *q, struct vcpu *v, s_time_t now)
{
    struct vcpu_sched *s = &v->sched;
    s_time_t ran = now - s->started;

    s->started = now;
    s->runtime += ran;
    s->vruntime += ran * SCHED_DEFAULT_WEIGHT / s->weight;
    q->min_vruntime = max(q->min_vruntime, s->vruntime);
    if ( !s->cap )
        return;
    if ( now >= s->cap_period_end )
    {
        s->cap_used = 0;
        s->cap_period_end = now + CAP_PERIOD;
    }
    s->cap_used += ran;
    if ( s->cap_used * 100 >= CAP_PERIOD * s->cap )
    {
        s->parked = true;
        timer_set(&s->cap_timer, s->cap_period_end);
    }
}

static void make_ready(struct run_queue *q, struct vcpu *v);

static void cap_period_over(void *data)
{
    struct vcpu *v = data;
    struct run_queue *q = lock_queue_of(v);

    v->sched.parked = false;
    v->sched.cap_used = 0;
    v->sched.cap_period_end = NOW() + CAP_PERIOD;
    make_ready(q, v);
}

/* Others wait here: an idle CPU may have looked when they were not to be had
 * (a lock taken, registers not saved yet), so it is told to look again. */
static void slice_over(void *data)
{
    unsigned int cpu;

    (void)data;
    softirq_raise(SOFTIRQ_SCHEDULE);
    for_each_online_cpu (cpu)
        if ( !READ_ONCE(per_cpu(run_queue, cpu).running) )
            softirq_raise_on(cpu, SOFTIRQ_SCHEDULE);
}

/* When must the CPU look again? While others wait, or for a cap, or because
 * a line of the interrupt controller may be overlooked. */
static void arm_slice(struct run_queue *q, struct vcpu *next, s_time_t now)
{
    s_time_t left = list_empty(&q->queue) && !irq_recheck() ? 0 : SLICE;

    if ( next->sched.cap )
    {
        s_time_t cap_left =
            CAP_PERIOD * next->sched.cap / 100 - next->sched.cap_used;

        if ( !left || cap_left < left )
            left = max(cap_left, MICROSECS(100));
    }
    if ( left )
        timer_set(&q->slice, now + left);
    else if ( timer_is_active(&q->slice) )
        timer_stop(&q->slice);
}

/* ---- picking ---- */

/* First of the queue that no other CPU still has in its registers. */
static struct vcpu *pick(struct run_queue *q, const struct vcpu *prev)
{
    struct vcpu *v;

    list_for_each_entry (v, &q->queue, sched.run_list)
        if ( v == prev || !READ_ONCE(v->sched.on_cpu) )
            return v;
    return NULL;
}

/* An idle CPU looks at the other queues; only its own lock is held, others
 * are tried. */
static struct vcpu *steal(struct run_queue *q)
{
    unsigned int me = smp_processor_id(), cpu;

    if ( null_scheduler )
        return NULL;
    for_each_online_cpu (cpu)
    {
        struct run_queue *other = &per_cpu(run_queue, cpu);
        struct vcpu *v;

        if ( cpu == me || list_empty(&other->queue) ||
             !spin_trylock(&other->lock) )
            continue;
        list_for_each_entry (v, &other->queue, sched.run_list)
            if ( !READ_ONCE(v->sched.on_cpu) &&
                 cpumask_test(v->sched.hard_affinity, me) )
            {
                dequeue(v);
                v->sched.vruntime += q->min_vruntime - other->min_vruntime;
                v->sched.cpu = me;
                enqueue(q, v);
                spin_unlock(&other->lock);
                return v;
            }
        spin_unlock(&other->lock);
    }
    return NULL;
}

static void null_release(struct vcpu *v)
{
    if ( v->sched.owns_cpu )
        __atomic_fetch_and(&null_taken, ~(1ULL << v->sched.cpu),
                           __ATOMIC_RELAXED);
    v->sched.owns_cpu = false;
}

/* The CPU it owns; else a free one, for its own; else it shares. */
static unsigned int null_place(struct vcpu *v, cpumask_t allowed)
{
    uint64_t taken = READ_ONCE(null_taken), free;

    if ( cpumask_test(allowed, v->sched.cpu) && v->sched.owns_cpu )
        return v->sched.cpu;
    null_release(v);
    while ( (free = allowed.bits & ~taken) )
        if ( __atomic_compare_exchange_n(&null_taken, &taken,
                                         taken | (free & -free), false,
                                         __ATOMIC_RELAXED, __ATOMIC_RELAXED) )
        {
            v->sched.owns_cpu = true;
            return (unsigned int)__builtin_ctzll(free);
        }
    if ( v->sched.runstate == RUNSTATE_offline )
        printk(XENLOG_WARN "d%uv%u: sched=null and no CPU left: shares one\n",
               v->domain->domain_id, v->vcpu_id);
    return cpumask_test(allowed, v->sched.cpu) ? v->sched.cpu
                                               : cpumask_first(allowed);
}

/* What a CPU has to do: 0 nothing, 1 it runs, 2 and more: others wait. */
static unsigned int load_of(unsigned int cpu)
{
    const struct run_queue *q = &per_cpu(run_queue, cpu);

    return (READ_ONCE(q->running) ? 1U : 0U) +
           (list_empty(&q->queue) ? 0U : 2U);
}

/* A CPU for a vCPU that runs nowhere: where it was, if that is idle. */
static unsigned int place(struct vcpu *v)
{
    cpumask_t allowed = cpumask_and(v->sched.hard_affinity, cpu_online_map);
    unsigned int cpu, best = v->sched.cpu, best_len = ~0U;

    if ( unlikely(null_scheduler) )
        return null_place(v, allowed);
    if ( cpumask_test(allowed, best) && !load_of(best) )
        return best;
    for_each_cpu (cpu, allowed)
    {
        unsigned int len = load_of(cpu);

        if ( len < best_len )
        {
            best = cpu;
            best_len = len;
        }
    }
    return best;
}

static bool may_run_here(const struct vcpu *v)
{
    return cpumask_test(v->sched.hard_affinity, smp_processor_id());
}

/*
 * Nothing to run: scrub, or wait for an interrupt; then serve what came but
 * for SOFTIRQ_SCHEDULE, which the caller's loop is the answer to.
 */
static void idle_once(void)
{
    softirq_run_except(SOFTIRQ_SCHEDULE);
    if ( softirq_is_pending() )
        return;
    irq_recheck();
    if ( !irq_pending_here() && !page_scrub_some() )
        wfi(); /* masked interrupts wake it; a lost race is not possible:
                * a kick is an SGI, which stays pending */
    do_irqs();
}

/* May the CPU idle with this vCPU's registers loaded? */
static bool may_idle_in(const struct vcpu *v)
{
    return v->sched.is_idle || (!v->sched.runnable && v->sched.online &&
                                !v->sched.pause_count && may_run_here(v));
}

void schedule(void)
{
    struct run_queue *q = &this_cpu(run_queue);
    struct vcpu *prev = current, *next;
    s_time_t now = NOW();

    spin_lock(&q->lock);
    if ( !prev->sched.is_idle )
    {
        if ( q->running == prev )
            charge(q, prev, now);
        set_runstate(prev, runstate_of(prev), now);
        if ( !may_run_here(prev) )
            this_cpu(migrating) = prev;
        else if ( can_run(prev) && !prev->sched.queued )
            enqueue(q, prev);
    }
    for ( ;; )
    {
        softirq_clear(SOFTIRQ_SCHEDULE);
        next = pick(q, prev);
        if ( !next )
            next = steal(q);
        if ( next )
            break;
        if ( q->running )
        {
            q->running = NULL;
            q->idle_since = now;
        }
        if ( !may_idle_in(prev) )
        {
            next = q->idle;
            break;
        }
        spin_unlock(&q->lock);
        idle_once();
        spin_lock(&q->lock);
        now = NOW();
    }

    if ( next->sched.is_idle )
        q->running = NULL;
    else
    {
        dequeue(next);
        if ( !q->running )
            q->idle_time += now - q->idle_since;
        q->running = next;
        next->sched.started = now;
        set_runstate(next, RUNSTATE_running, now);
        arm_slice(q, next, now);
        /* Its affinity changed before its registers were saved: once more. */
        if ( unlikely(!may_run_here(next)) )
            softirq_raise(SOFTIRQ_SCHEDULE);
    }
    /* Under the lock: who pauses it from now on must wait for this CPU. */
    WRITE_ONCE(next->sched.on_cpu, true);
    spin_unlock(&q->lock);
    if ( next != prev )
        context_switch(prev, next);
}

/* ---- waking, blocking, pausing ---- */

/* Put a vCPU that may run, and is on no queue, on one. Queue lock held; may
 * be dropped and another taken: returns with none. */
static void make_ready(struct run_queue *q, struct vcpu *v)
{
    unsigned int cpu = v->sched.cpu;
    s_time_t floor;

    if ( q->running == v || v->sched.queued || !can_run(v) )
    {
        spin_unlock(&q->lock);
        return;
    }
    if ( !READ_ONCE(v->sched.on_cpu) )
        cpu = place(v);
    if ( cpu != v->sched.cpu )
    {
        s_time_t lag = v->sched.vruntime - q->min_vruntime;

        v->sched.cpu = cpu;
        spin_unlock(&q->lock);
        q = lock_queue_of(v);
        if ( v->sched.queued || !can_run(v) || q->running == v )
        {
            spin_unlock(&q->lock);
            return;
        }
        v->sched.vruntime = q->min_vruntime + lag;
        cpu = v->sched.cpu;
    }
    floor = q->min_vruntime - WAKE_CREDIT;
    if ( v->sched.vruntime < floor )
        v->sched.vruntime = floor;
    set_runstate(v, RUNSTATE_runnable, NOW());
    enqueue(q, v);
    if ( !q->running || v->sched.vruntime < q->running->sched.vruntime )
        softirq_raise_on(cpu, SOFTIRQ_SCHEDULE);
    else
        arm_slice(q, q->running, NOW());
    spin_unlock(&q->lock);
}

void vcpu_wake(struct vcpu *v)
{
    struct run_queue *q;

    if ( READ_ONCE(v->sched.runnable) )
        return;
    q = lock_queue_of(v);
    v->sched.runnable = true;
    make_ready(q, v);
}

void vcpu_block(struct vcpu *v)
{
    ASSERT(v == current);
    WRITE_ONCE(v->sched.runnable, false);
    smp_mb(); /* pairs with the waker: it queues work, then looks at runnable */
    if ( READ_ONCE(v->work) || vgic_has_pending(v) )
    {
        WRITE_ONCE(v->sched.runnable, true);
        return;
    }
    schedule();
}

void vcpu_yield(void)
{
    struct run_queue *q = &this_cpu(run_queue);
    struct vcpu *v = current, *first;

    if ( list_empty(&q->queue) )
        return;
    spin_lock(&q->lock);
    if ( !list_empty(&q->queue) )
    {
        first = list_first_entry(&q->queue, struct vcpu, sched.run_list);
        v->sched.vruntime = max(v->sched.vruntime, first->sched.vruntime + 1);
    }
    spin_unlock(&q->lock);
    schedule();
}

void vcpu_kick(struct vcpu *v)
{
    unsigned int cpu = READ_ONCE(v->sched.cpu);

    smp_mb(); /* the caller's work is visible before we look */
    if ( !READ_ONCE(v->sched.runnable) )
        vcpu_wake(v);
    else if ( cpu != smp_processor_id() &&
              READ_ONCE(per_cpu(run_queue, cpu).running) == v )
        smp_send(cpumask_of(cpu), IPI_EVENT_CHECK);
}

void vcpu_online(struct vcpu *v)
{
    struct run_queue *q = lock_queue_of(v);

    v->sched.runnable = true;
    v->sched.online = true;
    make_ready(q, v);
}

void vcpu_offline(struct vcpu *v)
{
    struct run_queue *q = lock_queue_of(v);

    v->sched.online = false;
    if ( v->sched.queued )
        dequeue(v);
    null_release(v);
    spin_unlock(&q->lock);
    __atomic_store_n(&v->arch.initialised, false, __ATOMIC_RELEASE);
    if ( v == current )
        schedule();
    else
        softirq_raise_on(v->sched.cpu, SOFTIRQ_SCHEDULE);
}

void vcpu_pause_nosync(struct vcpu *v)
{
    struct run_queue *q = lock_queue_of(v);

    v->sched.pause_count++;
    if ( v->sched.queued )
        dequeue(v);
    if ( v->sched.on_cpu )
        softirq_raise_on(v->sched.cpu, SOFTIRQ_SCHEDULE);
    spin_unlock(&q->lock);
}

void vcpu_pause(struct vcpu *v)
{
    vcpu_pause_nosync(v);
    vcpu_wait_stopped(v);
}

void vcpu_wait_stopped(struct vcpu *v)
{
    ASSERT(v != current);
    /* It may be asking the same of us: keep serving, and when we are paused
     * ourselves, stop in the midst of it. It may be unpaused meanwhile. */
    while ( READ_ONCE(v->sched.on_cpu) && READ_ONCE(v->sched.pause_count) )
    {
        softirq_run();
        cpu_relax();
    }
}

void vcpu_unpause(struct vcpu *v)
{
    struct run_queue *q = lock_queue_of(v);

    ASSERT(v->sched.pause_count);
    if ( --v->sched.pause_count )
        spin_unlock(&q->lock);
    else
        make_ready(q, v);
}

/*
 * A vCPU whose affinity excludes the CPU it ran on: its registers have been
 * saved by now (the switch to the idle vCPU), so it can be placed elsewhere.
 */
void sched_run_migrations(void)
{
    struct vcpu *v = this_cpu(migrating);

    if ( likely(!v) )
        return;
    this_cpu(migrating) = NULL;
    make_ready(lock_queue_of(v), v);
}

/* ---- settings ---- */

int vcpu_set_hard_affinity(struct vcpu *v, cpumask_t mask)
{
    struct run_queue *q;

    if ( cpumask_empty(cpumask_and(mask, cpu_online_map)) )
        return -EINVAL;
    q = lock_queue_of(v);
    mask = cpu_kind_affinity(v, mask);
    v->sched.hard_affinity = mask;
    if ( v->sched.queued && !cpumask_test(mask, v->sched.cpu) )
        dequeue(v);
    if ( v->sched.on_cpu )
        softirq_raise_on(v->sched.cpu, SOFTIRQ_SCHEDULE);
    make_ready(q, v);
    return 0;
}

void vcpu_set_soft_affinity(struct vcpu *v, cpumask_t mask)
{
    struct run_queue *q = lock_queue_of(v);

    v->sched.soft_affinity = mask;
    spin_unlock(&q->lock);
}

void sched_set_domain(struct domain *d, unsigned int weight, unsigned int cap)
{
    struct vcpu *v;

    for_each_vcpu (d, v)
    {
        struct run_queue *q = lock_queue_of(v);

        v->sched.weight = weight ? weight : SCHED_DEFAULT_WEIGHT;
        v->sched.cap = cap / d->max_vcpus;
        if ( cap && !v->sched.cap )
            v->sched.cap = 1;
        spin_unlock(&q->lock);
    }
}

/* ---- life ---- */

int sched_init_vcpu(struct vcpu *v)
{
    struct vcpu_sched *s = &v->sched;

    s->soft_affinity = CPUMASK_ALL;
    s->weight = SCHED_DEFAULT_WEIGHT;
    cpu_kind_init_vcpu(v);
    s->runstate = RUNSTATE_offline;
    s->state_since = NOW();
    list_init(&s->run_list);
    timer_init(&s->cap_timer, cap_period_over, v, s->cpu);
    return 0;
}

void sched_destroy_vcpu(struct vcpu *v)
{
    ASSERT(!v->sched.queued && !v->sched.on_cpu);
    timer_kill(&v->sched.cap_timer);
    cpu_kind_destroy_vcpu(v);
}

s_time_t sched_idle_time(unsigned int cpu)
{
    const struct run_queue *q = &per_cpu(run_queue, cpu);

    return q->idle_time + (READ_ONCE(q->running) ? 0 : NOW() - q->idle_since);
}

static void idle_loop(void)
{
    for ( ;; )
        schedule();
}

static void dump_queues(char key)
{
    unsigned int cpu;

    (void)key;
    for_each_online_cpu (cpu)
    {
        struct run_queue *q = &per_cpu(run_queue, cpu);
        struct vcpu *v = READ_ONCE(q->running);

        printk("CPU%u: idle %ld ms, runs ", cpu,
               (long)(sched_idle_time(cpu) / 1000000));
        if ( v )
            printk("d%uv%u\n", v->domain->domain_id, v->vcpu_id);
        else
            printk("nothing\n");
        if ( !spin_trylock(&q->lock) )
        {
            printk("  queue is locked\n");
            continue;
        }
        list_for_each_entry (v, &q->queue, sched.run_list)
            printk("  d%uv%u vruntime %ld us\n", v->domain->domain_id,
                   v->vcpu_id, (long)(v->sched.vruntime / 1000));
        spin_unlock(&q->lock);
    }
}

void sched_init(void)
{
    softirq_open(SOFTIRQ_SCHEDULE, schedule);
    keyhandler_register('r', dump_queues, "run queues");
    printk("scheduler: %s\n", null_scheduler ? "null" : "fair share");
}

void sched_init_cpu(void)
{
    struct run_queue *q = &this_cpu(run_queue);
    struct vcpu *idle = xzalloc(struct vcpu);

    spin_lock_init(&q->lock, LOCK_RANK_SCHED);
    list_init(&q->queue);
    timer_init(&q->slice, slice_over, NULL, smp_processor_id());
    if ( !idle || arch_vcpu_init(idle, idle_loop) )
        panic("CPU %u: no memory for the idle vCPU\n", smp_processor_id());
    idle->sched.is_idle = true;
    idle->sched.cpu = smp_processor_id();
    idle->sched.hard_affinity = cpumask_of(smp_processor_id());
    q->idle = idle;
    q->idle_since = NOW();
    this_cpu(current_vcpu) = idle; /* for dumps until sched_start() */
}

void sched_start(void)
{
    arch_start_vcpu(this_cpu(run_queue).idle);
}
