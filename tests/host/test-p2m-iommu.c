/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-p2m-iommu.c - the P2M, its TLB maintenance, the page tables, the page
 * allocator, the IOMMU core and the SMMUv3 driver, as they are, between models
 * of CPUs and units that forget nothing by themselves. A flat map says what
 * each frame should be; after every step, for every frame in play:
 *
 *   P1  CPU and devices have exactly the rights of the type, at every barrier
 *       devices none that the CPU lacks;
 *   P2  what failed changed nothing, and removals of whole leaves do not fail;
 *   P3  what was freed is out of reach, references add up.
 *
 * Each test is a process of its own, as the lists live as long as a machine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "isolated.h"
#include "p2m-rig.h"

#include <proxenos.h>

#define DOMS   3U
#define DEVS   4U
#define LENDS  64U
#define ROUNDS 800U

/* The frames in play: 4 GiB, of which the first 32 MiB see most of it. */
#define WIN     UINT64_C(0x200000)
#define WIN_NR  UINT64_C(0x100000)
#define BUSY_NR UINT64_C(0x2000)
#define BIG     UINT64_C(0x40000) /* 1 GiB from here: the large orders */
/* Registers; not RAM of the rig. */
#define MMIO         UINT64_C(0x1000000)
#define DOORBELL     UINT64_C(0x1f0000)
#define DOORBELL_MFN UINT64_C(0x08090)

/* What a type means, by another hand than p2m.c: DDI 0487 D8.4, MemAttr. */
static const struct rights {
    const char *cpu, *dev;
    unsigned int memattr; /* stage 2 */
    bool dev_mmio;
} expected[P2M_TYPE_MAX] = {
    [P2M_INVALID] = {"", "", 0, false},
    [P2M_RAM_RW] = {"rwx", "rw", 15, false},
    [P2M_RAM_RO] = {"rx", "r", 15, false},
    [P2M_MMIO_DIRECT] = {"rw", "rw", 1, true},
    [P2M_MMIO_DIRECT_NC] = {"rwx", "rw", 5, true},
    [P2M_MMIO_CPU] = {"rw", "", 1, false},
    [P2M_GRANT_RW] = {"rw", "rw", 15, false},
    [P2M_GRANT_RO] = {"r", "r", 15, false},
    [P2M_FOREIGN_RW] = {"rwx", "rw", 15, false},
    [P2M_FOREIGN_RO] = {"rx", "r", 15, false},
    [P2M_XEN_SHARED] = {"rw", "", 15, false},
};

struct entry {
    uint64_t mfn;
    uint8_t type;
    uint8_t lend; /* frame of another domain: its number + 1 */
    bool aliased;
};

struct dom {
    struct domain *d;
    struct entry *map;
    uint64_t cpu_frames, dev_frames;
    unsigned int doorbells;
    unsigned int alive_since; /* lifetimes */
};

/* A frame that other domains may map; its owner may let go of it first. */
struct lend {
    struct page_info *pg; /* NULL: not in use */
    unsigned int owner;
    bool released;
    unsigned int maps, alias_ro, alias_rw;
};

static struct entry maps[DOMS][WIN_NR];
static struct dom doms[DOMS];
static struct lend lends[LENDS];
static struct device *devs[DEVS];
static unsigned int dev_unit[DEVS];
static uint32_t dev_sid[DEVS];
static mfn_t shared_mfn;
static struct domain xen_owner;

/* ---- chance ---- */

static uint64_t chance_state;

static uint64_t chance(uint64_t below)
{
    chance_state ^= chance_state << 13;
    chance_state ^= chance_state >> 7;
    chance_state ^= chance_state << 17;
    return (chance_state >> 11) % below;
}

static bool one_in(uint64_t n)
{
    return !chance(n);
}

/* ---- walks of memory, for both kinds of tables ---- */

static const uint64_t *table_at(uint64_t pa)
{
    return maddr_to_virt(_maddr(pa & UINT64_C(0x0000fffffffff000)));
}

/* The descriptor with the address of this very page; in the hole of a break
 * it is invalid, but not zero. */
static uint64_t walk(const struct pgt *pgt, uint64_t ia)
{
    unsigned int level = pgt->start_level;
    const uint64_t *desc = table_at(maddr_x(pgt->root_ma));

    desc += ia >> (39 - 9 * level);
    while ( level < 3 && (*desc & 3) == 3 )
    {
        level++;
        desc = table_at(*desc) + (ia >> (39 - 9 * level) & 511);
    }
    if ( !*desc )
        return 0;
    return (*desc & ~UINT64_C(0xfffffffff000)) |
           ((*desc & UINT64_C(0xfffffffff000)) >> (39 - 9 * level)
                                                      << (39 - 9 * level)) |
           (ia & ((UINT64_C(1) << (39 - 9 * level)) - 1) & ~UINT64_C(0xfff));
}

static void walk_leaves(uint64_t pa, unsigned int nr, unsigned int level,
                        uint64_t ia,
                        void (*fn)(void *, uint64_t, uint64_t, uint64_t),
                        void *arg)
{
    uint64_t size = UINT64_C(1) << (39 - 9 * level);

    for ( unsigned int i = 0; i < nr; i++, ia += size )
    {
        uint64_t desc = table_at(pa)[i];

        if ( level < 3 && (desc & 3) == 3 )
            walk_leaves(desc, 512, level + 1, ia, fn, arg);
        else if ( desc & 1 )
            fn(arg, ia, size, desc);
    }
}

/* ---- what should be ---- */

static struct entry *entry_at(const struct dom *dom, uint64_t gfn)
{
    return gfn - WIN < WIN_NR ? &dom->map[gfn - WIN] : NULL;
}

static bool may(const char *rights, char how)
{
    return strchr(rights, how);
}

static struct lend *lend_of_mfn(uint64_t mfn)
{
    for ( unsigned int i = 0; i < LENDS; i++ )
        if ( lends[i].pg && mfn_x(page_to_mfn(lends[i].pg)) == mfn )
            return &lends[i];
    return NULL;
}

/* Rights and frame of devices at a dfn: from the map, an alias, a doorbell. */
static const char *dev_expected(const struct dom *dom, uint64_t dfn,
                                uint64_t *mfn, bool *mmio)
{
    const struct entry *e = entry_at(dom, dfn);
    const struct lend *l;

    *mmio = false;
    if ( e )
    {
        *mfn = e->mfn;
        *mmio = expected[e->type].dev_mmio;
        return expected[e->type].dev;
    }
    if ( dfn == DOORBELL && dom->doorbells )
    {
        *mfn = DOORBELL_MFN;
        *mmio = true;
        return "rw";
    }
    *mfn = dfn;
    l = dom == &doms[0] ? lend_of_mfn(dfn) : NULL;
    if ( l && l->alias_rw )
        return "rw";
    return l && l->alias_ro ? "r" : "";
}

/* ---- checks ---- */

struct tally {
    const struct dom *dom;
    uint64_t frames;
};

