/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exceptions: syndromes, and what entry.S calls. */
#ifndef ASM_TRAPS_H
#define ASM_TRAPS_H

#include <stdbool.h>
#include <stdint.h>

#include <xen/bits.h>
#include <asm/vcpu.h>

struct vcpu;

/* ESR_ELx: DDI 0487 J.a, D19.2.37 "ESR_EL2". */
#define ESR_EC        GENMASK64(31, 26)
#define ESR_IL        BIT64(25)
#define EC_UNKNOWN    0x00U
#define EC_WFX        0x01U
#define EC_FP         0x07U
#define EC_ILLEGAL    0x0eU
#define EC_HVC64      0x16U
#define EC_SMC64      0x17U
#define EC_SYSREG     0x18U
#define EC_SVE        0x19U
#define EC_IABT_LOWER 0x20U
#define EC_IABT       0x21U
#define EC_PC_ALIGN   0x22U
#define EC_DABT_LOWER 0x24U
#define EC_DABT       0x25U
#define EC_SP_ALIGN   0x26U
#define EC_BRK64      0x3cU
#define ESR_WFX_TI    GENMASK64(1, 0) /* 0 WFI, 1 WFE */
#define ESR_HVC_IMM   GENMASK64(15, 0)
/* data and instruction aborts */
#define ESR_DABT_ISV    BIT64(24)
#define ESR_DABT_SAS    GENMASK64(23, 22)
#define ESR_DABT_SSE    BIT64(21)
#define ESR_DABT_SRT    GENMASK64(20, 16)
#define ESR_DABT_SF     BIT64(15)
#define ESR_ABT_FNV     BIT64(10)
#define ESR_ABT_EA      BIT64(9)
#define ESR_DABT_CM     BIT64(8)
#define ESR_ABT_S1PTW   BIT64(7)
#define ESR_DABT_WNR    BIT64(6)
#define ESR_ABT_FSC     GENMASK64(5, 0)
#define FSC_TYPE        0x3cU /* without the level */
#define FSC_TRANSLATION 0x04U
#define FSC_ACCESS      0x08U
#define FSC_PERMISSION  0x0cU
#define FSC_EXTERNAL    0x10U

/* MSR/MRS syndrome with Rt and direction masked: op0 op1 CRn CRm op2. */
#define ESR_SYSREG_READ BIT64(0)
#define ESR_SYSREG_RT   GENMASK64(9, 5)
#define ESR_SYSREG_REG  (GENMASK64(21, 10) | GENMASK64(4, 1))
#define SYSREG(op0, op1, crn, crm, op2)                                        \
    ((uint64_t)(op0) << 20 | (uint64_t)(op2) << 17 | (uint64_t)(op1) << 14 |   \
     (uint64_t)(crn) << 10 | (uint64_t)(crm) << 1)

/* x31 in a syndrome is XZR. */
static inline uint64_t get_reg(const struct cpu_regs *regs, unsigned int n)
{
    return n == 31 ? 0 : regs->x[n];
}

static inline void set_reg(struct cpu_regs *regs, unsigned int n, uint64_t v)
{
    if ( n != 31 )
        regs->x[n] = v;
}

/* ---- entry.S calls ---- */
void do_guest_sync(struct cpu_regs *regs);
void do_guest_serror(struct cpu_regs *regs);
void do_guest_aarch32(struct cpu_regs *regs);
void leave_hypervisor(void);
void __attribute__((noreturn))
do_hyp_exception(struct cpu_regs *regs, unsigned int vector);

/* do_sysreg - a trapped MSR or MRS (vsysreg.c); false: not known. */
bool do_sysreg(struct vcpu *v, struct cpu_regs *regs);

/* Give the guest an exception at EL1, as hardware would. */
void inject_undef(struct cpu_regs *regs);
void inject_data_abort(struct cpu_regs *regs, uint64_t far, bool instr);

/* show_stack - our own backtrace from a frame pointer. */
void show_backtrace(uint64_t pc, uint64_t fp);

#endif /* ASM_TRAPS_H */
