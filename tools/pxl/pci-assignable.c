/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pci-assignable.c - functions on their way from dom0 into quarantine, where
 * domains may have them from, and back.
 */
#include "pci.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
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

/* Why a member keeps its group where it is. */
static char *obstacle_error(uint32_t index)
{
    struct devices devs;
    const struct device *other;
    char *why, *text;

    if ( devices_load(&devs) != 0 )
        return xstrdup("another device shares its requester ID and stays");
    other = device_at(&devs, index);
    if ( !other )
        why = xstrdup("which stays");
    else if ( other->info.flags & PX_DEV_BRIDGE )
        why = xstrdup("which is a bridge: bridges stay with dom0");
    else if ( other->info.owner == 0 )
        why = xstrdup("which dom0 still uses; unbind its driver first");
    else if ( other->info.owner == DOMID_INVALID )
        why = xasprintf("which is assignable already; pxl "
                        "pci-assignable-remove %s first",
                        other->name);
    else
    {
        char *owner = device_owner(other);

        why = xasprintf("which %s has; pxl pci-detach %s %s first", owner,
                        owner, other->name);
        free(owner);
    }
    text = xasprintf("it shares its requester ID with %s, %s",
                     other ? other->name : "another device", why);
    free(why);
    devices_free(&devs);
    return text;
}

/* A line on stdout. */
static void __attribute__((format(printf, 1, 2))) say(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    putchar('\n');
}

