-- SPDX-License-Identifier: GPL-2.0-or-later
-- Handlers for router.ini.

-- struct new_utsname: six strings of 65 bytes. The second is the node's name,
-- the third the release.
local FIELD = 65

local function set_field(call, index, text)
  local addr = call.args.name + index * FIELD
  return call:write(addr, text .. "\0")
end

-- The original call fills the structure in; then the names are changed.
function fake_uname(call)
  local result, err = call:run()
  if result then
    set_field(call, 1, "router")
    set_field(call, 2, "3.10.14")
  end
  return result, err
end

-- Firmware that is unhappy restarts the device. It may believe that it did.
function no_reboot(call)
  call:log(string.format("pid %d wanted to reboot, command 0x%x", call.pid,
                         call.args.cmd))
  return 0
end
