/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What waits in dom0 for the end of a domain, and does what is to be done. */
#ifndef PXL_MONITOR_H
#define PXL_MONITOR_H

#include "config.h"

/*
 * monitor_run - until the domain is gone for good: reboots are made here.
 * @c follows what the domain has at each. Messages go to stderr. Return: the exit status.
 */
int monitor_run(struct config *c, int domid);

/* monitor_log - from now on stdout and stderr are /var/log/xen/pxl-NAME.log. */
void monitor_log(const char *name);

#endif /* PXL_MONITOR_H */
