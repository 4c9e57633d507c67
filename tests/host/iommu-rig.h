/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine around the IOMMU core and the SMMUv3 driver on the host: memory
 * at machine addresses, locks that check their order, a clock, the console,
 * interrupts, and one SMMUv3 model per unit behind the registers.
 *
 * Memory that is given back is checked against every model on the spot, and
 * rig_exit() that nothing leaked and no model complains.
 */
#ifndef TESTS_HOST_IOMMU_RIG_H
#define TESTS_HOST_IOMMU_RIG_H

#include <xen/device.h>
#include <xen/domain.h>
#include <xen/iommu.h>

#include "unit-rig.h"

#include <smmuv3.h>

#define RIG_UNITS 2U
#define RIG_RAM   UINT64_C(0x80000000)
#define RIG_PAGES (16384U) /* 64 MiB */

/* Everything of tests that must start afresh is in here. */
struct rig {
    unsigned int nr_units;
    struct smmuv3_model *model[RIG_UNITS];
    struct iommu_unit *unit[RIG_UNITS];
    /* console */
    unsigned int nr_lines, nr_panics;
    char last_line[256], *find, found[256]; /* last line that contains find */
    unsigned int nr_rejected; /* commands; rig_check() wants none */
    /* called at each moment at which a unit could see memory */
    void (*visible)(void);
    /* the n-th allocation from now fails; 0: none does */
    unsigned int fail_alloc;
    /* a command that the unit finds damaged: so many times from now */
    unsigned int damage_commands;
    uint32_t gerrorn;     /* what was answered to them */
    uint32_t fake_gerror; /* bits that GERROR shows besides the model's */
    bool combined;        /* one wire instead of four */
    /* records that the test wrote into the event queue itself */
    uint32_t fake_events;
};
extern struct rig rig;

/* "iommu=" on the hypervisor's command line. */
int rig_option(const char *value);

/* Fresh machine with models of this configuration; the driver not yet run. */
void rig_init(unsigned int nr_units, const struct smmuv3_model_cfg *cfg);
/* iommu_init(): the driver's probe. True when all units are at work. */
bool rig_probe(void);
/* Check and free everything that does not belong to the units. */
void rig_exit(void);

struct domain *rig_domain(domid_t id);
void rig_domain_free(struct domain *d);
struct device *rig_device(struct iommu_unit *unit, const char *name,
                          unsigned int nr_ids, const uint32_t *ids);

/* prepare, map or unmap, sync; as p2m_set_entry() does. */
int rig_map(struct domain *d, uint64_t dfn, uint64_t mfn, unsigned int order,
            unsigned int flags);
int rig_unmap(struct domain *d, uint64_t dfn, unsigned int order);

/* The same for nr pages one by one, with a single sync; after them a block. */
int rig_unmap_pages(struct domain *d, uint64_t dfn, unsigned int nr,
                    bool and_block);

/* Remember the last console line with this text in it. */
void rig_expect_line(const char *text);

/* Where one access arrives, by every cached path; ~0 when it aborts. */
uint64_t rig_dma(unsigned int unit, uint32_t sid, uint64_t iova, bool write);
/* The eight words of a stream's entry in unit 0, by the manual's layout. */
uint64_t *rig_ste(uint32_t sid);
/* The record slot that the next event of unit 0 would take. */
uint64_t *rig_event_slot(unsigned int ahead);
unsigned int rig_free_pages(void);
/* No model complains, and nothing is left to invalidate. */
void rig_check(void);

#endif /* TESTS_HOST_IOMMU_RIG_H */
