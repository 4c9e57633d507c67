#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""run.py - the main job, on QEMU virt with every device behind the SMMUv3: dom0
gives an NVMe disk and an attacking device to a guest (toolstack/story.sh shows
each command).  On a terminal it ends in a shell of dom0 (Ctrl-a x leaves QEMU,
Ctrl-a three times talks to the hypervisor).  Without one dom0 powers off, and a
summary follows: what dom0 says, and what QEMU's trace and memory say.  The exit
status tells how it went.

PX_QEMU=10.0, PX_GIC=2, PX_CPUS=4, PX_MEM=3072 choose another machine.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP / "tests" / "system"))

from qemu import (BUILD, HYPERVISOR, MIB, RAM_BASE, Hang, Machine,  # noqa: E402
                  Streams)

NVME, NIC, EDU = 0x100, 0x200, 0x300
# Of the ITS: a device reaches it, and raises its own domain's interrupts there.
DOORBELL = (0x08090000, 0x08091000)
# What the attacker tries besides all RAM that is not the guest's: the GIC, the
# ITS, the SMMU, the UART, PCI's configuration space, far away.
TARGETS = [0x08000000, 0x08090000, 0x09050000, 0x09000000, 0x4010000000,
           1 << 33, 1 << 40]


def make_machine(shell):
    folder = BUILD / "run"
    shutil.rmtree(folder, ignore_errors=True)
    cpus = int(os.environ.get("PX_CPUS", "2"))
    m = Machine(folder, qemu=os.environ.get("PX_QEMU", "7.2"),
                gic=int(os.environ.get("PX_GIC", "3")), cpus=cpus,
                mem=int(os.environ.get("PX_MEM", "2048")))
    m.nvme()
    m.nic("e1000e")
    m.edu()
    m.trace_events(*Streams.EVENTS)
    m.ramdisk = "toolstack.cpio"
    end = RAM_BASE + m.mem * MIB
    extra = [f"px.ram={RAM_BASE:x}-{end:x}",
             "px.targets=" + ",".join(f"{t:x}" for t in TARGETS)]
    m.boot_hypervisor(HYPERVISOR, ["story"],
                      f"console=dtuart dom0_mem=1024M dom0_max_vcpus={cpus}",
                      extra + ["px.shell=1"] if shell else extra)
    return m


def interactive():
    m = make_machine(True)
    args = [a if a != "stdio" else "mon:stdio" for a in m.args
            if a != "-no-shutdown"]
    monitor = args.index("-qmp")
    del args[monitor:monitor + 2]
    m.sockets.cleanup()
    os.execv(args[0], args)


def let_through(trace, sid):
    """The addresses at which the SMMU let a stream through."""
    success = re.compile(rf"translate_success .*sid={sid:#x} iova=(0x\w+)")
    with open(trace, errors="replace") as f:
        return {int(m[1], 16) for m in map(success.search, f) if m}


def outside(m):
    """What the machine itself says: (it is as it should be, in words)."""
    streams = Streams(m.trace)
    count = streams.translated.get(NVME, 0)
    wrong = sum(sum(t.values()) for t in (streams.bypassed, streams.disabled))
    yield (count > 0 and not wrong,
           f"{count} accesses of the NVMe disk translated by the SMMU's stage "
           f"1, {wrong} accesses of any device passed it by")
    faults = streams.faulted.get(EDU, 0)
    yield (faults > 0 and set(streams.faulted) == {EDU},
           f"{faults} accesses of the attacker refused by the SMMU, of others "
           f"{sum(streams.faulted.values()) - faults}")
    own = m.own_ranges() + [DOORBELL]
    reached = let_through(m.trace, EDU)
    hit = [i for i in reached if not any(a <= i < b for a, b in own)]
    yield (reached and not hit,
           f"the attacker was let through to {len(reached)} addresses, "
           f"{len(hit)} of them not its owner's")


def summary(m, look, words):
    """Run it to its end; look(m) is what the machine itself says, words
    what it amounts to when all is well. The exit status."""
    m.echo = True
    try:
        m.run()
        verdicts = list(look(m))
    except Hang as hang:
        print(hang)
        return 1
    finally:
        m.stop()

    print("---- Summary")
    for name, (state, why) in m.results.items():
        print(f"{state:5} {name}: {why}")
    for good, what in verdicts:
        print(f"{'PASS' if good else 'FAIL':5} QEMU: {what}")
    ok = (m.ended == "guest-shutdown" and m.results and not m.failures() and
          "attack-named" in m.results and all(good for good, _ in verdicts))
    print(words if ok else f"FAILED: see {m.tmp}")
    return 0 if ok else 1


if __name__ == "__main__":
    subprocess.run([TOP / "tests/images/make-toolstack.sh"], check=True)
    if sys.stdin.isatty() and sys.stdout.isatty():
        interactive()
    sys.exit(summary(make_machine(False), outside,
                     "A guest owned its disk, and nothing else"))
