/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Before drivers: the device tree and the UART that firmware has set up. */
#ifndef ASM_EARLY_H
#define ASM_EARLY_H

#include <xen/addr.h>

/* early_el1_message - head.S, at EL1 with the MMU off: why we stop. */
void early_el1_message(const void *fdt);

/* early_map_fdt - the tree, up to 2 MiB from @fdt_ma, read-only. */
const void *early_map_fdt(maddr_t fdt_ma);
/* early_console_init - early_putc() (xen/console.h) works from here, if stdout-path names a
 * UART we know; console.c uses it until a driver registers. */
void early_console_init(const void *fdt);

#endif /* ASM_EARLY_H */
