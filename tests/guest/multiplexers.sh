#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 900
# shellcheck disable=SC2154,SC2317 # of lib.sh; it calls the tests
# Calls that reach the kernel inside another: socketcall, ipc, the indirect
# syscall of arm and mips, x86_64's int $0x80 and its vsyscall page.
# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/lib.sh"

socketcall()
{
    policy <<'END'
[policy]
default = allow
[deny]
socket     = EACCES if domain == AF_INET
connect    = ECONNABORTED
socketpair = EMLINK
[emulate]
listen     = return 0
END
    # 1 socket, 2 bind, 3 connect, 4 listen, 8 socketpair; 21 is none
    expect "a call inside socketcall is decided under its own name" \
"socketcall = EACCES
socketcall = ECONNABORTED
socketcall = EMLINK
socketcall = 0
socketcall = EBADF
socketcall = EINVAL
socketcall = EAFNOSUPPORT" \
        socketcall 1 2 1 0 -- socketcall 3 99 in:127.0.0.1:80 size -- \
        socketcall 8 1 1 0 buf:8 -- socketcall 4 99 5 -- \
        socketcall 2 99 in:127.0.0.1:80 size -- socketcall 21 -- \
        socketcall 1 99 1 0
    check "and logged under it" log_count \
        '.syscall == "socket" or .syscall == "connect" or .syscall == "socketpair"' \
        "$([ "$status" -eq 69 ] && echo 0 || echo 3)"
}

socketcall_signals()
{
    policy <<'END'
[policy]
default = allow
[deny]
connect = kill
END
    run socketcall 3 99 0 0
    if [ "$status" -eq 69 ]; then
        skip "$target: kill for a call inside socketcall" "no socketcall"
    else
        check "kill for a call inside socketcall" equals "$status" 159
    fi
}

# The probe makes the same call directly where the target has it.
direct()
{
    policy <<'END'
[policy]
default = allow
[deny]
connect = ECONNABORTED
socket  = EACCES if domain == AF_INET
END
    expect "connect by its own number" "connect = ECONNABORTED" \
        call connect 99 in:127.0.0.1:80 size
    expect "socket by its own number" "socket = EACCES" call socket 2 1 0
}

ipc()
{
    policy <<'END'
[policy]
default = allow
[deny]
shmget = EACCES if size == 12345
semget = EMLINK
END
    # 2 semget, 23 shmget, 13 msgget; 99 is none. ipc has no number of its
    # own kind of error for an unknown operation: QEMU says ENOSYS.
    expect "a call inside ipc is decided under its own name" \
"ipc = EMLINK
ipc = EACCES
ipc = EINVAL
ipc = ENOSYS" \
        ipc 2 0 1 0 -- ipc 23 0 12345 0 -- ipc 24 -1 9999 0 0 -- ipc 99
    policy <<'END'
[policy]
default = allow
[deny]
msgget = kill
END
    run ipc 13 0 0
    if [ "$status" -eq 69 ]; then
        skip "$target: kill for a call inside ipc" "no ipc"
    else
        check "kill for a call inside ipc" equals "$status" 159
    fi
}

indirect()
{
    policy <<'END'
[policy]
default = allow
[deny]
sync    = EACCES
getpgid = ESTALE if pid == 5
END
    expect "the indirect syscall is decided by what it carries" \
"indirect sync = EACCES
indirect getpgid = ESTALE
indirect lseek = EBADF" \
        indirect sync -- indirect getpgid 5 -- indirect lseek 99 0 0
}

x86()
{
    [ "$target" = x86_64 ] || return 0
    policy <<'END'
[policy]
default = allow
[deny]
sync = EACCES
time = EBUSY
END
    expect 'int $0x80' "int80 sync = EACCES" int80 sync
    expect "time() in the vsyscall page" "vsyscall = EBUSY" vsyscall
    policy <<'END'
[policy]
default = allow
[allow]
time = log
END
    expect "time() in the vsyscall page, run and logged" "vsyscall = now" \
        vsyscall
    check "and logged" log_count '.syscall == "time"' 1
}

for_each_target socketcall socketcall_signals direct ipc indirect x86
tap_done
