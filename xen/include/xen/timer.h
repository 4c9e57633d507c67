/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One-shot timers, kept per CPU; functions run in the timer softirq. */
#ifndef XEN_TIMER_H
#define XEN_TIMER_H

#include <xen/time.h>

struct timer {
    s_time_t expires;                  /* timer lock of its CPU, */
    struct timer *child, *next, *prev; /* as are these */
    bool active;
    unsigned int cpu; /* where it runs */
    void (*function)(void *data);
    void *data;
};

/* timer_queue_init - a CPU's queue, before it comes up. */
int __must_check timer_queue_init(unsigned int cpu);

void timer_init(struct timer *t, void (*function)(void *data), void *data,
                unsigned int cpu);
/* timer_set - (re)arm at an absolute time; may be in the past. Never fails. */
void timer_set(struct timer *t, s_time_t expires);
/* timer_stop - disarm. The function may still be running on its CPU. */
void timer_stop(struct timer *t);
/* timer_kill - disarm and wait until the function does not run any more. */
void timer_kill(struct timer *t);
/* timer_migrate - move to another CPU, armed or not. */
void timer_migrate(struct timer *t, unsigned int cpu);
static inline bool timer_is_active(const struct timer *t)
{
    return t->active;
}

#endif /* XEN_TIMER_H */
