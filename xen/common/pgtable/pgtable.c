/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page tables of the VMSA family: the one algorithm for all formats.
 *
 * Owns the tables of a struct pgt: their pages, descriptors and statistics.
 * Does not own the frames mapped, TLBs, or any lock: the owner of the struct
 * serialises. Formats are in fmt-s1.c (EL2, SMMUv3, IPMMU) and fmt-s2.c (P2M).
 *
 *        ia  47    39 38    30 29    21 20    12 11     0
 *           +--------+--------+--------+--------+--------+
 *           |   L0   |   L1   |   L2   |   L3   | offset |
 *           +--------+--------+--------+--------+--------+
 *   order       27       18       9        0      of one descriptor
 *
 *   descriptor  bit 0 = 0          invalid; always all zero, except between a
 *                                  break and its make, when the rest stays
 *               bits 1:0 = 3       table (L0..L2) or page (L3)
 *               bits 1:0 = 1       block (L1, L2)
 *               bit 52             leaf: one of 16 aligned neighbours that a
 *                                  TLB may keep as one entry. Invariant: all
 *                                  16 or none, same attributes, consecutive
 *
 * A range of 2^order pages is one descriptor, or a run of them in one table
 * (a run in the root may cross its concatenated pages). Only write_run(), with
 * its short cuts fill_page() and clear_page(), stores to a table that
 * something may walk.
 *
 * Spec: DDI 0487 J.a, D8.3 "Translation table descriptor formats", D8.14.1
 * "Using break-before-make when updating translation table entries", D8.7.1
 * "The Contiguous bit".
 */
#include <xen/pgtable.h>

#include <xen/bits.h>
#include <xen/errno.h>

#define DESC_VALID  BIT64(0)
#define DESC_TYPE   GENMASK64(1, 0)
#define DESC_TABLE  UINT64_C(3)
#define DESC_BLOCK  UINT64_C(1)
#define DESC_PAGE   UINT64_C(3)
#define DESC_ADDR   GENMASK64(47, 12)
#define DESC_CONTIG BIT64(52)

#define LAST_LEVEL     (PGT_LEVELS - 1)
#define CONTIG_ORDER   4U
#define CONTIG_ENTRIES (1U << CONTIG_ORDER)

/* nr neighbouring descriptors of one table; ia belongs to the first. */
struct run {
    uint64_t *desc;
    uint64_t ia;
    unsigned int level;
    unsigned int nr;
};

/*
 * What a run becomes. keep == 0: the i-th descriptor is set + i * step.
 * Otherwise its leaves become (old & keep) | set and its holes stay.
 */
struct change {
    uint64_t keep, set, step;
};

/* For facts that only our own code can break. There is no console here. */
static inline void bug_on(bool cond)
{
    if ( unlikely(cond) )
        __builtin_trap();
}

static inline bool is_valid(uint64_t desc)
{
    return desc & DESC_VALID;
}

static inline bool is_table(uint64_t desc, unsigned int level)
{
    return level < LAST_LEVEL && (desc & DESC_TYPE) == DESC_TABLE;
}

static inline uint64_t leaf_type(unsigned int level)
{
    return level == LAST_LEVEL ? DESC_PAGE : DESC_BLOCK;
}

static inline bool is_contig(uint64_t desc)
{
    return is_valid(desc) && (desc & DESC_CONTIG);
}

/* Descriptors of a level that 2^order pages take: at least one. */
static inline unsigned int run_length(unsigned int order, unsigned int level)
{
    unsigned int one = pgt_level_order(level);

    return order > one ? 1U << (order - one) : 1;
}

static inline uint64_t *maddr_to_table(const struct pgt *pgt, uint64_t ma)
{
    const struct pgt_env *env = pgt->env;

    if ( env->to_virt )
        return env->to_virt(_maddr(ma));

    return (uint64_t *)(uintptr_t)(ma + env->virt_offset);
}

static inline uint64_t table_to_maddr(const struct pgt *pgt, const void *table)
{
    const struct pgt_env *env = pgt->env;

    if ( env->to_maddr )
        return maddr_x(env->to_maddr(table));

    return (uint64_t)(uintptr_t)table - env->virt_offset;
}

static inline uint64_t *child_of(const struct pgt *pgt, uint64_t desc)
{
    return maddr_to_table(pgt, desc & DESC_ADDR);
}

/* The (non-root) table that a descriptor is in. */
static inline uint64_t *table_of(uint64_t *desc)
{
    return desc - (((uintptr_t)desc / sizeof(*desc)) % PGT_ENTRIES);
}

/*
 * Walk from the root towards ia, down to the first level whose descriptors are
 * not larger than 2^order pages, or to a leaf or hole above it. path[] gets
 * the descriptor of each level. Returns the last level.
 */
