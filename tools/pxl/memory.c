/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memory.c - mem-set, mem-max. A domain's balloon driver reads memory/target
 * and gives back or asks for pages; the hypervisor's limit is set a little
 * above, so that it cannot take more than it was given.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd.h"
#include "domain.h"
#include "parse.h"
#include "pxl.h"
#include "xs.h"

#define SLACK_KIB    1024U         /* as libxl allows */
#define DOM0_MIN_KIB (128U * 1024) /* below, dom0 is out of memory at once */

static int set_limit(int domid, uint64_t kib)
{
    struct xen_domctl op = {0};
    int rc;

    op.u.max_mem.max_memkb = kib + SLACK_KIB;
    rc = hyp_domctl(XEN_DOMCTL_max_mem, (uint16_t)domid, &op);
    return rc < 0
               ? hyp_failed(rc, "cannot limit the memory of domain %d", domid)
               : 0;
}

static int set_target(int domid, uint64_t kib)
{
    uint64_t most =
        xs_get_number(UINT64_MAX, "/local/domain/%d/memory/static-max", domid);
    char *text;
    int rc;

    if ( kib > most )
    {
        err("domain %d can have up to %" PRIu64
            " MiB (maxmem of its configuration)",
            domid, most / 1024);
        return -1;
    }
    if ( kib == 0 || (domid == 0 && kib < DOM0_MIN_KIB) )
    {
        err("domain %d would not survive with %" PRIu64 " MiB", domid,
            kib / 1024);
        return -1;
    }

    rc = set_limit(domid, kib);
    if ( rc )
        return rc;
    text = xasprintf("%" PRIu64, kib);
    rc = xs_put(text, "/local/domain/%d/memory/target", domid);
    free(text);
    return rc;
}

int cmd_mem_set(int argc, char **argv)
{
    uint64_t kib;
    int domid;

    if ( options(argc, argv, "", NULL) != -1 )
        return EXIT_FAILURE;
    if ( argc - optind != 2 )
        return usage(argv[0]);
    domid = domain_arg(argv[optind]);
    if ( domid < 0 || parse_memory(argv[optind + 1], &kib) )
        return EXIT_FAILURE;
    return set_target(domid, kib) ? EXIT_FAILURE : EXIT_SUCCESS;
}

int cmd_mem_max(int argc, char **argv)
{
    uint64_t kib, target;
    int domid;

    if ( options(argc, argv, "", NULL) != -1 )
        return EXIT_FAILURE;
    if ( argc - optind != 2 )
        return usage(argv[0]);
    domid = domain_arg(argv[optind]);
    if ( domid < 0 || parse_memory(argv[optind + 1], &kib) )
        return EXIT_FAILURE;
    target = xs_get_number(0, "/local/domain/%d/memory/target", domid);
    if ( kib < target )
    {
        err("domain %d has a target of %" PRIu64
            " MiB: lower that first, with mem-set",
            domid, target / 1024);
        return EXIT_FAILURE;
    }
    return set_limit(domid, kib) ? EXIT_FAILURE : EXIT_SUCCESS;
}
