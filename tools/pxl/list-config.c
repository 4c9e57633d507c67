/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * list-config.c - list -l: what a domain is made of, in libxl's words, as
 * xenstore and the hypervisor know it. xl does not write there what kernel it
 * has loaded.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "json.h"
#include "list.h"
#include "pci.h"
#include "pxl.h"
#include "sched.h"
#include "xs.h"

/* A node of a folder under another name; nothing when it is not there. */
static void json_node(const char *name, const char *folder, const char *node)
{
    char *text = xs_get("%s/%s", folder, node);

    if ( text && *text )
        json_string(name, text);
    free(text);
}

static void json_kib(const char *name, const domain_info_t *d, const char *node)
{
    uint64_t kib =
        xs_get_number(0, "/local/domain/%u/memory/%s", d->domain, node);

    if ( kib )
        json_number(name, kib);
}

static void json_vcpus(const domain_info_t *d)
{
    unsigned int i, nr = d->max_vcpu_id + 1;

    json_number("max_vcpus", nr);
    json_array("avail_vcpus");
    for ( i = 0; i < nr; i++ )
    {
        char *online =
            xs_get("/local/domain/%u/cpu/%u/availability", d->domain, i);

        if ( !online || strcmp(online, "offline") )
            json_number(NULL, i);
        free(online);
    }
    json_end();
}

static void json_build(const domain_info_t *d)
{
    char *vm = xs_get("/local/domain/%u/vm", d->domain);
    struct xen_domctl_sched_credit2 sched;

    json_object("b_info");
    json_vcpus(d);
    json_kib("max_memkb", d, "static-max");
    json_kib("target_memkb", d, "target");
    if ( sched_get(d->domain, &sched) >= 0 )
    {
        json_object("sched_params");
        json_string("sched", "credit2");
        json_number("weight", sched.weight);
        json_number("cap", sched.cap);
        json_end();
    }
    if ( vm )
    {
        json_node("kernel", vm, "image/kernel");
        json_node("ramdisk", vm, "image/ramdisk");
        json_node("cmdline", vm, "image/cmdline");
    }
    free(vm);
    json_end();
}

static void json_disk(const char *back)
{
    char *mode = xs_get("%s/mode", back);

    json_node("vdev", back, "dev");
    json_node("pdev_path", back, "params");
    json_string("format", "raw");
    json_number("readwrite", mode && *mode == 'w');
    free(mode);
}

static void json_nic(const char *back)
{
    json_number("devid", xs_get_number(0, "%s/handle", back));
    json_node("mac", back, "mac");
    json_node("bridge", back, "bridge");
    json_node("script", back, "script");
}

/* The back ends of one type, which are dom0's. */
static void json_devices(const char *name, const char *type,
                         const domain_info_t *d,
                         void (*json_one)(const char *back))
{
    unsigned int i, nr;
    char **ids = xs_dir(&nr, "/local/domain/0/backend/%s/%u", type, d->domain);

    if ( nr )
    {
        json_array(name);
        for ( i = 0; i < nr; i++ )
        {
            char *back = xasprintf("/local/domain/0/backend/%s/%u/%s", type,
                                   d->domain, ids[i]);

            json_object(NULL);
            json_one(back);
            json_end();
            free(back);
        }
        json_end();
    }
    free(ids);
}

static void json_function(const struct device *dev)
{
    uint32_t sbdf = dev->info.dev.sbdf;
    char *name = pci_given_name(sbdf);

    json_object(NULL);
    json_object("bdf");
    json_number("func", sbdf & 7);
    json_number("dev", sbdf >> 3 & 0x1f);
    json_number("bus", sbdf >> 8 & 0xff);
    json_number("domain", sbdf >> 16);
    json_end();
    json_number("vdevfn", dev->info.vslot);
    if ( name )
        json_string("name", name);
    json_end();
    free(name);
}

static void json_node_path(const struct device *dev)
{
    json_object(NULL);
    json_string("path", dev->name);
    json_end();
}

/* It was asked for: what comes with it for its group has no slot. */
static bool is_asked_for(const struct device *dev)
{
    return dev->info.dev.kind == PX_DEVICE_DT || dev->info.vslot != PX_NO_INDEX;
}

static void json_owned(const char *name, uint32_t kind,
                       const struct devices *devs, const domain_info_t *d,
                       void (*json_one)(const struct device *dev))
{
    bool some = false;

    for ( size_t i = 0; i < devs->nr; i++ )
    {
        const struct px_device_info *info = &devs->dev[i].info;

        if ( info->dev.kind != kind || info->owner != d->domain ||
             !is_asked_for(&devs->dev[i]) )
            continue;
        if ( !some )
            json_array(name);
        some = true;
        json_one(&devs->dev[i]);
    }
    if ( some )
        json_end();
}

/* What a domain was given. dom0 has what nobody else has: no list of its. */
static void json_passed_through(const domain_info_t *d)
{
    struct devices devs;

    if ( d->domain == 0 || devices_load(&devs) != 0 )
        return;
    json_owned("pcidevs", PX_DEVICE_PCI, &devs, d, json_function);
    json_owned("dtdevs", PX_DEVICE_DT, &devs, d, json_node_path);
    devices_free(&devs);
}

void json_config(const domain_info_t *d, const char *name)
{
    char uuid[37];

    domain_uuid(d, uuid);
    json_object(NULL);
    json_number("domid", d->domain);
    json_object("config");

    json_object("c_info");
    json_string("type", "pvh");
    json_string("name", name);
    json_string("uuid", uuid);
    json_end();

    json_build(d);
    json_devices("disks", "vbd", d, json_disk);
    json_devices("nics", "vif", d, json_nic);
    json_passed_through(d);

    json_end();
    json_end();
}
