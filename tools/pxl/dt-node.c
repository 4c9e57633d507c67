/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dt-node.c - see dt-node.h. libfdt reads the host's tree. */
#include "dt-node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libfdt.h>

#include "dt-known.h"
#include "guest-tree.h"
#include "pxl.h"

#define SPI_FIRST   32U
#define DT_MAX_IRQS 64U

/* ---- what dtdev = [...] says ---- */

int dt_spec_parse(const char *text, struct dt_spec *spec, char **why)
{
    size_t len = strcspn(text, ",");
    const char *p = text + len;

    if ( text[0] != '/' || len < 2 )
    {
        *why = xasprintf("\"%s\" is no path of the device tree (/...)", text);
        return -1;
    }
    while ( *p )
    {
        size_t n = strcspn(++p, ",");
        const char *eq = memchr(p, '=', n);
        char *end;

        if ( strncmp(p, "clock:", 6) != 0 || !eq || eq == p + 6 ||
             strtoull(eq + 1, &end, 0) == 0 || end != p + n )
        {
            *why = xasprintf("\"%.*s\": options are clock:NAME=HZ", (int)n, p);
            return -1;
        }
        p += n;
    }
    spec->path = xasprintf("%.*s", (int)len, text);
    spec->options = xstrdup(text + len);
    return 0;
}

void dt_spec_free(struct dt_spec *spec)
{
    free(spec->path);
    free(spec->options);
}

static uint64_t rate_option(const struct dt_spec *spec, const char *name)
{
    const char *p = spec->options;
    size_t len = strlen(name);

    for ( ; (p = strchr(p, ',')) != NULL; p++ )
        if ( strncmp(p + 1, "clock:", 6) == 0 &&
             strncmp(p + 7, name, len) == 0 && p[7 + len] == '=' )
            return strtoull(p + 8 + len, NULL, 0);
    return 0;
}

/* ---- reading ---- */

static uint32_t u32_of(const void *fdt, int node, const char *name,
                       uint32_t fallback)
{
    int len;
    const void *p = fdt_getprop(fdt, node, name, &len);

    return p && len == 4 ? fdt32_ld(p) : fallback;
}

static uint64_t cells(const uint8_t *p, unsigned int nr)
{
    uint64_t n = 0;

    for ( unsigned int i = 0; i < nr; i++ )
        n = n << 32 | fdt32_ld((const void *)(p + i * 4));
    return n;
}

struct bus {
    unsigned int na, ns;
};

/* As the children of @node write addresses. */
static struct bus bus_of(const void *fdt, int node)
{
    return (struct bus){u32_of(fdt, node, "#address-cells", 2),
                        u32_of(fdt, node, "#size-cells", 1)};
}

/* From the bus of @bus's children to the machine; false: not reachable. */
static bool translate(const void *fdt, int bus, uint64_t *addr, uint64_t size)
{
    while ( fdt_parent_offset(fdt, bus) >= 0 )
    {
        int up = fdt_parent_offset(fdt, bus), len;
        const uint8_t *p = fdt_getprop(fdt, bus, "ranges", &len);
        struct bus b = bus_of(fdt, bus), u = bus_of(fdt, up);
        size_t row = 4 * (b.na + u.na + b.ns);
        bool found = p && len == 0;

        if ( !p || b.na > 2 || u.na > 2 || b.ns > 2 )
            return false;
        for ( ; !found && (size_t)len >= row && row; len -= (int)row, p += row )
        {
            uint64_t from = cells(p, b.na), to = cells(p + 4 * b.na, u.na);
            uint64_t room = cells(p + 4 * (b.na + u.na), b.ns);

            if ( *addr < from || size > room || *addr - from > room - size )
                continue;
            *addr = *addr - from + to;
            found = true;
        }
        if ( !found )
            return false;
        bus = up;
    }
    return true;
}

