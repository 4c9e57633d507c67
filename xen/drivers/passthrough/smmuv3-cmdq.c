/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Command queue of an SMMUv3: slots, one CMD_SYNC per operation, recovery
 * from rejected commands, and the commands themselves as values.
 *
 *      CONS (the unit)          told              prod (we)
 *        v                       v                 v
 *   -----+--+--+--+--+--+--+--+--+--+--+--+--+--+--+-----
 *        | being executed        | written, unknown |      wraps at nr
 *
 * cmdq.lock is held from begin to end, so whatever waits in the queue belongs
 * to one operation, and "all consumed" means "its CMD_SYNC has completed"
 * (CONS moves past a CMD_SYNC when that is done).
 *
 * Spec: IHI 0070 issue F.a, 3.5 "Command and Event queues", 4.7.3
 * "CMD_SYNC", 7.1 "Command queue errors".
 */
#include "smmuv3.h"

#include <xen/barrier.h>
#include <xen/errno.h>
#include <xen/lib.h>
#include <xen/mm.h>
#include <xen/time.h>

/* ---- commands as values ---- */

static struct smmu_cmd make(uint64_t opcode, uint64_t word0, uint64_t word1)
{
    return (struct smmu_cmd){
        .word = {FIELD_PREP(CMD0_OPCODE, opcode) | word0, word1}};
}

struct smmu_cmd smmu_cmd_cfgi_ste(uint32_t sid, bool leaf)
{
    return make(CMD_CFGI_STE, FIELD_PREP(CMD0_CFGI_SID, sid),
                leaf ? CMD1_CFGI_LEAF : 0);
}

struct smmu_cmd smmu_cmd_cfgi_all(void)
{
    return make(CMD_CFGI_STE_RANGE, 0,
                FIELD_PREP(CMD1_CFGI_RANGE, CMD1_CFGI_RANGE_ALL));
}

struct smmu_cmd smmu_cmd_tlbi_asid(uint16_t asid)
{
    return make(CMD_TLBI_NH_ASID,
                FIELD_PREP(CMD0_TLBI_ASID, asid) |
                    FIELD_PREP(CMD0_TLBI_VMID, SMMU_VMID),
                0);
}

struct smmu_cmd smmu_cmd_tlbi_el2_all(void)
{
    return make(CMD_TLBI_EL2_ALL, 0, 0);
}

struct smmu_cmd smmu_cmd_tlbi_nsnh_all(void)
{
    return make(CMD_TLBI_NSNH_ALL, 0, 0);
}

struct smmu_cmd smmu_cmd_tlbi_va(uint16_t asid, uint64_t iova, bool leaf)
{
    return make(CMD_TLBI_NH_VA,
                FIELD_PREP(CMD0_TLBI_ASID, asid) |
                    FIELD_PREP(CMD0_TLBI_VMID, SMMU_VMID),
                (iova & CMD1_TLBI_ADDR) | (leaf ? CMD1_TLBI_LEAF : 0));
}

struct smmu_cmd smmu_cmd_tlbi_range(uint16_t asid, uint64_t iova,
                                    unsigned int num, unsigned int scale,
                                    unsigned int level, bool leaf)
{
    struct smmu_cmd cmd = smmu_cmd_tlbi_va(asid, iova, leaf);

    cmd.word[0] |=
        FIELD_PREP(CMD0_TLBI_NUM, num - 1) | FIELD_PREP(CMD0_TLBI_SCALE, scale);
    cmd.word[1] |=
        FIELD_PREP(CMD1_TLBI_TG, CMD1_TLBI_TG_4K) |
        FIELD_PREP(CMD1_TLBI_TTL, leaf && level < PGT_LEVELS ? level : 0);
    return cmd;
}

struct smmu_cmd smmu_cmd_sync(void)
{
    return make(CMD_SYNC, FIELD_PREP(CMD0_SYNC_CS, 0), 0);
}

/* ---- the queue; cmdq.lock held ---- */

static uint32_t counter_mask(const struct smmuv3_cmdq *q)
{
    return 2 * q->nr - 1;
}

