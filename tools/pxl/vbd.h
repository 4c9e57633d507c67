/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paravirtual disks, served by Linux's blkback in dom0. */
#ifndef PXL_VBD_H
#define PXL_VBD_H

#include <stdbool.h>
#include <stdint.h>

#include "devspec.h"

/*
 * vbd_check - is there a file or block device that can be given to a domain?
 * @why: what is wrong with it, to be freed. Nothing is opened for good.
 */
int vbd_check(const struct disk_spec *spec, char **why);

/* vbd_add - attach it: a file through a loop device, which is taken for it. */
int vbd_add(int domid, const struct disk_spec *spec);
/* vbd_remove - @force: without the guest's consent. */
int vbd_remove(int domid, uint32_t devid, bool force);

#endif /* PXL_VBD_H */
