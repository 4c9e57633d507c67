/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-rcar-cpg.c - module clocks and resets that dom0's driver has no say in:
 * a model of the CPG of Gen3 and Gen4 whose modules start some time after the
 * request. Offsets are written here by hand.
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
#include <xen/lib.h>
#include <xen/mm.h>
#include <xen/mmio.h>
#include <xen/rcar.h>
#include <xen/time.h>

#define VIRT 0x300000000000u

/* The card's host is module 314; bit 14 of register 3. Of the same register:
 * the console, 310, and dom0's, 313. */
#define CARD    (1u << 14)
#define CONSOLE (1u << 10)
#define OTHER   (1u << 13)

static struct {
    bool gen4, stuck;
    uint32_t stop, status, delay; /* of register 3 */
    uint32_t in_reset, was_reset;
    uint32_t any; /* a register that is not ours to know */
    s_time_t reset_at;
} hw;

enum {
    CPG,
    CARD_NODE,
    CONSOLE_NODE,
    OTHER_NODE,
    NR_NODES
};
static struct dt_node node[NR_NODES];
struct dt_node *dt_root = &node[0];
static unsigned int module[NR_NODES], line[NR_NODES]; /* 0: none */
static bool locked, disabled[NR_NODES];
static s_time_t now;

static uint32_t stop_at(void)
{
    return hw.gen4 ? 0x2d0c : 0x13c;
}

static uint32_t status_at(void)
{
    return hw.gen4 ? 0x2e0c : 0x048;
}

static uint32_t reset_at(void)
{
    return hw.gen4 ? 0x2c0c : 0x0b8;
}

static uint32_t release_at(void)
{
    return hw.gen4 ? 0x2c8c : 0x94c;
}

uint64_t host_mmio_read(const volatile void *addr, unsigned int size)
{
    uint64_t offset = (uintptr_t)addr - VIRT;

    assert_int_equal(size, 4);
    if ( hw.delay && !--hw.delay && !hw.stuck )
        hw.status = hw.stop;
    if ( offset == stop_at() )
        return hw.stop;
    if ( offset == status_at() )
        return hw.status;
    assert_int_equal(offset, 0x238);
    return hw.any;
}

void host_mmio_write(volatile void *addr, unsigned int size, uint64_t value)
{
    uint64_t offset = (uintptr_t)addr - VIRT;

    assert_int_equal(size, 4);
    assert_true(locked);
    if ( offset == stop_at() )
    {
        hw.stop = (uint32_t)value;
        hw.delay = 3;
    }
    else if ( offset == reset_at() )
    {
        /* Without a clock it does not get there. */
        assert_false(value & hw.status & CARD);
        hw.in_reset |= (uint32_t)value;
        hw.was_reset |= (uint32_t)value;
        hw.reset_at = now;
    }
    else if ( offset == release_at() )
    {
        assert_true(now - hw.reset_at >= MICROSECS(31));
        hw.in_reset &= ~(uint32_t)value;
    }
    else
    {
        assert_int_equal(offset, 0x238);
        hw.any = (uint32_t)value;
    }
}

/* ---- the machine ---- */

s_time_t NOW(void)
{
    return now += MICROSECS(10);
}

