#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# make-toolstack.sh - build/images/toolstack.cpio: dom0 with a toolstack. In it
# are the root file system of make-images.sh and
#
#   /usr/sbin/xl, xenstored, xenconsoled   Debian 12's, as they come, with the
#     libraries they load, /etc/xen/scripts, xenstore-*, bash, flock
#   /usr/sbin/pxl         build/pxl, when it has been built before
#   /tests/*.sh           tests/system/toolstack/*.sh; px.test=NAME on dom0's
#                         command line runs them. toolstack.sh starts the
#                         daemons and loads the back ends' modules
#   /guest/Image          a guest's kernel: Debian's
#   /guest/initramfs.cpio.gz   a guest's root: busybox, modules (nvme, e1000e,
#     igb, ext4, PV front ends: tests/images/modules), /bin/edu-attack, init of
#     tests/system/guest, and in /tests the scripts there and dom0's (disk.sh,
#     net.sh, edu.sh). px_guest=A,B on the guest's command line runs A.sh, then
#     B.sh; px.NAME=VALUE is for them; a shell on hvc0 follows. Verdicts are
#     lines PX-GUEST: NAME: PASS|FAIL. mke2fs makes a file system for ext4
#   /guest/*              tests/system/toolstack/*.cfg
#
# dom0 boots with it as Machine.ramdisk (qemu.py); dom0_mem=768M is enough.

set -eu

cd "$(dirname "$0")/../.."
deb=build/debian/toolstack
out=build/images
packages=tests/images/toolstack-packages

tests/images/make-images.sh
if [ ! -e "$deb.stamp" ] || [ "$packages" -nt "$deb.stamp" ]; then
    rm -rf "$deb"
    # shellcheck disable=SC2046  # a list of packages
    tools/debian.sh unpack "$deb" \
        $(sed '/^#/d; s/$/:arm64/' "$packages") xen-utils-common
    touch "$deb.stamp"
fi

sources="tests/system/toolstack tests/system/guest tests/images $out/stamp
         $deb.stamp"
[ -e build/pxl ] && sources="$sources build/pxl"
# shellcheck disable=SC2086  # a list of folders
if [ -e "$out/toolstack.stamp" ] &&
   [ -z "$(find $sources -newer "$out/toolstack.stamp" | head -n 1)" ]; then
    exit 0
fi

# archive ROOT - as an archive for the kernel, to stdout.
archive()
{
    ( cd "$1" && find . | LC_ALL=C sort |
      cpio --quiet -o -H newc --owner 0:0 )
}

# ---- A guest's root file system.

guest=$out/guest-root
rm -rf "$guest"
cp -a "$out/root" "$guest"
mkdir -p "$guest/sbin" "$guest/mnt"
cp tests/system/guest/init "$guest/init"
cp tests/system/guest/*.sh "$guest/tests/"
# The kernel runs these when the toolstack asks.
for word in poweroff reboot; do
    printf '#!/bin/sh\nsync\nexec /bin/busybox %s -f\n' $word \
        > "$guest/sbin/$word"
done
chmod +x "$guest/init" "$guest"/sbin/*
archive "$guest" | gzip -1n > "$out/guest.cpio.gz"

# ---- dom0's.

root=$out/toolstack-root
rm -rf "$root"
cp -a "$out/root" "$root"
tests/images/add-modules.sh "$root" tests/images/toolstack-modules

# What is run, and the libraries; no manuals, locales or scripts of Python.
( cd "$deb" && find etc/xen lib/ld-linux-* lib/aarch64-linux-gnu/*.so* \
      usr/lib/aarch64-linux-gnu/*.so* usr/lib/xen-common usr/sbin/xl \
      usr/sbin/xenstored usr/sbin/xenconsoled usr/bin/xenstore* \
      usr/lib/xen-*/bin/xl usr/lib/xen-*/bin/xenconsole \
      usr/lib/xen-*/bin/xenconsoled usr/lib/xen-*/bin/xen-init-dom0 \
      usr/lib/xen-*/bin/xenstored usr/lib/xen-*/bin/libxl-save-helper \
      bin/bash usr/bin/flock |
  cpio --quiet -pdm "$OLDPWD/$root" )
mkdir -p "$root/guest" "$root/var/log/xen/console" "$root/var/lib/xenstored" \
         "$root/var/lib/xen" "$root/var/lock" "$root/run/xen" "$root/mnt"
ln -s ../run "$root/var/run"
cp "$out/Image" "$root/guest/"
cp "$out/guest.cpio.gz" "$root/guest/initramfs.cpio.gz"
cp tests/system/toolstack/*.sh tests/system/guest/peer.sh "$root/tests/"
cp tests/system/toolstack/*.cfg "$root/guest/"

if [ -e build/pxl ]; then
    cp build/pxl "$root/usr/sbin/pxl"
    ${CROSS_COMPILE:-aarch64-linux-gnu-}readelf -d build/pxl |
        sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' |
    while read -r library; do
        find "$root/lib" "$root/usr/lib" -name "$library" | grep -q . || {
            echo "$packages: pxl needs $library" >&2
            exit 1
        }
    done
fi

# Not compressed: the emulated CPU is slower than the disk.
archive "$root" > "$out/toolstack.cpio"
touch "$out/toolstack.stamp"
