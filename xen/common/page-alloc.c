/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The buddy allocator, small objects on top of it, and the frames of domains.
 *
 * Free blocks stand on one list per order and cleanliness. Blocks of unlike
 * cleanliness do not merge; idle CPUs scrub the dirty ones, after which
 * everything merges again. Nothing here is done per page that can be done per
 * block, except that every frame of a domain is on its owner's list.
 *
 * Locks: heap lock for the free lists and slabs; d->page_lock for a domain's
 * list and counts. A frame's count is atomic.
 */
#include <xen/mm.h>

#include <xen/bits.h>
#include <xen/cache.h>
#include <xen/domain.h>

#define SCRUB_ORDER 9U /* an idle CPU's piece of work */

static DEFINE_SPINLOCK(heap_lock, LOCK_RANK_HEAP);
static struct list_head heap[MAX_ORDER + 1][2]; /* [order][dirty] */
static uint32_t heap_orders[2]; /* bit n: heap[n][dirty] is not empty */
static unsigned long nr_free, nr_total;
static bool heap_ready;

static void heap_init(void)
{
    for ( unsigned int order = 0; order <= MAX_ORDER; order++ )
    {
        list_init(&heap[order][0]);
        list_init(&heap[order][1]);
    }
    heap_ready = true;
}

static void block_insert(struct page_info *pg, unsigned int order, bool dirty)
{
    pg->order = (uint8_t)order;
    pg->flags = dirty ? PGF_FREE | PGF_DIRTY : PGF_FREE;
    list_add(&pg->list, &heap[order][dirty]);
    heap_orders[dirty] |= 1U << order;
}

static void block_remove(struct page_info *pg)
{
    unsigned int order = pg->order;
    bool dirty = pg->flags & PGF_DIRTY;

    list_del(&pg->list);
    pg->flags = 0;
    if ( list_empty(&heap[order][dirty]) )
        heap_orders[dirty] &= ~(1U << order);
}

/* Is the buddy of this block free, whole and of the same cleanliness? */
static struct page_info *free_buddy(struct page_info *pg, unsigned int order,
                                    bool dirty)
{
    mfn_t buddy = _mfn(mfn_x(page_to_mfn(pg)) ^ (1UL << order));
    struct page_info *b;

    if ( !mfn_is_ram(buddy) )
        return NULL;
    b = mfn_to_page(buddy);
    if ( b->flags != (dirty ? PGF_FREE | PGF_DIRTY : PGF_FREE) ||
         b->order != order )
        return NULL;
    return b;
}

static void block_free(struct page_info *pg, unsigned int order, bool dirty)
{
    struct page_info *buddy;

    nr_free += 1UL << order;
    while ( order < MAX_ORDER && (buddy = free_buddy(pg, order, dirty)) )
    {
        block_remove(buddy);
        if ( buddy < pg )
            pg = buddy;
        order++;
    }
    block_insert(pg, order, dirty);
}

/* Cut a removed block down to @order; the other halves go back. */
static struct page_info *block_split(struct page_info *pg, unsigned int from,
                                     unsigned int order, bool dirty)
{
    while ( from > order )
    {
        from--;
        block_insert(pg + (1UL << from), from, dirty);
    }
    return pg;
}

static struct page_info *block_take(unsigned int order, bool dirty,
                                    unsigned int flags)
{
    uint32_t orders = heap_orders[dirty] & ~((1U << order) - 1);

    while ( orders )
    {
        unsigned int from = (unsigned int)__builtin_ctz(orders);
        struct page_info *pg;

        list_for_each_entry (pg, &heap[from][dirty], list)
        {
            if ( (flags & ALLOC_DMA32) &&
                 mfn_x(page_to_mfn(pg)) + (1UL << order) >
                     (GiB(4) >> PAGE_SHIFT) )
                continue;
            block_remove(pg);
            nr_free -= 1UL << order;
            return block_split(pg, from, order, dirty);
        }
        orders &= orders - 1;
    }
    return NULL;
}

void page_alloc_add(maddr_t start, maddr_t end)
{
    uint64_t mfn = (maddr_x(start) + PAGE_SIZE - 1) >> PAGE_SHIFT;
    uint64_t last = maddr_x(end) >> PAGE_SHIFT;

    spin_lock(&heap_lock);
    if ( !heap_ready )
        heap_init();
    while ( mfn < last )
    {
        unsigned int order = max_order(mfn, 0, last - mfn);

        if ( order > MAX_ORDER )
            order = MAX_ORDER;
        block_free(mfn_to_page(_mfn(mfn)), order, true);
        nr_total += 1UL << order;
        mfn += 1UL << order;
    }
    spin_unlock(&heap_lock);
}

