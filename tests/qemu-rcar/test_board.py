# SPDX-License-Identifier: GPL-2.0-or-later
"""The emulated R-Car board: real U-Boot loads boot.scr from an SD card, starts
Proxenos, and Debian's kernel with the board's own device tree is dom0.  QEMU's
trace says through which context the SD card's DMA went."""

import hashlib
import re
import shutil
import subprocess
import sys

import pytest

from qemu import BUILD, IMAGES, TOP, Machine

HERE = TOP / "tests" / "qemu-rcar"
OUT = BUILD / "qemu-rcar"
MODULES = "gpio-rcar,fixed,gpio-regulator,renesas_sdhi_internal_dmac"
SDHI = re.compile(r"rcar_ipmmu_(\w+) ds1: uTLB 32\b")


class Board(Machine):
    """A Machine that is no virt."""

    def __init__(self, tmp, options="", cpus=2):
        super().__init__(tmp, cpus=cpus)
        keep = self.args[self.args.index("-serial"):]
        self.args = [str(OUT / "qemu-system-aarch64"), "-M",
                     "rcar-gen3" + options, "-smp", str(cpus), "-m", "4G",
                     "-display", "none"] + keep

    def boot_card(self, tests, extra=""):
        card = self.tmp / "sd.img"
        shutil.copyfile(OUT / "sd.img", card)
        self.add("-kernel", str(OUT / "u-boot.bin"), "-drive",
                 f"file={card},format=raw,if=sd,index=0")
        self.tests, self.extra = tests, extra

    def type_slowly(self, text):
        """U-Boot's FIFO holds 16 characters."""
        import time
        for c in text:
            self.send(c)
            time.sleep(0.02)

    def run(self):
        self.start()
        found = self.expect("stop autoboot")
        self.send("  ")
        found = self.expect("=> ", after=found.end())
        digest = hashlib.sha256((IMAGES / "Image").read_bytes()).hexdigest()
        args = (f"console=hvc0 rdinit=/init px.modprobe={MODULES} "
                f"px.test={','.join(self.tests)} px.kernel_sum={digest} "
                f"{self.extra}")
        self.type_slowly("\r")
        self.type_slowly(f"setenv px_dom0_args {args}\r")
        self.type_slowly("load mmc 0:1 0x57000000 /boot/boot.scr; "
                         "source 0x57000000\r")
        self.wait_shutdown(limit=1200)


@pytest.fixture(scope="module", autouse=True)
def built():
    for script in "build.sh", "uboot.sh", "make-sd.sh":
        subprocess.run([HERE / script], check=True)


def sdhi_dma(m):
    """How often the card's DMA went which way, once Proxenos had started."""
    count = {}
    with open(m.trace, errors="replace") as f:
        for line in f:
            found = SDHI.search(line)
            if found:
                count[found[1]] = count.get(found[1], 0) + 1
    return count


# PRR: M3-W ES1.3, H3 ES2.0, neither of which has stage 2; H3 ES3.0.
@pytest.mark.parametrize("product", ["0x5211", "0x4f10", "0x4f20"])
def test_dom0(tmp_path, product):
    m = Board(tmp_path, f",product={product},noncoherent=on")
    m.trace_events("rcar_ipmmu_*")
    m.boot_card(["sdcard"])
    try:
        m.run()
    finally:
        m.stop()
    assert m.failures() == [] and "sdcard-write" in m.results, m.tail()
    assert "I/O virtualisation enabled" in m.console
    count = sdhi_dma(m)
    assert count.get("translate", 0) > 1000 and "fault" not in count, count


def test_el1_is_explained(tmp_path):
    """Firmware that starts U-Boot at EL1: a line says what is wrong."""
    m = Board(tmp_path, ",el2=off")
    m.boot_card([])
    try:
        with pytest.raises(Exception):
            m.run()
    finally:
        m.stop()
    assert "RCAR_BL33_EXECUTION_EL" in m.console, m.tail()


sys.dont_write_bytecode = True
