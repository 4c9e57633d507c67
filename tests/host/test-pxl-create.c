// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pxl create, as far as it needs no hypervisor: what disk and vif say, where
 * kernel, ramdisk and tree are put, what a kernel's file says of itself, and
 * the guest's device tree, read back with libfdt and by dtc.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <libfdt.h>
#include <zlib.h>

#include "devspec.h"
#include "guest-tree.h"
#include "image.h"
#include "place.h"
#include "pxl.h"
#include "captured.h"

#define GiB (1ULL << 30)
#define MiB (1ULL << 20)
#define KiB (1ULL << 10)

uint64_t now_ms(void)
{
    return 0;
}

/* ---- virtual devices: numbers worked out from vbd-interface(7) ---- */

static void test_vdev(void **state)
{
    static const struct {
        const char *name;
        int64_t number;
    } good[] = {
        {"xvda", 0xca00},     {"xvdb", 0xca10},      {"xvdb3", 0xca13},
        {"xvdp15", 0xcaff},   {"xvdq", 0x10001000},  {"xvda16", 0x10000010},
        {"xvdz", 0x10001900}, {"xvdaa", 0x10001a00}, {"xvdzz1", 0x1002bd01},
        {"d0", 0xca00},       {"d2p1", 0xca21},      {"d536p37", 0x10021825},
        {"sda", 0x800},       {"sdp15", 0x8ff},      {"hda", 0x300},
        {"hdb1", 0x341},      {"hdc", 0x1600},       {"hdd63", 0x167f},
    };
    static const char *const bad[] = {
        "",      "xvd",  "xvdA",  "xvda0", "xvda01",   "xvda256",   "sdq",
        "sda16", "hde",  "hda64", "vda",   "d",        "d1p",       "dp1",
        "d1p1x", "xvd1", "sda-1", "d1p-1", "d1048576", "xvdaaaaaaa"};

    (void)state;
    for ( size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++ )
        if ( vdev_parse(good[i].name) != good[i].number )
            fail_msg("%s: %#llx", good[i].name,
                     (long long)vdev_parse(good[i].name));
    for ( size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++ )
        if ( vdev_parse(bad[i]) != -1 )
            fail_msg("\"%s\" was taken", bad[i]);
}

/* ---- disks ---- */

struct disk_case {
    const char *text;
    const char *target, *vdev;
    bool readonly, shared, cdrom;
};

static void check_disk(const struct disk_case *c)
{
    struct disk_spec d;
    char *why;

    if ( disk_parse(c->text, &d, &why) )
        fail_msg("%s: %s", c->text, why);
    assert_string_equal(d.target, c->target);
    assert_string_equal(d.vdev, c->vdev);
    assert_int_equal(d.devid, vdev_parse(c->vdev));
    assert_int_equal(d.readonly, c->readonly);
    assert_int_equal(d.shared, c->shared);
    assert_int_equal(d.cdrom, c->cdrom);
    disk_free(&d);
}

