#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 900
# shellcheck disable=SC2154,SC2317 # of lib.sh; it calls the tests
# Every verdict, as the guest and its parent see it.
# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/lib.sh"

allow()
{
    policy <<'END'
[policy]
default = deny EPERM
[allow]
syscalls = @default @basic-io @file-system @process @signal @system-service
END
    expect "calls of allowed sets run" \
"lseek = EBADF
getpgid = ESRCH" call lseek 99 0 0 -- call getpgid 0x3ffffff
}

deny()
{
    policy <<'END'
[policy]
default = allow
[deny]
setpgid   = EACCES
getpgid   = ENOTEMPTY
umask     = ECONNREFUSED
sync      = ENOSYS
flock     = EDQUOT
syscalls  = sethostname:ELOOP unshare:EALREADY
personality = EPERM
END
    expect "denied calls fail with the named errno of the target" \
"setpgid = EACCES
getpgid = ENOTEMPTY
umask = ECONNREFUSED
sync = ENOSYS
flock = EDQUOT
sethostname = ELOOP
unshare = EALREADY
personality = EPERM" \
        call setpgid 0 0 -- call getpgid 0 -- call umask 0 -- call sync -- \
        call flock 0 0 -- call sethostname str:x 1 -- call unshare 0 -- \
        call personality 0
    check "each is logged" log_count '.verdict == "deny"' 8
}

default_deny()
{
    policy <<'END'
[policy]
default = deny EREMOTE
[allow]
syscalls = @default @basic-io @file-system @process @system-service
[deny]
syscalls = getpgid:EPERM
END
    expect "what no rule names gets the default" \
"sethostname = EREMOTE
getpgid = EPERM" \
        call sethostname str:x 1 -- call getpgid 0
}

emulate()
{
    policy <<'END'
[policy]
default = allow
[emulate]
getppid = return 4242
umask   = return -5000
sync    = error ENOSPC
getpgid = return 77 if pid == 5
lseek   = error EIO when 2
END
    expect "emulated calls answer without running" \
"getppid = 4242
umask = -5000
sync = ENOSPC
getpgid = 77" \
        call getppid -- call umask 0 -- call sync -- call getpgid 5
    expect "the second call fails, the others run" \
"lseek = EBADF
lseek = EIO
lseek = EBADF" \
        call lseek 99 0 0 -- call lseek 99 0 0 -- call lseek 99 0 0
}

kill()
{
    policy <<'END'
[policy]
default = allow
[deny]
sync = kill
END
    expect_status "kill ends the process with SIGSYS" 159 call sync
    check "what was killed is logged" log_count '.syscall == "sync"' 1
    expect "the parent sees SIGSYS and no core file" \
        "child killed by SIGSYS, core not dumped" fork call sync
    expect_status "a thread's call kills the whole process" 159 \
        thread call sync
    expect_status "a handler and a blocked signal do not help" 159 \
        catcher call sync
    check "no core file is left" equals "$(find "$work" -name '*core*')" ""
}

trap_()
{
    policy <<'END'
[policy]
default = allow
[deny]
sync = trap
?time = trap
END
    expect "trap delivers SIGSYS with seccomp's siginfo" \
"signals=1 signo=yes code=yes errno=0
syscall=yes arch=yes addr=yes" \
        trap sync
    expect "in a thread too" \
"signals=1 signo=yes code=yes errno=0
syscall=yes arch=yes addr=yes" \
        thread trap sync
    expect_status "without a handler the process dies" 159 call sync
    expect "a trapped call of the vsyscall page" "signals=1 syscall=yes" \
        trap-vsyscall
}

layers()
{
    policy <<'END'
[policy]
default = allow
[deny]
sync = EACCES
[emulate]
getppid = return 4242
END
    printf '[policy]\ndefault = allow\n[deny]\ngetppid = EPERM\n' \
        >"$work/second.ini"
    options -policy "$work/second.ini"
    expect "each -policy is a layer, and the strictest answer counts" \
"sync = EACCES
getppid = EPERM" call sync -- call getppid
}

for_each_target allow deny default_deny emulate kill trap_ layers
tap_done
