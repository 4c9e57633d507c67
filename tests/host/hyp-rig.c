/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hyp-rig.c - see hyp-rig.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* xen/lib.h has its own, of another type. */
#define strtoull host_strtoull
#include <stdlib.h>
#undef strtoull

#include <cmocka.h>

#include "hyp-rig.h"

#include <xen/cache.h>
#include <xen/guest-atomics.h>
#include <xen/guest-copy.h>
#include <xen/hypercall.h>
#include <xen/softirq.h>

struct domain *rig_dom[RIG_DOMAINS];
struct rig_p2m rig_p2m[RIG_DOMAINS];
unsigned int rig_injected[RIG_DOMAINS][RIG_VCPUS];
unsigned int rig_crashes;
long rig_alloc_fail;
bool rig_preempt;

static uint8_t *ram;
static struct page_info frames[RIG_FRAMES];
static unsigned long nr_allocs;

/* One CPU per thread. */
static _Thread_local struct vcpu *running;
struct vcpu *percpu_current_vcpu;
unsigned int percpu_cpu_id;
unsigned int p2m_ipa_bits = 40;

struct domain *hardware_domain;
static struct domain xen_domain = {.domain_id = DOMID_XEN};
struct domain *const dom_xen = &xen_domain;

/* ---- locks: order and double use are checked, per thread ---- */

static _Thread_local const spinlock_t *held[16];
static _Thread_local unsigned int nr_held;

void spin_lock_init(spinlock_t *l, enum lock_rank rank)
{
    *l = (spinlock_t)SPINLOCK_INIT((uint16_t)rank);
}

static void take(spinlock_t *l)
{
    uint32_t zero = 0;

    for ( unsigned int i = 0; i < nr_held; i++ )
        assert_ptr_not_equal(held[i], l);
    while ( !__atomic_compare_exchange_n(&l->tickets, &zero, 1, false,
                                         __ATOMIC_ACQUIRE, __ATOMIC_RELAXED) )
        zero = 0;
    held[nr_held++] = l;
}

void spin_lock(spinlock_t *l)
{
    for ( unsigned int i = 0; i < nr_held; i++ )
        assert_true(held[i]->rank < l->rank);
    take(l);
}

void spin_lock_nested(spinlock_t *l)
{
    for ( unsigned int i = 0; i < nr_held; i++ )
        assert_true(held[i]->rank <= l->rank);
    take(l);
}

bool spin_trylock(spinlock_t *l)
{
    spin_lock(l);
    return true;
}

void spin_unlock(spinlock_t *l)
{
    unsigned int i;

    for ( i = 0; i < nr_held && held[i] != l; i++ )
        ;
    assert_true(i < nr_held);
    held[i] = held[--nr_held];
    __atomic_store_n(&l->tickets, 0, __ATOMIC_RELEASE);
}

bool spin_is_held(const spinlock_t *l)
{
    for ( unsigned int i = 0; i < nr_held; i++ )
        if ( held[i] == l )
            return true;
    return false;
}

static void assert_no_lock(void)
{
    assert_int_equal(nr_held, 0);
}

/* ---- memory ---- */

static bool alloc_fails(void)
{
    return rig_alloc_fail >= 0 && rig_alloc_fail-- == 0;
}

void *xzalloc_bytes(size_t size, size_t align)
{
    void *p;

    if ( alloc_fails() )
        return NULL;
    if ( align < sizeof(void *) )
        align = sizeof(void *);
    size = (size + align - 1) & ~(align - 1);
    p = aligned_alloc(align, size);
    memset(p, 0, size);
    __atomic_fetch_add(&nr_allocs, 1, __ATOMIC_RELAXED);
    return p;
}

void xfree(void *p)
{
    if ( p )
        __atomic_fetch_sub(&nr_allocs, 1, __ATOMIC_RELAXED);
    free(p);
}

bool mfn_is_ram(mfn_t mfn)
{
    return mfn_x(mfn) < RIG_FRAMES;
}

bool mfn_range_is_ram(mfn_t mfn, uint64_t nr)
{
    return mfn_is_ram(mfn) && nr <= RIG_FRAMES - mfn_x(mfn);
}

struct page_info *mfn_to_page(mfn_t mfn)
{
    assert_true(mfn_is_ram(mfn));
    return &frames[mfn_x(mfn)];
}

mfn_t page_to_mfn(const struct page_info *pg)
{
    return _mfn((uint64_t)(pg - frames));
}

void *mfn_to_virt(mfn_t mfn)
{
    assert_true(mfn_is_ram(mfn));
    return ram + (mfn_x(mfn) << PAGE_SHIFT);
}

