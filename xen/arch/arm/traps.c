/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happens after an exit from a guest, and after an exception of our own.
 * entry.S has stored the registers; interrupts are masked throughout.
 * Registers of the system: vsysreg.c. Emulated devices: common/mmio.c.
 */
#include <asm/traps.h>

#include <xen/console.h>
#include <xen/domain.h>
#include <xen/softirq.h>
#include <asm/config.h>
#include <asm/offsets.h>
#include <asm/psci.h>
#include <asm/sysreg.h>
#include <asm/vtimer.h>

_Static_assert(sizeof(struct cpu_regs) == REGS_SIZE, "asm/offsets.h");
_Static_assert(offsetof(struct cpu_regs, pc) == REGS_PC, "asm/offsets.h");
_Static_assert(offsetof(struct cpu_regs, pstate) == REGS_PSTATE, "offsets.h");
_Static_assert(offsetof(struct vcpu, work) == VCPU_WORK, "asm/offsets.h");

#define PSTATE_EL1H_DAIF 0x3c5U
#define PSTATE_MODE      0xfU

/* ---- exceptions for the guest ---- */

/* DDI 0487 J.a, D1.3.6 "Exception entry"; vector by where it came from. */
static void inject_exception(struct cpu_regs *regs, uint64_t esr)
{
    uint64_t mode = regs->pstate & PSTATE_MODE;
    uint64_t offset = mode == 5 ? 0x200 : mode == 4 ? 0 : 0x400;

    sysreg_write(elr_el1, regs->pc);
    sysreg_write(spsr_el1, regs->pstate);
    sysreg_write(esr_el1, esr);
    regs->pc = sysreg_read(vbar_el1) + offset;
    regs->pstate = PSTATE_EL1H_DAIF;
}

void inject_undef(struct cpu_regs *regs)
{
    inject_exception(regs, FIELD_PREP(ESR_EC, EC_UNKNOWN) | ESR_IL);
}

void inject_data_abort(struct cpu_regs *regs, uint64_t far, bool instr)
{
    bool el1 = (regs->pstate & PSTATE_MODE) >= 4;
    unsigned int ec = instr ? EC_IABT_LOWER : EC_DABT_LOWER;

    sysreg_write(far_el1, far);
    inject_exception(regs,
                     FIELD_PREP(ESR_EC, ec + el1) | ESR_IL | FSC_EXTERNAL);
}

/* ---- stage-2 aborts: emulated registers, or a fault of the guest ---- */

static void skip_instruction(struct cpu_regs *regs)
{
    regs->pc += 4;
}

static uint64_t fault_ipa(uint64_t esr, uint64_t far)
{
    unsigned int type = (unsigned int)FIELD_GET(ESR_ABT_FSC, esr) & FSC_TYPE;
    uint64_t par, saved;

    /* HPFAR_EL2 is valid but for permission faults outside a table walk:
     * DDI 0487 J.a, D19.2.62 "HPFAR_EL2". */
    if ( type != FSC_PERMISSION || esr & ESR_ABT_S1PTW )
        return (sysreg_read(hpfar_el2) & ~UINT64_C(0xf)) << 8 |
               (far & ~PAGE_MASK);
    saved = sysreg_read(par_el1);
    __asm__ volatile("at s1e1r, %0\n\tisb" : : "r"(far) : "memory");
    par = sysreg_read(par_el1);
    sysreg_write(par_el1, saved);
    return par & 1 ? ~UINT64_C(0)
                   : (par & GENMASK64(51, 12)) | (far & ~PAGE_MASK);
}

static int emulate(struct vcpu *v, struct cpu_regs *regs, uint64_t ipa)
{
    const struct mmio_region *r = mmio_find(v->domain, ipa);
    uint64_t esr = regs->esr, value;
    unsigned int size = 1U << FIELD_GET(ESR_DABT_SAS, esr);
    unsigned int rt = (unsigned int)FIELD_GET(ESR_DABT_SRT, esr);
    int rc;

    if ( !r || !(esr & ESR_DABT_ISV) || ipa & (size - 1) )
        return -EFAULT;
    if ( esr & ESR_DABT_WNR )
    {
        value = get_reg(regs, rt);
        if ( size < 8 )
            value &= (UINT64_C(1) << (size * 8)) - 1;
        rc = r->ops->write(v, r->priv, ipa - r->base, size, value);
    }
    else
    {
        rc = r->ops->read(v, r->priv, ipa - r->base, size, &value);
        if ( !rc )
        {
            if ( size < 8 )
                value &= (UINT64_C(1) << (size * 8)) - 1;
            if ( esr & ESR_DABT_SSE )
            {
                unsigned int shift = 64 - size * 8;

                value = (uint64_t)((int64_t)(value << shift) >> shift);
                if ( !(esr & ESR_DABT_SF) )
                    value = (uint32_t)value;
            }
            set_reg(regs, rt, value);
        }
    }
    if ( !rc )
        skip_instruction(regs);
    return rc;
}

