/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hypercalls with arguments that are often right, and else at a boundary or
 * random. Each known operation says what its structure consists of, a letter
 * a field, so that most calls get past the first check:
 *
 *   d domid u16     u number u16    v offset in a page u16
 *   p port u32      n number u32    f flags u32       w watchdog's timeout u32
 *   g frame u64     x number u64    a address of a frame u64
 *   P pointer u64   t poll's timeout u64              o order u32
 *
 * Left out is what would stop us: shutdown, blocking without an end, giving
 * back the frames we run on, closing the console.
 */
#include "fuzz.h"

#include <public/event_channel.h>
#include <public/grant_table.h>
#include <public/hvm/hvm_op.h>
#include <public/memory.h>
#include <public/physdev.h>
#include <public/sched.h>
#include <public/vcpu.h>
#include <public/version.h>

#include "hypercall.h"

#define UNMAPPED  0x7ffffff000UL /* in none of our tables */
#define HIGH_HALF 0xffff800000000000UL
#define EVER      0x7fffffffU /* seconds: after the end of all tests */

enum shape {
    CMD_PTR,
    CMD_PTR_COUNT,
    CMD_VCPU_PTR,
    CMD_COUNT_PTR,
    CMD_NUMBER,
    PTR,
};

struct op {
    uint8_t nr, cmd;
    uint8_t shape;
    const char *fields;
};

