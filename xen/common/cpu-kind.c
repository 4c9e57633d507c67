/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which CPUs a vCPU may run on where a machine has several kinds (big.LITTLE):
 * those of one kind, because a guest reads identification, cache geometry and
 * errata once, and believes them. A vCPU changes its kind only when somebody
 * gives it an affinity without a CPU of its present one.
 *
 *   dom0     vCPU n is of the kind of CPU n: it has all kinds
 *   others   all vCPUs of a domain are of one kind, the least used at the time
 *
 * With one kind nothing here restricts anything.
 */
#include <xen/sched.h>

#include <xen/domain.h>
#include <xen/lib.h>
#include <xen/smp.h>

/* vCPUs by the first CPU of their kind; atomic, a hint. */
static unsigned int nr_vcpus[NR_CPUS];

/* CPUs like this one; all, when all are alike. */
static cpumask_t kind_mask(unsigned int cpu)
{
    cpumask_t mask = CPUMASK_NONE;
    unsigned int other;

    for_each_online_cpu (other)
        if ( cpu_kind(other) == cpu_kind(cpu) )
            mask = cpumask_or(mask, cpumask_of(other));
    return mask.bits == cpu_online_map.bits ? CPUMASK_ALL : mask;
}

static unsigned int first_of(cpumask_t mask)
{
    return cpumask_first(cpumask_and(mask, cpu_online_map));
}

static unsigned int *count_of(cpumask_t mask)
{
    return &nr_vcpus[first_of(kind_mask(first_of(mask)))];
}

/* vCPUs per CPU are fewest there; the boot CPU's kind of equals. */
static cpumask_t least_used(void)
{
    cpumask_t best = kind_mask(first_of(cpu_online_map));
    unsigned int cpu;

    for_each_online_cpu (cpu)
    {
        cpumask_t mask = kind_mask(cpu);

        if ( *count_of(mask) * cpumask_weight(best) <
             *count_of(best) * cpumask_weight(mask) )
            best = mask;
    }
    return best;
}

void cpu_kind_init_vcpu(struct vcpu *v)
{
    const struct domain *d = v->domain;
    unsigned int nr = v->vcpu_id;
    cpumask_t mask;

    if ( d->is_hardware )
        mask = kind_mask(v->vcpu_id % nr_cpus);
    else if ( v->vcpu_id && d->vcpu[0] )
        mask = kind_mask(first_of(d->vcpu[0]->sched.hard_affinity));
    else
        mask = least_used();
    v->sched.hard_affinity = mask;
    __atomic_fetch_add(count_of(mask), 1, __ATOMIC_RELAXED);

    /* The n-th of them; dom0's vCPUs have a CPU each, if there are enough. */
    v->sched.cpu = v->vcpu_id % nr_cpus;
    if ( cpumask_test(mask, v->sched.cpu) )
        return;
    mask = cpumask_and(mask, cpu_online_map);
    for ( nr %= cpumask_weight(mask); nr; nr-- )
        mask.bits &= mask.bits - 1;
    v->sched.cpu = cpumask_first(mask);
}

void cpu_kind_destroy_vcpu(struct vcpu *v)
{
    __atomic_fetch_sub(count_of(v->sched.hard_affinity), 1, __ATOMIC_RELAXED);
}

cpumask_t cpu_kind_affinity(struct vcpu *v, cpumask_t mask)
{
    cpumask_t old = v->sched.hard_affinity, own = kind_mask(first_of(old));

    if ( cpumask_empty(cpumask_and(cpumask_and(mask, own), cpu_online_map)) )
        own = kind_mask(first_of(mask));
    __atomic_fetch_sub(count_of(old), 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(count_of(own), 1, __ATOMIC_RELAXED);
    return cpumask_and(mask, own);
}

void cpu_kind_report(void)
{
    cpumask_t seen = CPUMASK_NONE;
    unsigned int cpu;

    for_each_online_cpu (cpu)
    {
        cpumask_t mask = kind_mask(cpu);

        if ( mask.bits == CPUMASK_ALL.bits )
            return;
        if ( cpumask_test(seen, cpu) )
            continue;
        seen = cpumask_or(seen, mask);
        printk("cpus: kind %#x: %u, mask %#lx: a vCPU stays within\n",
               cpu_kind(cpu), cpumask_weight(mask), (unsigned long)mask.bits);
    }
}
