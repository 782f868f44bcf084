#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What learning costs for a call that has been seen, against the same emulator
# without any option: nanoseconds as medians of interleaved runs, and
# instructions by callgrind as differences of two loop counts. Prints figures;
# fails when something did not run, or when a call about which nothing is left to
# learn costs more than a few instructions.
#
#     TARGET=aarch64 ROUNDS=9 COUNT=200000 tests/benchmark/learn.sh
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tools/lib/tap.sh
. "$here/../../tools/lib/tap.sh"
# shellcheck source=tools/lib/targets.sh
. "$TEST_ROOT/tools/lib/targets.sh"

target=${TARGET:-aarch64}
rounds=${ROUNDS:-9}
count=${COUNT:-200000}
emulator=$TEST_BIN/qemu-$target
loop=$TEST_TMP/loop
unset QEMU_POLICY QEMU_RULES QEMU_POLICY_LOG QEMU_POLICY_LEARN

cd "$TEST_TMP" || exit 1
triplet=$(awk -v t="$target" '$1 == t { print $2 }' <<<"$cross_table")
[ -x "$emulator" ] || skip_all "qemu-$target is not built"
command -v "$triplet-gcc" >/dev/null || skip_all "no compiler for $target"
"$triplet-gcc" -O2 -static -o "$loop" "$here/loop.c" || exit 1

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

# instructions CALL OPTION...: per call
instructions()
{
    local call=$1 few many
    shift
    few=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null \
        "$emulator" "$@" "$loop" "$call" 1000 2>&1 |
        sed -n 's/.*Collected : \([0-9]*\).*/\1/p')
    many=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null \
        "$emulator" "$@" "$loop" "$call" 21000 2>&1 |
        sed -n 's/.*Collected : \([0-9]*\).*/\1/p')
    [ -n "$few" ] && [ -n "$many" ] && echo $(((many - few) / 20000))
}

for call in getppid dup openat; do
    : >plain
    : >learning
    for _ in $(seq "$rounds"); do
        "$emulator" "$loop" "$call" "$count" >>plain
        "$emulator" -policy-learn lesson "$loop" "$call" "$count" >>learning
    done
    without=$(median <plain)
    with=$(median <learning)
    if [ -n "$without" ] && [ -n "$with" ]; then
        ok "$call: $without ns, while it is learnt from $with ns"
    else
        not_ok "$call runs"
    fi
    if ! command -v valgrind >/dev/null; then
        skip "$call: instructions" "valgrind is not installed"
        continue
    fi
    without=$(instructions "$call")
    with=$(instructions "$call" -policy-learn lesson)
    printf '# %s: %s instructions, while it is learnt from %s\n' "$call" \
        "$without" "$with"
    if [ -z "$without" ] || [ -z "$with" ]; then
        not_ok "$call: instructions are counted"
    elif [ "$call" = openat ]; then
        ok "$call: a path that was seen costs $((with - without)) instructions"
    elif [ $((with - without)) -le 40 ]; then
        ok "$call: when it was seen it costs $((with - without)) instructions"
    else
        not_ok "$call: when it was seen it costs few instructions" \
            "$((with - without))"
    fi
done
tap_done
