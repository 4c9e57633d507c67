/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vcpu.c - vcpu-list, vcpu-pin, vcpu-set. */
#include "vcpu.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "domain.h"
#include "json.h"
#include "parse.h"
#include "pxl.h"
#include "table.h"
#include "xs.h"

static size_t map_size(void)
{
    return (nr_cpus() + 7) / 8;
}

/* @hard and @soft: map_size() bytes in and out, or NULL. */
static int affinity(uint32_t cmd, int domid, uint32_t vcpu, bool force,
                    uint8_t *hard, uint8_t *soft)
{
    struct xen_domctl op = {0};
    size_t size = map_size();
    uint8_t *buf = hyp_buffer(2 * size);
    int rc;

    op.u.vcpuaffinity.vcpu = vcpu;
    op.u.vcpuaffinity.flags = (hard ? XEN_VCPUAFFINITY_HARD : 0) |
                              (soft ? XEN_VCPUAFFINITY_SOFT : 0) |
                              (force ? XEN_VCPUAFFINITY_FORCE : 0);
    if ( hard )
        memcpy(buf, hard, size);
    if ( soft )
        memcpy(buf + size, soft, size);
    set_xen_guest_handle(op.u.vcpuaffinity.cpumap_hard.bitmap, buf);
    set_xen_guest_handle(op.u.vcpuaffinity.cpumap_soft.bitmap, buf + size);
    op.u.vcpuaffinity.cpumap_hard.nr_bits = nr_cpus();
    op.u.vcpuaffinity.cpumap_soft.nr_bits = nr_cpus();

    rc = hyp_domctl(cmd, (uint16_t)domid, &op);
    if ( hard )
        memcpy(hard, buf, size);
    if ( soft )
        memcpy(soft, buf + size, size);
    hyp_buffer_free(buf, 2 * size);
    return rc;
}

int vcpu_pin(int domid, uint32_t vcpu, const uint8_t *hard, const uint8_t *soft,
             bool force)
{
    size_t size = map_size();
    uint8_t *copy = xcalloc(2, size);
    int rc;

    if ( hard )
        memcpy(copy, hard, size);
    if ( soft )
        memcpy(copy + size, soft, size);
    rc = affinity(XEN_DOMCTL_setvcpuaffinity, domid, vcpu, force,
                  hard ? copy : NULL, soft ? copy + size : NULL);
    free(copy);
    return rc;
}

/* ---- vcpu-list ---- */

struct vcpu {
    uint32_t id;
    struct xen_domctl_getvcpuinfo info;
    uint8_t *hard, *soft;
};

static void json_cpus(const char *name, const uint8_t *map)
{
    unsigned int i;

    json_array(name);
    for ( i = 0; i < nr_cpus(); i++ )
        if ( cpu_isset(map, i) )
            json_number(NULL, i);
    json_end();
}

/* Fields as in libxl_vcpuinfo. */
static void json_vcpu(const struct vcpu *v)
{
    json_object(NULL);
    json_number("vcpuid", v->id);
    json_number("cpu", v->info.cpu);
    json_bool("online", v->info.online);
    json_bool("blocked", v->info.blocked);
    json_bool("running", v->info.running);
    json_number("vcpu_time", v->info.cpu_time);
    json_cpus("cpumap", v->hard);
    json_cpus("cpumap_soft", v->soft);
    json_end();
}

static void row_vcpu(struct table *t, const domain_info_t *d, const char *name,
                     const struct vcpu *v)
{
    char *hard = format_cpus(v->hard, nr_cpus());
    char *soft = format_cpus(v->soft, nr_cpus());

    table_cell(t, "%s", name);
    table_cell(t, "%u", d->domain);
    table_cell(t, "%u", v->id);
    if ( v->info.online )
        table_cell(t, "%u", v->info.cpu);
    else
        table_cell(t, "-");
    table_cell(t, "%c%c%c", v->info.online && v->info.running ? 'r' : '-',
               v->info.online && v->info.blocked ? 'b' : '-',
               v->info.online ? '-' : 'p');
    table_cell(t, "%.1f", (double)v->info.cpu_time / 1e9);
    table_cell(t, "%s / %s", hard, soft);
    free(hard);
    free(soft);
}

/* Into @t, or as JSON when that is NULL. */
static void list_domain(struct table *t, const domain_info_t *d)
{
    char *name = domain_name(d->domain);
    struct vcpu v = {.hard = xcalloc(map_size(), 1),
                     .soft = xcalloc(map_size(), 1)};

    if ( !t )
    {
        json_object(NULL);
        json_string("name", name);
        json_number("domid", d->domain);
        json_array("vcpus");
    }
    for ( v.id = 0; v.id <= d->max_vcpu_id && d->max_vcpu_id != ~0U; v.id++ )
    {
        struct xen_domctl op = {0};

        op.u.getvcpuinfo.vcpu = v.id;
        if ( hyp_domctl(XEN_DOMCTL_getvcpuinfo, d->domain, &op) < 0 ||
             affinity(XEN_DOMCTL_getvcpuaffinity, d->domain, v.id, false,
                      v.hard, v.soft) < 0 )
            break; /* the domain has gone meanwhile */
        v.info = op.u.getvcpuinfo;
        if ( t )
            row_vcpu(t, d, name, &v);
        else
            json_vcpu(&v);
    }
    if ( !t )
    {
        json_end();
        json_end();
    }
    free(v.hard);
    free(v.soft);
    free(name);
}

