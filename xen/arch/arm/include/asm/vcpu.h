/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A vCPU's registers. Layouts are known to entry.S through asm-offsets. */
#ifndef ASM_VCPU_H
#define ASM_VCPU_H

#include <stdbool.h>
#include <stdint.h>

#include <xen/compiler.h>
#include <xen/timer.h>

/* What entry.S pushes on an exit from a guest: at the top of its EL2 stack. */
struct cpu_regs {
    uint64_t x[31];
    uint64_t pc;     /* ELR_EL2 */
    uint64_t pstate; /* SPSR_EL2 */
    uint64_t esr;    /* ESR_EL2 of the exit; 16-byte multiple in all */
};

struct arch_vcpu {
    void *stack_top;       /* from alloc_stack() */
    struct cpu_regs *regs; /* stack_top - sizeof(*regs) */
    uint64_t saved_sp;     /* callee-saved frame while switched out */

    /* EL1 state while not loaded */
    uint64_t sctlr, tcr, ttbr0, ttbr1, mair, amair, esr, far, afsr0, afsr1;
    uint64_t vbar, contextidr, tpidr_el0, tpidrro_el0, tpidr_el1;
    uint64_t sp_el0, sp_el1, elr, spsr, par, cpacr, csselr, mdscr, actlr;
    uint64_t cntkctl, cntv_ctl, cntv_cval;
    uint64_t cntp_ctl, cntp_cval; /* emulated physical timer */
    uint64_t hcr;                 /* HCR_EL2 of this vCPU */
    uint64_t vmpidr;
    bool initialised; /* on, or being brought up; atomic */
    uint64_t fp[64] __attribute__((aligned(16))); /* V0..V31 */
    uint32_t fpsr, fpcr;

    struct timer vtimer, ptimer; /* wake a vCPU that is switched out */
};

struct vcpu;

/* arch_vcpu_init - stack and first frame; @idle_fn: NULL but for idle vCPUs. */
int __must_check arch_vcpu_init(struct vcpu *v, void (*idle_fn)(void));
void arch_vcpu_exit(struct vcpu *v);
/*
 * vcpu_reset - registers as at reset, x0 = @context, and online. False when
 * it is on already. vcpu_offline() clears arch.initialised.
 */
bool vcpu_reset(struct vcpu *v, uint64_t entry, uint64_t context);
struct vcpu_guest_context;
/*
 * vcpu_set_context - registers as the toolstack wants them, on or off. The
 * vCPU is paused. -EINVAL: a mode that is not AArch64's EL1 or EL0.
 */
int __must_check vcpu_set_context(struct vcpu *v,
                                  const struct vcpu_guest_context *c);
/* vcpu_get_context - what it was stopped with; the rest of @c is zero. */
void vcpu_get_context(const struct vcpu *v, struct vcpu_guest_context *c);
/* arch_start_vcpu - leave the boot stack for ever. */
void arch_start_vcpu(struct vcpu *v) __attribute__((noreturn));
/* arch_init_cpu - EL2 control registers of this CPU. */
void arch_init_cpu(void);
/* show_vcpu - registers of a vCPU for dumps and debug keys. */
void show_vcpu(const struct vcpu *v);
/* show_fault - the walks, of the CPU and of devices, of the address that the
 * current vCPU has just faulted at, if it has. */
void show_fault(const struct vcpu *v);
/* smccc_workaround - what a guest is told of a host's mitigation. */
int64_t smccc_workaround(uint32_t fn);

#endif /* ASM_VCPU_H */
