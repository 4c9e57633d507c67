# SPDX-License-Identifier: GPL-2.0-or-later
"""SYS-DMACs of the emulated board, given to bare-metal guests: each copies its
owner's memory, and nobody else's; the masters of a domain that was destroyed in
the middle of a transfer reach nothing; contexts run out with a reason. dom0's
part is dom0/dmac.sh; here QEMU's trace and memory have their say."""

import re
import shutil

import pytest

from board import Board, Trace, build
from qemu import BUILD

MAGIC = b"".join((0x7078ed05d3acbeef + i).to_bytes(8, "little")
                 for i in range(8))
QUARANTINE = 1
# Registers of the micro-TLBs 0 to 15 of a leaf.
SELECT = re.compile(r"rcar_ipmmu_write (\w+): 0x(3[0-9a-f]0) = 0x(\w+)")
UTLB = re.compile(r"rcar_ipmmu_write (ds\d): 0x([346]\w0) = 0x(\w+)")
START = re.compile(r"rcar_sysdmac_start dmac1: channel 5: .* 0x3fffffc0 bytes")
END = re.compile(r"rcar_sysdmac_end dmac1: channel 5: CHCR 0x(\w+), (\d+) units")


@pytest.fixture(scope="module")
def machine():
    """All of it, once; the tests below look at what happened."""
    build()
    folder = BUILD / "system" / "test_dmac"
    shutil.rmtree(folder, ignore_errors=True)
    # Resets that do not work: the IPMMU alone holds the masters back.
    m = Board(folder, ",noncoherent=on,utlb0-erratum=on,module-reset=off")
    m.trace_events(*Trace.EVENTS)
    m.boot_card(["dmac"], card="toolstack")
    try:
        m.start()
        m.expect("PX-MARK: attacked", limit=1800)
        m.qmp.command("stop")
        m.found = m.find(MAGIC)
        m.qmp.command("cont")
        m.wait_shutdown(limit=2400)
    finally:
        m.stop()
    return m


def test_verdicts(machine):
    assert machine.failures() == [], machine.tail()
    for name in ("a-copy", "a-attack", "faults-named", "dmesg-names",
                 "b-intact", "dom0-intact", "destroyed", "contexts-exhausted",
                 "storm-cut-off", "audit-end"):
        assert name in machine.results, machine.tail()


def test_reaches_own_memory_only(machine):
    """No access of the attacker was let through anywhere else."""
    own = {(int(a, 16), int(b, 16)) for a, b in re.findall(
        r"PX-INFO: a: own ([0-9a-f]+)-([0-9a-f]+)", machine.console)}
    assert own
    refused, through = set(), set()
    for what, leaf, utlb, _, iova, _, _ in Trace(machine.trace).masters():
        if leaf == "ds0" and utlb < 16:
            assert what != "bypass", hex(iova)
            (refused if what == "fault" else through).add(iova & ~0xfff)
    assert through and all(any(a <= i < b for a, b in own) for i in through)
    # What it was told to try, all of it.
    assert {0x48000000, 0xe67b0000, 0xe6740000, 0x680000000} <= refused
    assert len(refused) > 1900


def test_magic_is_at_home(machine):
    """What it wrote is in pages that are its own, by QEMU's trace."""
    own = {pa & ~0xfff for what, leaf, utlb, _, _, pa, _
           in Trace(machine.trace).masters()
           if what == "translate" and leaf == "ds0" and utlb < 16}
    assert machine.found and machine.found <= own


def test_destroyed_in_mid_dma(machine):
    """Once the channel is in quarantine, nothing of it is translated."""
    running, quarantined, after, faults, ended = False, False, 0, 0, None
    for line in Trace(machine.trace).lines():
        if START.search(line):
            running, ended = True, None
        if not running:
            continue
        select, access = SELECT.search(line), Trace.MASTER.search(line)
        if select and select[1] == "ds1" and int(select[2], 16) == 0x350:
            if quarantined:
                break  # the next owner
            quarantined = int(select[3], 16) >> 4 & 0xf == QUARANTINE
        elif quarantined and access and access[2] == "ds1" and access[3] == "5":
            after += access[1] != "fault"
            faults += access[1] == "fault"
        elif quarantined and END.search(line):
            ended = END.search(line)
    assert quarantined and after == 0 and faults > 0
    assert ended and int(ended[1], 16) >> 31 and int(ended[2]) > 0


def test_contexts_differ(machine):
    """At one time dom0 and five others had a context each, all different, by
    what the micro-TLBs of their devices selected."""
    devices = {("ds1", 0x600), ("ds0", 0x310), ("ds1", 0x350), ("ds1", 0x410),
               ("ds1", 0x620), ("ds1", 0x630)}
    selected, best = {}, set()
    for line in Trace(machine.trace).lines():
        write = UTLB.search(line)
        if write and (write[1], int(write[2], 16)) in devices:
            selected[write[1], int(write[2], 16)] = int(write[3], 16) >> 4 & 0xf
            best = max(best, set(selected.values()) - {0, QUARANTINE}, key=len)
    assert len(best) == len(devices), best


def test_contexts(machine):
    """Who did DMA was in one context, and it was not the quarantine's."""
    users = {}
    for what, leaf, utlb, ctx, _, _, _ in Trace(machine.trace).masters():
        if what == "translate" and utlb < 32:
            users.setdefault((leaf, utlb // 16), set()).add(ctx)
    assert all(c not in (0, QUARANTINE) for u in users.values() for c in u)
    assert {("ds0", 0), ("ds1", 0), ("ds1", 1)} <= set(users)
    assert "all 6 contexts are in use" in machine.console
