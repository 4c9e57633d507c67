/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-iommu-audit.c - the audit finds each kind of difference when a table is
 * broken on purpose, one descriptor at a time, and nothing before and after.
 * (test-p2m-iommu.c runs it after every random step.) Descriptors are found and
 * broken here by the manual's layout, DDI 0487 D8.3.1; nothing of the code
 * under test is used for it. Each test is a process of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "isolated.h"
#include "p2m-rig.h"

#include <proxenos.h>

#define ADDR UINT64_C(0xfffffffff000)
#define NONE (~UINT64_C(0))

/* Where the domain has what. */
#define RAM      UINT64_C(0x40000) /* pages, then a block at + 0x200 */
#define BLOCK    (RAM + 0x200)
#define ROM      UINT64_C(0x41000)
#define REGS     UINT64_C(0x42000)
#define BAR      UINT64_C(0x42100)
#define GICV     UINT64_C(0x42200)
#define GRANT    UINT64_C(0x42300) /* read-only, then read-write */
#define SHARED   UINT64_C(0x42400)
#define DOORBELL UINT64_C(0x50000)
#define LONELY   UINT64_C(0x3000000) /* with tables of its own */
#define MMIO_MFN UINT64_C(0x1000000)
#define BELL_MFN UINT64_C(0x08090)
#define NR_RAM   24U
#define NR_DEV   (NR_RAM + 512 + 1 + 1 + 1 + 2 + 2 + 1 + 1)

static struct domain *d, *lender;
static struct page_info *pages, *block, *rom, *lonely, *lent, *idle;

static uint64_t mfn_of(const struct page_info *pg)
{
    return mfn_x(page_to_mfn(pg));
}

static void add(uint64_t gfn, uint64_t mfn, enum p2m_type type)
{
    assert_int_equal(p2m_add_page(d, _gfn(gfn), _mfn(mfn), type), 0);
}

static void lend_page(struct page_info *pg, uint64_t gfn, bool write)
{
    assert_true(get_page(pg, lender));
    add(gfn, mfn_of(pg), write ? P2M_GRANT_RW : P2M_GRANT_RO);
    assert_int_equal(p2m_iommu_alias(d, page_to_mfn(pg), write), 0);
}

static void start(unsigned int bbml)
{
    struct rig_cfg cfg = {
        .smmu = smmuv3_model_default(),
        .nr_units = 1,
        .mmfr0 = 4, /* 44 bits */
        .mmfr1 = 2 << 4,
    };

    cfg.smmu.bbml = bbml;
    cfg.smmu.oas = 44;
    rig_init(&cfg);
    d = rig_domain(0);
    lender = rig_domain(2);
    d->direct_mapped = true;
    pages = alloc_domain_pages(d, 9, 0);
    block = alloc_domain_pages(d, 9, 0);
    rom = alloc_domain_pages(d, 0, 0);
    lonely = alloc_domain_pages(d, 0, 0);
    lent = alloc_domain_pages(lender, 1, 0);
    idle = alloc_domain_pages(lender, 0, 0);
    assert_true(pages && block && rom && lonely && lent && idle);

    for ( unsigned int i = 0; i < NR_RAM; i++ )
        add(RAM + i, mfn_of(pages) + i, P2M_RAM_RW);
    assert_int_equal(
        p2m_map_range(d, _gfn(BLOCK), 512, page_to_mfn(block), P2M_RAM_RW), 0);
    add(ROM, mfn_of(rom), P2M_RAM_RO);
    add(REGS, MMIO_MFN, P2M_MMIO_DIRECT);
    add(BAR, MMIO_MFN + 1, P2M_MMIO_DIRECT_NC);
    add(GICV, MMIO_MFN + 2, P2M_MMIO_CPU);
    add(SHARED, mfn_of(pages) + NR_RAM, P2M_XEN_SHARED);
    add(LONELY, mfn_of(lonely), P2M_RAM_RW);
    lend_page(lent, GRANT, false);
    lend_page(lent + 1, GRANT + 1, true);
    assert_int_equal(p2m_iommu_map_doorbell(d, _gfn(DOORBELL), _mfn(BELL_MFN)),
                     0);
}

/* ---- the whole audit ---- */

static struct px_audit sum;
static unsigned int nr_slices;