int cmd_vcpu_list(int argc, char **argv)
{
    static const struct option longs[] = {{"json", 0, NULL, 'j'},
                                          {NULL, 0, NULL, 0}};
    struct table *t = NULL;
    bool as_json = false;
    domain_info_t *all;
    size_t nr, i;
    int c, status;

    while ( (c = options(argc, argv, "j", longs)) != -1 )
    {
        if ( c == '?' )
            return EXIT_FAILURE;
        as_json = true;
    }
    all = domain_args(argc - optind, argv + optind, &nr, &status);
    if ( !all )
        return EXIT_FAILURE;
    if ( as_json )
        json_array(NULL);
    else if ( nr || !status )
        t = table_new(
            "<Name|ID|VCPU|CPU|<State|Time(s)|<Affinity (Hard / Soft)");
    for ( i = 0; i < nr; i++ )
        list_domain(t, &all[i]);
    if ( as_json )
        json_end();
    else if ( t )
        table_print(t);
    free(all);
    return status;
}

/* ---- vcpu-pin ---- */

/* "-" leaves a map as it is; @map NULL then. */
static int parse_map(const char *text, uint8_t **map)
{
    *map = NULL;
    if ( !strcmp(text, "-") )
        return 0;
    *map = xcalloc(map_size(), 1);
    return parse_cpus(text, nr_cpus(), *map);
}

static int pin(const domain_info_t *d, const char *vcpus, const uint8_t *hard,
               const uint8_t *soft, bool force)
{
    uint64_t first = 0, last = d->max_vcpu_id, id;

    if ( strcmp(vcpus, "all") )
    {
        if ( parse_number(vcpus, &first) )
            return -1;
        last = first;
    }
    if ( d->max_vcpu_id == ~0U || last > d->max_vcpu_id )
    {
        err("domain %u has no vCPU %s; the last is %d", d->domain, vcpus,
            (int)d->max_vcpu_id);
        return -1;
    }

    for ( id = first; id <= last; id++ )
    {
        int rc = vcpu_pin(d->domain, (uint32_t)id, hard, soft, force);

        if ( rc == -EINVAL )
        {
            err("cannot pin vCPU %u of domain %u: none of those CPUs is online",
                (unsigned int)id, d->domain);
            return -1;
        }
        if ( rc < 0 )
            return hyp_failed(rc, "cannot pin vCPU %u of domain %u",
                              (unsigned int)id, d->domain);
    }
    return 0;
}

int cmd_vcpu_pin(int argc, char **argv)
{
    /* xl's masks of all domains: there are none here to ignore. */
    static const struct option longs[] = {
        {"force", 0, NULL, 'f'},
        {"ignore-global-affinity-masks", 0, NULL, 'i'},
        {NULL, 0, NULL, 0}};
    uint8_t *hard = NULL, *soft = NULL;
    bool force = false;
    domain_info_t d;
    int c, domid, rc;

    while ( (c = options(argc, argv, "f", longs)) != -1 )
    {
        if ( c == '?' )
            return EXIT_FAILURE;
        force |= c == 'f';
    }
    if ( argc - optind < 3 || argc - optind > 4 )
        return usage(argv[0]);

    domid = domain_arg(argv[optind]);
    if ( domid < 0 )
        return EXIT_FAILURE;
    rc = domain_info(domid, &d);
    if ( rc )
        rc = hyp_failed(rc, "%s", argv[optind]);
    if ( !rc )
        rc = parse_map(argv[optind + 2], &hard);
    if ( !rc && argc - optind == 4 )
        rc = parse_map(argv[optind + 3], &soft);
    if ( !rc && (hard || soft) )
        rc = pin(&d, argv[optind + 1], hard, soft, force);
    free(hard);
    free(soft);
    return rc ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* ---- vcpu-set ---- */

int cmd_vcpu_set(int argc, char **argv)
{
    static const struct option longs[] = {{"ignore-host", 0, NULL, 'i'},
                                          {NULL, 0, NULL, 0}};
    bool ignore_host = false;
    domain_info_t d;
    uint64_t nr;
    uint32_t i;
    int c, domid;

    while ( (c = options(argc, argv, "i", longs)) != -1 )
    {
        if ( c == '?' )
            return EXIT_FAILURE;
        ignore_host = true;
    }
    if ( argc - optind != 2 )
        return usage(argv[0]);
    domid = domain_arg(argv[optind]);
    if ( domid < 0 || parse_number(argv[optind + 1], &nr) )
        return EXIT_FAILURE;
    if ( domain_info(domid, &d) || nr < 1 || nr > d.max_vcpu_id + 1ULL )
    {
        err("%s can have from 1 to %u vCPUs (maxvcpus of its configuration)",
            argv[optind], d.max_vcpu_id + 1);
        return EXIT_FAILURE;
    }
    if ( nr > nr_cpus() && nr > d.nr_online_vcpus && !ignore_host )
    {
        err("the host has %u CPUs; with --ignore-host a domain may have more "
            "vCPUs",
            nr_cpus());
        return EXIT_FAILURE;
    }

    for ( i = 0; i <= d.max_vcpu_id; i++ )
        if ( xs_put(i < nr ? "online" : "offline",
                    "/local/domain/%d/cpu/%u/availability", domid, i) )
            return EXIT_FAILURE;
    return EXIT_SUCCESS;
}