static __always_inline unsigned int walk(const struct pgt *pgt, uint64_t ia,
                                         unsigned int order,
                                         uint64_t *path[PGT_LEVELS])
{
    unsigned int level = pgt->start_level, shift = pgt_level_shift(level);
    uint64_t *desc = pgt->root + (ia >> shift);

    for ( ;; )
    {
        path[level] = desc;
        if ( shift <= order + PAGE_SHIFT || (*desc & DESC_TYPE) != DESC_TABLE )
            return level;

        shift -= 9;
        level++;
        desc = child_of(pgt, *desc) + ((ia >> shift) & (PGT_ENTRIES - 1));
    }
}

/* --- the level-3 table used last ---- */

#define NO_TABLE (~UINT64_C(0)) /* no table begins there */

static inline bool is_last(const struct pgt *pgt, uint64_t ia,
                           unsigned int order)
{
    return order < pgt_level_order(LAST_LEVEL - 1) &&
           ROUNDDOWN(ia, pgt_level_size(LAST_LEVEL - 1)) == pgt->last_ia;
}

/* Also: is it an address that the table may have? */
static inline bool is_last_page(const struct pgt *pgt, uint64_t ia)
{
    return is_last(pgt, ia, 0) && IS_ALIGNED(ia, PAGE_SIZE);
}

static inline void remember_table(struct pgt *pgt, uint64_t *desc, uint64_t ia)
{
    pgt->last_ia = ROUNDDOWN(ia, pgt_level_size(LAST_LEVEL - 1));
    pgt->last_table = table_of(desc);
    pgt->last_page = pgt->env->page(pgt->last_table);
}

static inline void forget_table(struct pgt *pgt)
{
    pgt->last_ia = NO_TABLE;
}

static inline uint64_t *last_desc(const struct pgt *pgt, uint64_t ia)
{
    return pgt->last_table + pgt_index(ia, LAST_LEVEL);
}

/* The descriptors of level 3 that 2^order pages take in that table. */
static inline struct run last_run(const struct pgt *pgt, uint64_t ia,
                                  unsigned int order)
{
    return (struct run){
        .desc = last_desc(pgt, ia),
        .ia = ia,
        .level = LAST_LEVEL,
        .nr = 1U << order,
    };
}

/* The descriptors that 2^order pages take, or the hole or leaf above them. */
static struct run find_run(struct pgt *pgt, uint64_t ia, unsigned int order)
{
    uint64_t *path[PGT_LEVELS];
    unsigned int level;

    if ( is_last(pgt, ia, order) )
        return last_run(pgt, ia, order);

    level = walk(pgt, ia, order, path);
    if ( level == LAST_LEVEL )
        remember_table(pgt, path[level], ia);

    return (struct run){
        .desc = path[level],
        .ia = ia,
        .level = level,
        .nr = run_length(order, level),
    };
}

/* What functions that cannot fail ask of their caller. */
static inline void check_range(const struct pgt *pgt, uint64_t ia,
                               unsigned int order)
{
    bug_on((ia >> pgt->ia_bits) | (ia & ((PAGE_SIZE << order) - 1)));
}

/* --- the writer ---- */

static inline uint64_t wanted(const struct change *c, uint64_t old,
                              unsigned int i)
{
    if ( c->keep )
        return old ? (old & c->keep) | c->set : 0;

    return c->set + i * c->step;
}

static inline bool is_hole(const struct run *r)
{
    uint64_t any = 0;

    for ( unsigned int i = 0; i < r->nr; i++ )
        any |= r->desc[i];

    return !any;
}

/* Does every leaf below a table translate as the leaf that replaces it? */
static bool same_translation(const struct pgt *pgt, uint64_t table,
                             uint64_t leaf, unsigned int level)
{
    const uint64_t *child = child_of(pgt, table);
    uint64_t ignore = pgt->fmt->live_bits | DESC_CONTIG;
    uint64_t want = (leaf & ~DESC_TYPE) | leaf_type(level + 1);
    uint64_t step = pgt_level_size(level + 1);

    for ( unsigned int i = 0; i < PGT_ENTRIES; i++, want += step )
        if ( (child[i] ^ want) & ~ignore )
            return false;

    return true;
}

/*
 * Must walkers see an invalid descriptor between old and new? D8.14.1: when
 * size, address, memory type or the contiguous bit of a live entry change.
 * With BBM level 2 a change of size alone is taken without.
 */
static bool needs_break(const struct pgt *pgt, uint64_t old, uint64_t new,
                        unsigned int level)
{
    bool live_split = pgt->fmt->live_split;
    uint64_t diff;

    if ( !is_valid(old) || !is_valid(new) )
        return false;

    if ( is_table(old, level) )
        return !live_split || !same_translation(pgt, old, new, level);

    if ( is_table(new, level) ) /* a split: same translation by make */
        return !live_split;

    diff = (old ^ new) & ~pgt->fmt->live_bits;

    return live_split ? diff & ~DESC_CONTIG : diff;
}

