#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run-fuzz.sh [-r] SECONDS TARGET... - run each libFuzzer target for so long,
# from its seeds (tests/fuzz/seeds/TARGET) and what earlier runs found.  Inputs
# that crashed once are kept in tests/fuzz/crashes/TARGET and are run first.
# Targets run side by side.
#
# -r    repeatable, as a test wants it: the same inputs in the same order, as
#       far as the time goes. So without what earlier runs found, and without
#       what addresses do to libFuzzer's choice and to the code under test.

set -u

run()
{
    target=$1
    dirs=build/fuzz/corpus/$target
    how=
    if [ "$FUZZ_REPEATABLE" = yes ]; then
        dirs=build/fuzz/repeatable/$target
        rm -rf "$dirs"
        how='-seed=1 -use_cmp=0'
    fi
    mkdir -p "$dirs"
    [ -d "tests/fuzz/seeds/$target" ] && dirs="$dirs tests/fuzz/seeds/$target"
    [ -d "tests/fuzz/crashes/$target" ] &&
        dirs="$dirs tests/fuzz/crashes/$target"
    # shellcheck disable=SC2086  # one word per option, and per folder
    $fixed "build/fuzz/$target" $how -max_total_time="$seconds" \
        -timeout=25 -rss_limit_mb=2048 \
        -artifact_prefix="build/fuzz/$target-" -print_final_stats=1 $dirs \
        > "build/fuzz/$target.log" 2>&1
    echo $? > "build/fuzz/$target.rc"
}

# Some containers do not let us choose: then what addresses do stays.
fixed='setarch -R'
$fixed true 2> /dev/null || fixed=

[ "${1-}" = -r ] && { export FUZZ_REPEATABLE=yes; shift; }
: "${FUZZ_REPEATABLE:=no}"
seconds=${1:?usage: run-fuzz.sh [-r] SECONDS TARGET...}
shift
[ "${1-}" = --one ] && { run "$2"; exit; }
printf '%s\n' "$@" | xargs -P "$(nproc)" -n 1 "$0" "$seconds" --one

passed=0 failed=0
for target in "$@"; do
    log=build/fuzz/$target.log
    read -r rc < "build/fuzz/$target.rc"
    if [ "$rc" = 0 ]; then
        echo "$target: $(sed -n 's/^stat::number_of_executed_units: *//p' \
              "$log") inputs in $seconds s"
        passed=$((passed + 1))
    else
        tail -n 40 "$log"
        echo "$target: FAILED, the input is build/fuzz/$target-*"
        failed=$((failed + 1))
    fi
done

tools/results.sh write fuzz "$passed" "$failed" 0
[ "$failed" = 0 ]
