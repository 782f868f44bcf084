#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 900
# shellcheck disable=SC2154,SC2317 # of lib.sh; it calls the tests
# Arguments as they arrive: narrow and wide, signed, in two registers.
# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/lib.sh"

signs()
{
    policy <<'END'
[policy]
default = allow
[deny]
openat      = EACCES if dfd == AT_FDCWD
getpriority = EDOM if which == 1 && who == -7
setpgid     = ERANGE if pid < -1
END
    expect "AT_FDCWD is met, another descriptor is not" \
"openat = EACCES
openat = EBADF" \
        call openat AT_FDCWD str:relative 0 -- call openat 99 str:relative 0
    expect "a negative int is one on every target" \
"getpriority = EDOM
getpriority = ESRCH" \
        call getpriority 1 -7 -- call getpriority 1 0x3ffffff
    expect "and compares as one" \
"setpgid = ERANGE
setpgid = EINVAL" \
        call setpgid -5 0 -- call setpgid 0 -5
}

# The upper half of a 64-bit register is no part of an int.
widths()
{
    policy <<'END'
[policy]
default = allow
[deny]
lseek  = ENXIO if fd == 99
openat = EACCES if dfd == AT_FDCWD
END
    case $target in
    x86_64 | aarch64 | riscv64 | ppc64* | s390x | sparc64 | alpha) ;;
    *)
        skip "$target: the upper half of a register" \
            "its registers have 32 bits"
        return ;;
    esac
    expect "the upper half of a register does not hide an int" \
"lseek = ENXIO
openat = EACCES" \
        call lseek 0x700000063 0 0 -- call openat 0x7ffffff9c str:relative 0
}

offsets()
{
    policy <<'END'
[policy]
default = allow
[deny]
pread64 = EDOM if pos == 0x123456789abc
END
    expect "an offset of 64 bits, in one register or two" \
"pread = EDOM
pread = 1
pread = 1
pread = 1" \
        pread 0x123456789abc -- pread 0x123400000abc -- pread 0x56789abc -- \
        pread 0x1234
}

masks()
{
    policy <<'END'
[policy]
default = allow
[deny]
openat = EROFS if (flags & O_ACCMODE) in {O_WRONLY, O_RDWR}
flock  = EINTR if cmd in {1, 9..12}
END
    expect "masks and sets" \
"openat = EROFS
openat = EROFS
openat = ENOENT
flock = EINTR
flock = EINTR
flock = EBADF" \
        call openat AT_FDCWD str:/nonexistent/x 1 -- \
        call openat AT_FDCWD str:/nonexistent/x 2 -- \
        call openat AT_FDCWD str:/nonexistent/x 0 -- \
        call flock 99 1 -- call flock 99 12 -- call flock 99 8
}

# O_DIRECTORY has six values on these targets.
constants()
{
    policy <<'END'
[policy]
default = allow
[deny]
openat = ENOTBLK if (flags & O_DIRECTORY) != 0
END
    local directory=0x10000
    case $target in
    arm | aarch64 | m68k | ppc*) directory=0x4000 ;;
    alpha) directory=0x8000 ;;
    hppa) directory=0x1000 ;;
    esac
    expect "constants have the target's values" \
"openat = ENOTBLK
openat = ENOENT" \
        call openat AT_FDCWD str:/nonexistent/x "$directory" -- \
        call openat AT_FDCWD str:/nonexistent/x 0
}

for_each_target signs widths offsets masks constants
tap_done
