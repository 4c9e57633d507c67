/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Event channels. Ports and their life: common/event-channel.c, with the
 * 2-level ABI; the FIFO ABI: common/evtchn-fifo.c.
 */
#ifndef XEN_EVENT_H
#define XEN_EVENT_H

#include <xen/addr.h>
#include <xen/spinlock.h>

#include <public/xen.h>
#include <public/event_channel.h>

struct domain;
struct vcpu;
struct evtchn_fifo;
struct page_info;

enum evtchn_state {
    EVTCHN_FREE,
    EVTCHN_UNBOUND,     /* waits for remote_domid to bind */
    EVTCHN_INTERDOMAIN, /* peer, a port of remote */
    EVTCHN_VIRQ,
    EVTCHN_IPI,
};

/*
 * One port. Changes are made with the domain's lock and the port's own lock
 * held (of both ends for a pair), so a sender needs the port's own only.
 */
struct evtchn {
    spinlock_t lock;       /* LOCK_RANK_EVTCHN_PORT; two: lower address */
    uint8_t state;         /* enum evtchn_state */
    uint8_t priority;      /* FIFO queue to use */
    uint8_t last_priority; /* FIFO queue it is or was linked in; fifo lock */
    bool pending;          /* FIFO: raised while it had no event word */
    uint16_t notify_vcpu;
    uint16_t last_vcpu; /* as last_priority */
    uint32_t port;
    union {
        domid_t remote_domid;
        uint32_t virq;
    };
    struct evtchn *peer;
    struct domain *remote; /* its ports close before it goes: no reference */
} __aligned(64);

#define EVTCHNS_PER_BUCKET ((unsigned int)(PAGE_SIZE / sizeof(struct evtchn)))

struct domain_evtchn {
    spinlock_t lock;                  /* LOCK_RANK_EVTCHN */
    struct evtchn **bucket;           /* pages of ports, grown on demand */
    unsigned int nr_ports;            /* valid ports are below; only grows */
    unsigned int max_port;            /* highest allowed */
    unsigned int first_free;          /* none below is free; lock */
    struct evtchn_fifo *fifo;         /* NULL: 2-level */
    unsigned int virq_port[NR_VIRQS]; /* global VIRQs; 0 unbound */
    unsigned int nr_pollers;          /* vCPUs in SCHEDOP_poll; atomic */
};

struct evtchn_vcpu {
    struct vcpu_info *info;        /* shared page; ours or the guest's */
    struct page_info *info_page;   /* reference held, NULL while ours */
    struct vcpu_info own;          /* until the guest registers one */
    struct evtchn_fifo_vcpu *fifo; /* NULL: no control block */
    unsigned int virq_port[NR_VIRQS];
    bool polling; /* in SCHEDOP_poll: wake at any event */
};

int __must_check evtchn_init(struct domain *d, unsigned int max_port);
/* evtchn_destroy - close all ports of a dying domain; -ERESTART until done.
 * evtchn_exit - free what is left, with the domain. */
int evtchn_destroy(struct domain *d);
void evtchn_exit(struct domain *d);
int __must_check evtchn_vcpu_init(struct vcpu *v);
void evtchn_vcpu_exit(struct vcpu *v);

/* do_event_channel_op: xen/hypercall.h */

/*
 * evtchn_alloc_unbound - the lowest free port of @d, for @remote to bind.
 * -ENOENT: it has no vCPU yet.
 * evtchn_close - of a dying domain, or of the caller. -EINVAL: no such port.
 */
int __must_check evtchn_alloc_unbound(struct domain *d, domid_t remote,
                                      evtchn_port_t *port);
int evtchn_close(struct domain *d, evtchn_port_t port);
/* evtchn_is_pending - for SCHEDOP_poll. -EINVAL: no such port. */
int evtchn_is_pending(struct domain *d, evtchn_port_t port);

/* evtchn_poll_begin - from here on any event wakes @v, until it did once or
 * evtchn_poll_end() does. */
void evtchn_poll_begin(struct vcpu *v);
void evtchn_poll_end(struct vcpu *v);

/* send_global_virq - to dom0 (VIRQ_CONSOLE, VIRQ_DOM_EXC); send_vcpu_virq. */
void send_global_virq(unsigned int virq);
void send_vcpu_virq(struct vcpu *v, unsigned int virq);
/* evtchn_upcall_pending - is the vCPU's upcall byte set? */
bool evtchn_upcall_pending(const struct vcpu *v);
/* vcpu_mark_events_pending - set the byte, and the line if it was clear. */
void vcpu_mark_events_pending(struct vcpu *v);
/* vcpu_map_info - VCPUOP_register_vcpu_info. */
int vcpu_map_info(struct vcpu *v, uint64_t gfn, unsigned int offset);
void evtchn_dump(struct domain *d); /* debug key 'e' */

/* The port's structure, or NULL. Port 0 exists and stays free. */
static inline struct evtchn *evtchn_get(const struct domain_evtchn *e,
                                        evtchn_port_t port)
{
    /* pairs with the release in evtchn_grow(): the bucket is there */
    if ( port >= __atomic_load_n(&e->nr_ports, __ATOMIC_ACQUIRE) )
        return NULL;
    return &e->bucket[port / EVTCHNS_PER_BUCKET][port % EVTCHNS_PER_BUCKET];
}

/* ---- FIFO; domain lock held unless said ---- */

int __must_check evtchn_fifo_init_control(struct domain *d,
                                          struct evtchn_init_control *op);
int __must_check evtchn_fifo_expand_array(struct domain *d,
                                          struct evtchn_expand_array *op);
/* Set pending and link. The port's lock, or the domain's. */
void evtchn_fifo_set_pending(struct domain *d, struct evtchn *chn);
void evtchn_fifo_unmask(struct domain *d, struct evtchn *chn);
void evtchn_fifo_clear_pending(struct domain *d, struct evtchn *chn);
bool evtchn_fifo_is_pending(const struct domain *d, const struct evtchn *chn);
bool evtchn_fifo_is_masked(const struct domain *d, const struct evtchn *chn);
/* May the port not be reused yet, because the guest still has it linked? */
bool evtchn_fifo_is_linked(const struct domain *d, evtchn_port_t port);
/* Nobody may send any more: all ports are closed. */
void evtchn_fifo_destroy(struct domain *d);

/* evtchn_set_pending - by the ABI the domain uses. Port's or domain's lock. */
void evtchn_set_pending(struct domain *d, struct evtchn *chn);

#endif /* XEN_EVENT_H */
