// SPDX-License-Identifier: GPL-2.0-or-later
/* Configuration files of pxl: what is read, and what is said of mistakes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cfg.h"
#include "pxl.h"
#include "captured.h"

#define FILE_NAME "guest.cfg"

static struct cfg *parse(const char *text)
{
    struct cfg *cfg;

    stderr_begin();
    cfg = cfg_parse(FILE_NAME, text, strlen(text));
    assert_string_equal(stderr_end(), "");
    assert_non_null(cfg);
    return cfg;
}

static const char *string_of(struct cfg *cfg, const char *name)
{
    const char *s = NULL;

    assert_int_equal(cfg_string(cfg, name, "absent", &s), 0);
    return s;
}

static uint64_t number_of(struct cfg *cfg, const char *name)
{
    uint64_t n = 0;

    assert_int_equal(cfg_number(cfg, name, 4711, &n), 0);
    return n;
}

/* ---- what is right ---- */

static void test_values(void **state)
{
    struct cfg *cfg = parse("# A guest.\n"
                            "name = \"a guest\"\n"
                            "kernel='/boot/\"Image\"'  # quoted\n"
                            "memory = 512; vcpus\t=2\r\n"
                            "\n"
                            "hex = 0xfF\n"
                            "octal = 010\n"
                            "zero = 0\n"
                            "empty = \"\"\n"
                            "as_text = \"0x20\"\n"
                            ";;last = 18446744073709551615");

    (void)state;
    assert_string_equal(string_of(cfg, "name"), "a guest");
    assert_string_equal(string_of(cfg, "kernel"), "/boot/\"Image\"");
    assert_int_equal(number_of(cfg, "memory"), 512);
    assert_int_equal(number_of(cfg, "vcpus"), 2);
    assert_int_equal(number_of(cfg, "hex"), 255);
    assert_int_equal(number_of(cfg, "octal"), 8);
    assert_int_equal(number_of(cfg, "zero"), 0);
    assert_string_equal(string_of(cfg, "empty"), "");
    assert_int_equal(number_of(cfg, "as_text"), 32);
    assert_true(number_of(cfg, "last") == UINT64_MAX);
    assert_string_equal(string_of(cfg, "memory"), "512");

    assert_string_equal(string_of(cfg, "nothing"), "absent");
    assert_int_equal(number_of(cfg, "nothing"), 4711);
    assert_null(cfg_get(cfg, "nothing"));
    assert_int_equal(cfg_get(cfg, "name")->line, 2);
    assert_int_equal(cfg_get(cfg, "vcpus")->line, 4);
    assert_int_equal(cfg_get(cfg, "hex")->line, 6);
    cfg_free(cfg);
}

static void test_escapes(void **state)
{
    struct cfg *cfg = parse("a = \"\\a\\b\\f\\n\\r\\t\\v\\\\\\'\\\"\"\n"
                            "b = '\\x41\\x4a\\x4Az\\101\\60' \n"
                            "c = \"\303\244#;[],=\"\n"
                            "d = '\\x4'\n");

    (void)state;
    assert_string_equal(string_of(cfg, "a"), "\a\b\f\n\r\t\v\\'\"");
    assert_string_equal(string_of(cfg, "b"), "AJJzA0");
    assert_string_equal(string_of(cfg, "c"), "\303\244#;[],=");
    assert_string_equal(string_of(cfg, "d"), "\x04");
    cfg_free(cfg);
}

