# SPDX-License-Identifier: GPL-2.0-or-later
#
# pxl-life.sh - the life of guests by pxl alone: what is wrong with a
# configuration is said and leaves nothing behind; PV console, disk and network
# card, at creation and on a running guest; reboot, shutdown, destruction while
# it writes; and everything as before when they are gone. Of Debian's tools
# only xenstored and xenconsoled run. test_pxl_life.py types on the console
# when it is asked to.

. /tests/toolstack.sh
. /tests/peer.sh

cfg=/guest/guest.cfg
rounds=$(option rounds)

free_memory() { pxl info | awk '/^free_memory/ { print $3 }'; }
state_has() { pxl list "$1" | awk 'NR == 2 { print $5 }' | grep -q "$2"; }
gone() { ! pxl domid "$1"; }
processes() { ps | grep -c "[p]xl create"; }

# expect NAME WHY COMMAND... - it becomes true within a minute.
expect()
{
    name=$1
    why=$2
    shift 2
    if wait_for 60 "$@"; then
        pass "$name" "$why"
    else
        fail "$name" "not: $why"
        pxl list
    fi
}

# xenstore, but for what the daemons and dom0 have there all the time.
entries() { xenstore-ls -f | grep -vE '^/(tool|local/domain/0/(name|domid|control))' | grep -c ' = "[^"]'; }
nothing_left()
{
    [ "$(pxl list | wc -l)" = 2 ] && [ "$(entries)" = 0 ] &&
        [ -z "$(losetup -a)" ] && [ "$(processes)" = 0 ] &&
        ! ls /sys/class/net | grep -q '^vif'
}
as_before() { [ "$(free_memory)" = "$free" ]; }

# refused NAME TEXT ARGUMENTS... - pxl create fails, says so, leaves nothing.
refused()
{
    name=$1
    text=$2
    shift 2
    if pxl create -q "$@" > /tmp/out 2>&1; then
        fail "refused-$name" "it was done"
        pxl destroy guest
    elif ! grep -qF "$text" /tmp/out; then
        fail "refused-$name" "not '$text': $(head -n 1 /tmp/out)"
    elif ! wait_for 20 nothing_left; then
        fail "refused-$name" "something is left: $(pxl list; xenstore-ls -f)"
    else
        pass "refused-$name" "$(head -n 1 /tmp/out)"
    fi
}

mkdir -p /dev/pts /etc/xen
mount -t devpts devpts /dev/pts
step xenstored xenstored
xenconsoled -i -v --log=guest > /tmp/xenconsoled.log 2>&1 &
modprobe bridge
step bridge start_bridge
serve
mke2fs /dev/nvme1n1 > /dev/null 2>&1
step mount mount -t ext4 /dev/nvme1n1 /mnt
dd if=/dev/null of=/mnt/disk bs=1M seek=32 2> /dev/null
dd if=/dev/null of=/mnt/more bs=1M seek=8 2> /dev/null
free=$(free_memory)

# ---- what cannot be done

sed 's/nvme0n1,raw/nvme0n1,qcow2/' $cfg > /tmp/format.cfg
sed '/^kernel/d' $cfg > /tmp/kernel.cfg
line=$(grep -n '^disk' $cfg | cut -d : -f 1)
refused format "/tmp/format.cfg:$line: disk: format qcow2" /tmp/format.cfg
refused kernel "/tmp/kernel.cfg: no kernel" /tmp/kernel.cfg
refused no-image 'no arm64 Image' $cfg 'kernel="/init"'
refused no-file '/nowhere: cannot open it' $cfg 'ramdisk="/nowhere"'
refused memory "MiB are missing; dom0 has 768 MiB" $cfg memory=8000
refused small "too few for a kernel" $cfg memory=30
refused mounted 'mounted?' $cfg 'disk="/dev/nvme1n1,raw,xvda,w"'
refused no-disk 'cannot find /dev/nothing' $cfg 'disk="/dev/nothing,raw,xvda,w"'
refused no-bridge 'no bridge br9' $cfg 'vif="bridge=br9"'
refused cpus "there is no CPU or node 9" $cfg 'cpus="9"'
refused setting "'vuart' is not supported" $cfg 'vuart="sbsa_uart"'
refused dry-run 'passthrough = "disabled", but there are PCI devices' \
    -n $cfg 'pci="01:00.0"' 'passthrough="disabled"'
refused vnc 'no display' -V $cfg
refused action 'on_crash = "soft-reset" is not supported' $cfg \
    'on_crash="soft-reset"'
# The last step but one fails: all before it is undone.
refused pci "." $cfg 'pci=["00:1f.7"]'

# Stopped while it is being built. (Background jobs get no SIGINT.)
for delay in 0.3 0.8 1.5; do
    pxl create -q $cfg > /tmp/out 2>&1 &
    creator=$!
    sleep $delay
    kill -TERM $(ps | awk '/[p]xl create/ { print $1 }') 2> /dev/null
    wait $creator
    gone guest > /dev/null 2>&1 || pxl destroy guest
    expect "interrupted-$delay" "nothing is left" nothing_left
done
expect interrupted-memory "$free MiB free" as_before

# ---- a guest

step create pxl create $cfg
gone guest > /dev/null 2>&1 && { show /tmp/xenconsoled.log; return 0; }
step same-name sh -c "pxl create -q $cfg 2>&1 | grep 'a domain named guest already'"
boots guest 1
fetch_from 10.9.0.2
step audit pxl iommu-audit --all

