/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dt.c - devices of the host's device tree, from dom0 to domains and back.
 *
 * A device is dom0's until a domain is given it, and again after dt-detach -r;
 * in between it is in quarantine. A domain that is destroyed leaves
 * its devices there.
 */
#include "dt.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libfdt.h>

#include "cfg.h"
#include "cmd.h"
#include "device.h"
#include "json.h"
#include "pxl.h"
#include "taken.h"

/* The operation's name of a node: in memory that the hypervisor may read. */
static char *name_node(struct px_device *dev, const char *path)
{
    size_t len = strlen(path);
    char *buf = hyp_buffer(len + 1);

    if ( !buf )
        return NULL;
    memcpy(buf, path, len + 1);
    *dev = (struct px_device){.kind = PX_DEVICE_DT, .path_len = (uint32_t)len};
    set_xen_guest_handle_raw(dev->path, buf);
    return buf;
}

static char *move_error(int rc, uint32_t conflict)
{
    char *other, *text;

    switch ( rc )
    {
    case -ESRCH:
        return xstrdup("there is no such domain");
    case -ENODEV:
        return xstrdup("the hypervisor knows no such device");
    case -EOPNOTSUPP:
        return xstrdup("no IOMMU covers it, or the domain has no IOMMU tables "
                       "(passthrough = \"disabled\")");
    case -EADDRINUSE:
        return xstrdup("it shares a page of registers, or an interrupt, with "
                       "another device; pxl dmesg names both");
    case -EADDRNOTAVAIL:
        return xstrdup("the domain has something else at the address of its "
                       "registers; pxl dmesg");
    case -EIO:
        return xstrdup(
            "a clock of it does not start, or its power area is off; pxl "
            "dmesg");
    case -ENOSPC:
        return xstrdup("no context of its IOMMU is left");
    case -ERANGE:
        return xstrdup("the domain has memory above the reach of the device's "
                       "IOMMU; give it less");
    case -EPERM:
        return xstrdup("the hypervisor itself uses it, or it is only for dom0 "
                       "(micro-TLB 0); pxl dmesg");
    case -EXDEV:
        other = device_index_name(conflict);
        text = xasprintf("an IOMMU cannot tell it from %s, which is not the "
                         "domain's: both go to one domain, or neither",
                         other);
        free(other);
        return text;
    default:
        return xstrdup(strerror(-rc));
    }
}

static char *busy_error(uint32_t owner, int domid)
{
    char *name, *text;

    if ( owner == DOMID_INVALID )
        return xstrdup("an interrupt of it is not free, or beyond the "
                       "domain's (dtdev makes room for those it names); "
                       "pxl dmesg");
    if ( owner == (uint32_t)domid )
        return xstrdup("the domain has it already");
    name = domain_name((int)owner);
    text = xasprintf("%s has it", name);
    free(name);
    return text;
}

/* From dom0, whose driver lets go of it first. */
static int take(const char *path)
{
    struct proxenos_op op = {0};
    char *buf, *why;
    int rc;

    if ( dt_linux_let_go(path) )
        return -1;
    buf = name_node(&op.u.quarantine.dev, path);
    op.u.quarantine.conflict = PX_NO_INDEX;
    rc = buf ? hyp_px(PX_OP_quarantine, &op) : -ENOMEM;
    if ( buf )
        hyp_buffer_free(buf, strlen(path) + 1);
    if ( rc >= 0 )
        return 0;
    why = rc == -EBUSY ? xstrdup("another domain has it")
                       : move_error(rc, op.u.quarantine.conflict);
    err("%s: cannot be taken from dom0: %s", path, why);
    free(why);
    (void)dt_linux_bind(path);
    return -1;
}

static uint32_t owner_of(const char *path)
{
    struct devices devs;
    uint32_t owner = DOMID_INVALID;

    if ( devices_load(&devs) )
        return owner;
    for ( size_t i = 0; i < devs.nr; i++ )
        if ( devs.dev[i].info.dev.kind == PX_DEVICE_DT &&
             strcmp(devs.dev[i].name, path) == 0 )
            owner = devs.dev[i].info.owner;
    devices_free(&devs);
    return owner;
}

