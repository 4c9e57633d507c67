/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * device-tree.c - the host's device tree: unflattening and reading.
 *
 * One allocation holds nodes, properties and paths; names and values stay in
 * the blob. Built once on the boot CPU and read-only afterwards (but for the
 * driver and device a node gets), hence no lock. Whatever the blob says about
 * its own sizes is checked here or in libfdt before it is used; what a reader
 * asks for and is not there, or is malformed, is an error code.
 *
 * Devicetree Specification v0.4: chapter 2 "The Devicetree", 5 "Flattened
 * Devicetree (DTB) Format".
 */
#include <xen/device-tree.h>

#include <libfdt.h>

#include <xen/bits.h>
#include <xen/errno.h>
#include <xen/lib.h>
#include <xen/mm.h>

struct dt_node *dt_root, *dt_chosen, *dt_gic;

static struct dt_node *dt_aliases;

/* Recently found phandles, by their low bits. */
static struct dt_node *phandle_cache[128];

static const char *const gic_compatibles[] = {
    "arm,gic-v3",
    "arm,gic-400",
    "arm,cortex-a15-gic",
    "arm,cortex-a9-gic",
    "arm,cortex-a7-gic",
    "arm,cortex-a5-gic",
    "arm,arm1176jzf-devchip-gic",
};

/* ---- unflattening ----
 *
 * The same function runs twice over the blob: first to count, then, with
 * memory of that size, to fill. The blob does not change in between.
 */

struct builder {
    const void *fdt;
    struct dt_node *nodes; /* NULL while counting */
    struct dt_property *props;
    char *paths;
    unsigned int nr_nodes, nr_props;
    size_t path_bytes;
};

/* A node whose end was not seen yet. */
struct open_node {
    struct dt_node *np;
    struct dt_node **next_child;
    struct dt_property **next_prop;
    size_t path_len; /* without its NUL; 0 for the root */
};

static int bad_blob(const char *why, int offset)
{
    printk(XENLOG_ERR "device tree: %s at structure offset %#x\n", why,
           (unsigned int)offset);
    return -EINVAL;
}

static int begin_node(struct builder *b, int offset, struct open_node *parent,
                      struct open_node *self)
{
    const char *name = fdt_offset_ptr(b->fdt, offset + (int)FDT_TAGSIZE, 1);
    size_t len = strlen(name); /* fdt_next_tag() has seen the NUL */
    struct dt_node *np;

    if ( parent ? len == 0 || strchr(name, '/') : len != 0 )
        return bad_blob("bad node name", offset);
    self->path_len = parent ? parent->path_len + 1 + len : 0;
    if ( self->path_len >= DT_MAX_PATH )
        return bad_blob("path too long", offset);
    if ( b->nr_nodes == DT_MAX_NODES )
        return bad_blob("too many nodes", offset);

    self->np = NULL;
    if ( b->nodes )
    {
        char *path = b->paths + b->path_bytes;

        self->np = np = &b->nodes[b->nr_nodes];
        np->name = name;
        np->full_name = path;
        if ( parent )
        {
            memcpy(path, parent->np->full_name, parent->path_len);
            path[parent->path_len] = '/';
            memcpy(path + parent->path_len + 1, name, len);
            np->parent = parent->np;
            *parent->next_child = np;
            parent->next_child = &np->sibling;
        }
        else
            path[0] = '/';
        if ( b->nr_nodes )
            np[-1].next_all = np;
        self->next_child = &np->child;
        self->next_prop = &np->properties;
    }
    b->nr_nodes++;
    b->path_bytes += MAX(self->path_len, (size_t)1) + 1;
    return 0;
}

