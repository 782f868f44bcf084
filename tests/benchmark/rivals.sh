#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 1200
#
# What else could refuse a call on the same machine, and what that costs: the
# call that is refused, and one that is not concerned, each against the same call
# with nothing in its way. Above, native programs; below, emulated ones.
# shellcheck source=tests/benchmark/lib.sh
. "$(dirname "$0")/lib.sh"
begin twin plugins strace
count=$(of 5000)
slow=$(of 500)
unset SYSCALL_NAMES

gcc -O2 -o refuse "$here/refuse.c" -D_GNU_SOURCE -lseccomp || exit 1
# shellcheck disable=SC2046 # words
gcc -O2 -shared -fPIC -o plugin.so -I "${QEMU_SRC:-$TEST_BUILD/qemu/current/src}/include/qemu" \
    "$here/plugin.c" $(pkg-config --cflags --libs lua5.4 glib-2.0) || exit 1
"$TEST_BIN/qemu-policy" list syscalls --target "$target" |
    sed -n 's/^ *\([0-9]\{1,\}\)  *\([a-z0-9_]*\)(.*/\1 \2/p' >names
mkdir -p rules
printf 'function syscall_getppid(num) return 1, 7 end\n' >rules/r.lua

ini deny <<'END'
[deny]
getppid = EPERM quiet
END
ini lua <<'END'
handlers = refuse.lua
[emulate]
getppid = lua refuse
END
printf 'function refuse(call) return nil, "EPERM" end\n' >refuse.lua

# strace_refuse CALL OPTION...
strace_refuse()
{
    strace "${@:2}" -qq -o /dev/null -e trace=getppid \
        -e inject=getppid:error=EPERM "$native" "$1" "$slow"
}

# with_plugin OPTION CALL
with_plugin()
{
    SYSCALL_NAMES=names "$with_plugins" -plugin "./plugin.so$1" "$loop" "$2" "$count"
}

# both CALL RESULT REFUSED: its rows; what it answers when it is carried out,
# and where getppid is refused
both()
{
    local call=$1 result=$2 refused=$3
    row "native" -- "$native" "$call$result" "$count"
    row "native, seccomp filter (libseccomp)" -b native -- \
        ./refuse filter "$native" "$call$refused" "$count"
    row "native, seccomp user notification" -b native -- \
        ./refuse notify "$native" "$call$refused" "$slow"
    row "native, ptrace" -b native -- \
        ./refuse ptrace "$native" "$call$refused" "$slow"
    row "native, strace --inject" -b native -- \
        strace_refuse "$call$refused"
    row "native, strace --inject --seccomp-bpf" -b native -- \
        strace_refuse "$call$refused" -f --seccomp-bpf
    row "emulated" -- "$twin" "$loop" "$call$result" "$count"
    row "emulated, a plugin that counts (cannot refuse)" -b emulated -- \
        with_plugin "" "$call$result"
    row "emulated, a plugin that asks Lua by name (cannot refuse)" -b emulated \
        -- with_plugin ",rules=rules/r.lua" "$call$result"
    row "emulated, policy" -b emulated -- \
        "$ours" -policy deny.ini "$loop" "$call$refused" "$count"
    row "emulated, policy with a Lua handler" -b emulated -- \
        "$ours" -policy lua.ini "$loop" "$call$refused" "$count"
}

table refused ns less "getppid, which is refused"
both getppid "" "=-1"
# Short runs, many: of these some are not disturbed.
measure $((rounds * 3)) || finish
table passed ns less "dup, which is not concerned"
both dup "=-9" "=-9"
measure $((rounds * 3))
finish