static void audit(void)
{
    struct px_audit a = {.table = 0};

    memset(&sum, 0, sizeof(sum));
    nr_slices = 0;
    do
    {
        uint64_t from = a.gfn;

        assert_int_equal(iommu_audit(d, &a), 0);
        assert_true(a.gfn > from);
        assert_int_equal(!!a.differences, !!a.what);
        if ( a.differences && !sum.differences )
        {
            sum.what = a.what;
            sum.bad_gfn = a.bad_gfn;
            sum.cpu_mfn = a.cpu_mfn;
            sum.iommu_mfn = a.iommu_mfn;
        }
        sum.compared += a.compared;
        sum.differences += a.differences;
        nr_slices++;
        assert_true(nr_slices < 10000);
    } while ( !(a.flags & PX_AUDIT_DONE) );
}

static void expect_clean(uint64_t nr)
{
    audit();
    if ( sum.differences )
        fail_msg("%lu differences, first %u at gfn %#lx", sum.differences,
                 sum.what, sum.bad_gfn);
    assert_int_equal(sum.compared, nr);
}

/* ---- breaking ---- */

static const struct pgt *cpu(void)
{
    return &d->p2m.pgt;
}

static const struct pgt *dev(void)
{
    return &d->iommu.dom[0].pgt;
}

/* The descriptor of a frame, at most @level levels down. */
static uint64_t *desc_at(const struct pgt *pgt, uint64_t gfn,
                         unsigned int level)
{
    unsigned int l = pgt->start_level;
    uint64_t *at = maddr_to_virt(pgt->root_ma);

    at += gfn >> (27 - 9 * l);
    while ( l < level && (*at & 3) == 3 )
    {
        l++;
        at = maddr_to_virt(_maddr(*at & ADDR));
        at += gfn >> (27 - 9 * l) & 511;
    }
    return at;
}

struct difference {
    unsigned int what;
    uint64_t gfn, nr, cpu_mfn, iommu_mfn;
};

/* One descriptor changes, is found, and changes back. */
static void broken(uint64_t *at, uint64_t value, struct difference want)
{
    uint64_t was = *at;

    assert_true(was != value);
    *at = value;
    audit();
    *at = was;
    if ( sum.what != want.what || sum.bad_gfn != want.gfn ||
         sum.differences != want.nr || sum.cpu_mfn != want.cpu_mfn ||
         sum.iommu_mfn != want.iommu_mfn )
        fail_msg("%#lx for %#lx: found %u at %#lx, %lu frames, CPU %#lx, IOMMU "
                 "%#lx; not %u at %#lx, %lu, %#lx, %#lx",
                 value, was, sum.what, sum.bad_gfn, sum.differences,
                 sum.cpu_mfn, sum.iommu_mfn, want.what, want.gfn, want.nr,
                 want.cpu_mfn, want.iommu_mfn);
    audit();
    assert_int_equal(sum.differences, 0);
}

/* A page of both tables, at the frame that the P2M says. */
static void broken_page(const struct pgt *pgt, uint64_t gfn, uint64_t flip,
                        unsigned int what)
{
    uint64_t *at = desc_at(pgt, gfn, 3);
    uint64_t mfn = (*at & ADDR) >> 12;

    broken(at, *at ^ flip, (struct difference){what, gfn, 1, mfn, mfn});
}

/* ---- of what devices see ---- */

