/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Event channels: ports, how they are bound, sent to and closed, and the
 * 2-level ABI. The FIFO ABI's queues are in evtchn-fifo.c.
 *
 * Locks: a domain's evtchn.lock for everything that changes a port, the lower
 * domid's first; with it the port's own lock, both ends' for a pair. Sending
 * takes the sender's port lock only, which keeps the peer in place.
 */
#include <xen/event.h>

#include <public/event_channel.h>

#include <xen/bits.h>
#include <xen/domain.h>
#include <xen/guest-atomics.h>
#include <xen/guest-copy.h>
#include <xen/hypercall.h>
#include <xen/mm.h>

_Static_assert(sizeof(struct evtchn) == 64, "one port a cache line");
_Static_assert(sizeof(struct shared_info) == 1088, "shared_info");
_Static_assert(sizeof(struct vcpu_info) == 48, "vcpu_info");
_Static_assert(sizeof(struct evtchn_alloc_unbound) == 8, "alloc_unbound");
_Static_assert(sizeof(struct evtchn_bind_interdomain) == 12, "interdomain");
_Static_assert(sizeof(struct evtchn_bind_virq) == 12, "bind_virq");
_Static_assert(sizeof(struct evtchn_status) == 24, "status");

#define PORTS_2L   ((unsigned int)EVTCHN_2L_NR_CHANNELS)
#define PORTS_FIFO ((unsigned int)EVTCHN_FIFO_NR_CHANNELS)

/* ---- delivery ---- */

static struct vcpu *notified_vcpu(const struct domain *d,
                                  const struct evtchn *chn)
{
    return d->vcpu[chn->notify_vcpu];
}

void vcpu_mark_events_pending(struct vcpu *v)
{
    struct domain *d = v->domain;

    if ( guest_xchg8(d, &v->evtchn.info->evtchn_upcall_pending, 1) )
        return;
    vgic_inject(d, v, d->evtchn_irq, true);
}

bool evtchn_upcall_pending(const struct vcpu *v)
{
    return READ_ONCE(v->evtchn.info->evtchn_upcall_pending) != 0;
}

static void evtchn_2l_notify(struct domain *d, struct vcpu *v,
                             evtchn_port_t port)
{
    uint64_t sel = BIT64(port / 64);

    if ( !(guest_fetch_or64(d, &v->evtchn.info->evtchn_pending_sel, sel) &
           sel) )
        vcpu_mark_events_pending(v);
}

static bool evtchn_2l_is_masked(const struct domain *d, evtchn_port_t port)
{
    /* acquire: after PENDING was set; the guest unmasks, then reads PENDING */
    return __atomic_load_n(&d->shared_info->evtchn_mask[port / 64],
                           __ATOMIC_SEQ_CST) &
           BIT64(port % 64);
}

static void evtchn_2l_set_pending(struct domain *d, struct evtchn *chn)
{
    evtchn_port_t port = chn->port;
    uint64_t bit = BIT64(port % 64);
    uint64_t *word = &d->shared_info->evtchn_pending[port / 64];

    if ( guest_fetch_or64(d, word, bit) & bit )
        return;
    if ( !evtchn_2l_is_masked(d, port) )
        evtchn_2l_notify(d, notified_vcpu(d, chn), port);
}

static bool evtchn_2l_is_pending(const struct domain *d, evtchn_port_t port)
{
    return READ_ONCE(d->shared_info->evtchn_pending[port / 64]) &
           BIT64(port % 64);
}

void evtchn_poll_begin(struct vcpu *v)
{
    if ( !__atomic_exchange_n(&v->evtchn.polling, true, __ATOMIC_SEQ_CST) )
        __atomic_fetch_add(&v->domain->evtchn.nr_pollers, 1, __ATOMIC_SEQ_CST);
}

void evtchn_poll_end(struct vcpu *v)
{
    if ( !__atomic_exchange_n(&v->evtchn.polling, false, __ATOMIC_SEQ_CST) )
        return;
    __atomic_fetch_sub(&v->domain->evtchn.nr_pollers, 1, __ATOMIC_SEQ_CST);
    /* it may still be on its way to vcpu_block(), which looks at v->work */
    __atomic_fetch_or(&v->work, VCPU_WORK_POLL, __ATOMIC_SEQ_CST);
    vcpu_wake(v);
}

