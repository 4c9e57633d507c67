/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The page allocator against a map of what is in use: random sizes, scrubbing,
 * 4 GiB, merging; small objects; frames of domains.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>

#include <cmocka.h>

#include <xen/cache.h>
#include <xen/domain.h>
#include <xen/mm.h>

/* RAM on both sides of 4 GiB, and what of it the allocator gets: odd ends. */
#define RAM_FIRST UINT64_C(0xff800)
#define RAM_PAGES UINT64_C(0x1000)
#define ADD_FIRST (RAM_FIRST + 3)
#define ADD_LAST  (RAM_FIRST + RAM_PAGES - 5)
#define HOLE      (RAM_FIRST + 0x234) /* given later */
#define TOTAL     (ADD_LAST - ADD_FIRST)

static uint8_t *ram;
static struct page_info frames[RAM_PAGES];
static uint8_t in_use[RAM_PAGES];
static unsigned int last_gone, random_state = 1;

static unsigned int rnd(unsigned int below)
{
    random_state = random_state * 1103515245U + 12345U;
    return (random_state >> 8) % below;
}

/* ---- what the allocator stands on ---- */

bool mfn_is_ram(mfn_t mfn)
{
    return mfn_x(mfn) - RAM_FIRST < RAM_PAGES;
}

struct page_info *mfn_to_page(mfn_t mfn)
{
    assert_true(mfn_is_ram(mfn));
    return &frames[mfn_x(mfn) - RAM_FIRST];
}

mfn_t page_to_mfn(const struct page_info *pg)
{
    return _mfn((uint64_t)(pg - frames) + RAM_FIRST);
}

void *mfn_to_virt(mfn_t mfn)
{
    return ram + ((mfn_x(mfn) - RAM_FIRST) << PAGE_SHIFT);
}

mfn_t virt_to_mfn(const void *va)
{
    return _mfn(((uint64_t)((const uint8_t *)va - ram) >> PAGE_SHIFT) +
                RAM_FIRST);
}

/* What the caches hold of it is in memory, too: only what is asked for. */
static const char *cleaned;
static size_t cleaned_size;

void cache_clean_invalidate(const void *va, size_t size)
{
    cleaned = va;
    cleaned_size = size;
    /* in this order: what comes later would not be in memory */
    for ( size_t i = 0; i < size / sizeof(uint64_t); i++ )
        assert_int_equal(((const uint64_t *)va)[i], 0);
}

static unsigned int nr_held;

void spin_lock(spinlock_t *l)
{
    assert_int_equal(l->cpu, 0);
    l->cpu = 1;
    nr_held++;
}

void spin_unlock(spinlock_t *l)
{
    assert_int_equal(l->cpu, 1);
    l->cpu = 0;
    nr_held--;
}

void domain_last_page_gone(struct domain *d)
{
    assert_int_equal(nr_held, 0);
    assert_true(d->is_dying);
    last_gone++;
}

void panic(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fail();
    for ( ;; )
        ;
}

/* ---- helpers ---- */

static bool all_zero(const void *p, size_t size)
{
    const uint64_t *w = p;

    for ( size_t i = 0; i < size / sizeof(*w); i++ )
        if ( w[i] )
            return false;
    return true;
}

static void mark(const struct page_info *pg, unsigned int order, uint8_t to)
{
    uint64_t first = (uint64_t)(pg - frames);

    for ( uint64_t i = first; i < first + (1UL << order); i++ )
    {
        assert_true(i + RAM_FIRST >= ADD_FIRST && i + RAM_FIRST < ADD_LAST);
        assert_int_not_equal(in_use[i], to);
        in_use[i] = to;
    }
}

static struct page_info *take(unsigned int order, unsigned int flags)
{
    struct page_info *pg = alloc_pages(order, flags);

    if ( !pg )
        return NULL;
    mark(pg, order, 1);
    assert_int_equal(mfn_x(page_to_mfn(pg)) & ((1UL << order) - 1), 0);
    if ( flags & ALLOC_DMA32 )
        assert_true(mfn_x(page_to_mfn(pg)) + (1UL << order) <= 0x100000);
    if ( flags & ALLOC_ZERO )
        assert_true(all_zero(page_to_virt(pg), PAGE_SIZE << order));
    memset(page_to_virt(pg), 0xa5, PAGE_SIZE << order);
    return pg;
}

