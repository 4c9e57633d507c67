# SPDX-License-Identifier: GPL-2.0-or-later
"""qemu.py - a QEMU virt machine under test, and verdicts from its traces.

A Machine is described, started, waited for and judged:

    m = Machine(tmp, qemu="7.2", gic=3, cpus=2, mem=1024)
    m.nvme(); m.virtio_net(); m.edu()
    m.boot_hypervisor(HYPERVISOR, tests=["boot", "disk"])
    m.run()
    m.results["cpus"]          # ("PASS", "2 online")

Limits are against hangs only: the machine may be slow and shared.  PX_LIMIT
multiplies them.
"""

import hashlib
import json
import os
import pathlib
import re
import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = TOP / "build"
IMAGES = BUILD / "images"

QEMU = {
    "7.2": os.environ.get("PX_QEMU_72", "/usr/bin/qemu-system-aarch64"),
    "10.0": os.environ.get("PX_QEMU_100",
                           str(BUILD / "qemu-10.0" / "qemu-system-aarch64")),
}
PROXENOS = BUILD / "proxenos"
XEN = IMAGES / "xen-4.17"
# PX_HYPERVISOR=path runs the suite on another one, such as Xen.
HYPERVISOR = pathlib.Path(os.environ.get("PX_HYPERVISOR", PROXENOS))

LIMIT = float(os.environ.get("PX_LIMIT", "1"))
RAM_BASE = 0x40000000
IMAGE_ADDR = 0x40200000   # where QEMU puts an arm64 Image
KERNEL_ADDR = 0x49000000  # multiboot modules: clear of the Image and the DTB
RAMDISK_ADDR = 0x4c000000
# As edu-attack.c writes it, 64 bytes at least. One alone may be a register of
# the attacker that was saved on a stack.
MAGIC = bytes.fromhex("fe0fdcba05ed7870") * 4
MIB = 1 << 20

TEST_LINE = re.compile(r"PX-TEST: ([^\s:]+): (PASS|FAIL|SKIP) ?(.*)")


# Nothing will follow: no need to wait for the limit. (A panic resets.)
FATAL = re.compile(r"\(XEN\) no dom0.*\n")


class Hang(Exception):
    """A limit passed. The message ends with the last lines of the console."""


