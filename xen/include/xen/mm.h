/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Physical memory: the buddy allocator (common/page-alloc.c), frames and
 * their owners, and the EL2 address space (arch/arm/mm.c).
 */
#ifndef XEN_MM_H
#define XEN_MM_H

#include <xen/addr.h>
#include <xen/list.h>
#include <xen/pgtable.h>
#include <xen/spinlock.h>
#include <asm/frames.h> /* mfn_to_page, page_to_mfn, maddr_to_virt, ... */

struct domain;

/*
 * One per RAM frame, in the frame table, which is indexed by mfn and mapped
 * where there is RAM. All zero means: not given out (a module, our image).
 */
struct page_info {
    union {
        struct list_head list; /* free list: heap lock; owner's page_lock */
        struct pgt_page pgt;   /* while it is a page table */
    };
    union {
        struct domain *owner; /* NULL: free or ours; changes at count 0 */
        void *slab_free;      /* xzalloc page: its free objects */
    };
    uint32_t count; /* references; atomic. Allocation holds one */
    union {
        uint8_t order;    /* of a free block, at its head: heap lock */
        uint8_t alias_ro; /* p2m_iommu_alias(): dom0's p2m->lock */
    };
    uint8_t flags;    /* PGF_*: heap lock while free, else owner's */
    uint8_t slab;     /* xzalloc: size class + 1; 255: whole pages */
    uint8_t alias_rw; /* as alias_ro */
};

#define PGF_FREE        (1U << 0) /* head of a free block */
#define PGF_DIRTY       (1U << 1) /* free, contents not scrubbed yet */
#define PGF_ALLOCATED   (1U << 2) /* the owner's allocation reference is held */
#define PGF_QUARANTINED (1U << 3) /* an invalidation timed out: never reused */

#define MAX_ORDER 18U /* 1 GiB blocks */

bool mfn_is_ram(mfn_t mfn);                    /* has a page_info */
bool mfn_range_is_ram(mfn_t mfn, uint64_t nr); /* nr frames of one bank */
mfn_t virt_to_mfn(const void *va);             /* direct map address */
maddr_t virt_to_maddr(const void *va);         /* direct map or Xen image */
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
    ({                                                                         \
        size_t xza_bytes_;                                                     \
        __builtin_mul_overflow(sizeof(type), (n), &xza_bytes_)                 \
            ? NULL                                                             \
            : (type *)xzalloc_bytes(xza_bytes_, _Alignof(type));               \
    })

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
/* page_quarantine - a lost invalidation: never hand this frame out again. */
void page_quarantine(struct page_info *pg);

/* ---- EL2 address space ---- */

/* ioremap - map registers; NULL when out of space. Any alignment. */
void *ioremap(maddr_t ma, size_t size);
/* map_stack - a stack of STACK_SIZE with an unmapped page below; its top. */
#define STACK_ORDER 2U
#define STACK_SIZE  (PAGE_SIZE << STACK_ORDER)
void *alloc_stack(void);
void free_stack(void *top);

/*
 * mm_init - the final address space: direct map, frame table, allocator, from
 * the memory nodes of the flat tree @fdt less what is reserved there, the
 * modules, the tree itself at @fdt_ma and the image at @image_ma. Returns the
 * tree in the direct map.
 */
const void *mm_init(maddr_t image_ma, const void *fdt, maddr_t fdt_ma);
/* mm_free_boot_range - memory of a module that is not needed any more. */
void mm_free_boot_range(maddr_t start, uint64_t size);
/* mm_ram_bank - bank @i of the host's RAM; false past the last. */
bool mm_ram_bank(unsigned int i, maddr_t *start, uint64_t *size);
/* mm_ram_alias - addresses that show RAM of the banks a second time: nobody
 * may use them, frames have one number. False: there are none. */
bool mm_ram_alias(maddr_t *start, uint64_t *size);
/* mm_dump_walk - print the EL2 walk of an address, for fatal dumps. */
void mm_dump_walk(uint64_t va);

#endif /* XEN_MM_H */
