# SPDX-License-Identifier: GPL-2.0-or-later
#
# boot.cmd - U-Boot's part of a boot of Proxenos on R-Car Gen3 and RZ/G2 boards.
# `make rcar` makes boot.scr of it. At U-Boot's prompt:
#
#   => setenv px_dev mmc 0:1
#   => load ${px_dev} 0x57000000 /boot/boot.scr; source 0x57000000
#
# These variables may be set before; what they are when they are not:
#
#   px_dev       mmc 0:1              where everything is loaded from
#   px_dir       /boot                and in which folder
#   px_fdt       board.dtb            the board's own device tree
#   px_dtbo      (none)               an overlay of dts/ for that tree
#   px_xen       proxenos             build/rcar/Image
#   px_boot      booti                or bootm: then px_xen is build/rcar/uImage
#   px_kernel    Image                of dom0
#   px_initrd    initrd.gz            of dom0
#   px_args      console=dtuart dtuart=serial0 dom0_mem=512M
#   px_dom0_args console=hvc0
#
# Memory: from 0x48000000 on on every board, its first 128 MiB are firmware's.
# Device tree 0x48000000, hypervisor 0x48200000, kernel 0x5a000000, initrd
# 0x60000000; U-Boot itself is at the end of the first bank.

test -n "${px_dev}"       || setenv px_dev mmc 0:1
test -n "${px_dir}"       || setenv px_dir /boot
test -n "${px_fdt}"       || setenv px_fdt board.dtb
test -n "${px_xen}"       || setenv px_xen proxenos
test -n "${px_boot}"      || setenv px_boot booti
test -n "${px_kernel}"    || setenv px_kernel Image
test -n "${px_initrd}"    || setenv px_initrd initrd.gz
test -n "${px_args}"      || setenv px_args "console=dtuart dtuart=serial0 dom0_mem=512M"
test -n "${px_dom0_args}" || setenv px_dom0_args "console=hvc0"

# Leave the device tree where it is loaded.
setenv fdt_high 0xffffffffffffffff
setenv initrd_high 0xffffffffffffffff

load ${px_dev} 0x48200000 ${px_dir}/${px_xen} || exit 1
load ${px_dev} 0x5a000000 ${px_dir}/${px_kernel} || exit 1
setenv px_kernel_size 0x${filesize}
load ${px_dev} 0x60000000 ${px_dir}/${px_initrd} || exit 1
setenv px_initrd_size 0x${filesize}
load ${px_dev} 0x48000000 ${px_dir}/${px_fdt} || exit 1
fdt addr 0x48000000
fdt resize 0x4000

if test -n "${px_dtbo}"; then
    load ${px_dev} 0x57800000 ${px_dir}/${px_dtbo} || exit 1
    fdt apply 0x57800000 || exit 1
fi

# Mainline's r8a774a1 tree does not say where SDHI and USB are behind the IPMMU,
# and Debian's build of it has no symbols for an overlay: Linux has no use for
# it, so the leaf of USB has not even a phandle.
setenv px_soc
test -n "${px_dtbo}" || fdt get value px_soc /soc/iommu@e7740000 compatible
if test "${px_soc}" = "renesas,ipmmu-r8a774a1"; then
    fdt get value px_ds1 /soc/iommu@e7740000 phandle
    fdt set /soc/mmc@ee100000 iommus <${px_ds1} 32>
    fdt set /soc/mmc@ee120000 iommus <${px_ds1} 33>
    fdt set /soc/mmc@ee140000 iommus <${px_ds1} 34>
    fdt set /soc/mmc@ee160000 iommus <${px_ds1} 35>
    fdt get value px_hc /soc/iommu@e6570000 phandle || setenv px_hc 0x10001
    fdt set /soc/iommu@e6570000 phandle <${px_hc}>
    fdt set /soc/usb@ee080000 iommus <${px_hc} 4>
    fdt set /soc/usb@ee080100 iommus <${px_hc} 4>
    fdt set /soc/usb@ee0a0000 iommus <${px_hc} 5>
    fdt set /soc/usb@ee0a0100 iommus <${px_hc} 5>
    fdt set /soc/dma-controller@e65a0000 iommus <${px_hc} 9>
    fdt set /soc/dma-controller@e65b0000 iommus <${px_hc} 10>
    fdt set /soc/usb@ee000000 iommus <${px_hc} 12>
    fdt set /soc/usb@ee020000 iommus <${px_hc} 13>
fi

fdt set /chosen \#address-cells <2>
fdt set /chosen \#size-cells <2>
fdt set /chosen xen,xen-bootargs "${px_args}"
fdt mknod /chosen dom0
fdt set /chosen/dom0 compatible "multiboot,kernel" "multiboot,module"
fdt set /chosen/dom0 reg <0 0x5a000000 0 ${px_kernel_size}>
fdt set /chosen/dom0 bootargs "${px_dom0_args}"
fdt mknod /chosen dom0-ramdisk
fdt set /chosen/dom0-ramdisk compatible "multiboot,ramdisk" "multiboot,module"
fdt set /chosen/dom0-ramdisk reg <0 0x60000000 0 ${px_initrd_size}>
${px_boot} 0x48200000 - 0x48000000
