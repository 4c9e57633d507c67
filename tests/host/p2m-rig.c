/* SPDX-License-Identifier: GPL-2.0-or-later */
/* p2m-rig.c - see p2m-rig.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

/* xen/lib.h has its own strtoull: no stdlib.h. */
char *getenv(const char *name);
void *calloc(size_t nr, size_t size);
void free(void *p);
void abort(void) __attribute__((noreturn));

#include <cmocka.h>

#include "p2m-rig.h"

#include <xen/barrier.h>
#include <xen/cache.h>
#include <xen/console.h>
#include <xen/device-tree.h>
#include <xen/io.h>
#include <xen/irq.h>
#include <xen/softirq.h>
#include <xen/time.h>
#include <asm/config.h>
#include <asm/sysreg.h>
#include <asm/tlbi.h>

#define MMIO_BASE UINT64_C(0x09000000)
#define MMIO_SIZE UINT64_C(0x20000)
#define MMIO_VIRT UINT64_C(0x100000000000)

struct rig rig;

static struct page_info frames[RIG_FRAMES];
static struct dt_node nodes[RIG_IPMMU_LEAF + 1];

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
    rig.nr_found += rig.find && strstr(line, rig.find);
}

bool preempt_check(void)
{
    return rig.preempt;
}

/* ---- memory ---- */

bool mfn_is_ram(mfn_t mfn)
{
    return mfn_x(mfn) - (RIG_RAM >> PAGE_SHIFT) < RIG_FRAMES;
}

struct page_info *mfn_to_page(mfn_t mfn)
{
    assert_true(mfn_is_ram(mfn));
    return &frames[mfn_x(mfn) - (RIG_RAM >> PAGE_SHIFT)];
}

mfn_t page_to_mfn(const struct page_info *pg)
{
    return _mfn((uint64_t)(pg - frames) + (RIG_RAM >> PAGE_SHIFT));
}

void *maddr_to_virt(maddr_t ma)
{
    return (void *)(uintptr_t)(DIRECTMAP_VIRT + maddr_x(ma));
}

maddr_t virt_to_maddr(const void *va)
{
    return _maddr((uintptr_t)va - DIRECTMAP_VIRT);
}

void *mfn_to_virt(mfn_t mfn)
{
    return maddr_to_virt(mfn_to_maddr(mfn));
}

mfn_t virt_to_mfn(const void *va)
{
    return mfn_from_maddr(virt_to_maddr(va));
}

static void *model_mem(void *ctx, uint64_t pa, size_t size)
{
    (void)ctx;
    if ( pa < RIG_RAM || pa + size > RIG_RAM + RIG_FRAMES * PAGE_SIZE )
        return NULL;
    return maddr_to_virt(_maddr(pa));
}

/* P3: nothing can reach what is given back. */
static void given_back(uint64_t pa, uint64_t size)
{
    for ( unsigned int i = 0; i < rig.cfg.nr_units; i++ )
        smmuv3_model_freed(rig.model[i], pa, size);
    if ( rig.ipmmu )
        ipmmu_model_freed(rig.ipmmu, pa, size);
    stage2_freed(rig.cpu, pa, size);
}

static bool alloc_fails(void)
{
    return rig.fail_alloc && !--rig.fail_alloc;
}

/* What the linker makes of calls from one file to another. */
void *__real_alloc_xen_pages(unsigned int order);
void *__real_xzalloc_bytes(size_t size, size_t align);
void __real_free_xen_pages(void *va, unsigned int order);
void __real_paging_free(struct domain *d, void *table, unsigned int order);
void __wrap_paging_free(struct domain *d, void *table, unsigned int order);
void __real_put_page(struct page_info *pg);
void __real_page_release(struct page_info *pg);
void *__wrap_alloc_xen_pages(unsigned int order);
void *__wrap_xzalloc_bytes(size_t size, size_t align);
void __wrap_free_xen_pages(void *va, unsigned int order);
void __wrap_put_page(struct page_info *pg);
void __wrap_page_release(struct page_info *pg);

void *__wrap_alloc_xen_pages(unsigned int order)
{
    return alloc_fails() ? NULL : __real_alloc_xen_pages(order);
}

