/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine around the IOMMU core and the IPMMU driver on the host: memory
 * above 4 GiB, the console, one interrupt line, the device tree's nodes of one
 * root and its leaves, power areas, and the model behind the registers.
 *
 * Memory that is given back is checked against the model on the spot.
 */
#ifndef TESTS_HOST_IPMMU_RIG_H
#define TESTS_HOST_IPMMU_RIG_H

#include <xen/device.h>
#include <xen/domain.h>
#include <xen/iommu.h>
#include <xen/rcar.h>

#include "unit-rig.h"

#include <ipmmu.h>

#define RIG_RAM   UINT64_C(0x500000000)
#define RIG_PAGES 16384U /* 64 MiB */
#define RIG_UNITS (IPMMU_MODEL_LEAVES + 1)

struct rig_cfg {
    struct ipmmu_model_cfg model;
    struct rcar_prr prr;
    bool root_last;    /* the tree has the root behind its leaves */
    bool no_root;      /* or not at all */
    uint32_t switched; /* bit n: unit n is in a power area */
    uint32_t disabled; /* bit n: so says the node of unit n */
};

/* Everything of tests that must start afresh is in here. */
struct rig {
    struct rig_cfg cfg;
    struct ipmmu_model *model;
    struct iommu_unit *root, *leaf[RIG_UNITS]; /* leaf[n]: unit n */
    unsigned int nr_lines;
    char *find, found[256]; /* last line with find in it */
    unsigned int fail_alloc;
    bool level, muted;
    unsigned int nr_interrupts;
    void (*power_changed)(void);
};
extern struct rig rig;

int rig_option(const char *name, const char *value);

/* Gen3, two leaves, an H3 ES3.0. */
struct rig_cfg rig_default(void);
void rig_init(const struct rig_cfg *cfg);
/* iommu_init(): true when root and leaves are at work. */
bool rig_probe(void);
/* No complaint of the model, and nothing left to flush. */
void rig_check(void);
void rig_exit(void);

struct domain *rig_domain(domid_t id);
void rig_domain_free(struct domain *d);

/* A device behind a micro-TLB, or two of leaves that may differ. */
struct device *rig_device(const char *name, unsigned int leaf,
                          unsigned int utlb);
struct device *rig_device2(const char *name, unsigned int leaf,
                           unsigned int utlb, unsigned int leaf2,
                           unsigned int utlb2);

int rig_map(struct domain *d, uint64_t dfn, uint64_t mfn, unsigned int order,
            unsigned int flags);
int rig_unmap(struct domain *d, uint64_t dfn, unsigned int order);

/* Where an access arrives, by every cached path; ~0 when it does not, or not
 * translated. */
uint64_t rig_dma(unsigned int leaf, unsigned int utlb, uint64_t iova,
                 bool write);
void rig_expect_line(const char *text);
/* Switch the area of a unit, as dom0 would. */
void rig_power(unsigned int unit, bool on);
unsigned int rig_free_pages(void);

#endif /* TESTS_HOST_IPMMU_RIG_H */
