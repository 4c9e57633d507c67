/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System registers of a guest that trap: identification with what is not
 * offered hidden, ICC_SGI1R_EL1, the physical timer, debug and PMU registers.
 * Spec: DDI 0487 J.a, D19 "AArch64 System Register Descriptions".
 */
#include <asm/traps.h>

#include <xen/domain.h>
#include <asm/sysreg.h>
#include <asm/vtimer.h>

#define SYS_OSLAR_EL1      SYSREG(2, 0, 1, 0, 4)
#define SYS_OSLSR_EL1      SYSREG(2, 0, 1, 1, 4)
#define SYS_OSDLR_EL1      SYSREG(2, 0, 1, 3, 4)
#define SYS_MDSCR_EL1      SYSREG(2, 0, 0, 2, 2)
#define SYS_ICC_SGI1R_EL1  SYSREG(3, 0, 12, 11, 5)
#define SYS_ICC_ASGI1R_EL1 SYSREG(3, 0, 12, 11, 6)
#define SYS_ICC_SGI0R_EL1  SYSREG(3, 0, 12, 11, 7)
#define SYS_CNTP_TVAL_EL0  SYSREG(3, 3, 14, 2, 0)
#define SYS_CNTP_CTL_EL0   SYSREG(3, 3, 14, 2, 1)
#define SYS_CNTP_CVAL_EL0  SYSREG(3, 3, 14, 2, 2)
#define SYS_ACTLR_EL1      SYSREG(3, 0, 1, 0, 1)

static unsigned int sys_crn(uint64_t reg)
{
    return (unsigned int)(reg >> 10) & 0xf;
}

static unsigned int sys_op0(uint64_t reg)
{
    return (unsigned int)(reg >> 20) & 3;
}

static unsigned int sys_op1(uint64_t reg)
{
    return (unsigned int)(reg >> 14) & 7;
}

static unsigned int sys_crm(uint64_t reg)
{
    return (unsigned int)(reg >> 1) & 0xf;
}

static unsigned int sys_op2(uint64_t reg)
{
    return (unsigned int)(reg >> 17) & 7;
}

/*
 * The ID space, op0 3, op1 0, CRn 0, CRm 1..7 (trapped by HCR_EL2.TID3).
 * Fields of features that a guest does not get read as "not implemented".
 */
