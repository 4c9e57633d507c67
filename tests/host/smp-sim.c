/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * smp-sim.c - several CPUs in one thread, for the scheduler, its timers and
 * softirqs. A vCPU (idle ones too) is a ucontext with its own stack, as in the
 * hypervisor; a CPU is whichever of them it runs. Time stands still while any
 * CPU is in the hypervisor, and then moves on by a tick.
 */
#include <xen/sched.h>

#include <stdarg.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "smp-sim-api.h"

#include <asm/time.h>
#include <xen/console.h>
#include <xen/irq.h>

/* libc's; xen/lib.h declares a strtoull of another type than stdlib.h. */
void *calloc(size_t n, size_t size);
void *aligned_alloc(size_t align, size_t size);
void abort(void) __attribute__((noreturn));

#define STACK      (256U << 10)
#define CPU_STRIDE (UINT64_C(1) << 36) /* between the CPUs' variables */
#define LATE_TICKS 6                   /* a kick, a switch, a migration */

extern char __bss_start[], _end[];

enum cpu_state {
    BUSY,
    IN_GUEST,
    WAITING
};

static struct sim_cpu {
    ucontext_t ctx; /* where it goes on */
    enum cpu_state state;
    bool irq;
    s_time_t deadline; /* of the EL2 timer; 0 none */
    uint64_t guests;   /* interrupts of devices that it will take */
} cpus[SIM_CPUS];

struct sim_fiber {
    ucontext_t ctx;
    struct vcpu *v;
    void (*idle_fn)(void);
    bool running;
};

static ucontext_t main_ctx;
static bool outside = true; /* of any CPU: the test itself */
static unsigned int random_state;

uintptr_t sim_percpu_offset;
uintptr_t percpu_offset[NR_CPUS];
DEFINE_PER_CPU(unsigned int, cpu_id);
static DEFINE_PER_CPU(struct vcpu *, switched_from);
cpumask_t cpu_online_map;
unsigned int nr_cpus, cntfrq_khz = 62500;
uint32_t sim_kinds;
struct domain *hardware_domain;

struct sim_guest sim_guests[SIM_VCPUS];
unsigned int sim_nr_guests, sim_yield_percent = 100;
s_time_t sim_now = 1;

void sim_fail(const char *file, int line, const char *cond, const char *fmt,
              ...)
{
    va_list args;

    fprintf(stderr, "%s:%d: %s: at %ld us, CPU%u: ", file, line, cond,
            (long)(sim_now / 1000), smp_processor_id());
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fprintf(stderr, "\n");
    for ( unsigned int i = 0; i < sim_nr_guests; i++ )
    {
        const struct vcpu_sched *s = &sim_guests[i].v->sched;

        fprintf(stderr, "  guest %u: CPU%u%s%s%s%s%s pause %u affinity %#lx\n",
                i, s->cpu, s->runnable ? " runnable" : "",
                s->queued ? " queued" : "", s->on_cpu ? " loaded" : "",
                s->online ? "" : " offline", s->parked ? " parked" : "",
                s->pause_count, (long)s->hard_affinity.bits);
    }
    _exit(1);
}

unsigned int sim_random(unsigned int below)
{
    random_state = random_state * 1103515245U + 12345U;
    return (random_state >> 8) % below;
}

/* ---- CPUs ---- */

static struct sim_cpu *this(void)
{
    return &cpus[smp_processor_id()];
}

static void give_way(enum cpu_state state)
{
    struct sim_cpu *c = this();

    if ( outside )
        return;
    c->state = state;
    swapcontext(&c->ctx, &main_ctx);
}

void sim_yield(void)
{
    if ( sim_random(100) < sim_yield_percent )
        give_way(BUSY);
}

/* Waiting for a lock or for another CPU: it must go on some time. */
static void sim_spin(void)
{
    give_way(BUSY);
}

void sim_wait(void)
{
    while ( !this()->irq )
        give_way(WAITING);
}

static void resume(unsigned int cpu)
{
    sim_percpu_offset = percpu_offset[cpu];
    cpus[cpu].state = BUSY;
    outside = false;
    swapcontext(&main_ctx, &cpus[cpu].ctx);
    outside = true;
}

static bool ready(const struct sim_cpu *c)
{
    return c->state == BUSY || c->irq;
}

