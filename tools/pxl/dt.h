/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices of the host's device tree for domains: dtdev = [...], commands. */
#ifndef PXL_DT_H
#define PXL_DT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dt-node.h"

struct cfg;

/*
 * dt_config - dtdev = [...] and device_tree = "...", with the host's tree;
 * what can be found out before the domain is made is. -1 after a message.
 * @again: a device that cannot be described is left out, after a warning.
 * dt_config_free - also after a failure.
 */
struct dt_config {
    struct dt_spec *spec;
    struct dt_device *dev;
    size_t nr;
    void *host, *partial;
    struct dt_source source;
    struct range *hole; /* pages of registers */
    size_t nr_holes;
    unsigned int last_irq; /* highest INTID; 0: none */
};
int dt_config(struct cfg *cfg, bool again, struct dt_config *c);
void dt_config_free(struct dt_config *c);

/* dt_create - attach the configuration's devices; a domain that could not get
 * them all is to be destroyed, which gives them back; @again: it is warned of,
 * and does without. */
int dt_create(struct cfg *cfg, const struct dt_config *c, int domid,
              bool again);
/* dt_destroy - take all of them from a domain that stays; -1 after a message. */
int dt_destroy(int domid);

/* dt_linux_let_go - unbind dom0's driver from the device of a node; one
 * without a driver is fine, one in use is not. -1 after a message. dt_linux_bind - the opposite. */
int dt_linux_let_go(const char *path);
int dt_linux_bind(const char *path);

#endif /* PXL_DT_H */
