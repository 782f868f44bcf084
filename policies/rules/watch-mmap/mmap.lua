-- SPDX-License-Identifier: GPL-2.0-or-later
-- Logs mappings that can be executed, and mappings that are both written and
-- executed with a warning.
--
--     qemu-user --rules policies/rules/watch-mmap ./program

local PROT_WRITE, PROT_EXEC = 2, 4      -- on every target

function do_syscall(num, addr, length, prot, flags, fd, offset)
  if prot & PROT_EXEC ~= 0 then
    c_log(string.format("%smmap(0x%x, %d, prot %d, flags 0x%x, fd %d)",
                        prot & PROT_WRITE ~= 0 and "WRITE AND EXECUTE: " or "",
                        addr, length, prot, flags, fd))
  end
  return 0
end
