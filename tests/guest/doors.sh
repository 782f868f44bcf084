#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 1800
# shellcheck disable=SC2154,SC2317 # of lib.sh; it calls the tests
# Ways around a policy that allows everything but what proves that it holds.
# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/guest/own-program.bash
. "$here/own-program.bash"

nearly_all()
{
    policy <<'END'
[policy]
default = allow
[deny]
sync = EIO
END
}

# door NAME TEXT WORD: what the guest gets, and that the policy goes on
door()
{
    # Ways to a file are made in the current folder.
    pushd "$work" >/dev/null || return
    expect "$1" "$2" "$3"
    popd >/dev/null || return
    check "$1: the policy still holds" equals "$status" 3
    check "$1: and its log" log_count '.syscall == "sync"' 1
}

descriptors()
{
    own_program doors || return 0
    local call
    for call in \
        'descriptors|own descriptors are not open|descriptors: 0 calls' \
        'reopened|nor by a name in /proc|reopened: 0' \
        'closed|cannot be closed or replaced|closed: none' \
        'close-range|nor with all others|close_range: 0' \
        'sent|cannot be sent|sent: 0' \
        'waited|nor waited for|waited: 0' \
        'compared|nor compared with|compared: 0' \
        'fetched|nor fetched by a child|fetched: 0'; do
        nearly_all
        door "$(cut -d'|' -f2 <<<"$call")" "$(cut -d'|' -f3 <<<"$call")" \
            "${call%%|*}"
    done
}

# The limit is the guest's to raise; what follows from it is not.
raised()
{
    own_program doors || return 0
    local soft
    soft=$(ulimit -Sn)
    echo 'function through(call) return call:run() end' >"$work/through.lua"
    policy <<'END'
[policy]
default = allow
handlers = through.lua
[deny]
sync = EIO
[emulate]
getpgid = lua through
END
    options -D "$work/qemu.log" -d unimp
    if [ "$(ulimit -Hn)" != unlimited ] && [ "$(ulimit -Hn)" -lt 4096 ]; then
        skip "$target: a limit that is raised" "it cannot be"
        return 0
    fi
    ulimit -Sn 1024
    door "a limit that is raised opens no own descriptor" "raised: 0" raised
    ulimit -Sn "$soft"
}

written()
{
    own_program doors || return 0
    nearly_all
    : >"$log"
    ln -f "$log" "$work/log-hard"
    door "the log cannot be opened for writing" "written: 0" written
    rm -f "$work/log-hard"
}

# later FILE COMMAND...: when the guest has started, which makes FILE appear
later()
{
    local file=$1
    shift
    (
        until [ -e "$file" ]; do sleep 0.05; done
        "$@"
    ) 3<&- &
}

# What the emulator writes: removed, replaced, cut, under other names.
kept()
{
    own_program doors || return 0
    nearly_all
    options -policy-stats "$work/stats"
    door "nor removed, renamed, linked, cut short" "kept: 0 ways" kept
    nearly_all
    later "$log" mv "$log" "$log.1"
    door "nor what it goes on in, made for it" "succeeded: 0 ways" succeeded
    wait
    rm -f "$log.1" "$work/stats" "$work/cut"
    nearly_all
    options -policy-stats "$work/stats"
    later "$work/stats" cut_stats
    door "statistics that somebody cuts short end nothing" \
        $'cut short: before\ncut short: after\ncut short: after' cut-short
    wait
    rm -f "$work/stats" "$work/cut"
    # With a rule on paths, names are looked up once more.
    nearly_all
    echo "@path = EIO if path == /nowhere" >>"$work/policy.ini"
    options -policy-stats "$work/stats"
    door "nor with rules on paths" "kept: 0 ways" kept
    rm -f "$work/stats"
}

# The guest waits for the second file.
cut_stats()
{
    sleep 0.3
    : >"$work/stats"
    touch "$work/cut"
}

creat()
{
    own_program doors || return 0
    nearly_all
    run creat
    if [ "$out" = "creat: none" ]; then
        skip "$target: creat()" "$target has no such call"
        return 0
    fi
    nearly_all
    door "creat() neither opens memory nor empties the log" "creat: 0" creat
}

# With a rule on paths, names are looked up once more.
exchanged()
{
    own_program doors || return 0
    nearly_all
    door "the program is not what its name leads to" \
        "exchanged: 0 ways, the program" exchange
    policy <<'END'
[policy]
default = allow
[deny]
sync = EIO
?open = EIO if path == /nowhere
openat = EIO if path == /nowhere
END
    run exchange
    check "nor with rules on paths" contains "$out" "exchanged: 0 ways"
}

frames()
{
    own_program doors || return 0
    [ "$target" = aarch64 ] || return 0
    nearly_all
    door "a signal's frame leads to no exception level" "frame: level 0" \
        frame
}

