/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-smmuv3.c - the IOMMU core, the page tables and the SMMUv3 driver, as
 * they are, against a model of the unit that forgets nothing by itself. Each
 * test is a process of its own, as the core's lists live as long as a machine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "isolated.h"
#include "iommu-rig.h"

#define RW        (IOMMU_READ | IOMMU_WRITE)
#define ABORTED   (~UINT64_C(0))
#define IOVA(dfn) ((uint64_t)(dfn) << 12)

#define SID_A 0x108U
#define SID_B 0x4210U

static struct smmuv3_model_cfg config(void)
{
    return smmuv3_model_default();
}

static void start(unsigned int nr_units, const struct smmuv3_model_cfg *cfg)
{
    rig_init(nr_units, cfg);
    assert_true(rig_probe());
    rig_check();
}

static struct device *device(unsigned int unit, const char *name, uint32_t sid)
{
    return rig_device(rig.unit[unit], name, 1, &sid);
}

/* ---- a domain's life, on every kind of unit ---- */

/* Fill the model's caches with whatever it could hold. */
static void prefetch(uint32_t sid)
{
    smmuv3_model_prefetch(rig.model[0], sid, IOVA(0x40000), 0x8000);
    smmuv3_model_prefetch(rig.model[0], sid, IOVA(0x40200), 0x200000);
    smmuv3_model_prefetch(rig.model[0], sid, IOVA(0x91200), 0x200000);
    smmuv3_model_prefetch(rig.model[0], sid, IOVA(0xbffff), 0x1000);
}

static void use_domain(struct domain *d, struct device *dev, uint32_t sid)
{
    /* 4 KiB, 2 MiB and 1 GiB, read-write, read-only and registers. */
    assert_int_equal(rig_map(d, 0x40000, 0x90000, 0, RW), 0);
    assert_int_equal(rig_map(d, 0x40001, 0x95001, 0, IOMMU_READ), 0);
    assert_int_equal(rig_map(d, 0x40002, 0x08090, 0, RW | IOMMU_MMIO), 0);
    assert_int_equal(rig_map(d, 0x40200, 0xa0000, 9, RW), 0);
    assert_int_equal(rig_map(d, 0x80000, 0x140000, 18, RW), 0);
    assert_int_equal(rig_map(d, 0x40003, 0x90003, 0, 0), 0);

    assert_true(rig_dma(0, sid, IOVA(0x40000), false) == ABORTED);
    rig_softirqs();
    assert_int_equal(rig_assign(d, dev), 0);
    rig_check();

    assert_true(rig_dma(0, sid, IOVA(0x40000) + 0x10, true) == 0x90000010);
    assert_true(rig_dma(0, sid, IOVA(0x40001), false) == 0x95001000);
    assert_true(rig_dma(0, sid, IOVA(0x40001), true) == ABORTED);
    assert_true(rig_dma(0, sid, IOVA(0x40002) + 0x40, true) == 0x08090040);
    assert_true(rig_dma(0, sid, IOVA(0x40003), false) == ABORTED);
    assert_true(rig_dma(0, sid, IOVA(0x40345), true) == 0xa0145000);
    assert_true(rig_dma(0, sid, IOVA(0x91234), true) == UINT64_C(0x151234000));
    rig_softirqs();
    assert_int_equal(dev->faults.first_iova, IOVA(0x40001));
    assert_int_equal(dev->faults.last_iova, IOVA(0x40003));

    /* Taken away is gone, though the unit had it cached. */
    prefetch(sid);
    assert_int_equal(rig_unmap(d, 0x40000, 0), 0);
    assert_true(rig_dma(0, sid, IOVA(0x40000), false) == ABORTED);
    smmuv3_model_freed(rig.model[0], 0x90000000, 0x1000);
    rig_check();

    /* A piece out of the middle of blocks; their rest stays. */
    prefetch(sid);
    assert_int_equal(rig_unmap(d, 0x40345, 0), 0);
    assert_true(rig_dma(0, sid, IOVA(0x40345), false) == ABORTED);
    assert_true(rig_dma(0, sid, IOVA(0x40346), true) == 0xa0146000);
    assert_int_equal(rig_unmap(d, 0x91200, 9), 0);
    assert_true(rig_dma(0, sid, IOVA(0x91234), true) == ABORTED);
    assert_true(rig_dma(0, sid, IOVA(0x91400), true) == UINT64_C(0x151400000));
    rig_softirqs();
    rig_check();

    /* Another frame in the same place: the old one is not reached. */
    assert_int_equal(rig_map(d, 0x40000, 0x97000, 0, RW), 0);
    assert_true(rig_dma(0, sid, IOVA(0x40000), true) == 0x97000000);

    /* Large ranges, with the tables below them; a block over a table. */
    prefetch(sid);
    assert_int_equal(rig_unmap(d, 0x80000, 18), 0);
    assert_true(rig_dma(0, sid, IOVA(0x91400), true) == ABORTED);
    assert_int_equal(rig_unmap(d, 0x40200, 9), 0);
    prefetch(sid);
    assert_int_equal(rig_map(d, 0x40200, 0xc0000, 9, RW), 0);
    assert_true(rig_dma(0, sid, IOVA(0x40345), true) == 0xc0145000);
    rig_softirqs();
    rig_check();

    /* One page, and the two tables that held nothing else. */
    assert_int_equal(rig_map(d, 0x1000000, 0x98000, 0, RW), 0);
    assert_true(rig_dma(0, sid, IOVA(0x1000000), true) == 0x98000000);
    assert_int_equal(rig_unmap(d, 0x1000000, 0), 0);
    assert_true(rig_dma(0, sid, IOVA(0x1000000), true) == ABORTED);
    rig_softirqs();
    rig_check();

    /* And back to nothing. */
    prefetch(sid);
    assert_int_equal(rig_deassign(dev), 0);
    assert_true(rig_dma(0, sid, IOVA(0x40000), false) == ABORTED);
    rig_softirqs();
    rig_check();
}

