/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ipmmu-rig.c - see ipmmu-rig.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* xen/lib.h has its own, of another type. */
#define strtoull host_strtoull
#include <stdlib.h>
#undef strtoull

#include <cmocka.h>

#include "ipmmu-rig.h"

#include <xen/barrier.h>
#include <xen/bits.h>
#include <xen/cache.h>
#include <xen/console.h>
#include <xen/device-tree.h>
#include <xen/io.h>
#include <xen/irq.h>
#include <xen/mm.h>

#define MMIO_BASE UINT64_C(0xe6000000)
#define MMIO_STEP UINT64_C(0x100000)
#define MMIO_VIRT UINT64_C(0x200000000000)
#define IRQ       228U

struct rig rig;

static uint8_t *ram; /* RIG_PAGES pages */
static struct page_info frames[RIG_PAGES];
static uint8_t in_use[RIG_PAGES]; /* order + 1 at the first page */
static unsigned int nr_free;
static struct dt_node nodes[RIG_UNITS];
static irq_handler_t handler;

static uint64_t pa_of(const void *va)
{
    return (uint64_t)((const uint8_t *)va - ram) + RIG_RAM;
}

/* ---- console ---- */

void printk(const char *fmt, ...)
{
    char line[256];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    if ( getenv("VERBOSE") )
        fputs(line[0] == '\001' ? line + 2 : line, stderr);
    rig.nr_lines++;
    if ( rig.find && strstr(line, rig.find) )
        memcpy(rig.found, line, sizeof(line));
}

void rig_expect_line(const char *text)
{
    free(rig.find);
    rig.find = strdup(text);
    rig.found[0] = '\0';
}

/* ---- memory ---- */

static uint64_t *find_pages(unsigned int order)
{
    unsigned int nr = 1U << order;

    if ( rig.fail_alloc && !--rig.fail_alloc )
        return NULL;

    for ( unsigned int i = 0; i + nr <= RIG_PAGES; i += nr )
    {
        bool taken = false;

        for ( unsigned int j = i; j < i + nr && !taken; j++ )
            taken = in_use[j];
        if ( taken )
            continue;
        memset(&in_use[i], 0xff, nr);
        in_use[i] = (uint8_t)(order + 1);
        nr_free -= nr;
        memset(&frames[i], 0, sizeof(frames[i]));
        return memset(ram + i * PAGE_SIZE, 0, nr * PAGE_SIZE);
    }
    return NULL;
}

/* Domains have no pool here: test-p2m-iommu has. */
void *paging_alloc(struct domain *d, unsigned int order)
{
    (void)d;
    return alloc_xen_pages(order);
}

void paging_free(struct domain *d, void *table, unsigned int order)
{
    (void)d;
    free_xen_pages(table, order);
}

void *alloc_xen_pages(unsigned int order)
{
    return find_pages(order);
}

void free_xen_pages(void *va, unsigned int order)
{
    size_t first = (size_t)((uint8_t *)va - ram) / PAGE_SIZE;

    assert_int_equal(in_use[first], order + 1);
    ipmmu_model_freed(rig.model, pa_of(va), PAGE_SIZE << order);
    memset(&in_use[first], 0, 1U << order);
    memset(va, 0xa5, PAGE_SIZE << order);
    nr_free += 1U << order;
}

void *xzalloc_bytes(size_t size, size_t align)
{
    (void)align;
    return find_pages(order_from_bytes(size));
}

void xfree(void *p)
{
    if ( p )
        free_xen_pages(p, in_use[((uint8_t *)p - ram) / (long)PAGE_SIZE] - 1U);
}

unsigned int rig_free_pages(void)
{
    return nr_free;
}

maddr_t virt_to_maddr(const void *va)
{
    return _maddr(pa_of(va));
}

void *maddr_to_virt(maddr_t ma)
{
    return ram + (maddr_x(ma) - RIG_RAM);
}

mfn_t virt_to_mfn(const void *va)
{
    return mfn_from_maddr(virt_to_maddr(va));
}

struct page_info *mfn_to_page(mfn_t mfn)
{
    return &frames[mfn_x(mfn) - (RIG_RAM >> PAGE_SHIFT)];
}

