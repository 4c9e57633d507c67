/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IOMMU core: every domain's own page tables for devices, kept in step with
 * the P2M by p2m_set_entry(), and the ops a driver of a unit provides.
 * dfn == gfn. Core: drivers/passthrough/iommu.c; "iommus" and "iommu-map":
 * iommu-dt.c; Arm SMMUv3: smmuv3*.c; Renesas IPMMU: ipmmu.c.
 */
#ifndef XEN_IOMMU_H
#define XEN_IOMMU_H

#include <xen/addr.h>
#include <xen/device.h>
#include <xen/list.h>
#include <xen/pgtable.h>
#include <xen/softirq.h>
#include <xen/spinlock.h>

struct domain;
struct dt_node;
struct px_audit;
struct px_device_info;
struct px_table_info;
struct px_unit_info;

/* Rights of a mapping; a device without IOMMU_READ has no access at all. */
#define IOMMU_READ  (1U << 0)
#define IOMMU_WRITE (1U << 1)
#define IOMMU_MMIO  (1U << 2) /* device memory: peer-to-peer, doorbells */

/*
 * A table format in use on this machine, e.g. "smmu-s1": units that agree on
 * it share one table per domain. Registered by the drivers at probe.
 */
struct iommu_format {
    const struct pgt_fmt *fmt;
    unsigned int ia_bits, oa_bits; /* smallest of its units */
    bool coherent_walk;            /* all of its units */
    unsigned int index;            /* into iommu_dom.table[] */
};
#define IOMMU_MAX_FORMATS 2U

/*
 * iommu_format_get - join or create the format a unit uses; narrows widths
 * and coherency of the format to what the unit can do. Before the first
 * domain exists. NULL when there are too many.
 */
struct iommu_format *iommu_format_get(const struct pgt_fmt *fmt,
                                      unsigned int ia_bits,
                                      unsigned int oa_bits, bool coherent_walk);

struct iommu_unit {
    struct list_head list; /* boot only */
    const struct iommu_ops *ops;
    struct dt_node *np;
    char name[32]; /* "smmuv3 9050000" */
    /* Where its devices belong: units that share contexts (an IPMMU's leaves)
     * name the one that has them. NULL: itself. */
    struct iommu_unit *main;
    struct iommu_format *format;
    uint64_t nr_invalidations, nr_syncs, nr_faults; /* statistics, racy */
    uint64_t longest_sync_ns;
    struct iommu_fault_log stray; /* of ids that are no device's; device lock */
};

/* A domain's context on one unit; drivers embed it in theirs. */
struct iommu_context {
    struct list_head list; /* iommu_dom.contexts */
    struct iommu_unit *unit;
};

/* A domain's context on the units of one format. */
struct iommu_dom {
    struct domain *d;
    struct iommu_format *format;
    struct pgt pgt;                /* p2m->lock */
    bool out_of_reach;             /* entries too high for the format were left
                                    * out: no device may attach; p2m->lock */
    struct list_head contexts;     /* struct iommu_context; p2m->lock */
    unsigned int nr_attached;      /* devices; p2m->lock and device lock */
    struct iommu_fault_log faults; /* of one of several; device lock */
};

/* In struct domain. */
struct domain_iommu {
    bool enabled;                            /* has tables */
    struct iommu_dom dom[IOMMU_MAX_FORMATS]; /* by format index */
    struct list_head devices;                /* device lock */
    struct tasklet crash;                    /* PX_FAULT_CRASH has struck, */
    struct device *crash_by;                 /* with this one; device lock */
    bool lost_sync; /* an invalidation or a detach timed out, so a unit
                            * may walk the tables: they are never freed */
};

/* Collects what one p2m operation changed; on the stack of its caller. */
struct iommu_gather {
    struct pgt_gather pgt[IOMMU_MAX_FORMATS];
};

enum iommu_fault_reason {
    IOMMU_FAULT_TRANSLATION,
    IOMMU_FAULT_PERMISSION,
    IOMMU_FAULT_ACCESS_FLAG,
    IOMMU_FAULT_ADDR_SIZE,
    IOMMU_FAULT_WALK_ABORT,
    IOMMU_FAULT_BAD_STREAM,
    IOMMU_FAULT_BAD_CONFIG,
    IOMMU_FAULT_OTHER,
};
struct iommu_fault {
    struct iommu_unit *unit;
    const char *id_name; /* what the unit calls its ids; NULL: "sid" */
    uint32_t id;
    struct device *dev;    /* NULL: unknown to us */
    struct iommu_dom *dom; /* without dev: it is one of those attached here */
    bool has_iova, write;
    bool no_direction; /* write is not known */
    uint64_t iova;
    enum iommu_fault_reason reason;
    const char *detail; /* the manual's word for it, e.g. "C_BAD_STE" */
};

