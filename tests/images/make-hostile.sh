#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# make-hostile.sh - build/images/hostile.cpio: dom0 with Debian's toolstack,
# and the tests in tests/system/hostile with their guests, which are payloads.

set -eu

cd "$(dirname "$0")/../.."
out=build/images
root=$out/hostile-root

tests/images/make-toolstack.sh
make -s payloads
rm -rf "$root"
mkdir -p "$root/bin" "$root/guest" "$root/tests"
${CROSS_COMPILE:-aarch64-linux-gnu-}gcc -std=gnu11 -O2 -Wall -Wextra -Werror \
    -static -s -isystem build/include -D__XEN_TOOLS__ \
    -o "$root/bin/rounds" tests/system/hostile/rounds.c
cp build/payload/fuzz.Image build/payload/tick.Image \
    tests/system/hostile/*.cfg "$root/guest/"
cp tests/system/hostile/*.sh "$root/tests/"
# A kernel unpacks archives one after the other.
( cat "$out/toolstack.cpio"
  cd "$root" && find . | LC_ALL=C sort |
  cpio --quiet -o -H newc --owner 0:0 ) > "$out/hostile.cpio.new"
mv "$out/hostile.cpio.new" "$out/hostile.cpio"
