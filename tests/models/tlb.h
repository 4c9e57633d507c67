/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A model of what walks a VMSA page table: table memory as the walker sees it,
 * cached table descriptors and cached leaves. Written from DDI 0487 J.a, D8.14
 * "TLB maintenance" and D8.14.1 "Using break-before-make", not from our code;
 * it shares none of our macros.
 *
 * The walker is the worst one allowed. It caches every valid descriptor the
 * moment it becomes visible and forgets it only by the right invalidation, so
 * the model need only remember what is stale: values that have been replaced
 * and may still be used. Complaints are printed and counted in m->complaints:
 *
 *   - a descriptor changed from valid to valid where a break is needed;
 *   - a descriptor made while something stale overlaps it;
 *   - an invalidation, or the end of an operation, with unpublished stores;
 *   - a table linked before all of it was published;
 *   - a contiguous run that is not 16 equal neighbours;
 *   - a table freed while linked, or while a walk cache points to it;
 *   - a table descriptor with other bits than the format's.
 */
#ifndef TESTS_MODELS_TLB_H
#define TESTS_MODELS_TLB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Table memory starts at this machine address. */
#define TLB_MADDR UINT64_C(0x48000000)

#define TLB_BUCKETS 524288u
#define TLB_ALL     4 /* "level" of an invalidation of everything */

struct tlb_page {
    bool allocated;
    bool fresh;             /* not all of it has been published yet */
    bool linked;            /* reachable by the walker */
    unsigned int level;     /* of its descriptors, when linked */
    uint64_t ia;            /* of its first descriptor, when linked */
    unsigned char pub[512]; /* published since allocation */
};

struct tlb_stale {
    uint64_t ia, size;
    unsigned int level; /* of the descriptor it was read from */
    size_t table;       /* page index of a cached table, or 0 for a leaf */
};

struct tlb_model {
    /* What the test may set. */
    uint64_t table_bits;  /* of a table descriptor besides the address */
    uint64_t live_bits;   /* may change in a live leaf */
    bool live_split;      /* BBM level 2 */
    unsigned int fail_at; /* the n-th allocation from now fails; 0: none */

    /* What it may read. */
    unsigned int complaints;
    unsigned int allocs, pages, publishes, published, invalidations;

    uint64_t *mem;    /* as the CPU sees it */
    uint64_t *shadow; /* as the walker sees it */
    struct tlb_page *page;
    size_t nr_pages, hint, nr_fresh, building;
    size_t root;
    struct tlb_stale *stale;
    size_t nr_stale, max_stale, nr_big;
    uint32_t *covered; /* stale entries per page, by TLB_BUCKETS */
};

void tlb_init(struct tlb_model *m, size_t nr_pages);
void tlb_exit(struct tlb_model *m);

/* TTBR: the walker starts to use a root, or stops (and forgets everything). */
void tlb_attach(struct tlb_model *m, uint64_t root_ma, unsigned int order,
                unsigned int level);
void tlb_detach(struct tlb_model *m);

/* Table memory. Zeroed for the CPU, old contents for the walker. */
void *tlb_alloc(struct tlb_model *m, unsigned int order);
void tlb_free(struct tlb_model *m, void *table, unsigned int order);
uint64_t tlb_maddr(const struct tlb_model *m, const void *table);
size_t tlb_page_index(const struct tlb_model *m, const void *table);

/* A barrier and clean after stores to nr descriptors. */
void tlb_publish(struct tlb_model *m, const uint64_t *desc, size_t nr);

/* Invalidate leaves of one level, or with TLB_ALL everything, in a range. */
void tlb_invalidate(struct tlb_model *m, uint64_t ia, uint64_t size,
                    unsigned int level);
void tlb_invalidate_all(struct tlb_model *m);

/* Are all stores published? Complains otherwise. */
void tlb_check_clean(struct tlb_model *m);

/* The leaf the walker finds in memory (not in caches), 0 for a fault. */
uint64_t tlb_walk(const struct tlb_model *m, uint64_t ia, unsigned int *level);

#endif /* TESTS_MODELS_TLB_H */