static void test_disk(void **state)
{
    static const struct disk_case cases[] = {
        /* those of xl-disk-configuration(5), and the form before it */
        {"/dev/vg/guest,raw,xvda,rw", "/dev/vg/guest", "xvda", 0, 0, 0},
        {"/dev/vg/guest,,hda", "/dev/vg/guest", "hda", 0, 0, 0},
        {"/dev/vg/guest,hda,r", "/dev/vg/guest", "hda", 1, 0, 0},
        {"format=raw, vdev=xvda, access=rw, target=/dev/vg/guest",
         "/dev/vg/guest", "xvda", 0, 0, 0},
        {"raw:/dev/vg/guest,xvda,w", "/dev/vg/guest", "xvda", 0, 0, 0},
        {"phy:/dev/nvme0n1,xvda,w", "/dev/nvme0n1", "xvda", 0, 0, 0},
        {"file:/a.img,sda,ro", "/a.img", "sda", 1, 0, 0},
        {"tap:aio:/a.img,xvda,w", "/a.img", "xvda", 0, 0, 0},
        {"phy:/dev/sda1,xvda1,w!", "/dev/sda1", "xvda1", 0, 1, 0},
        {"/a.iso,raw,xvdc,devtype=cdrom", "/a.iso", "xvdc", 1, 0, 1},
        {"phy:/a.iso,hdc:cdrom,r", "/a.iso", "hdc", 1, 0, 1},
        {",,hdc,,cdrom", "", "hdc", 1, 0, 1},
        /* the last key takes the rest, commas included */
        {"vdev=xvda,target=/a,b=c", "/a,b=c", "xvda", 0, 0, 0},
        {"/a=b,raw,xvda,w", "/a=b", "xvda", 0, 0, 0},
        {"/a,raw,xvda,readonly", "/a", "xvda", 1, 0, 0},
        {"/a,raw,xvda,no-discard,w", "/a", "xvda", 0, 0, 0},
        {"/a,raw,xvda,backendtype=phy,backend=0", "/a", "xvda", 0, 0, 0},
    };

    (void)state;
    for ( size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++ )
        check_disk(&cases[i]);
}

static void test_disk_wrong(void **state)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"", "no virtual device"},
        {"/a", "no virtual device"},
        {"/a,raw,vda,w", "\"vda\" is no virtual device"},
        {"/a,raw,xvda,x", "access \"x\""},
        {"/a,qcow2,xvda,w", "qemu-img convert"},
        {"/a,format=zip,xvda,w", "\"zip\" is not known"},
        {"/a,raw,xvda,w,more", "one too many"},
        {"a.img,raw,xvda,w", "no absolute path"},
        {",raw,xvda,w", "no target"},
        {"/a,raw,xvda,w,size=3", "no key of a disk"},
        {"/a,raw,xvda,w,backend=other", "dom0 only"},
        {"/a,raw,xvda,w,script=block-iscsi", "no scripts"},
        {"/a,raw,xvda,w,backendtype=qdisk", "backendtype qdisk"},
        {"/a,raw,xvda:tape,w", "device type \"tape\""},
    };

    (void)state;
    for ( size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++ )
    {
        struct disk_spec d;
        char *why = NULL;

        if ( !disk_parse(cases[i].text, &d, &why) )
            fail_msg("\"%s\" was taken", cases[i].text);
        if ( !strstr(why, cases[i].why) )
            fail_msg("\"%s\": %s", cases[i].text, why);
        free(why);
    }
}

/* ---- network interfaces ---- */

static void test_nic(void **state)
{
    static const uint8_t mac[] = {0x00, 0x16, 0x3e, 0x0a, 0xb0, 0xff};
    struct nic_spec n;
    char *why;

    (void)state;
    assert_int_equal(nic_parse("mac=00:16:3E:0a:b0:ff, bridge=br0,"
                               "script=vif-x,vifname=web0,rate=10MB/s,mtu=9000,"
                               "type=vif,model=e1000,devid=3,ip=10.0.0.1",
                               &n, &why),
                     0);
    assert_memory_equal(n.mac, mac, sizeof(mac));
    assert_true(n.has_mac);
    assert_string_equal(n.bridge, "br0");
    assert_string_equal(n.script, "vif-x");
    assert_string_equal(n.vifname, "web0");
    assert_string_equal(n.ip, "10.0.0.1");
    assert_int_equal(n.mtu, 9000);
    assert_int_equal(n.devid, 3);
    assert_int_equal(n.rate_bytes, 500000); /* in each 50 ms */
    assert_int_equal(n.rate_us, 50000);
    nic_free(&n);

    assert_int_equal(nic_parse("", &n, &why), 0);
    assert_false(n.has_mac);
    assert_null(n.bridge);
    assert_int_equal(n.devid, -1);
    assert_int_equal(nic_random_mac(&n), 0);
    assert_memory_equal(n.mac, mac, 3);
    nic_free(&n);
}

