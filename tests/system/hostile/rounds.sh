# SPDX-License-Identifier: GPL-2.0-or-later
#
# rounds.sh - domains made, run and destroyed px.rounds times.

/bin/rounds "$(option rounds)"