static void life(const struct smmuv3_model_cfg *cfg)
{
    unsigned int free_before, free_after, empty;
    struct device *dev;
    struct domain *d;

    start(1, cfg);
    dev = device(0, "0000:01:01.0", SID_A);
    smmuv3_model_watch_sid(rig.model[0], SID_A);

    free_before = rig_free_pages();
    for ( unsigned int round = 0; round < 3; round++ )
    {
        d = rig_domain((domid_t)(round + 1));
        assert_non_null(d);

        /* Tables that a mapping needed go with it. */
        empty = rig_free_pages();
        assert_int_equal(rig_map(d, 0x40000, 1, 0, IOMMU_READ), 0);
        assert_true(rig_free_pages() < empty);
        assert_int_equal(rig_unmap(d, 0x40000, 0), 0);
        assert_true(rig_free_pages() == empty);

        use_domain(d, dev, SID_A);
        assert_false(d->iommu.lost_sync);
        rig_domain_free(d);
    }
    free_after = rig_free_pages();
    assert_int_equal(free_before, free_after);
    rig_check();
    rig_exit();
}

static void life_default(void)
{
    struct smmuv3_model_cfg cfg = config();

    life(&cfg);
}

static void life_without_ril(void)
{
    struct smmuv3_model_cfg cfg = config();

    cfg.ril = false;
    life(&cfg);
}

static void life_linear(void)
{
    struct smmuv3_model_cfg cfg = config();

    cfg.st_2level = false;
    cfg.sidsize = 10;
    life(&cfg);
}

static void life_not_coherent(void)
{
    struct smmuv3_model_cfg cfg = config();

    /* Queues that wrap within an operation, and longer than a line. */
    cfg.cohacc = false;
    cfg.cmdqs = 3;
    cfg.eventqs = 2;
    life(&cfg);
}

static void life_strict_order(void)
{
    struct smmuv3_model_cfg cfg = config();

    cfg.strict_order = true;
    life(&cfg);
}

static void life_slow(void)
{
    struct smmuv3_model_cfg cfg = config();

    cfg.lazy = true;
    cfg.sync_delay = 50;
    cfg.ack_delay = 20;
    cfg.cmdqs = 1;
    cfg.eventqs = 2;
    cfg.ril = false;
    life(&cfg);
}

static void life_bbml2(void)
{
    struct smmuv3_model_cfg cfg = config();

    cfg.bbml = 2;
    life(&cfg);
}

static void life_nested_unit(void)
{
    struct smmuv3_model_cfg cfg = config();

    cfg.s2p = cfg.vmid16 = cfg.hyp = cfg.stall = true;
    cfg.gbpa = false;
    cfg.asid16 = false;
    life(&cfg);
}

/* Ranges of every size, with and without range commands. */
static void ranges(bool ril)
{
    struct smmuv3_model_cfg cfg = config();
    struct device *dev;
    struct domain *d;

    cfg.ril = ril;
    cfg.bbml = 2; /* blocks are blocks */
    start(1, &cfg);
    dev = device(0, "dev", SID_A);
    d = rig_domain(1);
    assert_int_equal(rig_map(d, 0x40200, 0x91000, 0, RW), 0);
    assert_int_equal(rig_assign(d, dev), 0);
    for ( unsigned int nr = 1; nr < 130; nr = nr * 5 / 4 + 1 )
    {
        for ( unsigned int i = 0; i < nr; i++ )
            assert_int_equal(rig_map(d, 0x40201 + i, 0x92000 + i, 0, RW), 0);
        smmuv3_model_prefetch(rig.model[0], SID_A, IOVA(0x40200), IOVA(nr + 1));
        assert_int_equal(rig_unmap_pages(d, 0x40201, nr, false), 0);
        for ( unsigned int i = 0; i < nr; i++ )
            assert_true(rig_dma(0, SID_A, IOVA(0x40201 + i), true) == ABORTED);
        assert_true(rig_dma(0, SID_A, IOVA(0x40200), true) == 0x91000000);
        rig_softirqs();
        rig_check();
    }

    /* Leaves of two sizes together: 513 and 515 pages, no level to tell. */
    for ( unsigned int nr = 1; nr <= 3; nr += 2 )
    {
        assert_int_equal(rig_map(d, 0x403fc, 0x92000, 2, RW), 0);
        assert_int_equal(rig_map(d, 0x40400, 0x94000, 9, RW), 0);
        smmuv3_model_prefetch(rig.model[0], SID_A, IOVA(0x403fc), IOVA(0x204));
        assert_int_equal(rig_unmap_pages(d, 0x40400 - nr, nr, true), 0);
        for ( unsigned int i = 0x40400 - nr; i < 0x40600; i++ )
            assert_true(rig_dma(0, SID_A, IOVA(i), true) == ABORTED);
        assert_true(rig_dma(0, SID_A, IOVA(0x403fc), true) == 0x92000000);
        rig_softirqs();
        rig_check();
        assert_int_equal(rig_unmap(d, 0x403fc, 2), 0);
    }
    rig_exit();
}

