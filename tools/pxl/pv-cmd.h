/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands that paravirtual disks and network interfaces have in common. */
#ifndef PXL_PV_CMD_H
#define PXL_PV_CMD_H

#include <stdbool.h>
#include <stdint.h>

struct table;

struct pv_kind {
    const char *type;    /* "vbd", "vif" */
    const char *columns; /* see table_new() */
    /* find - which of a domain's devices the user means; -1 after a message. */
    int (*find)(int domid, const char *arg, uint32_t *devid);
    /* remove - @force: without the guest's consent. */
    int (*remove)(int domid, uint32_t devid, bool force);
    /* list_one - a row; as JSON when there is no table. */
    void (*list_one)(struct table *t, int domid, uint32_t devid);
};

/* *-detach [--force] DOMAIN DEVICE */
int pv_cmd_detach(const struct pv_kind *k, int argc, char **argv);
/* *-list [--json] DOMAIN... */
int pv_cmd_list(const struct pv_kind *k, int argc, char **argv);

#endif /* PXL_PV_CMD_H */
