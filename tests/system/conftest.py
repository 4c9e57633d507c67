# SPDX-License-Identifier: GPL-2.0-or-later
"""Shared fixtures, and the count that `make test` adds up."""

import os
import pathlib
import shutil
import subprocess

import pytest
from xdist.scheduler import LoadScopeScheduling

from qemu import BUILD, Machine, TOP

# Console, trace and command line of each run.
RUNS = pathlib.Path(os.environ.get("PX_RUNS", BUILD / "system"))


def pytest_configure(config):
    config.addinivalue_line("markers", "soak: only in make soak")


class ByMachine(LoadScopeScheduling):
    """Tests of a file with the same parameters look at one machine, which only
    one worker shall boot."""

    def _split_scope(self, nodeid):
        return nodeid.partition("::")[0] + nodeid.partition("[")[2]


def pytest_xdist_make_scheduler(config, log):
    return ByMachine(config, log)


@pytest.fixture(scope="module")
def new_machine(request):
    """Make machines, each with a folder; stop them when the module ends."""
    machines = []

    def make(name, **kwargs):
        module = pathlib.Path(request.node.name).stem
        folder = RUNS / f"{module}-{name}"
        shutil.rmtree(folder, ignore_errors=True)
        machine = Machine(folder, **kwargs)
        machines.append(machine)
        return machine

    yield make
    for machine in machines:
        machine.stop()


def pytest_terminal_summary(terminalreporter):
    stats = terminalreporter.stats
    count = {k: len(stats.get(k, [])) for k in ("passed", "skipped")}
    failed = len(stats.get("failed", [])) + len(stats.get("error", []))
    subprocess.run([str(TOP / "tools" / "results.sh"), "write", "system",
                    str(count["passed"]), str(failed),
                    str(count["skipped"])], cwd=TOP, check=True)
