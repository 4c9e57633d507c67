/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hypercalls of arm64: number in x16, arguments in x0..x4, result in x0.
 * Owns the dispatch table and the way a long call is issued again. No lock.
 * Manual: <public/arch-arm.h>, "Hypercall calling convention".
 */
#include <xen/hypercall.h>

#include <proxenos.h>
#include <public/xen.h>

#include <xen/domain.h>
#include <asm/vcpu.h>

static const hypercall_fn_t hypercall_table[] = {
    [__HYPERVISOR_platform_op] = do_platform_op,
    [__HYPERVISOR_memory_op] = do_memory_op,
    [__HYPERVISOR_multicall] = do_multicall,
    [__HYPERVISOR_xen_version] = do_xen_version,
    [__HYPERVISOR_console_io] = do_console_io,
    [__HYPERVISOR_grant_table_op] = do_grant_table_op,
    [__HYPERVISOR_vm_assist] = do_vm_assist,
    [__HYPERVISOR_vcpu_op] = do_vcpu_op,
    [__HYPERVISOR_sched_op] = do_sched_op,
    [__HYPERVISOR_event_channel_op] = do_event_channel_op,
    [__HYPERVISOR_physdev_op] = do_physdev_op,
    [__HYPERVISOR_hvm_op] = do_hvm_op,
    [__HYPERVISOR_sysctl] = do_sysctl,
    [__HYPERVISOR_domctl] = do_domctl,
    [__HYPERVISOR_proxenos_op] = do_proxenos_op,
};

static __always_inline hypercall_fn_t hypercall_find(uint64_t nr)
{
    return nr < ARRAY_SIZE(hypercall_table) ? hypercall_table[nr] : NULL;
}

void do_hypercall(struct cpu_regs *regs)
{
    hypercall_fn_t fn = hypercall_find(regs->x[16]);
    uint64_t *x = regs->x;

    x[0] = likely(fn) ? (uint64_t)fn(x[0], x[1], x[2], x[3], x[4])
                      : (uint64_t)-ENOSYS;
}

long hypercall_call(uint64_t nr, const uint64_t args[5])
{
    hypercall_fn_t fn = hypercall_find(nr);

    /* no nesting: a list of lists would be a stack of ours to overflow */
    if ( !fn || fn == do_multicall )
        return -ENOSYS;
    return fn(args[0], args[1], args[2], args[3], args[4]);
}

long hypercall_continue(unsigned int nr, uint64_t a0, uint64_t a1, uint64_t a2,
                        uint64_t a3, uint64_t a4)
{
    const uint64_t args[5] = {a0, a1, a2, a3, a4};
    struct vcpu *v = current;

    if ( v->multicall )
    {
        v->multicall->continued = true;
        v->multicall->nr = nr;
        memcpy(v->multicall->args, args, sizeof(args));
        return 0;
    }

    v->arch.regs->x[16] = nr;
    memcpy(v->arch.regs->x, args, sizeof(args));
    v->arch.regs->pc -= 4;
    return (long)a0; /* do_hypercall() stores it to x0 again */
}