static const struct op ops[] = {
    {__HYPERVISOR_memory_op, XENMEM_populate_physmap, CMD_PTR, "PNofd"},
    {__HYPERVISOR_memory_op, XENMEM_decrease_reservation, CMD_PTR, "PNofd"},
    {__HYPERVISOR_memory_op, XENMEM_increase_reservation, CMD_PTR, "PNofd"},
    {__HYPERVISOR_memory_op, XENMEM_exchange, CMD_PTR, "PNofdPNofdx"},
    {__HYPERVISOR_memory_op, XENMEM_add_to_physmap, CMD_PTR, "dunxg"},
    {__HYPERVISOR_memory_op, XENMEM_add_to_physmap_batch, CMD_PTR, "duuuPPP"},
    {__HYPERVISOR_memory_op, XENMEM_remove_from_physmap, CMD_PTR, "dg"},
    {__HYPERVISOR_memory_op, XENMEM_acquire_resource, CMD_PTR, "dunnnxP"},
    {__HYPERVISOR_memory_op, XENMEM_current_reservation, CMD_PTR, "d"},
    {__HYPERVISOR_memory_op, XENMEM_maximum_reservation, CMD_PTR, "d"},
    {__HYPERVISOR_memory_op, XENMEM_maximum_gpfn, CMD_PTR, "d"},
    {__HYPERVISOR_memory_op, XENMEM_memory_map, CMD_PTR, "nP"},
    {__HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, CMD_PTR_COUNT,
     "afnd"},
    {__HYPERVISOR_grant_table_op, GNTTABOP_unmap_grant_ref, CMD_PTR_COUNT,
     "aan"},
    {__HYPERVISOR_grant_table_op, GNTTABOP_copy, CMD_PTR_COUNT, "gdvgdvvu"},
    {__HYPERVISOR_grant_table_op, GNTTABOP_setup_table, CMD_PTR_COUNT, "dnuP"},
    {__HYPERVISOR_grant_table_op, GNTTABOP_query_size, CMD_PTR_COUNT, "d"},
    {__HYPERVISOR_grant_table_op, GNTTABOP_get_version, CMD_PTR_COUNT, "d"},
    {__HYPERVISOR_grant_table_op, GNTTABOP_set_version, CMD_PTR_COUNT, "n"},
    {__HYPERVISOR_grant_table_op, GNTTABOP_cache_flush, CMD_PTR_COUNT, "avvn"},
    {__HYPERVISOR_grant_table_op, GNTTABOP_get_status_frames, CMD_PTR_COUNT,
     "nduP"},
    {__HYPERVISOR_grant_table_op, GNTTABOP_swap_grant_ref, CMD_PTR_COUNT, "nn"},
    {__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, CMD_PTR, "ddp"},
    {__HYPERVISOR_event_channel_op, EVTCHNOP_bind_interdomain, CMD_PTR, "dpp"},
    {__HYPERVISOR_event_channel_op, EVTCHNOP_bind_virq, CMD_PTR, "nnp"},
    {__HYPERVISOR_event_channel_op, EVTCHNOP_bind_ipi, CMD_PTR, "np"},
    {__HYPERVISOR_event_channel_op, EVTCHNOP_bind_vcpu, CMD_PTR, "pn"},
    {__HYPERVISOR_event_channel_op, EVTCHNOP_close, CMD_PTR, "p"},
    {__HYPERVISOR_event_channel_op, EVTCHNOP_send, CMD_PTR, "p"},
    {__HYPERVISOR_event_channel_op, EVTCHNOP_unmask, CMD_PTR, "p"},
    {__HYPERVISOR_event_channel_op, EVTCHNOP_status, CMD_PTR, "dp"},
    {__HYPERVISOR_event_channel_op, EVTCHNOP_reset, CMD_PTR, "d"},
    {__HYPERVISOR_event_channel_op, EVTCHNOP_init_control, CMD_PTR, "gnn"},
    {__HYPERVISOR_event_channel_op, EVTCHNOP_expand_array, CMD_PTR, "g"},
    {__HYPERVISOR_event_channel_op, EVTCHNOP_set_priority, CMD_PTR, "pn"},
    {__HYPERVISOR_hvm_op, HVMOP_get_param, CMD_PTR, "dnx"},
    {__HYPERVISOR_hvm_op, HVMOP_set_param, CMD_PTR, "dnx"},
    {__HYPERVISOR_sched_op, SCHEDOP_yield, CMD_PTR, ""},
    {__HYPERVISOR_sched_op, SCHEDOP_poll, CMD_PTR, "Pnt"},
    {__HYPERVISOR_sched_op, SCHEDOP_watchdog, CMD_PTR, "nw"},
    {__HYPERVISOR_sched_op, SCHEDOP_remote_shutdown, CMD_PTR, "dn"},
    {__HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info, CMD_VCPU_PTR, "gnn"},
    {__HYPERVISOR_vcpu_op, VCPUOP_register_runstate_memory_area, CMD_VCPU_PTR,
     "P"},
    {__HYPERVISOR_xen_version, XENVER_extraversion, CMD_PTR, ""},
    {__HYPERVISOR_xen_version, XENVER_compile_info, CMD_PTR, ""},
    {__HYPERVISOR_xen_version, XENVER_capabilities, CMD_PTR, ""},
    {__HYPERVISOR_xen_version, XENVER_changeset, CMD_PTR, ""},
    {__HYPERVISOR_xen_version, XENVER_platform_parameters, CMD_PTR, ""},
    {__HYPERVISOR_xen_version, XENVER_get_features, CMD_PTR, "nn"},
    {__HYPERVISOR_xen_version, XENVER_guest_handle, CMD_PTR, ""},
    {__HYPERVISOR_xen_version, XENVER_commandline, CMD_PTR, ""},
    {__HYPERVISOR_xen_version, XENVER_build_id, CMD_PTR, "n"},
    {__HYPERVISOR_vm_assist, VMASST_CMD_enable, CMD_NUMBER, NULL},
    {__HYPERVISOR_vm_assist, VMASST_CMD_disable, CMD_NUMBER, NULL},
    {__HYPERVISOR_console_io, CONSOLEIO_read, CMD_COUNT_PTR, ""},
    {__HYPERVISOR_console_io, CONSOLEIO_write, CMD_COUNT_PTR, ""},
    {__HYPERVISOR_physdev_op, PHYSDEVOP_pci_device_add, CMD_PTR, "uuuux"},
    {__HYPERVISOR_physdev_op, PHYSDEVOP_map_pirq, CMD_PTR, "dnnnnng"},
    {__HYPERVISOR_domctl, 0, PTR, "nNdxxxxxx"},
    {__HYPERVISOR_sysctl, 0, PTR, "nNxxxxxx"},
    {__HYPERVISOR_platform_op, 0, PTR, "nNxxxxxx"},
};

/* ---- fields ---- */

static uint64_t number(struct fuzz *f)
{
    switch ( rnd(f, 8) )
    {
    case 0:
        return 1UL << rnd(f, 64);
    case 1:
        return (1UL << rnd(f, 64)) - 1;
    case 2:
        return ~0UL - rnd(f, 4);
    case 3:
        return rnd64(f);
    default:
        return rnd(f, 10);
    }
}

