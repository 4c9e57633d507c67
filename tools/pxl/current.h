/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a domain is by now: its configuration, and what commands have changed
 * since it was made. A reboot keeps that, as xl's does.
 */
#ifndef PXL_CURRENT_H
#define PXL_CURRENT_H

#include "config.h"

/*
 * current_config - bring @c, from which @domid was made, up to date: name,
 * memory, vCPUs, and the devices that it has. To be called while it still has
 * them. A domain made of @c then starts without a device that is not to be had
 * any more, after a warning. -1 after a message; @c is empty then.
 */
int current_config(struct config *c, int domid);

#endif /* PXL_CURRENT_H */
