/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-device-tree.c - the tree reader on blobs made by dtc, and on blobs
 * broken by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#define strtoull libc_strtoull /* ours has another prototype */
#include <stdlib.h>
#undef strtoull
#include <unistd.h>

#include <cmocka.h>

#include <libfdt.h>

#include <xen/device-tree.h>
#include <xen/errno.h>
#include <xen/lib.h>
#include <xen/mm.h>

/* ---- surroundings ---- */

static void *arena;
static bool alloc_fails;

void *alloc_xen_pages(unsigned int order)
{
    free(arena);
    arena = alloc_fails ? NULL : calloc(1, PAGE_SIZE << order);
    return arena;
}

void printk(const char *fmt, ...)
{
    (void)fmt;
}

void panic(const char *fmt, ...)
{
    fail_msg("panic: %s", fmt);
    abort();
}

/* Drivers: found through the bounds the linker script gives. */
static unsigned int parent_probes, child_probes, never_probes;
static bool parent_up;

__used static int parent_probe(struct dt_node *np, const void *data)
{
    (void)np;
    assert_int_equal(*(const int *)data, 42);
    parent_probes++;
    parent_up = true;
    return 0;
}

__used static int child_probe(struct dt_node *np, const void *data)
{
    (void)np, (void)data;
    child_probes++;
    return parent_up ? 0 : -EAGAIN;
}

__used static int never_probe(struct dt_node *np, const void *data)
{
    (void)np, (void)data;
    never_probes++;
    return -EINVAL;
}

static const int answer = 42;
__used static const struct dt_match parent_match[] = {{"t,parent", &answer},
                                                      {}};
__used static const struct dt_match child_match[] = {{"t,child", NULL}, {}};
__used static const struct dt_match never_match[] = {{"t,never", NULL}, {}};

/* The linker script's array, as struct dt_driver lies in it. */
#define TEST_DRIVER(ident)                                                     \
    ".quad driver_name, " #ident "_class, " #ident "_match, " #ident "_probe\n"
__asm__(".set parent_class, 2\n.set child_class, 2\n.set never_class, 2\n"
        ".section .data.rel.ro, \"aw\"\n.balign 8\n"
        ".global __dtdrivers_start, __dtdrivers_end\n"
        "driver_name: .asciz \"driver\"\n.balign 8\n"
        "__dtdrivers_start:\n" TEST_DRIVER(child) TEST_DRIVER(never)
            TEST_DRIVER(parent) "__dtdrivers_end:\n.previous\n");
_Static_assert(DT_DRIVER_IOMMU == 2 && sizeof(struct dt_driver) == 32,
               "the array above");

/* ---- blobs ---- */

static void *blob;

static void *compile(const char *source)
{
    char path[] = "/tmp/test-device-tree-XXXXXX", cmd[128];
    int fd = mkstemp(path);
    FILE *dtc, *out;
    size_t size;

    assert_true(fd >= 0);
    close(fd);
    snprintf(cmd, sizeof(cmd), "dtc -q -I dts -O dtb -o %s -", path);
    dtc = popen(cmd, "w");
    assert_non_null(dtc);
    fprintf(dtc, "/dts-v1/;\n%s", source);
    assert_int_equal(pclose(dtc), 0);

    out = fopen(path, "r");
    assert_non_null(out);
    free(blob);
    blob = malloc(65536);
    size = fread(blob, 1, 65536, out);
    fclose(out);
    unlink(path);
    assert_true(size > 0);
    blob = realloc(blob, size); /* ASan sees what lies behind */
    return blob;
}

static void build(const char *source)
{
    assert_int_equal(dt_unflatten(compile(source)), 0);
}

#define GIC                                                                    \
    "gic: intc@8000000 { compatible = \"arm,gic-v3\"; reg = <0 0x8000000 0 "   \
    "0x10000>; interrupt-controller; #interrupt-cells = <3>; "                 \
    "#address-cells = <2>; #size-cells = <2>; };"

