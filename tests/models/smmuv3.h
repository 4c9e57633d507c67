/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An Arm SMMUv3 for host tests, written from IHI 0070 (section numbers as in
 * issue H.a) and sharing nothing with the driver.
 *
 * It forgets nothing by itself. Stream table descriptors, STEs, CDs, table
 * descriptors and leaves stay cached (invalid STEs and CDs too, faults never)
 * until a command that must remove them has been consumed and a later CMD_SYNC
 * has completed. What software may not do is recorded as a violation: a test
 * ends with smmuv3_model_settled() and an empty list.
 *
 * Not modelled: substreams, nested translation (Config 7), granules other than
 * 4 KiB, ATS, PRI, MSIs, Secure and Realm state, stalled transactions.
 */
#ifndef MODELS_SMMUV3_H
#define MODELS_SMMUV3_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct smmuv3_model;

enum smmuv3_model_irq {
    SMMUV3_MODEL_IRQ_EVENT,
    SMMUV3_MODEL_IRQ_GERROR,
    SMMUV3_MODEL_IRQ_SYNC,
};

struct smmuv3_model_cfg {
    /* What the ID registers say. */
    bool s1p, s2p;  /* translation stages */
    bool st_2level; /* 2-level stream table, besides the linear one */
    bool asid16, vmid16;
    bool cohacc; /* false: sees only what smmuv3_model_clean() saw */
    bool hyp, ril, stall, sev;
    bool gbpa;         /* false: GBPA reads as zero, writes ignored */
    unsigned int bbml; /* break-before-make level, 0..2 */
    unsigned int oas;  /* output address bits: 32 36 40 42 44 48 */
    unsigned int sidsize, cmdqs, eventqs;

    /* How it behaves; these may be changed later by smmuv3_model_tune(). */
    bool lazy;               /* commands run at reads of CMDQ_CONS, 0..3 each */
    bool sync_never;         /* CMD_SYNC is never consumed */
    bool strict_order;       /* stores are seen after smmuv3_model_barrier() */
    unsigned int sync_delay; /* reads of CMDQ_CONS before CMD_SYNC completes */
    unsigned int ack_delay;  /* reads before CR0ACK, IRQ_CTRLACK, GBPA follow */
    uint64_t seed;           /* for lazy */

    /* Memory at pa, or NULL where an access aborts. */
    void *(*mem)(void *ctx, uint64_t pa, size_t size);
    void (*irq)(void *ctx, enum smmuv3_model_irq irq); /* or NULL */
    void *ctx;
};

/* A stage-1-only unit with modest queues; the caller sets mem and ctx. */
struct smmuv3_model_cfg smmuv3_model_default(void);

struct smmuv3_model *smmuv3_model_new(const struct smmuv3_model_cfg *cfg);
void smmuv3_model_free(struct smmuv3_model *m);
struct smmuv3_model_cfg *smmuv3_model_tune(struct smmuv3_model *m);

/* Registers: offset in the 128 KiB of pages 0 and 1, size 4 or 8. */
uint64_t smmuv3_model_read(struct smmuv3_model *m, uint32_t offset,
                           unsigned int size);
void smmuv3_model_write(struct smmuv3_model *m, uint32_t offset,
                        unsigned int size, uint64_t value);
/* Time passes without a register access: what one read of CONS would do. */
void smmuv3_model_tick(struct smmuv3_model *m);

/*
 * What the CPU does to its caches, called by the host's asm/ headers.
 * clean: lines reach memory. invalidate: the CPU sees what the unit wrote (a
 * non-coherent unit's event records reach the mem callback only then).
 * barrier: with strict_order, earlier stores become visible.
 * watch: memory whose present content the unit could see already.
 */
void smmuv3_model_clean(struct smmuv3_model *m, uint64_t pa, size_t size);
void smmuv3_model_invalidate(struct smmuv3_model *m, uint64_t pa, size_t size);
void smmuv3_model_barrier(struct smmuv3_model *m);
void smmuv3_model_watch(struct smmuv3_model *m, uint64_t pa, size_t size);

/*
 * watch_sid: judge each visible state of this stream's STE and CD: words of a
 * valid entry change one at a time, others only after V=0, CFGI and CMD_SYNC.
 */
void smmuv3_model_watch_sid(struct smmuv3_model *m, uint32_t sid);

struct smmuv3_dma_result {
    bool ok;
    uint64_t pa;      /* where ok */
    uint8_t event;    /* type of the event the abort stands for, or 0 */
    bool recorded;    /* it is in the event queue */
    uint8_t attr, sh; /* MAIR byte and shareability, stage 1 only */
};

/*
 * One access by a device. dma: through every cache. dma_prefer_stale: where
 * several cached entries match, the oldest. dma_uncached: as a unit that
 * remembers nothing; it leaves no trace in the caches and records no event.
 * prefetch: fill the caches as any unit may, without an event.
 */
struct smmuv3_dma_result smmuv3_model_dma(struct smmuv3_model *m, uint32_t sid,
                                          uint64_t iova, bool write,
                                          bool privileged);
struct smmuv3_dma_result
smmuv3_model_dma_prefer_stale(struct smmuv3_model *m, uint32_t sid,
                              uint64_t iova, bool write, bool privileged);
struct smmuv3_dma_result smmuv3_model_dma_uncached(struct smmuv3_model *m,
                                                   uint32_t sid, uint64_t iova,
                                                   bool write, bool privileged);
void smmuv3_model_prefetch(struct smmuv3_model *m, uint32_t sid, uint64_t iova,
                           uint64_t size);

/*
 * Can any stream still reach [pa, pa + size), or the unit read it as a table,
 * by what is cached or by what memory says now? Bypass reaches everything.
 */
bool smmuv3_model_reachable(struct smmuv3_model *m, uint64_t pa, uint64_t size);
/* The caller gives memory back: a violation where it is reachable. */
void smmuv3_model_freed(struct smmuv3_model *m, uint64_t pa, uint64_t size);
void smmuv3_model_table_freed(struct smmuv3_model *m, uint64_t pa);

/*
 * No driver operation is under way: everything cached must equal memory,
 * every command be consumed, every invalidation be completed.
 * Return: true if so; else violations say what was forgotten.
 */
bool smmuv3_model_settled(struct smmuv3_model *m);

struct smmuv3_violations {
    size_t count;
    const char *first; /* "" if none */
};
struct smmuv3_violations smmuv3_model_violations(const struct smmuv3_model *m);
const char *smmuv3_model_violation(const struct smmuv3_model *m, size_t index);
void smmuv3_model_forgive(struct smmuv3_model *m); /* empties the list */

#endif /* MODELS_SMMUV3_H */
