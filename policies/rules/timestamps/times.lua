-- SPDX-License-Identifier: GPL-2.0-or-later
-- Logs when files are opened, with the time since the first one.
--
--     qemu-user --rules policies/rules/timestamps ./program

local first

local function stamp(name)
  local seconds, nanoseconds = c_get_timestamp()
  local now = seconds * 1000000 + nanoseconds // 1000
  first = first or now
  c_log(string.format("+%d us: open %s", now - first, name or "?"))
  return 0
end

function syscall_open(num, name)
  return stamp(c_read_string(name))
end

function syscall_openat(num, dfd, name)
  return stamp(c_read_string(name))
end
