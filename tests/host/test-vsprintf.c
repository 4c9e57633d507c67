/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Formatted output against libc's, for every mix of flags; and our %p, %ps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* xen-vsprintf.c */
int xen_snprintf(char *buf, size_t size, const char *fmt, ...);

/* The formats are made here; GCC cannot check them. */
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-truncation"

static void compare(const char *fmt, uint64_t value, size_t size)
{
    char ours[128], theirs[128];
    int a, b;

    memset(ours, 'x', sizeof(ours));
    memset(theirs, 'x', sizeof(theirs));
    a = xen_snprintf(ours, size, fmt, value);
    b = snprintf(theirs, size, fmt, value);
    if ( a != b || memcmp(ours, theirs, sizeof(ours)) )
        print_message("\"%s\" of %#lx: %d \"%s\", libc %d \"%s\"\n", fmt,
                      (unsigned long)value, a, ours, b, theirs);
    assert_int_equal(a, b);
    assert_memory_equal(ours, theirs, sizeof(ours));
}

static const uint64_t values[] = {
    0,          1,
    9,          10,
    127,        128,
    255,        256,
    32768,      65535,
    0x7fffffff, 0x80000000,
    0xffffffff, 0x100000000,
    INT64_MAX,  UINT64_C(1) << 63,
    UINT64_MAX, (uint64_t)-42,
};

static void test_numbers(void **state)
{
    static const char *const lengths[] = {"hh", "h", "", "l", "ll", "z"};
    static const char *const widths[] = {"", "1", "8", "20"};
    static const char *const precisions[] = {"", ".0", ".3", ".12"};
    static const char flags[] = "-0+ #", convs[] = "diuxXo";
    char fmt[32];

    (void)state;
    for ( unsigned int f = 0; f < 32; f++ )
        for ( unsigned int w = 0; w < 4; w++ )
            for ( unsigned int p = 0; p < 4; p++ )
                for ( unsigned int l = 0; l < 6; l++ )
                    for ( const char *c = convs; *c; c++ )
                    {
                        size_t n = 0;

                        /* '#' with 'o' is not used here */
                        if ( f & 16 && *c == 'o' )
                            continue;
                        fmt[n++] = '%';
                        for ( unsigned int b = 0; b < 5; b++ )
                            if ( f >> b & 1 )
                                fmt[n++] = flags[b];
                        snprintf(fmt + n, sizeof(fmt) - n, "%s%s%s%c",
                                 widths[w], precisions[p], lengths[l], *c);
                        for ( size_t v = 0;
                              v < sizeof(values) / sizeof(values[0]); v++ )
                            compare(fmt, values[v], 128);
                    }
}

static void test_sizes(void **state)
{
    (void)state;
    for ( size_t size = 1; size < 20; size++ )
        compare("ab%lxcd%%", 0x1234567, size);
    assert_int_equal(xen_snprintf(NULL, 0, "%d", 123), 3);
}

static void test_strings(void **state)
{
    char buf[64];

    (void)state;
    assert_int_equal(
        xen_snprintf(buf, 64, "%5s|%-5s|%.2s|%c", "ab", "cd", "efgh", 'i'), 16);
    assert_string_equal(buf, "   ab|cd   |ef|i");
    /* no terminator within the precision */
    assert_int_equal(xen_snprintf(buf, 64, "%.*s", 3, "xyz"), 3);
    assert_string_equal(buf, "xyz");
    xen_snprintf(buf, 64, "%*d|%-*d|", 4, 7, 4, 8);
    assert_string_equal(buf, "   7|8   |");
}

static void test_pointers(void **state)
{
    char buf[64];

    (void)state;
    xen_snprintf(buf, 64, "%p", (void *)0x1234);
    assert_string_equal(buf, "0x0000000000001234");
    xen_snprintf(buf, 64, "<%ps>", (void *)0x1010);
    assert_string_equal(buf, "<function+0x10>");
    xen_snprintf(buf, 64, "<%ps>", (void *)0x2010);
    assert_string_equal(buf, "<0x2010>");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_pointers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