static void rights(void)
{
    start(0);
    expect_clean(NR_DEV);
    /* AP[2] bit 7, AttrIndx 4:2, UXN 54 and PXN 53. */
    broken_page(dev(), RAM + 3, 1U << 7, PX_AUDIT_FEWER_RIGHTS);
    broken_page(dev(), ROM, 1U << 7, PX_AUDIT_MORE_RIGHTS);
    broken_page(dev(), REGS, 1U << 7, PX_AUDIT_FEWER_RIGHTS);
    broken_page(dev(), GRANT, 1U << 7, PX_AUDIT_MORE_RIGHTS);
    broken_page(dev(), GRANT + 1, 1U << 7, PX_AUDIT_FEWER_RIGHTS);
    broken_page(dev(), RAM, 1U << 2, PX_AUDIT_OTHER_MEMTYPE);
    broken_page(dev(), REGS, 3U << 2, PX_AUDIT_OTHER_MEMTYPE);
    broken_page(dev(), BAR, 2U << 2, PX_AUDIT_OTHER_MEMTYPE);
    broken_page(dev(), REGS, UINT64_C(3) << 53, PX_AUDIT_MORE_RIGHTS);
    broken_page(dev(), RAM, UINT64_C(3) << 53, PX_AUDIT_FEWER_RIGHTS);
    /* PXN alone, AF, SH, nG, AP[1], NS, a reserved bit; contiguous. */
    broken_page(dev(), RAM, UINT64_C(1) << 53, PX_AUDIT_MALFORMED);
    broken_page(dev(), RAM, 1U << 10, PX_AUDIT_MALFORMED);
    broken_page(dev(), RAM, 1U << 8, PX_AUDIT_MALFORMED);
    broken_page(dev(), RAM, 1U << 11, PX_AUDIT_MALFORMED);
    broken_page(dev(), RAM, 1U << 6, PX_AUDIT_MALFORMED);
    broken_page(dev(), RAM, 1U << 5, PX_AUDIT_MALFORMED);
    broken_page(dev(), RAM, UINT64_C(1) << 48, PX_AUDIT_MALFORMED);
}

/* An invalid or reserved descriptor translates nothing. */
static void not_a_descriptor(void)
{
    uint64_t *at, mfn;

    start(0);
    at = desc_at(dev(), RAM + 7, 3);
    mfn = (*at & ADDR) >> 12;
    broken(at, *at & ~UINT64_C(1),
           (struct difference){PX_AUDIT_MALFORMED, RAM + 7, 1, mfn, NONE});
    broken(at, *at & ~UINT64_C(2),
           (struct difference){PX_AUDIT_MALFORMED, RAM + 7, 1, mfn, NONE});
    /* One of 16 says that it goes with its neighbours. */
    broken(at, *at | UINT64_C(1) << 52,
           (struct difference){PX_AUDIT_MALFORMED, RAM + 7, 1, mfn, mfn});
}

static void frames(void)
{
    uint64_t *at, mfn = 0;

    start(0);
    at = desc_at(dev(), RAM + 5, 3);
    mfn = mfn_of(pages) + 5;
    broken(at, *at ^ 0x1000,
           (struct difference){PX_AUDIT_OTHER_FRAME, RAM + 5, 1, mfn, mfn ^ 1});
    broken(at, 0,
           (struct difference){PX_AUDIT_NOT_IN_IOMMU, RAM + 5, 1, mfn, NONE});
    /* What was taken away from the guest, and not from its devices. */
    at = desc_at(dev(), RAM + NR_RAM, 3);
    broken(at, *desc_at(dev(), RAM, 3),
           (struct difference){PX_AUDIT_NOT_IN_P2M, RAM + NR_RAM, 1, NONE,
                               mfn_of(pages)});
    /* What is the CPU's alone. */
    at = desc_at(dev(), GICV, 3);
    broken(at, (*desc_at(dev(), REGS, 3) & ~ADDR) | (MMIO_MFN + 2) << 12,
           (struct difference){PX_AUDIT_MORE_RIGHTS, GICV, 1, MMIO_MFN + 2,
                               MMIO_MFN + 2});
}

/* A table is a leaf's worth of tables; the P2M has a block beside them. */
static void tables(unsigned int bbml)
{
    uint64_t *at, first, table;

    start(bbml);
    expect_clean(NR_DEV);
    first = mfn_of(block);
    at = desc_at(dev(), BLOCK, 2);
    broken(at, 0,
           (struct difference){PX_AUDIT_NOT_IN_IOMMU, BLOCK, 512, first, NONE});
    at = desc_at(dev(), LONELY, 1);
    broken(at, 0,
           (struct difference){PX_AUDIT_NOT_IN_IOMMU, LONELY, 1, mfn_of(lonely),
                               NONE});
    at = desc_at(dev(), LONELY, 2);
    /* A table that is no RAM, and one that limits what is below it. */
    table = *at;
    *at = 0x8090003;
    audit();
    *at = table;
    assert_int_equal(sum.what, PX_AUDIT_MALFORMED);
    assert_int_equal(sum.differences, 512);
    *at = table | UINT64_C(1) << 62;
    audit();
    *at = table;
    assert_int_equal(sum.what, PX_AUDIT_MALFORMED);
    expect_clean(NR_DEV);
}

