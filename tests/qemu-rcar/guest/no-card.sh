# SPDX-License-Identifier: GPL-2.0-or-later
#
# no-card.sh - a guest's driver lets go of its SD card.

if echo ee100000.mmc > /sys/bus/platform/drivers/renesas_sdhi_internal_dmac/unbind
then
    pass no-card
else
    fail no-card
fi