static int add_property(struct builder *b, int offset, struct open_node *self)
{
    const struct fdt_property *fp;
    struct dt_property *prop;
    const char *name;
    int len;

    fp = fdt_get_property_by_offset(b->fdt, offset, &len);
    if ( !fp )
        return bad_blob("bad property", offset);
    name = fdt_get_string(b->fdt, (int)fdt32_to_cpu(fp->nameoff), NULL);
    if ( !name || !name[0] )
        return bad_blob("bad property name", offset);
    if ( b->nr_props == DT_MAX_PROPS )
        return bad_blob("too many properties", offset);

    if ( b->nodes )
    {
        prop = &b->props[b->nr_props];
        prop->name = name;
        prop->value = fp->data;
        prop->length = (uint32_t)len;
        *self->next_prop = prop;
        self->next_prop = &prop->next;
    }
    b->nr_props++;
    return 0;
}

static int scan(struct builder *b)
{
    struct open_node open[DT_MAX_DEPTH];
    unsigned int depth = 0;
    int offset, next, rc = 0;

    b->nr_nodes = b->nr_props = 0;
    b->path_bytes = 0;

    for ( offset = 0; !rc; offset = next )
    {
        switch ( fdt_next_tag(b->fdt, offset, &next) )
        {
        case FDT_BEGIN_NODE:
            if ( depth == DT_MAX_DEPTH )
                return bad_blob("nesting too deep", offset);
            if ( !depth && b->nr_nodes )
                return bad_blob("second root", offset);
            rc = begin_node(b, offset, depth ? &open[depth - 1] : NULL,
                            &open[depth]);
            depth++;
            break;

        case FDT_PROP:
            if ( !depth )
                return bad_blob("property outside of a node", offset);
            rc = add_property(b, offset, &open[depth - 1]);
            break;

        case FDT_END_NODE:
            if ( !depth )
                return bad_blob("end of no node", offset);
            depth--;
            break;

        case FDT_NOP:
            break;

        default: /* FDT_END, the real one or libfdt's for an error */
            if ( next < 0 )
                return bad_blob(fdt_strerror(next), offset);
            if ( depth || !b->nr_nodes )
                return bad_blob("early end", offset);
            return 0;
        }
    }

    return rc;
}

/* Of two nodes with one phandle the first is found. */
static void read_phandles(void)
{
    struct dt_node *np;

    dt_for_each_node (np)
    {
        uint32_t phandle;

        if ( dt_read_u32(np, "phandle", &phandle) &&
             dt_read_u32(np, "linux,phandle", &phandle) )
            continue;
        if ( phandle == 0 || phandle == ~0U )
            printk(XENLOG_WARN "device tree: %s: phandle %#x ignored\n",
                   np->full_name, phandle);
        else
            np->phandle = phandle;
    }
}

static struct dt_node *find_gic(void)
{
    struct dt_node *np;

    dt_for_each_node (np)
    {
        if ( !dt_find_property(np, "interrupt-controller") ||
             !dt_is_available(np) )
            continue;
        for ( unsigned int i = 0; i < ARRAY_SIZE(gic_compatibles); i++ )
            if ( dt_is_compatible(np, gic_compatibles[i]) )
                return np;
    }
    return NULL;
}

int dt_unflatten(const void *fdt)
{
    struct builder b = {.fdt = fdt};
    size_t nodes_size, props_size;
    unsigned int order;
    char *arena;
    int rc;

    dt_root = dt_chosen = dt_gic = dt_aliases = NULL;
    memset(phandle_cache, 0, sizeof(phandle_cache));

    if ( (uintptr_t)fdt & 7 )
        return bad_blob("blob not aligned to 8", 0);
    rc = fdt_check_header(fdt);
    if ( rc )
        return bad_blob(fdt_strerror(rc), 0);
    if ( fdt_version(fdt) < 16 || (fdt_off_dt_struct(fdt) & 3) )
        return bad_blob("old version or misaligned structure", 0);

    rc = scan(&b);
    if ( rc )
        return rc;

    nodes_size = b.nr_nodes * sizeof(struct dt_node);
    props_size = b.nr_props * sizeof(struct dt_property);
    order = order_from_bytes(nodes_size + props_size + b.path_bytes);
    arena = order > MAX_ORDER ? NULL : alloc_xen_pages(order);
    if ( !arena )
        return -ENOMEM;
    b.nodes = (void *)arena;
    b.props = (void *)(arena + nodes_size);
    b.paths = arena + nodes_size + props_size;
    rc = scan(&b);
    BUG_ON(rc);

    dt_root = b.nodes;
    read_phandles();
    dt_chosen = dt_find_path("/chosen");
    dt_aliases = dt_find_path("/aliases");
    dt_gic = find_gic();
    return 0;
}

