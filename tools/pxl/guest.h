/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A domain's life: made from a configuration, stopped, taken apart. */
#ifndef PXL_GUEST_H
#define PXL_GUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"

/*
 * guest_lock - one maker or breaker of domains at a time, so that names and
 * ids stay what they were when they were looked at. guest_unlock() ends it.
 */
int guest_lock(void);
void guest_unlock(void);

/*
 * guest_make - the domain, built and with its devices, paused. Return: its
 * id; -1 after a message, when all that was made has been undone.
 */
int guest_make(const struct config *c);

/* guest_check_pci - pci = [...], and that such a domain can have any; @nr: how
 * many. Nothing is touched. -1 after a message. */
int guest_check_pci(const struct config *c, size_t *nr);

/* Without messages; -errno. */
int guest_pause(int domid);
int guest_unpause(int domid);

/*
 * guest_destroy - at once: its devices are closed and given back, xenstore is
 * cleaned. -1 after a message. It is fine when it went while this ran.
 */
int guest_destroy(int domid);

/*
 * guest_preserve - set a domain that has ended aside under another name. Its
 * memory and vCPUs stay as they are; its devices are taken from it, for the one
 * that follows. -1 after a message.
 */
int guest_preserve(int domid, const char *name);

#endif /* PXL_GUEST_H */
