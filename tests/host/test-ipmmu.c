/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-ipmmu.c - the IOMMU core, the page tables and the IPMMU driver, as they
 * are, against a model of root and leaves that forgets nothing by itself. Each
 * test is a process of its own, as the core's lists live as long as a machine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "isolated.h"
#include "ipmmu-rig.h"

#include <proxenos.h>

#define RW        (IOMMU_READ | IOMMU_WRITE)
#define ABORTED   (~UINT64_C(0))
#define IOVA(dfn) ((uint64_t)(dfn) << 12)
#define PA(mfn)   ((uint64_t)(mfn) << 12)

/* ipmmu.c's; it has no caller yet. */
int ipmmu_resume(void);

static void start(const struct rig_cfg *cfg)
{
    rig_init(cfg);
    assert_true(rig_probe());
    rig_check();
}

static void start_default(void)
{
    struct rig_cfg cfg = rig_default();

    start(&cfg);
}

static void reaches_nothing(unsigned int leaf, unsigned int utlb)
{
    assert_true(rig_dma(leaf, utlb, IOVA(0x40000), false) == ABORTED);
    assert_true(rig_dma(leaf, utlb, IOVA(0x40000), true) == ABORTED);
    assert_true(rig_dma(leaf, utlb, RIG_RAM, true) == ABORTED);
}

static void reaches(unsigned int leaf, unsigned int utlb, uint64_t mfn)
{
    assert_true(rig_dma(leaf, utlb, IOVA(0x40000) + 0x10, true) ==
                PA(mfn) + 0x10);
}

/* A domain with one page at dfn 0x40000. */
static struct domain *small_domain(domid_t id, uint64_t mfn)
{
    struct domain *d = rig_domain(id);

    assert_non_null(d);
    assert_int_equal(rig_map(d, 0x40000, mfn, 0, RW), 0);
    return d;
}

static void end_domain(struct domain *d)
{
    assert_int_equal(rig_unmap(d, 0x40000, 0), 0);
    rig_domain_free(d);
}

/* ---- a domain's life ---- */

static void prefetch(unsigned int leaf, unsigned int utlb)
{
    ipmmu_model_prefetch(rig.model, leaf, utlb, IOVA(0x40000), 0x8000);
    ipmmu_model_prefetch(rig.model, leaf, utlb, IOVA(0x40200), 0x200000);
}

static void use_domain(struct domain *d, struct device *dev, unsigned int leaf,
                       unsigned int utlb)
{
    assert_int_equal(rig_map(d, 0x40000, 0x510000, 0, RW), 0);
    assert_int_equal(rig_map(d, 0x40001, 0x510001, 0, IOMMU_READ), 0);
    assert_int_equal(rig_map(d, 0x40002, 0x0e6700, 0, RW | IOMMU_MMIO), 0);
    assert_int_equal(rig_map(d, 0x40200, 0x520200, 9, RW), 0);
    reaches_nothing(leaf, utlb);
    rig_softirqs();

    assert_int_equal(rig_assign(d, dev), 0);
    rig_check();
    reaches(leaf, utlb, 0x510000);
    assert_true(rig_dma(leaf, utlb, IOVA(0x40001), false) == PA(0x510001));
    assert_true(rig_dma(leaf, utlb, IOVA(0x40001), true) == ABORTED);
    assert_true(rig_dma(leaf, utlb, IOVA(0x40002), true) == PA(0x0e6700));
    assert_true(rig_dma(leaf, utlb, IOVA(0x40345), true) == PA(0x520345));
    rig_softirqs();

    /* Taken away is gone, though it was cached. */
    prefetch(leaf, utlb);
    assert_int_equal(rig_unmap(d, 0x40000, 0), 0);
    assert_true(rig_dma(leaf, utlb, IOVA(0x40000), false) == ABORTED);
    ipmmu_model_freed(rig.model, PA(0x510000), 0x1000);
    assert_int_equal(rig_unmap(d, 0x40345, 0), 0);
    ipmmu_model_freed(rig.model, PA(0x520345), 0x1000);
    assert_true(rig_dma(leaf, utlb, IOVA(0x40345), false) == ABORTED);
    assert_true(rig_dma(leaf, utlb, IOVA(0x40346), true) == PA(0x520346));
    rig_softirqs();
    rig_check();

    /* What is mapped where a fault was is seen, with nothing to flush. */
    assert_int_equal(rig_map(d, 0x40000, 0x511000, 0, RW), 0);
    reaches(leaf, utlb, 0x511000);

    /* Gone with all it had cached. */
    prefetch(leaf, utlb);
    assert_int_equal(rig_deassign(dev), 0);
    reaches_nothing(leaf, utlb);
    ipmmu_model_freed(rig.model, PA(0x511000), 0x1000);
    rig_softirqs();
    rig_check();

    assert_int_equal(rig_unmap(d, 0x40000, 10), 0);
    assert_false(d->iommu.lost_sync);
}

static void life(const struct rig_cfg *cfg)
{
    unsigned int free_before;
    struct device *dev;
    struct domain *d;

    start(cfg);
    dev = rig_device("mmc@ee100000", 2, 32);
    free_before = rig_free_pages();
    for ( unsigned int round = 0; round < 20; round++ )
    {
        d = rig_domain((domid_t)(round + 1));
        assert_non_null(d);
        use_domain(d, dev, 2, 32);
        rig_domain_free(d);
    }
    assert_int_equal(free_before, rig_free_pages());
    rig_check();
    rig_exit();
}