/* Out of quarantine, to dom0 and its driver. */
static int release(const char *path)
{
    struct proxenos_op op = {0};
    char *buf = name_node(&op.u.quarantine.dev, path), *why;
    uint32_t owner;
    int rc;

    op.u.quarantine.conflict = PX_NO_INDEX;
    rc = buf ? hyp_px(PX_OP_release, &op) : -ENOMEM;
    if ( buf )
        hyp_buffer_free(buf, strlen(path) + 1);
    if ( rc >= 0 )
        return dt_linux_bind(path);
    owner = owner_of(path);
    why = rc == -EBUSY ? busy_error(owner, 0)
                       : move_error(rc, op.u.quarantine.conflict);
    err("%s: not given back to dom0: %s", path, why);
    if ( owner == DOMID_INVALID )
        warn("%s: it is in quarantine now; pxl dt-detach -r %s tries again",
             path, path);
    free(why);
    return -1;
}

/* @why: to be freed; NULL when it has been said. */
static int attach(int domid, const char *path, char **why)
{
    struct proxenos_op op = {0};
    struct px_attach *a = &op.u.attach;
    bool taken = owner_of(path) == 0;
    char *buf;
    int rc;

    *why = NULL;
    if ( taken && take(path) )
        return -1;
    buf = name_node(&a->dev, path);
    a->domid = (uint32_t)domid;
    a->vslot = PX_NO_INDEX;
    a->owner = DOMID_INVALID;
    a->conflict = PX_NO_INDEX;
    rc = buf ? hyp_px(PX_OP_attach, &op) : -ENOMEM;
    if ( buf )
        hyp_buffer_free(buf, strlen(path) + 1);
    if ( rc >= 0 )
    {
        if ( taken )
            taken_note(path, "dt-detach -r");
        return 0;
    }
    *why = rc == -EBUSY ? busy_error(a->owner, domid)
                        : move_error(rc, a->conflict);
    /* Nobody asked for it to be nobody's. */
    if ( taken )
        (void)release(path);
    return -1;
}

static int detach(int domid, const char *path)
{
    struct proxenos_op op = {0};
    char *buf = name_node(&op.u.detach.dev, path), *why;
    int rc;

    op.u.detach.domid = (uint32_t)domid;
    rc = buf ? hyp_px(PX_OP_detach, &op) : -ENOMEM;
    if ( buf )
        hyp_buffer_free(buf, strlen(path) + 1);
    if ( rc >= 0 )
        return 0;
    why = rc == -ENODEV ? xstrdup("the domain does not have it")
          : rc == -ETIMEDOUT
              ? xstrdup("its IOMMU did not confirm in time: the device is in "
                        "quarantine, the domain's memory stays out of use")
              : move_error(rc, PX_NO_INDEX);
    err("%s: domain %d: %s", path, domid, why);
    free(why);
    return -1;
}

/* ---- the configuration ---- */

static void *read_tree(const char *file, char **why)
{
    FILE *f = fopen(file, "re");
    size_t size = 0, room = 0, n = 1;
    char *buf = NULL;

    for ( ; f && n; size += n )
    {
        if ( size == room )
        {
            room = room ? room * 2 : 65536;
            buf = xrealloc(buf, room);
        }
        n = fread(buf + size, 1, room - size, f);
    }
    *why = NULL;
    if ( !f || ferror(f) )
        *why = xasprintf("%s: %s", file, strerror(errno));
    else if ( fdt_check_full(buf, size) )
        *why = xasprintf("%s: no device tree", file);
    if ( f )
        fclose(f);
    if ( !*why )
        return buf;
    free(buf);
    return NULL;
}

/* By debugfs, of a clock whose name the tree gives. */
static uint64_t debugfs_rate(const char *provider, const char *output)
{
    char *path = xasprintf("/sys/kernel/debug/clk/%s/clk_rate", output);
    FILE *f = *output ? fopen(path, "re") : NULL;
    unsigned long long rate = 0;

    (void)provider;
    if ( f && fscanf(f, "%llu", &rate) != 1 )
        rate = 0;
    if ( f )
        fclose(f);
    free(path);
    return rate;
}

