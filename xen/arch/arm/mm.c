/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * EL2's own address space (layout: asm/config.h): direct map of RAM, frame
 * table, device registers, stacks. Written by common/pgtable; the lock is
 * map_lock. head.S has mapped the image with its final rights.
 *
 * W^X: text is mapped once, read-only and executable; the direct map leaves
 * text and rodata out, and nothing else is executable.
 */
#include <asm/mm.h>

#include <xen/barrier.h>
#include <xen/bits.h>
#include <xen/smp.h>
#include <asm/config.h>
#include <asm/sysreg.h>

#include <libfdt.h>

_Static_assert(PGT_MAIR == MAIR_EL2_VALUE, "head.S loads what pgtable uses");
_Static_assert(sizeof(struct page_info) == PAGE_INFO_SIZE,
               "frame table stride");
_Static_assert(PAGE_SIZE << STACK_ORDER == STACK_SIZE, "");

#define EARLY_TABLES 48U
#define MAX_STACKS   4096U

static DEFINE_SPINLOCK(map_lock, LOCK_RANK_XENMAP);
static struct pgt xen_pgt;
static uint64_t image_offset; /* VA of the image - its machine address */
static uint64_t ioremap_next = IOREMAP_VIRT;
static uint64_t stack_used[MAX_STACKS / 64];

static const struct pgt_attr attr_rw = {
    .read = true, .write = true, .mem = PGT_MEM_WB};
static const struct pgt_attr attr_dev = {
    .read = true, .write = true, .mem = PGT_MEM_DEV_NGNRE};

/* ---- addresses ---- */

maddr_t virt_to_maddr(const void *va)
{
    uint64_t a = (uint64_t)va;

    if ( a >= XEN_VIRT )
        return _maddr(a - image_offset);
    ASSERT(a - DIRECTMAP_VIRT < DIRECTMAP_SIZE);
    return _maddr(a - DIRECTMAP_VIRT);
}

mfn_t virt_to_mfn(const void *va)
{
    return mfn_from_maddr(virt_to_maddr(va));
}

/* ---- the page-table environment: a pool in bss, later the heap ---- */

static uint64_t early_tables[EARLY_TABLES][PGT_ENTRIES]
    __attribute__((aligned(4096)));
static struct pgt_page early_pages[EARLY_TABLES];
static unsigned int nr_early;

static void *early_alloc(void *ctx, unsigned int order)
{
    (void)ctx;
    return order || nr_early == EARLY_TABLES ? NULL : early_tables[nr_early++];
}

static struct pgt_page *table_page(const void *table)
{
    uint64_t ma =
        maddr_x(virt_to_maddr(table)) - ((uint64_t)early_tables - image_offset);

    if ( ma < sizeof(early_tables) )
        return &early_pages[ma / PAGE_SIZE];
    return &mfn_to_page(virt_to_mfn(table))->pgt;
}

static void *heap_alloc(void *ctx, unsigned int order)
{
    (void)ctx;
    return alloc_xen_pages(order);
}

static void table_free(void *ctx, void *table, unsigned int order)
{
    uint64_t ma =
        maddr_x(virt_to_maddr(table)) - ((uint64_t)early_tables - image_offset);

    (void)ctx;
    if ( ma >= sizeof(early_tables) )
        free_xen_pages(table, order);
}

static void publish(void *ctx, const uint64_t *desc, size_t nr)
{
    (void)ctx;
    (void)desc;
    (void)nr;
    dsb(ishst); /* pairs with the walkers of all CPUs */
    isb();
}

static void invalidate(void *ctx, uint64_t ia, uint64_t size,
                       unsigned int level)
{
    (void)ctx;
    (void)level;
    dsb(ishst);
    if ( size > MiB(2) )
        __asm__ volatile("tlbi alle2is" ::: "memory");
    else
        for ( uint64_t va = ia; va < ia + size; va += PAGE_SIZE )
            __asm__ volatile("tlbi vae2is, %0" : : "r"(va >> PAGE_SHIFT));
    dsb(ish);
    isb();
}

static struct pgt_env early_env = {
    .alloc = early_alloc,
    .free = table_free,
    .page = table_page,
    .publish = publish,
    .invalidate = invalidate,
};
static const struct pgt_env heap_env = {
    .alloc = heap_alloc,
    .free = table_free,
    .page = table_page,
    .virt_offset = DIRECTMAP_VIRT,
    .publish = publish,
    .invalidate = invalidate,
};

