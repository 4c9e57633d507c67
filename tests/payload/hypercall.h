/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls from a payload into the hypervisor: Xen hypercalls (HVC #0xEA1) and
 * SMCCC calls (HVC #0). No state, no lock.
 * Manual: <public/arch-arm.h> "Hypercall calling convention"; Arm DEN 0028.
 */
#ifndef PAYLOAD_HYPERCALL_H
#define PAYLOAD_HYPERCALL_H

#include <stdint.h>

#include <public/xen.h>

static inline long hypercall5(unsigned long nr, unsigned long a0,
                              unsigned long a1, unsigned long a2,
                              unsigned long a3, unsigned long a4)
{
    register unsigned long x16 __asm__("x16") = nr;
    register unsigned long x0 __asm__("x0") = a0;
    register unsigned long x1 __asm__("x1") = a1;
    register unsigned long x2 __asm__("x2") = a2;
    register unsigned long x3 __asm__("x3") = a3;
    register unsigned long x4 __asm__("x4") = a4;

    __asm__ volatile("hvc #0xea1"
                     : "+r"(x16), "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3),
                       "+r"(x4)
                     :
                     : "memory");

    return (long)x0;
}

/* The usual form: a sub-operation and a pointer to its structure. */
static inline long hypercall(unsigned long nr, unsigned long op, void *arg)
{
    return hypercall5(nr, op, (unsigned long)arg, 0, 0, 0);
}

/* Grant table operations, and console_io with its own order of arguments. */
static inline long hypercall3(unsigned long nr, unsigned long a0,
                              unsigned long a1, const void *a2)
{
    return hypercall5(nr, a0, a1, (unsigned long)a2, 0, 0);
}

#define PSCI_VERSION       0x84000000U
#define PSCI_CPU_OFF       0x84000002U
#define PSCI_CPU_ON        0xc4000003U
#define PSCI_AFFINITY_INFO 0xc4000004U
#define PSCI_FEATURES      0x8400000aU
#define SMCCC_VERSION      0x80000000U

/* 32-bit results come back sign-extended or not; callers compare 32 bits. */
static inline long smccc(unsigned long fn, unsigned long a1, unsigned long a2,
                         unsigned long a3)
{
    register unsigned long x0 __asm__("x0") = fn;
    register unsigned long x1 __asm__("x1") = a1;
    register unsigned long x2 __asm__("x2") = a2;
    register unsigned long x3 __asm__("x3") = a3;

    __asm__ volatile("hvc #0"
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
                     :
                     : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12",
                       "x13", "x14", "x15", "x16", "x17", "memory");

    return (long)x0;
}

#endif
