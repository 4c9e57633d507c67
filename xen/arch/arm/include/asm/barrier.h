/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ASM_BARRIER_H
#define ASM_BARRIER_H

#define isb()      __asm__ volatile("isb" ::: "memory")
#define dsb(scope) __asm__ volatile("dsb " #scope ::: "memory")
#define dmb(scope) __asm__ volatile("dmb " #scope ::: "memory")

#define smp_mb()  dmb(ish)
#define smp_rmb() dmb(ishld)
#define smp_wmb() dmb(ishst)
#define dma_wmb() dmb(oshst)
#define dma_rmb() dmb(oshld)
#define dsb_sy()  dsb(sy)

#define cpu_relax() __asm__ volatile("yield" ::: "memory")
#define sev()       __asm__ volatile("sev" ::: "memory")
#define wfe()       __asm__ volatile("wfe" ::: "memory")
#define wfi()       __asm__ volatile("wfi" ::: "memory")

#endif /* ASM_BARRIER_H */
