# SPDX-License-Identifier: GPL-2.0-or-later
#
# hammer.sh - the NVMe disk writes without a pause, and in the midst of it the
# guest crashes (px.end=crash), or is ended by others.

written() { awk '{ print $7 }' /sys/block/nvme0n1/stat; }

wait_for 30 test -b /dev/nvme0n1
while :; do # dd ends where the disk does
    dd if=/dev/zero of=/dev/nvme0n1 bs=128k oflag=direct 2> /dev/null
done &
sleep 1
before=$(written)
sleep 1
after=$(written)
if [ "${after:-0}" -gt "${before:-0}" ]; then
    pass hammer "$((after - before)) sectors in a second"
else
    fail hammer "the disk does not write"
fi
[ "$(option end)" = crash ] && echo c > /proc/sysrq-trigger
return 0