/* ---- finding nodes ---- */

static struct dt_node *find_child(const struct dt_node *np, const char *name,
                                  size_t len)
{
    struct dt_node *child;

    dt_for_each_child (np, child)
        if ( strlen(child->name) == len && !memcmp(child->name, name, len) )
            return child;
    return NULL;
}

/* The length of the path component at s: up to '/', ':' or the end. */
static size_t component(const char *s)
{
    size_t len = 0;

    while ( s[len] && s[len] != '/' && s[len] != ':' )
        len++;
    return len;
}

static struct dt_node *find_alias(const char *name, size_t len)
{
    const struct dt_property *prop;
    const char *path;

    if ( !dt_aliases )
        return NULL;
    for ( prop = dt_aliases->properties; prop; prop = prop->next )
        if ( strlen(prop->name) == len && !memcmp(prop->name, name, len) &&
             !dt_read_string(dt_aliases, prop->name, &path) && path[0] == '/' )
            return dt_find_path(path);
    return NULL;
}

struct dt_node *dt_find_path(const char *path)
{
    struct dt_node *np = dt_root;

    if ( path[0] != '/' )
    {
        size_t len = component(path);

        np = find_alias(path, len);
        path += len;
    }
    while ( np && *path == '/' )
    {
        size_t len = component(++path);

        if ( len )
            np = find_child(np, path, len);
        path += len;
    }
    return np;
}

struct dt_node *dt_find_phandle(uint32_t phandle)
{
    struct dt_node **slot = &phandle_cache[phandle % ARRAY_SIZE(phandle_cache)];
    struct dt_node *np;

    if ( phandle == 0 )
        return NULL;
    if ( *slot && (*slot)->phandle == phandle )
        return *slot;
    dt_for_each_node (np)
        if ( np->phandle == phandle )
        {
            *slot = np;
            return np;
        }
    return NULL;
}

struct dt_node *dt_find_compatible(struct dt_node *from, const char *compat)
{
    struct dt_node *np = from ? from->next_all : dt_root;

    for ( ; np; np = np->next_all )
        if ( dt_is_compatible(np, compat) )
            return np;
    return NULL;
}

/* ---- properties ---- */

const struct dt_property *dt_find_property(const struct dt_node *np,
                                           const char *name)
{
    const struct dt_property *prop;

    for ( prop = np->properties; prop; prop = prop->next )
        if ( !strcmp(prop->name, name) )
            return prop;
    return NULL;
}

const char *dt_next_string(const struct dt_property *prop, const char *s)
{
    const char *first = prop->value;
    size_t left;

    s = s ? s + strlen(s) + 1 : first;
    left = prop->length - (size_t)(s - first);
    return strnlen(s, left) == left ? NULL : s;
}

/* The index of a string in a list of strings, or -ENOENT. */
static int string_index(const struct dt_property *prop, const char *string)
{
    const char *s = NULL;

    for ( int index = 0; (s = dt_next_string(prop, s)) != NULL; index++ )
        if ( !strcmp(s, string) )
            return index;
    return -ENOENT;
}

bool dt_is_compatible(const struct dt_node *np, const char *compat)
{
    const struct dt_property *prop = dt_find_property(np, "compatible");

    return prop && string_index(prop, compat) >= 0;
}

bool dt_is_available(const struct dt_node *np)
{
    const char *status;
    int rc = dt_read_string(np, "status", &status);

    return rc == -ENOENT ||
           (!rc && (!strcmp(status, "okay") || !strcmp(status, "ok")));
}

uint64_t dt_next_cells(const uint32_t **cells, uint32_t nr)
{
    uint64_t value = 0;

    for ( ; nr; nr-- )
        value = value << 32 | __builtin_bswap32(*(*cells)++);
    return value;
}

