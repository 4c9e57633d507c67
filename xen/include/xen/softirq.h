/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work put off to the next point at which a CPU holds no lock: before it
 * enters a guest, and in its idle loop.
 */
#ifndef XEN_SOFTIRQ_H
#define XEN_SOFTIRQ_H

#include <xen/smp.h>

enum softirq {
    SOFTIRQ_TIMER,
    SOFTIRQ_SCHEDULE,
    SOFTIRQ_CALL,    /* functions of smp_call_on() */
    SOFTIRQ_CONSOLE, /* input for keyhandlers and the console's owner */
    SOFTIRQ_IOMMU,   /* event queues and errors of IOMMU units */
    SOFTIRQ_TASKLET, /* other deferred work: tasklet_schedule() */
    NR_SOFTIRQS
};

DECLARE_PER_CPU(uint32_t, softirq_pending); /* atomic */

/* softirq_init - at boot, before the first is raised. */
void softirq_init(void);
void softirq_open(enum softirq nr, void (*handler)(void));
/* softirq_raise - on this CPU. */
void softirq_raise(enum softirq nr);
/* softirq_raise_on - on another CPU, with an IPI if it was not pending. */
void softirq_raise_on(unsigned int cpu, enum softirq nr);
static inline bool softirq_is_pending(void)
{
    return *(volatile uint32_t *)&this_cpu(softirq_pending) != 0;
}
/* softirq_run - run handlers until none is pending. No lock may be held. */
void softirq_run(void);
/* softirq_run_except - the same, leaving one pending. softirq_clear. */
void softirq_run_except(enum softirq nr);
void softirq_clear(enum softirq nr);

/* A function that runs once per scheduling, on the CPU that scheduled it. */
struct tasklet {
    struct tasklet *next;
    uint32_t scheduled; /* atomic */
    void (*function)(void *data);
    void *data;
};
void tasklet_init(struct tasklet *t, void (*function)(void *), void *data);
void tasklet_schedule(struct tasklet *t);

/*
 * preempt_check - should a long operation stop here and continue later?
 * True when a softirq or an unserved physical interrupt waits for this CPU
 * (EL2 keeps interrupts masked, ISR_EL1 shows them).
 */
bool preempt_check(void);

#endif /* XEN_SOFTIRQ_H */
