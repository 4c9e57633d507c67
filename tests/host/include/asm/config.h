/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The EL2 address space as far as a host process can have it. */
#ifndef HOST_ASM_CONFIG_H
#define HOST_ASM_CONFIG_H

#include_next <asm/config.h>

#undef DIRECTMAP_VIRT
#define DIRECTMAP_VIRT UINT64_C(0x200000000000)

#endif /* HOST_ASM_CONFIG_H */
