# SPDX-License-Identifier: GPL-2.0-or-later
"""pxl in dom0: what it lists is what xl lists, in text and in JSON; what it
sets, xl sees; what it refuses, it says why.
"""

import json
import re
import subprocess

import pytest

from qemu import HYPERVISOR, TOP

TEXT = re.compile(r"PX-TEXT: ([^\s:]+): ?(.*)")


def texts(console):
    """Output of each step by name: a list of its lines."""
    found = {}
    for line in console.splitlines():
        match = TEXT.match(line)
        if match:
            found.setdefault(match[1], []).append(match[2].rstrip("\r"))
    return found


def rows(lines):
    """A table as xl prints it: its header's words, and rows of words."""
    return lines[0].split(), [line.split() for line in lines[1:]]


def pairs(lines):
    """xl info: names and values."""
    return {k.strip(): v.strip()
            for k, v in (line.split(":", 1) for line in lines if ":" in line)}


# What changes between two commands.
MOVES = {"Time(s)", "State", "Uptime", "CPU"}


def same_table(out, name):
    """The tables of xl and pxl: the same columns, the same constant cells."""
    head, mine = rows(out["pxl-" + name])
    theirs_head, theirs = rows(out["xl-" + name])
    assert head == theirs_head, name
    assert len(mine) == len(theirs), name
    skip = {i for i, word in enumerate(head) if word in MOVES}
    for a, b in zip(mine, theirs):
        cells = [[c for i, c in enumerate(row) if i not in skip]
                 for row in (a, b)]
        if "Uptime" in head:
            cells = [row[:2] for row in cells]
        assert cells[0] == cells[1], name
    return [dict(zip(head, row)) for row in mine]


def aligned(lines):
    """No column begins inside a wider one: header and cells line up."""
    header = lines[0]
    starts = [m.start() for m in re.finditer(r"(?<=  )\S|^\S", header)]
    return all(len(lines) < 2 or line[:starts[0] + 1].strip()
               for line in lines) and "\t" not in "".join(lines)


def check_host(out):
    mine, theirs = pairs(out["pxl-info"]), pairs(out["xl-info"])
    assert list(mine) == list(theirs)
    moves = {"free_memory"}
    for key in set(mine) - moves:
        assert mine[key] == theirs[key], key
    assert abs(int(mine["free_memory"]) - int(theirs["free_memory"])) < 32
    numa = pairs(out["pxl-info-n"])
    assert set(pairs(out["xl-info-n"])) <= set(numa)

    info = json.loads("\n".join(out["json-info"]))
    assert info["nr_cpus"] == int(mine["nr_cpus"]) == 2
    assert info["cap_hvm"] is True
    assert info["pagesize"] == 4096
    assert f'{info["xen_version_major"]}.{info["xen_version_minor"]}' \
        f'{info["xen_version_extra"]}' == mine["xen_version"]
    assert info["total_pages"] // 256 == int(mine["total_memory"])
    assert len(info["cpu_topology"]) == 2
    assert info["numa_info"][0]["dists"] == [10]


def check_lists(out):
    dom0 = same_table(out, "list")[0]
    assert dom0["Name"] == "Domain-0" and dom0["Mem"] == "768"
    assert re.fullmatch(r"[r-][b-]----", dom0["State"])
    assert float(dom0["Time(s)"]) > 0
    same_table(out, "vcpu-list")
    same_table(out, "uptime")
    assert any(line.split()[:1] == ["vcpu-pin"] for line in out["help"])
    assert out["domid"] == ["0"] and out["domname"] == ["Domain-0"]
    assert out["prefix"][0] == out["pxl-vcpu-list"][0]
    assert "00000000-0000-0000-0000-000000000000" in out["pxl-list-v"][1]
    assert out["pxl-sched"][0] == out["xl-sched"][0]
    assert out["pxl-sched"][1].split() == out["xl-sched"][1].split()
    assert out["pxl-sched"][2].split() == out["xl-sched"][2].split()

    listed = json.loads("\n".join(out["json-list"]))
    assert [(d["name"], d["domid"]) for d in listed] == [("Domain-0", 0)]
    assert listed[0]["current_memkb"] // 1024 == 768
    vcpus = json.loads("\n".join(out["json-vcpu-list"]))[0]["vcpus"]
    assert [v["vcpuid"] for v in vcpus] == [0, 1]
    assert all(v["online"] and v["cpumap"] == [0, 1] for v in vcpus)
    sched = json.loads("\n".join(out["json-sched"]))
    assert sched["domains"][0]["weight"] == 256
    assert json.loads("\n".join(out["json-uptime"]))[0]["uptime"] > 0
    config = json.loads("\n".join(out["json-long"]))[0]
    assert config["domid"] == 0
    assert config["config"]["c_info"]["name"] == "Domain-0"
    assert config["config"]["b_info"]["avail_vcpus"] == [0, 1]


