/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store.c - a domain in xenstore; see store.h. The paths are those of Xen's
 * docs/misc/xenstore-paths.
 */
#include "store.h"
#include "build.h"
#include "pxl.h"
#include "xs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct entry {
    const char *key, *value;
};

static int put_all(const char *path, const struct entry *e, size_t nr)
{
    for ( size_t i = 0; i < nr; i++ )
        if ( xs_put(e[i].value, "%s/%s", path, e[i].key) )
            return -1;
    return 0;
}

#define PUT_ALL(path, entries)                                                 \
    put_all(path, entries, sizeof(entries) / sizeof((entries)[0]))

struct domain_entries {
    const struct config *c;
    int domid;
    uint32_t store_port, console_port;
    char *dom, *vm;
};

/* Below these the guest may write. */
static int own_folders(const struct domain_entries *a)
{
    static const char *const guests[] = {"control/shutdown",
                                         "control/feature-poweroff",
                                         "control/feature-reboot",
                                         "control/feature-suspend",
                                         "control/sysrq",
                                         "device/suspend/event-channel",
                                         "data",
                                         "drivers",
                                         "feature",
                                         "attr",
                                         "error"};
    static const char *const ours[] = {"cpu",     "memory",  "device",
                                       "control", "console", "backend"};
    unsigned int domid = (unsigned int)a->domid;

    for ( size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++ )
        if ( xs_own(0, domid, "%s/%s", a->dom, ours[i]) )
            return -1;
    for ( size_t i = 0; i < sizeof(guests) / sizeof(guests[0]); i++ )
        if ( xs_own(domid, 0, "%s/%s", a->dom, guests[i]) )
            return -1;
    return 0;
}

static int put_vm(const struct domain_entries *a, const char *uuid)
{
    char now[32];
    const struct entry e[] = {
        {"uuid", uuid},
        {"name", a->c->name},
        {"image/ostype", "linux"},
        {"image/kernel", a->c->kernel},
        {"image/ramdisk", a->c->ramdisk ? a->c->ramdisk : ""},
        {"image/cmdline", a->c->cmdline},
        {"start_time", now},
    };

    snprintf(now, sizeof(now), "%lld.00", (long long)time(NULL));
    return PUT_ALL(a->vm, e);
}

static int put_cpus(const struct domain_entries *a)
{
    for ( uint32_t i = 0; i < a->c->max_vcpus; i++ )
        if ( xs_put(i < a->c->vcpus ? "online" : "offline",
                    "%s/cpu/%u/availability", a->dom, i) )
            return -1;
    return 0;
}

static int put_domain(const struct domain_entries *a)
{
    char id[16], max[24], target[24], port[16], ring[24];
    const struct entry e[] = {
        {"name", a->c->name},
        {"domid", id},
        {"vm", a->vm},
        {"memory/static-max", max},
        {"memory/target", target},
        {"memory/videoram", "0"},
        {"store/port", port},
        {"store/ring-ref", ring},
        {"control/platform-feature-multiprocessor-suspend", "1"},
        {"control/platform-feature-xs_reset_watches", "1"},
    };

    snprintf(id, sizeof(id), "%d", a->domid);
    snprintf(max, sizeof(max), "%llu", (unsigned long long)a->c->maxmem_kib);
    snprintf(target, sizeof(target), "%llu",
             (unsigned long long)a->c->memory_kib);
    snprintf(port, sizeof(port), "%u", a->store_port);
    snprintf(ring, sizeof(ring), "%llu", XENSTORE_GFN);
    return PUT_ALL(a->dom, e) || put_cpus(a) ? -1 : 0;
}

/* xenconsoled finds it here; "tty" is what it answers. */
static int put_console(const struct domain_entries *a)
{
    char *front = xasprintf("%s/console", a->dom);
    char *back = xasprintf("/local/domain/0/backend/console/%d/0", a->domid);
    char id[16], port[16], ring[24];
    const struct entry f[] = {
        {"backend", back},       {"backend-id", "0"}, {"limit", "1048576"},
        {"type", "xenconsoled"}, {"output", "pty"},   {"tty", ""},
        {"port", port},          {"ring-ref", ring},
    };
    const struct entry b[] = {
        {"frontend", front}, {"frontend-id", id},   {"online", "1"},
        {"state", "1"},      {"protocol", "vt100"},
    };
    int rc;

    snprintf(id, sizeof(id), "%d", a->domid);
    snprintf(port, sizeof(port), "%u", a->console_port);
    snprintf(ring, sizeof(ring), "%llu", CONSOLE_GFN);
    rc = xs_own(0, (unsigned int)a->domid, "%s", back) || PUT_ALL(back, b) ||
         PUT_ALL(front, f);
    free(front);
    free(back);
    return rc ? -1 : 0;
}

