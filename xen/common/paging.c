/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages for a domain's tables. Lock: the domain's page_lock, which may be taken
 * with p2m->lock held.
 */
#include <xen/paging.h>

#include <xen/bits.h>
#include <xen/domain.h>
#include <xen/mm.h>
#include <xen/softirq.h>

#define SLICE 32U /* pages between two looks at the clock */

static void push(struct paging_pool *pool, struct page_info *pg)
{
    list_add(&pg->list, &pool->free);
    pool->nr_free++;
}

static struct page_info *pop(struct paging_pool *pool)
{
    struct page_info *pg;

    if ( list_empty(&pool->free) )
        return NULL;
    pg = list_first_entry(&pool->free, struct page_info, list);
    list_del(&pg->list);
    pool->nr_free--;
    return pg;
}

/* One page more, from the heap. */
static int grow(struct domain *d)
{
    struct page_info *pg = alloc_pages(0, 0);

    if ( !pg )
        return -ENOMEM;
    spin_lock(&d->page_lock);
    push(&d->paging, pg);
    d->paging.total++;
    spin_unlock(&d->page_lock);
    return 0;
}

/* One page less. -EBUSY: all are tables. */
static int shrink(struct domain *d)
{
    struct page_info *pg;

    spin_lock(&d->page_lock);
    pg = pop(&d->paging);
    if ( pg )
        d->paging.total--;
    spin_unlock(&d->page_lock);
    if ( !pg )
        return -EBUSY;
    free_pages(pg, 0, true);
    return 0;
}

static int resize(struct domain *d, unsigned long pages)
{
    int rc = 0;

    for ( unsigned int n = 1; !rc && d->paging.total != pages; n++ )
    {
        rc = d->paging.total < pages ? grow(d) : shrink(d);
        if ( !rc && !(n % SLICE) && preempt_check() )
            rc = -ERESTART;
    }
    return rc;
}

int paging_init(struct domain *d)
{
    int rc = 0;

    d->paging.limited = true;
    list_init(&d->paging.free);
    while ( !rc && d->paging.total < PAGING_BASE )
        rc = grow(d);
    return rc;
}

int paging_release(struct domain *d)
{
    int rc = d->paging.limited ? resize(d, 0) : 0;

    return rc == -EBUSY ? 0 : rc; /* roots */
}

void paging_exit(struct domain *d)
{
    while ( d->paging.limited && !shrink(d) )
        continue;
}

int paging_set_size(struct domain *d, uint64_t bytes)
{
    uint64_t pages = bytes >> PAGE_SHIFT;

    if ( bytes & (PAGE_SIZE - 1) || !d->paging.limited || d->is_dying )
        return -EINVAL;
    if ( pages > heap_total_pages() / 2 )
        return -ENOMEM;
    return resize(d, PAGING_BASE + 2 * pages);
}

uint64_t paging_size(const struct domain *d)
{
    unsigned long total = READ_ONCE(d->paging.total);

    return total < PAGING_BASE ? 0 : (total - PAGING_BASE) / 2 << PAGE_SHIFT;
}

void *paging_alloc(struct domain *d, unsigned int order)
{
    struct page_info *pg;
    void *table = NULL;

    if ( !d->paging.limited || order )
        return alloc_xen_pages(order);
    spin_lock(&d->page_lock);
    pg = pop(&d->paging);
    spin_unlock(&d->page_lock);
    if ( pg )
        table = memset(page_to_virt(pg), 0, PAGE_SIZE);
    return table;
}

void paging_free(struct domain *d, void *table, unsigned int order)
{
    if ( !d->paging.limited || order )
    {
        free_xen_pages(table, order);
        return;
    }
    spin_lock(&d->page_lock);
    push(&d->paging, mfn_to_page(virt_to_mfn(table)));
    spin_unlock(&d->page_lock);
}