static void life_gen3(void)
{
    struct rig_cfg cfg = rig_default();

    life(&cfg);
}

static void life_gen4(void)
{
    struct rig_cfg cfg = rig_default();

    cfg.model.gen4 = true;
    cfg.model.stage2 = true;
    cfg.prr.product = 0x5a;
    life(&cfg);
}

static void life_slow(void)
{
    struct rig_cfg cfg = rig_default();

    cfg.model.flush_delay = 30;
    life(&cfg);
}

/* ---- probe ---- */

static void any_order(void)
{
    struct rig_cfg cfg = rig_default();

    cfg.root_last = true;
    start(&cfg);
    reaches_nothing(1, 3);
    rig_exit();
}

static void root_missing(void)
{
    struct rig_cfg cfg = rig_default();

    cfg.no_root = true;
    rig_init(&cfg);
    assert_false(rig_probe());
    assert_false(iommu_present());
    rig_exit();
}

/* The micro-TLBs of a leaf that nobody starts stay as they are: it is named. */
static void disabled_leaf(void)
{
    struct rig_cfg cfg = rig_default();

    cfg.model.nr_leaves = 3;
    cfg.disabled = 1U << 2;
    rig_init(&cfg);
    rig_expect_line("disabled in the device tree");
    assert_true(rig_probe());
    assert_non_null(strstr(rig.found, "/iommu@2: disabled in the device tree: "
                                      "its masters are NOT isolated"));
    reaches_nothing(1, 3);
    reaches_nothing(3, 3);
    rig_exit();
}

/* What firmware left does not let anybody through, known to us or not. */
static void firmware_left(uint32_t utlb)
{
    struct rig_cfg cfg = rig_default();
    struct device *dev;
    struct domain *d;

    cfg.model.stage2 = true;
    cfg.model.utlb = utlb;
    cfg.model.sctlr = 0xd0000000; /* USE_SECGRP and what it sets in the root */
    cfg.model.auxctlr = 0x01000008; /* S2PTE */
    start(&cfg);
    for ( unsigned int i = 0; i < 48; i++ )
    {
        reaches_nothing(1, i);
        reaches_nothing(2, i);
    }
    rig_softirqs();
    rig_check();

    /* Nor does it keep those out that may. */
    dev = rig_device("dev", 1, 5);
    d = small_domain(1, 0x510000);
    assert_int_equal(rig_assign(d, dev), 0);
    reaches(1, 5, 0x510000);
    rig_check();
    rig_exit();
}

static void firmware_off(void)
{
    firmware_left(0);
}

static void firmware_selected(void)
{
    firmware_left(0xe1);
}

static void too_large_utlb(void)
{
    struct device dev = {.name = "dev"};
    uint32_t arg = 48;

    start_default();
    assert_int_equal(rig.leaf[1]->ops->dt_xlate(rig.leaf[1], &dev, &arg, 1),
                     -ERANGE);
    arg = 47;
    assert_int_equal(rig.leaf[1]->ops->dt_xlate(rig.leaf[1], &dev, &arg, 2),
                     -EINVAL);
    assert_int_equal(rig.root->ops->dt_xlate(rig.root, &dev, &arg, 1), -EINVAL);
    assert_int_equal(dev.nr_ids, 0);
    rig_exit();
}

/* ---- isolation ---- */

static void two_domains(void)
{
    struct device *a, *b, *c;
    struct domain *d1, *d2;

    start_default();
    a = rig_device("a", 1, 5);
    b = rig_device("b", 1, 6);
    c = rig_device("c", 2, 5);
    d1 = small_domain(1, 0x510000);
    d2 = small_domain(2, 0x520000);
    assert_int_equal(rig_assign(d1, a), 0);
    assert_int_equal(rig_assign(d2, b), 0);
    assert_int_equal(rig_assign(d2, a), -EBUSY);
    assert_int_equal(rig_assign(d1, c), 0);
    reaches(1, 5, 0x510000);
    reaches(1, 6, 0x520000);
    reaches(2, 5, 0x510000);
    rig_check();

    /* In both leaves at once. */
    assert_int_equal(rig_unmap(d1, 0x40000, 0), 0);
    ipmmu_model_freed(rig.model, PA(0x510000), 0x1000);
    reaches_nothing(1, 5);
    reaches_nothing(2, 5);
    reaches(1, 6, 0x520000);
    rig_softirqs();
    assert_int_equal(rig_map(d1, 0x40000, 0x510000, 0, RW), 0);

    /* One of two goes; the other goes on. */
    reaches(1, 5, 0x510000);
    assert_int_equal(rig_deassign(a), 0);
    reaches_nothing(1, 5);
    reaches(2, 5, 0x510000);
    rig_softirqs();
    rig_check();

    /* From owner to owner. */
    assert_int_equal(rig_assign(d2, a), 0);
    reaches(1, 5, 0x520000);
    assert_int_equal(rig_deassign(a), 0);
    assert_int_equal(rig_deassign(b), 0);
    assert_int_equal(rig_deassign(c), 0);
    reaches_nothing(1, 5);
    reaches_nothing(1, 6);
    reaches_nothing(2, 5);
    end_domain(d1);
    end_domain(d2);
    rig_softirqs();
    rig_check();
    rig_exit();
}

