-- SPDX-License-Identifier: GPL-2.0-or-later
-- Handlers for count-opens.ini. Each process has its own counts.

local counts = {}

local function is_power_of_ten(n)
  while n >= 10 and n % 10 == 0 do
    n = n // 10
  end
  return n == 1
end

function count_open(call)
  local name = call:string(call.args.filename)
  if name then
    local n = (counts[name] or 0) + 1
    counts[name] = n
    if n > 1 and is_power_of_ten(n) then
      call:log(string.format("%s was opened %d times", name, n))
    end
  end
  -- no answer: the call goes on
end