static void test_lists(void **state)
{
    const struct cfg_value *item;
    struct cfg *cfg = parse("none = []\n"
                            "disk = [ 'phy:/dev/vg/a,xvda,w', # the root\n"
                            "\n"
                            "   \"b\"  , ]\n"
                            "nested = [[1,2],\n"
                            "[ ], 'x', [\n"
                            "'y'\n"
                            ",],]\n"
                            "one = 'alone'\n");
    size_t nr;

    (void)state;
    assert_int_equal(cfg_list(cfg, "none", &item, &nr), 0);
    assert_int_equal(nr, 0);
    assert_int_equal(cfg_list(cfg, "absent", &item, &nr), 0);
    assert_int_equal(nr, 0);

    assert_int_equal(cfg_list(cfg, "disk", &item, &nr), 0);
    assert_int_equal(nr, 2);
    assert_string_equal(item[0].string, "phy:/dev/vg/a,xvda,w");
    assert_int_equal(item[0].line, 2);
    assert_string_equal(item[1].string, "b");
    assert_int_equal(item[1].line, 4);

    assert_int_equal(cfg_list(cfg, "nested", &item, &nr), 0);
    assert_int_equal(nr, 4);
    assert_null(item[0].string);
    assert_int_equal(item[0].nr, 2);
    assert_string_equal(item[0].item[1].string, "2");
    assert_int_equal(item[1].nr, 0);
    assert_string_equal(item[2].string, "x");
    assert_int_equal(item[3].nr, 1);
    assert_int_equal(item[3].line, 6);
    assert_int_equal(item[3].item[0].line, 7);

    assert_int_equal(cfg_list(cfg, "one", &item, &nr), 0);
    assert_int_equal(nr, 1);
    assert_string_equal(item[0].string, "alone");
    cfg_free(cfg);
}

static void test_append(void **state)
{
    const struct cfg_value *item;
    struct cfg *cfg = parse("extra = 'a'\n"
                            "extra += ' b'\n"
                            "new += 'c'\n"
                            "list = ['x']\n"
                            "list += []\n"
                            "list += ['y', ['z']]\n");
    size_t nr;

    (void)state;
    assert_string_equal(string_of(cfg, "extra"), "a b");
    assert_string_equal(string_of(cfg, "new"), "c");
    assert_int_equal(cfg_list(cfg, "list", &item, &nr), 0);
    assert_int_equal(nr, 3);
    assert_string_equal(item[1].string, "y");
    assert_int_equal(item[1].line, 6);
    assert_string_equal(item[2].item[0].string, "z");
    cfg_free(cfg);
}

/* ---- what is wrong: each with its line ---- */

static const struct {
    const char *text, *message;
} mistakes[] = {
    {"name\n", "1: '=' is expected after 'name', not the end of the line"},
    {"\n\nname 'x'\n", "3: '=' is expected after 'name', not '''"},
    {"a = 1\nb =\nc = 2\n", "2: a value is expected, not the end of the line"},
    {"a =", "1: a value is expected, not the end"},
    {"= 1", "1: the name of a setting is expected, not '='"},
    {"\n7up = 1", "2: the name of a setting is expected, not a number"},
    {"\xef = 1", "1: the name of a setting is expected, not byte 0xef"},
    {"a = 1 2", "1: the line should end after the value of 'a', not go on "
                "with '2'"},
    {"a = 'x' 'y'", "1: the line should end after the value of 'a', not go "
                    "on with '''"},
    {"a = [1] b = 2", "1: the line should end after the value of 'a', not go "
                      "on with 'b'"},
    {"a = yes", "1: yes is not a value; text needs quotes"},
    {"a = /dev/sda", "1: a value is expected, not '/'"},
    {"a = 12MB", "1: 12MB is not a number; text needs quotes"},
    {"a = 0x", "1: 0x is not a number; text needs quotes"},
    {"a = 09", "1: 09 is not a number; text needs quotes"},
    {"a = -1", "1: -1 is not a value; text needs quotes"},
    {"a = 10.0.0.1", "1: 10.0.0.1 is not a number; text needs quotes"},
    {"\na = 'x\nb = 'y'\n", "2: a string is not closed by ' on its line"},
    {"a = \"x'", "1: a string is not closed by \" on its line"},
    {"a = 'x\\'", "1: a string is not closed by ' on its line"},
    {"a = '\\q'",
     "1: a backslash cannot be followed by 'q'; for itself write \\\\"},
    {"a = '\\\n'", "1: a backslash cannot be followed by the end of the "
                   "line; for itself write \\\\"},
    {"a = '\\x00'", "1: a backslash and a number make a byte from 1 to 255"},
    {"a = '\\xg'", "1: a backslash and a number make a byte from 1 to 255"},
    {"a = '\\777'", "1: a backslash and a number make a byte from 1 to 255"},
    {"a = [1,\n2,\nb = 3\n", "3: b is not a value; text needs quotes"},
    {"a = [1,\n2\nb = 3\n", "3: ',' or ']' is expected, not 'b'"},
    {"a = 1\nb = [\n1,\n", "2: the list that begins here is not closed"},
    {"b = [\n1,\n[2,\n", "3: the list that begins here is not closed"},
    {"b = [1", "1: the list that begins here is not closed"},
    {"b = [,]", "1: a value is expected, not ','"},
    {"b = [1,,2]", "1: a value is expected, not ','"},
    {"b = [1;2]", "1: ',' or ']' is expected, not ';'"},
    {"b = [[1,\n[2]]]", "2: lists may be nested once, not deeper"},
    {"b = ]", "1: a value is expected, not ']'"},
    {"a = 'x'\na += [1]\n", "2: += adds to a list: 'a' is a string"},
    {"a = [1]\na += 'x'\n", "2: += adds to a string: 'a' is a list"},
    {"a + = 1", "1: '=' is expected after 'a', not ' '"},
};

