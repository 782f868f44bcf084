-- SPDX-License-Identifier: GPL-2.0-or-later
-- Logs each socket that is made, with its address family.
--
--     qemu-user --rules policies/rules/log-socket ./program

local families = { [1] = "unix", [2] = "inet", [10] = "inet6", [16] = "netlink" }

function do_syscall(num, domain, type, protocol)
  c_log(string.format("socket(%s, %d, %d)", families[domain] or domain, type,
                      protocol))
  return 0
end
