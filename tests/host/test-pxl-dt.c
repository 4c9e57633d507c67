/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-pxl-dt.c - the guest's nodes of a board's devices: from the HiHope
 * RZ/G2M's tree as Debian ships it, with the values that tree's source has.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>

#include "dt-node.h"
#include "guest-tree.h"
#include "pxl.h"

#define BOARD                                                                  \
    "build/debian/linux/usr/lib/linux-image-*/renesas/"                        \
    "r8a774a1-hihope-rzg2m.dtb"
#define SDHI  "/soc/mmc@ee100000"
#define DMAC  "/soc/dma-controller@e6700000"
#define GUEST "/passthrough/mmc@ee100000"

static char board[512 << 10], guest[64 << 10], told[4096];

uint64_t now_ms(void)
{
    return 0;
}

static int load_board(void **state)
{
    glob_t found;
    size_t size;
    FILE *f;

    (void)state;
    if ( glob(BOARD, 0, NULL, &found) )
        return -1;
    f = fopen(found.gl_pathv[0], "re");
    globfree(&found);
    if ( !f )
        return -1;
    size = fread(board, 1, sizeof(board), f);
    fclose(f);
    /* Room for what tests change. */
    return fdt_check_full(board, size) ||
                   fdt_open_into(board, board, sizeof(board))
               ? -1
               : 0;
}

static void unmet(const char *path, const char *property, const char *target)
{
    size_t len = strlen(told);

    snprintf(told + len, sizeof(told) - len, "%s|%s|%s\n", path, property,
             target);
}

static void make(struct dt_source *src)
{
    told[0] = '\0';
    src->unmet = unmet;
    assert_int_equal(fdt_create(guest, sizeof(guest)), 0);
    assert_int_equal(fdt_finish_reservemap(guest), 0);
    assert_int_equal(fdt_begin_node(guest, ""), 0);
    assert_int_equal(fdt_property_u32(guest, "#address-cells", 2), 0);
    assert_int_equal(fdt_property_u32(guest, "#size-cells", 2), 0);
    assert_int_equal(dt_write(guest, src), 0);
    assert_int_equal(fdt_end_node(guest), 0);
    assert_int_equal(fdt_finish(guest), 0);
    assert_int_equal(fdt_check_full(guest, sizeof(guest)), 0);
}

static void derive(const char *text)
{
    struct dt_spec spec;
    struct dt_source src = {.host = board, .spec = &spec, .nr = 1};
    char *why;

    assert_int_equal(dt_spec_parse(text, &spec, &why), 0);
    make(&src);
    dt_spec_free(&spec);
}

static const void *prop(const char *path, const char *name, int *len)
{
    int node = fdt_path_offset(guest, path);

    if ( node < 0 )
        fail_msg("no %s", path);
    return fdt_getprop(guest, node, name, len);
}

static void is_cells(const char *path, const char *name, const uint32_t *want,
                     size_t nr)
{
    int len;
    const fdt32_t *p = prop(path, name, &len);

    assert_non_null(p);
    assert_int_equal(len, nr * 4);
    for ( size_t i = 0; i < nr; i++ )
        assert_int_equal(fdt32_to_cpu(p[i]), want[i]);
}

#define IS_CELLS(path, name, ...)                                              \
    is_cells(path, name, (const uint32_t[]){__VA_ARGS__},                      \
             sizeof((const uint32_t[]){__VA_ARGS__}) / 4)

static void was_told(const char *line)
{
    if ( !strstr(told, line) )
        fail_msg("nothing said of %s but:\n%s", line, told);
}

/* What a phandle in the guest leads to. */
static int behind(const char *path, const char *name, int i)
{
    const fdt32_t *p = prop(path, name, NULL);
    int node = fdt_node_offset_by_phandle(guest, fdt32_to_cpu(p[i]));

    assert_true(node >= 0);
    return node;
}

/* ---- */

static void test_words(void **state)
{
    static const char *const bad[] = {
        "",
        "mmc",
        "/",
        "/a,b",
        "/a,clock:=1",
        "/a,clock:x",
        "/a,clock:x=",
        "/a,clock:x=0",
        "/a,clock:x=1k,clock:y=1",
        "/a,",
    };
    struct dt_spec spec;
    char *why;

    (void)state;
    for ( size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++ )
    {
        if ( !dt_spec_parse(bad[i], &spec, &why) )
            fail_msg("\"%s\" was taken", bad[i]);
        free(why);
    }
    assert_int_equal(dt_spec_parse("/a/b@1,clock:core=2", &spec, &why), 0);
    assert_string_equal(spec.path, "/a/b@1");
    dt_spec_free(&spec);
}

