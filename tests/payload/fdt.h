/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The few questions a payload asks of its flattened device tree.
 * Works without the MMU; keeps no state. Assumes two address and two size
 * cells, as every tree we boot on has at its root.
 * Manual: Devicetree Specification v0.4, chapter 5.
 */
#ifndef PAYLOAD_FDT_H
#define PAYLOAD_FDT_H

#include <stdint.h>

struct fdt_query {
    const char *prop, *value; /* nodes where prop lists value; NULL: any */
    unsigned int index;       /* skip that many matching nodes */
    const char *want;         /* the property to return */
};

/*
 * fdt_find - find a property of a node that is known by another property.
 * @len: length in bytes of what is returned; may be NULL
 * Return: the property's value, or NULL when there is no such node or property.
 */
const uint8_t *fdt_find(const void *fdt, const struct fdt_query *q,
                        uint32_t *len);

uint32_t fdt_total_size(const void *fdt);

/* fdt_bootargs - the command line, or NULL. */
const char *fdt_bootargs(const void *fdt);

/* The i-th cell of a property; byte loads, as values need not be aligned. */
static inline uint32_t fdt_cell(const uint8_t *prop, unsigned int i)
{
    const uint8_t *p = prop + 4 * i;

    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
           p[3];
}

static inline uint64_t fdt_cell64(const uint8_t *prop, unsigned int i)
{
    return (uint64_t)fdt_cell(prop, i) << 32 | fdt_cell(prop, i + 1);
}

#endif