static void *model_mem(void *ctx, uint64_t pa, size_t size)
{
    (void)ctx;
    if ( pa < RIG_RAM || pa + size > RIG_RAM + RIG_PAGES * PAGE_SIZE )
        return NULL;
    return ram + (pa - RIG_RAM);
}

void cache_clean(const void *va, size_t size)
{
    ipmmu_model_clean(rig.model, pa_of(va), size);
}

void host_barrier(void)
{
}

/* ---- registers ---- */

void *ioremap(maddr_t ma, size_t size)
{
    assert_true(size == (rig.cfg.model.gen4 ? 0x20000 : 0x1000));
    return (void *)(uintptr_t)(MMIO_VIRT + maddr_x(ma));
}

static unsigned int unit_at(const volatile void *addr, uint32_t *offset)
{
    uint64_t at = (uintptr_t)addr - MMIO_VIRT - MMIO_BASE;

    assert_true(at / MMIO_STEP <= rig.cfg.model.nr_leaves);
    *offset = (uint32_t)(at % MMIO_STEP);
    return (unsigned int)(at / MMIO_STEP);
}

uint64_t host_mmio_read(const volatile void *addr, unsigned int size)
{
    uint32_t offset;
    unsigned int unit = unit_at(addr, &offset);

    return ipmmu_model_read(rig.model, unit, offset, size);
}

void host_mmio_write(volatile void *addr, unsigned int size, uint64_t value)
{
    uint32_t offset;
    unsigned int unit = unit_at(addr, &offset);

    ipmmu_model_write(rig.model, unit, offset, size, (uint32_t)value);
}

/* ---- the tree ---- */

/* The drivers' section begins with this file, which is linked first. */
__asm__(".section .dtdrivers, \"aw\"\n.balign 8\nrig_drivers:\n.previous\n");
extern const struct dt_driver rig_drivers[];

/* So do the options. */
__asm__(".section .cmdline, \"aw\"\n.balign 8\nrig_options:\n.previous\n");
extern const struct cmdline_option rig_options[];

int rig_option(const char *name, const char *value)
{
    for ( unsigned int i = 0; i < 2; i++ )
    {
        if ( !strcmp(rig_options[i].name, name) )
            return rig_options[i].parse(value);
    }
    fail();
    return -1;
}

static unsigned int unit_of(const struct dt_node *np)
{
    return (unsigned int)(np - nodes);
}

static const void *match_data(void)
{
    const char *name = rig.cfg.model.gen4 ? "renesas,rcar-gen4-ipmmu-vmsa"
                                          : "renesas,ipmmu-r8a7795";
    const struct dt_match *m = rig_drivers[0].match;

    while ( strcmp(m->compatible, name) != 0 )
        m++;
    return m->data;
}

/* As the real one: those that say -EAGAIN again while others bind. */
unsigned int dt_probe_class(enum dt_driver_class class)
{
    unsigned int nr = rig.cfg.model.nr_leaves + 1, bound = 0, before;
    bool done[RIG_UNITS] = {false};

    assert_int_equal(class, rig_drivers[0].class);
    done[0] = rig.cfg.no_root;
    do
    {
        before = bound;
        for ( unsigned int i = 0; i < nr; i++ )
        {
            unsigned int unit = rig.cfg.root_last ? nr - 1 - i : i;
            int rc;

            if ( done[unit] || !dt_is_available(&nodes[unit]) )
                continue;
            rc = rig_drivers[0].probe(&nodes[unit], match_data());
            done[unit] = rc != -EAGAIN;
            bound += !rc;
        }
    } while ( bound != before );

    rig.root = iommu_unit_of(&nodes[0]);
    for ( unsigned int i = 1; i < nr; i++ )
        rig.leaf[i] = iommu_unit_of(&nodes[i]);
    return bound;
}

const struct dt_property *dt_find_property(const struct dt_node *np,
                                           const char *name)
{
    static const struct dt_property main_property;

    assert_string_equal(name, "renesas,ipmmu-main");
    return unit_of(np) ? &main_property : NULL;
}

int dt_read_u32_index(const struct dt_node *np, const char *name,
                      unsigned int index, uint32_t *out)
{
    assert_string_equal(name, "renesas,ipmmu-main");
    assert_int_equal(index, 0);
    if ( !unit_of(np) )
        return -ENOENT;
    *out = nodes[0].phandle;
    return 0;
}