static void test_nic_wrong(void **state)
{
    static const char *const wrong[] = {
        "mac=00:16:3e:00:00",
        "mac=00:16:3e:00:00:01:02",
        "mac=01:16:3e:00:00:01", /* a group's */
        "mac=hello",
        "bridge=",
        "bridge=a-name-that-is-too-long",
        "vifname=sixteen-letters-",
        "rate=fast",
        "rate=10",
        "rate=1b/s@1us", /* nothing */
        "mtu=67",
        "mtu=65536",
        "mtu=1500x",
        "devid=-1",
        "devid=256",
        "type=ioemu",
        "backend=other",
        "colour=blue",
        "bridge",
    };

    (void)state;
    for ( size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++ )
    {
        struct nic_spec n;
        char *why = NULL;

        if ( !nic_parse(wrong[i], &n, &why) )
            fail_msg("\"%s\" was taken", wrong[i]);
        assert_non_null(why);
        free(why);
    }
}

static void test_rate(void **state)
{
    static const struct {
        const char *text;
        uint64_t bytes, us;
    } cases[] = {
        {"1Gb/s", 6250000, 50000},       {"1Mb/s@20ms", 2500, 20000},
        {"8b/s@1s", 1, 1000000},         {"3KB/s@500us", 1, 500},
        {"1GB/s@10ms", 10000000, 10000}, {"250KB/s", 12500, 50000},
    };
    uint64_t bytes, us;

    (void)state;
    for ( size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++ )
    {
        assert_int_equal(rate_parse(cases[i].text, &bytes, &us), 0);
        assert_int_equal(bytes, cases[i].bytes);
        assert_int_equal(us, cases[i].us);
    }
}

/* ---- places ---- */

static void test_banks(void **state)
{
    struct range bank[MAX_BANKS];

    (void)state;
    assert_int_equal(place_banks(256 * MiB, bank), 1);
    assert_int_equal(bank[0].start, 0x40000000);
    assert_int_equal(bank[0].size, 256 * MiB);
    assert_int_equal(place_banks(3 * GiB, bank), 1);
    assert_int_equal(place_banks(3 * GiB + 4 * KiB, bank), 2);
    assert_int_equal(bank[0].size, 3 * GiB);
    assert_int_equal(bank[1].start, 0x200000000);
    assert_int_equal(bank[1].size, 4 * KiB);
    assert_int_equal(place_banks(1019 * GiB, bank), 2);
    assert_int_equal(place_banks(1019 * GiB + 4 * KiB, bank), 0);
}

static bool overlap(const struct range *a, const struct range *b)
{
    return a->size && b->size && a->start < b->start + b->size &&
           b->start < a->start + a->size;
}

static bool inside(const struct range *a, const struct range *bank)
{
    return a->start >= bank->start &&
           a->start + a->size <= bank->start + bank->size;
}

/* What must hold of every placement that was found. */
static void check_place(const struct range *bank, const struct placement *p)
{
    assert_true(inside(&p->kernel, bank));
    assert_true(inside(&p->dtb, bank));
    assert_true(!p->ramdisk.size || inside(&p->ramdisk, bank));
    assert_false(overlap(&p->kernel, &p->dtb));
    assert_false(overlap(&p->kernel, &p->ramdisk));
    assert_false(overlap(&p->ramdisk, &p->dtb));
    assert_int_equal(p->kernel.start, bank->start + p->text_offset);
    assert_int_equal(p->dtb.start % GUEST_PAGE, 0);
    assert_int_equal(p->ramdisk.start % GUEST_PAGE, 0);
}

