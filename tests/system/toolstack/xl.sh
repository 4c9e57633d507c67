# SPDX-License-Identifier: GPL-2.0-or-later
#
# xl.sh - Debian's xl in dom0: the daemons, the life of a guest with a PV
# console, and everything as before when it is gone.

export PATH=/bin:/usr/sbin:/usr/bin
version=$(cat /sys/hypervisor/version/major).$(cat /sys/hypervisor/version/minor)
mkdir -p /dev/pts
mount -t devpts devpts /dev/pts
ln -s /proc/self/fd /dev/fd
echo 'autoballoon="off"' > /etc/xen/xl.conf

# step NAME COMMAND... - the verdict is the exit status; output is shown.
step()
{
    step=$1
    shift
    if "$@" > /tmp/out 2>&1; then
        sed 's/^/PX-OUT: /' /tmp/out
        pass "$step"
    else
        fail "$step" "exit status $?"
        sed 's/^/PX-OUT: /' /tmp/out
    fi
}

console() { cat /var/log/xen/console/guest-guest.log; }
says() { console | grep -qF "$1"; }
guest_id() { xl domid guest 2> /dev/null; }
gone() { ! guest_id; }
free_memory() { xl info | awk '/^free_memory/ { print $3 }'; }
state() { xl list guest | awk 'NR == 2 { print $5 }'; }
state_has() { state | grep -q "$1"; }

step xenstored xenstored
step xen-init-dom0 "/usr/lib/xen-$version/bin/xen-init-dom0"
step xenconsoled xenconsoled --log=guest
step xl-info xl info
step xl-list xl list
step xl-dmesg xl dmesg
free=$(free_memory)

step xl-create xl create /guest/guest.cfg
step xl-list-guest xl list
step xl-vcpu-list xl vcpu-list
if wait_for 300 says PX-SHELL; then
    pass guest-boots "$(console | grep PX-SHELL)"
else
    fail guest-boots "no shell on its console"
    console | tail -n 40
fi

# Input: xenconsoled's end of the console is a terminal.
tty=$(xenstore-read "/local/domain/$(guest_id)/console/tty")
echo 'echo answer $((6 * 7))' > "$tty"
if wait_for 60 says "answer 42"; then
    pass guest-console "it answers on $tty"
else
    fail guest-console "no answer on $tty"
fi

step xl-pause xl pause guest
step xl-paused state_has p
step xl-unpause xl unpause guest
step xl-vcpu-pin xl vcpu-pin guest 0 1
step xl-vcpu-pinned sh -c "xl vcpu-list guest | grep ' 1 / '"
step xl-mem-set xl mem-set guest 160
step xl-sched xl sched-credit2
step xl-destroy xl destroy guest
if wait_for 30 gone; then
    pass guest-gone
else
    fail guest-gone "$(xl list)"
fi
sleep 2
if [ "$(free_memory)" = "$free" ]; then
    pass free-memory "$free MiB as before"
else
    fail free-memory "$(free_memory) MiB, $free before"
fi
