#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# make-images.sh - what the system tests boot, in build/images:
#
#   Image               Debian's arm64 kernel
#   initramfs.cpio.gz   busybox, kernel modules and tests/system/dom0
#   xen-4.17            Debian's Xen, the yardstick
#   u-boot.bin          Debian's U-Boot for QEMU's virt machine
#
# and QEMU 10.0 in build/qemu-10.0.  Everything comes from Debian's archive and
# is fetched once.

set -eu

cd "$(dirname "$0")/../.."
deb=build/debian
out=build/images
mkdir -p "$out"

if [ ! -x build/qemu-10.0/qemu-system-aarch64 ]; then
    tools/qemu-10.sh build/qemu-10.0
fi

if [ ! -e "$deb/images.stamp" ]; then
    kernel=$(tools/debian.sh depends linux-image-arm64:arm64)
    rm -rf "$deb/linux" "$deb/busybox" "$deb/xen"
    tools/debian.sh unpack "$deb/linux" "$kernel"
    tools/debian.sh unpack "$deb/busybox" busybox-static:arm64
    tools/debian.sh unpack "$deb/xen" xen-hypervisor-4.17-arm64:arm64
    touch "$deb/images.stamp"
fi

# Nothing newer than the last result: done.
sources="tests/system/dom0 tests/images $deb/images.stamp"
# shellcheck disable=SC2086  # a list of folders
if [ -e "$out/stamp" ] &&
   [ -z "$(find $sources -newer "$out/stamp" | head -n 1)" ]; then
    exit 0
fi

cp "$deb"/linux/boot/vmlinuz-* "$out/Image"
cp "$deb/xen/boot/xen-4.17-arm64" "$out/xen-4.17"
cp /usr/lib/u-boot/qemu_arm64/u-boot.bin "$out/u-boot.bin"

# ---- The root file system.

root=$out/root
rm -rf "$root"
mkdir -p "$root/bin" "$root/dev" "$root/proc" "$root/sys" "$root/tmp" \
         "$root/tests"
cp "$deb/busybox/bin/busybox" "$root/bin/"
ln -s busybox "$root/bin/sh"
tests/images/add-modules.sh "$root" tests/images/modules

cp tests/system/dom0/init "$root/init"
cp tests/system/dom0/*.sh "$root/tests/"
chmod +x "$root/init"
for program in tests/system/dom0/*.c; do
    [ -e "$program" ] || continue
    ${CROSS_COMPILE:-aarch64-linux-gnu-}gcc -std=gnu11 -O2 -Wall -Wextra \
        -Werror -static -s -o "$root/bin/$(basename "$program" .c)" "$program"
done

( cd "$root" && find . | LC_ALL=C sort |
  cpio --quiet -o -H newc --owner 0:0 ) | gzip -1n > "$out/initramfs.cpio.gz"
touch "$out/stamp"
