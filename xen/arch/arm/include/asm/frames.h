/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames, their page_info and where EL2 sees them: the frame table and the
 * direct map are arrays at fixed addresses (asm/config.h). Part of xen/mm.h.
 */
#ifndef ASM_FRAMES_H
#define ASM_FRAMES_H

#include <xen/addr.h>
#include <asm/config.h>

struct page_info;

#define PAGE_INFO_SIZE UINT64_C(32) /* asserted in mm.c */

/* mfn_to_page - of a frame of RAM: mfn_is_ram() must hold. */
static inline struct page_info *mfn_to_page(mfn_t mfn)
{
    return (struct page_info *)(FRAMETABLE_VIRT + mfn_x(mfn) * PAGE_INFO_SIZE);
}

static inline mfn_t page_to_mfn(const struct page_info *pg)
{
    return _mfn(((uint64_t)pg - FRAMETABLE_VIRT) / PAGE_INFO_SIZE);
}

/* maddr_to_virt, mfn_to_virt - through the direct map; RAM only. */
static inline void *maddr_to_virt(maddr_t ma)
{
    return (void *)(DIRECTMAP_VIRT + maddr_x(ma));
}

static inline void *mfn_to_virt(mfn_t mfn)
{
    return maddr_to_virt(mfn_to_maddr(mfn));
}

#endif /* ASM_FRAMES_H */
