/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading and writing system registers by their manual name. */
#ifndef ASM_SYSREG_H
#define ASM_SYSREG_H

#include <stdint.h>

#define sysreg_read(reg)                                                       \
    ({                                                                         \
        uint64_t sysreg_v_;                                                    \
        __asm__ volatile("mrs %0, " #reg : "=r"(sysreg_v_));                   \
        sysreg_v_;                                                             \
    })
#define sysreg_write(reg, value)                                               \
    do                                                                         \
    {                                                                          \
        uint64_t sysreg_v_ = (value);                                          \
        __asm__ volatile("msr " #reg ", %x0" : : "rZ"(sysreg_v_) : "memory");  \
    } while ( 0 )

#endif /* ASM_SYSREG_H */