def check_guest(out):
    dom0, guest = same_table(out, "list-guest")
    assert dom0["Name"] == "Domain-0" and guest["Name"] == "guest"
    assert guest["VCPUs"] == "2" and int(guest["Mem"]) in (191, 192)
    assert len(same_table(out, "list-one")) == 1
    assert out["pxl-domid"] == out["xl-domid"] == [guest["ID"]]
    assert re.search(r"guest +\d+ +0:\d\d:\d\d", out["pxl-uptime-guest"][1])

    listed = json.loads("\n".join(out["json-guest"]))[0]
    assert listed["domid"] == int(guest["ID"])
    assert listed["vcpu_max_id"] == 1 and listed["max_memkb"] >= 192 * 1024
    vcpus = json.loads("\n".join(out["json-vcpus"]))[0]["vcpus"]
    assert len(vcpus) == 2 and all(v["vcpu_time"] > 0 for v in vcpus)

    mine, theirs = (json.loads("\n".join(out[tool + "-long"]))
                    for tool in ("pxl", "xl"))
    mine, theirs = mine[0]["config"], theirs[0]["config"]
    for part in ("c_info", "b_info"):
        for key in set(mine[part]) - {"sched_params"}:
            assert mine[part][key] == theirs[part][key], key
    assert mine["b_info"]["target_memkb"] == 192 * 1024

    same_table(out, "vcpu-list-guest")
    same_table(out, "pinned")
    assert out["pxl-pinned"][1].split()[-3:] == ["all", "/", "0"]
    assert out["pxl-pinned"][2].split()[-3:] == ["1", "/", "all"]
    assert out["pxl-pinned"][2].split()[3] == "1"
    same_table(out, "unpinned")
    assert all(line.split()[-3:] == ["all", "/", "all"]
               for line in out["pxl-unpinned"][1:])

    assert out["pxl-sched-guest"][-1].split()[-2:] == ["512", "50"]
    assert out["pxl-sched-guest"][-1].split() == \
        out["xl-sched-guest"][-1].split()


def check_changes(out):
    assert int(same_table(out, "mem-smaller")[0]["Mem"]) <= 150
    assert out["mem-target"] == [str(150 * 1024)]
    one = out["pxl-one-vcpu"]
    assert [line.split()[3] == "-" for line in one[1:]] == [False, True]
    assert rows(one)[1][1][4] == "--p"
    same_table(out, "one-vcpu")
    assert out["two-vcpus"][1].split()[3] == "2"
    assert same_table(out, "renamed")[0]["Name"] == "other"


def check_made(out):
    """A domain that pxl made: xl sees it, and list -l knows of what."""
    same_table(out, "list-made")
    assert out["xl-domid-made"] == out["pxl-domid-made"]
    made = json.loads("\n".join(out["long-made"]))[0]
    assert [str(made["domid"])] == out["xl-domid-made"]
    build = made["config"]["b_info"]
    assert build["kernel"] == "/guest/Image"
    assert build["ramdisk"] == "/guest/initramfs.cpio.gz"
    assert build["cmdline"] == "console=hvc0"
    assert build["max_memkb"] == build["target_memkb"] == 192 * 1024
    assert build["avail_vcpus"] == [0, 1]
    assert out["xl-paused"][1].split()[4] == "--p---"


@pytest.mark.parametrize(
    "gic", [3, pytest.param(2, marks=pytest.mark.soak)])
def test_pxl(new_machine, gic):
    subprocess.run([TOP / "tests/images/make-toolstack.sh"], check=True)
    m = new_machine(f"pxl-gic{gic}", gic=gic, mem=1536)
    m.ramdisk = "toolstack.cpio"
    m.boot_hypervisor(HYPERVISOR, ["pxl"],
                      "console=dtuart dom0_mem=768M dom0_max_vcpus=2")
    m.run()
    assert "destroy-made" in m.results
    assert m.failures() == []
    out = texts(m.console)
    check_host(out)
    check_lists(out)
    check_guest(out)
    check_changes(out)
    check_made(out)
    for name, lines in out.items():
        if name.startswith("pxl-") and "list" in name:
            assert aligned(lines), name