/* All functions behind a PCI host of Gen3, for example. */
static void shared_utlb(void)
{
    struct device *a, *b;
    struct domain *d1, *d2;

    start_default();
    a = rig_device("0000:01:00.0", 1, 7);
    b = rig_device("0000:01:00.1", 1, 7);
    d1 = small_domain(1, 0x510000);
    d2 = small_domain(2, 0x520000);
    assert_int_equal(rig_assign(d1, a), 0);
    assert_ptr_equal(b->owner, d1);
    assert_int_equal(rig_assign(d2, b), -EBUSY);
    reaches(1, 7, 0x510000);
    assert_int_equal(rig_deassign(b), 0);
    assert_null(a->owner);
    reaches_nothing(1, 7);
    rig_softirqs();
    rig_check();
    rig_exit();
}

static void behind_two_leaves(void)
{
    struct device *dev;
    struct domain *d;

    start_default();
    dev = rig_device2("gpu", 1, 1, 2, 1);
    assert_int_equal(dev->nr_ids, 2);
    d = small_domain(1, 0x510000);
    assert_int_equal(rig_assign(d, dev), 0);
    reaches(1, 1, 0x510000);
    reaches(2, 1, 0x510000);
    assert_int_equal(rig_deassign(dev), 0);
    reaches_nothing(1, 1);
    reaches_nothing(2, 1);
    end_domain(d);
    rig_softirqs();
    rig_check();
    rig_exit();
}

static void contexts_run_out(const struct rig_cfg *cfg, unsigned int nr)
{
    struct device *dev[16];
    struct domain *d[16];

    start(cfg);
    for ( unsigned int i = 0; i <= nr; i++ )
    {
        char name[8];

        snprintf(name, sizeof(name), "dev%u", i);
        dev[i] = rig_device(name, 1 + i % 2, 10 + i);
        d[i] = small_domain((domid_t)i, 0x510000 + i);
    }
    for ( unsigned int i = 0; i < nr; i++ )
        assert_int_equal(rig_assign(d[i], dev[i]), 0);

    rig_expect_line("contexts are in use");
    assert_int_equal(rig_assign(d[nr], dev[nr]), -ENOSPC);
    assert_string_not_equal(rig.found, "");
    assert_null(dev[nr]->owner);
    reaches_nothing(1 + nr % 2, 10 + nr);
    for ( unsigned int i = 0; i < nr; i++ )
        reaches(1 + i % 2, 10 + i, 0x510000 + i);
    rig_softirqs();
    rig_check();

    /* Given back is there for the next. */
    assert_int_equal(rig_deassign(dev[3]), 0);
    assert_int_equal(rig_assign(d[nr], dev[nr]), 0);
    reaches(1 + nr % 2, 10 + nr, 0x510000 + nr);
    reaches_nothing(2, 13);
    rig_softirqs();
    rig_check();
    rig_exit();
}

static void contexts_run_out_gen3(void)
{
    struct rig_cfg cfg = rig_default();

    contexts_run_out(&cfg, 6);
}

static void contexts_run_out_gen4(void)
{
    struct rig_cfg cfg = rig_default();

    cfg.model.gen4 = true;
    contexts_run_out(&cfg, 14);
}

static void out_of_reach(void)
{
    const uint64_t beyond_in = UINT64_C(1) << 27;  /* 2^39 */
    const uint64_t beyond_out = UINT64_C(1) << 28; /* 2^40 */
    unsigned int free_before;
    struct device *dev;
    struct domain *d;

    start_default();
    dev = rig_device("dev", 1, 5);
    d = small_domain(1, 0x510000);
    assert_int_equal(rig_assign(d, dev), 0);
    assert_int_equal(rig_map(d, beyond_in - 1, 0x510001, 0, RW), 0);
    free_before = rig_free_pages();
    assert_int_equal(rig_map(d, beyond_in, 0x510002, 0, RW), -ERANGE);
    assert_int_equal(rig_map(d, 0x80000, beyond_out, 0, RW), -ERANGE);
    assert_int_equal(rig_map(d, 0x80000, beyond_out - 1, 0, RW), 0);
    assert_int_equal(rig_unmap(d, 0x80000, 0), 0);
    assert_int_equal(rig_free_pages(), free_before);
    assert_false(d->iommu.dom[0].out_of_reach);
    assert_true(rig_dma(1, 5, IOVA(beyond_in - 1), true) == PA(0x510001));
    assert_true(rig_dma(1, 5, IOVA(beyond_in), true) == ABORTED);
    assert_int_equal(rig_deassign(dev), 0);

    /* Without a device it may have that, and then gets none. */
    assert_int_equal(rig_map(d, 0x80000, beyond_out, 0, RW), 0);
    rig_expect_line("39-bit input or 40-bit output");
    assert_int_equal(rig_assign(d, dev), -ERANGE);
    assert_string_not_equal(rig.found, "");
    reaches_nothing(1, 5);
    rig_softirqs();
    rig_check();
    rig_exit();
}

/* ---- a flush that does not end ---- */