static void cpu_leaf(void *arg, uint64_t ipa, uint64_t size, uint64_t desc)
{
    struct tally *t = arg;
    uint64_t nr = size >> 12, gfn = ipa >> 12;
    uint64_t mfn = (desc & UINT64_C(0xfffffffff000)) >> 12;
    const struct entry *e = entry_at(t->dom, gfn);
    const struct rights *r;

    if ( !e || gfn - WIN + nr > WIN_NR )
        fail_msg("P1: gfn %#lx is mapped, who asked for it?", gfn);
    r = &expected[e->type];
    if ( e->mfn != mfn || may(r->cpu, 'r') != (desc >> 6 & 1) ||
         may(r->cpu, 'w') != (desc >> 7 & 1) ||
         may(r->cpu, 'x') != !(desc >> 53 & 3) ||
         r->memattr != (desc >> 2 & 15) )
        fail_msg("P1: gfn %#lx type %u mfn %#lx: stage 2 says %#lx", gfn,
                 e->type, e->mfn, desc);
    if ( e[nr - 1].mfn != mfn + nr - 1 || e[nr - 1].type != e->type ||
         e[nr / 2].mfn != mfn + nr / 2 || e[nr / 2].type != e->type )
        fail_msg("P1: gfn %#lx: a leaf of %#lx frames, not one mapping", gfn,
                 nr);
    t->frames += nr;
}

static void dev_leaf(void *arg, uint64_t iova, uint64_t size, uint64_t desc)
{
    struct tally *t = arg;
    uint64_t nr = size >> 12, dfn = iova >> 12;
    uint64_t mfn = (desc & UINT64_C(0xfffffffff000)) >> 12;
    const uint64_t at[] = {0, nr / 2, nr - 1};

    for ( unsigned int i = 0; i < 3; i++ )
    {
        uint64_t want = 0;
        bool mmio = false;
        const char *r = dev_expected(t->dom, dfn + at[i], &want, &mmio);

        /* AP[2]: read-only. AttrIndx 1: write-back, 2: Device. */
        if ( !may(r, 'r') || want != mfn + at[i] ||
             may(r, 'w') == (desc >> 7 & 1) ||
             (desc >> 2 & 7) != (mmio ? 2 : 1) )
            fail_msg("P1: d%u dfn %#lx: devices have %#lx, not %#lx '%s'",
                     t->dom->d->domain_id, dfn + at[i], desc, want, r);
    }
    t->frames += nr;
}

static struct pgt *iommu_pgt(const struct dom *dom)
{
    return &dom->d->iommu.dom[0].pgt;
}

static uint64_t aliased_frames(void)
{
    uint64_t nr = 0;

    for ( unsigned int i = 0; i < LENDS; i++ )
        nr += lends[i].pg && (lends[i].alias_ro || lends[i].alias_rw);
    return nr;
}

/* The product's own audit agrees, and looks at as much. */
static void check_audit(const struct dom *dom, uint64_t frames)
{
    struct px_audit a = {.table = 0};
    uint64_t compared = 0;

    do
    {
        assert_int_equal(iommu_audit(dom->d, &a), 0);
        if ( a.differences )
            fail_msg("P1: d%u gfn %#lx: the audit finds %u", a.domid, a.bad_gfn,
                     a.what);
        compared += a.compared;
    } while ( !(a.flags & PX_AUDIT_DONE) );
    assert_int_equal(compared, frames);
}

static void check_tables(const struct dom *dom)
{
    struct pgt *pgt = iommu_pgt(dom);
    struct tally cpu = {.dom = dom}, dev = {.dom = dom};
    uint64_t only_dev = !!dom->doorbells;

    if ( dom == &doms[0] )
        only_dev += aliased_frames();
    stage2_leaves(rig.cpu, dom->d->p2m.vttbr, cpu_leaf, &cpu);
    if ( cpu.frames != dom->cpu_frames )
        fail_msg("P1: d%u: %lu frames mapped, not %lu", dom->d->domain_id,
                 cpu.frames, dom->cpu_frames);
    walk_leaves(maddr_x(pgt->root_ma), 512, pgt->start_level, 0, dev_leaf,
                &dev);
    if ( dev.frames != dom->dev_frames + only_dev )
        fail_msg("P1: d%u: devices have %lu frames, not %lu", dom->d->domain_id,
                 dev.frames, dom->dev_frames + only_dev);
    check_audit(dom, dev.frames);
}

/* One access by every device and by the guest itself. */
static void check_accesses(const struct dom *dom, uint64_t gfn)
{
    const struct entry *e = entry_at(dom, gfn);
    bool mmio;
    uint64_t mfn = 0, offset = chance(4096) & ~UINT64_C(7);
    const char *r = dev_expected(dom, gfn, &mfn, &mmio);

    for ( const char *how = "rwx"; e && *how; how++ )
    {
        struct stage2_access a = stage2_access(rig.cpu, dom->d->p2m.vttbr,
                                               (gfn << 12) + offset, *how);

        if ( a.ok != may(expected[e->type].cpu, *how) ||
             (a.ok && a.pa != (e->mfn << 12) + offset) )
            fail_msg("P1: gfn %#lx '%c': the guest arrives at %#lx", gfn, *how,
                     a.ok ? a.pa : 0);
    }
    for ( unsigned int i = 0; i < DEVS; i++ )
    {
        bool write = one_in(2), ok;
        struct rig_access a;

        ok = devs[i]->owner == dom->d && may(r, write ? 'w' : 'r');
        if ( devs[i]->owner && devs[i]->owner != dom->d )
            continue;
        /* An access that must fail would leave an event. */
        a = rig_dma(dev_unit[i], dev_sid[i], (gfn << 12) + offset, write, ok);
        if ( a.ok != ok || (ok && a.pa != (mfn << 12) + offset) )
            fail_msg("P1: dfn %#lx: device %u arrives at %#lx, not %#lx", gfn,
                     i, a.ok ? a.pa : 0, ok ? (mfn << 12) + offset : 0);
    }
}

/* The frames of the running operation, looked at in each state on its way. */
static uint64_t watched[4];
static unsigned int nr_watched;
static const struct dom *watched_dom;

static void watch(const struct dom *dom, uint64_t gfn, uint64_t nr)
{
    watched_dom = dom;
    watched[0] = gfn;
    watched[1] = gfn + nr - 1;
    watched[2] = gfn + nr / 2;
    watched[3] = gfn + chance(nr);
    nr_watched = 4;
}

static void at_barrier(void)
{
    for ( unsigned int i = 0; i < nr_watched; i++ )
    {
        uint64_t ia = watched[i] << 12;
        uint64_t dev = walk(iommu_pgt(watched_dom), ia);
        uint64_t cpu = walk(&watched_dom->d->p2m.pgt, ia);

        if ( (dev & 1) && (!cpu || ((dev ^ cpu) & UINT64_C(0xfffffffff000)) ||
                           (!(dev >> 7 & 1) && !(cpu >> 7 & 1))) )
            fail_msg("P1: dfn %#lx is %#lx to devices while %#lx to the CPU",
                     watched[i], dev, cpu);
    }
}

static void check_lends(void)
{
    for ( unsigned int i = 0; i < LENDS; i++ )
    {
        const struct lend *l = &lends[i];

        if ( l->pg )
            assert_int_equal(l->pg->count, !l->released + l->maps);
    }
}