void *__wrap_xzalloc_bytes(size_t size, size_t align)
{
    return alloc_fails() ? NULL : __real_xzalloc_bytes(size, align);
}

void __wrap_free_xen_pages(void *va, unsigned int order)
{
    given_back(maddr_x(virt_to_maddr(va)), PAGE_SIZE << order);
    memset(va, 0xa5, PAGE_SIZE << order);
    __real_free_xen_pages(va, order);
}

/* What goes to a pool may be another table next, as if it had been freed. */
void __wrap_paging_free(struct domain *d, void *table, unsigned int order)
{
    given_back(maddr_x(virt_to_maddr(table)), PAGE_SIZE << order);
    memset(table, 0xa5, PAGE_SIZE << order);
    __real_paging_free(d, table, order);
}

static void check_frame(const struct page_info *pg)
{
    if ( !(pg->flags & PGF_FREE) && pg->owner )
        return;
    if ( pg->flags & PGF_QUARANTINED )
        return;
    given_back(maddr_x(mfn_to_maddr(page_to_mfn(pg))), PAGE_SIZE);
}

void __wrap_put_page(struct page_info *pg)
{
    bool last = pg->count == 1;

    __real_put_page(pg);
    if ( last )
        check_frame(pg);
}

void __wrap_page_release(struct page_info *pg)
{
    bool last = pg->count == 1 && pg->flags & PGF_ALLOCATED;

    __real_page_release(pg);
    if ( last )
        check_frame(pg);
}

void rig_release(struct page_info *pg, uint64_t nr)
{
    for ( uint64_t i = 0; i < nr; i++ )
    {
        assert_int_equal(pg[i].count, 1);
        __real_page_release(&pg[i]);
    }
    if ( nr )
        given_back(maddr_x(mfn_to_maddr(page_to_mfn(pg))), nr * PAGE_SIZE);
}

void domain_last_page_gone(struct domain *d)
{
    (void)d;
    rig.nr_last_page++;
}

/* ---- what CPUs and units notice of us ---- */

static void barrier_done(void)
{
    if ( rig.at_barrier )
        rig.at_barrier();
}

void host_barrier(void)
{
    for ( unsigned int i = 0; i < rig.cfg.nr_units; i++ )
        smmuv3_model_barrier(rig.model[i]);
    barrier_done();
}

void host_dsb(const char *scope)
{
    stage2_dsb(rig.cpu, scope);
    barrier_done();
}

void host_tlbi(const char *op, uint64_t arg)
{
    stage2_tlbi(rig.cpu, op, arg);
}

uint64_t host_sysreg_read(const char *reg)
{
    if ( !strcmp(reg, "id_aa64mmfr0_el1") )
        return rig.cfg.mmfr0;
    if ( !strcmp(reg, "id_aa64mmfr1_el1") )
        return rig.cfg.mmfr1;
    return stage2_read(rig.cpu, reg);
}

void host_sysreg_write(const char *reg, uint64_t value)
{
    stage2_write(rig.cpu, reg, value);
}

void cache_clean(const void *va, size_t size)
{
    for ( unsigned int i = 0; i < rig.cfg.nr_units; i++ )
        smmuv3_model_clean(rig.model[i], maddr_x(virt_to_maddr(va)), size);
    if ( rig.ipmmu )
        ipmmu_model_clean(rig.ipmmu, maddr_x(virt_to_maddr(va)), size);
}

void cache_clean_invalidate(const void *va, size_t size)
{
    cache_clean(va, size);
    for ( unsigned int i = 0; i < rig.cfg.nr_units; i++ )
        smmuv3_model_invalidate(rig.model[i], maddr_x(virt_to_maddr(va)), size);
}

void *ioremap(maddr_t ma, size_t size)
{
    assert_true(size == MMIO_SIZE || size == 0x1000);
    return (void *)(uintptr_t)(MMIO_VIRT + maddr_x(ma));
}

static unsigned int unit_at(const volatile void *addr, uint32_t *offset)
{
    uint64_t at = (uintptr_t)addr - MMIO_VIRT - MMIO_BASE;

    *offset = (uint32_t)(at % MMIO_SIZE);
    return (unsigned int)(at / MMIO_SIZE);
}

