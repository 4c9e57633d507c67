/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * common/pgtable against the walker model: the same suite on every format.
 * Seed of the random part: PGT_SEED in the environment, printed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <xen/bits.h>
#include <xen/errno.h>

#include "pgt-rig.h"

#define OA   UINT64_C(0x840000000) /* 1 GiB aligned */
#define MIB2 9U
#define GIB  18U

static struct rig rig;
static const struct rig_case *c;

static int setup(void **state)
{
    c = *state;
    rig_init(&rig, c);

    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rig_check_all(&rig);
    rig_exit(&rig);

    return 0;
}

static uint64_t at(uint64_t index)
{
    return c->base + index * PAGE_SIZE;
}

static uint64_t desc_at(uint64_t index, unsigned int *level)
{
    return tlb_walk(&rig.tlb, at(index), level);
}

/* --- geometry --- */

static void geometry(void **state)
{
    struct pgt_geometry geo;
    struct pgt pgt;

    (void)state;
    assert_int_equal(rig.pgt.start_level, c->start_level);
    assert_int_equal(rig.pgt.root_order, c->root_order);
    assert_int_equal(rig.pgt.stats.tables, 1 << c->root_order);
    assert_true(
        IS_ALIGNED(maddr_x(pgt_root(&rig.pgt)), PAGE_SIZE << c->root_order));

    assert_int_equal(pgt_geometry(c->fmt, 30, &geo), -EINVAL);
    assert_int_equal(pgt_geometry(c->fmt, c->fmt->max_ia_bits + 1U, &geo),
                     -EINVAL);
    assert_int_equal(pgt_geometry(c->fmt, 0, &geo), -EINVAL);
    assert_int_equal(pgt_geometry(c->fmt, 39, &geo), 0);
    assert_int_equal(geo.start_level, 1);
    assert_int_equal(geo.root_order, 0);
    assert_int_equal(geo.t0sz, 25);

    assert_int_equal(pgt_init(&pgt, c->fmt, rig.pgt.env, &rig, c->ia_bits,
                              c->fmt->max_oa_bits + 1U),
                     -EINVAL);
    assert_int_equal(pgt_init(&pgt, c->fmt, rig.pgt.env, &rig, 64, c->oa_bits),
                     -EINVAL);
    rig.tlb.fail_at = 1;
    assert_int_equal(
        pgt_init(&pgt, c->fmt, rig.pgt.env, &rig, c->ia_bits, c->oa_bits),
        -ENOMEM);
}

/* Input width, start level, log2 of root tables: DDI 0487 J.a, D8.2.5. */
static void geometry_stage2(void **state)
{
    static const uint8_t want[][3] = {
        {31, 1, 0}, {32, 1, 0}, {36, 1, 0}, {39, 1, 0}, {40, 1, 1},
        {41, 1, 2}, {42, 1, 3}, {43, 1, 4}, {44, 0, 0}, {48, 0, 0},
    };
    struct pgt_geometry geo;

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(want); i++ )
    {
        assert_int_equal(pgt_geometry(&pgt_fmt_p2m_s2, want[i][0], &geo), 0);
        assert_int_equal(geo.start_level, want[i][1]);
        assert_int_equal(geo.root_order, want[i][2]);
        assert_int_equal(geo.t0sz, 64 - want[i][0]);
    }

    /* Stage 1 does not concatenate. */
    assert_int_equal(pgt_geometry(&pgt_fmt_smmu_s1, 40, &geo), 0);
    assert_int_equal(geo.start_level, 0);
    assert_int_equal(geo.root_order, 0);
    assert_int_equal(pgt_geometry(&pgt_fmt_ipmmu_s1, 40, &geo), -EINVAL);
}

/* --- words --- */