/* ---- mapping ---- */

static int map_range(uint64_t va, uint64_t ma, uint64_t size,
                     struct pgt_attr attr)
{
    uint64_t nr = (size + PAGE_SIZE - 1) >> PAGE_SHIFT;

    while ( nr )
    {
        unsigned int order = max_order(va >> PAGE_SHIFT, ma >> PAGE_SHIFT, nr);
        struct pgt_gather g;
        int rc = pgt_prepare(&xen_pgt, va, order, PGT_EMPTY);

        if ( rc )
            return rc;
        pgt_gather_init(&g);
        pgt_map(&xen_pgt, va, _maddr(ma), order, attr, &g);
        pgt_gather_done(&xen_pgt, &g, true);
        va += PAGE_SIZE << order;
        ma += PAGE_SIZE << order;
        nr -= 1UL << order;
    }
    return 0;
}

static void unmap_range(uint64_t va, uint64_t size)
{
    struct pgt_gather g;

    pgt_gather_init(&g);
    for ( uint64_t at = va; at < va + size; at += PAGE_SIZE )
        if ( !pgt_prepare(&xen_pgt, at, 0, PGT_SPLIT) )
            pgt_unmap(&xen_pgt, at, 0, &g);
    invalidate(NULL, va, size, PGT_LEVEL_ANY);
    pgt_gather_done(&xen_pgt, &g, true);
}

void *ioremap(maddr_t ma, size_t size)
{
    uint64_t start = maddr_x(ma) & PAGE_MASK;
    uint64_t len = ((maddr_x(ma) + size + PAGE_SIZE - 1) & PAGE_MASK) - start;
    uint64_t align = len >= GiB(1)   ? GiB(1)
                     : len >= MiB(2) ? MiB(2)
                                     : PAGE_SIZE;
    uint64_t va;
    int rc = -ENOSPC;

    spin_lock(&map_lock);
    va = (ioremap_next + align - 1) & ~(align - 1);
    va += start & (align - 1);
    if ( len && va + len <= IOREMAP_VIRT + IOREMAP_SIZE )
    {
        rc = map_range(va, start, len, attr_dev);
        ioremap_next = va + len + PAGE_SIZE; /* a hole between */
    }
    spin_unlock(&map_lock);
    return rc ? NULL : (void *)(va + (maddr_x(ma) & ~PAGE_MASK));
}

void *alloc_stack(void)
{
    uint64_t *pages = alloc_xen_pages(STACK_ORDER), va;
    unsigned int i;
    int rc = -ENOSPC;

    if ( !pages )
        return NULL;
    spin_lock(&map_lock);
    for ( i = 0; i < MAX_STACKS; i++ )
        if ( !(stack_used[i / 64] & BIT64(i % 64)) )
            break;
    va = STACKS_VIRT + i * 2 * STACK_SIZE + STACK_SIZE;
    if ( i < MAX_STACKS )
        rc = map_range(va, maddr_x(virt_to_maddr(pages)), STACK_SIZE, attr_rw);
    if ( !rc )
        stack_used[i / 64] |= BIT64(i % 64);
    spin_unlock(&map_lock);
    if ( rc )
    {
        free_xen_pages(pages, STACK_ORDER);
        return NULL;
    }
    return (void *)(va + STACK_SIZE);
}

void free_stack(void *top)
{
    uint64_t va = (uint64_t)top - STACK_SIZE;
    unsigned int i = (unsigned int)((va - STACKS_VIRT) / (2 * STACK_SIZE));
    struct pgt_leaf leaf;

    spin_lock(&map_lock);
    BUG_ON(!pgt_lookup(&xen_pgt, va, &leaf));
    unmap_range(va, STACK_SIZE);
    stack_used[i / 64] &= ~BIT64(i % 64);
    spin_unlock(&map_lock);
    free_xen_pages(maddr_to_virt(leaf.oa), STACK_ORDER);
}

/* ---- boot ---- */

/* The direct map of a bank, without the image's text and rodata. */
static int map_bank(uint64_t start, uint64_t end)
{
    uint64_t ro = (uint64_t)_start - image_offset;
    uint64_t ro_end = (uint64_t)_sdata - image_offset;
    int rc;

    if ( ro_end <= start || ro >= end )
        return map_range(DIRECTMAP_VIRT + start, start, end - start, attr_rw);
    rc = ro > start
             ? map_range(DIRECTMAP_VIRT + start, start, ro - start, attr_rw)
             : 0;
    if ( !rc && end > ro_end )
        rc = map_range(DIRECTMAP_VIRT + ro_end, ro_end, end - ro_end, attr_rw);
    return rc;
}