/* Until every CPU is in a guest or waits for an interrupt. */
static void run_hypervisor(void)
{
    for ( unsigned long steps = 0;; steps++ )
    {
        unsigned int first = sim_random(nr_cpus), cpu = first;

        while ( !ready(&cpus[cpu]) )
        {
            cpu = (cpu + 1) % nr_cpus;
            if ( cpu == first )
                return;
        }
        resume(cpu);
        CHECK(steps < 2000000, "the hypervisor does not come to an end");
    }
}

void smp_send(cpumask_t to, enum ipi ipi)
{
    unsigned int cpu;

    (void)ipi;
    for_each_cpu (cpu, to)
        cpus[cpu].irq = true;
    sim_yield();
}

void do_irqs(void)
{
    struct sim_cpu *c = this();
    uint64_t guests = c->guests;

    c->irq = false;
    c->guests = 0;
    if ( c->deadline && c->deadline <= sim_now )
    {
        c->deadline = 0;
        softirq_raise(SOFTIRQ_TIMER);
    }
    for ( unsigned int i = 0; i < sim_nr_guests; i++ )
        if ( guests >> i & 1 )
        {
            sim_guests[i].interrupt = true;
            vcpu_kick(sim_guests[i].v);
        }
}

bool irq_pending_here(void)
{
    return this()->irq;
}

bool irq_recheck(void)
{
    return false;
}

bool timer_program(s_time_t at)
{
    this()->deadline = at;
    if ( at && at <= sim_now )
        this()->irq = true;
    return true;
}

s_time_t NOW(void)
{
    return sim_now;
}

void sim_interrupt(unsigned int cpu, struct sim_guest *g)
{
    cpus[cpu].guests |= UINT64_C(1) << (g - sim_guests);
    cpus[cpu].irq = true;
}

/* ---- locks: not fair, so that more orders happen ---- */

void spin_lock_init(spinlock_t *l, enum lock_rank rank)
{
    *l = (spinlock_t)SPINLOCK_INIT((uint16_t)rank);
}

void spin_lock(spinlock_t *l)
{
    sim_yield();
    CHECK(l->cpu != smp_processor_id() + 1, "taken twice");
    while ( l->cpu )
        sim_spin();
    l->cpu = (uint16_t)(smp_processor_id() + 1);
}

bool spin_trylock(spinlock_t *l)
{
    sim_yield();
    if ( l->cpu )
        return false;
    l->cpu = (uint16_t)(smp_processor_id() + 1);
    return true;
}

void spin_unlock(spinlock_t *l)
{
    CHECK(l->cpu == smp_processor_id() + 1, "not the holder");
    l->cpu = 0;
    sim_yield();
}

void spin_check_call(void)
{
}

/* ---- vCPUs: what arch/arm/vcpu.c does, without registers ---- */

struct sim_guest *sim_guest_of(const struct vcpu *v)
{
    for ( unsigned int i = 0; i < sim_nr_guests; i++ )
        if ( sim_guests[i].v == v )
            return &sim_guests[i];
    return NULL;
}

void sched_tail(void)
{
    struct vcpu *prev = this_cpu(switched_from);

    sim_yield();
    if ( prev )
        WRITE_ONCE(prev->sched.on_cpu, false);
    this_cpu(switched_from) = NULL;
    sim_yield();
    sched_run_migrations();
}

static struct sim_fiber *fiber_of(const struct vcpu *v)
{
    return (struct sim_fiber *)(uintptr_t)v->arch.saved_sp;
}

void context_switch(struct vcpu *prev, struct vcpu *next)
{
    this_cpu(switched_from) = prev;
    this_cpu(current_vcpu) = next;
    sim_yield();
    CHECK(next->sched.on_cpu && !fiber_of(next)->running, "loaded twice");
    fiber_of(prev)->running = false;
    fiber_of(next)->running = true;
    swapcontext(&fiber_of(prev)->ctx, &fiber_of(next)->ctx);
    sched_tail();
}

static void enter_guest(struct sim_guest *g)
{
    struct vcpu *v = g->v;

    while ( softirq_is_pending() )
        softirq_run();
    CHECK(current == v && v->sched.on_cpu, "guest %zu", g - sim_guests);
    CHECK(!g->pausers, "guest %zu runs while paused", g - sim_guests);
    g->entries++;
    g->interrupt = false;
    g->wanted = 0;
    if ( !this()->irq )
        give_way(IN_GUEST);
    do_irqs();
}

