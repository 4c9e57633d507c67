# SPDX-License-Identifier: GPL-2.0-or-later
#
# toolstack.sh - what the scripts here share, after `. /tests/toolstack.sh`.

export PATH=/bin:/usr/sbin:/usr/bin
xen_version=$(cat /sys/hypervisor/version/major).$(cat /sys/hypervisor/version/minor)

# start_toolstack - xenstored, dom0's entries, xenconsoled (each guest's
# console is /var/log/xen/console/guest-NAME.log), and the back ends' modules.
start_toolstack()
{
    mkdir -p /dev/pts
    mount -t devpts devpts /dev/pts
    ln -s /proc/self/fd /dev/fd
    ln -s /proc/self/fd/0 /dev/stdin
    echo 'autoballoon="off"' > /etc/xen/xl.conf
    for module in xen-blkback xen-netback bridge loop; do
        modprobe "$module"
    done
    step xenstored xenstored
    step xen-init-dom0 "/usr/lib/xen-$xen_version/bin/xen-init-dom0"
    # In the foreground it says what is wrong.
    xenconsoled -i -v --log=guest > /tmp/xenconsoled.log 2>&1 &
}

# start_bridge - the bridge xenbr0, dom0 is 10.9.0.1.
start_bridge()
{
    brctl addbr xenbr0 &&
        echo 0 > /sys/class/net/xenbr0/bridge/forward_delay &&
        ip addr add 10.9.0.1/24 dev xenbr0 && ip link set xenbr0 up
}

# show FILE - its lines, so that no tool takes them for verdicts.
show() { sed 's/^/PX-OUT: /' "$1"; }

# step NAME COMMAND... - the verdict is the exit status; output is shown.
step()
{
    step=$1
    shift
    if "$@" > /tmp/out 2>&1; then
        show /tmp/out
        pass "$step"
    else
        fail "$step" "exit status $?"
        show /tmp/out
    fi
}

# console GUEST - what it has printed since its first boot.
console() { cat "/var/log/xen/console/guest-$1.log" 2> /dev/null; }
# says GUEST TEXT [TIMES]
says() { [ "$(console "$1" | grep -cF "$2")" -ge "${3:-1}" ]; }
# show_console GUEST - its end.
show_console() { console "$1" | tail -n 40 | sed 's/^/PX-OUT: /'; }

# type_in GUEST TEXT - xenconsoled's end of its console is a terminal.
type_in()
{
    domid=$(xenstore_domid "$1")
    tty=$(xenstore-read "/local/domain/$domid/console/tty")
    echo "$2" > "$tty"
}

# xenstore_domid GUEST - by name, without a toolstack.
xenstore_domid()
{
    for id in $(xenstore-list /local/domain); do
        [ "$(xenstore-read "/local/domain/$id/name" 2> /dev/null)" = "$1" ] &&
            echo "$id"
    done | sort -n | tail -n 1
}

# relay GUEST BOOT - the verdicts of its scripts, from its first, second, ...
# boot, as ours: GUEST-BOOT-NAME.
relay()
{
    console "$1" | tr -d '\r' |
        awk -v boot="$2" '/^PX-SHELL/ { seen++ } seen + 1 == boot' |
        sed -n "s/^PX-GUEST: /PX-TEST: $1-$2-/p"
}

# boots GUEST BOOT - wait until it has a shell for so many times; its verdicts.
boots()
{
    if wait_for 300 says "$1" PX-SHELL "$2"; then
        pass "$1-boot-$2" "$(console "$1" | grep PX-SHELL | tail -n 1)"
    else
        fail "$1-boot-$2" "no shell on its console"
        show_console "$1"
    fi
    relay "$1" "$2"
}
