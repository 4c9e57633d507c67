# SPDX-License-Identifier: GPL-2.0-or-later
"""The emulated R-Car board: real U-Boot loads boot.scr from an SD card, starts
Proxenos, and Debian's kernel with the board's own device tree is dom0.  QEMU's
trace says through which context the SD card's DMA went."""

import re
import sys

import pytest

from board import Board, build

SDHI = re.compile(r"rcar_ipmmu_(\w+) ds1: uTLB 32\b")


@pytest.fixture(scope="module", autouse=True)
def built():
    build()


def sdhi_dma(m):
    """How often the card's DMA went which way, once Proxenos had started."""
    count = {}
    with open(m.trace, errors="replace") as f:
        for line in f:
            found = SDHI.search(line)
            if found:
                count[found[1]] = count.get(found[1], 0) + 1
    return count


@pytest.mark.parametrize("product, stage2, part", [
    ("0x4f10", "off", "H3 ES2.0"), ("0x4f20", "on", "H3 ES3.0")])
def test_dom0(tmp_path, product, stage2, part):
    """On an H3 ES2.0, which has no stage 2 and caches nothing in leaves, and on
    one that has; with CPUs of both kinds. The other tests are on an M3-W
    ES1.3, without stage 2, too."""
    m = Board(tmp_path, f",product={product},stage2={stage2},noncoherent=on",
              cpus=3)
    m.trace_events("rcar_ipmmu_*")
    m.boot_card(["sdcard"])
    try:
        m.run()
    finally:
        m.stop()
    assert m.failures() == [] and "sdcard-write" in m.results, m.tail()
    assert "I/O virtualisation enabled" in m.console
    assert "IOMMU: 20 masters" in m.console
    assert f"{part}, Gen3 root, stage 1" in m.console
    assert "cpus: 3 online" in m.console
    count = sdhi_dma(m)
    assert count.get("translate", 0) > 1000 and "fault" not in count, count


def test_uimage_and_overlay(tmp_path):
    """bootm of the uImage, with the overlay on a tree that has symbols: then
    boot.scr adds nothing of its own, and USB is covered, too."""
    m = Board(tmp_path)
    m.setenv = {"xen": "uImage", "boot": "bootm", "fdt": "symbols.dtb",
                "dtbo": "rzg2m-hihope.dtbo"}
    m.trace_events("rcar_ipmmu_*")
    m.boot_card(["sdcard"])
    try:
        m.run()
    finally:
        m.stop()
    assert "Image Name:   Proxenos" in m.console
    assert m.failures() == [] and "sdcard-write" in m.results, m.tail()
    count = sdhi_dma(m)
    assert count.get("translate", 0) > 1000 and "fault" not in count, count
    assert "IOMMU: 22 masters" in m.console  # FCP of video as well


def test_el1_is_explained(tmp_path):
    """Firmware that starts U-Boot at EL1: a line says what is wrong."""
    m = Board(tmp_path, ",el2=off")
    m.boot_card([])
    try:
        m.start()
        m.expect(r"RCAR_BL33_EXECUTION_EL=1\. Stopped")
    finally:
        m.stop()


sys.dont_write_bytecode = True
