// SPDX-License-Identifier: GPL-2.0-or-later
/* What pxl understands of a domain's configuration, and which line it blames.*/
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config.h"
#include "pxl.h"
#include "captured.h"

#define NEEDED "name = \"g\"\nkernel = \"/Image\"\nmemory = 256\n"
#define CPUS   6U

static struct cfg *cfg;

/* What is said; "" when it was understood, and @c is to be freed. */
static const char *read_text(const char *text, struct config *c)
{
    const char *said;
    int rc;

    stderr_begin();
    cfg = cfg_parse("g.cfg", text, strlen(text));
    rc = cfg ? config_read(cfg, CPUS, c) : -1;
    said = stderr_end();
    assert_non_null(cfg);
    if ( !rc && *said )
        fail_msg("it succeeded, but said: %s", said);
    if ( rc && !*said )
        fail_msg("it failed in silence: %s", text);
    return said;
}

static void done(struct config *c)
{
    config_free(c);
    cfg_free(cfg);
}

static void test_defaults(void **state)
{
    struct config c;
    uint8_t first[UUID_SIZE];

    (void)state;
    assert_string_equal(read_text(NEEDED, &c), "");
    assert_string_equal(c.name, "g");
    assert_string_equal(c.cmdline, "");
    assert_null(c.ramdisk);
    assert_int_equal(c.memory_kib, 256 << 10);
    assert_int_equal(c.maxmem_kib, 256 << 10);
    assert_int_equal(c.vcpus, 1);
    assert_int_equal(c.max_vcpus, 1);
    assert_null(c.cpus);
    assert_int_equal(c.on_poweroff, ACTION_DESTROY);
    assert_int_equal(c.on_reboot, ACTION_RESTART);
    assert_int_equal(c.on_crash, ACTION_DESTROY);
    assert_int_equal(c.on_watchdog, ACTION_DESTROY);
    assert_true(c.passthrough);
    assert_int_equal(c.gic_version, 0);
    assert_int_equal(c.max_event_channels, 1023);
    assert_int_equal(c.max_grant_frames, UINT32_MAX);
    assert_int_equal(c.nr_disks + c.nr_nics, 0);
    assert_int_equal(c.uuid[6] >> 4, 4);
    assert_int_equal(c.uuid[8] >> 6, 2);
    memcpy(first, c.uuid, sizeof(first));
    done(&c);

    assert_string_equal(read_text(NEEDED, &c), "");
    assert_memory_not_equal(c.uuid, first, sizeof(first));
    done(&c);
}

static void test_all(void **state)
{
    static const uint8_t uuid[] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab,
                                   0xcd, 0xef, 0x01, 0x23, 0x45, 0x67,
                                   0x89, 0xab, 0xcd, 0xef};
    struct config c;
    char text[37];

    (void)state;
    assert_string_equal(
        read_text(NEEDED "uuid = \"01234567-89AB-cdef-0123-456789abcdef\"\n"
                         "ramdisk = \"/r\"\nroot = \"/dev/xvda1\"\n"
                         "extra = \"ro quiet\"\nmaxmem = 512\n"
                         "vcpus = 2\nmaxvcpus = 4\ncpus = [\"0-1\", \"5\"]\n"
                         "cpus_soft = \"all,^0\"\ncpu_weight = 512\ncap = 50\n"
                         "on_poweroff = \"preserve\"\non_reboot = \"destroy\"\n"
                         "on_crash = \"rename-restart\"\n"
                         "on_watchdog = \"preserve\"\n"
                         "gic_version = \"v2\"\npassthrough = \"disabled\"\n"
                         "max_grant_frames = 32\nmax_maptrack_frames = 0\n"
                         "event_channels = 100\ntype = \"pvh\"\nacpi = 0\n"
                         "disk = [\"/a,raw,xvda,w\", \"/b,raw,xvdb,r\"]\n"
                         "vif = [\"devid=1\", \"mac=00:16:3e:00:00:01\", \"\"]",
                  &c),
        "");
    assert_memory_equal(c.uuid, uuid, sizeof(uuid));
    uuid_format(c.uuid, text);
    assert_string_equal(text, "01234567-89ab-cdef-0123-456789abcdef");
    assert_string_equal(c.ramdisk, "/r");
    assert_string_equal(c.cmdline, "root=/dev/xvda1 ro quiet");
    assert_int_equal(c.maxmem_kib, 512 << 10);
    assert_int_equal(c.vcpus, 2);
    assert_int_equal(c.max_vcpus, 4);
    /* a list is for the first vCPUs, a string for all */
    assert_int_equal(c.cpus[0][0], 0x03);
    assert_int_equal(c.cpus[1][0], 0x20);
    assert_null(c.cpus[2]);
    assert_int_equal(c.cpus_soft[3][0], 0x3e);
    assert_int_equal(c.weight, 512);
    assert_int_equal(c.cap, 50);
    assert_int_equal(c.on_poweroff, ACTION_PRESERVE);
    assert_int_equal(c.on_reboot, ACTION_DESTROY);
    assert_int_equal(c.on_crash, ACTION_RENAME_RESTART);
    assert_int_equal(c.on_watchdog, ACTION_PRESERVE);
    assert_int_equal(c.gic_version, 2);
    assert_false(c.passthrough);
    assert_int_equal(c.max_grant_frames, 32);
    assert_int_equal(c.max_maptrack_frames, 0);
    assert_int_equal(c.max_event_channels, 100);
    assert_int_equal(c.nr_disks, 2);
    assert_string_equal(c.disk[1].target, "/b");
    /* numbers that were not given are the lowest that are free, and all have
     * an address, so that they are the same after a reboot */
    assert_int_equal(c.nr_nics, 3);
    assert_int_equal(c.nic[0].devid, 1);
    assert_int_equal(c.nic[1].devid, 0);
    assert_int_equal(c.nic[2].devid, 2);
    assert_true(c.nic[0].has_mac && c.nic[2].has_mac);
    done(&c);

    assert_string_equal(
        read_text(NEEDED "cmdline = \"only this\"\nvif = \"bridge=br0\"", &c),
        "");
    assert_string_equal(c.cmdline, "only this");
    assert_string_equal(c.nic[0].bridge, "br0");
    done(&c);
}

