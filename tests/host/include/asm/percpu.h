/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One CPU: per-CPU variables are their own template. */
#ifndef ASM_PERCPU_H
#define ASM_PERCPU_H

#include <stdint.h>

static inline uintptr_t this_cpu_offset(void)
{
    return 0;
}

#endif /* ASM_PERCPU_H */
