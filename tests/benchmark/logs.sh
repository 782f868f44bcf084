#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 1200
#
# 8 processes of 8 threads that are refused as fast as they can: records a second
# by the wall clock, and the processor time of one, the guest's own part with it.
# Fails when a record is torn, or lost and not counted.
# shellcheck source=tests/benchmark/lib.sh
. "$(dirname "$0")/lib.sh"
begin
"$(target_cc "$target")" -O2 -static -pthread -o refuse "$here/../guest/logs/logs.c" || exit 1
calls=$(of 2000 50)
records=$((8 * 8 * calls))

# whole LOG: as many records as were to come, and each on a line of its own
whole()
{
    "$TEST_BIN/qemu-policy" report --json "$1" | jq -e --argjson n $records \
        '.counted + .lost == $n and .damaged + .foreign == 0' >/dev/null ||
        { echo "records are torn or missing" >&2; return 1; }
}

# refusing OPTION...: microseconds of processor time for each refusal
refusing()
{
    local all
    rm -f log
    all=$(spent "$ours" "$@" ./refuse refuse 8 8 "$calls") || return 1
    [ ! -e log ] || whole log || return 1
    awk -v us="$all" -v n=$records 'BEGIN { printf "%.2f", us / n }'
}

# a_second OPTION...: refusals, from the guest's start to its end
a_second()
{
    local all
    rm -f log
    all=$(microseconds "$ours" "$@" ./refuse refuse 8 8 "$calls") || return 1
    awk -v us="$all" -v n=$records 'BEGIN { printf "%.0f", n / us * 1e6 }'
}

ini refuse <<'END'
[deny]
setpgid = EACCES
END
ini quiet <<'END'
[deny]
setpgid = EACCES quiet
END
few=$(((rounds + 2) / 3))
table time µs less "processor time of a refusal: 8 processes of 8 threads"
row "not logged" -- refusing -policy quiet.ini
row "JSON to a file" -b "not logged" -- \
    refusing -policy refuse.ini -policy-log log
row "the kernel's form to a file" -b "not logged" -- \
    refusing -policy refuse.ini -policy-log kernel:other
row "JSON and readable lines, to two files" -b "not logged" -- \
    refusing -policy refuse.ini -policy-log log -policy-log text:other
measure $few || finish

table rate records/s more "refusals a second: 8 processes of 8 threads"
row "not logged" -- a_second -policy quiet.ini
row "JSON to a file" -b "not logged" -- \
    a_second -policy refuse.ini -policy-log log
measure $few
finish