static void gather_range(struct pgt_gather *g, uint64_t ia, uint64_t size)
{
    g->start = MIN(g->start, ia);
    g->end = MAX(g->end, ia + size);
}

/* Put the table below a descriptor, and all below it, on the gather. */
static void gather_tables(struct pgt *pgt, uint64_t desc, unsigned int level,
                          struct pgt_gather *g)
{
    uint64_t *table = child_of(pgt, desc);
    struct pgt_page *page = pgt->env->page(table);
    unsigned int nr = 0;

    level++;
    for ( unsigned int i = 0; level < LAST_LEVEL && i < PGT_ENTRIES; i++ )
    {
        if ( !is_table(table[i], level) )
            continue;

        gather_tables(pgt, table[i], level, g);
        nr++;
    }

    if ( table == pgt->last_table )
        forget_table(pgt);
    pgt->stats.leaves[level] -= page->live - nr;
    page->next = g->free;
    g->free = table;
    g->tables = true;
}

/* Invalidate a run before its make. Bits other than the type stay for it. */
static void break_run(struct pgt *pgt, const struct run *r, bool tables)
{
    for ( unsigned int i = 0; i < r->nr; i++ )
        WRITE_ONCE(r->desc[i], r->desc[i] & ~DESC_TYPE);

    pgt->env->publish(pgt->ctx, r->desc, r->nr);
    pgt->env->invalidate(pgt->ctx, r->ia, r->nr * pgt_level_size(r->level),
                         tables ? PGT_LEVEL_ANY : r->level);
    pgt->stats.breaks++;
}

static inline void store_run(struct pgt *pgt, const struct run *r,
                             const struct change *c)
{
    for ( unsigned int i = 0; i < r->nr; i++ )
        WRITE_ONCE(r->desc[i], wanted(c, r->desc[i], i));

    pgt->env->publish(pgt->ctx, r->desc, r->nr);
}

/*
 * Count a run's change in its table. Returns what is live there: never 0 for
 * the root, which nobody unlinks.
 */
static inline unsigned int count_live(const struct pgt *pgt,
                                      const struct run *r, unsigned int was,
                                      unsigned int is)
{
    if ( r->level == pgt->start_level )
        return 1;

    return pgt->env->page(table_of(r->desc))->live += is - was;
}

/* What a run holds: valid descriptors, tables among them, need of a break. */
struct survey {
    unsigned int valid, tables;
    bool brk, changed;
};

static struct survey survey_run(const struct pgt *pgt, const struct run *r,
                                const struct change *c)
{
    struct survey s = {.valid = 0};

    for ( unsigned int i = 0; i < r->nr; i++ )
    {
        uint64_t old = r->desc[i], new = wanted(c, old, i);

        s.changed |= old != new;
        if ( !is_valid(old) )
            continue;

        s.valid++;
        s.tables += is_table(old, r->level);
        s.brk = s.brk || needs_break(pgt, old, new, r->level);
    }

    return s;
}

/*
 * The one function that stores to a table in use. It compares old and new,
 * breaks before it makes where the architecture asks for it, publishes once,
 * counts, and gathers what became stale. Without a gather (splits) the stale
 * leaf is invalidated before it returns. Returns what is live in the table.
 */
static unsigned int write_run(struct pgt *pgt, const struct run *r,
                              struct change c, struct pgt_gather *g)
{
    uint64_t size = (uint64_t)r->nr << pgt_level_shift(r->level);
    unsigned int level = r->level, becomes, live;
    struct survey s;

    /* Into a hole: nothing was there to be cached. */
    if ( likely(is_hole(r)) )
    {
        if ( !c.set || c.keep )
            return count_live(pgt, r, 0, 0);

        store_run(pgt, r, &c);
        if ( !is_table(c.set, level) )
            pgt->stats.leaves[level] += r->nr;
        return count_live(pgt, r, 0, r->nr);
    }

    s = survey_run(pgt, r, &c);
    if ( !s.changed )
        return count_live(pgt, r, 0, 0);

    for ( unsigned int i = 0; s.tables && i < r->nr; i++ )
        if ( is_table(r->desc[i], level) )
            gather_tables(pgt, r->desc[i], level, g);

    if ( s.brk )
        break_run(pgt, r, s.tables);

    store_run(pgt, r, &c);

    becomes = c.keep ? s.valid : c.set ? r->nr : 0;
    live = count_live(pgt, r, s.valid, becomes);
    pgt->stats.leaves[level] -= s.valid - s.tables;
    if ( !is_table(c.set, level) )
    {
        pgt->stats.leaves[level] += becomes;
        pgt->stats.merges += becomes ? s.tables : 0;
    }

    if ( s.brk && !s.tables )
        return live; /* nothing is stale any more */

    if ( g )
    {
        gather_range(g, r->ia, size);
        g->levels |= (uint8_t)(1U << level);
    }
    else if ( !s.brk )
        pgt->env->invalidate(pgt->ctx, r->ia, size, level);

    return live;
}

