/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page tables of the VMSA 64-bit family, 4 KiB granule: EL2 stage 1, P2M
 * stage 2, and the IOMMU formats. One algorithm, a const format, and an
 * environment that the owner provides.
 *
 * The library knows no domain, lock, allocator or console. The owner of a
 * struct pgt serialises every call on it (its own lock: p2m->lock,
 * iommu_dom->lock, ...), except that lookups may run beside each other.
 *
 *     pgt_prepare()     may fail: allocates tables, splits larger leaves
 *     pgt_unmap()       cannot fail      pgt_map()        cannot fail
 *     pgt_protect()     cannot fail
 *     owner's sync      TLB invalidation of what the gather collected
 *     pgt_gather_done() frees tables that nothing can reach any more
 *
 * Everything speaks in orders: 2^order pages, input and output address aligned
 * to that size, any order from 0 to the input width.
 *
 * Spec: DDI 0487 issue J.a, D8.3 "Translation table descriptor formats",
 * D8.14.1 "Using break-before-make when updating translation table entries";
 * IHI 0070 issue F.a, 3.21.1 "Translation tables and TLB invalidation".
 */
#ifndef XEN_PGTABLE_H
#define XEN_PGTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/addr.h>
#include <xen/compiler.h>

#define PGT_LEVELS    4 /* 0 root side .. 3 page */
#define PGT_ENTRIES   512U
#define PGT_LEVEL_ANY PGT_LEVELS /* any level, and the walk caches */

/*
 * MAIR for every stage-1 format (MAIR_EL2, CD.MAIR0/1, IMMAIR0/1):
 * 0 normal non-cacheable, 1 normal write-back read/write-allocate,
 * 2 Device-nGnRE, 3 Device-nGnRnE.
 */
#define PGT_MAIR UINT64_C(0x0004ff44)

enum pgt_memtype {
    PGT_MEM_WB, /* normal, write-back cacheable */
    PGT_MEM_NC, /* normal, non-cacheable */
    PGT_MEM_DEV_NGNRE,
    PGT_MEM_DEV_NGNRNE,
};

/*
 * What a leaf says besides its output address. Shareability is derived: inner
 * for everything (the architecture treats NC and Device as outer anyway).
 */
struct pgt_attr {
    bool read : 1; /* stage 1 cannot leave it out */
    bool write : 1;
    bool exec : 1; /* ipmmu-s1 ignores it */
    uint8_t sw;    /* 4 bits for the owner, kept in bits 58:55 of p2m-s2 leaves
                      (the P2M's type); other formats drop it */
    enum pgt_memtype mem : 8;
};

/* A format: const, one object each, pure functions. */
struct pgt_fmt {
    const char *name;
    uint64_t table_bits;   /* a table descriptor is this | address */
    uint64_t live_bits;    /* leaf bits that may change without a break */
    uint8_t block_levels;  /* bit n set: level n may hold a leaf */
    uint8_t contig_levels; /* bit n set: the contiguous hint is used */
    uint8_t max_ia_bits;
    uint8_t max_oa_bits;
    bool concat_root;    /* up to 16 root tables side by side */
    bool live_split;     /* walkers take block <-> table and contiguous
                                   changes without a break (BBM level 2) */
    bool walker_retries; /* a fault in the short hole of a break is
                                   retried (CPU); a device would lose data */
    uint64_t (*encode)(struct pgt_attr attr, unsigned int level);
    /* 0: the format cannot express these rights */
    struct pgt_attr (*decode)(uint64_t desc, unsigned int level);
};

extern const struct pgt_fmt pgt_fmt_el2_s1;  /* EL2, non-VHE, 31..48 bits */
extern const struct pgt_fmt pgt_fmt_p2m_s2;  /* stage 2, 31..48 bits */
extern const struct pgt_fmt pgt_fmt_smmu_s1; /* SMMUv3 stage 1, BBML 0/1 */
extern const struct pgt_fmt pgt_fmt_smmu_s1_bbml2; /* the same, IDR3.BBML 2 */
extern const struct pgt_fmt pgt_fmt_ipmmu_s1; /* R-Car, 31..39 -> 40 bits */

/*
 * What the library keeps per table page. The owner's page structure embeds it
 * (it is free while the page is a table) and env->page() finds it. The owner
 * only provides the space.
 */
