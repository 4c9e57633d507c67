/* SPDX-License-Identifier: GPL-2.0-or-later */
/* list.c - list, domid, domname, rename, uptime: what domains there are. */
#include <ctype.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <xen/sched.h>

#include "cmd.h"
#include "config.h"
#include "domain.h"
#include "json.h"
#include "list.h"
#include "pxl.h"
#include "table.h"
#include "xs.h"

#define PAGE_KIB 4

static uint32_t flag(const domain_info_t *d, uint32_t bit)
{
    return d->flags & bit;
}

static bool crashed(const domain_info_t *d)
{
    const char *reason = shutdown_reason(d->flags);

    return reason && !strcmp(reason, "crash");
}

static void state_text(const domain_info_t *d, char text[7])
{
    snprintf(text, 7, "%c%c%c%c%c%c", flag(d, XEN_DOMINF_running) ? 'r' : '-',
             flag(d, XEN_DOMINF_blocked) ? 'b' : '-',
             flag(d, XEN_DOMINF_paused) ? 'p' : '-',
             flag(d, XEN_DOMINF_shutdown) ? 's' : '-', crashed(d) ? 'c' : '-',
             flag(d, XEN_DOMINF_dying) ? 'd' : '-');
}

/* Fields as libxl names them. */
static void json_domain(const domain_info_t *d, const char *name)
{
    const char *reason = shutdown_reason(d->flags);
    char uuid[37];

    domain_uuid(d, uuid);
    json_object(NULL);
    json_string("name", name);
    json_number("domid", d->domain);
    json_string("uuid", uuid);
    json_bool("running", flag(d, XEN_DOMINF_running));
    json_bool("blocked", flag(d, XEN_DOMINF_blocked));
    json_bool("paused", flag(d, XEN_DOMINF_paused));
    json_bool("shutdown", flag(d, XEN_DOMINF_shutdown));
    json_bool("dying", flag(d, XEN_DOMINF_dying));
    if ( reason )
        json_string("shutdown_reason", reason);
    json_number("outstanding_memkb", d->outstanding_pages * PAGE_KIB);
    json_number("current_memkb", d->tot_pages * PAGE_KIB);
    json_number("shared_memkb", d->shr_pages * PAGE_KIB);
    json_number("paged_memkb", d->paged_pages * PAGE_KIB);
    json_number("max_memkb", d->max_pages * PAGE_KIB);
    json_number("cpu_time", d->cpu_time);
    json_number("vcpu_max_id", d->max_vcpu_id);
    json_number("vcpu_online", d->nr_online_vcpus);
    json_number("cpupool", d->cpupool);
    json_number("gpaddr_bits", d->gpaddr_bits);
    json_string("domain_type", "pvh");
    json_end();
}

struct list_options {
    bool verbose, context, cpupool, node;
};

static struct table *list_table(const struct list_options *opt)
{
    char *columns =
        xasprintf("<Name|ID|Mem|VCPUs|<State|Time(s)%s%s%s",
                  opt->verbose ? "|<UUID|<Reason-Code" : "",
                  opt->verbose || opt->context ? "|<Security Label" : "",
                  opt->cpupool ? "|<Cpupool" : "");
    char *all = xasprintf("%s%s", columns, opt->node ? "|<NODE Affinity" : "");
    struct table *t = table_new(all);

    free(columns);
    free(all);
    return t;
}

static void list_row(struct table *t, const domain_info_t *d, const char *name,
                     const struct list_options *opt)
{
    const char *reason = shutdown_reason(d->flags);
    char state[7], uuid[37];

    state_text(d, state);
    table_cell(t, "%s", name);
    table_cell(t, "%u", d->domain);
    table_cell(t, "%" PRIu64,
               (d->tot_pages + d->outstanding_pages) * PAGE_KIB / 1024);
    table_cell(t, "%u", d->nr_online_vcpus);
    table_cell(t, "%s", state);
    table_cell(t, "%.1f", (double)d->cpu_time / 1e9);
    if ( opt->verbose )
    {
        domain_uuid(d, uuid);
        table_cell(t, "%s", uuid);
        table_cell(t, "%s", reason ? reason : "-");
    }
    if ( opt->verbose || opt->context )
        table_cell(t, "-");
    if ( opt->cpupool )
        table_cell(t, "Pool-%u", d->cpupool);
    if ( opt->node )
        table_cell(t, "all");
}

