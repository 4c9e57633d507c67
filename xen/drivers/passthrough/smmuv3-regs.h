/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arm SMMUv3: registers, stream table entry, context descriptor, commands and
 * event records, non-secure side, as far as stage 1 needs them.
 * Sections are those of IHI 0070 issue F.a; names are the manual's.
 */
#ifndef SMMUV3_REGS_H
#define SMMUV3_REGS_H

#include <xen/bits.h>

/* An offset that knows its width: 64-bit accesses are allowed at few places. */
struct smmu_reg32 {
    uint32_t offset;
};
struct smmu_reg64 {
    uint32_t offset;
};
#define REG32(o) ((struct smmu_reg32){(o)})
#define REG64(o) ((struct smmu_reg64){(o)})

#define SMMU_REGS_SIZE 0x20000U /* pages 0 and 1, 64 KiB each */

/* ---- 6.3 Registers ---- */

#define SMMU_IDR0                    REG32(0x0000) /* 6.3.1, RO */
#define SMMU_IDR0_S2P                BIT64(0)
#define SMMU_IDR0_S1P                BIT64(1)
#define SMMU_IDR0_TTF                GENMASK64(3, 2)
#define SMMU_IDR0_TTF_AARCH64        BIT64(1) /* 2: AArch64, 3: both */
#define SMMU_IDR0_COHACC             BIT64(4)
#define SMMU_IDR0_BTM                BIT64(5)
#define SMMU_IDR0_HYP                BIT64(9)
#define SMMU_IDR0_ASID16             BIT64(12)
#define SMMU_IDR0_MSI                BIT64(13)
#define SMMU_IDR0_TTENDIAN           GENMASK64(22, 21)
#define SMMU_IDR0_TTENDIAN_BE        3U /* 0: both, 2: little, 3: big */
#define SMMU_IDR0_STALL_MODEL        GENMASK64(25, 24)
#define SMMU_IDR0_STALL_MODEL_CHOICE 0U
#define SMMU_IDR0_STALL_MODEL_FORCED 2U
#define SMMU_IDR0_ST_LEVEL           GENMASK64(28, 27)

#define SMMU_IDR1               REG32(0x0004) /* 6.3.2, RO */
#define SMMU_IDR1_SIDSIZE       GENMASK64(5, 0)
#define SMMU_IDR1_EVENTQS       GENMASK64(20, 16)
#define SMMU_IDR1_CMDQS         GENMASK64(25, 21)
#define SMMU_IDR1_REL           BIT64(28)
#define SMMU_IDR1_QUEUES_PRESET BIT64(29)
#define SMMU_IDR1_TABLES_PRESET BIT64(30)

#define SMMU_IDR3      REG32(0x000c) /* 6.3.4, RO */
#define SMMU_IDR3_RIL  BIT64(10)
#define SMMU_IDR3_BBML GENMASK64(12, 11)

#define SMMU_IDR5        REG32(0x0014) /* 6.3.6, RO */
#define SMMU_IDR5_OAS    GENMASK64(2, 0)
#define SMMU_IDR5_GRAN4K BIT64(4)

#define SMMU_AIDR       REG32(0x001c) /* 6.3.8, RO */
#define SMMU_AIDR_MAJOR GENMASK64(7, 4)
#define SMMU_AIDR_MINOR GENMASK64(3, 0)

#define SMMU_CR0          REG32(0x0020) /* 6.3.9 */
#define SMMU_CR0ACK       REG32(0x0024) /* 6.3.10, RO */
#define SMMU_CR0_SMMUEN   BIT32(0)
#define SMMU_CR0_EVENTQEN BIT32(2)
#define SMMU_CR0_CMDQEN   BIT32(3)

#define SMMU_CR1          REG32(0x0028) /* 6.3.11, queues off */
#define SMMU_CR1_QUEUE_IC GENMASK64(1, 0)
#define SMMU_CR1_QUEUE_OC GENMASK64(3, 2)
#define SMMU_CR1_QUEUE_SH GENMASK64(5, 4)
#define SMMU_CR1_TABLE_IC GENMASK64(7, 6)
#define SMMU_CR1_TABLE_OC GENMASK64(9, 8)
#define SMMU_CR1_TABLE_SH GENMASK64(11, 10)
#define SMMU_CACHE_WB     1U /* of the IC and OC fields */
#define SMMU_SH_OUTER     2U /* of the SH fields */
#define SMMU_SH_INNER     3U

