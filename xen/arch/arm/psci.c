/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The firmware's PSCI, by SMC. Spec: DEN0022 issue E, 5 "PSCI functions". */
#include <asm/psci.h>

#include <xen/device-tree.h>
#include <asm/vcpu.h>

static bool present;

int64_t psci_call(uint32_t fn, uint64_t a1, uint64_t a2, uint64_t a3)
{
    register uint64_t x0 __asm__("x0") = fn;
    register uint64_t x1 __asm__("x1") = a1;
    register uint64_t x2 __asm__("x2") = a2;
    register uint64_t x3 __asm__("x3") = a3;

    __asm__ volatile("smc #0"
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
                     :
                     : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12",
                       "x13", "x14", "x15", "x16", "x17", "memory");
    return (int64_t)x0;
}

void psci_init(void)
{
    struct dt_node *np = dt_find_compatible(NULL, "arm,psci-0.2");
    const char *method;
    uint32_t version;

    if ( !np )
        np = dt_find_compatible(NULL, "arm,psci-1.0");
    if ( !np || dt_read_string(np, "method", &method) )
    {
        printk(XENLOG_WARN "psci: no PSCI 0.2 node: one CPU, no reset\n");
        return;
    }
    if ( strcmp(method, "smc") )
    {
        printk(XENLOG_WARN "psci: method \"%s\" is of no use at EL2\n", method);
        return;
    }
    version = (uint32_t)psci_call(PSCI_VERSION, 0, 0, 0);
    printk("psci: version %u.%u\n", version >> 16, version & 0xffff);
    present = true;
}

int psci_cpu_on(uint64_t mpidr, uint64_t entry, uint64_t context)
{
    int64_t rc;

    if ( !present )
        return -ENODEV;
    rc = psci_call(PSCI_CPU_ON_64, mpidr, entry, context);
    return !rc ? 0 : rc == PSCI_ALREADY_ON ? -EEXIST : -EIO;
}

void psci_system_off(void)
{
    if ( present )
        psci_call(PSCI_SYSTEM_OFF, 0, 0, 0);
}

void psci_system_reset(void)
{
    if ( present )
        psci_call(PSCI_SYSTEM_RESET, 0, 0, 0);
}

/* The firmware's mitigations, asked once per call: guests ask at boot. */
int64_t smccc_workaround(uint32_t fn)
{
    if ( !present || (uint32_t)psci_call(PSCI_FEATURES, SMCCC_VERSION, 0, 0) )
        return PSCI_NOT_SUPPORTED;
    return (int32_t)psci_call(SMCCC_ARCH_FEATURES, fn, 0, 0);
}
