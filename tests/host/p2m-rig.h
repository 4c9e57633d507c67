/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine for the P2M and the IOMMU together: RAM in a direct map under the
 * real page allocator, CPUs by the stage-2 model, units by the SMMUv3 model,
 * locks that check their order.
 *
 * The linker's --wrap leads every giving back of memory through here: while
 * anything in a CPU or a unit can still reach it, a model complains. Table
 * pages are poisoned.
 */
#ifndef TESTS_HOST_P2M_RIG_H
#define TESTS_HOST_P2M_RIG_H

#include <xen/device.h>
#include <xen/device-tree.h>
#include <xen/domain.h>
#include <xen/iommu.h>
#include <xen/mm.h>
#include <xen/p2m.h>

#include "unit-rig.h"

#include <ipmmu.h>
#include <smmuv3.h>
#include <stage2.h>

#define RIG_UNITS  2U
#define RIG_RAM    UINT64_C(0x80000000)
#define RIG_FRAMES (UINT64_C(1) << 20) /* 4 GiB, hardly touched */

struct dt_driver;
struct dt_node;

struct rig_cfg {
    struct smmuv3_model_cfg smmu;
    unsigned int nr_units;
    bool ipmmu; /* and an IPMMU beside them: a second table per domain */
    uint64_t mmfr0, mmfr1; /* ID_AA64MMFR0_EL1, ID_AA64MMFR1_EL1 */
};

struct rig {
    struct rig_cfg cfg;
    struct smmuv3_model *model[RIG_UNITS];
    struct iommu_unit *unit[RIG_UNITS + 1]; /* the last: the IPMMU's leaf */
    struct ipmmu_model *ipmmu;
    struct stage2_model *cpu;
    /* the n-th allocation of a table or structure fails; 0: none does */
    unsigned int fail_alloc;
    bool preempt;              /* what preempt_check() says */
    bool limited;              /* domains have a pool for their tables */
    unsigned int nr_last_page; /* domain_last_page_gone() */
    const struct dt_node *disabled;
    const char *find; /* in lines of the console */
    unsigned int nr_found;
    /* "reg" and "interrupts" of nodes that are no unit's */
    int (*get_reg)(const struct dt_node *np, unsigned int index, uint64_t *addr,
                   uint64_t *size);
    int (*get_irq)(const struct dt_node *np, unsigned int index,
                   unsigned int *irq, enum irq_type *type);
    /* called at each barrier, when stores have become visible */
    void (*at_barrier)(void);
};
extern struct rig rig;

/* The machine, booted: RAM added, units probed, VTCR_EL2 written. */
void rig_init(const struct rig_cfg *cfg);

/* A domain as domain_create() makes it, as far as it is ours; NULL: -ENOMEM. */
struct domain *rig_domain(domid_t id);
/* Its vCPUs stop, everything goes in slices, and the rest is checked. */
void rig_domain_kill(struct domain *d);

struct device *rig_device(unsigned int unit, const char *name, uint32_t sid);

/* One access of a device: by the oldest that is cached, or by memory. */
struct rig_access {
    bool ok;
    uint64_t pa;
};
struct rig_access rig_dma(unsigned int unit, uint32_t sid, uint64_t iova,
                          bool write, bool cached);
/* It caches the leaf at an address, if it likes. */
void rig_prefetch(unsigned int unit, uint32_t sid, uint64_t iova);

/* p2m-rig-ipmmu.c, for p2m-rig.c: unit RIG_UNITS is the root, then its leaf. */
#define RIG_IPMMU_ROOT RIG_UNITS
#define RIG_IPMMU_LEAF (RIG_UNITS + 1)
/* The root's node, then the leaf's. */
void rig_ipmmu_probe(const struct dt_driver *drv, struct dt_node *np);
void rig_ipmmu_check(void);

/* The owner lets go of frames that nothing maps, with one look at the models. */
void rig_release(struct page_info *pg, uint64_t nr);

/* No model has a complaint, and nothing is left to invalidate. */
void rig_check(void);

#endif /* TESTS_HOST_P2M_RIG_H */
