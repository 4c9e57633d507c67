#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# results.sh write SUITE PASSED FAILED SKIPPED   note what a suite found
# results.sh sum SUITE...                        add up; a missing one failed
#
# sum prints the last line of `make test` and returns 1 if anything failed.

set -eu

results=${PX_RESULTS:-build/results}

case ${1:?usage: results.sh write|sum ...} in
write)
    mkdir -p "$results"
    echo "$3 $4 $5" > "$results/$2"
    ;;
sum)
    shift
    passed=0 failed=0 skipped=0
    for suite in "$@"; do
        p=0 f=1 s=0
        if [ -s "$results/$suite" ]; then
            read -r p f s < "$results/$suite"
        else
            echo "$suite: did not finish" >&2
        fi
        printf '%-14s %5d passed %5d failed %5d skipped\n' \
               "$suite" "$p" "$f" "$s"
        passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    done
    [ "$skipped" = 0 ] && tail= || tail=", $skipped skipped"
    echo "$passed passed, $failed failed$tail"
    [ "$failed" = 0 ]
    ;;
esac
