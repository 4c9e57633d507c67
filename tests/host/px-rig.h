/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Around Proxenos' own hypercall, on top of p2m-rig: a caller, guest memory at
 * host pointers, PCI functions whose owners change at once, two nodes of the
 * device tree. The IOMMU core, its driver and the P2M are the real ones.
 */
#ifndef TESTS_HOST_PX_RIG_H
#define TESTS_HOST_PX_RIG_H

#include "p2m-rig.h"

#include <xen/pci.h>

#include <proxenos.h>

#define PX_NODES   6U
#define PX_IRQS    256U
#define PX_DOMAINS 3U /* 0 is dom0 */
#define PX_PCI     4U /* functions; see px_rig_init() */

struct px_rig {
    struct domain *d[PX_DOMAINS];
    struct pci_dev pci[PX_PCI];
    struct device *dt; /* of /soc/dma@1000; /soc/uart@2000 has none */
    struct device *sd; /* of /soc/sd@50000000 */
    /* the tree: node[0] is the root; NULL: free, masked */
    struct px_node {
        uint64_t reg[2][2]; /* address and size; 0: no more */
        unsigned int irq[2];
    } res[PX_NODES];
    struct dt_node *node[PX_NODES];
    struct domain *irq_guest[PX_IRQS];
    bool booked[PX_DOMAINS][PX_IRQS];
    unsigned int nr_spis;   /* of domUs */
    bool held[PX_NODES];    /* its clock */
    bool powered[PX_NODES]; /* its power area is held */
    unsigned int nr_resets;
    bool no_clock; /* none starts */
    bool no_power; /* all areas are off */
    bool no_reset; /* no lines */
    /* what pci_*() were asked last, and what they say (0: do it) */
    unsigned int nr_calls, flags, slot;
    int rc;
    bool not_writable;         /* guest memory */
    unsigned int nr_continued; /* hypercall_continue() */
};
extern struct px_rig px_rig;

/*
 * sd@50000000 has two ranges of registers, of two pages and of a part of one,
 * and interrupts 70 and 71; it is a group of its own. Its registers and those
 * of the uart are in dom0's tables and among what dom0 may hand on.
 */
/* 0: function 00:01.0; 1: a bridge; 2: no IOMMU covers it; 3: shares its id
 * with the node. All are dom0's, like the node; dom0's group is whole. */
void px_rig_init(void);
/* The caller from now on. */
void px_rig_run_as(unsigned int domid);

#endif /* TESTS_HOST_PX_RIG_H */