static void say_unmet(const char *path, const char *property,
                      const char *target)
{
    if ( strcmp(property, "clocks") == 0 )
        warn("%s: clocks: the rate of one of %s is not known: left out, all "
             "of them; clock:NAME=HZ in dtdev gives it",
             path, target);
    else
        warn("%s: %s (%s) is left out: the guest does not have it", path,
             property, target);
}

static int check_device(struct dt_config *c, size_t i, char **why)
{
    struct dt_device *dev = &c->dev[i];
    char *other;

    if ( dt_read(c->host, c->spec[i].path, dev, why) )
        return -1;
    other = dt_sharer(c->host, c->spec[i].path, dev);
    if ( other )
    {
        *why = xasprintf("it shares a page of registers, or an interrupt, "
                         "with %s",
                         other);
        free(other);
        return -1;
    }
    if ( dev->last_irq > c->last_irq )
        c->last_irq = dev->last_irq;
    for ( unsigned int k = 0; k < dev->nr_regs; k++ )
    {
        c->hole = xrealloc(c->hole, (c->nr_holes + 1) * sizeof(*c->hole));
        c->hole[c->nr_holes++] = dev->reg[k];
    }
    return 0;
}

int dt_config(struct cfg *cfg, bool again, struct dt_config *c)
{
    const struct cfg_value *items;
    const char *partial;
    char *why;
    size_t nr;

    memset(c, 0, sizeof(*c));
    if ( cfg_list(cfg, "dtdev", &items, &nr) ||
         cfg_string(cfg, "device_tree", NULL, &partial) )
        return -1;
    if ( partial && *partial && !(c->partial = read_tree(partial, &why)) )
    {
        cfg_err(cfg, cfg_get(cfg, "device_tree"), "%s", why);
        free(why);
        return -1;
    }
    if ( c->partial && fdt_path_offset(c->partial, "/passthrough") < 0 )
    {
        cfg_err(cfg, cfg_get(cfg, "device_tree"), "it has no /passthrough");
        return -1;
    }
    if ( nr && !(c->host = read_tree("/sys/firmware/fdt", &why)) )
    {
        cfg_err(cfg, &items[0], "dom0's device tree: %s", why);
        free(why);
        return -1;
    }
    c->spec = xcalloc(nr + 1, sizeof(*c->spec));
    c->dev = xcalloc(nr + 1, sizeof(*c->dev));
    for ( size_t i = 0; i < nr; i++ )
    {
        size_t k = c->nr; /* not i: one may have been left out */
        int rc = items[i].string
                     ? dt_spec_parse(items[i].string, &c->spec[k], &why)
                     : -1;

        if ( !items[i].string )
            why = xstrdup("a device is a path");
        if ( !rc )
        {
            c->nr++;
            rc = check_device(c, k, &why);
        }
        if ( !rc )
            continue;
        cfg_err(cfg, &items[i], "dtdev: %s", why);
        free(why);
        if ( !again )
            return -1;
        warn("dtdev: the domain starts without %s", items[i].string);
        if ( c->nr > k )
            dt_spec_free(&c->spec[--c->nr]);
    }
    c->source = (struct dt_source){
        .host = c->host,
        .spec = c->spec,
        .nr = c->nr,
        .partial = c->partial,
        .rate = debugfs_rate,
        .unmet = say_unmet,
    };
    return 0;
}

void dt_config_free(struct dt_config *c)
{
    for ( size_t i = 0; i < c->nr; i++ )
        dt_spec_free(&c->spec[i]);
    free(c->spec);
    free(c->dev);
    free(c->hole);
    free(c->host);
    free(c->partial);
    memset(c, 0, sizeof(*c));
}