/* Everything; and some accesses, near @gfn among others. */
static void check_all(const struct dom *dom, uint64_t gfn, uint64_t nr)
{
    nr_watched = 0;
    check_lends();
    for ( unsigned int i = 0; i < DOMS; i++ )
    {
        check_tables(&doms[i]);
        check_accesses(&doms[i], WIN + chance(BUSY_NR));
    }
    if ( nr )
    {
        check_accesses(dom, gfn);
        check_accesses(dom, gfn + nr - 1);
        check_accesses(dom, gfn + nr);
        check_accesses(dom, gfn + chance(nr));
        check_accesses(dom, gfn - 1);
    }
    rig_check();
}

/* ---- doing: once, or with each allocation failing in turn ---- */

struct op {
    int (*fn)(struct op *op);
    struct dom *dom;
    uint64_t gfn, nr, mfn;
    unsigned int order;
    enum p2m_type type;
    bool whole;   /* no leaf is cut: may not fail */
    bool shrinks; /* a removal: tables that a split made may stay */
    struct device *dev;
};

static int run(struct op *op, bool inject)
{
    unsigned long before = heap_free_pages();

    for ( unsigned int n = 1;; n++ )
    {
        int rc;

        watch(op->dom, op->gfn, op->nr);
        rig.fail_alloc = inject ? n : 0;
        rc = op->fn(op);
        nr_watched = 0;
        if ( !inject || rig.fail_alloc )
        {
            rig.fail_alloc = 0;
            return rc;
        }
        if ( op->whole || rc != -ENOMEM )
            fail_msg("P2: gfn %#lx order %u type %u: %d after allocation %u "
                     "failed",
                     op->gfn, op->order, op->type, rc, n);
        if ( !op->shrinks && heap_free_pages() != before )
            fail_msg("P2: gfn %#lx order %u: %ld pages lost after allocation "
                     "%u failed",
                     op->gfn, op->order, before - heap_free_pages(), n);
        check_all(op->dom, op->gfn, op->nr);
    }
}

static int do_set_entry(struct op *op)
{
    struct p2m *p2m = &op->dom->d->p2m;
    int rc;

    spin_lock(&p2m->lock);
    rc = p2m_set_entry(p2m, _gfn(op->gfn), op->order,
                       op->type ? _mfn(op->mfn) : INVALID_MFN, op->type);
    spin_unlock(&p2m->lock);
    return rc;
}

static int do_map_range(struct op *op)
{
    return p2m_map_range(op->dom->d, _gfn(op->gfn), op->nr, _mfn(op->mfn),
                         op->type);
}

static int do_unmap_range(struct op *op)
{
    return p2m_unmap_range(op->dom->d, _gfn(op->gfn), op->nr);
}

static int do_add_page(struct op *op)
{
    return p2m_add_page(op->dom->d, _gfn(op->gfn), _mfn(op->mfn), op->type);
}

static int do_remove_page(struct op *op)
{
    return p2m_remove_page(op->dom->d, _gfn(op->gfn), _mfn(op->mfn));
}

static int do_attach(struct op *op)
{
    return rig_assign(op->dom->d, op->dev);
}

static int do_alias(struct op *op)
{
    return p2m_iommu_alias(op->dom->d, _mfn(op->mfn), op->type == P2M_GRANT_RW);
}

static int do_doorbell(struct op *op)
{
    return p2m_iommu_map_doorbell(op->dom->d, _gfn(op->gfn), _mfn(op->mfn));
}

/* ---- the operations ---- */

static void enter(struct dom *dom, uint64_t gfn, uint64_t nr, uint64_t mfn,
                  enum p2m_type type)
{
    for ( uint64_t i = 0; i < nr; i++ )
        *entry_at(dom, gfn + i) =
            (struct entry){.mfn = mfn + i, .type = (uint8_t)type};
    dom->cpu_frames += nr;
    dom->dev_frames += expected[type].dev[0] ? nr : 0;
}

static bool is_hole(const struct dom *dom, uint64_t gfn, uint64_t nr)
{
    for ( uint64_t i = 0; i < nr; i++ )
        if ( entry_at(dom, gfn + i)->type )
            return false;
    return true;
}

static bool is_ram(unsigned int type)
{
    return type == P2M_RAM_RW || type == P2M_RAM_RO;
}

/* Devices fill their caches: all that is there, and some of the pages. */
static void cache(const struct dom *dom, uint64_t gfn, uint64_t nr)
{
    for ( unsigned int i = 0; i < DEVS; i++ )
    {
        if ( devs[i]->owner != dom->d )
            continue;
        for ( unsigned int j = 0; j < 6; j++ )
            rig_prefetch(dev_unit[i], dev_sid[i],
                         (gfn + (j == 0   ? 0
                                 : j == 1 ? nr - 1
                                          : chance(nr)))
                             << 12);
    }
}

static struct page_info *fresh(struct dom *dom, unsigned int order)
{
    struct page_info *pg = alloc_domain_pages(dom->d, order, 0);

    assert_non_null(pg);
    return pg;
}

/* Without BBM level 2 devices get pages: 1 GiB of them takes long to check. */
static unsigned int some_order(void)
{
    static const uint8_t orders[] = {0, 0, 0, 0, 1, 2, 3, 4,  4, 5,
                                     6, 7, 8, 9, 9, 9, 9, 10, 11};

    if ( one_in(60) )
        return rig.cfg.smmu.bbml == 2 ? 18 : 12;
    return orders[chance(sizeof(orders))];
}

static uint64_t some_gfn(unsigned int order)
{
    uint64_t nr = UINT64_C(1) << order;

    if ( order >= 12 || one_in(10) )
        return WIN + BIG + (chance(WIN_NR - BIG) & ~(nr - 1));
    return WIN + (chance(BUSY_NR) & ~(nr - 1));
}

static enum p2m_type some_type(unsigned int order)
{
    static const uint8_t types[] = {
        P2M_RAM_RW,      P2M_RAM_RW,         P2M_RAM_RW,   P2M_RAM_RO,
        P2M_MMIO_DIRECT, P2M_MMIO_DIRECT_NC, P2M_MMIO_CPU, P2M_XEN_SHARED,
    };
    enum p2m_type type = types[chance(sizeof(types))];

    if ( type == P2M_XEN_SHARED && order )
        type = P2M_MMIO_CPU;
    if ( order > 12 && is_ram(type) && !one_in(8) )
        type = P2M_MMIO_DIRECT;
    return type;
}

static void step_map(struct dom *dom)
{
    unsigned int order = some_order();
    struct op op = {.fn = do_set_entry,
                    .dom = dom,
                    .order = order,
                    .gfn = some_gfn(order),
                    .nr = UINT64_C(1) << order,
                    .type = some_type(order)};
    bool hole = is_hole(dom, op.gfn, op.nr);
    struct page_info *pg = NULL;
    int rc;

    op.mfn = MMIO + (chance(UINT64_C(1) << 22) & ~(op.nr - 1));
    if ( op.type == P2M_XEN_SHARED )
        op.mfn = mfn_x(shared_mfn);
    if ( is_ram(op.type) )
    {
        pg = fresh(dom, order);
        op.mfn = mfn_x(page_to_mfn(pg));
    }
    rc = run(&op, order < 12 && hole && one_in(4));
    assert_int_equal(rc, hole ? 0 : -EEXIST);
    if ( !rc )
        enter(dom, op.gfn, op.nr, op.mfn, op.type);
    else if ( pg )
        rig_release(pg, op.nr);
    check_all(dom, op.gfn, op.nr);
}

