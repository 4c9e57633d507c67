#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# make-toolstack.sh - build/images/toolstack.cpio: the root file system of
# make-images.sh, Debian 12's toolstack as it comes (xl, xenstored,
# xenconsoled and the libraries they load), the tests in
# tests/system/toolstack, and a guest: the kernel and the small initramfs.

set -eu

cd "$(dirname "$0")/../.."
deb=build/debian/toolstack
out=build/images

tests/images/make-images.sh
if [ ! -e "$deb.stamp" ]; then
    rm -rf "$deb"
    # shellcheck disable=SC2046  # a list of packages
    tools/debian.sh unpack "$deb" \
        $(sed '/^#/d; s/$/:arm64/' tests/images/toolstack-packages) \
        xen-utils-common
    touch "$deb.stamp"
fi

sources="tests/system/toolstack tests/images $out/stamp $deb.stamp"
# shellcheck disable=SC2086  # a list of folders
if [ -e "$out/toolstack.stamp" ] &&
   [ -z "$(find $sources -newer "$out/toolstack.stamp" | head -n 1)" ]; then
    exit 0
fi

root=$out/toolstack-root
rm -rf "$root"
cp -a "$out/root" "$root"

# What is run, and the libraries; no manuals, locales or scripts of Python.
( cd "$deb" && find etc/xen lib/ld-linux-* lib/aarch64-linux-gnu/*.so* \
      usr/lib/aarch64-linux-gnu/*.so* usr/lib/xen-common usr/sbin/xl \
      usr/sbin/xenstored usr/sbin/xenconsoled usr/bin/xenstore* \
      usr/lib/xen-*/bin/xl usr/lib/xen-*/bin/xenconsole \
      usr/lib/xen-*/bin/xenconsoled usr/lib/xen-*/bin/xen-init-dom0 \
      usr/lib/xen-*/bin/xenstored bin/bash |
  cpio --quiet -pdm "$OLDPWD/$root" )
mkdir -p "$root/guest" "$root/var/log/xen/console" "$root/var/lib/xenstored" \
         "$root/var/lib/xen" "$root/var/lock" "$root/run/xen"
ln -s ../run "$root/var/run"
cp "$out/Image" "$out/initramfs.cpio.gz" "$root/guest/"
cp tests/system/toolstack/*.sh "$root/tests/"
cp tests/system/toolstack/*.cfg "$root/guest/"

# Not compressed: the emulated CPU is slower than the disk.
( cd "$root" && find . | LC_ALL=C sort |
  cpio --quiet -o -H newc --owner 0:0 ) > "$out/toolstack.cpio"
touch "$out/toolstack.stamp"
