/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What handlers see, what they answer, and what becomes of their mistakes. */
#include "lua-fixture.h"

#define ADDR "0x10000"

/* --- answers ----------------------------------------------------------- */

static const char answers[] =
    "function number(call) return 4242 end\n"
    "function no_parameter() return 7 end\n"
    "function float(call) return 3.0 end\n"
    "function big(call) return -4096 end\n"
    "function failure(call) return nil, 'EACCES' end\n"
    "function failure_false(call) return false, 'EACCES' end\n"
    "function unnamed(call) return nil, 'errno 100' end\n"
    "function nothing(call) end\n"
    "function only_nil(call) return nil end\n";

static void test_answers(void)
{
    struct fixture *f = fixture_new("aarch64", NULL, answers);
    const struct {
        const char *handler;
        enum re_lua_step step;
        int64_t result;
    } rows[] = {
        { "number", RE_LUA_RESULT, 4242 },
        { "no_parameter", RE_LUA_RESULT, 7 },
        { "float", RE_LUA_RESULT, 3 },
        { "big", RE_LUA_RESULT, -4096 },
        { "failure", RE_LUA_RESULT, -13 },
        { "failure_false", RE_LUA_RESULT, -13 },
        { "unnamed", RE_LUA_RESULT, -100 },
        { "nothing", RE_LUA_PASS, 0 },
        { "only_nil", RE_LUA_PASS, 0 },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        enum re_lua_step step = call_with(f, rows[i].handler, "getpid", NULL);

        tap_ok(step == rows[i].step &&
               (step != RE_LUA_RESULT || f->call.result == rows[i].result),
               "%s: step %d, result %lld", rows[i].handler, step,
               (long long)f->call.result);
    }
    tap_ok(re_lua_handler(f->lua, "absent") == -ENOENT, "no such function");
    tap_ok(re_lua_handler(f->lua, "number") ==
           re_lua_handler(f->lua, "number"), "one function, one handle");
    fixture_free(f);
}

static void test_function_names(void)
{
    struct fixture *f = fixture_new("aarch64", NULL,
        "function one() end\n x = 3\n local function hidden() end\n"
        "function two() end\n");
    unsigned seen = 0, i;

    for (i = 0; re_lua_function_at(f->lua, i); i++) {
        const char *name = re_lua_function_at(f->lua, i);

        seen |= !strcmp(name, "one") ? 1 : !strcmp(name, "two") ? 2 : 4;
    }
    tap_ok(i == 2 && seen == 3, "functions to suggest: the policy's own");
    fixture_free(f);
}

/* --- the original call ------------------------------------------------- */

static const char originals[] =
    "function pass_on(call) return call:run() end\n"
    "function see(call)\n"
    "  local result, name, number = call:run()\n"
    "  if result then return result + 1 end\n"
    "  assert(name == 'ENOENT' and number == 2)\n"
    "  return nil, 'EIO'\n"
    "end\n"
    "function twice(call) local a = call:run(); return a + call:run() end\n"
    "function silent(call) call:run() end\n"
    "function in_pcall(call)\n"
    "  local ok, result = pcall(function() return call:run() end)\n"
    "  assert(ok)\n"
    "  return result * 2\n"
    "end\n"
    "function in_xpcall(call)\n"
    "  local ok, result = xpcall(function() error(call:run()) end,\n"
    "                            function(e) return e end)\n"
    "  assert(not ok)\n"
    "  return result * 3\n"
    "end\n"
    "function in_gsub(call)\n"
    "  string.gsub('x', 'x', function() call:run() end)\n"
    "end\n"
    "function in_meta(call)\n"
    "  local t = setmetatable({}, { __index = function() return call:run() end })\n"
    "  return t.x\n"
    "end\n";

