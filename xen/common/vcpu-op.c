/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vcpu_op and vm_assist: the memory a vCPU shares with us. Where its vcpu_info
 * is belongs to event-channel.c; its runstate area is written here. No lock.
 */
#include <xen/hypercall.h>

#include <public/vcpu.h>

#include <xen/barrier.h>
#include <xen/bits.h>
#include <xen/domain.h>
#include <xen/guest-copy.h>

_Static_assert(sizeof(struct vcpu_register_vcpu_info) == 16, "vcpu_info");
_Static_assert(sizeof(struct vcpu_runstate_info) == 48, "runstate");

/*
 * The guest may have asked to see when we write: then bit 63 of the entry time
 * is set first and cleared last.
 */
void vcpu_update_runstate(struct vcpu *v)
{
    uint64_t at = v->sched.runstate_guest;
    uint64_t entry_at =
        at + offsetof(struct vcpu_runstate_info, state_entry_time);
    struct vcpu_runstate_info info;
    bool flag = v->domain->runstate_update_flag;

    if ( !at )
        return;
    memset(&info, 0, sizeof(info));
    info.state = v->sched.runstate;
    info.state_entry_time =
        (uint64_t)(v->sched.state_since - domain_time_offset(v->domain));
    for ( unsigned int i = 0; i < ARRAY_SIZE(info.time); i++ )
        info.time[i] = v->sched.runstate_time[i];

    if ( flag )
    {
        info.state_entry_time |= XEN_RUNSTATE_UPDATE;
        if ( copy_to_guest(entry_at, &info.state_entry_time,
                           sizeof(info.state_entry_time)) )
            return;
        smp_wmb(); /* pairs with the guest's barrier after reading the bit */
    }
    if ( copy_to_guest(at, &info, sizeof(info)) || !flag )
        return;
    smp_wmb();
    info.state_entry_time &= ~XEN_RUNSTATE_UPDATE;
    if ( copy_to_guest(entry_at, &info.state_entry_time,
                       sizeof(info.state_entry_time)) )
        v->sched.runstate_guest = 0; /* the area has gone */
}

static long register_info(struct vcpu *v, uint64_t arg)
{
    struct vcpu_register_vcpu_info info;

    return copy_from_guest(&info, arg, sizeof(info))
               ? -EFAULT
               : vcpu_map_info(v, info.mfn, info.offset);
}

static long register_runstate(struct vcpu *v, uint64_t arg)
{
    struct vcpu_register_runstate_memory_area area;

    if ( copy_from_guest(&area, arg, sizeof(area)) )
        return -EFAULT;
    v->sched.runstate_guest = area.addr.p;
    if ( v == current )
        vcpu_update_runstate(v);
    return 0;
}

long do_vcpu_op(uint64_t cmd, uint64_t vcpu, uint64_t arg,
                uint64_t a3 __maybe_unused, uint64_t a4 __maybe_unused)
{
    struct domain *d = current->domain;
    struct vcpu *v = vcpu < d->max_vcpus ? d->vcpu[vcpu] : NULL;

    if ( !v )
        return -ENOENT;
    switch ( cmd )
    {
    case VCPUOP_register_vcpu_info:
        return register_info(v, arg);
    case VCPUOP_register_runstate_memory_area:
        return register_runstate(v, arg);
    default:
        return -ENOSYS;
    }
}

long do_vm_assist(uint64_t cmd, uint64_t type, uint64_t a2 __maybe_unused,
                  uint64_t a3 __maybe_unused, uint64_t a4 __maybe_unused)
{
    if ( type != VMASST_TYPE_runstate_update_flag )
        return -EINVAL;
    switch ( cmd )
    {
    case VMASST_CMD_enable:
        current->domain->runstate_update_flag = true;
        return 0;
    case VMASST_CMD_disable:
        current->domain->runstate_update_flag = false;
        return 0;
    default:
        return -ENOSYS;
    }
}
