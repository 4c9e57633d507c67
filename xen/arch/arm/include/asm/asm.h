/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For assembly files only. */
#ifndef ASM_ASM_H
#define ASM_ASM_H

/* This is no C: */
/* clang-format off */

#define ENTRY(name)                                                            \
    .globl name;                                                               \
    .type name, %function;                                                     \
    .balign 16;                                                                \
    name:
#define END(name) .size name, . - name

/* PC-relative address of a symbol in the image, before or after the MMU. */
.macro  adr_l, reg, sym
        adrp    \reg, \sym
        add     \reg, \reg, :lo12:\sym
.endm

#endif /* ASM_ASM_H */
