/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A vCPU's processor state: creation, reset (as Linux booting.rst and PSCI
 * CPU_ON want it), and the switch between two of them on a CPU.
 */
#include <xen/domain.h>

#include <xen/barrier.h>
#include <asm/sysreg.h>
#include <asm/traps.h>
#include <asm/vtimer.h>

/* HCR_EL2: DDI 0487 J.a, D19.2.48. */
#define HCR_VM     BIT64(0)
#define HCR_SWIO   BIT64(1)
#define HCR_PTW    BIT64(2)
#define HCR_FMO    BIT64(3)
#define HCR_IMO    BIT64(4)
#define HCR_AMO    BIT64(5)
#define HCR_BSU_IS BIT64(10)
#define HCR_FB     BIT64(9)
#define HCR_TWI    BIT64(13)
#define HCR_TWE    BIT64(14)
#define HCR_TID3   BIT64(18)
#define HCR_TSC    BIT64(19)
#define HCR_TIDCP  BIT64(20)
#define HCR_TACR   BIT64(21)
#define HCR_RW     BIT64(31)

#define HCR_GUEST                                                              \
    (HCR_VM | HCR_SWIO | HCR_PTW | HCR_FMO | HCR_IMO | HCR_AMO | HCR_BSU_IS |  \
     HCR_FB | HCR_TWI | HCR_TID3 | HCR_TSC | HCR_TIDCP | HCR_TACR | HCR_RW)

#define PSTATE_EL1H_MASKED 0x1c5U
#define SCTLR_EL1_RESET    0x00c50078U /* MMU and caches off */

/* FP and SIMD native; SVE (TZ), trace (TTA) and activity monitors (TAM) trap */
#define CPTR_EL2_GUEST (0x33ffU | BIT64(20) | BIT64(30))

extern void switch_stack(uint64_t *save_sp, uint64_t load_sp);
extern void vcpu_first_run(void);
extern void fp_save(uint64_t *v);
extern void fp_restore(const uint64_t *v);

static DEFINE_PER_CPU(struct vcpu *, switched_from);
static DEFINE_PER_CPU(uint64_t, midr); /* a guest sees the CPU it is on */

#define MIDR_KIND (GENMASK32(31, 24) | GENMASK32(19, 4))

uint32_t cpu_kind(unsigned int cpu)
{
    return (uint32_t)per_cpu(midr, cpu) & MIDR_KIND;
}

/* A frame for switch_stack(): x19 = fn, x30 = vcpu_first_run. */
static void arm_first_run(struct vcpu *v, uint64_t sp, void (*fn)(void))
{
    uint64_t *frame = (uint64_t *)sp - 12;

    memset(frame, 0, 12 * sizeof(*frame));
    frame[1] = (uint64_t)vcpu_first_run;
    frame[2] = (uint64_t)fn;
    v->arch.saved_sp = (uint64_t)frame;
}

int arch_vcpu_init(struct vcpu *v, void (*idle_fn)(void))
{
    struct arch_vcpu *a = &v->arch;

    a->stack_top = alloc_stack();
    if ( !a->stack_top )
        return -ENOMEM;
    a->regs = (struct cpu_regs *)a->stack_top - 1;
    a->hcr = HCR_GUEST;
    a->vmpidr = BIT64(31) | (v->vcpu_id & 0xf) | (v->vcpu_id >> 4) << 8;
    arm_first_run(v, (uint64_t)a->regs, idle_fn);
    vcpu_vtimer_init(v);
    return 0;
}

void arch_vcpu_exit(struct vcpu *v)
{
    if ( v->arch.stack_top )
        vcpu_vtimer_exit(v);
    free_stack(v->arch.stack_top);
}

