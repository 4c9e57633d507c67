/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy of a domain's address space: types, rights, references, and the
 * order in which the CPU's stage 2 and the IOMMU tables change.
 *
 * p2m_set_entry() is the one door. Its order protects memory:
 *   1. check arguments and types; nothing has changed yet
 *   2. prepare both sides; on failure guest and devices saw nothing (P2)
 *   3. taking away: IOMMU, then CPU.  Giving: CPU, then IOMMU.
 *      Replacing is not offered: remove, then map.
 *   4. invalidate IOTLB and stage-2 TLB, and wait; what is taken away has
 *      left the IOTLB before the CPU's entry goes
 *   5. only now drop references and free tables (P3). Frames whose IOTLB
 *      invalidation timed out are quarantined.
 *
 * Mechanism: common/pgtable (tables), p2m-tlb.c (TLB),
 * drivers/passthrough/iommu.c (the unshared tables). Lock: p2m->lock.
 */
#include <xen/p2m.h>

#include <xen/barrier.h>
#include <xen/bits.h>
#include <xen/domain.h>
#include <xen/softirq.h>
#include <asm/config.h>
#include <asm/p2m-tlb.h>

#define TEARDOWN_SLICE 128U /* leaves per call: they are on the stack */
#define CONTIG_ORDER   4U   /* neighbours with the contiguous bit */
#define MAX_REFS       32U  /* references dropped by one removal */

/* One line of reason each. A leaf says its type in the bits of its owner. */
#define CPU(type, r, w, x, m)                                                  \
    .cpu = {.read = (r),                                                       \
            .write = (w),                                                      \
            .exec = (x),                                                       \
            .mem = PGT_MEM_##m,                                                \
            .sw = (type)}
#define RW IOMMU_READ | IOMMU_WRITE
static const struct p2m_rights rights[P2M_TYPE_MAX] = {
    /* the guest's RAM: its drivers DMA to any of it */
    [P2M_RAM_RW] = {CPU(P2M_RAM_RW, 1, 1, 1, WB), .iommu = RW},
    /* ROMs and the like: devices may read them too */
    [P2M_RAM_RO] = {CPU(P2M_RAM_RO, 1, 0, 1, WB), .iommu = IOMMU_READ},
    /* registers of the domain's devices: peer-to-peer and slave DMA */
    [P2M_MMIO_DIRECT] = {CPU(P2M_MMIO_DIRECT, 1, 1, 0, DEV_NGNRE),
                         .iommu = RW | IOMMU_MMIO},
    [P2M_MMIO_DIRECT_NC] = {CPU(P2M_MMIO_DIRECT_NC, 1, 1, 1, NC),
                            .iommu = RW | IOMMU_MMIO},
    /* the virtual CPU interface: a device that reaches it could ack for us */
    [P2M_MMIO_CPU] = {CPU(P2M_MMIO_CPU, 1, 1, 0, DEV_NGNRE)},
    /* granted frames: backends DMA straight to them, with the grant's rights */
    [P2M_GRANT_RW] = {CPU(P2M_GRANT_RW, 1, 1, 0, WB), .iommu = RW, .ref = true},
    [P2M_GRANT_RO] = {CPU(P2M_GRANT_RO, 1, 0, 0, WB), .iommu = IOMMU_READ,
                      .ref = true},
    /* foreign frames of a domain being built: its loader may DMA to them */
    [P2M_FOREIGN_RW] = {CPU(P2M_FOREIGN_RW, 1, 1, 1, WB), .iommu = RW,
                        .ref = true},
    [P2M_FOREIGN_RO] = {CPU(P2M_FOREIGN_RO, 1, 0, 1, WB), .iommu = IOMMU_READ,
                        .ref = true},
    /* our own pages: for the CPU's protocol only */
    [P2M_XEN_SHARED] = {CPU(P2M_XEN_SHARED, 1, 1, 0, WB)},
};
#undef RW
#undef CPU

const struct p2m_rights *p2m_rights_of(unsigned int type)
{
    return type < P2M_TYPE_MAX && rights[type].cpu.read ? &rights[type] : NULL;
}

static uint64_t gfn_addr(gfn_t gfn)
{
    return ipa_x(gfn_to_ipa(gfn));
}

