/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stage 2 of the CPUs for host tests: the tables that VTTBR_EL2 points to and
 * a TLB by VMID. Written from DDI 0487 J.a, D8.3, D8.13 and D8.14; it shares
 * none of our macros.
 *
 * The CPUs run every domain that was given to stage2_run(), all the time, and
 * are the worst ones allowed: what is valid is cached as soon as it is seen,
 * tables and leaves, by itself and combined with stage 1, and is forgotten
 * only by the right TLBI of its VMID and a DSB. So only what was replaced and
 * may still be used has to be remembered. What software may not do is a
 * violation:
 *
 *   - a valid descriptor that changes without a break where one is needed, or
 *     is made while something stale overlaps it;
 *   - memory given back while a CPU can reach it, or walks it;
 *   - anything stale when an operation is over (stage2_settled()).
 *
 * Stores are seen at barriers. Order within a table under construction is the
 * business of the model in tlb.h.
 */
#ifndef TESTS_MODELS_STAGE2_H
#define TESTS_MODELS_STAGE2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stage2_model;

/* @mem: memory at pa, or NULL. @vmid16: FEAT_VMID16. */
struct stage2_model *stage2_new(void *(*mem)(void *ctx, uint64_t pa,
                                             size_t size),
                                void *ctx, bool vmid16);

/* What asm/sysreg.h, asm/tlbi.h and asm/barrier.h of the host report. */
uint64_t stage2_read(const struct stage2_model *m, const char *reg);
void stage2_write(struct stage2_model *m, const char *reg, uint64_t value);
void stage2_tlbi(struct stage2_model *m, const char *op, uint64_t arg);
void stage2_dsb(struct stage2_model *m, const char *scope);

/* vCPUs of this VTTBR run; they stop: no walk any more, but what is cached. */
void stage2_run(struct stage2_model *m, uint64_t vttbr);
void stage2_stop(struct stage2_model *m, uint64_t vttbr);

struct stage2_access {
    bool ok;
    uint64_t pa;
    unsigned int memattr; /* MemAttr[3:0] */
};
/* One access of a guest, by what is stale where it can. @how: 'r' 'w' 'x' */
struct stage2_access stage2_access(const struct stage2_model *m, uint64_t vttbr,
                                   uint64_t ipa, char how);

/* Each leaf that a walk finds now, in order. */
void stage2_leaves(struct stage2_model *m, uint64_t vttbr,
                   void (*fn)(void *arg, uint64_t ipa, uint64_t size,
                              uint64_t desc),
                   void *arg);

/* Can a guest access [pa, pa + size), or a CPU walk it? */
bool stage2_reachable(struct stage2_model *m, uint64_t pa, uint64_t size);
void stage2_freed(struct stage2_model *m, uint64_t pa, uint64_t size);
/* Is anything of the VMID remembered, and is nothing of it stale? */
bool stage2_cached(const struct stage2_model *m, uint64_t vttbr);
bool stage2_settled(struct stage2_model *m);

unsigned int stage2_violations(const struct stage2_model *m);
const char *stage2_first_violation(const struct stage2_model *m);

#endif /* TESTS_MODELS_STAGE2_H */