static void guest_abort(struct vcpu *v, struct cpu_regs *regs, bool instr)
{
    uint64_t far = sysreg_read(far_el2), ipa = fault_ipa(regs->esr, far);
    bool write =
        !instr && regs->esr & ESR_DABT_WNR && !(regs->esr & ESR_DABT_CM);

    if ( ipa == ~UINT64_C(0) )
        return; /* the guest's own table changed meanwhile: try again */
    if ( !instr && !emulate(v, regs, ipa) )
        return;
    /* A break is a translation fault: what is not allowed never will be. */
    if ( (FIELD_GET(ESR_ABT_FSC, regs->esr) & FSC_TYPE) == FSC_TRANSLATION &&
         p2m_handle_fault(v, _ipa(ipa), write) )
        return;
    if ( regs->esr & ESR_DABT_CM )
    {
        skip_instruction(regs); /* cache maintenance where nothing is */
        return;
    }
    printk_ratelimited(XENLOG_WARN "d%uv%u: %s at ipa %#lx va %#lx pc %#lx\n",
                       v->domain->domain_id, v->vcpu_id,
                       instr   ? "instruction fetch"
                       : write ? "write"
                               : "read",
                       ipa, far, regs->pc);
    inject_data_abort(regs, far, instr);
}

/* ---- synchronous exits ---- */

static void guest_wfx(struct vcpu *v, struct cpu_regs *regs)
{
    skip_instruction(regs);
    if ( FIELD_GET(ESR_WFX_TI, regs->esr) & 1 )
        vcpu_yield();
    else
        vcpu_block(v);
}

void do_guest_sync(struct cpu_regs *regs)
{
    struct vcpu *v = current;

    switch ( FIELD_GET(ESR_EC, regs->esr) )
    {
    case EC_DABT_LOWER:
        guest_abort(v, regs, false);
        break;
    case EC_IABT_LOWER:
        guest_abort(v, regs, true);
        break;
    case EC_SYSREG:
        if ( do_sysreg(v, regs) )
            skip_instruction(regs);
        else
            inject_undef(regs);
        break;
    case EC_WFX:
        guest_wfx(v, regs);
        break;
    case EC_HVC64:
        if ( FIELD_GET(ESR_HVC_IMM, regs->esr) )
            inject_undef(regs);
        else
            do_smccc(regs);
        break;
    case EC_SMC64: /* trapped: the PC is still at the SMC */
        if ( FIELD_GET(ESR_HVC_IMM, regs->esr) )
            inject_undef(regs);
        else
        {
            skip_instruction(regs);
            do_smccc(regs);
        }
        break;
    default:
        printk_ratelimited(XENLOG_DEBUG "d%uv%u: undefined: esr %#lx pc %#lx\n",
                           v->domain->domain_id, v->vcpu_id, regs->esr,
                           regs->pc);
        inject_undef(regs);
        break;
    }
}

void do_guest_serror(struct cpu_regs *regs)
{
    domain_crash(current->domain, "SError at pc %#lx, esr %#lx\n", regs->pc,
                 regs->esr);
}

void do_guest_aarch32(struct cpu_regs *regs)
{
    domain_crash(current->domain, "AArch32 state at pc %#lx\n", regs->pc);
}

/* Before entering the guest, while softirqs or the vCPU's work are pending. */
void leave_hypervisor(void)
{
    struct vcpu *v;
    uint32_t work;

    if ( softirq_is_pending() )
        softirq_run();
    v = current;
    if ( !READ_ONCE(v->work) )
        return;
    work = __atomic_exchange_n(&v->work, 0, __ATOMIC_ACQUIRE);
    if ( work & VCPU_WORK_UPCALL )
        vgic_inject(v->domain, v, v->domain->evtchn_irq,
                    evtchn_upcall_pending(v));
    if ( work & VCPU_WORK_RUNSTATE )
        vcpu_update_runstate(v);
    vgic_flush(v);
}