int dt_read_u32_index(const struct dt_node *np, const char *name,
                      unsigned int index, uint32_t *out)
{
    const struct dt_property *prop = dt_find_property(np, name);
    const uint32_t *cells;

    if ( !prop )
        return -ENOENT;
    if ( index >= prop->length / 4 )
        return -EINVAL;
    cells = (const uint32_t *)prop->value + index;
    *out = (uint32_t)dt_next_cells(&cells, 1);
    return 0;
}

int dt_read_u32(const struct dt_node *np, const char *name, uint32_t *out)
{
    return dt_read_u32_index(np, name, 0, out);
}

int dt_read_u64(const struct dt_node *np, const char *name, uint64_t *out)
{
    const struct dt_property *prop = dt_find_property(np, name);
    const uint32_t *cells;

    if ( !prop )
        return -ENOENT;
    if ( prop->length != 4 && prop->length != 8 )
        return -EINVAL;
    cells = prop->value;
    *out = dt_next_cells(&cells, prop->length / 4);
    return 0;
}

int dt_read_string(const struct dt_node *np, const char *name, const char **out)
{
    const struct dt_property *prop = dt_find_property(np, name);
    const char *s;

    if ( !prop )
        return -ENOENT;
    s = prop->value;
    if ( strnlen(s, prop->length) == prop->length )
        return -EINVAL;
    *out = s;
    return 0;
}

/* ---- addresses ---- */

static uint32_t cells_of(const struct dt_node *bus, const char *name,
                         uint32_t otherwise)
{
    uint32_t value;

    return bus && !dt_read_u32(bus, name, &value) ? value : otherwise;
}

uint32_t dt_n_addr_cells(const struct dt_node *np)
{
    return cells_of(np->parent, "#address-cells", 2);
}

uint32_t dt_n_size_cells(const struct dt_node *np)
{
    return cells_of(np->parent, "#size-cells", 1);
}

/* One step up: an address below @bus as the parent of @bus writes it. */
static int translate_one(const struct dt_node *bus, uint64_t *addr,
                         uint64_t size)
{
    const struct dt_property *ranges = dt_find_property(bus, "ranges");
    uint32_t na = cells_of(bus, "#address-cells", 2);
    uint32_t ns = cells_of(bus, "#size-cells", 1);
    uint32_t pna = dt_n_addr_cells(bus);
    const uint32_t *cells;
    uint32_t row;

    if ( !ranges )
        return -ENODEV;
    if ( ranges->length == 0 )
        return 0;
    if ( na == 3 )
        return -ENODEV; /* PCI: the host bridge reads its own windows */
    if ( na - 1 > 1 || ns - 1 > 1 || pna - 1 > 1 )
        return -EINVAL;
    row = 4 * (na + pna + ns);
    if ( ranges->length % row )
        return -EINVAL;

    cells = ranges->value;
    for ( uint32_t i = 0; i < ranges->length / row; i++ )
    {
        uint64_t child = dt_next_cells(&cells, na);
        uint64_t parent = dt_next_cells(&cells, pna);
        uint64_t len = dt_next_cells(&cells, ns);

        if ( *addr < child || *addr - child >= len ||
             size > len - (*addr - child) )
            continue;
        if ( parent + (*addr - child) < parent )
            return -EINVAL;
        *addr = parent + (*addr - child);
        return 0;
    }
    return -ENODEV;
}

int dt_translate(const struct dt_node *bus, uint64_t addr, uint64_t size,
                 uint64_t *out)
{
    int rc;

    for ( ; bus->parent; bus = bus->parent )
        if ( (rc = translate_one(bus, &addr, size)) )
            return rc;
    if ( addr + size < addr )
        return -EINVAL;
    *out = addr;
    return 0;
}

/* Bytes of one "reg" entry, or 0 when they are not memory addresses. */
static uint32_t reg_row(const struct dt_node *np)
{
    uint32_t na = dt_n_addr_cells(np), ns = dt_n_size_cells(np);

    return na - 1 > 1 || ns - 1 > 1 ? 0 : 4 * (na + ns);
}

