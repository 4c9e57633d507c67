/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TLB maintenance instructions by their manual name; complete after a DSB. */
#ifndef ASM_TLBI_H
#define ASM_TLBI_H

#define tlbi(op) __asm__ volatile("tlbi " #op ::: "memory")
#define tlbi_arg(op, arg)                                                      \
    __asm__ volatile("tlbi " #op ", %0" : : "r"(arg) : "memory")

#endif /* ASM_TLBI_H */
