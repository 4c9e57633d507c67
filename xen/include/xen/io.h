/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Device registers: read8..read64 and write8..write64 on a mapped address,
 * one access each, not reordered against other device accesses. Stores to
 * memory that a device will fetch need a barrier (xen/barrier.h) before the
 * write that tells it so. On the host, tests supply asm/io.h.
 */
#ifndef XEN_IO_H
#define XEN_IO_H

#include <stdint.h>
#include <asm/io.h>

#endif /* XEN_IO_H */
