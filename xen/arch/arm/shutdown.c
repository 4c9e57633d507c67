/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stopping and resetting the machine, by PSCI. */
#include <xen/domain.h>

#include <xen/console.h>
#include <asm/barrier.h>
#include <asm/psci.h>

static void stop_others(void)
{
    cpumask_t others = cpu_online_map;

    others.bits &= ~cpumask_of(smp_processor_id()).bits;
    smp_send(others, IPI_STOP);
    console_force_sync();
}

void machine_halt(void)
{
    stop_others();
    psci_system_off();
    printk("machine halted\n");
    for ( ;; )
        __asm__ volatile("wfi");
}

void machine_restart(void)
{
    stop_others();
    psci_system_reset();
    printk(XENLOG_ERR "no way to reset this machine\n");
    for ( ;; )
        __asm__ volatile("wfi");
}
