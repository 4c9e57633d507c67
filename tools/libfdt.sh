#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# libfdt.sh OUT - prepare libfdt's source for EL2 in OUT: Debian's newest, with
# our libfdt_env.h (xen/include/libfdt) in place of the C library's.
# The Makefile compiles OUT/*.c with the hypervisor's flags.

set -eu

out=${1:?usage: libfdt.sh OUT}
top=$(cd "$(dirname "$0")/.." && pwd)

"$top/tools/debian.sh" source "$out.src" device-tree-compiler
rm -rf "$out"
mkdir -p "$out/include"
cp "$out.src"/libfdt/fdt*.c "$out.src"/libfdt/libfdt_internal.h "$out"
cp "$out.src"/libfdt/libfdt.h "$out.src"/libfdt/fdt.h "$out/include"
rm -f "$out"/fdt_overlay.c
rm -rf "$out.src"
