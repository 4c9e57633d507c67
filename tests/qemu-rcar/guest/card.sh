# SPDX-License-Identifier: GPL-2.0-or-later
#
# card.sh - a guest's own SD card, by Debian's driver: px.file on its first
# partition has the digest px.sum, and what is written is read back. The driver
# is bound again after no-card.sh.

device=ee100000.mmc
driver=/sys/bus/platform/drivers/renesas_sdhi_internal_dmac
[ -e $driver/$device ] || echo $device > $driver/bind
card=
find_card() { card=$(ls /dev/mmcblk?p1) && [ -b "$card" ]; }
mkdir -p /mnt
if ! wait_for 120 find_card; then
    fail card "no card: $(dmesg | grep -iE 'sdhi|mmc' | tail -n 1)"
elif mount -t ext4 "$card" /mnt &&
     [ "$(sha256sum < "/mnt/$(option file)" | cut -d ' ' -f 1)" = \
       "$(option sum)" ]; then
    pass card "$(option file) on $card is what it was"
    if dd if=/dev/urandom of=/mnt/data bs=1M count=4 2> /dev/null &&
       sum=$(sha256sum < /mnt/data) && umount /mnt &&
       mount -t ext4 "$card" /mnt && [ "$(sha256sum < /mnt/data)" = "$sum" ]; then
        pass card-write "${sum%% *}"
    else
        fail card-write "$(dmesg | tail -n 1)"
    fi
    umount /mnt
else
    fail card "$card: $(dmesg | tail -n 1)"
fi
