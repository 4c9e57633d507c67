/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommu-rig.c - see iommu-rig.h. */
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

#include "iommu-rig.h"

#include <xen/bits.h>
#include <xen/console.h>
#include <xen/device-tree.h>
#include <xen/io.h>
#include <xen/cache.h>
#include <xen/barrier.h>
#include <xen/irq.h>
#include <xen/mm.h>
#include <xen/softirq.h>
#include <xen/time.h>

#define MMIO_BASE UINT64_C(0x09000000)
#define MMIO_SIZE UINT64_C(0x20000)
#define MMIO_VIRT UINT64_C(0x200000000000)

struct rig rig;

static uint8_t *ram; /* RIG_PAGES pages */
static struct page_info frames[RIG_PAGES];
static uint8_t in_use[RIG_PAGES]; /* order + 1 at the first page */
static unsigned int nr_free;
static struct dt_node nodes[RIG_UNITS];
static irq_handler_t handlers[RIG_UNITS][4];

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
    rig.nr_rejected += strstr(line, "rejected") != NULL;
    memcpy(rig.last_line, line, sizeof(line));
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

/* Pages that are not asked for as tables have whatever was there before. */
void *alloc_xen_pages(unsigned int order)
{
    void *page = find_pages(order);

    if ( page )
        mfn_to_page(virt_to_mfn(page))->pgt.live = 0xa5a5a5a5;
    return page;
}