/* A vCPU in SCHEDOP_poll looks at its ports again. */
static noinline void wake_pollers(struct domain *d)
{
    struct vcpu *v;

    for_each_vcpu (d, v)
        evtchn_poll_end(v);
}

void evtchn_set_pending(struct domain *d, struct evtchn *chn)
{
    if ( d->evtchn.fifo )
        evtchn_fifo_set_pending(d, chn);
    else
        evtchn_2l_set_pending(d, chn);

    if ( unlikely(READ_ONCE(d->evtchn.nr_pollers)) )
        wake_pollers(d);
}

static void evtchn_clear_pending(struct domain *d, struct evtchn *chn)
{
    if ( d->evtchn.fifo )
        evtchn_fifo_clear_pending(d, chn);
    else
        guest_fetch_and64(d, &d->shared_info->evtchn_pending[chn->port / 64],
                          ~BIT64(chn->port % 64));
}

static bool port_is_pending(const struct domain *d, const struct evtchn *chn)
{
    return d->evtchn.fifo ? evtchn_fifo_is_pending(d, chn)
                          : evtchn_2l_is_pending(d, chn->port);
}

int evtchn_is_pending(struct domain *d, evtchn_port_t port)
{
    struct evtchn *chn = evtchn_get(&d->evtchn, port);
    int rc = -EINVAL;

    if ( !chn )
        return rc;
    spin_lock(&chn->lock);
    if ( chn->state != EVTCHN_FREE )
        rc = port_is_pending(d, chn);
    spin_unlock(&chn->lock);
    return rc;
}

static int evtchn_send(struct domain *d, evtchn_port_t port)
{
    struct evtchn *chn = evtchn_get(&d->evtchn, port);
    int rc = 0;

    if ( unlikely(!chn) )
        return -EINVAL;

    spin_lock(&chn->lock);
    switch ( chn->state )
    {
    case EVTCHN_INTERDOMAIN:
        evtchn_set_pending(chn->remote, chn->peer);
        break;

    case EVTCHN_IPI:
        evtchn_set_pending(d, chn);
        break;

    case EVTCHN_UNBOUND:
        break; /* its peer may not have come yet, or has gone */

    default:
        rc = -EINVAL;
        break;
    }
    spin_unlock(&chn->lock);
    return rc;
}

void send_vcpu_virq(struct vcpu *v, unsigned int virq)
{
    struct domain *d = v->domain;
    struct evtchn *chn;
    unsigned int port = READ_ONCE(v->evtchn.virq_port[virq]);

    if ( !port )
        return;
    chn = evtchn_get(&d->evtchn, port);
    spin_lock(&chn->lock);
    if ( chn->state == EVTCHN_VIRQ && chn->virq == virq )
        evtchn_set_pending(d, chn);
    spin_unlock(&chn->lock);
}

void send_global_virq(unsigned int virq)
{
    struct domain *d = hardware_domain;
    struct evtchn *chn;
    unsigned int port = d ? READ_ONCE(d->evtchn.virq_port[virq]) : 0;

    if ( !port )
        return;
    chn = evtchn_get(&d->evtchn, port);
    spin_lock(&chn->lock);
    if ( chn->state == EVTCHN_VIRQ && chn->virq == virq )
        evtchn_set_pending(d, chn);
    spin_unlock(&chn->lock);
}

/* ---- ports; d->evtchn.lock held ---- */

static unsigned int highest_port(const struct domain_evtchn *e)
{
    return min(e->max_port, (e->fifo ? PORTS_FIFO : PORTS_2L) - 1);
}

static int evtchn_grow(struct domain *d)
{
    struct domain_evtchn *e = &d->evtchn;
    struct evtchn *chn;

    if ( e->nr_ports > highest_port(e) )
        return -ENOSPC;
    chn = xzalloc_array(struct evtchn, EVTCHNS_PER_BUCKET);
    if ( !chn )
        return -ENOMEM;

    for ( unsigned int i = 0; i < EVTCHNS_PER_BUCKET; i++ )
    {
        spin_lock_init(&chn[i].lock, LOCK_RANK_EVTCHN_PORT);
        chn[i].port = e->nr_ports + i;
    }
    e->bucket[e->nr_ports / EVTCHNS_PER_BUCKET] = chn;
    /* pairs with the acquire in evtchn_get() */
    __atomic_store_n(&e->nr_ports, e->nr_ports + EVTCHNS_PER_BUCKET,
                     __ATOMIC_RELEASE);
    return 0;
}

