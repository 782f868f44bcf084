#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 7200
#
# stress-ng for arm64: each stressor that leans on system calls, signals,
# threads, processes or memory, for a few rounds, verifying what it does; by the
# unpatched twin, by ours without a policy, and under one that allows everything.
# Each must end the same way: done, failed, or not possible here.
#
#     STRESSORS="fork futex" tests/tcg/stress.sh
#
# shellcheck disable=SC2154 # of the head
# shellcheck source=tests/tcg/three-ways.bash
. "$(dirname "${BASH_SOURCE[0]}")/three-ways.bash"

three_ways stress-ng

# What the program is called, and how many rounds it makes. Stressors that need
# privileges, hardware or the whole machine are left out.
: "${STRESSORS:=access affinity alarm bigheap brk cap chdir chmod chown clock
    clone close context copy-file daemon dentry dir dup dynlib epoll eventfd
    exit-group fallocate fcntl fiemap fifo file-ioctl flock fork fp-error fstat
    full funccall futex get getdent getrandom goto hdd inotify itimer judy kill
    lease link locka lockf lockofd longjmp malloc memcpy memfd mergesort mincore
    mknod mlock mmap mmapaddr mmapfixed mmapfork mmapmany mprotect mq mremap
    msg msync mutex nanosleep nice null open personality pidfd pipe poll prctl
    pthread pty qsort race-sched readahead rename resched revio rlimit rmap
    schedpolicy seal seek sem sem-sysv sendfile shm shm-sysv sigabrt sigchld
    sigfd sigfpe sigio signal signest sigpending sigpipe sigq sigrt sigsegv
    sigsuspend sigtrap sleep sock sockdiag sockfd sockmany sockpair splice stack
    stackmmap str switch symlink sync-file sysinfo tee timer timerfd tmpfs tree
    tsearch udp unshare urandom userfaultfd utime vdso vfork vm vm-splice wait
    xattr yield zero zombie}"
: "${ROUNDS:=3}"
again=3         # times that a difference is tried again: some are chance

program=$guest/usr/bin/stress-ng

# ended EMULATOR...: how the stressor $name ends: stress-ng's exit status
ended()
{
    mkdir -p "$TEST_TMP/run"
    (cd "$TEST_TMP/run" && timeout -k 5 90 "$@" -L "$guest" "$program" \
        --quiet --verify --oomable --no-rand-seed --temp-path "$TEST_TMP/run" \
        --timeout 20 "--$name" 1 "--$name-ops" "$ROUNDS" \
        >"$TEST_TMP/said.$name" 2>&1 </dev/null)
    printf '%d' $?
    rm -rf "$TEST_TMP/run"
}

# same NAME EMULATOR...: as the twin, at the latest at the last try
same()
{
    local what=$1 try got
    shift
    for ((try = 1; try <= again; try++)); do
        got=$(ended "$@")
        [ "$got" != "$by_twin" ] || break
        by_twin=$(ended "${twin[@]}")
    done
    is "$got" "$by_twin" "$name: $what as by the twin ($by_twin)"
}

for name in $STRESSORS; do
    by_twin=$(ended "${twin[@]}")
    same "without a policy" "${plain[@]}"
    same "under a policy" "${under_policy[@]}"
done
tap_done