static void silent_unit(void)
{
    struct device *a, *b;
    struct domain *d, *d2;
    int64_t before;

    start_default();
    a = rig_device("a", 1, 5);
    b = rig_device("b", 1, 6);
    d = small_domain(1, 0x510000);
    d2 = small_domain(2, 0x520000);
    assert_int_equal(rig_assign(d, a), 0);
    ipmmu_model_tune(rig.model)->flush_never = true;

    rig_expect_line("isolation is lost");
    before = unit_rig.now;
    assert_int_equal(rig_unmap(d, 0x40000, 0), -ETIMEDOUT);
    assert_true(unit_rig.now - before < MILLISECS(20));
    assert_string_not_equal(rig.found, "");
    assert_true(d->iommu.lost_sync);

    /* Once is enough of waiting. */
    assert_int_equal(rig_map(d, 0x40001, 0x510001, 0, RW), 0);
    before = unit_rig.now;
    assert_int_equal(rig_unmap(d, 0x40001, 0), -ETIMEDOUT);
    assert_true(unit_rig.now - before < MILLISECS(1));

    /* Nobody else gets in, and the tables are kept. */
    assert_int_equal(rig_assign(d2, b), -ETIMEDOUT);
    reaches_nothing(1, 6);
    assert_int_equal(rig_deassign(a), -ETIMEDOUT);
    assert_int_equal(rig_assign(d, a), -ETIMEDOUT);
    assert_null(a->owner);
    reaches_nothing(1, 5);
    rig_expect_line("tables are kept");
    assert_int_equal(iommu_domain_teardown(d), 0);
    assert_string_not_equal(rig.found, "");
    rig_softirqs();
    rig_exit();
}

/* The device has left, but its context cannot be switched off: it is on, as it
 * was, and nobody joins it while it does not answer. */
static void silent_at_the_end(void)
{
    struct device *a;
    struct domain *d;

    start_default();
    a = rig_device("a", 1, 5);
    d = small_domain(1, 0x510000);
    assert_int_equal(rig_assign(d, a), 0);
    ipmmu_model_tune(rig.model)->flush_last = 1;
    assert_int_equal(rig_deassign(a), -ETIMEDOUT);
    assert_int_equal(ipmmu_model_read(rig.model, 0, 2 * 0x40, 4) & 1, 1);
    assert_int_equal(rig_assign(d, a), -ETIMEDOUT);
    assert_null(a->owner);
    reaches_nothing(1, 5);

    ipmmu_model_tune(rig.model)->flush_never = false;
    assert_int_equal(rig_assign(d, a), 0);
    reaches(1, 5, 0x510000);
    assert_int_equal(rig_deassign(a), 0);
    assert_int_equal(ipmmu_model_read(rig.model, 0, 2 * 0x40, 4) & 1, 0);
    reaches_nothing(1, 5);
    rig_softirqs();
    rig_check();
    rig_exit();
}

/* It answers again, though not at once: what was missed is made up for by the
 * next. */
static void silent_for_a_while(void)
{
    struct device *a, *b;
    struct domain *d;

    start_default();
    a = rig_device("a", 1, 5);
    d = small_domain(1, 0x510000);
    assert_int_equal(rig_assign(d, a), 0);
    reaches(1, 5, 0x510000);
    ipmmu_model_tune(rig.model)->flush_never = true;
    assert_int_equal(rig_unmap(d, 0x40000, 0), -ETIMEDOUT);
    ipmmu_model_tune(rig.model)->flush_never = false;
    ipmmu_model_tune(rig.model)->flush_delay = 5;
    assert_int_equal(rig_map(d, 0xc0000, 0x510001, 0, RW), 0);
    assert_int_equal(rig_unmap(d, 0xc0000, 0), 0);
    ipmmu_model_freed(rig.model, PA(0x510000), 0x1000);
    reaches_nothing(1, 5);
    rig_softirqs();
    rig_check();

    /* The same, when a device is the first to ask. */
    b = rig_device("b", 2, 6);
    assert_int_equal(rig_map(d, 0x40000, 0x510000, 0, RW), 0);
    reaches(1, 5, 0x510000);
    ipmmu_model_tune(rig.model)->flush_never = true;
    assert_int_equal(rig_unmap(d, 0x40000, 0), -ETIMEDOUT);
    assert_int_equal(rig_assign(d, b), -ETIMEDOUT);
    ipmmu_model_tune(rig.model)->flush_never = false;
    assert_int_equal(rig_assign(d, b), 0);
    ipmmu_model_freed(rig.model, PA(0x510000), 0x1000);
    reaches_nothing(1, 5);
    assert_int_equal(rig_map(d, 0x40000, 0x511000, 0, RW), 0);
    reaches(1, 5, 0x511000);
    reaches(2, 6, 0x511000);
    rig_softirqs();
    rig_check();
    rig_exit();
}

/* ---- faults ---- */

