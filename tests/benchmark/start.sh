#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 1200
#
# Beginning and ending: a program that does nothing, one that executes itself,
# one that forks; and what memory it takes.
# shellcheck source=tests/benchmark/lib.sh
. "$(dirname "$0")/lib.sh"
begin twin
chain=$(of 10 2)

ini lua-thread <<'END'
handlers = number.lua
handler-state = thread
[emulate]
getppid = lua number
END
cp "$root"/policies/*.ini .
ini base-exec <<'END'
include = base.ini
[deny]
mount = EPERM
END

table start µs less "start to end of a program that does nothing" both
row "unpatched" -- "$native" run "$twin" "$loop" exit
row "no policy" -b unpatched -- "$native" run "$ours" "$loop" exit
row "one rule" -b unpatched -- \
    "$native" run "$ours" -policy other.ini "$loop" exit
row "web.ini" -b unpatched -l "plus 3000" -- \
    "$native" run "$ours" -policy web.ini "$loop" exit
row "web.ini, by qemu-user" -b unpatched -- \
    "$native" run "$TEST_BIN/qemu-user" --policy web.ini "$loop" exit
row "a Lua handler" -b unpatched -- \
    "$native" run "$ours" -policy lua.ini "$loop" exit
measure $((rounds * 2)) || finish

# thousandth COMMAND...: what it prints, in µs instead of ns
thousandth()
{
    local figures
    figures=$("$@") &&
        awk '{ printf "%.1f %.1f", $1 / 1000, $2 / 1000 }' <<<"$figures"
}

table exec µs less "an execve" both
row "unpatched" -- thousandth "$twin" "$loop" exec "$chain" "$twin"
row "one rule" -b unpatched -- \
    thousandth "$ours" -policy other.ini "$loop" exec "$chain"
row "base.ini's rules" -b unpatched -- \
    thousandth "$ours" -policy base-exec.ini "$loop" exec "$chain"
measure || finish

table fork µs less "a fork that is waited for"
row "unpatched" -- thousandth "$twin" "$loop" fork=0 $((chain * 10))
row "one rule" -b unpatched -- thousandth \
    "$ours" -policy other.ini "$loop" fork=0 $((chain * 10))
row "a Lua handler" -b unpatched -- thousandth \
    "$ours" -policy lua.ini "$loop" fork=0 $((chain * 10))
measure || finish

# host_calls COMMAND...: that it makes, all threads and processes together; not those
# by which threads wait for each other, which are as many as it happens
host_calls()
{
    strace -f -qq -o host-calls -e 'trace=!futex,clock_nanosleep,sched_yield' \
        "$@" >/dev/null 2>>errors || return 1
    grep -vcE 'resumed>|^[0-9]+ +(---|\+\+\+)' host-calls
}

# of_one FEW MANY COMMAND...: by the difference of two chains, one execve's
of_one()
{
    local few=$1 many=$2 a b
    shift 2
    a=$(host_calls "${@//CHAIN/$few}") && b=$(host_calls "${@//CHAIN/$many}") &&
        awk -v a="$a" -v b="$b" -v n=$((many - few)) \
            'BEGIN { printf "%.1f", (b - a) / n }'
}

if command -v strace >/dev/null; then
    table hostcalls "calls of the host" less "start to end, and an execve"
    row "start to end, unpatched" -- host_calls "$twin" "$loop" exit
    row "no policy" -b "start to end, unpatched" -- host_calls "$ours" "$loop" exit
    row "one rule" -b "start to end, unpatched" -- \
        host_calls "$ours" -policy other.ini "$loop" exit
    row "web.ini" -b "start to end, unpatched" -- \
        host_calls "$ours" -policy web.ini "$loop" exit
    row "execve, unpatched" -- of_one 2 4 "$twin" "$loop" exec CHAIN "$twin"
    row "execve, one rule" -b "execve, unpatched" -- \
        of_one 2 4 "$ours" -policy other.ini "$loop" exec CHAIN
    row "execve, base.ini's rules" -b "execve, unpatched" -- \
        of_one 2 4 "$ours" -policy base-exec.ini "$loop" exec CHAIN
    measure 1 || finish
fi

# The share of others in a page counts: PSS. All of it: RSS.
memory_rows()
{
    local kind=$1 waits=("$loop" wait 100 "$2")
    row "unpatched" -- memory_of "$kind" "$twin" "${waits[@]}"
    row "no policy" -b unpatched -- memory_of "$kind" "$ours" "${waits[@]}"
    row "one rule" -b unpatched -- \
        memory_of "$kind" "$ours" -policy other.ini "${waits[@]}"
    row "web.ini" -b unpatched -- \
        memory_of "$kind" "$ours" -policy web.ini "${waits[@]}"
    row "lua, one state" -b unpatched -- \
        memory_of "$kind" "$ours" -policy lua.ini "${waits[@]}"
    row "lua, a state each" -b unpatched -- \
        memory_of "$kind" "$ours" -policy lua-thread.ini "${waits[@]}"
}
few=$(((rounds + 4) / 5))
table pss KiB less "memory of a program with one thread, PSS"
memory_rows Pss 1
measure $few || finish
table rss KiB less "memory of a program with one thread, RSS"
memory_rows Rss 1
measure $few || finish
table many KiB less "memory of a program with 100 threads, PSS"
memory_rows Pss 100
measure $few
finish
