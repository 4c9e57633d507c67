/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vif.c - paravirtual network interfaces; see vif.h.
 *
 * netback makes dom0's end when it has seen the device, and connects it to
 * the guest once "hotplug-status" says that the network is there. Elsewhere a
 * script of udev does that; here it is done by ioctl.
 */
#include "vif.h"
#include "cmd.h"
#include "json.h"
#include "netif.h"
#include "pv-cmd.h"
#include "pvdev.h"
#include "pxl.h"
#include "table.h"
#include "xs.h"

#include <ctype.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MODULE         "xen-netback"
#define SCRIPT         "/etc/xen/scripts/vif-bridge"
#define NETIF_MS       10000U
#define MAX_PER_DOMAIN 256U

static const char *bridge_of(const struct nic_spec *spec)
{
    return spec->bridge ? spec->bridge : VIF_BRIDGE;
}

int vif_check(const struct nic_spec *spec, char **why)
{
    const char *bridge = bridge_of(spec);

    *why = NULL;
    if ( !netif_exists(bridge) )
        *why = xasprintf("there is no bridge %s: make it (ip link add %s type "
                         "bridge; ip link set %s up) or name another with "
                         "bridge=",
                         bridge, bridge, bridge);
    else if ( !netif_is_bridge(bridge) )
        *why = xasprintf("%s is no bridge", bridge);
    else if ( spec->vifname && netif_exists(spec->vifname) )
        *why = xasprintf("there is an interface %s already", spec->vifname);
    return *why ? -1 : 0;
}

static int add_entries(const struct pv_device *d, const struct nic_spec *spec)
{
    char id[16], mac[24], rate[48], mtu[16];
    const struct pv_entry front[] = {
        {"handle", id}, {"mac", mac}, {"mtu", mtu}};
    char *text; /* with what the configuration may have left out */
    struct pv_entry back[11] = {
        {"handle", id},
        {"mac", mac},
        {"type", "vif"},
        {"bridge", bridge_of(spec)},
        /* netback wants one; nothing runs it */
        {"script", spec->script ? spec->script : SCRIPT},
        {"hotplug-status", ""},
    };
    struct pv_entries e = {front, back, spec->mtu ? 3 : 2, 6};
    int rc;

    snprintf(id, sizeof(id), "%u", d->devid);
    snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", spec->mac[0],
             spec->mac[1], spec->mac[2], spec->mac[3], spec->mac[4],
             spec->mac[5]);
    snprintf(mtu, sizeof(mtu), "%u", spec->mtu);
    text = xasprintf("%s,mac=%s,devid=%u", spec->text, mac, d->devid);
    back[e.nr_back++] = (struct pv_entry){PV_SPEC, text};
    if ( spec->rate_bytes )
    {
        snprintf(rate, sizeof(rate), "%" PRIu64 ",%" PRIu64, spec->rate_bytes,
                 spec->rate_us);
        back[e.nr_back++] = (struct pv_entry){"rate", rate};
    }
    if ( spec->vifname )
        back[e.nr_back++] = (struct pv_entry){"vifname", spec->vifname};
    if ( spec->ip )
        back[e.nr_back++] = (struct pv_entry){"ip", spec->ip};
    rc = pv_add(d, &e);
    free(text);
    return rc;
}

static int wait_netif(const char *name)
{
    uint64_t since = now_ms();
    bool there;

    while ( !(there = netif_exists(name)) && now_ms() - since < NETIF_MS )
    {
        progress_wait("waiting for dom0's netback", since, NETIF_MS);
        wait_ms(10);
    }
    progress_end();
    if ( there )
        return 0;
    err("dom0's netback did not make %s", name);
    return -1;
}

static int connect_netif(const struct pv_device *d, const struct nic_spec *spec)
{
    char *made = xasprintf("vif%d.%u", d->domid, d->devid);
    const char *name = spec->vifname ? spec->vifname : made;
    int rc = wait_netif(made);

    if ( !rc && spec->vifname )
        rc = netif_rename(made, name);
    if ( !rc )
        rc = netif_set_mtu(name, spec->mtu, bridge_of(spec));
    if ( !rc )
        rc = netif_add_to_bridge(name, bridge_of(spec));
    if ( !rc )
        rc = netif_up(name);
    if ( !rc )
        rc = xs_put("connected",
                    "/local/domain/0/backend/vif/%d/%u/hotplug-status",
                    d->domid, d->devid);
    free(made);
    return rc;
}

static int free_devid(int domid, uint32_t *devid)
{
    for ( *devid = 0; *devid < MAX_PER_DOMAIN; (*devid)++ )
    {
        const struct pv_device d = {"vif", domid, *devid};

        if ( !pv_exists(&d) )
            return 0;
    }
    err("domain %d has %u network interfaces: no more", domid, MAX_PER_DOMAIN);
    return -1;
}

