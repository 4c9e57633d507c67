# SPDX-License-Identifier: GPL-2.0-or-later
#
# boot.sh - the machine as the kernel sees it: CPUs (px.cpus), memory at least
# px.mem MiB, time that passes, and no complaint of the kernel.

cpus=$(option cpus)
if [ -z "$cpus" ] || [ "$(nproc)" = "$cpus" ]; then
    pass cpus "$(nproc) online"
else
    fail cpus "$(nproc) online, $cpus expected"
fi

mem=$(option mem)
have=$(awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo)
if [ -z "$mem" ] || [ "$have" -ge "$mem" ]; then
    pass memory "$have MiB"
else
    fail memory "$have MiB, at least $mem expected"
fi

before=$(cut -d. -f1 /proc/uptime)
sleep 2
after=$(cut -d. -f1 /proc/uptime)
if [ $((after - before)) -ge 1 ] && [ $((after - before)) -le 60 ]; then
    pass time "sleep 2 took $((after - before)) s"
else
    fail time "sleep 2 took $((after - before)) s"
fi

# Every CPU has timer interrupts of its own.
idle=$(awk 'NR == 1 { cpus = NF }
    /arch_timer/ { for ( i = 2; i <= cpus + 1; i++ ) if ( $i == 0 ) print i - 2 }' \
    /proc/interrupts)
if [ -z "$idle" ]; then
    pass timer "interrupts on every CPU"
else
    fail timer "no interrupt on CPU" $idle
fi

bad=$(dmesg | grep -E 'WARNING:|BUG:|Oops|Call trace|rcu.*stall|nobody cared')
if [ -z "$bad" ]; then
    pass kernel-log "no warning"
else
    fail kernel-log "$(echo "$bad" | head -n 1)"
    dmesg | tail -n 60
fi
