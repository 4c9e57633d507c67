/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PXL_LIST_H
#define PXL_LIST_H

#include "domain.h"

/* json_config - "domid" and "config" of a domain, as `xl list -l` has them. */
void json_config(const domain_info_t *d, const char *name);

#endif /* PXL_LIST_H */
