/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A page table under test: the library, the walker model (tlb.h) as its
 * surroundings, and a flat array that says what each page of a window should
 * translate to. Used by test-pgtable and fuzz-pgtable.
 */
#ifndef TESTS_HOST_PGT_RIG_H
#define TESTS_HOST_PGT_RIG_H

#include <xen/pgtable.h>

#include <tlb.h>

#define RIG_ATTRS 7

/* One format at one width, with words worked out by hand from DDI 0487. */
struct rig_case {
    const char *name;
    const struct pgt_fmt *fmt;
    unsigned int ia_bits, oa_bits;
    unsigned int start_level, root_order;
    uint64_t base; /* window of the random operations */
    uint64_t table_bits, live_bits;
    bool live_split, pages_first;
    uint64_t page[RIG_ATTRS]; /* page word of each rig_attr */
};

extern const struct rig_case rig_cases[];
extern const unsigned int rig_nr_cases;
extern const struct pgt_attr rig_attr[RIG_ATTRS];

#define RIG_WINDOW ((uint64_t)1 << 19) /* pages: 2 x 1 GiB */
#define RIG_OA     UINT64_C(0x800000000)

struct rig {
    const struct rig_case *c;
    struct tlb_model tlb;
    struct pgt pgt;
    struct pgt_page *page; /* by table page */
    uint64_t *ref;         /* by page of the window: word, 0: hole */
    uint64_t nr_mapped;
    bool broke_promise; /* a PGT_FIXED leaf was cut */
};

void rig_init(struct rig *rig, const struct rig_case *c);
void rig_exit(struct rig *rig); /* checks for leaks */

/* The word of a leaf of a level, contiguous bit aside. */
uint64_t rig_word(const struct rig *rig, uint64_t oa, unsigned int attr,
                  unsigned int level);

/* The caller's part of an operation: invalidate, wait, free. */
void rig_sync(struct rig *rig, struct pgt_gather *g, bool ok);

/* prepare + operation + sync on window page index, and on the reference. */
int rig_map(struct rig *rig, uint64_t index, uint64_t oa, unsigned int order,
            unsigned int attr, unsigned int expect);
int rig_unmap(struct rig *rig, uint64_t index, unsigned int order);
int rig_protect(struct rig *rig, uint64_t index, unsigned int order,
                unsigned int attr);

/* One operation chosen by a source of numbers. */
void rig_step(struct rig *rig, uint32_t (*next)(void *arg), void *arg);

/* Compare some pages, or everything, with the reference; audit counters. */
void rig_check(struct rig *rig, uint64_t index, uint64_t nr);
void rig_check_all(struct rig *rig);

/* Ends the program with a message, unless cond. */
#define RIG_ASSERT(cond) rig_assert(cond, #cond, __FILE__, __LINE__)
void rig_assert(bool cond, const char *what, const char *file, int line);

#endif /* TESTS_HOST_PGT_RIG_H */
