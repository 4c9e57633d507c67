# SPDX-License-Identifier: GPL-2.0-or-later
#
# attack.sh - the guest's edu is told to read and write what is not the
# guest's: px.ram=START-END (the machine's RAM), px.targets=ADDRESS,..., and
# with px.steps=N every N-th GiB up to 2^44.

attack() { edu-attack "$@" | sed 's/^PX-TEST: /PX-GUEST: /'; }

attack control
ram=$(option ram)
# shellcheck disable=SC2046  # one word per address
attack hunt "${ram%-*}" "${ram#*-}" $(option targets | tr , ' ')
steps=$(option steps)
[ -n "$steps" ] && attack steps "$steps"
attack control