/* ---- environment of the stage-2 tables ---- */

static void *table_alloc(void *ctx, unsigned int order)
{
    const struct p2m *p2m = ctx;

    return paging_alloc(p2m->d, order);
}

static void table_free(void *ctx, void *table, unsigned int order)
{
    const struct p2m *p2m = ctx;

    paging_free(p2m->d, table, order);
}

static struct pgt_page *table_page(const void *table)
{
    return &mfn_to_page(virt_to_mfn(table))->pgt;
}

static void table_publish(void *ctx, const uint64_t *desc, size_t nr)
{
    (void)ctx;
    (void)desc;
    (void)nr;
    dsb(ishst); /* pairs with the walks of CPUs that run the domain */
}

static void table_invalidate(void *ctx, uint64_t ia, uint64_t size,
                             unsigned int level)
{
    p2m_tlb_flush(ctx, ia, size, level);
}

static const struct pgt_env p2m_env = {
    .alloc = table_alloc,
    .free = table_free,
    .page = table_page,
    .virt_offset = DIRECTMAP_VIRT,
    .publish = table_publish,
    .invalidate = table_invalidate,
};

/* ---- life ---- */

int p2m_init(struct domain *d)
{
    struct p2m *p2m = &d->p2m;
    int vmid = p2m_vmid_alloc(), rc;

    if ( vmid < 0 )
        return vmid;
    spin_lock_init(&p2m->lock, LOCK_RANK_P2M);
    p2m->d = d;
    p2m->vmid = (uint16_t)vmid;
    rc = pgt_init(&p2m->pgt, &pgt_fmt_p2m_s2, &p2m_env, p2m, p2m_ipa_bits,
                  p2m_ipa_bits);
    if ( rc )
    {
        p2m_vmid_free((unsigned int)vmid);
        return rc;
    }
    p2m->vttbr = (uint64_t)vmid << 48 | maddr_x(pgt_root(&p2m->pgt));
    p2m_tlb_flush_all(p2m); /* whatever an earlier owner of the VMID left */
    return 0;
}

void p2m_exit(struct domain *d)
{
    struct p2m *p2m = &d->p2m;

    if ( !p2m->d )
        return;
    p2m_tlb_flush_all(p2m);
    pgt_destroy(&p2m->pgt);
    p2m_vmid_free(p2m->vmid);
    p2m->d = NULL;
}

/* ---- the door ---- */

struct p2m_op {
    struct p2m *p2m;
    struct pgt_gather cpu;
    struct iommu_gather iommu;
};

static void op_init(struct p2m_op *op, struct p2m *p2m)
{
    op->p2m = p2m;
    pgt_gather_init(&op->cpu);
    iommu_gather_init(&op->iommu);
}

/* Step 4 for the CPU, and its tables of step 5. */
static void cpu_sync_stale(struct p2m_op *op)
{
    struct p2m *p2m = op->p2m;

    p2m_tlb_flush(p2m, op->cpu.start, op->cpu.end - op->cpu.start,
                  pgt_gather_level(&op->cpu));
    p2m->nr_syncs++;
    pgt_gather_done(&p2m->pgt, &op->cpu, true);
}

static inline void cpu_sync(struct p2m_op *op)
{
    if ( !pgt_gather_empty(&op->cpu) )
        cpu_sync_stale(op);
}

/* Step 4 for devices, and their tables of step 5. 0, or -ETIMEDOUT. */
static inline int iommu_sync(struct p2m_op *op)
{
    return iommu_gather_empty(&op->iommu)
               ? 0
               : iommu_iotlb_sync(op->p2m->d, &op->iommu);
}

/* Undo a prepare: drop the empty tables it made. Walk caches may have them. */
static void op_abandon(struct p2m_op *op, gfn_t gfn, unsigned int order)
{
    pgt_unmap(&op->p2m->pgt, gfn_addr(gfn), order, &op->cpu);
    cpu_sync(op);
}

/* Beyond it a shift to an address would lead to another frame. */
static bool gfn_in_width(const struct p2m *p2m, gfn_t gfn)
{
    return !(gfn_x(gfn) >> (p2m->pgt.ia_bits - PAGE_SHIFT));
}

