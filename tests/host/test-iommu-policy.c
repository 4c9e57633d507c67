/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-iommu-policy.c - what is done about devices that fault: logged, cut
 * off, their domain crashed; what is forgotten, and what is not. The IOMMU core
 * and the SMMUv3 driver, as they are, against the model of the unit. Each test
 * is a process of its own, as the core's lists live as long as a machine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* xen/lib.h has its own strtoull: no stdlib.h, nor what includes it. */
void *calloc(size_t nr, size_t size);

#include <cmocka.h>

#include "isolated.h"
#include "iommu-rig.h"

#include <proxenos.h>

#define RW        (IOMMU_READ | IOMMU_WRITE)
#define ABORTED   (~UINT64_C(0))
#define IOVA(dfn) ((uint64_t)(dfn) << 12)

#define SID_A 0x108U
#define SID_B 0x4210U

/* One unit, two domains with a page each, a device of the first. */
static struct domain *d1, *d2;
static struct device *dev;

static void start(void)
{
    struct smmuv3_model_cfg cfg = smmuv3_model_default();
    uint32_t sid = SID_A;

    rig_init(1, &cfg);
    assert_true(rig_probe());
    dev = rig_device(rig.unit[0], "dev", 1, &sid);
    d1 = rig_domain(1);
    d2 = rig_domain(2);
    d1->refcount = d2->refcount = 1;
    assert_int_equal(rig_map(d1, 0x40000, 0x91000, 0, RW), 0);
    assert_int_equal(rig_map(d2, 0x40000, 0xa1000, 0, RW), 0);
    assert_int_equal(rig_assign(d1, dev), 0);
}

static void end(void)
{
    rig_check();
    rig_exit();
}

static int policy(struct device *of, uint32_t what, uint32_t threshold)
{
    int rc;

    spin_lock(&device_lock);
    rc = iommu_fault_policy(of, what, threshold);
    spin_unlock(&device_lock);
    return rc;
}

static void clear(struct device *of)
{
    spin_lock(&device_lock);
    iommu_fault_clear(of);
    spin_unlock(&device_lock);
}

static void fault(uint32_t sid, unsigned int nr)
{
    for ( unsigned int i = 0; i < nr; i++ )
    {
        assert_false(
            smmuv3_model_dma(rig.model[0], sid, IOVA(0x50000 + i), true, false)
                .ok);
        rig_softirqs();
    }
}

/* ---- cutting off ---- */

static void threshold_is_exact(void)
{
    start();
    assert_int_equal(dev->fault_policy, PX_FAULT_DISCONNECT);
    assert_int_equal(dev->fault_threshold, 10000);
    assert_int_equal(policy(dev, PX_FAULT_DISCONNECT, 20), 0);
    fault(SID_A, 19);
    assert_false(dev->cut_off);
    assert_true(rig_dma(0, SID_A, IOVA(0x40000), true) == 0x91000000);
    rig_expect_line("20 faults within 5 s");
    fault(SID_A, 1);
    assert_true(dev->cut_off);
    assert_non_null(strstr(rig.found, "d1 dev"));
    assert_true(rig_dma(0, SID_A, IOVA(0x40000), true) == ABORTED);

    /* 0 asks for the default again. What was cut off stays so. */
    assert_int_equal(policy(dev, PX_FAULT_DISCONNECT, 0), 0);
    assert_int_equal(dev->fault_threshold, 10000);
    assert_true(dev->cut_off);
    assert_int_equal(policy(dev, 3, 0), -EINVAL);
    assert_int_equal(dev->fault_policy, PX_FAULT_DISCONNECT);
    end();
}

/* Of 5 seconds: a slow one is left alone. */
static void threshold_is_a_rate(void)
{
    start();
    assert_int_equal(policy(dev, PX_FAULT_DISCONNECT, 3), 0);
    for ( unsigned int i = 0; i < 50; i++ )
    {
        fault(SID_A, 2);
        unit_rig.now += SECONDS(6);
    }
    assert_false(dev->cut_off);
    end();
}

static void log_never_cuts_off(void)
{
    unsigned int before;

    start();
    assert_int_equal(policy(dev, PX_FAULT_LOG, 0), 0);
    before = rig.nr_lines;
    rig_expect_line("cut off");
    fault(SID_A, 25000);
    assert_false(dev->cut_off);
    assert_string_equal(rig.found, "");
    assert_int_equal(dev->faults.nr, 25000);
    assert_true(rig.nr_lines - before < 50);
    assert_true(rig_dma(0, SID_A, IOVA(0x40000), true) == 0x91000000);
    end();
}

