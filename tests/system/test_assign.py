# SPDX-License-Identifier: GPL-2.0-or-later
"""PCI devices for domains, by pxl in dom0 (toolstack/assign.sh): assignment,
reboot, detach, groups, attacks, ends.  What dom0 and the guests say is not
believed alone: QEMU's trace shows through whose table each stream went."""

import json
import os
import re
import struct
import subprocess

import pytest

from qemu import HYPERVISOR, IMAGE_ADDR, LIMIT, MIB, RAM_BASE, TOP

NVME, NIC, EDU_A, EDU_B = 0x100, 0x200, 0x300, 0x400

# (QEMU, GIC, network card)
ROWS = [("7.2", 3, "e1000e"), ("7.2", 2, "e1000e"), ("10.0", 3, "igb")]
SOAK = [("10.0", 2, "igb")]

# Registers, memory's end, far away; every power of two besides.
TARGETS = ([0x08000000, 0x08090000, 0x08090040, 0x09000000, 0x09050000,
            0x4010000000] +
           [1 << n for n in range(33, 45)] +
           [n << 30 for n in range(4, 16)])

# The ITS's doorbell: a device reaches it, and raises its own domain's
# interrupts there.
DOORBELL = (0x08090000, 0x08091000)

TRACES = ("smmuv3_translate_success", "smmuv3_translate_bypass",
          "smmuv3_translate_disable", "smmuv3_cmdq_cfgi_ste",
          "smmuv3_decode_cd_tt", "smmuv3_config_cache_miss")


class Contexts:
    """Per stream: what it was translated by, between the changes of its
    stream-table entry.  self.spans[sid] is a list of (tables, accesses)."""

    SID = re.compile(r"sid=(0x[0-9a-f]+)")

    def __init__(self, trace):
        self.spans, self.iovas = {}, {}
        self.bypassed = 0
        missed = None
        with open(trace, errors="replace") as f:
            for line in f:
                if "smmuv3_cmdq_cfgi_ste" in line:
                    sid = int(re.search(r"(0x[0-9a-f]+)\s*$", line)[1], 16)
                    self.spans.setdefault(sid, []).append([set(), 0])
                elif "smmuv3_config_cache_miss" in line:
                    missed = int(self.SID.search(line)[1], 16)
                elif "smmuv3_decode_cd_tt" in line:
                    table = int(re.search(r"ttb:(0x[0-9a-f]+)", line)[1], 16)
                    if missed is not None and table:
                        self.span(missed)[0].add(table)
                elif "smmuv3_translate_success" in line:
                    sid = int(self.SID.search(line)[1], 16)
                    self.span(sid)[1] += 1
                    iova = int(re.search(r"iova=(0x[0-9a-f]+)", line)[1], 16)
                    self.iovas.setdefault(sid, set()).add(iova & ~0xfff)
                elif ("smmuv3_translate_bypass" in line or
                      "smmuv3_translate_disable" in line):
                    self.bypassed += 1

    def span(self, sid):
        return self.spans.setdefault(sid, [[set(), 0]])[-1]

    def tables(self, sid):
        """Every table the stream went through, in order."""
        found = []
        for tables, accesses in self.spans.get(sid, []):
            for t in sorted(tables):
                if accesses and (not found or found[-1] != t):
                    found.append(t)
        return found


def pull_and_plug(m, limit):
    """Do what the script asks for, until it ends."""
    at = 0
    while True:
        found = m.expect("PX-DO: (pull|plug)|PX-TEST: all done", limit, at)
        at = found.end()
        if found[1] == "pull":
            # The attacks are over, the attackers still there.
            m.canaries = m.magic_outside([])
            m.qmp.command("device_del", id="pulled")
        elif found[1] == "plug":
            # The name is free when the last thread of QEMU has let go.
            assert m.qmp.event("DEVICE_DELETED", 120 * LIMIT)
            m.qmp.command("device_add", driver="edu", id="pulled",
                          bus=m.pulled_from)
        else:
            return


# The attackers try every STEPS-th GiB up to 2^44; every one takes an hour.
STEPS = int(os.environ.get("PX_STEPS", "128"))


def name(row):
    return "qemu{}-gic{}-{}".format(*row)


@pytest.fixture(scope="module",
                params=[pytest.param(r, id=name(r)) for r in ROWS] +
                       [pytest.param(r, id=name(r), marks=pytest.mark.soak)
                        for r in SOAK])