static void list_text(const domain_info_t *all, size_t nr,
                      const struct list_options *opt)
{
    struct table *t = list_table(opt);
    size_t i;

    for ( i = 0; i < nr; i++ )
    {
        char *name = domain_name(all[i].domain);

        list_row(t, &all[i], name, opt);
        free(name);
    }
    table_print(t);
}

static void list_json(const domain_info_t *all, size_t nr, bool with_config)
{
    size_t i;

    json_array(NULL);
    for ( i = 0; i < nr; i++ )
    {
        char *name = domain_name(all[i].domain);

        if ( with_config )
            json_config(&all[i], name);
        else
            json_domain(&all[i], name);
        free(name);
    }
    json_end();
}

int cmd_list(int argc, char **argv)
{
    static const struct option longs[] = {
        {"long", 0, NULL, 'l'},    {"verbose", 0, NULL, 'v'},
        {"context", 0, NULL, 'Z'}, {"cpupool", 0, NULL, 'c'},
        {"numa", 0, NULL, 'n'},    {"json", 0, NULL, 'j'},
        {NULL, 0, NULL, 0},
    };
    struct list_options opt = {0};
    bool as_json = false, with_config = false;
    domain_info_t *all;
    size_t nr;
    int c, status;

    while ( (c = options(argc, argv, "lvZcnj", longs)) != -1 )
    {
        if ( c == '?' )
            return EXIT_FAILURE;
        with_config |= c == 'l';
        as_json |= c == 'j' || c == 'l';
        opt.verbose |= c == 'v';
        opt.context |= c == 'Z';
        opt.cpupool |= c == 'c';
        opt.node |= c == 'n';
    }

    all = domain_args(argc - optind, argv + optind, &nr, &status);
    if ( !all )
        return EXIT_FAILURE;
    if ( as_json )
        list_json(all, nr, with_config);
    else if ( nr || !status )
        list_text(all, nr, &opt);
    free(all);
    return status;
}

int cmd_domid(int argc, char **argv)
{
    int domid;

    if ( options(argc, argv, "", NULL) != -1 )
        return EXIT_FAILURE;
    if ( argc - optind != 1 )
        return usage(argv[0]);
    domid = domain_arg(argv[optind]);
    if ( domid < 0 )
        return EXIT_FAILURE;
    printf("%d\n", domid);
    return EXIT_SUCCESS;
}

int cmd_domname(int argc, char **argv)
{
    char *name;
    int domid;

    if ( options(argc, argv, "", NULL) != -1 )
        return EXIT_FAILURE;
    if ( argc - optind != 1 )
        return usage(argv[0]);
    domid = domain_arg(argv[optind]);
    if ( domid < 0 )
        return EXIT_FAILURE;
    name = domain_name(domid);
    printf("%s\n", name);
    free(name);
    return EXIT_SUCCESS;
}

/* A reboot reads it as a configuration's. */
static bool name_ok(const char *name)
{
    char *why = config_name_wrong(name);
    bool ok = !why;

    if ( why )
        err("%s", why);
    free(why);
    return ok;
}

static bool name_taken(const char *name)
{
    size_t nr, i;
    domain_info_t *all = domain_list(&nr);
    bool taken = !all;

    for ( i = 0; i < nr && !taken; i++ )
    {
        char *other = domain_name(all[i].domain);

        taken = !strcmp(name, other);
        if ( taken )
            err("there is a domain '%s': number %u", name, all[i].domain);
        free(other);
    }
    free(all);
    return taken;
}

