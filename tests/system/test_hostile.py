# SPDX-License-Identifier: GPL-2.0-or-later
"""A hostile guest: hypercalls and registers with arguments of all kinds, from
two vCPUs. Nothing of the hypervisor is disclosed; dom0, another guest and the
host's memory are as before. And domains that come and go.
"""

import re
import subprocess
import sys

import pytest

from qemu import HYPERVISOR, PROXENOS, TOP

# What says that we, or dom0, have gone wrong.
WRONG = re.compile(r"EL2 exception|Panic on CPU|Oops|dom0 has stopped")


def boot(new_machine, name, gic, script, options):
    subprocess.run([TOP / "tests/images/make-hostile.sh"], check=True)
    m = new_machine(f"{name}-gic{gic}", gic=gic, mem=1536)
    m.ramdisk = "hostile.cpio"
    m.boot_hypervisor(HYPERVISOR, [script],
                      "console=dtuart dom0_mem=768M dom0_max_vcpus=2",
                      extra=options)
    m.start()
    m.wait_shutdown(limit=7200)
    assert m.failures() == []
    assert not WRONG.search(m.console)
    return m


def fuzz(new_machine, gic, calls, seed):
    m = boot(new_machine, f"fuzz-{calls}", gic, "fuzz",
             [f"px.fuzz={calls}", f"px.seed={seed}"])
    assert "disclosures" in m.results["fuzz"][1]
    assert "tick-goes-on" in m.results and "all-memory" in m.results


@pytest.mark.parametrize("gic", [3, 2])
def test_fuzz(new_machine, gic):
    fuzz(new_machine, gic, 50000, gic)


@pytest.mark.soak
def test_fuzz_a_million(new_machine):
    fuzz(new_machine, 3, 1000000, 1)


# More rounds than there are VMIDs of 8 bits.
@pytest.mark.parametrize("rounds", [
    300, pytest.param(1000, marks=pytest.mark.soak)])
def test_rounds(new_machine, rounds):
    m = boot(new_machine, f"rounds-{rounds}", 3, "rounds",
             [f"px.rounds={rounds}"])
    assert f"{rounds} rounds" in m.results["rounds"][1]


@pytest.mark.parametrize("gic", ["2", "3"])
def test_fuzz_dom0(gic):
    """The same guest as dom0, but for what ends it or the machine."""
    done = subprocess.run(
        [sys.executable, TOP / "tests/payload/run.py", "--fuzz", "50000",
         "--payload", TOP / "build/payload/fuzz.Image",
         "--hypervisor", PROXENOS, "--gic", gic, "--cpus", "2",
         "--timeout", "900"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        check=False)
    assert done.returncode == 0, done.stdout
