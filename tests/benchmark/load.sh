#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a policy of thousands of rules costs: to load (processor time of a
# program's start, less that with a small policy), and at calls that its rules
# do not concern. Prints figures; fails when something did not run.
#
#     TARGET=aarch64 RULES=5000 ROUNDS=9 tests/benchmark/load.sh
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tools/lib/tap.sh
. "$here/../../tools/lib/tap.sh"
# shellcheck source=tools/lib/targets.sh
. "$TEST_ROOT/tools/lib/targets.sh"

target=${TARGET:-aarch64}
rules=${RULES:-5000}
rounds=${ROUNDS:-9}
emulator=$TEST_BIN/qemu-$target
unset QEMU_POLICY QEMU_RULES QEMU_POLICY_LOG
TIMEFORMAT='%3U %3S'

cd "$TEST_TMP" || exit 1
[ -x "$emulator" ] || skip_all "qemu-$target was not built"
triplet=$(awk -v t="$target" '$1 == t { print $2 }' <<<"$cross_table")
command -v "$triplet-gcc" >/dev/null || skip_all "$triplet-gcc is not installed"
"$triplet-gcc" -O2 -static -o loop "$here/loop.c" || exit 1

# policy NAME RULE: a file of $rules rules, the number of each for "%d"
policy()
{
    {
        printf '[policy]\ndefault = allow\nlog = none\n[deny]\n'
        awk -v n="$rules" -v rule="$2" 'BEGIN {
            for (i = 1; i <= n; i++)
                printf rule "\n", i
        }'
    } >"$1.ini"
}

# spent POLICY WORD...: milliseconds of processor time, the least of all rounds
spent()
{
    local round file=$1 least=
    shift
    for ((round = 0; round < rounds; round++)); do
        { time "$emulator" -policy "$file" ./loop "$@" >out 2>&1; } 2>times
        least+=$(awk '{ print int(($1 + $2) * 1000 + 0.5) }' times)$'\n'
    done
    sort -n <<<"$least" | grep -m 1 .
}

policy integers 'ioctl = EACCES if cmd == %d'
policy calls 'keyctl = EACCES if arg1 == %d'
policy paths 'openat = EACCES if path == /srv/%d'
policy sets '@network-io = EACCES if arg0 == %d'
printf '[policy]\ndefault = allow\nlog = none\n[deny]\nacct = EPERM\n' >small.ini

small=$(spent small.ini exit 0)
for kind in integers calls paths sets; do
    big=$(spent "$kind.ini" exit 0)
    printf '# %d rules, %s: %d ms to load\n' "$rules" "$kind" $((big - small))
    succeeds "$kind: loads" "$emulator" -policy "$kind.ini" ./loop exit 0
done
# per_call POLICY: nanoseconds of a call that no rule names, the least
per_call()
{
    local round
    for ((round = 0; round < rounds; round++)); do
        "$emulator" -policy "$1" ./loop getppid 200000
    done | sort -n | head -n 1
}

printf '# a call that no rule names: %s ns, with %d rules %s ns\n' \
    "$(per_call small.ini)" "$rules" "$(per_call integers.ini)"
tap_done
