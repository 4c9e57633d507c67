/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * iommu-audit.c - compare domains' P2M with their IOMMU tables. The hypervisor
 * compares slice by slice; we ask until all has been seen.
 */
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

#define MAX_SHOWN 10U /* differences described, per table */

struct result {
    uint64_t compared, differences;
    unsigned int shown;
};

static const char *what_name(uint32_t what)
{
    static const char *const names[] = {
        [PX_AUDIT_NOT_IN_IOMMU] = "devices do not reach what they should",
        [PX_AUDIT_NOT_IN_P2M] = "devices reach what the CPU does not",
        [PX_AUDIT_OTHER_FRAME] = "devices reach another frame",
        [PX_AUDIT_MORE_RIGHTS] = "devices have more rights",
        [PX_AUDIT_FEWER_RIGHTS] = "devices have fewer rights",
        [PX_AUDIT_OTHER_MEMTYPE] = "another memory type",
        [PX_AUDIT_MALFORMED] = "a table entry that nobody should have written",
    };

    return what < sizeof(names) / sizeof(names[0]) && names[what] ? names[what]
                                                                  : "different";
}

/* A frame, "-" for none; two can be alive at once. */
static const char *frame(uint64_t mfn)
{
    static char text[2][24];
    static unsigned int turn;

    turn ^= 1;
    if ( mfn == ~0ULL )
        return "-";
    snprintf(text[turn], sizeof(text[turn]), "%#" PRIx64, mfn);
    return text[turn];
}

static void show_difference(const struct px_audit *a, bool json)
{
    if ( json )
    {
        json_object(NULL);
        json_string("what", what_name(a->what));
        json_format("gfn", "%#" PRIx64, a->bad_gfn);
        json_string("cpu_mfn", frame(a->cpu_mfn));
        json_string("iommu_mfn", frame(a->iommu_mfn));
        json_number("frames_in_slice", a->differences);
        json_end();
        return;
    }
    printf("  gfn %#" PRIx64 ": %s: CPU frame %s, IOMMU frame %s", a->bad_gfn,
           what_name(a->what), frame(a->cpu_mfn), frame(a->iommu_mfn));
    if ( a->differences > 1 )
        printf("; with %" PRIu64 " more frames near it", a->differences - 1);
    printf("\n");
}

/* One table of a domain. Returns 0, or -errno: -ENOENT past the last table. */
static int audit_table(uint32_t domid, uint32_t table, bool json,
                       struct result *r)
{
    struct proxenos_op op = {0};
    struct px_audit *a = &op.u.audit;
    uint64_t gfn = 0;
    bool opened = false;
    int rc;

    memset(r, 0, sizeof(*r));
    do
    {
        memset(&op, 0, sizeof(op));
        a->domid = domid;
        a->table = table;
        a->gfn = gfn;
        rc = hyp_px(PX_OP_audit, &op);
        if ( rc < 0 )
            break;
        /* Only when there is a table at all. */
        if ( json && !opened )
        {
            opened = true;
            json_object(NULL);
            json_number("domid", domid);
            json_number("table", table);
            json_array("first");
        }
        r->compared += a->compared;
        r->differences += a->differences;
        if ( a->differences && r->shown < MAX_SHOWN )
        {
            show_difference(a, json);
            r->shown++;
        }
        progress("frames compared", r->compared, 0, "");
        if ( a->gfn <= gfn && !(a->flags & PX_AUDIT_DONE) )
        {
            rc = -EIO; /* no progress would be no end */
            break;
        }
        gfn = a->gfn;
    } while ( !(a->flags & PX_AUDIT_DONE) );
    progress_end();

    if ( opened )
    {
        json_end();
        json_number("compared", r->compared);
        json_number("differences", r->differences);
        json_end();
    }
    return rc;
}

/* Returns 1: there are differences, 0: none, -1: after a message. */
static int audit(uint32_t domid, bool json)
{
    char *name = domain_name((int)domid);
    bool bad = false;
    uint32_t table = 0;
    int rc;

    for ( ;; table++ )
    {
        struct result r;

        rc = audit_table(domid, table, json, &r);
        if ( rc < 0 )
            break;
        bad = bad || r.differences;
        if ( json )
            continue;
        printf("%s (%u)", name, domid);
        if ( table )
            printf(", table %u", table);
        if ( r.differences )
            printf(": %" PRIu64 " of %" PRIu64 " frames DIFFER\n",
                   r.differences, r.compared);
        else
            printf(": %" PRIu64 " frames, no difference\n", r.compared);
    }
    if ( rc == -ENOENT && table == 0 && !json )
        printf("%s (%u): no IOMMU table\n", name, domid);
    free(name);
    /* A domain may end while it is looked at. */
    if ( rc == -ENOENT || rc == -ESRCH )
        return bad;
    err("domain %u: the audit stopped: %s", domid, strerror(-rc));
    return -1;
}

static int audit_all(bool json)
{
    struct xen_domctl_getdomaininfo info;
    int worst = 0;

    for ( uint32_t id = 0; next_domain(id, &info); id = info.domain + 1U )
    {
        int rc = audit(info.domain, json);

        worst = rc < 0 || worst < 0 ? -1 : rc | worst;
    }
    return worst;
}

int cmd_iommu_audit(int argc, char **argv)
{
    static const struct option longs[] = {
        {"json", no_argument, NULL, 'j'},
        {"all", no_argument, NULL, 'a'},
        {NULL, 0, NULL, 0},
    };
    bool json = false, all = false;
    int opt, rc, domid = -1;

    while ( (opt = options(argc, argv, "ja", longs)) != -1 )
        if ( opt == 'j' )
            json = true;
        else if ( opt == 'a' )
            all = true;
        else
            return usage(argv[0]);
    if ( argc - optind > 1 || (all && optind != argc) )
        return usage(argv[0]);
    if ( optind < argc )
    {
        domid = domain_arg(argv[optind]);
        if ( domid < 0 )
            return EXIT_FAILURE;
    }

    if ( json )
        json_array(NULL);
    rc = domid < 0 ? audit_all(json) : audit((uint32_t)domid, json);
    if ( json )
        json_end();
    return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
