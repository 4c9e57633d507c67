# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's unmodified xl in dom0: it makes guests with a PV console, disk and
network card, talks to them and destroys them. While they live, the pages that
they grant are reached by DMA of dom0's own NVMe disk.
PX_HYPERVISOR=build/images/xen-4.17 is the yardstick.
"""

import re
import subprocess

import pytest

from qemu import HYPERVISOR, MIB, RAM_BASE, Streams, TOP, XEN

NVME = [0x100, 0x200]  # streams of dom0's disks

# What guests say themselves, by boot.
GUESTS = {
    "guest-1-fs-write", "guest-1-net-10.9.0.1",
    "guest-2-fs-read", "guest-2-net-10.9.0.1",
    "guest-3-fs-read", "guest-3-net-10.9.0.1",
    "guest2-1-fs-write", "guest2-1-net-10.9.0.1", "guest2-1-net-10.9.0.2",
}


REBOOTS = 20

ON_XEN = HYPERVISOR.resolve() == XEN.resolve()
SUCCESS = re.compile(r"translate_success .* sid=(\w+) iova=\w+ "
                     r"translated=(\w+)")


def machine(new_machine, name, gic):
    subprocess.run([TOP / "tests/images/make-toolstack.sh"], check=True)
    # Xen 4.17 has no driver for this SMMU: its dom0 must not see it.
    m = new_machine(f"{name}-gic{gic}", gic=gic, mem=1536,
                    iommu=None if ON_XEN else "smmuv3")
    m.nvme()
    m.nvme()
    m.ramdisk = "toolstack.cpio"
    m.trace_events(*Streams.EVENTS)
    m.boot_hypervisor(HYPERVISOR, [name],
                      "console=dtuart dom0_mem=768M dom0_max_vcpus=2",
                      # Xen's dom0 stalls when that disk reaches granted pages.
                      [f"px.reboots={REBOOTS}", f"px.file={ON_XEN:d}"])
    return m


def dma_to_guests(m):
    """How often the first disk reached RAM that is not dom0's: granted."""
    base, mib = re.search(r"dom0: memory (0x\w+) \+ (\d+) MiB",
                          m.console).groups()
    dom0 = range(int(base, 16), int(base, 16) + int(mib) * MIB)
    with open(m.trace, errors="replace") as trace:
        found = [int(f[2], 16) for f in map(SUCCESS.search, trace)
                 if f and int(f[1], 16) == NVME[0]]
    return sum(a >= RAM_BASE and a not in dom0 for a in found)


def check_dma(m):
    """The disks of dom0 were translated at all times, and no access failed;
    the guests' pages were reached by the disk itself, not copied."""
    if ON_XEN:
        return
    streams = Streams(m.trace)
    for sid in NVME:
        assert streams.translated.get(sid), str(streams)
        for wrong in streams.bypassed, streams.disabled, streams.aborted:
            assert sid not in wrong, str(streams)
    assert not streams.faulted, str(streams)
    assert dma_to_guests(m)


@pytest.mark.parametrize("gic", [3, 2])
def test_xl(new_machine, gic):
    m = machine(new_machine, "xl", gic)
    m.start()
    # `xl console` takes a terminal's keys; Ctrl-] ends it.
    asked = m.expect("PX-INFO: type on the guest's console|all done")
    m.send("echo answer $((6 * 7)) on $(nproc)\r")
    m.expect("answer 42 on 2", after=asked.end())
    m.send("\x1d")
    m.wait_shutdown(silence=360, limit=1200)
    assert m.failures() == []
    assert GUESTS <= set(m.results)
    check_dma(m)


@pytest.mark.soak
@pytest.mark.parametrize("gic", [3, 2])
def test_reboots(new_machine, gic):
    m = machine(new_machine, "xl-reboots", gic)
    m.start()
    m.wait_shutdown(silence=360, limit=3600)
    assert m.failures() == []
    for boot in range(2, REBOOTS + 2):
        assert f"guest-{boot}-fs-read" in m.results
    check_dma(m)
