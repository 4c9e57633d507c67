// SPDX-License-Identifier: GPL-2.0-or-later
/* A domain's configuration after commands have changed what it has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "current.h"
#include "device.h"
#include "pci.h"
#include "pvdev.h"
#include "pxl.h"
#include "captured.h"
#include "xs.h"

#define DOMID 7

/* ---- xenstore and the hypervisor, as the test wants them ---- */

struct node {
    const char *path, *value;
};
static const struct node *node;
static size_t nr_nodes;

static const char *lookup(const char *fmt, va_list args)
{
    char path[256];

    vsnprintf(path, sizeof(path), fmt, args);
    for ( size_t i = 0; i < nr_nodes; i++ )
        if ( !strcmp(node[i].path, path) )
            return node[i].value;
    return NULL;
}

char *xs_get(const char *fmt, ...)
{
    const char *value;
    va_list args;

    va_start(args, fmt);
    value = lookup(fmt, args);
    va_end(args);
    return value ? strdup(value) : NULL;
}

uint64_t xs_get_number(uint64_t fallback, const char *fmt, ...)
{
    const char *value;
    va_list args;

    va_start(args, fmt);
    value = lookup(fmt, args);
    va_end(args);
    return value ? strtoull(value, NULL, 0) : fallback;
}

char *pv_back_path(const struct pv_device *d)
{
    return xasprintf("%s/%d/%u", d->type, d->domid, d->devid);
}

/* The nodes "TYPE/DOMID/ID/online" say what there is. */
uint32_t *pv_list(const char *type, int domid, size_t *nr)
{
    uint32_t *ids = xcalloc(nr_nodes, sizeof(*ids));
    char *folder = xasprintf("%s/%d/", type, domid);
    size_t len = strlen(folder);

    *nr = 0;
    for ( size_t i = 0; i < nr_nodes; i++ )
        if ( !strncmp(node[i].path, folder, len) &&
             strstr(node[i].path, "/online") )
            ids[(*nr)++] = (uint32_t)strtoul(node[i].path + len, NULL, 10);
    free(folder);
    return ids;
}

static const struct device *device;
static size_t nr_devices;

int devices_load(struct devices *devs)
{
    devs->nr = nr_devices;
    devs->dev = xcalloc(nr_devices, sizeof(*devs->dev));
    if ( nr_devices )
        memcpy(devs->dev, device, nr_devices * sizeof(*device));
    return 0;
}

void devices_free(struct devices *devs)
{
    free(devs->dev);
}

/* ---- */

static const char text[] =
    "name = \"g\"\nkernel = \"/Image\"\nmemory = 256\nmaxmem = 512\n"
    "maxvcpus = 4\ndisk = [ \"/dev/a,raw,xvda,w\" ]\n"
    "vif = [ \"bridge=br1\" ]\npci = [ \"01:00.0,seize=1\" ]\n"
    "dtdev = [ \"/soc/mmc@1,clock:core=100\", \"/soc/dma@2\" ]\n";

static struct config c;
static struct cfg *cfg;

static void make(void)
{
    cfg = cfg_parse("g.cfg", text, sizeof(text) - 1);
    assert_non_null(cfg);
    assert_int_equal(config_read(cfg, 4, &c), 0);
    assert_false(c.again);
}

static void done(void)
{
    config_free(&c);
    cfg_free(cfg);
}

/* @said: what it has to say. */
static void update(const struct node *nodes, size_t nr,
                   const struct device *dev, size_t nr_dev, const char *said)
{
    int rc;

    node = nodes;
    nr_nodes = nr;
    device = dev;
    nr_devices = nr_dev;
    stderr_begin();
    rc = current_config(&c, DOMID);
    assert_string_equal(stderr_end(), said);
    assert_int_equal(rc, 0);
    assert_true(c.again);
}

#define UPDATE(nodes, devs, said)                                              \
    update(nodes, sizeof(nodes) / sizeof((nodes)[0]), devs,                    \
           sizeof(devs) / sizeof((devs)[0]), said)

/* The items of a list of the configuration, "|" behind each. */
static void assert_list(const char *name, const char *expected)
{
    const struct cfg_value *item;
    char *all = xstrdup("");
    size_t nr;

    assert_int_equal(cfg_list(cfg, name, &item, &nr), 0);
    for ( size_t i = 0; i < nr; i++ )
    {
        char *more = xasprintf("%s%s|", all, item[i].string);

        free(all);
        all = more;
    }
    assert_string_equal(all, expected);
    free(all);
}

static char pci_1[] = "0000:01:00.0", pci_2[] = "0000:02:00.0";
static char pci_3[] = "0000:03:00.0", pci_4[] = "0000:04:00.1";
static char mmc[] = "/soc/mmc@1", dma[] = "/soc/dma@2", usb[] = "/soc/usb@3";

#define PCI(n, o, slot, marks)                                                 \
    {                                                                          \
        .info = {.owner = (o),                                                 \
                 .dev = {.kind = PX_DEVICE_PCI},                               \
                 .vslot = (slot),                                              \
                 .flags = (marks)},                                            \
        .name = (n)                                                            \
    }
#define DT(n, o)                                                               \
    {                                                                          \
        .info = {.owner = (o), .dev = {.kind = PX_DEVICE_DT}}, .name = (n)     \
    }

