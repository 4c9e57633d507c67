/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device that can do DMA: a device-tree node or a PCI function. It has an
 * owner, the IDs by which IOMMU units know it, and a group: devices that one
 * unit cannot tell apart have one owner together.
 */
#ifndef XEN_DEVICE_H
#define XEN_DEVICE_H

#include <xen/addr.h>
#include <xen/list.h>

struct domain;
struct iommu_dom;
struct iommu_unit;
struct dt_node;

#define DEVICE_MAX_IDS 16U

enum device_kind {
    DEVICE_DT,
    DEVICE_PCI
};

/* What iommu_report_fault() remembers; device lock. Times in ns since boot. */
struct iommu_fault_log {
    uint64_t nr;        /* faults since the device was assigned */
    uint64_t nr_hidden; /* of them: without a line of their own */
    uint64_t first_iova, last_iova;
    int64_t first_time, last_time;
    uint32_t last_reason;              /* enum iommu_fault_reason */
    int64_t line_window, storm_window; /* start of the running windows */
    uint32_t lines, hidden, storm;     /* in them */
    uint64_t line_key; /* page, direction and reason of the last line */
    uint32_t line_id;  /* and its id */
    uint32_t backoff;  /* the line window is 2^backoff times longer */
};

struct device {
    enum device_kind kind;
    struct dt_node *np;   /* DEVICE_DT; for PCI the host bridge's node */
    char name[48];        /* "0000:01:00.0" or the node's name */
    struct domain *owner; /* device lock; NULL: quarantined */

    struct iommu_unit *unit; /* NULL: no IOMMU covers it */
    unsigned int nr_ids;
    uint32_t ids[DEVICE_MAX_IDS]; /* StreamIDs or micro-TLBs; boot only */
    void *unit_priv;              /* the IOMMU driver's */
    struct iommu_dom *attached;   /* device lock; NULL: abort entry */
    bool cut_off;         /* device lock; a storm: aborts until re-attached */
    bool unusable;        /* its unit could not take it: nobody's */
    uint8_t fault_policy; /* device lock; PX_FAULT_* */
    uint32_t fault_threshold;      /* device lock; faults in 5 s */
    struct iommu_fault_log faults; /* device lock */

    /* Set up by iommu_add_device(). */
    struct list_head all;      /* device lock: every device */
    struct list_head of_owner; /* device lock: the owner's devices */
    struct list_head group;    /* boot only: ring of devices sharing an id */
};

#endif /* XEN_DEVICE_H */
