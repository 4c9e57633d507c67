/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The audit: does a domain's IOMMU table say of every frame what the P2M's type
 * means for devices, no more and no less? It reads both tables as hardware
 * does, from the root each time, and uses nothing of the code that writes them:
 * common/pgtable's shortcuts could hide what a walker meets. What a type means
 * is p2m.c's one table; what a descriptor should look like is the format's.
 *
 *       gfn   |--- leaf ---|------ hole ------|- leaf -|     P2M
 *             |-- leaf --|- leaf -|-- hole ---|- leaf -|     IOMMU
 *             ^          ^   ^    ^           ^              one step each
 *
 * Entries that only devices see are no exception to the comparison: aliases
 * (p2m_iommu_alias) and the doorbell have rights of their own to compare with.
 *
 * Lock: p2m->lock for a slice.
 */
#include "iommu-private.h"

#include <proxenos.h>

#include <xen/barrier.h>
#include <xen/bits.h>
#include <xen/domain.h>
#include <xen/lib.h>
#include <xen/mm.h>

#define SLICE_STEPS   2048U
#define PREEMPT_STEPS 64U /* looked at the clock after so many */

/* DDI 0487 J.a, D8.3.1 "VMSAv8-64 descriptor formats", both stages. */
#define DESC_VALID  BIT64(0)
#define DESC_TABLE  BIT64(1) /* also: a page */
#define DESC_ADDR   GENMASK64(47, 12)
#define DESC_CONTIG BIT64(52)

#define LAST_LEVEL 3U
#define CONTIG_RUN 16U
#define NO_MFN     (~UINT64_C(0))
#define NO_FRAME   (UINT64_MAX >> PAGE_SHIFT)

/* What a table says of a run of frames. */
struct seen {
    uint64_t first, nr; /* frames */
    bool leaf;
    bool malformed; /* nobody of ours writes this */
    unsigned int level;
    uint64_t mfn;  /* leaf: of first */
    uint64_t bits; /* leaf: all but address and contiguous hint */
};

/* ---- walking ---- */

/* Neighbours that a TLB may keep as one must be one. */
static bool contig_ok(const struct pgt *pgt, const uint64_t *desc,
                      unsigned int level)
{
    const uint64_t *first =
        desc - ((uintptr_t)desc / sizeof(*desc)) % CONTIG_RUN;
    uint64_t want = READ_ONCE(*first);

    if ( !(pgt->fmt->contig_levels >> level & 1) ||
         (want & DESC_ADDR & (CONTIG_RUN * pgt_level_size(level) - 1)) )
        return false;
    for ( unsigned int i = 0; i < CONTIG_RUN; i++ )
        if ( READ_ONCE(first[i]) != want + i * pgt_level_size(level) )
            return false;
    return true;
}

static void see_leaf(const struct pgt *pgt, const uint64_t *at, struct seen *s)
{
    uint64_t desc = READ_ONCE(*at);
    bool page = s->level == LAST_LEVEL;

    if ( !!(desc & DESC_TABLE) != page ||
         !(pgt->fmt->block_levels >> s->level & 1) )
    {
        s->malformed = true;
        return;
    }
    s->leaf = true;
    s->mfn = (desc & DESC_ADDR) >> PAGE_SHIFT;
    s->bits = desc & ~(DESC_ADDR | DESC_CONTIG);
    /* Address bits below the block's size are not address. */
    s->malformed = s->mfn & (s->nr - 1);
    if ( !(desc & DESC_CONTIG) )
        return;
    if ( !contig_ok(pgt, at, s->level) )
    {
        s->malformed = true;
        return;
    }
    s->mfn &= ~(s->nr * CONTIG_RUN - 1);
    s->nr *= CONTIG_RUN;
    s->first &= ~(s->nr - 1);
}

/* A hole goes on to the next descriptor in use, or to the table's end. */
static void see_hole(const uint64_t *at, const uint64_t *end, struct seen *s)
{
    uint64_t one = s->nr;

    while ( ++at < end && !READ_ONCE(*at) )
        s->nr += one;
}

static void see(const struct pgt *pgt, uint64_t gfn, struct seen *s)
{
    unsigned int entries = PGT_ENTRIES << pgt->root_order;
    uint64_t limit = UINT64_C(1) << (pgt->ia_bits - PAGE_SHIFT);
    uint64_t table = maddr_x(pgt_root(pgt)), index, desc;
    const uint64_t *at;

    *s = (struct seen){.first = limit, .nr = NO_FRAME - limit};
    if ( gfn >= limit )
        return;
    /* The root may be several tables side by side. */
    s->level = pgt->start_level;
    index = gfn >> pgt_level_order(s->level);
    for ( ;; )
    {
        at = (const uint64_t *)maddr_to_virt(_maddr(table)) + index;
        desc = READ_ONCE(*at);
        s->nr = UINT64_C(1) << pgt_level_order(s->level);
        s->first = gfn & ~(s->nr - 1);
        if ( !(desc & DESC_VALID) )
        {
            /* Only in the midst of a change, which the lock excludes. */
            s->malformed = desc;
            if ( !desc )
                see_hole(at, at - index + entries, s);
            return;
        }
        if ( s->level == LAST_LEVEL || !(desc & DESC_TABLE) )
            break;
        table = desc & DESC_ADDR;
        if ( (desc & ~DESC_ADDR) != pgt->fmt->table_bits ||
             !mfn_is_ram(mfn_from_maddr(_maddr(table))) )
        {
            s->malformed = true;
            return;
        }
        s->level++;
        index = gfn >> pgt_level_order(s->level) & (PGT_ENTRIES - 1);
        entries = PGT_ENTRIES;
    }
    see_leaf(pgt, at, s);
}

