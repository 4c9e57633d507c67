# SPDX-License-Identifier: GPL-2.0-or-later
"""The self-test payload as dom0: return values of the hypercalls it may use."""

import os
import subprocess
import sys

import pytest

TOP = os.path.join(os.path.dirname(__file__), "..", "..")


@pytest.mark.parametrize("cpus", ["1", "2"])
@pytest.mark.parametrize("gic", ["2", "3"])
def test_hypercalls_of_dom0(gic, cpus):
    done = subprocess.run(
        [sys.executable, os.path.join(TOP, "tests/payload/run.py"),
         "--payload", os.path.join(TOP, "build/payload/selftest.Image"),
         "--hypervisor", os.path.join(TOP, "build/proxenos"),
         "--strict", "--gic", gic, "--cpus", cpus],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        check=False)
    assert done.returncode == 0, done.stdout
