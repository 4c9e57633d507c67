/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The library, the walker model and a flat reference: pgt-rig.h. */
#include "pgt-rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xen/bits.h>
#include <xen/errno.h>

#define NR_TABLES 4096

const struct pgt_attr rig_attr[RIG_ATTRS] = {
    {.read = true, .write = true, .sw = 1},
    {.read = true, .sw = 2},
    {.read = true, .write = true, .exec = true, .sw = 3},
    {.read = true, .exec = true, .sw = 4},
    {.read = true, .write = true, .mem = PGT_MEM_NC, .sw = 5},
    {.read = true, .write = true, .mem = PGT_MEM_DEV_NGNRE, .sw = 6},
    {.read = true, .write = true, .mem = PGT_MEM_DEV_NGNRNE, .sw = 15},
};

/*
 * Worked out by hand. Common: 3 page, 0x300 SH inner, 0x400 AF.
 * Stage 1: index << 2 (WB 1, NC 0, nGnRE 2, nGnRnE 3), 0x40 AP[1], 0x80 AP[2],
 * 0x800 nG, 0x20 NS; XN bit 54 = 0x0040..., PXN bit 53 = 0x0020...
 * Stage 2: MemAttr << 2 (0x3c, 0x14, 0x04, 0x00), S2AP 0x40 read 0x80 write,
 * XN[1] bit 54, software 58:55 = n * 0x0080...
 */
#define EL2_WORDS                                                              \
    {                                                                          \
        0x0040000000000747, 0x00400000000007c7, 0x0000000000000747,            \
            0x00000000000007c7, 0x0040000000000743, 0x004000000000074b,        \
            0x004000000000074f                                                 \
    }
#define SMMU_WORDS                                                             \
    {                                                                          \
        0x0060000000000f47, 0x0060000000000fc7, 0x0000000000000f47,            \
            0x0000000000000fc7, 0x0060000000000f43, 0x0060000000000f4b,        \
            0x0060000000000f4f                                                 \
    }
#define IPMMU_WORDS                                                            \
    {                                                                          \
        0x0000000000000f67, 0x0000000000000fe7, 0x0000000000000f67,            \
            0x0000000000000fe7, 0x0000000000000f63, 0x0000000000000f6b,        \
            0x0000000000000f6f                                                 \
    }
#define S2_WORDS                                                               \
    {                                                                          \
        0x00c00000000007ff, 0x014000000000077f, 0x01800000000007ff,            \
            0x020000000000077f, 0x02c00000000007d7, 0x03400000000007c7,        \
            0x07c00000000007c3                                                 \
    }

const struct rig_case rig_cases[] = {
    {
        .name = "el2-s1 48 bits",
        .fmt = &pgt_fmt_el2_s1,
        .ia_bits = 48,
        .oa_bits = 48,
        .start_level = 0,
        .base = 0x7fc0000000, /* across two level-0 entries */
        .table_bits = 3,
        .live_bits = 0x0040000000000080,
        .page = EL2_WORDS,
    },
    {
        .name = "p2m-s2 40 bits",
        .fmt = &pgt_fmt_p2m_s2,
        .ia_bits = 40,
        .oa_bits = 44,
        .start_level = 1,
        .root_order = 1,
        .base = 0x7fc0000000, /* across two root tables */
        .table_bits = 3,
        .live_bits = 0x07e00000000000c0,
        .page = S2_WORDS,
    },
    {
        .name = "p2m-s2 48 bits",
        .fmt = &pgt_fmt_p2m_s2,
        .ia_bits = 48,
        .oa_bits = 48,
        .start_level = 0,
        .base = 0xffff80000000, /* the last 2 GiB */
        .table_bits = 3,
        .live_bits = 0x07e00000000000c0,
        .page = S2_WORDS,
    },
    {
        .name = "smmu-s1 44 bits",
        .fmt = &pgt_fmt_smmu_s1,
        .ia_bits = 44,
        .oa_bits = 44,
        .start_level = 0,
        .base = 0x7fc0000000,
        .table_bits = 3,
        .live_bits = 0x0060000000000080,
        .page = SMMU_WORDS,
        .pages_first = true,
    },
    {
        .name = "smmu-s1-bbml2 44 bits",
        .fmt = &pgt_fmt_smmu_s1_bbml2,
        .ia_bits = 44,
        .oa_bits = 44,
        .start_level = 0,
        .base = 0x7fc0000000,
        .table_bits = 3,
        .live_bits = 0x0060000000000080,
        .page = SMMU_WORDS,
        .live_split = true,
    },
    {
        .name = "ipmmu-s1 39 bits",
        .fmt = &pgt_fmt_ipmmu_s1,
        .ia_bits = 39,
        .oa_bits = 40,
        .start_level = 1,
        .base = 0x7f80000000, /* the last 2 GiB */
        .table_bits = 0x8000000000000003,
        .live_bits = 0x80,
        .page = IPMMU_WORDS,
        .pages_first = true,
    },
};

