-- SPDX-License-Identifier: GPL-2.0-or-later
-- Lets nothing open files below /etc, but for those that every program needs.
-- The rule sees the name as the program gave it: a relative name or a link
-- gets around it. A policy's "path under /etc" does not have that hole.
--
--     qemu-user --rules policies/rules/refuse-open ./program

local EACCES = 13           -- on every target

local needed = {
  ["/etc/ld.so.cache"] = true,
  ["/etc/ld.so.preload"] = true,
}

local function refuse(name)
  if name and name:match("^/etc/") and not needed[name] then
    c_log("refused to open " .. name)
    return 1, -EACCES
  end
  return 0
end

function syscall_open(num, name)
  return refuse(c_read_string(name))
end

function syscall_openat(num, dfd, name)
  return refuse(c_read_string(name))
end

syscall_openat2 = syscall_openat