class Qmp:
    """QEMU's monitor protocol: commands, and events as they come."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(path))
        self.buffer = b""
        self.events = []
        self._read(30)
        self.command("qmp_capabilities")

    def _read(self, seconds):
        """One message, or None when nothing came or QEMU is gone."""
        end = time.monotonic() + seconds
        while b"\n" not in self.buffer:
            with selectors.DefaultSelector() as sel:
                sel.register(self.sock, selectors.EVENT_READ)
                if not sel.select(max(0, end - time.monotonic())):
                    return None
            data = self.sock.recv(65536)
            if not data:
                raise EOFError("QEMU closed its monitor")
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return json.loads(line)

    def command(self, name, **arguments):
        msg = {"execute": name, "arguments": arguments}
        self.sock.sendall(json.dumps(msg).encode() + b"\n")
        while True:
            reply = self._read(120 * LIMIT)
            if reply is None:
                raise Hang(f"QMP {name}: no answer")
            if "event" in reply:
                self.events.append(reply)
            elif "error" in reply:
                raise RuntimeError(f"QMP {name}: {reply['error']}")
            elif "return" in reply:
                return reply["return"]

    def event(self, name, seconds):
        """The event once it has come, which is told once, else None."""
        end = time.monotonic() + seconds
        while True:
            for e in self.events:
                if e["event"] == name:
                    self.events.remove(e)
                    return e
            left = end - time.monotonic()
            if left <= 0:
                return None
            reply = self._read(left)
            if reply and "event" in reply:
                self.events.append(reply)


class Machine:
    """One QEMU virt machine with an SMMUv3; see the top of the file."""

    def __init__(self, tmp, qemu="7.2", gic=3, cpus=2, mem=1024,
                 machine="virt", iommu="smmuv3", cpu="cortex-a57"):
        self.tmp = pathlib.Path(tmp)
        self.tmp.mkdir(parents=True, exist_ok=True)
        self.qemu, self.mem, self.cpus, self.gic = qemu, mem, cpus, gic
        options = [machine, "virtualization=on", f"gic-version={gic}"]
        if iommu:
            options.append(f"iommu={iommu}")
        self.trace = self.tmp / "trace"
        # The path of a socket may have 107 characters, a folder's more.
        self.sockets = tempfile.TemporaryDirectory(prefix="px-")
        self.monitor = pathlib.Path(self.sockets.name) / "qmp"
        self.console = ""
        self.results = {}
        self.ended = None
        self.args = [
            QEMU[qemu], "-M", ",".join(options), "-cpu", cpu,
            "-smp", str(cpus), "-m", str(mem), "-nodefaults",
            "-display", "none", "-serial", "stdio",
            "-no-reboot", "-no-shutdown",
            "-qmp", f"unix:{self.monitor},server=on,wait=off",
            "-D", str(self.trace),
        ]
        self.slots = 0
        self.nics = 0
        self.disks = 0
        self.dom0_args = []
        self.ramdisk = "initramfs.cpio.gz"
        self.proc = None
        self.qmp = None
        self.echo = False  # show the console as it comes

    # ---- Devices. StreamIDs are those of the command line's order: root
    # ports are 00:01.0, 00:02.0, ...; below each is bus 1, 2, ...

    def add(self, *args):
        self.args += args

    def port(self):
        """A root port of its own for the next device; its bus name."""
        self.slots += 1
        n = self.slots
        self.add("-device",
                 f"pcie-root-port,id=rp{n},chassis={n},slot={n},"
                 f"bus=pcie.0,addr={n:#x}.0")
        return f"rp{n}"

    def device(self, text, port=True):
        if port:
            text += f",bus={self.port()}"
        else:
            text += ",bus=pcie.0"
        self.add("-device", text)

    def disk(self, image=None, mib=64):
        """A drive; image is copied, so that a test may write to it."""
        self.disks += 1
        path = self.tmp / f"disk{self.disks}"
        if image:
            shutil.copyfile(image, path)
        else:
            with open(path, "wb") as f:
                f.truncate(mib * MIB)
        name = f"d{self.disks}"
        self.add("-drive", f"file={path},format=raw,if=none,id={name}")
        return name

    def nvme(self, image=None, port=True):
        disk = self.disk(image)
        self.device(f"nvme,drive={disk},serial={disk}", port)

    def sata(self, image=None):
        """A disk on an AHCI controller, whose interrupt is plain MSI."""
        self.device("ich9-ahci,id=sata", port=True)
        self.add("-device", f"ide-hd,drive={self.disk(image)},bus=sata.0")

    def virtio_blk(self, image=None, port=True, iommu=True):
        extra = ",iommu_platform=on,disable-legacy=on" if iommu else ""
        self.device(f"virtio-blk-pci,drive={self.disk(image)}{extra}", port)

    def virtio_blk_mmio(self, image=None):
        self.add("-device", f"virtio-blk-device,drive={self.disk(image)}")

    def _netdev(self):
        """A user network, see dom0/net.sh; returns -device properties."""
        self.nics += 1
        n = self.nics
        data = self.tmp / "net-data"
        if not data.exists():
            data.write_bytes(os.urandom(MIB))
            script = self.tmp / "net-sum"
            script.write_text(f"#!/bin/sh\nhead -c {MIB} | sha256sum\n")
            script.chmod(0o755)
            digest = hashlib.sha256(data.read_bytes()).hexdigest()
            self.dom0_args.append(f"px.net_sum={digest}")
        self.add("-netdev",
                 f"user,id=n{n},net=10.0.{n}.0/24,restrict=on,"
                 f"guestfwd=tcp:10.0.{n}.100:1000-cmd:cat {data},"
                 f"guestfwd=tcp:10.0.{n}.100:1001-cmd:{self.tmp / 'net-sum'}")
        return f"netdev=n{n},mac=52:54:00:00:00:{n:02x}"

    def virtio_net(self, port=True, iommu=True):
        extra = ",iommu_platform=on,disable-legacy=on" if iommu else ""
        self.device(f"virtio-net-pci,{self._netdev()},romfile={extra}", port)

    def nic(self, model, port=True):
        self.device(f"{model},{self._netdev()},romfile=", port)

    def edu(self, port=True):
        self.device("edu,dma_mask=0xffffffffffffffff", port)

    # ---- What to boot

    def _dom0_cmdline(self, console, tests, extra):
        words = [f"console={console}", "rdinit=/init", "panic=-1"]
        if tests:
            words.append("px.test=" + ",".join(tests))
        return " ".join(words + self.dom0_args + list(extra))

    def boot_native(self, tests, extra=()):
        """Linux alone, to know what the devices do without a hypervisor."""
        self.add("-kernel", str(IMAGES / "Image"),
                 "-initrd", str(IMAGES / "initramfs.cpio.gz"),
                 "-append", self._dom0_cmdline("ttyAMA0", tests, extra))

    def modules(self, tests, extra=()):
        """dom0's kernel and initramfs as multiboot modules in memory."""
        bootargs = self._dom0_cmdline("hvc0", tests, extra)
        self.add("-device",
                 f"guest-loader,addr={KERNEL_ADDR:#x},"
                 f"kernel={IMAGES / 'Image'},"
                 f"bootargs={bootargs.replace(',', ',,')}",
                 "-device",
                 f"guest-loader,addr={RAMDISK_ADDR:#x},"
                 f"initrd={IMAGES / self.ramdisk}")

    def boot_hypervisor(self, hypervisor, tests, options="", extra=()):
        """hypervisor as -kernel, with options as its command line."""
        self.add("-kernel", str(hypervisor), "-append", options)
        self.modules(tests, extra)

    def boot_uboot(self):
        """U-Boot; the disks decide what follows."""
        self.add("-bios", str(IMAGES / "u-boot.bin"))

    # ---- Running

    def trace_events(self, *patterns):
        for p in patterns:
            self.add("-trace", p)

    def start(self):
        (self.tmp / "cmdline").write_text(" ".join(
            f"'{a}'" if " " in a else a for a in self.args) + "\n")
        self.proc = subprocess.Popen(
            self.args, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=open(self.tmp / "stderr", "wb"), cwd=self.tmp)
        self.lock = threading.Condition()
        threading.Thread(target=self._reader, daemon=True).start()
        end = time.monotonic() + 60 * LIMIT
        while True:
            try:
                self.qmp = Qmp(self.monitor)
                return
            except (FileNotFoundError, ConnectionError, EOFError):
                if self.proc.poll() is not None:
                    raise RuntimeError("QEMU did not start:\n" +
                                       self.stderr()) from None
                if time.monotonic() > end:
                    raise Hang("QEMU: no monitor") from None
                time.sleep(0.05)

    def stderr(self):
        return (self.tmp / "stderr").read_text(errors="replace")

    def _reader(self):
        with open(self.tmp / "console", "wb") as log:
            while True:
                data = self.proc.stdout.read1(65536)
                if not data:
                    break
                log.write(data)
                log.flush()
                if self.echo:
                    sys.stdout.write(data.decode(errors="replace"))
                    sys.stdout.flush()
                with self.lock:
                    self.console += data.decode(errors="replace")
                    self.lock.notify_all()
        with self.lock:
            self.lock.notify_all()

    def tail(self, lines=40):
        return "\n".join(self.console.splitlines()[-lines:])

    def expect(self, pattern, limit=600, after=0):
        """Wait for a regular expression on the console; its match."""
        end = time.monotonic() + limit * LIMIT
        regex = re.compile(pattern)
        with self.lock:
            while True:
                found = regex.search(self.console, after)
                if found:
                    return found
                left = end - time.monotonic()
                if left <= 0 or self.proc.poll() is not None:
                    raise Hang(f"no {pattern!r} on the console:\n" +
                               self.tail() + self.stderr())
                self.lock.wait(min(left, 1))

    def send(self, text):
        self.proc.stdin.write(text.encode())
        self.proc.stdin.flush()

    def wait_shutdown(self, silence=240, limit=600):
        """Until the machine powers off; QEMU itself stays, stopped.
        A console that is silent for so many seconds is a hang, as is one
        that goes on beyond the limit."""
        event, seen, since = None, -1, 0.0
        end = time.monotonic() + limit * LIMIT
        try:
            while event is None and not FATAL.search(self.console):
                if len(self.console) > seen:
                    seen, since = len(self.console), time.monotonic()
                elif time.monotonic() - since > silence * LIMIT:
                    break
                if time.monotonic() > end:
                    break
                event = self.qmp.event("SHUTDOWN", 5)
        except EOFError:
            pass
        if event is None:
            raise Hang("the machine did not power off:\n" + self.tail() +
                       self.stderr())
        self.ended = event["data"]["reason"]
        time.sleep(0.2)  # the console's last bytes
        self.collect()

    def collect(self):
        """Read the verdicts that dom0 has printed so far."""
        for line in self.console.splitlines():
            found = TEST_LINE.search(line)
            if found:
                self.results[found[1]] = (found[2], found[3])

    def run(self):
        self.start()
        self.wait_shutdown()

    def stop(self):
        if self.proc and self.proc.poll() is None:
            self.proc.kill()
        if self.proc:
            self.proc.wait()
        self.sockets.cleanup()

    # ---- Looking from outside

    def memory(self, addr, size):
        """Physical memory, as no guest can fake it."""
        path = self.tmp / "memory"
        self.qmp.command("pmemsave", val=addr, size=size, filename=str(path))
        data = path.read_bytes()
        path.unlink()
        return data

    def own_ranges(self):
        """Memory of the attacking kernel, as edu-attack printed it."""
        return [(int(a, 16), int(b, 16)) for a, b in re.findall(
            r"PX-INFO: own (0x[0-9a-f]+)-(0x[0-9a-f]+)", self.console)]

    def magic_outside(self, own):
        """Addresses of MAGIC in RAM outside the ranges in own."""
        found = []
        for base in range(RAM_BASE, RAM_BASE + self.mem * MIB, 64 * MIB):
            size = min(64 * MIB, RAM_BASE + self.mem * MIB - base)
            data = self.memory(base, size)
            at = data.find(MAGIC)
            while at >= 0:
                addr = base + at
                if not any(a <= addr < b for a, b in own):
                    found.append(addr)
                    # The next page: one address per page is enough.
                    at = (at | 0xfff)
                at = data.find(MAGIC, at + 1)
        return found

    def failures(self):
        """Lines of dom0 tests that did not pass."""
        return [f"{name}: {state} {why}"
                for name, (state, why) in self.results.items()
                if state != "PASS"]


