# SPDX-License-Identifier: GPL-2.0-or-later
#
# xl.sh - Debian's xl in dom0: the life of guests with a PV console, disk and
# network card, and everything as before when they are gone. The first guest's
# disk is dom0's NVMe: pages it grants are reached by DMA. The second's is a
# file. test_toolstack.py types on the console when it is asked to.

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
    if wait_for 60 gone "$1"; then
        pass "$2"
    else
        fail "$2" "$(xl list)"
    fi
}
# expect NAME WHY COMMAND... - it becomes true within a minute.
expect()
{
    name=$1
    why=$2
    shift 2
    if wait_for 60 "$@"; then
        pass "$name" "$why"
    else
        fail "$name" "not $why"
        xl list
    fi
}

start_toolstack
step bridge start_bridge
serve
# The file behind the second guest's disk.
mke2fs /dev/nvme1n1 > /dev/null 2>&1
step mount mount -t ext4 /dev/nvme1n1 /mnt
dd if=/dev/null of=/mnt/disk bs=1M seek=32 2> /dev/null

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

# Two guests, and their traffic.
step xl-create-second xl create /guest/guest2.cfg
boots guest2 1
# Destroyed while it writes.
type_in guest2 'dd if=/dev/zero of=/dev/xvda bs=64k oflag=direct count=100000 & echo writing $((1 + 1))'
expect guest2-writes "it writes" says guest2 "writing 2"
step xl-destroy xl destroy guest2
expect_gone guest2 guest2-destroyed

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
