#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 1200
#
# What Lua handlers cost, each against the same call in an unpatched emulator;
# and the memory of a state.
# shellcheck source=tests/benchmark/lib.sh
. "$(dirname "$0")/lib.sh"
begin twin
count=$(of 10000)

cat >handlers.lua <<'END'
local content = ("x"):rep(64)
function number() return 7 end
function object(call) return 7 end
function text(call)
  return #call:string(call.args.filename) == 64 and 0 or nil
end
function rewrite(call) call.args.filename = "/dev/null" end
function fake(call) return call:file(content) end
function original(call) return call:run() end
function answer(call)
  local result, err = call:run()
  if result then call:write(call.args.name + 65, "router\0") end
  return result, err
end
END

# handler NAME CALL [STATE]: NAME.ini, where that handler answers the call
handler()
{
    ini "$1${3:+-$3}" <<END
handlers = handlers.lua
handler-state = ${3:-process}
[emulate]
$2 = lua $1
END
}
handler number getppid
handler object getppid
handler object getppid thread
handler original getppid
handler text faccessat
handler rewrite faccessat
handler fake openat
handler answer uname

# what NAME BASE CALL POLICY [THREADS]
what()
{
    row "$1" -b "$2" -- "$ours" -policy "$4.ini" "$loop" "$3" \
        $((count / ${5:-1})) "${@:5}"
}

table handlers ns less "Lua handlers ($target)" cpu
row "getppid, unpatched" -- "$twin" "$loop" getppid "$count"
what "a number" "getppid, unpatched" getppid=7 number
what "a number, with a call object" "getppid, unpatched" getppid=7 object
what "the same, a state per thread" "getppid, unpatched" getppid=7 object-thread
what "the call itself, run" "getppid, unpatched" getppid original
row "uname, unpatched" -- "$twin" "$loop" uname=0 "$count"
what "run, and 7 bytes written" "uname, unpatched" uname=0 answer
row "faccessat, unpatched" -- "$twin" "$loop" faccessat=-2 "$count"
what "a string of 64 bytes read" "faccessat, unpatched" faccessat=0 text
what "a path rewritten" "faccessat, unpatched" faccessat=0 rewrite
row "openat and close, unpatched" -- "$twin" "$loop" openat=0 "$count"
what "a file of 64 bytes made" "openat and close, unpatched" openat=0 fake
row "getppid, unpatched, 2 threads" -- "$twin" "$loop" getppid \
    $((count / 2)) 2
what "a number, 2 threads, one state" "getppid, unpatched, 2 threads" \
    getppid=7 object 2
what "a number, 2 threads, a state each" "getppid, unpatched, 2 threads" \
    getppid=7 object-thread 2
measure || finish

# of a state: of 100 threads that each have called a handler
state_memory()
{
    local one each
    one=$(memory_of Pss "$ours" -policy object.ini "$loop" wait 1000 100) &&
        each=$(memory_of Pss "$ours" -policy object-thread.ini "$loop" wait \
            1000 100) || return 1
    printf '%d' $(((each - one) / 100))
}
table state KiB less "memory"
row "a Lua state of a thread" -- state_memory
measure 1
finish
