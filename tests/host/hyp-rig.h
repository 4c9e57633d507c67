/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the hypercall code stands on, on the host: guest pages at frame numbers
 * with reference counts, an allocator that can fail, locks whose order is
 * checked per thread, domains with vCPUs. Guest virtual addresses are host
 * pointers.
 */
#ifndef HYP_RIG_H
#define HYP_RIG_H

#include <xen/domain.h>
#include <xen/mm.h>

#define RIG_DOMAINS 3U
#define RIG_VCPUS   4U
#define RIG_FRAMES  256U /* machine frames; a domain's gfns lie in its p2m */
#define RIG_GFNS    128U
#define RIG_RAM     48U /* gfns with RAM at first */

struct rig_p2m {
    mfn_t mfn[RIG_GFNS];
    enum p2m_type type[RIG_GFNS];
};

extern struct domain *rig_dom[RIG_DOMAINS];
extern struct rig_p2m rig_p2m[RIG_DOMAINS];
extern unsigned int rig_injected[RIG_DOMAINS][RIG_VCPUS]; /* upcalls */
extern unsigned int rig_crashes;
extern long rig_alloc_fail; /* allocations until one fails; -1 never */
extern bool rig_preempt;    /* what preempt_check() says */

/* rig_init - three domains, 0 privileged; each gfn is RAM of its domain. */
void rig_init(void);
void rig_exit(void);
/* rig_run_as - the caller of the hypercalls that follow, for this thread. */
void rig_run_as(unsigned int domid, unsigned int vcpu);
/* rig_page - a domain's gfn as the guest sees it. */
void *rig_page(unsigned int domid, unsigned int gfn);
/* rig_refs - references to the frame behind a domain's own gfn. */
uint32_t rig_refs(unsigned int domid, unsigned int gfn);
/* rig_extra_refs - frames held by more than their allocation. */
unsigned int rig_extra_refs(void);
/* rig_allocs - allocations and frames of ours that were not freed. */
unsigned long rig_allocs(void);

#endif /* HYP_RIG_H */
