/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scheduler on simulated CPUs: shares, caps, affinity, blocking, pausing,
 * CPUs going on and off, each with many interleavings. smp-sim.c checks after
 * every tick that nobody starves, waits beside an idle CPU, runs where it may
 * not, runs while paused, or misses a wake-up. Each test is a process, since
 * the scheduler has no way back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "smp-sim-api.h"

#include <public/vcpu.h>

#define SEEDS 6U

static void in_child(void (*fn)(unsigned int seed), unsigned int seed)
{
    int status;
    pid_t pid = fork();

    if ( !pid )
    {
        fn(seed);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if ( status )
        print_message("seed %u\n", seed);
    assert_int_equal(status, 0);
}

static void with_seeds(void (*fn)(unsigned int seed))
{
    for ( unsigned int seed = 1; seed <= SEEDS; seed++ )
        in_child(fn, seed);
}

/* ---- guests ---- */

static void hog(struct sim_guest *g)
{
    (void)g;
}

static void block_for(struct sim_guest *g, s_time_t time)
{
    g->wake_at = sim_now + time;
    vcpu_block(g->v);
}

/* A little work, then sleep. */
static void sleeper(struct sim_guest *g)
{
    if ( !sim_random(3) )
        block_for(g, SIM_TICK * (1 + sim_random(100)));
}

static void start(struct domain *d)
{
    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
    {
        d->vcpu[i]->arch.initialised = true;
        vcpu_online(d->vcpu[i]);
    }
}

static s_time_t runtime(const struct domain *d)
{
    s_time_t sum = 0;

    for ( unsigned int i = 0; i < d->max_vcpus; i++ )
        sum += d->vcpu[i]->sched.runtime;
    return sum;
}

static void check_share(const struct domain *d, s_time_t total,
                        unsigned int percent)
{
    unsigned int got = (unsigned int)(runtime(d) * 100 / total);

    CHECK(got + 3 >= percent && got <= percent + 3, "d%u got %u %%, not %u",
          d->domain_id, got, percent);
}

/* ---- shares ---- */

static void weights(unsigned int seed)
{
    struct domain *a, *b, *c;

    sim_start(1, NULL, seed);
    a = sim_add_domain(1, hog);
    b = sim_add_domain(1, hog);
    c = sim_add_domain(1, hog);
    sched_set_domain(a, 128, 0);
    sched_set_domain(b, 256, 0);
    sched_set_domain(c, 512, 0);
    start(a);
    start(b);
    start(c);
    sim_run(SECONDS(3));
    check_share(a, SECONDS(3), 14);
    check_share(b, SECONDS(3), 29);
    check_share(c, SECONDS(3), 57);
}

static void test_weights(void **state)
{
    (void)state;
    in_child(weights, 1);
}

/* Hogs next to sleepers, on fewer CPUs than vCPUs: equal weights share. */
static void many(unsigned int seed)
{
    struct domain *hogs, *sleepers;
    s_time_t least = SECONDS(100), most = 0;

    sim_start(3, NULL, seed);
    hogs = sim_add_domain(5, hog);
    sleepers = sim_add_domain(4, sleeper);
    start(hogs);
    start(sleepers);
    sim_run(SECONDS(2));
    for ( unsigned int i = 0; i < hogs->max_vcpus; i++ )
    {
        least = min(least, hogs->vcpu[i]->sched.runtime);
        most = max(most, hogs->vcpu[i]->sched.runtime);
    }
    CHECK(runtime(hogs) + runtime(sleepers) > SECONDS(6) * 95 / 100);
    CHECK(least > MILLISECS(300), "one hog had only %ld ms",
          (long)(least / 1000000));
}

static void test_many(void **state)
{
    (void)state;
    with_seeds(many);
}

static void caps(unsigned int seed)
{
    struct domain *a, *b;

    sim_start(2, NULL, seed);
    a = sim_add_domain(1, hog);
    b = sim_add_domain(2, hog);
    sched_set_domain(a, 256, 30);
    sched_set_domain(b, 256, 100); /* of one CPU: 50 each */
    start(a);
    start(b);
    sim_run(SECONDS(2));
    check_share(a, SECONDS(2), 30);
    check_share(b, SECONDS(2), 100);
}

static void test_caps(void **state)
{
    (void)state;
    with_seeds(caps);
}

/* ---- affinity ---- */

static void change_affinity(struct sim_guest *g)
{
    struct sim_guest *other = &sim_guests[sim_random(sim_nr_guests)];
    cpumask_t mask = {sim_random(16)};

    sleeper(g);
    if ( !sim_random(4) )
        CHECK(vcpu_set_hard_affinity(other->v, mask) ==
              (mask.bits ? 0 : -EINVAL));
}

static void affinity(unsigned int seed)
{
    sim_start(4, NULL, seed);
    start(sim_add_domain(6, change_affinity));
    start(sim_add_domain(2, hog));
    sim_run(MILLISECS(400));
}

static void test_affinity(void **state)
{
    (void)state;
    with_seeds(affinity);
}

/* ---- two kinds of CPU: 0 to 3, and 4 to 7 ---- */

#define BIG    0x0fU
#define LITTLE 0xf0U

static uint64_t cpus_of(const struct vcpu *v)
{
    return v->sched.hard_affinity.bits & cpu_online_map.bits;
}

/* It runs where it may, which is on one kind. */
static void check_kind(struct sim_guest *g)
{
    uint64_t cpus = cpus_of(g->v);

    CHECK(!(cpus & BIG) || !(cpus & LITTLE));
    hog(g);
}

static void kinds(unsigned int seed)
{
    struct domain *d0, *d1, *d2;
    struct vcpu *v;

    sim_kinds = LITTLE;
    sim_start(8, NULL, seed);
    d0 = sim_add_domain(1, check_kind);
    CHECK(cpus_of(d0->vcpu[0]) == BIG);

    /* The other kind is less used now, and all of a domain is of one. */
    d1 = sim_add_domain(3, check_kind);
    for ( unsigned int i = 0; i < 3; i++ )
    {
        CHECK(cpus_of(d1->vcpu[i]) == LITTLE);
        CHECK(d1->vcpu[i]->sched.cpu >= 4);
    }
    d2 = sim_add_domain(4, check_kind);
    CHECK(cpus_of(d2->vcpu[0]) == BIG && cpus_of(d2->vcpu[3]) == BIG);
    start(d0);
    start(d1);
    start(d2);
    sim_run(MILLISECS(100));

    /* Wider than its kind: within it. Another kind: when asked for. */
    v = d1->vcpu[0];
    CHECK(!vcpu_set_hard_affinity(v, CPUMASK_ALL) && cpus_of(v) == LITTLE);
    CHECK(!vcpu_set_hard_affinity(v, (cpumask_t){0x33}) && cpus_of(v) == 0x30);
    CHECK(!vcpu_set_hard_affinity(v, (cpumask_t){0x06}) && cpus_of(v) == 0x06);
    CHECK(!vcpu_set_hard_affinity(v, CPUMASK_ALL) && cpus_of(v) == BIG);
    CHECK(vcpu_set_hard_affinity(v, (cpumask_t){0x300}) == -EINVAL);
    sim_run(MILLISECS(100));
    CHECK(v->sched.cpu < 4 && v->sched.runtime > 0);
}

static void test_kinds(void **state)
{
    (void)state;
    with_seeds(kinds);
}

static void kinds_of_dom0(unsigned int seed)
{
    struct domain *d;

    sim_kinds = LITTLE;
    sim_start(8, NULL, seed);
    d = sim_domain_alloc(8);
    d->is_hardware = true;
    sim_domain_fill(d, check_kind);
    for ( unsigned int i = 0; i < 8; i++ )
    {
        CHECK(cpus_of(d->vcpu[i]) == (i < 4 ? BIG : LITTLE));
        CHECK(d->vcpu[i]->sched.cpu == i);
    }
    start(d);
    sim_run(MILLISECS(100));
    CHECK(sim_idle_cpus() == 0);
}

static void test_kinds_of_dom0(void **state)
{
    (void)state;
    with_seeds(kinds_of_dom0);
}

static void pinned(unsigned int seed)
{
    struct domain *d;

    sim_start(4, NULL, seed);
    d = sim_add_domain(3, hog);
    for ( unsigned int i = 0; i < 3; i++ )
        CHECK(!vcpu_set_hard_affinity(d->vcpu[i], cpumask_of(2)));
    start(d);
    sim_run(MILLISECS(600));
    for ( unsigned int i = 0; i < 3; i++ )
        CHECK(d->vcpu[i]->sched.runtime > MILLISECS(150));
    CHECK(runtime(d) <= MILLISECS(601) && sim_idle_cpus() == 3);
    CHECK(sched_idle_time(2) < MILLISECS(2));
    CHECK(sched_idle_time(1) > MILLISECS(590));
}

static void test_pinned(void **state)
{
    (void)state;
    in_child(pinned, 1);
}

/* ---- blocking, waking, yielding ---- */

static void restless(struct sim_guest *g)
{
    switch ( sim_random(4) )
    {
    case 0:
        block_for(g, SIM_TICK * sim_random(4));
        break;
    case 1:
        vcpu_yield();
        break;
    case 2: /* an IPI to another */
        g = &sim_guests[sim_random(sim_nr_guests)];
        g->interrupt = true;
        vcpu_kick(g->v);
        break;
    }
}

static void wakes(unsigned int seed)
{
    sim_start(3, NULL, seed);
    start(sim_add_domain(7, restless));
    sim_run(MILLISECS(500));
    for ( unsigned int i = 0; i < sim_nr_guests; i++ )
        CHECK(sim_guests[i].entries > 100, "guest %u", i);
}

static void test_wakes(void **state)
{
    (void)state;
    with_seeds(wakes);
}

static void wake_latency_act(struct sim_guest *g)
{
    block_for(g, MILLISECS(7));
}

/* A sleeper is served at once although hogs keep every CPU busy. */
static void latency(unsigned int seed)
{
    struct domain *d;

    sim_start(2, NULL, seed);
    start(sim_add_domain(4, hog));
    d = sim_add_domain(1, wake_latency_act);
    start(d);
    sim_run(SECONDS(1));
    CHECK(sim_guest_of(d->vcpu[0])->entries > 135, "%u entries",
          sim_guest_of(d->vcpu[0])->entries);
}

static void test_latency(void **state)
{
    (void)state;
    with_seeds(latency);
}

/* ---- pausing ---- */

static void pauser(struct sim_guest *g)
{
    /* guests 0 and 1 pause, the others are paused */
    struct sim_guest *victim = &sim_guests[2 + sim_random(sim_nr_guests - 2)];

    (void)g;
    vcpu_pause(victim->v);
    CHECK(!victim->v->sched.on_cpu);
    victim->pausers++;
    for ( unsigned int i = sim_random(20); i; i-- )
        cpu_relax();
    victim->pausers--;
    vcpu_unpause(victim->v);
    if ( !sim_random(3) )
        vcpu_yield();
}

static void pauses(unsigned int seed)
{
    sim_start(3, NULL, seed);
    start(sim_add_domain(2, pauser));
    start(sim_add_domain(4, restless));
    sim_run(MILLISECS(300));
}

static void test_pauses(void **state)
{
    (void)state;
    with_seeds(pauses);
}

/* ---- CPU_OFF and CPU_ON ---- */

static void on_off(struct sim_guest *g)
{
    struct sim_guest *other = &sim_guests[sim_random(sim_nr_guests)];
    bool off = false;

    sleeper(g);
    if ( g != &sim_guests[0] && !sim_random(5) )
        vcpu_offline(g->v);
    /* vcpu_reset() */
    if ( !__atomic_compare_exchange_n(&other->v->arch.initialised, &off, true,
                                      false, __ATOMIC_ACQ_REL,
                                      __ATOMIC_RELAXED) )
        return;
    while ( READ_ONCE(other->v->sched.on_cpu) )
        cpu_relax();
    vcpu_online(other->v);
}

static void onlines(unsigned int seed)
{
    sim_start(3, NULL, seed);
    start(sim_add_domain(5, on_off));
    sim_run(MILLISECS(400));
}

static void test_onlines(void **state)
{
    (void)state;
    with_seeds(onlines);
}

/* ---- two that pause each other: neither waits in the hypervisor ---- */

static unsigned int rescues;
static bool rescued[2];

static void duellist(struct sim_guest *g)
{
    unsigned int other = 1U - (unsigned int)(g - sim_guests);

    if ( sim_random(3) )
        return;
    vcpu_pause(sim_guests[other].v);
    if ( !rescued[other] )
        vcpu_unpause(sim_guests[other].v);
    rescued[other] = false;
}

static bool is_stopped(unsigned int i)
{
    const struct vcpu_sched *s = &sim_guests[i].v->sched;

    return READ_ONCE(s->pause_count) && !READ_ONCE(s->on_cpu);
}

/* Both are stopped: nobody but us can let them go on. */
static void rescuer(struct sim_guest *g)
{
    (void)g;
    if ( !is_stopped(0) || !is_stopped(1) )
        return;
    rescues++;
    rescued[0] = rescued[1] = true;
    vcpu_unpause(sim_guests[0].v);
    vcpu_unpause(sim_guests[1].v);
}

static void duels(unsigned int seed)
{
    sim_start(3, NULL, seed);
    start(sim_add_domain(2, duellist));
    start(sim_add_domain(1, rescuer));
    sim_run(MILLISECS(200));
    CHECK(rescues > 10, "%u", rescues);
}

static void test_duels(void **state)
{
    (void)state;
    with_seeds(duels);
}

/* ---- sched=null ---- */

static void check_alone(void)
{
    uint64_t seen = 0;

    for ( unsigned int i = 0; i < sim_nr_guests; i++ )
    {
        const struct vcpu_sched *s = &sim_guests[i].v->sched;

        if ( !s->online )
            continue;
        CHECK(s->owns_cpu && !(seen >> s->cpu & 1), "guest %u on CPU%u", i,
              s->cpu);
        seen |= 1ULL << s->cpu;
    }
}

static void null_alone(unsigned int seed)
{
    sim_start(4, "null", seed);
    start(sim_add_domain(4, on_off));
    for ( unsigned int i = 0; i < 400; i++ )
    {
        sim_run(MILLISECS(1));
        check_alone();
    }
}

static void null_shared(unsigned int seed)
{
    struct domain *d;

    sim_start(2, "null", seed);
    d = sim_add_domain(4, hog);
    start(d);
    sim_run(SECONDS(1));
    for ( unsigned int i = 0; i < 4; i++ )
        CHECK(d->vcpu[i]->sched.runtime > MILLISECS(150));
}

static void null_affinity(unsigned int seed)
{
    struct domain *d;

    sim_start(4, "null", seed);
    d = sim_add_domain(2, hog);
    start(d);
    sim_run(MILLISECS(10));
    for ( unsigned int i = 0; i < 200; i++ )
    {
        unsigned int cpu = i % 4;

        CHECK(!vcpu_set_hard_affinity(d->vcpu[0], cpumask_of(cpu)));
        CHECK(!vcpu_set_hard_affinity(d->vcpu[1], cpumask_of(cpu ^ 1)));
        sim_run(MILLISECS(1));
        CHECK(d->vcpu[0]->sched.cpu == cpu);
        CHECK(d->vcpu[1]->sched.cpu == (cpu ^ 1));
    }
}

static void test_null(void **state)
{
    (void)state;
    with_seeds(null_alone);
    with_seeds(null_shared);
    with_seeds(null_affinity);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_weights),       cmocka_unit_test(test_many),
        cmocka_unit_test(test_caps),          cmocka_unit_test(test_affinity),
        cmocka_unit_test(test_pinned),        cmocka_unit_test(test_wakes),
        cmocka_unit_test(test_latency),       cmocka_unit_test(test_pauses),
        cmocka_unit_test(test_onlines),       cmocka_unit_test(test_null),
        cmocka_unit_test(test_duels),         cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_kinds_of_dom0),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
