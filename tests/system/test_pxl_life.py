# SPDX-License-Identifier: GPL-2.0-or-later
"""pxl makes guests with a PV console, disk and network card, and takes them
apart; on a dom0 of busybox, xenstored and xenconsoled.
"""

import subprocess

import pytest

from qemu import HYPERVISOR, Streams, TOP

NVME = [0x100, 0x200]  # streams of dom0's disks

# What guests say themselves, by boot.
GUESTS = {
    "guest-1-fs-write", "guest-1-net-10.9.0.1",
    "guest-2-fs-read", "guest-2-net-10.9.0.1",
    "guest2-1-fs-write", "guest2-1-net-10.9.0.1", "guest2-1-net-10.9.0.2",
    "guest2-2-fs-read", "block-stays-readable", "disk-follows",
}


@pytest.mark.parametrize("gic", [3, 2])
def test_pxl_life(new_machine, gic):
    subprocess.run([TOP / "tests/images/make-toolstack.sh"], check=True)
    m = new_machine(f"pxl-life-gic{gic}", gic=gic, mem=1536)
    m.nvme()
    m.nvme()
    m.ramdisk = "toolstack.cpio"
    m.trace_events(*Streams.EVENTS)
    m.boot_hypervisor(HYPERVISOR, ["pxl-life"],
                      "console=dtuart dom0_mem=768M dom0_max_vcpus=2")
    m.start()
    # `pxl console` takes a terminal's keys; Ctrl-] ends it.
    asked = m.expect("PX-INFO: type on the guest's console|all done")
    m.send("echo answer $((6 * 7)) on $(nproc)\r")
    m.expect("answer 42 on 2", after=asked.end())
    m.send("\x1d")
    m.wait_shutdown(limit=900)
    assert m.failures() == []
    assert GUESTS | {"rounds", "free-memory", "kernel-log"} <= set(m.results)
    streams = Streams(m.trace)
    for sid in NVME:
        assert streams.translated.get(sid), str(streams)
    assert not streams.faulted, str(streams)