/* Unaligned on either side, as BARs and modules are. */
static void step_map_range(struct dom *dom)
{
    struct op op = {.fn = do_map_range,
                    .dom = dom,
                    .nr = 1 + chance(1500),
                    .type = some_type(1)};
    struct page_info *pg = NULL;
    uint64_t skip = chance(one_in(2) ? 1 : 100), full = 0;
    int rc;

    op.gfn = WIN + chance(BUSY_NR - 1500);
    op.mfn = MMIO + chance(UINT64_C(1) << 20) + (one_in(2) ? op.gfn : 0);
    if ( is_ram(op.type) )
    {
        pg = fresh(dom, 11);
        op.mfn = mfn_x(page_to_mfn(pg)) + skip;
    }
    while ( full < op.nr && !entry_at(dom, op.gfn + full)->type )
        full++;
    rc = run(&op, full == op.nr && one_in(4));
    assert_int_equal(rc, full == op.nr ? 0 : -EEXIST);
    if ( !rc )
        enter(dom, op.gfn, op.nr, op.mfn, op.type);
    if ( pg && rc )
        rig_release(pg, 2048);
    else if ( pg )
    {
        rig_release(pg, skip);
        rig_release(pg + skip + op.nr, 2048 - skip - op.nr);
    }
    check_all(dom, op.gfn, op.nr);
}

static void unalias(struct entry *e)
{
    struct lend *l = &lends[e->lend - 1];
    bool write = e->type == P2M_GRANT_RW || e->type == P2M_FOREIGN_RW;

    p2m_iommu_unalias(doms[0].d, page_to_mfn(l->pg), write);
    --*(write ? &l->alias_rw : &l->alias_ro);
    e->aliased = false;
}

/* The frames of a range that was taken out; the domain lets go of its RAM. */
static void left(struct dom *dom, uint64_t gfn, uint64_t nr)
{
    for ( uint64_t i = 0, run = 1; i < nr; i += run, run = 1 )
    {
        struct entry *e = entry_at(dom, gfn + i);

        if ( !e->type )
            continue;
        while ( is_ram(e->type) && i + run < nr && e[run].type == e->type &&
                e[run].mfn == e->mfn + run )
            run++;
        if ( is_ram(e->type) )
            rig_release(mfn_to_page(_mfn(e->mfn)), run);
        if ( e->lend )
        {
            struct lend *l = &lends[e->lend - 1];

            assert_false(e->aliased);
            l->maps--;
            if ( l->released && !l->maps )
                l->pg = NULL; /* freed, which the rig has looked at */
        }
        dom->cpu_frames -= run;
        dom->dev_frames -= expected[e->type].dev[0] ? run : 0;
        memset(e, 0, run * sizeof(*e));
    }
}

static bool cut(const struct pgt *pgt, uint64_t gfn, uint64_t nr)
{
    struct pgt_leaf leaf;
    uint64_t from = gfn << 12, to = (gfn + nr) << 12;

    return (pgt_lookup(pgt, from, &leaf) && leaf.base < from) ||
           (pgt_lookup(pgt, to - 1, &leaf) &&
            leaf.base + (PAGE_SIZE << leaf.order) > to);
}

static void step_remove(struct dom *dom)
{
    unsigned int order = some_order();
    struct op op = {.fn = do_set_entry,
                    .dom = dom,
                    .order = order,
                    .gfn = some_gfn(order),
                    .nr = UINT64_C(1) << order,
                    .type = P2M_INVALID,
                    .shrinks = true};
    struct entry *e;
    int rc, want = 0;

    if ( one_in(3) )
    {
        op.fn = do_unmap_range;
        op.nr = 1 + chance(600);
        op.gfn = WIN + chance(BUSY_NR - 600);
    }
    e = entry_at(dom, op.gfn);
    if ( !order && one_in(2) )
    {
        op.fn = do_remove_page;
        op.nr = 1;
        op.mfn = one_in(2) ? mfn_x(INVALID_MFN) : e->mfn;
        if ( one_in(8) )
            op.mfn = e->mfn + 1;
        if ( !e->type || op.mfn == e->mfn + 1 )
            want = -ENOENT;
    }
    for ( uint64_t i = 0; i < op.nr && !want; i++ )
        if ( e[i].aliased )
            unalias(&e[i]);
    cache(dom, op.gfn, op.nr);
    /* Of several orders each cuts for itself. */
    op.whole = op.fn != do_unmap_range && !cut(&dom->d->p2m.pgt, op.gfn, op.nr);
    rc = run(&op, op.fn != do_unmap_range && one_in(3));
    assert_int_equal(rc, want);
    if ( !rc )
        left(dom, op.gfn, op.nr);
    check_all(dom, op.gfn, op.nr);
}

static void step_borrow(struct dom *dom)
{
    static const uint8_t types[] = {P2M_GRANT_RW, P2M_GRANT_RO, P2M_FOREIGN_RW,
                                    P2M_FOREIGN_RO};
    unsigned int n = (unsigned int)chance(LENDS);
    struct lend *l = &lends[n];
    struct op op = {.fn = do_add_page,
                    .dom = dom,
                    .nr = 1,
                    .gfn = WIN + 0x200 * chance(2) + chance(64),
                    .type = types[chance(4)]};
    bool hole = is_hole(dom, op.gfn, 1);
    int rc;

    if ( !l->pg )
    {
        unsigned int owner = (unsigned int)chance(DOMS);

        *l = (struct lend){.pg = fresh(&doms[owner], 0), .owner = owner};
    }
    if ( &doms[l->owner] == dom || !get_page(l->pg, l->pg->owner) )
        return;
    l->maps++;
    op.mfn = mfn_x(page_to_mfn(l->pg));
    rc = run(&op, hole && one_in(4));
    assert_int_equal(rc, hole ? 0 : -EEXIST);
    if ( rc )
    {
        l->maps--;
        put_page(l->pg);
        if ( l->released && !l->maps )
            l->pg = NULL;
    }
    else
    {
        enter(dom, op.gfn, 1, op.mfn, op.type);
        entry_at(dom, op.gfn)->lend = (uint8_t)(n + 1);
    }
    check_all(dom, op.gfn, 1);
}

/* The owner lets go; who has it mapped keeps it. */
static void step_let_go(void)
{
    struct lend *l = &lends[chance(LENDS)];

    if ( !l->pg || l->released )
        return;
    page_release(l->pg);
    l->released = true;
    if ( !l->maps )
        l->pg = NULL;
    check_all(NULL, 0, 0);
}

