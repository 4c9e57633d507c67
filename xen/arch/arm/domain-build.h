/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between domain-build.c and domain-build-dt.c: dom0 while it is built. */
#ifndef ARM_DOMAIN_BUILD_H
#define ARM_DOMAIN_BUILD_H

#include <xen/lib.h>

#include <xen/domain.h>

/* Loaded by the boot loader; size 0: absent. */
struct boot_module {
    uint64_t start, size;
};

#define DOM0_MAX_BANKS 32U

struct dom0_build {
    struct domain *d;
    struct boot_module kernel, ramdisk;
    const char *bootargs;  /* never NULL */
    unsigned int nr_banks; /* sorted by address, not touching */
    struct {
        uint64_t start, size;
    } bank[DOM0_MAX_BANKS];
    uint64_t grants;             /* an unused guest physical region */
    uint64_t entry, dtb, initrd; /* guest physical addresses */
};

#define DOM0_GRANT_ORDER 6U /* 64 frames: the default maximum */

/*
 * dom0_make_tree - dom0's device tree, generated from the host's. Fills
 * everything but the initrd's place. @size: of the tree, 0 on error.
 * Return: its memory, of order @order, or NULL with a message.
 */
void *dom0_make_tree(const struct dom0_build *b, unsigned int *order);

/*
 * dom0_map_devices - map registers of the host's devices 1:1, route their
 * interrupts, and make dom0 their owner.
 */
int __must_check dom0_map_devices(struct domain *d);

#endif /* ARM_DOMAIN_BUILD_H */