static void test_card(void **state)
{
    int node, len;

    (void)state;
    derive(SDHI ",clock:core=200000000,clock:clkh=800000000");
    IS_CELLS(GUEST, "reg", 0, 0xee100000, 0, 0x2000);
    IS_CELLS(GUEST, "interrupts", 0, 165, 4);
    IS_CELLS(GUEST, "bus-width", 4);
    IS_CELLS("/passthrough", "interrupt-parent", FDT_PHANDLE_GIC);
    IS_CELLS("/passthrough", "#address-cells", 2);
    assert_memory_equal(prop(GUEST, "compatible", &len),
                        "renesas,sdhi-r8a774a1\0renesas,rcar-gen3-sdhi", 44);
    assert_memory_equal(prop(GUEST, "clock-names", &len), "core\0clkh", 10);

    for ( int i = 0; i < 2; i++ )
    {
        node = behind(GUEST, "clocks", i);
        assert_int_equal(fdt_node_check_compatible(guest, node, "fixed-clock"),
                         0);
        assert_int_equal(
            fdt32_ld(fdt_getprop(guest, node, "clock-frequency", NULL)),
            i ? 800000000 : 200000000);
    }
    node = behind(GUEST, "vmmc-supply", 0);
    assert_int_equal(fdt_node_check_compatible(guest, node, "regulator-fixed"),
                     0);
    assert_int_equal(
        fdt32_ld(fdt_getprop(guest, node, "regulator-max-microvolt", NULL)),
        3300000);

    was_told(SDHI "|resets|/soc/clock-controller@e6150000\n");
    was_told(SDHI "|vqmmc-supply|/regulator-vccq-sdhi0\n");
    was_told(SDHI "|cd-gpios|/soc/gpio@e6053000\n");
    assert_null(strstr(told, "|clocks|"));
    /* Instead of a line that says so; and nobody switches voltages. */
    assert_non_null(prop(GUEST, "non-removable", &len));
    assert_null(prop(GUEST, "sd-uhs-sdr50", &len));
    assert_null(prop(GUEST, "sd-uhs-sdr104", &len));
    {
        static const char *const gone[] = {
            "resets",    "vqmmc-supply",  "cd-gpios", "power-domains",
            "pinctrl-0", "pinctrl-names", "iommus",   "status"};

        for ( size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++ )
            assert_null(prop(GUEST, gone[i], &len));
    }
}

static void test_unknown_clock(void **state)
{
    int len;

    (void)state;
    derive(SDHI ",clock:core=200000000");
    was_told(SDHI "|clocks|/soc/clock-controller@e6150000\n");
    /* Not half of them: drivers count. */
    assert_null(prop(GUEST, "clocks", &len));
    assert_null(prop(GUEST, "clock-names", &len));
}

/* A fixed supply of 1.8 V: the modes stay. */
static void test_soldered(void **state)
{
    int len;

    (void)state;
    derive("/soc/mmc@ee160000,clock:core=200000000,clock:clkh=800000000");
    assert_non_null(prop("/passthrough/mmc@ee160000", "mmc-hs200-1_8v", &len));
    assert_non_null(prop("/passthrough/mmc@ee160000", "vqmmc-supply", &len));
}

/* As dom0's debugfs has them. */
static uint64_t linux_rate(const char *provider, const char *output)
{
    if ( strcmp(provider, "/soc/clock-controller@e6150000") != 0 )
        return 0;
    return strcmp(output, "sdif0") == 0  ? 199999992
           : strcmp(output, "sd0h") == 0 ? 799999968
                                         : 0;
}

static void test_linux_clocks(void **state)
{
    struct dt_spec spec;
    struct dt_source src = {
        .host = board, .spec = &spec, .nr = 1, .rate = linux_rate};
    char *why;
    int len;

    (void)state;
    assert_int_equal(dt_spec_parse(SDHI, &spec, &why), 0);
    make(&src);
    dt_spec_free(&spec);
    assert_null(strstr(told, "|clocks|"));
    for ( int i = 0; i < 2; i++ )
        assert_int_equal(fdt32_ld(fdt_getprop(guest, behind(GUEST, "clocks", i),
                                              "clock-frequency", &len)),
                         i ? 799999968 : 199999992);

    /* Another's clocks are not this one's. */
    assert_int_equal(dt_spec_parse("/soc/mmc@ee140000", &spec, &why), 0);
    make(&src);
    dt_spec_free(&spec);
    was_told("/soc/mmc@ee140000|clocks|/soc/clock-controller@e6150000\n");
}

static uint64_t some_rate(const char *provider, const char *output)
{
    (void)output;
    return strcmp(provider, "/soc/clock-controller@e6150000") ? 0 : 66666666;
}

