#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 900
# shellcheck disable=SC2154,SC2317 # of lib.sh; it calls the tests
# Lua handlers and rule directories, with a guest below them.
# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/lib.sh"

cat >"$work/handlers.lua" <<'END'
function number(call)
  return 4242
end

function failure(call)
  return nil, "ENOSPC"
end

function through(call)
  local result, err = call:run()
  if result then
    return result + 1000
  end
  return nil, "EXDEV"
end

function router(call)
  local result, err = call:run()
  if result then
    call:write(call.args.name + 65, "router\0")
  end
  return result, err
end

function same(call)
  return call:run()
end

function quiet(call)
end

function leave(call)
  call:run()
  return 0
end

function broken(call)
  error("this handler is broken")
end

function wild(call)
  local written, err = call:write(1, "x")
  return written, err
end
END

handlers()
{
    policy <<'END'
[policy]
default  = allow
handlers = handlers.lua
[emulate]
getppid = lua number
sync    = lua failure
umask   = lua through
lseek   = lua through
uname   = lua router
getpgid = lua quiet
flock   = lua broken
fsync   = lua wild
sched_yield = error EIO
exit    = lua leave
exit_group = lua leave
END
    expect "numbers and errors from Lua" \
"getppid = 4242
sync = ENOSPC" call getppid -- call sync
    expect "the original call inside a handler" \
"umask = 1018
lseek = EXDEV" call umask 022 -- call lseek 99 0 0
    expect "a handler writes into guest memory" "nodename = router" uname
    expect "a handler that says nothing lets the call run" \
        "getpgid = ESRCH" call getpgid 0x3ffffff
    expect "a handler that fails refuses" "flock = EPERM" call flock 99 0
    options -policy-log -
    run call flock 99 0
    check "standard error has what failed, then how it came to that, then the call" \
        matches "$err" \
'this handler is broken, .*further errors are counted
[^
]* this handler is broken.*stack traceback:[^
]*
[^
]* flock\(99, 0\) = EPERM '
    options -strace
    run call flock 99 0
    check "strace says that on-error has decided" matches "$err" \
        'flock resumed> = -1 [^[]*\[policy: deny, [^]]*policy.ini on-error\]'
    given=("${given[@]:0:${#given[@]}-3}")
    expect "a wild pointer is EFAULT to a handler" "fsync = EFAULT" \
        call fsync 99
    expect_status "exit inside a handler" 0 call getppid
    expect "threads that end inside a handler" \
        "refused=80 others=0 children=4" storm 8 10 sched_yield
    expect "threads and children run handlers" \
"getppid = 4242
getppid = 4242
child exited with 0" thread call getppid -- fork call getppid
}

storm()
{
    policy <<'END'
[policy]
default  = allow
handlers = handlers.lua
[emulate]
setpgid = lua through
END
    expect "8 threads and 4 children in one handler" \
        "refused=400 others=0 children=4" storm 8 50 setpgid
    # Without threads there is no lock: it has to be there when the call that
    # makes the first of them comes back.
    printf 'clone  = lua same\nclone3 = lua same\n' >>"$work/policy.ini"
    expect "threads and children that are made inside a handler" \
        "refused=400 others=0 children=4" storm 8 50 setpgid
}

rules()
{
    mkdir -p "$work/rules"
    cat >"$work/rules/all.lua" <<'END'
function syscall_getppid(num, a1, a2, a3, a4, a5, a6, a7, a8)
  return 1, 31337
end

function syscall_sched_yield(num)
  return 0, 0
end
END
    cat >"$work/rules/umask.lua" <<'END'
function do_syscall(num, mask)
  return 1, mask
end
END
    given=(-rules "$work/rules")
    expect "a directory of rules" \
"getppid = 31337
umask = 55
sched_yield = 0" call getppid -- call umask 55 -- call sched_yield
}

for_each_target handlers storm rules
tap_done