static uint64_t end_of(const struct seen *s)
{
    return s->first + s->nr;
}

static uint64_t mfn_at(const struct seen *s, uint64_t gfn)
{
    return s->leaf ? s->mfn + (gfn - s->first) : NO_MFN;
}

/* ---- what devices should have ---- */

struct wanted {
    unsigned int rights; /* IOMMU_*; 0: nothing */
    uint64_t mfn;
};

/* A frame that the P2M does not give to devices, but somebody else may. */
static struct wanted wanted_specially(struct domain *d, uint64_t gfn)
{
    const struct p2m *p2m = &d->p2m;
    struct wanted w = {.mfn = gfn};

    if ( p2m->doorbell_users && gfn_x(p2m->doorbell) == gfn )
    {
        w.rights = IOMMU_READ | IOMMU_WRITE | IOMMU_MMIO;
        w.mfn = mfn_x(p2m->doorbell_mfn);
    }
    else if ( p2m->nr_aliases && mfn_is_ram(_mfn(gfn)) )
    {
        const struct page_info *pg = mfn_to_page(_mfn(gfn));

        /* Frames of ours and free ones count something else there. */
        if ( !(pg->flags & PGF_FREE) && pg->owner && pg->owner != d )
            w.rights = p2m_alias_rights(pg);
    }
    return w;
}

/* Written here once more: this is what the writer is compared with. */
static struct pgt_attr attr_of(unsigned int rights)
{
    bool mmio = rights & IOMMU_MMIO;

    return (struct pgt_attr){
        .read = true,
        .write = rights & IOMMU_WRITE,
        .exec = !mmio,
        .mem = mmio ? PGT_MEM_DEV_NGNRE : PGT_MEM_WB,
    };
}

/* 0, or PX_AUDIT_*: how a leaf differs from rights to its own frame. */
static unsigned int compare_bits(const struct pgt *pgt, const struct seen *s,
                                 unsigned int rights)
{
    struct pgt_attr want = attr_of(rights), have;

    if ( s->bits == pgt->fmt->encode(want, s->level) )
        return 0;
    have = pgt->fmt->decode(s->bits, s->level);
    if ( have.mem != want.mem )
        return PX_AUDIT_OTHER_MEMTYPE;
    if ( (have.write && !want.write) || (have.exec && !want.exec) )
        return PX_AUDIT_MORE_RIGHTS;
    if ( have.write != want.write || have.exec != want.exec )
        return PX_AUDIT_FEWER_RIGHTS;
    return PX_AUDIT_MALFORMED;
}

static unsigned int compare_leaf(const struct pgt *pgt, const struct seen *s,
                                 uint64_t gfn, struct wanted w)
{
    if ( !s->leaf )
        return PX_AUDIT_NOT_IN_IOMMU;
    if ( mfn_at(s, gfn) != w.mfn )
        return PX_AUDIT_OTHER_FRAME;
    return compare_bits(pgt, s, w.rights);
}

/* ---- one step ---- */

struct step {
    struct domain *d;
    const struct iommu_dom *dom;
    struct seen cpu, dev;
    uint64_t gfn, nr;
    uint64_t bad_gfn, bad_mfn; /* where it would differ, what devices have */
};

/* Beyond what the units translate; that there is such a thing is known. */
static bool beyond_reach(const struct iommu_dom *dom, uint64_t gfn,
                         uint64_t mfn)
{
    return dom->out_of_reach && ((gfn >> (dom->pgt.ia_bits - PAGE_SHIFT)) ||
                                 (mfn >> (dom->pgt.oa_bits - PAGE_SHIFT)));
}

/* A frame of another's that is mapped here may be aliased at its own number. */
static unsigned int check_alias(struct step *st, uint64_t mfn)
{
    struct wanted w;
    struct seen s;

    if ( !st->d->p2m.nr_aliases )
        return 0;
    w = wanted_specially(st->d, mfn);
    if ( !w.rights || beyond_reach(st->dom, mfn, mfn) )
        return 0;
    see(&st->dom->pgt, mfn, &s);
    st->bad_gfn = mfn;
    st->bad_mfn = mfn_at(&s, mfn);
    return s.malformed ? PX_AUDIT_MALFORMED
                       : compare_leaf(&st->dom->pgt, &s, mfn, w);
}