/* Each attribute at each block size, word for word. */
static void words(void **state)
{
    static const unsigned int orders[] = {0, MIB2, GIB};

    (void)state;
    for ( unsigned int o = 0; o < ARRAY_SIZE(orders); o++ )
        for ( unsigned int a = 0; a < RIG_ATTRS; a++ )
        {
            unsigned int level;

            assert_int_equal(rig_map(&rig, 0, OA, orders[o], a, PGT_FIXED), 0);
            assert_int_equal(desc_at(0, &level), rig_word(&rig, OA, a, 3 - o));
            assert_int_equal(level, 3 - o);
            assert_int_equal(rig.pgt.stats.leaves[level], 1);
            assert_int_equal(rig_unmap(&rig, 0, orders[o]), 0);
        }
    assert_int_equal(rig.pgt.stats.tables, 1 << c->root_order);
}

struct seen {
    unsigned int nr;
    unsigned int level[PGT_LEVELS];
    uint64_t desc[PGT_LEVELS];
    maddr_t ma[PGT_LEVELS];
};

static void see(void *arg, unsigned int level, maddr_t ma, uint64_t desc)
{
    struct seen *seen = arg;

    seen->level[seen->nr] = level;
    seen->ma[seen->nr] = ma;
    seen->desc[seen->nr++] = desc;
}

static void dump_walk(void **state)
{
    struct seen seen = {.nr = 0};
    unsigned int nr = 4 - c->start_level;
    uint64_t table = maddr_x(pgt_root(&rig.pgt));

    (void)state;
    assert_int_equal(rig_map(&rig, 5, OA, 0, 0, PGT_ANY), 0);
    pgt_dump_walk(&rig.pgt, at(5), see, &seen);
    assert_int_equal(seen.nr, nr);
    for ( unsigned int i = 0; i < nr; i++ )
    {
        unsigned int level = c->start_level + i;
        uint64_t index = at(5) >> (39 - 9 * level);

        if ( i )
            index %= 512;
        assert_int_equal(seen.level[i], level);
        assert_int_equal(maddr_x(seen.ma[i]), table + index * 8);
        table = seen.desc[i] & GENMASK64(47, 12);
        if ( level < 3 )
            assert_int_equal(seen.desc[i], table | c->table_bits);
    }
    assert_int_equal(seen.desc[nr - 1], rig_word(&rig, OA, 0, 3));

    seen.nr = 0;
    pgt_dump_walk(&rig.pgt, UINT64_C(1) << c->ia_bits, see, &seen);
    assert_int_equal(seen.nr, 0);
}

/* --- arguments --- */

static void bad_arguments(void **state)
{
    uint64_t limit = UINT64_C(1) << c->ia_bits;
    struct pgt_leaf leaf;

    (void)state;
    assert_int_equal(pgt_prepare(&rig.pgt, 0x800, 0, PGT_ANY), -EINVAL);
    assert_int_equal(pgt_prepare(&rig.pgt, PAGE_SIZE, 1, PGT_ANY), -EINVAL);
    assert_int_equal(pgt_prepare(&rig.pgt, PAGE_SIZE, MIB2, PGT_ANY), -EINVAL);
    assert_int_equal(pgt_prepare(&rig.pgt, limit, 0, PGT_ANY), -EINVAL);
    assert_int_equal(pgt_prepare(&rig.pgt, ~UINT64_C(0xfff), 0, PGT_ANY),
                     -EINVAL);
    assert_int_equal(pgt_prepare(&rig.pgt, 0, c->ia_bits - 11, PGT_ANY),
                     -EINVAL);
    assert_int_equal(pgt_prepare(&rig.pgt, 0, 64, PGT_ANY), -EINVAL);
    assert_int_equal(pgt_prepare(&rig.pgt, 0, ~0U, PGT_ANY), -EINVAL);
    assert_int_equal(rig.pgt.stats.tables, 1 << c->root_order);

    assert_true(pgt_oa_ok(&rig.pgt, _maddr(OA), GIB));
    assert_false(pgt_oa_ok(&rig.pgt, _maddr(OA + PAGE_SIZE), 1));
    assert_false(pgt_oa_ok(&rig.pgt, _maddr(OA + 1), 0));
    assert_false(pgt_oa_ok(&rig.pgt, _maddr(UINT64_C(1) << c->oa_bits), 0));
    assert_true(pgt_oa_ok(&rig.pgt,
                          _maddr((UINT64_C(1) << c->oa_bits) - PAGE_SIZE), 0));
    assert_false(pgt_oa_ok(&rig.pgt, _maddr(0), c->oa_bits - 11));

    /* Stage 1 cannot take reading away; it must not be widened to read. */
    assert_int_equal(pgt_attr_ok(&rig.pgt, (struct pgt_attr){.write = true}),
                     c->fmt == &pgt_fmt_p2m_s2);

    assert_false(pgt_lookup(&rig.pgt, limit, &leaf));
    assert_false(pgt_lookup(&rig.pgt, ~UINT64_C(0), &leaf));
    assert_false(pgt_next_leaf(&rig.pgt, 0, &leaf));
    assert_false(pgt_next_leaf(&rig.pgt, limit, &leaf));
}