static bool port_is_free(const struct domain *d, const struct evtchn *chn)
{
    return chn->state == EVTCHN_FREE &&
           !(d->evtchn.fifo && evtchn_fifo_is_linked(d, chn->port));
}

/* The lowest free port, still free, or an error. */
static int evtchn_find_free(struct domain *d, struct evtchn **out)
{
    struct domain_evtchn *e = &d->evtchn;
    bool lowest = true; /* all before are in use, not only linked */

    for ( unsigned int port = e->first_free; port <= highest_port(e); port++ )
    {
        struct evtchn *chn;

        if ( port >= e->nr_ports )
        {
            int rc = evtchn_grow(d);

            if ( rc )
                return rc;
        }
        chn = evtchn_get(e, port);
        if ( port_is_free(d, chn) )
        {
            if ( lowest )
                e->first_free = port;
            *out = chn;
            return 0;
        }
        lowest = lowest && chn->state != EVTCHN_FREE;
    }
    return -ENOSPC;
}

static void evtchn_set_free(struct domain *d, struct evtchn *chn)
{
    ASSERT(spin_is_held(&chn->lock));
    evtchn_clear_pending(d, chn);
    chn->state = EVTCHN_FREE;
    chn->peer = NULL;
    chn->remote = NULL;
    chn->virq = 0;
    chn->notify_vcpu = 0;
    chn->priority = EVTCHN_FIFO_PRIORITY_DEFAULT;
    chn->pending = false;
    d->evtchn.first_free = min(d->evtchn.first_free, chn->port);
}

static void evtchn_set_state(struct evtchn *chn, enum evtchn_state state)
{
    chn->priority = EVTCHN_FIFO_PRIORITY_DEFAULT;
    chn->notify_vcpu = 0;
    chn->state = (uint8_t)state;
}

/* Both domains' locks, and both ports' locks. The two may be the same. */
static void lock_domains(struct domain *a, struct domain *b)
{
    if ( a->domain_id > b->domain_id )
    {
        struct domain *t = a;

        a = b;
        b = t;
    }
    spin_lock(&a->evtchn.lock);
    if ( a != b )
        spin_lock_nested(&b->evtchn.lock);
}

static void unlock_domains(struct domain *a, struct domain *b)
{
    spin_unlock(&a->evtchn.lock);
    if ( a != b )
        spin_unlock(&b->evtchn.lock);
}

static void lock_ports(struct evtchn *a, struct evtchn *b)
{
    spin_lock(a < b ? &a->lock : &b->lock);
    if ( a != b )
        spin_lock_nested(a < b ? &b->lock : &a->lock);
}

static void unlock_ports(struct evtchn *a, struct evtchn *b)
{
    spin_unlock(&a->lock);
    if ( a != b )
        spin_unlock(&b->lock);
}

int evtchn_alloc_unbound(struct domain *d, domid_t remote, evtchn_port_t *port)
{
    struct evtchn *chn;
    int rc;

    spin_lock(&d->evtchn.lock);
    /* there must be a vCPU to notify when somebody sends */
    rc = d->is_dying   ? -ESRCH
         : !d->vcpu[0] ? -ENOENT
                       : evtchn_find_free(d, &chn);
    if ( !rc )
    {
        spin_lock(&chn->lock);
        evtchn_set_state(chn, EVTCHN_UNBOUND);
        chn->remote_domid = remote;
        spin_unlock(&chn->lock);
        *port = chn->port;
    }
    spin_unlock(&d->evtchn.lock);
    return rc;
}