static uint64_t read_id(unsigned int crm, unsigned int op2)
{
    switch ( crm << 4 | op2 )
    {
    case 0x10:
        return sysreg_read(id_pfr0_el1);
    case 0x11:
        return sysreg_read(id_pfr1_el1);
    case 0x12:
        return sysreg_read(id_dfr0_el1) & ~GENMASK64(27, 24);
    case 0x13:
        return sysreg_read(id_afr0_el1);
    case 0x14:
        return sysreg_read(id_mmfr0_el1);
    case 0x15:
        return sysreg_read(id_mmfr1_el1);
    case 0x16:
        return sysreg_read(id_mmfr2_el1);
    case 0x17:
        return sysreg_read(id_mmfr3_el1);
    case 0x20:
        return sysreg_read(id_isar0_el1);
    case 0x21:
        return sysreg_read(id_isar1_el1);
    case 0x22:
        return sysreg_read(id_isar2_el1);
    case 0x23:
        return sysreg_read(id_isar3_el1);
    case 0x24:
        return sysreg_read(id_isar4_el1);
    case 0x25:
        return sysreg_read(id_isar5_el1);
    case 0x26:
        return sysreg_read(s3_0_c0_c2_6); /* ID_MMFR4_EL1 */
    case 0x30:
        return sysreg_read(mvfr0_el1);
    case 0x31:
        return sysreg_read(mvfr1_el1);
    case 0x32:
        return sysreg_read(mvfr2_el1);
    /* ID_AA64PFR0: MPAM 43:40, AMU 47:44, RAS 31:28, SVE 35:32, SEL2 39:36,
     * RME 55:52 hidden; EL0, EL1 AArch64 only */
    case 0x40:
        return (sysreg_read(id_aa64pfr0_el1) &
                ~(GENMASK64(55, 52) | GENMASK64(47, 28) | GENMASK64(7, 0))) |
               0x11;
    /* ID_AA64PFR1: MTE 11:8, RAS_frac 15:12, MPAM_frac 19:16, SME 27:24 */
    case 0x41:
        return sysreg_read(id_aa64pfr1_el1) &
               ~(GENMASK64(27, 24) | GENMASK64(19, 8));
    /* ID_AA64DFR0: PMUVer 11:8, PMSVer 35:32, TraceVer 7:4, TRBE 47:44,
     * TraceFilt 43:40, BRBE 55:52 */
    case 0x50:
        return sysreg_read(id_aa64dfr0_el1) &
               ~(GENMASK64(55, 52) | GENMASK64(47, 40) | GENMASK64(35, 32) |
                 GENMASK64(11, 4));
    case 0x51:
        return 0;
    case 0x60:
        return sysreg_read(id_aa64isar0_el1);
    /* ID_AA64ISAR1: GPI, GPA, API, APA (pointer authentication) */
    case 0x61:
        return sysreg_read(id_aa64isar1_el1) &
               ~(GENMASK64(31, 24) | GENMASK64(11, 4));
    /* ID_AA64ISAR2: APA3 15:12, GPA3 11:8, WFxT 3:0 */
    case 0x62:
        return sysreg_read(s3_0_c0_c6_2) &
               ~(GENMASK64(15, 8) | GENMASK64(3, 0));
    case 0x70:
        return sysreg_read(id_aa64mmfr0_el1);
    case 0x71:
        return sysreg_read(id_aa64mmfr1_el1) & ~GENMASK64(11, 8);
    case 0x72:
        return sysreg_read(s3_0_c0_c7_2); /* ID_AA64MMFR2_EL1 */
    }
    return 0; /* reserved: RAZ */
}

/* Debug registers but for those below read 0 and ignore writes; so do the
 * PMU's. SVE, SME and the implementation's own are undefined. */
static bool is_razwi(uint64_t reg)
{
    unsigned int op0 = sys_op0(reg), op1 = sys_op1(reg);
    unsigned int crn = sys_crn(reg), crm = sys_crm(reg);

    if ( op0 == 2 )
        return op1 == 0 && crn <= 1;
    if ( op0 == 3 && crn == 9 && crm >= 12 ) /* PMCR.. PMOVSSET */
        return op1 == 0 || op1 == 3;
    if ( op0 == 3 && op1 == 3 && crn == 14 && crm >= 8 ) /* PMEV* */
        return true;
    return false;
}

bool do_sysreg(struct vcpu *v, struct cpu_regs *regs)
{
    uint64_t reg = regs->esr & ESR_SYSREG_REG, value = 0;
    unsigned int rt = (unsigned int)FIELD_GET(ESR_SYSREG_RT, regs->esr);
    bool read = regs->esr & ESR_SYSREG_READ;
    uint64_t in = get_reg(regs, rt);

    switch ( reg )
    {
    case SYS_ICC_SGI1R_EL1:
        if ( read || v->domain->vgic.version != 3 )
            return false;
        vgic_v3_sgi1r(v, in);
        return true;
    case SYS_ICC_SGI0R_EL1:
    case SYS_ICC_ASGI1R_EL1:
        return !read; /* group 0 and secure: nothing listens */
    case SYS_CNTP_TVAL_EL0:
    case SYS_CNTP_CTL_EL0:
    case SYS_CNTP_CVAL_EL0:
        if ( !vtimer_sysreg(v, reg, read, read ? &value : &in) )
            return false;
        break;
    case SYS_OSLSR_EL1:
        value = 8;
        break;
    case SYS_ACTLR_EL1:
        value = v->arch.actlr;
        break;
    default:
        if ( read && sys_op0(reg) == 3 && !sys_op1(reg) && !sys_crn(reg) )
            value = read_id(sys_crm(reg), sys_op2(reg));
        else if ( !is_razwi(reg) )
            return false;
        break;
    }
    if ( read )
        set_reg(regs, rt, value);
    return true;
}