/*
 * write_run() for a page into a hole of the last table. False, and nothing
 * done, if there is a leaf.
 */
static inline bool fill_page(struct pgt *pgt, uint64_t ia, uint64_t new)
{
    uint64_t *desc = last_desc(pgt, ia);

    if ( unlikely(*desc) )
        return false;

    WRITE_ONCE(*desc, new);
    pgt->env->publish(pgt->ctx, desc, 1);
    pgt->last_page->live++;
    pgt->stats.leaves[LAST_LEVEL]++;

    return true;
}

/*
 * write_run() for a page of the last table that goes. False, and nothing done,
 * if it is one of a contiguous run, or all that is in the table.
 */
static inline bool clear_page(struct pgt *pgt, uint64_t ia,
                              struct pgt_gather *g)
{
    uint64_t *desc = last_desc(pgt, ia);
    bool valid = is_valid(*desc);

    if ( *desc & DESC_CONTIG ||
         (pgt->last_page->live == valid && !g->keep_tables) )
        return false;
    if ( !valid )
        return true;

    WRITE_ONCE(*desc, 0);
    pgt->env->publish(pgt->ctx, desc, 1);
    pgt->last_page->live--;
    pgt->stats.leaves[LAST_LEVEL]--;
    gather_range(g, ia, PAGE_SIZE);
    g->levels |= 1U << LAST_LEVEL;

    return true;
}

/* Before some of 16 contiguous leaves change: take the hint off all of them. */
static void break_contig(struct pgt *pgt, uint64_t *desc, uint64_t ia,
                         unsigned int level, struct pgt_gather *g)
{
    uint64_t size = CONTIG_ENTRIES * pgt_level_size(level);
    struct run r = {
        .desc = desc - (((uintptr_t)desc / sizeof(*desc)) % CONTIG_ENTRIES),
        .ia = ROUNDDOWN(ia, size),
        .level = level,
        .nr = CONTIG_ENTRIES,
    };

    write_run(pgt, &r,
              (struct change){.keep = ~(DESC_CONTIG | DESC_TYPE),
                              .set = leaf_type(level)},
              g);
}

/* --- life ---- */

int pgt_geometry(const struct pgt_fmt *fmt, unsigned int ia_bits,
                 struct pgt_geometry *geo)
{
    /* A level-1 root resolves 39 bits; 16 of them side by side 43. */
    unsigned int reach = fmt->concat_root ? 43 : 39;

    if ( ia_bits < 31 || ia_bits > fmt->max_ia_bits )
        return -EINVAL;

    *geo = (struct pgt_geometry){
        .start_level = ia_bits > reach ? 0 : 1,
        .root_order =
            (uint8_t)(ia_bits > 39 && ia_bits <= reach ? ia_bits - 39 : 0),
        .t0sz = (uint8_t)(64 - ia_bits),
    };

    return 0;
}

/* A zeroed table that the walker's output width reaches, or NULL. */
static uint64_t *alloc_table(struct pgt *pgt, unsigned int order)
{
    uint64_t *table = pgt->env->alloc(pgt->ctx, order);

    if ( !table )
        return NULL;

    if ( table_to_maddr(pgt, table) >> pgt->oa_bits )
    {
        pgt->env->free(pgt->ctx, table, order);
        return NULL;
    }

    *pgt->env->page(table) = (struct pgt_page){.next = NULL};
    pgt->stats.tables += 1U << order;

    return table;
}

static void free_table(struct pgt *pgt, uint64_t *table, unsigned int order)
{
    pgt->env->free(pgt->ctx, table, order);
    pgt->stats.tables -= 1U << order;
}

int pgt_init(struct pgt *pgt, const struct pgt_fmt *fmt,
             const struct pgt_env *env, void *ctx, unsigned int ia_bits,
             unsigned int oa_bits)
{
    struct pgt_geometry geo;
    struct pgt new;
    int rc = pgt_geometry(fmt, ia_bits, &geo);

    if ( rc )
        return rc;

    if ( oa_bits < 32 || oa_bits > fmt->max_oa_bits )
        return -EINVAL;

    new = (struct pgt){
        .fmt = fmt,
        .env = env,
        .ctx = ctx,
        .ia_bits = (uint8_t)ia_bits,
        .oa_bits = (uint8_t)oa_bits,
        .start_level = geo.start_level,
        .root_order = geo.root_order,
        .contig_levels = fmt->contig_levels,
        .pages_first = !fmt->live_split && !fmt->walker_retries,
        .last_ia = NO_TABLE,
    };
    if ( new.pages_first )
        new.contig_levels &= (uint8_t) ~(1U << LAST_LEVEL);

    new.root = alloc_table(&new, new.root_order);
    if ( !new.root )
        return -ENOMEM;

    new.root_ma = _maddr(table_to_maddr(&new, new.root));
    env->publish(ctx, new.root, (size_t)PGT_ENTRIES << new.root_order);
    *pgt = new;

    return 0;
}

