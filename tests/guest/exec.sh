#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 900
# shellcheck disable=SC2154,SC2317 # of lib.sh; it calls the tests
# Programs that a guest executes run below the same policy, and get what the
# guest gave them.
# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/guest/own-program.bash
. "$here/own-program.bash"

marked()
{
    policy <<'POLICY'
[policy]
default = allow
[deny]
setpgid = EACCES
[emulate]
sync    = error EIO when 2+2
POLICY
    # What the emulator's environment has goes to the guest as it is.
    options -U LANG
}

# last_lines N: of what the guest wrote
last_lines() { tail -n "$1" <<<"$out"; }

inherited()
{
    own_program exec || return 0
    local how exe
    for how in path thread at fd shut nofollow memfd; do
        marked
        exe=$probe
        [ "$how" != memfd ] || exe="/memfd:copy (deleted)"
        run run "$how" "$probe" show "two words" ""
        check "$how: runs below the policy" equals "$(last_lines 3)" \
"exe $exe
setpgid EACCES
sync 0"
        check "$how: with its arguments" equals "$(head -n 4 <<<"$out")" \
"arg ${#probe}:$probe
arg 4:show
arg 9:two words
arg 0:"
        check "$how: and its record" log_count \
            ".syscall == \"setpgid\" and .exe == \"$exe\"" 1
    done
    marked
    run run path /proc/self/exe show
    check "/proc/self/exe is the guest's program" equals "$(last_lines 3)" \
"exe $probe
setpgid EACCES
sync 0"
}

# A policy's own /proc/self/exe is the program that was started, and no other.
itself()
{
    own_program exec || return 0
    policy <<'POLICY'
[policy]
default = allow
[deny]
execve  = EACCES
setpgid = EACCES
[allow]
execve  = path == /proc/self/exe
POLICY
    run run path /proc/self/exe show
    check "/proc/self/exe in a rule: the program runs itself" contains "$out" \
        "setpgid EACCES"
    run run path /proc/self/exe run path /proc/self/exe run path \
        /proc/self/exe show
    check "... and so does that program, and the next" equals \
        "$(last_lines 3)" "exe $probe
setpgid EACCES"$'\n'"sync 0"
    run run path "$probe" show
    check "... by its name, too" contains "$out" "setpgid EACCES"
    cp "$probe" "$work/another"
    run run path "$work/another" show
    check "... and another program does not run" log_count \
        '.syscall == "execve" and .errno == "EACCES"' 1
    check "... nor does the emulator" eval "! contains '$out' setpgid"
}

# A program of the host is one for another target, and runs where the emulator
# for it lies beside this one. So what must not run is tried with an emulator
# that lies alone; and not on the host's own target, whose programs they are.

# alone: a copy of the emulator without others beside it becomes $emulator;
# status 1, with a skip named $1, on the host's own target
alone()
{
    if [ "$target" = "$(uname -m)" ]; then
        skip "$target: $1" "the host's programs are for this target"
        return 1
    fi
    mkdir -p "$work/alone"
    cp "$emulator" "$work/alone/qemu-$target"
    emulator=$work/alone/qemu-$target
}

# together: and back
together()
{
    rm -rf "$work/alone"
    emulator=$TEST_BIN/qemu-$target
}

hosts_programs()
{
    alone "programs of the host do not run" || return 0
    expect "a program of the host does not run" "path: ENOEXEC" \
        run path "$emulator" -version
    check "and the log says why" log_count \
        '.verdict == "log" and (.message | test("^/.* does not run: it is built for"))' 1
    expect "nor by its descriptor" "fd: ENOEXEC" run fd "$emulator" -version
    expect "nor from memory" "memfd: ENOEXEC" run memfd /bin/true
    printf '#!/bin/sh\necho out\n' >"$work/host-script"
    chmod +x "$work/host-script"
    expect "nor as an interpreter" "path: ENOEXEC" run path "$work/host-script"
    together
}

shed()
{
    own_program exec || return 0
    marked
    hosts_programs
    marked
    run environ "$probe" "QEMU_POLICY=/dev/null" "QEMU_STRACE=1" \
        "LD_PRELOAD=/nonexistent.so"
    check "the environment is the guest's alone" equals "$out$err" \
"arg ${#probe}:$probe
arg 4:show
env 21:QEMU_POLICY=/dev/null
env 13:QEMU_STRACE=1
env 26:LD_PRELOAD=/nonexistent.so
exe $probe
setpgid EACCES
sync 0"
}

counted()
{
    own_program exec || return 0
    marked
    run sync "$probe"
    check "counts go on in the next program" equals \
        "$(grep ^sync <<<"$out")" \
"sync 0
sync EIO"
    marked
    run fork path "$probe" sync "$probe"
    check "and in children" equals "$(grep ^sync <<<"$out")" \
"sync 0
sync EIO"
}

edited()
{
    own_program exec || return 0
    marked
    cp "$work/policy.ini" "$work/gone.ini"
    given=(-policy "$work/gone.ini" -policy-log "$log")
    run unlink "$work/gone.ini" "$probe"
    check "a policy's file that is gone changes nothing" equals \
        "$(last_lines 2)" \
"setpgid EACCES
sync 0"
    check "it is gone" test ! -e "$work/gone.ini"
}

