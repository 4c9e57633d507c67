/* SPDX-License-Identifier: GPL-2.0-or-later */
/* unit-rig.c - see unit-rig.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* xen/lib.h has its own strtoull: no stdlib.h. */
void abort(void) __attribute__((noreturn));

#include <cmocka.h>

#include "unit-rig.h"

#include <proxenos.h>

#include <xen/console.h>
#include <xen/device-tree.h>
#include <xen/iommu.h>
#include <xen/pci.h>
#include <xen/softirq.h>
#include <xen/time.h>

struct unit_rig unit_rig;

static void (*softirq_handler)(void);
static struct tasklet *tasklets;
struct dt_node *dt_root;
LIST_HEAD(domain_list);
DEFINE_SPINLOCK(domlist_lock, LOCK_RANK_DOMLIST);

/* ---- locks ---- */

static enum lock_rank held[16];
static unsigned int nr_held;

void spin_lock_init(spinlock_t *l, enum lock_rank rank)
{
    *l = (spinlock_t)SPINLOCK_INIT((uint16_t)rank);
}

void spin_lock(spinlock_t *l)
{
    assert_int_equal(l->cpu, 0);
    if ( nr_held )
        assert_true(l->rank > held[nr_held - 1]);
    assert_true(nr_held < ARRAY_SIZE(held));
    held[nr_held++] = l->rank;
    l->cpu = 1;
}

bool spin_trylock(spinlock_t *l)
{
    if ( l->cpu )
        return false;
    spin_lock(l);
    return true;
}

void spin_unlock(spinlock_t *l)
{
    assert_int_equal(l->cpu, 1);
    assert_true(nr_held && held[nr_held - 1] == l->rank);
    nr_held--;
    l->cpu = 0;
}

bool spin_is_held(const spinlock_t *l)
{
    return l->cpu;
}

unsigned int unit_rig_locks(void)
{
    return nr_held;
}

/* ---- clock, console ---- */

/* Each look at the clock takes 10 us. */
s_time_t NOW(void)
{
    return unit_rig.now += MICROSECS(10);
}

void panic(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    abort();
}

bool ratelimit_allow(struct ratelimit *rl)
{
    (void)rl;
    return true;
}

void keyhandler_register(char key, void (*fn)(char key), const char *desc)
{
    (void)key;
    (void)fn;
    (void)desc;
}

/* ---- work put off ---- */

void softirq_open(enum softirq nr, void (*handler)(void))
{
    assert_int_equal(nr, SOFTIRQ_IOMMU);
    softirq_handler = handler;
}

void softirq_raise(enum softirq nr)
{
    assert_int_equal(nr, SOFTIRQ_IOMMU);
    unit_rig.softirq = true;
}

void tasklet_init(struct tasklet *t, void (*function)(void *), void *data)
{
    *t = (struct tasklet){.function = function, .data = data};
}

void tasklet_schedule(struct tasklet *t)
{
    if ( t->scheduled )
        return;
    t->scheduled = 1;
    t->next = tasklets;
    tasklets = t;
}

void rig_softirqs(void)
{
    assert_int_equal(nr_held, 0);
    while ( unit_rig.softirq )
    {
        unit_rig.softirq = false;
        softirq_handler();
    }
    while ( tasklets )
    {
        struct tasklet *t = tasklets;

        tasklets = t->next;
        t->scheduled = 0;
        t->function(t->data);
    }
}

/* ---- domains ---- */

void domain_crash(struct domain *d, const char *fmt, ...)
{
    (void)fmt;
    /* It shows the vCPU that is running, with its tables. */
    assert_int_equal(nr_held, 0);
    unit_rig.nr_crashes++;
    unit_rig.crashed = d;
}

void domain_put(struct domain *d)
{
    d->refcount--;
    unit_rig.nr_puts++;
}

int rig_assign(struct domain *d, struct device *dev)
{
    int rc;

    spin_lock(&device_lock);
    rc = iommu_assign_device(d, dev);
    spin_unlock(&device_lock);
    return rc;
}

int rig_deassign(struct device *dev)
{
    int rc;

    spin_lock(&device_lock);
    rc = iommu_deassign_device(dev);
    spin_unlock(&device_lock);
    return rc;
}

size_t strlcpy(char *dst, const char *src, size_t size)
{
    return (size_t)snprintf(dst, size, "%s", src);
}

bool pci_notice(struct pci_dev *pdev)
{
    (void)pdev;
    return false;
}

unsigned int pci_reset_kind(const struct pci_dev *pdev)
{
    return pdev->has_flr ? PX_RESET_FLR : PX_RESET_NONE;
}

void iommu_dt_add_masters(void)
{
}

void unit_rig_reset(void)
{
    unit_rig = (struct unit_rig){0};
    nr_held = 0;
    tasklets = NULL;
}