const unsigned int rig_nr_cases = ARRAY_SIZE(rig_cases);

void rig_assert(bool cond, const char *what, const char *file, int line)
{
    if ( cond )
        return;

    fprintf(stderr, "%s:%d: %s\n", file, line, what);
    abort();
}

/* --- the environment --- */

static struct rig *current; /* env->page() has no context */

static void *env_alloc(void *ctx, unsigned int order)
{
    struct rig *rig = ctx;

    return tlb_alloc(&rig->tlb, order);
}

static void env_free(void *ctx, void *table, unsigned int order)
{
    struct rig *rig = ctx;

    tlb_free(&rig->tlb, table, order);
}

static struct pgt_page *env_page(const void *table)
{
    return &current->page[tlb_page_index(&current->tlb, table)];
}

static void *env_to_virt(maddr_t ma)
{
    return (char *)current->tlb.mem + (maddr_x(ma) - TLB_MADDR);
}

static maddr_t env_to_maddr(const void *table)
{
    return _maddr(tlb_maddr(&current->tlb, table));
}

static void env_publish(void *ctx, const uint64_t *desc, size_t nr)
{
    struct rig *rig = ctx;

    tlb_publish(&rig->tlb, desc, nr);
}

static void env_invalidate(void *ctx, uint64_t ia, uint64_t size,
                           unsigned int level)
{
    struct rig *rig = ctx;

    /* A device cannot retry: it must never see such a hole. */
    RIG_ASSERT(!rig->c->pages_first || rig->broke_promise);
    tlb_invalidate(&rig->tlb, ia, size,
                   level == PGT_LEVEL_ANY ? TLB_ALL : level);
}

static const struct pgt_env env_functions = {
    .alloc = env_alloc,
    .free = env_free,
    .page = env_page,
    .to_virt = env_to_virt,
    .to_maddr = env_to_maddr,
    .publish = env_publish,
    .invalidate = env_invalidate,
};

/* The same by virt_offset, as in a direct map. */
static struct pgt_env env_offset = {
    .alloc = env_alloc,
    .free = env_free,
    .page = env_page,
    .publish = env_publish,
    .invalidate = env_invalidate,
};

void rig_init(struct rig *rig, const struct rig_case *c)
{
    memset(rig, 0, sizeof(*rig));
    rig->c = c;
    current = rig;
    tlb_init(&rig->tlb, NR_TABLES);
    rig->tlb.table_bits = c->table_bits;
    rig->tlb.live_bits = c->live_bits;
    rig->tlb.live_split = c->live_split;
    rig->page = calloc(NR_TABLES, sizeof(*rig->page));
    rig->ref = calloc(RIG_WINDOW, sizeof(*rig->ref));
    RIG_ASSERT(rig->page && rig->ref);
    memset(rig->page, 0xa5, NR_TABLES * sizeof(*rig->page));

    env_offset.virt_offset = (uint64_t)(uintptr_t)rig->tlb.mem - TLB_MADDR;
    RIG_ASSERT(!pgt_init(&rig->pgt, c->fmt,
                         c->root_order ? &env_functions : &env_offset, rig,
                         c->ia_bits, c->oa_bits));
    tlb_attach(&rig->tlb, maddr_x(pgt_root(&rig->pgt)), c->root_order,
               c->start_level);
}

