/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a handler can do with its call beyond numbers and raw memory. */
#include "lua-fixture.h"

/* Each function is one test: what it asserts must hold, and it must return 1. */
static const char big_endian[] =
    "function strings(call)\n"
    "  assert(call.args.filename == 0x10000)\n"
    "  assert(call:decode('filename') == '/etc/motd')\n"
    "  call.args.filename = '/other'\n"
    "  assert(call.args.filename == 0xf010, call.args.filename)\n"
    "  call[2] = '/third'\n"
    "  return 1\n"
    "end\n"
    "function flags(call)\n"
    "  local f = call:flags('flags')\n"
    "  assert(f.O_RDWR and f.O_CREAT and not f.O_TRUNC)\n"
    "  assert(tostring(f) == 'O_CREAT|O_RDWR', tostring(f))\n"
    "  f.O_CREAT, f.O_EXCL = nil, true\n"
    "  call.args.flags = f\n"
    "  assert(tostring(call:decode('flags')) == 'O_EXCL|O_RDWR')\n"
    "  assert(call.args.flags == 2 | call:constant('O_EXCL'))\n"
    "  call.args.flags = 'O_WRONLY|O_NONBLOCK|0x40000000'\n"
    "  assert(call.args.flags == 1 | call:constant('O_NONBLOCK') | 1 << 30)\n"
    "  assert(not pcall(function() call.args.flags = 'O_NOPE' end))\n"
    "  assert(not pcall(function() call.args.flags = { [1] = true } end))\n"
    "  assert(call:constant('O_NOPE') == nil)\n"
    "  return 1\n"
    "end\n"
    "function errnos(call)\n"
    "  assert(call:errno('ELOOP') == 90 and call:errno(90) == 'ELOOP')\n"
    "  assert(call:errno('ENOPE') == nil and call:errno(0) == nil)\n"
    "  return 1\n"
    "end\n"
    "function packing(call)\n"
    "  assert(call:pack('I4', 1) == '\\0\\0\\0\\1')\n"
    "  assert(call:pack('lLTP', -1, 1, 2, 3) ==\n"
    "    '\\xff\\xff\\xff\\xff\\0\\0\\0\\1\\0\\0\\0\\2\\0\\0\\0\\3')\n"
    "  assert(call:packsize('!i1i8') == 16)\n"
    "  assert(call:packsize('!2i1i8') == 10)\n"
    "  assert(call:pack('s', 'ab') == '\\0\\0\\0\\2ab')\n"
    "  local a, b, at = call:unpack('i2l', '\\xff\\xfe\\0\\0\\1\\0')\n"
    "  assert(a == -2 and b == 256 and at == 7)\n"
    "  call:write(0x10100, call:pack('lP', -5, 0x10000))\n"
    "  local c, d = call:unpack('lP', 0x10100)\n"
    "  assert(c == -5 and d == 0x10000)\n"
    "  local none, err = call:unpack('l', 1)\n"
    "  assert(none == nil and err == 'EFAULT')\n"
    "  assert(not pcall(call.unpack, call, 'z', 0x10000))\n"
    "  string.pack = nil\n"
    "  assert(call:pack('i1', 1) == '\\1')\n"
    "  return 1\n"
    "end\n"
    "function structures(call)\n"
    "  assert(call:put('timespec', 0x10200, { tv_sec = -2, tv_nsec = 7 }))\n"
    "  assert(call:read(0x10200, 8) == '\\xff\\xff\\xff\\xfe\\0\\0\\0\\7')\n"
    "  call:put('timespec', 0x10200, { tv_sec = 3 })\n"
    "  local t = call:get('timespec', 0x10200)\n"
    "  assert(t.tv_sec == 3 and t.tv_nsec == 7)\n"
    "  call:write(0x10208, '\\0\\0\\0\\5\\0\\0\\0\\6')\n"
    "  local list = call:get('timespec', 0x10200, 2)\n"
    "  assert(#list == 2 and list[2].tv_sec == 5)\n"
    "  assert(call:sizeof('timespec') == 8)\n"
    "  local none, err = call:get('timespec', 16)\n"
    "  assert(none == nil and err == 'EFAULT')\n"
    "  none, err = call:put('timespec', 16, {})\n"
    "  assert(none == nil and err == 'EFAULT')\n"
    "  call:put('new_utsname', 0x10300, { sysname = 'Linux' })\n"
    "  assert(call:get('new_utsname', 0x10300).sysname == 'Linux')\n"
    "  for _, wrong in ipairs{\n"
    "    function() call:put('timespec', 0x10200, { tv_sec = 1 << 40 }) end,\n"
    "    function() call:put('timespec', 0x10200, { tv_min = 1 }) end,\n"
    "    function() call:put('timespec', 0x10200, { tv_sec = 'x' }) end,\n"
    "    function() call:put('new_utsname', 0x10300,\n"
    "                        { sysname = ('x'):rep(65) }) end,\n"
    "    function() call:get('nothing', 0x10200) end,\n"
    "    function() call:get('timespec', 0x10200, 1 << 40) end,\n"
    "  } do assert(not pcall(wrong)) end\n"
    "  return 1\n"
    "end\n"
    "function registers(call)\n"
    "  assert(call:register('r0') == 0x01020304)\n"
    "  assert(call:register(0) == 0x01020304)\n"
    "  assert(call:set_register('pc', 0xfffffff0))\n"
    "  assert(call:register('pc') == 0xfffffff0)\n"
    "  assert(call:register('v0') == ('\\7'):rep(16))\n"
    "  local list = call:registers()\n"
    "  assert(#list == 3 and list[2].name == 'pc' and list[2].num == 1)\n"
    "  for _, wrong in ipairs{\n"
    "    function() call:register('x9') end,\n"
    "    function() call:register(-1) end,\n"
    "    function() call:set_register('v0', ('x'):rep(16)) end,\n"
    "    function() call:set_register('r0', 'xyz') end,\n"
    "    function() call:set_register('v0', 1) end,\n"
    "  } do assert(not pcall(wrong)) end\n"
    "  return 1\n"
    "end\n"
    "function process(call)\n"
    "  assert(call:fdpath(3) == '/etc/motd')\n"
    "  local none, err = call:fdpath(4)\n"
    "  assert(none == nil and err == 'EBADF')\n"
    "  none, err = call:fdpath(1 << 40)\n"
    "  assert(none == nil and err == 'EBADF')\n"
    "  local a = call:alloc(100)\n"
    "  assert(a == 0x13000)\n"
    "  assert(call:free(a))\n"
    "  assert(not pcall(call.free, call, a))\n"
    "  assert(not pcall(call.free, call, 0x10000))\n"
    "  none, err = call:alloc(5000)\n"
    "  assert(none == nil and err == 'ENOMEM')\n"
    "  return 1\n"
    "end\n"
    "function sleeps(call)\n"
    "  local slept, err = call:sleep(1.25)\n"
    "  return slept and 1 or err == 'EINTR' and 2\n"
    "end\n"
    "function chance(call)\n"
    "  assert(#call:random(0) == 0 and #call:random(13) == 13)\n"
    "  first = first or call:random(16)\n"
    "  assert(call:random(16) ~= first)\n"
    "  return 1\n"
    "end\n"
    "function files(call)\n"
    "  assert(call:file('content', 'name') == 40)\n"
    "  assert(call:open('/tmp/x') == 41)\n"
    "  assert(call:open('/tmp/x', 'O_WRONLY|O_CREAT', 384) == 41)\n"
    "  local none, err = call:open('/none')\n"
    "  assert(none == nil and err == 'ENOENT')\n"
    "  assert(not pcall(call.open, call, '/tmp/a\\0b'))\n"
    "  return 1\n"
    "end\n";