int cmd_rename(int argc, char **argv)
{
    const char *name;
    char *vm;
    int domid, rc;

    if ( options(argc, argv, "", NULL) != -1 )
        return EXIT_FAILURE;
    if ( argc - optind != 2 )
        return usage(argv[0]);
    domid = domain_arg(argv[optind]);
    name = argv[optind + 1];
    if ( domid < 0 || !name_ok(name) || name_taken(name) )
        return EXIT_FAILURE;

    rc = xs_put(name, "/local/domain/%d/name", domid);
    vm = xs_get("/local/domain/%d/vm", domid);
    if ( !rc && vm )
        rc = xs_put(name, "%s/name", vm);
    free(vm);
    return rc ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* ---- uptime ---- */

/* Seconds; -1: not known. */
static int64_t domain_uptime(int domid)
{
    char *vm = xs_get("/local/domain/%d/vm", domid), *start = NULL;
    double up = -1;
    FILE *f;

    if ( vm )
        start = xs_get("%s/start_time", vm);
    if ( start )
        up = difftime(time(NULL), (time_t)strtoll(start, NULL, 10));
    else if ( domid == 0 && (f = fopen("/proc/uptime", "re")) )
    {
        if ( fscanf(f, "%lf", &up) != 1 )
            up = -1;
        fclose(f);
    }
    free(vm);
    free(start);
    return (int64_t)up;
}

static char *uptime_text(int64_t s, bool brief)
{
    char days[32] = "";

    if ( s < 0 )
        return xstrdup("-");
    if ( s >= 86400 )
        snprintf(days, sizeof(days), "%" PRId64 " day%s, ", s / 86400,
                 s < 2 * 86400 ? "" : "s");
    if ( brief )
        return xasprintf("%s%2d:%02d", days, (int)(s / 3600 % 24),
                         (int)(s / 60 % 60));
    return xasprintf("%s%2d:%02d:%02d", days, (int)(s / 3600 % 24),
                     (int)(s / 60 % 60), (int)(s % 60));
}

static void uptime_json(const domain_info_t *all, size_t nr)
{
    size_t i;

    json_array(NULL);
    for ( i = 0; i < nr; i++ )
    {
        char *name = domain_name(all[i].domain);
        int64_t up = domain_uptime(all[i].domain);

        json_object(NULL);
        json_string("name", name);
        json_number("domid", all[i].domain);
        if ( up >= 0 )
            json_number("uptime", (uint64_t)up);
        json_end();
        free(name);
    }
    json_end();
}

static void uptime_brief(const domain_info_t *all, size_t nr)
{
    time_t now = time(NULL);
    struct tm tm;
    char clock[16] = "";
    size_t i;

    if ( localtime_r(&now, &tm) )
        strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
    for ( i = 0; i < nr; i++ )
    {
        char *name = domain_name(all[i].domain);
        char *up = uptime_text(domain_uptime(all[i].domain), true);

        printf(" %s up %s, %s (%u)\n", clock, up, name, all[i].domain);
        free(name);
        free(up);
    }
}

static void uptime_table(const domain_info_t *all, size_t nr)
{
    struct table *t = table_new("<Name|ID|<Uptime");
    size_t i;

    for ( i = 0; i < nr; i++ )
    {
        char *name = domain_name(all[i].domain);
        char *up = uptime_text(domain_uptime(all[i].domain), false);

        table_cell(t, "%s", name);
        table_cell(t, "%u", all[i].domain);
        table_cell(t, "%s", up);
        free(name);
        free(up);
    }
    table_print(t);
}

int cmd_uptime(int argc, char **argv)
{
    static const struct option longs[] = {
        {"short", 0, NULL, 's'},
        {"json", 0, NULL, 'j'},
        {NULL, 0, NULL, 0},
    };
    bool brief = false, as_json = false;
    domain_info_t *all;
    size_t nr;
    int c, status;

    while ( (c = options(argc, argv, "sj", longs)) != -1 )
    {
        if ( c == '?' )
            return EXIT_FAILURE;
        brief |= c == 's';
        as_json |= c == 'j';
    }
    all = domain_args(argc - optind, argv + optind, &nr, &status);
    if ( !all )
        return EXIT_FAILURE;
    if ( as_json )
        uptime_json(all, nr);
    else if ( brief )
        uptime_brief(all, nr);
    else if ( nr || !status )
        uptime_table(all, nr);
    free(all);
    return status;
}
