/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's device tree, unflattened once at boot with libfdt (bounds and
 * nesting checked there) and read-only afterwards. Untrusted: every reader
 * returns an error naming node and property rather than believing it.
 */
#ifndef XEN_DEVICE_TREE_H
#define XEN_DEVICE_TREE_H

#include <xen/addr.h>
#include <xen/irq.h>
#include <xen/list.h>

struct domain;
struct mmio_ops;

struct dt_property {
    struct dt_property *next;
    const char *name;
    const void *value; /* big-endian cells, inside the flat tree */
    uint32_t length;
};

struct dt_node {
    const char *name;      /* with unit address: "pcie@10000000" */
    const char *full_name; /* path */
    uint32_t phandle;      /* 0: none */
    struct dt_property *properties;
    struct dt_node *parent, *child, *sibling;
    struct dt_node *next_all;        /* all nodes in document order */
    bool used_by_xen;                /* kept from dom0 */
    const struct mmio_ops *mediator; /* dom0's accesses to its first "reg" go
                                      * through these; NULL: direct */
    const struct dt_driver *driver;  /* bound by dt_probe_*(); NULL: none */
    bool probe_again;                /* its probe said -EAGAIN */
    struct device *dev;              /* NULL until somebody needs it */
};

extern struct dt_node *dt_root;
extern struct dt_node *dt_chosen; /* NULL: none */
extern struct dt_node *dt_gic;    /* the root interrupt controller, or NULL */

/* Deeper nesting, longer paths or more of it is refused. */
#define DT_MAX_DEPTH 32U
#define DT_MAX_PATH  1024U
#define DT_MAX_NODES 65536U
#define DT_MAX_PROPS 524288U

/*
 * dt_unflatten - build the tree. The blob stays in use: names and values point
 * into it. @fdt: 8-byte aligned, mapped for its whole totalsize.
 * -EINVAL with a message for a bad blob, -ENOMEM; no tree is left then.
 */
int __must_check dt_unflatten(const void *fdt);

#define dt_for_each_child(np, n)                                               \
    for ( (n) = (np)->child; (n); (n) = (n)->sibling )
#define dt_for_each_node(n) for ( (n) = dt_root; (n); (n) = (n)->next_all )

/* dt_find_path - "/soc/uart@0", "serial0", both with ":115200" behind. */
struct dt_node *dt_find_path(const char *path);
struct dt_node *dt_find_phandle(uint32_t phandle);
/* dt_find_compatible - the first node behind @from; NULL: from the start. */
struct dt_node *dt_find_compatible(struct dt_node *from, const char *compat);

const struct dt_property *dt_find_property(const struct dt_node *np,
                                           const char *name);
/* dt_next_string - walk a list of strings: NULL gives the first; NULL at the
 * end, or before one that is not terminated. */
const char *dt_next_string(const struct dt_property *prop, const char *s);
bool dt_is_compatible(const struct dt_node *np, const char *compat);
bool dt_is_available(const struct dt_node *np); /* status okay or absent */
int __must_check dt_read_u32(const struct dt_node *np, const char *name,
                             uint32_t *out);
int __must_check dt_read_u32_index(const struct dt_node *np, const char *name,
                                   unsigned int index, uint32_t *out);
int __must_check dt_read_u64(const struct dt_node *np, const char *name,
                             uint64_t *out); /* one or two cells */
int __must_check dt_read_string(const struct dt_node *np, const char *name,
                                const char **out);
uint32_t dt_n_addr_cells(const struct dt_node *np); /* for np's own reg */
uint32_t dt_n_size_cells(const struct dt_node *np);
uint64_t dt_next_cells(const uint32_t **cells, uint32_t nr);

/* dt_get_reg - reg entry @index translated to a machine address. */
int __must_check dt_get_reg(const struct dt_node *np, unsigned int index,
                            uint64_t *addr, uint64_t *size);
unsigned int dt_nr_regs(const struct dt_node *np);
/*
 * dt_translate - an address as the children of @bus write it, to a machine
 * address, by the "ranges" of @bus and of every bus above. -ENODEV when a bus
 * on the way has none or no row covers all of it, -EINVAL malformed.
 */
int __must_check dt_translate(const struct dt_node *bus, uint64_t addr,
                              uint64_t size, uint64_t *out);

/* dt_get_irq - interrupt @index as an INTID of the root GIC. -ENOENT past
 * the last, -EINVAL malformed, -ENODEV another controller's. */
int __must_check dt_get_irq(const struct dt_node *np, unsigned int index,
                            unsigned int *irq, enum irq_type *type);
int dt_irq_index(const struct dt_node *np, const char *irq_name);
/* dt_get_map_irq - what row @index of an "interrupt-map" leads to; as above. */
int __must_check dt_get_map_irq(const struct dt_node *np, unsigned int index,
                                unsigned int *irq, enum irq_type *type);
/* dt_map_irq - where the row for a PCI unit address (three cells) and pin
 * (1: INTA) leads to; as above, -ENOENT: no row. */
int __must_check dt_map_irq(const struct dt_node *np, const uint32_t unit[4],
                            unsigned int *irq, enum irq_type *type);

/*
 * dt_parse_phandle_args - entry @index of a list such as "iommus" whose
 * targets say how many cells follow in @cells_name.
 */
struct dt_phandle_args {
    struct dt_node *np;
    unsigned int nr_args;
    uint32_t args[8];
};
int __must_check dt_parse_phandle_args(const struct dt_node *np,
                                       const char *list, const char *cells_name,
                                       unsigned int index,
                                       struct dt_phandle_args *out);

/* dt_map_id - look @id up in an "iommu-map" or "msi-map" style property.
 * -ENOENT when the property is absent, -ENODEV when no row covers the id. */
int __must_check dt_map_id(const struct dt_node *np, const char *map_name,
                           const char *mask_name, uint32_t id,
                           struct dt_node **target, uint32_t *out_id);

/* ---- drivers bound by compatible ---- */

enum dt_driver_class {
    DT_DRIVER_SERIAL,
    DT_DRIVER_GIC,
    DT_DRIVER_IOMMU,
    DT_DRIVER_PCI_HOST
};

struct dt_match {
    const char *compatible;
    const void *data;
};
struct dt_driver {
    const char *name;
    enum dt_driver_class class;
    const struct dt_match *match; /* ends with an empty entry */
    /* 0; -EAGAIN: my parent is not there yet; else refused, with a message */
    int (*probe)(struct dt_node *np, const void *data);
};
#define DT_DRIVER(ident, drv_name, drv_class, drv_match, drv_probe)            \
    static const struct dt_driver dt_driver_##ident __attribute__((            \
        used, section(".dtdrivers"), aligned(8))) = {.name = drv_name,         \
                                                     .class = drv_class,       \
                                                     .match = drv_match,       \
                                                     .probe = drv_probe}

/* dt_probe_class - probe every available node of a class; returns how many
 * bound. Nodes that answer -EAGAIN are tried again while others bind. */
unsigned int dt_probe_class(enum dt_driver_class class);
/* The linker's bounds of .dtdrivers. */
extern const struct dt_driver __dtdrivers_start[], __dtdrivers_end[];
/* dt_probe_node - the same for one node. -ENODEV when no driver matches. */
int dt_probe_node(struct dt_node *np, enum dt_driver_class class);

#endif /* XEN_DEVICE_TREE_H */
