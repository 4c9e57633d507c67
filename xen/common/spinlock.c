/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ticket locks, and the check of lock order in debug builds. */
#include <xen/spinlock.h>

#include <xen/barrier.h>
#include <xen/smp.h>

#ifdef CONFIG_DEBUG
/* Locks of each rank that this CPU holds, and a bit for each that it does. */
static DEFINE_PER_CPU(uint8_t[32], rank_count);
static DEFINE_PER_CPU(uint32_t, ranks_held);

static void order_check(const spinlock_t *l, bool nested)
{
    uint32_t bit = 1U << l->rank, held = this_cpu(ranks_held);

    if ( l->rank && (held >= 2 * bit || (held & bit && !nested)) )
        panic("lock order: rank %u taken with ranks %#x held\n", l->rank, held);
}

static void order_taken(const spinlock_t *l)
{
    this_cpu(rank_count)[l->rank]++;
    this_cpu(ranks_held) |= 1U << l->rank;
}

void spin_check_call(void)
{
    if ( this_cpu(ranks_held) & ~(1U << LOCK_RANK_HYPERCALL) )
        panic("lock order: other CPUs called with ranks %#x held\n",
              this_cpu(ranks_held));
}

static void order_released(const spinlock_t *l)
{
    if ( !--this_cpu(rank_count)[l->rank] )
        this_cpu(ranks_held) &= ~(1U << l->rank);
}
#else
static void order_check(const spinlock_t *l, bool nested)
{
    (void)l;
    (void)nested;
}

static void order_taken(const spinlock_t *l)
{
    (void)l;
}

void spin_check_call(void)
{
}

static void order_released(const spinlock_t *l)
{
    (void)l;
}
#endif

void spin_lock_init(spinlock_t *l, enum lock_rank rank)
{
    *l = (spinlock_t)SPINLOCK_INIT(rank);
}

static void lock_wait(spinlock_t *l)
{
    uint32_t old = __atomic_fetch_add(&l->tickets, 0x10000, __ATOMIC_ACQUIRE);
    uint16_t ticket = (uint16_t)(old >> 16);

    while ( (uint16_t)old != ticket )
    {
        if ( l->rank == LOCK_RANK_HYPERCALL )
            smp_call_serve();
        cpu_relax();
        old = __atomic_load_n(&l->owner, __ATOMIC_ACQUIRE);
    }
    l->cpu = (uint16_t)(smp_processor_id() + 1);
    order_taken(l);
}

void spin_lock(spinlock_t *l)
{
    order_check(l, false);
    lock_wait(l);
}

void spin_lock_nested(spinlock_t *l)
{
    order_check(l, true);
    lock_wait(l);
}

bool spin_trylock(spinlock_t *l)
{
    uint32_t old = __atomic_load_n(&l->tickets, __ATOMIC_RELAXED);

    if ( (uint16_t)old != (uint16_t)(old >> 16) ||
         !__atomic_compare_exchange_n(&l->tickets, &old, old + 0x10000, false,
                                      __ATOMIC_ACQUIRE, __ATOMIC_RELAXED) )
        return false;
    l->cpu = (uint16_t)(smp_processor_id() + 1);
    order_taken(l);
    return true;
}

void spin_unlock(spinlock_t *l)
{
    order_released(l);
    l->cpu = 0;
    __atomic_store_n(&l->owner, (uint16_t)(l->owner + 1), __ATOMIC_RELEASE);
}

bool spin_is_locked(const spinlock_t *l)
{
    return l->owner != l->next;
}

bool spin_is_held(const spinlock_t *l)
{
    return l->cpu == smp_processor_id() + 1;
}
