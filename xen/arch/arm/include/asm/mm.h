/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between mm.c, bootmem.c and the boot code only. */
#ifndef ASM_MM_H
#define ASM_MM_H

#include <xen/mm.h>

/*
 * bootmem: RAM banks and what of them is free while there is no allocator.
 * bootmem_scan reads the flat tree. Returns 0, or -EINVAL with a message.
 */
int __must_check bootmem_scan(const void *fdt, maddr_t fdt_ma,
                              maddr_t image_start, maddr_t image_end);
/* bootmem_free - free range @i; false past the last. */
bool bootmem_free(unsigned int i, maddr_t *start, maddr_t *end);
/* bootmem_take - @size bytes, at an address congruent to @congruent modulo
 * 2 MiB, from the highest place possible; INVALID_MADDR when none. */
maddr_t bootmem_take(uint64_t size, uint64_t congruent);

extern uint64_t xen_ttbr0;                  /* head.S: what other CPUs load */
extern uint64_t boot_l1[512], boot_l2[512]; /* head.S: the image's tables */
extern char _start[], _etext[], _srodata[], _sdata[], _end[];

#endif /* ASM_MM_H */