/* ---- dumps ---- */

void show_backtrace(uint64_t pc, uint64_t fp)
{
    printk(XENLOG_ERR "  %ps\n", (void *)pc);
    for ( unsigned int i = 0; i < 32 && fp >= STACKS_VIRT && !(fp & 7); i++ )
    {
        const uint64_t *frame = (const uint64_t *)fp;

        if ( !frame[1] )
            break;
        printk(XENLOG_ERR "  %ps\n", (void *)frame[1]);
        if ( frame[0] <= fp )
            break;
        fp = frame[0];
    }
}

static void show_regs(const struct cpu_regs *regs)
{
    printk(XENLOG_ERR "pc %016lx pstate %08lx esr %08lx\n", regs->pc,
           regs->pstate, regs->esr);
    for ( unsigned int i = 0; i < 30; i += 3 )
        printk(XENLOG_ERR "x%-2u %016lx  x%-2u %016lx  x%-2u %016lx\n", i,
               regs->x[i], i + 1, regs->x[i + 1], i + 2, regs->x[i + 2]);
    printk(XENLOG_ERR "x30 %016lx\n", regs->x[30]);
}

void show_vcpu(const struct vcpu *v)
{
    printk(XENLOG_ERR "d%uv%u:\n", v->domain->domain_id, v->vcpu_id);
    show_regs(v->arch.regs);
    if ( v != current )
        return;
    printk(XENLOG_ERR "sctlr %lx tcr %lx ttbr0 %lx ttbr1 %lx vbar %lx\n",
           sysreg_read(sctlr_el1), sysreg_read(tcr_el1), sysreg_read(ttbr0_el1),
           sysreg_read(ttbr1_el1), sysreg_read(vbar_el1));
    printk(XENLOG_ERR "elr %lx spsr %lx esr %lx far %lx sp_el1 %lx\n",
           sysreg_read(elr_el1), sysreg_read(spsr_el1), sysreg_read(esr_el1),
           sysreg_read(far_el1), sysreg_read(sp_el1));
}

void show_fault(const struct vcpu *v)
{
    uint64_t ec = FIELD_GET(ESR_EC, v->arch.regs->esr), ipa;

    if ( v != current || (ec != EC_DABT_LOWER && ec != EC_IABT_LOWER) )
        return;
    ipa = fault_ipa(v->arch.regs->esr, sysreg_read(far_el2));
    if ( ipa == ~UINT64_C(0) )
        return;
    p2m_dump_walk(v->domain, _ipa(ipa));
    iommu_dump_walk(v->domain, ipa);
}

void do_hyp_exception(struct cpu_regs *regs, unsigned int vector)
{
    static const char *const kind[] = {"synchronous", "IRQ", "FIQ", "SError"};
    uint64_t far = sysreg_read(far_el2), ipa;

    console_force_sync();
    printk(XENLOG_ERR "\n*** EL2 %s exception (vector %u) on CPU %u\n",
           kind[vector & 3], vector, smp_processor_id());
    printk(XENLOG_ERR "far %016lx hpfar %016lx hcr %016lx ttbr0 %016lx\n", far,
           sysreg_read(hpfar_el2), sysreg_read(hcr_el2),
           sysreg_read(ttbr0_el2));
    show_regs(regs);
    printk(XENLOG_ERR "call trace (lr %ps):\n", (void *)regs->x[30]);
    show_backtrace(regs->pc, regs->x[29]);
    mm_dump_walk(far);
    if ( current && !current->sched.is_idle )
    {
        show_vcpu(current);
        /* The guest's view: of memory that we reached for; else of its
         * last fault. */
        ipa = far - DIRECTMAP_VIRT < DIRECTMAP_SIZE ? far - DIRECTMAP_VIRT
                                                    : fault_ipa(0, far);
        p2m_dump_walk(current->domain, _ipa(ipa));
        iommu_dump_walk(current->domain, ipa);
    }
    panic("EL2 exception: esr %#lx at %ps\n", regs->esr, (void *)regs->pc);
}
