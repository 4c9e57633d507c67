/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network interfaces of dom0's kernel, by ioctl. */
#ifndef PXL_NETIF_H
#define PXL_NETIF_H

#include <stdbool.h>
#include <stdint.h>

bool netif_exists(const char *name);
bool netif_is_bridge(const char *name);
/* All: 0, or -1 after a message. An interface must be down to be renamed. */
int netif_rename(const char *name, const char *to);
int netif_up(const char *name);
/* netif_set_mtu - @mtu 0: that of @bridge. */
int netif_set_mtu(const char *name, uint32_t mtu, const char *bridge);
int netif_add_to_bridge(const char *name, const char *bridge);

#endif /* PXL_NETIF_H */