static uint64_t domid(struct fuzz *f)
{
    unsigned int n = rnd(f, 16);

    return n < 9    ? DOMID_SELF
           : n < 13 ? rnd(f, 5)
           : n < 15 ? DOMID_FIRST_RESERVED + rnd(f, 16)
                    : rnd(f, 65536);
}

/* One that may come and go, or one above all of ours. */
static uint64_t frame(struct fuzz *f)
{
    uint64_t gfn =
        world.ground + rnd(f, (unsigned int)(world.end - 512 - world.ground));

    if ( !rnd(f, 8) )
        gfn = world.ram_end + (1UL << rnd(f, 40)) + rnd(f, 3) - 1;
    if ( !rnd(f, 64) )
        gfn = ~0UL - rnd(f, 600);
    return rnd(f, 3) ? gfn : gfn & ~511UL;
}

/* Aligned, it may still be one of ours below the ground. */
static uint64_t safe_frame(struct fuzz *f)
{
    uint64_t gfn = frame(f);

    return gfn < world.ground ? world.ground : gfn;
}

static uint64_t port(struct fuzz *f)
{
    uint64_t p = rnd(f, 4) ? rnd(f, 40) : number(f);

    return (uint32_t)p == world.console_port ? 0 : p;
}

static uint64_t bad_pointer(struct fuzz *f)
{
    switch ( rnd(f, 5) )
    {
    case 0:
        return UNMAPPED + rnd(f, PAGE_SIZE);
    case 1:
        return (uint64_t)f->arena->hole + rnd(f, PAGE_SIZE);
    case 2:
        return world.device + rnd(f, PAGE_SIZE);
    case 3:
        return HIGH_HALF + (number(f) >> 17);
    default:
        return ~0UL - rnd(f, 64);
    }
}

static uint64_t pointer(struct fuzz *f)
{
    struct arena *a = f->arena;

    switch ( rnd(f, 16) )
    {
    case 0:
    case 1:
    case 2:
    case 3:
        return bad_pointer(f);
    case 4:
        return (uint64_t)a->hole - rnd(f, 64); /* into the hole */
    case 5:
    case 6:
        return (uint64_t)a->out + rnd(f, PAGE_SIZE);
    case 7: /* a page that may be a hole, read-only, shared, another's */
        return (safe_frame(f) & 0xfffffffUL) << PAGE_SHIFT;
    case 8:
    case 9:
    case 10:
        return (uint64_t)&a->out[rnd(f, LIST_WORDS)];
    default:
        return (uint64_t)&a->list[rnd(f, LIST_WORDS)];
    }
}

static uint64_t now_ns(void)
{
    return counter() * TICK_NS;
}

static uint64_t field(struct fuzz *f, char kind)
{
    switch ( kind )
    {
    case 'd':
        return domid(f);
    case 'v':
        return rnd(f, 4) ? rnd(f, PAGE_SIZE + 1) : number(f);
    case 'p':
        return port(f);
    case 'g':
        return safe_frame(f);
    case 'a':
        return safe_frame(f) << PAGE_SHIFT | (rnd(f, 8) ? 0 : rnd(f, 4096));
    case 'P':
        return pointer(f);
    case 'o':
        return rnd(f, 4)   ? 0
               : rnd(f, 4) ? rnd(f, 10)
                           : 19 + (number(f) & 0x7fffffff);
    case 't':
        return now_ns() + rnd(f, 200000);
    case 'w':
        return rnd(f, 2) ? EVER : 0;
    default:
        return number(f);
    }
}

static unsigned int size_of(char kind)
{
    switch ( kind )
    {
    case 'd':
    case 'u':
    case 'v':
        return 2;
    case 'p':
    case 'n':
    case 'f':
    case 'o':
    case 'w':
        return 4;
    default: /* x, N, g, a, P, t */
        return 8;
    }
}

static void launder_words(uint64_t *word, unsigned int nr)
{
    for ( ; nr--; word++ )
        *word = launder(*word);
}

/* Structures one after the other, as the compiler lays them out. */
static void fill(struct fuzz *f, uint8_t *at, const char *fields,
                 unsigned int count)
{
    unsigned int pos = 0, align = 1;

    for ( ; count; count-- )
    {
        for ( const char *k = fields; *k; k++ )
        {
            unsigned int size = size_of(*k);
            uint64_t v = field(f, *k);

            align = size > align ? size : align;
            pos = (pos + size - 1) & ~(size - 1);
            if ( pos + size > SLOT_SIZE )
                return;
            memcpy(at + pos, &v, size);
            pos += size;
        }
        pos = (pos + align - 1) & ~(align - 1);
        if ( !*fields )
            return;
    }
}

