/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arm SMMUv3 driver, private to its files:
 *   smmuv3.c       probe, reset, streams, contexts, the ops table
 *   smmuv3-cmdq.c  command queue, its errors, and commands as values
 *   smmuv3-ste.c   STE and CD values, and the one function writing an STE
 *   smmuv3-evtq.c  event records and GERROR turned into lines
 */
#ifndef SMMUV3_H
#define SMMUV3_H

#include <xen/bits.h>
#include <xen/io.h>
#include <xen/iommu.h>
#include <xen/spinlock.h>

#include "smmuv3-regs.h"

/* How long a unit may take to answer: queue, CR0, GBPA. */
#define SMMU_SYNC_TIMEOUT_US 100000U

/*
 * One VMID for everything: units with stage 2 tag stage-1 entries by it, so
 * STEs and TLBI commands must agree.
 */
#define SMMU_VMID 0U

/* L2 stream tables of 256 entries: 16 KiB, one PCI bus each. */
#define SMMU_SPLIT 8U

/* What the ID registers say, reduced to what we use. Constant after probe. */
struct smmuv3_features {
    bool stage2;           /* can do it, too: told, not used */
    unsigned int sid_bits; /* StreamIDs our table covers */
    unsigned int asid_bits;
    unsigned int oa_bits, ips; /* the width, and its encoding */
    unsigned int cmdq_log2, evtq_log2;
    bool two_level;
    bool coherent; /* tables and queues need no cleaning */
    bool ril;      /* range invalidation */
    bool bbml2;
    bool hyp; /* has EL2 TLB entries */
    bool msi;
    bool stall_choice; /* STE.S1STALLD must forbid stalls */
};

struct smmu_cmd {
    uint64_t word[2];
};

/* Entries [cons, prod) wait; both count modulo 2 * nr, so the bit above
 * the index tells a full queue from an empty one. */
struct smmuv3_cmdq {
    spinlock_t lock; /* LOCK_RANK_IOMMU_CMDQ: everything here */
    struct smmu_cmd *entry;
    uint32_t nr;          /* of entries, a power of two */
    uint32_t prod;        /* entries written up to here */
    uint32_t told;        /* and the unit told about */
    uint32_t cons;        /* where the unit was when last asked */
    int error;            /* of the operation under way */
    bool lost;            /* an earlier one failed: invalidate all first */
    bool silent;          /* a sync timed out, no progress since */
    uint32_t silent_cons; /* CONS then */
    uint64_t nr_errors, nr_timeouts;
};

struct smmuv3_evtq {  /* device lock */
    uint64_t *record; /* EVT_WORDS each */
    unsigned int log2;
    uint32_t cons;
    uint64_t nr_overflows;
};

/* A run of stream table entries and who they belong to. */
struct smmuv3_streams {
    uint64_t *ste;       /* STE_WORDS each; unit lock */
    struct device **dev; /* device lock; first of a group */
};

struct smmuv3_device {
    struct iommu_unit unit;
    void *base;
    struct smmuv3_features feat;

    spinlock_t lock;                /* LOCK_RANK_IOMMU_UNIT: streams, ASIDs */
    uint64_t *strtab_l1;            /* NULL: linear, all in streams[0] */
    void *strtab;                   /* what STRTAB_BASE points to */
    struct smmuv3_streams *streams; /* by L1 index */
    uint64_t *asid_map;             /* bit set: in use */

    struct smmuv3_cmdq cmdq;
    struct smmuv3_evtq evtq;
};

/* A domain on a unit: its CD and the ASID that tags its TLB entries. */
struct smmuv3_context {
    struct iommu_context ctx;
    struct iommu_dom *dom;
    uint64_t *cd; /* constant while referred to */
    uint16_t asid;
    unsigned int nr_devices; /* device lock */
};

static inline struct smmuv3_device *to_smmu(struct iommu_unit *unit)
{
    return container_of(unit, struct smmuv3_device, unit);
}

static inline uint32_t smmu_read32(const struct smmuv3_device *smmu,
                                   struct smmu_reg32 reg)
{
    return read32((const char *)smmu->base + reg.offset);
}

