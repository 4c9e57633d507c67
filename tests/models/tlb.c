/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A page-table walker with caches that never forget by themselves: tlb.h. */
#include "tlb.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n)   ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

#define ADDR       0x0000fffffffff000ULL
#define CONTIGUOUS (1ULL << 52)
#define GARBAGE    0xbad0bad0bad0bad3ULL
#define PAGE       4096U
#define PER_PAGE   512U

static uint64_t span(unsigned int level)
{
    return 1ULL << (12 + 9 * (3 - level));
}

static bool valid(uint64_t desc)
{
    return desc & 1;
}

static bool table(uint64_t desc, unsigned int level)
{
    return level < 3 && (desc & 3) == 3;
}

__attribute__((format(printf, 2, 3))) static void complain(struct tlb_model *m,
                                                           const char *fmt, ...)
{
    va_list ap;

    if ( m->complaints++ > 20 )
        return;

    va_start(ap, fmt);
    fputs("tlb model: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
}

void tlb_init(struct tlb_model *m, size_t nr_pages)
{
    memset(m, 0, sizeof(*m));
    m->nr_pages = nr_pages;
    m->mem = aligned_alloc(PAGE * 16, nr_pages * PAGE);
    m->shadow = malloc(nr_pages * PAGE);
    m->page = calloc(nr_pages, sizeof(*m->page));
    m->max_stale = 1024;
    m->stale = malloc(m->max_stale * sizeof(*m->stale));
    m->covered = calloc(TLB_BUCKETS, sizeof(*m->covered));
    if ( !m->mem || !m->shadow || !m->page || !m->stale || !m->covered )
        abort();

    m->page[0].allocated = true; /* index 0 says "leaf" in tlb_stale */
    ASAN_POISON_MEMORY_REGION(m->mem, nr_pages * PAGE);
}

void tlb_exit(struct tlb_model *m)
{
    ASAN_UNPOISON_MEMORY_REGION(m->mem, m->nr_pages * PAGE);
    free(m->mem);
    free(m->shadow);
    free(m->page);
    free(m->stale);
    free(m->covered);
}

uint64_t tlb_maddr(const struct tlb_model *m, const void *t)
{
    return TLB_MADDR + (uint64_t)((const char *)t - (const char *)m->mem);
}

size_t tlb_page_index(const struct tlb_model *m, const void *t)
{
    return (size_t)((const char *)t - (const char *)m->mem) / PAGE;
}

/* The page a table descriptor points to; 0 when it points nowhere of ours. */
static size_t target(const struct tlb_model *m, uint64_t desc)
{
    uint64_t index = ((desc & ADDR) - TLB_MADDR) / PAGE;

    return index < m->nr_pages && m->page[index].allocated ? index : 0;
}

static uint64_t *shadow_of(const struct tlb_model *m, size_t page)
{
    return m->shadow + page * PER_PAGE;
}

static uint64_t *mem_of(const struct tlb_model *m, size_t page)
{
    return m->mem + page * PER_PAGE;
}

/* --- memory --- */

static bool is_free(const struct tlb_model *m, size_t first, size_t nr)
{
    for ( size_t i = 0; i < nr; i++ )
        if ( first + i >= m->nr_pages || m->page[first + i].allocated )
            return false;

    return true;
}

void *tlb_alloc(struct tlb_model *m, unsigned int order)
{
    size_t nr = (size_t)1 << order, first, tries;

    if ( m->fail_at && !--m->fail_at )
        return NULL;

    for ( tries = 0; tries < m->nr_pages; tries += nr )
    {
        first = (m->hint + tries) / nr * nr % m->nr_pages;
        if ( is_free(m, first, nr) )
            break;
    }
    if ( tries >= m->nr_pages )
        return NULL;

    for ( size_t i = first; i < first + nr; i++ )
    {
        ASAN_UNPOISON_MEMORY_REGION(mem_of(m, i), PAGE);
        memset(mem_of(m, i), 0, PAGE);
        for ( unsigned int j = 0; j < PER_PAGE; j++ )
            shadow_of(m, i)[j] = GARBAGE;
        memset(&m->page[i], 0, sizeof(m->page[i]));
        m->page[i].allocated = m->page[i].fresh = true;
        m->nr_fresh++;
    }
    m->hint = first + nr; /* reuse late: stale pointers show */
    m->allocs++;
    m->pages += (unsigned int)nr;

    return mem_of(m, first);
}

void tlb_free(struct tlb_model *m, void *t, unsigned int order)
{
    size_t first = tlb_page_index(m, t), nr = (size_t)1 << order;

    for ( size_t i = first; i < first + nr; i++ )
    {
        if ( !m->page[i].allocated )
            complain(m, "table %zu freed twice", i);
        if ( m->page[i].linked )
            complain(m, "table %zu freed while linked", i);
        for ( size_t s = 0; s < m->nr_stale; s++ )
            if ( m->stale[s].table == i )
                complain(m, "table %zu freed while a walk cache has it", i);

        m->nr_fresh -= m->page[i].fresh;
        m->page[i].allocated = false;
        ASAN_POISON_MEMORY_REGION(mem_of(m, i), PAGE);
    }
    m->pages -= (unsigned int)nr;
}

/* --- what is reachable --- */

static void link_table(struct tlb_model *m, size_t page, uint64_t ia,
                       unsigned int level)
{
    struct tlb_page *p = &m->page[page];

    if ( p->linked )
        complain(m, "table %zu linked twice", page);
    if ( p->fresh )
        complain(m, "table %zu linked before it was published", page);
    if ( memcmp(mem_of(m, page), shadow_of(m, page), PAGE) )
        complain(m, "table %zu linked with unpublished stores", page);

    p->linked = true;
    p->level = level;
    p->ia = ia;

    for ( unsigned int i = 0; i < PER_PAGE; i++ )
    {
        uint64_t desc = shadow_of(m, page)[i];

        if ( !table(desc, level) )
            continue;
        if ( target(m, desc) )
            link_table(m, target(m, desc), ia + i * span(level), level + 1);
        else
            complain(m, "table descriptor %#llx points nowhere",
                     (unsigned long long)desc);
    }
}

static bool overlaps(const struct tlb_stale *s, uint64_t ia, uint64_t size)
{
    return s->ia < ia + size && ia < s->ia + s->size;
}

/*
 * How many stale entries cover a page, hashed, so that a make need not look
 * through all of them; those above 64 KiB are only counted.
 */
static void count_stale(struct tlb_model *m, const struct tlb_stale *s, int by)
{
    if ( s->size > 16 * span(3) )
    {
        m->nr_big += (size_t)by;
        return;
    }

    for ( uint64_t ia = s->ia; ia < s->ia + s->size; ia += PAGE )
        m->covered[ia / PAGE % TLB_BUCKETS] += (uint32_t)by;
}

static bool is_stale(const struct tlb_model *m, uint64_t ia, uint64_t size)
{
    bool maybe = m->nr_big;

    if ( !m->nr_stale )
        return false;

    for ( uint64_t i = 0; i < size / PAGE && i < TLB_BUCKETS && !maybe; i++ )
        maybe = m->covered[(ia / PAGE + i) % TLB_BUCKETS];

    for ( size_t s = 0; maybe && s < m->nr_stale; s++ )
        if ( overlaps(&m->stale[s], ia, size) )
            return true;

    return false;
}

static void add_stale(struct tlb_model *m, struct tlb_stale s)
{
    count_stale(m, &s, 1);
    if ( m->nr_stale == m->max_stale )
    {
        m->max_stale *= 2;
        m->stale = realloc(m->stale, m->max_stale * sizeof(*m->stale));
        if ( !m->stale )
            abort();
    }
    m->stale[m->nr_stale++] = s;
}

/* A visible descriptor has gone: caches keep it, and all it led to. */
static void leave_stale(struct tlb_model *m, uint64_t desc, uint64_t ia,
                        unsigned int level)
{
    struct tlb_stale s = {.ia = ia, .size = span(level), .level = level};

    if ( !valid(desc) )
        return;

    if ( !table(desc, level) )
    {
        if ( desc & CONTIGUOUS )
        {
            s.size *= 16;
            s.ia &= ~(s.size - 1);
        }
        add_stale(m, s);
        return;
    }

    s.table = target(m, desc);
    add_stale(m, s);
    m->page[s.table].linked = false;
    for ( unsigned int i = 0; i < PER_PAGE; i++ )
        leave_stale(m, shadow_of(m, s.table)[i], ia + i * span(level + 1),
                    level + 1);
}

/* --- checks at publication --- */

/* Stores may become visible at any time before their barrier, too. */
static void check_early_links(struct tlb_model *m)
{
    /* Of a long build the first table and some of the others will do. */
    if ( !m->nr_fresh || m->building++ % 64 )
        return;

    for ( size_t p = 1; p < m->nr_pages; p++ )
    {
        if ( !m->page[p].linked ||
             !memcmp(mem_of(m, p), shadow_of(m, p), PAGE) )
            continue;
        for ( unsigned int i = 0; i < PER_PAGE; i++ )
        {
            uint64_t desc = mem_of(m, p)[i];
            size_t t = table(desc, m->page[p].level) ? target(m, desc) : 0;

            if ( t && m->page[t].fresh )
                complain(m, "table %zu visible before it was published", t);
        }
    }
}

/* Does a table (as the walker sees it) translate as one leaf would? */
static bool same_as_leaf(const struct tlb_model *m, uint64_t desc,
                         uint64_t leaf, unsigned int level)
{
    size_t page = target(m, desc);

    for ( unsigned int i = 0; i < PER_PAGE; i++ )
    {
        uint64_t e = shadow_of(m, page)[i];
        uint64_t attrs = ~(ADDR | 3ULL | CONTIGUOUS | m->live_bits);
        uint64_t part = leaf + i * span(level + 1);

        if ( table(e, level + 1) )
        {
            if ( !same_as_leaf(m, e, part, level + 1) )
                return false;
        }
        else if ( !valid(e) || ((e ^ leaf) & attrs) || (e ^ part) & ADDR )
            return false;
    }

    return true;
}

static bool may_change_live(const struct tlb_model *m, uint64_t old,
                            uint64_t new, unsigned int level)
{
    bool was = table(old, level), is = table(new, level);

    if ( was && is )
        return false;
    if ( was )
        return m->live_split && same_as_leaf(m, old, new, level);
    if ( is )
        return m->live_split && same_as_leaf(m, new, old, level);

    return !((old ^ new) & ~(m->live_bits | (m->live_split ? CONTIGUOUS : 0)));
}

static void publish_one(struct tlb_model *m, size_t page, unsigned int i)
{
    struct tlb_page *p = &m->page[page];
    uint64_t old = shadow_of(m, page)[i], new = mem_of(m, page)[i];
    uint64_t ia = p->ia + i * span(p->level);
    unsigned int level = p->level;

    if ( old == new )
        return;

    if ( table(new, level) && (new & ~ADDR) != m->table_bits )
        complain(m, "table descriptor %#llx", (unsigned long long)new);

    if ( valid(old) && valid(new) && !may_change_live(m, old, new, level) )
        complain(m, "ia %#llx level %u: %#llx -> %#llx without a break",
                 (unsigned long long)ia, level, (unsigned long long)old,
                 (unsigned long long)new);

    if ( !valid(old) && valid(new) && is_stale(m, ia, span(level)) )
        complain(m, "ia %#llx level %u made before invalidation",
                 (unsigned long long)ia, level);

    leave_stale(m, old, ia, level);
    shadow_of(m, page)[i] = new;
    if ( table(new, level) )
    {
        if ( target(m, new) )
            link_table(m, target(m, new), ia, level + 1);
        else
            complain(m, "table descriptor %#llx points nowhere",
                     (unsigned long long)new);
    }
}

static void check_contiguous(struct tlb_model *m, size_t page, unsigned int i)
{
    const uint64_t *run = shadow_of(m, page) + (i & ~15U);
    unsigned int level = m->page[page].level;

    if ( !valid(run[i & 15]) || table(run[i & 15], level) ||
         !(run[i & 15] & CONTIGUOUS) )
        return;

    for ( unsigned int j = 0; j < 16; j++ )
        if ( run[j] != run[0] + j * span(level) )
        {
            complain(m, "contiguous run %#llx differs at %u",
                     (unsigned long long)run[0], j);
            return;
        }
    if ( (run[0] & ADDR) % (16 * span(level)) )
        complain(m, "contiguous run %#llx unaligned",
                 (unsigned long long)run[0]);
}

void tlb_publish(struct tlb_model *m, const uint64_t *desc, size_t nr)
{
    size_t first = (size_t)(desc - m->mem);

    check_early_links(m);
    m->publishes++;
    m->published += (unsigned int)nr;

    for ( size_t k = first; k < first + nr; k++ )
    {
        struct tlb_page *p = &m->page[k / PER_PAGE];

        if ( p->linked )
            publish_one(m, k / PER_PAGE, (unsigned int)(k % PER_PAGE));
        else
            m->shadow[k] = m->mem[k];
        p->pub[k % PER_PAGE] = 1;
        if ( p->fresh && k % PER_PAGE == PER_PAGE - 1 &&
             !memchr(p->pub, 0, PER_PAGE) )
        {
            p->fresh = false;
            m->nr_fresh--;
            if ( !m->nr_fresh )
                m->building = 0;
        }
    }

    for ( size_t k = first; k < first + nr; k++ )
        if ( m->page[k / PER_PAGE].linked )
            check_contiguous(m, k / PER_PAGE, (unsigned int)(k % PER_PAGE));
}

void tlb_check_clean(struct tlb_model *m)
{
    check_early_links(m);
    for ( size_t p = 1; p < m->nr_pages; p++ )
        if ( m->page[p].allocated && m->page[p].linked &&
             memcmp(mem_of(m, p), shadow_of(m, p), PAGE) )
            complain(m, "table %zu has unpublished stores", p);
}

/* --- invalidation and walks --- */

void tlb_invalidate(struct tlb_model *m, uint64_t ia, uint64_t size,
                    unsigned int level)
{
    size_t kept = 0;

    tlb_check_clean(m);
    m->invalidations++;
    for ( size_t s = 0; s < m->nr_stale; s++ )
    {
        struct tlb_stale *e = &m->stale[s];

        if ( overlaps(e, ia, size) &&
             (level == TLB_ALL || (!e->table && e->level == level)) )
            count_stale(m, e, -1);
        else
            m->stale[kept++] = *e;
    }
    m->nr_stale = kept;
}

static void forget(struct tlb_model *m)
{
    m->nr_stale = m->nr_big = 0;
    memset(m->covered, 0, TLB_BUCKETS * sizeof(*m->covered));
}

void tlb_invalidate_all(struct tlb_model *m)
{
    tlb_check_clean(m);
    m->invalidations++;
    forget(m);
}

void tlb_attach(struct tlb_model *m, uint64_t root_ma, unsigned int order,
                unsigned int level)
{
    m->root = (root_ma - TLB_MADDR) / PAGE;
    for ( size_t i = 0; i < (size_t)1 << order; i++ )
        link_table(m, m->root + i, i * PER_PAGE * span(level), level);
}

void tlb_detach(struct tlb_model *m)
{
    for ( size_t p = 1; p < m->nr_pages; p++ )
        m->page[p].linked = false;
    m->root = 0;
    forget(m);
}

uint64_t tlb_walk(const struct tlb_model *m, uint64_t ia, unsigned int *level)
{
    unsigned int l = m->page[m->root].level;
    const uint64_t *desc = shadow_of(m, m->root) + ia / span(l);

    while ( table(*desc, l) )
    {
        desc = shadow_of(m, target(m, *desc));
        l++;
        desc += ia / span(l) % PER_PAGE;
    }

    *level = l;

    return valid(*desc) ? *desc : 0;
}
