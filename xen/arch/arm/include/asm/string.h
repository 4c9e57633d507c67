/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two steps of string.c that are worth instructions of their own. */
#ifndef ASM_STRING_H
#define ASM_STRING_H

#include <stddef.h>
#include <stdint.h>

static inline void copy16(void *dest, const void *src)
{
    uint64_t a, b;

    __asm__ volatile("ldp %0, %1, [%2]"
                     : "=&r"(a), "=r"(b)
                     : "r"(src)
                     : "memory");
    __asm__ volatile("stp %0, %1, [%2]"
                     :
                     : "r"(a), "r"(b), "r"(dest)
                     : "memory");
}

/*
 * zero_blocks - zero from the 8-byte aligned @p on, as far as whole words go,
 * by DC ZVA where 64-byte blocks are offered; returns the bytes done.
 */
static inline size_t zero_blocks(void *p, size_t n)
{
    char *at = p, *end = at + (n & ~(size_t)7);
    uint64_t dczid;

    __asm__("mrs %0, dczid_el0" : "=r"(dczid));
    if ( n >= 256 && (dczid & 0x1f) == 4 )
    {
        while ( (uintptr_t)at & 63 )
        {
            __asm__ volatile("str xzr, [%0]" : : "r"(at) : "memory");
            at += 8;
        }
        for ( ; end - at >= 256; at += 256 )
            __asm__ volatile("dc zva, %0\n\tdc zva, %1\n\t"
                             "dc zva, %2\n\tdc zva, %3"
                             :
                             : "r"(at), "r"(at + 64), "r"(at + 128),
                               "r"(at + 192)
                             : "memory");
    }
    for ( ; at < end; at += 8 )
        __asm__ volatile("str xzr, [%0]" : : "r"(at) : "memory");
    return (size_t)(at - (char *)p);
}

#endif /* ASM_STRING_H */
