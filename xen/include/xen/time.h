/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System time: nanoseconds since boot, from the generic timer. */
#ifndef XEN_TIME_H
#define XEN_TIME_H

#include <xen/barrier.h>
#include <xen/lib.h>

typedef int64_t s_time_t; /* nanoseconds; signed so that differences are */

#define MICROSECS(n) ((s_time_t)(n)*1000)
#define MILLISECS(n) ((s_time_t)(n)*1000000)
#define SECONDS(n)   ((s_time_t)(n)*1000000000)

extern uint64_t boot_count;     /* CNTPCT_EL0 at time 0 */
extern unsigned int cntfrq_khz; /* counter frequency */

s_time_t NOW(void);
s_time_t ticks_to_ns(uint64_t ticks);
uint64_t ns_to_ticks(s_time_t ns);

/* time_init - read the timer's node and CNTFRQ_EL0; on the boot CPU. */
void time_init(void);
/* timer_init_cpu - this CPU's EL2 physical timer and its interrupt. */
void timer_init_cpu(void);

/* arch: an interrupt of this CPU's timer at @at; 0: none. For timer.c. */
bool timer_program(s_time_t at);

/* udelay - busy wait. */
void udelay(unsigned int us);

/*
 * poll_until(cond, timeout_us) - evaluate cond until it is true; 0, or
 * -ETIMEDOUT when the time is over and cond is still false.
 */
#define poll_until(cond, timeout_us)                                           \
    ({                                                                         \
        s_time_t poll_end_ = NOW() + MICROSECS(timeout_us);                    \
        int poll_rc_ = 0;                                                      \
        while ( !(cond) )                                                      \
        {                                                                      \
            if ( NOW() > poll_end_ )                                           \
            {                                                                  \
                poll_rc_ = (cond) ? 0 : -ETIMEDOUT;                            \
                break;                                                         \
            }                                                                  \
            cpu_relax();                                                       \
        }                                                                      \
        poll_rc_;                                                              \
    })

#endif /* XEN_TIME_H */
