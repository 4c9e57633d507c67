/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Physical PCI: host bridges from the device tree (ECAM), the functions
 * behind them, configuration space, quiescing and reset.
 *
 * Bus numbers are fixed at boot: those of firmware when they make sense, else
 * ours. Requester IDs, and so StreamIDs and ITS DeviceIDs, derive from them; a
 * guest that renumbers a bridge changes what it sees, not the hardware
 * (drivers/pci/vpci.c).
 */
#ifndef XEN_PCI_H
#define XEN_PCI_H

#include <xen/device.h>
#include <xen/list.h>
#include <xen/pci-regs.h>

#include <public/xen.h>

struct dt_node;

typedef union pci_sbdf {
    uint32_t sbdf;
    struct {
        uint8_t devfn, bus;
        uint16_t seg;
    };
} pci_sbdf_t;
#define PCI_SBDF(s, b, df)                                                     \
    ((pci_sbdf_t){                                                             \
        .seg = (uint16_t)(s), .bus = (uint8_t)(b), .devfn = (uint8_t)(df)})

#define PCI_DEVFN(dev, fn) ((unsigned int)(dev) << 3 | (fn))

/* A range of the CPU's addresses that leads to PCI. */
struct pci_window {
    uint64_t pci, cpu, size;
    bool io, prefetchable;
};

#define PCI_MAX_WINDOWS 8U
struct pci_host {
    struct list_head list; /* boot only */
    struct dt_node *np;
    uint16_t seg;
    uint8_t bus_start, bus_end;
    maddr_t ecam;
    uint64_t ecam_size;
    void *ecam_va;
    struct pci_window window[PCI_MAX_WINDOWS];
    unsigned int nr_windows;
    uint64_t roots[4]; /* buses that no bridge leads to */
};

struct pci_bar {
    enum {
        BAR_NONE,
        BAR_MEM32,
        BAR_MEM64,
        BAR_MEM64_HI,
        BAR_IO,
        BAR_ROM
    } type;
    bool prefetchable;
    uint64_t size;
};
#define PCI_NR_BARS 7U /* the last one is the ROM */
#define PCI_BAR_ROM 6U

struct pci_line;

/* Configuration that a reset loses and that stays the same for every owner:
 * as dom0 left it. */
struct pci_saved {
    bool valid;
    uint32_t bar[6];
    uint16_t devctl, lnkctl, devctl2;
};

struct pci_dev {
    struct device dev;     /* owner, ids, faults */
    struct list_head list; /* device lock: all, by bus and devfn */
    struct pci_host *host;
    struct pci_dev *bridge; /* above it; NULL on a root bus */
    pci_sbdf_t sbdf;
    uint16_t vendor, device_id;
    uint32_t class_code; /* 24 bits */
    uint8_t header_type; /* 0 function, 1 bridge; without bit 7 */
    uint8_t secondary;   /* bridge: the bus behind it */
    struct pci_bar bar[PCI_NR_BARS];
    uint8_t cap_exp, cap_msi, cap_msix, cap_pm; /* offsets, 0 none */
    bool has_flr;
    bool visible; /* on the hierarchy that the tree describes */
    bool gone;    /* pulled out; the struct waits for what comes next */
    uint32_t requester_id;     /* as seen by IOMMU and ITS (aliases) */
    struct vpci *vpci;         /* emulation for the owner; NULL none */
    struct vpci *old_vpci;     /* device lock: what is left to free of it */
    struct pci_saved saved;    /* device lock */
    bool leaving, reset_begun; /* device lock: on its way from its owner */
    struct {
        uint8_t kind, step; /* PX_RESET_*; owner's vPCI lock or device lock */
        uint16_t slot_control;
        int64_t until;
    } reset;

    /* INTx (pci-intx.c), line->lock. */
    struct {
        struct pci_line *line; /* NULL: it raises none; device lock */
        struct list_head list;
        struct domain *d;
        unsigned int virq;
        bool off;    /* by its owner */
        bool masked; /* by us, until the guest has ended the virtual one */
        bool held;   /* masked for longer: too many */
        unsigned int count;
        int64_t window;
    } intx;

    /* As its owner sees it; device lock. For lists. */
    unsigned int vslot; /* devfn; PX_NO_INDEX: nowhere */
    bool shared_msi;    /* by consent on a frame that all share */
};

