/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Structure offsets for entry.S; traps.c asserts that they are right. */
#ifndef ASM_OFFSETS_H
#define ASM_OFFSETS_H

#define REGS_SIZE   272
#define REGS_PC     248
#define REGS_PSTATE 256
#define VCPU_WORK   0

/* HVC #0xEA1 from AArch64: EC 0x16, IL, immediate */
#define ESR_HVC_XEN_LO 0x0ea1
#define ESR_HVC_XEN_HI 0x5a00

#endif /* ASM_OFFSETS_H */
