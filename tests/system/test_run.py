# SPDX-License-Identifier: GPL-2.0-or-later
"""`make run` without a terminal: a guest is given a disk and an attacker, and
the summary's verdicts, QEMU's among them, are good."""

import os
import subprocess
import sys

from qemu import TOP


def test_run(tmp_path):
    done = subprocess.run([sys.executable, TOP / "tools/run.py"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False,
                          errors="replace", env=dict(os.environ))
    assert done.returncode == 0, done.stdout[-4000:]
    assert "A guest owned its disk, and nothing else" in done.stdout