static void fault_line(void)
{
    struct device *a, *b;
    struct domain *d;

    start_default();
    a = rig_device("mmc@ee100000", 2, 32);
    b = rig_device("dma@e6700000", 1, 5);
    d = small_domain(2, 0x510000);
    assert_int_equal(rig_map(d, 0x40001, 0x510001, 0, IOMMU_READ), 0);
    assert_int_equal(rig_assign(d, a), 0);

    rig_expect_line("mmc@ee100000");
    assert_true(rig_dma(2, 32, UINT64_C(0x712345678), false) == ABORTED);
    assert_true(rig.level);
    rig_softirqs();
    assert_false(rig.level);
    assert_non_null(strstr(rig.found, "ipmmu e6000000: utlb 0x220 (d2 "
                                      "mmc@ee100000) iova 0x7_1234_5678: "
                                      "translation"));
    assert_true(a->faults.last_iova == UINT64_C(0x712345678));

    rig_expect_line("permission");
    assert_true(rig_dma(2, 32, IOVA(0x40001), true) == ABORTED);
    rig_softirqs();
    assert_non_null(strstr(rig.found, "iova 0x4000_1000 write: permission"));

    /* Two in one context: it was one of them, and is counted for both. */
    assert_int_equal(rig_assign(d, b), 0);
    rig_expect_line("one of 2 devices");
    assert_true(rig_dma(1, 5, IOVA(0x50000), true) == ABORTED);
    rig_softirqs();
    assert_non_null(
        strstr(rig.found, "(d2 one of 2 devices) iova 0x5000_0000"));
    assert_true(a->faults.last_iova == IOVA(0x50000));
    assert_int_equal(b->faults.nr, 1);

    /* Nobody's. */
    rig_expect_line("not assigned");
    assert_true(rig_dma(1, 40, IOVA(0x60000), true) == ABORTED);
    rig_softirqs();
    assert_non_null(strstr(rig.found, "context 0x1 (no domain unknown device) "
                                      "iova 0x6000_0000: not assigned"));
    assert_int_equal(rig.root->stray.nr, 1);

    /* Still with its name, when it comes with the detach. */
    rig_expect_line("iova 0x7000_0000");
    assert_int_equal(rig_deassign(b), 0);
    assert_true(rig_dma(2, 32, IOVA(0x70000), true) == ABORTED);
    assert_int_equal(rig_deassign(a), 0);
    assert_non_null(strstr(rig.found, "d2 mmc@ee100000"));
    rig_softirqs();
    rig_check();
    rig_exit();
}

/* Its name, but no guess at which of its channels it was. */
static void fault_of_many_channels(void)
{
    struct device *dmac;
    struct domain *d;

    start_default();
    dmac = rig_device2("dma@e6700000", 1, 0, 1, 1);
    d = small_domain(2, 0x510000);
    assert_int_equal(rig_assign(d, dmac), 0);
    rig_expect_line("dma@e6700000");
    assert_true(rig_dma(1, 1, IOVA(0x50000), true) == ABORTED);
    rig_softirqs();
    assert_non_null(strstr(rig.found, "ipmmu e6000000: context 0x2 (d2 "
                                      "dma@e6700000) iova 0x5000_0000: "));
    assert_int_equal(dmac->faults.nr, 1);
    rig_check();
    rig_exit();
}

static void storm_of(unsigned int leaf, unsigned int utlb, unsigned int nr)
{
    for ( unsigned int i = 0; i < nr; i++ )
    {
        (void)ipmmu_model_dma(rig.model, leaf, utlb, IOVA(0x90000 + i), true);
        rig_softirqs();
    }
}

static void storm(void)
{
    struct device *a, *b, *c;
    struct domain *d1, *d2;
    unsigned int lines;

    start_default();
    a = rig_device("a", 1, 5);
    b = rig_device("b", 2, 5);
    c = rig_device("c", 2, 6);
    d1 = small_domain(1, 0x510000);
    d2 = small_domain(2, 0x520000);
    assert_int_equal(rig_assign(d1, a), 0);
    assert_int_equal(rig_assign(d2, b), 0);
    assert_int_equal(rig_assign(d2, c), 0);

    lines = rig.nr_lines;
    rig_expect_line("cut off");
    storm_of(1, 5, 11000);
    assert_non_null(strstr(rig.found, "d1 a"));
    assert_true(a->cut_off);
    assert_true(rig.nr_lines - lines < 60);
    reaches_nothing(1, 5);
    reaches(2, 5, 0x520000);
    rig_check();

    /* One of two: both, and nobody else's. */
    rig_expect_line("cut off");
    storm_of(2, 6, 11000);
    assert_non_null(strstr(rig.found, "d2 one of 2 devices"));
    assert_true(b->cut_off && c->cut_off);
    reaches_nothing(2, 5);
    reaches_nothing(2, 6);
    rig_check();

    /* It cannot have been a device that was cut off before. */
    assert_int_equal(rig_deassign(b), 0);
    assert_int_equal(rig_assign(d2, b), 0);
    rig_expect_line("iova 0x1_2345_6000");
    assert_true(rig_dma(2, 5, UINT64_C(0x123456000), true) == ABORTED);
    rig_softirqs();
    assert_non_null(strstr(rig.found, "(d2 b)"));
    assert_int_equal(b->faults.nr, 1);
    assert_true(c->faults.last_iova != UINT64_C(0x123456000));

    /* Attached anew it works again. */
    assert_int_equal(rig_deassign(b), 0);
    assert_int_equal(rig_deassign(c), 0);
    assert_int_equal(rig_assign(d2, c), 0);
    reaches(2, 6, 0x520000);
    rig_softirqs();
    rig_check();
    rig_exit();
}

/* One that is cut off, among three: the other two are asked about the rest, and
 * what it still had in the status is none of theirs. */
