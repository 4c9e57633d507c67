/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between vpci.c (hosts, dispatch), vpci-header.c (command, BARs, bus
 * numbers, hidden capabilities), vpci-guest.c (what a domU sees instead),
 * vpci-msi.c and vpci-msix.c. All of it under d->vpci.lock.
 */
#ifndef VPCI_PRIVATE_H
#define VPCI_PRIVATE_H

#include <xen/domain.h>
#include <xen/vpci.h>

#include "pci-private.h"

/* A memory window of a host bridge; what its trap is told. */
struct vpci_window {
    struct vpci_host *vhost;
    uint64_t base, size;
};

/*
 * A host bridge as one domain sees it: dom0 the machine's, with the hardware's
 * configuration space behind what is emulated and the same addresses on both
 * sides; others one bus of functions that look as vpci-guest.c allows, with
 * BARs where they like.
 */
struct vpci_host {
    struct list_head list; /* d->vpci.hosts */
    struct domain *d;
    struct pci_host *host; /* NULL: a domU's */
    /*
     * The domain's bus numbers to ours. A bridge that it renumbers changes
     * only this; VPCI_NO_BUS: nothing there.
     */
    uint16_t bus_map[256];
#define VPCI_NO_BUS 0x100U
    struct vpci_window window[PCI_MAX_WINDOWS];
    unsigned int nr_windows;
};

struct vpci;

/*
 * Emulated registers, a dword at a time. @mask: the bytes of @value that were
 * written are 0xff.
 */
struct vpci_trap {
    uint16_t first, last; /* offsets, dword aligned, inclusive */
    uint32_t (*read)(struct vpci *f, unsigned int reg);
    void (*write)(struct vpci *f, unsigned int reg, uint32_t value,
                  uint32_t mask);
};
#define VPCI_MAX_TRAPS 32U

/* Where a BAR is in the P2M. */
struct vpci_bar {
    bool mapped;
    bool refused;         /* it should be mapped, but another one was there */
    unsigned int runs;    /* of pages, mapped in the P2M */
    uint64_t reg;         /* domU: as written */
    uint64_t addr, maddr; /* as the guest sees it, and the machine */
};

/* A message interrupt as the guest wrote it, and the vector behind it. */
struct vpci_msg {
    uint64_t addr;
    uint32_t data;
    struct msi_vector *vector; /* NULL: none */
    unsigned int virq;         /* that the vector injects */
    struct msi_msg msg;        /* of the vector */
};

struct vpci {
    struct list_head list; /* d->vpci.functions */
    struct domain *d;
    struct vpci_host *vhost;
    struct pci_dev *pdev;
    unsigned int bus, devfn; /* on the bridge; bus before bus_map */
    bool guest;              /* a domU's */
    bool messages;           /* may have MSI and MSI-X */
    bool doorbell;           /* holds the domain's doorbell page */
    struct vpci_trap trap[VPCI_MAX_TRAPS];
    unsigned int nr_traps;

    bool memory; /* memory decoding is on, BARs are mapped */
    struct vpci_bar bar[PCI_NR_BARS];
    uint8_t primary, secondary, subordinate; /* bridge: the guest's numbers */

    /* A domU's. */
    uint16_t command, exp_control;
    uint8_t irq_line, pm_state, first_cap;
    uint8_t next_cap[64]; /* by dword: VPCI_CAP | next; 0: no capability */
#define VPCI_CAP 1U

    /* Events of the DeviceID, which functions behind an alias share. */
    unsigned int first_event, nr_events;

    struct {
        bool shown, enabled;
        uint16_t control; /* as read: capability bits fixed */
        struct vpci_msg msg;
    } msi;
    struct {
        unsigned int nr;  /* entries; 0: no MSI-X */
        unsigned int bar; /* that the table is in */
        uint32_t offset;
        struct vpci_msix_entry {
            struct vpci_msg msg;
            bool masked;
        } * entry;
    } msix;
};

int __must_check vpci_trap(struct vpci *f, unsigned int first,
                           unsigned int size,
                           uint32_t (*read)(struct vpci *f, unsigned int reg),
                           void (*write)(struct vpci *f, unsigned int reg,
                                         uint32_t value, uint32_t mask));

/* vpci_msg_update - have a vector for the message as it stands now. The
 * function must not send it meanwhile. -EAGAIN: not a message for us. */
int __must_check vpci_msg_update(struct vpci *f, struct vpci_msg *m,
                                 unsigned int event);
/* vpci_msg_free - give its vector back; the function cannot send it. */
void vpci_msg_free(struct vpci_msg *m);

/* vpci_device_page - registers of a page of some BAR, for passing accesses
 * through. NULL: no address space left. */
void *vpci_device_page(uint64_t addr);

int __must_check vpci_header_init(struct vpci *f);
/* vpci_header_exit - unmap the BARs. */
void vpci_header_exit(struct vpci *f);
/* Access to the hardware's register, for vpci_trap(); vpci_ignore: nowhere. */
uint32_t vpci_hw_read(struct vpci *f, unsigned int reg);
void vpci_ignore(struct vpci *f, unsigned int reg, uint32_t value,
                 uint32_t mask);

int __must_check vpci_guest_init(struct vpci *f);

int __must_check vpci_msi_init(struct vpci *f);
void vpci_msi_exit(struct vpci *f);

int __must_check vpci_msix_init(struct vpci *f);
/* vpci_msix_exit - its BARs are unmapped; false: there is more to do. */
bool __must_check vpci_msix_exit(struct vpci *f);
/* vpci_msi_reset, vpci_msix_reset - as after a reset of the function, which
 * comes. */
void vpci_msi_reset(struct vpci *f);
void vpci_msix_reset(struct vpci *f);
/* vpci_msix_has_page - does the table, where it is mapped now, touch gfn? */
bool vpci_msix_has_page(const struct vpci *f, uint64_t gfn);
/* vpci_msix_in_table - is the guest's address part of the table? */
bool vpci_msix_in_table(const struct vpci *f, uint64_t addr);
uint32_t vpci_msix_read(struct vpci *f, uint64_t addr);
void vpci_msix_write(struct vpci *f, uint64_t addr, uint32_t value,
                     uint32_t mask);

#endif /* VPCI_PRIVATE_H */
