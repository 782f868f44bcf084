#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 900
# shellcheck disable=SC2154,SC2317 # of lib.sh; it calls the tests
# Logs and statistics under load and in trouble: many threads and processes,
# execve, kill -9, full disks, readers that do not read, and guests that close
# or write to whatever they find.
# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/guest/own-program.bash
. "$here/own-program.bash"

refusing()
{
    policy <<'POLICY'
[policy]
default = allow
[deny]
setpgid = EACCES
POLICY
}

# logs WHERE...: instead of the usual one
logs()
{
    local where
    given=(-policy "$work/policy.ini")
    for where; do
        given+=(-policy-log "$where")
    done
}

# together KEY: the sum of a member over the log
together() { jq -s "map(.$1 // 0) | add // 0" "$log"; }

load()
{
    own_program logs || return 0
    refusing
    options -policy-stats "$work/stats"
    run refuse 8 8 100
    check "8 processes of 8 threads: 6400 records, each whole" \
        log_count '.syscall == "setpgid"' 6400
    check "and none besides" log_count true 6400
    check "statistics have counted the same" equals \
        "$("$TEST_BIN/qemu-policy" stats --json "$work/stats" | jq -r \
        '.targets[0].syscalls[] | select(.syscall == "setpgid") |
        "\(.calls) \(.refused) \(.errors)"')" "6400 6400 6400"
    check "also of the rule" equals \
        "$("$TEST_BIN/qemu-policy" stats --json "$work/stats" | jq \
        '.targets[0].rules[] | select(.text == "setpgid = EACCES").decided')" \
        6400
}

limited()
{
    own_program logs || return 0
    refusing
    sed -i '1a log-rate = 5/h' "$work/policy.ini"
    run refuse 8 8 100
    check "a limit leaves records out" test "$(wc -l <"$log")" -lt 30
    check "all that is left out is counted" equals \
        "$(($(together limited) +
        $(jq -s 'map(select(.syscall == "setpgid")) | length' "$log")))" 6400
}

several()
{
    own_program logs || return 0
    refusing
    rm -f "$work/text" "$work/kernel"
    logs "$log" "text:$work/text" "kernel:$work/kernel" fd:7
    run exec "$probe" exec "$probe" refuse 1 1 1 7>"$work/seven"
    check "across execve: JSON" log_count '.syscall == "setpgid"' 3
    check "readable lines" equals \
        "$(grep -c '^20.* setpgid(8388607, 0) = EACCES  ' "$work/text")" 3
    check "a descriptor" equals "$(jq -s length "$work/seven")" 3
    if command -v ausearch >/dev/null; then
        check "ausearch reads the kernel's form" equals \
            "$(ausearch -if "$work/kernel" -m SECCOMP 2>&1 </dev/null |
            grep -c '^type=SECCOMP.*verdict=deny')" 3
    else
        skip "$target: ausearch reads the kernel's form" "no ausearch"
    fi
}

spoilt()
{
    own_program logs || return 0
    refusing
    logs "$log" fd:9
    run spoil 9>"$work/nine"
    check "no log can be reached" equals "$out" "reached 0"
    check "a guest that closes all it finds is recorded" \
        log_count '.syscall == "setpgid"' 1
    check "and forges nothing" equals "$(jq -s length "$work/nine")" 1
}

killed()
{
    own_program logs || return 0
    refusing
    options -policy-stats "$work/stats"
    run die
    check "kill -9 loses no record" log_count '.syscall == "setpgid"' 1
    check "nor a count" equals \
        "$("$TEST_BIN/qemu-policy" stats --json "$work/stats" | jq \
        '.targets[0].syscalls[] | select(.syscall == "setpgid").calls')" 1
}

# An earlier run has been killed within a record.
cut()
{
    own_program logs || return 0
    local run
    refusing
    for run in 1 2; do
        printf '{"v":1,"time":"20' >>"$log"
        run die
    done
    check "no record stands behind what was cut short" equals \
        "$(jq -R 'fromjson? | .syscall' "$log")" $'"setpgid"\n"setpgid"'
    check "and what was cut short stands alone" equals \
        "$(grep -cx '{"v":1,"time":"20' "$log")" 2
}

unread()
{
    own_program logs || return 0
    local reader
    refusing
    mkfifo "$work/fifo"
    # A pipe without a reader is refused at the start.
    exec 8<>"$work/fifo"
    sleep 1000 <"$work/fifo" 3<&- 8<&- &
    reader=$!
    until [ "$(readlink "/proc/$reader/fd/0")" = "$work/fifo" ]; do
        sleep 0.05
    done
    exec 8<&-
    logs "$work/fifo" "$log"
    run refuse 8 8 100
    check "a pipe that nobody reads stops no guest" equals "$out" "0 failed"
    check "and takes nothing from another log" \
        log_count '.syscall == "setpgid"' 6400
    kill "$reader"
    wait "$reader" 2>/dev/null
    rm -f "$work/fifo"
}

# A disk of 64 KiB; needs the right to mount one.
full()
{
    own_program logs || return 0
    local disk=$work/disk told
    mkdir -p "$disk"
    if ! mount -t tmpfs -o size=64k none "$disk" 2>/dev/null; then
        skip "$target: a full disk" "no right to mount one"
        return 0
    fi
    refusing
    head -c 16384 /dev/zero >"$disk/other"
    logs "$disk/log"
    run refuse 8 8 100
    check "a full disk stops no guest" equals "$out" "0 failed"
    # Of those that are there, some may tell of others that are not.
    told=$(jq -R 'fromjson? | 1 + (.lost // 0)' "$disk/log" | jq -s add)
    check "standard error says at the end how many records are missing" equals \
        "$err" "${emulator##*/}: $((6400 - told)) records could not be written to the log"
    check "what is there is whole but for the last line" equals \
        "$(head -n -1 "$disk/log" | jq -R 'fromjson? // error' 2>&1 |
        grep -c error)" 0
    rm "$disk/other"
    run die
    check "when there is room again, the next record is whole" equals \
        "$(tail -n 1 "$disk/log" | jq -r .syscall)" setpgid
    umount "$disk"
}

for_each_target load limited several spoilt killed cut unread full
tap_done
