/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * current.c - a domain's configuration as it is by now; see current.h.
 *
 * Who has which device the hypervisor and xenstore know in any case, so there
 * is no record that could differ from it: the settings are read from there,
 * and understood as those of a file are. The guest cannot write what is read.
 */
#include "current.h"
#include "device.h"
#include "dt-node.h"
#include "pci.h"
#include "pvdev.h"
#include "pxl.h"
#include "xs.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A setting in the making. */
struct list {
    char **text;
    size_t nr;
};

/* @text: taken over. */
static void add(struct list *l, char *text)
{
    l->text = xrealloc(l->text, (l->nr + 1) * sizeof(*l->text));
    l->text[l->nr++] = text;
}

static void set(struct cfg *cfg, const char *name, struct list *l)
{
    cfg_set_list(cfg, name, l->text, l->nr);
    for ( size_t i = 0; i < l->nr; i++ )
        free(l->text[i]);
    free(l->text);
}

/* ---- virtual devices ---- */

/* One that is being detached does not come back. */
static void read_virtual(struct cfg *cfg, const char *setting, const char *type,
                         int domid)
{
    struct list l = {NULL, 0};
    size_t nr;
    uint32_t *ids = pv_list(type, domid, &nr);

    for ( size_t i = 0; i < nr; i++ )
    {
        const struct pv_device d = {type, domid, ids[i]};
        char *back = pv_back_path(&d);
        char *text = xs_get("%s/" PV_SPEC, back);

        if ( text && xs_get_number(0, "%s/online", back) )
            add(&l, text);
        else
            free(text);
        free(back);
    }
    free(ids);
    set(cfg, setting, &l);
}

/* ---- devices of the host ---- */

/* As pci = [...] has it, with the consent that it was attached with. */
static char *pci_text(const struct device *dev)
{
    const struct px_device_info *i = &dev->info;
    char *slot = i->vslot & 7 ? xstrdup("") : xasprintf("@%x", i->vslot >> 3);
    char *text =
        xasprintf("%s%s%s%s", dev->name, slot,
                  i->flags & PX_DEV_SHARED_MSI ? ",msi=1" : "",
                  i->flags & PX_DEV_UNPROTECTED ? ",permissive=1" : "");

    free(slot);
    return text;
}

static void read_pci(struct cfg *cfg, const struct devices *devs, int domid)
{
    struct list l = {NULL, 0};

    for ( size_t i = 0; i < devs->nr; i++ )
    {
        const struct px_device_info *info = &devs->dev[i].info;

        /* One without a slot moved for another's sake, and will again. */
        if ( info->dev.kind != PX_DEVICE_PCI ||
             info->owner != (uint32_t)domid || info->vslot == PX_NO_INDEX )
            continue;
        if ( info->flags & PX_DEV_GONE )
            warn("%s has been pulled out: the domain starts without it",
                 devs->dev[i].name);
        else
            add(&l, pci_text(&devs->dev[i]));
    }
    set(cfg, "pci", &l);
}

/* The options that dtdev = [...] has for it; "" when it is not there. */
static char *dt_options(struct cfg *cfg, const char *path)
{
    const struct cfg_value *item;
    char *options = NULL;
    size_t nr;

    if ( cfg_list(cfg, "dtdev", &item, &nr) )
        nr = 0;
    for ( size_t i = 0; !options && i < nr; i++ )
    {
        struct dt_spec spec;
        char *why;

        if ( !item[i].string )
            continue;
        if ( dt_spec_parse(item[i].string, &spec, &why) )
        {
            free(why);
            continue;
        }
        if ( !strcmp(spec.path, path) )
            options = xstrdup(spec.options);
        dt_spec_free(&spec);
    }
    return options ? options : xstrdup("");
}

static void read_dt(struct cfg *cfg, const struct devices *devs, int domid)
{
    struct list l = {NULL, 0};

    for ( size_t i = 0; i < devs->nr; i++ )
    {
        const struct device *dev = &devs->dev[i];
        char *options;

        if ( dev->info.dev.kind != PX_DEVICE_DT ||
             dev->info.owner != (uint32_t)domid )
            continue;
        options = dt_options(cfg, dev->name);
        add(&l, xasprintf("%s%s", dev->name, options));
        free(options);
    }
    set(cfg, "dtdev", &l);
}

/* ---- the rest ---- */

static void set_number(struct cfg *cfg, const char *name, uint64_t n,
                       const char *unit)
{
    char *text = xasprintf("%" PRIu64 "%s", n, unit);

    cfg_set(cfg, name, text);
    free(text);
}

/* What mem-set and vcpu-set asked for. */
static void read_size(const struct config *c, int domid)
{
    uint64_t target =
        xs_get_number(c->memory_kib, "/local/domain/%d/memory/target", domid);
    uint32_t online = 0;

    for ( uint32_t i = 0; i < c->max_vcpus; i++ )
    {
        char *text = xs_get("/local/domain/%d/cpu/%u/availability", domid, i);

        online += text && !strcmp(text, "online");
        free(text);
    }
    target &= ~3ULL; /* whole pages */
    if ( target < CONFIG_MIN_KIB || target > c->maxmem_kib )
        target = c->memory_kib;
    set_number(c->cfg, "maxmem", c->maxmem_kib, "k");
    set_number(c->cfg, "maxvcpus", c->max_vcpus, "");
    set_number(c->cfg, "memory", target, "k");
    set_number(c->cfg, "vcpus", online ? online : c->vcpus, "");
}

/* The UUID stays, which may have been made up. */
static void read_names(const struct config *c, int domid)
{
    char *name = xs_get("/local/domain/%d/name", domid);
    char uuid[37];

    uuid_format(c->uuid, uuid);
    cfg_set(c->cfg, "uuid", uuid);
    if ( name && *name )
        cfg_set(c->cfg, "name", name);
    free(name);
}

int current_config(struct config *c, int domid)
{
    struct cfg *cfg = c->cfg;
    unsigned int host_cpus = c->host_cpus;
    struct devices devs;
    int rc;

    if ( devices_load(&devs) )
        return -1;
    read_size(c, domid);
    read_names(c, domid);
    config_free(c); /* it refers to strings that have gone */
    read_virtual(cfg, "disk", "vbd", domid);
    read_virtual(cfg, "vif", "vif", domid);
    read_pci(cfg, &devs, domid);
    read_dt(cfg, &devs, domid);
    devices_free(&devs);
    rc = config_read(cfg, host_cpus, c);
    c->again = !rc;
    return rc;
}
