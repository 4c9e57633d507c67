# SPDX-License-Identifier: GPL-2.0-or-later
#
# sdcard.sh - an R-Car board: its SD card, by SDHI's own DMA. The kernel that
# U-Boot loaded from it is read back and compared with px.kernel_sum.

wait_for 120 test -b /dev/mmcblk1p1 || wait_for 5 test -b /dev/mmcblk0p1
card=$(ls /dev/mmcblk?p1 2> /dev/null | head -n 1)
mkdir -p /mnt
if [ -z "$card" ]; then
    fail sdcard "$(dmesg | grep -i sdhi | tail -n 1)"
elif mount -t ext4 "$card" /mnt &&
     [ "$(sha256sum < /mnt/boot/Image | cut -d ' ' -f 1)" = \
       "$(option kernel_sum)" ]; then
    pass sdcard "the kernel on $card is what it was"
    if dd if=/dev/urandom of=/mnt/data bs=1M count=8 2> /dev/null &&
       sum=$(sha256sum < /mnt/data) && umount /mnt &&
       mount -t ext4 "$card" /mnt && [ "$(sha256sum < /mnt/data)" = "$sum" ]; then
        pass sdcard-write "8 MiB"
    else
        fail sdcard-write "$(dmesg | tail -n 1)"
    fi
else
    fail sdcard "$card: $(dmesg | tail -n 1)"
fi