static void tables_of_pages(void)
{
    uint64_t *at, mfn;

    tables(0);
    /* One page of those that stand for the P2M's block. */
    at = desc_at(dev(), BLOCK + 0x155, 3);
    mfn = mfn_of(block) + 0x155;
    assert_int_equal(*at & 3, 3);
    broken(at, *at ^ 0x1000,
           (struct difference){PX_AUDIT_OTHER_FRAME, BLOCK + 0x155, 1, mfn,
                               mfn ^ 1});
}

/* The P2M's block becomes the pages that it consists of; one is wrong. */
static void split_by_hand(uint64_t *at)
{
    static const unsigned int wrong = 0x123;
    uint64_t *table = alloc_xen_pages(0), was = *at;

    for ( unsigned int i = 0; i < 512; i++ )
        table[i] = (was | 2) + i * UINT64_C(0x1000);
    *at = maddr_x(virt_to_maddr(table)) | 3;
    expect_clean(NR_DEV);
    broken(&table[wrong], table[wrong] ^ 0x1000,
           (struct difference){PX_AUDIT_OTHER_FRAME, BLOCK + wrong, 1,
                               (mfn_of(block) + wrong) ^ 1,
                               mfn_of(block) + wrong});
    *at = was;
    free_xen_pages(table, 0);
}

static void tables_of_blocks(void)
{
    uint64_t *at, mfn, leaf;

    tables(2);
    at = desc_at(dev(), BLOCK, 3);
    assert_int_equal(*at & 3, 1);
    mfn = mfn_of(block);
    broken(
        at, *at + 0x200000,
        (struct difference){PX_AUDIT_OTHER_FRAME, BLOCK, 512, mfn, mfn + 512});
    broken(at, *at | 1U << 7,
           (struct difference){PX_AUDIT_FEWER_RIGHTS, BLOCK, 512, mfn, mfn});
    /* Address bits that a block does not have. */
    broken(at, *at | 0x1000,
           (struct difference){PX_AUDIT_MALFORMED, BLOCK, 512, mfn, mfn + 1});

    /* The same where the CPU has pages: one of them is another's. */
    split_by_hand(desc_at(cpu(), BLOCK, 2));

    /* A block over the P2M's pages, right where there are some. */
    at = desc_at(dev(), RAM, 2);
    leaf = (*desc_at(dev(), BLOCK, 3) & ~ADDR) | mfn_of(pages) << 12;
    broken(at, leaf,
           (struct difference){PX_AUDIT_NOT_IN_P2M, RAM + NR_RAM, 512 - NR_RAM,
                               NONE, mfn_of(pages) + NR_RAM});
}

/* Runs of 16 that count as one: one of them differs from its neighbours. */
static void contiguous(void)
{
    uint64_t *at;

    start(2);
    expect_clean(NR_DEV);
    for ( unsigned int i = 0; i < 16; i++ )
        *desc_at(dev(), RAM + i, 3) |= UINT64_C(1) << 52;
    expect_clean(NR_DEV);
    at = desc_at(dev(), RAM + 9, 3);
    *at ^= 0x1000;
    audit();
    *at ^= 0x1000;
    assert_int_equal(sum.what, PX_AUDIT_MALFORMED);
    assert_int_equal(sum.differences, 16);
    assert_int_equal(sum.bad_gfn, RAM);
    *at ^= UINT64_C(1) << 52;
    audit();
    assert_int_equal(sum.what, PX_AUDIT_MALFORMED);
    assert_int_equal(sum.differences, 15);
}

/* ---- of what the CPU sees ---- */

