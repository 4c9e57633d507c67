/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vbd.c - paravirtual disks; see vbd.h. */
#include "vbd.h"
#include "cmd.h"
#include "json.h"
#include "loopdev.h"
#include "pv-cmd.h"
#include "pvdev.h"
#include "pxl.h"
#include "table.h"
#include "xs.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define MODULE "xen-blkback"

/* ---- what is behind it ---- */

/* A device that dom0 has mounted, or that another program owns. */
static char *check_free(const struct disk_spec *spec)
{
    int fd;

    if ( spec->readonly || spec->shared )
        return NULL;
    fd = open(spec->target, O_RDWR | O_EXCL | O_CLOEXEC);
    if ( fd < 0 )
        return errno == EBUSY
                   ? xasprintf("%s is in use in dom0 (mounted?); access \"w!\" "
                               "shares it nevertheless",
                               spec->target)
                   : xasprintf("cannot open %s: %s", spec->target,
                               strerror(errno));
    close(fd);
    return NULL;
}

static bool same_device(const char *back, const struct stat *st)
{
    unsigned int major, minor;
    bool same = false;
    char *text = xs_get("%s/physical-device", back);

    if ( text && sscanf(text, "%x:%x", &major, &minor) == 2 )
        same = makedev(major, minor) == st->st_rdev;
    free(text);
    return same;
}

static bool same_file(const char *back, const struct stat *st)
{
    char *params = xs_get("%s/params", back);
    struct stat other;
    bool same = params && !stat(params, &other) && other.st_dev == st->st_dev &&
                other.st_ino == st->st_ino;

    free(params);
    return same;
}

/* One disk of a domain: does it exclude @spec's use of the same thing? */
static char *conflict(const char *domid, const char *devid,
                      const struct stat *st, const struct disk_spec *spec)
{
    char *back = xasprintf("/local/domain/0/backend/vbd/%s/%s", domid, devid);
    char *mode = xs_get("%s/mode", back), *why = NULL;
    bool same =
        S_ISBLK(st->st_mode) ? same_device(back, st) : same_file(back, st);

    if ( same && (!spec->readonly || !mode || *mode == 'w') )
        why = xasprintf("%s is used by domain %s, disk %s; access \"w!\" "
                        "shares it nevertheless",
                        spec->target, domid, devid);
    free(mode);
    free(back);
    return why;
}

/* Two writers, or a writer and a reader, destroy a file system. */
static char *check_shared(const struct disk_spec *spec, const struct stat *st)
{
    unsigned int nr_domains, nr;
    char **domain = xs_dir(&nr_domains, "/local/domain/0/backend/vbd");
    char *why = NULL;

    for ( unsigned int i = 0; !why && i < nr_domains; i++ )
    {
        char **dev = xs_dir(&nr, "/local/domain/0/backend/vbd/%s", domain[i]);

        for ( unsigned int k = 0; !why && k < nr; k++ )
            why = conflict(domain[i], dev[k], st, spec);
        free(dev);
    }
    free(domain);
    return why;
}

int vbd_check(const struct disk_spec *spec, char **why)
{
    struct stat st;

    *why = NULL;
    if ( !*spec->target )
        return 0;
    if ( stat(spec->target, &st) )
        *why = xasprintf("cannot find %s: %s", spec->target, strerror(errno));
    else if ( S_ISBLK(st.st_mode) )
        *why = check_free(spec);
    else if ( !S_ISREG(st.st_mode) )
        *why =
            xasprintf("%s is neither a block device nor a file", spec->target);
    else if ( access(spec->target, spec->readonly ? R_OK : R_OK | W_OK) )
        *why = xasprintf("cannot open %s: %s", spec->target, strerror(errno));
    if ( !*why && !spec->shared )
        *why = check_shared(spec, &st);
    return *why ? -1 : 0;
}

/* ---- coming and going ---- */

static int add_entries(int domid, const struct disk_spec *spec,
                       const char *node, const struct stat *st, bool file)
{
    const struct pv_device d = {"vbd", domid, spec->devid};
    const char *kind = spec->cdrom ? "cdrom" : "disk";
    char id[16], number[32];
    const struct pv_entry front[] = {
        {"virtual-device", id},
        {"device-type", kind},
    };
    const struct pv_entry back[] = {
        {"params", spec->target},
        {"type", file ? "file" : "phy"},
        {"node", node},
        {"physical-device-path", node},
        {"physical-device", number},
        {"mode", spec->readonly ? "r" : "w"},
        {"dev", spec->vdev},
        {"device-type", kind},
        {"removable", "0"},
        {"bootable", "1"},
        {"discard-enable", spec->no_discard || spec->readonly ? "0" : "1"},
        {"direct-io-safe", spec->direct_io_safe ? "1" : "0"},
        {"hotplug-status", "connected"},
        {PV_SPEC, spec->text},
    };
    const struct pv_entries e = {front, back, sizeof(front) / sizeof(front[0]),
                                 sizeof(back) / sizeof(back[0])};

    snprintf(id, sizeof(id), "%u", spec->devid);
    snprintf(number, sizeof(number), "%x:%x", major(st->st_rdev),
             minor(st->st_rdev));
    return pv_add(&d, &e);
}