static void test_run(void)
{
    struct fixture *f = fixture_new("aarch64", NULL, originals);
    enum re_lua_step step;

    f->original = 5;
    step = call_with(f, "pass_on", "getpid", NULL);
    tap_ok(step == RE_LUA_RESULT && f->call.result == 5 && f->runs == 1,
           "return call:run() passes a result on");
    call_with(f, "see", "getpid", NULL);
    tap_ok(f->call.result == 6, "the handler sees the result");
    call_with(f, "twice", "getpid", NULL);
    tap_ok(f->call.result == 10 && f->runs == 2, "call:run() twice");
    step = call_with(f, "silent", "getpid", NULL);
    tap_ok(step == RE_LUA_RESULT && f->call.result == 5 && f->runs == 1,
           "a handler that ran the call and answers nothing: its result");
    call_with(f, "in_pcall", "getpid", NULL);
    tap_ok(f->call.result == 10 && f->runs == 1, "call:run() in pcall");
    call_with(f, "in_xpcall", "getpid", NULL);
    tap_ok(f->call.result == 15 && f->runs == 1, "call:run() in xpcall");
    call_with(f, "in_meta", "getpid", NULL);
    tap_ok(f->call.result == 5 && f->runs == 1, "call:run() in a metamethod");
    step = call_with(f, "in_gsub", "getpid", NULL);
    tap_ok(step == RE_LUA_FAILED && strstr(captured_errors(),
           "call:run() does not work inside a function that a library calls"),
           "call:run() where it cannot yield");
    f->original = -2;
    call_with(f, "see", "getpid", NULL);
    tap_ok(f->call.result == -5, "the handler sees the error, by name");
    call_with(f, "pass_on", "getpid", NULL);
    tap_ok(f->call.result == -2, "return call:run() passes an error on");
    f->original = -4000;
    step = call_with(f, "pass_on", "getpid", NULL);
    tap_ok(step == RE_LUA_RESULT && f->call.result == -4000,
           "an error without a name is passed on too");
    fixture_free(f);
}

static void test_drop(void)
{
    struct fixture *f = fixture_new("aarch64", NULL,
        "function h(call) n = (n or 0) + 1; call:run(); m = (m or 0) + 1 end\n"
        "function look() return n * 1000 + (m or 0) end\n");
    struct re_rule rule = { .handler = re_lua_handler(f->lua, "h") };

    for (int i = 0; i < 500; i++) {
        memset(&f->call, 0, sizeof(f->call));
        f->call.guest = &f->guest;
        if (re_lua_start(f->lua, &rule, &f->call) != RE_LUA_RUN) {
            break;
        }
        re_lua_drop(f->lua, &f->call);
        if (f->call.lua) {
            break;
        }
    }
    call_with(f, "look", "getpid", NULL);
    tap_ok(f->call.result == 500000, "dropped handlers go no further");
    fixture_free(f);
}

/* --- arguments --------------------------------------------------------- */

static const char arguments[] =
    "function names(call)\n"
    "  local a = call.args\n"
    "  assert(a.dfd == -100, a.dfd)\n"
    "  assert(a[1] == -100 and a.arg0 == -100)\n"
    "  assert(a.filename == 0x10000 and a[2] == a.filename)\n"
    "  assert(a.flags == 0x80000)\n"
    "  assert(a.mode == 0xfff0, a.mode)\n"
    "  assert(a.nope == nil and a[0] == nil and a[5] == nil and a[1.5] == nil)\n"
    "  assert(#a == 4)\n"
    "  local t = {}\n"
    "  for name, value in pairs(a) do t[#t + 1] = name .. '=' .. value end\n"
    "  assert(table.concat(t, ' ') ==\n"
    "         'dfd=-100 filename=65536 flags=524288 mode=65520',\n"
    "         table.concat(t, ' '))\n"
    "  local n = 0\n"
    "  for _ in ipairs(a) do n = n + 1 end\n"
    "  assert(n == 4)\n"
    "  assert(call.name == 'openat' and call.target == 'aarch64')\n"
    "  assert(call.number == 56 and call.pc == 0x55a0)\n"
    "  assert(call.pid == call.tid and call.endian == '<')\n"
    "  assert(call.bits == 64)\n"
    "  assert(call.nonsense == nil)\n"
    "  return 1\n"
    "end\n"
    "function change(call)\n"
    "  call.args.flags = -1\n"
    "  call.args[1] = 3.0\n"
    "  call.args.mode = 0x1b6\n"
    "end\n"
    "function change_and_fail(call)\n"
    "  call.args.flags = 0\n"
    "  error('after all')\n"
    "end\n"
    "function too_large(call) call.args.flags = 1 << 32 end\n"
    "function text(call) call.args.filename = '/etc\\0motd' end\n"
    "function text_flags(call) call.args.flags = 'O_NOPE' end\n"
    "function unknown(call) call.args.flgas = 1 end\n"
    "function field(call) call.name = 'x' end\n";

static void check_failure(struct fixture *f, const char *handler,
                          const char *expected)
{
    const uint64_t args[ST_MAX_REGS] = { -100, 0x10000, 0x80000, 0x1fff0 };
    enum re_lua_step step = call_with(f, handler, "openat", args);
    const char *told = captured_errors();

    if (!tap_ok(step == RE_LUA_FAILED && strstr(told, expected) &&
                !memcmp(f->call.args, args, sizeof(args)),
                "%s: %s", handler, expected)) {
        tap_note(told);
    }
}