static void test_nodes(void **state)
{
    struct dt_node *np;
    const char *s;
    unsigned int nr = 0;
    uint64_t v;

    (void)state;
    build(
        "/ { #address-cells = <2>; #size-cells = <2>;"
        "aliases { serial0 = \"/soc/uart@10\"; loop = \"loop\"; };"
        "chosen { bootargs = \"a b\"; one = <7>; two = <1 2>; three = <1 2 3>;"
        " raw = [61 62]; };"
        "soc { uart@10 { compatible = \"x,y\", \"arm,pl011\"; };"
        "      off@20 { compatible = \"x,y\"; status = \"disabled\"; }; };"
        "};");
    dt_for_each_node (np)
        nr++;
    assert_int_equal(nr, 6);
    assert_string_equal(dt_root->full_name, "/");
    assert_ptr_equal(dt_chosen, dt_find_path("/chosen"));

    np = dt_find_path("serial0:115200n8");
    assert_non_null(np);
    assert_string_equal(np->full_name, "/soc/uart@10");
    assert_string_equal(np->name, "uart@10");
    assert_ptr_equal(np->parent, dt_find_path("/soc"));
    assert_ptr_equal(np, dt_find_path("/soc/uart@10:opts/more"));
    assert_null(dt_find_path("/soc/uart"));
    assert_null(dt_find_path("loop"));
    assert_null(dt_find_path("none"));

    assert_true(dt_is_compatible(np, "x,y"));
    assert_true(dt_is_compatible(np, "arm,pl011"));
    assert_false(dt_is_compatible(np, "arm"));
    assert_ptr_equal(dt_find_compatible(NULL, "x,y"), np);
    np = dt_find_compatible(np, "x,y");
    assert_string_equal(np->name, "off@20");
    assert_false(dt_is_available(np));
    assert_null(dt_find_compatible(np, "x,y"));

    np = dt_chosen;
    assert_int_equal(dt_read_string(np, "bootargs", &s), 0);
    assert_string_equal(s, "a b");
    assert_int_equal(dt_read_string(np, "raw", &s), -EINVAL);
    assert_int_equal(dt_read_string(np, "none", &s), -ENOENT);
    assert_int_equal(dt_read_u64(np, "one", &v), 0);
    assert_int_equal(v, 7);
    assert_int_equal(dt_read_u64(np, "two", &v), 0);
    assert_true(v == 0x100000002);
    assert_int_equal(dt_read_u64(np, "three", &v), -EINVAL);
}

static void expect_reg(const char *path, unsigned int index, int rc,
                       uint64_t addr, uint64_t size)
{
    uint64_t a = 1, s = 2;

    assert_int_equal(dt_get_reg(dt_find_path(path), index, &a, &s), rc);
    assert_int_equal(a, rc ? 1 : addr);
    assert_int_equal(s, rc ? 2 : size);
}