static void boundaries(void **state)
{
    uint64_t last = (UINT64_C(1) << c->ia_bits) - PAGE_SIZE;
    struct pgt_leaf leaf;
    struct pgt_gather g;

    (void)state;
    pgt_gather_init(&g);
    for ( unsigned int i = 0; i < 2; i++ )
    {
        uint64_t ia = i ? last : 0;
        maddr_t oa = _maddr(i ? (UINT64_C(1) << c->oa_bits) - PAGE_SIZE : 0);

        assert_int_equal(pgt_prepare(&rig.pgt, ia, 0, PGT_EMPTY), 0);
        pgt_map(&rig.pgt, ia, oa, 0, rig_attr[0], &g);
        assert_true(pgt_lookup(&rig.pgt, ia, &leaf));
        assert_int_equal(maddr_x(leaf.oa), maddr_x(oa));
        assert_true(leaf.attr.write);
        assert_int_equal(pgt_prepare(&rig.pgt, ia, 0, PGT_EMPTY), -EEXIST);
    }
    assert_true(pgt_next_leaf(&rig.pgt, PAGE_SIZE, &leaf));
    assert_int_equal(leaf.base, last);
    assert_false(pgt_lookup(&rig.pgt, PAGE_SIZE, &leaf));
    assert_false(pgt_lookup(&rig.pgt, last - PAGE_SIZE, &leaf));
    rig_sync(&rig, &g, true);

    /* Everything at once. */
    pgt_unmap(&rig.pgt, 0, c->ia_bits - 12, &g);
    assert_false(pgt_gather_empty(&g));
    rig_sync(&rig, &g, true);
    assert_int_equal(rig.pgt.stats.tables, 1 << c->root_order);
}

/* The largest orders: from whole level-1 tables to the whole input space. */
static void huge(void **state)
{
    unsigned int order =
        c->ia_bits < c->oa_bits ? c->ia_bits - 12 : c->oa_bits - 12;
    struct pgt_leaf leaf;
    struct pgt_gather g;
    uint64_t ia = (UINT64_C(1) << c->ia_bits) - PAGE_SIZE;

    (void)state;
    pgt_gather_init(&g);
    order = order > 29 ? 29 : order; /* 2 TiB: four level-1 tables */
    assert_int_equal(pgt_prepare(&rig.pgt, 0, order, PGT_EMPTY | PGT_FIXED), 0);
    pgt_map(&rig.pgt, 0, _maddr(0), order, rig_attr[0], &g);
    assert_int_equal(rig.pgt.stats.leaves[1], 1 << (order - GIB));
    assert_true(pgt_gather_empty(&g));
    ia = ROUNDDOWN(ia, PAGE_SIZE) & ((PAGE_SIZE << order) - 1);
    assert_true(pgt_lookup(&rig.pgt, ia, &leaf));
    assert_int_equal(maddr_x(leaf.oa), ia);
    pgt_unmap(&rig.pgt, 0, order, &g);
    rig_sync(&rig, &g, true);
    assert_int_equal(rig.pgt.stats.leaves[1], 0);
    assert_int_equal(rig.pgt.stats.tables, 1 << c->root_order);
}

/* --- orders and the contiguous hint --- */

