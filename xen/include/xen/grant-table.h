/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Grant tables, version 1. Owned by common/grant-table.c. */
#ifndef XEN_GRANT_TABLE_H
#define XEN_GRANT_TABLE_H

#include <xen/addr.h>
#include <xen/spinlock.h>

#include <public/grant_table.h>

struct domain;
struct page_info;
struct grant_mapping;
struct active_grant;

#define GRANT_DEFAULT_FRAMES          64U
#define GRANT_MAX_FRAMES              1024U
#define GRANT_DEFAULT_MAPTRACK_FRAMES 1024U

/* A page of entries that the guest shares with us. */
struct grant_frame {
    struct page_info *page;      /* dom_xen's, so that others may hold it */
    struct active_grant *active; /* per-entry state */
    gfn_t gfn;                   /* where its owner has it, or INVALID_GFN */
};

struct grant_table {
    spinlock_t lock; /* LOCK_RANK_GRANT */
    unsigned int nr_frames, max_frames;
    struct grant_frame *frame;              /* max_frames */
    unsigned int nr_maptrack, max_maptrack; /* pages */
    struct grant_mapping **maptrack;        /* what this domain mapped */
    uint32_t maptrack_free;                 /* first free handle */
    uint32_t maptrack_used;
    uint32_t release_next; /* where release_mappings goes on */
};

int __must_check grant_table_init(struct domain *d, unsigned int max_frames,
                                  unsigned int max_maptrack_frames);
/* grant_table_release_mappings - unmap all this (dying) domain has mapped;
 * -ERESTART until done. grant_table_exit frees the table. */
int grant_table_release_mappings(struct domain *d);
void grant_table_exit(struct domain *d);
/* grant_table_frame - the mfn of shared frame @idx, growing the table. */
int __must_check grant_table_frame(struct domain *d, unsigned long idx,
                                   mfn_t *mfn);
/* grant_table_get_frame - the same, with a reference; put_page() it. */
int __must_check grant_table_get_frame(struct domain *d, unsigned long idx,
                                       struct page_info **page);
/* grant_table_move_frame - remember where the guest has it; the old gfn. */
gfn_t grant_table_move_frame(struct domain *d, unsigned long idx, gfn_t gfn);

#endif /* XEN_GRANT_TABLE_H */
