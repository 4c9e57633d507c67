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
END = "BENCH-END"

# What we aim at, as a fraction of Xen's count.
HALF, THIRD, TENTH = 1 / 2, 1 / 3, 1 / 10
GOALS = {
    "null_hypercall": THIRD,
    "block_populate": TENTH,
    "block_remove": TENTH,
    "entry_to_dom0": TENTH,
}


def measure(args, hypervisor):
    counts, errors = {}, []
    for cpus in (1, 2):
        text, error = run.boot(args, hypervisor, cpus, "bench", END,
                               icount=True)
        counts.update((name, int(n)) for name, n in ROW.findall(text))
        if error:
            errors.append(error)
    return counts, errors


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
    parser.add_argument("--xen", required=True)
    parser.add_argument("--proxenos", required=True)
    parser.add_argument("--out", help="also write the counts here, as JSON")
    args = parser.parse_args()

    xen, errors = measure(args, args.xen)
    proxenos = {}
    if os.path.exists(args.proxenos):
        proxenos, more = measure(args, args.proxenos)
        errors += more
    else:
        errors.append(f"{args.proxenos} does not exist: run make")

    print_table(xen, proxenos)
    for error in errors:
        print("bench:", error, file=sys.stderr)
    if args.out:
        os.makedirs(os.path.dirname(args.out) or ".", exist_ok=True)
        with open(args.out, "w", encoding="utf-8") as out:
            json.dump({"xen": xen, "proxenos": proxenos}, out, indent=2)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
