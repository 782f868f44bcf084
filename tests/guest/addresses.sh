#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154,SC2317 # of lib.sh; it calls the tests
# Socket addresses: copied once, whatever their length and wherever they lie.
# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tools/lib/server.sh
. "$TEST_ROOT/tools/lib/server.sh"

rounds=${RACE_ROUNDS:-20000}

addresses()
{
    policy <<'END'
[policy]
default = allow
[allow]
connect = addr in {127.0.0.0/8, ::1} && port in 1..99
[deny]
connect = EACCES
END
    expect "addresses and ports" \
"connect = EBADF
connect = EBADF
connect = EBADF
connect = EACCES
connect = EACCES
connect = EACCES" \
        call connect 99 in:127.1.2.3:80 16 -- \
        call connect 99 in6:::1:80 28 -- \
        call connect 99 in6:::ffff:127.0.0.1:80 28 -- \
        call connect 99 in:127.1.2.3:100 16 -- \
        call connect 99 in:126.1.2.3:80 16 -- \
        call connect 99 in6:::2:80 28
    expect "the same inside socketcall" \
"socketcall = EBADF
socketcall = EACCES" \
        socketcall 3 99 in:127.1.2.3:80 16 -- \
        socketcall 3 99 in:127.1.2.3:100 16
    policy <<'END'
[policy]
default = allow
[deny]
connect = EACCES if addr == 127.0.0.1 || family == AF_UNIX
END
    expect "wrong lengths and pointers" \
"connect = EINVAL
connect = EINVAL
connect = EINVAL
connect = EINVAL
connect = EINVAL
connect = EFAULT
connect = EFAULT
connect = EACCES
connect = EACCES
connect = EBADF" \
        call connect 99 in:127.0.0.1:80 0 -- \
        call connect 99 in:127.0.0.1:80 1 -- \
        call connect 99 in:127.0.0.1:80 129 -- \
        call connect 99 in:127.0.0.1:80 0x50000 -- \
        call connect 99 in:127.0.0.1:80 -1 -- \
        call connect 99 1 16 -- call connect 99 -1 16 -- \
        call connect 99 in:127.0.0.1:80 8 -- \
        call connect 99 unix:/x 5 -- call connect 99 in:127.0.0.1:80 7
}

local_sockets()
{
    local box=$work/sockets
    rm -rf "$box"
    mkdir -p "$box/ok" "$box/bad"
    ln -s ../bad "$box/ok/out"
    policy <<END
[policy]
default = allow
[allow]
bind    = unix under $box/ok || unix like @probe-*
connect = unix under $box/ok || unix like @probe-*
[deny]
bind    = EACCES
connect = EACCES
END
    expect "local sockets by path and by abstract name" \
"socket = 3
bind = 0
connect = ECONNREFUSED
bind = EACCES
bind = EACCES
connect = EACCES
connect = ENOENT" \
        call socket 1 "$stream" 0 -- call bind 3 "unix:$box/ok/x" size -- \
        call connect 3 "unix:$box/ok/x" size -- \
        call bind 3 "unix:$box/bad/x" size -- \
        call bind 3 "unix:$box/ok/out/x" size -- \
        call connect 3 "unix:$box/ok/out/x" size -- \
        call connect 3 "unix:$box/ok/none" size
    check "the socket is where it was allowed" test -S "$box/ok/x"
    check "and nowhere else" eval "! ls '$box'/bad/x"
}

stream_type()
{
    stream=1
    case $target in mips*) stream=2 ;; esac
    local_sockets
}

# Each message is decided by its own address and sent as it was checked.
lists()
{
    policy <<'END'
[policy]
default = allow
[deny]
sendmmsg = EACCES if addr == 127.0.0.2
END
    expect "a list of messages is sent up to the first that is refused" \
"3 1 2 3 good=3 evil=0
1 1 0 0 good=1 evil=0
2 1 2 0 good=2 evil=0
EACCES 0 0 good=0 evil=0
1 1 0 good=1 evil=0" \
        messages list 3 good good good -- messages list 3 good evil good -- \
        messages list 3 good good evil -- messages list 2 evil good -- \
        messages list 2 good none
    check "a record for each refused message" log_count \
        '.syscall == "sendmmsg"' 3
    expect "the same inside socketcall" \
"3 1 2 3 good=3 evil=0
1 1 0 0 good=1 evil=0
EACCES 0 0 good=0 evil=0" \
        messages socketcall 3 good good good -- \
        messages socketcall 3 good evil good -- \
        messages socketcall 2 evil good
    expect "lists that say they are longer or shorter" \
"0 0 good=0 evil=0
0 0 good=0 evil=0
1 1 0 good=1 evil=0
2 1 2 good=2 evil=0
2 1 2 good=2 evil=0" \
        messages list 0 good -- messages list 0 evil -- \
        messages list 1 good evil -- messages list 5 good good -- \
        messages list 4000000000 good good
    policy <<'END'
[policy]
default = allow
[allow]
sendmmsg = addr == 127.0.0.1 && vlen == 3
[deny]
sendmmsg = EACCES
END
    expect "messages that are allowed by address" \
"3 1 2 3 good=3 evil=0
1 1 0 0 good=1 evil=0
EACCES 0 0 0 good=0 evil=0
EACCES 0 0 good=0 evil=0" \
        messages list 3 good good good -- messages list 3 good evil good -- \
        messages list 3 none good good -- messages list 2 good good
    policy <<'END'
[policy]
default = allow
[emulate]
sendmmsg = return 1 if addr == 127.0.0.2
END
    expect "messages that are answered, not sent" \
        "3 1 0 3 good=2 evil=0" messages list 3 good evil good
    policy <<'END'
[policy]
default = allow
[deny]
sendmmsg = kill if addr == 127.0.0.2
END
    expect_status "a message that ends the program" 159 \
        messages list 3 good evil good
}

# A signal ends a list where it is; what is made again is decided once.
interrupted_lists()
{
    policy <<'END'
[policy]
default = allow
[allow]
sendmmsg = family == AF_UNSPEC log
[deny]
sendmmsg = EACCES
END
    expect "a list that waits and is made again" "blocked = all" blocked 1 0
    check "is decided once" log_count '.syscall == "sendmmsg"' 4
    expect "a list that a signal ends" \
"blocked = EINTR
blocked = some" blocked 0 0 -- blocked 0 2
}

races()
{
    local kind port
    port=$(free_port)
    policy <<END
[policy]
default = allow
log = none
[allow]
connect = port == $port
sendto  = port == $port || family == AF_UNSPEC
sendmsg = port == $port
sendmmsg = port == $port
[deny]
connect = EACCES
sendto  = EACCES
sendmsg = EACCES
sendmmsg = EACCES
END
    for kind in sendto connect sendmsg pointer list list-pointer; do
        expect "a second thread changes the address: $kind" \
            "allowed=some forbidden=none" address "$kind" "$rounds" "$port"
    done
}

for_each_target addresses stream_type lists interrupted_lists races
tap_done