echo "PX-INFO: type on the guest's console"
if pxl console guest < /dev/console && says guest "answer 42 on 2"; then
    pass console
else
    fail console "no answer"
fi

step pause pxl pause guest
step paused state_has guest p
if ping -c 2 -W 2 10.9.0.2 > /dev/null; then
    fail guest-paused "it answers"
else
    pass guest-paused "it is silent"
fi
step unpause pxl unpause guest
expect guest-unpaused "it answers" ping -c 1 -W 2 10.9.0.2

# ---- disks and network cards come and go

step block-attach pxl block-attach guest phy:/mnt/more,xvdb,w
type_in guest '. /tests/lib.sh; wait_for 30 test -b /dev/xvdb; echo hello world > /dev/xvdb; sync; echo wrote $((1 + 1))'
expect block-written "the guest writes" says guest "wrote 2"
if pxl block-attach guest /mnt/more,raw,xvdc,w 2> /tmp/out; then
    fail block-twice "two writers"
else
    pass block-twice "$(cat /tmp/out)"
fi
step block-list sh -c 'pxl block-list guest | grep "xvdb.*4.*/mnt/more"'
step block-detach pxl block-detach guest xvdb
if [ "$(head -c 11 /mnt/more)" = "hello world" ] && [ -z "$(losetup -a)" ]; then
    pass block-detached "its file has what the guest wrote"
else
    fail block-detached "$(losetup -a; head -c 11 /mnt/more)"
fi

step network-attach pxl network-attach guest mac=00:16:3e:00:00:22
type_in guest '. /tests/lib.sh; wait_for 30 ip link show eth1; ip link set eth0 down; ip link set eth1 up; ip addr add 10.9.0.22/24 dev eth1; echo there $((1 + 1))'
expect network-there "the guest has eth1" says guest "there 2"
fetch_from 10.9.0.22
step network-list sh -c 'pxl network-list guest | grep "00:16:3e:00:00:22.*4.*xenbr0"'
step network-detach pxl network-detach guest 00:16:3e:00:00:22
expect network-gone "no second vif" [ ! -e /sys/class/net/vif1.1 ]

# ---- its ends

# This time every request maps its grants anew.
echo 0 > /sys/module/xen_blkback/parameters/feature_persistent
# What was attached while it ran stays; what was detached does not come back.
step block-attach-again pxl block-attach guest /mnt/more,raw,xvdb,w
old=$(pxl domid guest)
step reboot pxl reboot -w guest
boots guest 2
expect rebooted "another domain" [ "$(pxl domid guest)" != "$old" ]
step block-stays sh -c 'pxl block-list guest | grep "xvdb.*w.*/mnt/more"'
type_in guest 'head -c 11 /dev/xvdb; echo " read $((1 + 1))"'
expect block-stays-readable "the guest reads it" says guest "hello world read 2"
if [ "$(pxl network-list guest | wc -l)" = 2 ]; then
    pass network-stays-away
else
    fail network-stays-away "$(pxl network-list guest)"
fi

# Set aside at its reboot, it leaves its disk to the one that follows.
step create-second pxl create /guest/guest2.cfg 'on_reboot="rename-restart"'
boots guest2 1
old=$(pxl domid guest2)
step rename-restart pxl reboot guest2
boots guest2 2
step set-aside state_has "guest2-$old" s
if [ "$(pxl block-list "guest2-$old" | wc -l)" = 1 ] &&
   [ "$(pxl block-list guest2 | wc -l)" = 2 ]; then
    pass disk-follows
else
    fail disk-follows "$(pxl block-list "guest2-$old" guest2)"
fi
step destroy-set-aside pxl destroy "guest2-$old"
type_in guest2 'dd if=/dev/zero of=/dev/xvda bs=64k oflag=direct count=100000 & echo writing $((1 + 1))'
expect guest2-writes "it writes" says guest2 "writing 2"
step destroy pxl destroy guest2
expect guest2-destroyed "it is gone" gone guest2
fetch_from 10.9.0.2

step shutdown pxl shutdown -w guest
expect guest-shut-down "it is gone" gone guest
expect all-gone "nothing is left" nothing_left
expect all-memory "$free MiB free" as_before

step create-paused pxl create -p $cfg
# On a terminal a thread shows how far it is.
step destroy-paused sh -c 'pxl destroy guest 2> /dev/console'

# A guest that ends by itself, with its console here.
step create-console timeout 200 pxl create -c $cfg \
    'extra="console=hvc0 panic=1 rdinit=/sbin/poweroff"' < /dev/null
expect created-and-gone "it has powered off" gone guest

i=0
while [ "$i" -lt "${rounds:-20}" ]; do
    i=$((i + 1))
    pxl create -q $cfg && sleep 0.$((i % 10)) && pxl destroy guest || break
done > /tmp/out 2>&1
if [ "$i" = "${rounds:-20}" ] && gone guest 2> /dev/null; then
    pass rounds "$i times made and destroyed"
else
    fail rounds "at round $i"
    show /tmp/out
fi

expect nothing-left "no domain, loop device, vif, process or entry" nothing_left
nothing_left || { pxl list; xenstore-ls -f; losetup -a; ps; }
expect free-memory "$free MiB free, as before" as_before
bad=$(dmesg | grep -E 'WARNING:|BUG:|Oops|Call trace|rcu.*stall|nobody cared')
if [ -z "$bad" ]; then
    pass kernel-log "no warning"
else
    fail kernel-log "$(echo "$bad" | head -n 1)"
    dmesg | tail -n 60
fi
show /var/log/xen/pxl-guest.log
