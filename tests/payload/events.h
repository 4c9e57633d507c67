/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Event channels of a payload in the 2-level form, on CPU 0.
 * Owns the shared_info page, CPU 0's vcpu_info and the upcall interrupt.
 * Manual: <public/event_channel.h>, <public/xen.h> "struct shared_info".
 */
#ifndef PAYLOAD_EVENTS_H
#define PAYLOAD_EVENTS_H

#include <stdint.h>

#include <public/xen.h>
#include <public/event_channel.h>

#define EVENT_PORTS 64 /* ports that a payload may use */

struct events {
    unsigned int irq; /* from the hypervisor node */
    struct shared_info *shared;
    struct vcpu_info *vcpu;
    volatile unsigned int upcalls;
    volatile unsigned int count[EVENT_PORTS];
};

extern struct events events;

/* events_init - map shared_info, register vcpu_info, enable the upcall. */
void events_init(void);

/* evtchn_op - EVTCHNOP_* with its structure. */
long evtchn_op(unsigned int op, void *arg);

/*
 * events_loopback - a channel from this domain to itself.
 * A send on *from sets *to pending.
 * Return: 0 or the error of the failing call.
 */
long events_loopback(evtchn_port_t *from, evtchn_port_t *to);

#endif
