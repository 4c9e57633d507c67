/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PXL_SCHED_H
#define PXL_SCHED_H

#include "hyp.h"

/* sched_get, sched_set - a domain's weight and cap: 0 or -errno. */
int sched_get(int domid, struct xen_domctl_sched_credit2 *sched);
int sched_set(int domid, const struct xen_domctl_sched_credit2 *sched);

#endif /* PXL_SCHED_H */
