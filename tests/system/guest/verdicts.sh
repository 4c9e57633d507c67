# SPDX-License-Identifier: GPL-2.0-or-later
#
# verdicts.sh - a guest's verdicts have a name of their own, so that dom0's
# console can carry them without counting them twice.

. /tests/lib.sh
pass() { name=$1; shift; echo "PX-GUEST: $name: PASS $*"; }
fail() { name=$1; shift; echo "PX-GUEST: $name: FAIL $*"; }
skip() { name=$1; shift; echo "PX-GUEST: $name: SKIP $*"; }