void rig_exit(struct rig *rig)
{
    tlb_detach(&rig->tlb);
    pgt_destroy(&rig->pgt);
    RIG_ASSERT(rig->pgt.stats.tables == 0);
    RIG_ASSERT(rig->tlb.pages == rig->pgt.stats.quarantined);
    RIG_ASSERT(rig->tlb.complaints == 0);
    tlb_exit(&rig->tlb);
    free(rig->page);
    free(rig->ref);
}

/* --- operations --- */

uint64_t rig_word(const struct rig *rig, uint64_t oa, unsigned int attr,
                  unsigned int level)
{
    return (rig->c->page[attr] | oa) & ~(level == 3 ? UINT64_C(0) : 2);
}

void rig_sync(struct rig *rig, struct pgt_gather *g, bool ok)
{
    tlb_check_clean(&rig->tlb);
    if ( !pgt_gather_empty(g) && ok )
    {
        unsigned int level = pgt_gather_level(g);

        tlb_invalidate(&rig->tlb, g->start, g->end - g->start,
                       level == PGT_LEVEL_ANY ? TLB_ALL : level);
    }
    pgt_gather_done(&rig->pgt, g, ok);
    if ( !ok )
        tlb_invalidate_all(&rig->tlb); /* the unit came back, much later */

    RIG_ASSERT(pgt_gather_empty(g));
    RIG_ASSERT(rig->tlb.nr_stale == 0);
    RIG_ASSERT(rig->tlb.complaints == 0);
}

static uint64_t address(const struct rig *rig, uint64_t index)
{
    return rig->c->base + index * PAGE_SIZE;
}

/* A larger leaf that a range cuts: PGT_FIXED was promised for it, perhaps. */
static bool cuts(const struct rig *rig, uint64_t index, unsigned int order)
{
    struct pgt_leaf leaf;

    if ( !pgt_lookup(&rig->pgt, address(rig, index), &leaf) )
        return false;

    return leaf.order + (leaf.contiguous ? 4U : 0) > order;
}

static bool ref_empty(const struct rig *rig, uint64_t index, unsigned int order)
{
    for ( uint64_t i = index; i < index + (UINT64_C(1) << order); i++ )
        if ( rig->ref[i] )
            return false;

    return true;
}

static void ref_set(struct rig *rig, uint64_t index, unsigned int order,
                    uint64_t word)
{
    for ( uint64_t i = index; i < index + (UINT64_C(1) << order); i++ )
    {
        rig->nr_mapped -= rig->ref[i] != 0;
        rig->nr_mapped += word != 0;
        rig->ref[i] = word;
        if ( word )
            word += PAGE_SIZE;
    }
}

int rig_map(struct rig *rig, uint64_t index, uint64_t oa, unsigned int order,
            unsigned int attr, unsigned int expect)
{
    uint64_t ia = address(rig, index);
    bool empty = ref_empty(rig, index, order);
    unsigned int pages = rig->tlb.pages;
    struct pgt_gather g;
    int rc;

    rig->broke_promise = !empty || cuts(rig, index, order);
    rc = pgt_prepare(&rig->pgt, ia, order, expect);
    tlb_check_clean(&rig->tlb);
    rig_check(rig, index, UINT64_C(1) << order);
    if ( rc )
    {
        RIG_ASSERT(rc == -ENOMEM || (rc == -EEXIST && expect & PGT_EMPTY));
        RIG_ASSERT(rc != -EEXIST || !empty);
        RIG_ASSERT(rig->tlb.pages == pages);
        return rc;
    }
    RIG_ASSERT(empty || !(expect & PGT_EMPTY));

    /* As p2m.c replaces: take away, sync, give. Or at once, with a break. */
    pgt_gather_init(&g);
    if ( !empty && index & 1 << order )
    {
        g.keep_tables = true;
        pgt_unmap(&rig->pgt, ia, order, &g);
        rig_sync(rig, &g, true);
        RIG_ASSERT(g.keep_tables);
    }

    pgt_map(&rig->pgt, ia, _maddr(oa), order, rig_attr[attr], &g);
    if ( empty )
        RIG_ASSERT(pgt_gather_empty(&g) || g.tables || rig->broke_promise);
    rig_sync(rig, &g, true);
    ref_set(rig, index, order, rig->c->page[attr] | oa);

    return 0;
}

