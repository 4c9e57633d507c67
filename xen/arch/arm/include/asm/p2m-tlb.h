/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stage-2 TLB maintenance, VMIDs and control values; for p2m.c. */
#ifndef ASM_P2M_TLB_H
#define ASM_P2M_TLB_H

#include <xen/p2m.h>

/* p2m_vmid_alloc - 1.. ; -ENOSPC when all are in use. */
int __must_check p2m_vmid_alloc(void);
/* p2m_vmid_free - the TLB must not hold anything of it any more. */
void p2m_vmid_free(unsigned int vmid);

/*
 * p2m_tlb_flush - forget @size bytes at @ipa of this VMID on all CPUs, done
 * on return. @level: of the leaves that changed, PGT_LEVEL_ANY with walk
 * caches. Large ranges drop the whole VMID.
 */
void p2m_tlb_flush(const struct p2m *p2m, uint64_t ipa, uint64_t size,
                   unsigned int level);
void p2m_tlb_flush_all(const struct p2m *p2m);

#endif /* ASM_P2M_TLB_H */
