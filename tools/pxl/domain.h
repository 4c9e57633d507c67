/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the hypervisor knows of domains, CPUs and the host. */
#ifndef PXL_DOMAIN_H
#define PXL_DOMAIN_H

#include "hyp.h"

typedef struct xen_domctl_getdomaininfo domain_info_t;

/* domain_info - of this one: 0, or -ESRCH; no message. */
int domain_info(int domid, domain_info_t *info);
/* domain_list - all, by id; to be freed. NULL after a message. */
domain_info_t *domain_list(size_t *nr);
/*
 * domain_args - those that @argv names, or all when @argc is 0. @status is set
 * to 1 when one of them does not exist, which has been said. To be freed.
 */
domain_info_t *domain_args(int argc, char **argv, size_t *nr, int *status);
/* domain_uuid - "01234567-89ab-...", 36 characters and '\0'. */
void domain_uuid(const domain_info_t *info, char text[37]);
/* shutdown_reason - of an info's flags: "poweroff"; NULL: not shut down. */
const char *shutdown_reason(uint32_t flags);

/* host_info - -1 after a message. */
int host_info(struct xen_sysctl_physinfo *info);
/* nr_cpus - the host's; exits with a message when that fails. */
unsigned int nr_cpus(void);

/* hyp_failed - "pxl: WHAT: why", of -errno @rc; returns -1. */
int hyp_failed(int rc, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif /* PXL_DOMAIN_H */