static void test_addresses(void **state)
{
    (void)state;
    build("/ { #address-cells = <2>; #size-cells = <2>;"
          "a@1 { reg = <1 0 0 0x1000  2 0 0 0x2000>; };"
          "torn { reg = <1 0 0>; };"
          "wrap { reg = <0xffffffff 0xfffff000 0 0x2000>; };"
          "soc { #address-cells = <1>; #size-cells = <1>;"
          "  ranges = <0 1 0 0x1000  0x8000 2 0 0x100>;"
          "  b { reg = <0x10 0x20>; }; c { reg = <0x8000 0x101>; };"
          "  inner { #address-cells = <1>; #size-cells = <1>; ranges;"
          "    d { reg = <0x80f0 0x10>; }; };"
          "  i2c { #address-cells = <1>; #size-cells = <0>;"
          "    e { reg = <0x50>; }; };"
          "  closed { #address-cells = <1>; #size-cells = <1>;"
          "    f { reg = <0x50 1>; }; }; };"
          "odd { #address-cells = <1>; #size-cells = <1>; ranges = <1 2 3>;"
          "  g { reg = <1 1>; }; };"
          "huge { #address-cells = <0x40000001>; #size-cells = <1>; ranges;"
          "  h { reg = <1 1>; }; };"
          "};");
    expect_reg("/a@1", 0, 0, 0x100000000, 0x1000);
    expect_reg("/a@1", 1, 0, 0x200000000, 0x2000);
    expect_reg("/a@1", 2, -ENOENT, 0, 0);
    assert_int_equal(dt_nr_regs(dt_find_path("/a@1")), 2);
    expect_reg("/torn", 0, -EINVAL, 0, 0);
    expect_reg("/wrap", 0, -EINVAL, 0, 0);
    expect_reg("/soc", 0, -ENOENT, 0, 0);
    expect_reg("/soc/b", 0, 0, 0x100000010, 0x20);
    expect_reg("/soc/c", 0, -ENODEV, 0, 0); /* one byte beyond its window */
    expect_reg("/soc/inner/d", 0, 0, 0x2000000f0, 0x10);
    expect_reg("/soc/i2c/e", 0, -ENODEV, 0, 0);
    expect_reg("/soc/closed/f", 0, -ENODEV, 0, 0);
    expect_reg("/odd/g", 0, -EINVAL, 0, 0);
    expect_reg("/huge/h", 0, -ENODEV, 0, 0);
}

static void expect_irq(const char *path, unsigned int index, int rc,
                       unsigned int irq, enum irq_type type)
{
    enum irq_type t = IRQ_TYPE_INVALID;
    unsigned int i = 1;

    assert_int_equal(dt_get_irq(dt_find_path(path), index, &i, &t), rc);
    assert_int_equal(i, rc ? 1 : irq);
    assert_int_equal(t, rc ? IRQ_TYPE_INVALID : type);
}

static void test_interrupts(void **state)
{
    enum irq_type type;
    unsigned int irq;

    (void)state;
    build("/ { #address-cells = <2>; #size-cells = <2>;"
          "interrupt-parent = <&gic>;" GIC
          "a { interrupts = <0 5 4>, <1 10 0xf08>, <0 6 1>, <0 7 0>, <0 8 2>;"
          "    interrupt-names = \"one\", \"two\", \"three\"; };"
          "soc { b { interrupts = <0 9 4>; }; };"
          "pinctl: p { interrupt-controller; #interrupt-cells = <2>; };"
          "c { interrupt-parent = <&pinctl>; interrupts = <1 2>; };"
          "d { interrupts-extended = <&pinctl 1 2>, <&gic 0 11 4>; };"
          "e { interrupts = <0 988 4>; }; f { interrupts = <3 1 4>; };"
          "g { interrupts = <0 1>; }; h { interrupts = <0 1 5>; };"
          "i { interrupt-parent = <0x77>; interrupts = <0 1 4>; };"
          "pci { #address-cells = <3>; #interrupt-cells = <1>;"
          "  interrupt-map = <0 0 0 1 &gic 0 0 0 3 4>, <0 0 0 2 &pinctl 9 9>,"
          "  <0x800 0 0 1 &gic 0 0 0 4 4>, <0 0 0>; };"
          "};");
    assert_string_equal(dt_gic->name, "intc@8000000");
    expect_irq("/a", 0, 0, 37, IRQ_TYPE_LEVEL_HIGH);
    expect_irq("/a", 1, 0, 26, IRQ_TYPE_LEVEL_LOW);
    expect_irq("/a", 2, 0, 38, IRQ_TYPE_EDGE_RISING);
    expect_irq("/a", 3, 0, 39, IRQ_TYPE_LEVEL_HIGH);
    expect_irq("/a", 4, 0, 40, IRQ_TYPE_EDGE_RISING);
    expect_irq("/a", 5, -ENOENT, 0, 0);
    assert_int_equal(dt_irq_index(dt_find_path("/a"), "three"), 2);
    assert_int_equal(dt_irq_index(dt_find_path("/a"), "four"), -ENOENT);
    expect_irq("/soc/b", 0, 0, 41, IRQ_TYPE_LEVEL_HIGH);
    expect_irq("/soc", 0, -ENOENT, 0, 0);
    expect_irq("/c", 0, -ENODEV, 0, 0);
    expect_irq("/d", 0, -ENODEV, 0, 0);
    expect_irq("/d", 1, 0, 43, IRQ_TYPE_LEVEL_HIGH);
    expect_irq("/e", 0, -EINVAL, 0, 0);
    expect_irq("/f", 0, -EINVAL, 0, 0);
    expect_irq("/g", 0, -EINVAL, 0, 0);
    expect_irq("/h", 0, -EINVAL, 0, 0);
    expect_irq("/i", 0, -EINVAL, 0, 0);

    assert_int_equal(dt_get_map_irq(dt_find_path("/pci"), 0, &irq, &type), 0);
    assert_int_equal(irq, 35);
    assert_int_equal(dt_get_map_irq(dt_find_path("/pci"), 1, &irq, &type),
                     -ENODEV);
    assert_int_equal(dt_get_map_irq(dt_find_path("/pci"), 2, &irq, &type), 0);
    assert_int_equal(irq, 36);
    assert_int_equal(dt_get_map_irq(dt_find_path("/pci"), 3, &irq, &type),
                     -EINVAL);
}

