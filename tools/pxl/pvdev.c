/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pvdev.c - paravirtual devices in xenstore; see pvdev.h.
 *
 * A backend starts with a device when it finds it in state Initialising. It
 * ends with it when it is not "online" and the frontend has closed, or is
 * gone; then its state is Closed.
 */
#include "pvdev.h"
#include "pxl.h"
#include "xs.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <xen/io/xenbus.h>

#define BACKEND_MS 10000U
#define CLOSE_MS   10000U

char *pv_front_path(const struct pv_device *d)
{
    return xasprintf("/local/domain/%d/device/%s/%u", d->domid, d->type,
                     d->devid);
}

char *pv_back_path(const struct pv_device *d)
{
    return xasprintf("/local/domain/0/backend/%s/%d/%u", d->type, d->domid,
                     d->devid);
}

static uint64_t back_state(const struct pv_device *d)
{
    return xs_get_number(XenbusStateUnknown,
                         "/local/domain/0/backend/%s/%d/%u/state", d->type,
                         d->domid, d->devid);
}

bool pv_exists(const struct pv_device *d)
{
    return back_state(d) != XenbusStateUnknown;
}

uint32_t *pv_list(const char *type, int domid, size_t *nr)
{
    unsigned int n;
    char **names = xs_dir(&n, "/local/domain/0/backend/%s/%d", type, domid);
    uint32_t *ids = xcalloc(n, sizeof(*ids));

    for ( unsigned int i = 0; i < n; i++ )
        ids[i] = (uint32_t)strtoul(names[i], NULL, 10);
    free(names);
    *nr = n;
    return ids;
}

uint32_t pv_port(const struct pv_device *d)
{
    static const char *const keys[] = {"event-channel", "event-channel-tx",
                                       "queue-0/event-channel",
                                       "queue-0/event-channel-tx"};
    char *front = pv_front_path(d);
    uint64_t port = 0;

    for ( size_t i = 0; !port && i < sizeof(keys) / sizeof(keys[0]); i++ )
        port = xs_get_number(0, "%s/%s", front, keys[i]);
    free(front);
    return (uint32_t)port;
}

/* ---- drivers ---- */

void module_load(const char *module)
{
    char *argv[] = {xstrdup("modprobe"), xstrdup("-q"), xstrdup(module), NULL};
    char *env[] = {xstrdup("PATH=/sbin:/usr/sbin:/bin:/usr/bin"), NULL};
    posix_spawn_file_actions_t quiet;
    pid_t pid;
    int status;

    posix_spawn_file_actions_init(&quiet);
    posix_spawn_file_actions_addopen(&quiet, STDERR_FILENO, "/dev/null",
                                     O_WRONLY, 0);
    if ( !posix_spawnp(&pid, "modprobe", &quiet, NULL, argv, env) )
        while ( waitpid(pid, &status, 0) < 0 && errno == EINTR )
            continue;
    posix_spawn_file_actions_destroy(&quiet);
    for ( size_t i = 0; argv[i]; i++ )
        free(argv[i]);
    free(env[0]);
}

int pv_driver(const char *type, const char *module)
{
    char *path = xasprintf("/sys/bus/xen-backend/drivers/%s", type);
    bool there = !access(path, F_OK);

    if ( !there )
    {
        module_load(module);
        there = !access(path, F_OK);
    }
    free(path);
    if ( there )
        return 0;
    err("dom0's kernel has no backend for %s devices: load the module %s", type,
        module);
    return -1;
}

/* ---- coming ---- */

struct add {
    const struct pv_device *d;
    const struct pv_entries *e;
    char *front, *back;
};

static int put_all(const char *path, const struct pv_entry *entry, size_t nr)
{
    for ( size_t i = 0; i < nr; i++ )
        if ( xs_put(entry[i].value, "%s/%s", path, entry[i].key) )
            return -1;
    return 0;
}

