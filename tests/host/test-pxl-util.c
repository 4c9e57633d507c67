// SPDX-License-Identifier: GPL-2.0-or-later
/* pxl: words of the command line, messages, tables, JSON. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "json.h"
#include "parse.h"
#include "pxl.h"
#include "captured.h"
#include "table.h"

/* ---- a clock and a terminal of the test's own ---- */

static uint64_t clock_ms;
static bool terminal;

uint64_t now_ms(void)
{
    return clock_ms;
}

int __wrap_isatty(int fd);
int __wrap_isatty(int fd)
{
    (void)fd;
    return terminal;
}

static void test_progress(void **state)
{
    static const char what[] = "copying", more[] = "more";
    uint64_t i;

    (void)state;
    clock_ms = 5000;
    terminal = true;
    stderr_begin();
    for ( i = 0; i <= 10; i++, clock_ms += 90 )
        progress(what, i, 10, "MiB");
    assert_string_equal(stderr_end(), ""); /* done within a second */

    stderr_begin();
    for ( i = 0; i <= 10; i++, clock_ms += 150 )
        progress(what, i, 10, "MiB");
    assert_string_equal(stderr_end(), "\rcopying: 7/10 MiB\033[K"
                                      "\rcopying: 9/10 MiB\033[K"
                                      "\rcopying: 10/10 MiB\033[K\n");

    /* A message does not stand behind it on its line. */
    stderr_begin();
    progress(what, 1, 0, "devices");
    clock_ms += 1000;
    progress(what, 2, 0, "devices");
    warn("one is slow");
    clock_ms += 1000;
    progress(what, 3, 0, "devices");
    progress(more, 0, 5, "MiB"); /* another begins: the line is its */
    assert_string_equal(stderr_end(), "\rcopying: 2 devices\033[K\r\033[K"
                                      "pxl: warning: one is slow\n"
                                      "\rcopying: 3 devices\033[K\r\033[K");

    stderr_begin();
    clock_ms += 1000;
    progress(more, 1, 5, "MiB");
    progress_end();
    progress_end();
    assert_string_equal(stderr_end(), "\rmore: 1/5 MiB\033[K\r\033[K");

    terminal = false;
    stderr_begin();
    for ( i = 0; i <= 10; i++, clock_ms += 1000 )
        progress(what, i, 10, "MiB");
    assert_string_equal(stderr_end(), "");
}

static void test_messages(void **state)
{
    (void)state;
    stderr_begin();
    err("%s is %d", "it", 1);
    warn("it may");
    verbose("it did");
    verbosity = 1;
    verbose("it does");
    verbosity = 0;
    assert_string_equal(stderr_end(), "pxl: it is 1\npxl: warning: it may\n"
                                      "pxl: it does\n");
}

static void test_numbers(void **state)
{
    static const char *const bad[] = {
        "",     "-1", "1x", " 1", "0x",
        "0x-1", "+2", "1 ", "a",  "18446744073709551616"};
    uint64_t n;
    size_t i;

    (void)state;
    assert_int_equal(parse_number("12", &n), 0);
    assert_int_equal(n, 12);
    assert_int_equal(parse_number("010", &n), 0);
    assert_int_equal(n, 10);
    assert_int_equal(parse_number("0xfF", &n), 0);
    assert_int_equal(n, 255);
    assert_int_equal(parse_number("18446744073709551615", &n), 0);
    assert_true(n == UINT64_MAX);
    for ( i = 0; i < sizeof(bad) / sizeof(bad[0]); i++ )
    {
        n = 5;
        stderr_begin();
        assert_int_equal(parse_number(bad[i], &n), -1);
        assert_non_null(strstr(stderr_end(), "' is not a number\n"));
        assert_int_equal(n, 5);
    }
}

static void test_memory(void **state)
{
    static const struct {
        const char *text;
        uint64_t kib;
    } good[] = {
        {"512", 512 << 10},  {"512m", 512 << 10},
        {"512M", 512 << 10}, {"2g", 2 << 20},
        {"1T", 1ULL << 30},  {"100k", 100},
        {"4096b", 4},        {"0", 0},
    };
    static const char *const bad[] = {"",
                                      "m",
                                      "1mb",
                                      "-1",
                                      "1x",
                                      "1 m",
                                      "0x10",
                                      "99999999999999999999",
                                      "18014398509481985g"};
    uint64_t kib;
    size_t i;

    (void)state;
    for ( i = 0; i < sizeof(good) / sizeof(good[0]); i++ )
    {
        assert_int_equal(parse_memory(good[i].text, &kib), 0);
        assert_int_equal(kib, good[i].kib);
    }
    for ( i = 0; i < sizeof(bad) / sizeof(bad[0]); i++ )
    {
        stderr_begin();
        assert_int_equal(parse_memory(bad[i], &kib), -1);
        assert_non_null(strstr(stderr_end(), "' is no amount of memory: "));
    }
}

/* The map of 11 CPUs as a number. */
static int cpus(const char *text)
{
    uint8_t map[2] = {0xaa, 0xaa};

    if ( parse_cpus(text, 11, map) )
    {
        assert_int_equal(map[0], 0xaa); /* only written on success */
        return -1;
    }
    return map[0] | map[1] << 8;
}

