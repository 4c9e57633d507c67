/* SPDX-License-Identifier: GPL-2.0-or-later */
/* life.c - commands on a domain's life: pause, shutdown, reboot, destroy. */
#include "cmd.h"
#include "domain.h"
#include "guest.h"
#include "pxl.h"
#include "xs.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int only_domain(int argc, char **argv, int *domid)
{
    if ( options(argc, argv, "", NULL) != -1 )
        return -1;
    if ( argc - optind != 1 )
        exit(usage(argv[0]));
    *domid = domain_arg(argv[optind]);
    return *domid < 0 ? -1 : 0;
}

int cmd_pause(int argc, char **argv)
{
    int domid, rc;

    if ( only_domain(argc, argv, &domid) )
        return EXIT_FAILURE;
    if ( domid == 0 )
    {
        err("pause: dom0 cannot pause itself");
        return EXIT_FAILURE;
    }
    rc = guest_pause(domid);
    if ( rc )
        hyp_failed(rc, "cannot pause domain %d", domid);
    return rc ? EXIT_FAILURE : EXIT_SUCCESS;
}

int cmd_unpause(int argc, char **argv)
{
    int domid, rc;

    if ( only_domain(argc, argv, &domid) )
        return EXIT_FAILURE;
    rc = guest_unpause(domid);
    if ( rc == -EINVAL )
        err("domain %d is not paused", domid);
    else if ( rc )
        hyp_failed(rc, "cannot unpause domain %d", domid);
    return rc ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* ---- shutdown and reboot: the guest is asked ---- */

struct request {
    const char *what; /* "poweroff", "reboot" */
    bool all, wait, force;
};

/* A guest that listens says so once its kernel has started. */
static bool listens(int domid, const char *what)
{
    return xs_get_number(0, "/local/domain/%d/control/feature-%s", domid,
                         what) != 0;
}

static int ask(int domid, const struct request *r)
{
    char *name;
    int rc;

    if ( domid == 0 )
    {
        err("dom0 is not shut down from here: use its own poweroff or reboot");
        return -1;
    }
    if ( r->force && !listens(domid, r->what) )
    {
        warn("domain %d does not listen to requests: destroying it", domid);
        if ( guest_lock() )
            return -1;
        rc = guest_destroy(domid);
        guest_unlock();
        return rc;
    }
    name = domain_name(domid);
    printf("%s domain %d (%s)\n",
           strcmp(r->what, "reboot") ? "Shutting down" : "Rebooting", domid,
           name);
    free(name);
    if ( !listens(domid, r->what) )
        warn("domain %d has not said that it listens to requests; 'pxl "
             "destroy' ends it at once",
             domid);
    return xs_put(r->what, "/local/domain/%d/control/shutdown", domid);
}

#define PRESERVED_MS 5000U

/* It is gone; or it has stopped, and nobody removes it. */
static void wait_end(int domid)
{
    uint64_t since = now_ms(), stopped = 0;
    domain_info_t info;

    while ( !domain_info(domid, &info) )
    {
        if ( info.flags & XEN_DOMINF_dying )
            stopped = 0;
        else if ( info.flags & XEN_DOMINF_shutdown )
        {
            if ( !stopped )
                stopped = now_ms();
            if ( now_ms() - stopped > PRESERVED_MS )
                break;
        }
        progress_wait("waiting for the domain to end", since, 0);
        wait_ms(100);
    }
    progress_end();
}

static int ask_all(const struct request *r)
{
    size_t nr;
    domain_info_t *all = domain_list(&nr);
    int rc = 0;

    if ( !all )
        return -1;
    for ( size_t i = 0; i < nr; i++ )
        if ( all[i].domain )
            rc |= ask(all[i].domain, r);
    for ( size_t i = 0; r->wait && i < nr; i++ )
        if ( all[i].domain )
            wait_end(all[i].domain);
    free(all);
    return rc;
}

static int request(int argc, char **argv, struct request *r,
                   const char *shortopts)
{
    static const struct option longopts[] = {{"all", no_argument, NULL, 'a'},
                                             {"wait", no_argument, NULL, 'w'},
                                             {NULL, 0, NULL, 0}};
    int opt, domid;

    while ( (opt = options(argc, argv, shortopts, longopts)) != -1 )
        if ( opt == 'a' )
            r->all = true;
        else if ( opt == 'w' )
            r->wait = true;
        else if ( opt == 'F' )
            r->force = true;
        else
            return EXIT_FAILURE;
    if ( argc - optind != (r->all ? 0 : 1) )
        return usage(argv[0]);
    if ( r->all )
        return ask_all(r) ? EXIT_FAILURE : EXIT_SUCCESS;
    domid = domain_arg(argv[optind]);
    if ( domid < 0 || ask(domid, r) )
        return EXIT_FAILURE;
    if ( r->wait )
        wait_end(domid);
    return EXIT_SUCCESS;
}

int cmd_shutdown(int argc, char **argv)
{
    struct request r = {.what = "poweroff"};

    return request(argc, argv, &r, "awF");
}

int cmd_reboot(int argc, char **argv)
{
    struct request r = {.what = "reboot"};

    return request(argc, argv, &r, "awF");
}

int cmd_destroy(int argc, char **argv)
{
    static const struct option longopts[] = {{"force", no_argument, NULL, 'f'},
                                             {NULL, 0, NULL, 0}};
    int opt, domid, rc;

    /* xl's -f is for dom0, which is refused here in any case. */
    while ( (opt = options(argc, argv, "f", longopts)) != -1 )
        if ( opt != 'f' )
            return EXIT_FAILURE;
    if ( argc - optind != 1 )
        return usage(argv[0]);
    domid = domain_arg(argv[optind]);
    if ( domid < 0 )
        return EXIT_FAILURE;
    if ( domid == 0 )
    {
        err("destroy: dom0 cannot destroy itself");
        return EXIT_FAILURE;
    }
    if ( guest_lock() )
        return EXIT_FAILURE;
    rc = guest_destroy(domid);
    guest_unlock();
    return rc ? EXIT_FAILURE : EXIT_SUCCESS;
}