semaphores()
{
    own_program doors || return 0
    nearly_all
    run semaphores
    case $out in
    "semaphores: no" | "semaphores: not exchanged")
        skip "$target: ${out#*: }" "the number of a set cannot be chosen"
        return 0 ;;
    esac
    check "a set that is exchanged overruns nothing" equals \
        "$out $status" "semaphores: read 3"
    nearly_all
    run large-sets
    if [ "$out" = "large sets: no" ]; then
        skip "$target: large sets of semaphores" "the limit cannot be raised"
    else
        check "nor does one that no number of 16 bits can count" equals \
            "$out $status" "large sets: EINVAL 3"
    fi
}

proc()
{
    own_program doors || return 0
    nearly_all
    door "memory and environment of emulators are out of reach" \
        "proc: 0 ways" proc
    nearly_all
    door "maps are the guest's by whatever name" \
        "maps: 4 opened, 0 show the emulator" maps
}

# Among threads the kernel takes milliseconds to make a table larger: it is made
# once, before there are any.
table_is_small()
{
    local size
    size=$(sed -n 's/^FDSize:[[:space:]]*//p' "/proc/$1/status")
    [ "$size" -le 4096 ] || { echo "$size numbers"; return 1; }
}

# Of this emulator and of another one: the memory that counts of rules lie in.
counters()
{
    own_program doors || return 0
    local other
    nearly_all
    (cd "$work" && exec "$emulator" -policy policy.ini "$probe" stay \
        </dev/null >"$work/ready" 2>&1 3<&-) &
    other=$!
    until [ -s "$work/ready" ]; do sleep 0.05; done
    check "a table of descriptors has 4096 numbers at the most" \
        table_is_small "$other"
    door "what policies count in cannot be changed" \
        "counters: several, 0 opened" counters
    # With a rule on paths, names are looked up once more.
    nearly_all
    echo "@path = EIO if path == /nowhere" >>"$work/policy.ini"
    door "nor with rules on paths" "counters: several, 0 opened" counters
    kill "$other"
    wait "$other" 2>/dev/null
}

# Changing what is in one folder is refused; a look at the log goes by numbers, too.
instead()
{
    own_program doors || return 0
    mkdir -p "$work/open" "$work/secret"
    echo >"$work/secret/name"
    nearly_all
    cat >>"$work/policy.ini" <<END
?open = EACCES if path under $work/secret && access != read
openat = EACCES if path under $work/secret && access != read
?unlink = EACCES if path under $work/secret
unlinkat = EACCES if path under $work/secret
END
    door "what another thread puts in the place of what is looked at" \
        "instead: not removed, not written, no log" instead
    rm -rf "$work/open" "$work/secret"
}

folders()
{
    own_program doors || return 0
    local rule
    for rule in "" "@open = EIO if path == /nowhere"; do
        nearly_all
        echo "$rule" >>"$work/policy.ini"
        door "folders that the emulator has open${rule:+, with rules on paths}" \
            "folders: open open open open open open" folders
    done
}

# Of the process itself, of threads, of children that were forked and executed.
shown()
{
    own_program doors || return 0
    local rule
    for rule in "" "openat = EIO if path == /nowhere"; do
        nearly_all
        echo "$rule" >>"$work/policy.ini"
        door "stat and cmdline${rule:+, with rules on paths}" \
            "shown: 0 addresses, 0 command lines" shown
        nearly_all
        echo "$rule" >>"$work/policy.ini"
        door "the same to threads${rule:+, with rules on paths}" \
            "shown: 0 addresses, 0 command lines" shown-threads
        nearly_all
        echo "$rule" >>"$work/policy.ini"
        door "environ is the guest's${rule:+, with rules on paths}" \
            "environ: 0 wrong" surroundings
    done
}

calls()
{
    own_program doors || return 0
    nearly_all
    door "a length cannot overrun a thread's stack" "lengths: EINVAL" lengths
    nearly_all
    door "nothing is typed into the user's terminal" \
        "TIOCSTI: EPERM refused" terminal
    nearly_all
    door "the emulator's personality stays" "personality: EINVAL" persona
    nearly_all
    door "no timer calls a function of the host's" "timer: EINVAL" timer
    nearly_all
    door "no call changes the emulator, or traces it" "changes: 0" changes
    nearly_all
    door "nothing is copied for the device mapper" "mapper: ENOTTY" mapper
    nearly_all
    door "a message has no part that cannot be" \
        "messages: EINVAL EINVAL EINVAL and goes on" messages
    nearly_all
    door "a name shows no more than there is room for" \
        "sender: 110 bytes, 0 too many" sender
    nearly_all
    door "nor has a set of descriptors" "sets: EINVAL" sets
    nearly_all
    door "an address without a length is not read" \
        "no length: EINVAL EINVAL EINVAL EINVAL" no-length
}

