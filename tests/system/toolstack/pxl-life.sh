# SPDX-License-Identifier: GPL-2.0-or-later
#
# pxl-life.sh - what xl.sh does with xl, with pxl: the same commands, options,
# configurations and columns.

xl() { pxl "$@"; }
. /tests/xl.sh
