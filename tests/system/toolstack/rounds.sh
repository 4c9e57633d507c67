# SPDX-License-Identifier: GPL-2.0-or-later
#
# rounds.sh - px.rounds (200) lives of a guest with an NVMe disk and a device
# that gets pulled out. In the midst of DMA it crashes, reboots, is destroyed, or
# loses the device. After each, what devices reach is what domains have; in the
# end the hypervisor has as much of everything as before.

. /tests/toolstack.sh

nvme=0000:01:00.0
pulled=0000:02:00.0
rounds=$(option rounds)
rounds=${rounds:-200}

gone() { [ -z "$(pxl domid g 2> /dev/null)" ]; }
assignable() { pxl pci-assignable-list | grep -q "$1"; }
is_gone() { pxl iommu-list | grep "$1" | grep -q GONE; }
# What must be as it was: memory, vectors for messages, contexts of the unit.
resources()
{
    pxl debug-keys M
    echo "$(pxl info | awk '/^free_memory/ { print $3 }') MiB," \
         "$(pxl dmesg | sed -n 's/.*message vectors: \([0-9]*\) of.*/\1/p' |
           tail -n 1) vectors," \
         "$(pxl iommu-list --json |
           sed -n 's/.*"contexts_used": \([0-9]*\).*/\1/p') contexts"
}

# broken ROUND WHY - the verdict, with what there is to see.
broken()
{
    fail rounds "round $1: $2"
    pxl list | sed 's/^/PX-OUT: /'
    pxl iommu-list | sed 's/^/PX-OUT: /'
    show_console g
}

# config END - how the guest ends by itself. Linux on Arm tells nobody of a
# panic: it reboots.
config()
{
    on_reboot=restart
    [ "$1" = crash ] && on_reboot=destroy
    cat > /guest/g.cfg <<END
name = "g"
kernel = "/guest/Image"
ramdisk = "/guest/initramfs.cpio.gz"
extra = "console=hvc0 panic=-1 px_guest=hammer px.end=$1"
memory = 192
vcpus = 2
on_crash = "destroy"
on_reboot = "$on_reboot"
pci = [ "$nvme", "$pulled" ]
END
}

# one ROUND - 1: something was wrong, and has been said.
one()
{
    case $(($1 % 4)) in
    0) end=crash ;;
    1) end=reboot ;;
    2) end=destroy ;;
    3) end=pull ;;
    esac
    config $end
    seen=$(console g | grep -c '^PX-GUEST: hammer: PASS')
    wanted=$((seen + 1))
    if ! pxl create -q /guest/g.cfg > /tmp/out 2>&1; then
        broken "$1" "$end: $(head -n 1 /tmp/out)"
        return 1
    fi
    if ! wait_for 200 says g "PX-GUEST: hammer: PASS" $wanted; then
        broken "$1" "$end: its disk does not write"
        return 1
    fi
    if [ $end = reboot ]; then
        pxl reboot g > /tmp/out 2>&1
        if ! wait_for 200 says g "PX-GUEST: hammer: PASS" $((wanted + 1)); then
            broken "$1" "$end: its disk does not write again"
            return 1
        fi
    fi
    if [ $end = pull ]; then
        echo "PX-DO: pull"
        # Who looks finds nobody.
        type_in g 'sleep 12; for d in /sys/bus/pci/devices/*; do hexdump -n 4 $d/config; done'
        if ! wait_for 120 is_gone $pulled; then
            broken "$1" "$pulled is still there"
            return 1
        fi
    fi
    [ $end = crash ] || pxl destroy g
    if ! wait_for 120 gone || ! wait_for 120 assignable $nvme; then
        broken "$1" "$end: it does not end"
        return 1
    fi
    if [ $end = pull ]; then
        echo "PX-DO: plug"
        if ! wait_for 120 test -e "/sys/bus/pci/devices/$pulled" ||
           ! pxl pci-assignable-add $pulled > /tmp/out 2>&1; then
            broken "$1" "it does not come back: $(head -n 1 /tmp/out)"
            return 1
        fi
    fi
    if ! pxl iommu-audit --all > /tmp/out 2>&1; then
        broken "$1" "$end: $(grep -v 'no difference' /tmp/out | head -n 1)"
        return 1
    fi
    info "round $1: $end, $(resources)"
}

start_toolstack
step add pxl pci-assignable-add $nvme $pulled
# The first ones leave what is made once, such as logs and caches.
for round in 0 1 2 3; do
    one $round || return 0
done
before=$(resources)
round=4
while [ $round -lt "$rounds" ]; do
    one $round || return 0
    round=$((round + 1))
done
same() { [ "$(resources)" = "$before" ]; }
if wait_for 60 same; then
    pass rounds "$rounds rounds; $before before and after"
else
    fail rounds "$rounds rounds; $before before, $(resources) after"
fi