bool vcpu_reset(struct vcpu *v, uint64_t entry, uint64_t context)
{
    struct arch_vcpu *a = &v->arch;
    bool expected = false;

    /* One caller wins; the vCPU is off and on no CPU. */
    if ( !__atomic_compare_exchange_n(&a->initialised, &expected, true, false,
                                      __ATOMIC_ACQ_REL, __ATOMIC_RELAXED) )
        return false;
    while ( READ_ONCE(v->sched.on_cpu) )
        cpu_relax();

    memset(a->regs, 0, sizeof(*a->regs));
    a->regs->pc = entry;
    a->regs->x[0] = context;
    a->regs->pstate = PSTATE_EL1H_MASKED;
    a->sctlr = SCTLR_EL1_RESET;
    a->tcr = a->ttbr0 = a->ttbr1 = a->vbar = a->cpacr = 0;
    a->cntv_ctl = a->cntp_ctl = 0;
    arm_first_run(v, (uint64_t)a->regs, NULL);
    v->multicall = NULL; /* it was on the stack */
    vcpu_online(v);
    return true;
}

/* EL1h, EL1t or EL0 of AArch64: what we may return to. */
static bool mode_ok(uint64_t pstate)
{
    uint64_t mode = pstate & 0x1f;

    return mode == 5 || mode == 4 || !mode;
}

int vcpu_set_context(struct vcpu *v, const struct vcpu_guest_context *c)
{
    const struct vcpu_guest_core_regs *r = &c->user_regs;
    struct arch_vcpu *a = &v->arch;

    if ( !mode_ok(r->cpsr) )
        return -EINVAL;
    if ( c->flags & VGCF_online )
        (void)vcpu_reset(v, r->pc64, r->x0);
    else
        vcpu_offline(v);
    memcpy(a->regs->x, (const void *)r, sizeof(a->regs->x));
    a->regs->pc = r->pc64;
    a->regs->pstate = r->cpsr;
    a->spsr = r->spsr_el1;
    a->sp_el0 = r->sp_el0;
    a->sp_el1 = r->sp_el1;
    a->elr = r->elr_el1;
    a->sctlr = c->sctlr;
    a->tcr = c->ttbcr;
    a->ttbr0 = c->ttbr0;
    a->ttbr1 = c->ttbr1;
    return 0;
}

void vcpu_get_context(const struct vcpu *v, struct vcpu_guest_context *c)
{
    struct vcpu_guest_core_regs *r = &c->user_regs;
    const struct arch_vcpu *a = &v->arch;

    memset(c, 0, sizeof(*c));
    c->flags = v->sched.online ? VGCF_online : 0;
    memcpy((void *)r, a->regs->x, sizeof(a->regs->x));
    r->pc64 = a->regs->pc;
    r->cpsr = a->regs->pstate;
    r->spsr_el1 = a->spsr;
    r->sp_el0 = a->sp_el0;
    r->sp_el1 = a->sp_el1;
    r->elr_el1 = a->elr;
    c->sctlr = a->sctlr;
    c->ttbcr = a->tcr;
    c->ttbr0 = a->ttbr0;
    c->ttbr1 = a->ttbr1;
}

static void save_state(struct vcpu *v)
{
    struct arch_vcpu *a = &v->arch;

    a->sctlr = sysreg_read(sctlr_el1);
    a->tcr = sysreg_read(tcr_el1);
    a->ttbr0 = sysreg_read(ttbr0_el1);
    a->ttbr1 = sysreg_read(ttbr1_el1);
    a->mair = sysreg_read(mair_el1);
    a->amair = sysreg_read(amair_el1);
    a->esr = sysreg_read(esr_el1);
    a->far = sysreg_read(far_el1);
    a->afsr0 = sysreg_read(afsr0_el1);
    a->afsr1 = sysreg_read(afsr1_el1);
    a->vbar = sysreg_read(vbar_el1);
    a->contextidr = sysreg_read(contextidr_el1);
    a->tpidr_el0 = sysreg_read(tpidr_el0);
    a->tpidrro_el0 = sysreg_read(tpidrro_el0);
    a->tpidr_el1 = sysreg_read(tpidr_el1);
    a->sp_el0 = sysreg_read(sp_el0);
    a->sp_el1 = sysreg_read(sp_el1);
    a->elr = sysreg_read(elr_el1);
    a->spsr = sysreg_read(spsr_el1);
    a->par = sysreg_read(par_el1);
    a->cpacr = sysreg_read(cpacr_el1);
    a->csselr = sysreg_read(csselr_el1);
    a->cntkctl = sysreg_read(cntkctl_el1);
    a->fpsr = (uint32_t)sysreg_read(s3_3_c4_c4_1);
    a->fpcr = (uint32_t)sysreg_read(s3_3_c4_c4_0);
    fp_save(a->fp);
    vgic_save(v);
    vtimer_save(v);
}