/* ---- calls ---- */

static bool is_left_out(const struct op *op)
{
    /* the console's port, and xenstore's, would be closed */
    if ( op->nr == __HYPERVISOR_event_channel_op && op->cmd == EVTCHNOP_reset )
        return !world.control_domain;
    if ( !world.control_domain )
        return false;
    return op->nr == __HYPERVISOR_domctl || op->nr == __HYPERVISOR_sysctl ||
           op->nr == __HYPERVISOR_platform_op ||
           op->nr == __HYPERVISOR_console_io ||
           (op->nr == __HYPERVISOR_sched_op &&
            op->cmd == SCHEDOP_remote_shutdown);
}

/* Those that could stop us must find what we made, or nothing. */
static bool is_choosy(const struct op *op)
{
    return op->nr == __HYPERVISOR_sched_op ||
           op->nr == __HYPERVISOR_event_channel_op ||
           op->nr == __HYPERVISOR_memory_op;
}

static void make_known(struct fuzz *f, struct call *c, uint8_t *at)
{
    const struct op *op;
    unsigned long ptr = (unsigned long)at;
    unsigned int count = 1;

    do
        op = &ops[rnd(f, ARRAY_SIZE(ops))];
    while ( is_left_out(op) );

    if ( op->shape == CMD_PTR_COUNT && !rnd(f, 4) )
        count = rnd(f, 6);
    if ( op->fields )
        fill(f, at, op->fields, count);
    launder_words((uint64_t *)(void *)at, SLOT_SIZE / 8);
    if ( op->fields && !*op->fields )
        ptr = pointer(f);
    else if ( !rnd(f, 16) )
        ptr = is_choosy(op) ? bad_pointer(f) : pointer(f);

    c->nr = op->nr;
    c->arg[0] = op->shape == PTR ? ptr : op->cmd;
    c->arg[1] = op->shape == CMD_VCPU_PTR    ? rnd(f, 3)
                : op->shape == CMD_COUNT_PTR ? number(f)
                : op->shape == CMD_NUMBER    ? number(f)
                                             : ptr;
    c->arg[2] =
        op->shape == CMD_PTR_COUNT ? rnd(f, 8) ? count : number(f) : ptr;
    c->arg[3] = c->arg[4] = number(f);
    /* a continuation's progress in the command is the guest's to forge */
    if ( op->nr == __HYPERVISOR_memory_op && !rnd(f, 16) )
        c->arg[0] |= number(f) << 6;
}

/* Any number, any sub-operation, any argument: what none of the above is. */
static void make_unknown(struct fuzz *f, struct call *c)
{
    c->nr = rnd(f, 8) ? rnd(f, 64) : number(f);
    for ( unsigned int i = 0; i < ARRAY_SIZE(c->arg); i++ )
        c->arg[i] = rnd(f, 2) ? number(f) : pointer(f);
    switch ( c->nr )
    {
    case __HYPERVISOR_sched_op:
        c->arg[0] = 7 + rnd(f, 1000);
        break;
    case __HYPERVISOR_memory_op:
    case __HYPERVISOR_event_channel_op: /* frames and ports come from a list */
        c->arg[1] = UNMAPPED;
        break;
    case __HYPERVISOR_multicall:
        c->arg[0] = UNMAPPED;
        break;
    case __HYPERVISOR_xen_version:
    case __HYPERVISOR_hvm_op:
    case __HYPERVISOR_physdev_op: /* a number may be the address of our code */
        c->arg[1] = pointer(f);
        break;
    case __HYPERVISOR_grant_table_op:
    case __HYPERVISOR_vcpu_op:
        c->arg[1] = c->arg[2] = UNMAPPED;
        break;
    case __HYPERVISOR_domctl:
    case __HYPERVISOR_sysctl:
    case __HYPERVISOR_platform_op:
    case __HYPERVISOR_console_io:
    case 48:
        c->nr = world.control_domain ? 63 : c->nr;
        break;
    default:
        break;
    }
}

void make_call(struct fuzz *f, struct call *c, unsigned int slot)
{
    if ( rnd(f, 8) )
        make_known(f, c, f->arena->slot[slot]);
    else
        make_unknown(f, c);
    c->nr = launder(c->nr);
    launder_words(c->arg, ARRAY_SIZE(c->arg));
}