static void test_arguments(void)
{
    struct fixture *f = fixture_new("aarch64", NULL, arguments);
    const uint64_t args[ST_MAX_REGS] = {
        0xdeadbeefffffff9c, 0x10000, 0x1234567800080000, 0x1fff0,
    };

    tap_ok(call_with(f, "names", "openat", args) == RE_LUA_RESULT,
           "arguments by name and position, at their width and sign");
    tap_note(captured_errors());
    tap_ok(call_with(f, "change", "openat", args) == RE_LUA_PASS &&
           f->call.args[0] == 3 && f->call.args[1] == 0x10000 &&
           f->call.args[2] == UINT64_MAX && f->call.args[3] == 0x1b6,
           "arguments are writable");
    check_failure(f, "change_and_fail", "after all");
    check_failure(f, "too_large",
                  "4294967296 does not fit the 32 bits of argument 'flags'");
    check_failure(f, "text", "the string for argument 'filename' has a zero");
    check_failure(f, "text_flags",
                  "'O_NOPE' is no constant of argument 'flags'");
    check_failure(f, "unknown", "the call has no argument 'flgas'");
    check_failure(f, "field", "cannot set 'name' of a call");
    fixture_free(f);
}

static const char pairs_of_registers[] =
    "function h(call)\n"
    "  assert(call.args.pos == 0x123456789abcdef0, call.args.pos)\n"
    "  assert(call.args.buf == 0xfffff000, call.args.buf)\n"
    "  call.args.pos = -2\n"
    "  call.args.buf = 0xffffe000\n"
    "  return call:run()\n"
    "end\n";

static void test_pairs(const char *target)
{
    struct fixture *f = fixture_new(target, NULL, pairs_of_registers);
    struct st_arg info[ST_MAX_ARGS];
    uint64_t args[ST_MAX_REGS] = { 3, 0xfffffffffffff000, 16 };
    const uint64_t low = 0xffffffff9abcdef0, high = 0x12345678;
    bool big = st_big_endian(f->target);
    enum re_lua_step step;
    int reg;

    st_slot_args(f->target, st_slot_of_number(f->target,
                 number_of(f->target, "pread64")), info);
    reg = info[3].reg;
    args[reg] = big ? high : low;
    args[reg + 1] = big ? low : high;
    step = call_with(f, "h", "pread64", args);
    if (!tap_ok(step == RE_LUA_RESULT &&
                f->ran_with[reg] == (big ? UINT64_MAX : (uint64_t)-2) &&
                f->ran_with[reg + 1] == (big ? (uint64_t)-2 : UINT64_MAX) &&
                f->ran_with[1] == 0xffffffffffffe000,
                "%s: a pair of registers is one argument", target)) {
        tap_note(captured_errors());
    }
    fixture_free(f);
}

static void test_unknown_call(void)
{
    struct fixture *f = fixture_new("arm", NULL,
        "function h(call)\n"
        "  assert(call.name == nil and call.number == 9999)\n"
        "  assert(#call.args == 6 and call.args.arg5 == -1)\n"
        "  call.args.arg0 = 0xffffffff\n"
        "end\n");
    struct re_rule rule = { .handler = re_lua_handler(f->lua, "h") };
    enum re_lua_step step;

    f->call = (struct re_call) {
        .nr = 9999,
        .slot = -1,
        .guest = &f->guest,
        .args = { 1, 2, 3, 4, 5, UINT64_MAX },
    };
    step = run_handler(f, &rule);
    tap_ok(step == RE_LUA_PASS && f->call.args[0] == UINT64_MAX,
           "a call that the tables lack: registers as they are");
    fixture_free(f);
}

/* --- guest memory ------------------------------------------------------ */