/* False: past the last, or nothing of the machine's memory. */
static bool get_reg(const void *fdt, int node, unsigned int i, struct range *r)
{
    int bus = fdt_parent_offset(fdt, node), len;
    const uint8_t *p = fdt_getprop(fdt, node, "reg", &len);
    struct bus b = {0, 0};

    if ( bus >= 0 )
        b = bus_of(fdt, bus);
    if ( !p || !b.na || b.na > 2 || !b.ns || b.ns > 2 ||
         (size_t)len < (i + 1) * 4 * (b.na + b.ns) )
        return false;
    p += i * 4 * (b.na + b.ns);
    r->start = cells(p, b.na);
    r->size = cells(p + 4 * b.na, b.ns);
    return r->size && translate(fdt, bus, &r->start, r->size);
}

static bool is_gic(const void *fdt, int node)
{
    return node >= 0 && u32_of(fdt, node, "#interrupt-cells", 0) == 3 &&
           fdt_getprop(fdt, node, "interrupt-controller", NULL);
}

/* The controller of "interrupts"; below 0: none. */
static int irq_parent(const void *fdt, int node)
{
    for ( ; node >= 0; node = fdt_parent_offset(fdt, node) )
    {
        uint32_t phandle = u32_of(fdt, node, "interrupt-parent", 0);

        if ( phandle )
            return fdt_node_offset_by_phandle(fdt, phandle);
    }
    return -1;
}

/* The three cells of interrupt @i of the GIC; NULL: past the last. *@other:
 * its interrupts are another controller's. */
static const uint8_t *get_irq(const void *fdt, int node, unsigned int i,
                              bool *other)
{
    int len;
    const uint8_t *p = fdt_getprop(fdt, node, "interrupts-extended", &len);

    *other = false;
    if ( p )
    {
        p += i * 16;
        if ( (size_t)len < (i + 1) * 16 )
            return NULL;
        *other = !is_gic(
            fdt, fdt_node_offset_by_phandle(fdt, (uint32_t)cells(p, 1)));
        return *other ? NULL : p + 4;
    }
    p = fdt_getprop(fdt, node, "interrupts", &len);
    if ( !p || (size_t)len < (i + 1) * 12 )
        return NULL;
    *other = !is_gic(fdt, irq_parent(fdt, node));
    return *other ? NULL : p + i * 12;
}

/* INTID, or 0 for what is no SPI. */
static unsigned int intid(const uint8_t *irq)
{
    return cells(irq, 1) == 0 ? SPI_FIRST + (unsigned int)cells(irq + 4, 1) : 0;
}

int dt_read(const void *host, const char *path, struct dt_device *dev,
            char **why)
{
    int node = fdt_path_offset(host, path);
    const uint8_t *irq;
    bool other;

    *dev = (struct dt_device){.nr_regs = 0};
    if ( node < 0 )
    {
        *why = xstrdup("dom0's device tree has no such node");
        return -1;
    }
    while ( dev->nr_regs < DT_MAX_RANGES &&
            get_reg(host, node, dev->nr_regs, &dev->reg[dev->nr_regs]) )
        dev->nr_regs++;
    for ( unsigned int i = 0; (irq = get_irq(host, node, i, &other)); i++ )
        if ( intid(irq) > dev->last_irq )
            dev->last_irq = intid(irq);
    if ( dev->nr_regs )
        return 0;
    *why = xstrdup("it has no registers");
    return -1;
}

static bool same_page(const struct range *a, const struct range *b)
{
    return a->start / GUEST_PAGE <= (b->start + b->size - 1) / GUEST_PAGE &&
           b->start / GUEST_PAGE <= (a->start + a->size - 1) / GUEST_PAGE;
}

/* What a node has, so that the other nodes are compared with it quickly: to
 * find a parent, or a controller, libfdt reads half the tree. */
struct irqs {
    unsigned int id[DT_MAX_IRQS], nr;
};

static void get_irqs(const void *fdt, int node, struct irqs *irqs)
{
    const uint8_t *irq;
    bool other;

    irqs->nr = 0;
    for ( unsigned int i = 0;
          irqs->nr < DT_MAX_IRQS && (irq = get_irq(fdt, node, i, &other)); i++ )
        if ( intid(irq) )
            irqs->id[irqs->nr++] = intid(irq);
}

