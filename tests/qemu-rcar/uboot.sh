#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# uboot.sh - Debian's U-Boot source, built as its maintainers configured it, in
# build/qemu-rcar: u-boot.bin for the HiHope RZ/G2M, u-boot-salvator-x.bin for
# Salvator-X and -XS with H3, M3-W or M3-N.  About a minute each on two cores.

set -eu

cd "$(dirname "$0")/../.."
out=build/qemu-rcar
src=$out/u-boot-src

# build NAME CONFIG - build/qemu-rcar/NAME.bin
build()
{
    [ -e "$out/$1.bin" ] && return
    mkdir -p "$out"
    [ -e "$src/Makefile" ] || tools/debian.sh source "$src" u-boot/bookworm
    make="make -s -C $src O=../$1
          CROSS_COMPILE=${CROSS_COMPILE:-aarch64-linux-gnu-}"
    # shellcheck disable=SC2086  # words of a command
    { $make "$2" && $make -j"$(nproc)" u-boot.bin; } > "$out/$1.log" 2>&1 ||
        { tail -n 20 "$out/$1.log" >&2; exit 1; }
    cp "$out/$1/u-boot.bin" "$out/$1.bin"
}

build u-boot hihope_rzg2_defconfig
build u-boot-salvator-x rcar3_salvator-x_defconfig