static void fiber_main(void)
{
    struct vcpu *v = current;
    struct sim_guest *g;

    sched_tail();
    if ( fiber_of(v)->idle_fn )
        fiber_of(v)->idle_fn();
    g = sim_guest_of(v);
    for ( ;; )
    {
        enter_guest(g);
        g->act(g);
    }
}

int arch_vcpu_init(struct vcpu *v, void (*idle_fn)(void))
{
    struct sim_fiber *f = calloc(1, sizeof(*f));

    f->v = v;
    f->idle_fn = idle_fn;
    v->arch.saved_sp = (uint64_t)(uintptr_t)f;
    getcontext(&f->ctx);
    f->ctx.uc_stack.ss_sp = aligned_alloc(4096, STACK);
    f->ctx.uc_stack.ss_size = STACK;
    makecontext(&f->ctx, fiber_main, 0);
    return 0;
}

void arch_start_vcpu(struct vcpu *v)
{
    WRITE_ONCE(v->sched.on_cpu, true);
    this_cpu(current_vcpu) = v;
    setcontext(&fiber_of(v)->ctx);
    abort();
}

bool vgic_has_pending(struct vcpu *v)
{
    return sim_guest_of(v)->interrupt;
}

/* ---- checks between ticks ---- */

unsigned int sim_idle_cpus(void)
{
    unsigned int nr = 0;

    for ( unsigned int cpu = 0; cpu < nr_cpus; cpu++ )
        nr += cpus[cpu].state == WAITING;
    return nr;
}

static bool idle_cpu_allowed(const struct vcpu *v)
{
    for ( unsigned int cpu = 0; cpu < nr_cpus; cpu++ )
        if ( cpus[cpu].state == WAITING &&
             cpumask_test(v->sched.hard_affinity, cpu) )
            return true;
    return false;
}

/* Whom does this CPU run, if it is in a guest? */
static const struct vcpu *running_on(unsigned int cpu)
{
    return cpus[cpu].state == IN_GUEST
               ? *(struct vcpu **)((uintptr_t)&percpu_current_vcpu +
                                   percpu_offset[cpu])
               : NULL;
}

static void check_guest(struct sim_guest *g)
{
    const struct vcpu *v = g->v;
    const struct vcpu_sched *s = &v->sched;
    unsigned int on = 0, where = 0;
    bool want = s->runnable && s->online && !s->parked && !s->pause_count;

    for ( unsigned int cpu = 0; cpu < nr_cpus; cpu++ )
        if ( running_on(cpu) == v )
        {
            on++;
            where = cpu;
        }
    CHECK(on <= 1, "guest %zu on %u CPUs", g - sim_guests, on);
    if ( g->interrupt && s->online && !s->pause_count && !on )
        CHECK(s->runnable, "guest %zu: a lost wake-up", g - sim_guests);
    if ( on && !cpumask_test(s->hard_affinity, where) )
    {
        if ( !g->excluded )
            g->excluded = sim_now;
        CHECK(sim_now - g->excluded < LATE_TICKS * SIM_TICK,
              "guest %zu stays on CPU%u", g - sim_guests, where);
    }
    else
        g->excluded = 0;
    if ( !want || on )
        g->wanted = 0;
    else if ( !g->wanted )
        g->wanted = sim_now;
    else
    {
        CHECK(sim_now - g->wanted < SECONDS(1), "guest %zu starves",
              g - sim_guests);
        CHECK(!idle_cpu_allowed(v) || sim_now - g->wanted < MILLISECS(12),
              "guest %zu waits while a CPU idles", g - sim_guests);
    }
}

void sim_run(s_time_t time)
{
    s_time_t end = sim_now + time;

    while ( sim_now < end )
    {
        run_hypervisor();
        for ( unsigned int i = 0; i < sim_nr_guests; i++ )
            check_guest(&sim_guests[i]);
        sim_now += SIM_TICK;
        for ( unsigned int i = 0; i < sim_nr_guests; i++ )
            if ( sim_guests[i].wake_at && sim_guests[i].wake_at <= sim_now )
            {
                sim_guests[i].wake_at = 0;
                sim_interrupt(sim_random(nr_cpus), &sim_guests[i]);
            }
        for ( unsigned int cpu = 0; cpu < nr_cpus; cpu++ )
        {
            if ( cpus[cpu].deadline && cpus[cpu].deadline <= sim_now )
                cpus[cpu].irq = true;
            if ( cpus[cpu].state == IN_GUEST )
                cpus[cpu].state = BUSY;
        }
    }
}