/* As it was made: the same again, and what was drawn by lot stays. */
static void test_same(void **state)
{
    static const struct node nodes[] = {
        {"/local/domain/7/name", "g"},
        {"/local/domain/7/memory/target", "262144"},
        {"/local/domain/7/cpu/0/availability", "online"},
        {"vbd/7/51712/online", "1"},
        {"vbd/7/51712/pxl-spec", "/dev/a,raw,xvda,w"},
        {"vif/7/0/online", "1"},
        {"vif/7/0/pxl-spec", "bridge=br1,mac=00:16:3e:01:02:03,devid=0"},
    };
    static const struct device devs[] = {PCI(pci_1, DOMID, 1 << 3, 0),
                                         DT(mmc, DOMID), DT(dma, DOMID)};
    uint8_t uuid[UUID_SIZE];

    (void)state;
    make();
    memcpy(uuid, c.uuid, sizeof(uuid));
    for ( unsigned int i = 0; i < 3; i++ )
    {
        UPDATE(nodes, devs, "");
        assert_string_equal(c.name, "g");
        assert_memory_equal(c.uuid, uuid, sizeof(uuid));
        assert_int_equal(c.memory_kib, 256 << 10);
        assert_int_equal(c.maxmem_kib, 512 << 10);
        assert_int_equal(c.vcpus, 1);
        assert_int_equal(c.max_vcpus, 4);
        assert_int_equal(c.nr_disks, 1);
        assert_string_equal(c.disk[0].target, "/dev/a");
        assert_int_equal(c.nr_nics, 1);
        assert_int_equal(c.nic[0].mac[5], 3);
        assert_string_equal(c.nic[0].bridge, "br1");
        assert_list("pci", "0000:01:00.0@1|");
        assert_list("dtdev", "/soc/mmc@1,clock:core=100|/soc/dma@2|");
    }
    done();
}

static void test_changed(void **state)
{
    static const struct node nodes[] = {
        {"/local/domain/7/name", "other"},
        {"/local/domain/7/memory/target", "131075"},
        {"/local/domain/7/cpu/0/availability", "online"},
        {"/local/domain/7/cpu/1/availability", "online"},
        {"/local/domain/7/cpu/2/availability", "offline"},
        {"vbd/7/51712/online", "0"}, /* on its way out */
        {"vbd/7/51712/pxl-spec", "/dev/a,raw,xvda,w"},
        {"vbd/7/51728/online", "1"},
        {"vbd/7/51728/pxl-spec", "/dev/\"b\\,raw,xvdb,w!"},
        {"vif/7/3/online", "1"},
        {"vif/7/3/pxl-spec", ",mac=00:16:3e:04:05:06,devid=3"},
    };
    static const struct device devs[] = {
        PCI(pci_1, 8, 1 << 3, 0), /* another's by now */
        PCI(pci_2, DOMID, 0x1f << 3, PX_DEV_SHARED_MSI),
        PCI(pci_3, DOMID, PX_NO_INDEX, 0), /* moved for another's sake */
        PCI(pci_3, DOMID, 3 << 3, PX_DEV_GONE),
        PCI(pci_4, DOMID, 4 << 3, PX_DEV_UNPROTECTED | PX_DEV_CUT_OFF),
        DT(mmc, DOMID_INVALID),
        DT(dma, DOMID),
        DT(usb, DOMID),
    };
    struct pci_spec *spec;
    size_t nr;

    (void)state;
    make();
    UPDATE(nodes, devs,
           "pxl: warning: 0000:03:00.0 has been pulled out: the domain starts "
           "without it\n");
    assert_string_equal(c.name, "other");
    assert_int_equal(c.memory_kib, 131072);
    assert_int_equal(c.vcpus, 2);
    assert_int_equal(c.nr_disks, 1);
    assert_string_equal(c.disk[0].target, "/dev/\"b\\");
    assert_true(c.disk[0].shared);
    assert_int_equal(c.nr_nics, 1);
    assert_int_equal(c.nic[0].devid, 3);
    assert_list("pci", "0000:02:00.0@1f,msi=1|0000:04:00.1@4,permissive=1|");
    assert_list("dtdev", "/soc/dma@2|/soc/usb@3|");
    /* It can be read as a configuration's. */
    assert_int_equal(pci_config(cfg, &spec, &nr), 0);
    assert_int_equal(nr, 2);
    assert_int_equal(spec[0].vslot, 0x1f);
    assert_true(spec[0].msi);
    assert_true(spec[1].permissive);
    free(spec);
    done();
}

/* Nothing is left of all its devices; what makes no sense is not believed. */
static void test_empty(void **state)
{
    static const struct node nodes[] = {
        {"/local/domain/7/memory/target", "999999999"},
    };

    (void)state;
    make();
    update(nodes, 1, NULL, 0, "");
    assert_string_equal(c.name, "g");
    assert_int_equal(c.memory_kib, 256 << 10);
    assert_int_equal(c.vcpus, 1);
    assert_int_equal(c.nr_disks + c.nr_nics, 0);
    assert_list("pci", "");
    assert_list("dtdev", "");
    done();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same),
        cmocka_unit_test(test_changed),
        cmocka_unit_test(test_empty),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
