# SPDX-License-Identifier: GPL-2.0-or-later
"""Each kind of PCI interrupt, by both interrupt controllers: MSI-X is what the
drivers choose (test_devices); here they are made to use MSI and INTx."""

import pytest

from qemu import HYPERVISOR, Streams


@pytest.fixture(params=[2, 3], ids=lambda g: f"gic{g}")
def machine(request, new_machine):
    def make(name, tests, extra):
        m = new_machine(f"{name}-gic{request.param}", gic=request.param)
        m.trace_events(*Streams.EVENTS)
        m.nic("e1000e")
        m.sata()
        m.boot_hypervisor(
            HYPERVISOR, tests,
            "console=dtuart dom0_mem=512M dom0_max_vcpus=2", extra)
        m.run()
        assert m.ended == "guest-shutdown", m.tail()
        assert not m.failures(), m.failures()
        return m
    return make


def lines(m, word):
    return [line for line in m.console.splitlines()
            if "PX-INFO: irq" in line and word in line]


def test_intx(machine):
    m = machine("intx", ["disk", "net", "boot"], ["pci=nomsi"])
    assert all("Level" in line for line in lines(m, "eth0"))
    assert all("MSI" not in line for line in lines(m, ""))


def test_msi(machine):
    """An AHCI controller of QEMU has MSI and no MSI-X."""
    m = machine("msi", ["disk", "net", "boot"], [])
    irqs = lines(m, "ahci")
    assert irqs and all("MSI" in line for line in irqs), irqs
