/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TLB maintenance on the host: told to the model of the CPUs. */
#ifndef ASM_TLBI_H
#define ASM_TLBI_H

#include <stdint.h>

void host_tlbi(const char *op, uint64_t arg);

#define tlbi(op)          host_tlbi(#op, 0)
#define tlbi_arg(op, arg) host_tlbi(#op, arg)

#endif /* ASM_TLBI_H */
