/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PSCI 1.1 and SMCCC 1.1 for guests, by HVC #0 or SMC #0.
 * Spec: DEN0022 issue E, 5 "PSCI functions"; DEN0028 issue F, 7.
 */
#include <asm/psci.h>

#include <xen/domain.h>
#include <public/sched.h>

#define MPIDR_AFFINITY UINT64_C(0xff00ffffff)

/* vCPU n: Aff0 = n & 15, Aff1 = n >> 4. */
static struct vcpu *vcpu_by_affinity(struct domain *d, uint64_t affinity)
{
    uint64_t id = (affinity & 0xf) | (affinity & 0xff00) >> 4;

    if ( affinity & ~UINT64_C(0xff0f) || id >= d->max_vcpus )
        return NULL;
    return d->vcpu[id];
}

static int64_t cpu_on(uint64_t affinity, uint64_t entry, uint64_t context)
{
    struct vcpu *v = vcpu_by_affinity(current->domain, affinity);

    if ( !v )
        return PSCI_INVALID_PARAMS;
    if ( entry & 3 )
        return PSCI_INVALID_ADDRESS;
    if ( !vcpu_reset(v, entry, context) )
        return PSCI_ALREADY_ON;
    return PSCI_SUCCESS;
}

static int64_t affinity_info(uint64_t affinity, uint64_t level)
{
    struct vcpu *v = vcpu_by_affinity(current->domain, affinity);

    if ( !v || level )
        return PSCI_INVALID_PARAMS;
    /* What CPU_ON asks: off means that it can be started again. */
    return __atomic_load_n(&v->arch.initialised, __ATOMIC_ACQUIRE) ? 0 : 1;
}

static bool has_function(uint32_t fn)
{
    switch ( fn )
    {
    case PSCI_VERSION:
    case PSCI_CPU_SUSPEND_32:
    case PSCI_CPU_SUSPEND_64:
    case PSCI_CPU_OFF:
    case PSCI_CPU_ON_32:
    case PSCI_CPU_ON_64:
    case PSCI_AFFINITY_INFO_32:
    case PSCI_AFFINITY_INFO_64:
    case PSCI_MIGRATE_INFO_TYPE:
    case PSCI_SYSTEM_OFF:
    case PSCI_SYSTEM_RESET:
    case PSCI_FEATURES:
    case SMCCC_VERSION:
        return true;
    }
    return false;
}

static int64_t arch_features(uint32_t fn)
{
    switch ( fn )
    {
    case SMCCC_VERSION:
    case SMCCC_ARCH_FEATURES:
        return 0;
    case SMCCC_WORKAROUND_1:
    case SMCCC_WORKAROUND_2:
    case SMCCC_WORKAROUND_3:
        return smccc_workaround(fn);
    }
    return PSCI_NOT_SUPPORTED;
}

void do_smccc(struct cpu_regs *regs)
{
    uint64_t *x = regs->x;
    uint32_t fn = (uint32_t)x[0];
    int64_t rc = PSCI_NOT_SUPPORTED;

    switch ( fn )
    {
    case PSCI_VERSION:
        rc = 0x10001;
        break;
    case PSCI_CPU_SUSPEND_32:
    case PSCI_CPU_SUSPEND_64:
        vcpu_block(current);
        rc = PSCI_SUCCESS;
        break;
    case PSCI_CPU_OFF:
        vcpu_offline(current);
        break;
    case PSCI_CPU_ON_32:
        rc = cpu_on((uint32_t)x[1], (uint32_t)x[2], (uint32_t)x[3]);
        break;
    case PSCI_CPU_ON_64:
        rc = cpu_on(x[1], x[2], x[3]);
        break;
    case PSCI_AFFINITY_INFO_32:
        rc = affinity_info((uint32_t)x[1], (uint32_t)x[2]);
        break;
    case PSCI_AFFINITY_INFO_64:
        rc = affinity_info(x[1], x[2]);
        break;
    case PSCI_MIGRATE_INFO_TYPE:
        rc = 2; /* no trusted OS: nothing to migrate */
        break;
    case PSCI_SYSTEM_OFF:
        domain_shutdown(current->domain, SHUTDOWN_poweroff);
        break;
    case PSCI_SYSTEM_RESET:
        domain_shutdown(current->domain, SHUTDOWN_reboot);
        break;
    case PSCI_FEATURES:
        rc = has_function((uint32_t)x[1]) ? 0 : PSCI_NOT_SUPPORTED;
        break;
    case SMCCC_VERSION:
        rc = 0x10001;
        break;
    case SMCCC_ARCH_FEATURES:
        rc = arch_features((uint32_t)x[1]);
        break;
    case SMCCC_WORKAROUND_1:
    case SMCCC_WORKAROUND_2:
    case SMCCC_WORKAROUND_3:
        if ( smccc_workaround(fn) >= 0 )
        {
            psci_call(fn, x[1], 0, 0);
            return; /* preserves x0 */
        }
        break;
    }
    x[0] = (uint64_t)rc;
}
