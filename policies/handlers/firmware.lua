-- SPDX-License-Identifier: GPL-2.0-or-later
-- Handlers for firmware.ini.

-- The settings of a device that comes out of its box. Values of at most 256 bytes.
local settings = {
  hostname   = "router",
  lan_ifname = "br0",
  lan_ipaddr = "192.168.1.1",
  lan_netmask = "255.255.255.0",
  http_lanport = "80",
  http_username = "admin",
  http_passwd = "admin",
}

-- Sizes of flash partitions and of their blocks, in bytes.
local flash = {
  ["/dev/mtd0"] = { size = 0x40, block = 0x40 },
}
local MTD_NORFLASH, MTD_CAP_NORFLASH = 3, 0x0c00

-- What the kernel calls itself.
local release = "2.6.36.4brcmarm"

-- --- nvram -------------------------------------------------------------------
-- What programs set lies in `shared`, which all processes see: "=NAME" is a value,
-- "#1", "#2", ... are the names that `settings` has not. Empty texts stand for
-- what was taken away, since nil would bring the first value back.

local function get(name)
  local value = shared.get("=" .. name) or settings[name]
  return value ~= "" and value or nil
end

local function set(name, value)
  if shared.swap("=" .. name, nil, value) then
    if not settings[name] then
      shared.set("#" .. shared.add("#"), name)
    end
  else
    shared.set("=" .. name, value)
  end
end

local function all()
  local names, list = {}, {}
  for name in pairs(settings) do names[#names + 1] = name end
  for n = 1, shared.get("#") or 0 do names[#names + 1] = shared.get("#" .. n) end
  table.sort(names)
  for _, name in ipairs(names) do
    local value = get(name)
    if value then list[#list + 1] = name .. "=" .. value .. "\0" end
  end
  return table.concat(list) .. "\0"
end

-- The program's mapping, and how much of it is in use: values are put there when
-- they are asked for, and stay, since the program keeps pointers to them.
local map, size, used, placed

function nvram_map(call)
  local len = call.args.len
  call.args.prot = "PROT_READ|PROT_WRITE"
  call.args.flags = "MAP_PRIVATE|MAP_ANONYMOUS"
  call.args.fd = -1
  local addr, err = call:run()
  if addr then map, size, used, placed = addr, len, 0, {} end
  return addr, err
end

local function place(call, value)
  if not placed[value] then
    if used + #value + 1 > size then return nil, "ENOMEM" end
    local done, err = call:write(map + used, value .. "\0")
    if not done then return nil, err end
    placed[value] = used
    used = used + #value + 1
  end
  return placed[value]
end

function nvram_read(call)
  local buf, count = call.args.buf, call.args.count
  local name, err = call:string(buf, count < 256 and count or 256)
  if not name then return nil, err == "EFAULT" and err or "EINVAL" end
  if name == "" then
    local text = all()
    if #text > count then return nil, "ERANGE" end
    call:write(buf, text)
    return #text
  end
  local value = get(name)
  if not value then
    call:log{ event = "nvram", missing = name }
    return 0
  end
  if not map then return nil, "ENXIO" end
  local where
  where, err = place(call, value)
  if not where then return nil, err end
  local answer = call:pack("L", where)
  if #answer > count then return nil, "EINVAL" end
  if not call:write(buf, answer) then return nil, "EFAULT" end
  return #answer
end

function nvram_write(call)
  local count = call.args.count
  if count > 512 then return nil, "EINVAL" end
  local text, err = call:read(call.args.buf, count)
  if not text then return nil, err end
  local name, value = text:match("^([^=\0]+)=?([^\0]*)")
  if not name or #name > 60 or #value > 256 then return nil, "EINVAL" end
  set(name, value)
  call:log{ event = "nvram", name = name, value = value }
  return count
end

-- --- Flash -------------------------------------------------------------------

-- struct mtd_info_user: type, flags, size, erase size, write size, spare size, 0
function mtd_info(call)
  -- A device is a file in memory, and has its path in its name.
  local path = call:fdpath(call.args.fd)
  local part = path and flash[path:match("/dev/mtd%d+")]
  if not part then return nil, "ENOTTY" end
  local info = call:pack("B xxx I4I4I4I4I4 i8", MTD_NORFLASH,
                         MTD_CAP_NORFLASH, part.size, part.block, 1, 0, 0)
  if not call:write(call.args.arg, info) then return nil, "EFAULT" end
  return 0
end

-- --- Network -----------------------------------------------------------------

function bind_here(call)
  local address = call.address
  local port = address.port
  if port > 0 and port < 1024 then port = port + 8000 end
  local here = address.family == "AF_INET6" and "::1" or "127.0.0.1"
  call.address = { addr = here, port = port }
  call:log{ event = "bind", wanted = address.addr, port = address.port,
            bound = here .. ":" .. port }
end

-- --- The machine -------------------------------------------------------------

function set_hostname(call)
  local len = call.args.len
  if len < 0 or len > 64 then return nil, "EINVAL" end
  local name, err = call:read(call.args.name, len)
  if not name then return nil, err end
  shared.set("hostname", name)
  return 0
end

function fake_uname(call)
  local result, err = call:run()
  if result then
    call:encode("name", {
      nodename = shared.get("hostname") or settings.hostname,
      release = release,
    })
  end
  return result, err
end

-- --- Programs ----------------------------------------------------------------

-- Programs that it starts, with their arguments; what a list holds beyond 64 texts
-- or what cannot be read is left out.
function log_exec(call)
  local list, addr = {}, call.args.argv
  while addr and addr ~= 0 and #list < 64 do
    local text = call:ptr(addr)
    if not text or text == 0 then break end
    list[#list + 1] = call:string(text) or "?"
    addr = addr + call.bits // 8
  end
  call:log{ event = "exec", path = call:string(call.args.filename),
            arguments = table.concat(list, " ") }
end
