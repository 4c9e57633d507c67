/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System time from CNTPCT_EL0 and the EL2 physical timer behind
 * common/timer.c. Spec: DDI 0487 J.a, D11 "The Generic Timer".
 */
#include <xen/time.h>

#include <xen/barrier.h>
#include <xen/device-tree.h>
#include <xen/softirq.h>
#include <asm/sysreg.h>
#include <asm/time.h>

uint64_t boot_count;
unsigned int cntfrq_khz;

/* ns = ticks * mult >> shift, exact to 2^-32 for any frequency we meet. */
static uint64_t ns_mult;
#define NS_SHIFT 24

static struct timer_irqs irqs = {
    .phys_secure = 29, .phys = 30, .virt = 27, .hyp = 26};

const struct timer_irqs *timer_irqs(void)
{
    return &irqs;
}

static uint64_t mul_shift(uint64_t a, uint64_t b, unsigned int shift)
{
    return (uint64_t)(((unsigned __int128)a * b) >> shift);
}

s_time_t ticks_to_ns(uint64_t ticks)
{
    return (s_time_t)mul_shift(ticks, ns_mult, NS_SHIFT);
}

uint64_t ns_to_ticks(s_time_t ns)
{
    return (uint64_t)ns * cntfrq_khz / 1000000;
}

uint64_t cntpct(void)
{
    isb(); /* not before what the program says came before */
    return sysreg_read(cntpct_el0);
}

s_time_t NOW(void)
{
    return ticks_to_ns(cntpct() - boot_count);
}

void udelay(unsigned int us)
{
    s_time_t end = NOW() + MICROSECS(us);

    while ( NOW() < end )
        cpu_relax();
}

/* First thing at boot, so that NOW() works: CNTFRQ_EL0 is set by firmware. */
void time_early_init(void)
{
    uint64_t freq = sysreg_read(cntfrq_el0);

    boot_count = sysreg_read(cntpct_el0);
    if ( freq < 1000 )
        freq = 62500000;
    cntfrq_khz = (unsigned int)(freq / 1000);
    ns_mult = (UINT64_C(1000000000) << NS_SHIFT) / freq;
}

void time_init(void)
{
    struct dt_node *np = dt_find_compatible(NULL, "arm,armv8-timer");
    uint64_t freq = sysreg_read(cntfrq_el0);
    unsigned int *irq[] = {&irqs.phys_secure, &irqs.phys, &irqs.virt,
                           &irqs.hyp};
    uint32_t dt_freq;

    if ( !np )
        panic("device tree: no arm,armv8-timer node\n");
    for ( unsigned int i = 0; i < ARRAY_SIZE(irq); i++ )
    {
        enum irq_type type;

        if ( dt_get_irq(np, i, irq[i], &type) )
            panic("%s: interrupt %u is missing or malformed\n", np->full_name,
                  i);
    }
    if ( !dt_read_u32(np, "clock-frequency", &dt_freq) && dt_freq >= 1000 )
        freq = dt_freq;
    if ( freq < 1000 )
        panic("timer: CNTFRQ_EL0 is %lu and %s has no clock-frequency\n", freq,
              np->full_name);
    cntfrq_khz = (unsigned int)(freq / 1000);
    ns_mult = (UINT64_C(1000000000) << NS_SHIFT) / freq;
    irqs.np = np;
}

/* ---- the EL2 physical timer ---- */

static void hyp_timer_irq(unsigned int irq, void *dev)
{
    (void)irq;
    (void)dev;
    sysreg_write(cnthp_ctl_el2, 0); /* the line falls */
    softirq_raise(SOFTIRQ_TIMER);
}

bool timer_program(s_time_t at)
{
    if ( !at )
    {
        sysreg_write(cnthp_ctl_el2, 0);
        return true;
    }
    sysreg_write(cnthp_cval_el2, boot_count + ns_to_ticks(at) + 1);
    sysreg_write(cnthp_ctl_el2, 1);
    isb();
    return true;
}

void timer_init_cpu(void)
{
    sysreg_write(cnthp_ctl_el2, 0);
    /* Guests: CNTPCT_EL0 native (EL1PCTEN), CNTP_* trap (EL1PCEN clear). */
    sysreg_write(cnthctl_el2, 1);
    isb();
    if ( smp_processor_id() )
        irq_enable_percpu(irqs.hyp);
    else if ( irq_request(irqs.hyp, IRQ_TYPE_LEVEL_LOW, hyp_timer_irq, NULL,
                          "hyp-timer") )
        panic("timer: interrupt %u is taken\n", irqs.hyp);
}
