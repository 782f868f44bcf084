/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What handlers cannot do: loop, eat memory, escape; and every allocation that
 * can fail, failing. */
#include "lua-fixture.h"

#define INSTRUCTIONS 20000
#define MEMORY (1024 * 1024)

static const struct re_lua_limits limits = {
    .instructions = INSTRUCTIONS,
    .memory = MEMORY,
};

/* --- instructions and memory ------------------------------------------- */

static const char greedy[] =
    "function ok(call) return 1 end\n"
    "function loop(call) while true do end end\n"
    "function loop_in_pcall(call)\n"
    "  while true do pcall(function() while true do end end) end\n"
    "end\n"
    "function nested_pcall(call)\n"
    "  local function f() while true do pcall(pcall, f) end end\n"
    "  pcall(f)\n"
    "  return 1\n"
    "end\n"
    "function loop_in_xpcall(call)\n"
    "  xpcall(function() while true do end end,\n"
    "         function() while true do end end)\n"
    "  return 1\n"
    "end\n"
    "function loop_in_close(call)\n"
    "  local x <close> = setmetatable({}, { __close = function()\n"
    "    while true do end end })\n"
    "  error('on purpose')\n"
    "end\n"
    "function loop_after_run(call) call:run(); while true do end end\n"
    "function loop_in_sort(call)\n"
    "  table.sort({ 3, 2, 1 }, function() while true do end end)\n"
    "end\n"
    "function loop_in_load(call) load('while true do end')() end\n"
    "function just_enough(call)\n"
    "  for i = 1, 9000 do end\n"
    "  return 1\n"
    "end\n"
    "function eat(call) return #string.rep('x', 2000000) end\n"
    "function eat_table(call) local t = {}; for i = 1, 1e9 do t[i] = i end end\n"
    "function eat_read(call) return #call:read(0x10000, 2000000) end\n"
    "function recover(call) pcall(string.rep, 'x', 2000000); return 2 end\n"
    "function finalizer(call)\n"
    "  setmetatable({}, { __gc = function() while true do end end })\n"
    "end\n";

static void check(struct fixture *f, const char *handler, const char *message)
{
    enum re_lua_step step = call_with(f, handler, "getpid", NULL);
    const char *told = captured_errors();
    bool passed = message ? step == RE_LUA_FAILED && strstr(told, message) :
                  step == RE_LUA_RESULT;

    if (!tap_ok(passed, "%s: %s", handler, message ? message : "answers")) {
        tap_note(told);
    }
}

static void test_greedy(void)
{
    struct fixture *f = fixture_new("aarch64", &limits, greedy);
    static const char over[] = "the limit of 20000 instructions is used up";
    static const char memory[] = "not enough memory";

    check(f, "ok", NULL);
    check(f, "loop", over);
    check(f, "loop_in_pcall", over);
    check(f, "loop_in_xpcall", "used up");
    check(f, "loop_in_close", "on purpose");
    check(f, "loop_after_run", over);
    check(f, "loop_in_sort", over);
    check(f, "loop_in_load", over);
    for (int i = 0; i < 5; i++) {   /* each call has a budget of its own */
        check(f, "just_enough", NULL);
    }
    check(f, "eat", memory);
    check(f, "eat_table", "instructions is used up");
    check(f, "eat_read", memory);
    check(f, "recover", NULL);
    check(f, "finalizer", "handlers cannot have finalizers");
    check(f, "ok", NULL);
    fixture_free(f);
}

/* Deep recursion through pcall, which takes memory too. */
static void test_nested_pcall(void)
{
    const struct re_lua_limits instructions = {
        .instructions = INSTRUCTIONS,
    };
    struct fixture *f = fixture_new("aarch64", &instructions, greedy);

    check(f, "nested_pcall", "instructions is used up");
    check(f, "ok", NULL);
    fixture_free(f);
}

static void test_memory_alone(void)
{
    const struct re_lua_limits memory = { .memory = MEMORY };
    struct fixture *f = fixture_new("aarch64", &memory, greedy);

    check(f, "eat_table", "not enough memory");
    check(f, "ok", NULL);
    fixture_free(f);
}

static void test_loading(void)
{
    struct fixture *f = fixture_new("aarch64", &limits, "\n");
    const char *file = text_file("x = 1\nwhile true do end\n");
    int r = re_lua_load(f->lua, file, "web.ini", 1, 1, f->diags);
    const struct re_diag *diag = re_diags_at(f->diags, 0);

    tap_ok(r == -EINVAL && diag && diag->line == 2 &&
           strstr(diag->message, "used up"), "a file that loops is refused");
    unlink(file);
    fixture_free(f);
}

/* --- what is not there ------------------------------------------------- */

