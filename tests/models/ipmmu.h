/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A Renesas IPMMU-VMSA for host tests: one root and its leaves, Gen3 or Gen4
 * layout, written from public facts about the hardware and sharing nothing with
 * the driver. No manual was available: what nobody has written down is marked
 * "choice" in ipmmu.c.
 *
 * It forgets nothing by itself. Leaves and table descriptors stay cached, in
 * the root and in each leaf unit that used them, until the context was flushed
 * in both; context registers are taken over at a flush only; memory is seen as
 * it was last cleaned. What software may not do is recorded as a violation: a
 * test ends with ipmmu_model_settled() and an empty list.
 */
#ifndef MODELS_IPMMU_H
#define MODELS_IPMMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ipmmu_model;

#define IPMMU_MODEL_LEAVES 8u

struct ipmmu_model_cfg {
    bool gen4;              /* 16 contexts in the other layout, 64 micro-TLBs */
    unsigned int nr_leaves; /* units 1..nr_leaves; unit 0 is the root */
    bool stage2;            /* false: IMTTBCR.PMB and S2PTE are refused */
    uint32_t off;           /* bit n: unit n's power domain is off */

    /* What firmware and reset left behind. */
    uint32_t sctlr, auxctlr; /* of every unit; bit 28 is USE_SECGRP */
    uint32_t utlb;           /* of every IMUCTR */
    bool need_discache;      /* erratum: leaves must not cache */

    /* How it behaves; may be changed later by ipmmu_model_tune(). */
    unsigned int flush_delay; /* reads of the root's IMCTR until FLUSH is 0 */
    bool flush_never;
    unsigned int flush_last; /* so many more end, then flush_never; 0: all */
    bool utlb0_forgets; /* erratum: micro-TLB 0 misses flushes of its leaf */

    /* Memory at pa, or NULL where an access aborts. */
    void *(*mem)(void *ctx, uint64_t pa, size_t size);
    void (*irq)(void *ctx, bool level); /* at changes; or NULL */
    void *ctx;
};

struct ipmmu_model *ipmmu_model_new(const struct ipmmu_model_cfg *cfg);
void ipmmu_model_free(struct ipmmu_model *m);
struct ipmmu_model_cfg *ipmmu_model_tune(struct ipmmu_model *m);

/* Registers: 32 bits wide. */
uint32_t ipmmu_model_read(struct ipmmu_model *m, unsigned int unit,
                          uint32_t offset, unsigned int size);
void ipmmu_model_write(struct ipmmu_model *m, unsigned int unit,
                       uint32_t offset, unsigned int size, uint32_t value);
/* Suspend: every register as after reset, nothing cached. */
void ipmmu_model_power_cycle(struct ipmmu_model *m);

/* The CPU cleaned lines to the point of coherency. */
void ipmmu_model_clean(struct ipmmu_model *m, uint64_t pa, size_t size);

/* A bus master sits behind this micro-TLB: it counts in reachable(). */
void ipmmu_model_master(struct ipmmu_model *m, unsigned int unit,
                        unsigned int utlb);

struct ipmmu_dma_result {
    bool ok;
    bool translated; /* false with ok: it went out as it came */
    uint64_t pa;
    uint32_t imstr; /* what the fault stands for, latched or not */
    unsigned int context;
};

/* One access. prefer_stale: where several cached entries match, the oldest. */
struct ipmmu_dma_result ipmmu_model_dma(struct ipmmu_model *m,
                                        unsigned int unit, unsigned int utlb,
                                        uint64_t iova, bool write);
struct ipmmu_dma_result ipmmu_model_dma_prefer_stale(struct ipmmu_model *m,
                                                     unsigned int unit,
                                                     unsigned int utlb,
                                                     uint64_t iova, bool write);
/* Fill the caches as the units may at any time, without a fault. */
void ipmmu_model_prefetch(struct ipmmu_model *m, unsigned int unit,
                          unsigned int utlb, uint64_t iova, uint64_t size);

bool ipmmu_model_irq_level(const struct ipmmu_model *m);

/*
 * Can a master reach [pa, pa + size), or the walker read it as a table, by what
 * is cached or by memory? An untranslated master reaches everything.
 */
bool ipmmu_model_reachable(struct ipmmu_model *m, uint64_t pa, uint64_t size);
/* The caller gives memory back: a violation where it is reachable. */
void ipmmu_model_freed(struct ipmmu_model *m, uint64_t pa, uint64_t size);

/*
 * No driver operation is under way: what is cached equals memory, flushes have
 * ended and were waited for, no master is selected into a dead context.
 */
bool ipmmu_model_settled(struct ipmmu_model *m);

struct ipmmu_violations {
    size_t count;
    const char *first; /* "" if none */
};
struct ipmmu_violations ipmmu_model_violations(const struct ipmmu_model *m);
void ipmmu_model_forgive(struct ipmmu_model *m);

#endif /* MODELS_IPMMU_H */
