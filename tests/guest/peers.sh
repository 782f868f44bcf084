#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 900
# shellcheck disable=SC2154,SC2317 # of lib.sh; it calls the tests
# Connections are judged by whom they come from, in the socket that the guest then
# has, and no thread of the guest gets at one before.
# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/guest/own-program.bash
. "$here/own-program.bash"

rounds=${RACE_ROUNDS:-1000}

prepare()
{
    own_program peers || return 1
    policy <<'END'
[policy]
default = allow
[deny]
accept  = ECONNABORTED if addr == 127.0.0.2 || unix == @bad
accept4 = ECONNABORTED if addr == 127.0.0.2 || unix == @bad
END
}

good_and_bad='1: lowest h
2: ECONNABORTED, e
1: lowest cloexec from it h
2: ECONNABORTED, e
1: lowest nonblock from it h
2: ECONNABORTED, e
1: lowest from it h
2: ECONNABORTED, e
1: lowest cloexec nonblock h
2: ECONNABORTED, e
4 descriptors'

failing='nobody: EAGAIN
closed: EBADF
a file: ENOTSOCK
not listening: EINVAL
datagrams: EOPNOTSUPP
flags: EINVAL
length: EINVAL
no length: EFAULT
bad address: EFAULT
still there: accepted
6 descriptors'

judged()
{
    prepare || return 0
    local threads with=
    for threads in '' t; do
        prepare
        [ -z "$threads" ] || with=', with threads'
        expect "who is let in, and who is not$with" "$good_and_bad" \
            "${threads}basics"
        check "records say who came$with" log_count \
            '.sockaddr | startswith("inet 127.0.0.2:")' 5
        check "and what would let them in$with" log_count \
            '.fix | startswith("; ")' 5
        expect "local sockets$with" '"good": accepted
"bad": ECONNABORTED
"": accepted' "${threads}local"
        expect "what fails does so as ever$with" "$failing" "${threads}errors"
        expect "signals$with" 'no SA_RESTART: EINTR
SA_RESTART: accepted' "${threads}signals"
    done
    policy <<'END'
[policy]
default = allow
[allow]
accept = addr == 127.0.0.1
accept4 = addr == 127.0.0.1
[deny]
accept = EPERM
accept4 = EPERM
END
    run basics
    check "a refusal by another rule" contains "$out" "2: EPERM, e"
    check "its record says what to write" log_count \
        '.fix == "[allow] \(.syscall) = addr == 127.0.0.2"' 5
}

among_many()
{
    prepare || return 0
    expect "threads that accept from one socket" "many: 0 wrong, 0 failures" \
        many
    expect "processes as well" "many: 0 wrong, 0 failures" forked
    expect "signals reach a thread that another process was quicker than" \
        "shared: hears, 0 failures" shared 200
    expect "a thread that writes to the number before the connection is judged" \
        "0 accepted, 0 leaks, 0 steals" attack "$rounds"
}

manners()
{
    prepare || return 0
    policy <<'END'
[policy]
default = allow
handlers = peers.lua
[emulate]
accept  = lua let_in if addr == 127.0.0.1
accept4 = lua let_in if addr == 127.0.0.1
accept  = error ECONNABORTED delay 1ms if addr == 127.0.0.2
accept4 = error ECONNABORTED delay 1ms if addr == 127.0.0.2
END
    echo 'function let_in(call) return call:run() end' >"$work/peers.lua"
    expect "handlers and delays" "$good_and_bad" basics
    expect "handlers and delays, with threads" "$good_and_bad" tbasics
    echo 'function let_in(call) return nil, "ECONNABORTED" end' \
        >"$work/peers.lua"
    run tbasics
    check "a handler that does not let it in" contains "$out" \
        "1: ECONNABORTED, e"
    check "leaves nothing open" contains "$out" "4 descriptors"
}

for_each_target judged among_many manners
tap_done