static const char sandbox[] =
    "function absent(call)\n"
    "  local names = { 'dofile', 'loadfile', 'collectgarbage', 'warn', 'io',\n"
    "                  'debug', 'package', 'coroutine' }\n"
    "  for _, name in ipairs(names) do\n"
    "    assert(_G[name] == nil, name)\n"
    "  end\n"
    "  for name in pairs(os) do\n"
    "    assert(name == 'time' or name == 'clock' or name == 'date', name)\n"
    "  end\n"
    "  assert(string.dump == nil and ('').dump == nil)\n"
    "  assert(getmetatable(call) == false)\n"
    "  assert(getmetatable(call.args) == false)\n"
    "  assert(not pcall(setmetatable, call, {}))\n"
    "  return 1\n"
    "end\n"
    "function loads(call)\n"
    "  assert(load('return 3')() == 3)\n"
    "  assert(load('return x', 'name', 'bt', { x = 4 })() == 4)\n"
    "  local parts = { 'return ', '5' }\n"
    "  assert(load(function() return table.remove(parts, 1) end)() == 5)\n"
    "  local f, e = load('\\27Lua')\n"
    "  assert(not f and e:find('binary chunk'), e)\n"
    "  assert(not load('return +'))\n"
    "  return 1\n"
    "end\n"
    "function protected(call)\n"
    "  local function pack(...) return select('#', ...), ... end\n"
    "  local n, ok, a, b = pack(pcall(function(x) return x, nil end, 7))\n"
    "  assert(n == 3 and ok == true and a == 7 and b == nil)\n"
    "  n, ok, a = pack(pcall(error, 'e'))\n"
    "  assert(n == 2 and ok == false and a == 'e')\n"
    "  n, ok, a = pack(xpcall(error, function(e) return e .. '!' end, 'e'))\n"
    "  assert(n == 2 and ok == false and a == 'e!')\n"
    "  n, ok, a = pack(xpcall(function(x) return x end, print, 8))\n"
    "  assert(n == 2 and ok == true and a == 8)\n"
    "  assert(not pcall(pcall) and not pcall(xpcall, print))\n"
    "  return 1\n"
    "end\n"
    "function tables(call)\n"
    "  local t = setmetatable({}, { __index = { y = 2 } })\n"
    "  assert(t.y == 2 and setmetatable(t, nil).y == nil)\n"
    "  local p = setmetatable({}, { __metatable = 'no' })\n"
    "  assert(not pcall(setmetatable, p, {}))\n"
    "  assert(not pcall(setmetatable, 3, {}))\n"
    "  print('to the log', 1, nil, call)\n"
    "  call:log('a\\0b')\n"
    "  return 1\n"
    "end\n";

static void test_sandbox(void)
{
    struct fixture *f = fixture_new("aarch64", &limits, sandbox);

    check(f, "absent", NULL);
    check(f, "loads", NULL);
    check(f, "protected", NULL);
    check(f, "tables", NULL);
    fixture_free(f);
}

/* --- allocations that fail --------------------------------------------- */

/* Counted by the wrappers of malloc's family below; 0: none fails. */
static unsigned long allocations, fail_at;

static bool fails_now(void)
{
    allocations++;
    return fail_at && allocations >= fail_at;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_reallocarray(void *old, size_t count, size_t size);
char *__real_strdup(const char *s);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_reallocarray(void *old, size_t count, size_t size);
char *__wrap_strdup(const char *s);

void *__wrap_malloc(size_t size)
{
    return fails_now() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails_now() ? NULL : __real_calloc(count, size);
}

/* Lua relies on blocks that shrink. */
void *__wrap_realloc(void *old, size_t size)
{
    return !old && fails_now() ? NULL : __real_realloc(old, size);
}

void *__wrap_reallocarray(void *old, size_t count, size_t size)
{
    return fails_now() ? NULL : __real_reallocarray(old, count, size);
}

char *__wrap_strdup(const char *s)
{
    return fails_now() ? NULL : __real_strdup(s);
}

static const char some_handler[] =
    "function h(call)\n"
    "  local a = call.args.fd\n"
    "  local r, e = call:run()\n"
    "  local t = { call:string(0x10000), call:read(0x10000, 5000), call.name }\n"
    "  if not r then return nil, e end\n"
    "  return #t + a\n"
    "end\n"
    "function bad(call) local t = {} ; return t.x.y end\n";

static int one_round(const char *file, struct guest *guest,
                     struct re_diags *diags)
{
    const struct st_target *target = st_target_by_name("aarch64");
    struct re_lua *lua = NULL;
    struct re_rule rule = { .verdict = RE_VERDICT_LUA };
    struct re_call call = {
        .nr = number_of(target, "read"),
        .args = { 3 },
        .guest = guest,
    };
    enum re_lua_step step = RE_LUA_FAILED;
    int r;

    call.slot = st_slot_of_number(target, call.nr);
    r = re_lua_new(&lua, RE_LUA_HANDLERS, target, &guest_ops, &limits, diags);
    r = r ? r : re_lua_load(lua, file, "web.ini", 1, 1, diags);
    rule.handler = r ? r : re_lua_handler(lua, "bad");
    if (rule.handler >= 0) {
        step = re_lua_start(lua, &rule, &call);
        rule.handler = re_lua_handler(lua, "h");
    }
    if (rule.handler >= 0) {
        step = re_lua_start(lua, &rule, &call);
        while (step == RE_LUA_RUN) {
            step = re_lua_resume(lua, &call, -2);
        }
    }
    re_lua_free(lua);
    return step == RE_LUA_RESULT && call.result == -2 ? 0 : -1;
}

/* Fails the first, second, ... allocation and all after it. */
static void test_allocations(void)
{
    struct guest *guest = calloc(1, sizeof(*guest));
    const char *file = text_file(some_handler);
    unsigned long at, total, survived = 0;
    struct re_diags *diags = re_diags_new();

    allocations = 0;
    tap_ok(one_round(file, guest, diags) == 0, "a round in which none fails");
    total = allocations;
    re_diags_free(diags);
    tap_ok(total > 300, "allocations that can fail: %lu", total);
    for (at = 1; at <= total; at++) {
        diags = re_diags_new();
        allocations = 0;
        fail_at = at;
        survived += one_round(file, guest, diags) == 0;
        fail_at = 0;
        re_diags_free(diags);
    }
    tap_ok(true, "each of %lu failed, and nothing crashed", total);
    tap_ok(survived < total / 4, "in %lu rounds it was not needed", survived);
    captured_errors();
    unlink(file);
    free(guest);
}

int main(void)
{
    capture_errors();
    test_greedy();
    test_nested_pcall();
    test_memory_alone();
    test_loading();
    test_sandbox();
    test_allocations();
    return tap_done();
}
