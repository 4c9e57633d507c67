/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Event channels: 2-level and FIFO. Owned by common/event-channel.c. */
#ifndef XEN_EVENT_H
#define XEN_EVENT_H

#include <public/xen.h>
#include <public/event_channel.h>
#include <xen/spinlock.h>

struct domain;
struct vcpu;
struct evtchn;
struct evtchn_fifo;

struct domain_evtchn {
    spinlock_t lock;            /* LOCK_RANK_EVTCHN */
    struct evtchn **bucket;     /* pages of ports, grown on demand */
    unsigned int nr_ports;      /* valid ports are below */
    unsigned int max_port;      /* highest allowed */
    struct evtchn_fifo *fifo;   /* NULL: 2-level */
    unsigned int virq_port[NR_VIRQS]; /* global VIRQs; 0 unbound */
};

struct evtchn_vcpu {
    vcpu_info_t *info;          /* shared page; ours or the guest's */
    struct page_info *info_page;/* reference held, NULL while ours */
    unsigned int virq_port[NR_VIRQS];
};

int __must_check evtchn_init(struct domain *d, unsigned int max_port);
void evtchn_destroy(struct domain *d);  /* close all ports; domain dying */
int __must_check evtchn_vcpu_init(struct vcpu *v);

/* do_event_channel_op: xen/hypercall.h */

/* send_global_virq - to dom0 (VIRQ_CONSOLE, VIRQ_DOM_EXC); send_vcpu_virq. */
void send_global_virq(unsigned int virq);
void send_vcpu_virq(struct vcpu *v, unsigned int virq);
/* evtchn_upcall_pending - is the vCPU's upcall byte set? */
bool evtchn_upcall_pending(const struct vcpu *v);
/* vcpu_map_info - VCPUOP_register_vcpu_info. */
int vcpu_map_info(struct vcpu *v, uint64_t gfn, unsigned int offset);
void evtchn_dump(struct domain *d); /* debug key 'e' */

#endif /* XEN_EVENT_H */