static void give(struct page_info *pg, unsigned int order, bool dirty)
{
    if ( !dirty )
        memset(page_to_virt(pg), 0, PAGE_SIZE << order);
    mark(pg, order, 0);
    free_pages(pg, order, dirty);
}

static void scrub_all(void)
{
    while ( page_scrub_some() )
        ;
}

/* All is free and merged: as many blocks as the range can have. */
static void check_whole(void)
{
    struct page_info *blocks[16];
    unsigned int nr = 0;

    scrub_all();
    assert_int_equal(heap_free_pages(), TOTAL);
    /* aligned blocks of 512 pages within [ADD_FIRST, ADD_LAST): 6 of 8 */
    while ( (blocks[nr] = take(9, ALLOC_ZERO)) )
        nr++;
    assert_int_equal(nr, RAM_PAGES / 512 - 2);
    while ( nr )
        give(blocks[--nr], 9, false);
    /* and the two largest: 1024 on each side of 4 GiB */
    blocks[0] = take(10, ALLOC_DMA32);
    blocks[1] = take(10, 0);
    assert_non_null(blocks[0]);
    assert_non_null(blocks[1]);
    assert_null(take(11, 0));
    give(blocks[0], 10, false);
    give(blocks[1], 10, false);
}

/* ---- tests ---- */

static void test_empty(void **state)
{
    (void)state;
    assert_null(alloc_pages(0, 0));
    assert_false(page_scrub_some());
    page_alloc_add(_maddr((ADD_FIRST << PAGE_SHIFT) - 5),
                   _maddr(HOLE << PAGE_SHIFT));
    page_alloc_add(_maddr((HOLE + 1) << PAGE_SHIFT),
                   _maddr((ADD_LAST << PAGE_SHIFT) + 5));
    assert_int_equal(heap_total_pages(), TOTAL - 1);
    /* what a module held comes later, and closes the hole */
    page_alloc_add(_maddr(HOLE << PAGE_SHIFT),
                   _maddr((HOLE + 1) << PAGE_SHIFT));
    assert_int_equal(heap_total_pages(), TOTAL);
    assert_null(alloc_pages(MAX_ORDER + 1, 0));
    check_whole();
}

static void test_random(void **state)
{
    static struct {
        struct page_info *pg;
        unsigned int order;
    } live[600];
    unsigned long used = 0;
    unsigned int nr = 0;

    (void)state;
    for ( unsigned int i = 0; i < 60000; i++ )
    {
        if ( nr < 600 && rnd(20) < 11 )
        {
            unsigned int order = rnd(rnd(3) ? 3 : 9);
            struct page_info *pg = take(order, rnd(4));

            if ( !pg )
                continue;
            live[nr].pg = pg;
            live[nr++].order = order;
            used += 1UL << order;
        }
        else if ( nr )
        {
            unsigned int k = rnd(nr);

            give(live[k].pg, live[k].order, rnd(2));
            used -= 1UL << live[k].order;
            live[k] = live[--nr];
        }
        if ( !rnd(5) )
            page_scrub_some();
        assert_int_equal(heap_free_pages(), TOTAL - used);
    }
    while ( nr-- )
        give(live[nr].pg, live[nr].order, true);
    check_whole();
}

static void test_exhaust(void **state)
{
    static struct page_info *pages[RAM_PAGES];
    unsigned int nr = 0, low = 0;

    (void)state;
    while ( (pages[nr] = take(0, ALLOC_DMA32)) )
        nr++;
    low = nr;
    assert_int_equal(low, 0x100000 - ADD_FIRST);
    while ( (pages[nr] = take(0, ALLOC_ZERO)) )
        nr++;
    assert_int_equal(nr, TOTAL);
    assert_int_equal(heap_free_pages(), 0);
    assert_null(xzalloc_bytes(8, 8));
    while ( nr )
        give(pages[--nr], 0, true);
    check_whole();
}

