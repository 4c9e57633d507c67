#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Boot a payload as dom0's kernel under a hypervisor on QEMU virt.

As a program it runs the self-test payload and prints what failed; bench.py
uses boot() alone.
"""

import argparse
import os
import re
import subprocess
import sys

MODULE_ADDRESS = 0x60000000
DOM0_MIB = 512
TEST_END = re.compile(r"PX-TEST-END: (\d+) passed, (\d+) failed")


def add_arguments(parser):
    parser.add_argument("--payload", required=True)
    parser.add_argument("--qemu", default="qemu-system-aarch64")
    parser.add_argument("--gic", choices=["2", "3"], default="3")
    parser.add_argument("--timeout", type=int, default=120)


def qemu_command(qemu, args, hypervisor, cpus, bootargs, icount, options):
    machine = (f"virt,virtualization=on,gic-version={args.gic},iommu=smmuv3,"
               "dtb-randomness=off")
    options = (f"console=dtuart dom0_mem={DOM0_MIB}M dom0_max_vcpus={cpus} "
               + options)
    command = [
        qemu, "-M", machine, "-cpu", "cortex-a57", "-smp", str(cpus),
        "-m", "1024", "-nodefaults", "-display", "none", "-serial", "stdio",
        "-no-reboot", "-kernel", hypervisor, "-append", options, "-device",
        f"guest-loader,addr={MODULE_ADDRESS:#x},kernel={args.payload},"
        f"bootargs={bootargs}",
    ]
    if icount:
        command += ["-icount", "shift=0,sleep=off"]
    return command


def boot(args, hypervisor, cpus, bootargs, end, icount=False, qemu=None,
         options=""):
    """Console of one boot; what is wrong with it when end is not there."""
    command = qemu_command(qemu or args.qemu, args, hypervisor, cpus, bootargs,
                           icount, options)
    try:
        output = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=args.timeout,
            check=False).stdout
        error = f"ended without {end}"
    except subprocess.TimeoutExpired as expired:
        output = expired.stdout or b""
        error = f"no {end} within {args.timeout} s"

    text = output.decode(errors="replace").replace("\r", "")
    if end in text:
        return text, None
    tail = "\n".join("    " + line for line in text.splitlines()[-5:])
    return text, f"{os.path.basename(hypervisor)}, {cpus} CPU: {error}\n{tail}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_arguments(parser)
    parser.add_argument("--hypervisor", required=True)
    parser.add_argument("--cpus", type=int, default=1)
    parser.add_argument("--strict", action="store_true",
                        help="also check what Xen 4.17 fails")
    parser.add_argument("--fuzz", type=int, metavar="CALLS",
                        help="the payload is fuzz.Image")
    args = parser.parse_args()

    if args.fuzz:
        text, error = boot(args, args.hypervisor, args.cpus,
                           f"fuzz={args.fuzz}", "disclosures")
        print("\n".join(line for line in text.splitlines() if "fuzz" in line))
        if error:
            print(error, file=sys.stderr)
        return 0 if re.search(r"^fuzz: .*: PASS$", text, re.M) else 1

    text, error = boot(args, args.hypervisor, args.cpus,
                       "strict" if args.strict else "reference", "PX-TEST-END")
    for line in text.splitlines():
        if "PX-TEST" in line and not line.endswith("PASS"):
            print(line)
    if error:
        print(error, file=sys.stderr)
    match = TEST_END.search(text)
    return 0 if match and match.group(2) == "0" else 1


if __name__ == "__main__":
    sys.exit(main())