static struct smmu_cmd *slot(struct smmuv3_cmdq *q, uint32_t counter)
{
    return &q->entry[counter & (q->nr - 1)];
}

static uint32_t read_cons(struct smmuv3_device *smmu)
{
    struct smmuv3_cmdq *q = &smmu->cmdq;

    q->cons = smmu_read32(smmu, SMMU_CMDQ_CONS) & counter_mask(q);
    return q->cons;
}

/* Entries not consumed when CONS was last read. */
static uint32_t nr_waiting(const struct smmuv3_cmdq *q)
{
    return (q->prod - q->cons) & counter_mask(q);
}

/* Tell the unit about everything written. */
static void tell(struct smmuv3_device *smmu)
{
    struct smmuv3_cmdq *q = &smmu->cmdq;
    uint32_t first = q->told & (q->nr - 1), last = q->prod & (q->nr - 1);

    if ( q->told == q->prod )
        return;

    /* The entries, in two pieces when they wrap, before PROD covers them. */
    if ( first < last )
        smmu_publish(smmu, &q->entry[first],
                     (last - first) * sizeof(*q->entry));
    else
    {
        smmu_publish(smmu, &q->entry[first],
                     (q->nr - first) * sizeof(*q->entry));
        if ( last )
            smmu_publish(smmu, q->entry, last * sizeof(*q->entry));
    }

    smmu_write32(smmu, SMMU_CMDQ_PROD, q->prod);
    q->told = q->prod;
}

/* Nothing of this operation can be relied on. */
static void fail(struct smmuv3_device *smmu, int rc)
{
    struct smmuv3_cmdq *q = &smmu->cmdq;

    q->error = rc;
    q->lost = true;
    if ( rc != -ETIMEDOUT )
        return;

    q->nr_timeouts++;
    q->silent = true;
    q->silent_cons = read_cons(smmu);
    printk_ratelimited(
        XENLOG_ERR "%s: no answer in %u ms: command queue at %#x of %#x\n",
        smmu->unit.name, SMMU_SYNC_TIMEOUT_US / 1000, q->silent_cons, q->prod);
}

void smmu_cmdq_recover(struct smmuv3_device *smmu)
{
    struct smmuv3_cmdq *q = &smmu->cmdq;
    uint32_t gerrorn = smmu_read32(smmu, SMMU_GERRORN);
    uint32_t gerror = smmu_read32(smmu, SMMU_GERROR);
    uint32_t cons, code;
    struct smmu_cmd *cmd;

    if ( !((gerror ^ gerrorn) & SMMU_GERROR_CMDQ_ERR) )
        return;

    cons = smmu_read32(smmu, SMMU_CMDQ_CONS);
    code = (uint32_t)FIELD_GET(SMMU_CMDQ_CONS_ERR, cons);
    cmd = slot(q, cons);
    q->nr_errors++;

    if ( code == SMMU_CERROR_ABT )
    {
        /* Nothing is wrong with the entry: it is fetched again. */
        printk_ratelimited(XENLOG_ERR
                           "%s: command fetch aborted (CERROR_ABT) at %#x\n",
                           smmu->unit.name, cons & counter_mask(q));
    }
    else
    {
        printk_ratelimited(
            XENLOG_ERR "%s: command %016lx %016lx rejected: %s (%u)\n",
            smmu->unit.name, (unsigned long)cmd->word[0],
            (unsigned long)cmd->word[1],
            code == SMMU_CERROR_ILL ? "CERROR_ILL" : "unexpected error", code);

        /* A harmless command in its place, before the unit reads it again. */
        *cmd = smmu_cmd_sync();
        smmu_publish(smmu, cmd, sizeof(*cmd));
        if ( !q->error )
            q->error = -EIO;
    }

    smmu_write32(smmu, SMMU_GERRORN, gerrorn ^ SMMU_GERROR_CMDQ_ERR);
}

