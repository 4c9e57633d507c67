# SPDX-License-Identifier: GPL-2.0-or-later
#
# disk.sh - write px.disk_mib (4) MiB of random data to every disk past the
# page cache, read it back, compare checksums; and each disk's interrupts fire.

mib=$(option disk_mib)
mib=${mib:-4}
found=0
dd if=/dev/urandom of=/tmp/data bs=1M count="$mib" 2> /dev/null
want=$(sha256sum < /tmp/data)

for disk in /sys/block/nvme*n* /sys/block/vd* /sys/block/sd*; do
    name=${disk##*/}
    # Not a pattern without a match, nor a path of a multipath disk.
    [ -b "/dev/$name" ] || continue
    [ "$(cat "$disk/ro")" = 1 ] && continue
    # A disk with partitions holds what the machine booted from.
    [ -e "/sys/block/$name/${name}1" ] || [ -e "/sys/block/$name/${name}p1" ] &&
        continue
    found=$((found + 1))
    case $name in
    nvme*) word=${name%n*}q ;;
    sd*) word=ahci ;;
    *) word=$(basename "$(readlink "$disk/device")") ;;
    esac
    before=$(count_interrupts "$word")
    if ! dd if=/tmp/data of="/dev/$name" bs=1M oflag=direct 2> /tmp/error ||
       ! sync; then
        fail "disk-$name" "write: $(cat /tmp/error)"
        continue
    fi
    echo 3 > /proc/sys/vm/drop_caches
    got=$(dd if="/dev/$name" bs=1M count="$mib" iflag=direct 2> /dev/null |
          sha256sum)
    after=$(count_interrupts "$word")
    if [ "$got" != "$want" ]; then
        fail "disk-$name" "read back other data"
    elif [ "$after" -le "$before" ]; then
        fail "disk-$name" "no interrupt ($word in /proc/interrupts)"
    else
        pass "disk-$name" "$mib MiB, $((after - before)) interrupts"
    fi
    grep "$word" /proc/interrupts | sed 's/^/PX-INFO: irq /'
done
rm -f /tmp/data
[ "$found" != 0 ] || fail disk "there is no disk"