/*
 * Free what is below a table. Nothing walks it any more, so the plain stores,
 * which remember how far we came, are not the writer's business.
 */
static bool free_below(struct pgt *pgt, uint64_t *table, unsigned int nr,
                       unsigned int level, unsigned int *budget)
{
    for ( unsigned int i = 0; i < nr; i++ )
    {
        uint64_t *child;

        if ( !is_table(table[i], level) )
            continue;

        child = child_of(pgt, table[i]);
        if ( level + 1 < LAST_LEVEL &&
             !free_below(pgt, child, PGT_ENTRIES, level + 1, budget) )
            return false;

        if ( !*budget )
            return false;

        --*budget;
        free_table(pgt, child, 0);
        table[i] = 0;
    }

    return true;
}

int pgt_free_tables(struct pgt *pgt, unsigned int budget)
{
    if ( !pgt->root )
        return 0;

    forget_table(pgt);
    if ( !free_below(pgt, pgt->root, PGT_ENTRIES << pgt->root_order,
                     pgt->start_level, &budget) ||
         !budget )
        return -ERESTART;

    free_table(pgt, pgt->root, pgt->root_order);
    pgt->root = NULL;
    for ( unsigned int i = 0; i < PGT_LEVELS; i++ )
        pgt->stats.leaves[i] = 0;

    return 0;
}

void pgt_destroy(struct pgt *pgt)
{
    bug_on(pgt_free_tables(pgt, ~0U));
}

void pgt_free_gathered(struct pgt *pgt, struct pgt_gather *g, bool synced)
{
    while ( g->free )
    {
        uint64_t *table = g->free;

        g->free = pgt->env->page(table)->next;
        if ( synced )
            free_table(pgt, table, 0);
        else
        {
            pgt->stats.tables--;
            pgt->stats.quarantined++;
        }
    }
}

/* --- prepare: all that may fail ---- */

/* One pgt_prepare(): first counts the tables it needs, then builds them. */
struct prep {
    struct pgt *pgt;
    unsigned int target; /* level of the leaves that will be written */
    unsigned int expect;
    unsigned int need; /* tables, counted by the first pass */
    uint64_t *reserve; /* allocated between the passes; second pass */
};

/* Tables to build below one descriptor of a level, for 2^order pages. */
static unsigned int tables_below(unsigned int level, unsigned int order,
                                 unsigned int target)
{
    unsigned int nr = 1, sum = 0;

    while ( level++ < target )
    {
        sum += nr;
        nr *= run_length(MIN(order, pgt_level_order(level - 1)), level);
    }

    return sum;
}

/* Fill a new table so that it translates as the leaf it is to replace. */
static void fill_split(struct pgt *pgt, uint64_t *table, uint64_t leaf,
                       unsigned int level, unsigned int index,
                       unsigned int order)
{
    bool contig = pgt->contig_levels & (1U << level);
    unsigned int spare = index / CONTIG_ENTRIES; /* is about to change */
    uint64_t desc = (leaf & ~(DESC_TYPE | DESC_CONTIG)) | leaf_type(level);

    if ( order >= pgt_level_order(level) + CONTIG_ORDER )
        spare = PGT_ENTRIES;

    for ( unsigned int i = 0; i < PGT_ENTRIES; i++ )
    {
        table[i] = desc;
        if ( contig && i / CONTIG_ENTRIES != spare )
            table[i] |= DESC_CONTIG;
        desc += pgt_level_size(level);
    }

    pgt->env->page(table)->live = PGT_ENTRIES;
    pgt->stats.leaves[level] += PGT_ENTRIES;
    pgt->stats.splits++;
}

/*
 * Build the tables below a hole or leaf (old) of a level, down to the target.
 * Each is complete and published before it is linked; nothing walks them yet,
 * so these stores need no writer. Returns the descriptor to link.
 */
static uint64_t build(struct prep *p, uint64_t old, uint64_t ia,
                      unsigned int order, unsigned int level)
{
    struct pgt *pgt = p->pgt;
    uint64_t *table = p->reserve;
    struct pgt_page *page = pgt->env->page(table);
    unsigned int index, nr;

    p->reserve = page->next;
    order = MIN(order, pgt_level_order(level));
    index = pgt_index(ia, ++level);
    if ( is_valid(old) )
        fill_split(pgt, table, old, level, index, order);

    nr = level < p->target ? run_length(order, level) : 0;
    for ( unsigned int i = 0; i < nr; i++ )
    {
        uint64_t *desc = &table[index + i];

        pgt->stats.leaves[level] -= is_valid(*desc);
        page->live += !is_valid(*desc);
        *desc = build(p, *desc, ia + i * pgt_level_size(level), order, level);
    }

    pgt->env->publish(pgt->ctx, table, PGT_ENTRIES);

    return pgt->fmt->table_bits | table_to_maddr(pgt, table);
}

