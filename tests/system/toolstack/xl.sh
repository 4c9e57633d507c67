# SPDX-License-Identifier: GPL-2.0-or-later
#
# xl.sh - Debian's xl in dom0: the life of guests with a PV console, disk and
# network card, and everything as before when they are gone. The first guest's
# disk is dom0's NVMe: pages it grants are reached by DMA. The second's is a
# file (px.file=1: both). test_toolstack.py types on the console when asked.

. /tests/toolstack.sh
. /tests/peer.sh

free_memory() { xl info | awk '/^free_memory/ { print $3 }'; }
memory() { xl list "$1" | awk 'NR == 2 { print $3 }'; }
has_memory() { [ "$(memory "$1")" = "$2" ]; }
state_has() { xl list "$1" | awk 'NR == 2 { print $5 }' | grep -q "$2"; }
is_pinned() { xl vcpu-list "$1" | grep -q " $2 / "; }
gone() { ! xl domid "$1"; }
expect_gone()
{
    if wait_for 120 gone "$1"; then
        pass "$2"
    else
        fail "$2" "$(xl list)"
    fi
}
# expect NAME WHY COMMAND... - it becomes true in time.
expect()
{
    name=$1
    why=$2
    shift 2
    if wait_for 120 "$@"; then
        pass "$name" "$why"
    else
        fail "$name" "not $why"
        xl list
    fi
}

# Disks, network cards and vCPUs that come and go while the guest runs.
come_and_go()
{
    dd if=/dev/urandom of=/mnt/disk2 bs=64k count=16 2> /dev/null
    sum=$(md5sum < /mnt/disk2 | cut -d' ' -f1)
    step xl-block-attach xl block-attach guest /mnt/disk2,raw,xvdb,r
    type_in guest 'until [ -b /dev/xvdb ]; do sleep 1; done; md5sum < /dev/xvdb'
    expect block-attached "the guest reads it" says guest "$sum"
    step xl-block-list xl block-list guest
    step xl-block-detach xl block-detach guest xvdb
    type_in guest 'while [ -b /dev/xvdb ]; do sleep 1; done; echo disks: $(ls /sys/block)'
    expect block-detached "one disk is left" says guest "disks: xvda"
    step xl-network-attach xl network-attach guest bridge=xenbr0
    type_in guest 'until [ -e /sys/class/net/eth1 ]; do sleep 1; done; echo cards: $(ls /sys/class/net)'
    expect network-attached "the guest has a second card" says guest "cards: eth0 eth1 lo"
    step xl-network-list xl network-list guest
    step xl-network-detach xl network-detach guest 1
    type_in guest 'while [ -e /sys/class/net/eth1 ]; do sleep 1; done; echo left: $(ls /sys/class/net)'
    expect network-detached "one card is left" says guest "left: eth0 lo"
    cpu_1_is() { xl vcpu-list guest | awk '$3 == 1 { print $5 }' | grep -q "$1"; }
    step xl-vcpu-set xl vcpu-set guest 1
    expect vcpu-offline "vCPU 1 is paused" cpu_1_is p
    step xl-vcpu-set-back xl vcpu-set guest 2
    # Linux leaves the last step to its user land.
    type_in guest 'until echo 1 > /sys/devices/system/cpu/cpu1/online; do sleep 1; done'
    expect vcpu-online "vCPU 1 runs or waits" cpu_1_is '[br]'
}

start_toolstack
step bridge start_bridge
serve
# The file behind the second guest's disk.
mke2fs /dev/nvme1n1 > /dev/null 2>&1
step mount mount -t ext4 /dev/nvme1n1 /mnt
dd if=/dev/null of=/mnt/disk bs=1M seek=32 2> /dev/null
if [ "$(option file)" = 1 ]; then
    dd if=/dev/null of=/mnt/disk0 bs=1M seek=24 2> /dev/null
    sed -i s,/dev/nvme0n1,/mnt/disk0, /guest/guest.cfg
fi

step xl-info xl info
step xl-list xl list
step xl-dmesg xl dmesg
free=$(free_memory)