static int add_entries(void *arg)
{
    const struct add *a = arg;
    unsigned int domid = (unsigned int)a->d->domid;
    char id[16];

    snprintf(id, sizeof(id), "%u", domid);
    if ( xs_del("%s", a->front) || xs_del("%s", a->back) ||
         xs_own(domid, 0, "%s", a->front) || xs_own(0, domid, "%s", a->back) ||
         xs_put(a->back, "%s/backend", a->front) ||
         xs_put("0", "%s/backend-id", a->front) ||
         put_all(a->front, a->e->front, a->e->nr_front) ||
         xs_put("1", "%s/state", a->front) ||
         xs_put(a->front, "%s/frontend", a->back) ||
         xs_put(id, "%s/frontend-id", a->back) ||
         xs_put("1", "%s/online", a->back) ||
         put_all(a->back, a->e->back, a->e->nr_back) ||
         xs_put("1", "%s/state", a->back) )
        return -1;
    return 0;
}

int pv_add(const struct pv_device *d, const struct pv_entries *e)
{
    struct add a = {d, e, pv_front_path(d), pv_back_path(d)};
    int rc = xs_transaction(add_entries, &a);

    free(a.front);
    free(a.back);
    return rc;
}

int pv_wait_backend(const struct pv_device *d)
{
    uint64_t since = now_ms();
    char *why;

    while ( back_state(d) < XenbusStateInitWait &&
            now_ms() - since < BACKEND_MS )
    {
        progress_wait("waiting for dom0's backend", since, BACKEND_MS);
        wait_ms(10);
    }
    progress_end();
    if ( back_state(d) >= XenbusStateInitWait &&
         back_state(d) <= XenbusStateConnected )
        return 0;
    why = xs_get("/local/domain/0/error/backend/%s/%d/%u/error", d->type,
                 d->domid, d->devid);
    err("dom0's backend did not take the %s device %u of domain %d%s%s",
        d->type, d->devid, d->domid, why ? ": " : "", why ? why : "");
    free(why);
    return -1;
}

/* ---- going ---- */

struct closing {
    char *front, *back;
    bool force;
};

static int close_entries(void *arg)
{
    const struct closing *c = arg;
    uint64_t state = xs_get_number(0, "%s/state", c->back);

    if ( c->force && xs_del("%s", c->front) )
        return -1;
    if ( !state )
        return 0;
    if ( xs_put("0", "%s/online", c->back) )
        return -1;
    if ( state < XenbusStateClosing && xs_put("5", "%s/state", c->back) )
        return -1;
    return 0;
}

int pv_close(const struct pv_device *d, bool force)
{
    struct closing c = {pv_front_path(d), pv_back_path(d), force};
    int rc = xs_transaction(close_entries, &c);

    free(c.front);
    free(c.back);
    return rc;
}

/* Both ends, and the folders that they leave empty. */
static int remove_ends(const struct pv_device *d)
{
    char *front = pv_front_path(d), *back = pv_back_path(d);
    int rc = xs_del("%s", front) | xs_del("%s", back) |
             xs_del("/local/domain/0/error/backend/%s/%d/%u", d->type, d->domid,
                    d->devid);
    unsigned int nr;
    char **names;

    free(front);
    free(back);
    names = xs_dir(&nr, "/local/domain/0/backend/%s/%d", d->type, d->domid);
    free(names);
    if ( !nr )
        rc |= xs_del("/local/domain/0/backend/%s/%d", d->type, d->domid);
    return rc ? -1 : 0;
}

int pv_forget(const struct pv_device *d, bool force)
{
    char *back = pv_back_path(d);
    int rc = xs_wait_state(back, XenbusStateClosed, CLOSE_MS);
    bool waits = rc && errno == ETIMEDOUT;

    free(back);
    if ( waits && !force )
    {
        err("the guest does not let go of its %s device %u: is it in use "
            "there? --force takes it away",
            d->type, d->devid);
        return -1;
    }
    if ( waits )
        warn("dom0's backend did not close the %s device %u of domain %d",
             d->type, d->devid, d->domid);
    return remove_ends(d);
}
