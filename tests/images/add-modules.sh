#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# add-modules.sh ROOT LIST - copy the kernel modules named in LIST, and what
# they need, from Debian's kernel into the root file system ROOT.

set -eu

root=$1
list=$2
linux=build/debian/linux
version=$(ls "$linux/lib/modules")
lib=lib/modules/$version

mkdir -p "$root/$lib"
[ -e "$linux/$lib/modules.dep" ] || /sbin/depmod -b "$linux" "$version"
while read -r module; do
    case $module in ''|'#'*) continue ;; esac
    grep -E "/$module\.ko:" "$linux/$lib/modules.dep" | tr -d : | tr ' ' '\n'
done < "$list" | sort -u | sed '/^$/d' |
    ( cd "$linux/$lib" && cpio --quiet -pdm "$OLDPWD/$root/$lib" )
cp "$linux/$lib"/modules.builtin* "$linux/$lib/modules.order" "$root/$lib/"
/sbin/depmod -b "$root" "$version"