int vif_add(int domid, const struct nic_spec *spec)
{
    struct pv_device d = {"vif", domid, (uint32_t)spec->devid};
    char *why;

    if ( spec->devid < 0 && free_devid(domid, &d.devid) )
        return -1;
    if ( pv_exists(&d) )
    {
        err("vif: domain %d has number %u already", domid, d.devid);
        return -1;
    }
    if ( vif_check(spec, &why) )
    {
        err("vif: %s", why);
        free(why);
        return -1;
    }
    if ( pv_driver("vif", MODULE) || add_entries(&d, spec) )
        return -1;
    if ( !pv_wait_backend(&d) && !connect_netif(&d, spec) )
        return 0;
    (void)pv_close(&d, true);
    (void)pv_forget(&d, true);
    return -1;
}

int vif_remove(int domid, uint32_t devid, bool force)
{
    const struct pv_device d = {"vif", domid, devid};

    return pv_close(&d, force) ? -1 : pv_forget(&d, force);
}

/* ---- commands ---- */

int cmd_network_attach(int argc, char **argv)
{
    struct nic_spec spec;
    char *text, *longer, *why;
    int domid, rc;

    if ( options(argc, argv, "", NULL) != -1 )
        return EXIT_FAILURE;
    if ( optind == argc )
        return usage(argv[0]);
    domid = domain_arg(argv[optind++]);
    if ( domid < 0 )
        return EXIT_FAILURE;
    text = xstrdup("");
    for ( ; optind < argc; optind++ )
    {
        longer = xasprintf("%s%s%s", text, *text ? "," : "", argv[optind]);
        free(text);
        text = longer;
    }
    rc = nic_parse(text, &spec, &why);
    if ( rc )
    {
        err("vif '%s': %s", text, why);
        free(why);
    }
    free(text);
    if ( rc )
        return EXIT_FAILURE;
    rc = (!spec.has_mac && nic_random_mac(&spec)) || vif_add(domid, &spec);
    nic_free(&spec);
    return rc ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* A number, or a MAC address. */
static int devid_arg(int domid, const char *arg, uint32_t *devid)
{
    size_t nr, i;
    uint32_t *ids = pv_list("vif", domid, &nr);
    bool found = false;

    for ( i = 0; i < nr && !found; i++ )
    {
        char *number = xasprintf("%u", ids[i]);
        char *mac =
            xs_get("/local/domain/0/backend/vif/%d/%u/mac", domid, ids[i]);

        found = !strcmp(arg, number) || (mac && !strcasecmp(arg, mac));
        *devid = ids[i];
        free(number);
        free(mac);
    }
    free(ids);
    if ( found )
        return 0;
    err("domain %d has no network interface %s; 'pxl network-list' shows what "
        "it has",
        domid, arg);
    return -1;
}

static void list_one(struct table *t, int domid, uint32_t devid)
{
    const struct pv_device d = {"vif", domid, devid};
    char *back = pv_back_path(&d);
    char *mac = xs_get("%s/mac", back), *bridge = xs_get("%s/bridge", back);
    char *name = xs_get("%s/vifname", back);
    uint64_t state = xs_get_number(0, "%s/state", back);
    uint32_t port = pv_port(&d);

    if ( !name )
        name = xasprintf("vif%d.%u", domid, devid);
    if ( t )
    {
        table_cell(t, "%u", devid);
        table_cell(t, "%d", domid);
        table_cell(t, "%s", mac ? mac : "-");
        table_cell(t, "%" PRIu64, state);
        table_cell(t, "%u", port);
        table_cell(t, "%s", name);
        table_cell(t, "%s", bridge ? bridge : "-");
    }
    else
    {
        json_object(NULL);
        json_number("domid", (uint64_t)domid);
        json_number("devid", devid);
        json_string("mac", mac);
        json_string("vifname", name);
        json_string("bridge", bridge);
        json_number("state", state);
        json_number("event_channel", port);
        json_string("backend", back);
        json_end();
    }
    free(mac);
    free(bridge);
    free(name);
    free(back);
}

static const struct pv_kind kind = {
    .type = "vif",
    .columns = "Idx|Dom|<MAC address|State|Evtchn|<Interface|<Bridge",
    .find = devid_arg,
    .remove = vif_remove,
    .list_one = list_one,
};

int cmd_network_detach(int argc, char **argv)
{
    return pv_cmd_detach(&kind, argc, argv);
}

int cmd_network_list(int argc, char **argv)
{
    return pv_cmd_list(&kind, argc, argv);
}
