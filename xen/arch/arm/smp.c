/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bringing up the CPUs that the device tree lists, by PSCI, one at a time.
 * A CPU that cannot be started is reported and left out.
 */
#include <xen/smp.h>

#include <xen/barrier.h>
#include <xen/cache.h>
#include <xen/console.h>
#include <xen/device-tree.h>
#include <xen/mm.h>
#include <xen/p2m.h>
#include <xen/sched.h>
#include <xen/softirq.h>
#include <xen/timer.h>
#include <asm/gic.h>
#include <asm/mm.h>
#include <asm/psci.h>
#include <asm/sysreg.h>
#include <asm/vcpu.h>
#include <asm/vtimer.h>

#define CPU_UP_TIMEOUT_US 1000000
#define MPIDR_AFFINITY    UINT64_C(0xff00ffffff)

cpumask_t cpu_online_map;
uintptr_t percpu_offset[NR_CPUS];
unsigned int nr_cpus = 1;
DEFINE_PER_CPU(unsigned int, cpu_id);
static uint64_t mpidr[NR_CPUS];

extern char __percpu_start[], __percpu_end[], secondary_entry[];

/* What head.S reads on the new CPU; one is started at a time. */
static struct {
    void *stack;
    uintptr_t percpu_offset;
} secondary_boot;

uint64_t cpu_mpidr(unsigned int cpu)
{
    return mpidr[cpu];
}

void smp_init_boot_cpu(void)
{
    mpidr[0] = sysreg_read(mpidr_el1) & MPIDR_AFFINITY;
    cpu_online_map = cpumask_of(0);
}

void smp_send(cpumask_t to, enum ipi ipi)
{
    dsb(ishst); /* pairs with the acquire of the receiver's pending word */
    gic->send_sgi(to, ipi);
}

void smp_handle_ipi(enum ipi ipi)
{
    if ( ipi == IPI_STOP )
        for ( ;; )
            wfi();
    /* EVENT_CHECK: leaving the guest was all; softirqs follow */
}

void start_secondary(void);

/* First C function of another CPU, on its own stack. */
void start_secondary(void)
{
    arch_init_cpu();
    p2m_init_cpu();
    gic_init_cpu();
    timer_init_cpu();
    vtimer_init_cpu();
    sched_init_cpu();
    __atomic_fetch_or(&cpu_online_map.bits, 1ULL << smp_processor_id(),
                      __ATOMIC_RELEASE);
    sched_start();
}

static void *make_percpu_area(unsigned int cpu)
{
    size_t size = (size_t)(__percpu_end - __percpu_start);
    unsigned int order = 0;
    char *area;

    while ( PAGE_SIZE << order < size )
        order++;
    area = alloc_xen_pages(order);
    if ( !area )
        return NULL;
    percpu_offset[cpu] = (uintptr_t)area - (uintptr_t)__percpu_start;
    per_cpu(cpu_id, cpu) = cpu;
    return area;
}

static int start_cpu(unsigned int cpu)
{
    void *stack = alloc_stack();
    maddr_t entry = virt_to_maddr(secondary_entry);
    int rc;

    if ( !stack || !make_percpu_area(cpu) || timer_queue_init(cpu) )
        return -ENOMEM;
    secondary_boot.stack = stack;
    secondary_boot.percpu_offset = percpu_offset[cpu];
    cache_clean(&secondary_boot, sizeof(secondary_boot));
    cache_clean(&xen_ttbr0, sizeof(xen_ttbr0));
    rc = psci_cpu_on(mpidr[cpu], maddr_x(entry), (uint64_t)&secondary_boot);
    if ( rc )
        return rc;
    return poll_until(
        cpumask_test((cpumask_t){READ_ONCE(cpu_online_map.bits)}, cpu),
        CPU_UP_TIMEOUT_US);
}

static unsigned int max_cpus = NR_CPUS;

static int parse_maxcpus(const char *value)
{
    const char *end;
    unsigned long long n = strtoull(value, &end, 0);

    if ( *end || !n )
        return -EINVAL;
    max_cpus = (unsigned int)min(n, (unsigned long long)NR_CPUS);
    return 0;
}
CMDLINE_OPTION("maxcpus", parse_maxcpus);

void smp_boot_cpus(void)
{
    struct dt_node *cpus = dt_find_path("/cpus"), *np;

    if ( !cpus )
        return;
    dt_for_each_child (cpus, np)
    {
        const char *type;
        uint64_t reg;
        int rc;

        if ( dt_read_string(np, "device_type", &type) || strcmp(type, "cpu") ||
             !dt_is_available(np) || dt_read_u64(np, "reg", &reg) )
            continue;
        if ( reg == mpidr[0] )
            continue;
        if ( nr_cpus >= max_cpus )
        {
            printk(XENLOG_INFO "cpus: the rest stays off (limit %u)\n",
                   max_cpus);
            break;
        }
        mpidr[nr_cpus] = reg & MPIDR_AFFINITY;
        rc = start_cpu(nr_cpus);
        if ( rc )
            printk(XENLOG_ERR "%s: CPU did not start: %d\n", np->full_name, rc);
        else
            nr_cpus++;
    }
    printk("cpus: %u online\n", nr_cpus);
    cpu_kind_report();
}