static void cpu_side(void)
{
    uint64_t *at, mfn;

    start(0);
    mfn = mfn_of(pages) + 5;
    at = desc_at(cpu(), RAM + 5, 3);
    broken(at, 0,
           (struct difference){PX_AUDIT_NOT_IN_P2M, RAM + 5, 1, NONE, mfn});
    broken(at, *at ^ 0x1000,
           (struct difference){PX_AUDIT_OTHER_FRAME, RAM + 5, 1, mfn ^ 1, mfn});
    /* S2AP, MemAttr, XN: not what the type means. */
    broken_page(cpu(), RAM + 5, 1U << 7, PX_AUDIT_MALFORMED);
    broken_page(cpu(), ROM, 1U << 7, PX_AUDIT_MALFORMED);
    broken_page(cpu(), RAM + 5, 1U << 2, PX_AUDIT_MALFORMED);
    broken_page(cpu(), RAM + 5, UINT64_C(1) << 54, PX_AUDIT_MALFORMED);
    broken_page(cpu(), RAM + 5, 1U << 10, PX_AUDIT_MALFORMED);
    /* No type: 0, and one past the last, in bits 58:55. */
    broken_page(cpu(), RAM + 5, (uint64_t)P2M_RAM_RW << 55, PX_AUDIT_MALFORMED);
    broken_page(cpu(), RAM + 5, (uint64_t)(P2M_RAM_RW ^ P2M_TYPE_MAX) << 55,
                PX_AUDIT_MALFORMED);
    /* Another type, whole: read-only, of others, the CPU's alone. */
    broken_page(cpu(), RAM + 5,
                (uint64_t)(P2M_RAM_RW ^ P2M_RAM_RO) << 55 | 1U << 7,
                PX_AUDIT_MORE_RIGHTS);
    broken_page(cpu(), ROM, (uint64_t)(P2M_RAM_RW ^ P2M_RAM_RO) << 55 | 1U << 7,
                PX_AUDIT_FEWER_RIGHTS);
    broken_page(cpu(), REGS, (uint64_t)(P2M_MMIO_DIRECT ^ P2M_MMIO_CPU) << 55,
                PX_AUDIT_MORE_RIGHTS);
    /* Frames with references are single: a block of them is nobody's. */
    at = desc_at(cpu(), BLOCK, 3);
    assert_int_equal(*at & 3, 1);
    broken(at, *at ^ (uint64_t)(P2M_RAM_RW ^ P2M_FOREIGN_RW) << 55,
           (struct difference){PX_AUDIT_MALFORMED, BLOCK, 512, mfn_of(block),
                               mfn_of(block)});
}

/* ---- what only devices see ---- */

static void aliases(void)
{
    uint64_t ro, rw, *at, leaf;

    start(0);
    ro = mfn_of(lent);
    rw = ro + 1;
    at = desc_at(dev(), ro, 3);
    broken(at, 0, (struct difference){PX_AUDIT_NOT_IN_IOMMU, ro, 1, ro, NONE});
    /* Found twice: where devices have it, and where the grant is mapped. */
    broken(at, *at ^ 1U << 7,
           (struct difference){PX_AUDIT_MORE_RIGHTS, ro, 2, ro, ro});
    broken(at, *at ^ 0x1000,
           (struct difference){PX_AUDIT_OTHER_FRAME, ro, 2, ro, ro ^ 1});
    at = desc_at(dev(), rw, 3);
    leaf = *at;
    broken(at, *at ^ 1U << 7,
           (struct difference){PX_AUDIT_FEWER_RIGHTS, rw, 2, rw, rw});
    /* A frame of the same owner that was not granted. */
    at = desc_at(dev(), mfn_of(idle), 3);
    broken(at, (leaf & ~ADDR) | mfn_of(idle) << 12,
           (struct difference){PX_AUDIT_NOT_IN_P2M, mfn_of(idle), 1, NONE,
                               mfn_of(idle)});

    /* Gone with the mapping, it is a hole again. */
    p2m_iommu_unalias(d, _mfn(ro), false);
    expect_clean(NR_DEV - 1);
    at = desc_at(dev(), ro, 3);
    broken(at, (leaf & ~ADDR) | ro << 12,
           (struct difference){PX_AUDIT_NOT_IN_P2M, ro, 1, NONE, ro});
    p2m_iommu_unalias(d, _mfn(rw), true);
    assert_int_equal(d->p2m.nr_aliases, 0);
    expect_clean(NR_DEV - 2);
}

/* Over a page of ours that the CPU has there, too. */
static void alias_below_shared_page(void)
{
    uint64_t mfn, *at;

    start(0);
    mfn = mfn_of(idle);
    add(mfn, mfn_of(pages) + NR_RAM, P2M_XEN_SHARED);
    assert_int_equal(p2m_iommu_alias(d, _mfn(mfn), false), 0);
    expect_clean(NR_DEV + 1);
    at = desc_at(dev(), mfn, 3);
    broken(at, *at ^ 1U << 7,
           (struct difference){PX_AUDIT_MORE_RIGHTS, mfn, 1,
                               mfn_of(pages) + NR_RAM, mfn});
}