unsigned int dt_nr_regs(const struct dt_node *np)
{
    const struct dt_property *reg = dt_find_property(np, "reg");
    uint32_t row = reg_row(np);

    return reg && row && np->parent ? reg->length / row : 0;
}

int dt_get_reg(const struct dt_node *np, unsigned int index, uint64_t *addr,
               uint64_t *size)
{
    const struct dt_property *reg = dt_find_property(np, "reg");
    const uint32_t *cells;
    uint32_t row = reg_row(np);
    uint64_t a, s;
    int rc;

    if ( !reg || !np->parent )
        return -ENOENT;
    if ( !row )
        return -ENODEV;
    if ( index >= reg->length / row )
        return reg->length % row ? -EINVAL : -ENOENT;

    cells = (const uint32_t *)reg->value + index * (row / 4);
    a = dt_next_cells(&cells, dt_n_addr_cells(np));
    s = dt_next_cells(&cells, dt_n_size_cells(np));
    rc = dt_translate(np->parent, a, s, &a);
    if ( rc )
        return rc;
    *addr = a;
    *size = s;
    return 0;
}

/* ---- references ---- */

/*
 * Read one reference at @cells: a phandle, then as many cells as its target
 * says. Returns the cells used, or -EINVAL. A phandle of 0 is an empty entry.
 */
static int read_reference(const uint32_t *cells, uint32_t left,
                          const char *cells_name, struct dt_phandle_args *out)
{
    uint32_t phandle = (uint32_t)dt_next_cells(&cells, 1), nr;

    out->nr_args = 0;
    out->np = NULL;
    if ( phandle == 0 )
        return 1;
    out->np = dt_find_phandle(phandle);
    if ( !out->np || dt_read_u32(out->np, cells_name, &nr) ||
         nr > ARRAY_SIZE(out->args) || nr > left - 1 )
        return -EINVAL;
    out->nr_args = nr;
    for ( uint32_t i = 0; i < nr; i++ )
        out->args[i] = (uint32_t)dt_next_cells(&cells, 1);
    return (int)nr + 1;
}

int dt_parse_phandle_args(const struct dt_node *np, const char *list,
                          const char *cells_name, unsigned int index,
                          struct dt_phandle_args *out)
{
    const struct dt_property *prop = dt_find_property(np, list);
    struct dt_phandle_args entry;
    const uint32_t *cells;
    uint32_t left;

    if ( !prop )
        return -ENOENT;
    if ( prop->length % 4 )
        return -EINVAL;
    cells = prop->value;
    for ( left = prop->length / 4; left; index-- )
    {
        int used = read_reference(cells, left, cells_name, &entry);

        if ( used < 0 )
            return used;
        if ( index == 0 )
        {
            if ( !entry.np )
                return -ENOENT;
            *out = entry;
            return 0;
        }
        cells += used;
        left -= (uint32_t)used;
    }
    return -ENOENT;
}

int dt_map_id(const struct dt_node *np, const char *map_name,
              const char *mask_name, uint32_t id, struct dt_node **target,
              uint32_t *out_id)
{
    const struct dt_property *map = dt_find_property(np, map_name);
    const uint32_t *cells;
    uint32_t mask;

    if ( !map )
        return -ENOENT;
    if ( map->length % 16 )
        return -EINVAL;
    if ( mask_name && !dt_read_u32(np, mask_name, &mask) )
        id &= mask;

    cells = map->value;
    for ( uint32_t i = 0; i < map->length / 16; i++ )
    {
        uint32_t base = (uint32_t)dt_next_cells(&cells, 1);
        uint32_t phandle = (uint32_t)dt_next_cells(&cells, 1);
        uint32_t out = (uint32_t)dt_next_cells(&cells, 1);
        uint32_t len = (uint32_t)dt_next_cells(&cells, 1);
        struct dt_node *to;

        if ( id < base || id - base >= len )
            continue;
        to = dt_find_phandle(phandle);
        if ( !to || out + (id - base) < out )
            return -EINVAL;
        *target = to;
        *out_id = out + (id - base);
        return 0;
    }
    return -ENODEV;
}

