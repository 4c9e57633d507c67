/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Boot, as a table of contents. Order matters where a comment says so.
 */
#include <xen/console.h>
#include <xen/device-tree.h>
#include <xen/domain.h>
#include <xen/pci.h>
#include <xen/rcar.h>
#include <xen/self-test.h>
#include <xen/softirq.h>
#include <asm/early.h>
#include <asm/gic.h>
#include <asm/mm.h>
#include <asm/psci.h>
#include <asm/sysreg.h>
#include <asm/time.h>
#include <asm/traps.h>
#include <asm/vtimer.h>

#include <libfdt.h>

void start_xen(maddr_t image, maddr_t fdt_ma);

/*
 * Xen's rule (docs/misc/arm/device-tree/booting.txt): xen,xen-bootargs; else
 * bootargs is ours when dom0 has arguments of its own, by xen,dom0-bootargs
 * or by its module's bootargs.
 */
static const char *hypervisor_cmdline(const void *fdt)
{
    int chosen = fdt_path_offset(fdt, "/chosen"), node;
    const char *args;
    bool dom0_args;

    if ( chosen < 0 )
        return "";
    args = fdt_getprop(fdt, chosen, "xen,xen-bootargs", NULL);
    if ( args )
        return args;
    dom0_args = fdt_getprop(fdt, chosen, "xen,dom0-bootargs", NULL);
    fdt_for_each_subnode (node, fdt, chosen)
        if ( !fdt_node_check_compatible(fdt, node, "multiboot,kernel") &&
             fdt_getprop(fdt, node, "bootargs", NULL) )
            dom0_args = true;
    args = fdt_getprop(fdt, chosen, "bootargs", NULL);
    return dom0_args && args ? args : "";
}

static void print_banner(void)
{
    uint64_t midr = sysreg_read(midr_el1);

    printk("Proxenos: built with GCC %s, %s\n", __VERSION__,
#ifdef CONFIG_DEBUG
           "debug"
#else
           "release"
#endif
    );
    printk("cpu: MIDR %08lx, counter %u kHz, %lu of %lu MiB free\n", midr,
           cntfrq_khz, heap_free_pages() >> 8, heap_total_pages() >> 8);
    printk("command line: %s\n", saved_cmdline);
}

/* Called by head.S on the boot stack: image and device tree, physical. */
void start_xen(maddr_t image, maddr_t fdt_ma)
{
    struct domain *dom0;
    const void *fdt;

    time_early_init();
    smp_init_boot_cpu();
    fdt = early_map_fdt(fdt_ma);
    early_console_init(fdt);           /* messages are seen from here on */
    fdt = mm_init(image, fdt, fdt_ma); /* memory and the heap too */
    cmdline_parse(hypervisor_cmdline(fdt));
    if ( dt_unflatten(fdt) )
        panic("the device tree is of no use\n");
    console_init_uart();
    print_banner();

    softirq_init();
    keyhandler_init();
    psci_init();
    arch_init_cpu();
    gic_init();
    time_init();
    if ( timer_queue_init(0) )
        panic("no memory for timers\n");
    timer_init_cpu();
    vtimer_init();
    console_init_irq();
    p2m_init_system();
    p2m_init_cpu();
    sched_init();
    sched_init_cpu();
    self_test(); /* while no idle CPU scrubs: it counts free pages */
    smp_boot_cpus();

    pci_init();   /* bus mastering off, before anything else (P4) */
    iommu_init(); /* unknown streams abort from here on */
    pci_add_to_iommu();
    rcar_power_init();
    rcar_cpg_init(); /* the clocks of what has been probed */

    dom0 = domain_build_dom0();
    if ( dom0 )
        domain_unpause(dom0);
    else
        printk(XENLOG_ERR "no dom0: nothing to run; debug keys work\n");
    sched_start();
}
