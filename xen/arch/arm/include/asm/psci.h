/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PSCI numbers, the firmware's interface, and the one guests get. */
#ifndef ASM_PSCI_H
#define ASM_PSCI_H

#include <stdint.h>

/* DEN0022 issue E, 5.1 "Function prototypes" */
#define PSCI_VERSION           0x84000000U
#define PSCI_CPU_SUSPEND_32    0x84000001U
#define PSCI_CPU_SUSPEND_64    0xc4000001U
#define PSCI_CPU_OFF           0x84000002U
#define PSCI_CPU_ON_32         0x84000003U
#define PSCI_CPU_ON_64         0xc4000003U
#define PSCI_AFFINITY_INFO_32  0x84000004U
#define PSCI_AFFINITY_INFO_64  0xc4000004U
#define PSCI_MIGRATE_INFO_TYPE 0x84000006U
#define PSCI_SYSTEM_OFF        0x84000008U
#define PSCI_SYSTEM_RESET      0x84000009U
#define PSCI_FEATURES          0x8400000aU

#define PSCI_SUCCESS         0
#define PSCI_NOT_SUPPORTED   (-1)
#define PSCI_INVALID_PARAMS  (-2)
#define PSCI_ALREADY_ON      (-4)
#define PSCI_INVALID_ADDRESS (-9)

/* DEN0028 issue F, 7 "Arm architecture calls" */
#define SMCCC_VERSION       0x80000000U
#define SMCCC_ARCH_FEATURES 0x80000001U
#define SMCCC_WORKAROUND_1  0x80008000U
#define SMCCC_WORKAROUND_2  0x80007fffU
#define SMCCC_WORKAROUND_3  0x80003fffU

int64_t psci_call(uint32_t fn, uint64_t a1, uint64_t a2, uint64_t a3);
void psci_init(void);
/* psci_cpu_on - start a CPU at a machine address, MMU off. */
int __attribute__((warn_unused_result))
psci_cpu_on(uint64_t mpidr, uint64_t entry, uint64_t context);
void psci_system_off(void); /* return only when there is no PSCI */
void psci_system_reset(void);

/* do_smccc - a guest's HVC #0 or SMC #0 (vpsci.c). */
struct cpu_regs;
void do_smccc(struct cpu_regs *regs);

#endif /* ASM_PSCI_H */