static int bind_interdomain(struct domain *ld, struct domain *rd,
                            evtchn_port_t rport, evtchn_port_t *lport)
{
    struct evtchn *lchn, *rchn;
    int rc;

    lock_domains(ld, rd);
    rchn = evtchn_get(&rd->evtchn, rport);
    rc = -EINVAL;
    if ( !rchn || rd->is_dying || ld->is_dying ||
         rchn->state != EVTCHN_UNBOUND || rchn->remote_domid != ld->domain_id )
        goto out;
    rc = evtchn_find_free(ld, &lchn);
    if ( rc )
        goto out;

    lock_ports(lchn, rchn);
    evtchn_set_state(lchn, EVTCHN_INTERDOMAIN);
    lchn->remote = rd;
    lchn->peer = rchn;
    rchn->state = EVTCHN_INTERDOMAIN;
    rchn->remote = ld;
    rchn->peer = lchn;
    /* the remote may have notified before anyone listened */
    evtchn_set_pending(ld, lchn);
    unlock_ports(lchn, rchn);
    *lport = lchn->port;
out:
    unlock_domains(ld, rd);
    return rc;
}

static bool virq_is_global(unsigned int virq)
{
    switch ( virq )
    {
    case VIRQ_TIMER:
    case VIRQ_DEBUG:
    case VIRQ_XENOPROF:
    case VIRQ_XENPMU:
        return false;
    default:
        return virq < VIRQ_ARCH_0;
    }
}

static unsigned int *virq_slot(struct domain *d, struct vcpu *v,
                               unsigned int virq)
{
    return virq_is_global(virq) ? &d->evtchn.virq_port[virq]
                                : &v->evtchn.virq_port[virq];
}

static struct vcpu *domain_vcpu(const struct domain *d, unsigned int id)
{
    return id < d->max_vcpus ? d->vcpu[id] : NULL;
}

static int bind_virq(struct domain *d, struct evtchn_bind_virq *op)
{
    struct vcpu *v = domain_vcpu(d, op->vcpu);
    struct evtchn *chn;
    int rc;

    if ( op->virq >= NR_VIRQS || (virq_is_global(op->virq) && op->vcpu) )
        return -EINVAL;
    if ( !v )
        return -ENOENT;

    spin_lock(&d->evtchn.lock);
    if ( d->is_dying )
        rc = -ESRCH;
    else
        rc = *virq_slot(d, v, op->virq) ? -EEXIST : evtchn_find_free(d, &chn);
    if ( !rc )
    {
        spin_lock(&chn->lock);
        evtchn_set_state(chn, EVTCHN_VIRQ);
        chn->virq = op->virq;
        chn->notify_vcpu = (uint16_t)op->vcpu;
        spin_unlock(&chn->lock);
        WRITE_ONCE(*virq_slot(d, v, op->virq), chn->port);
        op->port = chn->port;
    }
    spin_unlock(&d->evtchn.lock);
    return rc;
}

static int bind_ipi(struct domain *d, struct evtchn_bind_ipi *op)
{
    struct evtchn *chn;
    int rc;

    if ( !domain_vcpu(d, op->vcpu) )
        return -ENOENT;

    spin_lock(&d->evtchn.lock);
    rc = evtchn_find_free(d, &chn);
    if ( !rc )
    {
        spin_lock(&chn->lock);
        evtchn_set_state(chn, EVTCHN_IPI);
        chn->notify_vcpu = (uint16_t)op->vcpu;
        spin_unlock(&chn->lock);
        op->port = chn->port;
    }
    spin_unlock(&d->evtchn.lock);
    return rc;
}

/* Closes a port that is not free; the locks of both domains are held. */
static void close_locked(struct domain *d, struct evtchn *chn)
{
    struct evtchn *peer = chn->peer ? chn->peer : chn;

    if ( chn->state == EVTCHN_VIRQ )
        WRITE_ONCE(*virq_slot(d, notified_vcpu(d, chn), chn->virq), 0);

    lock_ports(chn, peer);
    if ( peer != chn )
    {
        peer->state = EVTCHN_UNBOUND;
        peer->remote = NULL;
        peer->peer = NULL;
        peer->virq = 0;
        peer->remote_domid = d->domain_id;
    }
    evtchn_set_free(d, chn);
    unlock_ports(chn, peer);
}