struct pgt_page {
    uint64_t *next; /* link in a gather or a reserve */
    uint32_t live;  /* valid descriptors in this table */
};

/* What the surroundings provide; on the host: an arena and a model. */
struct pgt_env {
    /* 2^order zeroed, naturally aligned pages, or NULL. */
    void *(*alloc)(void *ctx, unsigned int order);
    void (*free)(void *ctx, void *table, unsigned int order);

    /* The struct pgt_page of a table. Order > 0 (the root): of its first. */
    struct pgt_page *(*page)(const void *table);

    /*
     * Where we see tables: at maddr + virt_offset (modulo 2^64), as in a direct
     * map. Owners with tables elsewhere too set both functions instead.
     */
    uint64_t virt_offset;
    void *(*to_virt)(maddr_t ma);           /* NULL: by virt_offset */
    maddr_t (*to_maddr)(const void *table); /* NULL: by virt_offset */

    /*
     * Make nr consecutive descriptors, already written, visible to walkers:
     * a barrier (DSB ISHST), after a clean to the point of coherency when the
     * walker is not coherent. Once per run of descriptors.
     */
    void (*publish)(void *ctx, const uint64_t *desc, size_t nr);

    /*
     * Break-before-make, or the end of a split: forget [ia, ia + size) NOW,
     * returning after completion. level 0..3: only leaves of that level have
     * changed. PGT_LEVEL_ANY: leaves of all levels and cached table
     * descriptors of this range.
     */
    void (*invalidate)(void *ctx, uint64_t ia, uint64_t size,
                       unsigned int level);
};

struct pgt_stats {
    uint64_t leaves[PGT_LEVELS]; /* valid leaf descriptors per level */
    uint32_t tables;             /* table pages, the root's included */
    uint32_t quarantined;        /* table pages kept after a failed sync */
    uint32_t splits;             /* leaf -> table */
    uint32_t merges;             /* table -> leaf */
    uint32_t breaks; /* break-before-make holes hardware could see */
};

struct pgt {
    const struct pgt_fmt *fmt;
    const struct pgt_env *env;
    void *ctx;      /* passed to env */
    uint64_t *root; /* NULL after the tables have been freed */
    maddr_t root_ma;
    uint8_t ia_bits, oa_bits;
    uint8_t start_level;
    uint8_t root_order;    /* log2 of the root's pages (concatenation) */
    uint8_t contig_levels; /* the format's, less L3 when pages_first */
    bool pages_first;      /* see PGT_FIXED in pgt_prepare() */

    /* The level-3 table used last, so that the next call need not walk. */
    uint64_t last_ia; /* of its first page; ~0: none */
    uint64_t *last_table;
    struct pgt_page *last_page;

    struct pgt_stats stats;
};

/* Geometry for an input width, for VTCR/TCR/CD fields and for pgt_init. */
struct pgt_geometry {
    uint8_t start_level; /* stage 2: SL0 = 2 - start_level (4 KiB) */
    uint8_t root_order;  /* log2 of concatenated root tables */
    uint8_t t0sz;        /* 64 - ia_bits */
};

/*
 * What one or more operations leave to invalidate and to free. One range: two
 * distant operations in one gather make it span both; sync in between where
 * that hurts.
 */
struct pgt_gather {
    uint64_t start, end; /* stale leaves; nothing when start >= end */
    uint8_t levels;      /* bit n: leaves of level n went or changed */
    bool tables;         /* table descriptors went: not leaf-only */
    bool keep_tables;    /* set by the caller before pgt_unmap(): it
                                   maps the prepared range again, so emptied
                                   tables stay */
    uint64_t *free;      /* table pages, linked by pgt_page.next */
};

/* A leaf, or the hole, that covers an address. */
struct pgt_leaf {
    bool present;
    bool contiguous;      /* part of a contiguous run */
    uint8_t level;        /* of the descriptor */
    uint8_t order;        /* pages covered by it: leaf or hole */
    uint64_t base;        /* first input address it covers */
    maddr_t oa;           /* of the address asked for (leaf only) */
    struct pgt_attr attr; /* leaf only */
};

/* --- the four inline functions that know about levels ---- */

static inline unsigned int pgt_level_shift(unsigned int level)
{
    return 39 - 9 * level;
}

