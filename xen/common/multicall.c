/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A list of hypercalls in one. Between two of them, and where one of them
 * wants to continue later, the whole list does. No lock.
 */
#include <xen/hypercall.h>

#include <public/xen.h>

#include <xen/domain.h>
#include <xen/guest-copy.h>

_Static_assert(sizeof(struct multicall_entry) == 64, "multicall entry");

/* Run one entry. 1: it continues; its new arguments are in the list. */
static int multicall_one(uint64_t at)
{
    struct multicall_entry e;
    struct multicall_call call = {.continued = false};
    struct vcpu *v = current;

    if ( copy_from_guest(&e, at, sizeof(e)) )
        return -EFAULT;

    for ( unsigned int i = 0; i < ARRAY_SIZE(call.args); i++ )
        call.args[i] = e.args[i];
    v->multicall = &call;
    e.result = (xen_ulong_t)hypercall_call(e.op, call.args);
    v->multicall = NULL;

    if ( call.continued )
    {
        e.op = call.nr;
        for ( unsigned int i = 0; i < ARRAY_SIZE(call.args); i++ )
            e.args[i] = call.args[i];
        return copy_to_guest(at, &e, sizeof(e)) ? -EFAULT : 1;
    }
    return copy_to_guest(at + offsetof(struct multicall_entry, result),
                         &e.result, sizeof(e.result));
}

long do_multicall(uint64_t list, uint64_t nr, uint64_t a2, uint64_t a3,
                  uint64_t a4)
{
    nr = (uint32_t)nr;
    while ( nr )
    {
        int rc = multicall_one(list);

        if ( rc < 0 )
            return rc;
        if ( !rc )
        {
            list += sizeof(struct multicall_entry);
            nr--;
        }
        if ( rc || (nr && preempt_check()) )
            return hypercall_continue(__HYPERVISOR_multicall, list, nr, a2, a3,
                                      a4);
    }
    return 0;
}
