# SPDX-License-Identifier: GPL-2.0-or-later
"""dom0 with disks and networks behind the SMMU, over a covering set of
machines: every QEMU, GIC, CPU count and memory size appears, not every
combination (the rest are in `make soak`)."""

import itertools
import re

import pytest

from qemu import HYPERVISOR, Machine, QEMU, Streams

# (QEMU, GIC, CPUs, MiB)
ROWS = [
    ("7.2", 3, 2, 2048),
    ("7.2", 2, 1, 512),
    ("7.2", 2, 4, 1024),
    ("7.2", 3, 8, 6144),
    ("10.0", 3, 4, 4096),
    ("10.0", 2, 8, 1024),
    ("10.0", 3, 1, 512),
]
REST = [row for row in itertools.product(QEMU, (2, 3), (1, 2, 4, 8),
                                         (512, 2048, 6144))
        if row not in ROWS]


def name(row):
    return "qemu{}-gic{}-{}cpu-{}M".format(*row)


# Slots of root ports, in the order of add_devices(): bus n is behind port n.
NVME, E1000E, VBLK, VNET = 0x100, 0x200, 0x300, 0x400


def add_devices(machine: Machine):
    machine.nvme()
    machine.nic("e1000e")
    machine.virtio_blk()
    machine.virtio_net()


@pytest.fixture(scope="module",
                params=[pytest.param(r, id=name(r)) for r in ROWS] +
                       [pytest.param(r, id=name(r), marks=pytest.mark.soak)
                        for r in REST])
def booted(request, new_machine):
    qemu, gic, cpus, mem = request.param
    machine = new_machine(name(request.param), qemu=qemu, gic=gic, cpus=cpus,
                          mem=mem)
    add_devices(machine)
    machine.trace_events(*Streams.EVENTS)
    dom0_mem = min(mem // 2, 2048)
    machine.boot_hypervisor(
        HYPERVISOR, ["boot", "xen", "disk", "net"],
        f"console=dtuart dom0_mem={dom0_mem}M dom0_max_vcpus={cpus}",
        [f"px.cpus={cpus}", f"px.mem={dom0_mem * 8 // 10}"])
    machine.run()
    yield machine
    machine.stop()  # the matrix has more of them than memory


def check(machine, *names):
    """The named dom0 tests ran and passed."""
    for n in names:
        assert machine.results.get(n, ("missing", ""))[0] == "PASS", \
            f"{n}: {machine.results.get(n)}\n{machine.tail()}"


def test_boots_and_powers_off(booted):
    assert booted.ended == "guest-shutdown", booted.tail()
    assert "PX-TEST: all done" in booted.console
    check(booted, "cpus", "memory", "time", "timer", "kernel-log")


def test_xen_interfaces(booted):
    check(booted, "xen-version", "xen-features", "xen-evtchn", "xen-devices")


def test_disks(booted):
    check(booted, "disk-nvme0n1", "disk-vda")


def test_networks(booted):
    check(booted, "net-e1000e", "net-virtio_net")


def test_every_stream_is_translated(booted):
    streams = Streams(booted.trace)
    print(streams)
    assert not streams.bypassed and not streams.disabled, streams
    for sid in NVME, E1000E, VBLK, VNET:
        assert streams.translated.get(sid), streams
    assert streams.stages <= {1}, streams
    # Nothing that dom0's drivers did on purpose was refused.
    assert not streams.aborted and not streams.faulted, streams


def test_uncovered_masters_are_named(booted):
    """virtio-mmio and fw_cfg reach all memory: an administrator must know."""
    for name in "virtio,mmio", "fw-cfg":
        assert re.search(rf"\(XEN\) IOMMU: no unit covers .*{name}",
                         booted.console), name


def test_nothing_to_complain_about(booted):
    bad = re.findall(r"^\(XEN\) (?:Panic on|BUG|ASSERT|self-test:.*fail).*$",
                     booted.console, re.M)
    assert not bad