bool dt_is_available(const struct dt_node *np)
{
    return !(rig.cfg.disabled >> unit_of(np) & 1);
}

int dt_get_reg(const struct dt_node *np, unsigned int index, uint64_t *addr,
               uint64_t *size)
{
    assert_int_equal(index, 0);
    *addr = MMIO_BASE + unit_of(np) * MMIO_STEP;
    *size = rig.cfg.model.gen4 ? 0x20000 : 0x1000;
    return 0;
}

/* ---- the interrupt, a level ---- */

int dt_get_irq(const struct dt_node *np, unsigned int index, unsigned int *irq,
               enum irq_type *type)
{
    assert_int_equal(unit_of(np), 0);
    assert_int_equal(index, 0);
    *irq = IRQ;
    *type = IRQ_TYPE_LEVEL_HIGH;
    return 0;
}

int irq_request(unsigned int irq, enum irq_type type, irq_handler_t fn,
                void *dev, const char *name)
{
    (void)dev, (void)name;
    assert_int_equal(irq, IRQ);
    assert_int_equal(type, IRQ_TYPE_LEVEL_HIGH);
    handler = fn;
    return 0;
}

/* A handler that leaves the level as it is would be called for ever. */
static void deliver(void)
{
    for ( unsigned int i = 0; rig.level && !rig.muted && handler; i++ )
    {
        assert_true(i < 3);
        assert_true(++rig.nr_interrupts < 100000);
        handler(IRQ, NULL);
    }
}

void irq_mute(unsigned int irq)
{
    assert_int_equal(irq, IRQ);
    rig.muted = true;
}

void irq_unmute(unsigned int irq)
{
    assert_int_equal(irq, IRQ);
    rig.muted = false;
    deliver();
}

static void model_irq(void *ctx, bool level)
{
    (void)ctx;
    rig.level = level;
    deliver();
}

/* ---- product and power ---- */

struct rcar_prr rcar_prr(void)
{
    return rig.cfg.prr;
}

const char *rcar_prr_text(char buf[32])
{
    return strcpy(buf, "model");
}

int rcar_power_of(const struct dt_node *np, struct rcar_power *power)
{
    static char any;

    *power = (struct rcar_power){0};
    if ( rig.cfg.switched >> unit_of(np) & 1 )
        *power = (struct rcar_power){(const struct rcar_sysc *)(void *)&any,
                                     unit_of(np)};
    return 0;
}

bool rcar_power_is_on(const struct rcar_power *power)
{
    return !(ipmmu_model_tune(rig.model)->off >> power->area & 1);
}

void rcar_power_watch(void (*fn)(void))
{
    rig.power_changed = fn;
}

void rig_power(unsigned int unit, bool on)
{
    struct ipmmu_model_cfg *cfg = ipmmu_model_tune(rig.model);

    if ( on )
        cfg->off &= ~(1U << unit);
    else
        cfg->off |= 1U << unit;
    if ( rig.power_changed )
        rig.power_changed();
}

/* ---- what the tests do ---- */

struct rig_cfg rig_default(void)
{
    return (struct rig_cfg){
        .model = {.nr_leaves = 2},
        .prr = {.known = true, .product = 0x4f, .cut = 0x20},
    };
}

void rig_init(const struct rig_cfg *cfg)
{
    static const char *const names[RIG_UNITS] = {
        "/iommu@0", "/iommu@1", "/iommu@2", "/iommu@3", "/iommu@4",
        "/iommu@5", "/iommu@6", "/iommu@7", "/iommu@8",
    };

    free(rig.find);
    memset(&rig, 0, sizeof(rig));
    unit_rig_reset();
    memset(in_use, 0, sizeof(in_use));
    handler = NULL;
    nr_free = RIG_PAGES;
    if ( !ram )
        ram = aligned_alloc(PAGE_SIZE << 10, RIG_PAGES * PAGE_SIZE);

    rig.cfg = *cfg;
    rig.cfg.model.mem = model_mem;
    rig.cfg.model.irq = model_irq;
    rig.model = ipmmu_model_new(&rig.cfg.model);
    for ( unsigned int i = 0; i < RIG_UNITS; i++ )
        nodes[i] = (struct dt_node){
            .full_name = names[i],
            .phandle = 7 + i,
            .next_all = i < cfg->model.nr_leaves ? &nodes[i + 1] : NULL,
        };
    dt_root = &nodes[0];
}

