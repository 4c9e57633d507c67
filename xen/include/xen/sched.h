/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scheduling of vCPUs: weights, caps, hard affinity (common/sched.c), or one
 * vCPU per CPU ("sched=null").
 */
#ifndef XEN_SCHED_H
#define XEN_SCHED_H

#include <stdint.h>

#include <public/xen.h>
#include <xen/cpumask.h>
#include <xen/list.h>
#include <xen/smp.h>
#include <xen/time.h>
#include <xen/timer.h>

struct vcpu;
struct domain;

DECLARE_PER_CPU(struct vcpu *, current_vcpu);
#define current this_cpu(current_vcpu)

#define SCHED_DEFAULT_WEIGHT 256U

struct vcpu_sched {
    unsigned int cpu; /* its run queue; that queue's lock */
    bool runnable;    /* not blocked; queue lock */
    bool queued;      /* on the run queue; queue lock */
    bool on_cpu;      /* its state is in a CPU's registers; atomic */
    bool online;      /* PSCI on; queue lock */
    bool is_idle;
    bool owns_cpu;            /* sched=null: no other has its cpu; queue lock */
    unsigned int pause_count; /* atomic; > 0: not to run */
    cpumask_t hard_affinity, soft_affinity; /* queue lock */
    s_time_t vruntime;                      /* queue lock */
    s_time_t runtime;                       /* ns run in total; queue lock */
    s_time_t started;                       /* when it got the CPU */
    s_time_t state_since;
    int runstate; /* RUNSTATE_* of public/vcpu.h */
    uint64_t runstate_time[4];
    uint64_t runstate_guest;  /* guest virtual address of the area, 0 none */
    unsigned int weight, cap; /* of the domain; cap in % of one CPU, 0 none */
    s_time_t cap_used, cap_period_end;
    bool parked; /* over its cap until the period ends */
    struct list_head run_list;
    struct timer cap_timer;
};

void sched_init(void);     /* boot CPU, after timers; reads "sched=" */
void sched_init_cpu(void); /* each CPU: its idle vCPU */
/* sched_start - leave the boot stack for ever and run vCPUs. */
void __noreturn sched_start(void);

int __must_check sched_init_vcpu(struct vcpu *v);
void sched_destroy_vcpu(struct vcpu *v);

/* schedule - pick what runs next; returns when this vCPU runs again. */
void schedule(void);
/* vcpu_block - until an interrupt is pending for the guest (WFI, poll). */
void vcpu_block(struct vcpu *v);
void vcpu_wake(struct vcpu *v);
void vcpu_yield(void);
/* vcpu_kick - make a running vCPU look at v->work, or wake a blocked one. */
void vcpu_kick(struct vcpu *v);
void vcpu_online(struct vcpu *v);  /* PSCI CPU_ON */
void vcpu_offline(struct vcpu *v); /* PSCI CPU_OFF; schedules away if self */
void vcpu_pause(struct vcpu *v);   /* sync: does not run on return */
void vcpu_pause_nosync(struct vcpu *v);
/* vcpu_wait_stopped - until a paused vCPU is on no CPU. It may wait for a lock
 * that its domain uses: hold none. */
void vcpu_wait_stopped(struct vcpu *v);
void vcpu_unpause(struct vcpu *v);
int __must_check vcpu_set_hard_affinity(struct vcpu *v, cpumask_t mask);
void vcpu_set_soft_affinity(struct vcpu *v, cpumask_t mask);

/* ---- cpu-kind.c: machines with several kinds of CPU ---- */

/* For sched.c, around a vCPU's life: its first affinity and CPU. */
void cpu_kind_init_vcpu(struct vcpu *v);
void cpu_kind_destroy_vcpu(struct vcpu *v);
/* cpu_kind_affinity - what is left of a mask with an online CPU in it, so that
 * all are of one kind: the present one, if there are any. Queue lock. */
cpumask_t cpu_kind_affinity(struct vcpu *v, cpumask_t mask);
/* cpu_kind_report - say so, when there are several. After smp_boot_cpus(). */
void cpu_kind_report(void);

void sched_set_domain(struct domain *d, unsigned int weight, unsigned int cap);
/* sched_idle_time - ns this CPU ran no vCPU. */
s_time_t sched_idle_time(unsigned int cpu);

/* arch: save @prev's registers and load @next's; and the stack switch.
 * schedule() has set next->sched.on_cpu; sched_tail() clears prev's. */
void context_switch(struct vcpu *prev, struct vcpu *next);
/* arch: first on the new stack after a switch. */
void sched_tail(void);
/* sched_run_migrations - sched_tail() calls it when the old state is saved. */
void sched_run_migrations(void);

#endif /* XEN_SCHED_H */
