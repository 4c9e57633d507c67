/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test-bootmem.c - RAM banks and what is free of them, by trees of boards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "isolated.h"

#include <asm/mm.h>

#include <libfdt.h>

static char console[1024];
static uint64_t tree[512];

void printk(const char *fmt, ...)
{
    size_t len = strlen(console);
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(console + len, sizeof(console) - len, fmt, args);
    va_end(args);
}

static void add_memory(const uint64_t *range)
{
    fdt64_t reg[2] = {cpu_to_fdt64(range[0]), cpu_to_fdt64(range[1])};
    char name[32];

    snprintf(name, sizeof(name), "memory@%lx", (unsigned long)range[0]);
    fdt_begin_node(tree, name);
    fdt_property_string(tree, "device_type", "memory");
    fdt_property(tree, "reg", reg, sizeof(reg));
    fdt_end_node(tree);
}

/* @ranges: start and size, until 0. */
static void scan(const char *compatible, size_t len, const uint64_t *ranges)
{
    fdt_create(tree, sizeof(tree));
    fdt_finish_reservemap(tree);
    fdt_begin_node(tree, "");
    fdt_property(tree, "compatible", compatible, (int)len);
    fdt_property_u32(tree, "#address-cells", 2);
    fdt_property_u32(tree, "#size-cells", 2);
    for ( ; *ranges; ranges += 2 )
        add_memory(ranges);
    fdt_begin_node(tree, "reserved-memory");
    fdt_property_u32(tree, "#address-cells", 2);
    fdt_property_u32(tree, "#size-cells", 2);
    fdt_begin_node(tree, "linux,lossy_decompress");
    {
        fdt64_t reg[2] = {cpu_to_fdt64(0x54000000), cpu_to_fdt64(0x3000000)};

        fdt_property(tree, "reg", reg, sizeof(reg));
    }
    fdt_end_node(tree);
    fdt_end_node(tree);
    fdt_end_node(tree);
    assert_int_equal(fdt_finish(tree), 0);
    assert_int_equal(bootmem_scan(tree, _maddr(0x48000000), _maddr(0x48200000),
                                  _maddr(0x48400000)),
                     0);
}

static void expect_bank(unsigned int i, uint64_t start, uint64_t size)
{
    uint64_t s;
    maddr_t m;

    assert_true(mm_ram_bank(i, &m, &s));
    assert_true(maddr_x(m) == start && s == size);
}

static bool is_free(uint64_t at)
{
    maddr_t start, end;

    for ( unsigned int i = 0; bootmem_free(i, &start, &end); i++ )
        if ( at >= maddr_x(start) && at < maddr_x(end) )
            return true;
    return false;
}

static const char salvator[] = "renesas,salvator-x\0renesas,r8a7795";
static const char other[] = "arm,some-board";

/* H3 with 4 GiB; a loader that lists the first bank by both its names. */
static void low_alias(void)
{
    static const uint64_t ranges[] = {0x48000000,
                                      0x38000000,
                                      UINT64_C(0x448000000),
                                      0x38000000,
                                      UINT64_C(0x500000000),
                                      0x40000000,
                                      UINT64_C(0x600000000),
                                      0x40000000,
                                      0};
    uint64_t size;
    maddr_t start;

    scan(salvator, sizeof(salvator), ranges);
    expect_bank(0, 0x48000000, 0x38000000);
    expect_bank(1, UINT64_C(0x500000000), 0x40000000);
    expect_bank(2, UINT64_C(0x600000000), 0x40000000);
    assert_false(mm_ram_bank(3, &start, &size));
    assert_non_null(strstr(console, "the same RAM as below 4 GiB"));
    assert_false(is_free(UINT64_C(0x450000000)));
    assert_false(mfn_is_ram(_mfn(0x450000)));
    assert_true(mfn_is_ram(_mfn(0x50000)));

    assert_true(mm_ram_alias(&start, &size));
    assert_true(maddr_x(start) == UINT64_C(0x400000000) && size == 0x80000000);

    /* Firmware's and ours are left alone. */
    assert_true(is_free(0x53fff000) && is_free(0x57000000));
    assert_false(is_free(0x54000000) || is_free(0x56fff000));
    assert_false(is_free(0x48200000) || is_free(0x48000000));
}

/* M3-W+: RAM right behind the alias is its own, also in one piece with it. */
static void behind_the_alias(void)
{
    static const uint64_t ranges[] = {0x48000000, 0x78000000,
                                      UINT64_C(0x3f0000000),
                                      UINT64_C(0x110000000), 0};
    uint64_t size;
    maddr_t start;

    scan(salvator, sizeof(salvator), ranges);
    expect_bank(1, UINT64_C(0x3f0000000), 0x10000000);
    expect_bank(2, UINT64_C(0x480000000), 0x80000000);
    assert_false(mm_ram_bank(3, &start, &size));
}

static void other_boards(void)
{
    static const uint64_t ranges[] = {0x40000000, 0x40000000,
                                      UINT64_C(0x400000000), 0x40000000, 0};
    uint64_t size;
    maddr_t start;

    scan(other, sizeof(other), ranges);
    expect_bank(1, UINT64_C(0x400000000), 0x40000000);
    assert_false(mm_ram_alias(&start, &size));
    assert_string_equal(console, "");
}

/* A list that does not end is no list. */
static void bad_compatible(void)
{
    static const uint64_t ranges[] = {0x48000000, 0x38000000, 0};

    scan("renesas,r8a7795", 15, ranges);
    expect_bank(0, 0x48000000, 0x38000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(low_alias),
        TEST(behind_the_alias),
        TEST(other_boards),
        TEST(bad_compatible),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
