/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sched.c - sched-credit2: who gets how much of the CPUs. */
#include "sched.h"

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

#define POOL "Pool-0" /* there is one */

static int sched_op(int domid, uint32_t cmd,
                    struct xen_domctl_sched_credit2 *sched)
{
    struct xen_domctl op = {0};
    int rc;

    op.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
    op.u.scheduler_op.cmd = cmd;
    op.u.scheduler_op.u.credit2 = *sched;
    rc = hyp_domctl(XEN_DOMCTL_scheduler_op, (uint16_t)domid, &op);
    *sched = op.u.scheduler_op.u.credit2;
    return rc;
}

int sched_get(int domid, struct xen_domctl_sched_credit2 *sched)
{
    memset(sched, 0, sizeof(*sched));
    return sched_op(domid, XEN_DOMCTL_SCHEDOP_getinfo, sched);
}

int sched_set(int domid, const struct xen_domctl_sched_credit2 *sched)
{
    struct xen_domctl_sched_credit2 copy = *sched;

    return sched_op(domid, XEN_DOMCTL_SCHEDOP_putinfo, &copy);
}

struct sched_options {
    const char *domain, *weight, *cap, *pool, *ratelimit;
    bool schedparam, json;
};

static int pool_param(uint32_t cmd, uint32_t *ratelimit_us)
{
    struct xen_sysctl op = {0};
    int rc;

    op.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
    op.u.scheduler_op.cmd = cmd;
    op.u.scheduler_op.u.sched_credit2.ratelimit_us = *ratelimit_us;
    rc = hyp_sysctl(XEN_SYSCTL_scheduler_op, &op);
    *ratelimit_us = op.u.scheduler_op.u.sched_credit2.ratelimit_us;
    return rc < 0 ? hyp_failed(rc, "scheduler of " POOL) : 0;
}

static int set_pool(const char *text)
{
    uint64_t us;
    uint32_t limit;

    if ( parse_number(text, &us) )
        return -1;
    if ( us && (us < XEN_SYSCTL_SCHED_RATELIMIT_MIN ||
                us > XEN_SYSCTL_SCHED_RATELIMIT_MAX) )
    {
        err("a ratelimit of %s us: it is 0 (none) or from %u to %u", text,
            XEN_SYSCTL_SCHED_RATELIMIT_MIN, XEN_SYSCTL_SCHED_RATELIMIT_MAX);
        return -1;
    }
    limit = (uint32_t)us;
    return pool_param(XEN_SYSCTL_SCHEDOP_putinfo, &limit);
}

static int set_domain(const struct sched_options *opt)
{
    int domid = domain_arg(opt->domain);
    struct xen_domctl_sched_credit2 s;
    uint64_t n;
    int rc;

    if ( domid < 0 )
        return -1;
    rc = sched_get(domid, &s);
    if ( rc < 0 )
        return hyp_failed(rc, "scheduling of %s", opt->domain);

    if ( opt->weight )
    {
        if ( parse_number(opt->weight, &n) )
            return -1;
        if ( n < 1 || n > UINT16_MAX )
        {
            err("a weight of %s: it is from 1 to %u, and 256 by default",
                opt->weight, UINT16_MAX);
            return -1;
        }
        s.weight = (uint16_t)n;
    }
    if ( opt->cap )
    {
        if ( parse_number(opt->cap, &n) )
            return -1;
        if ( n > UINT16_MAX )
        {
            err("a cap of %s: it is 0 (none) or up to %u percent of a CPU",
                opt->cap, UINT16_MAX);
            return -1;
        }
        s.cap = (uint16_t)n;
    }
    rc = sched_set(domid, &s);
    return rc < 0 ? hyp_failed(rc, "scheduling of %s", opt->domain) : 0;
}