def assigned(request, new_machine):
    subprocess.run([TOP / "tests/images/make-toolstack.sh"], check=True)
    qemu, gic, card = request.param
    m = new_machine(name(request.param), qemu=qemu, gic=gic, mem=2048)
    disk = m.disk(mib=320)
    m.device(f"nvme,drive={disk},serial={disk}")
    m.nic(card)
    m.edu()
    m.pulled_from = None  # for good
    m.device("edu,id=pulled,dma_mask=0xffffffffffffffff")
    # Two functions with one requester ID.
    m.device("pcie-pci-bridge,id=pci")
    for slot in 1, 2:
        m.add("-device",
              f"edu,dma_mask=0xffffffffffffffff,bus=pci,addr={slot}.0")
    m.ramdisk = "toolstack.cpio"
    m.trace_events(*TRACES)
    end = RAM_BASE + m.mem * MIB
    extra = [f"px.ram={RAM_BASE:x}-{end:x}", "px.pull=1",
             "px.targets=" + ",".join(f"{t:x}" for t in TARGETS + [end])]
    if request.param == ROWS[0]:
        extra.append(f"px.steps={STEPS}")
    else:
        extra.append("px.fs_mib=32")
    if gic == 2:
        extra.append("px.consent=1")
    m.extra = " ".join(extra)
    m.boot_hypervisor(HYPERVISOR, ["assign"],
                      "console=dtuart dom0_mem=768M dom0_max_vcpus=2", extra)
    m.start()
    limit = 1500 + 2 * 2 ** 14 // STEPS  # two guests, 0.1 s each
    pull_and_plug(m, limit)
    m.wait_shutdown(limit=limit)
    m.contexts = Contexts(m.trace)
    yield m
    m.stop()


def passed(m, *names):
    for n in names:
        assert m.results.get(n, ("missing", ""))[0] == "PASS", \
            f"{n}: {m.results.get(n)}\n{m.tail()}"


def test_all_said_pass(assigned):
    assert assigned.ended == "guest-shutdown", assigned.tail()
    assert assigned.failures() == []


def test_disk_keeps_its_data(assigned):
    """Written by one guest, read after its reboot and by another guest, that
    has it at its next boot, too."""
    passed(assigned, "a-1-fs-write", "a-2-fs-read", "b-fs-read",
           "b-2-fs-read", "reboots-keep")


def test_network(assigned):
    driver = assigned.console.count("igb") and "igb" or "e1000e"
    passed(assigned, f"a-1-net-{driver}", f"a-2-net-{driver}")


def test_pv_beside(assigned):
    """The guest with devices has a PV disk and a PV card, too."""
    passed(assigned, "a-1-pv-fs-write", "a-2-pv-fs-read",
           "a-1-net-10.9.0.1", "a-2-net-10.9.0.1")


def test_interrupts(assigned):
    if assigned.gic == 3:
        passed(assigned, "a-vectors-cpu0", "a-vectors-cpu1")
        return
    # Without consent a pin, with it MSI-X.
    passed(assigned, "consent-marked", "consent-marked-everywhere")
    assert assigned.results["a-1-pci-nvme"][1].endswith(", 0 vectors")
    # The consent stays over a reboot.
    for boot in "a-1", "a-2":
        assert not assigned.results[f"{boot}-pci-nic"][1].endswith(
            ", 0 vectors")


def test_refusals(assigned):
    passed(assigned, "mounted-refused", "address-refused", "bridge-refused",
           "taken-refused", "group-refused", "detach-again", "create-refused",
           "slot-refused", "seize-refused", "seize-undone", "taken-told",
           "seize-quiet", "dom0-has-taken", "group-detach", "group-kept")


def test_lists_are_json(assigned):
    lists = {name: json.loads(text) for name, text in re.findall(
        r"PX-JSON: ([\w .:-]+): ([\[{].*)", assigned.console)}
    devices = {d["device"]: d for d in lists["iommu-list"]["devices"]}
    assert devices["0000:01:00.0"]["domid"] == 1
    assert devices["0000:01:00.0"]["id"] == NVME
    assert devices["0000:06:02.0"]["group"] == "0000:06:01.0"
    assert [u["kind"] for u in lists["iommu-list"]["units"]] == ["smmuv3"]
    owned = {d["device"]: d for d in lists["pci-list a"]}
    assert set(owned) == {"0000:01:00.0", "0000:02:00.0", "0000:03:00.0"}
    assert owned["0000:02:00.0"]["shared_msi"] == (assigned.gic == 2)
    assert lists["pci-assignable-list"] == []
    # 2 was not made.
    assert {a["domid"] for a in lists["iommu-audit"]} == {0, 1, 3}
    assert all(a["differences"] == 0 for a in lists["iommu-audit"])
    # Nobody has tried anything yet; a device that is named is shown all the same.
    assert lists["iommu-faults"] == []
    named, = lists["iommu-faults 0000:04:00.0"]
    assert (named["faults"], named["policy"]) == (0, "disconnect")
    assert lists["dt-list"] == []
    given = lists["list -l a"][0]["config"]["pcidevs"]
    assert {d["bdf"]["bus"] for d in given} == {1, 2, 3}
    assert [d.get("name") for d in given if d["bdf"]["bus"] == 1] == ["disk"]


def test_audits(assigned):
    passed(assigned, *("audit-" + n for n in (
        "dom0", "quarantine", "two-guests", "reboot", "balloon-200",
        "balloon-256", "bar-moved", "bar-back", "detach", "attach",
        "reboots-keep", "group", "group-detached", "attack", "storm",
        "pulled-out", "crash", "destroy", "end")))


