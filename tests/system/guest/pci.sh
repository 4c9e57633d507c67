# SPDX-License-Identifier: GPL-2.0-or-later
#
# pci.sh - the guest's PCI functions: who drives them, how they interrupt, and
# that none shows a capability by which it would get around its IOMMU.

# word FILE OFFSET - 32 bits of a configuration space.
word()
{
    dd if="$1" bs=4 skip=$(($2 / 4)) count=1 2> /dev/null |
        hexdump -e '1/4 "%u"'
}

# extended FILE - ids of its extended capabilities, decimal.
extended()
{
    at=256
    while [ "$at" -ge 256 ]; do
        header=$(word "$1" $at)
        [ "${header:-0}" = 0 ] && return
        echo $((header & 0xffff))
        at=$((header >> 20 & 0xffc))
    done
}

found=0
for dev in /sys/bus/pci/devices/*; do
    [ -e "$dev/config" ] || continue
    found=$((found + 1))
    name=${dev##*/}
    id=$(cat "$dev/vendor"):$(cat "$dev/device")
    driver=none
    [ -e "$dev/driver" ] && driver=$(basename "$(readlink "$dev/driver")")
    vectors=$(ls "$dev/msi_irqs" 2> /dev/null | wc -l)
    info "pci $name $id $driver, $vectors vectors"
    case $id in
    0x1b36:0x0010) pass pci-nvme "$name: $driver, $vectors vectors" ;;
    0x8086:*) pass pci-nic "$name: $driver, $vectors vectors" ;;
    0x1234:0x11e8) pass pci-edu "$name: $vectors vectors" ;;
    esac
    for cap in $(extended "$dev/config"); do
        # ACS, ATS, SR-IOV, PRI, resizable BAR, PASID
        case $cap in
        13 | 15 | 16 | 19 | 21 | 27)
            fail pci-hidden "$name shows extended capability $cap" ;;
        esac
    done
done
[ "$found" != 0 ] || fail pci "there are no PCI functions"