int dt_create(struct cfg *cfg, const struct dt_config *c, int domid, bool again)
{
    const struct cfg_value *items;
    size_t nr;

    if ( cfg_list(cfg, "dtdev", &items, &nr) )
        return -1;
    for ( size_t i = 0; i < c->nr && i < nr; i++ )
    {
        char *why;

        if ( attach(domid, c->spec[i].path, &why) == 0 )
            continue;
        if ( why )
            cfg_err(cfg, &items[i], "%s: %s", c->spec[i].path, why);
        free(why);
        if ( !again )
            return -1;
        warn("%s: the domain starts without it", c->spec[i].path);
    }
    return 0;
}

int dt_destroy(int domid)
{
    struct devices devs;
    int rc = 0;

    if ( devices_load(&devs) )
        return -1;
    for ( size_t i = 0; i < devs.nr; i++ )
        if ( devs.dev[i].info.dev.kind == PX_DEVICE_DT &&
             devs.dev[i].info.owner == (uint32_t)domid &&
             detach(domid, devs.dev[i].name) )
            rc = -1;
    devices_free(&devs);
    return rc;
}

/* ---- commands ---- */

int cmd_dt_attach(int argc, char **argv)
{
    char *why;
    int domid, opt;

    while ( (opt = options(argc, argv, "", NULL)) != -1 )
        return usage(argv[0]);
    if ( argc - optind != 2 )
        return usage(argv[0]);
    domid = domain_arg(argv[optind]);
    if ( domid < 0 )
        return EXIT_FAILURE;
    if ( attach(domid, argv[optind + 1], &why) == 0 )
        return EXIT_SUCCESS;
    if ( why )
        err("%s: not attached: %s", argv[optind + 1], why);
    free(why);
    return EXIT_FAILURE;
}

int cmd_dt_detach(int argc, char **argv)
{
    bool give_back = false;
    const char *path;
    int domid, opt;

    while ( (opt = options(argc, argv, "r", NULL)) != -1 )
    {
        if ( opt != 'r' )
            return usage(argv[0]);
        give_back = true;
    }
    if ( argc - optind != 2 && !(give_back && argc - optind == 1) )
        return usage(argv[0]);
    path = argv[argc - 1];
    if ( argc - optind == 2 &&
         ((domid = domain_arg(argv[optind])) < 0 || detach(domid, path)) )
        return EXIT_FAILURE;
    if ( give_back && release(path) )
        return EXIT_FAILURE;
    printf("%s: detached, %s\n", path,
           give_back ? "dom0 has it" : "in quarantine");
    return EXIT_SUCCESS;
}

static void print_row(const struct device *dev)
{
    char *owner = device_owner(dev), *marks = device_marks(dev);

    printf("%-24s %s%s%s\n", owner, dev->name, *marks ? "  " : "", marks);
    free(marks);
    free(owner);
}

static void print_json(const struct device *dev)
{
    json_object(NULL);
    json_device(dev);
    json_end();
}

/* Of @domid, or of all: -1. */
static int list(int domid, bool json)
{
    struct devices devs;

    if ( devices_load(&devs) )
        return EXIT_FAILURE;
    if ( json )
        json_array(NULL);
    else
        printf("%-24s %s\n", "Owner", "Device");
    for ( size_t i = 0; i < devs.nr; i++ )
    {
        const struct px_device_info *info = &devs.dev[i].info;

        if ( info->dev.kind == PX_DEVICE_DT &&
             (domid < 0 || info->owner == (uint32_t)domid) )
            (json ? print_json : print_row)(&devs.dev[i]);
    }
    if ( json )
        json_end();
    devices_free(&devs);
    return EXIT_SUCCESS;
}

int cmd_dt_list(int argc, char **argv)
{
    static const struct option longs[] = {
        {"json", no_argument, NULL, 'j'},
        {NULL, 0, NULL, 0},
    };
    bool json = false;
    int domid = -1, opt;

    while ( (opt = options(argc, argv, "j", longs)) != -1 )
    {
        if ( opt != 'j' )
            return usage(argv[0]);
        json = true;
    }
    if ( argc - optind > 1 )
        return usage(argv[0]);
    if ( optind < argc && (domid = domain_arg(argv[optind])) < 0 )
        return EXIT_FAILURE;
    return list(domid, json);
}
