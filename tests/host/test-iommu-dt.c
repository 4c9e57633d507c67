/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-iommu-dt.c - which unit sees which master, and who is reported as seen
 * by none: the real tree reader on trees made by dtc, with units of two kinds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#define strtoull libc_strtoull /* ours has another prototype */
#include <stdlib.h>
#undef strtoull
#include <unistd.h>

#include <cmocka.h>

#include <xen/device-tree.h>
#include <xen/device.h>
#include <xen/errno.h>
#include <xen/iommu.h>
#include <xen/lib.h>
#include <xen/mm.h>

/* ---- surroundings ---- */

static char console[4096];
static struct device *added[8];
static unsigned int nr_added;
static struct iommu_unit units[2];
DEFINE_SPINLOCK(device_lock, LOCK_RANK_DEVICE);

__asm__(".section .data.rel.ro, \"aw\"\n"
        ".global __dtdrivers_start, __dtdrivers_end\n"
        "__dtdrivers_start:\n__dtdrivers_end:\n.quad 0\n.previous\n");

void *alloc_xen_pages(unsigned int order)
{
    static void *arena;

    free(arena);
    arena = calloc(1, PAGE_SIZE << order);
    return arena;
}

void *xzalloc_bytes(size_t size, size_t align)
{
    (void)align;
    return calloc(1, size);
}

void xfree(void *p)
{
    free(p);
}

void spin_lock(spinlock_t *l)
{
    assert_int_equal(l->cpu, 0);
    l->cpu = 1;
}

void spin_unlock(spinlock_t *l)
{
    assert_int_equal(l->cpu, 1);
    l->cpu = 0;
}

size_t strlcpy(char *dest, const char *src, size_t size)
{
    return (size_t)snprintf(dest, size, "%s", src);
}

void printk(const char *fmt, ...)
{
    size_t len = strlen(console);
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(console + len, sizeof(console) - len, fmt, args);
    va_end(args);
}

void panic(const char *fmt, ...)
{
    fail_msg("panic: %s", fmt);
    abort();
}

/* A unit of ours takes one id below 0x10000. */
static int xlate(struct iommu_unit *unit, struct device *dev,
                 const uint32_t *args, unsigned int nr_args)
{
    (void)unit;
    if ( nr_args != 1 )
        return -EINVAL;
    if ( args[0] >= 0x10000 )
        return -ERANGE;
    dev->ids[dev->nr_ids++] = args[0];
    return 0;
}

static const struct iommu_ops ops = {.name = "test", .dt_xlate = xlate};

bool iommu_present(void)
{
    return units[0].np != NULL;
}

struct iommu_unit *iommu_unit_of(const struct dt_node *np)
{
    for ( unsigned int i = 0; i < 2; i++ )
    {
        if ( units[i].np == np )
            return &units[i];
    }
    return NULL;
}

int iommu_add_device(struct device *dev)
{
    assert_int_equal(device_lock.cpu, 1);
    added[nr_added++] = dev;
    return 0;
}

/* ---- */

#define UNITS                                                                  \
    "one: iommu@1 { compatible = \"arm,smmu-v3\"; #iommu-cells = <1>;"         \
    " dma-coherent; };"                                                        \
    "two: iommu@2 { compatible = \"arm,smmu-v3\"; #iommu-cells = <1>; };"      \
    "dead: iommu@3 { compatible = \"no,driver\"; #iommu-cells = <1>; };"       \
    "odd: iommu@4 { compatible = \"no,driver\"; #iommu-cells = <9>; };"

static void build(const char *nodes)
{
    static char blob[65536];
    char path[] = "/tmp/test-iommu-dt-XXXXXX", cmd[128];
    int fd = mkstemp(path);
    FILE *f;

    assert_true(fd >= 0);
    snprintf(cmd, sizeof(cmd), "dtc -q -I dts -O dtb -o %s -", path);
    f = popen(cmd, "w");
    assert_non_null(f);
    fprintf(f,
            "/dts-v1/; / { #address-cells = <2>; #size-cells = <2>;" UNITS
            "%s };",
            nodes);
    assert_int_equal(pclose(f), 0);
    assert_true(read(fd, blob, sizeof(blob)) > 0);
    close(fd);
    unlink(path);
    assert_int_equal(dt_unflatten(blob), 0);

    console[0] = '\0';
    for ( unsigned int i = 0; i < nr_added; i++ )
        free(added[i]);
    nr_added = 0;
    units[0] = (struct iommu_unit){.ops = &ops, .np = dt_find_path("/iommu@1")};
    units[1] = (struct iommu_unit){.ops = &ops, .np = dt_find_path("/iommu@2")};
}

