/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Forced in first, in place of asm/percpu.h and asm/barrier.h: several CPUs in
 * one thread. Each is a context that gives way where another CPU could
 * interleave: at locks, barriers and waits. A seed decides who goes on, so
 * every run can be repeated. See smp-sim.c.
 */
#ifndef ASM_PERCPU_H
#define ASM_PERCPU_H
#define ASM_BARRIER_H

#include <stdbool.h>
#include <stdint.h>

extern uintptr_t sim_percpu_offset;

static inline uintptr_t this_cpu_offset(void)
{
    return *(volatile uintptr_t *)&sim_percpu_offset;
}

void sim_yield(void); /* another CPU may go on here */
void sim_wait(void);  /* until an interrupt is pending */

#define isb()       __asm__ volatile("" ::: "memory")
#define smp_mb()    sim_yield()
#define smp_rmb()   sim_yield()
#define smp_wmb()   sim_yield()
#define cpu_relax() sim_yield()
#define wfi()       sim_wait()
#define wfe()       sim_yield()

#endif /* ASM_PERCPU_H */
