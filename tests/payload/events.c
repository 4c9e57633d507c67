/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Event channels of a payload: set-up and the 2-level upcall. See events.h. */
#include "events.h"

#include <public/memory.h>
#include <public/vcpu.h>

#include "fdt.h"
#include "gic.h"
#include "hypercall.h"
#include "runtime.h"

#define PPI_BASE 16

struct events events;

static struct vcpu_info vcpu_info __attribute__((aligned(64)));

long evtchn_op(unsigned int op, void *arg)
{
    return hypercall(__HYPERVISOR_event_channel_op, op, arg);
}

static void upcall(unsigned int irq)
{
    unsigned long sel, pending;
    unsigned int word, bit;

    (void)irq;
    events.upcalls++;
    events.vcpu->evtchn_upcall_pending = 0;
    __asm__ volatile("dmb ish" : : : "memory");

    sel = __atomic_exchange_n(&events.vcpu->evtchn_pending_sel, 0,
                              __ATOMIC_ACQ_REL);
    for ( ; sel; sel &= sel - 1 )
    {
        word = (unsigned int)__builtin_ctzl(sel);
        pending = events.shared->evtchn_pending[word] &
                  ~events.shared->evtchn_mask[word];
        for ( ; pending; pending &= pending - 1 )
        {
            bit = (unsigned int)__builtin_ctzl(pending);
            __atomic_fetch_and(&events.shared->evtchn_pending[word],
                               ~(1UL << bit), __ATOMIC_ACQ_REL);
            if ( word == 0 )
                events.count[bit]++;
        }
    }
}

static unsigned int upcall_irq(void)
{
    struct fdt_query q = {
        .prop = "compatible",
        .value = "xen,xen",
        .want = "interrupts",
    };
    const uint8_t *irq = fdt_find(boot.fdt, &q, NULL);

    if ( !irq )
        panic("no event interrupt in the hypervisor node\n");

    return fdt_cell(irq, 1) + PPI_BASE;
}

void events_init(void)
{
    void *page = ram_alloc(PAGE_SIZE, PAGE_SIZE);
    struct xen_add_to_physmap map = {
        .domid = DOMID_SELF,
        .space = XENMAPSPACE_shared_info,
        .gpfn = (unsigned long)page >> PAGE_SHIFT,
    };
    struct vcpu_register_vcpu_info info = {
        .mfn = (unsigned long)&vcpu_info >> PAGE_SHIFT,
        .offset = (uint32_t)((unsigned long)&vcpu_info & (PAGE_SIZE - 1)),
    };
    long rc = hypercall(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, &map);

    if ( rc )
        panic("add_to_physmap(shared_info): %ld\n", rc);
    rc = hypercall3(__HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info, 0, &info);
    if ( rc )
        panic("register_vcpu_info: %ld\n", rc);

    events.shared = page;
    events.vcpu = &vcpu_info;
    events.irq = upcall_irq();
    gic_enable(events.irq, upcall);
}

long events_loopback(evtchn_port_t *from, evtchn_port_t *to)
{
    struct evtchn_alloc_unbound alloc = {
        .dom = DOMID_SELF,
        .remote_dom = DOMID_SELF,
    };
    struct evtchn_bind_interdomain bind = {.remote_dom = DOMID_SELF};
    long rc = evtchn_op(EVTCHNOP_alloc_unbound, &alloc);

    if ( rc )
        return rc;

    bind.remote_port = alloc.port;
    rc = evtchn_op(EVTCHNOP_bind_interdomain, &bind);
    if ( rc )
        return rc;

    *from = bind.local_port;
    *to = alloc.port;

    return 0;
}
