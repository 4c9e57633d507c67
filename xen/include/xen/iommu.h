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
#include <xen/spinlock.h>

struct domain;
struct dt_node;

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
                                      unsigned int oa_bits,
                                      bool coherent_walk);

struct iommu_unit {
    struct list_head list;         /* boot only */
    const struct iommu_ops *ops;
    struct dt_node *np;
    char name[32];                 /* "smmuv3 9050000" */
    struct iommu_format *format;
    uint64_t nr_invalidations, nr_syncs, nr_faults; /* statistics, racy */
    uint64_t longest_sync_ns;
};

/* A domain's context on the units of one format. */
struct iommu_dom {
    struct domain *d;
    struct iommu_format *format;
    struct pgt pgt;                /* p2m->lock */
    spinlock_t lock;               /* attach state below */
    struct list_head contexts;     /* drivers': units with devices of d */
    unsigned int nr_attached;      /* devices on all units; iommu_dom->lock */
};

/* In struct domain. */
struct domain_iommu {
    bool enabled;                              /* has tables */
    struct iommu_dom dom[IOMMU_MAX_FORMATS];   /* by format index */
    struct list_head devices;                  /* device lock */
    bool lost_sync;        /* an invalidation timed out: frames are kept */
};

/* Collects what one p2m operation changed; on the stack of its caller. */
struct iommu_gather {
    struct pgt_gather pgt[IOMMU_MAX_FORMATS];
};

enum iommu_fault_reason {
    IOMMU_FAULT_TRANSLATION, IOMMU_FAULT_PERMISSION, IOMMU_FAULT_ACCESS_FLAG,
    IOMMU_FAULT_ADDR_SIZE, IOMMU_FAULT_WALK_ABORT, IOMMU_FAULT_BAD_STREAM,
    IOMMU_FAULT_BAD_CONFIG, IOMMU_FAULT_OTHER,
};
struct iommu_fault {
    struct iommu_unit *unit;
    uint32_t id;            /* StreamID, or context */
    struct device *dev;     /* NULL: unknown to us */
    bool has_iova, write;
    uint64_t iova;
    enum iommu_fault_reason reason;
    const char *detail;     /* the driver's word for it, e.g. "C_BAD_STE" */
    int level;              /* -1 unknown */
};

struct iommu_ops {
    const char *name;

    /* In order of a device's life. Contexts: device lock held unless said. */

    /* Read one "iommus"/"iommu-map" specifier into ids. May fail. */
    int (*dt_xlate)(struct iommu_unit *unit, struct device *dev,
                    const uint32_t *args, unsigned int nr_args);
    /* Prepare the device's entry: abort, and stays so until attach. Called
     * once for each device found. May fail: the device stays unusable. */
    int (*add_device)(struct iommu_unit *unit, struct device *dev);
    /* Translate the device by dom's table; the first device of a domain on a
     * unit takes a context here. Fails with everything as before. */
    int (*attach)(struct iommu_unit *unit, struct device *dev,
                  struct iommu_dom *dom);
    /* Back to the abort entry; returns when no access can be in flight, or
     * -ETIMEDOUT. The last device gives the context back. */
    int (*detach)(struct iommu_unit *unit, struct device *dev,
                  struct iommu_dom *dom);

    /*
     * Drop cached translations of what @g lists from every unit that
     * dom is active on, then wait for completion. p2m->lock held, any number
     * of times. -ETIMEDOUT: devices may still use the old ones.
     */
    int (*iotlb_sync)(struct iommu_unit *unit, struct iommu_dom *dom,
                      const struct pgt_gather *g);
    /* The same for one range without waiting (break-before-make) - must be
     * complete on return. */
    int (*invalidate)(struct iommu_unit *unit, struct iommu_dom *dom,
                      uint64_t iova, uint64_t size, unsigned int level);

    /* Read events and errors; from SOFTIRQ_IOMMU and before dumps. */
    void (*poll_events)(struct iommu_unit *unit);
    void (*dump)(struct iommu_unit *unit); /* debug key 'o' */
};

/* ---- life of units ---- */

/* iommu_init - probe units, then cover every DT master and report by name
 * those that no unit covers. Unknown streams abort from here on (P4). */
void iommu_init(void);
/* iommu_register_unit - by a driver's probe, when the unit is enabled. */
void iommu_register_unit(struct iommu_unit *unit);
bool iommu_present(void);
struct iommu_unit *iommu_unit_of(const struct dt_node *np);

/* ---- life of a domain ---- */

/* iommu_domain_init - empty tables of every format; before the first P2M
 * entry (P1). -ENOMEM leaves nothing behind. */
int __must_check iommu_domain_init(struct domain *d);
/* iommu_domain_teardown - free the tables, a slice at a time: -ERESTART
 * until done. All devices are detached, the P2M is empty. */
int __must_check iommu_domain_teardown(struct domain *d);

/* ---- the hook of p2m_set_entry(); p2m->lock held ---- */

static inline void iommu_gather_init(struct iommu_gather *g);

/*
 * iommu_prepare_pages - allocate all that mapping or unmapping 2^order pages
 * at dfn needs, in every format. Devices see no change.
 * Return: 0, -ENOMEM, -ERANGE beyond the width of a unit in use by @d.
 */
int __must_check iommu_prepare_pages(struct domain *d, dfn_t dfn,
                                     unsigned int order);
/*
 * iommu_map_pages - give the domain's devices access to 2^order frames.
 * iommu_unmap_pages - take it away. Neither fails after a prepare; frames
 * that are not mapped are fine. Devices may use an old translation until
 * iommu_iotlb_sync() returns 0, and page references go back only then.
 */
void iommu_map_pages(struct domain *d, dfn_t dfn, mfn_t mfn,
                     unsigned int order, unsigned int flags,
                     struct iommu_gather *g);
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

/* ---- devices ---- */

extern spinlock_t device_lock; /* LOCK_RANK_DEVICE */

/* iommu_add_device - a device with its ids known: gets its abort entry. */
int __must_check iommu_add_device(struct device *dev);
/*
 * iommu_assign_device - make @d the owner and attach. The device must be
 * unowned; its whole group moves. -EBUSY owned, -ENODEV no unit,
 * -ERANGE the domain's memory lies above the unit's reach (message).
 */
int __must_check iommu_assign_device(struct domain *d, struct device *dev);
/* iommu_deassign_device - quiesced by the caller; detach and quarantine. */
int iommu_deassign_device(struct device *dev);

/* iommu_report_fault - count, rate-limit, print one line, cut storms off. */
void iommu_report_fault(const struct iommu_fault *f);

/* iommu_dt_add_masters, iommu_dt_xlate_pci: iommu-dt.c */
void iommu_dt_add_masters(void);
/* Fill dev->unit and ids of a PCI function by its host's "iommu-map". */
int iommu_dt_xlate_pci(struct dt_node *host, uint32_t requester_id,
                       struct device *dev);

/* iommu_dump_walk - a domain's IOMMU walk of an address, for dumps. */
void iommu_dump_walk(struct domain *d, uint64_t iova);

#endif /* XEN_IOMMU_H */
