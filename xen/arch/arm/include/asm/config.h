/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The EL2 address space: 48 bits, one 512 GiB slot (level-0 entry) or more
 * for each use. Used by assembly, C and the linker script.
 *
 *   0x0000_0000_0000   identity map of the image, in boot_root only
 *   0x8000_0000_0000   direct map: every RAM bank at DIRECTMAP_VIRT + maddr
 *   0xf000_0000_0000   ioremap: device registers, allocated in order
 *   0xf100_0000_0000   stacks, each below an unmapped page
 *   0xf800_0000_0000   frame table: page_info of frame n at + n * 32
 *   0xff00_0000_0000   the image
 */
#ifndef ASM_CONFIG_H
#define ASM_CONFIG_H

#ifdef __ASSEMBLY__
#define ASM_UL(x) x
#else
#define ASM_UL(x) x##UL
#endif

#define DIRECTMAP_VIRT  ASM_UL(0x0000800000000000)
#define DIRECTMAP_SIZE  ASM_UL(0x0000400000000000)
#define IOREMAP_VIRT    ASM_UL(0x0000f00000000000)
#define IOREMAP_SIZE    ASM_UL(0x0000008000000000)
#define STACKS_VIRT     ASM_UL(0x0000f10000000000)
#define STACKS_SIZE     ASM_UL(0x0000000100000000)
#define FRAMETABLE_VIRT ASM_UL(0x0000f80000000000)
#define FRAMETABLE_SIZE ASM_UL(0x0000008000000000)
#define XEN_VIRT        ASM_UL(0x0000ff0000000000)

/* The image and its bss: one level-3 table. */
#define XEN_SIZE ASM_UL(0x200000)

#define BOOT_STACK_SIZE 16384

/* MAIR_EL2: PGT_MAIR of xen/pgtable.h, asserted in mm.c. */
#define MAIR_EL2_VALUE ASM_UL(0x0004ff44)

#endif /* ASM_CONFIG_H */