static void load_state(struct vcpu *v)
{
    const struct arch_vcpu *a = &v->arch;

    sysreg_write(hcr_el2, a->hcr);
    sysreg_write(vmpidr_el2, a->vmpidr);
    sysreg_write(vpidr_el2, this_cpu(midr));
    p2m_context_switch(v);
    sysreg_write(sctlr_el1, a->sctlr);
    sysreg_write(tcr_el1, a->tcr);
    sysreg_write(ttbr0_el1, a->ttbr0);
    sysreg_write(ttbr1_el1, a->ttbr1);
    sysreg_write(mair_el1, a->mair);
    sysreg_write(amair_el1, a->amair);
    sysreg_write(esr_el1, a->esr);
    sysreg_write(far_el1, a->far);
    sysreg_write(afsr0_el1, a->afsr0);
    sysreg_write(afsr1_el1, a->afsr1);
    sysreg_write(vbar_el1, a->vbar);
    sysreg_write(contextidr_el1, a->contextidr);
    sysreg_write(tpidr_el0, a->tpidr_el0);
    sysreg_write(tpidrro_el0, a->tpidrro_el0);
    sysreg_write(tpidr_el1, a->tpidr_el1);
    sysreg_write(sp_el0, a->sp_el0);
    sysreg_write(sp_el1, a->sp_el1);
    sysreg_write(elr_el1, a->elr);
    sysreg_write(spsr_el1, a->spsr);
    sysreg_write(par_el1, a->par);
    sysreg_write(cpacr_el1, a->cpacr);
    sysreg_write(csselr_el1, a->csselr);
    sysreg_write(cntkctl_el1, a->cntkctl);
    sysreg_write(s3_3_c4_c4_1, a->fpsr);
    sysreg_write(s3_3_c4_c4_0, a->fpcr);
    fp_restore(a->fp);
    vtimer_restore(v);
    vgic_restore(v);
    isb();
}

void context_switch(struct vcpu *prev, struct vcpu *next)
{
    if ( !prev->sched.is_idle )
        save_state(prev);
    this_cpu(switched_from) = prev;
    this_cpu(current_vcpu) = next;
    if ( !next->sched.is_idle )
        load_state(next);
    switch_stack(&prev->arch.saved_sp, next->arch.saved_sp);
    sched_tail();
}

/* On the new stack: nobody needs the old one any more. */
void sched_tail(void)
{
    struct vcpu *prev = this_cpu(switched_from);

    if ( prev )
        __atomic_store_n(&prev->sched.on_cpu, false, __ATOMIC_RELEASE);
    this_cpu(switched_from) = NULL;
    sched_run_migrations();
}

/* From a boot stack that will not be used again. */
void arch_start_vcpu(struct vcpu *v)
{
    uint64_t unused;

    WRITE_ONCE(v->sched.on_cpu, true);
    this_cpu(current_vcpu) = v;
    switch_stack(&unused, v->arch.saved_sp);
    ASSERT_UNREACHABLE();
    for ( ;; )
        wfe();
}

void arch_init_cpu(void)
{
    uint64_t nr_counters;

    sysreg_write(cptr_el2, CPTR_EL2_GUEST);
    sysreg_write(hstr_el2, 0);
    /* EL2 itself: physical interrupts stay masked but must wake WFI. */
    sysreg_write(hcr_el2, HCR_GUEST & ~HCR_VM);
    /* MDCR_EL2: debug, PMU, profiling (TPMS) and trace filter (TTRF)
     * registers trap; no counters for guests */
    nr_counters = sysreg_read(pmcr_el0) >> 11 & 0x1f;
    sysreg_write(mdcr_el2, BIT64(19) | BIT64(14) | BIT64(11) | BIT64(10) |
                               BIT64(9) | BIT64(6) | BIT64(5) | nr_counters);
    this_cpu(midr) = sysreg_read(midr_el1);
    isb();
}
