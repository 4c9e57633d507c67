# SPDX-License-Identifier: GPL-2.0-or-later
#
# sdhi.sh - an SD card's host: taken from dom0 by pxl, given to a guest that
# mounts its card with Debian's driver, given back, given again; what is refused,
# and by which name; the guest's end in the middle of a transfer.

. /tests/toolstack.sh

sdhi=/soc/mmc@ee100000
file=boot/proxenos

find_card() { card=$(ls /dev/mmcblk?p1) && [ -b "$card" ]; }
digest() { sha256sum < "$1" | cut -d ' ' -f 1; }
owner() { pxl dt-list | awk -v d="$1" '$2 == d { print $1 }'; }

# owned NAME OWNER - as pxl dt-list has it.
owned()
{
    if [ "$(owner $sdhi)" = "$2" ]; then
        pass "$1" "$2"
    else
        fail "$1" "$(owner $sdhi) has it"
    fi
}

# config NAME DEVICES SCRIPTS
config()
{
    cat > "/guest/$1.cfg" <<END
name = "$1"
kernel = "/guest/Image"
ramdisk = "/guest/initramfs.cpio.gz"
extra = "console=hvc0 px_guest=$3 px.file=$file px.sum=$sum"
memory = 192
vcpus = 1
on_poweroff = "destroy"
on_crash = "destroy"
dtdev = [ $2 ]
END
}

start_toolstack
mount -t debugfs debugfs /sys/kernel/debug
free=$(free_memory)
step dt-list pxl dt-list
owned dom0-has-it Domain-0
clean dom0

# ---- dom0's

wait_for 120 find_card
mount -t ext4 "$card" /mnt
sum=$(digest /mnt/$file)
config a "\"$sdhi\"" card
config b "\"$sdhi\""
refused in-use "$card is mounted on /mnt" pxl create -q /guest/a.cfg
umount /mnt
if gone a; then
    pass in-use-undone
else
    fail in-use-undone "$(pxl list | tr '\n' ';')"
fi
for other in "/soc/none@0:no such node" \
             "/soc/serial@e6e88000:hypervisor|no such node" \
             "/soc/gpio@e6055400:shares a page of registers" \
             "/soc/i2c@e66d8000:no IOMMU covers|knows no such"; do
    config c "\"${other%%:*}\""
    refused "refused-${other%%:*}" "${other#*:}" pxl create -q /guest/c.cfg
done

# ---- a guest's

step create pxl create /guest/a.cfg
show /tmp/out
if gone a; then
    pxl dmesg | tail -n 20 | sed 's/^/PX-OUT: /'
    return 0
fi
boots a 1
owned guest-has-it a
if find_card 2> /dev/null; then
    fail dom0-lets-go "dom0 still has $card"
else
    pass dom0-lets-go
fi
step iommu-list pxl iommu-list
clean guest
refused taken-create 'a has it' pxl create -q /guest/b.cfg

# ---- there and back

run_in a no-card a
step detach pxl dt-detach a $sdhi
owned in-quarantine "(quarantine)"
refused detach-again 'does not have it' pxl dt-detach a $sdhi
clean quarantine
step give-back pxl dt-detach -r $sdhi
owned dom0-again Domain-0
if wait_for 120 find_card && mount -t ext4 "$card" /mnt; then
    said=$(console a | tr -d '\r' | sed -n 's/.*card-write: PASS //p' | tail -n 1)
    if [ -n "$said" ] && [ "$(digest /mnt/data)" = "$said" ]; then
        pass same-data "$said"
    else
        fail same-data "$(digest /mnt/data), not $said"
    fi
    umount /mnt
else
    fail same-data "no card: $(dmesg | tail -n 1)"
fi
clean dom0-again

step attach pxl dt-attach a $sdhi
owned guest-again a
run_in a card again
clean guest-again

# ---- the end, in the middle of a transfer

type_in a 'dd if=/dev/mmcblk0 of=/dev/null bs=128k iflag=direct &'
type_in a 'dd if=/dev/mmcblk0 of=/dev/null bs=64k skip=1000 iflag=direct &'
sleep 3
step destroy pxl destroy a
echo "PX-MARK: destroyed"
if wait_for 60 gone a; then
    pass destroyed
else
    fail destroyed "$(pxl list | tr '\n' ';')"
fi
owned after-destroy "(quarantine)"
clean destroy
step back-to-dom0 pxl dt-detach -r $sdhi
if wait_for 120 find_card && mount -t ext4 "$card" /mnt &&
   [ "$(digest /mnt/$file)" = "$sum" ]; then
    pass dom0-in-the-end "$file is what it was"
    umount /mnt
else
    fail dom0-in-the-end "$(dmesg | tail -n 1)"
fi
clean end
all_freed "$free"
