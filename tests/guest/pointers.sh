#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 900
# shellcheck disable=SC2154,SC2317 # of lib.sh; it calls the tests
# Pointers that lead nowhere, and memory that goes away while the policy (or
# the record it writes) reads it: the emulator lives, the record is whole.
# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/lib.sh"

refused='[policy]
default = allow
[deny]
openat  = EACCES
connect = EACCES
uname   = EACCES'

wild()
{
    local pointer words=() text=
    policy <<<"$refused"
    for pointer in 0 1 -1 -4096 0x7ffffff0 0x80000000 0xffffffff \
        0x7ffffffffffff000 0x7fffffffffffffff 0x8000000000000000 \
        0xffff800000000000 end:unfinished endz:finished; do
        case $pointer:$target in
        # strtoull and a 32-bit long: the same as shorter ones
        0x*00000000000*:* | 0x7fffffffffffffff:*)
            case $target in
            x86_64 | aarch64 | riscv64 | ppc64* | s390x | sparc64 | alpha | \
                mips64*) ;;
            *) continue ;;
            esac ;;
        esac
        words+=(call openat AT_FDCWD "$pointer" 0 --)
        text+=${text:+$'\n'}"openat = EACCES"
    done
    expect "a refused call with wild paths" "$text" "${words[@]}"
    check "records are whole" log_count '.syscall == "openat"' \
        $((${#words[@]} / 6))
    expect "wild socket addresses" \
"connect = EACCES
connect = EACCES
connect = EACCES
connect = EACCES" \
        call connect 99 1 16 -- call connect 99 -1 16 -- \
        call connect 99 end:xx 100 -- call connect 99 in:1.2.3.4:5 0x7fffffff
}

long()
{
    local path
    path=$(printf 'x%.0s' {1..5000})
    policy <<<"$refused"
    expect "a path longer than any" "openat = EACCES" \
        call openat AT_FDCWD "str:$path" 0
    check "its record is whole" log_count '.syscall == "openat"' 1
    expect "bytes that are not text" "openat = EACCES" \
        call openat AT_FDCWD $'str:/\x01\xff\xfe"\\\n' 0
    check "their record is whole" log_count '.syscall == "openat"' 2
}

vanishing()
{
    policy <<<"$refused"
    expect "a path on a page that another thread unmaps" "opened=0" \
        vanish 3000
    check "every record is whole" log_count '.syscall == "openat"' 3000
}

for_each_target wild long vanishing
tap_done