struct iommu_ops {
    const char *name;

    /* In order of a device's life; device lock held unless said. */

    /* Read one "iommus"/"iommu-map" specifier into dev->ids, as ids of
     * iommu_unit_main(unit), which all other calls are for. May fail. */
    int (*dt_xlate)(struct iommu_unit *unit, struct device *dev,
                    const uint32_t *args, unsigned int nr_args);
    /* Prepare the device's entries: they abort, until attach. Called once
     * for each device found. May fail: the device stays unusable. */
    int (*add_device)(struct iommu_unit *unit, struct device *dev);
    /*
     * Translate the device by dom's table; the first device of a domain on a
     * unit takes a context here, and adds it to dom->contexts before a walk
     * can start. p2m->lock held. Fails with everything as before.
     */
    int (*attach)(struct iommu_unit *unit, struct device *dev,
                  struct iommu_dom *dom);
    /*
     * Back to the entry that aborts; returns 0 when no access can be in
     * flight and nothing of the domain is cached, or -ETIMEDOUT: the context
     * is then kept. The last device of a domain gives the context back.
     */
    int (*detach)(struct iommu_unit *unit, struct device *dev,
                  struct iommu_dom *dom);
    /* A storm: abort everything from this id, silently where the unit can,
     * until the next attach. */
    void (*cut_off)(struct iommu_unit *unit, uint32_t id);

    /*
     * Drop cached translations of what @g lists, for the domain whose context
     * this is, and wait for completion. p2m->lock held, any number of times.
     * Failing: devices may still use the old ones.
     */
    int (*iotlb_sync)(struct iommu_context *ctx, const struct pgt_gather *g);

    /* Read events and errors; from SOFTIRQ_IOMMU, detach, before dumps. */
    void (*poll_events)(struct iommu_unit *unit);
    void (*dump)(struct iommu_unit *unit); /* debug key 'o' */
    /* What kind of unit it is: fill kind, stages, contexts, contexts_used of
     * <proxenos.h>; the core knows the rest. */
    void (*info)(struct iommu_unit *unit, struct px_unit_info *info);
};

/* ---- life of units ---- */

/* iommu_init - probe units, then cover every DT master and report by name
 * those that no unit covers. Unknown streams abort from here on (P4). After
 * pci_init() and the GIC; with "iommu=no" it only says so. */
void iommu_init(void);
/* iommu_enabled - false after "iommu=no": devices are not isolated. */
extern bool iommu_enabled;
/* iommu_register_unit - by a driver's probe, when the unit is enabled. */
void iommu_register_unit(struct iommu_unit *unit);
bool iommu_present(void); /* at least one unit is at work */
struct iommu_unit *iommu_unit_of(const struct dt_node *np);
static inline struct iommu_unit *iommu_unit_main(struct iommu_unit *unit)
{
    return unit->main ? unit->main : unit;
}

/* ---- life of a domain ---- */

/* iommu_domain_init - empty tables of every format; before the first P2M
 * entry (P1). -ENOMEM leaves nothing behind. */
int __must_check iommu_domain_init(struct domain *d);
/* iommu_domain_teardown - free the tables, a slice at a time: -ERESTART
 * until done; again after that is fine. All devices are detached and the P2M
 * is empty. Tables that a unit may still walk (lost_sync) are kept. */
int __must_check iommu_domain_teardown(struct domain *d);

/* ---- the hook of p2m_set_entry(); p2m->lock held ---- */

static inline void iommu_gather_init(struct iommu_gather *g);

/*
 * iommu_prepare_pages - allocate all that mapping 2^order pages of mfn into
 * holes at dfn needs, in every format. iommu_prepare_unmap: the same when an
 * unmap will follow; splits what is larger, allocates nothing for holes.
 * Devices see no change, whatever is returned.
 * Return: 0, -ENOMEM, -EINVAL order or alignment; never for
 * iommu_prepare_unmap: -EEXIST not a hole, -ERANGE beyond the input or output
 * width of a unit in use by @d.
 */
int __must_check iommu_prepare_pages(struct domain *d, dfn_t dfn, mfn_t mfn,
                                     unsigned int order);
int __must_check iommu_prepare_unmap(struct domain *d, dfn_t dfn,
                                     unsigned int order);
/*
 * iommu_map_pages - give the domain's devices access to 2^order frames.
 * iommu_unmap_pages - take it away. Neither fails after a prepare; frames
 * that are not mapped are fine, and mapping without IOMMU_READ does nothing.
 * Devices may use an old translation until iommu_iotlb_sync() returns 0, and
 * page references go back only then.
 * Frames beyond the reach of a format (its input or output width) are left
 * out of it: out_of_reach bars later attaches.
 */