static bool range_ok(const struct p2m *p2m, gfn_t gfn, unsigned int order)
{
    uint64_t nr = UINT64_C(1) << order;

    return order <= MAX_ORDER && !(gfn_x(gfn) & (nr - 1)) &&
           gfn_in_width(p2m, gfn);
}

static int set_entry(struct p2m *p2m, gfn_t gfn, unsigned int order, mfn_t mfn,
                     enum p2m_type type)
{
    unsigned int iommu = rights[type].iommu;
    struct p2m_op op;
    int rc;

    op_init(&op, p2m);
    rc = pgt_prepare(&p2m->pgt, gfn_addr(gfn), order, PGT_EMPTY);
    if ( rc )
        return rc;
    if ( iommu )
        rc = iommu_prepare_pages(p2m->d, dfn_from_gfn(gfn), mfn, order);
    if ( rc )
    {
        op_abandon(&op, gfn, order);
        return rc;
    }
    pgt_map(&p2m->pgt, gfn_addr(gfn), mfn_to_maddr(mfn), order,
            rights[type].cpu, &op.cpu);
    if ( iommu )
        iommu_map_pages(p2m->d, dfn_from_gfn(gfn), mfn, order, iommu,
                        &op.iommu);
    if ( gfn_x(gfn) + (UINT64_C(1) << order) - 1 > p2m->max_gfn )
        p2m->max_gfn = gfn_x(gfn) + (UINT64_C(1) << order) - 1;
    /* Holes were filled, so nothing is stale; a merge may have left tables. */
    cpu_sync(&op);
    if ( iommu_sync(&op) )
        ASSERT(p2m->d->iommu.lost_sync);
    return 0;
}

/* What a removal finds, before it changes anything. */
struct p2m_found {
    uint64_t nr_dma; /* frames that devices see */
    mfn_t first;     /* of all; INVALID_MFN: nothing is mapped */
    bool split;      /* a leaf is larger than the removal */
    unsigned int nr_refs;
    struct page_info *ref[MAX_REFS];
};

/*
 * False when it takes more than one removal: too many references, or devices
 * see only a part of it, and the rest of the dfns may be aliases.
 */
static bool find_leaves(struct p2m *p2m, gfn_t gfn, unsigned int order,
                        struct p2m_found *f)
{
    uint64_t at = gfn_addr(gfn), end = at + (PAGE_SIZE << order);
    uint64_t nr = UINT64_C(1) << order;
    struct pgt_leaf leaf;

    f->nr_refs = 0;
    f->nr_dma = 0;
    f->first = INVALID_MFN;
    f->split = false;
    for ( ; at < end && pgt_next_leaf(&p2m->pgt, at, &leaf) && leaf.base < end;
          at = leaf.base + (PAGE_SIZE << leaf.order) )
    {
        const struct p2m_rights *r = &rights[leaf.attr.sw];

        if ( mfn_eq(f->first, INVALID_MFN) )
            f->first = mfn_from_maddr(leaf.oa);
        f->split |= leaf.order > order;
        if ( r->iommu )
            f->nr_dma += min(UINT64_C(1) << leaf.order, nr);
        if ( !r->ref )
            continue;
        /* Entries with references are single frames. */
        if ( f->nr_refs == MAX_REFS )
            return false;
        f->ref[f->nr_refs++] = mfn_to_page(mfn_from_maddr(leaf.oa));
    }
    return !f->nr_dma || f->nr_dma == nr;
}

static void quarantine_leaf(struct p2m *p2m, const struct pgt_leaf *leaf)
{
    const struct p2m_rights *r = &rights[leaf->attr.sw];
    mfn_t mfn = mfn_from_maddr(leaf->oa);

    if ( !r->iommu )
        return;
    printk_ratelimited(XENLOG_ERR "d%u: %u frames from mfn %#lx are kept out "
                                  "of use: devices may still reach them\n",
                       p2m->d->domain_id, 1U << leaf->order, mfn_x(mfn));
    for ( uint64_t i = 0; i < UINT64_C(1) << leaf->order; i++ )
    {
        mfn_t m = mfn_add(mfn, i);

        if ( mfn_is_ram(m) && (r->ref || mfn_to_page(m)->owner == p2m->d) )
            page_quarantine(mfn_to_page(m));
    }
}

