/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the IOMMU core share: iommu.c, iommu-*.c. */
#ifndef IOMMU_PRIVATE_H
#define IOMMU_PRIVATE_H

#include <xen/iommu.h>

extern struct iommu_format iommu_formats[IOMMU_MAX_FORMATS]; /* boot only */
extern unsigned int iommu_nr_formats;                        /* boot only */
extern struct list_head iommu_units;   /* struct iommu_unit.list; boot only */
extern struct list_head iommu_devices; /* struct device.all; device_lock */

/* iommu_dump - debug key 'o'. */
void iommu_dump(char key);

/* iommu_fault_policy_init - the default, for a new device. */
void iommu_fault_policy_init(struct device *dev);
/* iommu_fault_domain_init - before the domain has a device. */
void iommu_fault_domain_init(struct domain *d);

#endif /* IOMMU_PRIVATE_H */