/* Could interrupt @i be one of those, if it is the GIC's? False in *@is_there:
 * past the last. */
static bool may_be_irq(const void *fdt, int node, unsigned int i,
                       const struct irqs *irqs, bool *is_there)
{
    int len;
    const uint8_t *p = fdt_getprop(fdt, node, "interrupts-extended", &len);
    size_t row = p ? 16 : 12, skip = p ? 4 : 0;

    if ( !p )
        p = fdt_getprop(fdt, node, "interrupts", &len);
    *is_there = p && (size_t)len >= (i + 1) * row;
    for ( unsigned int k = 0; *is_there && k < irqs->nr; k++ )
        if ( intid(p + i * row + skip) == irqs->id[k] )
            return true;
    return false;
}

static bool has_irq(const void *fdt, int node, const struct irqs *irqs)
{
    bool is_there = true, other;

    for ( unsigned int i = 0; is_there; i++ )
        if ( may_be_irq(fdt, node, i, irqs, &is_there) &&
             get_irq(fdt, node, i, &other) )
            return true;
    return false;
}

static bool shares(const void *fdt, int node, const struct dt_device *dev,
                   const struct irqs *irqs)
{
    const char *status = fdt_getprop(fdt, node, "status", NULL);
    bool off = status && status[0] != 'o';
    struct range r;

    for ( unsigned int i = 0; get_reg(fdt, node, i, &r); i++ )
        for ( unsigned int k = 0; k < dev->nr_regs; k++ )
            if ( same_page(&r, &dev->reg[k]) )
                return true;
    return !off && has_irq(fdt, node, irqs);
}

char *dt_sharer(const void *host, const char *path, const struct dt_device *dev)
{
    int self = fdt_path_offset(host, path);
    size_t len = strlen(path);
    struct irqs irqs;

    get_irqs(host, self, &irqs);
    for ( int n = fdt_next_node(host, 0, NULL); n >= 0;
          n = fdt_next_node(host, n, NULL) )
    {
        char name[1024];

        if ( n == self || !shares(host, n, dev, &irqs) ||
             fdt_get_path(host, n, name, sizeof(name)) ||
             (strncmp(name, path, len) == 0 && name[len] == '/') )
            continue;
        return xstrdup(name);
    }
    return NULL;
}

/* ---- writing ---- */

struct out {
    void *fdt;
    int rc; /* the first error stays */
    const struct dt_source *src;
    const struct dt_spec *spec; /* of the node that is written */
    uint32_t next_phandle;
    bool dry; /* the stubs come before the nodes that use them */
};

static void put(struct out *o, const char *name, const void *data, int len)
{
    if ( !o->rc )
        o->rc = fdt_property(o->fdt, name, data, len);
}

static void put_u32(struct out *o, const char *name, uint32_t value)
{
    uint8_t cell[4];

    fdt32_st(cell, value);
    put(o, name, cell, 4);
}

static void begin(struct out *o, const char *name)
{
    if ( !o->rc )
        o->rc = fdt_begin_node(o->fdt, name);
}

static void end(struct out *o)
{
    if ( !o->rc )
        o->rc = fdt_end_node(o->fdt);
}

static void tell(struct out *o, const char *property, uint32_t phandle)
{
    const void *host = o->src->host;
    int node = fdt_node_offset_by_phandle(host, phandle);
    char target[1024];

    if ( !o->dry )
        return;
    if ( node < 0 || fdt_get_path(host, node, target, sizeof(target)) )
        snprintf(target, sizeof(target), "?");
    o->src->unmet(o->spec->path, property, target);
}

/* Is it one of the devices, whose node the guest gets? */
static bool is_given(const struct out *o, uint32_t phandle)
{
    const void *host = o->src->host;
    int node = fdt_node_offset_by_phandle(host, phandle);

    for ( size_t i = 0; node >= 0 && i < o->src->nr; i++ )
        if ( fdt_path_offset(host, o->src->spec[i].path) == node )
            return true;
    return false;
}