static void test_platform_masters(void **state)
{
    (void)state;
    build("dma@10 { compatible = \"a,dma\"; iommus = <&one 5>; };"
          "gpu@20 { compatible = \"a,gpu\"; iommus = <&two 7>, <&two 9>; };"
          "off@30 { compatible = \"a,dma\"; iommus = <&one 6>;"
          " status = \"disabled\"; };");
    iommu_dt_add_masters();
    assert_int_equal(nr_added, 2);
    assert_string_equal(added[0]->name, "dma@10");
    assert_ptr_equal(added[0]->unit, &units[0]);
    assert_int_equal(added[0]->nr_ids, 1);
    assert_int_equal(added[0]->ids[0], 5);
    assert_ptr_equal(dt_find_path("/dma@10")->dev, added[0]);
    assert_ptr_equal(added[1]->unit, &units[1]);
    assert_int_equal(added[1]->nr_ids, 2);
    assert_int_equal(added[1]->ids[1], 9);
    assert_non_null(strstr(console, "2 masters"));
    assert_null(strstr(console, "no unit covers"));
}

/* Every way of not being behind a unit is told by name; none stops the host. */
static void test_uncovered(void **state)
{
    static const char *const told[] = {
        "virtio,mmio (v@10 and 2 more)",
        "qemu,fw-cfg-mmio (fw@40)",
        "a,dead (d@50)",
        "a,both (b@60)",
        "a,far (f@70)",
        "a,odd (o@80)",
        "a,none (n@90)",
        "a,coherent (c@a0)",
        "pci-host-ecam-generic (p@b0)",
    };

    (void)state;
    build("v@10 { compatible = \"virtio,mmio\"; };"
          "v@20 { compatible = \"virtio,mmio\"; };"
          "v@30 { compatible = \"virtio,mmio\"; };"
          "fw@40 { compatible = \"qemu,fw-cfg-mmio\"; };"
          "d@50 { compatible = \"a,dead\"; iommus = <&dead 1>; };"
          "b@60 { compatible = \"a,both\"; iommus = <&one 1>, <&two 1>; };"
          "f@70 { compatible = \"a,far\"; iommus = <&one 0x10000>; };"
          "o@80 { compatible = \"a,odd\"; iommus = <&odd 1>; };"
          "n@90 { compatible = \"a,none\"; iommus; };"
          "c@a0 { compatible = \"a,coherent\"; dma-coherent; };"
          "p@b0 { compatible = \"pci-host-ecam-generic\"; };"
          "its@c0 { compatible = \"arm,gic-v3-its\"; dma-coherent; };"
          "uart@d0 { compatible = \"arm,pl011\"; };"
          "chosen { dma-coherent; };");
    iommu_dt_add_masters();
    assert_int_equal(nr_added, 0);
    for ( unsigned int i = 0; i < sizeof(told) / sizeof(told[0]); i++ )
    {
        if ( !strstr(console, told[i]) )
            fail_msg("%s: not in\n%s", told[i], console);
    }
    assert_non_null(strstr(console, "behind two IOMMUs"));
    assert_null(strstr(console, "its@"));
    assert_null(strstr(console, "uart@"));
    assert_null(strstr(console, "iommu@"));
    assert_non_null(strstr(console, "0 masters"));
}

static void test_pci(void **state)
{
    struct device dev = {.name = "0000:01:00.0"};
    struct dt_node *host;

    (void)state;
    build("p@b0 { compatible = \"pci-host-ecam-generic\";"
          " iommu-map = <0 &two 0x1000 0x100>, <0x200 &dead 0 0x100>,"
          " <0x300 &one 0xff00 0x200>; };"
          "q@c0 { compatible = \"pci-host-ecam-generic\"; };");
    iommu_dt_add_masters();
    assert_non_null(strstr(console, "1 masters"));

    host = dt_find_path("/p@b0");
    assert_int_equal(iommu_dt_xlate_pci(host, 0x10, &dev), 0);
    assert_ptr_equal(dev.unit, &units[1]);
    assert_int_equal(dev.ids[0], 0x1010);

    /* Holes, a unit that is not at work, ids the unit cannot tell. */
    dev = (struct device){.nr_ids = 0};
    assert_int_equal(iommu_dt_xlate_pci(host, 0x100, &dev), -ENODEV);
    assert_int_equal(iommu_dt_xlate_pci(host, 0x210, &dev), -ENODEV);
    assert_int_equal(iommu_dt_xlate_pci(host, 0x400, &dev), -ERANGE);
    assert_int_equal(iommu_dt_xlate_pci(dt_find_path("/q@c0"), 0x10, &dev),
                     -ENODEV);
    assert_null(dev.unit);
}

static void test_without_units(void **state)
{
    (void)state;
    build("v@10 { compatible = \"virtio,mmio\"; };"
          "dma@10 { compatible = \"a,dma\"; iommus = <&one 5>; };");
    units[0].np = units[1].np = NULL;
    iommu_dt_add_masters();
    assert_int_equal(nr_added, 0);
    /* That nothing is isolated has been said already. */
    assert_string_equal(console, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_platform_masters),
        cmocka_unit_test(test_uncovered),
        cmocka_unit_test(test_pci),
        cmocka_unit_test(test_without_units),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
