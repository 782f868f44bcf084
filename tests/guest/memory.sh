#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 1500
# shellcheck disable=SC2154,SC2317 # of lib.sh; it calls the tests
# The emulator's memory is out of the guest's reach: reads, writes and system
# calls at every place of the emulator's, by every kind of instruction.
#
# TWINS: a folder with unpatched emulators; the same attacks must then succeed.
# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/guest/own-program.bash
. "$here/own-program.bash"

host=$probes/memory-host

compile_host()
{
    local newer
    newer=$(find "$here/memory-host" -name '*.c' -newer "$host" 2>&1)
    if [ -x "$host" ] && [ -z "$newer" ]; then
        return 0
    fi
    gcc -O1 -Wall -Wextra -o "$host.$$" "$here"/memory-host/*.c \
        >"$host.log" 2>&1 && mv "$host.$$" "$host"
}

# The processor that has most of the instructions.
processor()
{
    case $target in
    x86_64 | riscv64 | s390x) echo "-cpu max" ;;
    esac
}

# attack EMULATOR OPTION...: $out, $err, $status. An emulator that has come to harm may
# hang: 124 and more
attack()
{
    # shellcheck disable=SC2046 # none or two
    out=$(cd "$work" && timeout -k 1 60 "$host" "$1" $(processor) "${@:2}" "$probe" \
        2>"$work/err" </dev/null)
    status=$?
    err=$(cat "$work/err")
}

# none_of WHAT: each line about it begins with 0
none_of()
{
    local lines
    lines=$(grep -E " $1$|^$1:" <<<"$out")
    [ -n "$lines" ] || { echo "nothing was tried: $out"; return 1; }
    ! grep -Ev ': 0 of' <<<"$lines" || { echo "$err"; return 1; }
}

some_of()
{
    grep -E " $1$|^$1:" <<<"$out" | grep -qEv ': 0 of' ||
        { echo "none: $out"; return 1; }
}

# Stores into an emulator may be its end.
stores_do()
{
    [ "$status" -ge 124 ] || some_of writes
}

attacks()
{
    own_program memory || return 0
    compile_host || { not_ok "$target: memory-host does not compile"; return; }
    policy <<'END'
[policy]
default = allow
END
    attack "$emulator" "${given[@]}"
    check "the attacks come to their end" equals "$status" 0
    check "no load reaches the emulator" none_of reads
    check "no store does" none_of writes
    check "no system call does" none_of calls
}

# The attacks are ones: without a window they succeed.
unconfined()
{
    own_program memory || return 0
    case $target in
    aarch64 | alpha | mips64el | ppc64* | riscv64 | s390x | sparc64 | x86_64) ;;
    *) return 0 ;;
    esac
    policy <<'END'
[policy]
default = allow
confine = no
END
    attack "$emulator" "${given[@]}"
    check "with confine = no, loads reach it" some_of reads
    check "with confine = no, stores do" stores_do
    check "and the user was warned" contains "$err" "a hostile program can"
}

twins()
{
    [ -n "${TWINS:-}" ] || return 0
    [ -x "$TWINS/qemu-$target" ] || { skip "$target: no twin"; return 0; }
    own_program memory || return 0
    attack "$TWINS/qemu-$target"
    check "loads reach the unpatched emulator" some_of reads
    check "stores do" stores_do
    check "system calls do" some_of calls
}

# What 32 bits can name, page flags or not.
sweep()
{
    own_program memory || return 0
    case $target in
    aarch64 | alpha | mips64el | ppc64* | riscv64 | s390x | sparc64 | x86_64)
        return 0 ;;
    esac
    policy <<'END'
[policy]
default = allow
END
    expect "nothing in 4 GiB but its own" "sweep: 0 places" sweep
}

for_each_target attacks unconfined twins sweep
tap_done