bool get_page(struct page_info *pg, const struct domain *d)
{
    if ( !pg->count || pg->owner != d )
        return false;
    pg->count++;
    return true;
}

/* As the real one: the last reference frees the frame. */
void put_page(struct page_info *pg)
{
    assert_true(pg->count > 0);
    if ( --pg->count )
        return;
    if ( pg->owner == dom_xen )
        nr_allocs--;
    pg->owner = NULL;
    memset(page_to_virt(pg), 0xdd, PAGE_SIZE);
}

void page_release(struct page_info *pg)
{
    /* once, whoever asks */
    if ( !(pg->flags & PGF_ALLOCATED) )
        return;
    pg->flags = 0;
    put_page(pg);
}

struct page_info *alloc_domain_pages(struct domain *d, unsigned int order,
                                     unsigned int flags)
{
    if ( alloc_fails() || order )
        return NULL;
    for ( unsigned int i = 0; i < RIG_FRAMES; i++ )
        if ( !frames[i].owner )
        {
            frames[i].owner = d;
            frames[i].count = 1;
            frames[i].flags = PGF_ALLOCATED;
            if ( flags & ALLOC_ZERO )
                memset(page_to_virt(&frames[i]), 0, PAGE_SIZE);
            nr_allocs += d == dom_xen;
            return &frames[i];
        }
    return NULL;
}

/* ---- address spaces: a table of frames each ---- */

static bool type_has_ref(enum p2m_type t)
{
    return t >= P2M_GRANT_RW && t <= P2M_FOREIGN_RO;
}

static bool type_is_ro(enum p2m_type t)
{
    return t == P2M_RAM_RO || t == P2M_GRANT_RO || t == P2M_FOREIGN_RO;
}

mfn_t p2m_lookup(struct domain *d, gfn_t gfn, enum p2m_type *type,
                 unsigned int *order)
{
    struct rig_p2m *p = &rig_p2m[d->domain_id];
    bool in = gfn_x(gfn) < RIG_GFNS;

    if ( type )
        *type = in ? p->type[gfn_x(gfn)] : P2M_INVALID;
    if ( order )
        *order = 0;
    return in ? p->mfn[gfn_x(gfn)] : INVALID_MFN;
}

bool pgt_lookup(const struct pgt *pgt, uint64_t ia, struct pgt_leaf *leaf)
{
    struct domain *d =
        (struct domain *)((uintptr_t)pgt - offsetof(struct domain, p2m.pgt));
    enum p2m_type type = P2M_INVALID;
    mfn_t mfn = p2m_lookup(d, _gfn(ia >> PAGE_SHIFT), &type, NULL);

    *leaf = (struct pgt_leaf){.attr = {.sw = (uint8_t)type}};
    return !mfn_eq(mfn, INVALID_MFN);
}

struct page_info *p2m_get_page(struct domain *d, gfn_t gfn, bool write,
                               enum p2m_type *type)
{
    enum p2m_type t;
    mfn_t mfn = p2m_lookup(d, gfn, &t, NULL);
    struct page_info *pg;

    if ( t == P2M_INVALID || (write && type_is_ro(t)) || !mfn_is_ram(mfn) )
        return NULL;
    pg = mfn_to_page(mfn);
    if ( !get_page(pg, pg->owner) )
        return NULL;
    if ( type )
        *type = t;
    return pg;
}

int p2m_set_entry(struct p2m *p2m, gfn_t gfn, unsigned int order, mfn_t mfn,
                  enum p2m_type type)
{
    struct rig_p2m *p = &rig_p2m[p2m->d->domain_id];
    uint64_t i = gfn_x(gfn);

    assert_int_equal(order, 0);
    assert_true(spin_is_held(&p2m->lock));
    if ( i >= RIG_GFNS )
        return -EINVAL;
    if ( type == P2M_INVALID )
    {
        if ( type_has_ref(p->type[i]) )
            put_page(mfn_to_page(p->mfn[i]));
        p->type[i] = P2M_INVALID;
        p->mfn[i] = INVALID_MFN;
        return 0;
    }
    if ( p->type[i] != P2M_INVALID )
        return -EEXIST;
    if ( alloc_fails() )
        return -ENOMEM;
    p->type[i] = type;
    p->mfn[i] = mfn;
    return 0;
}

int p2m_add_page(struct domain *d, gfn_t gfn, mfn_t mfn, enum p2m_type type)
{
    int rc;

    spin_lock(&d->p2m.lock);
    rc = p2m_set_entry(&d->p2m, gfn, 0, mfn, type);
    spin_unlock(&d->p2m.lock);
    return rc;
}

