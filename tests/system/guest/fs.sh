# SPDX-License-Identifier: GPL-2.0-or-later
#
# fs.sh - the disk px.fs (xvda): when it is blank, make a file system and leave
# px.fs_mib (16) MiB of random data with its checksum there (verdict fs-write);
# after a reboot, read them back (fs-read).

disk=$(option fs)
disk=/dev/${disk:-xvda}
mib=$(option fs_mib)
mib=${mib:-16}

wait_for 30 test -b "$disk" || { fail fs "there is no $disk"; return 0; }
blank=$(dd if="$disk" bs=1M count=1 2> /dev/null | tr -d '\0' | wc -c)
if [ "$blank" = 0 ]; then
    if mke2fs -F "$disk" > /tmp/mke2fs 2>&1 &&
       mount -t ext4 "$disk" /mnt &&
       dd if=/dev/urandom of=/mnt/data bs=1M count="$mib" 2> /tmp/dd &&
       ( cd /mnt && sha256sum data > sum ) && umount /mnt; then
        pass fs-write "$mib MiB on $disk"
    else
        fail fs-write "$(tail -n 1 /tmp/mke2fs; dmesg | tail -n 2)"
    fi
elif mount -t ext4 -o ro "$disk" /mnt && ( cd /mnt && sha256sum -c sum ) &&
     [ "$(stat -c %s /mnt/data)" = $((mib * 1048576)) ] && umount /mnt; then
    pass fs-read "$mib MiB on $disk as they were written"
else
    fail fs-read "$(dmesg | tail -n 2)"
fi
