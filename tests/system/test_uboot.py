# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's U-Boot starts the hypervisor with booti: from an extlinux.conf with
modules in memory, and from a boot.scr that loads and describes them."""

import subprocess

import pytest

from qemu import HYPERVISOR, IMAGES, MIB, Streams

OPTIONS = "console=dtuart dom0_mem=512M dom0_max_vcpus=2"
BOOTARGS = "console=hvc0 rdinit=/init panic=-1 px.test=boot,disk px.cpus=2"

EXTLINUX = f"""\
default proxenos
timeout 1
label proxenos
    kernel /proxenos
    append {OPTIONS}
"""

# Addresses clear of U-Boot's own: kernel_addr_r 0x40400000.
BOOT_CMD = f"""\
fdt addr ${{fdtcontroladdr}}
fdt move ${{fdtcontroladdr}} 0x43000000 0x100000
fdt addr 0x43000000
fdt resize 0x1000
load ${{devtype}} ${{devnum}}:${{distro_bootpart}} 0x49000000 /Image
setenv kernel_size ${{filesize}}
load ${{devtype}} ${{devnum}}:${{distro_bootpart}} 0x4c000000 /initramfs
setenv ramdisk_size ${{filesize}}
load ${{devtype}} ${{devnum}}:${{distro_bootpart}} ${{kernel_addr_r}} /proxenos
fdt set /chosen xen,xen-bootargs "{OPTIONS}"
fdt set /chosen xen,dom0-bootargs "{BOOTARGS}"
fdt mknode /chosen module@49000000
fdt set /chosen/module@49000000 compatible "multiboot,kernel" "multiboot,module"
fdt set /chosen/module@49000000 reg <0x0 0x49000000 0x0 0x${{kernel_size}}>
fdt mknode /chosen module@4c000000
fdt set /chosen/module@4c000000 compatible "multiboot,ramdisk" "multiboot,module"
fdt set /chosen/module@4c000000 reg <0x0 0x4c000000 0x0 0x${{ramdisk_size}}>
booti ${{kernel_addr_r}} - 0x43000000
"""


def run(*cmd):
    subprocess.run([str(c) for c in cmd], check=True, stdout=subprocess.PIPE,
                   stderr=subprocess.STDOUT)


def make_disk(path, files):
    """A disk with one FAT partition at 1 MiB that holds files."""
    with open(path, "wb") as f:
        f.truncate(128 * MIB)
    subprocess.run(["/sbin/sfdisk", "-q", str(path)], check=True,
                   input=b"label: dos\n2048,,c,*\n")
    # Not in place (mkfs.fat's --offset and mtools' @@ do both work on files).
    run("/sbin/mkfs.fat", "-F", "32", "--offset", "2048", path)
    at = f"{path}@@1M"
    for name, source in files.items():
        if "/" in name:
            run("mmd", "-i", at, "::" + name.split("/")[0])
        run("mcopy", "-i", at, source, "::" + name)


@pytest.mark.parametrize("way,gic", [("extlinux", 3), ("script", 2)])
def test_uboot(new_machine, way, gic):
    m = new_machine(f"{way}-gic{gic}", gic=gic)
    files = {"proxenos": HYPERVISOR}
    if way == "extlinux":
        (m.tmp / "extlinux.conf").write_text(EXTLINUX)
        files["extlinux/extlinux.conf"] = m.tmp / "extlinux.conf"
        m.modules(["boot", "disk"], ["px.cpus=2"])
    else:
        (m.tmp / "boot.cmd").write_text(BOOT_CMD)
        run("mkimage", "-A", "arm64", "-T", "script", "-d",
            m.tmp / "boot.cmd", m.tmp / "boot.scr")
        files["boot.scr"] = m.tmp / "boot.scr"
        files["Image"] = IMAGES / "Image"
        files["initramfs"] = IMAGES / "initramfs.cpio.gz"
    make_disk(m.tmp / "boot-disk", files)
    # U-Boot 2023.01 boots from an NVMe disk, and leaves its bus master on.
    m.nvme(m.tmp / "boot-disk")
    m.virtio_blk()
    m.trace_events(*Streams.EVENTS)
    m.boot_uboot()
    m.run()
    assert m.ended == "guest-shutdown", m.tail()
    assert not m.failures(), m.failures()
    assert m.results["disk-vda"][0] == "PASS"
    streams = Streams(m.trace)
    # From the hypervisor's first command on, nothing bypasses.
    assert not streams.bypassed and not streams.disabled, streams
    assert streams.translated.get(0x200), streams
