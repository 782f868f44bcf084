#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What Lua handlers cost: nanoseconds of a call as medians of interleaved runs,
# each as a ratio to the same call in an unpatched emulator; two threads in one
# state and in one each; memory of a state. Prints figures; fails when something
# did not run.
#
#     TARGET=aarch64 ROUNDS=9 COUNT=100000 tests/benchmark/lua.sh
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tools/lib/tap.sh
. "$here/../../tools/lib/tap.sh"
# shellcheck source=tools/lib/targets.sh
. "$TEST_ROOT/tools/lib/targets.sh"

target=${TARGET:-aarch64}
rounds=${ROUNDS:-9}
count=${COUNT:-100000}
twin=${VANILLA:-$TEST_BUILD/vanilla/qemu-$target}
ours=$TEST_BIN/qemu-$target
loop=$TEST_TMP/loop
unset QEMU_POLICY QEMU_RULES QEMU_POLICY_LOG

for needed in "$twin" "$ours"; do
    [ -x "$needed" ] ||
        skip_all "$needed is not built (tools/setup --vanilla)"
done
cd "$TEST_TMP" || exit 1
triplet=$(awk -v t="$target" '$1 == t { print $2 }' <<<"$cross_table")
"$triplet-gcc" -O2 -static -pthread -o "$loop" "$here/loop.c" || exit 1

cat >handlers.lua <<'END'
local content = ("x"):rep(64)
function number() return 7 end
function object(call) return 7 end
function text(call)
  return #call:string(call.args.filename) == 64 and 0 or nil
end
function rewrite(call) call.args.filename = "/dev/null" end
function fake(call) return call:file(content) end
END

# handler NAME CALL [STATE]: NAME.ini, where that handler answers the call
handler()
{
    printf '[policy]\ndefault = allow\nhandlers = handlers.lua\n%s\n%s\n' \
        "handler-state = ${3:-process}" "[emulate]
$2 = lua $1" >"$1${3:+-$3}.ini"
}
handler number getppid
handler object getppid
handler object getppid process
handler object getppid thread
handler text faccessat
handler rewrite faccessat
handler fake openat

# name, words of the guest program, policy, what to compare with: an index
rows=(
    "getppid, unpatched|getppid $count||0"
    "a number|getppid $count|number|0"
    "a number, with a call object|getppid $count|object|0"
    "the same, a state per thread|getppid $count|object-thread|0"
    "faccessat, unpatched|faccessat $count||4"
    "a string of 64 bytes read|faccessat $count|text|4"
    "a path rewritten|faccessat $count|rewrite|4"
    "openat and close, unpatched|openat $((count / 4))||7"
    "a file of 64 bytes made|openat $((count / 4))|fake|7"
    "getppid, unpatched, 2 threads|getppid $count 2||9"
    "a number, 2 threads, one state|getppid $count 2|object-process|9"
    "a number, 2 threads, a state each|getppid $count 2|object-thread|9"
)

# run_row INDEX: one run, its figure into time.INDEX
run_row()
{
    local name words policy base
    local -a command=("$twin")
    IFS='|' read -r name words policy base <<<"${rows[$1]}"
    [ -z "$policy" ] || command=("$ours" -policy "$policy.ini")
    # shellcheck disable=SC2086 # words
    "${command[@]}" "$loop" $words >>"time.$1" 2>>errors && [ ! -s errors ] ||
        { not_ok "$name runs" "$(tail -n 3 errors)"; return 1; }
}

# median INDEX: middle, least and most
median()
{
    sort -g "time.$1" | awk '{ v[NR] = $1 }
        END { printf "%.1f %.1f %.1f", v[int((NR + 1) / 2)], v[1], v[NR] }'
}

measure_times()
{
    local round i name words policy base
    for ((round = 0; round < rounds; round++)); do
        for i in "${!rows[@]}"; do
            run_row "$i" || return 1
        done
    done
    echo "# $target, ns per call: median (least .. most), against the call unpatched"
    for i in "${!rows[@]}"; do
        IFS='|' read -r name words policy base <<<"${rows[i]}"
        awk -v name="$name" -v a="$(median "$i")" -v b="$(median "$base")" \
            'BEGIN { split(a, x, " "); split(b, y, " ")
                printf "# %-34s %8.1f (%.1f .. %.1f)  %5.2f\n", name, x[1],
                    x[2], x[3], x[1] / y[1] }'
    done
    ok "handlers were measured on $rounds interleaved rounds"
}

# Memory of 100 threads that each have called a handler 1000 times.
measure_memory()
{
    local one each
    one=$("$ours" -policy object-process.ini "$loop" memory 1000 100 2>errors) &&
        each=$("$ours" -policy object-thread.ini "$loop" memory 1000 100 \
            2>>errors) && [ "$one" -gt 0 ] && [ "$each" -gt 0 ] ||
        { not_ok "memory is measured" "$(tail -n 3 errors)"; return; }
    echo "# memory of a state: $(((each - one) / 100)) KiB"
    ok "memory was measured"
}

measure_times && measure_memory
tap_done
