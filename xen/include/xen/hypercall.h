/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hypercalls: xen/arch/arm/hypercall.c dispatches by number through one const
 * table; each do_* returns what goes to x0. Arguments are the raw registers:
 * pointers are guest virtual addresses (xen/guest-copy.h).
 *
 * A long operation returns hypercall_continue(): the guest's PC goes back to
 * its hvc, and x0..x4 are set so that the call goes on where it stopped.
 */
#ifndef XEN_HYPERCALL_H
#define XEN_HYPERCALL_H

#include <xen/lib.h>

struct cpu_regs;

/* do_hypercall - run the call in @regs: x16, x0..x4; the result to x0. */
void do_hypercall(struct cpu_regs *regs);

/* The one call a vCPU is running for do_multicall(). */
struct multicall_call {
    bool continued; /* args say how to go on */
    uint64_t nr, args[5];
};

typedef long (*hypercall_fn_t)(uint64_t a0, uint64_t a1, uint64_t a2,
                               uint64_t a3, uint64_t a4);

long do_memory_op(uint64_t cmd, uint64_t arg, uint64_t, uint64_t, uint64_t);
long do_multicall(uint64_t list, uint64_t nr, uint64_t, uint64_t, uint64_t);
long do_xen_version(uint64_t cmd, uint64_t arg, uint64_t, uint64_t, uint64_t);
long do_console_io(uint64_t cmd, uint64_t count, uint64_t buf, uint64_t,
                   uint64_t);
long do_grant_table_op(uint64_t cmd, uint64_t uop, uint64_t count, uint64_t,
                       uint64_t);
long do_vm_assist(uint64_t cmd, uint64_t type, uint64_t, uint64_t, uint64_t);
long do_vcpu_op(uint64_t cmd, uint64_t vcpu, uint64_t arg, uint64_t, uint64_t);
long do_sched_op(uint64_t cmd, uint64_t arg, uint64_t, uint64_t, uint64_t);
long do_event_channel_op(uint64_t cmd, uint64_t arg, uint64_t, uint64_t,
                         uint64_t);
long do_physdev_op(uint64_t cmd, uint64_t arg, uint64_t, uint64_t, uint64_t);
long do_hvm_op(uint64_t cmd, uint64_t arg, uint64_t, uint64_t, uint64_t);
long do_platform_op(uint64_t arg, uint64_t, uint64_t, uint64_t, uint64_t);
long do_sysctl(uint64_t arg, uint64_t, uint64_t, uint64_t, uint64_t);
long do_domctl(uint64_t arg, uint64_t, uint64_t, uint64_t, uint64_t);
long do_proxenos_op(uint64_t arg, uint64_t, uint64_t, uint64_t, uint64_t);

/*
 * hypercall_continue - issue this call again with these arguments after
 * pending work was done. Inside a multicall it is called again in place.
 * Return: what do_*() must return.
 */
long hypercall_continue(unsigned int nr, uint64_t a0, uint64_t a1, uint64_t a2,
                        uint64_t a3, uint64_t a4);

/* hypercall_call - run one hypercall on behalf of do_multicall(). */
long hypercall_call(uint64_t nr, const uint64_t args[5]);

#endif /* XEN_HYPERCALL_H */