static void every_order(void **state)
{
    (void)state;
    for ( unsigned int order = 0; order <= GIB; order++ )
    {
        uint64_t nr = UINT64_C(1) << order;
        unsigned int level = order >= GIB ? 1 : order >= MIB2 ? 2 : 3;

        assert_int_equal(rig_map(&rig, RIG_WINDOW - nr, OA & ~(nr * 4096 - 1),
                                 order, order % RIG_ATTRS,
                                 PGT_EMPTY | PGT_FIXED),
                         0);
        assert_int_equal(rig.pgt.stats.leaves[level],
                         UINT64_C(1) << (order - 9 * (3 - level)));
        rig_check_all(&rig);
        assert_int_equal(rig_unmap(&rig, RIG_WINDOW - nr, order), 0);
    }
    assert_int_equal(rig.pgt.stats.breaks, 0);
}

static void contiguous(void **state)
{
    static const unsigned int orders[] = {4, 13};
    unsigned int level, breaks;

    (void)state;
    for ( unsigned int o = 0; o < 2; o++ )
    {
        unsigned int order = orders[o];
        uint64_t one = UINT64_C(1) << (order - 4);
        bool hint = c->fmt->contig_levels && !(c->pages_first && order == 4);

        /* Half a run has no hint, a whole one has. */
        assert_int_equal(rig_map(&rig, 0, OA, order - 1, 0, PGT_FIXED), 0);
        assert_false(desc_at(0, &level) & BIT64(52));
        assert_int_equal(rig_unmap(&rig, 0, order - 1), 0);

        assert_int_equal(rig_map(&rig, 0, OA, order + 1, 0, PGT_FIXED), 0);
        for ( unsigned int i = 0; i < 32; i++ )
            assert_int_equal(!!(desc_at(i * one, &level) & BIT64(52)), hint);

        /* One entry changes: its run loses the hint, the next keeps it. */
        breaks = rig.pgt.stats.breaks;
        assert_int_equal(rig_unmap(&rig, 3 * one, order - 4), 0);
        assert_int_equal(rig.pgt.stats.breaks - breaks, hint && !c->live_split);
        for ( unsigned int i = 0; i < 32; i++ )
            assert_int_equal(!!(desc_at(i * one, &level) & BIT64(52)),
                             hint && i >= 16);
        rig_check(&rig, 0, 32 * one);

        /* Rights of a whole run change without a break and keep the hint. */
        breaks = rig.pgt.stats.breaks;
        assert_int_equal(rig_protect(&rig, 16 * one, order, 1), 0);
        assert_int_equal(rig.pgt.stats.breaks, breaks);
        assert_int_equal(!!(desc_at(16 * one, &level) & BIT64(52)), hint);
        assert_int_equal(rig_protect(&rig, 17 * one, order - 4, 0), 0);
        assert_false(desc_at(16 * one, &level) & BIT64(52));
        assert_int_equal(rig_unmap(&rig, 0, order + 1), 0);
    }
}

/* --- split, merge, tables --- */

/* One page out of 1 GiB. */
static void split(void **state)
{
    unsigned int pages = 0x12345, level;

    (void)state;
    assert_int_equal(rig_map(&rig, 0, OA, GIB, 0, PGT_FIXED), 0);
    assert_int_equal(rig.pgt.stats.leaves[1], 1);
    assert_int_equal(rig_unmap(&rig, pages, 0), 0);
    assert_int_equal(rig.pgt.stats.splits, 2);
    assert_int_equal(rig.pgt.stats.breaks, !c->live_split);
    assert_int_equal(rig.pgt.stats.leaves[1], 0);
    assert_int_equal(rig.pgt.stats.leaves[2], 511);
    assert_int_equal(rig.pgt.stats.leaves[3], 511);
    assert_int_equal(desc_at(pages, &level), 0);
    assert_int_equal(level, 3);

    /* The run that the page is in has no hint; others have. */
    if ( c->fmt->contig_levels && !c->pages_first )
    {
        assert_false(desc_at(pages - 1, &level) & BIT64(52));
        assert_true(desc_at(pages + 16, &level) & BIT64(52));
    }
    rig_check_all(&rig);

    /* Back in: no table is needed any more. */
    rig.tlb.fail_at = 1;
    assert_int_equal(
        rig_map(&rig, pages, OA + pages * PAGE_SIZE, 0, 0, PGT_EMPTY), 0);
    rig.tlb.fail_at = 0;

    /* A whole block out: one descriptor, the empty table on the gather. */
    assert_int_equal(rig_unmap(&rig, 0x12200, MIB2), 0);
    assert_int_equal(rig.pgt.stats.leaves[3], 0);
    assert_int_equal(rig_unmap(&rig, 0, GIB), 0);
    assert_int_equal(rig.pgt.stats.tables, 1 << c->root_order);
}

