/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Barriers on the host: those that a device can notice reach its model. */
#ifndef ASM_BARRIER_H
#define ASM_BARRIER_H

void host_barrier(void);
void host_dsb(const char *scope);

#define isb()       __asm__ volatile("" ::: "memory")
#define smp_mb()    __sync_synchronize()
#define smp_rmb()   __sync_synchronize()
#define smp_wmb()   __sync_synchronize()
#define dma_wmb()   host_barrier()
#define dma_rmb()   __sync_synchronize()
#define dsb_sy()    host_barrier()
#define dsb(scope)  host_dsb(#scope)
#define cpu_relax() __asm__ volatile("" ::: "memory")

#endif /* ASM_BARRIER_H */