/* Replace one hole or leaf by tables. */
static void link_tables(struct prep *p, uint64_t *desc, uint64_t ia,
                        unsigned int order, unsigned int level)
{
    struct run r = {desc, ROUNDDOWN(ia, pgt_level_size(level)), level, 1};
    uint64_t table;

    if ( is_contig(*desc) )
        break_contig(p->pgt, desc, ia, level, NULL);

    table = build(p, *desc, ia, order, level);
    write_run(p->pgt, &r, (struct change){.set = table}, NULL);
}

/* Is there a leaf at or below a descriptor? */
static bool has_leaf(const struct pgt *pgt, uint64_t desc, unsigned int level)
{
    const uint64_t *table;

    if ( !is_table(desc, level) )
        return is_valid(desc);

    table = child_of(pgt, desc);
    if ( ++level == LAST_LEVEL )
        return pgt->env->page(table)->live;

    for ( unsigned int i = 0; i < PGT_ENTRIES; i++ )
        if ( has_leaf(pgt, table[i], level) )
            return true;

    return false;
}

/* One pass over the descriptors of a level that 2^order pages take. */
static int prep_level(struct prep *p, uint64_t *desc, uint64_t ia,
                      unsigned int order, unsigned int level)
{
    unsigned int nr = run_length(order, level);
    int rc;

    for ( unsigned int i = 0; i < nr; i++, desc++, ia += pgt_level_size(level) )
    {
        if ( level == p->target )
        {
            if ( p->expect & PGT_EMPTY && has_leaf(p->pgt, *desc, level) )
                return -EEXIST;
        }
        else if ( is_table(*desc, level) )
        {
            uint64_t *child = child_of(p->pgt, *desc);

            rc = prep_level(p, child + pgt_index(ia, level + 1), ia,
                            MIN(order, pgt_level_order(level)), level + 1);
            if ( rc )
                return rc;
        }
        else if ( p->expect & PGT_EMPTY && is_valid(*desc) )
            return -EEXIST;
        else if ( p->expect & PGT_SPLIT && !is_valid(*desc) )
            continue;
        else if ( p->reserve )
            link_tables(p, desc, ia, order, level);
        else
            p->need += tables_below(level, order, p->target);
    }

    return 0;
}

/* Allocate what the first pass counted: all or nothing. */
static int fill_reserve(struct prep *p)
{
    struct pgt *pgt = p->pgt;

    while ( p->need )
    {
        uint64_t *table = alloc_table(pgt, 0);

        if ( !table )
            break;

        pgt->env->page(table)->next = p->reserve;
        p->reserve = table;
        p->need--;
    }

    if ( !p->need )
        return 0;

    while ( p->reserve )
    {
        uint64_t *table = p->reserve;

        p->reserve = pgt->env->page(table)->next;
        free_table(pgt, table, 0);
    }

    return -ENOMEM;
}

/* The level whose leaves a map of this order will write. */
static unsigned int target_level(const struct pgt *pgt, unsigned int order,
                                 unsigned int expect)
{
    unsigned int level = pgt->start_level;

    if ( order < pgt_level_order(LAST_LEVEL - 1) ||
         (pgt->pages_first && !(expect & (PGT_FIXED | PGT_SPLIT))) )
        return LAST_LEVEL;

    while (
        pgt_level_order(level) > order ||
        (!(expect & PGT_SPLIT) && !(pgt->fmt->block_levels & (1U << level))) )
        level++;

    return level;
}

/* pgt_prepare() of what is not one page of the last table. */
static noinline int prepare_range(struct pgt *pgt, uint64_t ia,
                                  unsigned int order, unsigned int expect)
{
    struct prep p;
    struct run r;
    int rc;

    if ( order > (unsigned int)(pgt->ia_bits - PAGE_SHIFT) ||
         ia >> pgt->ia_bits || !IS_ALIGNED(ia, PAGE_SIZE << order) )
        return -EINVAL;

    r = find_run(pgt, ia, order);
    p = (struct prep){.pgt = pgt,
                      .expect = expect,
                      .target = target_level(pgt, order, expect)};
    if ( r.level == p.target && !(expect & PGT_EMPTY) )
        return 0;

    rc = prep_level(&p, r.desc, ia, order, r.level);
    if ( rc || !p.need )
        return rc;

    rc = fill_reserve(&p);
    if ( rc )
        return rc;

    /* Finds what the first pass found, so it takes exactly the reserve. */
    rc = prep_level(&p, r.desc, ia, order, r.level);
    bug_on(rc || p.need || p.reserve);

    return 0;
}

int pgt_prepare(struct pgt *pgt, uint64_t ia, unsigned int order,
                unsigned int expect)
{
    if ( order || !is_last_page(pgt, ia) )
        return prepare_range(pgt, ia, order, expect);

    return (expect & PGT_EMPTY) && *last_desc(pgt, ia) ? -EEXIST : 0;
}