static bool has_room(struct smmuv3_device *smmu)
{
    read_cons(smmu);
    if ( nr_waiting(&smmu->cmdq) < smmu->cmdq.nr )
        return true;

    smmu_cmdq_recover(smmu);
    return false;
}

static bool all_done(struct smmuv3_device *smmu)
{
    if ( read_cons(smmu) == smmu->cmdq.prod )
        return true;

    smmu_cmdq_recover(smmu);
    return false;
}

/* Wait for the unit to take an entry; false when it does not answer. */
static bool make_room(struct smmuv3_device *smmu)
{
    tell(smmu);
    if ( !poll_until(has_room(smmu), SMMU_SYNC_TIMEOUT_US) )
        return true;

    fail(smmu, -ETIMEDOUT);
    return false;
}

static inline void push(struct smmuv3_device *smmu, struct smmu_cmd cmd)
{
    struct smmuv3_cmdq *q = &smmu->cmdq;

    if ( q->error == -ETIMEDOUT )
        return;

    if ( nr_waiting(q) == q->nr && !make_room(smmu) )
        return;

    *slot(q, q->prod) = cmd;
    q->prod = (q->prod + 1) & counter_mask(q);
}

/* The CMD_SYNC, and wait for it. */
static void sync(struct smmuv3_device *smmu)
{
    s_time_t start, took;

    push(smmu, smmu_cmd_sync());
    if ( smmu->cmdq.error == -ETIMEDOUT )
        return;

    tell(smmu);
    smmu->unit.nr_syncs++;
    if ( all_done(smmu) )
        return;

    start = NOW();
    if ( poll_until(all_done(smmu), SMMU_SYNC_TIMEOUT_US) )
        fail(smmu, -ETIMEDOUT);

    took = NOW() - start;
    if ( (uint64_t)took > smmu->unit.longest_sync_ns )
        smmu->unit.longest_sync_ns = (uint64_t)took;
}

static void push_all(struct smmuv3_device *smmu)
{
    push(smmu, smmu_cmd_cfgi_all());
    push(smmu, smmu_cmd_tlbi_nsnh_all());
}

void smmu_cmdq_begin(struct smmuv3_device *smmu)
{
    struct smmuv3_cmdq *q = &smmu->cmdq;

    spin_lock(&q->lock);
    q->error = 0;

    /* A unit that was silent and still is does not get another wait. */
    if ( q->silent )
    {
        smmu_cmdq_recover(smmu);
        q->error = 0;
        if ( read_cons(smmu) == q->silent_cons )
        {
            q->error = -ETIMEDOUT;
            return;
        }
        q->silent = false;
    }

    if ( q->lost )
    {
        q->lost = false;
        push_all(smmu);
    }
}

void smmu_cmdq_add(struct smmuv3_device *smmu, struct smmu_cmd cmd)
{
    push(smmu, cmd);
}

int smmu_cmdq_end(struct smmuv3_device *smmu)
{
    struct smmuv3_cmdq *q = &smmu->cmdq;
    int rc;

    sync(smmu);

    /* A command was rejected: invalidating everything does what it should. */
    if ( q->error == -EIO )
    {
        q->error = 0;
        push_all(smmu);
        sync(smmu);
        if ( q->error )
            q->lost = true;
    }

    rc = q->error;
    spin_unlock(&q->lock);
    return rc;
}

int smmu_cmdq_do(struct smmuv3_device *smmu, struct smmu_cmd cmd)
{
    smmu_cmdq_begin(smmu);
    smmu_cmdq_add(smmu, cmd);
    return smmu_cmdq_end(smmu);
}

int smmu_cmdq_init(struct smmuv3_device *smmu)
{
    struct smmuv3_cmdq *q = &smmu->cmdq;
    size_t size = sizeof(*q->entry) << smmu->feat.cmdq_log2;

    q->entry = alloc_xen_pages(order_from_bytes(size));
    if ( !q->entry )
        return -ENOMEM;

    q->nr = BIT32(smmu->feat.cmdq_log2);
    spin_lock_init(&q->lock, LOCK_RANK_IOMMU_CMDQ);
    return 0;
}
