# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # variables shared with tests
#
# What the guest tests share. A test is a script that sources this file, runs
# the probe (probe/*.c) as a guest on each target, and prints TAP:
#
#     for_each_target TEST...     calls each function once for each target
#     policy <<'END' ... END      the policy for the runs that follow
#     options OPTION...           further options for the runs that follow
#     run WORD...                 runs the probe: $out, $err, $status
#     expect NAME TEXT WORD...    runs the probe; its output must be TEXT
#     expect_status NAME N WORD...    the same for its exit status
#     check NAME COMMAND...       COMMAND must succeed
#
# and what tools/lib/tap.sh has: skip, is, like. The last line is tap_done.
#
# Environment, besides that of tap.sh: TARGETS, a list of targets to try
# instead of all; PROBE_TIMEOUT, seconds for one run of the probe (60).

set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tools/lib/tap.sh
. "$here/../../tools/lib/tap.sh"
# shellcheck source=tools/lib/targets.sh
. "$TEST_ROOT/tools/lib/targets.sh"

probes=$TEST_BUILD/tests/guest
work=$TEST_TMP

unset QEMU_POLICY QEMU_RULES QEMU_RULES_RELOAD QEMU_POLICY_LOG QEMU_STRACE QEMU_LOG

# --- the probe -------------------------------------------------------------

# link_flags TARGET: relaxed static programs of alpha jump to address 0 before
# main()
link_flags()
{
    [ "$1" != alpha ] || echo -Wl,--no-relax
}

# build_probe TARGET TRIPLET: sets $probe; what fails says so in $probe.log
build_probe()
{
    local newer
    probe=$probes/probe-$1
    mkdir -p "$probes"
    newer=$(find "$here/probe" -name '*.[ch]' -newer "$probe" 2>&1)
    if [ -x "$probe" ] && [ -z "$newer" ]; then
        return 0
    fi
    # Tests may run at the same time: each makes its own and renames it.
    # shellcheck disable=SC2046 # none or one
    "$2-gcc" -O1 -Wall -Wextra -static -pthread $(link_flags "$1") \
        -o "$probe.$$" "$here"/probe/*.c >"$probe.log" 2>&1 &&
        mv "$probe.$$" "$probe"
}

# Whether the probe runs at all, without a policy. Where it does not (as with
# Debian 12's own C library for sh4: tools/lib/other-libc.sh), that is found out
# once.
probe_runs()
{
    local dead=$probe.dead
    if [ "$dead" -nt "$emulator" ] && [ "$dead" -nt "$probe" ]; then
        return 1
    fi
    timeout 10 "$emulator" "$probe" call lseek 99 0 0 >"$probe.log" 2>&1 &&
        return 0
    echo "it does not get to main(), without a policy" >>"$probe.log"
    touch "$dead"
    return 1
} 2>/dev/null

# use_target TARGET TRIPLET: sets $target, $emulator, $probe; or says why not
# in $why
use_target()
{
    target=$1
    emulator=$TEST_BIN/qemu-$1
    why=
    if [ ! -x "$emulator" ]; then
        why="no emulator for it was built"
    elif ! command -v "$2-gcc" >/dev/null; then
        why="$2-gcc is not installed"
    elif ! build_probe "$1" "$2"; then
        why="the probe does not compile: $(head -n 1 "$probe.log")"
    elif ! probe_runs; then
        why="the probe does not run: $(tail -n 1 "$probe.log")"
    fi
    [ -z "$why" ]
}

for_each_target()
{
    local name triplet test wanted=" ${TARGETS:-} "
    while read -r name triplet _ <&3; do
        if [ -z "$name" ] ||
            { [ "$wanted" != "  " ] && [[ $wanted != *" $name "* ]]; }; then
            continue
        fi
        if ! use_target "$name" "$triplet"; then
            skip "$name" "$why"
            continue
        fi
        for test in "$@"; do
            fresh
            "$test"
        done
    done 3<<<"$cross_table"
}

# --- running ---------------------------------------------------------------

# fresh: no policy, no options, no log
fresh()
{
    given=()
    log=$work/log
    rm -f "$log" "$work"/*core*
}

policy()
{
    fresh
    cat >"$work/policy.ini"
    given=(-policy "$work/policy.ini" -policy-log "$log")
}

options()
{
    given+=("$@")
}

run()
{
    # The shell reports a process killed by a signal on its own standard
    # error; that is not what the program said.
    {
        out=$(cd "$work" && ulimit -c "$(ulimit -H -c)" && exec timeout \
            "${PROBE_TIMEOUT:-60}" "$emulator" "${given[@]}" \
            "$probe" "$@" 2>"$work/err" </dev/null 3<&-)
        status=$?
    } 2>/dev/null
    err=$(cat "$work/err")
}

# story WORD...: what was run and what came of it
story()
{
    {
        printf '%s\n' "ran:    ${emulator##*/} ${given[*]} probe $*" \
            "status: $status" "output: $out" "error:  $err"
        [ ${#given[@]} -eq 0 ] || sed 's/^/policy: /' "$work/policy.ini"
    } | tr -c '[:print:]\n' '?' | cut -c 1-300
}

expect()
{
    local name="$target: $1" text=$2
    shift 2
    run "$@"
    if [ "$status" -eq 69 ]; then
        skip "$name" "$target has no such call"
    elif [ "$out" = "$text" ]; then
        ok "$name"
    else
        not_ok "$name" "expected: $text"$'\n'"$(story "$@")"
    fi
}

expect_status()
{
    local name="$target: $1" wanted=$2
    shift 2
    run "$@"
    if [ "$status" -eq "$wanted" ]; then
        ok "$name"
    else
        not_ok "$name" "expected status $wanted"$'\n'"$(story "$@")"
    fi
}

check()
{
    local name="$target: $1" result
    shift
    if result=$("$@" 2>&1); then
        ok "$name"
    else
        not_ok "$name" "failed: $*"$'\n'"$result"
    fi
}

# --- what to check ---------------------------------------------------------

contains() { [[ $1 == *"$2"* ]] || { echo "not in: $1"; return 1; }; }
matches() { [[ $1 =~ $2 ]] || { echo "does not match: $1"; return 1; }; }
equals() { [ "$1" = "$2" ] || { echo "\"$1\" is not \"$2\""; return 1; }; }

# log_count FILTER N: exactly N records fit the filter, and all are whole
log_count()
{
    local n
    # One by one: a log may be larger than memory.
    n=$(jq -n "reduce (inputs | select($1)) as \$each (0; . + 1)" "$log" 2>&1) ||
        { echo "$n"; return 1; }
    [ "$n" = "$2" ] || { echo "$n records, not $2:"; head -n 5 "$log"; return 1; }
}