int p2m_remove_page(struct domain *d, gfn_t gfn, mfn_t mfn)
{
    struct rig_p2m *p = &rig_p2m[d->domain_id];
    int rc = -ENOENT;

    spin_lock(&d->p2m.lock);
    if ( gfn_x(gfn) < RIG_GFNS && p->type[gfn_x(gfn)] != P2M_INVALID &&
         (mfn_eq(mfn, INVALID_MFN) || mfn_eq(mfn, p->mfn[gfn_x(gfn)])) )
        rc = p2m_set_entry(&d->p2m, gfn, 0, INVALID_MFN, P2M_INVALID);
    spin_unlock(&d->p2m.lock);
    return rc;
}

int p2m_map_range(struct domain *d, gfn_t gfn, unsigned long nr, mfn_t mfn,
                  enum p2m_type type)
{
    int rc = 0;
    unsigned long i;

    for ( i = 0; i < nr && !rc; i++ )
        rc = p2m_add_page(d, gfn_add(gfn, i), mfn_add(mfn, i), type);
    if ( rc )
        for ( i--; i--; )
            assert_int_equal(p2m_remove_page(d, gfn_add(gfn, i), INVALID_MFN),
                             0);
    return rc;
}

int p2m_unmap_range(struct domain *d, gfn_t gfn, unsigned long nr)
{
    for ( unsigned long i = 0; i < nr && gfn_x(gfn) + i < RIG_GFNS; i++ )
        if ( p2m_remove_page(d, gfn_add(gfn, i), INVALID_MFN) == -EINVAL )
            return -EINVAL;
    return 0;
}

int p2m_iommu_alias(struct domain *d, mfn_t mfn, bool write)
{
    (void)d;
    if ( alloc_fails() )
        return -ENOMEM;
    if ( write )
        mfn_to_page(mfn)->alias_rw++;
    else
        mfn_to_page(mfn)->alias_ro++;
    return 0;
}

void p2m_iommu_unalias(struct domain *d, mfn_t mfn, bool write)
{
    struct page_info *pg = mfn_to_page(mfn);
    uint8_t *count = write ? &pg->alias_rw : &pg->alias_ro;

    (void)d;
    /* the frame is still held: its alias goes before it does */
    assert_true(pg->count > 0 && *count > 0);
    --*count;
}

/* ---- guest memory: host pointers; no lock may be held ---- */

int copy_from_guest(void *dst, uint64_t guest_va, size_t size)
{
    assert_no_lock();
    if ( guest_va < PAGE_SIZE )
        return -EFAULT;
    memcpy(dst, (const void *)(uintptr_t)guest_va, size);
    return 0;
}

int copy_to_guest(uint64_t guest_va, const void *src, size_t size)
{
    assert_no_lock();
    if ( guest_va < PAGE_SIZE )
        return -EFAULT;
    memcpy((void *)(uintptr_t)guest_va, src, size);
    return 0;
}

/* ---- domains ---- */

struct domain *domain_get(domid_t id)
{
    return id < RIG_DOMAINS ? domain_get_known(rig_dom[id]) : NULL;
}

struct domain *domain_get_any(domid_t id)
{
    return id == DOMID_SELF ? domain_get_known(percpu_current_vcpu->domain)
                            : domain_get(id);
}

void domain_put(struct domain *d)
{
    assert_true(d->refcount > 1);
    __atomic_fetch_sub(&d->refcount, 1, __ATOMIC_RELAXED);
}

void guest_atomic_starved(struct domain *d)
{
    (void)d;
    rig_crashes++;
}

bool preempt_check(void)
{
    return rig_preempt;
}

long hypercall_continue(unsigned int nr, uint64_t a0, uint64_t a1, uint64_t a2,
                        uint64_t a3, uint64_t a4)
{
    /* as the guest would: the call is issued again */
    switch ( nr )
    {
    case __HYPERVISOR_grant_table_op:
        return do_grant_table_op(a0, a1, a2, a3, a4);
    case __HYPERVISOR_memory_op:
        return do_memory_op(a0, a1, a2, a3, a4);
    case __HYPERVISOR_event_channel_op:
        return do_event_channel_op(a0, a1, a2, a3, a4);
    default:
        fail();
        return -1;
    }
}
#pragma weak do_grant_table_op
#pragma weak do_memory_op
#pragma weak do_event_channel_op

