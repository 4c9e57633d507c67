/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests' timers. While a vCPU is loaded, CNTV counts in hardware; when it
 * fires, its physical interrupt stays active until the guest ends the virtual
 * one (list register with the hardware link), and so it fires once. A PPI's
 * active bit belongs to the CPU: it moves with the vCPU.
 * A blocked vCPU that is switched out is woken by a timer of ours; CNTV then
 * fires by itself when it is loaded. CNTP traps and is such a timer only.
 * Manual: DDI 0487 J.a, chapter D11 "The Generic Timer".
 */
#include <asm/vtimer.h>

#include <xen/bits.h>
#include <xen/domain.h>
#include <xen/lib.h>
#include <xen/sched.h>
#include <xen/smp.h>
#include <asm/barrier.h>
#include <asm/gic.h>
#include <asm/sysreg.h>
#include <asm/time.h>
#include <asm/vgic.h>

#define CTL_ENABLE  BIT64(0)
#define CTL_IMASK   BIT64(1)
#define CTL_ISTATUS BIT64(2)

/* CNTP_TVAL_EL0, _CTL_, _CVAL_ by op2 of the syndrome. */
#define ESR_OP2 GENMASK64(19, 17)
enum {
    OP2_TVAL,
    OP2_CTL,
    OP2_CVAL
};

/* Is the host's virtual timer interrupt active here, apart from @current? */
static DEFINE_PER_CPU(bool, ppi_active);

static bool ctl_fires(uint64_t ctl)
{
    return (ctl & (CTL_ENABLE | CTL_IMASK)) == CTL_ENABLE;
}

/* When the counter, now at @now, reaches @cval; NOW() when it has. */
static s_time_t deadline(uint64_t cval, uint64_t now)
{
    int64_t ticks = (int64_t)(cval - now);

    if ( ticks <= 0 )
        return NOW();
    /* A day is as good as never, and does not overflow. */
    return NOW() +
           ticks_to_ns(min((uint64_t)ticks, cntfrq_khz * UINT64_C(86400000)));
}

/* ---- CNTV ---- */

static struct vgic_irq *virt_irq(struct vcpu *v)
{
    return &v->vgic.private_irqs[VTIMER_VIRT_PPI];
}

static void virt_timer_irq(unsigned int irq, void *unused)
{
    struct vcpu *v = current;

    (void)unused;
    if ( likely(!v->sched.is_idle) )
        vgic_inject_hw(v->domain, v, VTIMER_VIRT_PPI, irq);
    else
        gic->set_active(irq, false); /* fired just before the switch */
}

static void virt_timer_expired(void *data)
{
    vcpu_wake(data);
}

void vtimer_save(struct vcpu *v)
{
    struct arch_vcpu *a = &v->arch;
    struct vgic_irq *irq = virt_irq(v);

    a->cntv_ctl = sysreg_read(cntv_ctl_el0);
    a->cntv_cval = sysreg_read(cntv_cval_el0);
    sysreg_write(cntv_ctl_el0, 0);
    isb();
    this_cpu(ppi_active) = irq->hw;

    if ( !v->sched.runnable && ctl_fires(a->cntv_ctl) && irq->enabled &&
         !irq->hw )
        timer_set(&a->vtimer,
                  deadline(a->cntv_cval, cntpct() - v->domain->vtimer_offset));
}

void vtimer_restore(struct vcpu *v)
{
    struct arch_vcpu *a = &v->arch;
    unsigned int cpu = smp_processor_id();
    bool active = virt_irq(v)->hw;

    if ( timer_is_active(&a->vtimer) )
        timer_stop(&a->vtimer);
    if ( a->vtimer.cpu != cpu )
    {
        timer_migrate(&a->vtimer, cpu);
        timer_migrate(&a->ptimer, cpu);
    }
    if ( active != this_cpu(ppi_active) )
    {
        gic->set_active(timer_irqs()->virt, active);
        this_cpu(ppi_active) = active;
    }
    sysreg_write(cntvoff_el2, v->domain->vtimer_offset);
    sysreg_write(cntv_cval_el0, a->cntv_cval);
    isb();
    sysreg_write(cntv_ctl_el0, a->cntv_ctl);
}

/* ---- CNTP, emulated: cntp_cval is in counts of CNTPCT_EL0 ---- */

static void phys_timer_expired(void *data)
{
    struct vcpu *v = data;

    vgic_inject(v->domain, v, VTIMER_PHYS_PPI, true);
}

/* The line, and the timer that will raise it. */
static void phys_update(struct vcpu *v)
{
    struct arch_vcpu *a = &v->arch;
    uint64_t now = cntpct();
    bool expired = (int64_t)(now - a->cntp_cval) >= 0;
    bool fires = ctl_fires(a->cntp_ctl);

    vgic_inject(v->domain, v, VTIMER_PHYS_PPI, fires && expired);
    if ( fires && !expired )
        timer_set(&a->ptimer, deadline(a->cntp_cval, now));
    else
        timer_stop(&a->ptimer);
}

static uint64_t phys_read(const struct arch_vcpu *a, unsigned int op2)
{
    uint64_t now = cntpct();

    switch ( op2 )
    {
    case OP2_TVAL:
        return (uint32_t)(a->cntp_cval - now);
    case OP2_CTL:
        return a->cntp_ctl |
               ((a->cntp_ctl & CTL_ENABLE) && (int64_t)(now - a->cntp_cval) >= 0
                    ? CTL_ISTATUS
                    : 0);
    default:
        return a->cntp_cval;
    }
}

bool vtimer_sysreg(struct vcpu *v, uint64_t reg, bool read, uint64_t *value)
{
    struct arch_vcpu *a = &v->arch;
    unsigned int op2 = (unsigned int)FIELD_GET(ESR_OP2, reg);

    if ( op2 > OP2_CVAL )
        return false;
    if ( read )
    {
        *value = phys_read(a, op2);
        return true;
    }

    if ( op2 == OP2_CTL )
        a->cntp_ctl = *value & (CTL_ENABLE | CTL_IMASK);
    else if ( op2 == OP2_CVAL )
        a->cntp_cval = *value;
    else
        a->cntp_cval = cntpct() + (uint64_t)(int64_t)(int32_t)*value;
    phys_update(v);
    return true;
}

/* ---- life ---- */

void vcpu_vtimer_init(struct vcpu *v)
{
    unsigned int cpu = smp_processor_id();

    timer_init(&v->arch.vtimer, virt_timer_expired, v, cpu);
    timer_init(&v->arch.ptimer, phys_timer_expired, v, cpu);
}

void vcpu_vtimer_exit(struct vcpu *v)
{
    timer_kill(&v->arch.vtimer);
    timer_kill(&v->arch.ptimer);
}

void vtimer_init(void)
{
    unsigned int irq = timer_irqs()->virt;

    sysreg_write(cntv_ctl_el0, 0);
    if ( irq_request(irq, IRQ_TYPE_LEVEL_LOW, virt_timer_irq, NULL,
                     "guest timer") )
        panic("timer: interrupt %u is taken\n", irq);
    irq_leave_active(irq);
}

void vtimer_init_cpu(void)
{
    sysreg_write(cntv_ctl_el0, 0);
    irq_enable_percpu(timer_irqs()->virt);
}
