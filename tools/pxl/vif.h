/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paravirtual network interfaces, served by Linux's netback in dom0. */
#ifndef PXL_VIF_H
#define PXL_VIF_H

#include <stdbool.h>
#include <stdint.h>

#include "devspec.h"

#define VIF_BRIDGE "xenbr0" /* when the configuration names none */

/* vif_check - is its bridge there? @why: to be freed. */
int vif_check(const struct nic_spec *spec, char **why);

/*
 * vif_add - attach it, and dom0's end, vifDOMID.DEVID, to its bridge. A MAC
 * address must be set; devid -1: the lowest that is free.
 */
int vif_add(int domid, const struct nic_spec *spec);
/* vif_remove - @force: without the guest's consent. */
int vif_remove(int domid, uint32_t devid, bool force);

#endif /* PXL_VIF_H */