int rig_unmap(struct rig *rig, uint64_t index, unsigned int order)
{
    uint64_t ia = address(rig, index);
    struct pgt_gather g;
    int rc;

    rig->broke_promise = cuts(rig, index, order);
    rc = pgt_prepare(&rig->pgt, ia, order, PGT_SPLIT);
    rig_check(rig, index, UINT64_C(1) << order);
    if ( rc )
    {
        RIG_ASSERT(rc == -ENOMEM && rig->broke_promise);
        return rc;
    }

    pgt_gather_init(&g);
    pgt_unmap(&rig->pgt, ia, order, &g);
    rig_sync(rig, &g, true);
    ref_set(rig, index, order, 0);

    return 0;
}

int rig_protect(struct rig *rig, uint64_t index, unsigned int order,
                unsigned int attr)
{
    uint64_t ia = address(rig, index);
    struct pgt_gather g;
    int rc;

    rig->broke_promise = true; /* a change of memory type breaks */
    rc = pgt_prepare(&rig->pgt, ia, order, PGT_SPLIT);
    if ( rc )
        return rc;

    pgt_gather_init(&g);
    pgt_protect(&rig->pgt, ia, order, rig_attr[attr], &g);
    rig_sync(rig, &g, true);
    for ( uint64_t i = index; i < index + (UINT64_C(1) << order); i++ )
        if ( rig->ref[i] )
            rig->ref[i] =
                (rig->ref[i] & GENMASK64(39, 12)) | rig->c->page[attr];

    return 0;
}

void rig_step(struct rig *rig, uint32_t (*next)(void *arg), void *arg)
{
    /* Small orders often, and each block size. */
    static const uint8_t orders[] = {0, 0, 0,  1,  2,  3,  4,  4,  5,  8, 9,
                                     9, 9, 10, 12, 13, 13, 14, 17, 18, 18};
    uint32_t what = next(arg);
    unsigned int order = orders[(what >> 8) % sizeof(orders)];
    unsigned int attr = (what >> 16) % RIG_ATTRS;
    uint64_t index = next(arg) % RIG_WINDOW, oa, nr;

    /* Mostly near one place, so that operations meet. */
    if ( what & 0x80 )
        index = RIG_WINDOW / 2 - 1024 + index % 2048;
    nr = UINT64_C(1) << order;
    index = ROUNDDOWN(index, nr);
    oa = what & 0x40
             ? RIG_OA + index * PAGE_SIZE
             : RIG_OA + ROUNDDOWN(next(arg) % RIG_WINDOW, nr) * PAGE_SIZE;
    if ( what & 0x08000000 )
        rig->tlb.fail_at = 1 + (what >> 28) % 4;

    switch ( what % 8 )
    {
    case 0:
    case 1:
        rig_map(rig, index, oa, order, attr, PGT_EMPTY);
        break;
    case 2:
        rig_map(rig, index, oa, order, attr, PGT_ANY);
        break;
    case 3:
        rig_map(rig, index, oa, order, attr, PGT_FIXED);
        break;
    case 4:
    case 5:
        rig_unmap(rig, index, order);
        break;
    case 6:
        rig_protect(rig, index, order, attr);
        break;
    default:
        rig->broke_promise =
            cuts(rig, index, order) || !ref_empty(rig, index, order);
        (void)!pgt_prepare(&rig->pgt, address(rig, index), order,
                           what >> 20 & PGT_FIXED);
        break;
    }
    rig->tlb.fail_at = 0;
    RIG_ASSERT(rig->tlb.nr_stale == 0);
    RIG_ASSERT(rig->tlb.complaints == 0);

    rig_check(rig, index, nr);
    rig_check(rig, next(arg) % RIG_WINDOW, 1);
}

/* --- checks --- */

