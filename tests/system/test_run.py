# SPDX-License-Identifier: GPL-2.0-or-later
"""`make run`: without a terminal the summary's verdicts are good, QEMU's among
them; with one there is a shell of dom0, in which docs/pci-passthrough.md does
what it says."""

import os
import pty
import re
import selectors
import subprocess
import sys
import time

from qemu import LIMIT, TOP


def test_run(tmp_path):
    done = subprocess.run([sys.executable, TOP / "tools/run.py"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False,
                          errors="replace", env=dict(os.environ))
    assert done.returncode == 0, done.stdout[-4000:]
    assert "A guest owned its disk, and nothing else" in done.stdout


class Terminal:
    """A program on a terminal, as a person would run it."""

    def __init__(self, *args):
        self.fd, slave = pty.openpty()
        self.proc = subprocess.Popen(
            [str(a) for a in args], stdin=slave, stdout=slave, stderr=slave,
            start_new_session=True)
        os.close(slave)
        self.seen = ""

    def read(self, seconds):
        with selectors.DefaultSelector() as sel:
            sel.register(self.fd, selectors.EVENT_READ)
            if not sel.select(seconds):
                return
        try:
            data = os.read(self.fd, 65536)
        except OSError:  # its other end is closed
            data = b""
            self.proc.wait(60)
        self.seen += data.decode(errors="replace").replace("\r", "")

    def expect(self, pattern, limit):
        """What came up to the pattern, which is taken."""
        end = time.monotonic() + limit * LIMIT
        while True:
            found = re.search(pattern, self.seen)
            if found:
                text, self.seen = (self.seen[:found.end()],
                                   self.seen[found.end():])
                return text
            assert time.monotonic() < end and self.proc.poll() is None, \
                f"no {pattern}:\n{self.seen[-4000:]}"
            self.read(5)

    def send(self, line):
        """Slowly: nobody else types faster than a UART reads."""
        for c in line + "\n":
            os.write(self.fd, c.encode())
            time.sleep(0.01)


def commands(page):
    """(command, the lines that the page shows of what it says) of each."""
    found = []
    for line in page.read_text().splitlines():
        command = re.match(r"    # (.*?)(  +#.*)?$", line)
        if command:
            found.append((command[1], []))
        elif line.startswith("    ") and found:
            found[-1][1].append(line.split())
        elif line.strip():
            found.append((None, []))  # the next lines are of no command
    return [(c, [x for x in lines if x != ["..."]])
            for c, lines in found if c]


def test_page(tmp_path):
    steps = commands(TOP / "docs/pci-passthrough.md")
    assert len(steps) >= 9
    t = Terminal(sys.executable, TOP / "tools/run.py")
    try:
        t.expect("A shell of dom0.*\n", 900)
        time.sleep(2)
        for command, lines in steps:
            t.send(f"{command}; echo PX-DONE: $?")
            said = t.expect(r"\nPX-DONE: \d+\n", 120)
            assert said.endswith(": 0\n"), said
            words = [x.split() for x in said.splitlines()]
            for line in lines:
                assert line in words, (command, line, said)
        t.send("poweroff -f")
        t.proc.wait(120 * LIMIT)
    finally:
        t.proc.kill()
        t.proc.wait()
        os.close(t.fd)