static inline void smmu_write32(struct smmuv3_device *smmu,
                                struct smmu_reg32 reg, uint32_t value)
{
    write32((char *)smmu->base + reg.offset, value);
}

static inline void smmu_write64(struct smmuv3_device *smmu,
                                struct smmu_reg64 reg, uint64_t value)
{
    write64((char *)smmu->base + reg.offset, value);
}

/* ---- smmuv3.c ---- */

/*
 * smmu_publish - make what was written visible to the unit before anything
 * written later: the one place where tables and queues are cleaned.
 */
void smmu_publish(const struct smmuv3_device *smmu, const void *p, size_t size);

/* ---- smmuv3-cmdq.c ---- */

/* Command values. */
struct smmu_cmd smmu_cmd_cfgi_ste(uint32_t sid, bool leaf);
struct smmu_cmd smmu_cmd_cfgi_all(void);
struct smmu_cmd smmu_cmd_tlbi_asid(uint16_t asid);
struct smmu_cmd smmu_cmd_tlbi_el2_all(void);
struct smmu_cmd smmu_cmd_tlbi_nsnh_all(void);
/* @level: of the leaves, 1..3 as a hint, or PGT_LEVEL_ANY. */
struct smmu_cmd smmu_cmd_tlbi_va(uint16_t asid, uint64_t iova, bool leaf);
struct smmu_cmd smmu_cmd_tlbi_range(uint16_t asid, uint64_t iova,
                                    unsigned int num, unsigned int scale,
                                    unsigned int level, bool leaf);
struct smmu_cmd smmu_cmd_sync(void);

int __must_check smmu_cmdq_init(struct smmuv3_device *smmu);
/*
 * An operation: begin, add any number of commands, end. end adds the one
 * CMD_SYNC and waits until everything before it has completed.
 * Return: 0; -ETIMEDOUT the unit did not answer in time, -EIO it rejected a
 * command and the invalidation of everything that replaces it.
 * After a failure the next operation that the unit answers invalidates
 * everything first, so that nothing stays lost for ever.
 */
void smmu_cmdq_begin(struct smmuv3_device *smmu);
void smmu_cmdq_add(struct smmuv3_device *smmu, struct smmu_cmd cmd);
int __must_check smmu_cmdq_end(struct smmuv3_device *smmu);
/* One command and its sync. */
int __must_check smmu_cmdq_do(struct smmuv3_device *smmu, struct smmu_cmd cmd);
/* smmu_cmdq_recover - GERROR says the queue stopped: report and go on. */
void smmu_cmdq_recover(struct smmuv3_device *smmu);

/* ---- smmuv3-ste.c ---- */

struct smmu_ste {
    uint64_t word[STE_WORDS];
};
struct smmu_cd {
    uint64_t word[CD_WORDS];
};

/* Values; no side effect. */
struct smmu_ste smmu_ste_make_invalid(void); /* aborts, reports C_BAD_STE */
struct smmu_ste smmu_ste_make_abort(void);   /* aborts in silence */
struct smmu_ste smmu_ste_make_s1(const struct smmuv3_features *feat,
                                 maddr_t cd);
struct smmu_cd smmu_cd_make(const struct smmuv3_features *feat, maddr_t ttb,
                            unsigned int ia_bits, uint16_t asid);
/*
 * smmu_ste_write - bring the entry of @sid to @target while the unit may
 * fetch it at any moment: it sees the old one, the new one, or one that
 * aborts. Returns when nothing of the old one is cached or in flight.
 * Unit lock held. -ETIMEDOUT, -EIO: the entry in memory aborts, or is
 * @target where that aborts; the unit may still use the old one.
 */
int __must_check smmu_ste_write(struct smmuv3_device *smmu, uint32_t sid,
                                uint64_t *ste, const struct smmu_ste *target);

/* ---- smmuv3-evtq.c ---- */

int __must_check smmu_evtq_init(struct smmuv3_device *smmu);
/* smmu_evtq_drain - report what the queue holds. Device lock held. */
void smmu_evtq_drain(struct smmuv3_device *smmu);
/* smmu_gerror_handle - report, and acknowledge, global errors. */
void smmu_gerror_handle(struct smmuv3_device *smmu);

#endif /* SMMUV3_H */
