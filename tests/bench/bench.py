#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Boot the bench payload as dom0 on Xen and on Proxenos, compare the counts.

Both run on the same machine model in the same run.  QEMU's -icount shift=0
makes an instruction a nanosecond, so the numbers repeat.  A slow result is
reported, never a failure; a run that gives no numbers is.
"""

import argparse
import json
import os
import re
import sys

sys.path.append(os.path.join(os.path.dirname(__file__), "..", "payload"))
import run  # noqa: E402

ROW = re.compile(r"BENCH (\w+) (\d+)\s")
TABLES = re.compile(r"d0: (\S+): \d+ devices, (\d+) tables")
END = "BENCH-END"

# What we aim at, as a fraction of Xen's count.
HALF, THIRD, TENTH = 1 / 2, 1 / 3, 1 / 10
GOALS = {
    "null_hypercall": THIRD,
    "block_populate": TENTH,
    "block_remove": TENTH,
    "entry_to_dom0": TENTH,
}


# Operations that write the IOMMU table too.
UNSHARED = ["page_populate", "page_remove", "block_populate", "block_remove",
            "grant_map", "grant_unmap", "entry_to_dom0"]


def one_boot(args, hypervisor, cpus, qemu, options=""):
    """Counts of one boot, bytes of each IOMMU table, what went wrong."""
    text, error = run.boot(args, hypervisor, cpus, "bench", END, icount=True,
                           qemu=qemu, options=options)
    counts = {name: int(n) for name, n in ROW.findall(text)}
    tables = {name: int(n) * 4096 for name, n in TABLES.findall(text)}
    return counts, tables, [error] if error else []


def measure(args, hypervisor):
    counts, tables, errors = one_boot(args, hypervisor, 1, args.qemu)
    more, _, more_errors = one_boot(args, hypervisor, 2, args.qemu_smp)
    return {**counts, **more}, tables, errors + more_errors


def print_unshared(proxenos, without, tables):
    """What the table of the IOMMU's own costs: iommu=no is the comparison."""
    print("\nwhat the unshared IOMMU table adds")
    for name in UNSHARED:
        if name in proxenos and name in without:
            print(f"{name:28}{without[name]:>12}{proxenos[name]:>12}"
                  f"{proxenos[name] - without[name]:>+8}")
    for name, size in tables.items():
        per_gib = size * 1024 // run.DOM0_MIB
        print(f"{name + ', bytes per GiB':28}{per_gib:>24}")


def print_table(xen, proxenos):
    print(f"{'instructions per operation':28}{'Xen 4.17':>12}{'Proxenos':>12}"
          f"{'ratio':>8}{'goal':>12}")
    for name, reference in xen.items():
        goal = int(reference * GOALS.get(name, HALF))
        row = f"{name:28}{reference:>12}"
        if name in proxenos:
            ours = proxenos[name]
            met = "ok" if ours <= goal else "above"
            row += f"{ours:>12}{ours / reference:>8.2f}{goal:>12} {met}"
        else:
            row += f"{'-':>12}{'-':>8}{goal:>12}"
        print(row)
    for name in proxenos.keys() - xen.keys():
        print(f"{name:28}{'-':>12}{proxenos[name]:>12}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    run.add_arguments(parser)
    parser.add_argument("--qemu-smp", default="qemu-system-aarch64",
                        help="for several CPUs: before QEMU 10, icount "
                        "starves a CPU while another spins")
    parser.add_argument("--xen", required=True)
    parser.add_argument("--proxenos", required=True)
    parser.add_argument("--out", help="also write the counts here, as JSON")
    args = parser.parse_args()

    xen, _, errors = measure(args, args.xen)
    proxenos, without, tables = {}, {}, {}
    if os.path.exists(args.proxenos):
        proxenos, tables, more = measure(args, args.proxenos)
        without, _, more_without = one_boot(args, args.proxenos, 1, args.qemu,
                                            "iommu=no")
        errors += more + more_without
    else:
        errors.append(f"{args.proxenos} does not exist: run make")

    print_table(xen, proxenos)
    if proxenos:
        print_unshared(proxenos, without, tables)
    for error in errors:
        print("bench:", error, file=sys.stderr)
    if args.out:
        os.makedirs(os.path.dirname(args.out) or ".", exist_ok=True)
        with open(args.out, "w", encoding="utf-8") as out:
            json.dump({"xen": xen, "proxenos": proxenos, "iommu=no": without,
                       "table_bytes": tables}, out, indent=2)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
