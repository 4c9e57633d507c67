/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames and their page_info, as the rig of each test has them. */
#ifndef HOST_ASM_FRAMES_H
#define HOST_ASM_FRAMES_H

#include <xen/addr.h>

struct page_info;

struct page_info *mfn_to_page(mfn_t mfn);
mfn_t page_to_mfn(const struct page_info *pg);
void *maddr_to_virt(maddr_t ma);
void *mfn_to_virt(mfn_t mfn);

#endif /* HOST_ASM_FRAMES_H */