void iommu_map_pages(struct domain *d, dfn_t dfn, mfn_t mfn, unsigned int order,
                     unsigned int flags, struct iommu_gather *g);
void iommu_unmap_pages(struct domain *d, dfn_t dfn, unsigned int order,
                       struct iommu_gather *g);
/*
 * iommu_iotlb_sync - invalidate what @g lists and wait; frees tables on
 * success. -ETIMEDOUT: tables and frames must be kept (P3); reported.
 */
int __must_check iommu_iotlb_sync(struct domain *d, struct iommu_gather *g);

static inline void iommu_gather_init(struct iommu_gather *g)
{
    for ( unsigned int i = 0; i < IOMMU_MAX_FORMATS; i++ )
        pgt_gather_init(&g->pgt[i]);
}

/* iommu_gather_empty - nothing is stale: iommu_iotlb_sync() need not run. */
static inline bool iommu_gather_empty(const struct iommu_gather *g)
{
    for ( unsigned int i = 0; i < IOMMU_MAX_FORMATS; i++ )
        if ( !pgt_gather_empty(&g->pgt[i]) )
            return false;
    return true;
}

/* ---- devices ---- */

extern spinlock_t device_lock; /* LOCK_RANK_DEVICE */

/* These: the caller holds device_lock (and no lock above it). */

/* iommu_add_device - a device with its ids known: gets its abort entry and
 * joins its group. Also for devices without a unit. */
int __must_check iommu_add_device(struct device *dev);
/* iommu_join_group - one group for both: they reach each other without us. */
void iommu_join_group(struct device *a, struct device *b);
/*
 * iommu_assign_device - make @d the owner and attach; the whole group moves.
 * Return: 0, also when it is @d's already; -EBUSY another's, -EXDEV a member
 * of its group is (iommu_group_conflict); -ENODEV no unit
 * (the hardware domain gets it unprotected, with a message); -EOPNOTSUPP @d
 * has no tables; -ERANGE its memory lies above the unit's reach (message);
 * -ENOMEM, -ENOSPC, -ETIMEDOUT: the device stays in quarantine.
 */
int __must_check iommu_assign_device(struct domain *d, struct device *dev);
/*
 * iommu_deassign_device - quiesced by the caller; detach the whole group and
 * quarantine it. -ETIMEDOUT: a unit may still use the domain's tables, so
 * they are kept; the device aborts as soon as the unit answers.
 */
int iommu_deassign_device(struct device *dev);

/* iommu_group_conflict - a member of the group that is neither @d's nor
 * nobody's, or NULL. Device lock held. */
struct device *iommu_group_conflict(struct device *dev, const struct domain *d);

/* iommu_report_fault - count, rate-limit, print one line; do what the device's
 * policy says. Device lock held. */
void iommu_report_fault(const struct iommu_fault *f);
/*
 * iommu_fault_policy - what is done about faults of a device and its group:
 * PX_FAULT_* of <proxenos.h>. @threshold: faults in 5 s, 0: the default.
 * iommu_fault_clear - forget them. What was cut off stays so until attached
 * anew. Device lock held.
 */
int __must_check iommu_fault_policy(struct device *dev, uint32_t policy,
                                    uint32_t threshold);
void iommu_fault_clear(struct device *dev);

/* iommu_dt_add_masters - device-tree masters: those with "iommus" become
 * devices, the others are reported. Part of iommu_init(). */
void iommu_dt_add_masters(void);
/* iommu_dt_xlate_pci - fill dev->unit and ids of a PCI function by its host's
 * "iommu-map". -ENODEV when no unit covers it. Device lock held. */
int iommu_dt_xlate_pci(struct dt_node *host, uint32_t requester_id,
                       struct device *dev);

/* ---- for the toolstack: as <proxenos.h> says, with its errors ---- */

int __must_check iommu_unit_info(struct px_unit_info *info);
int __must_check iommu_table_info(struct domain *d, struct px_table_info *info);
/* iommu_device_info - without the path; @np: the node of one of the tree's. */
int __must_check iommu_device_info(struct px_device_info *info,
                                   const struct dt_node **np);
/* iommu_device_index - as device_info counts; NULL: PX_NO_INDEX. */
uint32_t iommu_device_index(const struct device *dev);
/* iommu_audit - one slice of comparing a table with the P2M. The caller keeps
 * the domain from being taken apart (hypercall_lock). */
int __must_check iommu_audit(struct domain *d, struct px_audit *a);

/* iommu_dump_walk - a domain's IOMMU walk of an address, for dumps. */
void iommu_dump_walk(struct domain *d, uint64_t iova);

#endif /* XEN_IOMMU_H */