static void cut_off_among_others(void)
{
    struct device *a, *b, *c;
    struct domain *d;
    uint64_t nr;

    start_default();
    a = rig_device("a", 1, 5);
    b = rig_device("b", 2, 5);
    c = rig_device("c", 2, 6);
    d = small_domain(1, 0x510000);
    assert_int_equal(rig_assign(d, a), 0);
    storm_of(1, 5, 11000);
    assert_true(a->cut_off);
    nr = a->faults.nr;
    assert_int_equal(rig_assign(d, b), 0);
    assert_int_equal(rig_assign(d, c), 0);

    spin_lock(&device_lock);
    a->fault_policy = PX_FAULT_CRASH;
    spin_unlock(&device_lock);
    rig_expect_line("one of 2 devices");
    assert_true(rig_dma(2, 5, IOVA(0x50000), true) == ABORTED);
    rig_softirqs();
    assert_string_not_equal(rig.found, "");
    assert_int_equal(a->faults.nr, nr);
    assert_int_equal(b->faults.nr, 1);
    assert_int_equal(c->faults.nr, 1);
    assert_int_equal(unit_rig.nr_crashes, 0);

    /* Cut off with a fault that nobody has read yet. */
    rig.muted = true;
    assert_true(rig_dma(2, 5, IOVA(0x60000), true) == ABORTED);
    assert_int_equal(ipmmu_model_read(rig.model, 0, 2 * 0x40 + 0x20, 4) & 1, 1);
    rig.root->ops->cut_off(rig.root, b->ids[0]);
    assert_int_equal(ipmmu_model_read(rig.model, 0, 2 * 0x40 + 0x20, 4), 0);
    rig_check();
    rig_exit();
}

/* All were cut off: what comes after that is nobody's. */
static void cut_off_all(void)
{
    struct device *a;
    struct domain *d;
    unsigned int lines;

    start_default();
    a = rig_device("a", 1, 5);
    d = small_domain(1, 0x510000);
    assert_int_equal(rig_assign(d, a), 0);
    spin_lock(&device_lock);
    a->cut_off = true;
    a->fault_policy = PX_FAULT_CRASH;
    spin_unlock(&device_lock);
    lines = rig.nr_lines;
    assert_true(rig_dma(1, 5, IOVA(0x60000), true) == ABORTED);
    rig_softirqs();
    assert_int_equal(rig.nr_lines, lines);
    assert_int_equal(unit_rig.nr_crashes, 0);
    rig_check();
    rig_exit();
}

/* A storm in quarantine is not heard after a while, until something moves. */
static void stray_storm(void)
{
    struct device *a;
    struct domain *d;
    unsigned int before;

    start_default();
    a = rig_device("a", 1, 5);
    d = small_domain(1, 0x510000);
    storm_of(1, 5, 12000);
    before = rig.nr_interrupts;
    storm_of(1, 5, 100);
    assert_int_equal(rig.nr_interrupts, before);
    assert_int_equal(rig_assign(d, a), 0);
    rig_softirqs();
    before = rig.nr_interrupts;
    storm_of(1, 6, 1);
    assert_int_equal(rig.nr_interrupts, before + 1);
    reaches(1, 5, 0x510000);
    rig_check();
    rig_exit();
}

/* ---- power ---- */

static void power_areas(void)
{
    struct rig_cfg cfg = rig_default();
    struct device *a;
    struct domain *d;

    cfg.switched = cfg.model.off = 1U << 2;
    cfg.prr.cut = 0x10; /* ES2.0 */
    cfg.model.need_discache = true;
    cfg.model.utlb = 0xe1;
    start(&cfg);
    a = rig_device("fcp@fe950000", 2, 5);
    d = small_domain(1, 0x510000);

    /* Off: known, and not touched. */
    assert_int_equal(rig_assign(d, a), 0);
    assert_int_equal(rig_unmap(d, 0x40000, 0), 0);
    assert_int_equal(rig_map(d, 0x40000, 0x510000, 0, RW), 0);
    rig_check();

    /* On: all of it, before anybody can use it. */
    rig_power(2, true);
    reaches(2, 5, 0x510000);
    reaches_nothing(2, 6);
    rig_softirqs();
    rig_check();

    rig_power(2, false);
    assert_int_equal(rig_deassign(a), 0);
    rig_check();
    rig_power(2, true);
    reaches_nothing(2, 5);
    assert_int_equal(rig_assign(d, a), 0);
    reaches(2, 5, 0x510000);
    rig_softirqs();
    rig_check();
    rig_exit();
}

static void resume(void)
{
    struct device *a, *b;
    struct domain *d;

    start_default();
    a = rig_device("a", 1, 5);
    b = rig_device("b", 2, 6);
    d = small_domain(1, 0x510000);
    assert_int_equal(rig_assign(d, a), 0);
    assert_int_equal(rig_assign(d, b), 0);
    ipmmu_model_power_cycle(rig.model);
    assert_int_equal(ipmmu_resume(), 0);
    reaches(1, 5, 0x510000);
    reaches(2, 6, 0x510000);
    reaches_nothing(1, 6);
    rig_softirqs();
    rig_check();
    rig_exit();
}

/* ---- errata ---- */

static void leaves_do_not_cache(void)
{
    struct rig_cfg cfg = rig_default();

    cfg.prr.cut = 0x10;
    cfg.model.need_discache = true;
    life(&cfg);
}

