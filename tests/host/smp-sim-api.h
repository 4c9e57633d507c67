/* SPDX-License-Identifier: GPL-2.0-or-later */
/* smp-sim.c for tests: CPUs, time, guests. */
#ifndef SMP_SIM_API_H
#define SMP_SIM_API_H

#include <stdio.h>

#include <xen/domain.h>

#define SIM_CPUS  8U
#define SIM_VCPUS 32U
#define SIM_TICK  MICROSECS(50)

/* What a guest does each time it has run for a tick, or was interrupted. */
struct sim_guest {
    struct vcpu *v;
    void (*act)(struct sim_guest *g);
    bool interrupt;       /* pending: vgic_has_pending() */
    unsigned int pausers; /* synchronous pauses that have returned */
    unsigned int entries;
    s_time_t wanted;   /* since when it could run and did not */
    s_time_t excluded; /* since when it is loaded where it may not run */
    s_time_t wake_at;
};

extern struct sim_guest sim_guests[SIM_VCPUS];
extern unsigned int sim_nr_guests;
extern unsigned int sim_yield_percent; /* how often CPUs interleave */
extern s_time_t sim_now;
extern uint32_t sim_kinds; /* bit n: CPU n is of the other kind */

/* sim_start - @cpus CPUs up, @options parsed, and seeded. */
void sim_start(unsigned int cpus, const char *sched, unsigned int seed);
/* sim_add_domain - @nr guests that act alike; they are online. */
struct domain *sim_add_domain(unsigned int nr,
                              void (*act)(struct sim_guest *g));
/* The two halves of it. */
struct domain *sim_domain_alloc(unsigned int nr);
void sim_domain_fill(struct domain *d, void (*act)(struct sim_guest *g));
struct sim_guest *sim_guest_of(const struct vcpu *v);
/* sim_run - let all CPUs run for so long, checking after every tick. */
void sim_run(s_time_t time);
/* sim_interrupt - a device's interrupt for a guest, taken by a CPU. */
void sim_interrupt(unsigned int cpu, struct sim_guest *g);
unsigned int sim_random(unsigned int below);
/* How many CPUs run no vCPU. */
unsigned int sim_idle_cpus(void);

#define CHECK(cond, ...)                                                       \
    do                                                                         \
    {                                                                          \
        if ( !(cond) )                                                         \
            sim_fail(__FILE__, __LINE__, #cond, " " __VA_ARGS__);              \
    } while ( 0 )
void sim_fail(const char *file, int line, const char *cond, const char *fmt,
              ...) __attribute__((noreturn, format(printf, 4, 5)));

#endif /* SMP_SIM_API_H */