static void test_objects(void **state)
{
    static struct {
        uint8_t *p;
        size_t size;
        uint8_t fill;
    } live[3000];
    unsigned int nr = 0;

    (void)state;
    for ( unsigned int i = 0; i < 60000; i++ )
    {
        if ( nr < 3000 && rnd(20) < 11 )
        {
            size_t align = 1UL << rnd(8);
            size_t size = 1 + rnd(rnd(8) ? 300 : rnd(8) ? 4000 : 40000);
            uint8_t *p = xzalloc_bytes(size, align);

            if ( !p )
                continue;
            assert_int_equal((uintptr_t)p & (align - 1), 0);
            for ( size_t k = 0; k < size; k++ )
                assert_int_equal(p[k], 0);
            live[nr].p = p;
            live[nr].size = size;
            live[nr].fill = (uint8_t)(1 + rnd(255));
            memset(p, live[nr].fill, size);
            nr++;
        }
        else if ( nr )
        {
            unsigned int k = rnd(nr);

            for ( size_t b = 0; b < live[k].size; b++ )
                assert_int_equal(live[k].p[b], live[k].fill);
            xfree(live[k].p);
            live[k] = live[--nr];
        }
    }
    while ( nr-- )
        xfree(live[nr].p);
    xfree(NULL);
    check_whole();
}

/* ---- frames of domains ---- */

static struct domain *new_domain(unsigned long max_pages)
{
    static uint8_t mem[2][sizeof(struct domain)] __aligned(64);
    static unsigned int next;
    struct domain *d = (struct domain *)(void *)mem[next++ % 2];

    memset(d, 0, sizeof(*d));
    list_init(&d->page_list);
    d->max_pages = max_pages;
    return d;
}

static unsigned long list_length(struct domain *d)
{
    struct page_info *pg;
    unsigned long n = 0;

    list_for_each_entry (pg, &d->page_list, list)
    {
        assert_ptr_equal(pg->owner, d);
        n++;
    }
    return n;
}

static void test_assign(void **state)
{
    struct domain *d = new_domain(10), *other = new_domain(10);
    struct page_info *pg = alloc_domain_pages(d, 3, ALLOC_ZERO);

    (void)state;
    assert_non_null(pg);
    assert_ptr_equal(cleaned, page_to_virt(pg));
    assert_int_equal(cleaned_size, PAGE_SIZE << 3);
    assert_int_equal(d->tot_pages, 8);
    assert_int_equal(list_length(d), 8);
    /* over the limit: nothing is lost */
    assert_null(alloc_domain_pages(d, 2, ALLOC_ZERO));
    assert_int_equal(d->tot_pages, 8);
    assert_int_equal(heap_free_pages(), TOTAL - 8);

    assert_false(get_page(pg, other));
    assert_true(get_page(pg, d));
    page_release(pg);
    page_release(pg); /* once only */
    assert_int_equal(d->tot_pages, 8);
    put_page(pg);
    assert_int_equal(d->tot_pages, 7);
    assert_int_equal(list_length(d), 7);
    assert_false(get_page(pg, d));

    d->is_dying = true;
    assert_null(alloc_domain_pages(d, 0, ALLOC_ZERO));
    for ( unsigned int i = 1; i < 8; i++ )
    {
        assert_int_equal(last_gone, 0);
        page_release(pg + i);
    }
    assert_int_equal(last_gone, 1);
    assert_int_equal(list_length(d), 0);
    last_gone = 0;
    check_whole();
}

/* P3: a frame whose invalidation was lost is never handed out again. */
static void test_quarantine(void **state)
{
    struct domain *d = new_domain(10);
    struct page_info *pg = alloc_domain_pages(d, 0, ALLOC_ZERO), *other;

    (void)state;
    page_quarantine(pg);
    page_release(pg);
    assert_int_equal(d->tot_pages, 0);
    assert_int_equal(heap_free_pages(), TOTAL - 1);
    while ( (other = alloc_pages(0, 0)) )
        assert_ptr_not_equal(other, pg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_exhaust),
        cmocka_unit_test(test_objects),
        cmocka_unit_test(test_assign),
        /* the last one: it takes all memory */
        cmocka_unit_test(test_quarantine),
    };

    ram = mmap(NULL, RAM_PAGES << PAGE_SHIFT, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    /* memory at boot holds anything */
    memset(ram, 0x5a, RAM_PAGES << PAGE_SHIFT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
