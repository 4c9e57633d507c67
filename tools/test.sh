#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# test.sh - all suites, one after the other; a failing suite does not stop the
# next one.  The last line adds up.

set -u

rm -rf build/results
start=$(date +%s)

for target in all images check check-system check-rcar mutants fuzz-short; do
    echo "== make $target"
    make --no-print-directory "$target" || echo "== make $target: FAILED"
done

echo "== $(($(date +%s) - start)) seconds"
tools/results.sh sum host mutants fuzz system rcar
