/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ASM_PERCPU_H
#define ASM_PERCPU_H

#include <stdint.h>

/*
 * This CPU's distance from the per-CPU template. A function that calls
 * schedule() may continue on another CPU: volatile keeps the compiler from
 * carrying the value across.
 */
static inline uintptr_t this_cpu_offset(void)
{
    uintptr_t off;

    __asm__ volatile("mrs %0, tpidr_el2" : "=r"(off));
    return off;
}

#endif /* ASM_PERCPU_H */
