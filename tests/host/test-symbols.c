/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-symbols.c - symbol lookup on a table whose layout is written out here.
 * The hypervisor's _start and _etext are taken by the C library: the compiler's
 * command line renames them for symbols.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <xen/symbols.h>

struct symbol_entry {
    uint32_t offset, name;
};

extern const char image_start[], image_end[];
extern const uint32_t symbols_count;
extern const struct symbol_entry symbols_table[];
extern const char symbols_names[];

/* 0x100 bytes of "text" with a symbol at each end. */
__asm__(".section .rodata\n"
        ".global image_start, image_end\n"
        "image_start: .skip 0x100\n"
        "image_end:\n"
        ".previous\n");

const struct symbol_entry symbols_table[] = {
    {0x10, 0}, {0x40, 6}, {0x40, 10}, {0x80, 14}};
const uint32_t symbols_count = 4;
const char symbols_names[] = "first\0two\0alt\0last";

static void expect(unsigned long at, const char *name, unsigned long distance)
{
    unsigned long offset = ~0UL;
    const char *found =
        symbols_lookup((unsigned long)image_start + at, &offset);

    assert_string_equal(found, name);
    assert_int_equal(offset, distance);
}

static void test_inside(void **state)
{
    (void)state;
    expect(0x10, "first", 0);
    expect(0x3f, "first", 0x2f);
    expect(0x41, "alt", 1);
    expect(0x80, "last", 0);
    expect(0xff, "last", 0x7f);
}

static void test_outside(void **state)
{
    unsigned long offset = 42;

    (void)state;
    assert_null(symbols_lookup((unsigned long)image_start - 1, &offset));
    assert_null(symbols_lookup((unsigned long)image_start + 0xf, &offset));
    assert_null(symbols_lookup((unsigned long)image_end, &offset));
    assert_null(symbols_lookup(0, &offset));
    assert_int_equal(offset, 42);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inside),
        cmocka_unit_test(test_outside),
    };

    return cmocka_run_group_tests_name("symbols", tests, NULL, NULL);
}