static void test_place(void **state)
{
    const struct range bank = {0x40000000, 256 * MiB};
    const struct range small = {0x40000000, 64 * MiB};
    struct placement p = {.kernel.size = 33 * MiB,
                          .ramdisk.size = 5 * MiB + 1,
                          .dtb.size = 64 * KiB};

    (void)state;
    /* 128 MiB into the bank: the ramdisk, then the tree */
    assert_int_equal(place_images(&bank, &p), 0);
    check_place(&bank, &p);
    assert_int_equal(p.ramdisk.start, 0x48000000);
    assert_int_equal(p.ramdisk.size, 5 * MiB + 1);
    assert_int_equal(p.dtb.start, 0x48501000);

    /* at the end of a bank that is not that large */
    assert_int_equal(place_images(&small, &p), 0);
    check_place(&small, &p);
    assert_int_equal(p.dtb.start + 64 * KiB, 0x44000000);

    /* behind a kernel that reaches beyond 128 MiB */
    p.kernel.size = 200 * MiB;
    assert_int_equal(place_images(&bank, &p), 0);
    check_place(&bank, &p);
    assert_int_equal(p.dtb.start + 64 * KiB, 0x50000000);

    /* below one that leaves nothing behind it */
    p.kernel.size = 40 * MiB;
    p.text_offset = 24 * MiB;
    assert_int_equal(place_images(&small, &p), 0);
    check_place(&small, &p);
    assert_true(p.dtb.start < p.kernel.start);

    /* nowhere */
    p.text_offset = 2 * MiB;
    p.kernel.size = 61 * MiB;
    assert_int_equal(place_images(&small, &p), -1);
    p.kernel.size = UINT64_MAX;
    assert_int_equal(place_images(&small, &p), -1);
    p.kernel.size = MiB;
    p.text_offset = UINT64_MAX;
    assert_int_equal(place_images(&small, &p), -1);
}

/* All sizes around the borders: found or not, never wrong. */
static void test_place_sweep(void **state)
{
    static const uint64_t sizes[] = {1,
                                     4096,
                                     4097,
                                     MiB,
                                     31 * MiB,
                                     32 * MiB,
                                     64 * MiB - 4096,
                                     64 * MiB,
                                     96 * MiB,
                                     127 * MiB + 4096,
                                     128 * MiB,
                                     129 * MiB,
                                     192 * MiB,
                                     255 * MiB};
    const size_t nr = sizeof(sizes) / sizeof(sizes[0]);
    unsigned int found = 0;

    (void)state;
    for ( size_t b = 0; b < nr; b++ )
        for ( size_t k = 0; k < nr; k++ )
            for ( size_t r = 0; r < nr; r++ )
                for ( uint64_t offset = 0; offset <= 2 * MiB;
                      offset += MiB / 2 )
                {
                    const struct range bank = {0x40000000, sizes[b] & ~4095ULL};
                    struct placement p = {.kernel.size = sizes[k],
                                          .ramdisk.size = sizes[r],
                                          .dtb.size = 64 * KiB,
                                          .text_offset = offset};

                    if ( place_images(&bank, &p) )
                        continue;
                    check_place(&bank, &p);
                    found++;
                }
    assert_true(found > 500);
}

/* ---- kernels ---- */

struct header {
    uint32_t code[2];
    uint64_t text_offset, image_size, flags, res[3];
    uint32_t magic, pe;
};

static struct image image_of(const void *data, size_t size)
{
    struct image i = {.data = malloc(size), .size = size};

    memcpy(i.data, data, size);
    return i;
}

static size_t gzip(const void *data, size_t size, uint8_t *out, size_t room)
{
    z_stream z;

    memset(&z, 0, sizeof(z));
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY),
                     Z_OK);
    z.next_in = (z_const Bytef *)(uintptr_t)data;
    z.avail_in = (uInt)size;
    z.next_out = out;
    z.avail_out = (uInt)room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return room - z.avail_out;
}

static void refuse(const void *data, size_t size, const char *expected)
{
    struct image i = image_of(data, size);
    struct kernel_header h;
    char *why = NULL;

    assert_int_equal(image_kernel(&i, &h, &why), -1);
    if ( !strstr(why, expected) )
        fail_msg("%s, not %s", why, expected);
    free(why);
    image_close(&i);
}