/* ---- set-up ---- */

static void cpu_main(void)
{
    sched_start();
}

/* Linked first: the options of the sources follow. */
static const struct cmdline_option cmdline_first
    __attribute__((used, section(".cmdline"), aligned(8)));

static void parse_option(const char *name, const char *value)
{
    const struct cmdline_option *volatile first = &cmdline_first;
    const struct cmdline_option *o = first + 1;

    CHECK(!strcmp(o->name, name));
    CHECK(!o->parse(value));
}

static void map_cpu(unsigned int cpu)
{
    uintptr_t start = (uintptr_t)__bss_start & ~UINT64_C(4095);
    size_t size = (((uintptr_t)_end - start) + 4095) & ~UINT64_C(4095);
    void *at = (void *)(start + cpu * CPU_STRIDE);

    percpu_offset[cpu] = cpu * CPU_STRIDE;
    if ( cpu &&
         mmap(at, size, PROT_READ | PROT_WRITE,
              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != at )
        abort();
}

void sim_start(unsigned int n, const char *sched, unsigned int seed)
{
    random_state = seed;
    nr_cpus = n;
    for ( unsigned int cpu = 0; cpu < n; cpu++ )
    {
        map_cpu(cpu);
        sim_percpu_offset = percpu_offset[cpu];
        this_cpu(cpu_id) = cpu;
        if ( timer_queue_init(cpu) )
            abort();
        cpu_online_map.bits |= 1ULL << cpu;
    }
    sim_percpu_offset = 0;
    if ( sched )
        parse_option("sched", sched);
    softirq_init();
    sched_init();
    for ( unsigned int cpu = 0; cpu < n; cpu++ )
    {
        struct sim_cpu *c = &cpus[cpu];

        sim_percpu_offset = percpu_offset[cpu];
        sched_init_cpu();
        getcontext(&c->ctx);
        c->ctx.uc_stack.ss_sp = aligned_alloc(4096, STACK);
        c->ctx.uc_stack.ss_size = STACK;
        makecontext(&c->ctx, cpu_main, 0);
    }
    sim_percpu_offset = 0;
}

struct domain *sim_domain_alloc(unsigned int nr)
{
    static domid_t next_id;
    struct domain *d = calloc(1, sizeof(*d) + 64);

    d->domain_id = next_id++;
    d->max_vcpus = nr;
    d->vcpu = calloc(nr, sizeof(*d->vcpu));
    return d;
}

void sim_domain_fill(struct domain *d, void (*act)(struct sim_guest *g))
{
    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
    {
        struct vcpu *v = aligned_alloc(64, (sizeof(*v) + 63) & ~63UL);
        struct sim_guest *g = &sim_guests[sim_nr_guests++];

        memset(v, 0, sizeof(*v));
        v->vcpu_id = i;
        v->domain = d;
        d->vcpu[i] = v;
        *g = (struct sim_guest){.v = v, .act = act};
        if ( sched_init_vcpu(v) || arch_vcpu_init(v, NULL) )
            abort();
    }
}

struct domain *sim_add_domain(unsigned int nr, void (*act)(struct sim_guest *g))
{
    struct domain *d = sim_domain_alloc(nr);

    sim_domain_fill(d, act);
    return d;
}

/* ---- the rest that the sources want ---- */

uint32_t cpu_kind(unsigned int cpu)
{
    return sim_kinds >> cpu & 1 ? 0x410fd030 : 0x411fd070;
}

void *xzalloc_bytes(size_t size, size_t align)
{
    void *p = aligned_alloc(64, (size + 63) & ~UINT64_C(63));

    (void)align;
    return memset(p, 0, size);
}

bool page_scrub_some(void)
{
    return false;
}

void keyhandler_register(char key, void (*fn)(char key), const char *desc)
{
    (void)key;
    (void)fn;
    (void)desc;
}

void printk(const char *fmt, ...)
{
    (void)fmt;
}

void panic(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    sim_fail(__FILE__, __LINE__, "panic", "in the hypervisor");
}
