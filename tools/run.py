#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""run.py - boot the main job: dom0 on QEMU virt with every device behind the
SMMUv3.  On a terminal it ends in a shell of dom0 (Ctrl-a x leaves QEMU, Ctrl-a
three times talks to the hypervisor).  Without one dom0 tests its devices,
powers off, and a summary follows; the exit status says how it went.

PX_QEMU=10.0, PX_GIC=2, PX_CPUS=4, PX_MEM=2048 choose another machine.
"""

import os
import pathlib
import shutil
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP / "tests" / "system"))

from qemu import BUILD, HYPERVISOR, Hang, Machine, Streams  # noqa: E402

DEVICES = {0x100: "nvme", 0x200: "e1000e", 0x300: "virtio-blk",
           0x400: "virtio-net"}


def make_machine(interactive):
    folder = BUILD / "run"
    shutil.rmtree(folder, ignore_errors=True)
    cpus = int(os.environ.get("PX_CPUS", "2"))
    machine = Machine(folder, qemu=os.environ.get("PX_QEMU", "7.2"),
                      gic=int(os.environ.get("PX_GIC", "3")), cpus=cpus,
                      mem=int(os.environ.get("PX_MEM", "2048")))
    machine.nvme()
    machine.nic("e1000e")
    machine.virtio_blk()
    machine.virtio_net()
    machine.trace_events(*Streams.EVENTS)
    tests = [] if interactive else ["boot", "xen", "disk", "net"]
    machine.boot_hypervisor(
        HYPERVISOR, tests,
        f"console=dtuart dom0_mem=1024M dom0_max_vcpus={cpus}")
    return machine


def interactive():
    machine = make_machine(True)
    args = [a if a != "stdio" else "mon:stdio" for a in machine.args
            if a != "-no-shutdown"]
    monitor = args.index("-qmp")
    del args[monitor:monitor + 2]
    machine.sockets.cleanup()
    os.execv(args[0], args)


def summary():
    machine = make_machine(False)
    machine.echo = True
    try:
        machine.run()
    except Hang as hang:
        print(hang)
        return 1
    finally:
        machine.stop()
    streams = Streams(machine.trace)

    print("---- Summary")
    for name, (state, why) in machine.results.items():
        print(f"{state:5} {name}: {why}")
    ok = machine.ended == "guest-shutdown" and not machine.failures()
    for sid, name in DEVICES.items():
        count = streams.translated.get(sid, 0)
        wrong = sum(t.get(sid, 0) for t in (streams.bypassed,
                                            streams.disabled, streams.faulted))
        print(f"{name}: stream {sid:#x}, {count} accesses translated by the "
              f"SMMU's stage 1, {wrong} not")
        ok = ok and count and not wrong
    print("dom0 ran with its devices behind the SMMUv3" if ok else
          f"FAILED: see {machine.tmp}")
    return 0 if ok else 1


if __name__ == "__main__":
    if sys.stdin.isatty() and sys.stdout.isatty():
        interactive()
    sys.exit(summary())
