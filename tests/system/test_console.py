# SPDX-License-Identifier: GPL-2.0-or-later
"""What an administrator sees and types: the Ctrl-a switch, debug keys, options,
dom0 with more vCPUs than there are CPUs, and the dump of a fatal error. From
outside: EL2's own tables keep W^X, and stacks have unmapped pages below."""

import re
import struct
import subprocess

import pytest

from gdbstub import Gdb
from qemu import HYPERVISOR, IMAGE_ADDR, Machine, PROXENOS, TOP

SWITCH = "\x01\x01\x01"
OPTIONS = ("console=dtuart dom0_mem=512M dom0_max_vcpus=4 maxcpus=2 "
           "loglvl=all console_timestamps noreboot bogus=1 dom0_mem=lots")

# asm/config.h
XEN_VIRT = 0xff0000000000
STACKS_VIRT, STACKS_SIZE = 0xf10000000000, 1 << 32
STACK_SIZE = 4 << 12

needs_symbols = pytest.mark.skipif(HYPERVISOR != PROXENOS,
                                   reason="symbols of another hypervisor")


@pytest.fixture(scope="module")
def shell(new_machine):
    """A shell of dom0 on hvc0, the console with dom0."""
    m = new_machine("shell", cpus=4)
    m.nvme()
    gdb = f"{m.sockets.name}/gdb"
    m.add("-gdb", f"unix:{gdb},server=on,wait=off")
    m.gdb_path = gdb
    m.boot_hypervisor(HYPERVISOR, [], OPTIONS)
    m.start()
    m.expect("PX-SHELL: .* on 4 CPUs")
    m.expect("# ")
    return m


def type_and_see(m: Machine, text, pattern, limit=60):
    """Type text; the match of what is printed after it."""
    after = len(m.console)
    m.send(text)
    return m.expect(pattern, limit, after)


def give_input(m: Machine, to):
    """Let keys go to "Xen" or to "DOM0", wherever they went before."""
    found = type_and_see(m, SWITCH, r"Serial input to (\w+) \(type")
    if found[1] != to:
        type_and_see(m, SWITCH, rf"Serial input to {to}")


def symbol(name):
    """Machine address of a symbol."""
    out = subprocess.run(["aarch64-linux-gnu-nm", f"{HYPERVISOR}.elf"],
                         check=True, stdout=subprocess.PIPE, text=True).stdout
    va = int(re.search(rf"^([0-9a-f]+) . {name}$", out, re.M)[1], 16)
    return va - XEN_VIRT + IMAGE_ADDR


# ---- options

def test_options_took_effect(shell):
    assert re.search(r"\(XEN\) \[ *\d+\.\d{6}\] cpus: 2 online", shell.console)
    assert "the rest stays off (limit 2)" in shell.console


def test_bad_options_are_named(shell):
    assert '"bogus=1" is not an option of ours' in shell.console
    assert 'dom0_mem: bad value "lots"' in shell.console


def test_every_option_is_documented():
    text = (TOP / "docs" / "command-line.md").read_text()
    names = set()
    for source in (TOP / "xen").rglob("*.c"):
        names |= set(re.findall(r'CMDLINE_OPTION\("([\w-]+)"',
                                source.read_text()))
    assert len(names) >= 10
    assert names == set(re.findall(r"^\| `([\w-]+)", text, re.M))


# ---- Ctrl-a and keys

def test_dom0_has_the_console(shell):
    type_and_see(shell, "echo px-$((6*7))\n", r"px-42")


KEYS = {
    "h": r" key 'q' => ",
    "q": r"d0: refs \d+ hardware.*4 vCPUs(.*\n)+.*v3: CPU[01]\b",
    "r": r"CPU0: idle \d+ ms(.*\n)+.*CPU1: idle \d+ ms",
    "m": r"heap: \d+ of \d+ MiB free(.*\n)+.*d0: \d+ of \d+ pages; stage 2",
    "o": r"smmuv3",
    "d": r"d0v0:(.*\n)+.*pc [0-9a-f]{16}(.*\n)+.*d0v3:",
    "w": r"cpus: 2 online(.*\n)+.*'w' pressed",
    "e": r"d0 event channels, FIFO(.*\n)+.* virq ",
    "*": r"'d' pressed(.*\n)+.*'e' pressed(.*\n)+.*'m' pressed(.*\n)+.*"
         r"'o' pressed(.*\n)+.*'q' pressed(.*\n)+.*'r' pressed",
}


def test_debug_keys(shell):
    give_input(shell, "Xen")
    for key, pattern in KEYS.items():
        type_and_see(shell, key, pattern)
    give_input(shell, "DOM0")
    type_and_see(shell, "echo px-$((5*5))\n", r"px-25")