# What "include = NAME" stands for is found out once, and not in the folder of
# the policy; "unlink" is the guest's, before it executes itself.
by_name()
{
    own_program exec || return 0
    local emulator_was=$emulator
    marked
    mkdir -p "$work/prefix/bin" "$work/prefix/share/qemu-policy/policies"
    cp "$emulator" "$work/prefix/bin/"
    emulator=$work/prefix/bin/${emulator##*/}
    cp "$work/policy.ini" "$work/prefix/share/qemu-policy/policies/part.ini"
    printf '[policy]\ndefault = kill\n' | tee "$work/part" >"$work/part.ini"
    printf '[policy]\ninclude = part\n' >"$work/policy.ini"
    run unlink "$work/prefix/share/qemu-policy/policies/part.ini" "$probe"
    check "an include by name stays what it was" equals "$(last_lines 2)" \
        "setpgid EACCES
sync 0"
    run sync
    check "one that nothing has is refused" equals "$status" 2
    check "and it is said where it was looked for, and what is near" matches \
        "$err" "policy.ini:2:11: error: no policy \"part\": there is no\
 part.ini in /etc/qemu-policy or $work/prefix/share/qemu-policy/policies
.*the file beside this one is \"part.ini\""
    emulator=$emulator_was
    rm -rf "$work/prefix" "$work/part" "$work/part.ini"
}

scripts()
{
    own_program exec || return 0
    local i
    marked
    printf '#!%s  show  one argument \nrest\n' "$probe" >"$work/script"
    printf '#!%s' "$work/script" >"$work/second"
    printf '#!%s\n' "$work/nowhere" >"$work/dangling"
    printf '#!\n' >"$work/empty"
    printf '#! ' >"$work/open"
    for i in 1 2 3 4 5 6 7; do
        printf '#!%s\n' "$work/loop$((i + 1))" >"$work/loop$i"
    done
    chmod +x "$work"/{script,second,dangling,empty} "$work"/loop?
    run run path "$work/script" last
    check "a script has one argument" equals "$(grep ^arg <<<"$out")" \
"arg ${#probe}:$probe
arg 18:show  one argument
arg $((${#work} + 7)):$work/script
arg 4:last"
    run run path "$work/second" last
    check "a script of a script" equals "$(grep ^arg <<<"$out" | tail -n 3)" \
"arg $((${#work} + 7)):$work/script
arg $((${#work} + 7)):$work/second
arg 4:last"
    expect "no interpreter" "path: ENOENT" run path "$work/dangling"
    expect "no name of one" "path: ENOEXEC" run path "$work/empty"
    expect "none, where the file ends" "path: EACCES" run path "$work/open"
    expect "too many scripts" "path: ELOOP" run path "$work/loop1"
    expect "a script that is closed on the way" "shut: ENOENT" \
        run shut "$work/script"
}

refused()
{
    own_program exec || return 0
    marked
    printf 'text' >"$work/text"
    cp "$probe" "$work/plain"
    head -c 40 "$probe" >"$work/short"
    chmod +x "$work/text" "$work/short"
    chmod -x "$work/plain"
    ln -sf "$probe" "$work/link"
    expect "a file that is no program" "path: ENOEXEC" run path "$work/text"
    expect "half a header" "path: ENOEXEC" run path "$work/short"
    expect "without permission" "path: EACCES" run path "$work/plain"
    expect "a folder" "path: EACCES" run path "$work"
    expect "nothing" "path: ENOENT" run path "$work/nothing"
    expect "no name" "empty: ENOENT" run empty x
    expect "a link not to follow" "nofollow: ELOOP" run nofollow "$work/link"
    expect "a string too long" "many: E2BIG" many 1 131072 "$probe"
    expect "the longest string" "1 arguments, 131071 bytes" \
        many 1 131071 "$probe"
    expect "many arguments" "3000 arguments, 1500000 bytes" \
        many 3000 500 "$probe"
}

siblings()
{
    own_program exec || return 0
    other_target || {
        skip "$target: programs of other targets" \
            "no other emulator and compiler are here"
        return 0
    }
    marked
    run sync "$own"
    check "a program for $other runs below the same policy" equals "$out" \
"sync 0
arg ${#own}:$own
arg 4:show
$(grep '^env' <<<"$out")
exe $own
setpgid EACCES
sync EIO"
    check "into the same log" log_count ".target == \"$other\"" 1
    marked
    run run path "$own" run path "$probe" show
    check "and back" contains "$out" "exe $probe
setpgid EACCES"
}

# Programs with set-uid and set-gid bits, of the guest's and of the host's.
set_uid()
{
    own_program exec || return 0
    local box=$work/set-uid
    rm -rf "$box"
    mkdir "$box" && chmod 711 "$work" "$box"
    cp /usr/bin/id "$box/id"
    cp "$probe" "$box/ids"
    if ! chown 65534:65534 "$box"/* 2>/dev/null ||
        ! chmod 6755 "$box"/* || [ "$("$box/id" -u)" != 65534 ]; then
        skip "$target: set-uid programs" "not root, or the bits do not count here"
        return 0
    fi
    fresh
    run run path "$box/id" -u
    check "without a policy a set-uid program has its user" equals "$out" 65534
    policy <<POLICY
[policy]
default = allow
exec    = native $box/id
POLICY
    expect "below one it has not" 0 run path "$box/id" -u
    expect "nor its group" 0 run path "$box/id" -g
    expect "nor has one of the guest's either" "ids 0 0" run path "$box/ids" ids
}

settings()
{
    own_program exec || return 0
    policy <<'POLICY'
[policy]
default = allow
exec    = deny
POLICY
    expect "exec = deny" "path: EPERM" run path "$probe" show
    check "has its record" log_count \
        '.syscall == "execve" and .rule == "'"$work/policy.ini"':3"' 1
    policy <<'POLICY'
[policy]
default = allow
exec    = native /bin/echo
POLICY
    expect "exec = native" "from the host" run path /bin/echo from the host
    alone "exec = native: and no other" || return 0
    expect "and no other" "path: ENOEXEC" run path /bin/true
    together
}

# A path of the policy means what it meant when the first program was loaded,
# whatever links a guest makes there before it executes another one.
relinked()
{
    own_program exec || return 0
    echo secret >"$work/secret"
    rm -f "$work/out"
    policy <<POLICY
[policy]
default = allow
[deny]
@open   = EACCES if path under $work
[allow]
openat  = path == $work/out
POLICY
    expect "a link at an allowed path leads nowhere else" "open EACCES" \
        relink "$probe" "$work/out" "$work/secret"
    rm -f "$work/out"
}

traced()
{
    own_program exec || return 0
    marked
    options -strace -D "$work/trace"
    rm -f "$work/trace"
    run run path "$probe" show
    check "strace goes on" grep -q 'setpgid.*errno=13' "$work/trace"
    check "and keeps what was before" grep -q execve "$work/trace"
}

# A policy that names the programs which may be executed is asked for what a
# script brings along, too; for a dynamic loader it is as for a library.
folders()
{
    mkdir -p "$work/app" "$work/other"
    cp "$probe" "$work/app/program"
    cp "$probe" "$work/other/program"
    printf '#!%s count\n' "$work/other/program" >"$work/app/script"
    printf '#!%s\n' "$work/app/script" >"$work/app/nested"
    chmod +x "$work/app/script" "$work/app/nested"
}

interpreters()
{
    own_program exec || return 0
    folders
    policy <<POLICY
[policy]
default = allow
[allow]
@exec   = path under $work/app
[deny]
@exec   = EACCES
POLICY
    expect "a folder's programs run" "0 arguments, 0 bytes" \
        run path "$work/app/program" count
    expect "no others" "path: EACCES" run path "$work/other/program" count
    expect "nor behind a script's first line" "path: EACCES" \
        run path "$work/app/script"
    check "which is recorded with the interpreter" log_count \
        ".resolved == \"$work/other/program\"" 1
    expect "nor behind that of a script's script" "path: EACCES" \
        run path "$work/app/nested"
    expect "nor by a descriptor of the script" "fd: EACCES" \
        run fd "$work/app/script"
    policy <<POLICY
[policy]
default = allow
[allow]
@exec   = path under {$work/app, $work/other}
[deny]
@exec   = kill
POLICY
    expect "an interpreter that is allowed runs" \
        "1 arguments, $((${#work} + 11)) bytes" run path "$work/app/script"
}

# loaded: app/loaded, whose dynamic loader is other/program; or status 1
loaded()
{
    local compiler='' name triplet
    while read -r name triplet _; do
        [ "$name" != "$target" ] || compiler=$triplet-gcc
    done <<<"$cross_table"
    echo 'void begin(void); void begin(void) { for (;;) { } }' >"$work/begin.c"
    "$compiler" -nostdlib -fPIE -pie -Wl,-e,begin \
        -Wl,--dynamic-linker=other/program -o "$work/app/loaded" \
        "$work/begin.c" 2>"$work/begin.log"
}

loaders()
{
    own_program exec || return 0
    folders
    if ! loaded; then
        skip "$target: dynamic loaders" "$(head -n 1 "$work/begin.log")"
        return 0
    fi
    policy <<POLICY
[policy]
default = allow
[allow]
@exec   = path under $work/app
POLICY
    run run path app/loaded count
    check "a loader is no program of its own" equals \
        "$(grep -c EACCES <<<"$out")" 0
    policy <<POLICY
[policy]
default = allow
[deny]
@open   = EACCES if path under $work/other
POLICY
    expect "what cannot be read cannot be a loader" "path: EACCES" \
        run path app/loaded count
    check "which is recorded as an open" log_count \
        ".syscall == \"openat\" and .resolved == \"$work/other/program\"" 1
}

handed_over()
{
    own_program exec || return 0
    marked
    run watched "$probe"
    check "no thread sees what is handed over" equals "$(last_lines 1)" \
        "handed over in sight: 0"
}

for_each_target inherited itself handed_over shed counted edited by_name scripts interpreters loaders refused siblings set_uid settings relinked traced
tap_done
