/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hypercalls of three domains with arguments that a guest may choose: event
 * channels, grants, memory, with two domains granting to and signalling each
 * other. Allocations fail now and then, preemption comes at any time, and the
 * guests scribble over what they share with us. Afterwards everything is taken
 * from the domains: no reference or allocation may be left.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "hyp-rig.h"

#include <xen/hypercall.h>

#include <public/event_channel.h>
#include <public/memory.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const uint8_t *at;
    size_t left;
};

static uint64_t take(struct input *in, unsigned int bytes)
{
    uint64_t v = 0;

    while ( bytes-- && in->left )
    {
        v = v << 8 | *in->at++;
        in->left--;
    }
    return v;
}

/* Small numbers mostly, so that things are found; any number sometimes. */
static uint64_t number(struct input *in, unsigned int below)
{
    uint64_t v = take(in, 1);

    return v < 250 ? v % below : take(in, 8);
}

static domid_t domid(struct input *in)
{
    uint64_t v = take(in, 1) & 7;

    return v < 3 ? (domid_t)v : v < 7 ? DOMID_SELF : (domid_t)take(in, 2);
}

static void event_op(struct input *in)
{
    uint64_t cmd = take(in, 1) % 16;
    union {
        struct evtchn_alloc_unbound alloc;
        struct evtchn_bind_interdomain bind;
        struct evtchn_bind_virq virq;
        struct evtchn_bind_vcpu vcpu;
        struct evtchn_init_control control;
        struct evtchn_expand_array array;
        struct evtchn_set_priority priority;
        uint8_t raw[64];
    } u;

    memset(&u, 0, sizeof(u));
    switch ( cmd )
    {
    case EVTCHNOP_alloc_unbound:
        u.alloc.dom = domid(in);
        u.alloc.remote_dom = domid(in);
        break;
    case EVTCHNOP_bind_interdomain:
        u.bind.remote_dom = domid(in);
        u.bind.remote_port = (evtchn_port_t)number(in, 8);
        break;
    case EVTCHNOP_init_control:
        u.control.control_gfn = number(in, 48);
        u.control.offset = (uint32_t)number(in, 2) * 64;
        u.control.vcpu = (uint32_t)number(in, RIG_VCPUS);
        break;
    case EVTCHNOP_expand_array:
        u.array.array_gfn = number(in, 48);
        break;
    case EVTCHNOP_reset:
        u.alloc.dom = domid(in);
        break;
    default: /* a port or virq, and another number */
        u.vcpu.port = (evtchn_port_t)number(in, 8);
        u.vcpu.vcpu = (uint32_t)number(in, RIG_VCPUS);
        break;
    }
    do_event_channel_op(cmd, (uintptr_t)&u, 0, 0, 0);
}

static grant_handle_t handles[4];

static void grant_op(struct input *in)
{
    static const uint8_t cmds[] = {0, 0, 1, 1, 2, 5, 6, 8, 10, 12};
    uint64_t cmd = cmds[take(in, 1) % sizeof(cmds)];
    unsigned int n = (unsigned int)take(in, 1) % 4;
    xen_pfn_t gfns[2];
    union {
        struct gnttab_map_grant_ref map;
        struct gnttab_unmap_grant_ref unmap;
        struct gnttab_copy copy;
        struct gnttab_setup_table setup;
        struct gnttab_cache_flush flush;
        struct gnttab_query_size query;
    } u;

    memset(&u, 0, sizeof(u));
    switch ( cmd )
    {
    case GNTTABOP_map_grant_ref:
        u.map.host_addr = number(in, RIG_GFNS) << PAGE_SHIFT;
        u.map.flags = (uint32_t)number(in, 8);
        u.map.ref = (grant_ref_t)number(in, 4);
        u.map.dom = domid(in);
        break;
    case GNTTABOP_unmap_grant_ref:
        u.unmap.host_addr = number(in, RIG_GFNS) << PAGE_SHIFT;
        u.unmap.handle = (grant_handle_t)number(in, 8);
        break;
    case GNTTABOP_copy:
        u.copy.source.u.gmfn = number(in, 64);
        u.copy.source.domid = domid(in);
        u.copy.source.offset = (uint16_t)number(in, 64);
        u.copy.dest.u.gmfn = number(in, 64);
        u.copy.dest.domid = domid(in);
        u.copy.len = (uint16_t)number(in, 256);
        u.copy.flags = (uint16_t)number(in, 4);
        break;
    case GNTTABOP_setup_table:
        u.setup.dom = domid(in);
        u.setup.nr_frames = (uint32_t)take(in, 1) % 3;
        u.setup.frame_list.p = gfns;
        break;
    case GNTTABOP_cache_flush:
        u.flush.a.dev_bus_addr = number(in, 255) << PAGE_SHIFT;
        u.flush.length = (uint16_t)number(in, 255);
        u.flush.op = (uint32_t)number(in, 4);
        break;
    default:
        u.query.dom = domid(in);
        break;
    }
    do_grant_table_op(cmd, (uintptr_t)&u, 1, 0, 0);
    if ( cmd == GNTTABOP_map_grant_ref )
        handles[n] = u.map.handle;
}

