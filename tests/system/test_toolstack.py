# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's unmodified toolstack in dom0: xl makes a guest, talks to it on its
console and destroys it. PX_HYPERVISOR=build/images/xen-4.17 is the yardstick.
"""

import subprocess

import pytest

from qemu import HYPERVISOR, TOP, XEN


@pytest.mark.soak
@pytest.mark.parametrize("gic", [3, 2])
def test_xl(new_machine, gic):
    subprocess.run([TOP / "tests/images/make-toolstack.sh"], check=True)
    # Xen 4.17 has no driver for this SMMU: its dom0 must not see it.
    on_xen = HYPERVISOR.resolve() == XEN.resolve()
    m = new_machine(f"xl-gic{gic}", gic=gic, mem=1536,
                    iommu=None if on_xen else "smmuv3")
    m.ramdisk = "toolstack.cpio"
    m.boot_hypervisor(HYPERVISOR, ["xl"],
                      "console=dtuart dom0_mem=768M dom0_max_vcpus=2")
    m.run()
    assert "xl-create" in m.results
    assert m.failures() == []
