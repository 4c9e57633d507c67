/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Masks, fields, rounding and bit searches. Everything is 64 bits wide unless
 * its name says 32, so that no shift is ever done in an int.
 */
#ifndef XEN_BITS_H
#define XEN_BITS_H

#include <stdbool.h>
#include <stdint.h>

#define BIT64(n) (UINT64_C(1) << (n))
#define BIT32(n) (UINT32_C(1) << (n))

/* Bits high..low, both included, as the manuals write fields. */
#define GENMASK64(high, low)                                                   \
    ((~UINT64_C(0) >> (63 - (high))) & (~UINT64_C(0) << (low)))
#define GENMASK32(high, low)                                                   \
    ((~UINT32_C(0) >> (31 - (high))) & (~UINT32_C(0) << (low)))

/* A register field named by its mask. The mask must not be zero. */
#define FIELD_GET(mask, word)                                                  \
    (((uint64_t)(word) & (uint64_t)(mask)) >> __builtin_ctzll(mask))
#define FIELD_PREP(mask, value)                                                \
    (((uint64_t)(value) << __builtin_ctzll(mask)) & (uint64_t)(mask))

/* Alignment to a power of two. */
#define IS_ALIGNED(x, a)   (((uint64_t)(x) & ((uint64_t)(a)-1)) == 0)
#define ROUNDDOWN(x, a)    ((uint64_t)(x) & ~((uint64_t)(a)-1))
#define ROUNDUP(x, a)      ROUNDDOWN((uint64_t)(x) + (uint64_t)(a)-1, a)
#define DIV_ROUND_UP(n, d) (((n) + (d)-1) / (d))

#define MIN(a, b)                                                              \
    ({                                                                         \
        __typeof__(a) min_a_ = (a);                                            \
        __typeof__(b) min_b_ = (b);                                            \
        min_a_ < min_b_ ? min_a_ : min_b_;                                     \
    })
#define MAX(a, b)                                                              \
    ({                                                                         \
        __typeof__(a) max_a_ = (a);                                            \
        __typeof__(b) max_b_ = (b);                                            \
        max_a_ > max_b_ ? max_a_ : max_b_;                                     \
    })

/* One more than the index of the lowest (highest) set bit; 0 for 0. */
static inline unsigned int ffs64(uint64_t x)
{
    return x ? (unsigned int)__builtin_ctzll(x) + 1 : 0;
}

static inline unsigned int fls64(uint64_t x)
{
    return x ? 64 - (unsigned int)__builtin_clzll(x) : 0;
}

/* log2 rounded down. x must not be 0. */
static inline unsigned int ilog2(uint64_t x)
{
    return 63 - (unsigned int)__builtin_clzll(x);
}

static inline bool is_power_of_2(uint64_t x)
{
    return x && !(x & (x - 1));
}

/* Smallest order with (4 KiB << order) >= size, and the same for pages. */
static inline unsigned int order_from_pages(uint64_t nr)
{
    return nr <= 1 ? 0 : ilog2(nr - 1) + 1;
}

static inline unsigned int order_from_bytes(uint64_t size)
{
    return order_from_pages((size >> 12) + ((size & 0xfff) != 0));
}

static inline unsigned int popcount64(uint64_t x)
{
    /* No instruction without SIMD; the compiler's own would be a call. */
    x -= x >> 1 & UINT64_C(0x5555555555555555);
    x = (x & UINT64_C(0x3333333333333333)) +
        (x >> 2 & UINT64_C(0x3333333333333333));
    x = (x + (x >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return (unsigned int)(x * UINT64_C(0x0101010101010101) >> 56);
}

#endif /* XEN_BITS_H */
