/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz-device-tree.c - any bytes as a device tree: unflatten, then ask every
 * question there is of every node.
 */
#include <stddef.h>
#include <stdint.h>
#define strtoull libc_strtoull /* ours has another prototype */
#include <stdlib.h>
#undef strtoull

#include <libfdt.h>

#include <xen/device-tree.h>
#include <xen/lib.h>
#include <xen/mm.h>

static void *arena;

void *alloc_xen_pages(unsigned int order)
{
    return arena = calloc(1, PAGE_SIZE << order);
}

void printk(const char *fmt, ...)
{
    (void)fmt;
}

void panic(const char *fmt, ...)
{
    (void)fmt;
    abort();
}

const struct dt_driver __dtdrivers_start[1], __dtdrivers_end[1];

static void ask(struct dt_node *np)
{
    struct dt_phandle_args args;
    struct dt_node *target;
    enum irq_type type;
    unsigned int irq;
    const char *s;
    uint64_t a, b;
    uint32_t id;

    (void)!dt_is_available(np);
    (void)!dt_is_compatible(np, "arm,gic-v3");
    (void)!dt_find_phandle(np->phandle);
    (void)!dt_find_path(np->full_name);
    for ( unsigned int i = 0; i < 8; i++ )
    {
        (void)!dt_get_reg(np, i, &a, &b);
        (void)!dt_get_irq(np, i, &irq, &type);
        (void)!dt_get_map_irq(np, i, &irq, &type);
        (void)!dt_parse_phandle_args(np, "iommus", "#iommu-cells", i, &args);
        (void)!dt_map_id(np, "iommu-map", "iommu-map-mask", i << 8, &target,
                         &id);
    }
    (void)!dt_nr_regs(np);
    (void)!dt_irq_index(np, "x");
    for ( const struct dt_property *p = np->properties; p; p = p->next )
    {
        (void)!dt_read_string(np, p->name, &s);
        (void)!dt_read_u64(np, p->name, &a);
        (void)!dt_read_u32_index(np, p->name, 3, &id);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dt_node *np;
    void *copy;

    if ( size < sizeof(struct fdt_header) )
        return 0;
    copy = malloc(size);
    memcpy(copy, data, size);
    if ( fdt_totalsize(copy) > size )
        fdt_set_totalsize(copy, (uint32_t)size);
    if ( !dt_unflatten(copy) )
        dt_for_each_node (np)
            ask(np);
    free(arena);
    arena = NULL;
    free(copy);
    return 0;
}
