# SPDX-License-Identifier: GPL-2.0-or-later
#
# filesystem.sh - a disk keeps what is written to it; for scripts.

# keeps_data NAME DISK MIB - when it is blank, make a file system and leave so
# much random data with its checksum there (verdict NAME-write); after a
# reboot, read them back (NAME-read).
keeps_data()
{
    if ! wait_for 30 test -b "$2"; then
        fail "$1" "there is no $2"
        return
    fi
    blank=$(dd if="$2" bs=1M count=1 2> /dev/null | tr -d '\0' | wc -c)
    if [ "$blank" = 0 ]; then
        if mke2fs -F "$2" > /tmp/mke2fs 2>&1 &&
           mount -t ext4 "$2" /mnt &&
           dd if=/dev/urandom of=/mnt/data bs=1M count="$3" 2> /tmp/dd &&
           ( cd /mnt && sha256sum data > sum ) && umount /mnt; then
            pass "$1-write" "$3 MiB on $2"
        else
            fail "$1-write" "$(tail -n 1 /tmp/mke2fs; dmesg | tail -n 2)"
        fi
    elif mount -t ext4 -o ro "$2" /mnt && ( cd /mnt && sha256sum -c sum ) &&
         [ "$(stat -c %s /mnt/data)" = $(($3 * 1048576)) ] && umount /mnt; then
        pass "$1-read" "$3 MiB on $2 as they were written"
    else
        fail "$1-read" "$(dmesg | tail -n 2)"
    fi
}
