# SPDX-License-Identifier: GPL-2.0-or-later
#
# story.sh - what `make run` shows: a guest is given an NVMe disk and another
# device, uses the one and attacks with the other. Then, with px.shell=1, a
# shell of dom0, while the guest runs on.

. /tests/toolstack.sh
. /tests/telling.sh

# The machine is run.py's.
nvme=01:00.0
edu=03:00.0

cat > /guest/demo.cfg <<END
name = "demo"
kernel = "/guest/Image"
ramdisk = "/guest/initramfs.cpio.gz"
extra = "console=hvc0 px_guest=fs px.fs=nvme0n1 px.fs_mib=32 px.ram=$(option ram) px.targets=$(option targets)"
memory = 256
vcpus = 2
on_crash = "destroy"
pci = [ "$nvme", "$edu" ]
END

chapter "dom0: the toolstack, and two devices that it lets go of"
start_toolstack
shown assignable pxl pci-assignable-add $nvme $edu
shown assignable-list pxl pci-assignable-list

chapter "A guest that owns both: its configuration, and its start"
cat /guest/demo.cfg
shown create pxl create /guest/demo.cfg
guest_says "fs-write: PASS" 1 guest-writes
wait_for 60 says demo PX-SHELL
shown list pxl list
shown pci-list pxl pci-list demo

chapter "It reboots, and reads the disk back"
shown reboot pxl reboot demo
guest_says "fs-read: PASS" 1 guest-reads
wait_for 60 says demo PX-SHELL 2

chapter "What devices reach is what domains have, frame by frame"
shown iommu-list pxl iommu-list
shown audit pxl iommu-audit --all

chapter "The guest tells its other device to read and write what is not its own"
type_in demo ". /tests/run.sh attack"
attack_named demo "PX-GUEST-DONE: attack" edu- "sid 0x300 (d[0-9]"
shown audit-again pxl iommu-audit --all

end_of_story
