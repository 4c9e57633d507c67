# SPDX-License-Identifier: GPL-2.0-or-later
#
# vectors.sh - each CPU reads the NVMe disk through a queue of its own, whose
# MSI-X vector is handled there.

for cpu in $(seq 0 $(($(nproc) - 1))); do
    taskset $((1 << cpu)) dd if=/dev/nvme0n1 of=/dev/null bs=64k count=64 \
        iflag=direct 2> /dev/null
    here=$(awk -v q="nvme0q$((cpu + 1))" -v cpu="$cpu" \
        '$NF == q { print $(cpu + 2) }' /proc/interrupts)
    if [ "${here:-0}" -gt 0 ]; then
        pass "vectors-cpu$cpu" "$here interrupts of nvme0q$((cpu + 1))"
    else
        fail "vectors-cpu$cpu" "no interrupt of nvme0q$((cpu + 1)) there"
    fi
done
grep nvme0q /proc/interrupts | sed 's/^/PX-INFO: irq /'
