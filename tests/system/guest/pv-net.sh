# SPDX-License-Identifier: GPL-2.0-or-later
#
# pv-net.sh - eth0 gets px.ip; a web server there offers random data and its
# checksum; each of px.peers is pinged and its data fetched (net-PEER).

. /tests/peer.sh
for dev in lo eth0; do
    ip link set "$dev" up
done
if ! ip addr add "$(option ip)/24" dev eth0; then
    fail net "there is no eth0"
    return 0
fi
serve
for peer in $(option peers | tr , ' '); do
    fetch_from "$peer"
done
