/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libfdt_env.h - what libfdt expects from its surroundings, at EL2.
 *
 * The library is Debian's source, compiled with the hypervisor's flags
 * (tools/libfdt.sh).  Its own version of this header includes the C library's;
 * this one takes the memory and string functions from xen/common.
 */
#ifndef LIBFDT_ENV_H
#define LIBFDT_ENV_H

#include <stddef.h>
#include <stdint.h>

#include <xen/lib.h>

#define INT_MAX  __INT_MAX__
#define UINT_MAX (INT_MAX * 2U + 1U)

/* Names that libfdt.h uses: values in big-endian order. */
typedef uint16_t fdt16_t;
typedef uint32_t fdt32_t;
typedef uint64_t fdt64_t;

static inline uint16_t fdt16_to_cpu(fdt16_t x)
{
    return __builtin_bswap16(x);
}

static inline fdt16_t cpu_to_fdt16(uint16_t x)
{
    return __builtin_bswap16(x);
}

static inline uint32_t fdt32_to_cpu(fdt32_t x)
{
    return __builtin_bswap32(x);
}

static inline fdt32_t cpu_to_fdt32(uint32_t x)
{
    return __builtin_bswap32(x);
}

static inline uint64_t fdt64_to_cpu(fdt64_t x)
{
    return __builtin_bswap64(x);
}

static inline fdt64_t cpu_to_fdt64(uint64_t x)
{
    return __builtin_bswap64(x);
}

#endif /* LIBFDT_ENV_H */
