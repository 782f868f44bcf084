-- SPDX-License-Identifier: GPL-2.0-or-later
-- Refuses writes of more than 64 KiB at once with EFBIG.
--
--     qemu-user --rules policies/rules/limit-writes ./program

local LIMIT = 64 * 1024
local EFBIG = 27            -- on every target

function do_syscall(num, fd, buf, count)
  -- a size above the middle of the address space shows as negative
  if count < 0 or count > LIMIT then
    c_log(string.format("refused to write %d bytes to descriptor %d", count, fd))
    return 1, -EFBIG
  end
  return 0
end