/* Something is there for the CPU. */
static unsigned int check_mapped(struct step *st)
{
    const struct pgt *pgt = &st->d->p2m.pgt;
    unsigned int type = pgt->fmt->decode(st->cpu.bits, st->cpu.level).sw;
    const struct p2m_rights *r = p2m_rights_of(type);
    struct wanted w = {.mfn = mfn_at(&st->cpu, st->gfn)};
    unsigned int what = 0;

    /* The CPU's own rights, and that frames with a reference are single. */
    if ( !r || st->cpu.bits != pgt->fmt->encode(r->cpu, st->cpu.level) ||
         (r->ref && st->cpu.nr != 1) )
        return PX_AUDIT_MALFORMED;

    w.rights = r->iommu;
    if ( !w.rights && st->dev.leaf )
    {
        w = wanted_specially(st->d, st->gfn);
        if ( !w.rights || st->dev.nr != 1 )
            return PX_AUDIT_MORE_RIGHTS;
    }
    if ( w.rights && !(beyond_reach(st->dom, st->gfn, w.mfn) && !st->dev.leaf) )
        what = compare_leaf(&st->dom->pgt, &st->dev, st->gfn, w);
    return what || !r->ref ? what : check_alias(st, mfn_at(&st->cpu, st->gfn));
}

static bool is_doorbell(const struct step *st)
{
    return st->d->p2m.doorbell_users && gfn_x(st->d->p2m.doorbell) == st->gfn;
}

/* An alias that is missing is found where its frame is mapped. */
static unsigned int check_hole(const struct step *st)
{
    struct wanted w = {0};

    if ( st->nr == 1 && (st->dev.leaf || is_doorbell(st)) )
        w = wanted_specially(st->d, st->gfn);
    if ( !w.rights )
        return st->dev.leaf ? PX_AUDIT_NOT_IN_P2M : 0;
    if ( beyond_reach(st->dom, st->gfn, w.mfn) && !st->dev.leaf )
        return 0;
    return compare_leaf(&st->dom->pgt, &st->dev, st->gfn, w);
}

/* The frames from here on of which both tables say one thing. */
static void make_step(struct step *st, uint64_t gfn)
{
    const struct p2m *p2m = &st->d->p2m;
    uint64_t end, doorbell = gfn_x(p2m->doorbell);

    st->gfn = gfn;
    see(&p2m->pgt, gfn, &st->cpu);
    see(&st->dom->pgt, gfn, &st->dev);
    end = min(end_of(&st->cpu), end_of(&st->dev));
    if ( p2m->doorbell_users && doorbell >= gfn && doorbell < end )
        end = doorbell == gfn ? gfn + 1 : doorbell;
    st->nr = end - gfn;
    st->bad_gfn = gfn;
    st->bad_mfn = mfn_at(&st->dev, gfn);
}

static unsigned int check_step(struct step *st)
{
    if ( st->cpu.malformed || st->dev.malformed )
        return PX_AUDIT_MALFORMED;
    return st->cpu.leaf ? check_mapped(st) : check_hole(st);
}

static void note(const struct step *st, unsigned int what, struct px_audit *a)
{
    if ( st->dev.leaf || what )
        a->compared += st->nr;
    if ( !what )
        return;
    if ( !a->differences )
    {
        a->what = what;
        a->bad_gfn = st->bad_gfn;
        a->cpu_mfn = mfn_at(&st->cpu, st->gfn);
        a->iommu_mfn = st->bad_mfn;
    }
    a->differences += st->nr;
}

int iommu_audit(struct domain *d, struct px_audit *a)
{
    struct step st = {.d = d};
    uint64_t end;
    int rc = 0;

    a->flags = a->what = 0;
    a->compared = a->differences = 0;
    a->bad_gfn = 0;
    a->cpu_mfn = a->iommu_mfn = NO_MFN;
    if ( !d->iommu.enabled || a->table >= iommu_nr_formats )
        return -ENOENT;

    st.dom = &d->iommu.dom[a->table];
    spin_lock(&d->p2m.lock);
    if ( !st.dom->pgt.root || !d->p2m.pgt.root )
        rc = -ENOENT;
    end = UINT64_C(1) << (max(st.dom->pgt.ia_bits, d->p2m.pgt.ia_bits) -
                          PAGE_SHIFT);
    for ( unsigned int n = 1; !rc && a->gfn < end && n <= SLICE_STEPS; n++ )
    {
        make_step(&st, a->gfn);
        note(&st, check_step(&st), a);
        a->gfn += st.nr;
        if ( n % PREEMPT_STEPS == 0 && preempt_check() )
            break;
    }
    if ( a->gfn >= end )
        a->flags = PX_AUDIT_DONE;
    spin_unlock(&d->p2m.lock);
    return rc;
}
