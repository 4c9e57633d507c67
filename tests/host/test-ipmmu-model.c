/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The IPMMU model itself: each item by which a wrong driver is to fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ipmmu.h>

#define RAM   UINT64_C(0x48000000)
#define PAGES 16u
#define LEAF  1u
#define UTLB  5u
#define CTX   2u

/* Register offsets of the Gen3 layout. */
#define BANK(reg)   (CTX * 0x40 + (reg))
#define IMUCTR(n)   (0x300 + 16 * (n))
#define TTBCR_VA64  0x80190099u /* EAE, T0SZ = T1SZ = 25, SL0 = 2 */
#define TABLE(page) (ram_pa(page) | UINT64_C(0x8000000000000003))
#define PAGE_RW     UINT64_C(0xf67)

static uint64_t ram[PAGES][512];
static struct ipmmu_model *m;
static unsigned int irqs;
static bool irq_level;

static uint64_t ram_pa(unsigned int page)
{
    return RAM + page * UINT64_C(4096);
}

static void *mem(void *ctx, uint64_t pa, size_t size)
{
    (void)ctx;
    if ( pa < RAM || pa + size > RAM + sizeof(ram) )
        return NULL;
    return (uint8_t *)ram + (pa - RAM);
}

static void irq(void *ctx, bool level)
{
    (void)ctx;
    irqs++;
    irq_level = level;
}

static void root(uint32_t reg, uint32_t value)
{
    ipmmu_model_write(m, 0, reg, 4, value);
}

static void leaf(uint32_t reg, uint32_t value)
{
    ipmmu_model_write(m, LEAF, reg, 4, value);
}

static void put(unsigned int page, unsigned int index, uint64_t desc)
{
    ram[page][index] = desc;
    ipmmu_model_clean(m, ram_pa(page) + index * 8, 8);
}

static void flush(void)
{
    leaf(BANK(0), 7);
    root(BANK(0), 0x20000007);
}

/* Root 0, level 2 in page 1, level 3 in page 2: 0x1000 -> page 8. */
static void translate(uint32_t imttbcr)
{
    memset(ram, 0, sizeof(ram));
    ipmmu_model_clean(m, RAM, sizeof(ram));
    put(2, 1, ram_pa(8) | PAGE_RW);
    put(1, 0, TABLE(2));
    put(0, 0, TABLE(1));
    root(BANK(0x10), (uint32_t)ram_pa(0));
    root(BANK(0x14), 0);
    root(BANK(0x18), (uint32_t)ram_pa(0));
    root(BANK(0x1c), 0);
    root(BANK(0x08), imttbcr);
    root(BANK(0x28), 0x0004ff44);
    flush();
    leaf(IMUCTR(UTLB), CTX << 4 | 1);
}

static int setup(void **state)
{
    const struct ipmmu_model_cfg cfg = {.nr_leaves = 2, .mem = mem, .irq = irq};

    (void)state;
    m = ipmmu_model_new(&cfg);
    irqs = 0;
    ipmmu_model_master(m, LEAF, UTLB);
    translate(TTBCR_VA64);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ipmmu_model_free(m);
    return 0;
}

static struct ipmmu_dma_result access_at(uint64_t iova, bool write)
{
    return ipmmu_model_dma(m, LEAF, UTLB, iova, write);
}

#define expect_clean()                                                         \
    do                                                                         \
    {                                                                          \
        (void)ipmmu_model_settled(m);                                          \
        assert_string_equal(ipmmu_model_violations(m).first, "");              \
    } while ( 0 )
#define expect_violation(text)                                                 \
    do                                                                         \
    {                                                                          \
        assert_non_null(strstr(ipmmu_model_violations(m).first, text));        \
        ipmmu_model_forgive(m);                                                \
    } while ( 0 )

static void test_translates(void **state)
{
    struct ipmmu_dma_result r = access_at(0x1234, true);

    (void)state;
    assert_true(r.ok && r.translated);
    assert_int_equal(r.pa, ram_pa(8) + 0x234);
    expect_clean();
}

static void test_untranslated_reaches_all(void **state)
{
    (void)state;
    assert_false(ipmmu_model_reachable(m, ram_pa(9), 4096));
    leaf(IMUCTR(UTLB), 0);
    assert_int_equal(access_at(0x1234, true).pa, 0x1234);
    assert_true(ipmmu_model_reachable(m, ram_pa(9), 4096));
}

static void test_fault_latches(void **state)
{
    (void)state;
    assert_false(access_at(UINT64_C(0x1200005678), true).ok);
    assert_false(access_at(0x9000, true).ok); /* the second one is lost */
    assert_true(irq_level);
    assert_int_equal(ipmmu_model_read(m, 0, BANK(0x20), 4) & 7, 1);
    assert_int_equal(ipmmu_model_read(m, 0, BANK(0x30), 4), 0x00005678);
    assert_int_equal(ipmmu_model_read(m, 0, BANK(0x34), 4), 0x12);
    root(BANK(0x20), ~0U); /* ones do not clear */
    assert_true(irq_level);
    root(BANK(0x20), 0);
    assert_false(irq_level);
    assert_int_equal(ipmmu_model_read(m, 0, BANK(0x30), 4), 0);
    assert_int_equal(irqs, 2);
    expect_clean();
}