static const char memory[] =
    "function bytes(call)\n"
    "  assert(call:write(" ADDR ", 'a\\0b'))\n"
    "  assert(call:read(" ADDR ", 3) == 'a\\0b')\n"
    "  assert(call:read(" ADDR ", 0) == '')\n"
    "  assert(call:write(0, '') and call:read(0, 0) == '')\n"
    "  local r, e = call:read(0, 1)\n"
    "  assert(r == nil and e == 'EFAULT')\n"
    "  r, e = call:read(" ADDR ", 0x4001)\n"
    "  assert(r == nil and e == 'EFAULT')\n"
    "  r, e = call:write(-1, 'xx')\n"
    "  assert(r == nil and e == 'EFAULT')\n"
    "  return 1\n"
    "end\n"
    "function strings(call)\n"
    "  assert(call:write(" ADDR ", 'hello\\0'))\n"
    "  assert(call:string(" ADDR ") == 'hello')\n"
    "  assert(call:string(" ADDR ", 5) == 'hello')\n"
    "  local r, e = call:string(" ADDR ", 4)\n"
    "  assert(r == nil and e == 'ENAMETOOLONG', e)\n"
    "  r, e = call:string(0)\n"
    "  assert(r == nil and e == 'EFAULT')\n"
    "  local long = string.rep('x', 10000)\n"
    "  assert(call:write(" ADDR ", long .. '\\0'))\n"
    "  assert(call:string(" ADDR ", 10000) == long)\n"
    "  assert(select(2, call:string(" ADDR ")) == 'ENAMETOOLONG')\n"
    "  return 1\n"
    "end\n"
    "function integers(call)\n"
    "  local e = call.endian\n"
    "  assert(call:set_u32(" ADDR ", 0x80000001))\n"
    "  assert(call:read(" ADDR ", 4) == string.pack(e .. 'I4', 0x80000001))\n"
    "  assert(call:u32(" ADDR ") == 0x80000001)\n"
    "  assert(call:i32(" ADDR ") == 0x80000001 - (1 << 32))\n"
    "  assert(call:set_i16(" ADDR ", -2) and call:u16(" ADDR ") == 0xfffe)\n"
    "  assert(call:set_u64(" ADDR ", -3) and call:i64(" ADDR ") == -3)\n"
    "  assert(call:set_u8(" ADDR ", 255) and call:i8(" ADDR ") == -1)\n"
    "  assert(call:set_ptr(" ADDR ", 0x1234) and call:ptr(" ADDR ") == 0x1234)\n"
    "  assert(call:read(" ADDR ", #string.pack(e .. 'T', 0)))\n"
    "  assert(not pcall(call.set_u8, call, " ADDR ", 256))\n"
    "  assert(not pcall(call.set_i8, call, " ADDR ", -129))\n"
    "  assert(not pcall(call.set_u32, call, " ADDR ", -1))\n"
    "  local r, err = call:u32(0)\n"
    "  assert(r == nil and err == 'EFAULT')\n"
    "  r, err = call:set_u32(0, 1)\n"
    "  assert(r == nil and err == 'EFAULT')\n"
    "  return 1\n"
    "end\n"
    "function negative(call) call:read(" ADDR ", -1) end\n"
    "function dot(call) call.read(" ADDR ", 1) end\n"
    "function huge(call) return #call:read(" ADDR ", 1 << 45) end\n";

static void test_memory(const char *target)
{
    const struct re_lua_limits limits = { .memory = 64 * 1024 * 1024 };
    struct fixture *f = fixture_new(target, &limits, memory);
    const char *const handlers[] = { "bytes", "strings", "integers" };

    for (size_t i = 0; i < 3; i++) {
        if (!tap_ok(call_with(f, handlers[i], "getpid", NULL) ==
                    RE_LUA_RESULT, "%s: guest memory, %s", target,
                    handlers[i])) {
            tap_note(captured_errors());
        }
    }
    tap_ok(call_with(f, "negative", "getpid", NULL) == RE_LUA_FAILED &&
           strstr(captured_errors(), "a length cannot be negative"),
           "%s: a negative length", target);
    tap_ok(call_with(f, "dot", "getpid", NULL) == RE_LUA_FAILED &&
           strstr(captured_errors(), "call expected, got number"),
           "%s: a method called with a dot", target);
    tap_ok(call_with(f, "huge", "getpid", NULL) == RE_LUA_FAILED &&
           strstr(captured_errors(), "not enough memory"),
           "%s: a length beyond the memory there is", target);
    fixture_free(f);
}

/* --- mistakes ---------------------------------------------------------- */

static const char mistakes[] =
    "function negative(call) return -13 end\n"
    "function number_as_error(call) return nil, 13 end\n"
    "function typo(call) return nil, 'EPREM' end\n"
    "function alone(call) return false end\n"
    "function yes(call) return true end\n"
    "function text(call) return '4' end\n"
    "function fraction(call) return 4.5 end\n"
    "function object(call) error({}) end\n"
    "function deep(call) return deep(call) + 1 end\n"
    "function keep(call) kept = call; kept_args = call.args; return 1 end\n"
    "function stale(call) return kept.number end\n"
    "function stale_args(call) return kept_args.arg0 end\n"
    "function stale_run(call) return kept:run() end\n"
    "function no_io(call) return io.open('x') end\n"
    "function closes(call)\n"
    "  local x <close> = setmetatable({}, { __close = function() n = 7 end })\n"
    "  error('open')\n"
    "end\n"
    "function closed(call) return n end\n";