#define SMMU_CR2           REG32(0x002c) /* 6.3.12, SMMUEN == 0 */
#define SMMU_CR2_RECINVSID BIT32(1)      /* record bad StreamIDs */
#define SMMU_CR2_PTM       BIT32(2)      /* ignore broadcast TLBIs */

#define SMMU_GBPA        REG32(0x0044) /* 6.3.14 */
#define SMMU_GBPA_ABORT  BIT32(20)
#define SMMU_GBPA_UPDATE BIT32(31)

#define SMMU_IRQ_CTRL              REG32(0x0050) /* 6.3.16 */
#define SMMU_IRQ_CTRLACK           REG32(0x0054) /* 6.3.17, RO */
#define SMMU_IRQ_CTRL_GERROR_IRQEN BIT32(0)
#define SMMU_IRQ_CTRL_EVENTQ_IRQEN BIT32(2)

#define SMMU_GERROR                REG32(0x0060) /* 6.3.18, RO, toggles */
#define SMMU_GERRORN               REG32(0x0064) /* 6.3.19, our answers */
#define SMMU_GERROR_CMDQ_ERR       BIT32(0)
#define SMMU_GERROR_EVENTQ_ABT_ERR BIT32(2)
#define SMMU_GERROR_PRIQ_ABT_ERR   BIT32(3)
#define SMMU_GERROR_MSI_CMDQ_ABT   BIT32(4)
#define SMMU_GERROR_MSI_EVENTQ_ABT BIT32(5)
#define SMMU_GERROR_MSI_PRIQ_ABT   BIT32(6)
#define SMMU_GERROR_MSI_GERROR_ABT BIT32(7)
#define SMMU_GERROR_SFM_ERR        BIT32(8)
#define SMMU_GERROR_ALL            0x1fdU
#define SMMU_GERROR_IRQ_CFG0       REG64(0x0068) /* 6.3.20, MSI address */

#define SMMU_STRTAB_BASE           REG64(0x0080) /* 6.3.24, SMMUEN == 0 */
#define SMMU_STRTAB_BASE_RA        BIT64(62)
#define SMMU_STRTAB_BASE_ADDR      GENMASK64(51, 6)
#define SMMU_STRTAB_BASE_CFG       REG32(0x0088) /* 6.3.25, SMMUEN == 0 */
#define SMMU_STRTAB_BASE_CFG_FMT   GENMASK64(17, 16)
#define SMMU_STRTAB_BASE_CFG_SPLIT GENMASK64(10, 6)
#define SMMU_STRTAB_BASE_CFG_LOG2  GENMASK64(5, 0)

#define SMMU_CMDQ_BASE       REG64(0x0090) /* 6.3.26, CMDQEN == 0 */
#define SMMU_CMDQ_PROD       REG32(0x0098) /* 6.3.27 */
#define SMMU_CMDQ_CONS       REG32(0x009c) /* 6.3.28 */
#define SMMU_CMDQ_CONS_ERR   GENMASK64(30, 24)
#define SMMU_CERROR_NONE     0U
#define SMMU_CERROR_ILL      1U
#define SMMU_CERROR_ABT      2U
#define SMMU_EVENTQ_BASE     REG64(0x00a0)  /* 6.3.29, EVENTQEN == 0 */
#define SMMU_EVENTQ_PROD     REG32(0x100a8) /* 6.3.30, in page 1 */
#define SMMU_EVENTQ_CONS     REG32(0x100ac) /* 6.3.31, in page 1 */
#define SMMU_EVENTQ_IRQ_CFG0 REG64(0x00b0)  /* 6.3.32, MSI address */
#define SMMU_Q_BASE_RWA      BIT64(62)      /* allocate on read / write */
#define SMMU_Q_BASE_ADDR     GENMASK64(51, 5)
#define SMMU_Q_OVERFLOW      BIT32(31) /* EVENTQ PROD and CONS */

/* ---- 5.1 Level 1 stream table descriptor ---- */

#define L1STD_SPAN  GENMASK64(4, 0) /* 2^(n - 1) entries */
#define L1STD_L2PTR GENMASK64(51, 6)