static void ranges_with_ril(void)
{
    ranges(true);
}

static void ranges_without_ril(void)
{
    ranges(false);
}

/* ---- what a unit sees while an entry is written ---- */

static struct {
    uint64_t *ste, before[8], seen[32][8];
    unsigned int nr;
} entry;

static void see_entry(void)
{
    assert_true(entry.nr < 32);
    memcpy(entry.seen[entry.nr++], entry.ste, 64);
}

static void watch_entry(void)
{
    memcpy(entry.before, entry.ste, 64);
    entry.nr = 0;
    rig.visible = see_entry;
}

/* Old, then aborting, then new: never a mixture. */
static void judge_entry(void)
{
    rig.visible = NULL;
    assert_true(entry.nr);
    for ( unsigned int i = 0; i < entry.nr; i++ )
    {
        const uint64_t *seen = entry.seen[i];
        bool aborts = !(seen[0] & 1) || !(seen[0] & 0xe);

        assert_true(aborts || !memcmp(seen, entry.before, 64) ||
                    !memcmp(seen, entry.ste, 64));
    }
}

static void entries_never_mixed(void)
{
    struct smmuv3_model_cfg cfg = config();
    struct device *dev;
    struct domain *d;

    cfg.stall = true;
    start(1, &cfg);
    dev = device(0, "dev", SID_A);
    d = rig_domain(1);
    entry.ste = rig_ste(SID_A);

    watch_entry();
    assert_int_equal(rig_assign(d, dev), 0);
    judge_entry();
    /* V, stage 1; S1STALLD, as this unit could stall. */
    assert_int_equal(entry.ste[0] & 0xf, 0xb);
    assert_int_equal(entry.ste[1] >> 27 & 1, 1);

    watch_entry();
    spin_lock(&device_lock);
    rig.unit[0]->ops->cut_off(rig.unit[0], SID_A);
    spin_unlock(&device_lock);
    judge_entry();
    assert_int_equal(entry.ste[0], 1);

    watch_entry();
    assert_int_equal(rig_deassign(dev), 0);
    judge_entry();
    assert_int_equal(entry.ste[0] & 1, 0);

    assert_int_equal(rig_assign(d, dev), 0);
    watch_entry();
    assert_int_equal(rig_deassign(dev), 0);
    judge_entry();
    rig_check();
    rig_exit();
}

/* ---- probe ---- */

static void unknown_streams_abort(void)
{
    struct smmuv3_model_cfg cfg = config();

    /* Firmware left it on, and letting everything through. */
    rig_init(1, &cfg);
    smmuv3_model_write(rig.model[0], 0x80, 8, 0);
    smmuv3_model_forgive(rig.model[0]);
    assert_true(smmuv3_model_dma_uncached(rig.model[0], 5, 0, true, false).ok);

    assert_true(rig_probe());
    for ( uint32_t sid = 0; sid < 0x10000; sid += 0x777 )
        assert_true(rig_dma(0, sid, IOVA(sid), true) == ABORTED);
    rig_expect_line("unknown device");
    rig_softirqs();
    assert_non_null(strstr(rig.found, "sid"));
    rig_check();
    rig_exit();
}

static void refused_units_abort(void)
{
    struct smmuv3_model_cfg cfg = config();

    cfg.s1p = false;
    rig_init(1, &cfg);
    rig_expect_line("refused");
    assert_false(rig_probe());
    assert_non_null(strstr(rig.found, "IDR0.S1P"));
    assert_false(iommu_present());
    assert_true(rig_dma(0, 5, IOVA(5), true) == ABORTED);
    rig_exit();
}

/* ---- isolation ---- */

static void two_domains(void)
{
    struct smmuv3_model_cfg cfg = config();
    struct device *a, *b;
    struct domain *d1, *d2;

    start(1, &cfg);
    a = device(0, "a", SID_A);
    b = device(0, "b", SID_B);
    d1 = rig_domain(1);
    d2 = rig_domain(2);
    assert_int_equal(rig_map(d1, 0x40000, 0x91000, 9, RW), 0);
    assert_int_equal(rig_map(d2, 0x40000, 0xa2000, 9, RW), 0);
    assert_int_equal(rig_assign(d1, a), 0);
    assert_int_equal(rig_assign(d2, b), 0);
    assert_int_equal(rig_assign(d2, a), -EBUSY);

    assert_true(rig_dma(0, SID_A, IOVA(0x40005), true) == 0x91005000);
    assert_true(rig_dma(0, SID_B, IOVA(0x40005), true) == 0xa2005000);

    /* An invalidation for one is none for the other, and is enough. */
    assert_int_equal(rig_unmap(d2, 0x40000, 9), 0);
    assert_true(rig_dma(0, SID_B, IOVA(0x40005), true) == ABORTED);
    assert_true(rig_dma(0, SID_A, IOVA(0x40005), true) == 0x91005000);
    rig_check();

    /* Handed over: nothing of the first owner remains. */
    assert_int_equal(rig_deassign(a), 0);
    assert_int_equal(rig_assign(d2, a), 0);
    assert_true(rig_dma(0, SID_A, IOVA(0x40005), true) == ABORTED);
    rig_softirqs();
    rig_check();
    assert_int_equal(rig_deassign(a), 0);
    assert_int_equal(rig_deassign(b), 0);
    rig_domain_free(d1);
    rig_domain_free(d2);
    rig_check();
    rig_exit();
}

