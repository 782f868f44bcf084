#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 1200
#
# How a call's cost changes with the number of threads that make it. The time is
# shared among all their calls: it falls as far as there are processors.
# shellcheck source=tests/benchmark/lib.sh
. "$(dirname "$0")/lib.sh"
begin twin
count=$(of 60000)

ini deny <<'END'
[deny]
getppid = EPERM quiet
END
for state in process thread; do
    ini "lua-$state" <<END
handlers = number.lua
handler-state = $state
[emulate]
getppid = lua number
END
done

table getppid ns less "getppid, by threads ($(nproc) processors)" both
for threads in 1 2 4 8; do
    each=$((count / threads))
    row "unpatched" -x $threads -- "$twin" "$loop" getppid $each $threads
    row "not named" -x $threads -b unpatched -- \
        "$ours" -policy other.ini "$loop" getppid $each $threads
    row "deny, not logged" -x $threads -b unpatched -- \
        "$ours" -policy deny.ini "$loop" getppid=-1 $each $threads
    row "a limit that counts" -x $threads -b unpatched -- \
        "$ours" -policy limit.ini "$loop" getppid $each $threads
    row "lua, one state" -x $threads -b unpatched -- \
        "$ours" -policy lua-process.ini "$loop" getppid=7 $each $threads
    row "lua, a state each" -x $threads -b unpatched -- \
        "$ours" -policy lua-thread.ini "$loop" getppid=7 $each $threads
done
measure || finish

table openat ns less "openat and close, by threads ($(nproc) processors)" both
for threads in 1 2 4 8; do
    each=$((count / 4 / threads))
    row "unpatched" -x $threads -- "$twin" "$loop" openat=0 $each $threads
    row "path rule" -x $threads -b unpatched -- \
        "$ours" -policy paths.ini "$loop" openat=0 $each $threads
done
measure
finish