/* ---- forgetting ---- */

static void clear_forgets_faults_only(void)
{
    start();
    assert_int_equal(policy(dev, PX_FAULT_DISCONNECT, 20), 0);
    fault(SID_A, 15);
    assert_int_equal(dev->faults.nr, 15);
    assert_int_equal(dev->faults.last_iova, IOVA(0x5000e));
    assert_int_equal(dev->faults.last_reason, IOMMU_FAULT_TRANSLATION);
    clear(dev);
    assert_int_equal(dev->faults.nr, 0);
    assert_int_equal(dev->faults.last_iova, 0);
    assert_int_equal(dev->fault_threshold, 20);

    /* The count towards the threshold is forgotten, too. */
    fault(SID_A, 15);
    assert_false(dev->cut_off);
    fault(SID_A, 5);
    assert_true(dev->cut_off);

    /* But not that it aborts: that ends when it is attached anew. */
    clear(dev);
    assert_true(dev->cut_off);
    assert_true(rig_dma(0, SID_A, IOVA(0x40000), true) == ABORTED);
    assert_int_equal(rig_deassign(dev), 0);
    assert_int_equal(rig_assign(d2, dev), 0);
    assert_false(dev->cut_off);
    assert_true(rig_dma(0, SID_A, IOVA(0x40000), true) == 0xa1000000);
    assert_int_equal(dev->fault_threshold, 20);
    end();
}

/* ---- crashing ---- */

static void crash_at_the_first(void)
{
    start();
    assert_int_equal(policy(dev, PX_FAULT_CRASH, 30), 0);

    /* The events are read with the device lock held; the crash comes later,
     * and the domain is there until then. */
    assert_true(rig_dma(0, SID_A, IOVA(0x50000), true) == ABORTED);
    spin_lock(&device_lock);
    rig.unit[0]->ops->poll_events(rig.unit[0]);
    assert_int_equal(unit_rig.nr_crashes, 0);
    assert_int_equal(d1->refcount, 2);
    spin_unlock(&device_lock);
    rig_softirqs();
    assert_int_equal(unit_rig.nr_crashes, 1);
    assert_ptr_equal(unit_rig.crashed, d1);
    assert_int_equal(d1->refcount, 1);

    /* Once; while it is still there a storm is a storm. */
    fault(SID_A, 30);
    assert_int_equal(unit_rig.nr_crashes, 1);
    assert_int_equal(d1->refcount, 1);
    assert_true(dev->cut_off);

    /* The next owner: it is not guilty yet. */
    assert_int_equal(rig_deassign(dev), 0);
    assert_int_equal(rig_assign(d2, dev), 0);
    rig_softirqs();
    assert_int_equal(unit_rig.nr_crashes, 1);
    fault(SID_A, 1);
    assert_int_equal(unit_rig.nr_crashes, 2);
    assert_ptr_equal(unit_rig.crashed, d2);
    assert_int_equal(d2->refcount, 1);
    end();
}

/* Faults that are found while the device is taken away are the domain's. */
static void crash_during_detach(void)
{
    start();
    assert_int_equal(policy(dev, PX_FAULT_CRASH, 0), 0);
    assert_true(rig_dma(0, SID_A, IOVA(0x50000), true) == ABORTED);
    assert_int_equal(rig_deassign(dev), 0);
    assert_int_equal(unit_rig.nr_crashes, 0);
    rig_softirqs();
    assert_ptr_equal(unit_rig.crashed, d1);
    end();
}

static void nobody_else_crashes(void)
{
    start();
    assert_int_equal(policy(dev, PX_FAULT_CRASH, 10), 0);

    /* dom0 is the host: its device is cut off. */
    d1->is_hardware = true;
    fault(SID_A, 10);
    assert_int_equal(unit_rig.nr_crashes, 0);
    assert_true(dev->cut_off);

    /* A domain that is being destroyed, and no domain at all. */
    assert_int_equal(rig_deassign(dev), 0);
    fault(SID_A, 3);
    d2->is_dying = true;
    assert_int_equal(rig_assign(d2, dev), 0);
    fault(SID_A, 3);
    assert_int_equal(unit_rig.nr_crashes, 0);
    end();
}

/* ---- a hook that is broken on purpose (debug builds) ---- */

