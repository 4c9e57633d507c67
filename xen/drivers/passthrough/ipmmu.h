/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Renesas IPMMU-VMSA driver, private to its files:
 *   ipmmu.c        layouts, errata, probe, contexts of domains, the ops
 *   ipmmu-hw.c     state in memory to registers; flushes
 *   ipmmu-fault.c  fault status turned into faults for the core
 *
 *   master -- micro-TLB of a leaf -- context number -- bank of the root: table
 *
 * A root has the contexts and the table walker; leaves have the micro-TLBs,
 * each of which selects one context. Context 0 is never used: other drivers
 * avoid it and do not say why. Context IPMMU_QUARANTINE has an empty table:
 * a micro-TLB that is off lets accesses pass untranslated, so this is where
 * all belong that no domain was given. It costs one of the seven contexts that
 * Gen3 has besides 0, and there is no sound way to save it: what a micro-TLB
 * does with a context that is off is not known, and neither is context 0. Six
 * domains may have devices, dom0 among them; the next is refused (-ENOSPC).
 */
#ifndef IPMMU_H
#define IPMMU_H

#include <xen/bits.h>
#include <xen/io.h>
#include <xen/iommu.h>
#include <xen/rcar.h>
#include <xen/spinlock.h>

#include "ipmmu-regs.h"

#define IPMMU_MAX_CTX    16U
#define IPMMU_MAX_UTLB   64U
#define IPMMU_MAX_LEAVES 32U
#define IPMMU_QUARANTINE 1U
#define IPMMU_FIRST_CTX  2U /* for domains */

#define IPMMU_IA_BITS 39U
#define IPMMU_OA_BITS 40U

/* How long a flush may take; drivers that only warn wait 100 us. */
#define IPMMU_FLUSH_TIMEOUT_US 10000U
/* And once it has not ended in time, until one does. */
#define IPMMU_RETRY_TIMEOUT_US 100U

/*
 * Ids of devices, unique below a root: leaf number + 1 and micro-TLB. What is
 * smaller is a context, in faults.
 */
#define IPMMU_ID(leaf, utlb) ((((uint32_t)(leaf) + 1) << 8) | (utlb))
#define IPMMU_ID_LEAF(id)    (((id) >> 8) - 1)
#define IPMMU_ID_UTLB(id)    ((id)&0xffU)
#define IPMMU_ID_IS_CTX(id)  ((id) < 0x100U)
#define IPMMU_ID_CTX(id)     ((id)&0xfU)

/* Where registers are: match data. */
struct ipmmu_layout {
    const char *name;
    unsigned int nr_ctx, nr_utlb;
    uint32_t ctx_base, ctx_stride;
    uint32_t ctx_gap; /* added for contexts 8 and up */
    uint32_t utlb_base, ctrl_base;
    uint32_t size; /* of the window */
};

/* Errata; see ipmmu.c for their reasons. */
#define IPMMU_DISCACHE BIT32(0)
#define IPMMU_UTLB0    BIT32(1)

/* A context of a root. Unit lock, unless said. */
struct ipmmu_context {
    struct iommu_context ctx;
    struct iommu_dom *dom;   /* device lock; valid while nr_devices is not 0 */
    unsigned int nr_devices; /* device lock */
    unsigned int index;
    maddr_t table;
    uint32_t imctr; /* of the root, without FLUSH; 0: free */
    bool silent;    /* the last flush did not end in time */
    bool dom0_only; /* a micro-TLB 0 may have left something; device lock */
};

struct ipmmu_root;

struct ipmmu_leaf {
    struct iommu_unit unit;
    struct ipmmu_root *root;
    void *base;
    unsigned int number;
    struct rcar_power power;
    bool live;                    /* registers hold what follows; unit lock */
    uint8_t utlb[IPMMU_MAX_UTLB]; /* the context of each; unit lock */
    uint8_t nr_utlbs[IPMMU_MAX_CTX]; /* by context; unit lock */
};

struct ipmmu_root {
    struct iommu_unit unit;
    struct list_head list; /* boot only */
    void *base;
    const struct ipmmu_layout *layout;
    uint32_t errata;
    unsigned int irq; /* 0: none */
    spinlock_t lock;  /* LOCK_RANK_IOMMU_UNIT: registers and their state */
    struct ipmmu_context ctx[IPMMU_MAX_CTX];
    struct ipmmu_leaf *leaf[IPMMU_MAX_LEAVES]; /* boot only */
    unsigned int nr_leaves;
};

static inline struct ipmmu_root *to_root(struct iommu_unit *unit)
{
    return container_of(unit, struct ipmmu_root, unit);
}

static inline struct ipmmu_leaf *to_leaf(struct iommu_unit *unit)
{
    return container_of(unit, struct ipmmu_leaf, unit);
}

/* ---- ipmmu-hw.c; the unit lock is held ---- */

uint32_t ipmmu_root_read(const struct ipmmu_root *root, unsigned int ctx,
                         struct ipmmu_ctx_reg reg);
void ipmmu_root_write(struct ipmmu_root *root, unsigned int ctx,
                      struct ipmmu_ctx_reg reg, uint32_t value);
uint32_t ipmmu_unit_read(const struct ipmmu_root *root,
                         struct ipmmu_unit_reg reg);

/* ipmmu_leaf_on - may its registers be touched? When its power is back, all of
 * them are written first. */
bool ipmmu_leaf_on(struct ipmmu_leaf *leaf);

/*
 * ipmmu_select - let a micro-TLB use context @ctx from now on, which is
 * enabled. What it was using stays cached until that context is flushed.
 */
void ipmmu_select(struct ipmmu_leaf *leaf, unsigned int utlb, unsigned int ctx);

/*
 * ipmmu_flush - forget everything that leaves and root have cached of a
 * context; takes over its imctr. -ETIMEDOUT: may still be in use, reported.
 */
int __must_check ipmmu_flush(struct ipmmu_root *root, struct ipmmu_context *c);
/* ipmmu_ctx_enable - program a context from its table and flush it. */
int __must_check ipmmu_ctx_enable(struct ipmmu_root *root,
                                  struct ipmmu_context *c);
/* ipmmu_ctx_disable - no micro-TLB selects it any more. After an error it is
 * enabled as before. */
int __must_check ipmmu_ctx_disable(struct ipmmu_root *root,
                                   struct ipmmu_context *c);

/* The same for everything: after reset, firmware or suspend. */
int __must_check ipmmu_write_root(struct ipmmu_root *root);
void ipmmu_write_leaf(struct ipmmu_leaf *leaf);

/* ---- ipmmu.c ---- */

/* ipmmu_resume - all units have lost their registers; no device may have been
 * started yet. No lock is held. -ETIMEDOUT: a flush did not end. */
int __must_check ipmmu_resume(void);

/* ---- ipmmu-fault.c; device lock held, unit lock not ---- */

void ipmmu_irq(unsigned int irq, void *data);
/* ipmmu_poll - report and clear the faults of one context. */
void ipmmu_poll(struct ipmmu_root *root, struct ipmmu_context *c);
/* Of all contexts. */
void ipmmu_poll_events(struct iommu_unit *unit);

#endif /* IPMMU_H */