static void test_mistakes(void **state)
{
    char expected[256];
    size_t i;

    (void)state;
    for ( i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++ )
    {
        stderr_begin();
        assert_null(
            cfg_parse(FILE_NAME, mistakes[i].text, strlen(mistakes[i].text)));
        snprintf(expected, sizeof(expected), "pxl: " FILE_NAME ":%s\n",
                 mistakes[i].message);
        assert_string_equal(stderr_end(), expected);
    }
}

static void test_zero_byte(void **state)
{
    (void)state;
    stderr_begin();
    assert_null(cfg_parse(FILE_NAME, "a = 1\n\0b = 2\n", 13));
    assert_string_equal(stderr_end(),
                        "pxl: guest.cfg:2: byte 0x00: not a text file\n");
    stderr_begin();
    assert_null(cfg_parse(FILE_NAME, "a = 1\0", 6));
    assert_string_equal(stderr_end(),
                        "pxl: guest.cfg:1: byte 0x00: not a text file\n");
    stderr_begin();
    assert_null(cfg_parse(FILE_NAME, "a = '\0'", 7));
    assert_non_null(strstr(stderr_end(), ":1: a string is not closed"));
}

static void test_kinds(void **state)
{
    struct cfg *cfg = parse("list = [1]\nword = 'x'\nbig = "
                            "99999999999999999999\nspace = ' 1'\n"
                            "minus = '-1'\nnone = ''\n");
    const char *s;
    uint64_t n;

    (void)state;
    stderr_begin();
    assert_int_equal(cfg_string(cfg, "list", NULL, &s), -1);
    assert_int_equal(cfg_number(cfg, "list", 0, &n), -1);
    assert_int_equal(cfg_number(cfg, "word", 0, &n), -1);
    assert_int_equal(cfg_number(cfg, "big", 0, &n), -1);
    assert_int_equal(cfg_number(cfg, "space", 0, &n), -1);
    assert_int_equal(cfg_number(cfg, "minus", 0, &n), -1);
    assert_int_equal(cfg_number(cfg, "none", 0, &n), -1);
    cfg_err(cfg, cfg_get(cfg, "word"), "no %s", "good");
    cfg_err(cfg, NULL, "'%s' is missing", "kernel");
    assert_string_equal(
        stderr_end(),
        "pxl: guest.cfg:1: 'list' is a list; it should be a string\n"
        "pxl: guest.cfg:1: 'list' is a list; it should be a number\n"
        "pxl: guest.cfg:2: 'word' is \"x\"; it should be a number\n"
        "pxl: guest.cfg:3: 'big' is \"99999999999999999999\"; it should be a "
        "number\n"
        "pxl: guest.cfg:4: 'space' is \" 1\"; it should be a number\n"
        "pxl: guest.cfg:5: 'minus' is \"-1\"; it should be a number\n"
        "pxl: guest.cfg:6: 'none' is \"\"; it should be a number\n"
        "pxl: guest.cfg:2: no good\n"
        "pxl: guest.cfg: 'kernel' is missing\n");
    cfg_free(cfg);
}

