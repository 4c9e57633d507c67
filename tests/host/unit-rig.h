/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What iommu-rig.c and p2m-rig.c have in common: locks of one CPU that check
 * their order, a clock, softirqs and tasklets, the end of domains.
 */
#ifndef TESTS_HOST_UNIT_RIG_H
#define TESTS_HOST_UNIT_RIG_H

#include <xen/device.h>
#include <xen/domain.h>

struct unit_rig {
    int64_t now;
    bool softirq; /* SOFTIRQ_IOMMU is raised */
    /* by domain_crash() and domain_put() */
    unsigned int nr_crashes;
    const struct domain *crashed;
    unsigned int nr_puts;
};
extern struct unit_rig unit_rig;

/* A fresh machine. */
void unit_rig_reset(void);
/* Locks that are held now. */
unsigned int unit_rig_locks(void);

/* Run SOFTIRQ_IOMMU while it is raised, then tasklets, with no lock held. */
void rig_softirqs(void);
int rig_assign(struct domain *d, struct device *dev);
int rig_deassign(struct device *dev);

#endif /* TESTS_HOST_UNIT_RIG_H */