struct page_info *alloc_pages(unsigned int order, unsigned int flags)
{
    bool want_clean = flags & ALLOC_ZERO, dirty = !want_clean;
    struct page_info *pg;

    if ( order > MAX_ORDER || !heap_ready )
        return NULL;

    spin_lock(&heap_lock);
    pg = block_take(order, dirty, flags);
    if ( !pg )
    {
        dirty = !dirty;
        pg = block_take(order, dirty, flags);
    }
    spin_unlock(&heap_lock);

    if ( pg && want_clean && dirty )
        memset(page_to_virt(pg), 0, PAGE_SIZE << order);
    return pg;
}

void free_pages(struct page_info *pg, unsigned int order, bool dirty)
{
    ASSERT(!(pg->flags & (PGF_FREE | PGF_QUARANTINED)));
    spin_lock(&heap_lock);
    block_free(pg, order, dirty);
    spin_unlock(&heap_lock);
}

bool page_scrub_some(void)
{
    struct page_info *pg = NULL;
    unsigned int order = 0;

    if ( !READ_ONCE(heap_orders[1]) )
        return false;

    spin_lock(&heap_lock);
    if ( heap_orders[1] )
    {
        order = 31U - (unsigned int)__builtin_clz(heap_orders[1]);
        order = min(order, SCRUB_ORDER);
        pg = block_take(order, true, 0);
    }
    spin_unlock(&heap_lock);
    if ( !pg )
        return false;

    memset(page_to_virt(pg), 0, PAGE_SIZE << order);
    free_pages(pg, order, false);
    return true;
}

unsigned long heap_free_pages(void)
{
    return READ_ONCE(nr_free);
}

unsigned long heap_total_pages(void)
{
    return nr_total;
}

void *alloc_xen_pages(unsigned int order)
{
    struct page_info *pg = alloc_pages(order, ALLOC_ZERO);

    return pg ? page_to_virt(pg) : NULL;
}

void free_xen_pages(void *va, unsigned int order)
{
    free_pages(mfn_to_page(virt_to_mfn(va)), order, true);
}

/* ---- small objects: powers of two from 32 bytes to half a page ---- */

#define SLAB_MIN_SHIFT 5U
#define SLAB_CLASSES   7U /* 32 .. 2048 */
#define SLAB_PAGES     255U

/*
 * Pages with a free object, by class; heap lock. page->order: objects in use,
 * or the order of whole pages. count stays 0, so that get_page() refuses what a
 * guest had until a moment ago.
 */
static struct list_head slab[SLAB_CLASSES];

static struct page_info *slab_grow(unsigned int class)
{
    struct page_info *pg = block_take(0, false, 0);
    bool dirty = !pg;
    size_t size = 1UL << (class + SLAB_MIN_SHIFT);
    char *base;
    void **link;

    if ( dirty )
        pg = block_take(0, true, 0);
    if ( !pg )
        return NULL;
    base = page_to_virt(pg);
    link = &pg->slab_free;
    for ( size_t at = 0; at < PAGE_SIZE; at += size )
    {
        *link = base + at;
        link = (void **)(void *)(base + at);
    }
    *link = NULL;
    pg->slab = (uint8_t)(class + 1);
    pg->order = 0;
    if ( !slab[class].next )
        list_init(&slab[class]);
    list_add(&pg->list, &slab[class]);
    return pg;
}

void *xzalloc_bytes(size_t size, size_t align)
{
    size_t need = max(max(size, align), (size_t)1 << SLAB_MIN_SHIFT);
    unsigned int shift = 64U - (unsigned int)__builtin_clzl(need - 1);
    struct page_info *pg;
    void *obj;

    if ( shift >= PAGE_SHIFT )
    {
        pg = alloc_pages(shift - PAGE_SHIFT, ALLOC_ZERO);
        if ( !pg )
            return NULL;
        pg->slab = SLAB_PAGES;
        pg->order = (uint8_t)(shift - PAGE_SHIFT);
        return page_to_virt(pg);
    }

    shift -= SLAB_MIN_SHIFT;
    spin_lock(&heap_lock);
    if ( slab[shift].next && !list_empty(&slab[shift]) )
        pg = list_first_entry(&slab[shift], struct page_info, list);
    else
        pg = slab_grow(shift);
    obj = pg ? pg->slab_free : NULL;
    if ( obj )
    {
        pg->slab_free = *(void **)obj;
        pg->order++;
        if ( !pg->slab_free )
            list_del(&pg->list);
    }
    spin_unlock(&heap_lock);
    if ( obj )
        memset(obj, 0, size);
    return obj;
}

