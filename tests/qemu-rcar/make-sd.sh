#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# make-sd.sh - SD cards with what boot.scr loads in the first partition, ext4:
# Proxenos, Debian's kernel and HiHope RZ/G2M tree, and an initramfs with the
# board's drivers. In build/qemu-rcar:
#
#   sd.img         dom0 is make-images.sh's. Beside them uImage, the overlay of
#                  dts/, and symbols.dtb to put it on: Debian's tree with what
#                  dtc -@ would have added
#   toolstack.img  dom0 is make-toolstack.sh's, with the scripts of
#                  tests/qemu-rcar/dom0 in /tests; its guests have the board's
#                  drivers, too, and the scripts of tests/qemu-rcar/guest; or
#                  are the payload /guest/dmac.Image

set -eu

cd "$(dirname "$0")/../.."
out=build/qemu-rcar
images=build/images
mkdir -p "$out"

tests/images/make-toolstack.sh
make -s rcar payloads

# archive ROOT - as an archive for the kernel, to stdout.
archive()
{
    ( cd "$1" && find . | LC_ALL=C sort |
      cpio --quiet -o -H newc --owner 0:0 )
}

# What the board's root file systems have more than other machines'.
extra=$out/extra
rm -rf "$extra"
mkdir -p "$extra/tests"
cat tests/images/modules tests/images/toolstack-modules \
    tests/qemu-rcar/modules > "$out/modules"
tests/images/add-modules.sh "$extra" "$out/modules"

# root NAME IMAGES-ROOT - of build/images, and that.
root()
{
    rm -rf "${out:?}/$1"
    cp -a "$2" "$out/$1"
    rm -rf "$out/$1/lib/modules"
    cp -a "$extra/." "$out/$1"
}

root guest "$images/guest-root"
cp tests/qemu-rcar/guest/*.sh "$out/guest/tests/"
root sd-root "$images/root"
root toolstack-root "$images/toolstack-root"
cp tests/qemu-rcar/dom0/*.sh "$out/toolstack-root/tests/"
cp build/payload/dmac.Image "$out/toolstack-root/guest/"
archive "$out/guest" | gzip -1n > "$out/toolstack-root/guest/initramfs.cpio.gz"

# symbols TREE NAME=PATH... - as dtc -@ adds them: every label, so each such
# node has a phandle.
symbols()
{
    tree=$1 phandle=$((0x1000))
    shift
    fdtput -c "$tree" /__symbols__
    for symbol; do
        path=/soc/${symbol#*=}
        fdtput -t s "$tree" /__symbols__ "${symbol%%=*}" "$path"
        fdtget "$tree" "$path" phandle > /dev/null 2>&1 ||
            fdtput -t u "$tree" "$path" phandle $phandle
        phandle=$((phandle + 1))
    done
}

# card NAME - with build/qemu-rcar/NAME-root.
card()
{
    boot=$out/$1/boot
    rm -rf "${out:?}/$1"
    mkdir -p "$boot"
    archive "$out/$1-root" | gzip -1n > "$boot/initrd.gz"
    cp "$images/Image" "$boot/Image"
    cp build/rcar/Image "$boot/proxenos"
    cp build/rcar/boot.scr "$boot/"
    cp build/debian/linux/usr/lib/linux-image-*/renesas/r8a774a1-hihope-rzg2m.dtb \
        "$boot/board.dtb"
    if [ "$1" = sd ]; then
        cp build/rcar/uImage build/rcar/rzg2m-hihope.dtbo "$boot/"
        cp "$boot/board.dtb" "$boot/symbols.dtb"
        symbols "$boot/symbols.dtb" ipmmu_ds1=iommu@e7740000 \
            ipmmu_hc=iommu@e6570000 ipmmu_vi0=iommu@febd0000 \
            ipmmu_vc0=iommu@fe6b0000 sdhi0=mmc@ee100000 sdhi1=mmc@ee120000 \
            sdhi2=mmc@ee140000 sdhi3=mmc@ee160000 ehci0=usb@ee080100 \
            ohci0=usb@ee080000 ehci1=usb@ee0a0100 ohci1=usb@ee0a0000 \
            xhci0=usb@ee000000 usb3_peri0=usb@ee020000 \
            usb_dmac0=dma-controller@e65a0000 \
            usb_dmac1=dma-controller@e65b0000 fcpf0=fcp@fe950000 \
            fcpvb0=fcp@fe96f000 vin0=video@e6ef0000 vin1=video@e6ef1000 \
            vin2=video@e6ef2000 vin3=video@e6ef3000 vin4=video@e6ef4000 \
            vin5=video@e6ef5000 vin6=video@e6ef6000 vin7=video@e6ef7000
    fi

    # QEMU's cards are powers of two.
    rm -f "$out/$1.img.new"
    truncate -s 256M "$out/$1.img.new"
    printf 'label: dos\n2048,,83\n' | sfdisk -q "$out/$1.img.new" > /dev/null
    mke2fs -q -t ext4 -O ^metadata_csum,^64bit -d "$out/$1" -E offset=1048576 \
        -F "$out/$1.img.new" 250M 2> /dev/null
    mv "$out/$1.img.new" "$out/$1.img"
}

PATH=$PATH:/sbin:/usr/sbin
card sd
card toolstack
