-- SPDX-License-Identifier: GPL-2.0-or-later
-- Logs the start of everything that is written, and lets it be written.
--
--     qemu-user --rules policies/rules/watch-write ./program

function do_syscall(num, fd, buf, count)
  local text = c_read_string(buf, math.max(0, math.min(count, 60)))
  c_log(string.format("write(%d, '%s', %d)", fd, text or "?", count))
  return 0
end
