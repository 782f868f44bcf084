-- SPDX-License-Identifier: GPL-2.0-or-later
-- The program always has the process id 4242: output can be compared.
--
--     qemu-user --rules policies/rules/fake-getpid ./program

function do_syscall(num)
  return 1, 4242
end
