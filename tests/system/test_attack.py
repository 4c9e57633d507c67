# SPDX-License-Identifier: GPL-2.0-or-later
"""dom0 orders its edu devices to read and write memory that is not dom0's:
the hypervisor, free memory, registers, addresses far away.  Whether anything
was hit is looked up in physical memory, from outside."""

import re

import pytest

from qemu import HYPERVISOR, IMAGE_ADDR, MIB, RAM_BASE, Streams

# Registers that only the hypervisor may touch, then addresses without memory.
GIC, SMMU, UART, ECAM = 0x08000000, 0x09050000, 0x09000000, 0x4010000000
FAR = [0x0, 1 << 33, 1 << 38, (1 << 39) - 0x1000, 1 << 40, (1 << 44) - 0x1000,
       1 << 44, 1 << 47, (1 << 48) - 0x1000]
TARGETS = [GIC, GIC + 0x100, SMMU, SMMU + 0x20, UART, ECAM, 0x0801_0000,
           0x0809_0000, IMAGE_ADDR, IMAGE_ADDR + 0x1000] + FAR

EDUS = 8  # behind root ports 1 to 8
FAULT = re.compile(r"\(XEN\).*smmuv3.*\bsid (0x[0-9a-f]+)")


@pytest.fixture(scope="module",
                params=[("7.2", 3), ("7.2", 2), ("10.0", 3),
                        pytest.param(("10.0", 2), marks=pytest.mark.soak)],
                ids=lambda p: f"qemu{p[0]}-gic{p[1]}")
def attacked(request, new_machine):
    qemu, gic = request.param
    m = new_machine(f"qemu{qemu}-gic{gic}", qemu=qemu, gic=gic)
    for _ in range(EDUS):
        m.edu()
    m.nvme()
    m.trace_events("smmuv3_translate_bypass", "smmuv3_translate_disable",
                   "smmuv3_cmdq_opcode")
    end = RAM_BASE + m.mem * MIB
    targets = ",".join(f"{t:x}" for t in TARGETS)
    m.boot_hypervisor(
        HYPERVISOR, ["edu", "disk", "boot"],
        "console=dtuart dom0_mem=512M dom0_max_vcpus=2",
        [f"px.ram={RAM_BASE:x}-{end:x}", f"px.targets={targets}",
         "px.storm=1000000"])
    m.run()
    yield m
    m.stop()


def test_owner_is_reached(attacked):
    """Without this, the rest proves nothing."""
    assert attacked.results["edu-control"][0] == "PASS", attacked.tail()


def test_nothing_was_read(attacked):
    state, why = attacked.results["edu-hunt"]
    assert state == "PASS", why
    assert attacked.memory(IMAGE_ADDR, 4096).strip(b"\0"), \
        "the hypervisor's image is empty: the reads prove nothing"


def test_nothing_was_written(attacked):
    own = attacked.own_ranges()
    assert own
    assert attacked.magic_outside(own) == []


def test_a_million_accesses_survived(attacked):
    assert attacked.results["edu-storm"][0] == "PASS", attacked.tail()
    assert attacked.ended == "guest-shutdown"
    assert attacked.results["disk-nvme0n1"][0] == "PASS", attacked.tail()
    assert attacked.results["kernel-log"][0] == "PASS", attacked.tail()


def test_faults_are_named_and_bounded(attacked):
    lines = [line for line in attacked.console.splitlines()
             if FAULT.search(line)]
    assert lines, "no fault was reported"
    assert len(lines) < 500
    # The first says who, where, which way, and why.
    first = lines[0]
    for word in (r"\bd0\b", r"\biova 0x", r"\b(read|write)\b"):
        assert re.search(word, first), first
    assert {int(FAULT.search(line)[1], 16) for line in lines} <= \
        {n << 8 for n in range(1, EDUS + 1)}


def test_no_stream_bypasses(attacked):
    streams = Streams(attacked.trace)
    assert not streams.bypassed and not streams.disabled, streams
