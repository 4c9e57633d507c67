#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# uboot.sh - build/qemu-rcar/u-boot.bin: Debian's U-Boot source, built for the
# HiHope RZ/G2M as its maintainers configured it.  About a minute on two cores.

set -eu

cd "$(dirname "$0")/../.."
out=build/qemu-rcar
src=$out/u-boot-src

[ -e "$out/u-boot.bin" ] && exit 0
mkdir -p "$out"
tools/debian.sh source "$src" u-boot/bookworm
make -s -C "$src" O=../u-boot CROSS_COMPILE="${CROSS_COMPILE:-aarch64-linux-gnu-}" \
    hihope_rzg2_defconfig > "$out/u-boot.log" 2>&1
make -s -C "$src" O=../u-boot CROSS_COMPILE="${CROSS_COMPILE:-aarch64-linux-gnu-}" \
    -j"$(nproc)" u-boot.bin >> "$out/u-boot.log" 2>&1 ||
    { tail -n 20 "$out/u-boot.log" >&2; exit 1; }
cp "$out/u-boot/u-boot.bin" "$out/"
