/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-rcar-sysc.c - power areas seen by a driver of ours while dom0 switches
 * them: a model of the SYSC of Gen3 and Gen4 whose areas change some time after
 * the request, and a driver that touches what it takes to be on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "isolated.h"

#include <xen/device-tree.h>
#include <xen/errno.h>
#include <xen/io.h>
#include <xen/mm.h>
#include <xen/mmio.h>
#include <xen/rcar.h>
#include <xen/time.h>

#define VIRT 0x300000000000u

static struct {
    bool gen4, on, refuses;
    int wanted; /* -1: nothing under way */
    unsigned int delay;
    uint32_t other; /* a register that is not ours to know */
} hw;

static struct dt_node sysc_node = {.full_name = "/soc/system-controller"};
static struct dt_node other_node = {.full_name = "/firmware/power"};
static struct dt_node node = {.full_name = "/soc/iommu"};
/* A device: dom0's, or not. */
static struct dt_node fcp = {.full_name = "/soc/fcp", .dev = (void *)&node};
struct dt_node *dt_root = &fcp;
static const struct dt_node *fcp_in[2]; /* the providers; NULL: no more */
static uint32_t fcp_area[2];
static unsigned int nr_lines;
static uint32_t area, nr_cells;
static bool locked, malformed;
static struct rcar_power power;
static unsigned int nr_calls, nr_touched;
static bool was_on;
static s_time_t now;

static uint32_t base(void)
{
    return hw.gen4 ? 0x1000 + 24 * 0x40 : 0x180; /* A3IR of both */
}

static void step(void)
{
    if ( hw.wanted < 0 || hw.delay-- )
        return;
    hw.on = hw.wanted;
    hw.wanted = -1;
}

uint64_t host_mmio_read(const volatile void *addr, unsigned int size)
{
    uint64_t offset = (uintptr_t)addr - VIRT;

    assert_int_equal(size, 4);
    step();
    if ( offset == base() && hw.gen4 )
        return (uint64_t)(hw.wanted >= 0 ? 0 : hw.on ? 1 << 4 : 1);
    if ( offset == base() )
        return !hw.on;
    assert_int_equal(offset, 0x10);
    return hw.other;
}

void host_mmio_write(volatile void *addr, unsigned int size, uint64_t value)
{
    uint64_t offset = (uintptr_t)addr - VIRT;
    uint32_t off = base() + (hw.gen4 ? 8 : 4), on = base() + (hw.gen4 ? 4 : 12);

    assert_int_equal(size, 4);
    if ( offset == off || offset == on )
    {
        /* Nobody of ours may still be in there. */
        if ( offset == off && hw.on )
            assert_false(was_on);
        if ( !hw.refuses )
            hw.wanted = offset == on;
        hw.delay = 3;
        return;
    }
    assert_int_equal(offset, 0x10);
    hw.other = (uint32_t)value;
}

/* ---- the machine ---- */

s_time_t NOW(void)
{
    return now += MICROSECS(10);
}

void spin_lock_init(spinlock_t *l, enum lock_rank rank)
{
    (void)l;
    assert_int_equal(rank, LOCK_RANK_POWER);
}

void spin_lock(spinlock_t *l)
{
    (void)l;
    assert_false(locked);
    locked = true;
}

void spin_unlock(spinlock_t *l)
{
    (void)l;
    assert_true(locked);
    locked = false;
}

void *ioremap(maddr_t ma, size_t size)
{
    assert_true(maddr_x(ma) == 0xe6180000);
    (void)size;
    return (void *)(uintptr_t)VIRT;
}

int dt_get_reg(const struct dt_node *np, unsigned int index, uint64_t *addr,
               uint64_t *size)
{
    assert_ptr_equal(np, &sysc_node);
    assert_int_equal(index, 0);
    *addr = 0xe6180000;
    *size = hw.gen4 ? 0x4000 : 0x400;
    return 0;
}

bool dt_is_compatible(const struct dt_node *np, const char *compat)
{
    if ( np == &other_node )
        return false;
    assert_ptr_equal(np, &sysc_node);
    return !strcmp(compat,
                   hw.gen4 ? "renesas,r8a779a0-sysc" : "renesas,r8a7795-sysc");
}

