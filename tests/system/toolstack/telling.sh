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

# end_of_story - with px.shell=1, a shell of dom0.
end_of_story()
{
    [ "$(option shell)" = 1 ] || return 0
    chapter "A shell of dom0: try pxl help, pxl list, pxl console demo"
    setsid cttyhack sh || sh
}