static void two_units(void)
{
    struct smmuv3_model_cfg cfg = config();
    struct device *a, *b;
    struct domain *d;

    start(2, &cfg);
    a = device(0, "a", SID_A);
    b = device(1, "b", SID_A);
    d = rig_domain(1);
    assert_int_equal(rig_map(d, 0x40000, 0x91000, 9, RW), 0);
    assert_int_equal(rig_assign(d, a), 0);
    assert_true(rig_dma(1, SID_A, IOVA(0x40005), true) == ABORTED);
    assert_int_equal(rig_assign(d, b), 0);
    assert_true(rig_dma(0, SID_A, IOVA(0x40005), true) == 0x91005000);
    assert_true(rig_dma(1, SID_A, IOVA(0x40005), true) == 0x91005000);

    assert_int_equal(rig_unmap(d, 0x40004, 2), 0);
    assert_true(rig_dma(0, SID_A, IOVA(0x40005), true) == ABORTED);
    assert_true(rig_dma(1, SID_A, IOVA(0x40005), true) == ABORTED);
    rig_softirqs();
    rig_check();

    assert_int_equal(rig_deassign(a), 0);
    assert_true(rig_dma(1, SID_A, IOVA(0x40009), true) == 0x91009000);
    assert_int_equal(rig_deassign(b), 0);
    rig_domain_free(d);
    rig_check();
    rig_exit();
}

/* Two functions behind one bridge: one StreamID, one owner. */
static void groups_move_together(void)
{
    static const uint32_t many[] = {0x300, 0x301, SID_A};
    struct smmuv3_model_cfg cfg = config();
    struct device *a, *b, *c;
    struct domain *d1, *d2;

    start(1, &cfg);
    a = device(0, "a", SID_A);
    b = device(0, "b", 0x301);
    c = rig_device(rig.unit[0], "c", 3, many);
    d1 = rig_domain(1);
    d2 = rig_domain(2);
    assert_int_equal(rig_map(d1, 0x40000, 0x91000, 0, RW), 0);
    assert_int_equal(rig_assign(d1, a), 0);
    assert_ptr_equal(b->owner, d1);
    assert_ptr_equal(c->owner, d1);
    assert_int_equal(rig_assign(d1, b), 0);
    assert_int_equal(rig_assign(d2, c), -EBUSY);
    assert_true(rig_dma(0, 0x300, IOVA(0x40000), true) == 0x91000000);
    assert_true(rig_dma(0, 0x301, IOVA(0x40000), true) == 0x91000000);

    assert_int_equal(rig_deassign(b), 0);
    assert_null(a->owner);
    assert_null(c->owner);
    assert_true(rig_dma(0, 0x300, IOVA(0x40000), true) == ABORTED);
    rig_domain_free(d1);
    rig_domain_free(d2);
    rig_softirqs();
    rig_check();
    rig_exit();
}

/* ---- limits ---- */

static void asids_run_out(void)
{
    struct smmuv3_model_cfg cfg = config();
    struct domain *d[257];
    struct device *dev[257];

    cfg.asid16 = false;
    start(1, &cfg);
    for ( unsigned int i = 1; i < 257; i++ )
    {
        char name[16];

        snprintf(name, sizeof(name), "dev%u", i);
        dev[i] = device(0, name, i);
        d[i] = rig_domain((domid_t)i);
        assert_non_null(d[i]);
        rig_expect_line("ASIDs are in use");
        assert_int_equal(rig_assign(d[i], dev[i]), i < 256 ? 0 : -ENOSPC);
    }
    assert_non_null(strstr(rig.found, "255"));
    assert_null(dev[256]->owner);
    rig_check();

    /* The freed one carries nothing of its first life. */
    assert_int_equal(rig_map(d[7], 0x40000, 0x91000, 0, RW), 0);
    assert_true(rig_dma(0, 7, IOVA(0x40000), true) == 0x91000000);
    assert_int_equal(rig_deassign(dev[7]), 0);
    assert_int_equal(rig_assign(d[256], dev[256]), 0);
    assert_true(rig_dma(0, 256, IOVA(0x40000), true) == ABORTED);
    rig_softirqs();
    rig_check();
    rig_exit();
}

static void out_of_reach(void)
{
    struct smmuv3_model_cfg cfg = config();
    struct device *dev;
    struct domain *d;

    cfg.oas = 36;
    start(1, &cfg);
    dev = device(0, "dev", SID_A);
    d = rig_domain(1);

    /* Not this unit's domain: left out. Then it cannot become it. */
    assert_int_equal(rig_map(d, 0x40000, UINT64_C(1) << 24, 0, RW), 0);
    rig_expect_line("36-bit output");
    assert_int_equal(rig_assign(d, dev), -ERANGE);
    assert_string_not_equal(rig.found, "");
    assert_null(dev->owner);
    rig_domain_free(d);

    /* Input: refused while a device would have to miss it. */
    d = rig_domain(2);
    assert_int_equal(rig_assign(d, dev), 0);
    assert_int_equal(rig_map(d, UINT64_C(1) << 36, 0x90000, 0, RW), -ERANGE);
    assert_int_equal(rig_unmap(d, UINT64_C(1) << 36, 0), 0);
    rig_check();
    rig_exit();
}

