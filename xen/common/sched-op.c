/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sched_op: what a guest asks of the scheduler, and its own end. No lock of
 * its own.
 */
#include <xen/hypercall.h>

#include <public/sched.h>

#include <xen/domain.h>
#include <xen/guest-copy.h>

#define POLL_MAX_PORTS 128U

static long shutdown(uint64_t arg)
{
    struct sched_shutdown s;

    if ( copy_from_guest(&s, arg, sizeof(s)) )
        return -EFAULT;
    if ( s.reason > SHUTDOWN_MAX )
        return -EINVAL;
    domain_shutdown(current->domain, s.reason);
    return 0; /* not before it runs again, if ever */
}

static long remote_shutdown(uint64_t arg)
{
    struct sched_remote_shutdown s;
    struct domain *d;

    if ( !current->domain->is_privileged )
        return -EPERM;
    if ( copy_from_guest(&s, arg, sizeof(s)) )
        return -EFAULT;
    if ( s.reason > SHUTDOWN_MAX )
        return -EINVAL;
    d = domain_get(s.domain_id);
    if ( !d )
        return -ESRCH;
    domain_shutdown(d, s.reason);
    domain_put(d);
    return 0;
}

/* 1: one of the ports is pending; 0: none; -EINVAL, -EFAULT. */
static int poll_ports(const struct sched_poll *p)
{
    for ( unsigned int i = 0; i < p->nr_ports; i++ )
    {
        evtchn_port_t port;
        int rc;

        if ( copy_from_guest(&port,
                             guest_handle_addr(p->ports) + i * sizeof(port),
                             sizeof(port)) )
            return -EFAULT;
        rc = evtchn_is_pending(current->domain, port);
        if ( rc )
            return rc;
    }
    return 0;
}

static long poll(uint64_t arg)
{
    struct sched_poll p;
    struct vcpu *v = current;
    int rc;

    if ( copy_from_guest(&p, arg, sizeof(p)) )
        return -EFAULT;
    if ( p.nr_ports > POLL_MAX_PORTS )
        return -EINVAL;

    /* before we look: a later event finds us polling and wakes us */
    evtchn_poll_begin(v);
    rc = poll_ports(&p);
    if ( rc )
        return rc < 0 ? rc : 0;
    if ( p.timeout )
        timer_set(&v->poll_timer,
                  (s_time_t)p.timeout + domain_time_offset(v->domain));
    vcpu_block(v);
    return 0;
}

/*
 * id 0: a free one is armed, its number + 1 is the result; else that one is
 * armed again, or stopped by a timeout of 0.
 */
static long watchdog(uint64_t arg)
{
    struct domain *d = current->domain;
    struct sched_watchdog w;
    unsigned int i;

    if ( copy_from_guest(&w, arg, sizeof(w)) )
        return -EFAULT;
    if ( w.id > DOMAIN_WATCHDOGS )
        return -EINVAL;
    if ( !w.id )
    {
        if ( !w.timeout )
            return -EINVAL;
        for ( i = 0; i < DOMAIN_WATCHDOGS; i++ )
            if ( !timer_is_active(&d->watchdog[i]) )
                break;
        if ( i == DOMAIN_WATCHDOGS )
            return -ENOSPC;
        timer_set(&d->watchdog[i], NOW() + SECONDS(w.timeout));
        return i + 1;
    }
    if ( !timer_is_active(&d->watchdog[w.id - 1]) )
        return -EINVAL;
    if ( w.timeout )
        timer_set(&d->watchdog[w.id - 1], NOW() + SECONDS(w.timeout));
    else
        timer_stop(&d->watchdog[w.id - 1]);
    return 0;
}

long do_sched_op(uint64_t cmd, uint64_t arg, uint64_t a2 __maybe_unused,
                 uint64_t a3 __maybe_unused, uint64_t a4 __maybe_unused)
{
    switch ( cmd )
    {
    case SCHEDOP_yield:
        vcpu_yield();
        return 0;
    case SCHEDOP_block:
        vcpu_block(current);
        return 0;
    case SCHEDOP_shutdown:
        return shutdown(arg);
    case SCHEDOP_poll:
        return poll(arg);
    case SCHEDOP_remote_shutdown:
        return remote_shutdown(arg);
    case SCHEDOP_watchdog:
        return watchdog(arg);
    default:
        return -ENOSYS;
    }
}