static void show_domains(const domain_info_t *all, size_t nr, bool as_json)
{
    struct table *t = NULL;
    size_t i;

    if ( as_json )
        json_array("domains");
    else
        t = table_new("<Name|ID|Weight|Cap");
    for ( i = 0; i < nr; i++ )
    {
        struct xen_domctl_sched_credit2 s;
        char *name;

        if ( sched_get(all[i].domain, &s) < 0 )
            continue; /* it has gone meanwhile */
        name = domain_name(all[i].domain);
        if ( as_json )
        {
            json_object(NULL);
            json_string("name", name);
            json_number("domid", all[i].domain);
            json_number("weight", s.weight);
            json_number("cap", s.cap);
            json_end();
        }
        else
        {
            table_cell(t, "%s", name);
            table_cell(t, "%u", all[i].domain);
            table_cell(t, "%u", s.weight);
            table_cell(t, "%u", s.cap);
        }
        free(name);
    }
    if ( as_json )
        json_end();
    else
        table_print(t);
}

static int show(const struct sched_options *opt)
{
    char *domain = xstrdup(opt->domain ? opt->domain : "");
    uint32_t limit = 0;
    domain_info_t *all;
    size_t nr;
    int status;

    if ( pool_param(XEN_SYSCTL_SCHEDOP_getinfo, &limit) )
    {
        free(domain);
        return EXIT_FAILURE;
    }
    all = domain_args(opt->domain ? 1 : 0, &domain, &nr, &status);
    free(domain);
    if ( !all || status )
    {
        free(all);
        return EXIT_FAILURE;
    }

    if ( opt->json )
    {
        json_object(NULL);
        json_string("cpupool", POOL);
        json_number("ratelimit_us", limit);
    }
    else if ( !opt->domain )
        printf("Cpupool " POOL ": ratelimit=%uus\n", limit);
    if ( !opt->schedparam )
        show_domains(all, nr, opt->json);
    if ( opt->json )
        json_end();
    free(all);
    return EXIT_SUCCESS;
}

static int run(const struct sched_options *opt)
{
    if ( opt->pool && strcmp(opt->pool, POOL) && strcmp(opt->pool, "0") )
    {
        err("there is no CPU pool '%s', only " POOL, opt->pool);
        return EXIT_FAILURE;
    }
    if ( opt->schedparam && (opt->domain || opt->weight || opt->cap) )
    {
        err("-s is about the scheduler, not about one domain: leave out -d, "
            "-w and -c");
        return EXIT_FAILURE;
    }
    if ( (opt->weight || opt->cap) && !opt->domain )
    {
        err("whose weight or cap? Name the domain with -d");
        return EXIT_FAILURE;
    }
    if ( opt->ratelimit && !opt->schedparam )
    {
        err("-r needs -s");
        return EXIT_FAILURE;
    }

    if ( opt->ratelimit )
        return set_pool(opt->ratelimit) ? EXIT_FAILURE : EXIT_SUCCESS;
    if ( opt->weight || opt->cap )
        return set_domain(opt) ? EXIT_FAILURE : EXIT_SUCCESS;
    return show(opt);
}

int cmd_sched_credit2(int argc, char **argv)
{
    static const struct option longs[] = {
        {"domain", 1, NULL, 'd'},     {"weight", 1, NULL, 'w'},
        {"cap", 1, NULL, 'c'},        {"cpupool", 1, NULL, 'p'},
        {"schedparam", 0, NULL, 's'}, {"ratelimit_us", 1, NULL, 'r'},
        {"json", 0, NULL, 'j'},       {NULL, 0, NULL, 0},
    };
    struct sched_options opt = {0};
    int c;

    while ( (c = options(argc, argv, "d:w:c:p:sr:j", longs)) != -1 )
    {
        switch ( c )
        {
        case 'd':
            opt.domain = optarg;
            break;
        case 'w':
            opt.weight = optarg;
            break;
        case 'c':
            opt.cap = optarg;
            break;
        case 'p':
            opt.pool = optarg;
            break;
        case 'r':
            opt.ratelimit = optarg;
            break;
        case 's':
            opt.schedparam = true;
            break;
        case 'j':
            opt.json = true;
            break;
        default:
            return EXIT_FAILURE;
        }
    }
    if ( optind != argc )
        return usage(argv[0]);
    return run(&opt);
}
