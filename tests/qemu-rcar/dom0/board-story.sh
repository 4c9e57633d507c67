# SPDX-License-Identifier: GPL-2.0-or-later
#
# board-story.sh - what `make run-rcar` shows: dom0's SD card, which becomes a
# guest's; a DMA controller, given to a guest that attacks with it. Then, with
# px.shell=1, a shell of dom0, while the guests run on.

. /tests/toolstack.sh
. /tests/telling.sh

sdhi=/soc/mmc@ee100000
dmac=/soc/dma-controller@e6700000
file=boot/proxenos

find_card() { card=$(ls /dev/mmcblk?p1) && [ -b "$card" ]; }

chapter "dom0: the SD card that U-Boot has loaded it from"
start_toolstack
mount -t debugfs debugfs /sys/kernel/debug
wait_for 120 find_card
shown mount mount -t ext4 "$card" /mnt
shown files ls -l /mnt/boot
sum=$(sha256sum < /mnt/$file | cut -d ' ' -f 1)
shown unmount umount /mnt

cat > /guest/demo.cfg <<END
name = "demo"
kernel = "/guest/Image"
ramdisk = "/guest/initramfs.cpio.gz"
extra = "console=hvc0 px_guest=card px.file=$file px.sum=$sum"
memory = 192
on_crash = "destroy"
dtdev = [ "$sdhi" ]
END

chapter "A guest that gets the card, by its path in the device tree"
cat /guest/demo.cfg
shown create pxl create /guest/demo.cfg
guest_says "card: PASS" 1 guest-reads
guest_says "card-write: PASS" 1 guest-writes
shown dt-list pxl dt-list

chapter "A guest that gets a DMA controller, and attacks with it"
cat > /guest/attacker.cfg <<END
name = "attacker"
kernel = "/guest/dmac.Image"
extra = "dmac=copy,attack,copy ram=48000000-c0000000/4ff000 ram=600000000-680000000/4ff000 targets=e67b0000,f1010000,e6e88000,680000000,8000000000"
memory = 32
dtdev = [ "$dmac" ]
END
cat /guest/attacker.cfg
shown create-attacker pxl create /guest/attacker.cfg
attack_named attacker PX-GUEST-DONE "" "(d[0-9]* ${dmac##*/}) iova"

chapter "What devices reach is what domains have, frame by frame"
shown iommu-list pxl iommu-list
shown audit pxl iommu-audit --all
shown list pxl list

end_of_story