static void test_rights(void **state)
{
    (void)state;
    put(2, 2, ram_pa(9) | PAGE_RW | 0x80);
    assert_true(access_at(0x2000, false).ok);
    assert_int_equal(access_at(0x2000, true).imstr, 0x3402); /* level 3 */
    put(2, 3, ram_pa(9) | (PAGE_RW & ~UINT64_C(0x400)));     /* AF */
    assert_int_equal(access_at(0x3000, false).imstr & 7, 1);
    put(2, 4, ram_pa(9) | (PAGE_RW & ~UINT64_C(0x20))); /* NS */
    assert_int_equal(access_at(0x4000, false).imstr & 0x700, 0x500);
    put(1, 1, TABLE(3) & ~(UINT64_C(1) << 63)); /* NSTable */
    assert_int_equal(access_at(0x200000, false).imstr, 0x2502);
}

static void test_formats(void **state)
{
    static const uint32_t bad[] = {
        0x00190099, /* no EAE */
        0x80190059, /* SL0 1 */
        0x80190080, /* T0SZ 0 */
        0x80180099, /* T1SZ 24 */
        0x80000099, /* T1SZ 0 */
    };
    static const uint32_t other[][2] = {
        {0x18, 0x1000},               /* TTBR1 */
        {0x1c, 1},      {0x28, 0x40}, /* attributes 0, 1, 2 */
        {0x28, 0xff00}, {0x28, 0x080000},
    };

    (void)state;
    for ( size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++ )
    {
        translate(bad[i]);
        assert_int_equal(access_at(0x1000, false).imstr & 0x701, 0x101);
    }
    translate(TTBCR_VA64);
    /* Registers that say the same in every context. */
    for ( size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++ )
    {
        uint32_t good = ipmmu_model_read(m, 0, BANK(other[i][0]), 4);

        root(BANK(other[i][0]), good ^ other[i][1]);
        flush();
        assert_int_equal(access_at(0x1000, false).imstr & 0x701, 0x101);
        root(BANK(other[i][0]), good);
    }
    root(BANK(0x28), 0xff04ff44); /* attribute 3 is nobody's */
    flush();
    assert_true(access_at(0x1000, false).ok);
    flush();
    root(BANK(0), 7); /* without VA64 */
    assert_int_equal(access_at(0x1000, false).imstr & 0x701, 0x101);
    flush();
    assert_true(access_at(0x1000, false).ok);
    assert_false(access_at(UINT64_C(1) << 39 | 0x1000, false).ok);
    expect_clean();
}

/* Either cache alone keeps what was taken away. */
static void test_flush_both(void **state)
{
    (void)state;
    assert_true(access_at(0x1000, true).ok);
    put(2, 1, 0);
    assert_true(ipmmu_model_reachable(m, ram_pa(8), 4096));
    root(BANK(0), 0x20000007);
    assert_true(access_at(0x1000, true).ok);
    assert_false(ipmmu_model_settled(m));
    expect_violation("not flushed");

    leaf(BANK(0), 7);
    root(BANK(0), 0x20000007);
    assert_false(access_at(0x1000, true).ok);
    assert_false(ipmmu_model_reachable(m, ram_pa(8), 4096));
    expect_clean();

    put(2, 1, ram_pa(8) | PAGE_RW);
    assert_true(access_at(0x1000, true).ok);
    put(2, 1, 0);
    leaf(BANK(0), 7);
    assert_true(access_at(0x1000, true).ok); /* the root has it still */
}

static void test_flush_takes_time(void **state)
{
    (void)state;
    ipmmu_model_tune(m)->flush_delay = 3;
    assert_true(access_at(0x1000, true).ok);
    put(2, 1, 0);
    flush();
    assert_false(ipmmu_model_settled(m));
    expect_violation("not waited for");
    for ( unsigned int i = 0; i < 3; i++ )
        (void)ipmmu_model_read(m, 0, BANK(0), 4);
    assert_int_equal(ipmmu_model_read(m, 0, BANK(0), 4) & 2, 0);
    expect_clean();

    ipmmu_model_tune(m)->flush_never = true;
    flush();
    for ( unsigned int i = 0; i < 1000; i++ )
        assert_int_equal(ipmmu_model_read(m, 0, BANK(0), 4) & 2, 2);
}

static void test_registers_need_a_flush(void **state)
{
    (void)state;
    root(BANK(0x10), (uint32_t)ram_pa(4));
    root(BANK(0x18), (uint32_t)ram_pa(4));
    assert_true(access_at(0x1000, true).ok);
    assert_false(ipmmu_model_settled(m));
    expect_violation("without a flush");
    flush();
    assert_false(access_at(0x1000, true).ok);
}

