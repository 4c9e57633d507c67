/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the IOMMUs do: commands. */
#ifndef PXL_IOMMU_H
#define PXL_IOMMU_H

int cmd_iommu_list(int argc, char **argv);
int cmd_iommu_faults(int argc, char **argv);
int cmd_iommu_audit(int argc, char **argv);

#endif /* PXL_IOMMU_H */
