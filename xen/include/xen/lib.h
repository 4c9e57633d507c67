/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small things every file uses: messages, assertions, strings, arithmetic.
 * The console behind printk() is xen/common/console.c.
 */
#ifndef XEN_LIB_H
#define XEN_LIB_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/addr.h>
#include <xen/compiler.h>
#include <xen/errno.h>

/*
 * Log levels. ERR: we or the hardware are wrong; WARN: a misbehaving guest;
 * INFO: for administrators; DEBUG: for us. A message without one is INFO.
 */
#define XENLOG_ERR                                                             \
    "\001"                                                                     \
    "0"
#define XENLOG_WARN                                                            \
    "\001"                                                                     \
    "1"
#define XENLOG_INFO                                                            \
    "\001"                                                                     \
    "2"
#define XENLOG_DEBUG                                                           \
    "\001"                                                                     \
    "3"

void printk(const char *fmt, ...) __printf(1, 2);
void vprintk(const char *fmt, va_list args);

/*
 * printk_ratelimited - printk() that drops messages beyond 10 in 5 s (per
 * place), and says how many were dropped when the flow ends.
 */
struct ratelimit {
    uint64_t window_start; /* ns; racy on purpose: only output is at stake */
    unsigned int in_window;
    unsigned int missed;
};
bool ratelimit_allow(struct ratelimit *rl);
#define printk_ratelimited(...)                                                \
    do                                                                         \
    {                                                                          \
        static struct ratelimit rl_;                                           \
        if ( ratelimit_allow(&rl_) )                                           \
            printk(__VA_ARGS__);                                               \
    } while ( 0 )

int snprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
int vsnprintf(char *buf, size_t size, const char *fmt, va_list args);

/* panic - stop the machine with a dump. Only for our own bugs. */
void __noreturn panic(const char *fmt, ...) __printf(1, 2);

/* Facts that only our own code can break; BUG_ON stays in release builds. */
#define BUG() panic("BUG at %s:%d in %s()\n", __FILE__, __LINE__, __func__)
#define BUG_ON(cond)                                                           \
    do                                                                         \
    {                                                                          \
        if ( unlikely(cond) )                                                  \
            panic("BUG_ON(%s) at %s:%d in %s()\n", #cond, __FILE__, __LINE__,  \
                  __func__);                                                   \
    } while ( 0 )

#ifdef CONFIG_DEBUG
#define ASSERT(cond)                                                           \
    do                                                                         \
    {                                                                          \
        if ( unlikely(!(cond)) )                                               \
            panic("ASSERT(%s) failed at %s:%d in %s()\n", #cond, __FILE__,     \
                  __LINE__, __func__);                                         \
    } while ( 0 )
#else
#define ASSERT(cond) ((void)sizeof((cond) ? 1 : 0))
#endif
#define ASSERT_UNREACHABLE() ASSERT(!"reached")

/* min, max - of one type, each argument evaluated once; may be nested. */
#define min_max_2_(a, b, op, n)                                                \
    ({                                                                         \
        __typeof__(a) ma_##n = (a);                                            \
        __typeof__(b) mb_##n = (b);                                            \
        (void)(&ma_##n == &mb_##n);                                            \
        ma_##n op mb_##n ? ma_##n : mb_##n;                                    \
    })
#define min_max_(a, b, op, n) min_max_2_(a, b, op, n)
#define min(a, b)             min_max_(a, b, <, __COUNTER__)
#define max(a, b)             min_max_(a, b, >, __COUNTER__)

#define KiB(n) ((uint64_t)(n) << 10)
#define MiB(n) ((uint64_t)(n) << 20)
#define GiB(n) ((uint64_t)(n) << 30)

void *memcpy(void *dest, const void *src, size_t n);
void *memmove(void *dest, const void *src, size_t n);
void *memset(void *s, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int c, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t n);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *haystack, const char *needle);
size_t strlcpy(char *dest, const char *src, size_t size);
/* strtoull - parse 0x hex, 0 octal or decimal; *end is the first char left. */
unsigned long long strtoull(const char *s, const char **end, unsigned int base);

#endif /* XEN_LIB_H */
