/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hypervisor's table of devices, as PX_OP_device_info tells it. */
#ifndef PXL_DEVICE_H
#define PXL_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hyp.h"

struct device {
    struct px_device_info info;
    char *name; /* "0000:01:00.0", or the path of its node */
};

struct devices {
    struct device *dev;
    size_t nr;
};

/* devices_load - all of them; -1 after a message. */
int devices_load(struct devices *devs);
void devices_free(struct devices *devs);
/* device_pci - the function, or NULL. */
struct device *device_pci(const struct devices *devs, uint32_t sbdf);
/* device_arg - "BB:DD.F", its name, or a path; also one that is PX_DEV_GONE.
 * NULL after a message. */
struct device *device_arg(const struct devices *devs, const char *arg);
/* device_at - by its index, or NULL. */
struct device *device_at(const struct devices *devs, uint32_t index);

/* device_index_name - of an index that the hypervisor answered with, read anew;
 * "another device" when there is none. To be freed. */
char *device_index_name(uint32_t index);
/* device_pci_op - how operations name a function. */
void device_pci_op(struct px_device *dev, uint32_t sbdf);

/* device_marks - what every list says of it: "UNPROTECTED, shared MSI", "". To
 * be freed. */
char *device_marks(const struct device *dev);
/* device_owner - its domain's name, "(quarantine)"; to be freed. */
char *device_owner(const struct device *dev);
/* reset_name - of PX_RESET_*. */
const char *reset_name(uint32_t reset);
/* json_device - the members that all lists share, into the open object. */
void json_device(const struct device *dev);

/* next_domain - information on the first domain from @domid on; false: none. */
bool next_domain(uint32_t domid, struct xen_domctl_getdomaininfo *info);

#endif /* PXL_DEVICE_H */
