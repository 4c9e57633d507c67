/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The description of a domain, read from a configuration by xl's names. It
 * refers to strings of the struct cfg, which has to live as long.
 */
#ifndef PXL_CONFIG_H
#define PXL_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cfg.h"
#include "devspec.h"

enum action {
    ACTION_DESTROY,
    ACTION_RESTART,
    ACTION_RENAME_RESTART,
    ACTION_PRESERVE,
};

#define UUID_SIZE      16U
#define CONFIG_MIN_KIB (1ULL << 10) /* of memory */

struct config {
    struct cfg *cfg;
    const char *name;
    uint8_t uuid[UUID_SIZE];
    const char *kernel;
    const char *ramdisk; /* NULL: none */
    char *cmdline;
    uint64_t memory_kib, maxmem_kib;
    uint32_t vcpus, max_vcpus;
    uint8_t **cpus; /* affinity of each vCPU, hard; NULL: all */
    uint8_t **cpus_soft;
    size_t nr_cpus_maps, nr_soft_maps;
    unsigned int host_cpus;
    uint32_t weight, cap;     /* weight 0: the default */
    unsigned int gic_version; /* 0: the host's, 2 or 3 */
    bool passthrough;         /* with IOMMU tables and a PCI host bridge */
    uint32_t max_grant_frames, max_maptrack_frames; /* ~0: the default */
    uint32_t max_event_channels;
    enum action on_poweroff, on_reboot, on_crash, on_watchdog;
    struct disk_spec *disk;
    size_t nr_disks;
    struct nic_spec *nic;
    size_t nr_nics;
    bool again; /* it was there before: it starts even without a device */
};

/*
 * config_read - what @cfg says, checked as far as can be without the files it
 * names. @host_cpus: physical CPUs. -1 after a message that names the line.
 */
int config_read(struct cfg *cfg, unsigned int host_cpus, struct config *c);
void config_free(struct config *c);

/* config_name_wrong - why a domain cannot be called this, to be freed; NULL: it
 * can. */
char *config_name_wrong(const char *name);

/* uuid_format - "xxxxxxxx-xxxx-...", 37 bytes with the end. */
void uuid_format(const uint8_t *uuid, char *text);

const char *action_name(enum action a);

#endif /* PXL_CONFIG_H */
