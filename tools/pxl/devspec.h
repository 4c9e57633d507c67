/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What disk = [...] and vif = [...] say: text to structures and back. Nothing
 * here touches a device; what is wrong is returned in words.
 */
#ifndef PXL_DEVSPEC_H
#define PXL_DEVSPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * xl-disk-configuration(5): TARGET,[FORMAT],VDEV,ACCESS or KEY=VALUE,... ; the
 * old form phy:TARGET,VDEV,ACCESS as well. Raw images and block devices.
 */
struct disk_spec {
    char *text;   /* as it was given */
    char *target; /* "": no medium (a cdrom) */
    char *vdev;   /* as it was given: "xvda" */
    uint32_t devid;
    bool readonly;
    bool shared; /* w!: others may write it too */
    bool cdrom;
    bool direct_io_safe;
    bool no_discard;
};

/* disk_parse - @why: what is wrong, to be freed; then @spec needs no free. */
int disk_parse(const char *text, struct disk_spec *spec, char **why);
void disk_free(struct disk_spec *spec);

/* vdev_parse - "xvda3", "sdb", "hdc", "d2p1": the number that frontends know;
 * -1 when it is none. */
int64_t vdev_parse(const char *vdev);

/* xl-network-configuration(5). */
struct nic_spec {
    char *text; /* as it was given */
    uint8_t mac[6];
    char *bridge;  /* NULL: the default */
    char *script;  /* kept for others to read; never run */
    char *vifname; /* NULL: vifDOMID.DEVID */
    char *ip;
    uint64_t rate_bytes; /* in each rate_us; 0: no limit */
    uint64_t rate_us;
    uint32_t mtu;  /* 0: the bridge's */
    int32_t devid; /* -1: the next */
    bool has_mac;
};

int nic_parse(const char *text, struct nic_spec *spec, char **why);
void nic_free(struct nic_spec *spec);

/* nic_random_mac - 00:16:3e:..., when the configuration gave none. */
int nic_random_mac(struct nic_spec *spec);

/* rate_parse - "10MB/s", "1Mb/s@20ms". -1: none. */
int rate_parse(const char *text, uint64_t *bytes, uint64_t *us);

#endif /* PXL_DEVSPEC_H */
