#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 300
# The constants are those of the targets' C libraries, wherever a compiler for
# the target is installed: headers that the generator never sees.
. "$(dirname "${BASH_SOURCE[0]}")/../../tools/lib/tap.sh"
. "$(dirname "${BASH_SOURCE[0]}")/tables.bash"

# target and compiler
compilers='aarch64 aarch64-linux-gnu-gcc
alpha alpha-linux-gnu-gcc
arm arm-linux-gnueabihf-gcc
hppa hppa-linux-gnu-gcc
i386 i686-linux-gnu-gcc
m68k m68k-linux-gnu-gcc
mips mips-linux-gnu-gcc
mipsel mipsel-linux-gnu-gcc
mips64 mips64-linux-gnuabi64-gcc
mips64el mips64el-linux-gnuabi64-gcc
mipsn32 mips64-linux-gnuabin32-gcc
ppc powerpc-linux-gnu-gcc
ppc64 powerpc64-linux-gnu-gcc
ppc64le powerpc64le-linux-gnu-gcc
riscv64 riscv64-linux-gnu-gcc
s390x s390x-linux-gnu-gcc
sh4 sh4-linux-gnu-gcc
sparc64 sparc64-linux-gnu-gcc
x86_64 x86_64-linux-gnu-gcc'

# What a C library means by these names is not what a system call takes:
# O_LARGEFILE is hidden on 64-bit targets; F_GETLK and its kin are those for
# the 64-bit form; SIGRTMIN is a function; SO_*TIMEO and SO_TIMESTAMP* depend on
# the width of time_t; the requests of termios2 need a structure that the
# library has not; glibc has MAP_RENAME on MIPS and O_NDELAY on sparc64 other
# than the kernel, and on powerpc counts its own struct termios in TCGETS.
theirs='O_LARGEFILE|F_GETLK|F_SETLK|F_SETLKW|F_GETLK64|F_SETLK64|F_SETLKW64'
theirs+='|SIGRTMIN|SO_TIMESTAMP|SO_TIMESTAMPNS|SO_TIMESTAMPING|SO_RCVTIMEO'
theirs+='|SO_SNDTIMEO|TCGETS2|TCSETS2|TCSETSW2|TCSETSF2'
theirs_mips='MAP_RENAME'
theirs_sparc='O_NDELAY'
theirs_ppc='TCGETS|TCSETS|TCSETSW|TCSETSF'

headers='fcntl.h sys/mman.h sys/socket.h netinet/in.h netinet/tcp.h errno.h
signal.h sys/ioctl.h termios.h sys/stat.h sys/epoll.h sys/eventfd.h
sys/inotify.h sys/signalfd.h sys/timerfd.h sys/resource.h sys/wait.h sched.h
sys/ipc.h sys/msg.h sys/sem.h sys/shm.h sys/mount.h sys/prctl.h sys/random.h
sys/file.h sys/time.h unistd.h sys/personality.h sys/xattr.h'

theirs()
{
    case $1 in
    mips*) echo "$theirs|$theirs_mips" ;;
    sparc*) echo "$theirs|$theirs_sparc" ;;
    ppc*) echo "$theirs|$theirs_ppc" ;;
    *) echo "$theirs" ;;
    esac
}

build_dump || { not_ok "the library compiles"; tap_done; }
tried=0
while read -r target compiler; do
    if ! command -v "$compiler" >/dev/null; then
        skip "$target" "no $compiler"
        continue
    fi
    tried=$((tried + 1))
    {
        echo '#define _GNU_SOURCE'
        for header in $headers; do
            echo "#include <$header>"
        done
        "$TEST_TMP/dump" asserts "$target" | awk -v skip="^($(theirs "$target"))\$" \
            '/^#ifdef/ { drop = $2 ~ skip } !drop'
    } >"$TEST_TMP/asserts.c"
    wrong=$("$compiler" -w -fsyntax-only -fmax-errors=0 "$TEST_TMP/asserts.c" \
        2>&1 | grep -E 'error' | sed 's/.*error: //' | head -n 20)
    is "$wrong" "" "$target: constants as $compiler has them"
done <<<"$compilers"
[ "$tried" -gt 0 ] || skip_all "no compiler at all"
tap_done
