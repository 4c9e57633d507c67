/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cache maintenance on the host: told to the model of who does not snoop. */
#ifndef ASM_CACHE_H
#define ASM_CACHE_H

#include <stddef.h>

void cache_clean(const void *va, size_t size);
void cache_clean_invalidate(const void *va, size_t size);

#endif /* ASM_CACHE_H */