static void test_cpus(void **state)
{
    static const struct {
        const char *text;
        int map;
    } good[] = {
        {"all", 0x7ff},
        {"0", 1},
        {"10", 0x400},
        {"0-3", 0xf},
        {"0-3,^1", 0xd},
        {"7-8,1", 0x182},
        {"all,^0-7", 0x700},
        {"^1,0-3", 0xf},
        {"3-3", 8},
        {"node:0", 0x7ff},
        {"nodes:all,^5", 0x7df},
        {"2,2", 4},
        {"node:0,^node:0,4", 0x10},
    };
    static const struct {
        const char *text, *message;
    } bad[] = {
        {"", "'' is no list of CPUs; write it as 0-3,^1 or all"},
        {"x", "is no list"},
        {"3-1", "is no list"},
        {"1,", "is no list"},
        {",1", "is no list"},
        {"1-", "is no list"},
        {"-1", "is no list"},
        {"1 2", "is no list"},
        {"alles", "is no list"},
        {"^", "is no list"},
        {"0x3", "is no list"},
        {"11", "'11': there is no CPU or node 11; the last is 10"},
        {"0-11", "the last is 10"},
        {"99999999999999999999", "is no list"},
        {"node:1", "there is no CPU or node 1; the last is 0"},
        {"1,^1", "'1,^1' leaves no CPU"},
        {"^all", "leaves no CPU"},
    };
    size_t i;

    (void)state;
    for ( i = 0; i < sizeof(good) / sizeof(good[0]); i++ )
        assert_int_equal(cpus(good[i].text), good[i].map);
    for ( i = 0; i < sizeof(bad) / sizeof(bad[0]); i++ )
    {
        stderr_begin();
        assert_int_equal(cpus(bad[i].text), -1);
        assert_non_null(strstr(stderr_end(), bad[i].message));
    }
}

static void test_format_cpus(void **state)
{
    static const struct {
        uint8_t map[2];
        const char *text;
    } cases[] = {
        {{0xff, 0x07}, "all"},  {{0xfe, 0xff}, "1-10"},
        {{0, 0}, "none"},       {{0x01, 0}, "0"},
        {{0x2e, 0}, "1-3,5"},   {{0x80, 0x01}, "7-8"},
        {{0xff, 0x03}, "0-9"},  {{0x55, 0x05}, "0,2,4,6,8,10"},
        {{0xfe, 0x07}, "1-10"},
    };
    size_t i;

    (void)state;
    for ( i = 0; i < sizeof(cases) / sizeof(cases[0]); i++ )
    {
        char *text = format_cpus(cases[i].map, 11);

        assert_string_equal(text, cases[i].text);
        free(text);
    }
}

/* ---- what goes to stdout ---- */

static void test_table(void **state)
{
    struct table *t = table_new("<Name|ID|<State|Time(s)");

    (void)state;
    table_cell(t, "%s", "Domain-0");
    table_cell(t, "%d", 0);
    table_cell(t, "r-----");
    table_cell(t, "%.1f", 12.25);
    table_cell(t, "g\303\244ste");
    table_cell(t, "%d", 12345);
    table_cell(t, "--");

    stdout_begin();
    table_print(t);
    assert_string_equal(stdout_end(),
                        "Name         ID  State   Time(s)\n"
                        "Domain-0      0  r-----     12.2\n"
                        "g\303\244ste     12345  --             \n");
}

static void test_json(void **state)
{
    (void)state;
    stdout_begin();
    json_object(NULL);
    json_array("empty");
    json_end();
    json_array("list");
    json_number(NULL, UINT64_MAX);
    json_bool(NULL, true);
    json_string(NULL, NULL);
    json_end();
    json_format("a \"b\\", "%d", 1);
    json_end();
    assert_string_equal(stdout_end(), "{\n"
                                      "  \"empty\": [],\n"
                                      "  \"list\": [\n"
                                      "    18446744073709551615,\n"
                                      "    true,\n"
                                      "    null\n"
                                      "  ],\n"
                                      "  \"a \\\"b\\\\\": \"1\"\n"
                                      "}\n");
}

/* Whatever a name is made of, the result is UTF-8. */
static void test_json_text(void **state)
{
    static const struct {
        const char *text, *json;
    } cases[] = {
        {"a/b", "[\n  \"a/b\"\n]\n"},
        {"\x01\t", "[\n  \"\\u0001\\u0009\"\n]\n"},
        {"\303\244\342\202\254\360\237\230\200",
         "[\n  \"\303\244\342\202\254\360\237\230\200\"\n]\n"},
        {"\344", "[\n  \"\\ufffd\"\n]\n"},
        {"\303", "[\n  \"\\ufffd\"\n]\n"},
        {"\303x", "[\n  \"\\ufffdx\"\n]\n"},
        {"\200x", "[\n  \"\\ufffdx\"\n]\n"},
        {"\300\200", "[\n  \"\\ufffd\\ufffd\"\n]\n"},
        {"\355\240\200", "[\n  \"\\ufffd\\ufffd\\ufffd\"\n]\n"},
        {"\377", "[\n  \"\\ufffd\"\n]\n"},
    };
    size_t i;

    (void)state;
    for ( i = 0; i < sizeof(cases) / sizeof(cases[0]); i++ )
    {
        stdout_begin();
        json_array(NULL);
        json_string(NULL, cases[i].text);
        json_end();
        assert_string_equal(stdout_end(), cases[i].json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_progress),  cmocka_unit_test(test_messages),
        cmocka_unit_test(test_numbers),   cmocka_unit_test(test_memory),
        cmocka_unit_test(test_cpus),      cmocka_unit_test(test_format_cpus),
        cmocka_unit_test(test_table),     cmocka_unit_test(test_json),
        cmocka_unit_test(test_json_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