static void test_kernel(void **state)
{
    static uint8_t file[8192], packed[8192], zboot[8192];
    struct header k = {
        .text_offset = 0x80000, .image_size = 0x123456, .magic = 0x644d5241};
    struct kernel_header h;
    struct image i;
    size_t size;
    char *why;

    (void)state;
    memcpy(file, &k, sizeof(k));
    i = image_of(file, sizeof(file));
    assert_int_equal(image_kernel(&i, &h, &why), 0);
    assert_int_equal(h.text_offset, 0x80000);
    assert_int_equal(h.memory, 0x123456);
    image_close(&i);

    size = gzip(file, sizeof(file), packed, sizeof(packed));
    i = image_of(packed, size);
    assert_int_equal(image_kernel(&i, &h, &why), 0);
    assert_int_equal(i.size, sizeof(file));
    assert_memory_equal(i.data, file, sizeof(file));
    image_close(&i);
    refuse(packed, size - 20, "damaged");

    /* EFI zboot: where the payload is, how long, how it is packed */
    memcpy(zboot, "MZ\0\0zimg\0\1\0\0", 12);
    zboot[12] = (uint8_t)size;
    zboot[13] = (uint8_t)(size >> 8);
    strcpy((char *)zboot + 24, "gzip");
    memcpy(zboot + 256, packed, size);
    i = image_of(zboot, 256 + size);
    assert_int_equal(image_kernel(&i, &h, &why), 0);
    assert_memory_equal(i.data, file, sizeof(file));
    image_close(&i);
    refuse(zboot, 256 + size - 1, "header is damaged");
    strcpy((char *)zboot + 24, "zstd");
    refuse(zboot, 256 + size, "zstd");

    /* before Linux 3.17: no size, and the offset is not to be believed */
    k.image_size = 0;
    k.text_offset = 0;
    memcpy(file, &k, sizeof(k));
    i = image_of(file, sizeof(file));
    assert_int_equal(image_kernel(&i, &h, &why), 0);
    assert_int_equal(h.text_offset, 0x80000);
    assert_true(h.memory > sizeof(file));
    image_close(&i);

    k.flags = 1;
    memcpy(file, &k, sizeof(k));
    refuse(file, sizeof(file), "big-endian");
    refuse(file, 63, "too short");
    refuse(
        "\177ELF, and so on, for at least sixty-four bytes, as a header is....",
        66, "no arm64 Image");
}

/* ---- the tree ---- */

static uint8_t blob[65536];

static struct guest_tree plain_tree(void)
{
    static uint8_t seed[RNG_SEED_SIZE];

    for ( size_t i = 0; i < sizeof(seed); i++ )
        seed[i] = (uint8_t)i;
    return (struct guest_tree){
        .cmdline = "console=hvc0 root=/dev/xvda",
        .vcpus = 2,
        .gic_version = 3,
        .gpaddr_bits = 40,
        .xen_major = 4,
        .xen_minor = 17,
        .bank = {{0x40000000, 256 * MiB}},
        .nr_banks = 1,
        .ramdisk = {0x48000000, 0x123456},
        .rng_seed = seed,
        .pci = true,
        .msi = true,
    };
}

static void make(const struct guest_tree *t)
{
    size_t used;

    memset(blob, 0xa5, sizeof(blob));
    assert_int_equal(guest_tree_write(t, blob, sizeof(blob), &used), 0);
    assert_int_equal(fdt_check_header(blob), 0);
    assert_true(used <= sizeof(blob));
}

static int node(const char *path)
{
    int at = fdt_path_offset(blob, path);

    if ( at < 0 )
        fail_msg("no node %s", path);
    return at;
}

static const void *prop(const char *path, const char *name, int size)
{
    int len;
    const void *p = fdt_getprop(blob, node(path), name, &len);

    if ( !p )
        fail_msg("%s has no %s", path, name);
    if ( size >= 0 && len != size )
        fail_msg("%s: %s has %d bytes", path, name, len);
    return p;
}