/* String @i of a list; NULL: none. */
static const char *string_at(const void *fdt, int node, const char *name, int i)
{
    return fdt_stringlist_get(fdt, node, name, i, NULL);
}

/* Rate of clock @i of a node, output @arg of its provider; 0: not known. */
static uint64_t clock_rate(struct out *o, int node, int i, int provider,
                           uint32_t arg)
{
    const void *host = o->src->host;
    const char *name = string_at(host, node, "clock-names", i);
    uint64_t rate = name ? rate_option(o->spec, name) : 0;
    char path[1024];

    if ( !rate && provider >= 0 &&
         fdt_node_check_compatible(host, provider, "fixed-clock") == 0 )
        rate = u32_of(host, provider, "clock-frequency", 0);
    if ( !rate && provider >= 0 && o->src->rate &&
         !fdt_get_path(host, provider, path, sizeof(path)) )
    {
        const char *output =
            string_at(host, provider, "clock-output-names", (int)arg);

        output = output ? output : dt_clock_name(host, node, i);
        rate = o->src->rate(path, output ? output : "");
    }
    return rate > UINT32_MAX ? 0 : rate;
}

static void stub_clock(struct out *o, uint32_t phandle, uint64_t rate)
{
    char name[32];

    snprintf(name, sizeof(name), "clock-%u", phandle - DT_FIRST_PHANDLE);
    begin(o, name);
    put(o, "compatible", "fixed-clock", 12);
    put_u32(o, "#clock-cells", 0);
    put_u32(o, "clock-frequency", (uint32_t)rate);
    put_u32(o, "phandle", phandle);
    end(o);
}

#define MAX_CLOCKS 16

/* All of a node's clocks, or none: they are known by their place. */
static void put_clocks(struct out *o, int node)
{
    const void *host = o->src->host;
    uint64_t rate[MAX_CLOCKS];
    uint8_t list[MAX_CLOCKS * 4];
    int len, nr = 0, names;
    const uint8_t *p = fdt_getprop(host, node, "clocks", &len);
    const uint8_t *names_at;
    bool known = true;

    for ( ; p && len >= 4 && nr < MAX_CLOCKS; nr++ )
    {
        uint32_t phandle = (uint32_t)cells(p, 1);
        int provider = fdt_node_offset_by_phandle(host, phandle);
        uint32_t n =
            provider < 0 ? 0 : u32_of(host, provider, "#clock-cells", 0);

        if ( n > 3 || (uint32_t)len < 4 + n * 4 )
            return;
        rate[nr] = clock_rate(o, node, nr, provider,
                              n ? (uint32_t)cells(p + 4 * n, 1) : 0);
        if ( !rate[nr] )
        {
            tell(o, "clocks", phandle);
            known = false;
        }
        p += 4 + n * 4;
        len -= (int)(4 + n * 4);
    }
    if ( !nr || !known )
        return;
    for ( int i = 0; i < nr; i++ )
    {
        if ( o->dry )
            stub_clock(o, o->next_phandle, rate[i]);
        fdt32_st(list + i * 4, o->next_phandle++);
    }
    if ( o->dry )
        return;
    put(o, "clocks", list, nr * 4);
    names_at = fdt_getprop(host, node, "clock-names", &names);
    if ( names_at )
        put(o, "clock-names", names_at, names);
}

static void stub_regulator(struct out *o, int supply, uint32_t uv)
{
    const char *label =
        fdt_getprop(o->src->host, supply, "regulator-name", NULL);
    char name[32];

    snprintf(name, sizeof(name), "regulator-%u",
             o->next_phandle - DT_FIRST_PHANDLE);
    begin(o, name);
    put(o, "compatible", "regulator-fixed", 16);
    label = label ? label : name;
    put(o, "regulator-name", label, (int)strlen(label) + 1);
    put_u32(o, "regulator-min-microvolt", uv);
    put_u32(o, "regulator-max-microvolt", uv);
    put(o, "regulator-always-on", NULL, 0);
    put_u32(o, "phandle", o->next_phandle);
    end(o);
}

