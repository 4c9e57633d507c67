/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Grant tables, version 1. Owned by common/grant-table.c. */
#ifndef XEN_GRANT_TABLE_H
#define XEN_GRANT_TABLE_H

#include <public/grant_table.h>
#include <xen/addr.h>
#include <xen/spinlock.h>

struct domain;
struct grant_mapping;
struct active_grant;

struct grant_table {
    spinlock_t lock;              /* LOCK_RANK_GRANT */
    unsigned int nr_frames, max_frames;
    void **frame;                 /* our pages, by index */
    struct active_grant **active; /* pages of per-entry state */
    unsigned int nr_maptrack, max_maptrack;
    struct grant_mapping **maptrack; /* what this domain mapped */
    uint32_t maptrack_free;
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

#endif /* XEN_GRANT_TABLE_H */
