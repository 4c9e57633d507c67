# SPDX-License-Identifier: GPL-2.0-or-later
#
# pace.sh - how often the guest reads its disk in ten seconds.

n=0
end=$(($(date +%s) + 10))
while [ "$(date +%s)" -lt $end ]; do
    dd if=/dev/nvme0n1 of=/dev/null bs=4k count=16 iflag=direct \
        2> /dev/null || break
    n=$((n + 1))
done
pass pace "$n rounds in 10 s"