static void test_mistakes(void)
{
    struct fixture *f = fixture_new("aarch64", NULL, mistakes);
    const char *told;

    check_failure(f, "negative",
                  "returned -13; an error is returned by name: nil, \"EACCES\"");
    check_failure(f, "number_as_error",
                  "an error is returned by name: nil, \"EACCES\"");
    check_failure(f, "typo", "returned the unknown error \"EPREM\"; did you "
                             "mean \"EPERM\"?");
    check_failure(f, "alone", "returned boolean, nil");
    check_failure(f, "yes", "returned a boolean");
    check_failure(f, "text", "returned a string");
    check_failure(f, "fraction", "returned a number with a fraction");
    check_failure(f, "object", "the error value is not a string");
    check_failure(f, "deep", "stack overflow");
    tap_ok(call_with(f, "keep", "getpid", NULL) == RE_LUA_RESULT, "keep");
    check_failure(f, "stale", "this call has been answered");
    check_failure(f, "stale_args", "this call has been answered");
    check_failure(f, "stale_run", "this call has been answered");
    check_failure(f, "no_io", "attempt to index a nil value (global 'io')");
    check_failure(f, "closes", "open");
    tap_ok(call_with(f, "closed", "getpid", NULL) == RE_LUA_RESULT &&
           f->call.result == 7, "what was to be closed is closed");
    call_with(f, "negative", "getpid", NULL);
    told = captured_errors();
    tap_ok(!*told, "a place is told about once");
    tap_ok(re_lua_failures(f->lua) == 15, "and counted: %llu",
           (unsigned long long)re_lua_failures(f->lua));
    fixture_free(f);
}

static void test_message(void)
{
    struct re_diags *diags = re_diags_new();
    struct fixture *f = fixture_new("aarch64", NULL, "\n");
    const char *told;

    if (chdir("/tmp") < 0) {
        abort();
    }
    FILE *stream = fopen("web-message-test.lua", "w");

    fputs("function fake_uname(call)\n  call:run()\n"
          "  return call.nmae.x\nend\n", stream);
    fclose(stream);
    re_lua_load(f->lua, "web-message-test.lua", "web.ini", 3, 12, diags);
    unlink("web-message-test.lua");
    call_with(f, "fake_uname", "uname", NULL);
    told = captured_errors();
    if (!tap_ok(!strcmp(told, "web-message-test.lua:3: attempt to index a nil "
                "value (field 'nmae'), in fake_uname for uname(), denied with "
                "EPERM (on-error, web.ini:5); further errors are counted\n"),
                "the message of a failed handler")) {
        tap_note(told);
    }
    re_diags_free(diags);
    fixture_free(f);
}

/* --- loading ----------------------------------------------------------- */

static void check_load(const char *text, const char *path, unsigned line,
                       const char *message)
{
    struct fixture *f = fixture_new("aarch64", NULL, "\n");
    const char *file = text ? text_file(text) : path;
    const struct re_diag *diag;
    int r = re_lua_load(f->lua, file, "web.ini", 4, 12, f->diags);

    diag = re_diags_at(f->diags, 0);
    if (!tap_ok(r < 0 && diag && diag->line == line &&
                !strcmp(diag->file, text ? file : "web.ini") &&
                strstr(diag->message, message), "load: %s", message)) {
        tap_note(diag ? diag->message : "nothing was said");
    }
    if (text) {
        unlink(file);
    }
    fixture_free(f);
}

int main(void)
{
    capture_errors();
    test_answers();
    test_function_names();
    test_run();
    test_drop();
    test_arguments();
    test_pairs("arm");
    test_pairs("ppc");
    test_unknown_call();
    test_memory("aarch64");
    test_memory("ppc");
    test_mistakes();
    test_message();
    check_load("x = 1\ny = = 2\n", NULL, 2, "unexpected symbol near '='");
    check_load("\n\nerror('stop')\n", NULL, 3, "stop");
    check_load("\033Lua", NULL, 0, "attempt to load a binary chunk");
    check_load(NULL, "/nonexistent.lua", 4, "No such file");
    check_load(NULL, "/", 4, "cannot read");
    return tap_done();
}