static void merge(void **state)
{
    unsigned int level, tables, breaks;
    struct pgt_gather g;

    (void)state;
    if ( c->pages_first )
        return; /* follows the tables that prepare left */

    for ( unsigned int i = 0; i < 512; i++ )
        assert_int_equal(rig_map(&rig, i, OA + i * PAGE_SIZE, 0, 0, PGT_EMPTY),
                         0);
    tables = rig.pgt.stats.tables;
    breaks = rig.pgt.stats.breaks;

    assert_int_equal(pgt_prepare(&rig.pgt, at(0), MIB2, PGT_ANY), 0);
    pgt_gather_init(&g);
    pgt_map(&rig.pgt, at(0), _maddr(OA), MIB2, rig_attr[0], &g);
    assert_int_equal(desc_at(0, &level), rig_word(&rig, OA, 0, 2));
    assert_int_equal(rig.pgt.stats.merges, 1);
    assert_int_equal(rig.pgt.stats.breaks - breaks, !c->live_split);
    assert_true(g.tables);
    assert_int_equal(pgt_gather_level(&g), PGT_LEVEL_ANY);
    assert_int_equal(rig.pgt.stats.tables, tables);
    rig_sync(&rig, &g, true);
    assert_int_equal(rig.pgt.stats.tables, tables - 1);
    rig_check(&rig, 0, 512);
    assert_int_equal(rig_unmap(&rig, 0, MIB2), 0);
}

/* Unmapping frees, unless the caller is about to map again. */
static void keep_tables(void **state)
{
    struct pgt_gather g;
    unsigned int tables;

    (void)state;
    assert_int_equal(rig_map(&rig, 7, OA, 0, 0, PGT_EMPTY), 0);
    tables = rig.pgt.stats.tables;

    assert_int_equal(pgt_prepare(&rig.pgt, at(7), 0, PGT_ANY), 0);
    pgt_gather_init(&g);
    g.keep_tables = true;
    pgt_unmap(&rig.pgt, at(7), 0, &g);
    assert_null(g.free);
    assert_int_equal(pgt_gather_level(&g), 3);
    rig_sync(&rig, &g, true);
    assert_int_equal(rig.pgt.stats.tables, tables);
    rig.tlb.fail_at = 1; /* nothing is allocated */
    pgt_map(&rig.pgt, at(7), _maddr(OA + PAGE_SIZE), 0, rig_attr[0], &g);
    rig.tlb.fail_at = 0;
    rig_sync(&rig, &g, true);

    pgt_gather_init(&g);
    pgt_unmap(&rig.pgt, at(7), 0, &g);
    assert_true(g.tables && g.free);
    rig_sync(&rig, &g, true);
    assert_int_equal(rig.pgt.stats.tables, 1 << c->root_order);

    /* Tables that prepare left go with the next unmap of the hole. */
    assert_int_equal(pgt_prepare(&rig.pgt, at(7), 0, PGT_ANY), 0);
    assert_int_equal(rig.pgt.stats.tables, tables);
    pgt_unmap(&rig.pgt, at(7), 0, &g);
    rig_sync(&rig, &g, true);
    assert_int_equal(rig.pgt.stats.tables, 1 << c->root_order);

    rig.nr_mapped = 0;
    rig.ref[7] = 0;
}

