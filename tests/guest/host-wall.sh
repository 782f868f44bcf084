#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 900
# shellcheck disable=SC2154,SC2317 # of lib.sh; it calls the tests
#
# The host's wall: native code in the emulator's place cannot do what the policy
# refuses. native/ is that code; each attack is made with and without the wall.
# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/guest/own-program.bash
. "$here/own-program.bash"

box=$work/box
PROBE_TIMEOUT=10
library=$probes/native.so

build_library()
{
    mkdir -p "$probes"
    gcc -shared -fPIC -O1 -Wall -Wextra -o "$library.$$" "$here"/native/*.c \
        >"$library.log" 2>&1 && mv "$library.$$" "$library"
}

furnish()
{
    rm -rf "$box"
    mkdir -p "$box/allowed"
    echo secret >"$box/secret"
    echo file >"$box/allowed/file"
}

# The policy of a program that computes, looks and reads below one folder.
sandbox()
{
    furnish
    policy <<END
[policy]
default = deny EPERM
host-wall = ${1:-auto}
log = none
[allow]
syscalls = sched_get_priority_max exit exit_group write read brk mmap munmap
           mprotect futex rt_sigaction rt_sigprocmask set_tid_address
           ?set_robust_list ?rseq ?getrandom ?prlimit64 ?readlinkat
           ?newfstatat ?fstatat64 ?fstat ?uname ?set_thread_area
           ?fstat64 ?readlink ?arch_prctl ?ugetrlimit ?getrlimit ?statx
           ioctl clone ?fork close lseek getpid wait4 ?waitpid
           ${2:-}
END
    # A log that is a file needs opening of files.
    given=(-policy "$work/policy.ini")
}

# attack N: the answer of the host's kernel
attack()
{
    run call sched_get_priority_max $((1000 + $1))
    answer=${out##*= }
}

# attack_table WALL: "N NAME ANSWER-WITHOUT ANSWER-WITH" on standard input
attack_table()
{
    local n name without with
    export LD_PRELOAD=$library NATIVE_BOX=$box
    while read -r n name without with; do
        [ -n "$n" ] || continue
        sandbox off
        attack "$n"
        check "without the wall, $name" equals "$answer" "$without"
        sandbox auto
        attack "$n"
        check "the wall: $name" equals "$answer" "$with"
    done
    unset LD_PRELOAD NATIVE_BOX
}

# What succeeds without the wall is 0; what the machine itself refuses to this
# user, or has not, says so.
calls()
{
    attack_table <<'END'
4 unlink 0 EPERM
5 mkdir 0 EPERM
6 symlink 0 EPERM
8 chmod 0 EPERM
10 ptrace ESRCH EPERM
11 process_vm_readv 0 EPERM
12 socket 0 EPERM
13 unshare EINVAL EPERM
23 personality 0 EPERM
29 socketpair 0 EPERM
25 an-unknown-number ENOSYS ENOSYS
END
}

# Refused by the wall whatever this machine says to them by itself.
never()
{
    local n
    sandbox
    export LD_PRELOAD=$library NATIVE_BOX=$box
    for n in 3:created 7:rename 9:execve 14:clone-NEWUSER 15:mount 16:bpf \
        17:keyctl 18:io_uring 19:userfaultfd 20:init_module 21:reboot \
        22:setuid 24:TIOCSTI 27:connect 28:bind; do
        attack "${n%%:*}"
        check "the wall: ${n#*:}" equals "$answer" EPERM
    done
    unset LD_PRELOAD NATIVE_BOX
    check "nothing was left behind" test ! -e "$box/created" -a ! -e /tmp/stolen
}

# folder WALL [EXECVE]: the policy of a program that reads below one folder, may
# write into another, and talks to one port. It executes nothing, or what EXECVE
# leaves.
folder()
{
    furnish
    mkdir -p "$box/written"
    echo file >"$box/written/file"
    policy <<END
[policy]
default = allow
host-wall = $1
log = none
[deny]
@open = EACCES if access == read && path !under $box/allowed
@open = EACCES if access != read && path !under $box/written
?unlink = EACCES if path !under $box/written
unlinkat = EACCES if path !under $box/written
syscalls = mount ?umount umount2 pivot_root ?move_mount ?open_tree ?fsmount
           ?mount_setattr open_by_handle_at ?execveat
           ?rename renameat ?renameat2 ?link linkat
execve = ${2:-EACCES}
connect = EACCES if family in {AF_INET, AF_INET6} && port != 443
bind = EACCES if family in {AF_INET, AF_INET6} && port != 0
END
    given=(-policy "$work/policy.ini")
}

# files: "N NAME ANSWER-WITHOUT ANSWER-WITH", as attack_table
files()
{
    local n name without with
    export LD_PRELOAD=$library NATIVE_BOX=$box
    while read -r n name without with; do
        [ -n "$n" ] || continue
        folder off
        attack "$n"
        check "without the wall, $name" equals "$answer" "$without"
        folder strict
        attack "$n"
        check "the wall: $name" equals "$answer" "$with"
    done <<'END'
0 read-what-may-be-read 0 0
1 read-another-file 0 EACCES
2 write-what-may-be-read 0 EACCES
3 make-a-file 0 EACCES
4 remove-a-file 0 EACCES
26 read-from-another-thread 0 EACCES
30 make-a-file-where-to-read 0 EACCES
28 bind-any-port 0 0
27 connect-to-another-port ECONNREFUSED EACCES
END
    unset LD_PRELOAD NATIVE_BOX
}

# The kernel keeps the wall over execve, from whichever thread, and so does the
# program of another target. "executed" are attacks of the sandbox's, made by
# native code in the second image.
executed()
{
    local how n guest=$probe
    own_program exec || return 0
    export LD_PRELOAD=$library NATIVE_BOX=$box
    for how in path thread; do
        for n in 4:unlink 5:mkdir 8:chmod 12:socket 11:process_vm_readv; do
            sandbox off "execve gettid ?set_thread_area tgkill munmap madvise"
            run run "$how" "$guest" call sched_get_priority_max \
                $((1000 + ${n%%:*}))
            check "$how: without the wall, ${n#*:} behind an execve" \
                equals "${out##*= }" 0
            sandbox auto "execve gettid ?set_thread_area tgkill munmap madvise"
            run run "$how" "$guest" call sched_get_priority_max \
                $((1000 + ${n%%:*}))
            check "$how: the wall, ${n#*:} behind an execve" \
                equals "${out##*= }" EPERM
        done
    done
    unset LD_PRELOAD NATIVE_BOX
}

# What the policy names of files and ports holds in executed programs, too: in
# "box", where they may be read, lie one for this target and one for another.
kept()
{
    local how n guest=$probes/probe-$target programs=$work/programs
    own_program exec || return 0
    rm -rf "$programs" && mkdir "$programs"
    cp "$guest" "$programs/$target"
    ! neighbour || cp "$probes/probe-$other" "$programs/$other"
    export LD_PRELOAD=$library NATIVE_BOX=$box
    for guest in "$programs"/*; do
        for how in path thread; do
            for n in 1:read-another-file:0:EACCES 3:make-a-file:0:EACCES \
                2:write-what-may-be-read:0:EACCES 4:remove-a-file:0:EACCES \
                27:connect-to-another-port:ECONNREFUSED:EACCES \
                0:read-what-may-be-read:0:0; do
                IFS=: read -r n name without with <<<"$n"
                executed_attack off "$without" "without the wall, $name"
                executed_attack strict "$with" "the wall, $name"
            done
        done
    done
    unset LD_PRELOAD NATIVE_BOX
}

# executed_attack WALL ANSWER NAME: of attack $n by $guest, executed by way $how
executed_attack()
{
    folder "$1" "EACCES if path !under $box/allowed"
    rm -rf "$box/allowed/programs"
    cp -r "$programs" "$box/allowed/programs"
    run run "$how" "$box/allowed/programs/${guest##*/}" call \
        sched_get_priority_max $((1000 + n))
    check "$how, ${guest##*/}: $3 behind an execve" equals "${out##*= }" "$2"
}

