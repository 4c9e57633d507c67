# SPDX-License-Identifier: GPL-2.0-or-later
#
# move-bar.sh - the edu's BAR 0 goes 16 MiB up, and with the next call back: its
# registers are at the new place, by the guest's own tables.

for dev in /sys/bus/pci/devices/*; do
    [ "$(cat "$dev/device")" = 0x11e8 ] && edu=$dev
done
bar() { hexdump -s 16 -n 4 -e '1/4 "%u"' "$edu/config"; }
old=$(bar)
if [ -e /tmp/moved ]; then
    new=$((old - 0x1000000))
    rm /tmp/moved
else
    new=$((old + 0x1000000))
    touch /tmp/moved
fi
printf "$(printf '\\%o\\%o\\%o\\%o' $((new & 255)) $((new >> 8 & 255)) \
    $((new >> 16 & 255)) $((new >> 24)))" |
    dd of="$edu/config" bs=4 seek=4 conv=notrunc 2> /dev/null
if [ "$(bar)" = $new ]; then
    pass bar-moved "$(printf '%#x to %#x' "$old" "$new")"
else
    fail bar-moved "it is at $(printf '%#x, not %#x' "$(bar)" "$new")"
fi
