/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets of CPUs: one word, since we drive at most 64. */
#ifndef XEN_CPUMASK_H
#define XEN_CPUMASK_H

#include <xen/lib.h>

#define NR_CPUS 64U

typedef struct cpumask {
    uint64_t bits;
} cpumask_t;

#define CPUMASK_NONE ((cpumask_t){0})
#define CPUMASK_ALL  ((cpumask_t){~0ULL})

static inline cpumask_t cpumask_of(unsigned int cpu)
{
    return (cpumask_t){1ULL << cpu};
}

static inline bool cpumask_test(cpumask_t m, unsigned int cpu)
{
    return (m.bits >> cpu) & 1;
}

static inline cpumask_t cpumask_and(cpumask_t a, cpumask_t b)
{
    return (cpumask_t){a.bits & b.bits};
}

static inline cpumask_t cpumask_or(cpumask_t a, cpumask_t b)
{
    return (cpumask_t){a.bits | b.bits};
}

static inline bool cpumask_empty(cpumask_t m)
{
    return !m.bits;
}

static inline unsigned int cpumask_weight(cpumask_t m)
{
    unsigned int n = 0;

    for ( ; m.bits; m.bits &= m.bits - 1 )
        n++;
    return n;
}

/* cpumask_first - lowest CPU of a set that is not empty. */
static inline unsigned int cpumask_first(cpumask_t m)
{
    return (unsigned int)__builtin_ctzll(m.bits);
}

#define for_each_cpu(cpu, mask)                                                \
    for ( uint64_t bits_ = (mask).bits;                                        \
          bits_ && ((cpu) = (unsigned int)__builtin_ctzll(bits_), true);       \
          bits_ &= bits_ - 1 )

/* CPUs that run; changed at boot only. */
extern cpumask_t cpu_online_map;
#define for_each_online_cpu(cpu) for_each_cpu (cpu, cpu_online_map)

#endif /* XEN_CPUMASK_H */