static void utlb0(bool allowed)
{
    struct rig_cfg cfg = rig_default();
    struct domain *d, *dom0;
    struct device *dmac;

    cfg.model.utlb0_forgets = true;
    start(&cfg);
    dmac = rig_device2("dma@e6700000", 1, 0, 1, 1);
    d = small_domain(1, 0x510000);
    dom0 = small_domain(0, 0x520000);
    dom0->is_hardware = true;

    assert_int_equal(rig_assign(dom0, dmac), 0);
    reaches(1, 0, 0x520000);
    reaches(1, 1, 0x520000);
    assert_int_equal(rig_deassign(dmac), 0);

    assert_int_equal(rig_option("ipmmu-utlb0", "maybe"), -EINVAL);
    assert_int_equal(rig_option("ipmmu-utlb0", allowed ? "yes" : "no"), 0);
    assert_int_equal(rig_assign(d, dmac), 0);
    reaches(1, 1, 0x510000);
    if ( allowed )
        reaches(1, 0, 0x510000);
    else
        assert_true(ipmmu_model_dma(rig.model, 1, 0, IOVA(0x40000), true).pa !=
                    PA(0x510000));
    rig_softirqs();
    rig_exit();
}

static void utlb0_kept_back(void)
{
    utlb0(false);
}

static void utlb0_allowed(void)
{
    utlb0(true);
}

/* A device that has no other is not given, and takes no context. */
static void utlb0_alone(void)
{
    struct rig_cfg cfg = rig_default();
    struct domain *d, *dom0;
    struct device *vin, *gpu;

    cfg.model.utlb0_forgets = true;
    start(&cfg);
    rig_expect_line("only dom0 may have the device");
    vin = rig_device("video@e6ef0000", 1, 0);
    assert_non_null(strstr(rig.found, "video@e6ef0000"));
    gpu = rig_device2("gpu", 1, 0, 2, 0);
    d = small_domain(1, 0x510000);
    dom0 = small_domain(0, 0x520000);
    dom0->is_hardware = true;

    rig_expect_line("ipmmu-utlb0");
    assert_int_equal(rig_assign(d, vin), -EPERM);
    assert_non_null(strstr(rig.found, "video@e6ef0000"));
    assert_null(vin->owner);
    assert_true(list_empty(&d->iommu.dom[0].contexts));
    assert_int_equal(rig_assign(d, gpu), -EPERM);
    reaches_nothing(1, 0);
    reaches_nothing(2, 0);

    assert_int_equal(rig_assign(dom0, vin), 0);
    reaches(1, 0, 0x520000);
    assert_int_equal(rig_deassign(vin), 0);

    assert_int_equal(rig_option("ipmmu-utlb0", NULL), 0);
    assert_int_equal(rig_assign(d, vin), 0);
    reaches(1, 0, 0x510000);
    rig_softirqs();
    rig_exit();
}

/* On parts where it is not suspect it is as good as any. */
static void utlb0_good(void)
{
    struct rig_cfg cfg = rig_default();
    struct domain *d;
    struct device *vin;

    cfg.prr.product = RCAR_M3N;
    start(&cfg);
    vin = rig_device("video@e6ef0000", 1, 0);
    d = small_domain(1, 0x510000);
    assert_int_equal(rig_assign(d, vin), 0);
    reaches(1, 0, 0x510000);
    rig_softirqs();
    rig_check();
    rig_exit();
}

/* ---- anything, in any order, against a flat array ---- */

#define WINDOW  2048U /* pages from dfn 0x40000: two tables */
#define DOMAINS 8U    /* more than there are contexts */
#define DEVICES 10U
#define FRAMES  UINT64_C(0x600000)

static struct {
    uint32_t random;
    struct domain *d[DOMAINS];
    uint64_t mfn[DOMAINS][WINDOW]; /* 0: a hole */
    bool write[DOMAINS][WINDOW];
    struct device *dev[DEVICES];
    unsigned int owner[DEVICES]; /* + 1 */
} any;

static unsigned int draw(unsigned int below)
{
    any.random = any.random * 1664525 + 1013904223;
    return (any.random >> 8) % below;
}

static unsigned int leaf_of(unsigned int dev)
{
    return 1 + dev % 2;
}

static void any_map(unsigned int d, unsigned int at, unsigned int order)
{
    uint64_t mfn = FRAMES + d * 0x10000 + (draw(16) << 11) + at;
    bool write = draw(3);
    int want = 0;

    for ( unsigned int i = at; i < at + (1U << order); i++ )
        want = any.mfn[d][i] ? -EEXIST : want;
    assert_int_equal(
        rig_map(any.d[d], 0x40000 + at, mfn, order, write ? RW : IOMMU_READ),
        want);
    for ( unsigned int i = 0; i < 1U << order && !want; i++ )
    {
        any.mfn[d][at + i] = mfn + i;
        any.write[d][at + i] = write;
    }
}

/* The frame goes back, unless the domain has it elsewhere, too. */
static void any_unmap(unsigned int d, unsigned int at, unsigned int order)
{
    uint64_t old[512];

    assert_int_equal(rig_unmap(any.d[d], 0x40000 + at, order), 0);
    memcpy(old, &any.mfn[d][at], sizeof(old[0]) << order);
    memset(&any.mfn[d][at], 0, sizeof(old[0]) << order);
    for ( unsigned int i = 0; i < 1U << order; i += 1 + draw(64) )
        if ( old[i] )
            ipmmu_model_freed(rig.model, PA(old[i]), 0x1000);
}

static void any_access(unsigned int dev, unsigned int at)
{
    unsigned int owner = any.owner[dev];
    uint64_t want = owner ? any.mfn[owner - 1][at] : 0, got;
    bool write = draw(2);

    if ( write && owner && !any.write[owner - 1][at] )
        want = 0;
    got = rig_dma(leaf_of(dev), 10 + dev, IOVA(0x40000 + at), write);
    assert_true(got == (want ? PA(want) : ABORTED));
}

