/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where things are in a guest's memory: its banks of RAM, and in the first the
 * kernel, the ramdisk and the device tree.
 */
#ifndef PXL_PLACE_H
#define PXL_PLACE_H

#include <stddef.h>
#include <stdint.h>

#define GUEST_PAGE 4096ULL
#define MAX_BANKS  2U

struct range {
    uint64_t start, size; /* bytes */
};

/* place_banks - RAM of @size bytes; the number of banks, 0: too much. */
unsigned int place_banks(uint64_t size, struct range bank[MAX_BANKS]);

struct placement {
    struct range kernel;  /* in: size; as much as it uses, bss included */
    struct range ramdisk; /* in: size, 0: none */
    struct range dtb;     /* in: size */
    uint64_t text_offset; /* in */
};

/*
 * place_images - as Xen's toolstack does: the kernel at @text_offset; ramdisk
 * and tree 128 MiB into the bank, where a kernel does not expand to, or at the
 * bank's end, or below the kernel. Starts are page-aligned, sizes stay.
 * Return: 0; -1 they do not fit.
 */
int place_images(const struct range *bank, struct placement *p);

#endif /* PXL_PLACE_H */