/* A split alone needs no tables in holes. */
static void split_of_hole(void **state)
{
    (void)state;
    rig.tlb.fail_at = 1;
    assert_int_equal(pgt_prepare(&rig.pgt, at(0), 0, PGT_SPLIT), 0);
    assert_int_equal(pgt_prepare(&rig.pgt, at(0), GIB, PGT_SPLIT), 0);
    rig.tlb.fail_at = 0;
    assert_int_equal(rig.pgt.stats.tables, 1 << c->root_order);
}

/* What a device walks, without live_split, stays in pages. */
static void pages_first(void **state)
{
    (void)state;
    assert_int_equal(rig.pgt.pages_first, c->pages_first);
    assert_int_equal(rig_map(&rig, 0, OA, 10, 0, PGT_EMPTY), 0);
    assert_int_equal(rig.pgt.stats.leaves[2], c->pages_first ? 0 : 2);
    assert_int_equal(rig.pgt.stats.leaves[3], c->pages_first ? 1024 : 0);
    assert_int_equal(rig_unmap(&rig, 100, 0), 0);
    assert_int_equal(rig_unmap(&rig, 0, 10), 0);
    assert_int_equal(rig.pgt.stats.tables, 1 << c->root_order);
    if ( c->pages_first )
        assert_int_equal(rig.pgt.stats.breaks, 0);
}

static void protect(void **state)
{
    unsigned int breaks;

    (void)state;
    assert_int_equal(rig_map(&rig, 0, OA, 12, 0, PGT_FIXED), 0);
    assert_int_equal(rig_map(&rig, 4096, OA, 3, 2, PGT_FIXED), 0);
    breaks = rig.pgt.stats.breaks;
    assert_int_equal(rig_protect(&rig, 0, 13, 1), 0); /* narrower, holes */
    assert_int_equal(rig_protect(&rig, 0, 13, 0), 0); /* wider */
    assert_int_equal(rig.pgt.stats.breaks, breaks);
    assert_int_equal(rig_protect(&rig, 0, 13, 4), 0); /* memory type */
    assert_true(rig.pgt.stats.breaks > breaks);
    rig_check(&rig, 0, 8192);
    assert_int_equal(rig_protect(&rig, 512, 0, 1), 0); /* splits */
    rig_check_all(&rig);
}

/* --- costs that callers count on --- */

static void descriptor_counts(void **state)
{
    struct pgt_gather g;
    unsigned int published, publishes;

    (void)state;
    pgt_gather_init(&g);
    assert_int_equal(pgt_prepare(&rig.pgt, at(0), MIB2, PGT_FIXED), 0);
    published = rig.tlb.published;
    pgt_map(&rig.pgt, at(0), _maddr(OA), MIB2, rig_attr[0], &g);
    assert_int_equal(rig.tlb.published - published, 1);
    assert_true(pgt_gather_empty(&g));

    /* 2 MiB, its table and that one's table: one descriptor each. */
    published = rig.tlb.published;
    pgt_unmap(&rig.pgt, at(0), MIB2, &g);
    assert_int_equal(rig.tlb.published - published, 3 - c->start_level);
    rig_sync(&rig, &g, true);

    /* 256 pages in one table: one run. */
    assert_int_equal(pgt_prepare(&rig.pgt, at(0), 8, PGT_ANY), 0);
    publishes = rig.tlb.publishes;
    pgt_map(&rig.pgt, at(0), _maddr(OA), 8, rig_attr[0], &g);
    assert_int_equal(rig.tlb.publishes - publishes, 1);
    g.keep_tables = true;
    pgt_unmap(&rig.pgt, at(0), 8, &g);
    assert_int_equal(rig.tlb.publishes - publishes, 2);
    assert_int_equal(g.start, at(0));
    assert_int_equal(g.end, at(256));
    assert_int_equal(pgt_gather_level(&g), 3);
    rig_sync(&rig, &g, true);
}

/* --- failure --- */

