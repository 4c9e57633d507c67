/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A domain's guest-physical address space. p2m_set_entry() is the one door:
 * CPU stage 2 and the IOMMU tables move together behind it (arch/arm/p2m.c).
 */
#ifndef XEN_P2M_H
#define XEN_P2M_H

#include <xen/addr.h>
#include <xen/iommu.h>
#include <xen/pgtable.h>
#include <xen/spinlock.h>

struct domain;
struct page_info;
struct vcpu;

/* Stored in the software bits of leaf descriptors; 0 is never stored. */
enum p2m_type {
    P2M_INVALID = 0, /* nothing there */
    P2M_RAM_RW,      /* the domain's own RAM */
    P2M_RAM_RO,
    P2M_MMIO_DIRECT,    /* registers the domain may access, Device-nGnRE */
    P2M_MMIO_DIRECT_NC, /* the same, Normal non-cacheable (prefetchable BARs) */
    P2M_MMIO_CPU,       /* registers that no device may reach: the GICV */
    P2M_GRANT_RW,       /* another domain's frame, by grant */
    P2M_GRANT_RO,
    P2M_FOREIGN_RW, /* another domain's frame, by the toolstack's right */
    P2M_FOREIGN_RO,
    P2M_XEN_SHARED, /* our page: shared_info, grant table. CPU only */
    P2M_TYPE_MAX
};

/* What a type means to the CPU and to devices. */
struct p2m_rights {
    struct pgt_attr cpu; /* as in the leaf; .sw is the type */
    unsigned int iommu;  /* IOMMU_*; 0: devices see nothing */
    bool ref;            /* the entry holds a reference */
};
/* p2m_rights_of - the one table of them; NULL: no type an entry can have. */
const struct p2m_rights *p2m_rights_of(unsigned int type);

struct p2m {
    spinlock_t lock; /* LOCK_RANK_P2M */
    struct domain *d;
    struct pgt pgt; /* p2m->lock to change */
    uint64_t vttbr; /* VMID and root; constant */
    uint16_t vmid;
    uint64_t max_gfn;            /* highest ever mapped; p2m->lock */
    gfn_t doorbell;              /* MSI doorbell page in the IOMMU tables */
    mfn_t doorbell_mfn;          /* and what is there */
    unsigned int doorbell_users; /* p2m->lock */
    unsigned int nr_aliases;     /* frames; p2m->lock */
    /* statistics, p2m->lock */
    unsigned long nr_syncs;
    uint64_t teardown_gfn; /* where p2m_teardown() goes on */
};

/* p2m_init_system - VTCR_EL2 and the VMID space, once; p2m_init_cpu each. */
void p2m_init_system(void);
void p2m_init_cpu(void);
extern unsigned int p2m_ipa_bits;

int __must_check p2m_init(struct domain *d);
/* p2m_teardown - drop all entries, a slice per call: -ERESTART until done. */
int __must_check p2m_teardown(struct domain *d);
void p2m_exit(struct domain *d);

/*
 * p2m_set_entry - map or remove 2^order frames in both tables.
 * @mfn: INVALID_MFN with type P2M_INVALID removes. References to the frames
 * that go away are dropped after both invalidations have completed; for
 * foreign and grant types the caller has taken one reference per frame
 * and gives it over here.
 * Context: p2m->lock held.
 * Return: 0; -ENOMEM or -ERANGE with both tables unchanged; -EEXIST when
 * mapping over something else (remove first: the break is visible);
 * removal of whole mappings always succeeds, of a part of a larger leaf it
 * may be -ENOMEM, again with nothing changed.
 */
int __must_check p2m_set_entry(struct p2m *p2m, gfn_t gfn, unsigned int order,
                               mfn_t mfn, enum p2m_type type);

/* Ranges: cut into orders, locked inside. -ENOMEM undoes what was done. */
int __must_check p2m_map_range(struct domain *d, gfn_t gfn, unsigned long nr,
                               mfn_t mfn, enum p2m_type type);
int p2m_unmap_range(struct domain *d, gfn_t gfn, unsigned long nr);

/* One frame, locked inside. p2m_remove_page: -ENOENT unless gfn is mfn
 * (INVALID_MFN: whatever is there). */
int __must_check p2m_add_page(struct domain *d, gfn_t gfn, mfn_t mfn,
                              enum p2m_type type);
int p2m_remove_page(struct domain *d, gfn_t gfn, mfn_t mfn);

/* p2m_lookup - INVALID_MFN when nothing is there. @order: of the leaf. */
mfn_t p2m_lookup(struct domain *d, gfn_t gfn, enum p2m_type *type,
                 unsigned int *order);
/*
 * p2m_get_page - the frame behind gfn with a reference, or NULL. @write:
 * refuse read-only types. put_page() when done.
 */
struct page_info *p2m_get_page(struct domain *d, gfn_t gfn, bool write,
                               enum p2m_type *type);

/*
 * Entries that only devices see: another domain's frame at dfn == mfn (dom0,
 * swiotlb-xen), and the page of the MSI doorbell. They carry no reference: the
 * alias goes before the P2M entry that holds one. Counted by frame, up to 255
 * of a kind (-EBUSY); one doorbell page per domain. -EEXIST when devices have
 * something else there already, as p2m_set_entry() says over one of these.
 */
int __must_check p2m_iommu_alias(struct domain *d, mfn_t mfn, bool write);
void p2m_iommu_unalias(struct domain *d, mfn_t mfn, bool write);
/* p2m_alias_rights - IOMMU_*: as what a frame is aliased now; p2m->lock of the
 * domain that has aliases. */
unsigned int p2m_alias_rights(const struct page_info *pg);
int __must_check p2m_iommu_map_doorbell(struct domain *d, gfn_t gfn, mfn_t mfn);
void p2m_iommu_unmap_doorbell(struct domain *d, gfn_t gfn);

/* p2m_context_switch - load VTTBR_EL2 of the vCPU's domain. */
void p2m_context_switch(struct vcpu *to);
/* p2m_handle_fault - was it the short hole of a break? True: retry. */
bool p2m_handle_fault(struct vcpu *v, ipa_t ipa, bool write);
void p2m_dump_walk(struct domain *d, ipa_t ipa);

#endif /* XEN_P2M_H */
