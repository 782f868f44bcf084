-- SPDX-License-Identifier: GPL-2.0-or-later
-- Handlers for fixed-clock.ini.

local NOW = 1577836800      -- seconds since 1970

-- Two integers, seconds and a fraction of 0, each of "bits" bits.
local function write_time(call, addr, bits)
  local format = call.endian .. (bits == 64 and "i8i8" or "i4i4")
  if not call:write(addr, string.pack(format, NOW, 0)) then
    return nil, "EFAULT"
  end
  return 0
end

-- clock_gettime64 has 64-bit seconds on 32-bit targets too.
function fixed_clock(call)
  return write_time(call, call.args[2],
                    call.name == "clock_gettime64" and 64 or call.bits)
end

function fixed_timeval(call)
  if call.args.tv == 0 then
    return call:run()
  end
  return write_time(call, call.args.tv, call.bits)
end

function fixed_seconds(call)
  local addr = call.args[1]
  if addr ~= 0 then
    local written, err
    if call.bits == 64 then
      written, err = call:set_i64(addr, NOW)
    else
      written, err = call:set_i32(addr, NOW)
    end
    if not written then
      return nil, err
    end
  end
  return NOW
end
