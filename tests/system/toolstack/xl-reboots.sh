# SPDX-License-Identifier: GPL-2.0-or-later
#
# xl-reboots.sh - a guest reboots px.reboots (20) times and finds its disk as
# it was; its network works each time; then nothing of it is left.

. /tests/toolstack.sh
. /tests/peer.sh

free_memory() { xl info | awk '/^free_memory/ { print $3 }'; }
gone() { ! xl domid guest; }
reboots=$(option reboots)
reboots=${reboots:-20}

start_toolstack
step bridge start_bridge
serve
free=$(free_memory)
step xl-create xl create /guest/guest.cfg
boots guest 1
boot=1
while [ $boot -le "$reboots" ] && says guest PX-SHELL $boot; do
    boot=$((boot + 1))
    # With persistent grants, and with a mapping for each request.
    echo $((boot & 1)) > /sys/module/xen_blkback/parameters/feature_persistent
    step "xl-reboot-$boot" xl reboot guest
    boots guest $boot
    fetch_from 10.9.0.2
done
step xl-destroy xl destroy guest
wait_for 60 gone
as_before() { [ "$(free_memory)" = "$free" ] && [ "$(xl list | wc -l)" = 2 ]; }
if wait_for 60 as_before; then
    pass nothing-left "$free MiB free, as before"
else
    fail nothing-left "$(free_memory) MiB free, $free before; $(xl list)"
fi