uint64_t host_mmio_read(const volatile void *addr, unsigned int size)
{
    uint32_t offset;
    unsigned int unit = unit_at(addr, &offset);

    if ( unit < rig.cfg.nr_units )
        return smmuv3_model_read(rig.model[unit], offset, size);
    return ipmmu_model_read(rig.ipmmu, unit - RIG_IPMMU_ROOT, offset, size);
}

void host_mmio_write(volatile void *addr, unsigned int size, uint64_t value)
{
    uint32_t offset;
    unsigned int unit = unit_at(addr, &offset);

    if ( unit < rig.cfg.nr_units )
        smmuv3_model_write(rig.model[unit], offset, size, value);
    else
        ipmmu_model_write(rig.ipmmu, unit - RIG_IPMMU_ROOT, offset, size,
                          (uint32_t)value);
}

/* ---- device tree, interrupts ---- */

/* The drivers' section begins with this file, which is linked first. */
__asm__(".section .dtdrivers, \"aw\"\n.balign 8\nrig_drivers:\n.previous\n");
extern const struct dt_driver rig_drivers[];

/* The IPMMU's is linked first. */
unsigned int dt_probe_class(enum dt_driver_class class)
{
    assert_int_equal(class, rig_drivers[1].class);
    for ( unsigned int i = 0; i < rig.cfg.nr_units; i++ )
    {
        assert_int_equal(rig_drivers[1].probe(&nodes[i], NULL), 0);
        rig.unit[i] = iommu_unit_of(&nodes[i]);
    }
    if ( rig.ipmmu )
        rig_ipmmu_probe(&rig_drivers[0], &nodes[RIG_IPMMU_ROOT]);
    return rig.cfg.nr_units;
}

int dt_get_reg(const struct dt_node *np, unsigned int index, uint64_t *addr,
               uint64_t *size)
{
    if ( np < nodes || np >= nodes + ARRAY_SIZE(nodes) )
        return rig.get_reg(np, index, addr, size);
    assert_int_equal(index, 0);
    *addr = MMIO_BASE + (uint64_t)(np - nodes) * MMIO_SIZE;
    *size = np < nodes + RIG_IPMMU_ROOT ? MMIO_SIZE : 0x1000;
    return 0;
}

int dt_irq_index(const struct dt_node *np, const char *irq_name)
{
    (void)np;
    (void)irq_name;
    return -ENOENT;
}

int dt_get_irq(const struct dt_node *np, unsigned int index, unsigned int *irq,
               enum irq_type *type)
{
    if ( np < nodes || np >= nodes + ARRAY_SIZE(nodes) )
        return rig.get_irq(np, index, irq, type);
    *irq = 106 + index;
    *type = IRQ_TYPE_EDGE_RISING;
    return 0;
}

int irq_request(unsigned int irq, enum irq_type type, irq_handler_t handler,
                void *dev, const char *name)
{
    (void)irq;
    (void)type;
    (void)handler;
    (void)dev;
    (void)name;
    return 0;
}

/* ---- what the tests do ---- */

void rig_init(const struct rig_cfg *cfg)
{
    void *ram = maddr_to_virt(_maddr(RIG_RAM));

    rig = (struct rig){.cfg = *cfg};
    if ( mmap(ram, RIG_FRAMES * PAGE_SIZE, PROT_READ | PROT_WRITE,
              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE,
              -1, 0) != ram )
        fail_msg("no room for RAM at %p", ram);
    rig.cpu = stage2_new(model_mem, NULL, (cfg->mmfr1 >> 4 & 0xf) == 2);
    for ( unsigned int i = 0; i < cfg->nr_units; i++ )
    {
        rig.cfg.smmu.mem = model_mem;
        rig.model[i] = smmuv3_model_new(&rig.cfg.smmu);
        nodes[i] = (struct dt_node){.name = "iommu", .full_name = "/iommu"};
    }
    if ( cfg->ipmmu )
        rig.ipmmu = ipmmu_model_new(
            &(struct ipmmu_model_cfg){.nr_leaves = 1, .mem = model_mem});
    page_alloc_add(_maddr(RIG_RAM), _maddr(RIG_RAM + RIG_FRAMES * PAGE_SIZE));
    p2m_init_system();
    p2m_init_cpu();
    iommu_init();
    rig_check();
}

