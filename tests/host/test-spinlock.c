/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-spinlock.c - the order of locks, and what a CPU does while it waits for
 * one. A thread is a CPU.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include <xen/irq.h>
#include <xen/smp.h>
#include <xen/softirq.h>
#include <xen/spinlock.h>

#define CPU_STRIDE (UINT64_C(1) << 36) /* between the CPUs' variables */

_Thread_local uintptr_t thread_cpu_offset;
uintptr_t percpu_offset[NR_CPUS];
DEFINE_PER_CPU(unsigned int, cpu_id);
cpumask_t cpu_online_map = {3};

extern char __bss_start[], _end[];

static _Thread_local jmp_buf *panics;

void panic(const char *fmt, ...)
{
    (void)fmt;
    if ( !panics )
        _exit(2);
    longjmp(*panics, 1);
}

/* Nobody looks at IPIs: the other CPU is in EL2, with interrupts masked. */
void smp_send(cpumask_t to, enum ipi ipi)
{
    (void)to;
    (void)ipi;
}

bool irq_pending_here(void)
{
    return false;
}

static void start_cpus(void)
{
    uintptr_t start = (uintptr_t)__bss_start & ~UINT64_C(4095);
    void *at = (void *)(start + CPU_STRIDE);

    assert_ptr_equal(mmap(at, (uintptr_t)_end - start, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
                          0),
                     at);
    percpu_offset[1] = CPU_STRIDE;
    per_cpu(cpu_id, 1) = 1;
}

static DEFINE_SPINLOCK(outermost, LOCK_RANK_HYPERCALL);
static DEFINE_SPINLOCK(inner, LOCK_RANK_P2M);

/* ---- a call to a CPU that waits for the caller's lock ---- */

static unsigned int called_on = 99;

static void called(void *arg)
{
    (void)arg;
    called_on = smp_processor_id();
}

/* CPU 1: as a guest's hypercall, while dom0 has the guest's lock. */
static void *wait_for_it(void *arg)
{
    (void)arg;
    thread_cpu_offset = CPU_STRIDE;
    spin_lock(&outermost);
    spin_unlock(&outermost);
    return NULL;
}

static void waiter_serves_calls(void **state)
{
    pthread_t thread;

    (void)state;
    alarm(20); /* it would be for ever */
    spin_lock(&outermost);
    assert_int_equal(pthread_create(&thread, NULL, wait_for_it, NULL), 0);
    while ( __atomic_load_n(&outermost.next, __ATOMIC_RELAXED) != 2 )
        sched_yield();
    smp_call_on(cpumask_of(1), called, NULL);
    assert_int_equal(called_on, 1);
    spin_unlock(&outermost);
    assert_int_equal(pthread_join(thread, NULL), 0);
    alarm(0);
}

/* ---- what debug builds refuse ---- */

#define PANICS(what)                                                           \
    ({                                                                         \
        jmp_buf buf;                                                           \
        volatile bool did = true;                                              \
                                                                               \
        panics = &buf;                                                         \
        if ( !setjmp(buf) )                                                    \
        {                                                                      \
            what;                                                              \
            did = false;                                                       \
        }                                                                      \
        panics = NULL;                                                         \
        did;                                                                   \
    })

static void calls_with_locks(void **state)
{
    (void)state;
    spin_lock(&outermost);
    assert_false(PANICS(spin_check_call()));
    spin_lock(&inner);
    assert_true(PANICS(spin_check_call()));
    spin_unlock(&inner);
    assert_false(PANICS(spin_check_call()));
    spin_unlock(&outermost);
}

static void order(void **state)
{
    (void)state;
    spin_lock(&inner);
    assert_true(PANICS(spin_lock(&outermost)));
    assert_true(PANICS(spin_lock(&inner)));
    spin_unlock(&inner);
    spin_lock(&outermost);
    assert_false(PANICS(spin_lock(&inner)));
    spin_unlock(&inner);
    spin_unlock(&outermost);
    assert_false(spin_is_locked(&inner) || spin_is_locked(&outermost));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waiter_serves_calls),
        cmocka_unit_test(calls_with_locks),
        cmocka_unit_test(order),
    };

    start_cpus();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