/* ---- 5.2 Stream table entry: eight words; the first three matter here ---- */

#define STE_WORDS           8U
#define STE0_V              BIT64(0)
#define STE0_CONFIG         GENMASK64(3, 1)
#define STE0_CONFIG_ABORT   0U /* abort, and report nothing */
#define STE0_CONFIG_S1      5U /* stage 1 translates, 2 bypasses */
#define STE0_S1CONTEXTPTR   GENMASK64(51, 6)
#define STE1_S1CIR          GENMASK64(3, 2) /* fetch of the CD */
#define STE1_S1COR          GENMASK64(5, 4)
#define STE1_S1CSH          GENMASK64(7, 6)
#define STE1_MEV            BIT64(19) /* like events may be merged */
#define STE1_S1STALLD       BIT64(27) /* only if STALL_MODEL is 0 */
#define STE1_SHCFG          GENMASK64(45, 44)
#define STE1_SHCFG_INCOMING 1U
#define STE2_S2VMID         GENMASK64(15, 0)

/* ---- 5.4 Context descriptor: eight words ---- */

#define CD_WORDS    8U
#define CD0_T0SZ    GENMASK64(5, 0)
#define CD0_TG0     GENMASK64(7, 6) /* 0: 4 KiB */
#define CD0_IR0     GENMASK64(9, 8) /* as the CPU's IRGN0 */
#define CD0_OR0     GENMASK64(11, 10)
#define CD0_SH0     GENMASK64(13, 12)
#define CD0_EPD1    BIT64(30) /* no walks of TTB1 */
#define CD0_V       BIT64(31)
#define CD0_IPS     GENMASK64(34, 32)
#define CD0_IPS_MAX 5U /* 48 bits, all a 4 KiB granule has */
#define CD0_AA64    BIT64(41)
#define CD0_R       BIT64(45) /* record faults */
#define CD0_A       BIT64(46) /* abort, not RAZ/WI */
#define CD0_ASET    BIT64(47) /* ASID not the CPUs' */
#define CD0_ASID    GENMASK64(63, 48)
#define CD1_TTB0    GENMASK64(51, 4)

/* ---- 4 Commands: two words ---- */

#define CMD0_OPCODE         GENMASK64(7, 0)
#define CMD_CFGI_STE        0x03U /* 4.3.1 */
#define CMD_CFGI_STE_RANGE  0x04U /* 4.3.2; range 31 is CFGI_ALL */
#define CMD_TLBI_NH_ASID    0x11U /* 4.4.2 */
#define CMD_TLBI_NH_VA      0x12U
#define CMD_TLBI_EL2_ALL    0x20U
#define CMD_TLBI_NSNH_ALL   0x30U
#define CMD_SYNC            0x46U /* 4.7.3 */
#define CMD0_CFGI_SID       GENMASK64(63, 32)
#define CMD1_CFGI_LEAF      BIT64(0) /* level 1 unchanged */
#define CMD1_CFGI_RANGE     GENMASK64(4, 0)
#define CMD1_CFGI_RANGE_ALL 31U
#define CMD0_TLBI_NUM       GENMASK64(16, 12) /* with RIL */
#define CMD0_TLBI_SCALE     GENMASK64(24, 20)
#define CMD0_TLBI_VMID      GENMASK64(47, 32)
#define CMD0_TLBI_ASID      GENMASK64(63, 48)
#define CMD1_TLBI_LEAF      BIT64(0) /* no table descriptor went */
#define CMD1_TLBI_TTL       GENMASK64(9, 8)
#define CMD1_TLBI_TG        GENMASK64(11, 10) /* 0: no range */
#define CMD1_TLBI_TG_4K     1U
#define CMD1_TLBI_ADDR      GENMASK64(63, 12)
#define CMD0_SYNC_CS        GENMASK64(13, 12) /* 0: no signal */

/* ---- 7.3 Event records: four words ---- */

#define EVT_WORDS  4U
#define EVT0_TYPE  GENMASK64(7, 0)
#define EVT0_SID   GENMASK64(63, 32)
#define EVT1_RNW   BIT64(35)
#define EVT1_CLASS GENMASK64(41, 40) /* CD, TT, IN */
/* Word 2 is the input address where there is one, word 3 a fetch address. */

#endif /* SMMUV3_REGS_H */
