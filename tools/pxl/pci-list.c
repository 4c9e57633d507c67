/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pci-list.c - lists of PCI devices: of a domain, and the assignable ones. */
#include "pci.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd.h"
#include "device.h"
#include "json.h"
#include "pxl.h"

static const struct option list_options[] = {
    {"json", no_argument, NULL, 'j'},
    {"long", no_argument, NULL, 'l'},
    {"names", no_argument, NULL, 'n'},
    {NULL, 0, NULL, 0},
};

static bool is_function(const struct device *dev)
{
    return dev->info.dev.kind == PX_DEVICE_PCI &&
           !(dev->info.flags & (PX_DEV_BRIDGE | PX_DEV_GONE));
}

static void json_function(const struct devices *devs, const struct device *dev)
{
    const struct device *group = device_at(devs, dev->info.group);
    char *name = pci_given_name(dev->info.dev.sbdf);

    json_object(NULL);
    json_device(dev);
    json_string("name", name);
    free(name);
    json_format("vendor", "%04x", dev->info.vendor);
    json_format("device_id", "%04x", dev->info.device);
    json_format("class", "%06x", dev->info.class_code);
    json_string("reset", reset_name(dev->info.reset));
    json_string("group", group ? group->name : NULL);
    if ( dev->info.vslot == PX_NO_INDEX )
        json_string("vslot", NULL);
    else
        json_format("vslot", "%02x.%u", dev->info.vslot >> 3 & 0x1f,
                    dev->info.vslot & 7);
    json_end();
}

static void print_long(const struct devices *devs, const struct device *dev)
{
    const struct device *group = device_at(devs, dev->info.group);

    printf("%04x:%04x  class %06x  reset: %s", dev->info.vendor,
           dev->info.device, dev->info.class_code, reset_name(dev->info.reset));
    if ( group && group != dev )
        printf("  group: %s", group->name);
}

/* What is asked for. */
struct what {
    bool json, details, names;
};

/* The functions of @owner; to each its line. */
static int list(uint32_t owner, struct what what)
{
    struct devices devs;

    if ( devices_load(&devs) != 0 )
        return EXIT_FAILURE;
    if ( what.json )
        json_array(NULL);
    else if ( owner != DOMID_INVALID )
        printf("Vdev Device\n");
    for ( size_t i = 0; i < devs.nr; i++ )
    {
        const struct device *dev = &devs.dev[i];
        char *marks;

        if ( !is_function(dev) || dev->info.owner != owner )
            continue;
        if ( what.json )
        {
            json_function(&devs, dev);
            continue;
        }
        if ( owner != DOMID_INVALID && dev->info.vslot != PX_NO_INDEX )
            printf("%02x.%u ", dev->info.vslot >> 3 & 0x1f,
                   dev->info.vslot & 7);
        else if ( owner != DOMID_INVALID )
            printf("-    ");
        /* Scripts read the assignable ones, as of xl: a name a line. What is
         * consented to goes with an owner, and none of these has one. */
        marks = owner == DOMID_INVALID && !what.details ? xstrdup("")
                                                        : device_marks(dev);
        printf("%s%s%s", dev->name, *marks ? "  " : "", marks);
        if ( what.names )
        {
            char *name = pci_given_name(dev->info.dev.sbdf);

            printf(" %s", name ? name : "");
            free(name);
        }
        if ( what.details )
        {
            printf("  ");
            print_long(&devs, dev);
        }
        printf("\n");
        free(marks);
    }
    if ( what.json )
        json_end();
    devices_free(&devs);
    return EXIT_SUCCESS;
}

/* The options of a list; the arguments left must be @nr. */
static bool list_arguments(int argc, char **argv, const char *letters, int nr,
                           struct what *what)
{
    int opt;

    *what = (struct what){0};
    while ( (opt = options(argc, argv, letters, list_options)) != -1 )
        if ( opt == 'j' )
            what->json = true;
        else if ( opt == 'l' )
            what->details = true;
        else if ( opt == 'n' )
            what->names = true;
        else
            return false;
    return argc - optind == nr;
}

int cmd_pci_assignable_list(int argc, char **argv)
{
    struct what what;

    if ( !list_arguments(argc, argv, "jln", 0, &what) )
        return usage(argv[0]);
    return list(DOMID_INVALID, what);
}

int cmd_pci_list(int argc, char **argv)
{
    struct what what;
    int domid;

    if ( !list_arguments(argc, argv, "jln", 1, &what) )
        return usage(argv[0]);
    domid = domain_arg(argv[optind]);
    if ( domid < 0 )
        return EXIT_FAILURE;
    return list((uint32_t)domid, what);
}
