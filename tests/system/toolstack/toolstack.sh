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

# ---- pxl

# refused NAME PATTERN COMMAND... - it fails, and says what is looked for.
refused()
{
    name=$1
    pattern=$2
    shift 2
    if "$@" > /tmp/out 2>&1; then
        fail "$name" "it was done: $*"
    elif grep -qE "$pattern" /tmp/out; then
        pass "$name" "$(grep -E "$pattern" /tmp/out | head -n 1)"
    else
        fail "$name" "no /$pattern/ from $*"
        show /tmp/out
    fi
}

# shows NAME PATTERN COMMAND... - it succeeds, and shows what is looked for.
shows()
{
    name=$1
    pattern=$2
    shift 2
    if "$@" > /tmp/out 2>&1 && grep -qE "$pattern" /tmp/out; then
        pass "$name" "$(grep -E "$pattern" /tmp/out | head -n 1)"
    else
        fail "$name" "no /$pattern/ from $*"
        show /tmp/out
    fi
}

# clean NAME - what devices reach is what domains have, for every domain.
clean()
{
    if pxl iommu-audit --all > /tmp/out 2>&1 &&
       grep -q 'no difference' /tmp/out; then
        pass "audit-$1" "$(sed 's/, no difference//' /tmp/out | tr '\n' ';')"
    else
        fail "audit-$1" "$(grep -v 'no difference' /tmp/out | head -n 1)"
        show /tmp/out
    fi
}

domid() { pxl list "$1" 2> /dev/null | awk 'NR == 2 { print $2 }'; }
gone() { [ -z "$(domid "$1")" ]; }
free_memory() { pxl info | awk '/^free_memory/ { print $3 }'; }
# all_freed MIB - so much was free before.
all_freed()
{
    as_before() { [ "$(free_memory)" = "$free" ]; }
    free=$1
    if wait_for 60 as_before; then
        pass free-memory "$free MiB as before"
    else
        fail free-memory "$(free_memory) MiB, $free before"
    fi
}

# run_in GUEST SCRIPT PREFIX [SECONDS] - a script of the guest's, by its shell;
# verdicts are PREFIX-NAME.
run_in()
{
    before=$(console "$1" | grep -c "^PX-GUEST-DONE: $2")
    lines=$(console "$1" | wc -l)
    type_in "$1" ". /tests/run.sh $2"
    wait_for "${4:-300}" says "$1" "PX-GUEST-DONE: $2" $((before + 1)) ||
        fail "$3-$2" "it did not end in ${4:-300} s"
    console "$1" | tail -n +$((lines + 1)) | tr -d '\r' > /tmp/said
    sed -n "s/^PX-GUEST: /PX-TEST: $3-/p; s/^PX-INFO: /&$3: /p" /tmp/said
    grep -q '^PX-GUEST: .*PASS' /tmp/said || show /tmp/said
}