/* page_info of a bank: banks may share a page of the table at their ends. */
static int map_frametable(uint64_t start, uint64_t end)
{
    uint64_t va = (uint64_t)mfn_to_page(_mfn(start >> PAGE_SHIFT)) & PAGE_MASK;
    uint64_t last = (uint64_t)mfn_to_page(_mfn(end >> PAGE_SHIFT));
    struct pgt_leaf leaf;
    uint64_t size;
    maddr_t ma;
    int rc;

    if ( pgt_lookup(&xen_pgt, va, &leaf) )
        va += PAGE_SIZE;
    last = (last + PAGE_SIZE - 1) & PAGE_MASK;
    if ( va >= last )
        return 0;
    size = last - va;
    if ( pgt_lookup(&xen_pgt, last - PAGE_SIZE, &leaf) )
        size -= PAGE_SIZE;
    ma = bootmem_take(size, va);
    if ( maddr_eq(ma, INVALID_MADDR) )
        return -ENOMEM;
    rc = map_range(va, maddr_x(ma), size, attr_rw);
    if ( !rc )
        memset((void *)va, 0, size);
    return rc;
}

const void *mm_init(maddr_t image_ma, const void *fdt, maddr_t fdt_ma)
{
    maddr_t start, end;
    uint64_t size;
    int rc;

    image_offset = (uint64_t)_start - maddr_x(image_ma);
    early_env.virt_offset = image_offset;
    rc = pgt_init(&xen_pgt, &pgt_fmt_el2_s1, &early_env, NULL, 48, 48);
    if ( rc )
        panic("EL2 page table: %d\n", rc);
    xen_pgt.root[pgt_index(XEN_VIRT, 0)] =
        xen_pgt.fmt->table_bits | ((uint64_t)boot_l1 - image_offset);

    xen_ttbr0 = maddr_x(pgt_root(&xen_pgt));
    dsb(ishst);
    sysreg_write(ttbr0_el2, xen_ttbr0);
    isb();
    __asm__ volatile("tlbi alle2" ::: "memory");
    dsb(nsh);
    isb();

    rc = bootmem_scan(fdt, fdt_ma, image_ma,
                      _maddr((uint64_t)_end - image_offset));
    if ( rc )
        panic("no usable memory map in the device tree at %#lx\n",
              maddr_x(fdt_ma));

    for ( unsigned int i = 0; mm_ram_bank(i, &start, &size); i++ )
    {
        rc = map_bank(maddr_x(start), maddr_x(start) + size);
        if ( !rc )
            rc = map_frametable(maddr_x(start), maddr_x(start) + size);
        if ( rc )
            panic("memory bank %#lx+%#lx: cannot map it: %d\n", maddr_x(start),
                  size, rc);
    }
    for ( unsigned int i = 0; bootmem_free(i, &start, &end); i++ )
        page_alloc_add(start, end);
    xen_pgt.root = maddr_to_virt(pgt_root(&xen_pgt));
    xen_pgt.env = &heap_env;
    return maddr_to_virt(fdt_ma);
}

void mm_free_boot_range(maddr_t start, uint64_t size)
{
    uint64_t s = (maddr_x(start) + PAGE_SIZE - 1) & PAGE_MASK;
    uint64_t e = (maddr_x(start) + size) & PAGE_MASK;

    if ( s < e && mfn_is_ram(_mfn(s >> PAGE_SHIFT)) &&
         mfn_is_ram(_mfn((e >> PAGE_SHIFT) - 1)) )
        page_alloc_add(_maddr(s), _maddr(e));
}

static void dump_level(void *arg, unsigned int level, maddr_t desc_ma,
                       uint64_t desc)
{
    (void)arg;
    printk(XENLOG_ERR "  level %u: [%#lx] = %016lx\n", level, maddr_x(desc_ma),
           desc);
}

void mm_dump_walk(uint64_t va)
{
    printk(XENLOG_ERR "EL2 walk of %#lx:\n", va);
    if ( xen_pgt.env == &heap_env )
        pgt_dump_walk(&xen_pgt, va, dump_level, NULL);
}
