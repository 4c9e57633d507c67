#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# make-sd.sh - build/qemu-rcar/sd.img: an SD card with what boot.scr loads
# (Proxenos, Debian's kernel and HiHope RZ/G2M tree, an initramfs with the
# board's drivers) in the first partition, ext4.

set -eu

cd "$(dirname "$0")/../.."
out=build/qemu-rcar
images=build/images
mkdir -p "$out"

tests/images/make-images.sh
make -s rcar

root=$out/root
rm -rf "$root"
cp -a "$images/root" "$root"
rm -rf "$root/lib/modules"
cat tests/images/modules tests/qemu-rcar/modules > "$out/modules"
tests/images/add-modules.sh "$root" "$out/modules"

boot=$out/sd/boot
rm -rf "$out/sd"
mkdir -p "$boot"
( cd "$root" && find . | LC_ALL=C sort |
  cpio --quiet -o -H newc --owner 0:0 ) | gzip -1 > "$boot/initrd.gz"
cp "$images/Image" "$boot/Image"
cp build/rcar/Image "$boot/proxenos"
cp build/rcar/boot.scr "$boot/"
cp build/debian/linux/usr/lib/linux-image-*/renesas/r8a774a1-hihope-rzg2m.dtb \
    "$boot/board.dtb"

# QEMU's cards are powers of two.
rm -f "$out/sd.img.new"
truncate -s 256M "$out/sd.img.new"
PATH=$PATH:/sbin:/usr/sbin
mke2fs -q -t ext4 -O ^metadata_csum,^64bit -d "$out/sd" -E offset=1048576 \
    -F "$out/sd.img.new" 250M 2> /dev/null
printf 'label: dos\n2048,,83\n' | sfdisk -q "$out/sd.img.new" > /dev/null
mv "$out/sd.img.new" "$out/sd.img"