/* What a page should read as, given the level and hint of its leaf. */
static void check_page(const struct rig *rig, uint64_t index)
{
    uint64_t want = rig->ref[index], ia = address(rig, index), oa;
    struct pgt_leaf leaf;
    unsigned int level;
    uint64_t word = tlb_walk(&rig->tlb, ia, &level);
    bool present = pgt_lookup(&rig->pgt, ia, &leaf);

    RIG_ASSERT(present == (want != 0) && present == leaf.present);
    RIG_ASSERT(level == leaf.level && leaf.order == 27 - 9 * level);
    RIG_ASSERT(leaf.base == ROUNDDOWN(ia, PAGE_SIZE << leaf.order));
    if ( !want )
    {
        RIG_ASSERT(!word);
        return;
    }

    /* The device's view: address and rights, word for word. */
    oa = want & GENMASK64(47, 12);
    RIG_ASSERT((word & GENMASK64(47, 12)) ==
               ROUNDDOWN(oa, PAGE_SIZE << leaf.order));
    RIG_ASSERT((word & ~(GENMASK64(47, 12) | BIT64(52))) ==
               ((want & ~GENMASK64(47, 12)) & ~(level == 3 ? 0 : BIT64(1))));

    /* And ours. */
    RIG_ASSERT(maddr_x(leaf.oa) == oa);
    RIG_ASSERT(leaf.contiguous == !!(word & BIT64(52)));
    RIG_ASSERT((rig->c->fmt->encode(leaf.attr, 3) | oa) == want);
}

void rig_check(struct rig *rig, uint64_t index, uint64_t nr)
{
    uint64_t step = nr > 256 ? nr / 64 - 1 : 1;

    for ( uint64_t i = 0; i < nr; i += step )
        check_page(rig, index + i);
    check_page(rig, index + nr - 1);
    if ( index )
        check_page(rig, index - 1);
    if ( index + nr < RIG_WINDOW )
        check_page(rig, index + nr);
}

/* Counters against the tables themselves. */
static void audit(struct rig *rig)
{
    const struct pgt_stats *stats = &rig->pgt.stats;
    uint64_t leaves[PGT_LEVELS] = {0};

    for ( size_t p = 1; p < rig->tlb.nr_pages; p++ )
    {
        const struct tlb_page *page = &rig->tlb.page[p];
        unsigned int live = 0;

        if ( !page->allocated || !page->linked )
            continue;

        for ( unsigned int i = 0; i < PGT_ENTRIES; i++ )
        {
            uint64_t desc = rig->tlb.shadow[p * PGT_ENTRIES + i];

            live += desc & 1;
            if ( desc & 1 && (page->level == 3 || (desc & 3) == 1) )
                leaves[page->level]++;
        }
        if ( page->level != rig->c->start_level )
            RIG_ASSERT(rig->page[p].live == live);
    }

    for ( unsigned int i = 0; i < PGT_LEVELS; i++ )
        RIG_ASSERT(leaves[i] == stats->leaves[i]);
    RIG_ASSERT(rig->tlb.pages == stats->tables + stats->quarantined);
}

void rig_check_all(struct rig *rig)
{
    struct pgt_leaf leaf;
    uint64_t seen = 0, last = 0;

    for ( uint64_t ia = 0; pgt_next_leaf(&rig->pgt, ia, &leaf);
          ia = leaf.base + (PAGE_SIZE << leaf.order) )
    {
        uint64_t nr = UINT64_C(1) << leaf.order;
        uint64_t index = (leaf.base - rig->c->base) / PAGE_SIZE;

        RIG_ASSERT(leaf.base >= rig->c->base && leaf.base >= last);
        RIG_ASSERT(index + nr <= RIG_WINDOW);
        last = leaf.base + nr * PAGE_SIZE;
        seen += nr;
        for ( uint64_t i = 0; i < nr; i++ )
            RIG_ASSERT(rig->ref[index + i] ==
                       (rig->c->fmt->encode(leaf.attr, 3) |
                        (maddr_x(leaf.oa) + i * PAGE_SIZE)));
        check_page(rig, index);
    }

    RIG_ASSERT(seen == rig->nr_mapped);
    audit(rig);
}
