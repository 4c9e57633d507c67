#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# build.sh - build/qemu-rcar/qemu-system-aarch64: Debian's QEMU 7.2 source with
# the board of hw/ in it, and nothing that the board does not need.  About five
# minutes on two cores; seconds when only hw/ has changed.

set -eu

cd "$(dirname "$0")/../.."
here=tests/qemu-rcar
top=$PWD
src=build/qemu-rcar/src
out=build/qemu-rcar/qemu-system-aarch64

if [ -x "$out" ] && [ -z "$(find $here/hw $here/build.sh $here/*.patch \
                                 -newer "$out" | head -n 1)" ]; then
    exit 0
fi
for tool in meson ninja pkg-config; do
    command -v $tool > /dev/null ||
        { echo "build.sh: $tool is missing: make deps" >&2; exit 1; }
done

patch=$(sha256sum < "$here/qemu-7.2.patch")
if [ "$(cat "$src/px.stamp" 2> /dev/null)" != "$patch" ]; then
    tools/debian.sh source "$src" qemu/bookworm
    # What Debian leaves out of the source; the build wants them to exist.
    for f in $(sed -n "s/^ *'\(edk2.*\.fd\)',*/\1/p" "$src/pc-bios/meson.build"); do
        [ -e "$src/pc-bios/$f.bz2" ] || bzip2 -c < /dev/null > "$src/pc-bios/$f.bz2"
    done
    patch -s -p1 -d "$src" < "$here/qemu-7.2.patch"
    echo "$patch" > "$src/px.stamp"
fi
for f in "$here"/hw/*.[ch]; do
    cmp -s "$f" "$src/hw/arm/${f##*/}" || cp "$f" "$src/hw/arm/"
done

events=$src/hw/arm/trace-events
{ sed '/^# Renesas R-Car Gen3$/,$d' "$events"; cat "$here/hw/trace-events"; } \
    > "$events.new"
if cmp -s "$events" "$events.new"; then
    rm "$events.new"
else
    mv "$events.new" "$events"
fi

mkdir -p "$src/build"
cd "$src/build"
[ -e build.ninja ] ||
    ../configure --target-list=aarch64-softmmu --without-default-features \
        --without-default-devices --with-devices-aarch64=rcar --enable-tcg \
        --enable-fdt=system --disable-werror --disable-install-blobs \
        > configure.log 2>&1 ||
    { tail -n 20 configure.log >&2; exit 1; }
ninja qemu-system-aarch64 > ninja.log 2>&1 ||
    { grep -A 20 FAILED ninja.log >&2; exit 1; }
cp qemu-system-aarch64 "$top/$out.new"
mv "$top/$out.new" "$top/$out"
