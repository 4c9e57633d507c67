# SPDX-License-Identifier: GPL-2.0-or-later
"""`make run-rcar` without a terminal: the summary's verdicts, QEMU's among
them, are good."""

import subprocess
import sys

from qemu import TOP


def test_run_rcar():
    done = subprocess.run([sys.executable, TOP / "tools/run-rcar.py"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False,
                          errors="replace")
    assert done.returncode == 0, done.stdout[-4000:]
    assert "a guest that owned its card, and nothing else" in done.stdout