/* For tools that look for it: xl's list and its kind. */
static int put_libxl(const struct domain_entries *a)
{
    return xs_own(0, 0, "/libxl/%d", a->domid) ||
                   xs_put("pvh", "/libxl/%d/type", a->domid)
               ? -1
               : 0;
}

/* dom0 has no entries of its own when nothing else made them. */
static int put_dom0(void)
{
    char *name = xs_get("/local/domain/0/name");
    int rc = 0;

    if ( !name )
        rc = xs_put("Domain-0", "/local/domain/0/name") ||
             xs_put("0", "/local/domain/0/domid");
    free(name);
    return rc;
}

static int put_everything(void *arg)
{
    const struct domain_entries *a = arg;
    unsigned int domid = (unsigned int)a->domid;
    const char *uuid = a->vm + strlen("/vm/");

    if ( put_dom0() || xs_del("%s", a->dom) || xs_del("%s", a->vm) ||
         xs_own(0, domid, "%s", a->dom) || xs_own(0, domid, "%s", a->vm) ||
         own_folders(a) || put_vm(a, uuid) || put_domain(a) || put_console(a) ||
         put_libxl(a) )
        return -1;
    return 0;
}

int store_domain(const struct config *c, int domid, uint32_t store_port,
                 uint32_t console_port)
{
    struct domain_entries a = {c, domid, store_port, console_port, NULL, NULL};
    char uuid[40];
    int rc;

    uuid_format(c->uuid, uuid);
    a.dom = xasprintf("/local/domain/%d", domid);
    a.vm = xasprintf("/vm/%s", uuid);
    rc = xs_transaction(put_everything, &a);
    free(a.dom);
    free(a.vm);
    if ( rc )
        return -1;
    if ( xs_introduce_domain(xs_conn(), (unsigned int)domid, XENSTORE_GFN,
                             store_port) )
        return 0;
    err("xenstored did not take domain %d: %s", domid, strerror(errno));
    return -1;
}

/* No transaction: xenstored, which cleans up after a domain that ends at the
 * same time, lets it fail. */
void store_forget(int domid)
{
    char *vm = xs_get("/local/domain/%d/vm", domid);

    if ( vm && *vm == '/' )
        (void)xs_del("%s", vm);
    (void)xs_del("/local/domain/%d", domid);
    (void)xs_del("/local/domain/0/backend/console/%d", domid);
    (void)xs_del("/libxl/%d", domid);
    free(vm);
}

int store_find(const char *name)
{
    unsigned int nr;
    char **ids = xs_dir(&nr, "/local/domain");
    int found = -1;

    for ( unsigned int i = 0; found < 0 && i < nr; i++ )
    {
        char *other = xs_get("/local/domain/%s/name", ids[i]);

        if ( other && !strcmp(other, name) )
            found = atoi(ids[i]);
        free(other);
    }
    free(ids);
    return found;
}

struct preserve {
    int domid;
    const char *name;
    char uuid[40];
};

static int preserve_entries(void *arg)
{
    const struct preserve *p = arg;
    char *old = xs_get("/local/domain/%d/vm", p->domid);
    char *vm = xasprintf("/vm/%s", p->uuid);
    int rc = xs_own(0, (unsigned int)p->domid, "%s", vm) ||
             xs_put(p->uuid, "%s/uuid", vm) || xs_put(p->name, "%s/name", vm) ||
             xs_put(vm, "/local/domain/%d/vm", p->domid) ||
             xs_put(p->name, "/local/domain/%d/name", p->domid) ||
             (old && *old == '/' && xs_del("%s", old));

    free(old);
    free(vm);
    return rc ? -1 : 0;
}

int store_preserve(int domid, const char *name, const uint8_t *uuid)
{
    struct preserve p = {.domid = domid, .name = name};

    uuid_format(uuid, p.uuid);
    return xs_transaction(preserve_entries, &p);
}
