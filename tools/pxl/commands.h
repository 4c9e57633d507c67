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

/* clang-format on */
