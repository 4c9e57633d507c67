/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommu.c - iommu-list: units, the domains' tables, who owns which device. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "device.h"
#include "json.h"
#include "pxl.h"
#include "table.h"

#define TABLE_PAGE 4096U

static const struct option json_options[] = {
    {"json", no_argument, NULL, 'j'},
    {NULL, 0, NULL, 0},
};

/* ---- units ---- */

static int load_unit(uint32_t index, struct px_unit_info *unit)
{
    struct proxenos_op op = {0};
    int rc;

    op.u.unit_info.index = index;
    rc = hyp_px(PX_OP_unit_info, &op);
    if ( rc >= 0 )
        *unit = op.u.unit_info;
    else if ( rc != -ENOENT )
        err("cannot ask the hypervisor for its IOMMUs: %s%s", strerror(-rc),
            rc == -ENOSYS ? " (is it Proxenos?)" : "");
    return rc;
}

static const char *stages(uint32_t bits)
{
    static const char *const names[] = {"-", "1", "2", "1+2"};

    return names[bits & 3];
}

static void json_unit(const struct px_unit_info *u)
{
    json_object(NULL);
    json_format("name", "%.*s", (int)sizeof(u->name), u->name);
    json_string("kind", u->kind == PX_UNIT_SMMUV3  ? "smmuv3"
                        : u->kind == PX_UNIT_IPMMU ? "ipmmu"
                                                   : "unknown");
    json_format("format", "%.*s", (int)sizeof(u->format), u->format);
    json_string("stages", stages(u->stages));
    json_number("input_bits", u->ia_bits);
    json_number("output_bits", u->oa_bits);
    json_number("contexts", u->contexts);
    json_number("contexts_used", u->contexts_used);
    json_number("invalidations", u->invalidations);
    json_number("syncs", u->syncs);
    json_number("longest_sync_ns", u->longest_sync_ns);
    json_number("faults", u->faults);
    json_number("stray_faults", u->stray_faults);
    json_end();
}

static int list_units(bool json)
{
    struct table *t = json ? NULL
                           : table_new("<Unit|<Format|Stages|In|Out|Contexts|"
                                       "Used|Invalidations|Syncs|Longest|"
                                       "Faults|Stray");
    struct px_unit_info u;
    int rc;

    for ( uint32_t i = 0; (rc = load_unit(i, &u)) >= 0; i++ )
    {
        if ( json )
        {
            json_unit(&u);
            continue;
        }
        table_cell(t, "%.*s", (int)sizeof(u.name), u.name);
        table_cell(t, "%.*s", (int)sizeof(u.format), u.format);
        table_cell(t, "%s", stages(u.stages));
        table_cell(t, "%u", u.ia_bits);
        table_cell(t, "%u", u.oa_bits);
        table_cell(t, "%u", u.contexts);
        table_cell(t, "%u", u.contexts_used);
        table_cell(t, "%" PRIu64, u.invalidations);
        table_cell(t, "%" PRIu64, u.syncs);
        table_cell(t, "%" PRIu64 " us", u.longest_sync_ns / 1000);
        table_cell(t, "%" PRIu64, u.faults);
        table_cell(t, "%" PRIu64, u.stray_faults);
    }
    if ( t )
        table_print(t);
    return rc == -ENOENT ? 0 : -1;
}

/* ---- domains' tables ---- */

static int load_table(uint32_t domid, uint32_t index, struct px_table_info *t)
{
    struct proxenos_op op = {0};
    int rc;

    op.u.table_info.domid = domid;
    op.u.table_info.index = index;
    rc = hyp_px(PX_OP_table_info, &op);
    if ( rc >= 0 )
        *t = op.u.table_info;
    return rc;
}

static void json_table(const struct px_table_info *i)
{
    char *name = domain_name((int)i->domid);

    json_object(NULL);
    json_number("domid", i->domid);
    json_string("name", name);
    json_format("format", "%.*s", (int)sizeof(i->format), i->format);
    json_number("input_bits", i->ia_bits);
    json_number("output_bits", i->oa_bits);
    json_array("leaves");
    for ( unsigned int level = 0; level < 4; level++ )
        json_number(NULL, i->leaves[level]);
    json_end();
    json_number("table_bytes", i->tables * TABLE_PAGE);
    json_number("devices", i->devices);
    json_bool("out_of_reach", i->flags & PX_TABLE_OUT_OF_REACH);
    json_bool("lost_sync", i->flags & PX_TABLE_LOST_SYNC);
    json_end();
    free(name);
}