static uint32_t cell(const char *path, const char *name, int index)
{
    const uint8_t *p = prop(path, name, -1);

    return fdt32_ld((const void *)(p + index * 4));
}

static uint64_t pair(const char *path, const char *name, int index)
{
    return (uint64_t)cell(path, name, index) << 32 |
           cell(path, name, index + 1);
}

static void is_compatible(const char *path, const char *with)
{
    if ( fdt_node_check_compatible(blob, node(path), with) )
        fail_msg("%s is no %s", path, with);
}

static void test_tree(void **state)
{
    struct guest_tree t = plain_tree();

    (void)state;
    make(&t);
    is_compatible("/", "xen,xenvm-4.17");
    is_compatible("/", "xen,xenvm");
    assert_string_equal(prop("/chosen", "bootargs", -1), t.cmdline);
    assert_int_equal(pair("/chosen", "linux,initrd-start", 0), 0x48000000);
    assert_int_equal(pair("/chosen", "linux,initrd-end", 0), 0x48123456);
    assert_memory_equal(prop("/chosen", "rng-seed", 128), t.rng_seed, 128);
    assert_int_equal(cell("/cpus/cpu@1", "reg", 0), 1);
    assert_string_equal(prop("/cpus/cpu@0", "enable-method", -1), "psci");
    is_compatible("/psci", "arm,psci-1.0");
    is_compatible("/psci", "arm,psci-0.2");
    assert_string_equal(prop("/psci", "method", -1), "hvc");
    assert_int_equal(pair("/memory@40000000", "reg", 0), 0x40000000);
    assert_int_equal(pair("/memory@40000000", "reg", 2), 256 * MiB);

    is_compatible("/interrupt-controller@3001000", "arm,gic-v3");
    assert_int_equal(pair("/interrupt-controller@3001000", "reg", 0),
                     0x03001000);
    assert_int_equal(pair("/interrupt-controller@3001000", "reg", 4),
                     0x03020000);
    /* PPIs 29, 30, 27: level, active low */
    prop("/timer", "interrupts", 36);
    assert_int_equal(cell("/timer", "interrupts", 1), 13);
    assert_int_equal(cell("/timer", "interrupts", 4), 14);
    assert_int_equal(cell("/timer", "interrupts", 7), 11);
    assert_int_equal(cell("/timer", "interrupts", 8), 0xf08);

    is_compatible("/hypervisor", "xen,xen-4.17");
    is_compatible("/hypervisor", "xen,xen");
    assert_int_equal(cell("/hypervisor", "interrupts", 1), 15);
    assert_int_equal(pair("/hypervisor", "reg", 0), 0x38000000);
    assert_int_equal(pair("/hypervisor", "reg", 2), 16 * MiB);
}

/* Nothing that the guest is told to be free may be in use, or out of reach. */
static void check_extended(const struct guest_tree *t, unsigned int expected)
{
    unsigned int nr = 0;
    int len;

    make(t);
    (void)fdt_getprop(blob, node("/hypervisor"), "reg", &len);
    for ( int i = 4; i < len / 4; i += 4, nr++ )
    {
        const struct range r = {pair("/hypervisor", "reg", i),
                                pair("/hypervisor", "reg", i + 2)};

        for ( unsigned int b = 0; b < t->nr_banks; b++ )
            assert_false(overlap(&r, &t->bank[b]));
        assert_int_equal(r.start % (2 * MiB), 0);
        assert_true(r.size >= 64 * MiB);
        assert_true(r.start + r.size <= 1ULL << t->gpaddr_bits);
        /* the PCI window between the banks */
        assert_false(overlap(&r, &(struct range){4 * GiB, 4 * GiB}));
    }
    assert_int_equal(nr, expected);
}

