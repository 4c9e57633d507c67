/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory as a master sees it that does not snoop: lines reach it when the CPU
 * cleans them to the point of coherency. Off until enabled; then lines that
 * were never cleaned read as zero, with a message.
 */
#ifndef HW_ARM_RCAR_CLEAN_H
#define HW_ARM_RCAR_CLEAN_H

#include "exec/hwaddr.h"

void rcar_clean_enable(void);
/* A descriptor; false: the address is no memory. */
bool rcar_clean_read(hwaddr pa, uint64_t *value);

#endif