/* @node is a block device: the target, or a loop device for it. */
static int attach(int domid, const struct disk_spec *spec, const char *node,
                  bool file)
{
    const struct pv_device d = {"vbd", domid, spec->devid};
    struct stat st;

    if ( stat(node, &st) || !S_ISBLK(st.st_mode) )
    {
        err("disk %s: %s is no block device", spec->vdev, node);
        return -1;
    }
    if ( add_entries(domid, spec, node, &st, file) )
        return -1;
    if ( !pv_wait_backend(&d) )
        return 0;
    (void)pv_close(&d, true);
    (void)pv_forget(&d, true);
    return -1;
}

int vbd_add(int domid, const struct disk_spec *spec)
{
    const struct pv_device d = {"vbd", domid, spec->devid};
    struct stat st;
    char *loop, *why;
    int rc;

    if ( !*spec->target )
    {
        err("disk %s: an empty drive cannot be served; name a target",
            spec->vdev);
        return -1;
    }
    if ( pv_exists(&d) )
    {
        err("disk %s: domain %d has it already", spec->vdev, domid);
        return -1;
    }
    if ( vbd_check(spec, &why) )
    {
        err("disk %s: %s", spec->vdev, why);
        free(why);
        return -1;
    }
    if ( pv_driver("vbd", MODULE) || stat(spec->target, &st) )
        return -1;
    if ( S_ISBLK(st.st_mode) )
        return attach(domid, spec, spec->target, false);
    loop = loop_attach(spec->target, spec->readonly);
    if ( !loop )
        return -1;
    rc = attach(domid, spec, loop, true);
    if ( rc )
        loop_detach(loop);
    free(loop);
    return rc;
}

int vbd_remove(int domid, uint32_t devid, bool force)
{
    const struct pv_device d = {"vbd", domid, devid};
    char *back = pv_back_path(&d);
    char *type = xs_get("%s/type", back), *node = xs_get("%s/node", back);
    int rc = pv_close(&d, force);

    if ( !rc )
        rc = pv_forget(&d, force);
    if ( !rc && type && node && !strcmp(type, "file") )
        loop_detach(node);
    free(type);
    free(node);
    free(back);
    return rc;
}

/* ---- commands ---- */

/* The words of a command line, as one disk specification. */
static int spec_of_words(int argc, char **argv, struct disk_spec *spec)
{
    char *text = xstrdup(argv[0]), *longer, *why;
    int rc;

    for ( int i = 1; i < argc; i++ )
    {
        longer = xasprintf("%s,%s", text, argv[i]);
        free(text);
        text = longer;
    }
    rc = disk_parse(text, spec, &why);
    if ( rc )
    {
        err("disk '%s': %s", text, why);
        free(why);
    }
    free(text);
    return rc;
}

int cmd_block_attach(int argc, char **argv)
{
    struct disk_spec spec;
    int domid, rc;

    if ( options(argc, argv, "", NULL) != -1 )
        return EXIT_FAILURE;
    if ( argc - optind < 2 )
        return usage(argv[0]);
    domid = domain_arg(argv[optind]);
    if ( domid < 0 ||
         spec_of_words(argc - optind - 1, argv + optind + 1, &spec) )
        return EXIT_FAILURE;
    rc = vbd_add(domid, &spec);
    disk_free(&spec);
    return rc ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* "xvda" or the number that block-list shows. */
static int devid_arg(int domid, const char *arg, uint32_t *devid)
{
    struct pv_device d = {"vbd", domid, 0};
    int64_t id = vdev_parse(arg);
    char *end;

    if ( id < 0 )
    {
        id = (int64_t)strtoul(arg, &end, 10);
        if ( end == arg || *end )
            id = -1;
    }
    d.devid = (uint32_t)id;
    if ( id < 0 || id > UINT32_MAX || !pv_exists(&d) )
    {
        err("domain %d has no disk %s; 'pxl block-list' shows what it has",
            domid, arg);
        return -1;
    }
    *devid = d.devid;
    return 0;
}

static void list_one(struct table *t, int domid, uint32_t devid)
{
    const struct pv_device d = {"vbd", domid, devid};
    char *back = pv_back_path(&d);
    char *dev = xs_get("%s/dev", back), *mode = xs_get("%s/mode", back);
    char *target = xs_get("%s/params", back);
    uint64_t state = xs_get_number(0, "%s/state", back);
    uint32_t port = pv_port(&d);

    if ( t )
    {
        table_cell(t, "%u", devid);
        table_cell(t, "%s", dev ? dev : "-");
        table_cell(t, "%d", domid);
        table_cell(t, "%s", mode ? mode : "-");
        table_cell(t, "%" PRIu64, state);
        table_cell(t, "%u", port);
        table_cell(t, "%s", target ? target : "-");
    }
    else
    {
        json_object(NULL);
        json_number("domid", (uint64_t)domid);
        json_number("devid", devid);
        json_string("vdev", dev);
        json_string("target", target);
        json_bool("readonly", mode && *mode == 'r');
        json_number("state", state);
        json_number("event_channel", port);
        json_string("backend", back);
        json_end();
    }
    free(dev);
    free(mode);
    free(target);
    free(back);
}

static const struct pv_kind kind = {
    .type = "vbd",
    .columns = "Vdev|<Name|Dom|<Mode|State|Evtchn|<Target",
    .find = devid_arg,
    .remove = vbd_remove,
    .list_one = list_one,
};

int cmd_block_detach(int argc, char **argv)
{
    return pv_cmd_detach(&kind, argc, argv);
}

int cmd_block_list(int argc, char **argv)
{
    return pv_cmd_list(&kind, argc, argv);
}