/* ---- interrupts ---- */

/* The GIC's three cells: kind, number, flags. */
static int gic_specifier(const struct dt_node *controller, const uint32_t *args,
                         unsigned int nr, unsigned int *irq,
                         enum irq_type *type)
{
    uint32_t flags;

    if ( controller != dt_gic )
        return -ENODEV;
    if ( nr < 3 )
        return -EINVAL;
    flags = args[2] & 0xf;
    if ( flags > IRQ_TYPE_LEVEL_LOW || (flags & (flags - 1)) )
        return -EINVAL;
    if ( args[0] == 0 && args[1] < IRQ_SPI_END - IRQ_SPI_FIRST )
        *irq = args[1] + IRQ_SPI_FIRST;
    else if ( args[0] == 1 && args[1] < IRQ_SPI_FIRST - IRQ_PPI_FIRST )
        *irq = args[1] + IRQ_PPI_FIRST;
    else
        return -EINVAL;
    /* Neither a falling edge (2) nor "as it is" (0) can be programmed. */
    *type = flags == 0   ? IRQ_TYPE_LEVEL_HIGH
            : flags == 2 ? IRQ_TYPE_EDGE_RISING
                         : (enum irq_type)flags;
    return 0;
}

static const struct dt_node *irq_parent(const struct dt_node *np)
{
    uint32_t phandle;

    for ( ; np; np = np->parent )
        if ( !dt_read_u32(np, "interrupt-parent", &phandle) )
            return dt_find_phandle(phandle);
    return NULL;
}

int dt_get_irq(const struct dt_node *np, unsigned int index, unsigned int *irq,
               enum irq_type *type)
{
    const struct dt_property *prop;
    const struct dt_node *parent;
    struct dt_phandle_args ext;
    uint32_t nr, args[3] = {0};
    const uint32_t *cells;

    if ( dt_find_property(np, "interrupts-extended") )
    {
        int rc = dt_parse_phandle_args(np, "interrupts-extended",
                                       "#interrupt-cells", index, &ext);

        return rc ? rc
                  : gic_specifier(ext.np, ext.args, ext.nr_args, irq, type);
    }

    prop = dt_find_property(np, "interrupts");
    if ( !prop )
        return -ENOENT;
    parent = irq_parent(np);
    if ( !parent || dt_read_u32(parent, "#interrupt-cells", &nr) ||
         nr - 1 > 15 || prop->length % (4 * nr) )
        return -EINVAL;
    if ( index >= prop->length / (4 * nr) )
        return -ENOENT;
    cells = (const uint32_t *)prop->value + index * nr;
    for ( uint32_t i = 0; i < nr && i < ARRAY_SIZE(args); i++ )
        args[i] = (uint32_t)dt_next_cells(&cells, 1);
    return gic_specifier(parent, args, nr, irq, type);
}

int dt_irq_index(const struct dt_node *np, const char *irq_name)
{
    const struct dt_property *prop = dt_find_property(np, "interrupt-names");

    return prop ? string_index(prop, irq_name) : -ENOENT;
}

