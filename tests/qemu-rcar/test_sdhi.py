# SPDX-License-Identifier: GPL-2.0-or-later
"""SDHI of the emulated board, taken from dom0 and given to a guest, which mounts
its card by Debian's driver. dom0's part is dom0/sdhi.sh; QEMU's trace says
through which context, and to which memory, the DMA went."""

import re
import shutil

import pytest

from board import Board, Trace, build
from qemu import BUILD

QUARANTINE = 1
UTLB = 32                            # of ds1: SDHI0's
COMPLAINT = re.compile(r"never cleaned|is not enabled|USE_SECGRP is set|"
                       r"has no stage 2")
SELECT = re.compile(r"rcar_ipmmu_write ds1: 0x600 = 0x(\w+)")


@pytest.fixture(scope="module")
def machine():
    """All of it, once; the tests below look at what happened."""
    build()
    folder = BUILD / "system" / "test_sdhi"
    shutil.rmtree(folder, ignore_errors=True)
    m = Board(folder, ",noncoherent=on")
    m.trace_events(*Trace.EVENTS, "rcar_sdhi_*")
    m.add("-d", "guest_errors")
    m.boot_card(["sdhi"], card="toolstack")
    try:
        m.start()
        m.wait_shutdown(limit=2400)
    finally:
        m.stop()
    return m


def periods(machine):
    """[context, accesses] for each time that SDHI0's micro-TLB was given one."""
    found = []
    for line in Trace(machine.trace).lines():
        select = SELECT.search(line)
        if select:
            found.append([int(select[1], 16) >> 4 & 0xf, []])
        match = Trace.MASTER.search(line)
        if match and found:
            access = Trace.fields(match)
            if access[1:3] == ("ds1", UTLB):
                found[-1][1].append(access)
    return found


def dom0_memory(machine):
    at = re.search(r"dom0: memory (0x\w+) \+ (\d+) MiB", machine.console)
    return int(at[1], 16), int(at[1], 16) + (int(at[2]) << 20)


def test_verdicts(machine):
    assert machine.failures() == [], machine.tail()
    for name in ("a-1-card", "a-1-card-write", "same-data", "again-card",
                 "destroyed", "dom0-in-the-end", "free-memory", "audit-end"):
        assert name in machine.results, machine.tail()


def test_no_complaint(machine):
    """The IPMMU walked no table that was not cleaned, and no micro-TLB selected
    a context that was off."""
    assert not [line for line in Trace(machine.trace).lines()
                if COMPLAINT.search(line)]


def test_contexts(machine):
    """Who has it: quarantine, dom0, and from then on in turn with quarantine
    the guest, dom0, the guest, dom0. Nobody is in context 0."""
    owners = [context for context, _ in periods(machine)]
    assert owners[0] == QUARANTINE and owners[-1] != QUARANTINE
    assert owners[::2] == [QUARANTINE] * 5
    assert 0 not in owners
    dom0, guest = owners[1], owners[3]
    assert owners[1::2] == [dom0, guest, dom0, guest, dom0]
    assert dom0 != guest


def test_memory(machine):
    """dom0's accesses are to its own memory, at its address; the guest's to
    other memory, at the guest's."""
    start, end = dom0_memory(machine)
    seen = periods(machine)
    assert all(what == "translate" for _, accesses in seen
               for what, *_ in accesses)
    dom0, guest = seen[1][0], seen[3][0]
    for owner, accesses in seen:
        assert all(ctx == owner for _, _, _, ctx, _, _, _ in accesses)
        if owner == QUARANTINE:
            assert accesses == []
            continue
        # Each mounts it and reads a file, at least.
        assert len(accesses) > 100
        assert all((owner == dom0) == (start <= pa < end)
                   for _, _, _, _, _, pa, _ in accesses)
        assert all((iova == pa) if owner == dom0 else
                   0x40000000 <= iova < 0x40000000 + (192 << 20)
                   for _, _, _, _, iova, pa, _ in accesses)
    for owner, accesses in seen:
        if owner == guest:
            assert {write for *_, write in accesses} == {False, True}
