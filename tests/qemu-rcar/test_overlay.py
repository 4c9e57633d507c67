# SPDX-License-Identifier: GPL-2.0-or-later
"""The overlays of dts/ on the boards' own trees, which U-Boot's source has; and
boot.scr's choice by Debian's trees.  No machine is started."""

import re
import subprocess

import pytest

from board import OUT, TOP, build

SOURCE = OUT / "u-boot-src"


def run(*args, **kwargs):
    return subprocess.run([str(a) for a in args], check=True,
                          stdout=subprocess.PIPE, **kwargs).stdout


def words(dtb, path, prop):
    return [int(x, 16) for x in run("fdtget", "-t", "x", dtb, path, prop)
            .decode().split()]


@pytest.mark.parametrize("board", ["salvator-x", "ulcb"])
@pytest.mark.parametrize("soc, overlay, vin4", [
    ("r8a77951", "h3", "vi1"), ("r8a77960", "m3w", "vi0"),
    ("r8a77965", "m3n", "vi0")])
def test_overlay(tmp_path, soc, overlay, vin4, board):
    build()
    dts = SOURCE / "arch/arm/dts"
    text = run("cpp", "-nostdinc", "-undef", "-x", "assembler-with-cpp", "-P",
               "-I", dts, "-I", SOURCE / "include", "-",
               input=(f'/dts-v1/;\n#include "{soc}.dtsi"\n'
                      f'#include "{board}.dtsi"\n').encode())
    run("dtc", "-q", "-@", "-O", "dtb", "-o", tmp_path / "own.dtb", "-",
        input=text)
    out = tmp_path / "both.dtb"
    run("fdtoverlay", "-i", tmp_path / "own.dtb", "-o", out,
        TOP / f"build/rcar/{overlay}-salvator-ulcb.dtbo")

    def path(label):
        return run("fdtget", out, "/__symbols__", label).decode().strip()

    for label, (leaf, utlb) in {"ehci0": ("hc", 4), "xhci0": ("hc", 12),
                                "usb_dmac1": ("hc", 10), "vin3": ("vi0", 0),
                                "vin4": (vin4, 1)}.items():
        phandle, = words(out, path(f"ipmmu_{leaf}"), "phandle")
        assert words(out, path(label), "iommus") == [phandle, utlb]


def test_debian_trees():
    """boot.scr knows each of Debian's RZ/G2M trees by what it asks for."""
    script = (TOP / "dts/boot.cmd").read_text()
    path, = re.findall(r"fdt get value px_soc (\S+) compatible\n", script)
    value, = re.findall(r'test "\$\{px_soc\}" = "(\S+)"', script)
    changed = set(re.findall(r"fdt set (/soc/\S+) iommus", script))
    trees = list((TOP / "build/debian/linux/usr/lib").glob(
        "linux-image-*/renesas/r8a774a1-*.dtb"))
    assert len(trees) >= 8 and len(changed) == 12
    for tree in trees:
        assert run("fdtget", tree, path, "compatible").decode().split() == \
            [value], tree.name
        nodes = run("fdtget", "-l", tree, "/soc").decode().split()
        for node in changed:
            assert node.rpartition("/")[2] in nodes, (tree.name, node)