bool rig_probe(void)
{
    iommu_init();
    for ( unsigned int i = 1; i <= rig.cfg.model.nr_leaves; i++ )
    {
        if ( !rig.leaf[i] && !(rig.cfg.disabled >> i & 1) )
            return false;
    }
    return rig.root;
}

void rig_check(void)
{
    struct ipmmu_violations v;

    (void)ipmmu_model_settled(rig.model);
    v = ipmmu_model_violations(rig.model);
    if ( v.count )
        fail_msg("%zu violations, first: %s", v.count, v.first);
    assert_int_equal(unit_rig_locks(), 0);
}

void rig_exit(void)
{
    ipmmu_model_free(rig.model);
    rig.model = NULL;
    free(rig.find);
    rig.find = NULL;
}

struct domain *rig_domain(domid_t id)
{
    struct domain *d = calloc(1, sizeof(*d));

    d->domain_id = id;
    spin_lock_init(&d->p2m.lock, LOCK_RANK_P2M);
    if ( iommu_domain_init(d) )
    {
        free(d);
        return NULL;
    }
    return d;
}

void rig_domain_free(struct domain *d)
{
    int rc;

    while ( (rc = iommu_domain_teardown(d)) == -ERESTART )
        continue;
    assert_int_equal(rc, 0);
    free(d);
}

static void add_id(struct device *dev, unsigned int leaf, unsigned int utlb)
{
    struct iommu_unit *unit = rig.leaf[leaf];
    uint32_t arg = utlb;

    assert_true(!dev->unit || dev->unit == iommu_unit_main(unit));
    dev->unit = iommu_unit_main(unit);
    assert_int_equal(unit->ops->dt_xlate(unit, dev, &arg, 1), 0);
    ipmmu_model_master(rig.model, leaf, utlb);
}

struct device *rig_device2(const char *name, unsigned int leaf,
                           unsigned int utlb, unsigned int leaf2,
                           unsigned int utlb2)
{
    struct device *dev = calloc(1, sizeof(*dev));

    strncpy(dev->name, name, sizeof(dev->name) - 1);
    spin_lock(&device_lock);
    add_id(dev, leaf, utlb);
    add_id(dev, leaf2, utlb2);
    assert_int_equal(iommu_add_device(dev), 0);
    spin_unlock(&device_lock);
    return dev;
}

struct device *rig_device(const char *name, unsigned int leaf,
                          unsigned int utlb)
{
    return rig_device2(name, leaf, utlb, leaf, utlb);
}

int rig_map(struct domain *d, uint64_t dfn, uint64_t mfn, unsigned int order,
            unsigned int flags)
{
    struct iommu_gather g;
    int rc;

    iommu_gather_init(&g);
    spin_lock(&d->p2m.lock);
    rc = iommu_prepare_pages(d, _dfn(dfn), _mfn(mfn), order);
    if ( !rc )
    {
        iommu_map_pages(d, _dfn(dfn), _mfn(mfn), order, flags, &g);
        rc = iommu_iotlb_sync(d, &g);
    }
    spin_unlock(&d->p2m.lock);
    return rc;
}

int rig_unmap(struct domain *d, uint64_t dfn, unsigned int order)
{
    struct iommu_gather g;
    int rc;

    iommu_gather_init(&g);
    spin_lock(&d->p2m.lock);
    rc = iommu_prepare_unmap(d, _dfn(dfn), order);
    if ( !rc )
    {
        iommu_unmap_pages(d, _dfn(dfn), order, &g);
        rc = iommu_iotlb_sync(d, &g);
    }
    spin_unlock(&d->p2m.lock);
    return rc;
}

uint64_t rig_dma(unsigned int leaf, unsigned int utlb, uint64_t iova,
                 bool write)
{
    struct ipmmu_dma_result stale, fresh;

    stale = ipmmu_model_dma_prefer_stale(rig.model, leaf, utlb, iova, write);
    fresh = ipmmu_model_dma(rig.model, leaf, utlb, iova, write);
    assert_int_equal(stale.ok, fresh.ok);
    if ( !fresh.ok )
        return ~UINT64_C(0);
    assert_true(fresh.translated && stale.translated);
    assert_true(stale.pa == fresh.pa);
    return fresh.pa;
}
