# SPDX-License-Identifier: GPL-2.0-or-later
#
# pxl.sh - pxl's lists and settings next to xl's. Output goes to the test as
# lines "PX-TEXT: NAME: ...", which test_pxl.py reads and compares.

. /tests/toolstack.sh

# text NAME COMMAND... - its output, and a verdict of its exit status.
text()
{
    text=$1
    shift
    if "$@" > /tmp/out 2> /tmp/err; then
        pass "$text"
    else
        fail "$text" "exit status $?"
    fi
    sed "s/^/PX-TEXT: $text: /" /tmp/out
    sed "s/^/PX-OUT: /" /tmp/err
}

# both NAME ARGUMENTS... - from xl and from pxl, at the same time.
both()
{
    both=$1
    shift
    text "xl-$both" xl "$@"
    text "pxl-$both" pxl "$@"
}

# refuses NAME TEXT COMMAND... - exit status 1, and a message with that text.
# misused: the same with 2.
refuses() { refused_with 1 "$@"; }
misused() { refused_with 2 "$@"; }
refused_with()
{
    wanted=$1 refuses=$2 says=$3
    shift 3
    "$@" > /tmp/out 2> /tmp/err
    rc=$?
    if [ $rc != "$wanted" ]; then
        fail "refuses-$refuses" "exit status $rc"
    elif ! grep -qF -- "$says" /tmp/err; then
        fail "refuses-$refuses" "not '$says': $(head -n 1 /tmp/err)"
    else
        pass "refuses-$refuses" "$(head -n 1 /tmp/err)"
    fi
}

# Without xenstored, what needs it says so.
refuses no-xenstored 'start xenstored' pxl rename 0 other
step pxl-list-alone pxl list

start_toolstack
text help pxl help
both info info
both info-n info -n
both list list
both list-v list -v
both vcpu-list vcpu-list
both uptime uptime
both sched sched-credit2
text json-info pxl info -n --json
text json-list pxl list --json
text json-vcpu-list pxl vcpu-list --json
text json-sched pxl sched-credit2 --json
text json-uptime pxl uptime --json
text json-long pxl list -l
text domid pxl domid Domain-0
text domname pxl domname 0
text prefix pxl vcpu-l

# What is printed goes to the hypervisor's messages, too: not until the end.
step debug-keys pxl debug-keys q
pxl dmesg > /tmp/dmesg.pxl
xl dmesg > /tmp/dmesg.xl
pxl dmesg -c > /tmp/dmesg.clear
pxl dmesg > /tmp/dmesg.cleared
step dmesg grep "'q' pressed" /tmp/dmesg.pxl
step dmesg-like-xl cmp /tmp/dmesg.pxl /tmp/dmesg.xl
step dmesg-clears cmp /tmp/dmesg.pxl /tmp/dmesg.clear
step dmesg-cleared [ ! -s /tmp/dmesg.cleared ]

refuses unknown 'command not implemented' pxl nonsense
refuses ambiguous 'which one' pxl vcpu
misused option 'option -Q not supported' pxl list -Q
misused long-option 'option --nonsense not supported' pxl list --nonsense
misused no-value 'option -d needs a value' pxl sched-credit2 -d
misused arguments 'Usage: pxl' pxl mem-set 0
# xl's exit status, whatever it says.
for args in nonsense "list -Q" "mem-set 0" "list nonsense" "pause" "list"; do
    # shellcheck disable=SC2086  # a command and its arguments
    xl $args > /dev/null 2>&1
    wanted=$?
    # shellcheck disable=SC2086
    pxl $args > /dev/null 2>&1
    rc=$?
    if [ $rc = $wanted ]; then
        pass "status-$(echo "$args" | tr -d ' ')" "$rc"
    else
        fail "status-$(echo "$args" | tr -d ' ')" "$rc, xl's is $wanted"
    fi
