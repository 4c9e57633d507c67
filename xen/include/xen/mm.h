/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Physical memory: the buddy allocator (common/page-alloc.c), frames and
 * their owners, and the EL2 address space (arch/arm/mm.c).
 */
#ifndef XEN_MM_H
#define XEN_MM_H

#include <xen/addr.h>
#include <xen/list.h>
#include <xen/spinlock.h>

struct domain;

/*
 * One per RAM frame, in one array indexed from the lowest RAM frame. All
 * zero means: not ours to give out (a hole, a module, our own image).
 */
struct page_info {
    struct list_head list; /* free list: heap lock; else owner's page_lock */
    struct domain *owner;  /* NULL: free or ours; changes only at count 0 */
    uint32_t count;        /* references; atomic. Allocation holds one */
    uint8_t order;         /* of a free block, at its head: heap lock */
    uint8_t flags;         /* PGF_*: heap lock while free, else owner's */
    uint16_t pad;
};

#define PGF_FREE        (1U << 0) /* head of a free block */
#define PGF_DIRTY       (1U << 1) /* free, contents not scrubbed yet */
#define PGF_ALLOCATED   (1U << 2) /* the owner's allocation reference is held */
#define PGF_QUARANTINED (1U << 3) /* an invalidation timed out: never reused */

#define MAX_ORDER 18U /* 1 GiB blocks */

/* Lowest and one past the highest RAM frame known. */
extern unsigned long first_ram_mfn, end_ram_mfn;

bool mfn_is_ram(mfn_t mfn);               /* has a page_info */
struct page_info *mfn_to_page(mfn_t mfn); /* mfn_is_ram() must hold */
mfn_t page_to_mfn(const struct page_info *pg);
void *mfn_to_virt(mfn_t mfn);             /* through the direct map; RAM only */
mfn_t virt_to_mfn(const void *va);        /* direct map address */
void *maddr_to_virt(maddr_t ma);
maddr_t virt_to_maddr(const void *va);    /* direct map or Xen image */
static inline void *page_to_virt(const struct page_info *pg)
{
    return mfn_to_virt(page_to_mfn(pg));
}

/* ---- allocator; all take the heap lock themselves ---- */

/* page_alloc_add - give [start, end) to the allocator. Boot only. */
void page_alloc_add(maddr_t start, maddr_t end);

#define ALLOC_ZERO  (1U << 0) /* contents zero (scrubbed ahead where possible) */
#define ALLOC_DMA32 (1U << 1) /* below 4 GiB */

/*
 * alloc_pages - 2^order contiguous, naturally aligned frames, without owner.
 * NULL when there are none. free_pages: every CPU and device must have lost
 * them (P3); they are scrubbed before anyone else gets them when @dirty.
 */
struct page_info *alloc_pages(unsigned int order, unsigned int flags);
void free_pages(struct page_info *pg, unsigned int order, bool dirty);

/* The same for our own use, by direct-map address. Zeroed. */
void *alloc_xen_pages(unsigned int order);
void free_xen_pages(void *va, unsigned int order);

/* xzalloc - zeroed memory for small structures; up to 2 MiB. */
void *xzalloc_bytes(size_t size, size_t align);
void xfree(void *p);
#define xzalloc(type) ((type *)xzalloc_bytes(sizeof(type), _Alignof(type)))
#define xzalloc_array(type, n)                                                 \
    ((type *)((n) > SIZE_MAX / sizeof(type)                                    \
                  ? NULL                                                       \
                  : xzalloc_bytes(sizeof(type) * (n), _Alignof(type))))

unsigned long heap_free_pages(void);  /* frames */
unsigned long heap_total_pages(void); /* frames ever given to the allocator */
/* page_scrub_some - idle CPUs scrub one chunk; false when none is dirty. */
bool page_scrub_some(void);

/* ---- frames of domains ---- */

/*
 * assign_pages - make 2^order fresh frames the domain's, each with its
 * allocation reference. -ENOMEM over d->max_pages, -EINVAL when dying.
 */
int __must_check assign_pages(struct domain *d, struct page_info *pg,
                              unsigned int order);
/* alloc_domain_pages - alloc_pages() and assign_pages(). */
struct page_info *alloc_domain_pages(struct domain *d, unsigned int order,
                                     unsigned int flags);

/*
 * get_page - take a reference if the frame is @d's. put_page drops one; the
 * last one frees the frame, so nothing may reach it any more by then.
 */
bool __must_check get_page(struct page_info *pg, const struct domain *d);
void put_page(struct page_info *pg);
/*
 * page_release - drop the allocation reference, once: the frame leaves the
 * domain as soon as the other references are gone.
 */
void page_release(struct page_info *pg);

/* ---- EL2 address space ---- */

#define MAP_RO     0U
#define MAP_RW     1U
#define MAP_RX     2U
#define MAP_DEVICE 4U /* Device-nGnRE; with MAP_RW */

/* ioremap - map registers; NULL when out of space. Any alignment. */
void *ioremap(maddr_t ma, size_t size);
void iounmap(void *va);
/* map_stack - a stack of STACK_SIZE with an unmapped page below; its top. */
#define STACK_ORDER 2U
#define STACK_SIZE  (PAGE_SIZE << STACK_ORDER)
void *alloc_stack(void);
void free_stack(void *top);

void mm_early_init(maddr_t image_start, maddr_t fdt);
/* mm_map_ram - add a RAM bank to the direct map. Boot only. */
void mm_map_ram(maddr_t start, maddr_t end);
/* mm_protect_image - W^X for text, rodata, data; drops the init mapping. */
void mm_protect_image(void);
/* mm_dump_walk - print the EL2 walk of an address, for fatal dumps. */
void mm_dump_walk(uint64_t va);


#endif /* XEN_MM_H */