int evtchn_close(struct domain *d, evtchn_port_t port)
{
    struct evtchn *chn = evtchn_get(&d->evtchn, port);
    struct domain *other = domain_get_known(d);
    int rc = -EINVAL;

    /* only our lock tells the peer's domain, whose lock may have to be first */
    while ( chn )
    {
        struct domain *rd;

        lock_domains(d, other);
        rd = chn->state == EVTCHN_INTERDOMAIN ? chn->remote : d;
        if ( rd == d || rd == other )
            break;
        domain_get_known(rd);
        unlock_domains(d, other);
        domain_put(other);
        other = rd;
    }
    if ( chn )
    {
        if ( chn->state != EVTCHN_FREE )
        {
            close_locked(d, chn);
            rc = 0;
        }
        unlock_domains(d, other);
    }
    domain_put(other);
    return rc;
}

/* ---- the other operations ---- */

static int bind_vcpu(struct domain *d, const struct evtchn_bind_vcpu *op)
{
    struct evtchn *chn = evtchn_get(&d->evtchn, op->port);
    int rc = 0;

    if ( !domain_vcpu(d, op->vcpu) )
        return -ENOENT;
    if ( !chn )
        return -EINVAL;

    spin_lock(&d->evtchn.lock);
    spin_lock(&chn->lock);
    switch ( chn->state )
    {
    case EVTCHN_VIRQ:
        if ( !virq_is_global(chn->virq) )
            rc = -EINVAL;
        break;

    case EVTCHN_UNBOUND:
    case EVTCHN_INTERDOMAIN:
        break;

    default:
        rc = -EINVAL;
        break;
    }
    if ( !rc )
        chn->notify_vcpu = (uint16_t)op->vcpu;
    spin_unlock(&chn->lock);
    spin_unlock(&d->evtchn.lock);
    return rc;
}

static int evtchn_unmask(struct domain *d, evtchn_port_t port)
{
    struct evtchn *chn = evtchn_get(&d->evtchn, port);
    uint64_t bit = BIT64(port % 64);

    if ( !chn )
        return -EINVAL;

    spin_lock(&chn->lock);
    if ( chn->state == EVTCHN_FREE )
        ;
    else if ( d->evtchn.fifo )
        evtchn_fifo_unmask(d, chn);
    else if ( (guest_fetch_and64(d, &d->shared_info->evtchn_mask[port / 64],
                                 ~bit) &
               bit) &&
              evtchn_2l_is_pending(d, port) )
        evtchn_2l_notify(d, notified_vcpu(d, chn), port);
    spin_unlock(&chn->lock);
    return 0;
}

static int evtchn_status(struct domain *d, struct evtchn_status *op)
{
    struct evtchn *chn = evtchn_get(&d->evtchn, op->port);
    struct evtchn_status st = {.dom = op->dom, .port = op->port};

    if ( !chn )
        return -EINVAL;

    spin_lock(&chn->lock);
    st.vcpu = chn->notify_vcpu;
    switch ( chn->state )
    {
    case EVTCHN_UNBOUND:
        st.status = EVTCHNSTAT_unbound;
        st.u.unbound.dom = chn->remote_domid;
        break;

    case EVTCHN_INTERDOMAIN:
        st.status = EVTCHNSTAT_interdomain;
        st.u.interdomain.dom = chn->remote->domain_id;
        st.u.interdomain.port = chn->peer->port;
        break;

    case EVTCHN_VIRQ:
        st.status = EVTCHNSTAT_virq;
        st.u.virq = chn->virq;
        break;

    case EVTCHN_IPI:
        st.status = EVTCHNSTAT_ipi;
        break;

    default:
        st.status = EVTCHNSTAT_closed;
        break;
    }
    spin_unlock(&chn->lock);
    memcpy(op, &st, sizeof(st));
    return 0;
}

static int set_priority(struct domain *d, const struct evtchn_set_priority *op)
{
    struct evtchn *chn = evtchn_get(&d->evtchn, op->port);

    if ( !d->evtchn.fifo )
        return -ENOSYS;
    if ( !chn || op->priority > EVTCHN_FIFO_PRIORITY_MIN )
        return -EINVAL;

    /* takes effect when the port is linked next */
    spin_lock(&chn->lock);
    chn->priority = (uint8_t)op->priority;
    spin_unlock(&chn->lock);
    return 0;
}

