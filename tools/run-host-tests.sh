#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run-host-tests.sh TEST... - run build/host/TEST and count cmocka's verdicts.
# A program that dies (a sanitizer's report, say) counts as one failure more.
# They run side by side; PX_TEST_LIMIT seconds are a limit against hangs, not a
# measure of speed.

set -u

passed=0 failed=0 skipped=0

count()
{
    sed -n "s/^\[ *$2 *\] \([0-9][0-9]*\) test(s).*/\1/p" "$1" |
        awk '{ n += $1 } END { print n + 0 }'
}

# shellcheck disable=SC2016  # for the inner shell
printf '%s\n' "$@" | xargs -P "$(nproc)" -I '{}' sh -c '
    timeout "${PX_TEST_LIMIT:-600}" build/host/{} > build/host/{}.log 2>&1
    echo $? > build/host/{}.rc'

for test in "$@"; do
    log=build/host/$test.log
    read -r rc < "build/host/$test.rc"
    p=$(count "$log" PASSED) f=$(count "$log" FAILED) s=$(count "$log" SKIPPED)
    [ "$rc" != 0 ] && [ "$f" = 0 ] && f=1
    # A program that says nothing has tested nothing.
    [ "$((p + f + s))" = 0 ] && f=1
    if [ "$f" != 0 ]; then
        cat "$log"
        echo "$test: FAILED (exit status $rc)"
    else
        echo "$test: $p passed"
    fi
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
done

tools/results.sh write host "$passed" "$failed" "$skipped"
echo "host tests: $passed passed, $failed failed"
[ "$failed" = 0 ]
