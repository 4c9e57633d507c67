# SPDX-License-Identifier: GPL-2.0-or-later
"""The emulated R-Car board of hw/, started by U-Boot from an SD card."""

import fcntl
import hashlib
import re
import shutil
import subprocess
import time

from qemu import BUILD, IMAGES, TOP, Machine

HERE = TOP / "tests" / "qemu-rcar"
OUT = BUILD / "qemu-rcar"
MODULES = "gpio-rcar,fixed,gpio-regulator,renesas_sdhi_internal_dmac"


def build():
    """QEMU, U-Boot and the cards, where they are missing or old."""
    OUT.mkdir(parents=True, exist_ok=True)
    with open(OUT / "lock", "w") as lock:  # tests run side by side
        fcntl.flock(lock, fcntl.LOCK_EX)
        for script in "build.sh", "uboot.sh", "make-sd.sh":
            subprocess.run([HERE / script], check=True)


class Board(Machine):
    """A Machine that is no virt."""

    # Where its memory is, as CPUs and masters see it.
    RAM = [(0x40000000, 0xc0000000), (0x600000000, 0x680000000)]

    def __init__(self, tmp, options="", cpus=2):
        super().__init__(tmp, cpus=cpus)
        self.setenv = {}  # px_ variables of boot.scr
        keep = self.args[self.args.index("-serial"):]
        self.args = [str(OUT / "qemu-system-aarch64"), "-M",
                     "rcar-gen3" + options, "-smp", str(cpus), "-m", "4G",
                     "-display", "none"] + keep

    def boot_card(self, tests, extra="", card="sd", uboot="u-boot"):
        path = self.tmp / "sd.img"
        shutil.copyfile(OUT / f"{card}.img", path)
        self.add("-kernel", str(OUT / f"{uboot}.bin"), "-drive",
                 f"file={path},format=raw,if=sd,index=0")
        self.tests, self.extra = tests, extra

    def type_slowly(self, text):
        """U-Boot's FIFO holds 16 characters."""
        for c in text:
            self.send(c)
            time.sleep(0.02)

    def start(self):
        """As far as U-Boot's last command."""
        super().start()
        found = self.expect("stop autoboot")
        self.send("  ")
        self.expect("=> ", after=found.end())
        digest = hashlib.sha256((IMAGES / "Image").read_bytes()).hexdigest()
        args = (f"console=hvc0 rdinit=/init px.modprobe={MODULES} "
                f"px.test={','.join(self.tests)} px.kernel_sum={digest} "
                f"{self.extra}")
        self.type_slowly("\r")
        for name, value in {"dom0_args": args, **self.setenv}.items():
            self.type_slowly(f"setenv px_{name} {value}\r")
        self.type_slowly("load mmc 0:1 0x57000000 /boot/boot.scr; "
                         "source 0x57000000\r")

    def run(self):
        self.start()
        self.wait_shutdown(limit=1200)

    def find(self, magic):
        """Pages of RAM that have these bytes."""
        found = set()
        for start, end in self.RAM:
            for base in range(start, end, 64 << 20):
                data = self.memory(base, 64 << 20)
                at = data.find(magic)
                while at >= 0:
                    found.add((base + at) & ~0xfff)
                    at = data.find(magic, (at | 0xfff) + 1)
        return found


class Trace:
    """Lines of QEMU's trace about the IPMMU and the SYS-DMACs, in order."""

    EVENTS = "rcar_ipmmu_*", "rcar_sysdmac_*"
    MASTER = re.compile(r"rcar_ipmmu_(translate|fault|bypass) (\w+): uTLB "
                        r"(\d+) (?:context (\d+) )?iova (0x\w+)"
                        r"(?: -> (0x\w+))? write (\d)")

    def __init__(self, path):
        self.path = path

    def masters(self):
        """(what, leaf, micro-TLB, context, iova, pa, is a write) of each."""
        for line in self.lines():
            found = self.MASTER.search(line)
            if found:
                yield self.fields(found)

    @staticmethod
    def fields(m):
        return (m[1], m[2], int(m[3]), int(m[4] or 0), int(m[5], 16),
                int(m[6], 16) if m[6] else None, m[7] == "1")

    def lines(self):
        with open(self.path, errors="replace") as f:
            yield from f
