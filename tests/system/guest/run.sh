# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh NAME - run a script of this folder from the shell on the console, as
# init does: `. /tests/run.sh NAME`.

. /tests/verdicts.sh
( . "/tests/$1.sh" ) || fail "$1" "the script ended with $?"
echo "PX-GUEST-DONE: $1"