# Requests to devices that this machine need not have: what reaches the host's
# kernel tells them apart, for that would say ENOTTY as well.
ioctls()
{
    own_program doors || return 0
    local trace=$work/trace
    command -v strace >/dev/null || {
        skip "$target: requests with pointers" "strace is not installed"
        return 0
    }
    printf '#!/bin/sh\nexec strace -f -qq -e trace=ioctl -e raw=ioctl -o %s %s "$@"\n' \
        "$trace" "$emulator" >"$work/traced"
    chmod +x "$work/traced"
    emulator=$work/traced
    run pointers
    check "requests with pointers reach the host without a policy" contains \
        "$(cat "$trace")" "ioctl(0x4d, 0x5382,"
    nearly_all
    door "requests with pointers" "pointers: 13 of 13 ENOTTY" pointers
    check "none reaches the host" equals "$(grep -c 'ioctl(0x4d' "$trace")" 0
    emulator=$TEST_BIN/qemu-$target
}

vsyscall()
{
    own_program doors || return 0
    [ "$target" = x86_64 ] || return 0
    policy <<'END'
[policy]
default = allow
[deny]
sync = EIO
time = EIO
END
    door "the vsyscall page asks the policy, and cannot be read" \
        "vsyscall: -5, SIGSEGV" vsyscall
}

threads()
{
    own_program doors || return 0
    nearly_all
    door "a thread cannot have descriptors of its own" "apart: 0" apart
    nearly_all
    door "what is refused was never open" "raced: lost" raced
    nearly_all
    door "nor what a program names as its loader" "loader: taken 0 times" loader
    nearly_all
    door "arguments that grow meanwhile overrun nothing" \
        "arguments: 1000 looked at" arguments
    nearly_all
    door "threads find what others look at" "together: 0 lost" together
    nearly_all
    door "what the emulator opens to make maps is its own" "maps: not taken" \
        maps-taken
    nearly_all
    echo "@open = EACCES if path == $work/program" >>"$work/policy.ini"
    echo secret >"$work/program"
    chmod 755 "$work/program"
    door "nor what it opens to see what a program is" "program: not taken" \
        program-taken
    rm "$work/program"
}

# The log is renamed while threads of several processes are being refused.
rotated()
{
    own_program doors || return 0
    local n=0 rotating
    nearly_all
    echo "setpgid = EACCES" >>"$work/policy.ini"
    options -policy-stats "$work/stats"
    while sleep 0.2; do
        mv "$log" "$log.$((n += 1))"
    done 2>/dev/null 3<&- &
    rotating=$!
    expect "a log that goes on in another file is out of reach" \
        "log: taken never" log-taken
    kill "$rotating"
    wait "$rotating" 2>/dev/null
    check "it has gone on" test "$(cat "$log".* | wc -l)" -gt \
        "$(wc -l <"$log.1")"
    check "and all records are there" equals \
        "$(cat "$log"* | jq -s 'map(select(.syscall == "setpgid")) | length')" \
        "$("$TEST_BIN/qemu-policy" stats --json "$work/stats" | jq \
        '.targets[0].syscalls[] | select(.syscall == "setpgid").calls')"
    rm -f "$log".*
}

mounts()
{
    own_program doors || return 0
    nearly_all
    run mounted
    if [ "$out" = "mounted: no" ]; then
        skip "$target: /proc elsewhere" "mounting is not permitted here"
        return 0
    fi
    nearly_all
    door "nor is /proc by another name" "mounted: 0 ways" mounted
    nearly_all
    door "nor a file of it" "bound: 0 ways" bound
}

limits()
{
    own_program doors || return 0
    nearly_all
    door "files may grow, and so the log" "limits: 1" no-growth
    nearly_all
    door "nor is there a moment at which there may be fewer descriptors" \
        "lowered: 0 times" lowered
}

semihosting()
{
    local signal
    own_program doors || return 0
    case $target in
    aarch64*|arm*) signal=SIGILL ;;
    riscv*) signal=SIGTRAP ;;
    *) return 0 ;;
    esac
    nearly_all
    door "no semihosting" "semihosting: $signal" semihosting
}

options_refused()
{
    own_program doors || return 0
    nearly_all
    options -B 0x10000
    expect_status "-B is refused" 2 persona
    check "and said why" contains "$err" "-B lets the guest reach"
    nearly_all
    options -g 65000
    expect_status "-g is refused" 2 persona
    check "and how to permit it" contains "$err" "gdb = yes"
}

for_each_target descriptors raised written kept creat exchanged frames semaphores \
    proc counters instead folders shown calls ioctls vsyscall threads rotated mounts limits semihosting \
    options_refused
tap_done