/* Row @index of an "interrupt-map"; @child: its first cells, up to four. */
static int map_row(const struct dt_node *np, unsigned int index,
                   uint32_t child[4], unsigned int *irq, enum irq_type *type)
{
    const struct dt_property *map = dt_find_property(np, "interrupt-map");
    uint32_t nr_child =
        cells_of(np, "#address-cells", 2) + cells_of(np, "#interrupt-cells", 1);
    const uint32_t *cells;
    uint32_t left;

    if ( !map )
        return -ENOENT;
    if ( map->length % 4 || nr_child > 16 )
        return -EINVAL;
    cells = map->value;
    left = map->length / 4;

    /* Rows differ in length: each parent has its own cell counts. */
    for ( ; left; index-- )
    {
        uint32_t args[3] = {0}, skip, nr;
        const struct dt_node *parent;

        if ( left <= nr_child )
            return -EINVAL;
        for ( uint32_t i = 0; i < nr_child; i++ )
        {
            uint32_t cell = (uint32_t)dt_next_cells(&cells, 1);

            if ( i < 4 )
                child[i] = cell;
        }
        left -= nr_child + 1;
        parent = dt_find_phandle((uint32_t)dt_next_cells(&cells, 1));
        if ( !parent || dt_read_u32(parent, "#interrupt-cells", &nr) )
            return -EINVAL;
        skip = cells_of(parent, "#address-cells", 0);
        if ( skip > 16 || nr > 16 || skip + nr > left )
            return -EINVAL;
        cells += skip;
        left -= skip + nr;
        for ( uint32_t i = 0; i < nr; i++ )
        {
            uint32_t cell = (uint32_t)dt_next_cells(&cells, 1);

            if ( i < ARRAY_SIZE(args) )
                args[i] = cell;
        }
        if ( index == 0 )
            return gic_specifier(parent, args, nr, irq, type);
    }
    return -ENOENT;
}

int dt_get_map_irq(const struct dt_node *np, unsigned int index,
                   unsigned int *irq, enum irq_type *type)
{
    uint32_t child[4];

    return map_row(np, index, child, irq, type);
}

int dt_map_irq(const struct dt_node *np, const uint32_t unit[4],
               unsigned int *irq, enum irq_type *type)
{
    uint32_t mask[4] = {~0U, ~0U, ~0U, ~0U}, child[4] = {0};

    for ( unsigned int i = 0; i < 4; i++ )
        (void)!dt_read_u32_index(np, "interrupt-map-mask", i, &mask[i]);
    for ( unsigned int index = 0;; index++ )
    {
        int rc = map_row(np, index, child, irq, type);
        bool match = true;

        if ( rc && rc != -ENODEV )
            return rc;
        for ( unsigned int i = 0; i < 4; i++ )
            match &= !((child[i] ^ unit[i]) & mask[i]);
        if ( match )
            return rc;
    }
}

/* ---- drivers ---- */

static const struct dt_driver *find_driver(const struct dt_node *np,
                                           enum dt_driver_class class,
                                           const void **data)
{
    const struct dt_driver *drv;
    const struct dt_match *match;

    for ( drv = __dtdrivers_start; drv < __dtdrivers_end; drv++ )
    {
        if ( drv->class != class )
            continue;
        for ( match = drv->match; match->compatible; match++ )
            if ( dt_is_compatible(np, match->compatible) )
            {
                *data = match->data;
                return drv;
            }
    }
    return NULL;
}

int dt_probe_node(struct dt_node *np, enum dt_driver_class class)
{
    const struct dt_driver *drv;
    const void *data;
    int rc;

    if ( np->driver )
        return np->driver->class == class ? 0 : -EBUSY;
    drv = find_driver(np, class, &data);
    if ( !drv || !dt_is_available(np) )
        return -ENODEV;
    rc = drv->probe(np, data);
    if ( !rc )
        np->driver = drv;
    else if ( rc != -EAGAIN )
        printk(XENLOG_ERR "%s: %s refused (%d)\n", np->full_name, drv->name,
               rc);
    return rc;
}

unsigned int dt_probe_class(enum dt_driver_class class)
{
    unsigned int bound = 0, before, waiting;
    bool first = true;
    struct dt_node *np;

    /* A refused node is not tried again: only those that asked for it. */
    do
    {
        before = bound;
        waiting = 0;
        dt_for_each_node (np)
        {
            int rc;

            if ( np->driver || (!first && !np->probe_again) )
                continue;
            rc = dt_probe_node(np, class);
            np->probe_again = rc == -EAGAIN;
            bound += rc == 0;
            waiting += rc == -EAGAIN;
        }
        first = false;
    } while ( waiting && bound != before );

    if ( waiting )
        dt_for_each_node (np)
            if ( np->probe_again )
            {
                np->probe_again = false;
                printk(XENLOG_ERR "%s: what it depends on never came up\n",
                       np->full_name);
            }
    return bound;
}