/* Only the hardware domain, for frames that it has mapped. */
static void step_alias(void)
{
    struct dom *dom = &doms[0];
    uint64_t gfn = WIN + 0x200 * chance(2) + chance(64);
    struct entry *e = entry_at(dom, gfn);
    struct op op = {
        .fn = do_alias, .dom = dom, .gfn = gfn, .nr = 1, .mfn = e->mfn};

    if ( !e->lend )
        return;
    if ( e->aliased )
    {
        cache(dom, e->mfn, 1);
        unalias(e);
    }
    else
    {
        bool write = e->type == P2M_GRANT_RW || e->type == P2M_FOREIGN_RW;
        struct lend *l = &lends[e->lend - 1];
        bool first = !l->alias_rw && !l->alias_ro;

        op.type = write ? P2M_GRANT_RW : P2M_GRANT_RO;
        assert_int_equal(run(&op, first && one_in(3)), 0);
        ++*(write ? &l->alias_rw : &l->alias_ro);
        e->aliased = true;
    }
    check_all(dom, op.mfn, 1);
}

static void step_doorbell(struct dom *dom)
{
    struct op op = {.fn = do_doorbell,
                    .dom = dom,
                    .gfn = DOORBELL,
                    .nr = 1,
                    .mfn = DOORBELL_MFN};

    if ( dom->doorbells && one_in(2) )
    {
        cache(dom, DOORBELL, 1);
        p2m_iommu_unmap_doorbell(dom->d, _gfn(DOORBELL));
        dom->doorbells--;
    }
    else if ( dom->doorbells < 3 )
    {
        /* Only devices see it. */
        op.gfn = DOORBELL;
        nr_watched = 0;
        assert_int_equal(do_doorbell(&op), 0);
        dom->doorbells++;
    }
    check_all(dom, DOORBELL, 1);
}

static void step_device(struct dom *dom)
{
    unsigned int i = (unsigned int)chance(DEVS);
    struct op op = {.fn = do_attach,
                    .dom = dom,
                    .dev = devs[i],
                    .gfn = WIN,
                    .nr = 1,
                    .shrinks = true};

    if ( devs[i]->owner && devs[i]->owner == dom->d )
        assert_int_equal(rig_deassign(devs[i]), 0);
    else if ( devs[i]->owner )
        assert_int_equal(rig_assign(dom->d, devs[i]), -EBUSY);
    else
        assert_int_equal(run(&op, one_in(2)), 0);
    rig_softirqs();
    check_all(dom, some_gfn(0), 1);
}

static void let_go_all(unsigned int owner)
{
    for ( unsigned int i = 0; i < LENDS; i++ )
    {
        struct lend *l = &lends[i];

        if ( !l->pg || l->owner != owner || l->released )
            continue;
        page_release(l->pg);
        l->released = true;
        if ( !l->maps )
            l->pg = NULL;
    }
}

/* In the order of domain_kill(): devices, P2M, frames, tables. */
static void kill_domain(unsigned int n)
{
    struct dom *dom = &doms[n];

    for ( unsigned int i = 0; i < DEVS; i++ )
    {
        cache(dom, WIN, BUSY_NR);
        if ( devs[i]->owner == dom->d )
            assert_int_equal(rig_deassign(devs[i]), 0);
    }
    for ( uint64_t i = 0; n == 0 && i < WIN_NR; i++ )
        if ( dom->map[i].aliased )
            unalias(&dom->map[i]);
    while ( dom->doorbells )
    {
        p2m_iommu_unmap_doorbell(dom->d, _gfn(DOORBELL));
        dom->doorbells--;
    }
    rig.preempt = one_in(2);
    rig_domain_kill(dom->d);
    rig.preempt = false;
    left(dom, WIN, WIN_NR);
    let_go_all(n);
    assert_int_equal(dom->cpu_frames, 0);
    assert_int_equal(dom->dev_frames, 0);
}

static void create_domain(unsigned int n)
{
    unsigned long before = heap_free_pages();

    for ( unsigned int k = 1; k < 3; k++ )
    {
        rig.fail_alloc = k;
        assert_null(rig_domain((domid_t)(n + 1)));
        assert_int_equal(heap_free_pages(), before);
    }
    rig.fail_alloc = 0;
    doms[n].d = rig_domain((domid_t)(n + 1));
    assert_non_null(doms[n].d);
    doms[n].map = maps[n];
}

static void step_reborn(void)
{
    unsigned int n = 1 + (unsigned int)chance(DOMS - 1);

    kill_domain(n);
    create_domain(n);
    check_all(&doms[n], WIN, 1);
}

/* What the P2M says to those who ask. */
static void step_look(struct dom *dom)
{
    uint64_t gfn = some_gfn(0);
    const struct entry *e = entry_at(dom, gfn);
    bool write = one_in(2), wb = expected[e->type].memattr == 15;
    struct vcpu v = {.domain = dom->d};
    enum p2m_type type;
    struct page_info *pg;

    assert_true(mfn_eq(p2m_lookup(dom->d, _gfn(gfn), &type, NULL),
                       e->type ? _mfn(e->mfn) : INVALID_MFN));
    assert_int_equal(type, e->type);
    assert_true(
        mfn_eq(p2m_lookup(dom->d, _gfn(gfn + (UINT64_C(1) << 52)), NULL, NULL),
               INVALID_MFN));
    assert_int_equal(p2m_handle_fault(&v, _ipa(gfn << 12), write),
                     may(expected[e->type].cpu, write ? 'w' : 'r'));
    pg = p2m_get_page(dom->d, _gfn(gfn), write, &type);
    if ( e->type && wb && may(expected[e->type].cpu, write ? 'w' : 'r') )
    {
        assert_ptr_equal(pg, mfn_to_page(_mfn(e->mfn)));
        assert_int_equal(type, e->type);
        put_page(pg);
    }
    else
        assert_null(pg);
}

/* ---- the machine ---- */

static struct rig_cfg config(void)
{
    return (struct rig_cfg){
        .smmu = smmuv3_model_default(),
        .nr_units = 1,
        .mmfr0 = 4, /* 44 bits */
        .mmfr1 = 2 << 4,
    };
}

/* Returns the free memory of a machine without domains. */
static unsigned long start(const struct rig_cfg *cfg)
{
    unsigned long before;
    struct page_info *pg;

    rig_init(cfg);
    rig.at_barrier = at_barrier;
    for ( unsigned int i = 0; i < DEVS; i++ )
    {
        dev_unit[i] = i % cfg->nr_units;
        dev_sid[i] = 0x108 + 0x51 * i;
        if ( cfg->ipmmu && i >= DEVS / 2 )
        {
            dev_unit[i] = RIG_UNITS;
            dev_sid[i] = i;
        }
        devs[i] = rig_device(dev_unit[i], "0000:01:00.0", dev_sid[i]);
    }
    spin_lock_init(&xen_owner.page_lock, LOCK_RANK_DOMPAGE);
    list_init(&xen_owner.page_list);
    xen_owner.max_pages = ~0UL;
    pg = alloc_domain_pages(&xen_owner, 0, 0);
    assert_non_null(pg);
    shared_mfn = page_to_mfn(pg);
    before = heap_free_pages();
    for ( unsigned int i = 0; i < DOMS; i++ )
        create_domain(i);
    return before;
}