static void doorbell(void)
{
    uint64_t *at, leaf;

    start(0);
    at = desc_at(dev(), DOORBELL, 3);
    leaf = *at;
    broken(at, 0,
           (struct difference){PX_AUDIT_NOT_IN_IOMMU, DOORBELL, 1, NONE, NONE});
    broken(at, *at ^ 0x1000,
           (struct difference){PX_AUDIT_OTHER_FRAME, DOORBELL, 1, NONE,
                               BELL_MFN ^ 1});
    broken(at, *at ^ 1U << 7,
           (struct difference){PX_AUDIT_FEWER_RIGHTS, DOORBELL, 1, NONE,
                               BELL_MFN});
    broken(at, *at ^ 3U << 2,
           (struct difference){PX_AUDIT_OTHER_MEMTYPE, DOORBELL, 1, NONE,
                               BELL_MFN});
    p2m_iommu_unmap_doorbell(d, _gfn(DOORBELL));
    expect_clean(NR_DEV - 1);
    /* The way to it may have gone with it. */
    assert_int_equal(
        p2m_iommu_map_doorbell(d, _gfn(DOORBELL + 1), _mfn(BELL_MFN)), 0);
    expect_clean(NR_DEV);
    at = desc_at(dev(), DOORBELL, 3);
    broken(
        at, leaf,
        (struct difference){PX_AUDIT_NOT_IN_P2M, DOORBELL, 1, NONE, BELL_MFN});
}

/* ---- reach, slices, domains without ---- */

static void out_of_reach(void)
{
    struct rig_cfg cfg = {
        .smmu = smmuv3_model_default(),
        .nr_units = 1,
        .mmfr0 = 4,
        .mmfr1 = 2 << 4,
    };
    uint64_t far = UINT64_C(1) << (40 - 12), low = far - 1;

    cfg.smmu.oas = 40;
    rig_init(&cfg);
    d = rig_domain(1);
    add(RAM, low, P2M_MMIO_DIRECT);
    expect_clean(1);
    add(RAM + 1, far, P2M_MMIO_DIRECT);
    expect_clean(1);
    /* It is known, or else it is a difference. */
    d->iommu.dom[0].out_of_reach = false;
    audit();
    assert_int_equal(sum.what, PX_AUDIT_NOT_IN_IOMMU);
    assert_int_equal(sum.bad_gfn, RAM + 1);
    /* And what is within reach is not excused. */
    d->iommu.dom[0].out_of_reach = true;
    broken(desc_at(dev(), RAM, 3), 0,
           (struct difference){PX_AUDIT_NOT_IN_IOMMU, RAM, 1, low, NONE});
}

static void slices(void)
{
    unsigned int whole, preempted;

    start(0);
    expect_clean(NR_DEV);
    whole = nr_slices;
    /* The holes of 44 bits are not looked at frame by frame. */
    assert_true(whole < 4);
    rig.preempt = true;
    expect_clean(NR_DEV);
    preempted = nr_slices;
    assert_true(preempted > 5 * whole && preempted < 100);
    rig.preempt = false;

    /* A long one ends by itself. */
    for ( uint64_t i = 0; i < 5000; i++ )
        add(0x100000 + i, MMIO_MFN + 0x1000 + i * 3, P2M_MMIO_DIRECT);
    expect_clean(NR_DEV + 5000);
    assert_true(nr_slices >= 3);
}

static void without_tables(void)
{
    struct px_audit a = {.table = 1};

    start(0);
    assert_int_equal(iommu_audit(d, &a), -ENOENT);
    a.table = 0;
    a.gfn = UINT64_MAX;
    assert_int_equal(iommu_audit(d, &a), 0);
    assert_int_equal(a.flags, PX_AUDIT_DONE);
    assert_int_equal(a.compared, 0);
    d->iommu.enabled = false;
    a.gfn = 0;
    assert_int_equal(iommu_audit(d, &a), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rights),
        TEST(not_a_descriptor),
        TEST(frames),
        TEST(tables_of_pages),
        TEST(tables_of_blocks),
        TEST(contiguous),
        TEST(cpu_side),
        TEST(aliases),
        TEST(alias_below_shared_page),
        TEST(doorbell),
        TEST(out_of_reach),
        TEST(slices),
        TEST(without_tables),
    };

    isolated_end = rig_check;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