# neighbour: $other is another target, whose probe is compiled; or status 1
neighbour()
{
    other_target && (build_probe "$other" "$(target_triplet "$other")")
}

# The wall is the first target's. A program for another keeps it: what only a
# section for its own target lets through, the wall refuses; what both may do is
# done; and attacks are refused as before.
across()
{
    local call n way="execve gettid ?set_thread_area tgkill munmap madvise"
    own_program exec || return 0
    neighbour || {
        skip "$target: programs of other targets" \
            "no other emulator and compiler are here"
        return 0
    }
    local guest=$probes/probe-$other
    export LD_PRELOAD=$library NATIVE_BOX=$box
    for call in off:0 auto:EPERM strict:EPERM; do
        sandbox "${call%%:*}" "$way"
        printf '[allow %s]\nsyscalls = mkdirat\n' "$other" \
            >>"$work/policy.ini"
        run run path "$guest" call mkdirat AT_FDCWD "str:$box/made" 0700
        check "wall ${call%%:*}: what only $other may do" equals "$out" \
            "mkdirat = ${call#*:}"
    done
    sandbox auto "$way mkdirat"
    run run path "$guest" call mkdirat AT_FDCWD "str:$box/made" 0700
    check "the wall: what $other may do as well" equals "$out" "mkdirat = 0"
    for n in 4:unlink 5:mkdir 8:chmod 12:socket 11:process_vm_readv; do
        for call in off:0 auto:EPERM; do
            sandbox "${call%%:*}" "$way"
            run run path "$guest" call sched_get_priority_max \
                $((1000 + ${n%%:*}))
            check "wall ${call%%:*}: ${n#*:} in a program for $other" \
                equals "${out##*= }" "${call#*:}"
        done
    done
    unset LD_PRELOAD NATIVE_BOX
}

programs()
{
    sandbox strict
    expect_status "strict: the guest runs, or the host lacks something" 0 \
        call getpid
}

if ! build_library; then
    skip "host-wall" "native/ does not compile: $(head -n 1 "$library.log")"
    tap_done
    exit
fi
TARGETS=${TARGETS:-aarch64 mips} for_each_target calls never files programs executed \
    kept across
tap_done