static void step(void)
{
    struct dom *dom = &doms[chance(DOMS)];

    switch ( chance(20) )
    {
    case 0:
    case 1:
    case 2:
    case 3:
        step_map(dom);
        break;
    case 4:
        step_map_range(dom);
        break;
    case 5:
    case 6:
    case 7:
    case 8:
    case 9:
        step_remove(dom);
        break;
    case 10:
    case 11:
    case 12:
        step_borrow(dom);
        break;
    case 13:
        step_let_go();
        break;
    case 14:
    case 15:
        step_alias();
        break;
    case 16:
        step_doorbell(dom);
        break;
    case 17:
        step_device(dom);
        break;
    case 18:
        if ( one_in(10) )
            step_reborn();
        break;
    default:
        step_look(dom);
        break;
    }
}

/* Nothing is left in the end but what the machine itself has. */
static void finish(unsigned long before)
{
    for ( unsigned int i = 0; i < DOMS; i++ )
        kill_domain(i);
    for ( unsigned int i = 0; i < LENDS; i++ )
        assert_null(lends[i].pg);
    assert_int_equal(heap_free_pages(), before);
    rig_check();
}

static void random_life(const struct rig_cfg *cfg, uint64_t seed)
{
    unsigned long before = start(cfg);

    printf("seed %#lx\n", seed);
    chance_state = seed;
    for ( unsigned int i = 0; i < ROUNDS; i++ )
        step();
    finish(before);
}

static void random_default(void)
{
    struct rig_cfg cfg = config();

    random_life(&cfg, 0x5eed0001);
}

static void random_bbml1(void)
{
    struct rig_cfg cfg = config();

    cfg.smmu.bbml = 1;
    cfg.smmu.lazy = true;
    cfg.smmu.sync_delay = 5;
    random_life(&cfg, 0x5eed0002);
}

/* Blocks on both sides; 40-bit guests: two root tables side by side. */
static void random_bbml2(void)
{
    struct rig_cfg cfg = config();

    cfg.smmu.bbml = 2;
    cfg.mmfr0 = 2;
    random_life(&cfg, 0x5eed0003);
}

static void random_not_coherent(void)
{
    struct rig_cfg cfg = config();

    cfg.smmu.cohacc = false;
    random_life(&cfg, 0x5eed0004);
}

static void random_bbml2_not_coherent(void)
{
    struct rig_cfg cfg = config();

    cfg.smmu.bbml = 2;
    cfg.smmu.cohacc = false;
    cfg.smmu.strict_order = true;
    cfg.mmfr0 = 5; /* 48 bits */
    random_life(&cfg, 0x5eed0005);
}

static void random_without_ril(void)
{
    struct rig_cfg cfg = config();

    cfg.smmu.ril = false;
    cfg.smmu.cmdqs = 4;
    cfg.mmfr1 = 0; /* 8-bit VMIDs */
    random_life(&cfg, 0x5eed0006);
}

static void random_linear_two_units(void)
{
    struct rig_cfg cfg = config();

    cfg.nr_units = 2;
    cfg.smmu.st_2level = false;
    cfg.smmu.sidsize = 10;
    cfg.smmu.bbml = 2;
    random_life(&cfg, 0x5eed0007);
}

/* Two formats at once: every step is checked in both tables. */
static void random_with_ipmmu(void)
{
    struct rig_cfg cfg = config();

    cfg.ipmmu = true;
    random_life(&cfg, 0x5eed0008);
}

/* ---- cases ---- */

/* RAM of a domain at a gfn, mapped and in the caches of its devices. */
static struct page_info *map_ram(struct dom *dom, uint64_t gfn,
                                 unsigned int order)
{
    struct page_info *pg = fresh(dom, order);
    uint64_t nr = UINT64_C(1) << order;

    assert_int_equal(
        p2m_map_range(dom->d, _gfn(gfn), nr, page_to_mfn(pg), P2M_RAM_RW), 0);
    enter(dom, gfn, nr, mfn_x(page_to_mfn(pg)), P2M_RAM_RW);
    return pg;
}

static struct page_info *borrow(struct dom *dom, struct dom *owner,
                                uint64_t gfn)
{
    struct page_info *pg = fresh(owner, 0);

    assert_true(get_page(pg, owner->d));
    assert_int_equal(
        p2m_add_page(dom->d, _gfn(gfn), page_to_mfn(pg), P2M_GRANT_RW), 0);
    return pg;
}

static void assert_kept(struct page_info *pg, uint64_t nr)
{
    for ( uint64_t i = 0; i < nr; i++ )
    {
        assert_true(pg[i].flags & PGF_QUARANTINED);
        page_release(&pg[i]);
        assert_false(pg[i].flags & PGF_FREE);
    }
}

/*
 * The unit stops answering. What it may still reach stays out of use: every
 * frame of a range, neighbours or not; but no more than that.
 */
static void silent(const struct rig_cfg *cfg)
{
    struct dom *dom = &doms[1], *dom0 = &doms[0];
    struct page_info *scattered[10], *block, *cut_off, *foreign, *apart, *alias;
    unsigned long free_before;
    struct smmuv3_violations v;

    (void)start(cfg);
    rig.at_barrier = NULL;
    assert_int_equal(rig_assign(dom->d, devs[0]), 0);
    assert_int_equal(rig_assign(dom0->d, devs[1]), 0);
    for ( unsigned int i = 0; i < 10; i++ )
    {
        /* with gaps in between, then without; never a neighbour's frame */
        struct page_info *gap = fresh(dom, 1);

        scattered[i] = map_ram(dom, WIN + (i < 6 ? 1 + 2 * i : 10 + i), 0);
        rig_release(gap, 2);
    }
    block = map_ram(dom, WIN + 0x200, 9);
    cut_off = map_ram(dom, WIN + 0x400, 9);
    apart = fresh(dom, 0);
    assert_int_equal(p2m_add_page(dom->d, _gfn(WIN + 0x600), page_to_mfn(apart),
                                  P2M_MMIO_CPU),
                     0);
    foreign = borrow(dom, &doms[2], WIN + 2);
    alias = borrow(dom0, &doms[2], WIN);
    assert_int_equal(p2m_iommu_alias(dom0->d, page_to_mfn(alias), true), 0);
    smmuv3_model_prefetch(rig.model[0], dev_sid[0], WIN << 12, 0x600000);
    smmuv3_model_prefetch(rig.model[dev_unit[1]], dev_sid[1],
                          maddr_x(mfn_to_maddr(page_to_mfn(alias))), 1);
    rig_check();

    for ( unsigned int i = 0; i < cfg->nr_units; i++ )
        smmuv3_model_tune(rig.model[i])->sync_never = true;
    free_before = heap_free_pages();
    assert_int_equal(p2m_unmap_range(dom->d, _gfn(WIN), 32), 0);
    assert_true(dom->d->iommu.lost_sync);
    for ( unsigned int i = 0; i < 10; i++ )
        assert_kept(scattered[i], 1);
    assert_int_equal(foreign->count, 1);
    assert_kept(foreign, 1);
    assert_int_equal(p2m_unmap_range(dom->d, _gfn(WIN + 0x200), 512), 0);
    assert_kept(block, 512);

    /* One page of a block; the others are still the domain's. */
    assert_int_equal(p2m_remove_page(dom->d, _gfn(WIN + 0x411), INVALID_MFN),
                     0);
    assert_kept(cut_off + 0x11, 1);
    assert_false(cut_off[0x10].flags & PGF_QUARANTINED);

    /* What devices never saw is free to go. */
    assert_true(heap_free_pages() <= free_before);
    free_before = heap_free_pages();
    assert_int_equal(p2m_remove_page(dom->d, _gfn(WIN + 0x600), INVALID_MFN),
                     0);
    page_release(apart);
    assert_true(apart->flags & PGF_FREE);
    assert_true(heap_free_pages() > free_before);

    p2m_iommu_unalias(dom0->d, page_to_mfn(alias), true);
    assert_true(alias->flags & PGF_QUARANTINED);

    /* The device stays with the tables, and they with it. */
    assert_int_equal(rig_deassign(devs[0]), -ETIMEDOUT);
    rig_domain_kill(dom->d);
    for ( unsigned int i = 0; i < 512; i++ )
        if ( i != 0x11 )
            assert_kept(cut_off + i, 1);
    for ( unsigned int i = 0; i < cfg->nr_units; i++ )
    {
        v = smmuv3_model_violations(rig.model[i]);
        if ( v.count )
            fail_msg("unit %u: %s", i, v.first);
    }
    assert_int_equal(stage2_violations(rig.cpu), 0);
}

