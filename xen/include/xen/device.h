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
struct iommu_unit;
struct dt_node;
struct pci_dev;

#define DEVICE_MAX_IDS 16U

enum device_kind { DEVICE_DT, DEVICE_PCI };

struct device {
    enum device_kind kind;
    struct dt_node *np;      /* DEVICE_DT; for PCI the host bridge's node */
    char name[48];           /* "0000:01:00.0" or the node's name */
    struct domain *owner;    /* device lock; NULL: quarantined */

    struct iommu_unit *unit; /* NULL: no IOMMU covers it */
    unsigned int nr_ids;
    uint32_t ids[DEVICE_MAX_IDS]; /* StreamIDs or micro-TLBs; boot only */
    void *unit_priv;         /* the IOMMU driver's */
    struct iommu_dom *attached; /* device lock; NULL: abort entry */

    /* faults, kept by iommu_report_fault(); atomic, racy where harmless */
    uint64_t faults, faults_dropped;
    uint64_t first_fault_iova, last_fault_iova;
    int64_t first_fault_time, last_fault_time; /* ns since boot */
    uint32_t last_fault_reason;
    bool cut_off;            /* a storm: abort entry until re-attached */

    struct list_head all;      /* device lock: every device */
    struct list_head of_owner; /* device lock: the owner's devices */
};

#endif /* XEN_DEVICE_H */