static void test_extended(void **state)
{
    struct guest_tree t = plain_tree();

    (void)state;
    check_extended(&t, 2);
    t.bank[0].size = 3 * GiB;
    check_extended(&t, 1);
    t.bank[0].size = 3 * GiB - 63 * MiB;
    check_extended(&t, 1);
    t.bank[1] = (struct range){8 * GiB, 5 * GiB + 4 * KiB};
    t.nr_banks = 2;
    check_extended(&t, 1);
    t.gpaddr_bits = 33;
    check_extended(&t, 0);
}

/* Registers of a device lie among them: frames of others must not. */
static void test_registers_in_extended(void **state)
{
    static const struct range at[] = {
        {0xee100000, 0x2000}, {0xe6700000, 0x10000}, {0xffff0000, 0x10000}};
    struct guest_tree t = plain_tree();
    int len;

    (void)state;
    t.hole = at;
    t.nr_holes = 3;
    check_extended(&t, 2);
    (void)fdt_getprop(blob, node("/hypervisor"), "reg", &len);
    for ( int i = 4; i < len / 4; i += 4 )
        for ( unsigned int k = 0; k < t.nr_holes; k++ )
        {
            const struct range r = {pair("/hypervisor", "reg", i),
                                    pair("/hypervisor", "reg", i + 2)};

            assert_false(overlap(&r, &at[k]));
        }
}

static void test_many_cpus(void **state)
{
    struct guest_tree t = plain_tree();

    (void)state;
    t.vcpus = 128;
    make(&t);
    /* 16 in a cluster */
    assert_int_equal(cell("/cpus/cpu@f", "reg", 0), 0x00f);
    assert_int_equal(cell("/cpus/cpu@100", "reg", 0), 0x100);
    assert_int_equal(cell("/cpus/cpu@70f", "reg", 0), 0x70f);
    assert_true(fdt_path_offset(blob, "/cpus/cpu@10") < 0);
}

#define PCIE "/pcie@10000000"

static void test_pci(void **state)
{
    struct guest_tree t = plain_tree();
    const int entry = 10; /* cells */

    (void)state;
    make(&t);
    is_compatible(PCIE, "pci-host-ecam-generic");
    assert_int_equal(pair(PCIE, "reg", 0), 0x10000000);
    assert_int_equal(pair(PCIE, "reg", 2), 256 * MiB);
    assert_int_equal(cell(PCIE, "bus-range", 1), 255);
    /* 1:1: what the guest writes to a BAR is where the CPU sees it */
    for ( int i = 0; i < 14; i += 7 )
        assert_int_equal(pair(PCIE, "ranges", i + 1),
                         pair(PCIE, "ranges", i + 3));
    assert_int_equal(pair(PCIE, "ranges", 3), 0x23000000);
    assert_int_equal(pair(PCIE, "ranges", 5), 256 * MiB);
    assert_int_equal(pair(PCIE, "ranges", 10), 0x100000000);
    assert_int_equal(pair(PCIE, "ranges", 12), 4 * GiB);
    /* slot 3, INTB: (3 + 1) % 4 is the first line, SPI 12 */
    prop(PCIE, "interrupt-map", 16 * entry * 4);
    for ( int slot = 0; slot < 4; slot++ )
        for ( int pin = 0; pin < 4; pin++ )
        {
            int at = (slot * 4 + pin) * entry;

            assert_int_equal(cell(PCIE, "interrupt-map", at), slot << 11);
            assert_int_equal(cell(PCIE, "interrupt-map", at + 3), pin + 1);
            assert_int_equal(cell(PCIE, "interrupt-map", at + 4), 65000);
            assert_int_equal(cell(PCIE, "interrupt-map", at + 7), 0);
            assert_int_equal(cell(PCIE, "interrupt-map", at + 8),
                             12 + (slot + pin) % 4);
            assert_int_equal(cell(PCIE, "interrupt-map", at + 9), 4);
        }
    assert_int_equal(cell(PCIE, "interrupt-map-mask", 0), 0x1800);
    assert_int_equal(cell(PCIE, "interrupt-map-mask", 3), 7);

    is_compatible("/interrupt-controller@3001000/v2m@3011000",
                  "arm,gic-v2m-frame");
    assert_int_equal(
        pair("/interrupt-controller@3001000/v2m@3011000", "reg", 0), 0x3011000);
    assert_int_equal(cell(PCIE, "msi-map", 1), FDT_PHANDLE_MSI);
    assert_int_equal(cell(PCIE, "msi-map", 3), 0x10000);
    assert_int_equal(fdt_node_offset_by_phandle(blob, FDT_PHANDLE_MSI),
                     node("/interrupt-controller@3001000/v2m@3011000"));

    t.msi = false;
    make(&t);
    prop(PCIE, "interrupt-map", 16 * (entry - 2) * 4);
    assert_null(fdt_getprop(blob, node(PCIE), "msi-map", NULL));
    assert_true(fdt_node_offset_by_phandle(blob, FDT_PHANDLE_MSI) < 0);
    t.pci = false;
    make(&t);
    assert_true(fdt_path_offset(blob, PCIE) < 0);
}