static char *quarantine_error(int rc, const struct px_quarantine *q)
{
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
        return xstrdup("another domain has it; pxl pci-detach it there");
    case -EXDEV:
        return obstacle_error(q->conflict);
    case -ETIMEDOUT:
        return xstrdup("its IOMMU did not confirm in time that it is cut off: "
                       "the device is in quarantine, see LOST-SYNC in pxl "
                       "iommu-list");
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

static int not_assignable(const struct device *dev, int rc,
                          const struct px_quarantine *q)
{
    char *why = quarantine_error(rc, q);

    err("%s: not assignable: %s", dev->name, why);
    free(why);
    return -1;
}

/* dom0's Linux forgets it and its group. */
static int let_go(const struct devices *devs, const struct device *dev,
                  bool quiet)
{
    for ( size_t i = 0; i < devs->nr; i++ )
        if ( same_group(dev, &devs->dev[i]) && devs->dev[i].info.owner == 0 )
        {
            if ( linux_let_go(devs->dev[i].name) != 0 )
            {
                linux_rescan();
                return -1;
            }
            if ( &devs->dev[i] != dev )
                (quiet ? warn
                       : say)("%s: %s moves with it: they share a requester ID",
                              dev->name, devs->dev[i].name);
        }
    return 0;
}

/* How it is done: also what is in use; without a word on stdout. */
struct manner {
    bool force, quiet;
};

/* Take it, and what shares its requester ID, from dom0. */
static int make_assignable(const struct devices *devs, struct device *dev,
                           struct manner how)
{
    struct proxenos_op op = {0};
    struct px_quarantine *q = &op.u.quarantine;
    int rc;

    if ( dev->info.flags & PX_DEV_BRIDGE )
        return not_assignable(dev, -EPERM, q);
    if ( dev->info.unit == PX_NO_INDEX )
        return not_assignable(dev, -EOPNOTSUPP, q);
    if ( check_unused(devs, dev, how.force) != 0 ||
         let_go(devs, dev, how.quiet) != 0 )
        return -1;

    device_pci_op(&q->dev, dev->info.dev.sbdf);
    q->conflict = PX_NO_INDEX;
    rc = hyp_px(PX_OP_quarantine, &op);
    if ( rc < 0 )
    {
        linux_rescan(); /* what was let go of comes back */
        return not_assignable(dev, rc, q);
    }
    (how.quiet ? verbose : say)("%s: assignable now (reset: %s)", dev->name,
                                reset_name(q->reset));
    if ( q->reset == PX_RESET_NONE )
        warn("%s: it has no reset: its next owner finds it as this one "
             "left it",
             dev->name);
    return 0;
}

int pci_seize(uint32_t sbdf, bool *taken)
{
    struct devices devs;
    struct device *dev;
    int rc = 0;

    *taken = false;
    if ( devices_load(&devs) != 0 )
        return -1;
    dev = device_pci(&devs, sbdf);
    if ( dev && dev->info.owner == 0 )
    {
        rc = make_assignable(&devs, dev, (struct manner){.quiet = true});
        *taken = rc == 0;
    }
    devices_free(&devs);
    return rc;
}

/* A PCI function that is there; NULL after a message. */
static struct device *function_arg(const struct devices *devs, const char *arg)
{
    struct device *dev = device_arg(devs, arg);

    if ( !dev )
        return NULL;
    if ( dev->info.dev.kind != PX_DEVICE_PCI )
        err("%s: no PCI device; see pxl dt-attach", arg);
    else if ( dev->info.flags & PX_DEV_GONE )
        err("%s: it was pulled out", arg);
    else
        return dev;
    return NULL;
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
        dev = function_arg(&devs, argv[optind]);
        if ( !dev )
            rc = -1;
        else if ( dev->info.owner == DOMID_INVALID )
            warn("%s: it is assignable already", dev->name);
        else if ( make_assignable(&devs, dev,
                                  (struct manner){.force = force}) != 0 )
            rc = -1;
        if ( name && rc == 0 && pci_set_name(dev->info.dev.sbdf, name) != 0 )
            rc = -1;
        devices_free(&devs);
    }
    return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* A domain has it, perhaps for another's sake. */
static void say_owned(const struct device *dev)
{
    char *owner = device_owner(dev);
    char *other = pci_partner(dev->info.dev.sbdf, dev->info.owner);

    err("%s: %s has %s%s; pxl pci-detach %s %s first", dev->name, owner,
        other ? "it with " : "it", other ? other : "", owner,
        other ? other : dev->name);
    free(other);
    free(owner);
}

static int give_back(const struct device *dev)
{
    struct proxenos_op op = {0};
    int rc;

    device_pci_op(&op.u.quarantine.dev, dev->info.dev.sbdf);
    op.u.quarantine.conflict = PX_NO_INDEX;
    rc = hyp_px(PX_OP_release, &op);
    if ( rc >= 0 )
        return 0;
    if ( rc == -EBUSY && dev->info.owner != DOMID_INVALID )
        say_owned(dev);
    else
        err("%s: the hypervisor does not give it back: %s", dev->name,
            strerror(-rc));
    return -1;
}

/* Back to dom0, with its group, whose Linux gives them drivers or not. */
static int hand_back(const struct devices *devs, const struct device *dev,
                     bool bind)
{
    int rc = 0;

    if ( give_back(dev) != 0 || linux_rescan() != 0 )
        return -1;
    for ( size_t i = 0; i < devs->nr; i++ )
    {
        const struct device *member = &devs->dev[i];

        if ( same_group(dev, member) &&
             (pci_set_name(member->info.dev.sbdf, NULL) != 0 ||
              (bind ? linux_driver : linux_no_driver)(member->name) != 0) )
            rc = -1;
    }
    return rc;
}

void pci_unseize(uint32_t sbdf)
{
    struct devices devs;
    const struct device *dev;

    if ( devices_load(&devs) != 0 )
        return;
    dev = device_pci(&devs, sbdf);
    if ( dev && hand_back(&devs, dev, true) != 0 )
        warn("%s: was dom0's; pxl pci-assignable-remove -r %s tries again to "
             "give it back",
             dev->name, dev->name);
    devices_free(&devs);
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
        const struct device *dev = function_arg(&devs, argv[i]);

        if ( !dev )
            rc = -1;
        else if ( dev->info.owner != 0 )
            rc = hand_back(&devs, dev, bind) != 0 ? -1 : rc;
        else if ( !bind )
            warn("%s: dom0 has it already", dev->name);
        else if ( linux_driver(dev->name) != 0 )
            rc = -1;
    }
    devices_free(&devs);
    return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
