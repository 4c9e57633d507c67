/* SPDX-License-Identifier: GPL-2.0-or-later */
/* iommu-faults.c - what devices were refused, and what is done about it. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "device.h"
#include "json.h"
#include "parse.h"
#include "pxl.h"
#include "table.h"

static const char *const policies[] = {
    [PX_FAULT_LOG] = "log",
    [PX_FAULT_DISCONNECT] = "disconnect",
    [PX_FAULT_CRASH] = "crash",
};
#define NR_POLICIES (sizeof(policies) / sizeof(policies[0]))

struct request {
    bool json, clear, set_policy, set_threshold;
    uint32_t policy, threshold;
};

/* In the order of the hypervisor's enum iommu_fault_reason. */
static const char *reason(uint32_t code)
{
    static const char *const names[] = {
        "translation", "permission", "access flag",   "address size",
        "table walk",  "bad stream", "configuration", "other",
    };

    return code < sizeof(names) / sizeof(names[0]) ? names[code] : "other";
}

static const char *policy_name(uint32_t policy)
{
    return policy < NR_POLICIES ? policies[policy] : "unknown";
}

static int parse_policy(const char *text, uint32_t *policy)
{
    for ( uint32_t i = 0; i < NR_POLICIES; i++ )
        if ( strcmp(text, policies[i]) == 0 )
        {
            *policy = i;
            return 0;
        }
    err("--policy %s: log, disconnect or crash expected", text);
    return -1;
}

/* "12.3 s ago", "5 h ago"; to be freed. */
static char *age(const struct px_device_info *i)
{
    int64_t ms = (i->now - i->last_time) / 1000000;

    if ( ms < 60000 )
        return xasprintf("%" PRId64 ".%" PRId64 " s ago", ms / 1000,
                         ms % 1000 / 100);
    if ( ms < 2 * 3600000 )
        return xasprintf("%" PRId64 " min ago", ms / 60000);
    return xasprintf("%" PRId64 " h ago", ms / 3600000);
}

static void json_faults(const struct device *dev)
{
    const struct px_device_info *i = &dev->info;

    json_object(NULL);
    json_device(dev);
    json_number("faults", i->faults);
    if ( i->faults )
    {
        json_format("first_iova", "%#" PRIx64, i->first_iova);
        json_format("last_iova", "%#" PRIx64, i->last_iova);
        json_string("reason", reason(i->fault_reason));
        json_number("first_age_ms",
                    (uint64_t)(i->now - i->first_time) / 1000000);
        json_number("last_age_ms", (uint64_t)(i->now - i->last_time) / 1000000);
    }
    json_string("policy", policy_name(i->policy));
    json_number("threshold", i->threshold);
    json_end();
}

static void row_faults(struct table *t, const struct device *dev)
{
    const struct px_device_info *i = &dev->info;
    char *owner = device_owner(dev), *marks = device_marks(dev);

    table_cell(t, "%s", dev->name);
    table_cell(t, "%s", owner);
    table_cell(t, "%" PRIu64, i->faults);
    if ( i->faults )
    {
        char *when = age(i);

        table_cell(t, "%#" PRIx64, i->first_iova);
        table_cell(t, "%#" PRIx64, i->last_iova);
        table_cell(t, "%s", reason(i->fault_reason));
        table_cell(t, "%s", when);
        free(when);
    }
    else
        for ( int c = 0; c < 4; c++ )
            table_cell(t, "-");
    if ( i->policy == PX_FAULT_DISCONNECT )
        table_cell(t, "disconnect after %u", i->threshold);
    else
        table_cell(t, "%s", policy_name(i->policy));
    table_cell(t, "%s", marks);
    free(owner);
    free(marks);
}

/* What the hypervisor answers to a request about a device. */
static int refused(const struct device *dev, const char *what, int rc)
{
    if ( rc >= 0 )
        return 0;
    err("%s: %s: %s", dev->name, what,
        rc == -ENODEV ? "there is no such device any more" : strerror(-rc));
    return -1;
}