/* Two devices: each its own clocks, sixteen interrupts and the error's. */
static void test_two(void **state)
{
    struct dt_spec spec[2];
    struct dt_source src = {
        .host = board, .spec = spec, .nr = 2, .rate = some_rate};
    const char *path = "/passthrough/dma-controller@e6700000";
    const fdt32_t *p;
    char *why;
    int len;

    (void)state;
    assert_int_equal(dt_spec_parse(SDHI, &spec[0], &why), 0);
    assert_int_equal(dt_spec_parse(DMAC, &spec[1], &why), 0);
    make(&src);
    dt_spec_free(&spec[0]);
    dt_spec_free(&spec[1]);
    IS_CELLS(path, "reg", 0, 0xe6700000, 0, 0x10000);
    p = prop(path, "interrupts", &len);
    assert_int_equal(len, 17 * 12);
    assert_int_equal(fdt32_to_cpu(p[1]), 199);
    assert_int_equal(fdt32_to_cpu(p[16 * 3 + 1]), 215);
    assert_int_not_equal(behind(path, "clocks", 0), behind(GUEST, "clocks", 1));
    assert_int_equal(fdt32_ld(fdt_getprop(guest, behind(path, "clocks", 0),
                                          "clock-frequency", NULL)),
                     66666666);
}

static void test_read(void **state)
{
    struct dt_device dev;
    char *why, *other;

    (void)state;
    assert_int_equal(dt_read(board, DMAC, &dev, &why), 0);
    assert_int_equal(dev.nr_regs, 1);
    assert_int_equal(dev.reg[0].start, 0xe6700000);
    assert_int_equal(dev.reg[0].size, 0x10000);
    assert_int_equal(dev.last_irq, 215 + 32);
    assert_null(dt_sharer(board, DMAC, &dev));
    assert_int_equal(dt_read(board, SDHI, &dev, &why), 0);
    assert_null(dt_sharer(board, SDHI, &dev));

    /* Three of them in one page. */
    assert_int_equal(dt_read(board, "/soc/gpio@e6055400", &dev, &why), 0);
    other = dt_sharer(board, "/soc/gpio@e6055400", &dev);
    assert_string_equal(other, "/soc/gpio@e6055000");
    free(other);
    assert_int_equal(dt_read(board, "/soc/none@0", &dev, &why), -1);
    free(why);
    assert_int_equal(dt_read(board, "/chosen", &dev, &why), -1);
    free(why);
}

/* The card's line becomes the next one's, too. */
static void test_shared_line(void **state)
{
    static char tree[sizeof(board)];
    struct dt_device dev;
    char *why, *other;
    int node;

    (void)state;
    memcpy(tree, board, sizeof(tree));
    node = fdt_path_offset(tree, "/soc/mmc@ee140000");
    assert_int_equal(fdt_setprop_inplace_namelen_partial(
                         tree, node, "interrupts", 10, 4, "\0\0\0\xa5", 4),
                     0);
    assert_int_equal(dt_read(tree, SDHI, &dev, &why), 0);
    other = dt_sharer(tree, SDHI, &dev);
    assert_non_null(other);
    assert_string_equal(other, "/soc/mmc@ee140000");
    free(other);
}

/* By hand, as Xen's toolstack takes it: as it is, but for instructions. */
static void test_partial(void **state)
{
    static char tree[4096];
    struct dt_source src = {.host = board, .partial = tree};
    int len;

    (void)state;
    assert_int_equal(fdt_create(tree, sizeof(tree)), 0);
    assert_int_equal(fdt_finish_reservemap(tree), 0);
    assert_int_equal(fdt_begin_node(tree, ""), 0);
    assert_int_equal(fdt_begin_node(tree, "passthrough"), 0);
    assert_int_equal(fdt_property_string(tree, "compatible", "simple-bus"), 0);
    assert_int_equal(fdt_begin_node(tree, "dev@1000"), 0);
    assert_int_equal(fdt_property_u32(tree, "a", 7), 0);
    assert_int_equal(fdt_property_string(tree, "xen,path", "/dev"), 0);
    assert_int_equal(fdt_property_u32(tree, "interrupt-parent", 65000), 0);
    assert_int_equal(fdt_end_node(tree), 0);
    assert_int_equal(fdt_end_node(tree), 0);
    assert_int_equal(fdt_begin_node(tree, "aliases"), 0);
    assert_int_equal(fdt_end_node(tree), 0);
    assert_int_equal(fdt_end_node(tree), 0);
    assert_int_equal(fdt_finish(tree), 0);
    make(&src);
    IS_CELLS("/passthrough/dev@1000", "a", 7);
    IS_CELLS("/passthrough/dev@1000", "interrupt-parent", FDT_PHANDLE_GIC);
    assert_null(prop("/passthrough/dev@1000", "xen,path", &len));
    assert_int_equal(fdt_path_offset(guest, "/aliases"), -FDT_ERR_NOTFOUND);
    assert_string_equal(told, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_card),
        cmocka_unit_test(test_unknown_clock),
        cmocka_unit_test(test_soldered),
        cmocka_unit_test(test_linux_clocks),
        cmocka_unit_test(test_two),
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_shared_line),
        cmocka_unit_test(test_partial),
    };

    return cmocka_run_group_tests(tests, load_board, NULL);
}
