# SPDX-License-Identifier: GPL-2.0-or-later
"""The board's tests use the machines of tests/system; their count is for
`make test`."""

import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "system"))

from qemu import TOP  # noqa: E402


def pytest_terminal_summary(terminalreporter):
    count = {k: len(v) for k, v in terminalreporter.stats.items()}
    subprocess.run([TOP / "tools" / "results.sh", "write", "rcar",
                    str(count.get("passed", 0)),
                    str(count.get("failed", 0) + count.get("error", 0)),
                    str(count.get("skipped", 0))], cwd=TOP, check=True)
