/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Barriers by purpose. A use says in a comment what it pairs with.
 *   smp_mb/rmb/wmb   between CPUs
 *   dma_wmb/dma_rmb  memory shared with a device, before/after its doorbell
 *   dsb_sy           complete: page-table writes before a walker must see them
 * On the host, tests supply asm/barrier.h.
 */
#ifndef XEN_BARRIER_H
#define XEN_BARRIER_H

#include <asm/barrier.h>

#endif /* XEN_BARRIER_H */
