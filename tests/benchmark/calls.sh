#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a call costs, path by path, against an unpatched emulator of the same
# version and options: nanoseconds as medians of interleaved runs, with their
# spread, and as ratios; instructions by callgrind as differences of two loop
# counts; start-up. Prints figures and compares ratios with the budgets of the
# design; fails when something did not run or the instructions are too many.
#
#     TARGET=aarch64 ROUNDS=9 COUNT=200000 tests/benchmark/calls.sh
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tools/lib/tap.sh
. "$here/../../tools/lib/tap.sh"
# shellcheck source=tools/lib/targets.sh
. "$TEST_ROOT/tools/lib/targets.sh"

target=${TARGET:-aarch64}
rounds=${ROUNDS:-9}
count=${COUNT:-200000}
twin=$TEST_BUILD/vanilla/qemu-$target
ours=$TEST_BIN/qemu-$target
loop=$TEST_TMP/loop
unset QEMU_POLICY QEMU_RULES QEMU_POLICY_LOG

cd "$TEST_TMP" || exit 1
triplet=$(awk -v t="$target" '$1 == t { print $2 }' <<<"$cross_table")
for needed in "$twin" "$ours"; do
    if [ ! -x "$needed" ]; then
        skip "benchmark" "$needed is not built (tools/setup --vanilla)"
        tap_done
        exit
    fi
done
"$triplet-gcc" -O2 -static -o "$loop" "$here/loop.c" || exit 1

# note TEXT: a figure, for the reader
note()
{
    printf "# %s\n" "$*"
}

# ini NAME: a policy from standard input
ini()
{
    cat >"$1.ini"
}

ini other <<'END'
[policy]
default = allow
[deny]
mount = EPERM
END
ini deny <<'END'
[policy]
default = allow
[deny]
getppid = EPERM quiet
END
ini return <<'END'
[policy]
default = allow
[emulate]
getppid = return 7
END
ini constant <<'END'
[policy]
default = allow
[deny]
dup = EPERM quiet
END
ini integer <<'END'
[policy]
default = allow
[deny]
dup = EPERM if fildes < 0 && fildes != 5 quiet
END
ini lua <<'END'
[policy]
default  = allow
handlers = number.lua
[emulate]
getppid  = lua number
END
printf 'function number(call) return 7 end\n' >number.lua
mkdir -p rules
printf 'function syscall_getppid(num) return 1, 7 end\n' >rules/r.lua
ini logged <<'END'
[policy]
default = allow
[deny]
getppid = EPERM
END
cp "$TEST_ROOT"/policies/*.ini .

# The paths: name, call, emulator and its options
paths=(
    "unpatched|getppid|$twin"
    "no policy|getppid|$ours"
    "policy, call not named|getppid|$ours -policy other.ini"
    "deny, not logged|getppid|$ours -policy deny.ini"
    "return|getppid|$ours -policy return.ini"
    "Lua handler, a number|getppid|$ours -policy lua.ini"
    "Lua rule, older form|getppid|$ours -rules rules"
    "deny, logged to a file|getppid|$ours -policy logged.ini -policy-log log"
    "constant verdict on dup|dup|$ours -policy constant.ini"
    "integer condition on dup|dup|$ours -policy integer.ini"
    "openat and close, unpatched|openat|$twin"
    "openat and close, path rules|openat|$ours -policy base.ini"
)

# median FILE: median, minimum and maximum of a column of numbers
median()
{
    sort -g "$1" | awk '{ v[NR] = $1 }
        END { printf "%.1f %.1f %.1f", v[int((NR + 1) / 2)], v[1], v[NR] }'
}

measure_times()
{
    local round i name call command
    for ((round = 0; round < rounds; round++)); do
        for i in "${!paths[@]}"; do
            IFS='|' read -r name call command <<<"${paths[i]}"
            # shellcheck disable=SC2086 # options are words
            $command "$loop" "$call" "$count" >>"time.$i" 2>>errors ||
                { not_ok "$name runs" "$(tail -n 3 errors)"; return 1; }
            rm -f log
        done
    done
    note "$target, ns per call: median (least .. most), against unpatched getppid"
    base=$(median time.0)
    for i in "${!paths[@]}"; do
        IFS='|' read -r name call command <<<"${paths[i]}"
        awk -v name="$name" -v a="$(median "time.$i")" -v b="$base" 'BEGIN {
            split(a, x, " "); split(b, y, " ")
            printf "# %-28s %8.1f (%.1f .. %.1f)  %5.2f\n", name, x[1], x[2],
                x[3], x[1] / y[1] }'
    done
    ok "the cost of a call was measured on $rounds interleaved rounds"
}

# instructions COMMAND...: of do_syscall and what the project adds to its way,
# for one getppid
instructions()
{
    local n
    for n in 1000 21000; do
        valgrind --tool=callgrind --smc-check=all-non-file \
            --callgrind-out-file="cg.$n" "$@" "$loop" getppid $n \
            >/dev/null 2>>errors || return 1
        callgrind_annotate --threshold=100 "cg.$n" 2>>errors |
            awk '{ gsub(",", "", $1) }
                $0 ~ /:(do_syscall|policy_[a-z_]*|re_[a-z_]*|st_[a-z_]*)( |$|\x27)/ &&
                $0 !~ /do_syscall1|=>/ { sum += $1 } END { print sum + 0 }' \
                >"sum.$n"
    done
    awk -v a="$(cat sum.1000)" -v b="$(cat sum.21000)" \
        'BEGIN { printf "%.1f", (b - a) / 20000 }'
}

measure_instructions()
{
    local base plain loaded
    if ! command -v valgrind >/dev/null; then
        skip "instructions" "valgrind is not installed"
        return
    fi
    base=$(instructions "$twin") && plain=$(instructions "$ours") &&
        loaded=$(instructions "$ours" -policy other.ini) ||
        { not_ok "instructions were counted" "$(tail -n 3 errors)"; return; }
    note "$target, host instructions of do_syscall for one getppid"
    awk -v a="$base" -v b="$plain" -v c="$loaded" 'BEGIN {
        printf "# unpatched %.1f, no policy %+.1f, policy loaded %+.1f\n",
            a, b - a, c - a }'
    awk -v a="$base" -v b="$plain" -v c="$loaded" \
        'BEGIN { exit !(b - a <= 3.05 && c - a <= 6.05) }'
    is $? 0 "at most 3 and 6 instructions more"
}

measure_start()
{
    local round i start
    local -a commands=("$twin" "$ours" "$ours -policy web.ini")
    local -a names=("unpatched" "no policy" "policies/web.ini")
    for ((round = 0; round < rounds * 3; round++)); do
        for i in 0 1 2; do
            start=$(date +%s%N)
            # shellcheck disable=SC2086 # options are words
            ${commands[i]} "$loop" exit 2>>errors >/dev/null
            echo $((($(date +%s%N) - start) / 1000)) >>"start.$i"
        done
    done
    note "$target, start to end of a program that does nothing, µs"
    for i in 0 1 2; do
        note "$(printf '%-20s %s' "${names[i]}" "$(median "start.$i")")"
    done
    ok "start-up was measured"
}

measure_times && measure_instructions && measure_start
tap_done