void rig_check(void)
{
    for ( unsigned int i = 0; i < rig.cfg.nr_units; i++ )
    {
        struct smmuv3_violations v;

        (void)smmuv3_model_settled(rig.model[i]);
        v = smmuv3_model_violations(rig.model[i]);
        if ( v.count )
            fail_msg("unit %u: %zu violations, first: %s", i, v.count, v.first);
    }
    if ( rig.ipmmu )
        rig_ipmmu_check();
    (void)stage2_settled(rig.cpu);
    if ( stage2_violations(rig.cpu) )
        fail_msg("CPU: %u violations, first: %s", stage2_violations(rig.cpu),
                 stage2_first_violation(rig.cpu));
    assert_int_equal(unit_rig_locks(), 0);
}

struct domain *rig_domain(domid_t id)
{
    struct domain *d = calloc(1, sizeof(*d));

    d->domain_id = id;
    d->max_pages = ~0UL;
    spin_lock_init(&d->page_lock, LOCK_RANK_DOMPAGE);
    list_init(&d->page_list);
    if ( rig.limited )
        assert_int_equal(paging_init(d), 0);
    if ( iommu_domain_init(d) )
    {
        free(d);
        return NULL;
    }
    if ( p2m_init(d) )
    {
        assert_int_equal(iommu_domain_teardown(d), 0);
        free(d);
        return NULL;
    }
    stage2_run(rig.cpu, d->p2m.vttbr);
    return d;
}

void rig_domain_kill(struct domain *d)
{
    uint64_t vttbr = d->p2m.vttbr;
    unsigned int slices = 0;
    struct pgt_leaf leaf;
    int rc;

    d->is_dying = true;
    /* Who still maps into it, such as dom0, comes too late. */
    assert_int_equal(p2m_map_range(d, _gfn(1), 1, _mfn(1), P2M_MMIO_DIRECT),
                     -ESRCH);
    while ( (rc = p2m_teardown(d)) == -ERESTART )
        slices++;
    assert_int_equal(rc, 0);
    assert_true(slices < 100000);
    assert_false(pgt_next_leaf(&d->p2m.pgt, 0, &leaf));
    while ( (rc = iommu_domain_teardown(d)) == -ERESTART )
        continue;
    assert_int_equal(rc, 0);
    while ( (rc = paging_release(d)) == -ERESTART )
        continue;
    assert_int_equal(rc, 0);
    stage2_stop(rig.cpu, vttbr);
    p2m_exit(d);
    paging_exit(d);
    assert_false(stage2_cached(rig.cpu, vttbr));
}

struct rig_access rig_dma(unsigned int unit, uint32_t sid, uint64_t iova,
                          bool write, bool cached)
{
    struct smmuv3_dma_result s;
    struct ipmmu_dma_result r;

    if ( unit != RIG_UNITS )
    {
        s = (cached ? smmuv3_model_dma_prefer_stale
                    : smmuv3_model_dma_uncached)(rig.model[unit], sid, iova,
                                                 write, false);
        return (struct rig_access){s.ok, s.pa};
    }
    r = (cached ? ipmmu_model_dma_prefer_stale
                : ipmmu_model_dma)(rig.ipmmu, 1, sid, iova, write);
    assert_true(!r.ok || r.translated);
    return (struct rig_access){r.ok, r.pa};
}

void rig_prefetch(unsigned int unit, uint32_t sid, uint64_t iova)
{
    if ( unit == RIG_UNITS )
        ipmmu_model_prefetch(rig.ipmmu, 1, sid, iova, 1);
    else
        smmuv3_model_prefetch(rig.model[unit], sid, iova, 1);
}

struct device *rig_device(unsigned int unit, const char *name, uint32_t sid)
{
    struct device *dev = calloc(1, sizeof(*dev));

    strncpy(dev->name, name, sizeof(dev->name) - 1);
    dev->unit = iommu_unit_main(rig.unit[unit]);
    if ( unit == RIG_UNITS )
        ipmmu_model_master(rig.ipmmu, 1, sid);
    spin_lock(&device_lock);
    assert_int_equal(
        rig.unit[unit]->ops->dt_xlate(rig.unit[unit], dev, &sid, 1), 0);
    assert_int_equal(iommu_add_device(dev), 0);
    spin_unlock(&device_lock);
    return dev;
}