/* --- map, unmap, protect: cannot fail ---- */

static bool has_table(const struct run *r)
{
    for ( unsigned int i = 0; i < r->nr; i++ )
        if ( is_table(r->desc[i], r->level) )
            return true;

    return false;
}

/*
 * A run that contains tables is cut: into 16 descriptors while there are more
 * (so a contiguous run is never cut), then into single ones.
 */
static inline unsigned int cut_length(const struct run *r)
{
    return r->nr > CONTIG_ENTRIES ? CONTIG_ENTRIES : 1;
}

/* The piece at the i-th descriptor; for a table the whole run below it. */
static struct run cut_run(const struct pgt *pgt, const struct run *r,
                          unsigned int i)
{
    struct run piece = {
        .desc = r->desc + i,
        .ia = r->ia + i * pgt_level_size(r->level),
        .level = r->level,
        .nr = cut_length(r),
    };

    if ( piece.nr == 1 && is_table(*piece.desc, piece.level) )
    {
        piece.desc = child_of(pgt, *piece.desc);
        piece.level++;
        piece.nr = PGT_ENTRIES;
    }

    return piece;
}

static inline bool splits_contig(const struct run *r)
{
    return r->nr < CONTIG_ENTRIES && is_contig(r->desc[0]);
}

static inline uint64_t make_leaf(const struct pgt *pgt, struct pgt_attr attr,
                                 unsigned int level)
{
    uint64_t desc = pgt->fmt->encode(attr, level);

    bug_on(!desc);

    return desc;
}

static void map_run(struct pgt *pgt, const struct run *r, uint64_t oa,
                    struct pgt_attr attr, struct pgt_gather *g)
{
    unsigned int level = r->level;
    struct change c = {.step = pgt_level_size(level)};

    if ( likely(pgt->fmt->block_levels & (1U << level)) &&
         !(pgt->pages_first && has_table(r)) )
    {
        if ( splits_contig(r) )
            break_contig(pgt, r->desc, r->ia, level, g);

        c.set = make_leaf(pgt, attr, level) | oa;
        if ( r->nr >= CONTIG_ENTRIES && pgt->contig_levels & (1U << level) )
            c.set |= DESC_CONTIG;

        write_run(pgt, r, c, g);
        return;
    }

    for ( unsigned int i = 0; i < r->nr; i += cut_length(r) )
    {
        struct run piece = cut_run(pgt, r, i);

        /* No table where no leaf may be: this was not prepared. */
        bug_on(r->nr == 1 && piece.level == level);
        map_run(pgt, &piece, oa + i * pgt_level_size(level), attr, g);
    }
}

/* pgt_map() of what is not one page into a hole of the last table. */
static noinline void map_range(struct pgt *pgt, uint64_t ia, maddr_t oa,
                               unsigned int order, struct pgt_attr attr,
                               struct pgt_gather *g)
{
    struct run r;

    check_range(pgt, ia, order);
    bug_on(!pgt_oa_ok(pgt, oa, order));
    r = find_run(pgt, ia, order);
    bug_on(pgt_level_order(r.level) > order);
    map_run(pgt, &r, maddr_x(oa), attr, g);
}

void pgt_map(struct pgt *pgt, uint64_t ia, maddr_t oa, unsigned int order,
             struct pgt_attr attr, struct pgt_gather *g)
{
    if ( order || !is_last_page(pgt, ia) || !pgt_oa_ok(pgt, oa, 0) ||
         !fill_page(pgt, ia, make_leaf(pgt, attr, LAST_LEVEL) | maddr_x(oa)) )
        map_range(pgt, ia, oa, order, attr, g);
}

/* Returns what is live in the table of the run. */
static unsigned int unmap_run(struct pgt *pgt, const struct run *r,
                              struct pgt_gather *g)
{
    if ( g->keep_tables && has_table(r) )
    {
        for ( unsigned int i = 0; i < r->nr; i += cut_length(r) )
        {
            struct run piece = cut_run(pgt, r, i);

            unmap_run(pgt, &piece, g);
        }
        return 1;
    }

    if ( splits_contig(r) )
        break_contig(pgt, r->desc, r->ia, r->level, g);

    return write_run(pgt, r, (struct change){.set = 0}, g);
}

/* Unlink the tables above ia that are empty. */
static void trim(struct pgt *pgt, uint64_t ia, unsigned int level,
                 struct pgt_gather *g)
{
    uint64_t *path[PGT_LEVELS];
    struct run r = {.nr = 1};

    walk(pgt, ia, pgt_level_order(level), path);
    do
    {
        r.level = --level;
        r.desc = path[level];
        r.ia = ROUNDDOWN(ia, pgt_level_size(level));
    } while ( !write_run(pgt, &r, (struct change){.set = 0}, g) );
}