void free_xen_pages(void *va, unsigned int order)
{
    size_t first = (size_t)((uint8_t *)va - ram) / PAGE_SIZE;

    assert_int_equal(in_use[first], order + 1);
    for ( unsigned int i = 0; i < rig.nr_units; i++ )
        smmuv3_model_freed(rig.model[i], pa_of(va), PAGE_SIZE << order);
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

/* ---- what the units notice of us ---- */

void cache_clean(const void *va, size_t size)
{
    if ( rig.visible )
        rig.visible();
    for ( unsigned int i = 0; i < rig.nr_units; i++ )
        smmuv3_model_clean(rig.model[i], pa_of(va), size);
}

void cache_clean_invalidate(const void *va, size_t size)
{
    for ( unsigned int i = 0; i < rig.nr_units; i++ )
    {
        smmuv3_model_clean(rig.model[i], pa_of(va), size);
        smmuv3_model_invalidate(rig.model[i], pa_of(va), size);
    }
}

void host_barrier(void)
{
    if ( rig.visible )
        rig.visible();
    for ( unsigned int i = 0; i < rig.nr_units; i++ )
        smmuv3_model_barrier(rig.model[i]);
}

void *ioremap(maddr_t ma, size_t size)
{
    assert_true(size == MMIO_SIZE);
    return (void *)(uintptr_t)(MMIO_VIRT + maddr_x(ma));
}

static struct smmuv3_model *unit_at(const volatile void *addr, uint32_t *offset)
{
    uint64_t at = (uintptr_t)addr - MMIO_VIRT - MMIO_BASE;

    assert_true(at / MMIO_SIZE < rig.nr_units);
    *offset = (uint32_t)(at % MMIO_SIZE);
    return rig.model[at / MMIO_SIZE];
}

uint64_t host_mmio_read(const volatile void *addr, unsigned int size)
{
    uint32_t offset;
    struct smmuv3_model *m = unit_at(addr, &offset);
    uint64_t value = smmuv3_model_read(m, offset, size);

    if ( offset == 0x60 )
        value ^= rig.fake_gerror;
    /* EVENTQ_PROD: as if the unit had written what the test wrote. */
    return offset == 0x100a8 ? value + rig.fake_events : value;
}

void host_mmio_write(volatile void *addr, unsigned int size, uint64_t value)
{
    uint32_t offset;
    struct smmuv3_model *m = unit_at(addr, &offset);

    if ( offset == 0x100ac && rig.fake_events )
        return;
    if ( offset == 0x64 && rig.fake_gerror )
    {
        rig.gerrorn = (uint32_t)value;
        return;
    }
    /* CMDQ_PROD: a bit of the first new command flips on its way. */
    if ( offset == 0x98 && rig.damage_commands )
    {
        uint64_t base = smmuv3_model_read(m, 0x90, 8);
        uint64_t mask = (UINT64_C(1) << (base & 31)) - 1;
        uint64_t old = smmuv3_model_read(m, 0x98, 4);
        uint64_t *cmd = model_mem(
            NULL, (base & UINT64_C(0xfffffffffffe0)) + (old & mask) * 16, 16);

        rig.damage_commands--;
        cmd[0] |= 0x80;
        smmuv3_model_clean(m, pa_of(cmd), 16);
    }
    smmuv3_model_write(m, offset, size, value);
}

/* ---- device tree, interrupts ---- */

/* The drivers' section begins with this file, which is linked first. */
__asm__(".section .dtdrivers, \"aw\"\n.balign 8\nrig_drivers:\n.previous\n");
extern const struct dt_driver rig_drivers[];

/* So does the one option. */
__asm__(".section .cmdline, \"aw\"\n.balign 8\nrig_options:\n.previous\n");
extern const struct cmdline_option rig_options[];

int rig_option(const char *value)
{
    assert_string_equal(rig_options[0].name, "iommu");
    return rig_options[0].parse(value);
}

unsigned int dt_probe_class(enum dt_driver_class class)
{
    assert_int_equal(class, rig_drivers[0].class);
    for ( unsigned int i = 0; i < rig.nr_units; i++ )
    {
        if ( !rig_drivers[0].probe(&nodes[i], NULL) )
            rig.unit[i] = iommu_unit_of(&nodes[i]);
    }
    return rig.nr_units;
}

int dt_get_reg(const struct dt_node *np, unsigned int index, uint64_t *addr,
               uint64_t *size)
{
    assert_int_equal(index, 0);
    *addr = MMIO_BASE + (uint64_t)(np - nodes) * MMIO_SIZE;
    *size = MMIO_SIZE;
    return 0;
}

int dt_irq_index(const struct dt_node *np, const char *irq_name)
{
    static const char *const names[] = {"eventq", "priq", "cmdq-sync",
                                        "gerror"};

    (void)np;
    if ( rig.combined )
        return strcmp(irq_name, "combined") ? -ENOENT : 0;
    for ( int i = 0; i < 4; i++ )
    {
        if ( !strcmp(names[i], irq_name) )
            return i;
    }
    return -ENOENT;
}

int dt_get_irq(const struct dt_node *np, unsigned int index, unsigned int *irq,
               enum irq_type *type)
{
    *irq = 106 + 4 * (unsigned int)(np - nodes) + index;
    *type = IRQ_TYPE_EDGE_RISING;
    return 0;
}

int irq_request(unsigned int irq, enum irq_type type, irq_handler_t handler,
                void *dev, const char *name)
{
    (void)type;
    (void)dev;
    (void)name;
    handlers[(irq - 106) / 4][(irq - 106) % 4] = handler;
    return 0;
}

static void model_irq(void *ctx, enum smmuv3_model_irq which)
{
    unsigned int unit = (unsigned int)(uintptr_t)ctx;
    static const unsigned int wire[] = {0, 3, 2};

    if ( rig.combined )
        handlers[unit][0](106 + 4 * unit, NULL);
    else if ( handlers[unit][wire[which]] )
        handlers[unit][wire[which]](106 + 4 * unit + wire[which], NULL);
}

/* ---- what the tests do ---- */

void rig_init(unsigned int nr_units, const struct smmuv3_model_cfg *cfg)
{
    free(rig.find);
    memset(&rig, 0, sizeof(rig));
    unit_rig_reset();
    memset(in_use, 0, sizeof(in_use));
    memset(handlers, 0, sizeof(handlers));
    nr_free = RIG_PAGES;
    if ( !ram )
        ram = aligned_alloc(PAGE_SIZE << 10, RIG_PAGES * PAGE_SIZE);

    for ( unsigned int i = 0; i < nr_units; i++ )
    {
        struct smmuv3_model_cfg c = *cfg;

        c.mem = model_mem;
        c.irq = model_irq;
        c.ctx = (void *)(uintptr_t)i;
        rig.model[i] = smmuv3_model_new(&c);
        nodes[i] = (struct dt_node){.name = "iommu", .full_name = "/iommu"};
    }
    rig.nr_units = nr_units;
}

bool rig_probe(void)
{
    iommu_init();
    for ( unsigned int i = 0; i < rig.nr_units; i++ )
    {
        if ( !rig.unit[i] )
            return false;
    }
    return true;
}

void rig_check(void)
{
    for ( unsigned int i = 0; i < rig.nr_units; i++ )
    {
        struct smmuv3_violations v;

        (void)smmuv3_model_settled(rig.model[i]);
        v = smmuv3_model_violations(rig.model[i]);
        if ( v.count )
            fail_msg("unit %u: %zu violations, first: %s", i, v.count, v.first);
    }
    assert_int_equal(unit_rig_locks(), 0);
    assert_int_equal(rig.nr_rejected, 0);
}

void rig_exit(void)
{
    for ( unsigned int i = 0; i < rig.nr_units; i++ )
        smmuv3_model_free(rig.model[i]);
    rig.nr_units = 0;
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

struct device *rig_device(struct iommu_unit *unit, const char *name,
                          unsigned int nr_ids, const uint32_t *ids)
{
    struct device *dev = calloc(1, sizeof(*dev));

    strncpy(dev->name, name, sizeof(dev->name) - 1);
    dev->unit = unit;
    spin_lock(&device_lock);
    for ( unsigned int i = 0; i < nr_ids; i++ )
        assert_int_equal(unit->ops->dt_xlate(unit, dev, &ids[i], 1), 0);
    assert_int_equal(iommu_add_device(dev), 0);
    spin_unlock(&device_lock);
    return dev;
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

int rig_unmap_pages(struct domain *d, uint64_t dfn, unsigned int nr,
                    bool and_block)
{
    struct iommu_gather g;
    int rc = 0;

    iommu_gather_init(&g);
    spin_lock(&d->p2m.lock);
    for ( unsigned int i = 0; i < nr && !rc; i++ )
    {
        rc = iommu_prepare_unmap(d, _dfn(dfn + i), 0);
        if ( !rc )
            iommu_unmap_pages(d, _dfn(dfn + i), 0, &g);
    }
    if ( and_block )
        iommu_unmap_pages(d, _dfn(dfn + nr), 9, &g);
    if ( !rc )
        rc = iommu_iotlb_sync(d, &g);
    spin_unlock(&d->p2m.lock);
    return rc;
}

/* IHI 0070 5.1: Span 4:0, L2Ptr 51:6; STRTAB_BASE_CFG.FMT 17:16. */
uint64_t *rig_ste(uint32_t sid)
{
    uint64_t base = smmuv3_model_read(rig.model[0], 0x80, 8);
    uint64_t cfg = smmuv3_model_read(rig.model[0], 0x88, 4);
    uint64_t *table = model_mem(NULL, base & UINT64_C(0xfffffffffffc0), 8);

    if ( !(cfg >> 16 & 3) )
        return table + sid * 8;
    table = model_mem(NULL, table[sid >> 8] & UINT64_C(0xfffffffffffc0), 8);
    return table + (sid & 255) * 8;
}

uint64_t rig_dma(unsigned int unit, uint32_t sid, uint64_t iova, bool write)
{
    struct smmuv3_dma_result r =
        smmuv3_model_dma_prefer_stale(rig.model[unit], sid, iova, write, false);

    return r.ok ? r.pa : ~UINT64_C(0);
}

uint64_t *rig_event_slot(unsigned int ahead)
{
    uint64_t base = smmuv3_model_read(rig.model[0], 0xa0, 8);
    uint64_t prod = smmuv3_model_read(rig.model[0], 0x100a8, 4) + ahead;
    uint64_t mask = (UINT64_C(1) << (base & 31)) - 1;

    return model_mem(
        NULL, (base & UINT64_C(0xfffffffffffe0)) + (prod & mask) * 32, 32);
}
