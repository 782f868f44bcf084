#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 900
# shellcheck disable=SC2154,SC2317 # of lib.sh; it calls the tests
# Memory that goes away: a call that fails takes none, what the host takes leaves
# no hole in the guest's window, and what is gone when a call looks at it is
# EFAULT, as for the kernel, and not the end of the emulator.
# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/guest/own-program.bash
. "$here/own-program.bash"

# Calls that go past the policy, and calls that it decides.
plain='[policy]
default = allow
log = none'
decided="$plain
[deny]
@path          = EACCES if path == /etc/machine-id
uname          = EACCES if arg0 == 1
rt_sigaction   = EACCES if arg0 == 99
rt_sigprocmask = EACCES if arg0 == 99
?nanosleep     = EACCES if arg0 == 1
writev         = EACCES if arg0 == 99
sendmsg        = EACCES if family == AF_INET
getrusage      = EACCES if arg0 == 99"

kept()
{
    policy <<<"$plain"
    expect "an mremap that fails leaves what was there" \
"flags that do not exist: EINVAL, here
more than there is: fails, here" kept
}

# Where the target's pages are larger than the host's, QEMU has a mapping behind a
# file's end be memory, and a socket has no other part.
replaced()
{
    local how=ENODEV there="there or EFAULT"
    if [ "$target" = sparc64 ]; then
        how="done"
        there="No such file or directory"
    fi
    policy <<<"$plain"
    expect "an mmap that fails, and what it was to replace" \
"a socket in its place: $how
a socket somewhere: $how
what was there: $there
memory in its place: done" replaced
}

# Only a call that makes memory makes some.
holes()
{
    policy <<<"$plain"
    expect "mprotect where there is nothing" \
"over a hole: ENOMEM
in a hole: ENOMEM
memory there: EFAULT
beside it: done
none is left: EFAULT" holes
}

# window_bytes PID: how much lies around the guest's program without a gap
window_bytes()
{
    local low=0 high=0 from to name ours=
    while read -r from to _ _ _ _ name; do
        from=$((16#$from)) to=$((16#$to))
        if [ "$from" -ne "$high" ]; then
            [ -z "$ours" ] || break
            low=$from
        fi
        high=$to
        [ "$name" != "$probe" ] || ours=yes
    done < <(sed 's/^\([0-9a-f]*\)-/\1 /' "/proc/$1/maps")
    [ -n "$ours" ] && echo $((high - low))
}

# A power of two, and 16 MiB on each side; what the host has put next to it
# would be a hole's other end.
is_whole()
{
    local bytes=$(($1 - (32 << 20)))
    [ "$bytes" -ge $((1 << 32)) ] && [ $((bytes & (bytes - 1))) -eq 0 ] ||
        { echo "$1 bytes"; return 1; }
}

window()
{
    local pid line said=
    policy <<<"$plain"
    rm -f "$work/go"
    mkfifo "$work/go"
    coproc guest {
        cd "$work" && exec "$emulator" "${given[@]}" "$probe" hold <go \
            2>"$work/err"
    }
    pid=$guest_PID
    exec 8>"$work/go"
    while read -r -t 30 line <&"${guest[0]}"; do
        said=$line
        [ "$line" != ready ] || break
    done
    is "$said" ready "$target: mappings fail"
    check "the window has no hole" is_whole "$(window_bytes "$pid")"
    exec 8>&-
    wait "$pid"
}

gone="access: EFAULT
uname: EFAULT
rt_sigprocmask: EFAULT
rt_sigaction: EFAULT
nanosleep: EFAULT
writev: EFAULT
sendmsg: EFAULT
poll: EFAULT
open: EFAULT
statfs: EFAULT
getsockname: EFAULT
getrusage: EFAULT
getcwd: EFAULT
rt_sigprocmask, the old mask: EFAULT
readlink: EFAULT
goes on"

# Where the host has another processor than x86-64, such a call still ends the
# emulator.
survives()
{
    [ "$(uname -m)" = x86_64 ] || { skip "$target" "not on this host"; return 1; }
}

beyond()
{
    survives || return 0
    policy <<<"$plain"
    expect "calls with arguments behind the end of a file" "$gone" beyond
    policy <<<"$decided"
    expect "the same, where the policy decides" "$gone" beyond
    expect "numbers of threads behind the end of a file" \
"a thread has ended
a child: done, 7
goes on" tids
}

taken()
{
    survives || return 0
    policy <<<"$plain"
    expect "arguments that another thread unmaps" \
"0 odd results
goes on" taken 3000
    policy <<<"$decided"
    expect "the same, where the policy decides" \
"0 odd results
goes on" taken 3000
}

all()
{
    own_program mappings || return 0
    kept
    replaced
    holes
    window
    beyond
    taken
}

for_each_target all
tap_done
