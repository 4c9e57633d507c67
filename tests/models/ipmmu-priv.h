/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the IPMMU model: between ipmmu.c and ipmmu-walk.c. */
#ifndef MODELS_IPMMU_PRIV_H
#define MODELS_IPMMU_PRIV_H

#include "ipmmu.h"

#define IMCTR_MMUEN (1U << 0)
#define IMCTR_FLUSH (1U << 1)
#define IMCTR_INTEN (1U << 2)
#define IMCTR_VA64  (1U << 29)

#define IMSTR_TF      (1U << 0)
#define IMSTR_PF      (1U << 1)
#define IMSTR_ABORT   (1U << 2)
#define ERRCODE(code) ((uint32_t)(code) << 8)
#define ERR_FORMAT    1
#define ERR_ACCESS    4
#define ERR_SECURE    5
#define ERRLVL(level) ((uint32_t)(level) << 12)

#define IMUCTR_MMUEN (1U << 0)
#define IMUCTR_FLUSH (1U << 1)

#define SCTLR_SECGRP   (1U << 28)
#define SCTLR_DISCACHE (7U << 29)
#define AUX_S2PTE      (1U << 3)

#define ROOT_UNIT    0U
#define ALL_UNITS    ~0U
#define ALL_CONTEXTS ~0U

struct regs {
    uint32_t imttbcr, ttbr_low[2], ttbr_high[2], imair[2];
};

struct context {
    uint32_t imctr, imstr, imelar, imeuar;
    struct regs regs; /* as written */
    struct regs live; /* since the last flush */
    bool flushing;
    unsigned int flush_wait;
};

struct unit {
    uint32_t imctr[16]; /* leaves: MMUEN and INTEN of each context */
    uint32_t imuctr[64];
    uint32_t sctlr, auxctlr;
};

/* A cached descriptor, of a leaf or a table. */
struct entry {
    struct entry *next; /* newest first */
    unsigned int unit, context;
    unsigned int utlb; /* that made a leaf unit read it */
    uint64_t ia, size, desc, desc_pa;
    unsigned int level;
    bool table, reported;
};

/* 64-byte lines as they were last cleaned. */
struct seen {
    struct seen *next;
    uint64_t pa;    /* of the 4 KiB page */
    uint64_t known; /* bit per line */
    uint8_t data[4096];
};
#define NR_SEEN 1024U

struct ipmmu_model {
    struct ipmmu_model_cfg cfg;
    unsigned int nr_ctx, nr_utlbs;
    struct context ctx[16];
    struct unit unit[1 + IPMMU_MODEL_LEAVES];
    uint64_t masters[1 + IPMMU_MODEL_LEAVES]; /* bit per micro-TLB */
    struct entry *cache;
    struct seen *seen[NR_SEEN];
    bool irq;
    size_t nr_violations;
    char first[256];
};

/* ipmmu.c */
void ipmmu_violation(struct ipmmu_model *m, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void ipmmu_update_irq(struct ipmmu_model *m);

/* ipmmu-walk.c */
void ipmmu_drop(struct ipmmu_model *m, unsigned int unit, unsigned int context);
void ipmmu_forget_memory(struct ipmmu_model *m);
void ipmmu_settled_caches(struct ipmmu_model *m);

#endif /* MODELS_IPMMU_PRIV_H */
