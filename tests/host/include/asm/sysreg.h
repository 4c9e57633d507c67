/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System registers on the host, by name: the test that models them answers. */
#ifndef ASM_SYSREG_H
#define ASM_SYSREG_H

#include <stdint.h>

uint64_t host_sysreg_read(const char *reg);
void host_sysreg_write(const char *reg, uint64_t value);

#define sysreg_read(reg)         host_sysreg_read(#reg)
#define sysreg_write(reg, value) host_sysreg_write(#reg, value)

#endif /* ASM_SYSREG_H */
