/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Physical PCI: host bridges from the device tree (ECAM), the functions
 * behind them, configuration space, quiescing and reset.
 */
#ifndef XEN_PCI_H
#define XEN_PCI_H

#include <xen/device.h>
#include <xen/list.h>

struct dt_node;

typedef union pci_sbdf {
    uint32_t sbdf;
    struct {
        uint8_t devfn, bus;
        uint16_t seg;
    };
} pci_sbdf_t;
#define PCI_SBDF(s, b, df)                                                     \
    ((pci_sbdf_t){ .seg = (uint16_t)(s), .bus = (uint8_t)(b),                  \
                   .devfn = (uint8_t)(df) })

struct pci_host {
    struct list_head list;       /* boot only */
    struct dt_node *np;
    uint16_t seg;
    uint8_t bus_start, bus_end;
    maddr_t ecam;
    uint64_t ecam_size;
    void *ecam_va;
    struct { uint64_t pci, cpu, size; uint32_t flags; } window[4];
    unsigned int nr_windows;
};

struct pci_bar {
    enum { BAR_NONE, BAR_MEM32, BAR_MEM64, BAR_MEM64_HI, BAR_IO, BAR_ROM } type;
    bool prefetchable;
    uint64_t size;
    uint64_t addr;               /* machine address, 0 unassigned */
};

struct pci_dev {
    struct device dev;           /* owner, ids, faults */
    struct list_head list;       /* device lock */
    struct pci_host *host;
    pci_sbdf_t sbdf;
    uint16_t vendor, device_id;
    uint32_t class_code;         /* 24 bits */
    uint8_t header_type;         /* 0 function, 1 bridge; without bit 7 */
    struct pci_bar bar[7];       /* 6: ROM */
    uint8_t cap_exp, cap_msi, cap_msix, cap_pm; /* offsets, 0 none */
    bool has_flr;
    uint32_t requester_id;       /* as seen by IOMMU and ITS (aliases) */
    struct vpci *vpci;           /* emulation for the owner; NULL none */
};

/* pci_init - find hosts, clear Bus Master Enable on every function in every
 * bus (firmware may have left it on: P4), enumerate. Before the IOMMU. */
void pci_init(void);
/* pci_add_to_iommu - after iommu_init(): ids by iommu-map, abort entries. */
void pci_add_to_iommu(void);
struct pci_dev *pci_find(pci_sbdf_t sbdf); /* device lock held */

uint32_t pci_conf_read(const struct pci_dev *pdev, unsigned int reg,
                       unsigned int size);
void pci_conf_write(const struct pci_dev *pdev, unsigned int reg,
                    unsigned int size, uint32_t value);
/* pci_quiesce - bus mastering and interrupts off. */
void pci_quiesce(struct pci_dev *pdev);
/* pci_assign_all - give every function to dom0, bridges included. */
int pci_assign_all(struct domain *d);

#endif /* XEN_PCI_H */