/* The one voltage that it has, or 0. */
static uint32_t voltage(const void *fdt, int supply)
{
    uint32_t low, high;

    if ( supply < 0 )
        return 0;
    low = u32_of(fdt, supply, "regulator-min-microvolt", 0);
    high = u32_of(fdt, supply, "regulator-max-microvolt", 0);
    return low == high ? low : 0;
}

static void put_supply(struct out *o, const char *name, const uint8_t *p)
{
    uint32_t phandle = (uint32_t)cells(p, 1);
    int supply = fdt_node_offset_by_phandle(o->src->host, phandle);
    uint32_t low = voltage(o->src->host, supply);

    if ( !low )
    {
        tell(o, name, phandle);
        return;
    }
    if ( o->dry )
        stub_regulator(o, supply, low);
    else
        put_u32(o, name, o->next_phandle);
    o->next_phandle++;
}

static bool ends_with(const char *s, const char *tail)
{
    size_t n = strlen(s), t = strlen(tail);

    return n >= t && strcmp(s + n - t, tail) == 0;
}

static bool is_one_of(const char *name, const char *const *list, size_t nr)
{
    for ( size_t i = 0; i < nr; i++ )
        if ( strcmp(name, list[i]) == 0 )
            return true;
    return false;
}

/* Written by us, or dom0's business. */
static bool is_silent(const char *name)
{
    static const char *const names[] = {
        "reg",
        "interrupts",
        "interrupts-extended",
        "clocks",
        "clock-names",
        "interrupt-parent",
        "power-domains",
        "status",
        "iommus",
        "linux,phandle",
        "xen,passthrough",
        "power-domain-names",
        "iommu-map",
        "assigned-clocks",
        "assigned-clock-rates",
        "xen,path",
        "xen,reg",
        "assigned-clock-parents",
        "reset-names",
        "dma-names",
        "phy-names",
        "ranges",
        "xen,force-assign-without-iommu",
    };

    return is_one_of(name, names, sizeof(names) / sizeof(names[0])) ||
           strncmp(name, "pinctrl-", 8) == 0;
}

/* A phandle in its first cell leads to something else of the host. */
static bool is_reference(const char *name)
{
    static const char *const names[] = {
        "resets",
        "dmas",
        "phys",
        "phy-handle",
        "mmc-pwrseq",
        "gpios",
        "nvmem-cells",
        "memory-region",
        "interconnects",
        "io-channels",
        "pwms",
        "remote-endpoint",
        "thermal-zones",
        "cooling-device",
        "mboxes",
        "msi-parent",
        "extcon",
        "syscon",
        "operating-points-v2",
    };

    return is_one_of(name, names, sizeof(names) / sizeof(names[0])) ||
           ends_with(name, "-gpios") || ends_with(name, "-gpio");
}

static void put_property(struct out *o, const char *name, const uint8_t *p,
                         int len)
{
    if ( is_silent(name) )
        return;
    if ( ends_with(name, "-supply") && len == 4 )
        put_supply(o, name, p);
    else if ( is_reference(name) && len >= 4 &&
              !is_given(o, (uint32_t)cells(p, 1)) )
        tell(o, name, (uint32_t)cells(p, 1));
    else if ( !o->dry )
        put(o, name, p, len);
}

static void put_regs(struct out *o, int node)
{
    uint8_t list[DT_MAX_RANGES * 16];
    struct range r;
    unsigned int nr = 0;

    for ( ; nr < DT_MAX_RANGES && get_reg(o->src->host, node, nr, &r); nr++ )
    {
        fdt64_st(list + nr * 16, r.start);
        fdt64_st(list + nr * 16 + 8, r.size);
    }
    if ( nr )
        put(o, "reg", list, (int)(nr * 16));
}

