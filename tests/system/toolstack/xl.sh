# SPDX-License-Identifier: GPL-2.0-or-later
#
# xl.sh - Debian's xl in dom0: the daemons, the life of a guest with a PV
# console, and everything as before when it is gone.

. /tests/toolstack.sh

guest_id() { xl domid guest 2> /dev/null; }
gone() { ! guest_id; }
free_memory() { xl info | awk '/^free_memory/ { print $3 }'; }
state() { xl list guest | awk 'NR == 2 { print $5 }'; }
state_has() { state | grep -q "$1"; }

start_toolstack
step xl-info xl info
step xl-list xl list
step xl-dmesg xl dmesg
free=$(free_memory)

step xl-create xl create /guest/guest.cfg
if ! guest_id > /dev/null; then
    sed 's/^/PX-OUT: /' /tmp/xenconsoled.log
    xenstore-ls -f | sed 's/^/PX-OUT: /' | grep -E 'console|domain/'
    return 0
fi
step xl-list-guest xl list
step xl-vcpu-list xl vcpu-list
if wait_for 300 says guest PX-SHELL; then
    pass guest-boots "$(console guest | grep PX-SHELL)"
else
    fail guest-boots "no shell on its console"
    show_console guest
fi

type_in guest 'echo answer $((6 * 7)) on $(nproc)'
if wait_for 60 says guest "answer 42 on 2"; then
    pass guest-console "it answers on $tty"
else
    fail guest-console "no answer on $tty"
fi

step xl-pause xl pause guest
step xl-paused state_has p
step xl-unpause xl unpause guest
step xl-vcpu-pin xl vcpu-pin guest 0 1
step xl-vcpu-pinned sh -c "xl vcpu-list guest | grep ' 1 / '"
step xl-sched xl sched-credit2

# A reboot is a new domain; its shutdown leaves none.
boots() { says guest PX-SHELL "$1"; }
expect_gone()
{
    if wait_for 60 gone; then
        pass "$1"
    else
        fail "$1" "$(xl list)"
    fi
}
step xl-reboot xl reboot guest
if wait_for 120 boots 2 && [ "$(guest_id)" = 2 ]; then
    pass guest-reboots "as domain 2"
else
    fail guest-reboots "$(xl list)"
    tail -n 40 /var/log/xen/xl-guest.log
    show_console guest
fi
type_in guest 'echo "/bin/poweroff -f" > /proc/sys/kernel/poweroff_cmd; echo ready $((1 + 1))'
wait_for 60 says guest "ready 2"
# Not before the reboot: libxl would build the next one to that size.
step xl-mem-set xl mem-set guest 160
step xl-shutdown xl shutdown guest
expect_gone guest-shuts-down
step xl-create-again xl create /guest/guest.cfg
wait_for 300 boots 3
step xl-destroy xl destroy guest
expect_gone guest-destroyed
step xl-create-paused xl create -p /guest/guest.cfg
step xl-destroy-paused xl destroy guest
expect_gone guest-never-ran
sleep 3
if [ "$(xl list | wc -l)" = 2 ]; then
    pass no-zombie "nothing of the dead is left"
else
    fail no-zombie "$(xl list)"
    xl debug-keys q
    xl dmesg | tail -n 20
fi
if [ "$(free_memory)" = "$free" ]; then
    pass free-memory "$free MiB as before"
else
    fail free-memory "$(free_memory) MiB, $free before"
fi