/* The n-th allocation fails, for every n: nothing has changed. */
static void no_memory(void **state)
{
    static const struct {
        unsigned int before; /* order mapped before, FIXED; ~0: nothing */
        unsigned int order;
        unsigned int expect;
    } cases[] = {
        {~0U, 0, PGT_ANY},   {~0U, MIB2, PGT_EMPTY}, {~0U, 10, PGT_ANY},
        {GIB, 0, PGT_SPLIT}, {GIB, MIB2, PGT_SPLIT}, {MIB2, 0, PGT_ANY},
        {13, 3, PGT_SPLIT},  {GIB, 11, PGT_ANY},
    };

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(cases); i++ )
    {
        int rc = -ENOMEM;

        for ( unsigned int n = 1; rc; n++ )
        {
            unsigned int pages, published, splits;

            if ( cases[i].before != ~0U )
                assert_int_equal(
                    rig_map(&rig, 0, OA, cases[i].before, 0, PGT_FIXED), 0);
            pages = rig.tlb.pages;
            published = rig.tlb.published;
            splits = rig.pgt.stats.splits;
            rig.broke_promise = true;

            rig.tlb.fail_at = n;
            rc = pgt_prepare(&rig.pgt, at(0), cases[i].order, cases[i].expect);
            assert_true(rc == 0 || rc == -ENOMEM);
            if ( rc )
            {
                /* Not one descriptor was touched. */
                assert_int_equal(rig.tlb.pages, pages);
                assert_int_equal(rig.tlb.published, published);
                assert_int_equal(rig.pgt.stats.splits, splits);
                rig_check_all(&rig);
            }
            else
                assert_true(rig.tlb.fail_at || n == 1);
            rig.tlb.fail_at = 0;
            rig_check(&rig, 0, 4096);
        }
        assert_int_equal(rig_unmap(&rig, 0, GIB), 0);
        assert_int_equal(rig.pgt.stats.tables, 1 << c->root_order);
    }
}

/* A sync that timed out: the tables are never given back. */
static void quarantine(void **state)
{
    struct pgt_gather g;
    unsigned int pages;

    (void)state;
    assert_int_equal(rig_map(&rig, 0, OA, 0, 0, PGT_ANY), 0);
    pages = rig.tlb.pages;
    pgt_gather_init(&g);
    pgt_unmap(&rig.pgt, at(0), 0, &g);
    rig_sync(&rig, &g, false);
    assert_int_equal(rig.tlb.pages, pages);
    assert_int_equal(rig.pgt.stats.quarantined, 3 - c->start_level);
    assert_int_equal(rig.pgt.stats.tables, 1 << c->root_order);
    rig.ref[0] = 0;
    rig.nr_mapped = 0;
}

/* Teardown in slices frees exactly the budget each time. */
static void teardown_slices(void **state)
{
    unsigned int rounds = 0, tables;

    (void)state;
    for ( unsigned int i = 0; i < 64; i++ )
        assert_int_equal(rig_map(&rig, i * 8192 + i, OA, 0, 0, PGT_ANY), 0);
    assert_int_equal(rig_map(&rig, 512, OA, MIB2, 0, PGT_FIXED), 0);
    rig_check_all(&rig);

    tlb_detach(&rig.tlb);
    tables = rig.pgt.stats.tables;
    while ( pgt_free_tables(&rig.pgt, 7) )
    {
        rounds++;
        assert_int_equal(rig.pgt.stats.tables, tables - rounds * 7);
    }
    assert_int_equal(rounds, (tables - (1U << c->root_order)) / 7);
    assert_int_equal(rig.tlb.pages, 0);
    assert_int_equal(pgt_free_tables(&rig.pgt, 1), 0);
    rig.nr_mapped = 0;
}

