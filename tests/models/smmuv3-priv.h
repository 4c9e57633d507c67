/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside the SMMUv3 model. smmuv3.c: registers, queues, events. smmuv3-cmd.c:
 * commands. smmuv3-walk.c: caches, walks, devices. smmuv3-mem.c: what the unit
 * sees of memory, and the checks on it.
 */
#ifndef MODELS_SMMUV3_PRIV_H
#define MODELS_SMMUV3_PRIV_H

#include "smmuv3.h"

/* Bits hi..lo of a word. */
static inline uint64_t bits(uint64_t word, unsigned int hi, unsigned int lo)
{
    return (word >> lo) & (~UINT64_C(0) >> (63 - (hi - lo)));
}

static inline bool bit(uint64_t word, unsigned int n)
{
    return (word >> n) & 1;
}

/* 6.3.9 CR0, 6.3.11 CR2 */
#define M_CR0_SMMUEN    (1u << 0)
#define M_CR0_EVENTQEN  (1u << 2)
#define M_CR0_CMDQEN    (1u << 3)
#define M_CR2_RECINVSID (1u << 1)
/* 6.3.19 GERROR */
#define M_GERR_CMDQ   (1u << 0)
#define M_GERR_EVENTQ (1u << 2)
/* 7.1 Command queue errors */
#define M_CERROR_ILL 1u
#define M_CERROR_ABT 2u

/* 7.3 Event records: the type */
enum {
    EV_BAD_STREAMID = 0x02,
    EV_STE_FETCH = 0x03,
    EV_BAD_STE = 0x04,
    EV_CD_FETCH = 0x09,
    EV_BAD_CD = 0x0a,
    EV_WALK_EABT = 0x0b,
    EV_TRANSLATION = 0x10,
    EV_ADDR_SIZE = 0x11,
    EV_ACCESS = 0x12,
    EV_PERMISSION = 0x13,
};

/* 5.2 STE.STRW, the StreamWorld of a stage-1 entry */
enum {
    WORLD_NS_EL1 = 0,
    WORLD_NS_EL2 = 2
};

enum conf_kind {
    CONF_L1STD,
    CONF_STE,
    CONF_CD
};

/* A cached configuration structure (16.2). */
struct conf {
    struct conf *next;
    enum conf_kind kind;
    uint32_t sid; /* of an L1STD: the first it covers */
    uint64_t pa;
    unsigned int nr; /* words */
    uint64_t w[8];
    bool pending; /* invalidated, CMD_SYNC has not completed */
};

/* A cached descriptor: a leaf, or a table of the walk cache. */
struct tlb {
    struct tlb *next;  /* newest first */
    uint64_t ia, size; /* input range it covers */
    uint64_t desc, desc_pa;
    uint64_t ttb; /* root it was reached from */
    unsigned int level;
    uint16_t asid, vmid;
    uint8_t world;
    uint8_t aptable; /* APTable of the levels above and of a table */
    bool table, global, s2;
    bool reported; /* by the break-before-make audit */
    bool pending;
};

/* 64-byte lines as the unit sees them; used if !cohacc or strict_order. */
struct shadow {
    struct shadow *next;
    uint64_t pa;     /* of the 4 KiB page */
    uint64_t known;  /* bit per line: seen at all */
    uint64_t device; /* bit per line: written by the unit, unseen */
    uint8_t data[4096];
};
#define NR_SHADOW 1024u

/* An STE or CD whose visible states are judged (3.21.3). */
struct watched {
    struct watched *next;
    uint32_t sid;
    bool cd;
    bool seen, cfgi, synced;
    uint64_t pa, w[8];
};

struct queue {
    uint64_t base;
    uint32_t prod, cons;
};

struct smmuv3_model {
    struct smmuv3_model_cfg cfg;
    uint32_t cr0, cr0ack, cr1, cr2, gbpa, gbpa_new, irq_ctrl, irq_ctrlack;
    uint32_t gerror, gerrorn, strtab_cfg;
    uint64_t strtab_base, gerror_irq_cfg0, eventq_irq_cfg0;
    uint32_t gerror_irq_cfg[2], eventq_irq_cfg[2];
    struct queue cmdq, eventq;
    unsigned int ack_wait, irq_wait, gbpa_wait, sync_wait;
    bool sync_begun;
    uint64_t random;
    bool conf_unknown, tlb_unknown; /* since reset */
    bool conf_cleared, tlb_cleared; /* consumed, no sync yet */
    uint64_t (*issued)[2];          /* commands when published */
    struct conf *conf;
    struct tlb *tlb;
    struct watched *watched;
    struct shadow *shadow[NR_SHADOW];
    char **violations;
    size_t nr_violations;
};

/* smmuv3.c */
void violation(struct smmuv3_model *m, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void model_irq(struct smmuv3_model *m, enum smmuv3_model_irq irq);
void model_gerror(struct smmuv3_model *m, uint32_t error);
bool model_event(struct smmuv3_model *m, const uint64_t record[4]);

/* smmuv3-cmd.c */
void cmdq_published(struct smmuv3_model *m, uint32_t from);
void cmdq_run(struct smmuv3_model *m, unsigned int budget);
uint32_t queue_slot(const struct queue *q, uint32_t index);
uint32_t queue_used(const struct queue *q);
uint32_t queue_next(const struct queue *q, uint32_t index);
uint64_t queue_address(const struct queue *q, uint32_t index);

/* smmuv3-walk.c */
uint64_t ste_address(struct smmuv3_model *m, uint32_t sid, bool cached,
                     uint8_t *event, uint64_t *fetch);
uint64_t tlb_output(const struct tlb *e);
void drop_pending(struct smmuv3_model *m);

/* smmuv3-mem.c */
bool model_fetch(struct smmuv3_model *m, uint64_t pa, uint64_t *w,
                 unsigned int nr);
bool model_peek(struct smmuv3_model *m, uint64_t pa, uint64_t *w,
                unsigned int nr);
bool model_store(struct smmuv3_model *m, uint64_t pa, const uint64_t *w,
                 unsigned int nr);
void observe_config(struct smmuv3_model *m);
void audit_break_before_make(struct smmuv3_model *m);

#endif /* MODELS_SMMUV3_PRIV_H */
