# SPDX-License-Identifier: GPL-2.0-or-later
#
# lib.sh - what the test scripts share.  Every verdict is one line:
#   PX-TEST: NAME: PASS|FAIL|SKIP reason

pass() { name=$1; shift; echo "PX-TEST: $name: PASS $*"; }
fail() { name=$1; shift; echo "PX-TEST: $name: FAIL $*"; }
skip() { name=$1; shift; echo "PX-TEST: $name: SKIP $*"; }
info() { echo "PX-INFO: $*"; }

# option NAME - the value of px.NAME on the kernel command line.
option()
{
    tr ' ' '\n' < /proc/cmdline | sed -n "s/^px\.$1=//p"
}

# wait_for SECONDS COMMAND... - until it succeeds.
wait_for()
{
    left=$1
    shift
    until "$@" > /dev/null 2>&1; do
        [ "$left" -gt 0 ] || return 1
        left=$((left - 1))
        sleep 1
    done
}

# count_interrupts WORD - how often lines of /proc/interrupts with WORD fired.
count_interrupts()
{
    awk -v w="$1" 'NR == 1 { cpus = NF }
        index($0, w) { for ( i = 2; i <= cpus + 1; i++ ) n += $i }
        END { print n + 0 }' /proc/interrupts
}
