#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 1200
#
# What a call costs, by what the policy says of it, against an unpatched emulator
# of the same version and options.
# shellcheck source=tests/benchmark/lib.sh
. "$(dirname "$0")/lib.sh"
begin twin
count=$(of 20000)

ini other-open <<'END'
host-wall = off
[deny]
mount = EPERM
END
ini deny <<'END'
[deny]
getppid = EPERM quiet
dup = EPERM quiet
END
ini deny-open <<'END'
host-wall = off
[deny]
getppid = EPERM quiet
END
mkdir -p rules
printf 'function syscall_getppid(num) return 1, 7 end\n' >rules/r.lua
ini logged <<'END'
[deny]
getppid = EPERM
END
ini refused-integer <<'END'
[deny]
dup = EPERM if fildes < 0 && fildes != 5 quiet
END
ini passed-integer <<'END'
[deny]
dup = EPERM if fildes == 5 quiet
END
ini flags <<'END'
[deny]
openat = EACCES if (flags & O_ACCMODE) == O_WRONLY quiet
END
ini rate <<'END'
[allow]
getppid = always limit 1000000000/s else EPERM
END
ini counted <<'END'
[deny]
getppid = EPERM when 1000000000+ quiet
END
ini descriptor <<'END'
[deny]
fchdir = EACCES if fdpath under /nonexistent quiet
END
ini peer <<'END'
[deny]
accept4 = ECONNABORTED if addr == 192.0.2.1 quiet
END
ini address <<'END'
[deny]
connect = EACCES if addr in 192.0.2.0/24 && port == 443 quiet
END
ini path-open <<'END'
host-wall = off
[deny]
@open = EACCES if path under /srv
END
ini path <<'END'
[deny]
@open = EACCES if path under /srv
faccessat = EACCES if path under /srv
END
ini refused-path <<'END'
[deny]
openat = EACCES if path == /dev/null quiet
faccessat = EACCES if path under /nonexistent quiet
END
ini made <<'END'
[emulate]
openat = data "0123456789" if path == /dev/null
END
ini other-file <<'END'
[emulate]
openat = redirect /dev/zero if path == /dev/null
END

# what NAME CALL POLICY [-b BASE] [-l BUDGET]
what()
{
    local name=$1 call=$2 policy=$3
    shift 3
    row "$name" "$@" -- "$ours" -policy "$policy.ini" "$loop" "$call" "$count"
}

logged()
{
    rm -f log
    "$ours" -policy logged.ini -policy-log log "$loop" getppid=-1 \
        $((count / 4))
}

table calls ns less "getppid ($target)" cpu
row "unpatched" -- "$twin" "$loop" getppid "$count"
row "no policy" -b unpatched -- "$ours" "$loop" getppid "$count"
what "not named" getppid other -b unpatched -l "ratio 1.01"
what "not named, host-wall = off" getppid other-open -b unpatched -l "ratio 1.01"
what "deny, not logged" getppid=-1 deny -b unpatched -l "ratio 1"
what "deny, host-wall = off" getppid=-1 deny-open -b unpatched -l "ratio 1"
what "return 7" getppid=7 return -b unpatched -l "ratio 1"
what "lua, a number" getppid=7 lua -b unpatched -l "ratio 1"
what "when" getppid counted -b unpatched
what "limit" getppid limit -b when -l "plus 100"
what "limit, a rate" getppid rate -b when -l "plus 100"
row "Lua rule, older form" -b unpatched -- \
    "$ours" -rules rules "$loop" getppid=7 "$count"
row "deny, logged as JSON to a file" -b unpatched -- logged
measure || finish

table arguments ns less "integers and addresses ($target)" cpu
row "dup, unpatched" -- "$twin" "$loop" dup=-9 "$count"
what "dup, not named" dup=-9 other -b "dup, unpatched"
what "dup, deny" dup=-1 deny -b "dup, unpatched"
what "dup, deny if ..." dup=-1 refused-integer -b "dup, deny" -l "plus 30"
what "dup, deny if ..., which passes" dup=-9 passed-integer -b "dup, unpatched"
row "connect, unpatched" -- "$twin" "$loop" connect=-9 "$count"
what "connect, deny if addr, port" connect=-13 address -b "connect, unpatched"
row "fchdir, unpatched" -- "$twin" "$loop" fchdir=-20 "$count"
what "fchdir, a rule of fdpath that passes" fchdir=-20 descriptor \
    -b "fchdir, unpatched"
measure || finish

count=$((count / 4))
table paths ns less "paths ($target)" cpu
row "openat and close, unpatched" -- "$twin" "$loop" openat=0 "$count"
what "not named" openat=0 other -b "openat and close, unpatched"
what "not named, host-wall = off" openat=0 other-open \
    -b "openat and close, unpatched"
what "a rule of flags that passes" openat=0 flags -b "openat and close, unpatched"
what "a path rule that passes" openat=0 path -b "openat and close, unpatched" \
    -l "plus 5000"
what "the same, host-wall = off" openat=0 path-open \
    -b "openat and close, unpatched" -l "plus 5000"
what "base.ini's, which allow it" openat=0 base -b "openat and close, unpatched" \
    -l "plus 5000"
what "deny if path" openat=-13 refused-path -b "openat and close, unpatched"
what "data, a file of 10 bytes" openat=0 made -b "openat and close, unpatched"
what "redirect" openat=0 other-file -b "openat and close, unpatched"
row "faccessat, unpatched" -- "$twin" "$loop" faccessat=-2 "$count"
what "faccessat, a rule that passes" faccessat=-2 path -b "faccessat, unpatched"
what "faccessat, deny if path" faccessat=-13 refused-path \
    -b "faccessat, unpatched"
cp "$root/policies/base.ini" .
measure || finish

table steps ns less "the host's calls of an open below a path rule, native" cpu
row "openat and close" -- "$native" openat=0 "$count"
row "to hold the file: openat with O_PATH, and close" -- "$native" pin=0 "$count"
row "out of the guest's reach: fcntl, and close" -- "$native" move=0 "$count"
row "its name: readlinkat" -- "$native" name=9 "$count"
row "whether it is one of /proc: fstatfs" -- "$native" kind=0 "$count"
row "to open what is held, and close" -- "$native" reopen=0 "$count"
measure || finish

table peers ns less "socket, connect, accept4 and close ($target)" cpu
row "unpatched" -- "$twin" "$loop" accept4=0 "$count"
what "a rule of addr that passes" accept4=0 peer -b unpatched
row "unpatched, two threads" -- "$twin" "$loop" accept4=0 "$count" 1
row "a rule that passes, two threads" -b "unpatched, two threads" -- \
    "$ours" -policy peer.ini "$loop" accept4=0 "$count" 1
measure
finish