/* Whichever allocation fails, the device stays where it was. */
static void no_memory_to_attach(void)
{
    struct smmuv3_model_cfg cfg = config();
    struct device *dev;
    struct domain *d;
    unsigned int before, after, n;
    int rc = -ENOMEM;

    start(1, &cfg);
    dev = device(0, "dev", SID_A);
    d = rig_domain(1);
    assert_int_equal(rig_map(d, 0x40000, 0x91000, 0, RW), 0);
    for ( n = 1; rc; n++ )
    {
        before = rig_free_pages();
        rig.fail_alloc = n;
        rc = rig_assign(d, dev);
        if ( !rc )
            break;
        assert_int_equal(rc, -ENOMEM);
        after = rig_free_pages();
        assert_int_equal(before, after);
        assert_null(dev->owner);
        assert_true(rig_dma(0, SID_A, IOVA(0x40000), true) == ABORTED);
    }
    assert_true(n > 2);
    rig.fail_alloc = 0;
    assert_true(rig_dma(0, SID_A, IOVA(0x40000), true) == 0x91000000);
    rig_softirqs();
    rig_check();

    for ( n = 1; n < 10; n++ )
    {
        before = rig_free_pages();
        rig.fail_alloc = n;
        rc = rig_map(d, 0x12345000, 0x92000, 0, RW);
        if ( !rc )
            break;
        assert_int_equal(rc, -ENOMEM);
        after = rig_free_pages();
        assert_int_equal(before, after);
    }
    assert_true(n > 1 && !rc);
    rig_exit();
}

/* ---- the command queue ---- */

static void queue_wraps_and_fills(void)
{
    struct smmuv3_model_cfg cfg = config();
    struct device *dev;
    struct domain *d;

    cfg.ril = false;
    cfg.lazy = true;
    cfg.cmdqs = 2;
    start(1, &cfg);
    dev = device(0, "dev", SID_A);
    d = rig_domain(1);
    assert_int_equal(rig_assign(d, dev), 0);
    for ( unsigned int i = 0; i < 40; i++ )
    {
        /* 32 pages: 32 commands through four slots. */
        assert_int_equal(rig_map(d, 0x40000, 0x91000, 5, RW), 0);
        smmuv3_model_prefetch(rig.model[0], SID_A, IOVA(0x40000), 0x20000);
        assert_int_equal(rig_unmap(d, 0x40000, 5), 0);
        assert_true(rig_dma(0, SID_A, IOVA(0x40000) + i * 0x400, false) ==
                    ABORTED);
        rig_softirqs();
        rig_check();
    }
    rig_exit();
}

static void rejected_command(void)
{
    struct smmuv3_model_cfg cfg = config();
    struct device *dev;
    struct domain *d;

    start(1, &cfg);
    dev = device(0, "dev", SID_A);
    d = rig_domain(1);
    assert_int_equal(rig_assign(d, dev), 0);
    assert_int_equal(rig_map(d, 0x40000, 0x91000, 5, RW), 0);
    assert_true(rig_dma(0, SID_A, IOVA(0x40000), true) == 0x91000000);

    /* Once: reported, and what it should have done is done. */
    rig_expect_line("CERROR_ILL");
    rig.damage_commands = 1;
    assert_int_equal(rig_unmap(d, 0x40000, 0), 0);
    assert_string_not_equal(rig.found, "");
    assert_int_equal(rig.nr_rejected, 1);
    rig.nr_rejected = 0;
    assert_true(rig_dma(0, SID_A, IOVA(0x40000), true) == ABORTED);
    rig_check();

    /* For ever: an error, and the frames are kept. */
    assert_true(rig_dma(0, SID_A, IOVA(0x40001), true) == 0x91001000);
    rig.damage_commands = 2;
    assert_int_equal(rig_unmap(d, 0x40001, 0), -EIO);
    assert_int_equal(rig.nr_rejected, 2);
    rig.nr_rejected = 0;
    assert_true(d->iommu.lost_sync);

    /* Until the unit listens again: that makes up for it. */
    assert_int_equal(rig_unmap(d, 0x40002, 0), 0);
    assert_true(rig_dma(0, SID_A, IOVA(0x40001), true) == ABORTED);
    rig_softirqs();
    rig_check();
    rig_exit();
}

static void silent_unit(void)
{
    struct smmuv3_model_cfg cfg = config();
    struct device *dev;
    struct domain *d;
    unsigned int tables;
    int64_t before;

    cfg.lazy = true;
    start(1, &cfg);
    dev = device(0, "dev", SID_A);
    d = rig_domain(1);
    assert_int_equal(rig_assign(d, dev), 0);
    assert_int_equal(rig_map(d, 0x40000, 0x91000, 9, RW), 0);
    assert_int_equal(rig_map(d, 0x40200, 0x93000, 0, RW), 0);
    assert_true(rig_dma(0, SID_A, IOVA(0x40200), true) == 0x93000000);

    smmuv3_model_tune(rig.model[0])->sync_never = true;
    rig_expect_line("no answer");
    before = unit_rig.now;
    assert_int_equal(rig_unmap(d, 0x40200, 0), -ETIMEDOUT);
    assert_string_not_equal(rig.found, "");
    assert_in_range(unit_rig.now - before, 90000000, 200000000);
    assert_true(d->iommu.lost_sync);

    /* Its table was not given back: the unit may be in it. */
    tables = d->iommu.dom[0].pgt.stats.quarantined;
    assert_int_equal(tables, 1);

    /* The next one does not wait as long again. */
    before = unit_rig.now;
    assert_int_equal(rig_unmap(d, 0x40000, 9), -ETIMEDOUT);
    assert_true(unit_rig.now - before < 1000000);
    assert_int_equal(rig_deassign(dev), -ETIMEDOUT);
    assert_null(dev->owner);

    /* It wakes up: everything that was lost is made good. */
    smmuv3_model_tune(rig.model[0])->sync_never = false;
    for ( unsigned int i = 0; i < 100; i++ )
        smmuv3_model_tick(rig.model[0]);
    dev = device(0, "other", SID_B);
    assert_true(rig_dma(0, SID_A, IOVA(0x40000), true) == ABORTED);
    rig_softirqs();
    rig_check();

    /* The dead domain's tables stay for ever. */
    tables = rig_free_pages();
    rig_domain_free(d);
    assert_true(rig_free_pages() == tables);
    rig_check();
    rig_exit();
}

