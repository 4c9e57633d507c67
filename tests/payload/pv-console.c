/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Output of a domU's PV console. See pv-console.h. */
#include "pv-console.h"

#include <public/event_channel.h>
#include <public/hvm/hvm_op.h>
#include <public/hvm/params.h>
#include <public/io/console.h>
#include <public/sched.h>

#include "hypercall.h"
#include "runtime.h"

static uint64_t get_param(uint32_t index)
{
    struct xen_hvm_param param = {.domid = DOMID_SELF, .index = index};

    return hypercall(__HYPERVISOR_hvm_op, HVMOP_get_param, &param)
               ? 0
               : param.value;
}

uint64_t pv_console_gfn(void)
{
    return get_param(HVM_PARAM_CONSOLE_PFN);
}

uint32_t pv_console_port(void)
{
    return (uint32_t)get_param(HVM_PARAM_CONSOLE_EVTCHN);
}

static void notify(uint32_t port)
{
    struct evtchn_send send = {.port = port};

    hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_send, &send);
}

void pv_console_write(const char *s, unsigned int size)
{
    static volatile struct xencons_interface *ring;
    static uint32_t port;
    uint32_t prod;

    if ( !ring )
    {
        ring = (void *)(pv_console_gfn() << PAGE_SHIFT);
        port = pv_console_port();
    }
    if ( !ring )
        return;

    for ( prod = ring->out_prod; size; size-- )
    {
        while ( prod - ring->out_cons >= sizeof(ring->out) )
        {
            notify(port);
            hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield, NULL);
        }
        ring->out[MASK_XENCONS_IDX(prod++, ring->out)] = *s++;
        __asm__ volatile("dmb ish" : : : "memory");
        ring->out_prod = prod;
    }
    notify(port);
}
