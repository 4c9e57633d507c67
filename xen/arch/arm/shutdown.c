/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stopping and resetting the machine, by PSCI; the last words of panic(). */
#include <xen/domain.h>

#include <xen/console.h>
#include <asm/barrier.h>
#include <asm/psci.h>
#include <asm/traps.h>

static bool noreboot;

static int parse_noreboot(const char *value)
{
    noreboot = strcmp(value, "no");
    return 0;
}
CMDLINE_OPTION("noreboot", parse_noreboot);

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
        wfi();
}

void machine_restart(void)
{
    stop_others();
    psci_system_reset();
    printk(XENLOG_ERR "no way to reset this machine\n");
    for ( ;; )
        wfi();
}

void panic(const char *fmt, ...)
{
    va_list args;

    console_force_sync();
    printk(XENLOG_ERR "\n****************************************\n");
    printk(XENLOG_ERR "Panic on CPU %u:\n", smp_processor_id());
    va_start(args, fmt);
    vprintk(fmt, args);
    va_end(args);
    show_backtrace((uint64_t)__builtin_return_address(0),
                   (uint64_t)__builtin_frame_address(0));
    printk(XENLOG_ERR "****************************************\n");
    if ( nr_cpus > 1 )
        stop_others();
    if ( !noreboot )
    {
        udelay(1000000);
        psci_system_reset();
    }
    for ( ;; )
        wfi();
}
