# SPDX-License-Identifier: GPL-2.0-or-later
"""The tests tested: the same disks, networks and attacks where the outcome is
known. Linux alone translates its devices' DMA; under Debian's Xen on a machine
without an SMMU, an attack by the edu must succeed and be seen."""

import pytest

from qemu import MIB, RAM_BASE, Streams, XEN

pytestmark = pytest.mark.soak


def test_linux_alone(new_machine):
    m = new_machine("linux")
    m.nvme()
    m.nic("e1000e")
    m.virtio_blk()
    m.virtio_net()
    m.edu()
    m.trace_events(*Streams.EVENTS)
    m.boot_native(["boot", "disk", "net", "edu"], ["px.cpus=2"])
    m.run()
    assert m.failures() == ["edu-control: FAIL edu 0 at its owner's pages"]
    streams = Streams(m.trace)
    assert {0x100, 0x200, 0x300, 0x400} <= set(streams.translated), streams
    assert not streams.bypassed and not streams.disabled, streams
    assert streams.faulted.get(0x500), streams


@pytest.mark.parametrize("gic", [2, 3])
def test_xen_without_smmu(new_machine, gic):
    """Interrupts come by wire: Xen 4.17 has no MSI for dom0."""
    m = new_machine(f"xen-gic{gic}", gic=gic, iommu=None)
    m.nvme()
    m.nic("e1000e")
    m.virtio_blk(iommu=False)
    m.edu()
    end = RAM_BASE + m.mem * MIB
    m.boot_hypervisor(
        XEN, ["boot", "xen", "disk", "net", "edu"],
        "console=dtuart dom0_mem=512M dom0_max_vcpus=2",
        ["px.cpus=2", f"px.ram={RAM_BASE:x}-{end:x}", "pci=nomsi"])
    m.start()
    # The attack goes on to destroy Xen; the first hole is enough.
    m.expect(r"target 0x4e8b9000")
    m.collect()
    assert m.failures() == []
    assert m.results["edu-control"][0] == "PASS"
    holes = m.magic_outside(m.own_ranges())
    assert 0x445d1000 in holes, "the attack was not noticed"
