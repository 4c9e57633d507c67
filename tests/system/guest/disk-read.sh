# SPDX-License-Identifier: GPL-2.0-or-later
#
# disk-read.sh - what disk-write.sh left on the disk is still there.

disk=$(option disk)
disk=/dev/${disk:-xvda}
wait_for 30 test -b "$disk" || { fail disk-read "no $disk"; return 0; }
if mount -t ext4 -o ro "$disk" /mnt && ( cd /mnt && sha256sum -c sum ) &&
   umount /mnt; then
    pass disk-read "$disk as it was written"
else
    fail disk-read "$(dmesg | tail -n 2)"
fi
