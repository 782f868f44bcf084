#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 1200
#
# What a policy of many rules costs: to load (processor time of a program's
# start, less that with a policy of one rule), at a call that its rules do not
# concern, and at one that all of them do, and none holds.
# shellcheck source=tests/benchmark/lib.sh
. "$(dirname "$0")/lib.sh"
begin
count=$(of 20000)
sizes=(10 100 1000 5000)
[ -z "${QUICK:-}" ] || sizes=(10 100)

# policy NAME RULE: NAME-N.ini of N rules, the number of each for "%d"
policy()
{
    local n
    for n in "${sizes[@]}"; do
        {
            printf 'log = none\n[deny]\n'
            awk -v n="$n" -v rule="$2" 'BEGIN {
                for (i = 1; i <= n; i++)
                    printf rule "\n", i
            }'
        } | ini "$1-$n"
    done
}

# load POLICY: milliseconds
load()
{
    local with without
    with=$(spent "$ours" -policy "$1.ini" "$loop" exit) &&
        without=$(spent "$ours" -policy small.ini "$loop" exit) || return 1
    awk -v a="$with" -v b="$without" \
        'BEGIN { printf "%.1f", (a > b ? (a - b) / 1000 : 0) }'
}

policy integers 'ioctl = EACCES if cmd == %d'
policy paths 'openat = EACCES if path == /srv/%d'
policy addresses 'connect = EACCES if addr in 10.0.0.0/8 && port == %d'
policy sets '@network-io = EACCES if arg0 == %d'
printf '[deny]\nacct = EPERM\n' | ini small

table load ms less "to load, by rules (processor time)"
for n in "${sizes[@]}"; do
    for kind in integers paths addresses sets; do
        row "$kind" -x "$n" -- load "$kind-$n"
    done
done
measure $(((rounds + 2) / 3)) || finish

table calls ns less "a call, by rules ($target)" cpu
for n in "${sizes[@]}"; do
    row "getppid: none concerns it" -x "$n" -- "$ours" -policy \
        "integers-$n.ini" "$loop" getppid "$count"
    row "ioctl: all compare its cmd, none holds" -x "$n" -- "$ours" -policy \
        "integers-$n.ini" "$loop" ioctl $((count / 10))
    row "openat: all compare its path, none holds" -x "$n" -- "$ours" -policy \
        "paths-$n.ini" "$loop" openat=0 $((count / 20))
    row "connect: all compare its address, none holds" -x "$n" -- "$ours" \
        -policy "addresses-$n.ini" "$loop" connect=-9 $((count / 20))
done
measure
finish