static void row_table(struct table *t, const struct px_table_info *i)
{
    char *name = domain_name((int)i->domid);

    table_cell(t, "%s", name);
    table_cell(t, "%u", i->domid);
    table_cell(t, "%.*s", (int)sizeof(i->format), i->format);
    /* None at level 0: it would be 512 GiB. */
    for ( unsigned int level = 1; level < 4; level++ )
        table_cell(t, "%" PRIu64, i->leaves[level]);
    table_cell(t, "%" PRIu64 " KiB", i->tables * TABLE_PAGE / 1024);
    table_cell(t, "%u", i->devices);
    table_cell(t, "%s%s%s",
               i->flags & PX_TABLE_OUT_OF_REACH ? "OUT-OF-REACH" : "",
               (i->flags & 3) == 3 ? "," : "",
               i->flags & PX_TABLE_LOST_SYNC ? "LOST-SYNC" : "");
    free(name);
}

static void list_tables(bool json)
{
    struct table *t = json ? NULL
                           : table_new("<Domain|ID|<Format|1 GiB|2 MiB|"
                                       "4 KiB|Tables|Devices|<Marks");
    struct xen_domctl_getdomaininfo info;
    struct px_table_info i;

    for ( uint32_t id = 0; next_domain(id, &info); id = info.domain + 1U )
        for ( uint32_t index = 0; load_table(info.domain, index, &i) >= 0;
              index++ )
            if ( json )
                json_table(&i);
            else
                row_table(t, &i);
    if ( t )
        table_print(t);
}

/* ---- devices ---- */

static void json_row(const struct devices *devs, const struct device *dev)
{
    const struct device *group = device_at(devs, dev->info.group);
    struct px_unit_info unit;
    bool covered =
        dev->info.unit != PX_NO_INDEX && load_unit(dev->info.unit, &unit) >= 0;

    json_object(NULL);
    json_device(dev);
    if ( covered )
    {
        json_format("unit", "%.*s", (int)sizeof(unit.name), unit.name);
        json_number("id", dev->info.id);
    }
    else
        json_string("unit", NULL);
    json_string("group", group ? group->name : NULL);
    json_bool("bridge", dev->info.flags & PX_DEV_BRIDGE);
    json_number("faults", dev->info.faults);
    json_end();
}

static void row_device(struct table *t, const struct devices *devs,
                       const struct device *dev)
{
    const struct device *group = device_at(devs, dev->info.group);
    struct px_unit_info unit;
    char *owner = device_owner(dev), *marks = device_marks(dev);

    table_cell(t, "%s", dev->name);
    table_cell(t, "%s", owner);
    if ( dev->info.unit != PX_NO_INDEX &&
         load_unit(dev->info.unit, &unit) >= 0 )
    {
        table_cell(t, "%.*s", (int)sizeof(unit.name), unit.name);
        table_cell(t, "%#x", dev->info.id);
    }
    else
    {
        table_cell(t, "none");
        table_cell(t, "-");
    }
    table_cell(t, "%s", group && group != dev ? group->name : "-");
    table_cell(t, "%s",
               dev->info.flags & PX_DEV_BRIDGE ? "-"
                                               : reset_name(dev->info.reset));
    table_cell(t, "%s", marks);
    free(owner);
    free(marks);
}

static int list_devices(bool json)
{
    struct devices devs;
    struct table *t;

    if ( devices_load(&devs) != 0 )
        return -1;
    t = json ? NULL : table_new("<Device|<Owner|<Unit|ID|<Group|<Reset|<Marks");
    for ( size_t i = 0; i < devs.nr; i++ )
        if ( json )
            json_row(&devs, &devs.dev[i]);
        else
            row_device(t, &devs, &devs.dev[i]);
    if ( t )
        table_print(t);
    devices_free(&devs);
    return 0;
}

int cmd_iommu_list(int argc, char **argv)
{
    struct px_unit_info unit;
    bool json = false;
    int opt, rc;

    while ( (opt = options(argc, argv, "j", json_options)) != -1 )
    {
        if ( opt != 'j' )
            return usage(argv[0]);
        json = true;
    }
    if ( optind != argc )
        return usage(argv[0]);
    rc = load_unit(0, &unit);
    if ( rc < 0 && rc != -ENOENT )
        return EXIT_FAILURE;

    if ( json )
    {
        json_object(NULL);
        json_array("units");
    }
    rc = list_units(json);
    if ( json )
    {
        json_end();
        json_array("tables");
    }
    else
        printf("\n");
    list_tables(json);
    if ( json )
    {
        json_end();
        json_array("devices");
    }
    else
        printf("\n");
    if ( list_devices(json) != 0 )
        rc = -1;
    if ( json )
    {
        json_end();
        json_end();
    }
    return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