static inline unsigned int pgt_level_order(unsigned int level)
{
    return 27 - 9 * level;
}

static inline uint64_t pgt_level_size(unsigned int level)
{
    return UINT64_C(1) << pgt_level_shift(level);
}

/* Index in a (non-root) table. The root's may be larger: concatenation. */
static inline unsigned int pgt_index(uint64_t ia, unsigned int level)
{
    return (unsigned int)(ia >> pgt_level_shift(level)) & (PGT_ENTRIES - 1);
}

/* --- life ---- */

/*
 * pgt_geometry - start level and root size for an input width.
 * Return: 0; -EINVAL when the format cannot do that width.
 */
int __must_check pgt_geometry(const struct pgt_fmt *fmt, unsigned int ia_bits,
                              struct pgt_geometry *geo);

/*
 * pgt_init - make an empty table.
 * @pgt: written on success only      @ctx: passed to the env functions
 * @ia_bits, @oa_bits: input and output width of what will walk it
 * Return: 0; -EINVAL for widths the format cannot do; -ENOMEM.
 */
int __must_check pgt_init(struct pgt *pgt, const struct pgt_fmt *fmt,
                          const struct pgt_env *env, void *ctx,
                          unsigned int ia_bits, unsigned int oa_bits);

/*
 * pgt_free_tables - free a table that nothing walks any more, in slices.
 * @budget: table pages to free in this call, at least 1
 * The caller has detached the walkers and invalidated; no lookup runs.
 * Return: 0 when all is freed (pgt->root is NULL; calling again is fine),
 * -ERESTART when the budget ran out.
 */
int __must_check pgt_free_tables(struct pgt *pgt, unsigned int budget);

/* pgt_destroy - pgt_free_tables() without a budget. */
void pgt_destroy(struct pgt *pgt);

/* pgt_root - what TTBR takes, without attribute bits. */
static inline maddr_t pgt_root(const struct pgt *pgt)
{
    return pgt->root_ma;
}

/* --- changing ---- */

/* For pgt_prepare(); PGT_FIXED may be added to the first two. */
enum pgt_expect {
    PGT_ANY = 0,   /* a map, and perhaps an unmap, will follow */
    PGT_EMPTY = 1, /* a map will follow: a live leaf there is -EEXIST */
    PGT_SPLIT = 2, /* only unmap or protect will follow: split what is
                           larger than the range, leave holes alone */
    PGT_FIXED = 4, /* the frames stay together as long as the mapping */
};

/*
 * pgt_prepare - do whatever may fail, so that a following map, unmap and
 * protect of the same range cannot.
 * @ia: first address, aligned to order        @expect: enum pgt_expect
 * Allocates tables down to the level where the leaves will be, and splits
 * larger leaves in the way. Translations stay as they are.
 *
 * Walkers: a split keeps every translation. With live_split the leaf is
 * replaced by the table in one store, then invalidated. Without it there is a
 * hole between break and make (counted in stats.breaks), in which a CPU
 * retries and a device would fault. For this reason formats with neither
 * live_split nor walker_retries (pgt->pages_first) get pages only and no
 * contiguous hint on them, unless the caller promises PGT_FIXED; then the hole
 * can only come from a broken promise.
 *
 * An empty table that prepare left is reused, and freed by the next unmap of
 * its range (also when there is nothing mapped).
 *
 * Return: 0; -EINVAL order, alignment or address beyond the input width;
 * -EEXIST (PGT_EMPTY); -ENOMEM with nothing changed.
 */
int __must_check pgt_prepare(struct pgt *pgt, uint64_t ia, unsigned int order,
                             unsigned int expect);

/* Does the output range fit the width and the order? Ask before pgt_map(). */
static inline bool pgt_oa_ok(const struct pgt *pgt, maddr_t oa,
                             unsigned int order)
{
    uint64_t offset = (PAGE_SIZE << order) - 1;

    return !((maddr_x(oa) & offset) | ((maddr_x(oa) | offset) >> pgt->oa_bits));
}

/* Can the format express the rights? (Stage 1: no leaf without read.) */
static inline bool pgt_attr_ok(const struct pgt *pgt, struct pgt_attr attr)
{
    return pgt->fmt->encode(attr, PGT_LEVELS - 1) != 0;
}