/* ---- events ---- */

static void fault_line(void)
{
    struct smmuv3_model_cfg cfg = config();
    struct device *dev;
    struct domain *d;

    start(1, &cfg);
    dev = device(0, "pcie@40000000", 0x41);
    d = rig_domain(2);
    assert_int_equal(rig_map(d, 0x40000, 0x91000, 0, IOMMU_READ), 0);
    assert_int_equal(rig_assign(d, dev), 0);

    assert_true(rig_dma(0, 0x41, UINT64_C(0x812345678), true) == ABORTED);
    rig_expect_line("iova");
    rig_softirqs();
    assert_string_equal(rig.found + 2,
                        "smmuv3 9000000: sid 0x41 (d2 pcie@40000000) iova "
                        "0x8_1234_5678 write: translation, level 1 "
                        "(F_TRANSLATION)\n");
    assert_true(rig_dma(0, 0x41, IOVA(0x40000), true) == ABORTED);
    rig_expect_line("iova");
    rig_softirqs();
    assert_string_equal(rig.found + 2,
                        "smmuv3 9000000: sid 0x41 (d2 pcie@40000000) iova "
                        "0x4000_0000 write: permission, level 3 "
                        "(F_PERMISSION)\n");
    assert_true(rig_dma(0, 0x41, 0, false) == ABORTED);
    rig_expect_line("iova");
    rig_softirqs();
    assert_non_null(strstr(rig.found, "iova 0x0 read: translation"));
    assert_int_equal(dev->faults.nr, 3);
    assert_int_equal(dev->faults.first_iova, UINT64_C(0x812345678));

    assert_int_equal(rig_deassign(dev), 0);
    assert_true(rig_dma(0, 0x41, IOVA(0x40000), true) == ABORTED);
    rig_expect_line("C_BAD_STE");
    rig_softirqs();
    assert_string_equal(rig.found + 2,
                        "smmuv3 9000000: sid 0x41 (no domain pcie@40000000): "
                        "not assigned (C_BAD_STE)\n");
    rig_check();
    rig_exit();
}

/* Every record there is, and those there are not, by their numbers. */
static void every_record(void)
{
    static const struct {
        uint64_t type;
        const char *name;
    } records[] = {
        {0x01, "F_UUT"},
        {0x02, "C_BAD_STREAMID"},
        {0x03, "F_STE_FETCH"},
        {0x04, "C_BAD_STE"},
        {0x05, "F_BAD_ATS_TREQ"},
        {0x06, "F_STREAM_DISABLED"},
        {0x07, "F_TRANSL_FORBIDDEN"},
        {0x08, "C_BAD_SUBSTREAMID"},
        {0x09, "F_CD_FETCH"},
        {0x0a, "C_BAD_CD"},
        {0x0b, "F_WALK_EABT"},
        {0x10, "F_TRANSLATION"},
        {0x11, "F_ADDR_SIZE"},
        {0x12, "F_ACCESS"},
        {0x13, "F_PERMISSION"},
        {0x20, "F_TLB_CONFLICT"},
        {0x21, "F_CFG_CONFLICT"},
        {0x24, "E_PAGE_REQUEST"},
        {0x25, "F_VMS_FETCH"},
        {0x00, "unknown event"},
        {0x14, "unknown event"},
        {0xff, "unknown event"},
    };
    struct smmuv3_model_cfg cfg = config();

    start(1, &cfg);
    for ( unsigned int i = 0; i < sizeof(records) / sizeof(records[0]); i++ )
    {
        uint64_t *record = rig_event_slot(i);

        record[0] = records[i].type | (uint64_t)(0x1000 + i) << 32;
        record[1] = ~UINT64_C(0);
        record[2] = ~UINT64_C(0);
        record[3] = ~UINT64_C(0);
        rig.fake_events = i + 1;
        unit_rig.now += SECONDS(60);
        rig_expect_line("sid");
        unit_rig.softirq = true;
        /* Once: the unit does not know of our records' end. */
        rig_softirqs();
        assert_non_null(strstr(rig.found, records[i].name));
    }
    rig_exit();
}

