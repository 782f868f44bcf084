#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154,SC2317 # of lib.sh; it calls the tests
# Socket addresses: copied once, whatever their length and wherever they lie.
# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/lib.sh"

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

races()
{
    local kind port=$((20000 + RANDOM % 10000))
    policy <<END
[policy]
default = allow
log = none
[allow]
connect = port == $port
sendto  = port == $port || family == AF_UNSPEC
sendmsg = port == $port
[deny]
connect = EACCES
sendto  = EACCES
sendmsg = EACCES
END
    for kind in sendto connect sendmsg pointer; do
        expect "a second thread changes the address: $kind" \
            "allowed=some forbidden=none" address "$kind" "$rounds" "$port"
    done
}

for_each_target addresses stream_type races
tap_done
