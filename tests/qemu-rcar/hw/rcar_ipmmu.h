/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Renesas IPMMU-VMSA of R-Car Gen3: root and leaf units. */
#ifndef HW_ARM_RCAR_IPMMU_H
#define HW_ARM_RCAR_IPMMU_H

#include "exec/memory.h"
#include "hw/sysbus.h"
#include "qom/object.h"

#define TYPE_RCAR_IPMMU "rcar-ipmmu"
OBJECT_DECLARE_SIMPLE_TYPE(RCarIPMMUState, RCAR_IPMMU)

#define RCAR_IPMMU_CONTEXTS 8
#define RCAR_IPMMU_UTLBS    48

typedef struct RCarIPMMUContext {
    uint32_t imctr, imttbcr, imttlbr[2], imttubr[2], imstr, imair[2];
    uint32_t imelar, imeuar;
    /* What the walker goes by since the last flush. */
    uint32_t live_ttbcr;
    uint64_t live_ttbr;
    unsigned flush_reads; /* of IMCTR until FLUSH reads as 0 */
} RCarIPMMUContext;

/* What a bus master behind one micro-TLB sees. */
typedef struct RCarIPMMUPort {
    IOMMUMemoryRegion iommu;
    AddressSpace as;
    RCarIPMMUState *leaf;
    unsigned utlb;
} RCarIPMMUPort;

struct RCarIPMMUState {
    SysBusDevice parent_obj;

    MemoryRegion iomem;
    qemu_irq irq; /* root: non-secure */

    /* properties */
    char *name;
    RCarIPMMUState *root; /* link; NULL: this is the root */
    bool stage2;          /* PMB and S2PTE are there */
    bool noncoherent;     /* walks see cleaned memory only */
    bool utlb0_erratum;   /* micro-TLB 0 misses flushes */
    uint32_t flush_delay; /* reads; ~0: never done */
    uint32_t sctlr_reset;

    bool powered;
    uint32_t imsctlr, imsauxctlr;
    RCarIPMMUContext ctx[RCAR_IPMMU_CONTEXTS]; /* leaf: IMCTR[2:0] only */
    uint32_t imuctr[RCAR_IPMMU_UTLBS];
    RCarIPMMUPort *port[RCAR_IPMMU_UTLBS];
    GHashTable *tlb; /* context and page: descriptor and level */
};

/* The address space of a master; made at first use, at machine creation. */
AddressSpace *rcar_ipmmu_port(RCarIPMMUState *leaf, unsigned utlb);

/* The power domain of a leaf: off loses all, and accesses abort. */
void rcar_ipmmu_power(RCarIPMMUState *s, bool on);

#endif
