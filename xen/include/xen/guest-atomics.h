/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Read-modify-write of words that a guest writes at the same time. A guest may
 * keep an exclusive pair from ever succeeding, so attempts are counted, and a
 * domain that wins that long is crashed. Orders all accesses around it.
 */
#ifndef XEN_GUEST_ATOMICS_H
#define XEN_GUEST_ATOMICS_H

#include <xen/lib.h>

struct domain;

#define GUEST_ATOMIC_TRIES 100000U

/* guest_atomic_starved - common/domain.c: crash the domain. */
void guest_atomic_starved(struct domain *d);

/* Each returns the value before; when starved, the last one seen. */
#define GUEST_RMW(name, type, new_value)                                       \
    static inline type name(struct domain *d, type *p, type arg)               \
    {                                                                          \
        type old = __atomic_load_n(p, __ATOMIC_RELAXED);                       \
                                                                               \
        for ( unsigned int i = 0; i < GUEST_ATOMIC_TRIES; i++ )                \
            if ( __atomic_compare_exchange_n(p, &old, (type)(new_value), true, \
                                             __ATOMIC_SEQ_CST,                 \
                                             __ATOMIC_RELAXED) )               \
                return old;                                                    \
        guest_atomic_starved(d);                                               \
        return old;                                                            \
    }

GUEST_RMW(guest_fetch_or64, uint64_t, old | arg)
GUEST_RMW(guest_fetch_and64, uint64_t, old &arg)
GUEST_RMW(guest_fetch_or32, uint32_t, old | arg)
GUEST_RMW(guest_fetch_and32, uint32_t, old &arg)
GUEST_RMW(guest_xchg8, uint8_t, arg)

#undef GUEST_RMW

/* guest_cmpxchg32 - one strong attempt: false updates *old. */
static inline bool guest_cmpxchg32(struct domain *d, uint32_t *p, uint32_t *old,
                                   uint32_t val)
{
    uint32_t expected = *old;

    for ( unsigned int i = 0; i < GUEST_ATOMIC_TRIES; i++ )
    {
        if ( __atomic_compare_exchange_n(p, old, val, true, __ATOMIC_SEQ_CST,
                                         __ATOMIC_RELAXED) )
            return true;
        if ( *old != expected )
            return false;
    }
    guest_atomic_starved(d);
    return false;
}

#endif /* XEN_GUEST_ATOMICS_H */
