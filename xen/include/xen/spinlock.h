/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fair ticket spinlocks with a rank (xen/lock-order.h), and reader-writer
 * locks are not needed: readers that must not block use other means.
 * EL2 runs with interrupts masked, so there is only one flavour.
 */
#ifndef XEN_SPINLOCK_H
#define XEN_SPINLOCK_H

#include <xen/lib.h>
#include <xen/lock-order.h>

typedef struct spinlock {
    union {
        uint32_t tickets; /* atomic */
        struct {
            uint16_t owner; /* ticket being served */
            uint16_t next;  /* next ticket to hand out */
        };
    };
    uint16_t rank;
    uint16_t cpu; /* holder + 1, 0 when free: for dumps and assertions */
} spinlock_t;

#define SPINLOCK_INIT(r)                                                       \
    {                                                                          \
        .tickets = 0, .rank = (r)                                              \
    }
#define DEFINE_SPINLOCK(name, r) spinlock_t name = SPINLOCK_INIT(r)

void spin_lock_init(spinlock_t *l, enum lock_rank rank);
void spin_lock(spinlock_t *l);
/* spin_lock_nested - second lock of the same rank, in the documented order. */
void spin_lock_nested(spinlock_t *l);
bool __must_check spin_trylock(spinlock_t *l);
void spin_unlock(spinlock_t *l);
bool spin_is_locked(const spinlock_t *l);
/* spin_is_held - is the lock held by this CPU? For ASSERT(). */
bool spin_is_held(const spinlock_t *l);
/* spin_check_call - debug builds: panic if this CPU holds a lock that others
 * wait for without serving calls (smp_call_on()). */
void spin_check_call(void);

#endif /* XEN_SPINLOCK_H */