static void test_references(void **state)
{
    struct dt_phandle_args args;
    const struct dt_node *dev;
    struct dt_node *to;
    uint32_t id;

    (void)state;
    build(
        "/ { s: smmu { #iommu-cells = <1>; }; w: wide { #iommu-cells = <9>; };"
        "z: zero { #iommu-cells = <0>; }; n: none { };"
        "dev { iommus = <&s 5>, <0>, <&z>, <&s 6>; bad = <&w 1 2 3>;"
        " dangling = <0x1234 1>; missing = <&n>; cut = <&s>; };"
        "pci { iommu-map = <0x100 &s 0x1000 0x100>, <0x200 &s 0 1>,"
        " <0x300 0x1234 0 1>, <0x400 &s 0xffffffff 2>;"
        " iommu-map-mask = <0xfff>; torn = <1 2 3>; };"
        "};");
    dev = dt_find_path("/dev");
#define ARGS(list, i) dt_parse_phandle_args(dev, list, "#iommu-cells", i, &args)
    assert_int_equal(ARGS("iommus", 0), 0);
    assert_ptr_equal(args.np, dt_find_path("/smmu"));
    assert_int_equal(args.nr_args, 1);
    assert_int_equal(args.args[0], 5);
    assert_int_equal(ARGS("iommus", 1), -ENOENT);
    assert_int_equal(ARGS("iommus", 2), 0);
    assert_int_equal(args.nr_args, 0);
    assert_int_equal(ARGS("iommus", 3), 0);
    assert_int_equal(args.args[0], 6);
    assert_int_equal(ARGS("iommus", 4), -ENOENT);
    assert_int_equal(ARGS("bad", 0), -EINVAL);
    assert_int_equal(ARGS("dangling", 0), -EINVAL);
    assert_int_equal(ARGS("missing", 0), -EINVAL);
    assert_int_equal(ARGS("cut", 0), -EINVAL);
    assert_int_equal(ARGS("absent", 0), -ENOENT);

    dev = dt_find_path("/pci");
#define MAP(id_in)                                                             \
    dt_map_id(dev, "iommu-map", "iommu-map-mask", id_in, &to, &id)
    assert_int_equal(MAP(0xf142), 0);
    assert_int_equal(id, 0x1042);
    assert_ptr_equal(to, dt_find_path("/smmu"));
    assert_int_equal(MAP(0x200), 0);
    assert_int_equal(MAP(0x201), -ENODEV);
    assert_int_equal(MAP(0x300), -EINVAL);
    assert_int_equal(MAP(0x400), 0);
    assert_int_equal(MAP(0x401), -EINVAL);
    assert_int_equal(dt_map_id(dev, "none", NULL, 0, &to, &id), -ENOENT);
    assert_int_equal(dt_map_id(dev, "torn", NULL, 0, &to, &id), -EINVAL);
}