void udelay(unsigned int us)
{
    now += MICROSECS(us);
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

static unsigned int nr_lines;

void printk(const char *fmt, ...)
{
    (void)fmt;
    nr_lines++;
}

void *ioremap(maddr_t ma, size_t size)
{
    assert_true(maddr_x(ma) == 0xe6150000);
    (void)size;
    return (void *)(uintptr_t)VIRT;
}

struct dt_node *dt_find_compatible(struct dt_node *from, const char *compat)
{
    assert_null(from);
    return strcmp(compat, hw.gen4 ? "renesas,r8a779g0-cpg-mssr"
                                  : "renesas,r8a774a1-cpg-mssr")
               ? NULL
               : &node[CPG];
}

int dt_get_reg(const struct dt_node *np, unsigned int index, uint64_t *addr,
               uint64_t *size)
{
    assert_ptr_equal(np, &node[CPG]);
    assert_int_equal(index, 0);
    *addr = 0xe6150000;
    *size = hw.gen4 ? 0x4000 : 0x1000;
    return 0;
}

bool dt_is_available(const struct dt_node *np)
{
    return !disabled[np - node];
}

/* Clocks: the module's, and a core clock of which nobody stops anything. */
int dt_parse_phandle_args(const struct dt_node *np, const char *list,
                          const char *cells_name, unsigned int index,
                          struct dt_phandle_args *out)
{
    unsigned int n = (unsigned int)(np - node);

    if ( !strcmp(list, "clocks") )
    {
        assert_string_equal(cells_name, "#clock-cells");
        if ( !module[n] || index > 1 )
            return -ENOENT;
        *out = (struct dt_phandle_args){&node[CPG], 2, {!index, module[n]}};
        return 0;
    }
    assert_string_equal(list, "resets");
    assert_string_equal(cells_name, "#reset-cells");
    if ( !line[n] || index )
        return -ENOENT;
    *out = (struct dt_phandle_args){&node[CPG], 1, {line[n]}};
    return 0;
}

static void start(bool gen4)
{
    hw.gen4 = gen4;
    hw.stop = hw.status = CARD;
    for ( unsigned int i = 0; i < NR_NODES; i++ )
    {
        node[i].full_name = "/soc/something";
        node[i].next_all = i + 1 < NR_NODES ? &node[i + 1] : NULL;
    }
    module[CARD_NODE] = line[CARD_NODE] = 314;
    module[CONSOLE_NODE] = line[CONSOLE_NODE] = 310;
    module[OTHER_NODE] = line[OTHER_NODE] = 313;
    node[CONSOLE_NODE].used_by_xen = true;
    rcar_cpg_init();
}

static void dom0_writes(uint64_t offset, uint32_t value)
{
    assert_int_equal(node[CPG].mediator->write(NULL, NULL, offset, 4, value),
                     0);
    assert_false(locked);
}

static uint32_t dom0_reads(uint64_t offset)
{
    uint64_t value;

    assert_int_equal(node[CPG].mediator->read(NULL, NULL, offset, 4, &value),
                     0);
    return (uint32_t)value;
}

/* ---- */

static void holding(bool gen4)
{
    start(gen4);
    /* The console's goes on, dom0 does as it likes with the others. */
    dom0_writes(stop_at(), CARD | CONSOLE | OTHER);
    assert_int_equal(hw.stop, CARD | OTHER);
    dom0_writes(reset_at(), CONSOLE);
    assert_int_equal(hw.was_reset, 0);

    assert_int_equal(rcar_cpg_hold(&node[CARD_NODE]), 0);
    assert_false(hw.status & CARD);
    assert_true(hw.status & OTHER);
    assert_int_equal(rcar_cpg_hold(&node[CARD_NODE]), 0);
    dom0_writes(stop_at(), ~0u);
    assert_int_equal(hw.stop, ~(CARD | CONSOLE));
    dom0_writes(reset_at(), CARD | OTHER);
    assert_int_equal(hw.was_reset, OTHER);

    /* Once is enough. */
    rcar_cpg_let_go(&node[CARD_NODE]);
    assert_int_equal(hw.stop, ~(CARD | CONSOLE));
    dom0_writes(stop_at(), ~0u);
    assert_int_equal(hw.stop, ~CONSOLE);
    rcar_cpg_let_go(&node[CARD_NODE]);
}

static void holding_gen3(void)
{
    holding(false);
}

static void holding_gen4(void)
{
    holding(true);
}

static void reset(bool gen4)
{
    start(gen4);
    assert_int_equal(rcar_cpg_hold(&node[CARD_NODE]), 0);
    assert_int_equal(rcar_cpg_reset(&node[CARD_NODE]), 1);
    assert_int_equal(hw.was_reset, CARD);
    assert_int_equal(hw.in_reset, 0);

    /* The line is that of a device of dom0's, too. */
    hw.was_reset = 0;
    line[OTHER_NODE] = 314;
    assert_int_equal(rcar_cpg_reset(&node[CARD_NODE]), 0);
    assert_int_equal(hw.was_reset, 0);
    disabled[OTHER_NODE] = true;
    assert_int_equal(rcar_cpg_reset(&node[CARD_NODE]), 1);
    assert_int_equal(hw.was_reset, CARD);
    hw.was_reset = 0;
    disabled[OTHER_NODE] = false;
    assert_int_equal(rcar_cpg_hold(&node[OTHER_NODE]), 0);
    assert_int_equal(rcar_cpg_reset(&node[CARD_NODE]), 1);
    assert_int_equal(hw.was_reset, CARD);

    /* There is none. */
    line[CARD_NODE] = 0;
    assert_int_equal(rcar_cpg_reset(&node[CARD_NODE]), 0);
}

static void reset_gen3(void)
{
    reset(false);
}

static void reset_gen4(void)
{
    reset(true);
}

static void does_not_start(void)
{
    start(false);
    hw.stuck = true;
    assert_int_equal(rcar_cpg_hold(&node[CARD_NODE]), -EIO);
    assert_int_equal(nr_lines, 1);
    assert_false(locked);
}

static void strange_numbers(void)
{
    start(false);
    module[CARD_NODE] = line[CARD_NODE] = 1214; /* there are 12 registers */
    assert_int_equal(rcar_cpg_hold(&node[CARD_NODE]), 0);
    assert_int_equal(rcar_cpg_reset(&node[CARD_NODE]), 0);
    module[CARD_NODE] = line[CARD_NODE] = 399;
    assert_int_equal(rcar_cpg_hold(&node[CARD_NODE]), 0);
    assert_int_equal(rcar_cpg_reset(&node[CARD_NODE]), 0);
    assert_int_equal(hw.stop, CARD);
    assert_int_equal(hw.was_reset, 0);
}

static void accesses(void)
{
    const struct mmio_ops *ops;
    uint64_t value;

    start(false);
    ops = node[CPG].mediator;
    hw.any = 0x12345678;
    assert_int_equal(dom0_reads(0x238), 0x12345678);
    dom0_writes(0x238, 0x55);
    assert_int_equal(hw.any, 0x55);
    assert_int_equal(ops->read(NULL, NULL, 0x238, 8, &value), -EFAULT);
    assert_int_equal(ops->read(NULL, NULL, 0x23a, 4, &value), -EFAULT);
    assert_int_equal(ops->write(NULL, NULL, 0x1000, 4, 0), -EFAULT);
    assert_int_equal(ops->write(NULL, NULL, 0x238, 2, 0), -EFAULT);
    assert_false(locked);
}

/* A machine without one. */
static void none(void)
{
    module[CARD_NODE] = 314;
    assert_int_equal(rcar_cpg_hold(&node[CARD_NODE]), 0);
    assert_int_equal(rcar_cpg_reset(&node[CARD_NODE]), 0);
    rcar_cpg_let_go(&node[CARD_NODE]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(holding_gen3), TEST(holding_gen4),   TEST(reset_gen3),
        TEST(reset_gen4),   TEST(does_not_start), TEST(strange_numbers),
        TEST(accesses),     TEST(none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
