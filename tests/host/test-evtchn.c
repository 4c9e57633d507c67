/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Event channels against a model of the guest: the 2-level bitmaps and the
 * FIFO queues as Linux takes from them. The race test runs the guest's side in
 * a thread of its own and looks for events that got lost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <pthread.h>

#define strtoull host_strtoull
#include <stdlib.h>
#undef strtoull

#include <cmocka.h>

#include "hyp-rig.h"

#include <xen/bits.h>
#include <xen/hypercall.h>

#include <public/event_channel.h>

#define PENDING BIT32(EVTCHN_FIFO_PENDING)
#define MASKED  BIT32(EVTCHN_FIFO_MASKED)
#define LINKED  BIT32(EVTCHN_FIFO_LINKED)
#define BUSY    BIT32(EVTCHN_FIFO_BUSY)
#define LINK    ((uint32_t)EVTCHN_FIFO_LINK_MASK)

#define ARRAY_GFN   4U
#define CONTROL_GFN 8U /* one page a vCPU */

static long op(unsigned int cmd, void *arg)
{
    return do_event_channel_op(cmd, (uintptr_t)arg, 0, 0, 0);
}

static long send(evtchn_port_t port)
{
    struct evtchn_send s = {.port = port};

    return op(EVTCHNOP_send, &s);
}

static evtchn_port_t alloc_unbound(domid_t remote)
{
    struct evtchn_alloc_unbound a = {.dom = DOMID_SELF, .remote_dom = remote};

    assert_int_equal(op(EVTCHNOP_alloc_unbound, &a), 0);
    return a.port;
}

static long bind(domid_t remote, evtchn_port_t port, evtchn_port_t *local)
{
    struct evtchn_bind_interdomain b = {.remote_dom = remote,
                                        .remote_port = port};
    long rc = op(EVTCHNOP_bind_interdomain, &b);

    *local = b.local_port;
    return rc;
}

static uint32_t status(domid_t dom, evtchn_port_t port)
{
    struct evtchn_status s = {.dom = dom, .port = port};

    assert_int_equal(op(EVTCHNOP_status, &s), 0);
    return s.status;
}

static long close_port(evtchn_port_t port)
{
    struct evtchn_close c = {.port = port};

    return op(EVTCHNOP_close, &c);
}

static void bind_vcpu(evtchn_port_t port, unsigned int vcpu)
{
    struct evtchn_bind_vcpu b = {.port = port, .vcpu = vcpu};

    assert_int_equal(op(EVTCHNOP_bind_vcpu, &b), 0);
}

