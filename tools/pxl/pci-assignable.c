/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pci-assignable.c - functions on their way from dom0 into quarantine, where
 * domains may have them from, and back.
 */
#include "pci.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "device.h"
#include "pci-linux.h"
#include "pxl.h"

static bool same_group(const struct device *a, const struct device *b)
{
    return a->info.group == b->info.group &&
           b->info.dev.kind == PX_DEVICE_PCI &&
           !(b->info.flags & (PX_DEV_BRIDGE | PX_DEV_GONE));
}

static char *quarantine_error(const struct device *dev, int rc,
                              const struct px_quarantine *q)
{
    char *other, *text;

    switch ( rc )
    {
    case -ENODEV:
        return xstrdup("the hypervisor does not know it");
    case -EPERM:
        return xstrdup("a bridge stays with dom0; name a device behind it");
    case -EOPNOTSUPP:
        return xstrdup("no IOMMU covers it, so nothing would keep it from all "
                       "memory");
    case -EBUSY:
        other = device_index_name(q->conflict);
        text = q->conflict == PX_NO_INDEX || strcmp(other, dev->name) == 0
                   ? xstrdup("another domain has it; pxl pci-detach it there")
                   : xasprintf("%s shares its requester ID and is another "
                               "domain's; pxl pci-detach that one first",
                               other);
        free(other);
        return text;
    default:
        return xstrdup(strerror(-rc));
    }
}

/* Is nobody in dom0 in the way? Names the user when there is one. */
static int check_unused(const struct devices *devs, const struct device *dev,
                        bool force)
{
    for ( size_t i = 0; i < devs->nr; i++ )
    {
        const struct device *member = &devs->dev[i];
        char *user;

        if ( !same_group(dev, member) || member->info.owner != 0 ||
             (user = linux_user(member->name)) == NULL )
            continue;
        if ( force )
            warn("%s: %s; taken all the same", member->name, user);
        else if ( member == dev )
            err("%s: in use: %s; stop that first, or -f takes it all the same",
                dev->name, user);
        else
            err("%s: %s moves with it (they share a requester ID) and is in "
                "use: %s; stop that first, or -f takes it all the same",
                dev->name, member->name, user);
        free(user);
        if ( !force )
            return -1;
    }
    return 0;
}

/* Take it, and what shares its requester ID, from dom0. */
static int make_assignable(const struct devices *devs, struct device *dev,
                           bool force)
{
    struct proxenos_op op = {0};
    struct px_quarantine *q = &op.u.quarantine;
    char *why;
    int rc;

    if ( dev->info.unit == PX_NO_INDEX || dev->info.flags & PX_DEV_BRIDGE )
    {
        why = quarantine_error(
            dev, dev->info.flags & PX_DEV_BRIDGE ? -EPERM : -EOPNOTSUPP, q);
        err("%s: not assignable: %s", dev->name, why);
        free(why);
        return -1;
    }
    if ( check_unused(devs, dev, force) != 0 )
        return -1;

    for ( size_t i = 0; i < devs->nr; i++ )
        if ( same_group(dev, &devs->dev[i]) && devs->dev[i].info.owner == 0 )
        {
            if ( linux_let_go(devs->dev[i].name) != 0 )
            {
                linux_rescan();
                return -1;
            }
            if ( &devs->dev[i] != dev )
                printf("%s: %s moves with it: they share a requester ID\n",
                       dev->name, devs->dev[i].name);
        }

    device_pci_op(&q->dev, dev->info.dev.sbdf);
    q->conflict = PX_NO_INDEX;
    rc = hyp_px(PX_OP_quarantine, &op);
    if ( rc < 0 )
    {
        why = quarantine_error(dev, rc, q);
        err("%s: not assignable: %s", dev->name, why);
        free(why);
        linux_rescan(); /* what was let go of comes back */
        return -1;
    }
    printf("%s: assignable now (reset: %s)\n", dev->name, reset_name(q->reset));
    if ( q->reset == PX_RESET_NONE )
        warn("%s: it has no reset: its next owner finds it as this one "
             "left it",
             dev->name);
    return 0;
}