void xfree(void *p)
{
    struct page_info *pg;
    unsigned int class;

    if ( !p )
        return;
    pg = mfn_to_page(virt_to_mfn(p));
    ASSERT(pg->slab);
    if ( pg->slab == SLAB_PAGES )
    {
        unsigned int order = pg->order;

        pg->slab = 0;
        pg->order = 0;
        free_pages(pg, order, true);
        return;
    }

    spin_lock(&heap_lock);
    class = pg->slab - 1U;
    if ( !pg->slab_free )
        list_add(&pg->list, &slab[class]);
    *(void **)p = pg->slab_free;
    pg->slab_free = p;
    if ( !--pg->order )
    {
        list_del(&pg->list);
        pg->slab = 0;
        pg->slab_free = NULL;
        block_free(pg, 0, true);
    }
    spin_unlock(&heap_lock);
}

/* ---- frames of domains ---- */

int assign_pages(struct domain *d, struct page_info *pg, unsigned int order)
{
    unsigned long nr = 1UL << order;
    struct list_head *prev = &d->page_list;
    int rc = 0;

    spin_lock(&d->page_lock);
    if ( d->is_dying )
        rc = -EINVAL;
    else if ( d->tot_pages + nr > d->max_pages )
        rc = -ENOMEM;
    else
    {
        struct list_head *next = prev->next;

        for ( unsigned long i = 0; i < nr; i++ )
        {
            pg[i].owner = d;
            pg[i].alias_ro = pg[i].alias_rw = 0;
            pg[i].flags = PGF_ALLOCATED;
            pg[i].list.prev = prev;
            prev->next = &pg[i].list;
            prev = &pg[i].list;
            /* last: from here get_page() works on it */
            __atomic_store_n(&pg[i].count, 1, __ATOMIC_RELEASE);
        }
        prev->next = next;
        next->prev = prev;
        d->tot_pages += nr;
    }
    spin_unlock(&d->page_lock);
    return rc;
}

struct page_info *alloc_domain_pages(struct domain *d, unsigned int order,
                                     unsigned int flags)
{
    struct page_info *pg = alloc_pages(order, flags);

    if ( !pg )
        return NULL;
    /* A guest may look past the caches: not at what was there before. */
    cache_clean_invalidate(page_to_virt(pg), PAGE_SIZE << order);
    if ( !assign_pages(d, pg, order) )
        return pg;
    free_pages(pg, order, !(flags & ALLOC_ZERO));
    return NULL;
}

bool get_page(struct page_info *pg, const struct domain *d)
{
    uint32_t old = READ_ONCE(pg->count);

    do
    {
        if ( !old || unlikely(old + 1 == 0) )
            return false;
    } while ( !__atomic_compare_exchange_n(
        &pg->count, &old, old + 1, true, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED) );
    if ( likely(pg->owner == d) )
        return true;
    put_page(pg);
    return false;
}

void put_page(struct page_info *pg)
{
    struct domain *d;
    bool last_page;

    ASSERT(pg->count);
    if ( __atomic_sub_fetch(&pg->count, 1, __ATOMIC_RELEASE) )
        return;

    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    d = pg->owner;
    spin_lock(&d->page_lock);
    list_del(&pg->list);
    last_page = !--d->tot_pages && d->is_dying;
    pg->owner = NULL;
    spin_unlock(&d->page_lock);

    if ( !(pg->flags & PGF_QUARANTINED) )
    {
        pg->flags = 0;
        free_pages(pg, 0, true);
    }
    if ( last_page )
        domain_last_page_gone(d);
}

void page_release(struct page_info *pg)
{
    struct domain *d = pg->owner;
    bool held;

    spin_lock(&d->page_lock);
    held = pg->flags & PGF_ALLOCATED;
    pg->flags &= (uint8_t)~PGF_ALLOCATED;
    spin_unlock(&d->page_lock);
    if ( held )
        put_page(pg);
}

void page_quarantine(struct page_info *pg)
{
    struct domain *d = pg->owner;

    spin_lock(&d->page_lock);
    pg->flags |= PGF_QUARANTINED;
    spin_unlock(&d->page_lock);
}