def test_no_key_reaches_the_other_side(shell):
    """Two Ctrl-a are not three, and keys for dom0 are no debug keys."""
    give_input(shell, "DOM0")
    after = len(shell.console)
    type_and_see(shell, "\x01\x01echo px-$((7*7))m\n", r"px-49m")
    assert "pressed" not in shell.console[after:]


# ---- EL2's own tables

def leaves(m: Machine):
    """(va, size, ma, writable, executable) of all that EL2 can reach."""
    def table(ma, va, level, ro, xn):
        size = 1 << (39 - 9 * level)
        for i, desc in enumerate(struct.unpack("<512Q", m.memory(ma, 4096))):
            at, out = va + i * size, desc & 0xfffffffff000
            if not desc & 1:
                continue
            if desc & 2 and level < 3:
                yield from table(out, at, level + 1, ro or desc >> 62 & 1,
                                 xn or desc >> 60 & 1)
            else:
                yield (at, size, out & ~(size - 1),
                       not (ro or desc >> 7 & 1), not (xn or desc >> 54 & 1))

    root, = struct.unpack("<Q", m.memory(symbol("xen_ttbr0"), 8))
    return list(table(root, 0, 0, 0, 0))


@needs_symbols
def test_el2_writes_or_executes(shell):
    """W^X by machine address: nothing executable has a writable alias."""
    mapped = leaves(shell)
    code = [(ma, size) for _, size, ma, _, x in mapped if x]
    assert 16 <= sum(size for _, size in code) >> 12 <= 512
    for va, size, ma, writable, executable in mapped:
        assert not (writable and executable), hex(va)
        if writable:
            assert not any(ma < c + n and c < ma + size for c, n in code), \
                hex(va)


@needs_symbols
def test_stacks_have_guard_pages(shell):
    pages = {va for va, size, _, _, _ in leaves(shell)
             if STACKS_VIRT <= va < STACKS_VIRT + STACKS_SIZE
             and size == 4096}
    bottoms = [va for va in pages if va - 4096 not in pages]
    # 4 vCPUs, 2 CPUs that idle, and the second CPU's first stack.
    assert len(bottoms) >= 7
    for bottom in bottoms:
        assert all(bottom + n in pages for n in range(0, STACK_SIZE, 4096))
        assert bottom + STACK_SIZE not in pages


# ---- The end. This comes last: the machine stops.

@needs_symbols
def test_fatal_error_is_explained(shell):
    """The function behind key 'm' is made to read where nothing is."""
    bad = 0x0000_dead_0000_0000
    code = struct.pack("<3I",
                       0xd2c00000 | (bad >> 32) << 5,   # movz x0, #, lsl 32
                       0xf9400000,                      # ldr x0, [x0]
                       0xd65f03c0)                      # ret
    give_input(shell, "Xen")
    gdb = Gdb(shell.gdb_path)
    gdb.write(symbol("show_memory"), code)
    gdb.go()
    after = len(shell.console)
    shell.send("m")
    shell.expect(r"Panic on CPU \d(.*\n)+.*\*{40}", 60, after)
    dump = shell.console[after:].replace("\r", "")
    for pattern in (
            r"EL2 synchronous exception .* on CPU \d",
            rf"far {bad:016x}",
            rf"x0  {bad:016x}",
            r"call trace \(lr \w+\+0x\w+\):\n.*  show_memory\+0x4\n"
            r"(.*  \w+\+0x\w+\n)+.*EL2 walk",
            rf"EL2 walk of {bad:#x}:\n.*level 0: \[0x4\w{{7}}\] = 0{{16}}\n",
            r"d0v\d:\n.*pc [0-9a-f]{16}",
            r"d0: stage-2 walk of 0x\w+:\n.*level [01]: ",
            r"d0 smmu-s1.* walk of 0x\w+.*\n.*level 0: ",
            r"EL2 exception: esr 0x9[67][0-9a-f]+ at show_memory\+0x4"):
        assert re.search(pattern, dump), f"no {pattern!r} in:\n{dump}"
    # noreboot: it stays, and says nothing more.
    assert shell.qmp.event("SHUTDOWN", 2) is None


# ---- Other ways to start

def test_null_scheduler(new_machine):
    m = new_machine("null", cpus=2)
    m.nvme()
    m.boot_hypervisor(HYPERVISOR, ["boot", "disk"],
                      "dom0_mem=512M dom0_max_vcpus=2 sched=null",
                      ["px.cpus=2"])
    m.run()
    assert "scheduler: null" in m.console
    assert m.ended == "guest-shutdown" and not m.failures(), m.failures()
    assert "no CPU left" not in m.console


def test_entered_at_el1(new_machine):
    """One line says why nothing follows."""
    m = new_machine("el1", iommu=None)
    m.add("-M", "virtualization=off")
    m.boot_hypervisor(HYPERVISOR, [])
    m.start()
    m.expect(r"entered at EL1, but a hypervisor needs EL2", 60)
