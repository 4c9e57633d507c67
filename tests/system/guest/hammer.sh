# SPDX-License-Identifier: GPL-2.0-or-later
#
# hammer.sh - the NVMe disk writes without a pause, and in the midst of it the
# guest ends as px.end says: crash, reboot, or not by itself.

while dd if=/dev/zero of=/dev/nvme0n1 bs=128k oflag=direct 2> /dev/null; do
    :
done &
sleep 1
if [ "$(cat /sys/block/nvme0n1/inflight | tr -d ' 0')" ]; then
    pass hammer "$(cat /sys/block/nvme0n1/inflight) in flight"
else
    fail hammer "nothing is in flight"
fi
case $(option end) in
crash) echo c > /proc/sysrq-trigger ;;
reboot) reboot -f ;;
esac