class Streams:
    """What the SMMU did with each stream, from QEMU's traces.

    Lines before the first command in the command queue are the firmware's;
    they are counted apart.
    """

    LINE = re.compile(
        r"smmuv3_(?:translate_)?(\w+) .*?sid=(0x[0-9a-f]+)(.*)")

    EVENTS = ("smmuv3_translate_*", "smmuv3_record_event",
              "smmuv3_cmdq_opcode")

    def __init__(self, trace):
        self.translated, self.bypassed, self.aborted = {}, {}, {}
        self.disabled, self.before, self.faulted = {}, {}, {}
        self.stages = set()
        taken_over = False
        with open(trace, errors="replace") as f:
            for line in f:
                if "smmuv3_cmdq_opcode" in line:
                    taken_over = True
                    continue
                found = self.LINE.search(line)
                if not found:
                    continue
                kind, sid = found[1], int(found[2], 0)
                if not taken_over:
                    self._count(self.before, sid)
                elif kind == "success":
                    self._count(self.translated, sid)
                    stage = re.search(r"stage=(\d)", found[3])
                    if stage:
                        self.stages.add(int(stage[1]))
                else:
                    self._count({"bypass": self.bypassed,
                                 "disable": self.disabled,
                                 "record_event": self.faulted,
                                 "abort": self.aborted}[kind], sid)

    @staticmethod
    def _count(table, sid):
        table[sid] = table.get(sid, 0) + 1

    def __str__(self):
        def show(table):
            return " ".join(f"{s:#x}:{n}" for s, n in sorted(table.items()))
        return (f"translated {show(self.translated)}; "
                f"bypassed {show(self.bypassed)}; "
                f"SMMU off {show(self.disabled)}; "
                f"aborted {show(self.aborted)}; "
                f"faulted {show(self.faulted)}; stages {self.stages}")