/* pgt_unmap() of what is not one page of the last table. */
static noinline void unmap_range(struct pgt *pgt, uint64_t ia,
                                 unsigned int order, struct pgt_gather *g)
{
    struct run r;

    check_range(pgt, ia, order);
    r = find_run(pgt, ia, order);
    bug_on(pgt_level_order(r.level) > order && is_valid(*r.desc));
    if ( !unmap_run(pgt, &r, g) && !g->keep_tables )
        trim(pgt, ia, r.level, g);
}

void pgt_unmap(struct pgt *pgt, uint64_t ia, unsigned int order,
               struct pgt_gather *g)
{
    if ( order || !is_last_page(pgt, ia) || !clear_page(pgt, ia, g) )
        unmap_range(pgt, ia, order, g);
}

static void protect_run(struct pgt *pgt, const struct run *r,
                        struct pgt_attr attr, struct pgt_gather *g)
{
    struct change c = {.keep = DESC_ADDR | DESC_CONTIG};

    if ( has_table(r) )
    {
        for ( unsigned int i = 0; i < r->nr; i += cut_length(r) )
        {
            struct run piece = cut_run(pgt, r, i);

            protect_run(pgt, &piece, attr, g);
        }
        return;
    }

    if ( splits_contig(r) )
        break_contig(pgt, r->desc, r->ia, r->level, g);

    c.set = make_leaf(pgt, attr, r->level);
    write_run(pgt, r, c, g);
}

void pgt_protect(struct pgt *pgt, uint64_t ia, unsigned int order,
                 struct pgt_attr attr, struct pgt_gather *g)
{
    struct run r;

    check_range(pgt, ia, order);
    r = find_run(pgt, ia, order);
    if ( pgt_level_order(r.level) <= order )
        protect_run(pgt, &r, attr, g);
    else
        bug_on(is_valid(*r.desc)); /* larger than the range */
}

/* --- looking ---- */

static __always_inline void read_leaf(const struct pgt *pgt, uint64_t desc,
                                      uint64_t ia, unsigned int level,
                                      struct pgt_leaf *leaf)
{
    uint64_t size = pgt_level_size(level);

    *leaf = (struct pgt_leaf){
        .present = is_valid(desc),
        .level = (uint8_t)level,
        .order = (uint8_t)pgt_level_order(level),
        .base = ROUNDDOWN(ia, size),
    };

    if ( !leaf->present )
        return;

    leaf->contiguous = desc & DESC_CONTIG;
    leaf->oa = _maddr((desc & DESC_ADDR) | (ia & (size - 1)));
    leaf->attr = pgt->fmt->decode(desc, level);
}

/* The descriptor of the leaf or hole that covers ia. */
static inline uint64_t *find_desc(const struct pgt *pgt, uint64_t ia,
                                  unsigned int *level)
{
    uint64_t *path[PGT_LEVELS];

    if ( is_last(pgt, ia, 0) )
    {
        *level = LAST_LEVEL;
        return pgt->last_table + pgt_index(ia, LAST_LEVEL);
    }

    *level = walk(pgt, ia, 0, path);

    return path[*level];
}

bool pgt_lookup(const struct pgt *pgt, uint64_t ia, struct pgt_leaf *leaf)
{
    unsigned int level;
    uint64_t *desc;

    if ( !pgt->root || ia >> pgt->ia_bits )
    {
        *leaf = (struct pgt_leaf){.base = ROUNDDOWN(ia, PAGE_SIZE),
                                  .level = LAST_LEVEL};
        return false;
    }

    desc = find_desc(pgt, ia, &level);
    read_leaf(pgt, *desc, ia, level, leaf);

    return leaf->present;
}

bool pgt_next_leaf(const struct pgt *pgt, uint64_t ia, struct pgt_leaf *leaf)
{
    while ( pgt->root && !(ia >> pgt->ia_bits) )
    {
        unsigned int level;
        uint64_t *desc = find_desc(pgt, ia, &level);
        uint64_t size = pgt_level_size(level), end;

        if ( is_valid(*desc) )
        {
            read_leaf(pgt, *desc, ia, level, leaf);
            return true;
        }

        /* Over the hole: to the next descriptor in use, or out of the table. */
        end = ROUNDDOWN(ia, size * PGT_ENTRIES) + size * PGT_ENTRIES;
        do
        {
            ia = ROUNDDOWN(ia, size) + size;
            desc++;
        } while ( ia < end && !is_valid(*desc) );
    }

    return false;
}

void pgt_dump_walk(const struct pgt *pgt, uint64_t ia,
                   void (*fn)(void *arg, unsigned int level, maddr_t desc_ma,
                              uint64_t desc),
                   void *arg)
{
    uint64_t *path[PGT_LEVELS];
    unsigned int last;

    if ( !pgt->root || ia >> pgt->ia_bits )
        return;

    last = walk(pgt, ia, 0, path);
    for ( unsigned int level = pgt->start_level; level <= last; level++ )
        fn(arg, level, _maddr(table_to_maddr(pgt, path[level])), *path[level]);
}
