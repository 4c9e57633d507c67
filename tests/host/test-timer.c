/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Timers against an array that is searched: thousands of them are armed, armed
 * again and stopped at random, also by their own functions. Each fires once,
 * not before its time, the earliest first, and the hardware is always set to
 * the earliest or to something before it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#define strtoull host_strtoull
#include <stdlib.h>
#undef strtoull

#include <cmocka.h>

#include <xen/mm.h>
#include <xen/smp.h>
#include <xen/softirq.h>
#include <xen/timer.h>

#define TIMERS 3000U /* more than any fixed array had room for */
#define STEPS  200000U

static struct timer timers[TIMERS];
static s_time_t due[TIMERS]; /* 0: not armed */
static s_time_t now = 1, hardware, last_fired;
static void (*softirq)(void);
static uint64_t seed = 1;
static unsigned int fired;

static unsigned int rnd(unsigned int n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned int)(seed >> 33) % n;
}

/* ---- what timer.c stands on ---- */

uintptr_t percpu_offset[NR_CPUS];
DEFINE_PER_CPU(unsigned int, cpu_id);

void *xzalloc_bytes(size_t size, size_t align)
{
    (void)align;
    return calloc(1, size);
}

void spin_lock_init(spinlock_t *l, enum lock_rank rank)
{
    *l = (spinlock_t)SPINLOCK_INIT((uint16_t)rank);
}

void spin_lock(spinlock_t *l)
{
    assert_int_equal(l->cpu, 0);
    l->cpu = 1;
}

void spin_unlock(spinlock_t *l)
{
    assert_int_equal(l->cpu, 1);
    l->cpu = 0;
}

void softirq_open(enum softirq nr, void (*handler)(void))
{
    assert_int_equal(nr, SOFTIRQ_TIMER);
    softirq = handler;
}

void softirq_raise_on(unsigned int cpu, enum softirq nr)
{
    fail_msg("CPU %u, softirq %d", cpu, nr);
}

bool timer_program(s_time_t at)
{
    hardware = at;
    return true;
}

s_time_t NOW(void)
{
    return now;
}

/* ---- the test ---- */

static void arm(unsigned int i, s_time_t at)
{
    due[i] = at;
    timer_set(&timers[i], at);
}

static void disarm(unsigned int i)
{
    due[i] = 0;
    timer_stop(&timers[i]);
}

static void function(void *data)
{
    unsigned int i = (unsigned int)(uintptr_t)data;

    assert_false(timer_is_active(&timers[i]));
    assert_true(due[i] && due[i] <= now);
    assert_true(due[i] >= last_fired);
    last_fired = due[i];
    due[i] = 0;
    fired++;
    if ( !rnd(4) )
        arm(i, now + 1 + rnd(100000));
    if ( !rnd(4) )
        disarm(rnd(TIMERS));
}

/* Of those that are armed: the earliest; 0 when there is none. */
static s_time_t earliest(void)
{
    s_time_t at = 0;

    for ( unsigned int i = 0; i < TIMERS; i++ )
    {
        assert_int_equal(timer_is_active(&timers[i]), due[i] != 0);
        if ( due[i] && (!at || due[i] < at) )
            at = due[i];
    }
    return at;
}

static void check(void)
{
    s_time_t at = earliest();

    assert_true(!at || (hardware && hardware <= at));
}

/* Time goes on to the hardware's deadline, or a little. */
static void pass(void)
{
    s_time_t at;

    now = rnd(2) && hardware > now ? hardware : now + rnd(3000);
    if ( !hardware || hardware > now )
        return;
    last_fired = 0;
    softirq();
    at = earliest();
    assert_true(!at || at > now);
    assert_int_equal(hardware, at);
}

static void test_random(void **state)
{
    (void)state;
    assert_int_equal(timer_queue_init(0), 0);
    for ( uintptr_t i = 0; i < TIMERS; i++ )
        timer_init(&timers[i], function, (void *)i, 0);
    for ( unsigned int i = 0; i < TIMERS; i++ )
        arm(i, now + 1 + rnd(1000000));
    check();
    for ( unsigned int step = 0; step < STEPS; step++ )
    {
        unsigned int i = rnd(TIMERS);

        if ( rnd(3) )
            arm(i, now + 1 + rnd(rnd(2) ? 1000000 : 3000));
        else
            disarm(i);
        if ( !rnd(10) )
            pass();
        if ( !rnd(100) )
            check();
    }
    assert_true(fired > STEPS / 100);
    for ( unsigned int i = 0; i < TIMERS; i++ )
        disarm(i);
    assert_int_equal(earliest(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