static void any_assign(unsigned int dev, unsigned int d)
{
    unsigned int used = 0;
    bool has = false;
    int rc;

    for ( unsigned int i = 0; i < DOMAINS; i++ )
    {
        bool one = false;

        for ( unsigned int j = 0; j < DEVICES; j++ )
            one |= any.owner[j] == i + 1;
        used += one;
        has |= one && i == d;
    }
    rc = rig_assign(any.d[d], any.dev[dev]);
    if ( any.owner[dev] )
        assert_int_equal(rc, any.owner[dev] == d + 1 ? 0 : -EBUSY);
    else
    {
        assert_int_equal(rc, has || used < 6 ? 0 : -ENOSPC);
        any.owner[dev] = rc ? 0 : d + 1;
    }
}

static void any_step(void)
{
    unsigned int d = draw(DOMAINS), dev = draw(DEVICES);
    unsigned int order = draw(4) ? draw(3) : draw(10);
    unsigned int at = draw(WINDOW) >> order << order;

    switch ( draw(8) )
    {
    case 0:
    case 1:
        any_map(d, at, order);
        break;
    case 2:
    case 3:
        any_unmap(d, at, order);
        break;
    case 4:
        any_assign(dev, d);
        break;
    case 5:
        if ( any.owner[dev] && !draw(3) )
        {
            assert_int_equal(rig_deassign(any.dev[dev]), 0);
            any.owner[dev] = 0;
        }
        break;
    case 6:
        ipmmu_model_prefetch(rig.model, leaf_of(dev), 10 + dev,
                             IOVA(0x40000 + at), 0x10000);
        break;
    default:
        for ( unsigned int i = 0; i < 8; i++ )
            any_access(dev, draw(2) ? at : draw(WINDOW));
    }
}

static void anything(const struct rig_cfg *cfg)
{
    start(cfg);
    any.random = 1;
    for ( unsigned int i = 0; i < DOMAINS; i++ )
        any.d[i] = rig_domain((domid_t)i);
    for ( unsigned int i = 0; i < DEVICES; i++ )
        any.dev[i] = rig_device("dev", leaf_of(i), 10 + i);
    for ( unsigned int i = 0; i < 6000; i++ )
    {
        any_step();
        rig_softirqs();
        rig_check();
    }

    for ( unsigned int i = 0; i < DEVICES; i++ )
        if ( any.owner[i] )
            assert_int_equal(rig_deassign(any.dev[i]), 0);
    for ( unsigned int i = 0; i < DOMAINS; i++ )
    {
        assert_int_equal(rig_unmap(any.d[i], 0x40000, 11), 0);
        rig_domain_free(any.d[i]);
    }
    rig_check();
    rig_exit();
}

static void anything_at_once(void)
{
    struct rig_cfg cfg = rig_default();

    anything(&cfg);
}

static void anything_slow(void)
{
    struct rig_cfg cfg = rig_default();

    cfg.model.flush_delay = 5;
    cfg.prr.cut = 0x10;
    cfg.model.need_discache = true;
    anything(&cfg);
}

/* Every allocation failing in turn leaves things as they were. */
static void no_memory(void)
{
    struct device *dev;
    struct domain *d;

    start_default();
    dev = rig_device("dev", 1, 5);
    d = small_domain(1, 0x510000);
    assert_int_equal(rig_assign(d, dev), 0);
    for ( unsigned int n = 1;; n++ )
    {
        unsigned int before = rig_free_pages();
        int rc;

        rig.fail_alloc = n;
        rc = rig_map(d, 0x1234567, 0x510001, 0, RW);
        if ( !rc )
        {
            assert_int_equal(n, 3); /* two tables */
            break;
        }
        assert_int_equal(rc, -ENOMEM);
        assert_int_equal(rig_free_pages(), before);
        assert_true(rig_dma(1, 5, IOVA(0x1234567), true) == ABORTED);
        rig_softirqs();
    }
    rig.fail_alloc = 0;
    assert_true(rig_dma(1, 5, IOVA(0x1234567), true) == PA(0x510001));
    rig_check();
    rig_exit();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(life_gen3),
        TEST(life_gen4),
        TEST(life_slow),
        TEST(any_order),
        TEST(root_missing),
        TEST(disabled_leaf),
        TEST(firmware_off),
        TEST(firmware_selected),
        TEST(too_large_utlb),
        TEST(two_domains),
        TEST(shared_utlb),
        TEST(behind_two_leaves),
        TEST(contexts_run_out_gen3),
        TEST(contexts_run_out_gen4),
        TEST(out_of_reach),
        TEST(silent_unit),
        TEST(silent_at_the_end),
        TEST(silent_for_a_while),
        TEST(fault_line),
        TEST(fault_of_many_channels),
        TEST(storm),
        TEST(cut_off_among_others),
        TEST(cut_off_all),
        TEST(stray_storm),
        TEST(power_areas),
        TEST(resume),
        TEST(leaves_do_not_cache),
        TEST(utlb0_kept_back),
        TEST(utlb0_allowed),
        TEST(utlb0_alone),
        TEST(utlb0_good),
        TEST(anything_at_once),
        TEST(anything_slow),
        TEST(no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