static void test_drivers(void **state)
{
    (void)state;
    parent_up = false;
    build(
        "/ { b { compatible = \"t,child\"; }; c { compatible = \"t,never\"; };"
        "d { compatible = \"t,child\"; status = \"disabled\"; };"
        "a { compatible = \"t,parent\"; }; };");
    assert_int_equal(dt_probe_class(DT_DRIVER_IOMMU), 2);
    assert_int_equal(parent_probes, 1);
    assert_int_equal(child_probes, 2);
    assert_int_equal(never_probes, 1);
    assert_int_equal(dt_probe_node(dt_find_path("/b"), DT_DRIVER_IOMMU), 0);
    assert_int_equal(child_probes, 2);
    assert_int_equal(dt_probe_node(dt_find_path("/d"), DT_DRIVER_IOMMU),
                     -ENODEV);
    assert_int_equal(dt_probe_node(dt_root, DT_DRIVER_IOMMU), -ENODEV);

    /* A parent that never comes up: one answer each, and no endless loop. */
    parent_up = false;
    build("/ { b { compatible = \"t,child\"; }; };");
    assert_int_equal(dt_probe_class(DT_DRIVER_IOMMU), 0);
}

static void test_broken_blobs(void **state)
{
    static char deep[4096];
    size_t size, len = 0;
    uint8_t *copy;

    (void)state;
    compile("/ { a { b = \"text\"; c { d = <1 2 3>; }; }; };");
    size = fdt_totalsize(blob);

    /* Every single byte damaged in turn, and every length. */
    for ( size_t i = 0; i < size; i++ )
    {
        for ( unsigned int v = 0; v < 256; v += 17 )
        {
            copy = malloc(size);
            memcpy(copy, blob, size);
            copy[i] = (uint8_t)v;
            if ( fdt_totalsize(copy) <= size )
                (void)!dt_unflatten(copy);
            free(copy);
        }
        copy = malloc(i + 40);
        memcpy(copy, blob, size < i + 40 ? size : i + 40);
        fdt_set_totalsize(copy, (uint32_t)(i + 40));
        if ( i + 40 < size )
            assert_int_equal(dt_unflatten(copy), -EINVAL);
        free(copy);
    }

    len += (size_t)snprintf(deep, sizeof(deep), "/ ");
    for ( unsigned int i = 0; i < DT_MAX_DEPTH; i++ )
        len += (size_t)snprintf(deep + len, sizeof(deep) - len, "{ n ");
    len += (size_t)snprintf(deep + len, sizeof(deep) - len, "{ ");
    for ( unsigned int i = 0; i <= DT_MAX_DEPTH; i++ )
        len += (size_t)snprintf(deep + len, sizeof(deep) - len, "}; ");
    assert_int_equal(dt_unflatten(compile(deep)), -EINVAL);
    assert_null(dt_root);

    alloc_fails = true;
    assert_int_equal(dt_unflatten(compile("/ { };")), -ENOMEM);
    alloc_fails = false;
    assert_null(dt_root);
    build("/ { };");
    assert_non_null(dt_root);
    assert_null(dt_chosen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nodes),      cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_interrupts), cmocka_unit_test(test_references),
        cmocka_unit_test(test_drivers),    cmocka_unit_test(test_broken_blobs),
    };
    int rc = cmocka_run_group_tests_name("device-tree", tests, NULL, NULL);

    free(arena);
    free(blob);
    return rc;
}