def test_streams_by_their_owner_only(assigned):
    """Each change of owner is another table, and nothing passes between."""
    contexts = assigned.contexts
    assert not contexts.bypassed
    dom0 = contexts.tables(NVME)[0]
    # dom0, a, a after its reboot, b, b after its reboot, dom0.
    nvme = contexts.tables(NVME)
    assert len(set(nvme)) >= 4 and nvme[-1] == dom0, nvme
    for sid in NVME, NIC, EDU_A, EDU_B:
        for tables, accesses in contexts.spans[sid]:
            assert len(tables) <= 1, f"{sid:#x}: {tables}"
            assert tables or not accesses, \
                f"{sid:#x}: {accesses} accesses without a table"
    # The attackers went through their own domains' tables.
    assert dom0 not in contexts.tables(EDU_A)
    assert not set(contexts.tables(EDU_A)) & set(contexts.tables(EDU_B))
    # The disk was taken from a before a's attack.
    assert set(contexts.tables(EDU_B)) & set(nvme)


def test_attackers_reached_their_own(assigned):
    """Each access of theirs that was let through was to the guest's RAM, or
    rang for an interrupt of the guest's."""
    passed(assigned, "a-edu-control", "b-edu-control", "a-edu-hunt",
           "b-edu-hunt")
    for guest, sid in ("a", EDU_A), ("b", EDU_B):
        own = [(int(x, 16), int(y, 16)) for x, y in re.findall(
            rf"PX-INFO: {guest}: own (0x[0-9a-f]+)-(0x[0-9a-f]+)",
            assigned.console)]
        assert own
        own.append(DOORBELL)
        wrong = [hex(i) for i in assigned.contexts.iovas.get(sid, ())
                 if not any(x <= i < y for x, y in own)]
        assert not wrong
        if "px.steps=" in assigned.extra:
            _, tried = assigned.results[f"{guest}-edu-steps"]
            assert int(tried.split()[0]) >= 2 ** 14 // STEPS - 2


def test_canaries(assigned):
    """What the attackers wrote is not in dom0's memory, nor in Proxenos."""
    m = assigned
    base, mib = re.search(r"\(XEN\) dom0: memory (0x[0-9a-f]+) \+ (\d+) MiB",
                          m.console).groups()
    dom0 = (int(base, 16), int(base, 16) + int(mib) * MIB)
    size, = struct.unpack_from("<Q", HYPERVISOR.read_bytes(), 16)
    image = (IMAGE_ADDR, IMAGE_ADDR + size)
    found = m.canaries
    assert found, "the attackers wrote nothing: this proves nothing"
    assert not [hex(x) for x in found
                if any(a <= x < b for a, b in (dom0, image))]


def test_faults_are_named(assigned):
    passed(assigned, "faults-named", "faults-named-b", "storm-cut-off",
           "crashed-by-fault", "pace")
    for sid in EDU_A, EDU_B:
        assert re.search(rf"\(XEN\).*smmuv3.*\bsid {sid:#x} \(d[1-9]",
                         assigned.console)


def test_nothing_is_lost(assigned):
    passed(assigned, "destroyed", "dom0-in-the-end", "free-memory",
           "without-pulled")


def test_without_iommu(new_machine):
    """Nothing would hold the device back: it is refused, with the reason."""
    subprocess.run([TOP / "tests/images/make-toolstack.sh"], check=True)
    m = new_machine("bypass", machine="virt,default-bus-bypass-iommu=on")
    m.nvme()
    m.ramdisk = "toolstack.cpio"
    m.boot_hypervisor(HYPERVISOR, ["assign-bypass"],
                      "console=dtuart dom0_mem=640M dom0_max_vcpus=2")
    m.run()
    passed(m, "uncovered-refused", "dom0-keeps-it", "unit-none",
           "attach-refused", "consent-refused", "dom0-keeps-it-still")


@pytest.mark.soak
@pytest.mark.parametrize("rounds", [200])
def test_rounds(new_machine, rounds):
    """Crashes, reboots, ends and pulls in the midst of DMA."""
    subprocess.run([TOP / "tests/images/make-toolstack.sh"], check=True)
    m = new_machine("rounds", mem=1536)
    disk = m.disk(mib=320)
    m.device(f"nvme,drive={disk},serial={disk}")
    m.pulled_from = m.port()
    m.add("-device", f"edu,id=pulled,bus={m.pulled_from}")
    m.ramdisk = "toolstack.cpio"
    rounds = int(os.environ.get("PX_ROUNDS", rounds))
    m.boot_hypervisor(HYPERVISOR, ["rounds"],
                      "console=dtuart dom0_mem=768M dom0_max_vcpus=2",
                      [f"px.rounds={rounds}"])
    m.start()
    pull_and_plug(m, 120 * rounds)
    m.wait_shutdown()
    passed(m, "rounds")
    assert m.failures() == []