int dt_parse_phandle_args(const struct dt_node *np, const char *list,
                          const char *cells_name, unsigned int index,
                          struct dt_phandle_args *out)
{
    assert_string_equal(list, "power-domains");
    assert_string_equal(cells_name, "#power-domain-cells");
    if ( np == &fcp )
    {
        if ( malformed )
            return -EINVAL;
        if ( index > 1 || !fcp_in[index] )
            return -ENOENT;
        *out = (struct dt_phandle_args){
            (struct dt_node *)(uintptr_t)fcp_in[index], 1, {fcp_area[index]}};
        return 0;
    }
    assert_ptr_equal(np, &node);
    assert_int_equal(index, 0);
    if ( !nr_cells )
        return -ENOENT;
    *out = (struct dt_phandle_args){&sysc_node, nr_cells, {area}};
    return 0;
}

void printk(const char *fmt, ...)
{
    va_list args;
    char line[128];

    va_start(args, fmt);
    (void)vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    assert_non_null(strstr(line, "/soc/fcp: "));
    nr_lines++;
}

/* ---- a driver of ours ---- */

static void touch(void)
{
    if ( !rcar_power_is_on(&power) )
        return;
    assert_true(hw.on && hw.wanted < 0);
    nr_touched++;
}

static void changed(void)
{
    nr_calls++;
    was_on = rcar_power_is_on(&power);
    touch();
}

static void dom0_writes(uint64_t offset, uint32_t value)
{
    assert_int_equal(sysc_node.mediator->write(NULL, NULL, offset, 4, value),
                     0);
}

static void switch_to(bool on)
{
    uint32_t request = hw.gen4 ? (on ? 4 : 8) : (on ? 12 : 4);

    dom0_writes(base() + request, 1);
}

static void start(bool gen4, bool on)
{
    hw.gen4 = gen4;
    hw.on = was_on = on;
    hw.wanted = -1;
    area = 24;
    nr_cells = 1;
    assert_int_equal(rcar_power_of(&node, &power), 0);
    assert_non_null(power.sysc);
    assert_true(rcar_power_is_on(&power) == on);
    rcar_power_watch(changed);
}

static void switching(bool gen4)
{
    uint64_t value;

    start(gen4, true);
    touch();
    assert_int_equal(nr_touched, 1);

    /* Left before, and not entered until it is back. */
    switch_to(false);
    assert_false(rcar_power_is_on(&power));
    for ( unsigned int i = 0; i < 5; i++ )
        assert_int_equal(sysc_node.mediator->read(NULL, NULL, 0x10, 4, &value),
                         0);
    assert_false(hw.on || rcar_power_is_on(&power));
    assert_int_equal(nr_touched, 1);
    switch_to(true);
    assert_true(hw.on && rcar_power_is_on(&power));
    assert_int_equal(nr_touched, 2);

    /* Refused: it stays on, and is set up anew. */
    hw.refuses = true;
    switch_to(false);
    assert_true(rcar_power_is_on(&power));
    assert_int_equal(nr_touched, 3);
}

static void switching_gen3(void)
{
    switching(false);
}

static void switching_gen4(void)
{
    switching(true);
}

/* By somebody else, firmware perhaps: noticed when dom0 looks. */
static void noticed(void)
{
    uint64_t value;

    start(false, false);
    hw.on = true;
    hw.other = 0x12345678;
    assert_int_equal(sysc_node.mediator->read(NULL, NULL, 0x10, 4, &value), 0);
    assert_int_equal(value, 0x12345678);
    assert_int_equal(nr_calls, 1);
    assert_int_equal(nr_touched, 1);
    dom0_writes(0x10, 0x55);
    assert_int_equal(hw.other, 0x55);
    assert_int_equal(nr_calls, 1);
}

static void bad_accesses(void)
{
    const struct mmio_ops *ops;
    uint64_t value;

    start(false, true);
    ops = sysc_node.mediator;
    assert_int_equal(ops->read(NULL, NULL, 0x10, 8, &value), -EFAULT);
    assert_int_equal(ops->read(NULL, NULL, 0x12, 4, &value), -EFAULT);
    assert_int_equal(ops->write(NULL, NULL, 0x400, 4, 0), -EFAULT);
    assert_int_equal(ops->write(NULL, NULL, 0x10, 2, 0), -EFAULT);
    assert_false(locked);
}