static void memory_op(struct input *in)
{
    static const uint8_t cmds[] = {1, 1, 3, 4, 6, 6, 7, 7, 14, 15, 15, 23, 28};
    uint64_t cmd = cmds[take(in, 1) % sizeof(cmds)];
    xen_pfn_t gfns[4];
    xen_ulong_t idxs[4];
    int errs[4];
    union {
        struct xen_memory_reservation r;
        struct xen_add_to_physmap add;
        struct xen_add_to_physmap_batch batch;
        struct xen_remove_from_physmap remove;
        struct xen_mem_acquire_resource acquire;
    } u;

    memset(&u, 0, sizeof(u));
    for ( unsigned int i = 0; i < 4; i++ )
    {
        gfns[i] = number(in, RIG_GFNS);
        idxs[i] = number(in, 64);
    }
    switch ( cmd )
    {
    case XENMEM_decrease_reservation:
    case XENMEM_populate_physmap:
        u.r.extent_start.p = gfns;
        u.r.nr_extents = take(in, 1) % 5;
        u.r.extent_order = take(in, 1) & 7 ? 0 : (unsigned int)number(in, 64);
        u.r.mem_flags = (unsigned int)number(in, 64);
        u.r.domid = domid(in);
        break;
    case XENMEM_add_to_physmap:
        u.add.domid = domid(in);
        u.add.space = (unsigned int)number(in, 6);
        u.add.idx = number(in, 4);
        u.add.gpfn = gfns[0];
        break;
    case XENMEM_add_to_physmap_batch:
        u.batch.domid = domid(in);
        u.batch.space = (uint16_t)number(in, 6);
        u.batch.size = (uint16_t)(take(in, 1) % 5);
        u.batch.u.foreign_domid = domid(in);
        u.batch.idxs.p = idxs;
        u.batch.gpfns.p = gfns;
        u.batch.errs.p = errs;
        break;
    case XENMEM_acquire_resource:
        u.acquire.domid = domid(in);
        u.acquire.type = (uint16_t)number(in, 3);
        u.acquire.nr_frames = (uint32_t)take(in, 1) % 5;
        u.acquire.frame = number(in, 3);
        u.acquire.frame_list.p = gfns;
        break;
    default:
        u.remove.domid = domid(in);
        u.remove.gpfn = gfns[0];
        break;
    }
    do_memory_op(cmd, (uintptr_t)&u, 0, 0, 0);
}

/* Writes to a page of the guest's: entries, event words, control blocks. */
static void scribble(struct input *in, unsigned int id)
{
    unsigned int gfn = (unsigned int)take(in, 1) % 48;
    uint32_t at = (uint32_t)take(in, 1) * 4;

    if ( rig_p2m[id].type[gfn] == P2M_RAM_RW )
        *(uint32_t *)(void *)((char *)rig_page(id, gfn) + at) =
            (uint32_t)take(in, 4);
}

static void write_grant(struct input *in, unsigned int id)
{
    struct grant_entry_v1 *e = page_to_virt(rig_dom[id]->grant.frame[0].page);

    e += take(in, 1) % 4;
    e->flags = (uint16_t)(take(in, 1) & 0x1f);
    e->domid = (domid_t)(take(in, 1) % 3);
    e->frame = (uint32_t)number(in, 64);
}

static void begin(void)
{
    rig_init();
    for ( unsigned int i = 0; i < RIG_DOMAINS; i++ )
        if ( evtchn_init(rig_dom[i], 200) ||
             grant_table_init(rig_dom[i], 2, 1) )
            __builtin_trap();
}

static void end(void)
{
    rig_alloc_fail = -1;
    rig_preempt = false;
    for ( unsigned int i = 0; i < RIG_DOMAINS; i++ )
    {
        rig_dom[i]->is_dying = true;
        if ( evtchn_destroy(rig_dom[i]) ||
             grant_table_release_mappings(rig_dom[i]) )
            __builtin_trap();
        for ( unsigned int v = 0; v < RIG_VCPUS; v++ )
            evtchn_vcpu_exit(rig_dom[i]->vcpu[v]);
    }
    for ( unsigned int i = 0; i < RIG_DOMAINS; i++ )
        for ( uint64_t g = 0; g < RIG_GFNS; g++ )
            (void)!p2m_remove_page(rig_dom[i], _gfn(g), INVALID_MFN);
    for ( unsigned int i = 0; i < RIG_DOMAINS; i++ )
    {
        grant_table_exit(rig_dom[i]);
        evtchn_exit(rig_dom[i]);
        if ( rig_dom[i]->refcount != 1 )
            __builtin_trap();
    }
    if ( rig_allocs() || rig_extra_refs() )
        __builtin_trap();
    rig_exit();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};

    begin();
    while ( in.left )
    {
        uint64_t what = take(&in, 1);
        unsigned int id = (unsigned int)(what >> 4) % RIG_DOMAINS;

        rig_run_as(id, (unsigned int)(what >> 6));
        switch ( what & 15 )
        {
        case 0 ... 4:
            event_op(&in);
            break;
        case 5 ... 8:
            grant_op(&in);
            break;
        case 9 ... 11:
            memory_op(&in);
            break;
        case 12:
            scribble(&in, id);
            break;
        case 13:
            write_grant(&in, id);
            break;
        case 14:
            what = take(&in, 1);
            rig_alloc_fail = (long)(what % 8) - 1;
            rig_preempt = what & 8;
            break;
        default:
            if ( vcpu_map_info(current, number(&in, 48),
                               (unsigned int)number(&in, 64) * 8) )
                break;
            break;
        }
    }
    end();
    return 0;
}
