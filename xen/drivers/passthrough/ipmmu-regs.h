/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Renesas IPMMU-VMSA of R-Car Gen3 and Gen4: registers, non-secure side, as
 * far as stage 1 in VA64 mode needs them. No manual is public: names and
 * values are what drivers of several projects agree on, and where they do not,
 * or nobody says, the comment does.
 *
 * Registers of a context bank are offsets into the bank, those of a micro-TLB
 * and of the unit are offsets from its bases: see struct ipmmu_layout.
 */
#ifndef IPMMU_REGS_H
#define IPMMU_REGS_H

#include <xen/bits.h>

/* Offsets that know what they are offsets of. All registers have 32 bits. */
struct ipmmu_ctx_reg {
    uint32_t offset;
};
struct ipmmu_unit_reg {
    uint32_t offset;
};
#define CTX_REG(o)  ((struct ipmmu_ctx_reg){(o)})
#define UNIT_REG(o) ((struct ipmmu_unit_reg){(o)})

/* ---- context bank; a leaf has IMCTR only, and of it bits 2:0 ---- */

#define IPMMU_IMCTR       CTX_REG(0x00)
#define IPMMU_IMCTR_MMUEN BIT32(0)
#define IPMMU_IMCTR_FLUSH BIT32(1) /* reads 1 until the flush has ended */
#define IPMMU_IMCTR_INTEN BIT32(2)
#define IPMMU_IMCTR_VA64  BIT32(29) /* VMSAv8-64 input; root only */

#define IPMMU_IMTTBCR      CTX_REG(0x08)
#define IPMMU_IMTTBCR_T0SZ GENMASK32(4, 0) /* in VA64 mode: 64 - width */
#define IPMMU_IMTTBCR_SL0  GENMASK32(7, 6)
/* Stage 1; a start at level 0 has no encoding, hence 39 bits at most. */
#define IPMMU_IMTTBCR_SL0_LEVEL1 2U
#define IPMMU_IMTTBCR_T1SZ       GENMASK32(20, 16)
#define IPMMU_IMTTBCR_EAE        BIT32(31) /* long descriptors: always */
/* SH, ORGN and IRGN (13:8, 29:24) stay 0: walks do not snoop. */

#define IPMMU_IMTTLBR0 CTX_REG(0x10) /* table base 31:12 */
#define IPMMU_IMTTUBR0 CTX_REG(0x14) /* 39:32 in bits 7:0 */
#define IPMMU_IMTTLBR1 CTX_REG(0x18)
#define IPMMU_IMTTUBR1 CTX_REG(0x1c)

/* Cleared by writing 0; the address registers read 0 from then on. */
#define IPMMU_IMSTR         CTX_REG(0x20)
#define IPMMU_IMSTR_TF      BIT32(0) /* translation fault */
#define IPMMU_IMSTR_PF      BIT32(1) /* permission fault */
#define IPMMU_IMSTR_ABORT   BIT32(2) /* the walk was aborted */
#define IPMMU_IMSTR_MHIT    BIT32(4) /* several TLB entries match */
#define IPMMU_IMSTR_ERRCODE GENMASK32(10, 8)
#define IPMMU_IMSTR_ERRLVL  GENMASK32(13, 12)

#define IPMMU_IMMAIR0 CTX_REG(0x28)
#define IPMMU_IMELAR  CTX_REG(0x30) /* faulting IOVA 31:0 */
#define IPMMU_IMEUAR  CTX_REG(0x34) /* and above */

/* ---- micro-TLBs, from the micro-TLB base ---- */

#define IPMMU_IMUCTR_OFFSET(n)                                                 \
    ((n) < 32 ? 0x300U + 16 * (n) : 0x600U + 16 * ((n)-32))
#define IPMMU_IMUCTR_MMUEN BIT32(0) /* 0: accesses go out untranslated */
#define IPMMU_IMUCTR_FLUSH BIT32(1)
#define IPMMU_IMUCTR_TTSEL GENMASK32(8, 4) /* the context; Gen3 has 7:4 */

#define IPMMU_IMUASID_OFFSET(n) (IPMMU_IMUCTR_OFFSET(n) + 8)

/* ---- the unit, from the control base ---- */

#define IPMMU_IMSCTLR            UNIT_REG(0x500)
#define IPMMU_IMSCTLR_USE_SECGRP BIT32(28) /* reset value is not defined */
/* With 31:29 set nothing is cached. What 31 and 30 mean alone nobody says;
 * firmware sets them in the root. */
#define IPMMU_IMSCTLR_DISCACHE GENMASK32(31, 29)

#define IPMMU_IMSAUXCTLR       UNIT_REG(0x504)
#define IPMMU_IMSAUXCTLR_S2PTE BIT32(3) /* tables are stage 2; of a root */

#endif /* IPMMU_REGS_H */
