/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Data-cache maintenance by address, to the point of coherency, ended by a
 * barrier that completes it. On the host, tests supply asm/cache.h.
 *   cache_clean(va, size)             memory sees what we wrote
 *   cache_clean_invalidate(va, size)  and we will see what others write
 */
#ifndef XEN_CACHE_H
#define XEN_CACHE_H

#include <stddef.h>
#include <asm/cache.h>

#endif /* XEN_CACHE_H */
