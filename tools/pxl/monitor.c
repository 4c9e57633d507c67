/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * monitor.c - waits for the end of a domain; see monitor.h. xenstored says
 * with @releaseDomain that some domain has stopped or is gone; which one the
 * hypervisor knows.
 */
#include "monitor.h"
#include "current.h"
#include "domain.h"
#include "guest.h"
#include "pxl.h"
#include "xs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <xen/sched.h>

#define LOG_DIR "/var/log/xen"

void monitor_log(const char *name)
{
    char *path = xasprintf(LOG_DIR "/pxl-%s.log", name);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC), log;

    (void)mkdir("/var/log", 0755);
    (void)mkdir(LOG_DIR, 0755);
    log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    if ( log < 0 )
        warn("cannot open %s: %s; there will be no log", path, strerror(errno));
    fflush(stdout);
    fflush(stderr);
    if ( null >= 0 )
    {
        dup2(null, STDIN_FILENO);
        dup2(log < 0 ? null : log, STDOUT_FILENO);
        dup2(log < 0 ? null : log, STDERR_FILENO);
        close(null);
    }
    if ( log >= 0 )
        close(log);
    free(path);
}

static void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *fmt, ...)
{
    char when[32], text[256];
    time_t now = time(NULL);
    struct tm tm;
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    strftime(when, sizeof(when), "%F %T", localtime_r(&now, &tm));
    fprintf(stderr, "%s %s\n", when, text);
}

/* ---- what is to be done ---- */

static enum action action_for(const struct config *c, uint32_t flags)
{
    switch ( flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask )
    {
    case SHUTDOWN_poweroff:
        return c->on_poweroff;
    case SHUTDOWN_reboot:
        return c->on_reboot;
    case SHUTDOWN_crash:
        return c->on_crash;
    case SHUTDOWN_watchdog:
        return c->on_watchdog;
    default:
        return ACTION_PRESERVE; /* nobody here knows what it is for */
    }
}

#define QUICK_MS 10000U

/* A guest that ends at once is not started anew at once: others live here. */
static void restrain(uint64_t started)
{
    if ( now_ms() - started < QUICK_MS )
        wait_ms(1000);
}

static int restart(struct config *c, int domid, bool rename)
{
    char *name;
    int rc;

    /* While it still has its devices. */
    if ( current_config(c, domid) )
        return -1;
    name = xasprintf("%s-%d", c->name, domid);
    rc = rename ? guest_preserve(domid, name) : guest_destroy(domid);
    free(name);
    if ( rc )
        return -1;
    domid = guest_make(c);
    if ( domid < 0 )
        return -1;
    rc = guest_unpause(domid);
    if ( !rc )
        return domid;
    err("cannot start domain %d: %s", domid, strerror(-rc));
    (void)guest_destroy(domid);
    return -1;
}

/* The domain's next incarnation, 0: the end, -1: it failed. */
static int act(struct config *c, int domid, uint32_t flags)
{
    enum action action = action_for(c, flags);
    domain_info_t now;
    int next = 0;

    say("domain %d has shut down: %s; action: %s", domid,
        shutdown_reason(flags), action_name(action));
    if ( action == ACTION_PRESERVE )
        return 0;
    if ( guest_lock() )
        return -1;
    /* Another one may have ended it meanwhile: that is what is wanted. */
    if ( domain_info(domid, &now) || now.flags & XEN_DOMINF_dying )
        say("domain %d has been destroyed", domid);
    else if ( action == ACTION_DESTROY )
        next = guest_destroy(domid);
    else
        next = restart(c, domid, action == ACTION_RENAME_RESTART);
    guest_unlock();
    if ( next > 0 )
        say("%s is now domain %d", c->name, next);
    return next;
}

static int wait_event(void)
{
    unsigned int nr;
    char **event = xs_read_watch(xs_conn(), &nr);

    if ( !event )
        err("lost xenstored: %s; nobody watches the domain any more",
            strerror(errno));
    free(event);
    return event ? 0 : -1;
}

int monitor_run(struct config *c, int domid)
{
    uint64_t started = now_ms();

    if ( !xs_conn() || !xs_watch(xs_conn(), "@releaseDomain", "monitor") )
        return EXIT_FAILURE;
    say("watching %s, domain %d", c->name, domid);
    while ( domid > 0 )
    {
        domain_info_t info;

        if ( domain_info(domid, &info) || info.flags & XEN_DOMINF_dying )
        {
            say("domain %d has been destroyed", domid);
            return EXIT_SUCCESS;
        }
        if ( !(info.flags & XEN_DOMINF_shutdown) )
        {
            if ( wait_event() )
                return EXIT_FAILURE;
            continue;
        }
        restrain(started);
        domid = act(c, domid, info.flags);
        started = now_ms();
    }
    return domid ? EXIT_FAILURE : EXIT_SUCCESS;
}
