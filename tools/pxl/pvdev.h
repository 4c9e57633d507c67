/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Paravirtual devices in xenstore: a frontend below the domain, a backend
 * below dom0, and the states both go through (public/io/xenbus.h).
 */
#ifndef PXL_PVDEV_H
#define PXL_PVDEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The key of a backend under which its specification is kept as text: a reboot
 * of the domain makes the device of that again.
 */
#define PV_SPEC "pxl-spec"

struct pv_device {
    const char *type; /* "vbd", "vif" */
    int domid;
    uint32_t devid;
};

struct pv_entry {
    const char *key, *value;
};

/* What a device has beyond the entries that all have. */
struct pv_entries {
    const struct pv_entry *front, *back;
    size_t nr_front, nr_back;
};

/* Paths, to be freed. */
char *pv_front_path(const struct pv_device *d);
char *pv_back_path(const struct pv_device *d);

bool pv_exists(const struct pv_device *d);
/* pv_list - ids of a domain's devices of one type, to be freed. */
uint32_t *pv_list(const char *type, int domid, size_t *nr);

/* pv_port - the event channel of the frontend's first queue; 0: none yet. */
uint32_t pv_port(const struct pv_device *d);

/*
 * pv_driver - have Linux's backend for @type in dom0, loading @module where
 * need be. -1 after a message.
 */
int pv_driver(const char *type, const char *module);

/* pv_add - both ends at once; the backend's driver takes it from there. */
int pv_add(const struct pv_device *d, const struct pv_entries *e);
/* pv_wait_backend - until its driver has taken it (InitWait or later). */
int pv_wait_backend(const struct pv_device *d);

/*
 * pv_close - ask both ends to close. @force: the guest is not asked (it does
 * not run, or does not answer). pv_forget() waits for the backend to have
 * closed and removes both ends; -1 after a message: it is still used, and
 * stays.
 */
int pv_close(const struct pv_device *d, bool force);
int pv_forget(const struct pv_device *d, bool force);

/* module_load - with modprobe; what comes of it is for the caller to see. */
void module_load(const char *module);

#endif /* PXL_PVDEV_H */
