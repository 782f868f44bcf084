#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 1500
# shellcheck disable=SC2154,SC2317 # of lib.sh; it calls the tests
# Rules and handlers while things go wrong around them: signals, forks and execve
# from threads, no descriptors, no memory, no standard files, no room for a log.
# A call is answered as the policy says, or the guest does not run.
# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/guest/own-program.bash
. "$here/own-program.bash"

prepare()
{
    own_program faults || return 1
    echo secret >"$work/secret"
    echo 'function number(call) return 4242 end' >"$work/faults.lua"
    rm -f "$work"/log.*
    policy <<END
[policy]
default  = allow
handlers = faults.lua
[deny]
setpgid = EACCES
@open = EACCES if path == $work/secret
[emulate]
getpgid = lua number
END
}

refusals='.syscall == "setpgid" and .verdict == "deny"'

signals()
{
    prepare || return 0
    run signals
    check "signals disturb no answer" contains "$out" "signals: 0 wrong"
    check "each refusal is recorded, in handlers of signals too" \
        log_count "$refusals" "${out##*$'\n'}"
}

forks()
{
    prepare || return 0
    expect "threads that fork disturb no answer" "forks: 0 wrong" forks
    check "each refusal is recorded, the children's too" \
        log_count "$refusals" 160
    expect "a child finds names that threads were looking for" \
        "names: 0 wrong" names
}

# The guest may not.
rotate()
{
    local n
    for n in $(seq 200); do
        sleep 0.3
        mv "$log" "$log.$n" 2>/dev/null
    done
}

execs()
{
    prepare || return 0
    rotate &
    expect "nor does execve from among threads, and a log that is renamed" \
        "execs: 0 wrong" execs 12
    kill $!
    wait
    check "it was renamed" test -e "$log.1"
    # The line of a thread that execve ends may be cut.
    cat "$work"/log.* >>"$log"
    jq -cR 'fromjson? // empty' "$log" >"$work/whole"
    mv "$work/whole" "$log"
    check "and each image's refusal is recorded" log_count \
        "$refusals and .args.pgid >= 1000" 13
}

descriptors()
{
    prepare || return 0
    local soft
    soft=$(ulimit -Sn)
    for few in 1024 300; do
        prepare
        ulimit -Sn "$few"
        expect "of $few descriptors none is left" "descriptors: 0 wrong" \
            descriptors
        ulimit -Sn "$soft"
        check "of $few: refusals are recorded" log_count "$refusals" 3
    done
    # Too few for the emulator itself: it says so.
    prepare
    for few in 12 24 40 64 100; do
        ulimit -Sn "$few"
        run calls
        ulimit -Sn "$soft"
        check "with $few descriptors the policy holds, or nothing runs" \
            matches "$status:$out" '^(0:calls: 0 wrong|[1-9][0-9]*:)$'
    done
}

# Below limits that can be raised and that cannot.
full()
{
    local soft hard
    for most in "1024 $(ulimit -Hn)" "1024 1024" "300 300" "$(ulimit -Sn) -"; do
        prepare || return 0
        sed -i 's/^@open /@path /' "$work/policy.ini"
        touch "$work/result"
        read -r soft hard <<<"$most"
        {
            out=$(cd "$work" && ulimit -Sn "$soft" &&
                { [ "$hard" = - ] || ulimit -Hn "$hard"; } &&
                exec timeout 60 "$emulator" "${given[@]}" "$probe" full \
                    2>"$work/err" </dev/null 3<&-)
        } 2>/dev/null
        check "a table of $most that is full ends before the emulator's" \
            equals "$out" "full: 0 wrong, 0 odd, 0 fail, 0 listed, then 0"
        check "and each image's refusal is recorded" log_count "$refusals" 3
    done
}

standard()
{
    prepare || return 0
    rm -f "$work/result"
    (cd "$work" && "$emulator" "${given[@]}" "$probe" none \
        <&- >&- 2>&- 3<&-)
    check "without standard files: as it would be" equals \
        "$(cat "$work/result")" "none: 0 wrong, 0 open, then 0"
    check "and refusals are recorded" log_count "$refusals" 1
    prepare
    given=(-policy "$work/policy.ini")
    (cd "$work" && "$emulator" "${given[@]}" "$probe" calls \
        >"$work/result" 2>&- 3<&-)
    check "without standard error" equals "$(cat "$work/result")" \
        "calls: 0 wrong"
}

memory()
{
    prepare || return 0
    local most
    for most in 20000 60000 100000 200000 400000 800000 1600000 20000000; do
        run_limited -v "$most" calls
        check "with $most KiB the policy holds, or nothing runs" \
            matches "$status:$out" '^(0:calls: 0 wrong|[1-9][0-9]*:)$'
    done
}

# run_limited OPTION N WORD: run, with a limit of the shell's
run_limited()
{
    {
        out=$(cd "$work" && ulimit -S "$1" "$2" && exec timeout 60 "$emulator" \
            "${given[@]}" "$probe" "$3" 2>"$work/err" </dev/null 3<&-)
        status=$?
    } 2>/dev/null
}

growth()
{
    prepare || return 0
    local most=2000     # KiB
    run_limited -f "$most" many
    check "a log that may not grow stops no guest" equals "$out" \
        "many: 0 wrong"
    check "and ends where it must" test "$(stat -c %s "$log")" -eq $((most * 1024))
    for most in 1 8 64; do
        run_limited -f "$most" calls
        check "with $most KiB for a file the policy holds, or nothing runs" \
            matches "$status:$out" '^(0:calls: 0 wrong|2:)$'
        [ "$status" -ne 2 ] ||
            check "and says why" contains "$(cat "$work/err")" "ulimit -f"
    done
}

for_each_target signals forks execs descriptors full standard memory \
    growth
tap_done
