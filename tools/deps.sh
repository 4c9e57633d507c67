#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# deps.sh - check that the packages of tools/host-packages are on this machine.
# As root on Debian, install what is missing; otherwise name it and stop.
# A line there is a package name and a file that it brings.

set -eu

list=$(dirname "$0")/host-packages
missing=
while read -r package file; do
    case $package in ''|'#'*) continue ;; esac
    [ -e "$file" ] || missing="$missing $package"
done < "$list"

[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get > /dev/null; then
    echo "Missing packages (Debian 12 names):$missing" >&2
    echo "As root: apt-get install --no-install-recommends$missing" >&2
    exit 1
fi

echo "Installing missing packages:$missing"
export DEBIAN_FRONTEND=noninteractive
install="apt-get -q install -y --no-install-recommends"
$install $missing || { apt-get -q update && $install $missing; }