done
refuses domain 'nonsense is an invalid domain identifier' pxl list nonsense
refuses number '77 is an invalid domain identifier' pxl vcpu-list 77
refuses cpus "'3-1' is no list of CPUs" pxl vcpu-pin 0 0 3-1
refuses cpu 'there is no CPU' pxl vcpu-pin 0 0 99
refuses vcpu 'has no vCPU 9' pxl vcpu-pin 0 9 all
refuses weight 'from 1 to 65535' pxl sched-credit2 -d 0 -w 0
refuses whose 'Name the domain' pxl sched-credit2 -w 5
refuses memory 'is no amount of memory' pxl mem-set 0 12x
refuses little-memory 'would not survive' pxl mem-set 0 4m
refuses keys 'from 1 to 32' pxl debug-keys ''

# ---- With a guest, which xl makes.

step xl-create xl create /guest/plain.cfg
wait_for 300 says guest PX-SHELL || show_console guest
both list-guest list
both list-one list guest
both vcpu-list-guest vcpu-list guest
text json-guest pxl list --json guest
both long list -l guest
text json-vcpus pxl vcpu-list --json guest
both domid domid guest
both uptime-guest uptime guest

text pin pxl vcpu-pin guest 1 1 0-1
text pin-keep pxl vcpu-pin guest 0 - 0
both pinned vcpu-list guest
text unpin pxl vcpu-pin guest all all all
both unpinned vcpu-list guest
text set-sched pxl sched-credit2 -d guest -w 512 -c 50
both sched-guest sched-credit2 -d guest
text unset-sched pxl sched-credit2 -d guest -c 0

memory() { [ "$(pxl list guest | awk 'NR == 2 { print $3 }')" -le "$1" ]; }
text mem-set pxl mem-set guest 150m
wait_for 60 memory 150
both mem-smaller list guest
text mem-target xenstore-read "/local/domain/$(pxl domid guest)/memory/target"
refuses mem-max 'has a target of 150 MiB' pxl mem-max guest 100
refuses too-much 'can have up to 192 MiB' pxl mem-set guest 1g
text mem-back pxl mem-set guest 192
text mem-max pxl mem-max guest 192

refuses vcpus 'from 1 to 2 vCPUs' pxl vcpu-set guest 3
text vcpu-set pxl vcpu-set guest 1
online() { [ "$(pxl list guest | awk 'NR == 2 { print $4 }')" = "$1" ]; }
wait_for 60 online 1
both one-vcpu vcpu-list guest
text vcpu-back pxl vcpu-set guest 2
# Linux leaves it to udev to use a CPU that came back.
type_in guest 'echo 1 > /sys/devices/system/cpu/cpu1/online'
wait_for 60 online 2
text two-vcpus pxl list guest

refuses taken "there is a domain 'guest'" pxl rename 0 guest
refuses digits 'taken for a domain' pxl rename guest 12
text rename pxl rename guest other
both renamed list other
text sysrq pxl sysrq other h
type_in other "dmesg | grep -i sysrq"
wait_for 30 says guest sysrq: && pass sysrq-arrives

step xl-destroy xl destroy other
gone() { ! pxl domid "$1"; }
wait_for 60 gone other
refuses gone 'invalid domain identifier' pxl domid other

# ---- With a guest that pxl makes: xl sees it.

refuses no-file '/guest/none.cfg: No such file' pxl create /guest/none.cfg
printf 'name = "x"\nkernel = "/guest/Image\n' > /tmp/bad.cfg
refuses bad-file '/tmp/bad.cfg:2: a string is not closed' pxl create /tmp/bad.cfg
printf 'name = "x"\nkernel = "/none"\nmemory = 64\n' > /tmp/bad.cfg
refuses no-kernel '/tmp/bad.cfg:2: ' pxl create /tmp/bad.cfg
step create-made pxl create -p /guest/plain.cfg
both list-made list guest
both domid-made domid guest
text long-made pxl list -l guest
text xl-paused xl list guest
step unpause-made xl unpause guest
step pause-made xl pause guest
step destroy-made pxl destroy guest
wait_for 60 gone guest
refuses destroyed 'invalid domain identifier' pxl domid guest