/*
 * dtc follows references and checks what bindings have in common. Xen's has
 * a node /hypervisor with registers and no address in its name.
 */
static void dtc_is_content(const struct guest_tree *t)
{
    FILE *f;

    make(t);
    f = popen("dtc -I dtb -O dtb -o /dev/null - 2>&1 | "
              "grep -v '/hypervisor: node has a reg' | "
              "{ ! grep -E 'Warning|ERROR'; }",
              "w");
    assert_non_null(f);
    fwrite(blob, 1, fdt_totalsize(blob), f);
    assert_int_equal(pclose(f), 0);
}

static void test_dtc(void **state)
{
    struct guest_tree t = plain_tree();

    (void)state;
    dtc_is_content(&t);
    t.gic_version = 2;
    t.bank[0].size = 3 * GiB;
    t.bank[1] = (struct range){8 * GiB, GiB};
    t.nr_banks = 2;
    t.ramdisk.size = 0;
    t.clock_frequency = 62500000;
    dtc_is_content(&t);
    assert_null(fdt_getprop(blob, node("/chosen"), "linux,initrd-start", NULL));
    is_compatible("/interrupt-controller@3001000", "arm,cortex-a15-gic");
    assert_int_equal(pair("/interrupt-controller@3001000", "reg", 4),
                     0x03002000);
    assert_int_equal(pair("/memory@200000000", "reg", 2), GiB);
    t.msi = false;
    dtc_is_content(&t);
    t.pci = false;
    dtc_is_content(&t);
}

static void test_no_room(void **state)
{
    struct guest_tree t = plain_tree();
    size_t used;

    (void)state;
    make(&t);
    used = fdt_totalsize(blob);
    stderr_begin();
    for ( size_t size = 0; size < used; size += 16 )
    {
        uint8_t *small = malloc(size + 1); /* ASan watches its end */
        size_t unused;

        if ( !guest_tree_write(&t, small, size, &unused) )
            fail_msg("a tree of %zu bytes in %zu", used, size);
        free(small);
    }
    (void)stderr_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vdev),
        cmocka_unit_test(test_disk),
        cmocka_unit_test(test_disk_wrong),
        cmocka_unit_test(test_nic),
        cmocka_unit_test(test_nic_wrong),
        cmocka_unit_test(test_rate),
        cmocka_unit_test(test_banks),
        cmocka_unit_test(test_place),
        cmocka_unit_test(test_place_sweep),
        cmocka_unit_test(test_kernel),
        cmocka_unit_test(test_tree),
        cmocka_unit_test(test_extended),
        cmocka_unit_test(test_registers_in_extended),
        cmocka_unit_test(test_many_cpus),
        cmocka_unit_test(test_pci),
        cmocka_unit_test(test_dtc),
        cmocka_unit_test(test_no_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
