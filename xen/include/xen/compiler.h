/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every file may ask of the compiler: attributes, single accesses,
 * container_of. Freestanding, includes nothing of ours.
 */
#ifndef XEN_COMPILER_H
#define XEN_COMPILER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define __must_check   __attribute__((__warn_unused_result__))
#define __maybe_unused __attribute__((__unused__))
#define __packed       __attribute__((__packed__))
#define __aligned(x)   __attribute__((__aligned__(x)))
#define __section(s)   __attribute__((__section__(s)))
#define __used         __attribute__((__used__))
#define __weak         __attribute__((__weak__))
#define __printf(f, a) __attribute__((__format__(__printf__, f, a)))
#define __noreturn     __attribute__((__noreturn__))
#define noinline       __attribute__((__noinline__))
#undef __always_inline /* the host's libc has it too */
#define __always_inline inline __attribute__((__always_inline__))

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* The compiler may neither move memory accesses across it nor drop them. */
#define barrier() __asm__ __volatile__("" ::: "memory")

/* Exactly one access of the object's own size; no ordering. */
#define READ_ONCE(x)     (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define container_of(ptr, type, member)                                        \
    ({                                                                         \
        __typeof__(((type *)NULL)->member) *ptr_ = (ptr);                      \
        (type *)(void *)((char *)ptr_ - offsetof(type, member));               \
    })

#endif /* XEN_COMPILER_H */
