/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands, in the order that help lists them: COMMAND(name, function,
 * arguments, what it does). Add yours; cmd.h makes prototypes of this, main.c
 * its table.
 */
/* clang-format off */

/* Domains. */
COMMAND("list", cmd_list, "[-l] [-v] [-c] [-n] [-Z] [--json] [<domain>...]",
        "List domains, or those that are named")
COMMAND("domid", cmd_domid, "<name>", "Print the number of a domain")
COMMAND("domname", cmd_domname, "<domid>", "Print the name of a domain")
COMMAND("rename", cmd_rename, "<domain> <name>", "Give a domain another name")
COMMAND("uptime", cmd_uptime, "[-s] [--json] [<domain>...]",
        "Print how long domains have been running")

/* Their life. */
COMMAND("create", cmd_create,
        "[-p] [-c] [-e] [-F] [-d] [-q] [-n] <file> [<name>=<value>...]",
        "Make a domain from a configuration file")
COMMAND("console", cmd_console, "[-t pv] [-n 0] [-e <escape>] <domain>",
        "Connect to a domain's console; ^] leaves it")
COMMAND("pause", cmd_pause, "<domain>", "Stop a domain's vCPUs")
COMMAND("unpause", cmd_unpause, "<domain>", "Let a paused domain run again")
COMMAND("shutdown", cmd_shutdown, "[-w] [-F] <-a | domain>",
        "Ask a domain, or all, to power off")
COMMAND("reboot", cmd_reboot, "[-w] [-F] <-a | domain>",
        "Ask a domain, or all, to reboot")
COMMAND("destroy", cmd_destroy, "<domain>", "End a domain at once")

/* Their disks and networks. */
COMMAND("block-attach", cmd_block_attach, "<domain> <disk>",
        "Give a domain a disk, such as /dev/nvme0n1,raw,xvdb,w")
COMMAND("block-detach", cmd_block_detach, "[--force] <domain> <vdev>",
        "Take a disk from a domain")
COMMAND("block-list", cmd_block_list, "[--json] <domain>...",
        "List the disks of domains")
COMMAND("network-attach", cmd_network_attach,
        "<domain> [bridge=<bridge>] [mac=<address>] [<key>=<value>...]",
        "Give a domain a network interface")
COMMAND("network-detach", cmd_network_detach,
        "[--force] <domain> <number|address>",
        "Take a network interface from a domain")
COMMAND("network-list", cmd_network_list, "[--json] <domain>...",
        "List the network interfaces of domains")

/* Their CPUs and memory. */
COMMAND("vcpu-list", cmd_vcpu_list, "[--json] [<domain>...]",
        "List vCPUs, where they run and may run")
COMMAND("vcpu-pin", cmd_vcpu_pin,
        "[-f] <domain> <vcpu|all> <hard cpus|all|-> [<soft cpus|all|->]",
        "Choose the CPUs that a vCPU runs on, such as 0-3,^1")
COMMAND("vcpu-set", cmd_vcpu_set, "[-i] <domain> <number>",
        "Set the number of vCPUs that a domain uses")
COMMAND("sched-credit2", cmd_sched_credit2,
        "[-d <domain> [-w <weight>] [-c <cap>]] [-p <pool>] [-s [-r <us>]] "
        "[--json]",
        "Show or set a domain's share of the CPUs and its limit in percent")
COMMAND("mem-set", cmd_mem_set, "<domain> <memory>[k|m|g]",
        "Set how much memory a domain uses now")
COMMAND("mem-max", cmd_mem_max, "<domain> <memory>[k|m|g]",
        "Set how much memory a domain may use")

/* The host. */
COMMAND("info", cmd_info, "[-n] [--json]",
        "Show the host: CPUs, memory, versions")
COMMAND("dmesg", cmd_dmesg, "[-c]",
        "Show the hypervisor's messages, -c: and clear them")
COMMAND("debug-keys", cmd_debug_keys, "<keys>",
        "Have the hypervisor print its state; h lists the keys")
COMMAND("sysrq", cmd_sysrq, "<domain> <letter>",
        "Send a domain a Linux SysRq")


/* PCI devices. */
COMMAND("pci-attach", cmd_pci_attach,
        "<domain> <BDF>[,msi=1][,permissive=1][,seize=1] [<slot>]",
        "Give a domain an assignable PCI device")
COMMAND("pci-detach", cmd_pci_detach, "[-f] <domain> <BDF>",
        "Take a PCI device from a domain; it stays assignable")
COMMAND("pci-list", cmd_pci_list, "[-l] [-n] [--json] <domain>",
        "List a domain's PCI devices, and where it sees them")
COMMAND("pci-assignable-list", cmd_pci_assignable_list,
        "[-l] [-n] [--json]",
        "List the PCI devices that domains may be given")
COMMAND("pci-assignable-add", cmd_pci_assignable_add, "[-f] [-n <Name>] <BDF>...",
        "Take PCI devices from dom0, for domains")
COMMAND("pci-assignable-remove", cmd_pci_assignable_remove, "[-r] <BDF|Name>...",
        "Give assignable PCI devices back to dom0 (-r: and to its drivers)")

/* Devices of the device tree. */
COMMAND("dt-attach", cmd_dt_attach, "<domain> <path>",
        "Give a domain a device of the host's device tree")
COMMAND("dt-detach", cmd_dt_detach, "[-r] [<domain>] <path>",
        "Take such a device from a domain, or give it back to dom0 (-r)")
COMMAND("dt-list", cmd_dt_list, "[--json] [<domain>]",
        "List the devices of the device tree that have an IOMMU, with owners")

/* IOMMUs. */
COMMAND("iommu-list", cmd_iommu_list, "[--json]",
        "List IOMMUs, domains' IOMMU tables, and devices")
COMMAND("iommu-faults", cmd_iommu_faults,
        "[-c] [--json] [--policy log|disconnect|crash] [--threshold <n>] "
        "[<device>]",
        "Show or clear (-c) the faults of devices; what is done about them")
COMMAND("iommu-audit", cmd_iommu_audit, "[--json] [--all | <domain>]",
        "Compare the memory of domains with what their devices reach")
/* clang-format on */
