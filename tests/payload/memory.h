/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Giving up and taking back one extent, and version 1 of the grant table.
 * Manual: <public/memory.h>, <public/grant_table.h>.
 */
#ifndef PAYLOAD_MEMORY_H
#define PAYLOAD_MEMORY_H

#include <stdint.h>

#include <public/xen.h>
#include <public/grant_table.h>

/* extent_remove, extent_populate - 2^order frames at gfn. Return: extents. */
long extent_remove(unsigned long gfn, unsigned int order);
long extent_populate(unsigned long gfn, unsigned int order);

/* grant_init - the first grant frame, at a page of our own. */
struct grant_entry_v1 *grant_init(void);

/* grant_op - GNTTABOP_* on count structures. */
long grant_op(unsigned int op, void *args, unsigned int count);

#endif