static void broken_hook(void)
{
    struct smmuv3_model_cfg cfg = smmuv3_model_default();
    uint32_t sid = SID_A;

    rig_init(1, &cfg);
    assert_int_equal(rig_option("verbose,broken-hook"), 0);
    rig_expect_line("broken-hook");
    assert_true(rig_probe());
    assert_non_null(strstr(rig.found, "***"));
    dev = rig_device(rig.unit[0], "dev", 1, &sid);
    d1 = rig_domain(1);
    assert_int_equal(rig_map(d1, 0x40000, 0x91000, 0, RW), 0);
    assert_int_equal(rig_assign(d1, dev), 0);
    assert_true(rig_dma(0, SID_A, IOVA(0x40000), true) == ABORTED);
    rig_softirqs();

    /* dom0 must work. */
    d2 = rig_domain(0);
    d2->is_hardware = true;
    assert_int_equal(rig_map(d2, 0x40000, 0xa1000, 0, RW), 0);
    assert_int_equal(rig_deassign(dev), 0);
    assert_int_equal(rig_assign(d2, dev), 0);
    assert_true(rig_dma(0, SID_A, IOVA(0x40000), true) == 0xa1000000);
    end();
}

/* ---- groups ---- */

static void group_has_one_policy(void)
{
    static const uint32_t ids[] = {SID_B, SID_A};
    struct device *twin;

    start();
    assert_int_equal(rig_deassign(dev), 0);
    twin = rig_device(rig.unit[0], "twin", 2, ids);
    assert_int_equal(rig_assign(d1, dev), 0);
    assert_int_equal(policy(twin, PX_FAULT_DISCONNECT, 7), 0);
    /* Faults of the shared id count for the one that came first. */
    fault(SID_A, 7);
    assert_true(dev->cut_off);
    assert_true(twin->cut_off);
    assert_true(rig_dma(0, SID_B, IOVA(0x40000), true) == ABORTED);
    clear(twin);
    assert_int_equal(dev->faults.nr, 0);
    end();
}

/* One that comes into a group later does not take the others along. */
static void late_member(void)
{
    static const uint32_t ids[] = {SID_B, SID_A};
    struct device *late;

    start();
    late = rig_device(rig.unit[0], "late", 2, ids);
    assert_int_equal(rig_assign(d2, late), -EXDEV);
    spin_lock(&device_lock);
    assert_ptr_equal(iommu_group_conflict(late, d2), dev);
    assert_null(iommu_group_conflict(late, d1));
    spin_unlock(&device_lock);
    assert_ptr_equal(dev->owner, d1);
    assert_null(late->owner);
    assert_true(rig_dma(0, SID_A, IOVA(0x40000), true) == 0x91000000);
    assert_true(rig_dma(0, SID_B, IOVA(0x40000), true) == ABORTED);
    rig_softirqs();

    /* One that cannot be had leaves the domain what it has. */
    late->unusable = true;
    assert_int_equal(rig_assign(d1, late), -ENODEV);
    assert_null(late->owner);
    assert_ptr_equal(dev->owner, d1);
    assert_true(rig_dma(0, SID_A, IOVA(0x40000), true) == 0x91000000);
    late->unusable = false;

    assert_int_equal(rig_assign(d1, late), 0);
    assert_true(rig_dma(0, SID_B, IOVA(0x40000), true) == 0x91000000);
    assert_int_equal(rig_deassign(late), 0);
    assert_null(dev->owner);
    assert_true(rig_dma(0, SID_A, IOVA(0x40000), true) == ABORTED);
    rig_softirqs();
    end();
}

/* The unit had no memory for its entries: nobody gets it. */
static void unusable_device(void)
{
    struct device *bad = calloc(1, sizeof(*bad));
    uint32_t sid = SID_B;

    start();
    strcpy(bad->name, "bad");
    bad->unit = rig.unit[0];
    spin_lock(&device_lock);
    assert_int_equal(bad->unit->ops->dt_xlate(bad->unit, bad, &sid, 1), 0);
    rig.fail_alloc = 1;
    assert_int_equal(iommu_add_device(bad), -ENOMEM);
    spin_unlock(&device_lock);
    assert_true(bad->unusable);
    assert_int_equal(rig_assign(d1, bad), -ENODEV);
    assert_null(bad->owner);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(threshold_is_exact),   TEST(threshold_is_a_rate),
        TEST(log_never_cuts_off),   TEST(clear_forgets_faults_only),
        TEST(crash_at_the_first),   TEST(crash_during_detach),
        TEST(nobody_else_crashes),  TEST(broken_hook),
        TEST(group_has_one_policy), TEST(late_member),
        TEST(unusable_device),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