/*
 * pgt_map - map 2^order pages at ia to oa, after a pgt_prepare() of the range.
 * @oa, @attr: checked by pgt_oa_ok() and pgt_attr_ok() before; stops the
 *             machine otherwise.
 * @g: collects what becomes stale; a map into a hole adds nothing.
 * The largest leaves that the order allows, contiguous hint where whole runs
 * are written. A full table in the way of a block is replaced by it (merge).
 * Walkers: over a hole they see the old (nothing) or the new entry. Over a
 * live leaf with another address or memory type there is a break (stats), so
 * replacing is spelt unmap, sync, map.
 */
void pgt_map(struct pgt *pgt, uint64_t ia, maddr_t oa, unsigned int order,
             struct pgt_attr attr, struct pgt_gather *g);

/*
 * pgt_unmap - remove all translations of 2^order pages at ia. Holes are fine.
 * When a leaf may be larger than the range, a pgt_prepare() with PGT_SPLIT (or
 * any other) comes first; stops the machine otherwise.
 * @g: collects range and emptied tables. Walkers may use the old translations
 *     until the caller's sync.
 */
void pgt_unmap(struct pgt *pgt, uint64_t ia, unsigned int order,
               struct pgt_gather *g);

/*
 * pgt_protect - give the leaves of a range new attributes, addresses and holes
 * staying. Preparation as for pgt_unmap().
 * Walkers see old or new rights until the sync; a change of memory type needs
 * a break (stats).
 */
void pgt_protect(struct pgt *pgt, uint64_t ia, unsigned int order,
                 struct pgt_attr attr, struct pgt_gather *g);

/* --- gather ---- */

static inline void pgt_gather_init(struct pgt_gather *g)
{
    *g = (struct pgt_gather){.start = ~UINT64_C(0)};
}

/* Nothing stale: no sync is needed, pgt_gather_done() is free. */
static inline bool pgt_gather_empty(const struct pgt_gather *g)
{
    return g->start >= g->end && !g->free;
}

/* The only level whose leaves changed (TTL hint, leaf-only), or ANY. */
static inline unsigned int pgt_gather_level(const struct pgt_gather *g)
{
    if ( g->tables || !g->levels || (g->levels & (g->levels - 1)) )
        return PGT_LEVEL_ANY;

    return (unsigned int)__builtin_ctz(g->levels);
}

/* The part of pgt_gather_done() that is about tables. */
void pgt_free_gathered(struct pgt *pgt, struct pgt_gather *g, bool synced);

/*
 * pgt_gather_done - end of the operations that g collected; g is empty after.
 * @synced: the invalidation has completed. Otherwise the tables are kept out
 *          of use for good (stats.quarantined), as a walker may be in them.
 */
static inline void pgt_gather_done(struct pgt *pgt, struct pgt_gather *g,
                                   bool synced)
{
    if ( g->free )
        pgt_free_gathered(pgt, g, synced);
    g->start = ~UINT64_C(0);
    g->end = 0;
    g->levels = 0;
    g->tables = false;
}

/* --- looking ---- */

/*
 * pgt_lookup - the leaf or hole at an address.
 * @leaf: always written; for a hole its base, level and order, so that callers
 *        can step over it.
 * Return: leaf->present. An address beyond the input width is a hole.
 */
bool pgt_lookup(const struct pgt *pgt, uint64_t ia, struct pgt_leaf *leaf);

/*
 * pgt_next_leaf - the first leaf that ends above ia.
 * Walk all: for ( ia = 0; pgt_next_leaf(pgt, ia, &l);
 *                 ia = l.base + (PAGE_SIZE << l.order) ) ...
 * leaf->oa belongs to MAX(ia, leaf->base). Holes cost O(tables).
 * Return: false when there is none.
 */
bool pgt_next_leaf(const struct pgt *pgt, uint64_t ia, struct pgt_leaf *leaf);

/*
 * pgt_dump_walk - report each level's descriptor for an address, root first,
 * down to the leaf or hole. For fault dumps: reads only.
 */
void pgt_dump_walk(const struct pgt *pgt, uint64_t ia,
                   void (*fn)(void *arg, unsigned int level, maddr_t desc_ma,
                              uint64_t desc),
                   void *arg);

#endif /* XEN_PGTABLE_H */