/* The IOTLB invalidation timed out; the P2M still says what was there. */
static void quarantine_frames(struct p2m *p2m, gfn_t gfn, unsigned int order)
{
    uint64_t at = gfn_addr(gfn), end = at + (PAGE_SIZE << order);
    struct pgt_leaf leaf;

    for ( ; at < end && pgt_next_leaf(&p2m->pgt, at, &leaf) && leaf.base < end;
          at = leaf.base + (PAGE_SIZE << leaf.order) )
        quarantine_leaf(p2m, &leaf);
}

/* In this order no leaf of devices is ever larger than one of the P2M. */
static int split(struct p2m *p2m, gfn_t gfn, unsigned int order,
                 const struct p2m_found *found)
{
    int rc = 0;

    if ( found->nr_dma )
        rc = iommu_prepare_unmap(p2m->d, dfn_from_gfn(gfn), order);
    return rc ? rc : pgt_prepare(&p2m->pgt, gfn_addr(gfn), order, PGT_SPLIT);
}

/* Remove what find_leaves() has found. */
static int remove_found(struct p2m *p2m, gfn_t gfn, unsigned int order,
                        const struct p2m_found *found)
{
    struct p2m_op op;
    int rc;

    if ( found->split )
    {
        rc = split(p2m, gfn, order, found);
        if ( rc )
            return rc;
    }

    op_init(&op, p2m);
    if ( found->nr_dma )
    {
        iommu_unmap_pages(p2m->d, dfn_from_gfn(gfn), order, &op.iommu);
        if ( iommu_iotlb_sync(p2m->d, &op.iommu) )
            quarantine_frames(p2m, gfn, order);
    }
    pgt_unmap(&p2m->pgt, gfn_addr(gfn), order, &op.cpu);
    cpu_sync(&op);
    for ( unsigned int i = 0; i < found->nr_refs; i++ )
        put_page(found->ref[i]);
    return 0;
}

static int remove_entry(struct p2m *p2m, gfn_t gfn, unsigned int order)
{
    struct p2m_found found;
    int rc;

    if ( find_leaves(p2m, gfn, order, &found) )
        return remove_found(p2m, gfn, order, &found);

    /* Each leaf is in one half, so neither splits or fails. */
    rc = remove_entry(p2m, gfn, order - 1);
    return rc ? rc
              : remove_entry(p2m, gfn_add(gfn, UINT64_C(1) << (order - 1)),
                             order - 1);
}

int p2m_set_entry(struct p2m *p2m, gfn_t gfn, unsigned int order, mfn_t mfn,
                  enum p2m_type type)
{
    ASSERT(spin_is_held(&p2m->lock));
    if ( !range_ok(p2m, gfn, order) || (unsigned int)type >= P2M_TYPE_MAX )
        return -EINVAL;
    if ( type == P2M_INVALID )
        return remove_entry(p2m, gfn, order);
    if ( p2m->d->is_dying )
        return -ESRCH; /* its tables are being taken apart */
    if ( !pgt_oa_ok(&p2m->pgt, mfn_to_maddr(mfn), order) ||
         !rights[type].cpu.read || (rights[type].ref && order) )
        return -EINVAL;
    return set_entry(p2m, gfn, order, mfn, type);
}

static bool lookup(const struct p2m *p2m, gfn_t gfn, struct pgt_leaf *leaf)
{
    if ( likely(gfn_in_width(p2m, gfn)) )
        return pgt_lookup(&p2m->pgt, gfn_addr(gfn), leaf);
    *leaf = (struct pgt_leaf){.present = false};
    return false;
}

/* ---- ranges and single frames ---- */

static int remove_range(struct p2m *p2m, gfn_t gfn, uint64_t nr)
{
    int rc = 0;

    while ( nr && !rc )
    {
        unsigned int order = min(max_order(gfn_x(gfn), 0, nr), MAX_ORDER);

        rc = p2m_set_entry(p2m, gfn, order, INVALID_MFN, P2M_INVALID);
        gfn = gfn_add(gfn, UINT64_C(1) << order);
        nr -= UINT64_C(1) << order;
    }
    return rc;
}