/* A unit that reports every word: one line for the buffer, not for each. */
static void burst(void)
{
    struct smmuv3_model_cfg cfg = config();
    unsigned int before;
    struct device *dev;
    struct domain *d;

    start(1, &cfg);
    dev = device(0, "dev", SID_A);
    d = rig_domain(1);
    assert_int_equal(rig_assign(d, dev), 0);
    before = rig.nr_lines;
    for ( unsigned int target = 0; target < 15; target++ )
    {
        for ( uint64_t at = 0; at < 0x200; at += 4 )
            assert_true(rig_dma(0, SID_A, IOVA(0x40000 + target) + at, true) ==
                        ABORTED);
        rig_softirqs();
    }
    assert_int_equal(rig.nr_lines - before, 15);
    assert_int_equal(dev->faults.nr, 15 * 128);

    /* When it has gone on for a while, it is said again, and how often. */
    unit_rig.now += SECONDS(10);
    rig_expect_line("more faults not shown");
    assert_true(rig_dma(0, SID_A, IOVA(0x40000 + 14), true) == ABORTED);
    rig_softirqs();
    assert_non_null(strstr(rig.found, "1905 more"));
    assert_int_equal(rig.nr_lines - before, 17);
    rig_check();
    rig_exit();
}

static void storm(void)
{
    struct smmuv3_model_cfg cfg = config();
    struct device *bad, *good;
    struct domain *d, *d2;
    unsigned int before;
    bool recorded = true;

    start(1, &cfg);
    bad = device(0, "bad", SID_A);
    good = device(0, "good", SID_B);
    d = rig_domain(1);
    d2 = rig_domain(2);
    assert_int_equal(rig_map(d, 0x40000, 0x91000, 0, RW), 0);
    assert_int_equal(rig_map(d2, 0x40000, 0xa1000, 0, RW), 0);
    assert_int_equal(rig_assign(d, bad), 0);
    assert_int_equal(rig_assign(d2, good), 0);

    before = rig.nr_lines;
    rig_expect_line("cut off");
    for ( unsigned int i = 0; i < 1000000 && recorded; i++ )
    {
        struct smmuv3_dma_result r = smmuv3_model_dma(
            rig.model[0], SID_A, 0x1000 + i * UINT64_C(4), true, false);

        assert_false(r.ok);
        /* Overflows are part of it. */
        if ( i % 200 == 199 )
        {
            rig_softirqs();
            recorded = !bad->cut_off;
        }
    }
    rig_softirqs();
    assert_non_null(strstr(rig.found, "bad"));
    assert_true(bad->cut_off);
    assert_true(rig.nr_lines - before < 200);
    assert_true(bad->faults.nr > 1000);

    /* Silent from now on, whatever it does; the other does not notice. */
    before = rig.nr_lines;
    for ( unsigned int i = 0; i < 1000; i++ )
    {
        assert_true(rig_dma(0, SID_A, IOVA(0x40000), true) == ABORTED);
        assert_true(rig_dma(0, SID_B, IOVA(0x40000), true) == 0xa1000000);
        rig_softirqs();
    }
    assert_int_equal(before, rig.nr_lines);
    assert_false(good->cut_off);

    /* A new owner gets a working device. */
    assert_int_equal(rig_deassign(bad), 0);
    assert_int_equal(rig_assign(d2, bad), 0);
    assert_false(bad->cut_off);
    assert_true(rig_dma(0, SID_A, IOVA(0x40000), true) == 0xa1000000);
    rig_check();
    rig_exit();
}

/* Slowly, but for ever: not cut off, yet ever fewer lines. */
static void trickle(void)
{
    struct smmuv3_model_cfg cfg = config();
    unsigned int before;
    struct device *dev;
    struct domain *d;

    start(1, &cfg);
    dev = device(0, "dev", SID_A);
    d = rig_domain(1);
    assert_int_equal(rig_assign(d, dev), 0);
    rig_expect_line("cut off");
    before = rig.nr_lines;
    for ( unsigned int i = 0; i < 20000; i++ )
    {
        /* Another page each time: no burst. */
        assert_true(rig_dma(0, SID_A, IOVA(i), true) == ABORTED);
        unit_rig.now += MILLISECS(100);
        rig_softirqs();
    }
    assert_string_equal(rig.found, "");
    assert_false(dev->cut_off);
    assert_true(rig.nr_lines - before < 400);
    rig_check();
    rig_exit();
}

/* The same from a stream that is no device's. */
static void stray_storm(void)
{
    struct smmuv3_model_cfg cfg = config();
    unsigned int i;

    start(1, &cfg);
    rig_expect_line("cut off");
    for ( i = 0; i < 100000 && !rig.found[0]; i++ )
    {
        assert_false(smmuv3_model_dma(rig.model[0], 0x7777, i, true, false).ok);
        rig_softirqs();
    }
    assert_non_null(strstr(rig.found, "unknown device"));
    assert_false(
        smmuv3_model_dma(rig.model[0], 0x7777, 0, true, false).recorded);
    assert_true(rig.nr_lines < 200);
    rig_check();
    rig_exit();
}