static void silent_unit(void)
{
    struct rig_cfg cfg = config();

    silent(&cfg);
}

static void silent_bbml2(void)
{
    struct rig_cfg cfg = config();

    cfg.smmu.bbml = 2;
    cfg.smmu.ril = false;
    silent(&cfg);
}

/* Entries of devices alone, and the P2M, keep out of each other's way. */
static void nothing_is_replaced(void)
{
    struct rig_cfg cfg = config();
    struct dom *dom = &doms[0];
    struct page_info *pg;
    struct op op = {.dom = dom, .nr = 1, .type = P2M_MMIO_DIRECT, .mfn = MMIO};
    uint64_t at;

    (void)start(&cfg);
    assert_int_equal(rig_assign(dom->d, devs[0]), 0);
    pg = borrow(dom, &doms[1], WIN);
    at = mfn_x(page_to_mfn(pg));
    assert_int_equal(p2m_iommu_alias(dom->d, _mfn(at), true), 0);
    rig.at_barrier = NULL;

    /* The P2M over an alias, and around one. */
    op.gfn = at;
    assert_int_equal(do_set_entry(&op), -EEXIST);
    op.gfn = at & ~UINT64_C(0x1ff);
    op.order = 9;
    assert_int_equal(do_set_entry(&op), -EEXIST);
    op.order = 0;
    op.gfn = at ^ 1;
    assert_int_equal(do_set_entry(&op), 0);
    assert_int_equal(p2m_unmap_range(dom->d, _gfn(at & ~UINT64_C(0x1ff)), 512),
                     0);
    assert_true(
        smmuv3_model_dma(rig.model[0], dev_sid[0], at << 12, true, false).ok);
    assert_false(
        smmuv3_model_dma(rig.model[0], dev_sid[0], (at ^ 1) << 12, true, false)
            .ok);

    /* Rights of an alias: the widest that anyone has. */
    assert_int_equal(p2m_iommu_alias(dom->d, _mfn(at), false), 0);
    p2m_iommu_unalias(dom->d, _mfn(at), true);
    assert_false(
        smmuv3_model_dma(rig.model[0], dev_sid[0], at << 12, true, false).ok);
    assert_true(
        smmuv3_model_dma(rig.model[0], dev_sid[0], at << 12, false, false).ok);
    p2m_iommu_unalias(dom->d, _mfn(at), false);
    rig_check();

    /* An alias, then a doorbell, over the P2M. */
    op.gfn = at;
    assert_int_equal(do_set_entry(&op), 0);
    assert_int_equal(p2m_iommu_alias(dom->d, _mfn(at), true), -EEXIST);
    assert_int_equal(pg->alias_rw, 0);
    op.mfn = DOORBELL_MFN;
    assert_int_equal(do_doorbell(&op), -EEXIST);
    assert_int_equal(p2m_remove_page(dom->d, _gfn(at), INVALID_MFN), 0);

    op.gfn = DOORBELL;
    assert_int_equal(do_doorbell(&op), 0);
    assert_int_equal(do_doorbell(&op), 0);
    op.gfn++;
    assert_int_equal(do_doorbell(&op), -EBUSY);
    op.gfn--;
    assert_int_equal(do_set_entry(&op), -EEXIST);
    assert_int_equal(p2m_unmap_range(dom->d, _gfn(DOORBELL), 64), 0);
    p2m_iommu_unmap_doorbell(dom->d, _gfn(DOORBELL));
    assert_true(
        smmuv3_model_dma(rig.model[0], dev_sid[0], DOORBELL << 12, true, false)
            .ok);
    p2m_iommu_unmap_doorbell(dom->d, _gfn(DOORBELL));
    assert_false(
        smmuv3_model_dma(rig.model[0], dev_sid[0], DOORBELL << 12, true, false)
            .ok);
    rig_check();
}

/* Arguments that no caller should have, and what is too high. */
static void bad_arguments(void)
{
    struct rig_cfg cfg = config();
    struct op op = {.dom = &doms[1],
                    .nr = 1,
                    .type = P2M_MMIO_DIRECT,
                    .mfn = MMIO,
                    .gfn = WIN + 1,
                    .order = 1};

    (void)start(&cfg);
    rig.at_barrier = NULL;
    assert_int_equal(do_set_entry(&op), -EINVAL);
    op.gfn = WIN;
    op.mfn = MMIO + 1;
    assert_int_equal(do_set_entry(&op), -EINVAL);
    op.mfn = MMIO;
    op.type = P2M_GRANT_RW;
    assert_int_equal(do_set_entry(&op), -EINVAL);
    op.type = P2M_TYPE_MAX;
    assert_int_equal(do_set_entry(&op), -EINVAL);
    op.type = P2M_MMIO_DIRECT;
    op.order = MAX_ORDER + 1;
    op.gfn = op.mfn = 0;
    assert_int_equal(do_set_entry(&op), -EINVAL);
    op.order = 0;
    op.gfn = UINT64_C(1) << 32; /* 44 bits */
    assert_int_equal(do_set_entry(&op), -EINVAL);
    assert_int_equal(do_doorbell(&op), -EINVAL);
    op.gfn = WIN;
    op.mfn = UINT64_C(1) << 36; /* 48 bits */
    assert_int_equal(do_set_entry(&op), -EINVAL);
    assert_int_equal(do_remove_page(&op), -ENOENT);
    check_all(&doms[1], WIN, 1);
}

