/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What xenstore says of a domain, apart from its devices. */
#ifndef PXL_STORE_H
#define PXL_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"

/*
 * store_domain - all entries of a new domain, and its introduction, by which
 * xenstored and xenconsoled learn of it. -1 after a message.
 */
int store_domain(const struct config *c, int domid, uint32_t store_port,
                 uint32_t console_port);

/* store_forget - remove all of it. */
void store_forget(int domid);

/* store_find - the domain of that name; -1: none. */
int store_find(const char *name);

/*
 * store_preserve - another name and UUID for a domain that stays although it
 * has ended, while its successor takes the old ones.
 */
int store_preserve(int domid, const char *name, const uint8_t *uuid);

#endif /* PXL_STORE_H */
