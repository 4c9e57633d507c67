/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A domain's pool of pages for its tables, those of the CPU and those of
 * IOMMUs: where it is empty that domain gets -ENOMEM, and nobody else (P5).
 * dom0 has none: its tables come from the heap. common/paging.c.
 *
 * A toolstack asks for a size that is made for one set of tables, as Xen's
 * Arm port shares it between CPU and IOMMU; ours are two of the same shape, so
 * the pool holds twice as much. Roots, and what creation itself maps, are in
 * PAGING_BASE pages that every domain has besides.
 */
#ifndef XEN_PAGING_H
#define XEN_PAGING_H

#include <xen/list.h>

struct domain;

#define PAGING_BASE 32U

/* Page_lock of the domain. */
struct paging_pool {
    bool limited; /* constant; false: the heap is its pool */
    struct list_head free;
    unsigned long nr_free, total; /* pages */
};

/* paging_init - a pool of PAGING_BASE pages. -ENOMEM: of fewer; exit it. */
int __must_check paging_init(struct domain *d);
/*
 * paging_release - a dying domain's free pages go, in slices: -ERESTART until
 * done. paging_exit - what its last tables have given back since.
 */
int __must_check paging_release(struct domain *d);
void paging_exit(struct domain *d);

/*
 * paging_set_size - the toolstack's size in bytes. In slices, -ERESTART until
 * done. -EINVAL: no multiple of a page, or dom0; -ENOMEM: the heap has no more;
 * -EBUSY: smaller, but in use: what was free has gone. One caller at a time.
 */
int __must_check paging_set_size(struct domain *d, uint64_t bytes);
/* paging_size - as it was set; 0 for dom0. */
uint64_t paging_size(const struct domain *d);

/* paging_alloc - a zeroed table of 2^order pages, by direct-map address; NULL
 * when there is none. What is larger than a page, a root, is the heap's. */
void *paging_alloc(struct domain *d, unsigned int order);
void paging_free(struct domain *d, void *table, unsigned int order);

#endif /* XEN_PAGING_H */
