/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPUs and per-CPU variables. TPIDR_EL2 holds this CPU's offset from the
 * per-CPU template to its own copy.
 */
#ifndef XEN_SMP_H
#define XEN_SMP_H

#include <xen/cpumask.h>
#include <asm/percpu.h>

/*
 * DEFINE_PER_CPU(int, x);  this_cpu(x) = 1;  per_cpu(x, cpu) = 1;
 * All start as zero.
 */
#define DEFINE_PER_CPU(type, name)                                             \
    __attribute__((section(".bss.percpu"))) __typeof__(type) percpu_##name
#define DECLARE_PER_CPU(type, name) extern __typeof__(type) percpu_##name

#define this_cpu(name)                                                         \
    (*(__typeof__(percpu_##name) *)(uintptr_t)((uintptr_t)&percpu_##name +     \
                                               this_cpu_offset()))
#define per_cpu(name, cpu)                                                     \
    (*(__typeof__(percpu_##name) *)(uintptr_t)((uintptr_t)&percpu_##name +     \
                                               percpu_offset[cpu]))

extern uintptr_t percpu_offset[NR_CPUS];

DECLARE_PER_CPU(unsigned int, cpu_id);
#define smp_processor_id() this_cpu(cpu_id)

extern unsigned int nr_cpus; /* CPUs that came up; ids are 0..nr_cpus-1 */

/* MPIDR_EL1 affinity (Aff3..Aff0, other bits 0) of a CPU that came up. */
uint64_t cpu_mpidr(unsigned int cpu);
/* cpu_kind - MIDR_EL1 of a CPU that came up, without variant and revision. */
uint32_t cpu_kind(unsigned int cpu);

/* What an interprocessor interrupt asks of its receiver. */
enum ipi {
    IPI_EVENT_CHECK, /* look at softirqs and at the current vCPU's work */
    IPI_STOP,        /* fatal error elsewhere: stop */
    NR_IPIS
};

/* smp_send - raise an IPI. Orders earlier stores before it. */
void smp_send(cpumask_t to, enum ipi ipi);

/*
 * smp_call_on - run fn(arg) on every CPU of @to, this one included if set,
 * and wait. The receivers run it at their next guest exit, idle wake-up or
 * poll, with no lock held, or while they wait for the outermost lock. So the
 * caller may hold that one, and no other.
 * smp_call_serve - run what this CPU is asked for. No lock held.
 */
void smp_call_on(cpumask_t to, void (*fn)(void *arg), void *arg);
void smp_call_serve(void);

/* Handler of the received IPIs; the GIC driver calls it after acknowledging. */
void smp_handle_ipi(enum ipi ipi);

/* At boot: this CPU; then the others the tree lists, "maxcpus=" of them. */
void smp_init_boot_cpu(void);
void smp_boot_cpus(void);

#endif /* XEN_SMP_H */
