/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The device tree of a guest. */
#ifndef PXL_GUEST_TREE_H
#define PXL_GUEST_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "place.h"

#define RNG_SEED_SIZE 128U
/* The interrupt controller's, as libxl numbers it. */
#define FDT_PHANDLE_GIC 65000U
#define FDT_PHANDLE_MSI 65001U

struct dt_source;

struct guest_tree {
    const char *cmdline;
    unsigned int vcpus;
    unsigned int gic_version; /* 2 or 3 */
    unsigned int gpaddr_bits; /* of the P2M: where extended regions end */
    unsigned int xen_major, xen_minor;
    struct range bank[MAX_BANKS];
    unsigned int nr_banks;
    struct range ramdisk;            /* size 0: none */
    const uint8_t *rng_seed;         /* RNG_SEED_SIZE bytes */
    uint32_t clock_frequency;        /* Hz; 0: as CNTFRQ_EL0 says */
    bool pci;                        /* with the virtual host bridge */
    bool msi;                        /* and its message frame */
    const struct dt_source *devices; /* of the host; NULL: none */
    const struct range *hole;        /* addresses their registers have */
    size_t nr_holes;
};

/*
 * guest_tree_write - write the tree to @buf. Return: 0 with *@used bytes of it; -1
 * after a message.
 */
int guest_tree_write(const struct guest_tree *t, void *buf, size_t size,
                     size_t *used);

#endif /* PXL_GUEST_TREE_H */