static int setup(void **state)
{
    (void)state;
    rig_init();
    for ( unsigned int i = 0; i < RIG_DOMAINS; i++ )
        assert_int_equal(evtchn_init(rig_dom[i], i ? 1023 : 0), 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for ( unsigned int i = 0; i < RIG_DOMAINS; i++ )
    {
        rig_dom[i]->is_dying = true;
        assert_int_equal(evtchn_destroy(rig_dom[i]), 0);
        for ( unsigned int v = 0; v < RIG_VCPUS; v++ )
            evtchn_vcpu_exit(rig_dom[i]->vcpu[v]);
        evtchn_exit(rig_dom[i]);
        assert_int_equal(rig_dom[i]->refcount, 1);
    }
    for ( unsigned int g = 0; g < 48; g++ )
        assert_int_equal(rig_refs(1, g), 1);
    assert_int_equal(rig_allocs(), 0);
    rig_exit();
    return 0;
}

/* ---- life of ports ---- */

/* Who is to be told must be there. */
static void test_no_vcpu(void **state)
{
    struct evtchn_alloc_unbound a = {.dom = 1, .remote_dom = 0};
    struct vcpu *v = rig_dom[1]->vcpu[0];

    (void)state;
    rig_run_as(0, 0);
    rig_dom[1]->vcpu[0] = NULL;
    assert_int_equal(op(EVTCHNOP_alloc_unbound, &a), -ENOENT);
    rig_dom[1]->vcpu[0] = v;
    assert_int_equal(op(EVTCHNOP_alloc_unbound, &a), 0);
}

static void test_pair(void **state)
{
    evtchn_port_t there, here;
    struct shared_info *si = rig_dom[1]->shared_info;

    (void)state;
    rig_run_as(1, 0);
    there = alloc_unbound(0);
    assert_int_equal(there, 1);
    assert_int_equal(send(there), 0); /* nobody there: nothing */

    rig_run_as(2, 0);
    assert_int_equal(bind(1, there, &here), -EINVAL); /* not for us */
    rig_run_as(0, 0);
    assert_int_equal(bind(1, there, &here), 0);
    assert_int_equal(status(1, there), EVTCHNSTAT_interdomain);
    /* the binder hears at once, in case */
    assert_true(rig_dom[0]->shared_info->evtchn_pending[0] & BIT64(here));
    assert_int_equal(rig_injected[0][0], 1);

    assert_int_equal(send(here), 0);
    assert_true(si->evtchn_pending[0] & BIT64(there));
    assert_true(si->vcpu_info[0].evtchn_pending_sel & 1);
    assert_int_equal(si->vcpu_info[0].evtchn_upcall_pending, 1);
    assert_int_equal(rig_injected[1][0], 1);
    assert_int_equal(send(here), 0); /* pending already: no second upcall */
    assert_int_equal(rig_injected[1][0], 1);

    assert_int_equal(close_port(here), 0);
    assert_int_equal(status(1, there), EVTCHNSTAT_unbound);
    assert_int_equal(status(0, here), EVTCHNSTAT_closed);
    assert_int_equal(close_port(here), -EINVAL);
    assert_int_equal(send(here), -EINVAL);
}

static void test_loopback_to_self(void **state)
{
    evtchn_port_t a, b;

    (void)state;
    rig_run_as(1, 0);
    a = alloc_unbound(DOMID_SELF);
    assert_int_equal(bind(DOMID_SELF, a, &b), 0);
    assert_int_equal(send(a), 0);
    assert_true(rig_dom[1]->shared_info->evtchn_pending[0] & BIT64(b));
    assert_int_equal(close_port(a), 0);
    assert_int_equal(status(DOMID_SELF, b), EVTCHNSTAT_unbound);
    assert_int_equal(close_port(b), 0);
}

static void test_mask_and_unmask(void **state)
{
    struct shared_info *si = rig_dom[1]->shared_info;
    struct evtchn_unmask u;
    evtchn_port_t a, b;

    (void)state;
    rig_run_as(1, 0);
    a = alloc_unbound(DOMID_SELF);
    assert_int_equal(bind(DOMID_SELF, a, &b), 0);
    si->evtchn_pending[0] = 0;
    si->vcpu_info[0].evtchn_pending_sel = 0;
    si->vcpu_info[0].evtchn_upcall_pending = 0;
    rig_injected[1][0] = 0;

    si->evtchn_mask[0] = ~UINT64_C(0);
    assert_int_equal(send(a), 0);
    assert_true(si->evtchn_pending[0] & BIT64(b));
    assert_int_equal(rig_injected[1][0], 0);
    u.port = b;
    assert_int_equal(op(EVTCHNOP_unmask, &u), 0);
    assert_false(si->evtchn_mask[0] & BIT64(b));
    assert_int_equal(rig_injected[1][0], 1);
}

static void test_virq(void **state)
{
    struct evtchn_bind_virq v = {.virq = VIRQ_DOM_EXC, .vcpu = 0};

    (void)state;
    assert_int_equal(op(EVTCHNOP_bind_virq, &v), 0);
    assert_int_equal(op(EVTCHNOP_bind_virq, &v), -EEXIST);
    send_global_virq(VIRQ_DOM_EXC);
    assert_true(rig_dom[0]->shared_info->evtchn_pending[0] & BIT64(v.port));
    assert_int_equal(send(v.port), -EINVAL);
    v.virq = NR_VIRQS;
    assert_int_equal(op(EVTCHNOP_bind_virq, &v), -EINVAL);
    v.virq = VIRQ_CONSOLE;
    v.vcpu = 1;
    assert_int_equal(op(EVTCHNOP_bind_virq, &v), -EINVAL);
    v.virq = VIRQ_TIMER;
    assert_int_equal(op(EVTCHNOP_bind_virq, &v), 0);
    send_vcpu_virq(rig_dom[0]->vcpu[1], VIRQ_TIMER);
    assert_int_equal(rig_injected[0][1], 1);
    assert_int_equal(close_port(v.port), 0);
    assert_int_equal(op(EVTCHNOP_bind_virq, &v), 0);
}

/* Hostile numbers, another's domains, a full table. */
static void test_bounds(void **state)
{
    struct evtchn_alloc_unbound a = {.dom = 1, .remote_dom = 0};
    unsigned int n;

    (void)state;
    assert_int_equal(send(0), -EINVAL);
    assert_int_equal(send(UINT32_MAX), -EINVAL);
    assert_int_equal(do_event_channel_op(EVTCHNOP_send, 0, 0, 0, 0), -EFAULT);
    assert_int_equal(do_event_channel_op(999, 0, 0, 0, 0), -ENOSYS);
    rig_run_as(2, 0);
    assert_int_equal(op(EVTCHNOP_alloc_unbound, &a), -EPERM);
    a.dom = 77;
    assert_int_equal(op(EVTCHNOP_alloc_unbound, &a), -ESRCH);

    rig_run_as(1, 0);
    a.dom = DOMID_SELF;
    for ( n = 0; op(EVTCHNOP_alloc_unbound, &a) == 0; n++ )
        assert_int_equal(a.port, n + 1); /* the lowest free */
    assert_int_equal(n, 1023);
    assert_int_equal(close_port(500), 0);
    assert_int_equal(op(EVTCHNOP_alloc_unbound, &a), 0);
    assert_int_equal(a.port, 500);
}

static void test_register_vcpu_info(void **state)
{
    struct vcpu *v = rig_dom[1]->vcpu[0];
    struct vcpu_info *new = rig_page(1, 3);

    (void)state;
    rig_run_as(1, 0);
    memset(new, 0x55, PAGE_SIZE);
    assert_int_equal(vcpu_map_info(v, 3, PAGE_SIZE - 40), -ENXIO);
    assert_int_equal(vcpu_map_info(v, 3, 4), -ENXIO);
    assert_int_equal(vcpu_map_info(v, 9999, 0), -EINVAL);
    assert_int_equal(rig_refs(1, 3), 1);
    assert_int_equal(vcpu_map_info(v, 3, 0), 0);
    assert_int_equal(rig_refs(1, 3), 2);
    assert_int_equal(new->evtchn_upcall_pending, 1);
    assert_int_equal(rig_injected[1][0], 1);
    assert_int_equal(vcpu_map_info(v, 3, 64), -EINVAL); /* once */
    rig_dom[1]->vcpu[1]->sched.online = true;
    assert_int_equal(vcpu_map_info(rig_dom[1]->vcpu[1], 3, 64), -EINVAL);
    assert_int_equal(rig_refs(1, 3), 2);
}

/* ---- FIFO: the guest's side ---- */

static event_word_t *word_of(evtchn_port_t port)
{
    return (event_word_t *)rig_page(1, ARRAY_GFN + port / 1024) + port % 1024;
}

static struct evtchn_fifo_control_block *control(unsigned int vcpu)
{
    return rig_page(1, CONTROL_GFN + vcpu);
}

static void fifo_start(unsigned int nr_vcpus)
{
    struct evtchn_expand_array e = {.array_gfn = ARRAY_GFN};

    for ( unsigned int i = 0; i < nr_vcpus; i++ )
    {
        struct evtchn_init_control c = {.control_gfn = CONTROL_GFN + i,
                                        .vcpu = i};

        assert_int_equal(op(EVTCHNOP_init_control, &c), 0);
        assert_int_equal(c.link_bits, 17);
        assert_int_equal(op(EVTCHNOP_init_control, &c), -EINVAL);
    }
    assert_int_equal(op(EVTCHNOP_expand_array, &e), 0);
}

/* What a guest CPU remembers between upcalls: its position in each queue. */
struct taker {
    uint32_t head[EVTCHN_FIFO_MAX_QUEUES];
};

static uint32_t clear_linked(event_word_t *w)
{
    uint32_t old = __atomic_load_n(w, __ATOMIC_RELAXED);

    while ( !__atomic_compare_exchange_n(w, &old, old & ~(LINKED | LINK), false,
                                         __ATOMIC_SEQ_CST, __ATOMIC_RELAXED) )
        ;
    return old & LINK;
}

/* Takes one event of a queue. The port when it was pending and not masked. */
static evtchn_port_t take(struct taker *t, unsigned int vcpu, unsigned int q,
                          uint32_t *ready)
{
    uint32_t port = t->head[q];
    event_word_t *w;
    evtchn_port_t got = 0;

    if ( !port )
        port = __atomic_load_n(&control(vcpu)->head[q], __ATOMIC_SEQ_CST);
    assert_true(port > 0 && port < 1024);
    w = word_of(port);
    t->head[q] = clear_linked(w);
    if ( !t->head[q] )
        *ready &= ~BIT32(q);
    if ( (__atomic_load_n(w, __ATOMIC_SEQ_CST) & (PENDING | MASKED)) ==
         PENDING )
    {
        __atomic_fetch_and(w, ~PENDING, __ATOMIC_SEQ_CST);
        got = port;
    }
    return got;
}

/* One upcall: everything ready, highest priority first. */
static unsigned int upcall(struct taker *t, unsigned int vcpu, uint32_t *got,
                           unsigned int order[], unsigned int max)
{
    struct vcpu_info *info = rig_dom[1]->vcpu[vcpu]->evtchn.info;
    uint32_t ready;
    unsigned int n = 0;

    __atomic_store_n(&info->evtchn_upcall_pending, 0, __ATOMIC_SEQ_CST);
    ready = __atomic_exchange_n(&control(vcpu)->ready, 0, __ATOMIC_SEQ_CST);
    while ( ready )
    {
        unsigned int q = (unsigned int)__builtin_ctz(ready);
        evtchn_port_t port = take(t, vcpu, q, &ready);

        if ( port && got )
            got[port]++;
        if ( port && n < max )
            order[n++] = port;
        ready |=
            __atomic_exchange_n(&control(vcpu)->ready, 0, __ATOMIC_SEQ_CST);
    }
    return n;
}

/* Pairs within domain 1: send on from[i], to[i] gets it. */
#define PAIRS 16U
static evtchn_port_t from[PAIRS], to[PAIRS];

static void make_pairs(void)
{
    for ( unsigned int i = 0; i < PAIRS; i++ )
    {
        from[i] = alloc_unbound(DOMID_SELF);
        assert_int_equal(bind(DOMID_SELF, from[i], &to[i]), 0);
    }
}

static void test_fifo_order_and_priority(void **state)
{
    struct taker t = {{0}};
    unsigned int order[8];
    struct evtchn_set_priority p = {.priority = 1};

    (void)state;
    rig_run_as(1, 0);
    fifo_start(1);
    make_pairs();
    upcall(&t, 0, NULL, order, 0); /* what binding made pending */
    rig_injected[1][0] = 0;

    p.port = to[3];
    assert_int_equal(op(EVTCHNOP_set_priority, &p), 0);
    for ( unsigned int i = 0; i < 4; i++ )
        assert_int_equal(send(from[i]), 0);
    assert_int_equal(rig_injected[1][0], 1); /* one upcall for all */
    assert_int_equal(upcall(&t, 0, NULL, order, 8), 4);
    assert_int_equal(order[0], to[3]); /* priority, then first come */
    assert_int_equal(order[1], to[0]);
    assert_int_equal(order[2], to[1]);
    assert_int_equal(order[3], to[2]);
    assert_int_equal(upcall(&t, 0, NULL, order, 8), 0);
}

static void test_fifo_masked_then_unmasked(void **state)
{
    struct taker t = {{0}};
    unsigned int order[PAIRS];
    struct evtchn_unmask u;

    (void)state;
    rig_run_as(1, 0);
    fifo_start(1);
    make_pairs();
    upcall(&t, 0, NULL, order, 0);
    *word_of(to[0]) |= MASKED;
    assert_int_equal(send(from[0]), 0);
    assert_int_equal(*word_of(to[0]), PENDING | MASKED);
    u.port = to[0];
    assert_int_equal(op(EVTCHNOP_unmask, &u), 0);
    assert_int_equal(*word_of(to[0]), PENDING | LINKED);
    assert_int_equal(upcall(&t, 0, NULL, order, PAIRS), 1);
}

/* An event raised before its page of words exists is not lost. */
static void test_fifo_switch_keeps_pending(void **state)
{
    struct taker t = {{0}};
    unsigned int order[PAIRS];

    (void)state;
    rig_run_as(1, 0);
    make_pairs();
    assert_int_equal(send(from[2]), 0);
    fifo_start(1);
    assert_int_equal(upcall(&t, 0, NULL, order, PAIRS), PAIRS);
}

/* A tail that moves to another queue must not be appended to in the old. */
static void test_fifo_tail_moves_queue(void **state)
{
    struct taker t[2] = {{{0}}};
    unsigned int order[8];

    (void)state;
    rig_run_as(1, 0);
    fifo_start(2);
    make_pairs();
    upcall(&t[0], 0, NULL, order, 0);

    assert_int_equal(send(from[0]), 0);
    upcall(&t[0], 0, NULL, order, 0); /* taken: it is still the tail we know */
    bind_vcpu(to[0], 1);
    assert_int_equal(send(from[0]), 0); /* now linked on vCPU 1 */
    assert_int_equal(send(from[1]), 0); /* vCPU 0: not behind to[0] */
    assert_int_equal(upcall(&t[1], 1, NULL, order, 8), 1);
    assert_int_equal(order[0], to[0]);
    assert_int_equal(upcall(&t[0], 0, NULL, order, 8), 1);
    assert_int_equal(order[0], to[1]);
}

/* A closed port is not handed out while the guest has it linked. */
static void test_fifo_linked_port_not_reused(void **state)
{
    struct taker t = {{0}};
    unsigned int order[PAIRS];

    (void)state;
    rig_run_as(1, 0);
    fifo_start(1);
    make_pairs();
    upcall(&t, 0, NULL, order, 0);
    assert_int_equal(send(from[0]), 0);
    assert_int_equal(close_port(to[0]), 0);
    assert_int_not_equal(alloc_unbound(0), to[0]);
    assert_int_equal(upcall(&t, 0, NULL, order, PAIRS), 0); /* not pending */
    assert_int_equal(alloc_unbound(0), to[0]);
}

/* A guest that writes nonsense only harms itself: no access out of bounds. */
static void test_fifo_hostile_words(void **state)
{
    struct taker t = {{0}};
    unsigned int order[PAIRS];

    (void)state;
    rig_run_as(1, 0);
    fifo_start(1);
    make_pairs();
    upcall(&t, 0, NULL, order, 0);
    srand(1);
    for ( unsigned int n = 0; n < 20000; n++ )
    {
        unsigned int i = (unsigned int)rand() % PAIRS;
        struct evtchn_unmask u = {.port = to[i]};

        *word_of(to[(unsigned int)rand() % PAIRS]) =
            (uint32_t)rand() << 3 ^ (uint32_t)rand();
        control(0)->ready = (uint32_t)rand();
        control(0)->head[7] = (uint32_t)rand();
        send(from[i]);
        op(EVTCHNOP_unmask, &u);
    }
    assert_int_equal(rig_crashes, 0);
}

/* ---- the guest in its own thread ---- */

static struct taker racer;
static uint32_t received[1024], sent[1024];
static bool stop;

static bool unmask_without_call(event_word_t *w)
{
    uint32_t old = __atomic_load_n(w, __ATOMIC_SEQ_CST);

    do
    {
        if ( !(old & MASKED) )
            return true;
        if ( old & PENDING )
            return false;
        old &= ~BUSY;
    } while ( !__atomic_compare_exchange_n(
        w, &old, old & ~MASKED, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED) );
    return true;
}

static void *guest_thread(void *arg)
{
    unsigned int seed = 7, order[1];

    (void)arg;
    while ( !__atomic_load_n(&stop, __ATOMIC_ACQUIRE) )
    {
        evtchn_port_t port = to[(unsigned int)rand_r(&seed) % PAIRS];
        event_word_t *w = word_of(port);

        __atomic_fetch_or(w, MASKED, __ATOMIC_SEQ_CST);
        upcall(&racer, 0, received, order, 0);
        if ( !unmask_without_call(w) )
        {
            struct evtchn_unmask u = {.port = port};

            op(EVTCHNOP_unmask, &u);
        }
        upcall(&racer, 0, received, order, 0);
    }
    return NULL;
}

static void test_fifo_race(void **state)
{
    unsigned int seed = 3, order[1];
    pthread_t thread;

    (void)state;
    rig_run_as(1, 0);
    fifo_start(1);
    make_pairs();
    upcall(&racer, 0, NULL, order, 0);
    stop = false;
    memset(received, 0, sizeof(received));
    assert_int_equal(pthread_create(&thread, NULL, guest_thread, NULL), 0);
    for ( unsigned int n = 0; n < 300000; n++ )
    {
        unsigned int i = (unsigned int)rand_r(&seed) % PAIRS;

        send(from[i]);
        sent[to[i]]++;
    }
    __atomic_store_n(&stop, true, __ATOMIC_RELEASE);
    pthread_join(thread, NULL);

    /* the last upcall: everything that is pending comes out */
    upcall(&racer, 0, received, order, 0);
    for ( unsigned int i = 0; i < PAIRS; i++ )
    {
        assert_int_equal(*word_of(to[i]) & (PENDING | MASKED), 0);
        assert_true(received[to[i]] > 0 && received[to[i]] <= sent[to[i]]);
    }
    assert_int_equal(rig_crashes, 0);
}

/* ---- memory running out leaves nothing behind ---- */

static void test_alloc_failures(void **state)
{
    (void)state;
    rig_run_as(1, 0);
    for ( long n = 0; n < 3; n++ )
    {
        struct evtchn_init_control c = {.control_gfn = CONTROL_GFN};
        unsigned long before = rig_allocs();

        rig_alloc_fail = n;
        if ( op(EVTCHNOP_init_control, &c) == 0 )
            break;
        rig_alloc_fail = -1;
        assert_int_equal(rig_allocs(), before);
        assert_int_equal(rig_refs(1, CONTROL_GFN), 1);
        assert_null(rig_dom[1]->evtchn.fifo);
    }
    rig_alloc_fail = -1;
    assert_non_null(rig_dom[1]->evtchn.fifo);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_no_vcpu),
        T(test_pair),
        T(test_loopback_to_self),
        T(test_mask_and_unmask),
        T(test_virq),
        T(test_bounds),
        T(test_register_vcpu_info),
        T(test_fifo_order_and_priority),
        T(test_fifo_masked_then_unmasked),
        T(test_fifo_switch_keeps_pending),
        T(test_fifo_tail_moves_queue),
        T(test_fifo_linked_port_not_reused),
        T(test_fifo_hostile_words),
        T(test_fifo_race),
        T(test_alloc_failures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
