#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 1200
#
# What learning costs for a call that has been seen, against the same emulator
# without any option. Fails when a call about which nothing is left to learn
# costs more than a few instructions.
# shellcheck source=tests/benchmark/lib.sh
. "$(dirname "$0")/lib.sh"
begin
count=$(of 20000)

learning()
{
    rm -f lesson
    "$ours" -policy-learn lesson "$loop" "$@"
}

table times ns less "a call that was learnt from ($target)" cpu
for call in getppid dup openat; do
    row "$call" -- "$ours" "$loop" "$call" "$count"
    row "$call, learning" -b "$call" -- learning "$call" "$count"
done
measure || finish

if ! command -v valgrind >/dev/null; then
    skip "instructions" "valgrind is not installed"
    finish
fi
many=$(of 9000 3000)
table instructions instructions less "a call that was learnt from ($target)"
for call in getppid dup openat; do
    # A path is looked at by functions that others call, too.
    counted=$added_functions
    [ $call != openat ] || counted=.
    row "$call" -- instructions "$counted" 1000 "$many" "$ours" "$loop" "$call"
    row "$call, learning" -b "$call" -- instructions "$counted" 1000 "$many" \
        "$ours" -policy-learn lesson "$loop" "$call"
done
measure 1 || finish
is "$(awk -F '\t' -v table="$table_id" '$2 == table { v[$6] = $10 }
    END {
        for (call in v)
            if (call ~ /^(getppid|dup)$/ && v[call ", learning"] - v[call] > 40)
                print call
    }' "$results")" "" "when getppid and dup were seen they cost few instructions"
finish
