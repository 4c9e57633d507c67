/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A new domain's contents: RAM, kernel, ramdisk, device tree, the pages it
 * shares with dom0's daemons, the registers of its first vCPU.
 */
#ifndef PXL_BUILD_H
#define PXL_BUILD_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "dt.h"
#include "image.h"
#include "place.h"

/* Frames of Xen's guest layout (public/arch-arm.h: GUEST_MAGIC_BASE). */
#define CONSOLE_GFN  0x39000ULL
#define XENSTORE_GFN 0x39001ULL
#define VMEVENT_GFN  0x39002ULL

struct build {
    const struct config *config;
    uint16_t domid;
    unsigned int gic_version; /* 2 or 3 */
    unsigned int gpaddr_bits;
    bool msi; /* it has a message frame */
    uint32_t store_port, console_port;

    struct dt_config dt;
    struct image kernel, ramdisk;
    struct kernel_header header;
    struct range bank[MAX_BANKS];
    unsigned int nr_banks;
    struct placement place;
};

/*
 * build_open - the files, read and checked, and the place of all; to be done
 * before the domain is made. build_close() gives them back.
 */
int build_open(struct build *b, const struct config *c);
void build_close(struct build *b);

/*
 * build_pool - the size to ask for of a domain's pool of page tables: 1 MiB
 * for each vCPU, 4 KiB for each MiB, and a bit; libxl's. The hypervisor takes
 * twice as much, as devices have tables of their own.
 */
uint64_t build_pool(const struct config *c);

/*
 * build_wait_memory - until the host has enough for the domain: what one that
 * died had comes back a little later. -1 after a message with the numbers.
 */
int build_wait_memory(const struct config *c);

/* build_domain - fill @b->domid, whose limits and vCPUs are set. */
int build_domain(struct build *b);

#endif /* PXL_BUILD_H */