extern struct list_head pci_hosts;   /* boot only */
extern struct list_head pci_devices; /* struct pci_dev.list; device lock */

static inline bool pci_is_bridge(const struct pci_dev *pdev)
{
    return pdev->header_type == PCI_HEADER_BRIDGE;
}

/* pci_init - find hosts, clear Bus Master Enable on every function in every
 * bus (firmware may have left it on: P4), enumerate. Before the IOMMU. */
void pci_init(void);
/* pci_add_to_iommu - after iommu_init(): ids by iommu-map, abort entries. */
void pci_add_to_iommu(void);
struct pci_dev *pci_find(pci_sbdf_t sbdf); /* device lock held */

/* @reg: aligned to @size (1, 2 or 4), below 4096. */
uint32_t pci_conf_read(const struct pci_dev *pdev, unsigned int reg,
                       unsigned int size);
void pci_conf_write(const struct pci_dev *pdev, unsigned int reg,
                    unsigned int size, uint32_t value);
/* pci_conf_change - clear and set bits of a 16-bit register. */
void pci_conf_change(const struct pci_dev *pdev, unsigned int reg,
                     uint16_t clear, uint16_t set);
/* pci_present - does it answer? */
bool pci_present(const struct pci_dev *pdev);
/* pci_find_ext_cap - its offset, 0: none. */
unsigned int pci_find_ext_cap(const struct pci_dev *pdev, uint16_t id);
/* pci_bus_to_cpu - where a range of bus addresses (memory) stands for CPUs;
 * false when it is not within one window of the host. */
bool pci_bus_to_cpu(const struct pci_host *host, uint64_t addr, uint64_t size,
                    maddr_t *ma);

/* pci_saved_bar - where BAR @i stands for CPUs, as dom0 left it; false: at
 * no address of the host. */
bool pci_saved_bar(const struct pci_dev *pdev, unsigned int i, maddr_t *ma);

/* pci_quiesce - bus mastering and interrupts off. */
void pci_quiesce(struct pci_dev *pdev);
/* pci_reset_kind - PX_RESET_*: how it would be reset now. Device lock. */
unsigned int pci_reset_kind(const struct pci_dev *pdev);
/* pci_assign_all - give every function to dom0, bridges included. */
int __must_check pci_assign_all(struct domain *d);

/*
 * Hot-plug. pci_look_for - the owner of a port looks at a place where nothing
 * was: true when a function has come, which is its owner's now. pci_is_gone -
 * @d looks at one it has: true when it has left, or is another, and is @d's
 * no more. Its struct stays for what comes next. Both take the device lock.
 * pci_notice - the same whoever looks and has it, with the device lock held.
 */
bool pci_look_for(struct domain *d, struct pci_host *host, unsigned int bus,
                  unsigned int devfn);
bool pci_is_gone(struct domain *d, pci_sbdf_t sbdf);
bool pci_notice(struct pci_dev *pdev);

/*
 * Owners: what PX_OP_quarantine, release, attach and detach of proxenos.h ask
 * for; the errors are those it lists. All take the device lock. Taking a
 * function away resets it, which takes time: -ERESTART, call again with the
 * same arguments. Bring-back (release) may also return -ERESTART.
 * @reset: PX_RESET_*. @conflict: the group's member in the way, or NULL.
 */
int __must_check pci_quarantine(pci_sbdf_t sbdf, unsigned int *reset,
                                struct device **conflict);
int __must_check pci_release(pci_sbdf_t sbdf, unsigned int *reset,
                             struct device **conflict);
/* @flags: PX_ATTACH_*. @vslot: in, a slot 0..31 or PX_NO_INDEX; out, devfn. */
int __must_check pci_attach(struct domain *d, pci_sbdf_t sbdf,
                            unsigned int flags, unsigned int *vslot,
                            domid_t *owner, struct device **conflict);
int __must_check pci_detach(struct domain *d, pci_sbdf_t sbdf,
                            unsigned int *reset);
/* pci_domain_release - everything of a dying domain, all at once: -ERESTART
 * until done. Before any of its frames is freed (P3). */
int __must_check pci_domain_release(struct domain *d);

/* pci_intx_ended - a guest has ended a virtual INTx; from the virtual GIC,
 * with its lock held. */
void pci_intx_ended(void);

/* pci_host_add - by a host driver's probe, with all but list and roots set. */
void pci_host_add(struct pci_host *host);

#endif /* XEN_PCI_H */
