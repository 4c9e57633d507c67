/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netif.c - network interfaces by ioctl; see netif.h and netdevice(7). */
#include "netif.h"
#include "pxl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/sockios.h>
#include <net/if.h>

static int request(unsigned long what, struct ifreq *r)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc;

    if ( fd < 0 )
        return -errno;
    rc = ioctl(fd, what, r) ? -errno : 0;
    close(fd);
    return rc;
}

static struct ifreq of_name(const char *name)
{
    struct ifreq r;

    memset(&r, 0, sizeof(r));
    strncpy(r.ifr_name, name, IFNAMSIZ - 1);
    return r;
}

bool netif_exists(const char *name)
{
    return if_nametoindex(name) != 0;
}

bool netif_is_bridge(const char *name)
{
    char *path = xasprintf("/sys/class/net/%s/bridge", name);
    bool yes = !access(path, F_OK);

    free(path);
    return yes;
}

static int failed(const char *name, const char *what, int rc)
{
    err("cannot %s %s: %s", what, name, strerror(-rc));
    return -1;
}

int netif_rename(const char *name, const char *to)
{
    struct ifreq r = of_name(name);
    int rc;

    strncpy(r.ifr_newname, to, IFNAMSIZ - 1);
    rc = request(SIOCSIFNAME, &r);
    return rc ? failed(name, "rename", rc) : 0;
}

int netif_up(const char *name)
{
    struct ifreq r = of_name(name);
    int rc = request(SIOCGIFFLAGS, &r);

    if ( !rc )
    {
        r.ifr_flags = (short)(r.ifr_flags | IFF_UP);
        rc = request(SIOCSIFFLAGS, &r);
    }
    return rc ? failed(name, "start", rc) : 0;
}

int netif_set_mtu(const char *name, uint32_t mtu, const char *bridge)
{
    struct ifreq r = of_name(bridge);
    int rc = 0;

    if ( mtu )
        r.ifr_mtu = (int)mtu;
    else
        rc = request(SIOCGIFMTU, &r);
    if ( !rc )
    {
        struct ifreq set = of_name(name);

        set.ifr_mtu = r.ifr_mtu;
        rc = request(SIOCSIFMTU, &set);
    }
    return rc ? failed(name, "set the MTU of", rc) : 0;
}

int netif_add_to_bridge(const char *name, const char *bridge)
{
    struct ifreq r = of_name(bridge);
    int rc;

    r.ifr_ifindex = (int)if_nametoindex(name);
    rc = request(SIOCBRADDIF, &r);
    if ( !rc )
        return 0;
    err("cannot add %s to bridge %s: %s", name, bridge, strerror(-rc));
    return -1;
}