void vgic_inject(struct domain *d, struct vcpu *v, unsigned int virq,
                 bool level)
{
    assert_int_equal(virq, d->evtchn_irq);
    assert_true(level);
    __atomic_fetch_add(&rig_injected[d->domain_id][v->vcpu_id], 1,
                       __ATOMIC_SEQ_CST);
}

void vcpu_wake(struct vcpu *v)
{
    (void)v;
}

void cache_clean(const void *va, size_t size)
{
    (void)va;
    (void)size;
}

void cache_clean_invalidate(const void *va, size_t size)
{
    (void)va;
    (void)size;
}

void printk(const char *fmt, ...)
{
    (void)fmt;
}

void panic(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    abort();
}

/* ---- set-up ---- */

static void make_domain(unsigned int id)
{
    struct domain *d = calloc(1, sizeof(*d) + 64);

    rig_dom[id] = d;
    d->domain_id = (domid_t)id;
    d->refcount = 1;
    d->is_privileged = d->is_hardware = id == 0;
    d->direct_mapped = d->iommu.enabled = id == 0;
    d->evtchn_irq = 16 + id;
    d->max_vcpus = RIG_VCPUS;
    d->vcpu = calloc(RIG_VCPUS, sizeof(d->vcpu[0]));
    d->shared_info = aligned_alloc(PAGE_SIZE, PAGE_SIZE);
    memset(d->shared_info, 0, PAGE_SIZE);
    spin_lock_init(&d->evtchn.lock, LOCK_RANK_EVTCHN);
    spin_lock_init(&d->grant.lock, LOCK_RANK_GRANT);
    spin_lock_init(&d->p2m.lock, LOCK_RANK_P2M);
    spin_lock_init(&d->hypercall_lock, LOCK_RANK_HYPERCALL);
    d->p2m.d = d;
    for ( unsigned int i = 0; i < RIG_VCPUS; i++ )
    {
        struct vcpu *v = aligned_alloc(64, (sizeof(*v) + 63) & ~63UL);

        memset(v, 0, sizeof(*v));
        v->vcpu_id = i;
        v->domain = d;
        v->evtchn.info = i ? &v->evtchn.own : &d->shared_info->vcpu_info[0];
        d->vcpu[i] = v;
    }
    for ( unsigned int g = 0; g < RIG_GFNS; g++ )
    {
        rig_p2m[id].mfn[g] = INVALID_MFN;
        rig_p2m[id].type[g] = P2M_INVALID;
        if ( g < RIG_RAM )
        {
            struct page_info *pg = alloc_domain_pages(d, 0, ALLOC_ZERO);

            rig_p2m[id].mfn[g] = page_to_mfn(pg);
            rig_p2m[id].type[g] = P2M_RAM_RW;
        }
    }
}

void rig_init(void)
{
    rig_alloc_fail = -1;
    rig_preempt = false;
    rig_crashes = 0;
    nr_allocs = 0;
    memset(rig_injected, 0, sizeof(rig_injected));
    memset(frames, 0, sizeof(frames));
    ram = aligned_alloc(PAGE_SIZE, RIG_FRAMES * PAGE_SIZE);
    memset(ram, 0, RIG_FRAMES * PAGE_SIZE);
    for ( unsigned int i = 0; i < RIG_DOMAINS; i++ )
        make_domain(i);
    hardware_domain = rig_dom[0];
    rig_run_as(0, 0);
}

void rig_exit(void)
{
    assert_no_lock();
    for ( unsigned int i = 0; i < RIG_DOMAINS; i++ )
    {
        for ( unsigned int j = 0; j < RIG_VCPUS; j++ )
            free(rig_dom[i]->vcpu[j]);
        free(rig_dom[i]->vcpu);
        free(rig_dom[i]->shared_info);
        free(rig_dom[i]);
    }
    free(ram);
}

void rig_run_as(unsigned int domid, unsigned int vcpu)
{
    running = percpu_current_vcpu = rig_dom[domid]->vcpu[vcpu];
}

void *rig_page(unsigned int domid, unsigned int gfn)
{
    return mfn_to_virt(rig_p2m[domid].mfn[gfn]);
}

uint32_t rig_refs(unsigned int domid, unsigned int gfn)
{
    return mfn_to_page(rig_p2m[domid].mfn[gfn])->count;
}

unsigned int rig_extra_refs(void)
{
    unsigned int n = 0;

    for ( unsigned int i = 0; i < RIG_FRAMES; i++ )
        n += frames[i].count != (frames[i].flags & PGF_ALLOCATED ? 1U : 0U);
    return n;
}

unsigned long rig_allocs(void)
{
    return nr_allocs;
}