static void check(struct fixture *f, const char *handler, const char *name,
                  const uint64_t args[ST_MAX_REGS], int64_t expected)
{
    enum re_lua_step step = call_with(f, handler, name, args);
    const char *told = captured_errors();

    if (!tap_ok(step == RE_LUA_RESULT && f->call.result == expected, "%s",
                handler)) {
        tap_note(told);
    }
}

static void test_big_endian(void)
{
    struct timespec now;
    struct fixture *f = fixture_new("mips", NULL, big_endian);
    const struct st_target *t = f->target;
    uint64_t creat = 0;
    uint64_t args[ST_MAX_REGS] = { -100, GUEST_BASE, 2, 0644 };

    st_constant(t, 0, "O_CREAT", &creat);
    args[2] |= creat;
    strcpy(f->guest.memory, "/etc/motd");
    check(f, "strings", "openat", args, 1);
    tap_ok(!strcmp(kept[1], "/third") && f->call.args[1] == KEPT_BASE + 16,
           "a string in the place of a path is kept: %s", kept[1]);
    check(f, "flags", "openat", args, 1);
    check(f, "errnos", "getpid", NULL, 1);
    check(f, "packing", "getpid", NULL, 1);
    check(f, "structures", "getpid", NULL, 1);
    registers[0] = 0x01020304;
    check(f, "registers", "getpid", NULL, 1);
    check(f, "process", "getpid", NULL, 1);
    tap_ok(allocated == 0, "what was allocated is free");
    clock_gettime(CLOCK_MONOTONIC, &now);
    check(f, "sleeps", "getpid", NULL, 1);
    sleep_result = -EINTR;
    check(f, "sleeps", "getpid", NULL, 2);
    tap_ok(slept_until >= (uint64_t)now.tv_sec * 1000000000 + now.tv_nsec +
           UINT64_C(1250000000), "until 1.25 s later, or more");
    check(f, "chance", "getpid", NULL, 1);
    check(f, "files", "openat", args, 1);
    fixture_free(f);
}

