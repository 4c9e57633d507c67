/* SPDX-License-Identifier: GPL-2.0-or-later */
/* device.c - the hypervisor's devices and domains, read into tables. */
#include "device.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "pci.h"
#include "pxl.h"

#define PATH_SIZE 1024U

const char *reset_name(uint32_t reset)
{
    static const char *const names[] = {
        [PX_RESET_NONE] = "none",
        [PX_RESET_FLR] = "function level reset",
        [PX_RESET_PM] = "power state",
        [PX_RESET_BUS] = "bus reset",
    };

    return reset < sizeof(names) / sizeof(names[0]) ? names[reset] : "unknown";
}

/* ---- the table ---- */

static int load_one(uint32_t index, struct device *dev, char *path)
{
    struct proxenos_op op = {0};
    int rc;

    op.u.device_info.index = index;
    set_xen_guest_handle_raw(op.u.device_info.dev.path, path);
    op.u.device_info.dev.path_len = PATH_SIZE;
    rc = hyp_px(PX_OP_device_info, &op);
    if ( rc < 0 )
        return rc;

    dev->info = op.u.device_info;
    if ( dev->info.dev.kind == PX_DEVICE_PCI )
        dev->name = pci_name(dev->info.dev.sbdf);
    else
    {
        uint32_t len = dev->info.dev.path_len;

        dev->name =
            xasprintf("%.*s", (int)(len < PATH_SIZE ? len : PATH_SIZE), path);
    }
    return 0;
}

int devices_load(struct devices *devs)
{
    char *path = hyp_buffer(PATH_SIZE);
    size_t room = 0;
    int rc = path ? 0 : -ENOMEM;

    devs->dev = NULL;
    devs->nr = 0;
    while ( rc == 0 )
    {
        if ( devs->nr == room )
        {
            room = room ? room * 2 : 32;
            devs->dev = xrealloc(devs->dev, room * sizeof(*devs->dev));
        }
        rc = load_one((uint32_t)devs->nr, &devs->dev[devs->nr], path);
        if ( rc == 0 )
            devs->nr++;
    }
    if ( path )
        hyp_buffer_free(path, PATH_SIZE);
    if ( rc == -ENOENT )
        return 0;
    devices_free(devs);
    err("cannot ask the hypervisor for its devices: %s%s", strerror(-rc),
        rc == -ENOSYS || rc == -EOPNOTSUPP ? " (is it Proxenos?)" : "");
    return -1;
}

void devices_free(struct devices *devs)
{
    for ( size_t i = 0; i < devs->nr; i++ )
        free(devs->dev[i].name);
    free(devs->dev);
    devs->dev = NULL;
    devs->nr = 0;
}

struct device *device_pci(const struct devices *devs, uint32_t sbdf)
{
    for ( size_t i = 0; i < devs->nr; i++ )
        if ( devs->dev[i].info.dev.kind == PX_DEVICE_PCI &&
             devs->dev[i].info.dev.sbdf == sbdf &&
             !(devs->dev[i].info.flags & PX_DEV_GONE) )
            return &devs->dev[i];
    return NULL;
}

/* One that was pulled out is listed still, and has faults to show. */
static struct device *gone_pci(const struct devices *devs, uint32_t sbdf)
{
    for ( size_t i = 0; i < devs->nr; i++ )
        if ( devs->dev[i].info.dev.kind == PX_DEVICE_PCI &&
             devs->dev[i].info.dev.sbdf == sbdf )
            return &devs->dev[i];
    return NULL;
}

struct device *device_at(const struct devices *devs, uint32_t index)
{
    return index < devs->nr ? &devs->dev[index] : NULL;
}

struct device *device_arg(const struct devices *devs, const char *arg)
{
    struct device *dev = NULL;
    const char *p = arg;
    uint32_t sbdf;

    if ( arg[0] == '/' )
    {
        for ( size_t i = 0; i < devs->nr && !dev; i++ )
            if ( strcmp(devs->dev[i].name, arg) == 0 )
                dev = &devs->dev[i];
        if ( !dev )
            err("%s: no such device; pxl iommu-list shows all", arg);
        return dev;
    }
    if ( (!pci_bdf(&p, &sbdf) || *p) && !pci_named(arg, &sbdf) )
    {
        err("\"%s\" is no PCI device ([DDDD:]BB:DD.F, or a name that one was "
            "given) nor a path of the device tree (/...)",
            arg);
        return NULL;
    }
    dev = device_pci(devs, sbdf);
    if ( !dev )
        dev = gone_pci(devs, sbdf);
    if ( !dev )
        err("%s: no such PCI device; pxl iommu-list shows all", arg);
    return dev;
}

void device_pci_op(struct px_device *dev, uint32_t sbdf)
{
    *dev = (struct px_device){.kind = PX_DEVICE_PCI, .sbdf = sbdf};
}

char *device_index_name(uint32_t index)
{
    struct devices devs;
    struct device *dev;
    char *name;

    if ( index == PX_NO_INDEX || devices_load(&devs) != 0 )
        return xstrdup("another device");
    dev = device_at(&devs, index);
    name = xstrdup(dev ? dev->name : "another device");
    devices_free(&devs);
    return name;
}

/* ---- what lists say ---- */

char *device_marks(const struct device *dev)
{
    static const struct {
        uint32_t flag;
        const char *text;
    } marks[] = {
        {PX_DEV_UNPROTECTED, "UNPROTECTED"},
        {PX_DEV_SHARED_MSI, "SHARED-MSI"},
        {PX_DEV_CUT_OFF, "CUT-OFF"},
        {PX_DEV_UNUSABLE, "UNUSABLE"},
        {PX_DEV_GONE, "GONE"},
    };
    char *text = xstrdup("");

    for ( size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++ )
        if ( dev->info.flags & marks[i].flag )
        {
            char *more =
                xasprintf("%s%s%s", text, *text ? "," : "", marks[i].text);

            free(text);
            text = more;
        }
    return text;
}

char *device_owner(const struct device *dev)
{
    if ( dev->info.owner == DOMID_INVALID )
        return xstrdup("(quarantine)");
    return domain_name((int)dev->info.owner);
}

void json_device(const struct device *dev)
{
    const struct px_device_info *i = &dev->info;

    json_string("device", dev->name);
    if ( i->owner == DOMID_INVALID )
        json_string("domid", NULL);
    else
        json_number("domid", i->owner);
    json_bool("unprotected", i->flags & PX_DEV_UNPROTECTED);
    json_bool("shared_msi", i->flags & PX_DEV_SHARED_MSI);
    json_bool("cut_off", i->flags & PX_DEV_CUT_OFF);
    json_bool("unusable", i->flags & PX_DEV_UNUSABLE);
    json_bool("gone", i->flags & PX_DEV_GONE);
}

/* ---- domains ---- */

bool next_domain(uint32_t domid, struct xen_domctl_getdomaininfo *info)
{
    struct xen_domctl op = {0};

    /* The hypervisor answers for the next one when this id is free. */
    if ( domid >= DOMID_FIRST_RESERVED ||
         hyp_domctl(XEN_DOMCTL_getdomaininfo, (uint16_t)domid, &op) < 0 )
        return false;
    *info = op.u.getdomaininfo;
    return true;
}