static void test_sees_cleaned_memory_only(void **state)
{
    (void)state;
    ram[2][2] = ram_pa(9) | PAGE_RW;
    assert_false(access_at(0x2000, false).ok);
    ipmmu_model_clean(m, ram_pa(2) + 16, 8);
    assert_true(access_at(0x2000, false).ok);
    expect_clean();
}

static void test_break_before_make(void **state)
{
    (void)state;
    assert_true(access_at(0x1000, false).ok);
    put(2, 1, ram_pa(9) | PAGE_RW);
    expect_violation("break-before-make");
    put(2, 1, ram_pa(8) | PAGE_RW | 0x80); /* rights may change */
    flush();
    expect_clean();
}

static void test_forbidden(void **state)
{
    (void)state;
    root(0, 1);
    expect_violation("context 0");
    root(0, 0);
    root(BANK(0x08), TTBCR_VA64 | 0x3500);
    expect_violation("cached walks");
    root(BANK(0x08), TTBCR_VA64 | 1U << 30);
    expect_violation("stage 2");
    root(BANK(0x10), 0x123);
    expect_violation("not a page");
    root(0x504, 8);
    expect_violation("S2PTE");
    leaf(0x500, 1);
    expect_violation("not ours");
    ipmmu_model_tune(m)->off = 1U << LEAF;
    leaf(0x500, 0);
    expect_violation("power off");
    ipmmu_model_tune(m)->off = 0;
    (void)ipmmu_model_read(m, 0, 0, 8);
    expect_violation("8 bytes");
}

static void test_secgrp_stops_all(void **state)
{
    (void)state;
    leaf(0x500, 1U << 28);
    assert_false(access_at(0x1000, false).ok);
    leaf(0x500, 0);
    assert_true(access_at(0x1000, false).ok);
    ipmmu_model_tune(m)->need_discache = true;
    (void)access_at(0x1000, false);
    expect_violation("erratum");
    leaf(0x500, 7U << 29);
    assert_true(access_at(0x1000, false).ok);
    expect_clean();
}

static void test_dead_context(void **state)
{
    (void)state;
    root(BANK(0), 2);
    assert_false(access_at(0x1000, false).ok);
    assert_false(ipmmu_model_settled(m));
    expect_violation("which is off");
    leaf(IMUCTR(UTLB), 0);
    expect_clean();
}

static void test_power_cycle(void **state)
{
    (void)state;
    ipmmu_model_power_cycle(m);
    assert_int_equal(ipmmu_model_read(m, 0, BANK(0x08), 4), 0);
    assert_false(access_at(0x1000, false).translated);
    translate(TTBCR_VA64);
    assert_true(access_at(0x1000, false).ok);
    expect_clean();
}

static void test_utlb0_forgets_to_forget(void **state)
{
    (void)state;
    ipmmu_model_tune(m)->utlb0_forgets = true;
    leaf(IMUCTR(0), CTX << 4 | 1);
    assert_true(ipmmu_model_dma(m, LEAF, 0, 0x1000, true).ok);
    put(2, 1, 0);
    flush();
    assert_true(ipmmu_model_dma(m, LEAF, 0, 0x1000, true).ok);
}

/* The banks of the other layout: 7 and 8 are not neighbours. */
static void test_gen4_layout(void **state)
{
    const struct ipmmu_model_cfg cfg = {
        .gen4 = true, .nr_leaves = 1, .mem = mem};
    static const uint32_t bank[] = {0x11040, 0x171c0, 0x18800, 0x1f9c0};

    (void)state;
    ipmmu_model_free(m);
    m = ipmmu_model_new(&cfg);
    for ( size_t i = 0; i < sizeof(bank) / sizeof(bank[0]); i++ )
    {
        root(bank[i] + 0x28, (uint32_t)i + 1);
        assert_int_equal(ipmmu_model_read(m, 0, bank[i] + 0x28, 4), i + 1);
    }
    leaf(0x3600, 15U << 4 | 1);
    assert_int_equal(ipmmu_model_read(m, LEAF, 0x3600, 4), 15U << 4 | 1);
    leaf(0x3600, 0);
    expect_clean();
    root(0x80, 1);
    expect_violation("is nothing");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(translates),
        TEST(untranslated_reaches_all),
        TEST(fault_latches),
        TEST(rights),
        TEST(formats),
        TEST(flush_both),
        TEST(flush_takes_time),
        TEST(registers_need_a_flush),
        TEST(sees_cleaned_memory_only),
        TEST(break_before_make),
        TEST(forbidden),
        TEST(secgrp_stops_all),
        TEST(dead_context),
        TEST(power_cycle),
        TEST(utlb0_forgets_to_forget),
        TEST(gen4_layout),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