step xl-create xl create /guest/guest.cfg
if gone guest > /dev/null 2>&1; then
    show /tmp/xenconsoled.log
    tail -n 40 /var/log/xen/xen-hotplug.log | sed 's/^/PX-OUT: /'
    return 0
fi
step xl-list-guest xl list
step xl-vcpu-list xl vcpu-list
boots guest 1
fetch_from 10.9.0.2

echo "PX-INFO: type on the guest's console"
if xl console guest < /dev/console && says guest "answer 42 on 2"; then
    pass xl-console
else
    fail xl-console "no answer"
fi

step xl-pause xl pause guest
step xl-paused state_has guest p
if ping -c 2 -W 2 10.9.0.2 > /dev/null; then
    fail guest-paused "it answers"
else
    pass guest-paused "it is silent"
fi
step xl-unpause xl unpause guest
expect guest-unpaused "it answers" ping -c 1 -W 2 10.9.0.2

step xl-vcpu-pin xl vcpu-pin guest 0 1
step xl-vcpu-pinned is_pinned guest 1
step xl-sched xl sched-credit2

# The balloon: down, the hypervisor has the memory, and up again.
idle=$(free_memory)
step xl-mem-set xl mem-set guest 192
expect balloon-down "the guest has 192 MiB" has_memory guest 192
# Less than one goes into page tables: blocks have become pages.
more_free() { [ "$(free_memory)" -ge $((idle + 63)) ]; }
expect balloon-freed "64 MiB more are free, but for page tables" more_free
step xl-mem-set-back xl mem-set guest 256
expect balloon-up "the guest has 256 MiB" has_memory guest 256
fetch_from 10.9.0.2

# A reboot is a new domain. This time every request maps its grants anew.
echo 0 > /sys/module/xen_blkback/parameters/feature_persistent
old=$(xl domid guest)
step xl-reboot xl reboot guest
boots guest 2
expect guest-reboots "another domain" [ "$(xl domid guest)" != "$old" ]

come_and_go

# Two guests, and their traffic.
step xl-create-second xl create /guest/guest2.cfg
boots guest2 1
# It ends while it writes.
type_in guest2 'echo 1 > /proc/sys/kernel/sysrq; dd if=/dev/zero of=/dev/xvda bs=64k oflag=direct count=100000 & echo writing $((1 + 1))'
expect guest2-writes "it writes" says guest2 "writing 2"
step xl-list-long xl list -l
step xl-info-numa xl info -n
step xl-rename xl rename guest2 other
step xl-sysrq xl sysrq other c
expect_gone other guest2-ends
expect guest2-panics "it says so" says guest2 "sysrq: Trigger a crash"

step xl-shutdown xl shutdown guest
expect_gone guest guest-shuts-down

# Again on the same disk, and destroyed while dom0's NVMe reads its pages.
step xl-create-again xl create /guest/guest.cfg
boots guest 3
type_in guest 'dd if=/dev/urandom of=/dev/xvda bs=64k oflag=direct count=100000 & echo writing $((1 + 1))'
expect guest-writes "it writes" says guest "writing 2"
step xl-destroy-writer xl destroy guest
expect_gone guest guest-destroyed

step xl-create-paused xl create -p /guest/guest.cfg
step xl-destroy-paused xl destroy guest
expect_gone guest guest-never-ran

nobody() { [ "$(xl list | wc -l)" = 2 ]; }
expect no-zombie "nobody but dom0" nobody
if ! nobody; then
    xl debug-keys q
    xl dmesg | tail -n 20
fi
as_before() { [ "$(free_memory)" = "$free" ]; }
expect free-memory "$free MiB free, as before" as_before
bad=$(dmesg | grep -E 'WARNING:|BUG:|Oops|Call trace|rcu.*stall|nobody cared')
if [ -z "$bad" ]; then
    pass kernel-log "no warning"
else
    fail kernel-log "$(echo "$bad" | head -n 1)"
    dmesg | tail -n 60
fi