/* An operation's device; @path is for a node's name, and to be freed. */
static void name_device(struct px_device *to, const struct device *dev,
                        char **path)
{
    size_t len = strlen(dev->name);

    device_pci_op(to, dev->info.dev.sbdf);
    *path = NULL;
    if ( dev->info.dev.kind == PX_DEVICE_PCI )
        return;
    *path = hyp_buffer(len);
    memcpy(*path, dev->name, len);
    *to = (struct px_device){.kind = PX_DEVICE_DT, .path_len = (uint32_t)len};
    set_xen_guest_handle_raw(to->path, *path);
}

static int change_policy(const struct request *r, const struct device *dev)
{
    struct proxenos_op op = {0};
    char *path;
    int rc;

    name_device(&op.u.fault_policy.dev, dev, &path);
    op.u.fault_policy.policy = r->set_policy ? r->policy : dev->info.policy;
    op.u.fault_policy.threshold =
        r->set_threshold ? r->threshold : dev->info.threshold;
    rc = hyp_px(PX_OP_fault_policy, &op);
    if ( path )
        hyp_buffer_free(path, strlen(dev->name));
    return refused(dev, "policy not changed", rc);
}

static int clear_faults(const struct device *dev)
{
    struct proxenos_op op = {0};
    char *path;
    int rc;

    name_device(&op.u.fault_clear.dev, dev, &path);
    rc = hyp_px(PX_OP_fault_clear, &op);
    if ( path )
        hyp_buffer_free(path, strlen(dev->name));
    return refused(dev, "faults not cleared", rc);
}

/* @only: one device, or NULL: those that had faults. */
static void show(const struct devices *devs, const struct device *only,
                 bool json)
{
    struct table *t = json ? NULL
                           : table_new("<Device|<Owner|Faults|First address|"
                                       "Last address|<Reason|<Last|<Policy|"
                                       "<Marks");

    if ( json )
        json_array(NULL);
    for ( size_t i = 0; i < devs->nr; i++ )
    {
        const struct device *dev = &devs->dev[i];

        if ( only ? dev != only : dev->info.faults == 0 )
            continue;
        if ( json )
            json_faults(dev);
        else
            row_faults(t, dev);
    }
    if ( json )
        json_end();
    else
        table_print(t);
}

static int run(const struct request *r, const char *arg)
{
    struct devices devs;
    struct device *only = NULL;
    int rc = 0;

    if ( devices_load(&devs) != 0 )
        return -1;
    if ( arg && (only = device_arg(&devs, arg)) == NULL )
        rc = -1;
    else if ( r->set_policy || r->set_threshold )
        rc = change_policy(r, only);
    else
        show(&devs, only, r->json);
    for ( size_t i = 0; i < devs.nr && rc == 0 && r->clear; i++ )
        if ( only ? &devs.dev[i] == only : devs.dev[i].info.faults != 0 )
            rc = clear_faults(&devs.dev[i]);
    devices_free(&devs);
    return rc;
}

int cmd_iommu_faults(int argc, char **argv)
{
    static const struct option longs[] = {
        {"json", no_argument, NULL, 'j'},
        {"clear", no_argument, NULL, 'c'},
        {"policy", required_argument, NULL, 'p'},
        {"threshold", required_argument, NULL, 't'},
        {NULL, 0, NULL, 0},
    };
    struct request r = {0};
    uint64_t number;
    int opt;

    while ( (opt = options(argc, argv, "jcp:t:", longs)) != -1 )
        switch ( opt )
        {
        case 'j':
            r.json = true;
            break;
        case 'c':
            r.clear = true;
            break;
        case 'p':
            if ( parse_policy(optarg, &r.policy) != 0 )
                return EXIT_FAILURE;
            r.set_policy = true;
            break;
        case 't':
            if ( parse_number(optarg, &number) != 0 )
                return EXIT_FAILURE;
            if ( number == 0 || number > UINT32_MAX )
            {
                err("--threshold %s: 1 to %u expected", optarg, UINT32_MAX);
                return EXIT_FAILURE;
            }
            r.threshold = (uint32_t)number;
            r.set_threshold = true;
            break;
        default:
            return usage(argv[0]);
        }
    if ( argc - optind > 1 )
        return usage(argv[0]);
    if ( (r.set_policy || r.set_threshold) && optind == argc )
    {
        err("%s: --policy and --threshold are a device's: name it", argv[0]);
        return usage(argv[0]);
    }
    return run(&r, argv[optind]) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