int pci_seize(uint32_t sbdf)
{
    struct devices devs;
    struct device *dev;
    int rc = 0;

    if ( devices_load(&devs) != 0 )
        return -1;
    dev = device_pci(&devs, sbdf);
    if ( dev && dev->info.owner == 0 )
        rc = make_assignable(&devs, dev, false);
    devices_free(&devs);
    return rc;
}

/* Can it be called this? A name says one function. */
static bool check_name(const char *name)
{
    uint32_t sbdf;

    if ( !pci_name_is_good(name) )
        err("\"%s\": a name is up to 63 letters, digits, \".\", \"-\" and "
            "\"_\", and does not look like a device's",
            name);
    else if ( pci_named(name, &sbdf) )
        err("\"%s\" is another's name; pxl pci-assignable-list -n", name);
    else
        return true;
    return false;
}

int cmd_pci_assignable_add(int argc, char **argv)
{
    static const struct option named[] = {
        {"name", required_argument, NULL, 'n'},
        {NULL, 0, NULL, 0},
    };
    struct devices devs;
    struct device *dev;
    const char *name = NULL;
    bool force = false;
    int rc = 0, opt;

    while ( (opt = options(argc, argv, "fn:", named)) != -1 )
        if ( opt == 'f' )
            force = true;
        else if ( opt == 'n' )
            name = optarg;
        else
            return usage(argv[0]);
    if ( optind == argc || (name && argc - optind != 1) )
        return usage(argv[0]);
    if ( name && !check_name(name) )
        return EXIT_FAILURE;

    for ( ; optind < argc; optind++ )
    {
        /* Loaded anew: the last one may have taken others with it. */
        if ( devices_load(&devs) != 0 )
            return EXIT_FAILURE;
        dev = device_arg(&devs, argv[optind]);
        if ( !dev || dev->info.dev.kind != PX_DEVICE_PCI )
            rc = -1;
        else if ( dev->info.owner == DOMID_INVALID )
            warn("%s: it is assignable already", dev->name);
        else if ( make_assignable(&devs, dev, force) != 0 )
            rc = -1;
        if ( name && rc == 0 && pci_set_name(dev->info.dev.sbdf, name) != 0 )
            rc = -1;
        devices_free(&devs);
    }
    return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int give_back(const struct device *dev)
{
    struct proxenos_op op = {0};
    char *owner, *other;
    int rc;

    device_pci_op(&op.u.quarantine.dev, dev->info.dev.sbdf);
    op.u.quarantine.conflict = PX_NO_INDEX;
    rc = hyp_px(PX_OP_release, &op);
    if ( rc >= 0 )
        return pci_set_name(dev->info.dev.sbdf, NULL);
    if ( rc == -EBUSY && op.u.quarantine.conflict != PX_NO_INDEX )
    {
        other = device_index_name(op.u.quarantine.conflict);
        err("%s: %s shares its requester ID and is a domain's; pxl pci-detach "
            "that one first",
            dev->name, other);
        free(other);
    }
    else if ( rc == -EBUSY )
    {
        owner = device_owner(dev);
        err("%s: %s has it; pxl pci-detach %s %s first", dev->name, owner,
            owner, dev->name);
        free(owner);
    }
    else
        err("%s: the hypervisor does not give it back: %s", dev->name,
            strerror(-rc));
    return -1;
}

int cmd_pci_assignable_remove(int argc, char **argv)
{
    struct devices devs;
    bool bind = false;
    int rc = 0, opt;

    while ( (opt = options(argc, argv, "r", NULL)) != -1 )
    {
        if ( opt != 'r' )
            return usage(argv[0]);
        bind = true;
    }
    if ( optind == argc )
        return usage(argv[0]);
    if ( devices_load(&devs) != 0 )
        return EXIT_FAILURE;

    for ( int i = optind; i < argc; i++ )
    {
        const struct device *dev = device_arg(&devs, argv[i]);

        if ( !dev || dev->info.dev.kind != PX_DEVICE_PCI )
            rc = -1;
        else if ( dev->info.owner == 0 && !bind )
            warn("%s: dom0 has it already", dev->name);
        else if ( dev->info.owner != 0 &&
                  (give_back(dev) != 0 || linux_rescan() != 0) )
            rc = -1;
        else if ( (bind ? linux_driver : linux_no_driver)(dev->name) != 0 )
            rc = -1;
    }
    devices_free(&devs);
    return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