/*
 * Close all ports and go back to the 2-level ABI. -ERESTART: more to do;
 * -EAGAIN: another vCPU has opened one since.
 */
static int evtchn_reset(struct domain *d)
{
    struct domain_evtchn *e = &d->evtchn;
    unsigned int port;

    for ( port = 1; port < e->nr_ports; port++ )
    {
        if ( READ_ONCE(evtchn_get(e, port)->state) == EVTCHN_FREE )
            continue;
        evtchn_close(d, port);
        if ( preempt_check() )
            return -ERESTART;
    }

    /* with no port open nobody can be using the FIFO's pages */
    spin_lock(&e->lock);
    for ( port = 1; port < e->nr_ports; port++ )
        if ( evtchn_get(e, port)->state != EVTCHN_FREE )
            break;
    if ( port == e->nr_ports || !e->nr_ports )
        evtchn_fifo_destroy(d);
    else
        port = 0;
    spin_unlock(&e->lock);
    return port || !e->nr_ports ? 0 : -EAGAIN;
}

/* ---- the hypercall: one function per operation, so that each copies its
 * own structure; they fail late only in copying back ---- */

/*
 * A domain named in an operation: SELF, or another's for the control domain.
 * With a reference.
 */
static int get_target(domid_t id, struct domain **d)
{
    *d = domain_get_any(id);
    if ( !*d )
        return -ESRCH;
    if ( *d != current->domain && !current->domain->is_privileged )
    {
        domain_put(*d);
        return -EPERM;
    }
    return 0;
}

static long op_alloc_unbound(uint64_t arg)
{
    struct evtchn_alloc_unbound op;
    struct domain *d;
    long rc;

    if ( copy_from_guest(&op, arg, sizeof(op)) )
        return -EFAULT;
    rc = get_target(op.dom, &d);
    if ( rc )
        return rc;
    if ( op.remote_dom == DOMID_SELF )
        op.remote_dom = current->domain->domain_id;
    rc = evtchn_alloc_unbound(d, op.remote_dom, &op.port);
    if ( !rc && copy_to_guest(arg + offsetof(struct evtchn_alloc_unbound, port),
                              &op.port, sizeof(op.port)) )
    {
        evtchn_close(d, op.port);
        rc = -EFAULT;
    }
    domain_put(d);
    return rc;
}

static long op_bind_interdomain(uint64_t arg)
{
    struct evtchn_bind_interdomain op;
    struct domain *d = current->domain, *rd;
    long rc;

    if ( copy_from_guest(&op, arg, sizeof(op)) )
        return -EFAULT;
    rd = domain_get_any(op.remote_dom);
    if ( !rd )
        return -ESRCH;
    rc = bind_interdomain(d, rd, op.remote_port, &op.local_port);
    domain_put(rd);
    if ( !rc && copy_to_guest(
                    arg + offsetof(struct evtchn_bind_interdomain, local_port),
                    &op.local_port, sizeof(op.local_port)) )
    {
        evtchn_close(d, op.local_port);
        rc = -EFAULT;
    }
    return rc;
}

static long op_bind_virq(uint64_t arg)
{
    struct evtchn_bind_virq op;
    long rc;

    if ( copy_from_guest(&op, arg, sizeof(op)) )
        return -EFAULT;
    rc = bind_virq(current->domain, &op);
    if ( !rc && copy_to_guest(arg, &op, sizeof(op)) )
    {
        evtchn_close(current->domain, op.port);
        rc = -EFAULT;
    }
    return rc;
}

static long op_bind_ipi(uint64_t arg)
{
    struct evtchn_bind_ipi op;
    long rc;

    if ( copy_from_guest(&op, arg, sizeof(op)) )
        return -EFAULT;
    rc = bind_ipi(current->domain, &op);
    if ( !rc && copy_to_guest(arg, &op, sizeof(op)) )
    {
        evtchn_close(current->domain, op.port);
        rc = -EFAULT;
    }
    return rc;
}

static long op_bind_vcpu(uint64_t arg)
{
    struct evtchn_bind_vcpu op;

    return copy_from_guest(&op, arg, sizeof(op))
               ? -EFAULT
               : bind_vcpu(current->domain, &op);
}