static void next_leaf(void **state)
{
    static const uint64_t index[] = {3, 512, 1536, 262144, 300000, 524287};
    struct pgt_leaf leaf;
    uint64_t ia = 0;

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(index); i++ )
        assert_int_equal(rig_map(&rig, index[i], OA + index[i] * PAGE_SIZE,
                                 i == 1 ? MIB2 : 0, 0, PGT_FIXED),
                         0);
    for ( unsigned int i = 0; i < ARRAY_SIZE(index); i++ )
    {
        assert_true(pgt_next_leaf(&rig.pgt, ia, &leaf));
        assert_int_equal(leaf.base, at(index[i]));
        assert_int_equal(leaf.order, i == 1 ? MIB2 : 0);
        ia = leaf.base + (PAGE_SIZE << leaf.order);
    }
    assert_false(pgt_next_leaf(&rig.pgt, ia, &leaf));

    /* From inside a block: that block. */
    assert_true(pgt_next_leaf(&rig.pgt, at(600), &leaf));
    assert_int_equal(leaf.base, at(512));
    assert_int_equal(maddr_x(leaf.oa), OA + 600 * PAGE_SIZE);
}

/* Write-only and no rights at all: stage 2 alone. */
static void stage2_rights(void **state)
{
    static const struct {
        struct pgt_attr attr;
        uint64_t word;
    } rights[] = {
        {{.write = true}, 0x00400000000007bf},
        {{.sw = 9}, 0x04c000000000073f},
        {{.exec = true, .sw = 8}, 0x040000000000073f},
    };

    (void)state;
    for ( unsigned int i = 0; i < ARRAY_SIZE(rights); i++ )
    {
        struct pgt_attr back = pgt_fmt_p2m_s2.decode(rights[i].word, 3);

        assert_int_equal(pgt_fmt_p2m_s2.encode(rights[i].attr, 3),
                         rights[i].word);
        assert_int_equal(back.read, rights[i].attr.read);
        assert_int_equal(back.write, rights[i].attr.write);
        assert_int_equal(back.exec, rights[i].attr.exec);
        assert_int_equal(back.sw, rights[i].attr.sw);
    }
}

/* --- random operations --- */

static uint32_t lcg(void *arg)
{
    uint64_t *seed = arg;

    *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407;

    return (uint32_t)(*seed >> 32);
}

static void random_operations(void **state)
{
    const char *env = getenv("PGT_SEED");
    uint64_t seed = env ? strtoull(env, NULL, 0) : 2026;

    (void)state;
    printf("    PGT_SEED=%llu\n", (unsigned long long)seed);
    for ( unsigned int i = 0; i < 2500; i++ )
    {
        rig_step(&rig, lcg, &seed);
        if ( i % 100 == 0 )
            rig_check_all(&rig);
    }
    rig_check_all(&rig);
    assert_int_equal(rig_unmap(&rig, 0, GIB), 0);
    assert_int_equal(rig_unmap(&rig, RIG_WINDOW / 2, GIB), 0);
    assert_int_equal(rig.nr_mapped, 0);
    printf("    splits %u merges %u breaks %u invalidations %u\n",
           rig.pgt.stats.splits, rig.pgt.stats.merges, rig.pgt.stats.breaks,
           rig.tlb.invalidations);
}

#define TEST(f)                                                                \
    {                                                                          \
#f, f, setup, teardown, NULL                                           \
    }

int main(void)
{
    const struct CMUnitTest once[] = {
        cmocka_unit_test(geometry_stage2),
        cmocka_unit_test(stage2_rights),
    };
    struct CMUnitTest tests[] = {
        TEST(geometry),
        TEST(words),
        TEST(dump_walk),
        TEST(bad_arguments),
        TEST(boundaries),
        TEST(huge),
        TEST(every_order),
        TEST(contiguous),
        TEST(split),
        TEST(merge),
        TEST(keep_tables),
        TEST(split_of_hole),
        TEST(pages_first),
        TEST(protect),
        TEST(descriptor_counts),
        TEST(no_memory),
        TEST(quarantine),
        TEST(teardown_slices),
        TEST(next_leaf),
        TEST(random_operations),
    };
    int failed = cmocka_run_group_tests_name("pgtable", once, NULL, NULL);

    for ( unsigned int i = 0; i < rig_nr_cases; i++ )
    {
        for ( unsigned int t = 0; t < ARRAY_SIZE(tests); t++ )
            tests[t].initial_state = (void *)(uintptr_t)&rig_cases[i];
        failed +=
            cmocka_run_group_tests_name(rig_cases[i].name, tests, NULL, NULL);
    }

    return failed;
}
