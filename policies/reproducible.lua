-- SPDX-License-Identifier: GPL-2.0-or-later
-- Handlers for reproducible.ini.

local START = 1577836800        -- seconds since 1970
local STEP = 1000000            -- ns from one look at a clock to the next

-- One clock for all processes, so that time never goes back.
local function now()
  local ns = shared.add("clock", STEP)
  return START + ns // 1000000000, ns % 1000000000
end

-- clock_gettime64 has 64-bit seconds on 32-bit targets, too.
function clock(call)
  local name = call.name == "clock_gettime64" and "__kernel_timespec" or
               "timespec"
  local seconds, ns = now()
  local done, err = call:put(name, call[2], { tv_sec = seconds, tv_nsec = ns })
  return done and 0, err
end

function time_of_day(call)
  if call[1] == 0 then
    return call:run()
  end
  local seconds, ns = now()
  local done, err = call:put("timeval", call[1],
                             { tv_sec = seconds, tv_usec = ns // 1000 })
  return done and 0, err
end

function seconds(call)
  local at = now()
  if call[1] ~= 0 and not call:write(call[1], call:pack("l", at)) then
    return nil, "EFAULT"
  end
  return at
end

function random(call)
  local count = math.min(call[2], 256)
  local done, err = call:write(call[1], call:random(count))
  return done and count, err
end

function random_file(call)
  return call:file(call:random(65536), "random")
end

function machine(call)
  local result, err = call:run()
  if result then
    call:put("utsname", call[1], { nodename = "localhost", release = "6.1.0",
                                   version = "#1", domainname = "(none)" })
  end
  return result, err
end

function quiet_machine(call)
  local result, err = call:run()
  if result then
    call:put("sysinfo", call[1], { uptime = 1000, procs = 1 })
  end
  return result, err
end

-- The main thread is the process; others keep their order, not their numbers.
function thread(call)
  if call.pid == call.tid then
    return 1000
  end
end
