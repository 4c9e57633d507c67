# SPDX-License-Identifier: GPL-2.0-or-later
#
# let-go.sh - the NVMe disk will be taken away: Linux forgets it before.

for dev in /sys/bus/pci/drivers/nvme/*:*; do
    [ -e "$dev/remove" ] && echo 1 > "$dev/remove"
done
if [ -e /dev/nvme0n1 ]; then
    fail let-go "there still is /dev/nvme0n1"
else
    pass let-go
fi