static void which_area(void)
{
    /* None: always on, and dom0 has the SYSC to itself. */
    assert_int_equal(rcar_power_of(&node, &power), 0);
    assert_null(power.sysc);
    nr_cells = 1;
    area = 32;
    assert_int_equal(rcar_power_of(&node, &power), 0);
    assert_null(power.sysc);
    assert_null(sysc_node.mediator);
    assert_true(rcar_power_is_on(&power));

    /* Nobody knows where its registers are. */
    area = 7;
    assert_int_equal(rcar_power_of(&node, &power), -ENODEV);
    nr_cells = 2;
    area = 24;
    assert_int_equal(rcar_power_of(&node, &power), -ENODEV);
    assert_null(sysc_node.mediator);
}

/* ---- devices that are not dom0's ---- */

static void holding(bool gen4)
{
    start(gen4, true);
    fcp_in[0] = fcp_in[1] = &sysc_node;
    fcp_area[0] = gen4 ? 64 : 32; /* always on */
    fcp_area[1] = 24;
    rcar_power_init();
    assert_int_equal(rcar_power_hold(&fcp), 0);
    assert_int_equal(rcar_power_hold(&fcp), 0);

    /* Nothing moves, and nobody of ours is told so. */
    switch_to(false);
    assert_true(hw.on && hw.wanted < 0 && rcar_power_is_on(&power));
    assert_int_equal(nr_calls, 0);
    assert_false(locked);
    /* The rest is as it was. */
    dom0_writes(0x10, 0x55);
    assert_int_equal(hw.other, 0x55);
    switch_to(true);
    assert_true(hw.on);

    /* Once is enough. */
    rcar_power_let_go(&fcp);
    switch_to(false);
    for ( unsigned int i = 0; i < 5; i++ )
        step();
    assert_false(hw.on || rcar_power_is_on(&power));
    rcar_power_let_go(&fcp);
    assert_int_equal(nr_lines, 0);

    /* Off already: refused, and once it is on it stays so. */
    assert_int_equal(rcar_power_hold(&fcp), -EIO);
    assert_int_equal(nr_lines, 1);
    switch_to(true);
    assert_int_equal(rcar_power_hold(&fcp), 0);
    switch_to(false);
    assert_true(hw.on);
    assert_false(locked);
}

static void holding_gen3(void)
{
    holding(false);
}

static void holding_gen4(void)
{
    holding(true);
}

/* No driver of ours is in its area: it is found by the device alone. */
static void holding_alone(void)
{
    hw.on = true;
    hw.wanted = -1;
    fcp_in[0] = &sysc_node;
    fcp_area[0] = 24;
    rcar_power_init();
    assert_non_null(sysc_node.mediator);
    assert_int_equal(rcar_power_hold(&fcp), 0);
    was_on = false;
    switch_to(false);
    assert_true(hw.on && hw.wanted < 0);
    rcar_power_let_go(&fcp);
    switch_to(false);
    assert_false(hw.on);
}

static void what_cannot_be_held(void)
{
    /* None, or somebody else's. */
    rcar_power_init();
    assert_int_equal(rcar_power_hold(&fcp), 0);
    fcp_in[0] = &other_node;
    fcp_area[0] = 7;
    rcar_power_init();
    assert_int_equal(rcar_power_hold(&fcp), 0);
    rcar_power_let_go(&fcp);
    assert_int_equal(nr_lines, 0);
    assert_null(sysc_node.mediator);

    /* Nobody knows where its registers are, or which it is. */
    fcp_in[1] = &sysc_node;
    fcp_area[1] = 7;
    rcar_power_init();
    assert_int_equal(rcar_power_hold(&fcp), -EIO);
    assert_int_equal(nr_lines, 1);
    malformed = true;
    rcar_power_init();
    assert_int_equal(rcar_power_hold(&fcp), -EIO);
    assert_int_equal(nr_lines, 2);
    malformed = false;
    start(false, true);
    assert_int_equal(rcar_power_hold(&fcp), -EIO);
    malformed = true;
    assert_int_equal(rcar_power_hold(&fcp), -EIO);
    switch_to(false);
    assert_false(hw.on);
    assert_false(locked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(switching_gen3), TEST(switching_gen4), TEST(noticed),
        TEST(bad_accesses),   TEST(which_area),     TEST(holding_gen3),
        TEST(holding_gen4),   TEST(holding_alone),  TEST(what_cannot_be_held),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
