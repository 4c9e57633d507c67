// SPDX-License-Identifier: GPL-2.0-or-later
/* list-config.c - list -l: a domain's configuration, in libxl's words. */
#include <stdio.h>
#include <stdlib.h>

#include "json.h"
#include "list.h"
#include "pxl.h"
#include "sched.h"
#include "xs.h"

static void json_xs(const char *field, const char *path)
{
    char *text = xs_get("%s", path);

    if ( text )
        json_number(field, strtoull(text, NULL, 10));
    free(text);
}

static void json_vcpus(const domain_info_t *d)
{
    unsigned int i, nr = d->max_vcpu_id + 1;

    json_number("max_vcpus", nr);
    json_array("avail_vcpus");
    for ( i = 0; i < nr; i++ )
    {
        char *online =
            xs_get("/local/domain/%u/cpu/%u/availability", d->domain, i);

        if ( !online || online[1] == 'n' )
            json_number(NULL, i);
        free(online);
    }
    json_end();
}

static void json_memory(const domain_info_t *d)
{
    char *path = xasprintf("/local/domain/%u/memory/static-max", d->domain);

    json_xs("max_memkb", path);
    free(path);
    path = xasprintf("/local/domain/%u/memory/target", d->domain);
    json_xs("target_memkb", path);
    free(path);
}

void json_config(const domain_info_t *d, const char *name)
{
    struct xen_domctl_sched_credit2 sched;
    char uuid[37];

    domain_uuid(d, uuid);
    json_object(NULL);
    json_number("domid", d->domain);
    json_object("config");

    json_object("c_info");
    json_string("type", "pvh");
    json_string("name", name);
    json_string("uuid", uuid);
    json_end();

    json_object("b_info");
    json_vcpus(d);
    json_memory(d);
    if ( sched_get(d->domain, &sched) >= 0 )
    {
        json_object("sched_params");
        json_string("sched", "credit2");
        json_number("weight", sched.weight);
        json_number("cap", sched.cap);
        json_end();
    }
    json_end();

    json_end();
    json_end();
}
