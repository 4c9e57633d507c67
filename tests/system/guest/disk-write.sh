# SPDX-License-Identifier: GPL-2.0-or-later
#
# disk-write.sh - a file system with px.disk_mib (16) MiB of random data and
# its checksum on the disk px.disk (xvda). disk-read.sh looks at it later.

disk=$(option disk)
disk=/dev/${disk:-xvda}
mib=$(option disk_mib)
wait_for 30 test -b "$disk" || { fail disk-write "no $disk"; return 0; }
if mke2fs -F "$disk" > /tmp/mke2fs 2>&1 &&
   mount -t ext4 "$disk" /mnt &&
   dd if=/dev/urandom of=/mnt/data bs=1M count="${mib:-16}" 2> /dev/null &&
   ( cd /mnt && sha256sum data > sum ) && umount /mnt; then
    pass disk-write "${mib:-16} MiB on $disk"
else
    fail disk-write "$(tail -n 1 /tmp/mke2fs; dmesg | tail -n 2)"
fi
