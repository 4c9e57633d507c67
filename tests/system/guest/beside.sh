# SPDX-License-Identifier: GPL-2.0-or-later
#
# beside.sh - PV devices beside PCI devices: xvda keeps 8 MiB (pv-fs-write,
# pv-fs-read), and data comes from dom0 by the card of netfront (net-10.9.0.1).

. /tests/filesystem.sh
. /tests/peer.sh
keeps_data pv-fs /dev/xvda 8
card=
for dev in /sys/class/net/*; do
    case $(readlink "$dev/device/driver") in
    */vif) card=${dev##*/} ;;
    esac
done
if [ -n "$card" ] && ip link set "$card" up &&
   ip addr add 10.9.0.3/24 dev "$card"; then
    fetch_from 10.9.0.1
else
    fail pv-net "netfront has no card"
fi
