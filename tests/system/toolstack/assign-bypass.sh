# SPDX-License-Identifier: GPL-2.0-or-later
#
# assign-bypass.sh - a machine whose PCI bus no IOMMU covers.

. /tests/toolstack.sh

start_toolstack
if pxl pci-assignable-add 01:00.0 > /tmp/out 2>&1; then
    fail uncovered-refused "it was done"
elif grep -q '01:00.0.*no IOMMU covers it' /tmp/out; then
    pass uncovered-refused "$(head -n 1 /tmp/out)"
else
    fail uncovered-refused "$(head -n 1 /tmp/out)"
fi
if dd if=/dev/nvme0n1 of=/dev/null bs=1M count=1 iflag=direct 2> /dev/null; then
    pass dom0-keeps-it
else
    fail dom0-keeps-it "no /dev/nvme0n1"
fi

# Consent is not enough: the guest's addresses are not the machine's.
step create-guest pxl create -p /guest/plain.cfg
refused attach-refused 'no IOMMU covers it' pxl pci-attach guest 01:00.0
refused consent-refused 'no IOMMU covers it.*not direct-mapped.*permissive=1' \
    pxl pci-attach guest 01:00.0,permissive=1
step destroy-guest pxl destroy guest
if dd if=/dev/nvme0n1 of=/dev/null bs=1M count=1 iflag=direct 2> /dev/null; then
    pass dom0-keeps-it-still
else
    fail dom0-keeps-it-still "no /dev/nvme0n1"
fi
pxl iommu-list > /tmp/out 2>&1
if grep -qE '0000:01:00.0 .* none ' /tmp/out; then
    pass unit-none "$(grep 0000:01:00.0 /tmp/out)"
else
    fail unit-none
    show /tmp/out
fi
