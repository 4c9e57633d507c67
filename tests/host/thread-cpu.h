/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Forced in first, in place of asm/percpu.h: a thread is a CPU. */
#ifndef ASM_PERCPU_H
#define ASM_PERCPU_H

#include <stdint.h>

extern _Thread_local uintptr_t thread_cpu_offset;

static inline uintptr_t this_cpu_offset(void)
{
    return thread_cpu_offset;
}

#endif /* ASM_PERCPU_H */
