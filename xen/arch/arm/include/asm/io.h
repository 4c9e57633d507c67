/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Base register addressing only: the one form whose syndrome is valid should
 * EL2 itself run under another hypervisor. */
#ifndef ASM_IO_H
#define ASM_IO_H

#include <stdint.h>

#define IO_ACCESSORS(bits, suffix, w)                                          \
    static inline uint##bits##_t read##bits(const volatile void *addr)         \
    {                                                                          \
        uint##bits##_t value;                                                  \
                                                                               \
        __asm__ volatile("ldr" suffix " %" w "0, [%1]"                         \
                         : "=r"(value)                                         \
                         : "r"(addr)                                           \
                         : "memory");                                          \
        return value;                                                          \
    }                                                                          \
    static inline void write##bits(volatile void *addr, uint##bits##_t value)  \
    {                                                                          \
        __asm__ volatile("str" suffix " %" w "0, [%1]"                         \
                         :                                                     \
                         : "r"(value), "r"(addr)                               \
                         : "memory");                                          \
    }

IO_ACCESSORS(8, "b", "w")
IO_ACCESSORS(16, "h", "w")
IO_ACCESSORS(32, "", "w")
IO_ACCESSORS(64, "", "x")

#endif /* ASM_IO_H */
