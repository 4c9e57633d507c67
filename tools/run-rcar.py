#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""run-rcar.py - from U-Boot to a guest with a device, on an emulated R-Car Gen3
board: U-Boot loads boot.scr from an SD card, starts Proxenos, and Debian's
kernel with the board's own device tree is dom0. dom0 gives the card, and a DMA
controller that attacks, to guests (qemu-rcar/dom0/board-story.sh shows each
command). On a terminal it ends in a shell of dom0 (Ctrl-a x leaves QEMU, Ctrl-a
three times talks to the hypervisor). Without one, see run.py.

PX_CPUS=6 is the whole board.
"""

import os
import re
import select
import shutil
import sys
import termios
import tty

from run import BUILD, TOP, summary

sys.path.insert(0, str(TOP / "tests" / "qemu-rcar"))

from board import Board, Trace, build  # noqa: E402

SDHI, DMAC = ("ds1", range(32, 33)), ("ds0", range(0, 16))


def make_board(shell):
    folder = BUILD / "run-rcar"
    shutil.rmtree(folder, ignore_errors=True)
    m = Board(folder, ",noncoherent=on", cpus=int(os.environ.get("PX_CPUS", 2)))
    m.boot_card(["board-story"], "px.shell=1" if shell else "",
                card="toolstack")
    return m


def talk(m):
    """The terminal is the board's."""
    before = termios.tcgetattr(sys.stdin)
    tty.setraw(sys.stdin)
    last = b""
    try:
        while m.proc.poll() is None:
            if not select.select([sys.stdin], [], [], 0.2)[0]:
                continue
            last = last[-1:] + os.read(sys.stdin.fileno(), 1)
            if last == b"\x01x":
                return
            m.send(last[-1:].decode(errors="replace"))
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
        print()


def interactive():
    m = make_board(True)
    m.args.remove("-no-shutdown")
    m.echo = True
    try:
        m.start()
        talk(m)
    finally:
        m.stop()


def of(device, accesses):
    leaf, utlbs = device
    return [a for a in accesses if a[1] == leaf and a[2] in utlbs]


def outside(m):
    """What the board itself says: (it is as it should be, in words)."""
    accesses = list(Trace(m.trace).masters())
    contexts = {}
    for what, _, _, ctx, _, _, _ in of(SDHI, accesses):
        if what == "translate":
            contexts[ctx] = contexts.get(ctx, 0) + 1
    yield (len(contexts) == 2,
           "the card's accesses by context of the IPMMU (dom0, the guest): " +
           ", ".join(f"{c}: {n}" for c, n in contexts.items()))
    attack = of(DMAC, accesses)
    refused = sum(what == "fault" for what, *_ in attack)
    wrong = sum(what == "bypass" for what, *_ in attack)
    yield (refused > 500 and not wrong,
           f"{refused} accesses of the attacker refused by the IPMMU, {wrong} "
           "passed it by")
    own = [(int(a, 16), int(b, 16)) for a, b in
           re.findall(r"PX-INFO: own ([0-9a-f]+)-([0-9a-f]+)", m.console)]
    reached = {iova for what, _, _, _, iova, _, _ in attack
               if what == "translate"}
    hit = [i for i in reached if not any(a <= i < b for a, b in own)]
    yield (reached and not hit,
           f"the attacker was let through to {len(reached)} addresses, "
           f"{len(hit)} of them not its owner's")


def main():
    build()
    if sys.stdin.isatty() and sys.stdout.isatty():
        interactive()
        return 0
    m = make_board(False)
    m.trace_events(*Trace.EVENTS)
    return summary(m, outside, "From U-Boot to a guest that owned its card, "
                   "and nothing else")


if __name__ == "__main__":
    sys.exit(main())