int p2m_map_range(struct domain *d, gfn_t gfn, unsigned long nr, mfn_t mfn,
                  enum p2m_type type)
{
    struct p2m *p2m = &d->p2m;
    uint64_t done = 0;
    int rc = 0;

    spin_lock(&p2m->lock);
    while ( done < nr && !rc )
    {
        gfn_t g = gfn_add(gfn, done);
        mfn_t m = mfn_add(mfn, done);
        unsigned int order =
            min(max_order(gfn_x(g), mfn_x(m), nr - done), MAX_ORDER);

        rc = p2m_set_entry(p2m, g, order, m, type);
        if ( !rc )
            done += UINT64_C(1) << order;
    }
    if ( rc && remove_range(p2m, gfn, done) )
        ASSERT_UNREACHABLE(); /* whole leaves: no split, no allocation */
    spin_unlock(&p2m->lock);
    return rc;
}

int p2m_unmap_range(struct domain *d, gfn_t gfn, unsigned long nr)
{
    int rc;

    spin_lock(&d->p2m.lock);
    rc = remove_range(&d->p2m, gfn, nr);
    spin_unlock(&d->p2m.lock);
    return rc;
}

int p2m_add_page(struct domain *d, gfn_t gfn, mfn_t mfn, enum p2m_type type)
{
    int rc;

    spin_lock(&d->p2m.lock);
    rc = p2m_set_entry(&d->p2m, gfn, 0, mfn, type);
    spin_unlock(&d->p2m.lock);
    return rc;
}

int p2m_remove_page(struct domain *d, gfn_t gfn, mfn_t mfn)
{
    struct p2m *p2m = &d->p2m;
    struct p2m_found found;
    int rc = -ENOENT;

    spin_lock(&p2m->lock);
    if ( gfn_in_width(p2m, gfn) && find_leaves(p2m, gfn, 0, &found) &&
         !mfn_eq(found.first, INVALID_MFN) &&
         (mfn_eq(mfn, INVALID_MFN) || mfn_eq(mfn, found.first)) )
        rc = remove_found(p2m, gfn, 0, &found);
    spin_unlock(&p2m->lock);
    return rc;
}

/* Leaves that go together, with one invalidation on either side. */
struct p2m_slice {
    unsigned int nr;
    struct {
        uint64_t ia;
        struct page_info *ref;
        uint8_t order;
        bool dma;
    } leaf[TEARDOWN_SLICE];
};

/* From where the last one ended. True: it is not the last. */
static bool collect_slice(struct p2m *p2m, struct p2m_slice *s)
{
    struct pgt_leaf leaf;

    for ( s->nr = 0;
          pgt_next_leaf(&p2m->pgt, p2m->teardown_gfn << PAGE_SHIFT, &leaf);
          s->nr++ )
    {
        const struct p2m_rights *r = &rights[leaf.attr.sw];
        unsigned int order = leaf.order;

        if ( s->nr == TEARDOWN_SLICE || (s->nr > 16 && preempt_check()) )
            return true;
        /* a contiguous run goes at once: no need to break it */
        if ( leaf.contiguous &&
             IS_ALIGNED(leaf.base, PAGE_SIZE << (order + CONTIG_ORDER)) )
            order += CONTIG_ORDER;
        s->leaf[s->nr].ia = leaf.base;
        s->leaf[s->nr].order = (uint8_t)order;
        s->leaf[s->nr].dma = r->iommu;
        s->leaf[s->nr].ref =
            r->ref ? mfn_to_page(mfn_from_maddr(leaf.oa)) : NULL;
        p2m->teardown_gfn = (leaf.base >> PAGE_SHIFT) + (1UL << order);
    }
    return false;
}

