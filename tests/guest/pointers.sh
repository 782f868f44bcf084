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

# each FIRST LAST TEXT: TEXT once for each number, a line each
each()
{
    local i
    for ((i = $1; i <= $2; i++)); do
        echo "$3"
    done
}

# connects ADDRESS: the words for a call with each length from 0 to 130, and
# with some that have no sign or far too much
connects()
{
    local length
    words=()
    for length in {0..130} 255 65536 0x7fffffff 0x80000000 -1; do
        words+=(call connect 99 "$1" "$length" --)
    done
}

# Shorter than its family: nothing to compare with. Than an address can be, and
# longer: what the kernel says.
lengths()
{
    local words
    policy <<'END'
[policy]
default = allow
log = none
[deny]
connect = EACCES if addr == 127.0.0.1
END
    connects in:127.0.0.1:80
    expect "socket addresses of every length, refused by address" \
"$(each 0 1 'connect = EINVAL'; each 2 7 'connect = EBADF'
    each 8 128 'connect = EACCES'; each 129 135 'connect = EINVAL')" \
        "${words[@]}"
    policy <<'END'
[policy]
default = allow
log = none
[allow]
connect = addr == 127.0.0.1
[deny]
connect = EACCES
END
    expect "socket addresses of every length, allowed by address" \
"$(each 0 7 'connect = EACCES'; each 8 128 'connect = EBADF'
    each 129 135 'connect = EACCES')" "${words[@]}"
    policy <<'END'
[policy]
default = allow
log = none
[allow]
connect = addr == ::1
[deny]
connect = EACCES
END
    connects in6:::1:80
    expect "the same of IPv6" \
"$(each 0 23 'connect = EACCES'; each 24 128 'connect = EBADF'
    each 129 135 'connect = EACCES')" "${words[@]}"
    policy <<'END'
[policy]
default = allow
log = none
[deny]
connect = EACCES if unix == /x
END
    connects unix:/x
    expect "the same of local sockets" \
"$(each 0 1 'connect = EINVAL'; each 2 3 'connect = EBADF'
    each 4 110 'connect = EACCES'; each 111 128 'connect = EBADF'
    each 129 135 'connect = EINVAL')" "${words[@]}"
}

# Headers of messages that lie: what the kernel says, where the policy has
# nothing against it.
liars()
{
    local how lies=(negative least zero one wild edge most vector part parts
        all control) words=()
    policy <<'END'
[policy]
default = allow
[deny]
sendmsg  = EACCES if addr == 127.0.0.2
sendmmsg = EACCES if addr == 127.0.0.2
END
    for how in "${lies[@]}"; do
        words+=(messages single 1 "$how" --)
    done
    expect "messages that lie" \
"EINVAL good=0 evil=0
EINVAL good=0 evil=0
EDESTADDRREQ good=0 evil=0
EINVAL good=0 evil=0
EFAULT good=0 evil=0
EFAULT good=0 evil=0
1 good=1 evil=0
EFAULT good=0 evil=0
EFAULT good=0 evil=0
EMSGSIZE good=0 evil=0
EMSGSIZE good=0 evil=0
EFAULT good=0 evil=0" "${words[@]}"
    words=()
    for how in "${lies[@]}"; do
        words+=(messages list 2 good "$how" --)
    done
    expect "a list whose second message lies" \
"$(each 1 6 '1 1 0 good=1 evil=0'; echo '2 1 2 good=2 evil=0'
    each 1 5 '1 1 0 good=1 evil=0')" "${words[@]}"
    policy <<'END'
[policy]
default = allow
[allow]
sendmsg  = addr == 127.0.0.1
sendmmsg = addr == 127.0.0.1
[deny]
sendmsg  = EACCES
sendmmsg = EACCES
END
    words=()
    for how in negative least zero one wild edge; do
        words+=(messages single 1 "$how" -- messages list 1 "$how" --)
    done
    expect "what has no address is not let through for one" \
"$(for how in 1 2 3 4 5 6; do
    echo 'EACCES good=0 evil=0'; echo 'EACCES 0 good=0 evil=0'; done)" \
        "${words[@]}"
}

# Paths that a condition looks at
paths()
{
    local slashes odd=$'\xff\xfe \x01"\\'
    slashes=$(printf '/%.0s' {1..4085})
    policy <<'END'
[policy]
default = allow
[deny]
openat = EACCES if path == /etc/passwd
END
    expect "long, cut and missing paths" \
"openat = EACCES
openat = ENAMETOOLONG
openat = ENAMETOOLONG
openat = EFAULT
openat = EFAULT
openat = EFAULT
openat = EFAULT
openat = ENOENT
openat = EACCES" \
        call openat AT_FDCWD "str:${slashes}etc/passwd" 0 -- \
        call openat AT_FDCWD "str:/${slashes}etc/passwd" 0 -- \
        call openat AT_FDCWD "end:/${slashes}etc/passwd" 0 -- \
        call openat AT_FDCWD "end:${slashes}etc/passwd" 0 -- \
        call openat AT_FDCWD end:/etc/passwd 0 -- \
        call openat AT_FDCWD 1 0 -- call openat AT_FDCWD -1 0 -- \
        call openat AT_FDCWD str: 0 -- call openat AT_FDCWD endz:/etc/passwd 0
    rm -rf "$work/odd"
    mkdir -p "$work/odd/$odd"
    ln -s /etc/passwd "$work/odd/$odd/$odd"
    touch "$work/odd/$odd/plain"
    policy <<END
[policy]
default = allow
log = all
[allow]
openat = path under $work/odd && path like **/plain
[deny]
openat = EACCES
END
    expect "names that are not text" \
"openat = 3
openat = EACCES
openat = EACCES" \
        call openat AT_FDCWD "str:$work/odd/$odd/plain" 0 -- \
        call openat AT_FDCWD "str:$work/odd/$odd/$odd" 0 -- \
        call openat AT_FDCWD "str:$work/odd/$odd/none" 0
    check "records of such names are whole" log_count \
        '.syscall == "openat"' 3
}

vanishing()
{
    policy <<<"$refused"
    expect "a path on a page that another thread unmaps" "opened=0" \
        vanish 3000
    check "every record is whole" log_count '.syscall == "openat"' 3000
}

# More than is there, and nothing at all: an emulator that believed it read beyond
# the guest's memory, or came to an assertion.
ranges()
{
    policy <<'END'
[policy]
default = allow
log = none
[deny]
fsopen = EACCES
END
    expect "a message longer than memory" "msgsnd = EFAULT" \
        call msgsnd 99 end:0123456789abcdef 8192 0
    expect "a mapping becomes one of nothing" \
"mremap = EINVAL
mremap = EINVAL" \
        call mremap buf:8192 4096 0 1 0 -- call mremap buf:8192 4096 -1 1 0
    expect "protection of a length that wraps around" "mprotect = ENOMEM" \
        call mprotect 0x10000 -1 1
    options -strace
    expect "an address that is not the host's, in strace output" \
        "fsopen = EACCES" call fsopen 0x1234 0
}

for_each_target ranges wild long lengths liars paths vanishing
tap_done
