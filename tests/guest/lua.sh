#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 900
# shellcheck disable=SC2154,SC2317 # of lib.sh; it calls the tests
# What handlers ask of the emulator: bytes, structures, registers, descriptors.
# shellcheck source=tests/guest/lib.sh
. "$(dirname "$0")/lib.sh"

cat >"$work/lua.lua" <<'END'
function other_file(call)
  if call:decode("filename") == "/nonexistent" then
    call.args.filename = "/proc/sys/kernel/ostype"
    assert(call:string(call.args.filename) == "/proc/sys/kernel/ostype")
  end
end

function made_file(call)
  if call:decode("filename") == "/made" then
    return call:file("made by a handler\n", "made")
  elseif call:decode("filename") == "/opened" then
    return call:open("/proc/sys/kernel/ostype")
  end
end

function shout(call)
  local text = call:decode("buf")
  if call.args.fd == 1 and text then
    call.args.buf = text:upper()
  end
end

function structures(call)
  local result, err = call:run()
  if result then
    assert(call:decode("name").sysname == "Linux")
    call:encode("name", { nodename = "router" })
  end
  return result, err
end

function own(call)
  mine = (mine or 0) + 1
  return 10 * mine + shared.add("all")
end

function refuse(call)
  call:run()
  return nil, "EACCES"
end

function machine(call)
  local names = {}
  for _, r in ipairs(call:registers()) do names[r.name] = r.num end
  assert(next(names))
  if names.pc then assert(call:register("pc") ~= 0) end
  local addr = call:alloc(10000)
  assert(call:write(addr, "text\0") and call:string(addr) == "text")
  assert(call:free(addr))
  assert(not call:read(addr, 1))
  assert(call:fdpath(0) == "/dev/null", call:fdpath(0))
  assert(select(2, call:fdpath(99)) == "EBADF")
  assert(call:sleep(0.001))
  assert(call.comm and call.exe:find("/"))
  shared.add("calls")
  log{ event = "machine", calls = shared.get("calls") }
  return shared.get("calls")
end
END

strings()
{
    policy <<'END'
[policy]
default  = allow
handlers = lua.lua
[emulate]
@open    = lua other_file
write    = lua shout
END
    expect "a path and bytes that a handler has chosen" "CONTENT = LINUX" \
        show /nonexistent
    expect "in read-only memory, too" "OPENAT = ENOENT" \
        call openat AT_FDCWD ro:/nonexistent2 0
}

files()
{
    policy <<'END'
[policy]
default  = allow
handlers = lua.lua
[emulate]
@open    = lua made_file
END
    expect "a file with a handler's content" "content = made by a handler" show /made
    expect "a file of the host" "content = Linux" show /opened
}

machine()
{
    policy <<'END'
[policy]
default  = allow
handlers = lua.lua
[emulate]
uname    = lua structures
getppid  = lua machine
END
    expect "structures in the guest's layout" "nodename = router" uname
    expect "registers, memory, descriptors; values that children share" \
"getppid = 1
getppid = 2
child exited with 0
getppid = 3" call getppid -- fork call getppid -- call getppid
}

own_states()
{
    policy <<'END'
[policy]
default       = allow
handlers      = lua.lua
handler-state = thread
[emulate]
getppid = lua own
setpgid = lua refuse
END
    expect "a state for each thread, values that all share" \
"getppid = 11
getppid = 12
getppid = 23
child exited with 0
getppid = 24" call getppid -- thread call getppid -- fork call getppid -- \
        call getppid
    expect "8 threads and 4 children, each in states of their own" \
        "refused=800 others=0 children=4" storm 8 100 setpgid
}

older()
{
    mkdir -p "$work/rules"
    cat >"$work/rules/umask.lua" <<'END'
function do_syscall(num, mask)
  local old = c_do_syscall(num, mask)
  return 1, old + 1000
end
END
    cat >"$work/rules/entry.lua" <<'END'
calls = 0
function entry(name)
  calls = calls + 1
  if name == "getppid" then return 1, 31337 end
  return false, 0
end
END
    cat >"$work/rules/finish.lua" <<'END'
function finish(name, num, ret, changed)
  if name == "getppid" then
    assert(ret == 31337 and changed == true and calls > 0)
  end
end
END
    given=(-rules "$work/rules")
    expect "rules around every call" \
"umask = 1018
getppid = 31337" call umask 022 -- call getppid
    rm -r "$work/rules"
}

# The first rule writes the second, and waits until it is time to look again.
reload()
{
    mkdir -p "$work/rules"
    cat >"$work/rules/getppid.lua" <<'END'
function do_syscall(num)
  local file = io.open("rules/getppid.lua", "w")
  file:write("function do_syscall() return 1, 200 end")
  file:close()
  os.execute("sleep 0.5")
  return 1, 100
end
END
    cp "$work/rules/getppid.lua" "$work/first.lua"
    given=(-rules rules)
    expect "rules are read once" "getppid = 100
getppid = 100" call getppid -- call getppid
    cp "$work/first.lua" "$work/rules/getppid.lua"
    given=(-rules rules -rules-reload -policy-log "$log")
    expect "rules that change" "getppid = 100
getppid = 200
getppid = 200
getppid = 200
child exited with 0" call getppid -- call getppid -- \
        thread call getppid -- fork call getppid
    check "the log has it" contains "$(cat "$log")" "loaded again"
    rm -r "$work/rules"
}

for_each_target strings files machine own_states older reload
tap_done
