# SPDX-License-Identifier: GPL-2.0-or-later
#
# net.sh - every network card: ping the gateway, download and upload with a
# checksum.  QEMU's user network n has the gateway 10.0.n.2, where n is the last
# byte of the card's MAC address; 10.0.n.100 sends a file on port 1000 and
# answers the SHA-256 of the 1 MiB sent to port 1001.
# px.net_sum is the checksum of the file.

found=0
for dev in /sys/class/net/*; do
    name=${dev##*/}
    [ -e "$dev/device" ] || continue
    driver=$(basename "$(readlink "$dev/device/driver")")
    [ "$driver" = vif ] && continue # dom0's bridge is behind it
    found=$((found + 1))
    n=$((0x$(cut -d: -f6 < "$dev/address")))
    test=net-$driver
    # virtio-net's interrupts carry the name of the virtio device.
    word=$name
    [ "$driver" = virtio_net ] &&
        word=$(basename "$(readlink "$dev/device")")
    before=$(count_interrupts "$word")

    ip link set "$name" up
    ip addr add "10.0.$n.15/24" dev "$name"
    if ! wait_for 30 grep -q 1 "$dev/carrier"; then
        fail "$test" "no carrier"
        continue
    fi
    if ! wait_for 20 ping -c 1 -W 3 "10.0.$n.2"; then
        fail "$test" "no answer from 10.0.$n.2"
        continue
    fi
    got=$(nc "10.0.$n.100" 1000 < /dev/null | sha256sum | cut -d' ' -f1)
    if [ "$got" != "$(option net_sum)" ]; then
        fail "$test" "download: checksum $got"
        continue
    fi
    dd if=/dev/urandom of=/tmp/up bs=1M count=1 2> /dev/null
    want=$(sha256sum < /tmp/up | cut -d' ' -f1)
    got=$(nc "10.0.$n.100" 1001 < /tmp/up | cut -d' ' -f1)
    after=$(count_interrupts "$word")
    if [ "$got" != "$want" ]; then
        fail "$test" "upload: checksum $got, sent $want"
    elif [ "$after" -le "$before" ]; then
        fail "$test" "no interrupt ($word in /proc/interrupts)"
    else
        pass "$test" "$name, $((after - before)) interrupts"
    fi
    grep "$word" /proc/interrupts | sed 's/^/PX-INFO: irq /'
done
[ "$found" != 0 ] || fail net "there is no network card"