static void test_wrong(void **state)
{
    static const struct {
        const char *text, *said;
    } cases[] = {
        {"kernel = \"/Image\"\nmemory = 256", "g.cfg: no name"},
        {"name = \"g\"\nmemory = 256", "g.cfg: no kernel"},
        {"name = \"g\"\nkernel = \"/Image\"", "g.cfg: no memory"},
        {"name = \"17\"\n", "g.cfg:1: name \"17\" would be taken"},
        {"name = \"a/b\"\n", "g.cfg:1: name \"a/b\": '/'"},
        {"name = \"\"\n", "g.cfg:1: name"},
        {"name = [\"g\"]\n", "g.cfg:1: "},
        {NEEDED "uuid = \"1234\"", "g.cfg:4: \"1234\" is no UUID"},
        {NEEDED "\nmemory = 0", "g.cfg:5: memory: at least"},
        {NEEDED "memory = \"lots\"", "g.cfg:4: 'memory'"},
        {NEEDED "maxmem = 128", "g.cfg:4: maxmem: at least as much"},
        {NEEDED "vcpus = 0", "g.cfg:4: 'vcpus' is from 1 to 128"},
        {NEEDED "vcpus = 129", "g.cfg:4: 'vcpus'"},
        {NEEDED "vcpus = 2\nmaxvcpus = 1", "g.cfg:5: 'maxvcpus' is from 2"},
        {NEEDED "cpus = \"6\"", "g.cfg:4: 'cpus'"},
        {NEEDED "cpus = [\"0\",\n\"1\"]", "g.cfg:5: 'cpus' has more"},
        {NEEDED "on_crash = \"coredump-restart\"", "g.cfg:4: on_crash"},
        {NEEDED "on_crash = \"coredump-destroy\"",
         "known: destroy restart rename-restart preserve"},
        {NEEDED "on_watchdog = \"soft-reset\"", "g.cfg:4: on_watchdog"},
        {NEEDED "gic_version = \"v4\"", "g.cfg:4: gic_version = \"v4\""},
        {NEEDED "type = \"hvm\"", "g.cfg:4: type"},
        {NEEDED "acpi = 1", "g.cfg:4: guests get a device tree"},
        {NEEDED "vuart = \"sbsa_uart\"", "g.cfg:4: 'vuart' is not supported"},
        {NEEDED "iomem = [\"9000,1\"]", "g.cfg:4: 'iomem' is not supported"},
        {NEEDED "disk = [\"/a,raw,xvda,w\",\n\"/b,raw,xvda,w\"]",
         "g.cfg:5: disk: there are two xvda"},
        {NEEDED "disk = [\"/a,raw,xvda,w\",\n\"/b\"]",
         "g.cfg:5: disk: no virtual device"},
        {NEEDED "disk = [[\"/a\"]]", "g.cfg:4: disk: a string"},
        {NEEDED "vif = [\"devid=1\",\n\"devid=1\"]", "devid 1 is there twice"},
        {NEEDED "vif = [\"mac=1\"]", "g.cfg:4: vif: \"1\" is no MAC"},
    };

    (void)state;
    for ( size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++ )
    {
        struct config c;
        /* a later setting wins, with a word about the first */
        const char *said = read_text(cases[i].text, &c);

        if ( !strstr(said, cases[i].said) )
            fail_msg("%s\nsays %s\nnot %s", cases[i].text, said, cases[i].said);
        cfg_free(cfg);
    }
}

static void test_empty_is_absent(void **state)
{
    struct config c;

    (void)state;
    assert_string_equal(read_text(NEEDED "ramdisk = \"\"\niomem = []\n"
                                         "vuart = \"\"\ndisk = []\nvif = []",
                                  &c),
                        "");
    assert_null(c.ramdisk);
    done(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_all),
        cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_empty_is_absent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