static long op_status(uint64_t arg)
{
    struct evtchn_status op;
    struct domain *d;
    long rc;

    if ( copy_from_guest(&op, arg, sizeof(op)) )
        return -EFAULT;
    rc = get_target(op.dom, &d);
    if ( rc )
        return rc;
    rc = evtchn_status(d, &op);
    domain_put(d);
    return rc ? rc : copy_to_guest(arg, &op, sizeof(op));
}

static long op_init_control(uint64_t arg)
{
    struct evtchn_init_control op;
    struct domain *d = current->domain;
    long rc;

    if ( copy_from_guest(&op, arg, sizeof(op)) )
        return -EFAULT;
    spin_lock(&d->evtchn.lock);
    rc = evtchn_fifo_init_control(d, &op);
    spin_unlock(&d->evtchn.lock);
    return rc ? rc : copy_to_guest(arg, &op, sizeof(op));
}

static long op_expand_array(uint64_t arg)
{
    struct evtchn_expand_array op;
    struct domain *d = current->domain;
    long rc;

    if ( copy_from_guest(&op, arg, sizeof(op)) )
        return -EFAULT;
    spin_lock(&d->evtchn.lock);
    rc = evtchn_fifo_expand_array(d, &op);
    spin_unlock(&d->evtchn.lock);
    return rc;
}

static long op_set_priority(uint64_t arg)
{
    struct evtchn_set_priority op;

    return copy_from_guest(&op, arg, sizeof(op))
               ? -EFAULT
               : set_priority(current->domain, &op);
}

static long op_reset(uint64_t arg)
{
    struct evtchn_reset op;
    long rc;

    if ( copy_from_guest(&op, arg, sizeof(op)) )
        return -EFAULT;
    /* another domain's vCPUs would have to stand still */
    if ( op.dom != DOMID_SELF && op.dom != current->domain->domain_id )
        return -EOPNOTSUPP;
    rc = evtchn_reset(current->domain);
    return rc == -ERESTART ? hypercall_continue(__HYPERVISOR_event_channel_op,
                                                EVTCHNOP_reset, arg, 0, 0, 0)
                           : rc;
}

/* Operations whose structure is just a port: send, unmask, close. */
static long op_on_port(uint64_t arg, int (*fn)(struct domain *, evtchn_port_t))
{
    evtchn_port_t port;

    return copy_from_guest(&port, arg, sizeof(port))
               ? -EFAULT
               : fn(current->domain, port);
}

long do_event_channel_op(uint64_t cmd, uint64_t arg, uint64_t a2 __maybe_unused,
                         uint64_t a3 __maybe_unused, uint64_t a4 __maybe_unused)
{
    if ( likely(cmd == EVTCHNOP_send) )
    {
        evtchn_port_t port;

        return copy_from_guest(&port, arg, sizeof(port))
                   ? -EFAULT
                   : evtchn_send(current->domain, port);
    }

    switch ( cmd )
    {
    case EVTCHNOP_unmask:
        return op_on_port(arg, evtchn_unmask);
    case EVTCHNOP_close:
        return op_on_port(arg, evtchn_close);
    case EVTCHNOP_alloc_unbound:
        return op_alloc_unbound(arg);
    case EVTCHNOP_bind_interdomain:
        return op_bind_interdomain(arg);
    case EVTCHNOP_bind_virq:
        return op_bind_virq(arg);
    case EVTCHNOP_bind_ipi:
        return op_bind_ipi(arg);
    case EVTCHNOP_bind_vcpu:
        return op_bind_vcpu(arg);
    case EVTCHNOP_status:
        return op_status(arg);
    case EVTCHNOP_init_control:
        return op_init_control(arg);
    case EVTCHNOP_expand_array:
        return op_expand_array(arg);
    case EVTCHNOP_set_priority:
        return op_set_priority(arg);
    case EVTCHNOP_reset:
        return op_reset(arg);
    default:
        return -ENOSYS;
    }
}

/* ---- life ---- */

