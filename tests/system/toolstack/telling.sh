# SPDX-License-Identifier: GPL-2.0-or-later
#
# telling.sh - for scripts that show a person what they do, after toolstack.sh.

# chapter TEXT - what comes next.
chapter() { printf '\n---- %s\n' "$*"; }

# shown NAME COMMAND... - as a user would type it; the verdict is its status.
shown()
{
    name=$1
    shift
    echo "dom0# $*"
    if "$@"; then
        pass "$name"
    else
        fail "$name" "exit status $?"
    fi
}

# guest_says WORDS TIMES NAME - a line of the guest's console.
guest_says()
{
    if wait_for 300 says demo "$1" "$2"; then
        pass "$3" "$(console demo | tr -d '\r' | grep -F "$1" | tail -n 1)"
    else
        fail "$3" "its console does not say '$1'"
        show_console demo
    fi
}

# attack_named GUEST DONE WORDS PATTERN - the guest's attack ends, with verdicts
# that begin with PX-GUEST: WORDS, and the hypervisor's log names its device.
attack_named()
{
    if ! wait_for 600 says "$1" "$2"; then
        fail attack "it did not end"
        show_console "$1"
        return
    fi
    console "$1" | tr -d '\r' |
        sed -n "s/^PX-GUEST: $3/PX-TEST: $1-$3/p; /^PX-INFO: own/p"
    shown faults pxl iommu-faults
    named=$(pxl dmesg | grep -c "$4")
    pxl dmesg | grep "$4" | tail -n 3
    if [ "$named" -gt 0 ]; then
        pass attack-named "$named lines name the device"
    else
        fail attack-named "pxl dmesg has no line about it"
    fi
}

# end_of_story - with px.shell=1, a shell of dom0.
end_of_story()
{
    [ "$(option shell)" = 1 ] || return 0
    chapter "A shell of dom0: try pxl help, pxl list, pxl console demo"
    setsid cttyhack sh || sh
}