/* ---- the rest ---- */

static void test_set_again(void **state)
{
    static const char text[] = "a = 1\nb = 2\na = [3]\n";
    struct cfg *cfg;

    (void)state;
    stderr_begin();
    cfg = cfg_parse(FILE_NAME, text, sizeof(text) - 1);
    assert_string_equal(
        stderr_end(), "pxl: warning: guest.cfg:3: 'a' is set again; line 1 has "
                      "no effect\n");
    assert_int_equal(cfg_get(cfg, "a")->nr, 1);
    cfg_free(cfg);
}

static void test_command_line(void **state)
{
    struct cfg *cfg = parse("memory = 512\nname = 'x'\n");

    (void)state;
    stderr_begin();
    assert_int_equal(cfg_add(cfg, "memory=256"), 0);
    assert_int_equal(cfg_add(cfg, "name = a guest ; extra=\"b;c\";disk=['d']"),
                     0);
    assert_string_equal(stderr_end(), "");
    assert_int_equal(number_of(cfg, "memory"), 256);
    assert_string_equal(string_of(cfg, "name"), "a guest");
    assert_string_equal(string_of(cfg, "extra"), "b;c");
    assert_int_equal(cfg_get(cfg, "disk")->nr, 1);

    stderr_begin();
    assert_int_equal(cfg_add(cfg, "memory"), -1);
    assert_int_equal(cfg_add(cfg, "memory="), -1);
    cfg_err(cfg, cfg_get(cfg, "memory"), "too little");
    assert_string_equal(
        stderr_end(),
        "pxl: command line: '=' is expected after 'memory', not the end\n"
        "pxl: command line: a value is expected, not the end\n"
        "pxl: command line: too little\n");
    cfg_free(cfg);
}

static void test_unused(void **state)
{
    struct cfg *cfg = parse("memory = 1\nmemroy = 2\nname = 'x'\n");

    (void)state;
    assert_int_equal(cfg_add(cfg, "speed=3"), 0);
    number_of(cfg, "memory");
    string_of(cfg, "name");
    stderr_begin();
    cfg_unused(cfg);
    assert_string_equal(
        stderr_end(),
        "pxl: warning: guest.cfg:2: 'memroy' is not known and has no effect\n"
        "pxl: warning: command line: 'speed' is not known and has no "
        "effect\n");
    cfg_free(cfg);
}

static void test_load(void **state)
{
    char path[] = "/tmp/test-pxl-cfg-XXXXXX", big[64];
    int fd = mkstemp(path);
    struct cfg *cfg;
    size_t i;

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "a = 'b'", 7), 7);
    cfg = cfg_load(path);
    assert_non_null(cfg);
    assert_string_equal(string_of(cfg, "a"), "b");
    cfg_free(cfg);

    memset(big, '\n', sizeof(big));
    for ( i = 0; i < (1U << 20) / sizeof(big); i++ )
        assert_int_equal(write(fd, big, sizeof(big)), sizeof(big));
    close(fd);
    stderr_begin();
    assert_null(cfg_load(path));
    assert_non_null(strstr(stderr_end(), "larger than 1 MiB"));
    unlink(path);

    stderr_begin();
    assert_null(cfg_load("/nonexistent.cfg"));
    assert_string_equal(stderr_end(),
                        "pxl: /nonexistent.cfg: No such file or directory\n");
    stderr_begin();
    assert_null(cfg_load("/tmp"));
    assert_string_equal(stderr_end(), "pxl: /tmp: Is a directory\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),       cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_lists),        cmocka_unit_test(test_append),
        cmocka_unit_test(test_mistakes),     cmocka_unit_test(test_zero_byte),
        cmocka_unit_test(test_kinds),        cmocka_unit_test(test_set_again),
        cmocka_unit_test(test_command_line), cmocka_unit_test(test_unused),
        cmocka_unit_test(test_load),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