static void overflow(void)
{
    struct smmuv3_model_cfg cfg = config();
    struct device *dev;

    cfg.eventqs = 3;
    start(1, &cfg);
    dev = device(0, "dev", SID_A);
    for ( unsigned int round = 0; round < 3; round++ )
    {
        for ( unsigned int i = 0; i < 1000; i++ )
            assert_true(rig_dma(0, SID_A, i, true) == ABORTED);
        rig_expect_line("overflow");
        rig_softirqs();
        assert_string_not_equal(rig.found, "");
        /* Acknowledged: OVFLG and OVACKFLG are the same again. */
        assert_false((smmuv3_model_read(rig.model[0], 0x100a8, 4) ^
                      smmuv3_model_read(rig.model[0], 0x100ac, 4)) >>
                     31);
        assert_int_equal(dev->faults.nr, 8 + 9 * round);
        /* Room again, and the interrupt with it. */
        assert_true(rig_dma(0, SID_A, 0, true) == ABORTED);
        assert_true(unit_rig.softirq);
        rig_softirqs();
        assert_int_equal(dev->faults.nr, 9 + 9 * round);
    }
    rig_check();
    rig_exit();
}

/* Each global error is named, answered, and survived. */
static void global_errors(void)
{
    static const struct {
        uint32_t bit;
        const char *text;
    } errors[] = {
        {2, "event queue write failed"}, {3, "page request queue"},
        {4, "MSI of the command queue"}, {5, "MSI of the event queue"},
        {6, "MSI of the page request"},  {7, "MSI of global errors"},
        {8, "service failure mode"},
    };
    struct smmuv3_model_cfg cfg = config();

    start(1, &cfg);
    for ( unsigned int i = 0; i < sizeof(errors) / sizeof(errors[0]); i++ )
    {
        rig.fake_gerror = 1U << errors[i].bit;
        rig.gerrorn = 0;
        unit_rig.softirq = true;
        rig_expect_line(errors[i].text);
        rig_softirqs();
        assert_string_not_equal(rig.found, "");
        assert_int_equal(rig.gerrorn, rig.fake_gerror);
    }
    rig.fake_gerror = 0;
    rig_check();
    rig_exit();
}

static void combined_interrupt(void)
{
    struct smmuv3_model_cfg cfg = config();
    struct device *dev;

    rig_init(1, &cfg);
    rig.combined = true;
    assert_true(rig_probe());
    dev = device(0, "dev", SID_A);
    assert_true(rig_dma(0, SID_A, 0, true) == ABORTED);
    assert_true(unit_rig.softirq);
    rig_softirqs();
    assert_int_equal(dev->faults.nr, 1);
    rig_check();
    rig_exit();
}

/* Bypass is asked for by name, and said aloud. */
static void command_line(void)
{
    struct smmuv3_model_cfg cfg = config();
    struct device *dev;
    struct domain *d;

    rig_init(1, &cfg);
    assert_int_equal(rig_option("force,verbose"), 0);
    assert_true(iommu_enabled);
    assert_int_equal(rig_option("sometimes"), -EINVAL);
    assert_int_equal(rig_option("verbose,,"), 0);
    assert_int_equal(rig_option(NULL), 0);
    assert_true(iommu_enabled);
    assert_int_equal(rig_option("0,verbose"), 0);
    assert_false(iommu_enabled);

    rig_expect_line("NOT isolated");
    assert_false(rig_probe());
    assert_string_not_equal(rig.found, "");
    assert_false(iommu_present());
    assert_true(smmuv3_model_dma(rig.model[0], 5, 0x1000, true, false).ok);

    /* Devices still find their owners, without tables. */
    dev = rig_device(NULL, "dev", 0, NULL);
    d = rig_domain(3);
    assert_int_equal(rig_map(d, 0x40000, 0x91000, 0, RW), 0);
    assert_int_equal(rig_assign(d, dev), 0);
    assert_ptr_equal(dev->owner, d);
    assert_int_equal(rig_unmap(d, 0x40000, 0), 0);
    assert_int_equal(rig_deassign(dev), 0);
    rig_domain_free(d);
    rig_exit();
}

/* No unit sees it: a domU does not get it, dom0 does, and it is said. */
static void uncovered_device(void)
{
    struct smmuv3_model_cfg cfg = config();
    struct device *dev;
    struct domain *d;

    start(1, &cfg);
    dev = rig_device(NULL, "dev", 0, NULL);
    d = rig_domain(1);
    rig_expect_line("no IOMMU covers it");
    assert_int_equal(rig_assign(d, dev), -ENODEV);
    assert_string_not_equal(rig.found, "");
    d->is_hardware = true;
    rig_expect_line("reaches all memory");
    assert_int_equal(rig_assign(d, dev), 0);
    assert_string_not_equal(rig.found, "");
    assert_int_equal(rig_deassign(dev), 0);
    assert_int_equal(rig_deassign(dev), -ENOENT);
    rig_domain_free(d);
    rig_exit();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(life_default),
        TEST(life_without_ril),
        TEST(life_linear),
        TEST(life_not_coherent),
        TEST(life_strict_order),
        TEST(life_slow),
        TEST(life_bbml2),
        TEST(life_nested_unit),
        TEST(ranges_with_ril),
        TEST(ranges_without_ril),
        TEST(entries_never_mixed),
        TEST(unknown_streams_abort),
        TEST(refused_units_abort),
        TEST(two_domains),
        TEST(two_units),
        TEST(groups_move_together),
        TEST(asids_run_out),
        TEST(out_of_reach),
        TEST(no_memory_to_attach),
        TEST(queue_wraps_and_fills),
        TEST(rejected_command),
        TEST(silent_unit),
        TEST(fault_line),
        TEST(every_record),
        TEST(burst),
        TEST(storm),
        TEST(trickle),
        TEST(stray_storm),
        TEST(overflow),
        TEST(global_errors),
        TEST(combined_interrupt),
        TEST(command_line),
        TEST(uncovered_device),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