int evtchn_init(struct domain *d, unsigned int max_port)
{
    struct domain_evtchn *e = &d->evtchn;

    if ( !max_port || max_port > PORTS_FIFO - 1 )
        max_port = PORTS_FIFO - 1;
    e->max_port = max_port;
    e->first_free = 1; /* port 0 means none */
    e->bucket =
        xzalloc_array(struct evtchn *, max_port / EVTCHNS_PER_BUCKET + 1);
    return e->bucket ? 0 : -ENOMEM;
}

int evtchn_destroy(struct domain *d)
{
    int rc = evtchn_reset(d);
    struct vcpu *v;

    /* No port is left to set, and no vCPU runs: nobody writes there now. The
     * frames' references would keep the domain for ever. */
    if ( !rc )
        for_each_vcpu (d, v)
            evtchn_vcpu_exit(v);
    return rc;
}

void evtchn_exit(struct domain *d)
{
    struct domain_evtchn *e = &d->evtchn;

    if ( !e->bucket )
        return;
    for ( unsigned int i = 0; i < e->nr_ports / EVTCHNS_PER_BUCKET; i++ )
        xfree(e->bucket[i]);
    xfree(e->bucket);
    e->bucket = NULL;
    e->nr_ports = 0;
}

int evtchn_vcpu_init(struct vcpu *v)
{
    v->evtchn.info =
        v->vcpu_id ? &v->evtchn.own : &v->domain->shared_info->vcpu_info[0];
    return 0;
}

void evtchn_vcpu_exit(struct vcpu *v)
{
    if ( v->evtchn.info_page )
        put_page(v->evtchn.info_page);
    v->evtchn.info_page = NULL;
    v->evtchn.info = &v->evtchn.own;
}

int vcpu_map_info(struct vcpu *v, uint64_t gfn, unsigned int offset)
{
    struct domain *d = v->domain;
    struct vcpu_info *old = v->evtchn.info, *new;
    enum p2m_type type;
    struct page_info *pg;

    if ( offset > PAGE_SIZE - sizeof(struct vcpu_info) ||
         offset % sizeof(uint64_t) )
        return -ENXIO;
    if ( v != current && READ_ONCE(v->sched.online) )
        return -EINVAL;
    pg = p2m_get_page(d, _gfn(gfn), true, &type);
    if ( !pg )
        return -EINVAL;

    spin_lock(&d->evtchn.lock);
    if ( v->evtchn.info_page || type != P2M_RAM_RW )
    {
        spin_unlock(&d->evtchn.lock);
        put_page(pg);
        return -EINVAL;
    }
    new = (struct vcpu_info *)(void *)((char *)page_to_virt(pg) + offset);
    new->evtchn_upcall_pending = READ_ONCE(old->evtchn_upcall_pending);
    v->evtchn.info_page = pg;
    __atomic_store_n(&v->evtchn.info, new, __ATOMIC_RELEASE);

    /* whatever a sender still wrote to the old place is looked for again */
    guest_fetch_or64(d, &new->evtchn_pending_sel, ~UINT64_C(0));
    guest_xchg8(d, &new->evtchn_upcall_pending, 0);
    vcpu_mark_events_pending(v);
    spin_unlock(&d->evtchn.lock);
    return 0;
}

void evtchn_dump(struct domain *d)
{
    static const char *const name[] = {"free", "unbound", "interdomain", "virq",
                                       "ipi"};

    /* a reset would take the FIFO's pages away under us */
    if ( !spin_trylock(&d->evtchn.lock) )
    {
        printk("d%u event channels: locked\n", d->domain_id);
        return;
    }
    printk("d%u event channels, %s\n", d->domain_id,
           d->evtchn.fifo ? "FIFO" : "2-level");
    for ( unsigned int port = 1; port < d->evtchn.nr_ports; port++ )
    {
        const struct evtchn *chn = evtchn_get(&d->evtchn, port);
        bool masked;

        if ( chn->state == EVTCHN_FREE )
            continue;
        masked = d->evtchn.fifo ? evtchn_fifo_is_masked(d, chn)
                                : evtchn_2l_is_masked(d, port);
        printk("  %4u %-11s vcpu %u%s%s%s\n", port, name[chn->state],
               chn->notify_vcpu, port_is_pending(d, chn) ? " pending" : "",
               masked ? " masked" : "", chn->pending ? " deferred" : "");
    }
    spin_unlock(&d->evtchn.lock);
}
