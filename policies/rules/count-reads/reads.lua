-- SPDX-License-Identifier: GPL-2.0-or-later
-- Counts reads by descriptor, and logs the counts when the program ends.
--
--     qemu-user --rules policies/rules/count-reads ./program

local counts = {}

function syscall_read(num, fd)
  counts[fd] = (counts[fd] or 0) + 1
  return 0
end

function syscall_exit_group()
  for fd, count in pairs(counts) do
    c_log(string.format("descriptor %d: %d reads", fd, count))
  end
  return 0
end