/* remove_found(), but each step for all leaves before the next one. */
static void remove_slice(struct p2m *p2m, const struct p2m_slice *s)
{
    struct p2m_op op;

    op_init(&op, p2m);
    for ( unsigned int i = 0; i < s->nr; i++ )
        if ( s->leaf[i].dma )
            iommu_unmap_pages(p2m->d, _dfn(s->leaf[i].ia >> PAGE_SHIFT),
                              s->leaf[i].order, &op.iommu);
    if ( iommu_sync(&op) )
        for ( unsigned int i = 0; i < s->nr; i++ )
            quarantine_frames(p2m, _gfn(s->leaf[i].ia >> PAGE_SHIFT),
                              s->leaf[i].order);
    for ( unsigned int i = 0; i < s->nr; i++ )
        pgt_unmap(&p2m->pgt, s->leaf[i].ia, s->leaf[i].order, &op.cpu);
    cpu_sync(&op);
    for ( unsigned int i = 0; i < s->nr; i++ )
        if ( s->leaf[i].ref )
            put_page(s->leaf[i].ref);
}

int p2m_teardown(struct domain *d)
{
    struct p2m *p2m = &d->p2m;
    struct p2m_slice slice;
    bool more;

    spin_lock(&p2m->lock);
    more = collect_slice(p2m, &slice);
    remove_slice(p2m, &slice);
    spin_unlock(&p2m->lock);
    return more ? -ERESTART : 0;
}

/* ---- looking ---- */

mfn_t p2m_lookup(struct domain *d, gfn_t gfn, enum p2m_type *type,
                 unsigned int *order)
{
    struct pgt_leaf leaf;
    bool present;

    spin_lock(&d->p2m.lock);
    present = lookup(&d->p2m, gfn, &leaf);
    spin_unlock(&d->p2m.lock);
    if ( type )
        *type = present ? (enum p2m_type)leaf.attr.sw : P2M_INVALID;
    if ( order )
        *order = leaf.order;
    return present ? mfn_from_maddr(leaf.oa) : INVALID_MFN;
}

struct page_info *p2m_get_page(struct domain *d, gfn_t gfn, bool write,
                               enum p2m_type *type)
{
    struct page_info *pg = NULL;
    struct pgt_leaf leaf;

    spin_lock(&d->p2m.lock);
    if ( lookup(&d->p2m, gfn, &leaf) && (leaf.attr.write || !write) &&
         leaf.attr.mem == PGT_MEM_WB && mfn_is_ram(mfn_from_maddr(leaf.oa)) )
    {
        /* The entry keeps the frame, and its owner, while we hold the lock. */
        pg = mfn_to_page(mfn_from_maddr(leaf.oa));
        if ( !get_page(pg, pg->owner) )
            pg = NULL;
        else if ( type )
            *type = (enum p2m_type)leaf.attr.sw;
    }
    spin_unlock(&d->p2m.lock);
    return pg;
}

bool p2m_handle_fault(struct vcpu *v, ipa_t ipa, bool write)
{
    struct p2m *p2m = &v->domain->p2m;
    struct pgt_leaf leaf;
    bool allowed;

    spin_lock(&p2m->lock);
    allowed = pgt_lookup(&p2m->pgt, ipa_x(ipa), &leaf) && leaf.attr.read &&
              (leaf.attr.write || !write);
    spin_unlock(&p2m->lock);
    return allowed;
}

/* ---- entries that only devices see ---- */

unsigned int p2m_alias_rights(const struct page_info *pg)
{
    return pg->alias_rw   ? IOMMU_READ | IOMMU_WRITE
           : pg->alias_ro ? IOMMU_READ
                          : 0;
}

/* Bring the IOMMU entry at dfn == mfn to the rights that are asked for. */
static int alias_update(struct p2m *p2m, mfn_t mfn, unsigned int old)
{
    unsigned int want = p2m_alias_rights(mfn_to_page(mfn));
    dfn_t dfn = _dfn(mfn_x(mfn));
    struct p2m_op op;
    int rc;

    if ( want == old )
        return 0;
    op_init(&op, p2m);
    if ( !old )
    {
        rc = iommu_prepare_pages(p2m->d, dfn, mfn, 0);
        if ( rc )
            return rc;
    }
    if ( want )
        iommu_map_pages(p2m->d, dfn, mfn, 0, want, &op.iommu);
    else
        iommu_unmap_pages(p2m->d, dfn, 0, &op.iommu);
    if ( iommu_sync(&op) )
        page_quarantine(mfn_to_page(mfn));
    p2m->nr_aliases += (unsigned int)!!want - (unsigned int)!!old;
    return 0;
}