/* A split that failed half-way leaves nothing that cannot be taken away. */
static void failed_split(void)
{
    struct rig_cfg cfg = config();
    struct dom *dom = &doms[1];
    struct page_info *pg;
    unsigned int order;

    cfg.smmu.bbml = 2;
    (void)start(&cfg);
    rig.at_barrier = NULL;
    pg = map_ram(dom, WIN, 9);
    for ( unsigned int n = 1; n < 3; n++ )
    {
        rig.fail_alloc = n;
        assert_int_equal(p2m_remove_page(dom->d, _gfn(WIN + 7), INVALID_MFN),
                         -ENOMEM);
        check_all(dom, WIN, 512);
    }
    (void)p2m_lookup(dom->d, _gfn(WIN + 9), NULL, &order);
    if ( order == 0 )
    {
        rig.fail_alloc = 1;
        assert_int_equal(p2m_remove_page(dom->d, _gfn(WIN + 9), INVALID_MFN),
                         0);
    }
    rig.fail_alloc = 0;
    assert_int_equal(p2m_remove_page(dom->d, _gfn(WIN + 7), INVALID_MFN), 0);

    /* One allocation reference, however often it is dropped. */
    assert_true(get_page(pg + 7, dom->d));
    page_release(pg + 7);
    page_release(pg + 7);
    assert_int_equal(pg[7].count, 1);
    put_page(pg + 7);
    assert_true(pg[7].flags & PGF_FREE);
    rig_check();
}

/* 1000 leaves take eight slices, an interrupt cuts them shorter, and each
 * costs one invalidation. */
static void teardown_in_slices(void)
{
    struct rig_cfg cfg = config();
    struct dom *dom = &doms[1];
    unsigned int slices = 1;
    unsigned long syncs;

    (void)start(&cfg);
    rig.at_barrier = NULL;
    for ( uint64_t i = 0; i < 2000; i += 2 )
    {
        assert_int_equal(p2m_add_page(dom->d, _gfn(WIN + i), _mfn(MMIO + i),
                                      P2M_MMIO_DIRECT),
                         0);
        enter(dom, WIN + i, 1, MMIO + i, P2M_MMIO_DIRECT);
    }
    rig.preempt = true;
    assert_int_equal(p2m_teardown(dom->d), -ERESTART);
    rig.preempt = false;
    syncs = dom->d->p2m.nr_syncs;
    while ( p2m_teardown(dom->d) == -ERESTART )
        slices++;
    assert_int_equal(slices, 8);
    assert_int_equal(dom->d->p2m.nr_syncs - syncs, slices);
    assert_int_equal(p2m_teardown(dom->d), 0);
    left(dom, WIN, 2000);
    check_all(dom, WIN, 2000);
}

/* A page of its own table on either side. */
static int add_apart(struct domain *d, uint64_t n)
{
    return p2m_add_page(d, _gfn(n << 9), _mfn(MMIO + n), P2M_MMIO_DIRECT);
}

/* P5: tables come from the domain's own pool; when it is empty, nobody else
 * and nothing there is the worse for it. */
static void own_pool(void)
{
    struct rig_cfg cfg = config();
    unsigned long before = start(&cfg), heap = heap_free_pages(), full;
    struct domain *d, *other = doms[1].d;
    uint64_t n = 0;
    int rc;

    rig.at_barrier = NULL;
    rig.limited = true;
    d = rig_domain(9);
    full = heap_free_pages();
    while ( !(rc = add_apart(d, n)) && n < 1000 )
        n++;
    assert_int_equal(rc, -ENOMEM);
    assert_true(n > 8);
    assert_int_equal(heap_free_pages(), full);
    assert_true(mfn_eq(p2m_lookup(d, _gfn(n << 9), NULL, NULL), INVALID_MFN));
    assert_int_equal(walk(&d->iommu.dom[0].pgt, n << 21), 0);
    assert_int_equal(add_apart(other, n), 0);
    assert_int_equal(p2m_remove_page(other, _gfn(n << 9), INVALID_MFN), 0);

    rig.preempt = true;
    assert_int_equal(paging_set_size(d, 100 * PAGE_SIZE), -ERESTART);
    rig.preempt = false;
    assert_int_equal(paging_set_size(d, 100 * PAGE_SIZE), 0);
    assert_int_equal(paging_size(d), 100 * PAGE_SIZE);
    assert_int_equal(full - heap_free_pages(), 200); /* two sets of tables */
    assert_int_equal(add_apart(d, n), 0);
    assert_int_equal(paging_set_size(d, 1), -EINVAL);
    assert_int_equal(paging_set_size(d, UINT64_C(1) << 50), -ENOMEM);

    for ( uint64_t i = 0; i <= n; i++ )
        assert_int_equal(p2m_remove_page(d, _gfn(i << 9), INVALID_MFN), 0);
    assert_int_equal(paging_set_size(d, 0), 0);
    assert_int_equal(heap_free_pages(), full);
    for ( uint64_t i = 0; i < n; i++ )
        assert_int_equal(add_apart(d, i), 0);
    rig_domain_kill(d);
    assert_int_equal(heap_free_pages(), heap);
    finish(before);
}

/* What is in use as a table stays. */
static void pool_in_use(void)
{
    struct rig_cfg cfg = config();
    unsigned long before = start(&cfg);
    struct domain *d;

    rig.at_barrier = NULL;
    rig.limited = true;
    d = rig_domain(9);
    assert_int_equal(paging_set_size(d, 100 * PAGE_SIZE), 0);
    for ( uint64_t i = 0; i < 50; i++ )
        assert_int_equal(add_apart(d, i), 0);
    assert_int_equal(paging_set_size(d, 0), -EBUSY);
    assert_int_equal(d->paging.nr_free, 0);
    assert_int_equal(add_apart(d, 50), -ENOMEM);
    rig_domain_kill(d);
    rig.limited = false;
    d = rig_domain(9);
    assert_int_equal(paging_set_size(d, 0), -EINVAL);
    rig_domain_kill(d);
    finish(before);
}

/* VMIDs run out, come back, and are clean when they do. */
static void vmids_run_out(void)
{
    static struct domain *d[256];
    struct rig_cfg cfg = config();
    unsigned int nr = 0;
    unsigned long before;

    cfg.mmfr1 = 0;
    before = start(&cfg);
    while ( (d[nr] = rig_domain((domid_t)nr)) )
        nr++;
    assert_int_equal(nr, 255 - DOMS);
    while ( nr-- )
        rig_domain_kill(d[nr]);
    d[0] = rig_domain(1);
    assert_non_null(d[0]);
    rig_domain_kill(d[0]);
    finish(before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(silent_unit),
        TEST(silent_bbml2),
        TEST(nothing_is_replaced),
        TEST(bad_arguments),
        TEST(failed_split),
        TEST(teardown_in_slices),
        TEST(own_pool),
        TEST(pool_in_use),
        TEST(vmids_run_out),
        /* the long ones last: a mutant ends at the first failure */
        TEST(random_default),
        TEST(random_bbml1),
        TEST(random_bbml2),
        TEST(random_not_coherent),
        TEST(random_bbml2_not_coherent),
        TEST(random_without_ril),
        TEST(random_linear_two_units),
        TEST(random_with_ipmmu),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