/* --- socket addresses -------------------------------------------------- */

static const char addresses[] =
    "function inet(call)\n"
    "  local a = call.address\n"
    "  assert(a.family == 'AF_INET' and a.addr == '192.0.2.1')\n"
    "  assert(a.port == 80 and a.unix == nil)\n"
    "  call.address = { port = 8080 }\n"
    "  return 1\n"
    "end\n"
    "function to_inet6(call)\n"
    "  call.address = { addr = '2001:db8::1', port = 53 }\n"
    "  return 1\n"
    "end\n"
    "function to_unix(call) call.address = { unix = '/run/x' } return 1 end\n"
    "function abstract(call) call.address = { unix = '@x' } return 1 end\n"
    "function bytes(call) call.address = '\\0\\1/y' return 1 end\n"
    "function wrong(call)\n"
    "  for _, t in ipairs{ { addr = '1.2.3' }, { addr = '1.2.3.4', port = -1 },\n"
    "                      { port = 'x' }, { unix = ('x'):rep(108) } } do\n"
    "    assert(not pcall(function() call.address = t end))\n"
    "  end\n"
    "  assert(not pcall(function() call.address = ('x'):rep(200) end))\n"
    "  return 1\n"
    "end\n"
    "function none(call)\n"
    "  assert(call.address == nil)\n"
    "  assert(not pcall(function() call.address = {} end))\n"
    "  return 1\n"
    "end\n"
    "function out(call)\n"
    "  call.address = { addr = '10.0.0.1', port = 7 }\n"
    "  assert(call.address.addr == '10.0.0.1')\n"
    "  return 1\n"
    "end\n";

static void test_addresses(void)
{
    struct fixture *f = fixture_new("s390x", NULL, addresses);
    static const uint8_t inet[16] = { 0, 2, 0, 80, 192, 0, 2, 1 };
    static const uint8_t room[4] = { 0, 0, 0, 16 };
    uint64_t args[ST_MAX_REGS] = { 3, GUEST_BASE, 16 };
    uint64_t out[ST_MAX_REGS] = { 3, GUEST_BASE + 64, GUEST_BASE + 128 };

    memcpy(f->guest.bytes, inet, sizeof(inet));
    check(f, "inet", "connect", args, 1);
    tap_ok(f->call.args[1] == KEPT_BASE + 16 && f->call.args[2] == 16 &&
           !memcmp(kept[1], "\0\2\x1f\x90\xc0\0\2\1", 8),
           "a port alone changes the port");
    check(f, "to_inet6", "connect", args, 1);
    tap_ok(f->call.args[2] == 28 &&
           !memcmp(kept[1], "\0\12\0\65\0\0\0\0\x20\1\x0d\xb8", 12) &&
           kept[1][23] == 1, "an IPv6 address in the place of an IPv4 one");
    check(f, "to_unix", "connect", args, 1);
    tap_ok(f->call.args[2] == 9 && !memcmp(kept[1], "\0\1/run/x", 9),
           "a local socket");
    check(f, "abstract", "connect", args, 1);
    tap_ok(f->call.args[2] == 4 && !memcmp(kept[1], "\0\1\0x", 4),
           "an abstract one");
    check(f, "bytes", "bind", args, 1);
    tap_ok(f->call.args[2] == 4 && kept_length[1] == 4, "bytes as they are");
    check(f, "wrong", "connect", args, 1);
    check(f, "none", "getpid", NULL, 1);
    memcpy(f->guest.bytes + 128, room, sizeof(room));
    check(f, "out", "getsockname", out, 1);
    tap_ok(!memcmp(f->guest.bytes + 64, "\0\2\0\7\12\0\0\1", 8) &&
           f->guest.bytes[131] == 16, "an address that the kernel would write");
    fixture_free(f);
}

/* --- chance with a seed ------------------------------------------------ */

static void test_seed(void)
{
    static const char text[] =
        "function h(call) return (call:unpack('I4', call:random(4))) +\n"
        "  math.random(0, 1 << 20) end\n";
    struct re_lua_limits limits = { .has_seed = true, .seed = 7 };
    int64_t results[3];

    for (unsigned i = 0; i < 3; i++) {
        struct fixture *f;

        limits.seed = i < 2 ? 7 : 8;
        f = fixture_new("aarch64", &limits, text);
        call_with(f, "h", "getpid", NULL);
        results[i] = f->call.result;
        fixture_free(f);
    }
    tap_ok(results[0] == results[1] && results[0] != results[2],
           "the same seed, the same numbers: %lld", (long long)results[0]);
}

int main(void)
{
    capture_errors();
    test_big_endian();
    test_addresses();
    test_seed();
    return tap_done();
}