static void put_irqs(struct out *o, int node)
{
    uint8_t list[64 * 12];
    const uint8_t *irq;
    bool other = false;
    unsigned int nr = 0;

    for ( ; nr < 64 && (irq = get_irq(o->src->host, node, nr, &other)); nr++ )
        memcpy(list + nr * 12, irq, 12);
    if ( other )
    {
        o->src->unmet(o->spec->path, "interrupts", "another controller");
        return;
    }
    if ( nr )
        put(o, "interrupts", list, (int)(nr * 12));
}

/* Nobody switches the voltage of a card's lines for the guest. */
static bool has_one_voltage(const void *fdt, int node)
{
    uint32_t supply = u32_of(fdt, node, "vqmmc-supply", 0);

    return supply && !voltage(fdt, fdt_node_offset_by_phandle(fdt, supply));
}

/* Nor tells it whether there is a card: it is taken to be. */
static void put_card_detect(struct out *o, int node)
{
    const void *host = o->src->host;
    int len;
    const uint8_t *p = fdt_getprop(host, node, "cd-gpios", &len);

    if ( !o->dry && p && len >= 4 && !is_given(o, (uint32_t)cells(p, 1)) &&
         !fdt_getprop(host, node, "non-removable", NULL) )
        put(o, "non-removable", NULL, 0);
}

static void put_properties(struct out *o, int node)
{
    bool slow = has_one_voltage(o->src->host, node);
    int at;

    fdt_for_each_property_offset(at, o->src->host, node)
    {
        const char *name;
        int len;
        const void *p = fdt_getprop_by_offset(o->src->host, at, &name, &len);

        if ( p && !(slow && dt_is_card_speed(name)) )
            put_property(o, name, p, len);
    }
    put_card_detect(o, node);
    put_clocks(o, node);
}

static void put_device(struct out *o)
{
    int node = fdt_path_offset(o->src->host, o->spec->path), child;

    if ( node < 0 )
    {
        o->rc = node;
        return;
    }
    if ( !o->dry )
    {
        begin(o, fdt_get_name(o->src->host, node, NULL));
        put_regs(o, node);
        put_irqs(o, node);
    }
    put_properties(o, node);
    fdt_for_each_subnode (child, o->src->host, node)
        if ( o->dry )
            o->src->unmet(o->spec->path, "the node below it",
                          fdt_get_name(o->src->host, child, NULL));
    if ( !o->dry )
        end(o);
}

static void put_devices(struct out *o)
{
    o->next_phandle = DT_FIRST_PHANDLE;
    for ( size_t i = 0; i < o->src->nr; i++ )
    {
        o->spec = &o->src->spec[i];
        put_device(o);
    }
}

/* ---- a tree written by hand ---- */

static void copy_node(struct out *o, const void *from, int node)
{
    int at, child;

    fdt_for_each_property_offset(at, from, node)
    {
        const char *name;
        int len;
        const void *p = fdt_getprop_by_offset(from, at, &name, &len);

        /* instructions to a toolstack */
        if ( p && strncmp(name, "xen,", 4) != 0 )
            put(o, name, p, len);
    }
    fdt_for_each_subnode (child, from, node)
    {
        begin(o, fdt_get_name(from, child, NULL));
        copy_node(o, from, child);
        end(o);
    }
}

int dt_write(void *fdt, const struct dt_source *src)
{
    struct out o = {.fdt = fdt, .src = src};

    if ( src->partial )
    {
        int node = fdt_path_offset(src->partial, "/passthrough");

        if ( node < 0 )
            return node;
        begin(&o, "passthrough");
        copy_node(&o, src->partial, node);
        end(&o);
        return o.rc;
    }
    begin(&o, "passthrough");
    put(&o, "compatible", "simple-bus", 11);
    put_u32(&o, "#address-cells", 2);
    put_u32(&o, "#size-cells", 2);
    put(&o, "ranges", NULL, 0);
    put_u32(&o, "interrupt-parent", FDT_PHANDLE_GIC);
    o.dry = true;
    put_devices(&o);
    o.dry = false;
    put_devices(&o);
    end(&o);
    return o.rc;
}