int p2m_iommu_alias(struct domain *d, mfn_t mfn, bool write)
{
    struct page_info *pg = mfn_to_page(mfn);
    uint8_t *count = write ? &pg->alias_rw : &pg->alias_ro;
    unsigned int old;
    int rc = -EBUSY;

    /* Its own frame stands there anyway, with all rights. */
    if ( pg->owner == d || !d->iommu.enabled )
        return 0;
    spin_lock(&d->p2m.lock);
    old = p2m_alias_rights(pg);
    if ( *count < UINT8_MAX )
    {
        ++*count;
        rc = alias_update(&d->p2m, mfn, old);
        if ( rc )
            --*count;
    }
    spin_unlock(&d->p2m.lock);
    return rc;
}

void p2m_iommu_unalias(struct domain *d, mfn_t mfn, bool write)
{
    struct page_info *pg = mfn_to_page(mfn);
    uint8_t *count = write ? &pg->alias_rw : &pg->alias_ro;
    unsigned int old;

    if ( pg->owner == d || !d->iommu.enabled )
        return;
    spin_lock(&d->p2m.lock);
    old = p2m_alias_rights(pg);
    BUG_ON(!*count);
    --*count;
    if ( alias_update(&d->p2m, mfn, old) )
        ASSERT_UNREACHABLE(); /* narrowing allocates nothing */
    spin_unlock(&d->p2m.lock);
}

int p2m_iommu_map_doorbell(struct domain *d, gfn_t gfn, mfn_t mfn)
{
    struct p2m *p2m = &d->p2m;
    struct pgt_leaf leaf;
    struct p2m_op op;
    int rc = 0;

    if ( !d->iommu.enabled )
        return 0;
    if ( !gfn_in_width(p2m, gfn) )
        return -EINVAL;
    spin_lock(&p2m->lock);
    if ( p2m->doorbell_users )
        rc = gfn_eq(gfn, p2m->doorbell) ? 0 : -EBUSY;
    else if ( lookup(p2m, gfn, &leaf) )
        rc = -EEXIST;
    else
    {
        op_init(&op, p2m);
        rc = iommu_prepare_pages(d, dfn_from_gfn(gfn), mfn, 0);
        if ( !rc )
        {
            iommu_map_pages(d, dfn_from_gfn(gfn), mfn, 0,
                            IOMMU_READ | IOMMU_WRITE | IOMMU_MMIO, &op.iommu);
            if ( iommu_sync(&op) )
                ASSERT(d->iommu.lost_sync); /* a hole: nothing is stale */
            p2m->doorbell = gfn;
            p2m->doorbell_mfn = mfn;
        }
    }
    if ( !rc )
        p2m->doorbell_users++;
    spin_unlock(&p2m->lock);
    return rc;
}

void p2m_iommu_unmap_doorbell(struct domain *d, gfn_t gfn)
{
    struct p2m *p2m = &d->p2m;
    struct p2m_op op;

    if ( !d->iommu.enabled )
        return;
    spin_lock(&p2m->lock);
    ASSERT(p2m->doorbell_users && gfn_eq(gfn, p2m->doorbell));
    if ( !--p2m->doorbell_users )
    {
        op_init(&op, p2m);
        iommu_unmap_pages(d, dfn_from_gfn(gfn), 0, &op.iommu);
        if ( iommu_sync(&op) )
            printk(XENLOG_ERR "d%u: devices may still reach the MSI doorbell\n",
                   d->domain_id);
    }
    spin_unlock(&p2m->lock);
}

/* ---- dumps ---- */

static void dump_level(void *arg, unsigned int level, maddr_t desc_ma,
                       uint64_t desc)
{
    (void)arg;
    printk(XENLOG_ERR "  level %u: [%#lx] = %016lx\n", level, maddr_x(desc_ma),
           desc);
}

void p2m_dump_walk(struct domain *d, ipa_t ipa)
{
    printk(XENLOG_ERR "d%u: stage-2 walk of %#lx:\n", d->domain_id, ipa_x(ipa));
    pgt_dump_walk(&d->p2m.pgt, ipa_x(ipa), dump_level, NULL);
}
