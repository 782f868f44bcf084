/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values that processes share, modules, libraries that a policy opens. */
#include "lua-fixture.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

static const char text[] =
    "function basics(call)\n"
    "  assert(shared.get('a') == nil)\n"
    "  shared.set('a', 7)\n"
    "  assert(shared.get('a') == 7 and shared.add('a') == 8)\n"
    "  assert(shared.add('a', -10) == -2 and shared.add('b', 3) == 3)\n"
    "  shared.set('a', 'te\\0xt')\n"
    "  assert(shared.get('a') == 'te\\0xt')\n"
    "  shared.set('a', nil)\n"
    "  assert(shared.get('a') == nil)\n"
    "  shared.set('a', '')\n"
    "  assert(shared.get('a') == '')\n"
    "  shared.set('a', ('x'):rep(256))\n"
    "  assert(shared.get('a') == ('x'):rep(256))\n"
    "  return 1\n"
    "end\n"
    "function swaps(call)\n"
    "  assert(shared.swap('s', nil, 1))\n"
    "  local done, now = shared.swap('s', nil, 2)\n"
    "  assert(done == false and now == 1)\n"
    "  assert(shared.swap('s', 1, 'one') and shared.get('s') == 'one')\n"
    "  done, now = shared.swap('s', 'two', 3)\n"
    "  assert(done == false and now == 'one')\n"
    "  assert(shared.swap('s', 'one', nil) and shared.get('s') == nil)\n"
    "  return 1\n"
    "end\n"
    "function mistakes(call)\n"
    "  shared.set('t', 'text')\n"
    "  for _, wrong in ipairs{\n"
    "    function() shared.set('', 1) end,\n"
    "    function() shared.set(('k'):rep(64), 1) end,\n"
    "    function() shared.set('a\\0b', 1) end,\n"
    "    function() shared.set('a', 1.5) end,\n"
    "    function() shared.set('a', {}) end,\n"
    "    function() shared.set('a', ('x'):rep(257)) end,\n"
    "    function() shared.add('t', 1) end,\n"
    "    function() for i = 1, 2000 do shared.set('k' .. i, i) end end,\n"
    "  } do assert(not pcall(wrong)) end\n"
    "  assert(shared.get('t') == 'text' and shared.get('k500') == 500)\n"
    "  return 1\n"
    "end\n"
    "function count(call)\n"
    "  for i = 1, 2000 do shared.add('n') end\n"
    "  return shared.get('n')\n"
    "end\n"
    "function counted(call) return shared.get('n') end\n";

static void check(struct fixture *f, const char *handler, int64_t expected)
{
    enum re_lua_step step = call_with(f, handler, "getpid", NULL);
    const char *told = captured_errors();

    if (!tap_ok(step == RE_LUA_RESULT && f->call.result == expected, "%s: %lld",
                handler, (long long)f->call.result)) {
        tap_note(told);
    }
}

static void test_store(void)
{
    struct fixture *f = fixture_new("aarch64", NULL, text);

    check(f, "basics", 1);
    check(f, "swaps", 1);
    check(f, "mistakes", 1);
    fixture_free(f);
}

/* Children that count, some of which are killed while they do. */
static void test_processes(void)
{
    struct fixture *f = fixture_new("aarch64", NULL, text);
    pid_t children[6];

    for (int i = 0; i < 6; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            call_with(f, "count", "getpid", NULL);
            _exit(0);
        }
    }
    for (int i = 0; i < 6; i++) {
        waitpid(children[i], NULL, 0);
    }
    check(f, "counted", 12000);
    for (int i = 0; i < 20; i++) {
        pid_t child = fork();

        if (child == 0) {
            for (;;) {
                call_with(f, "count", "getpid", NULL);
            }
        }
        usleep(1000 * (i % 4));
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
    }
    call_with(f, "counted", "getpid", NULL);
    tap_ok(f->call.result >= 12000, "whoever dies leaves the store usable");
    fixture_free(f);
}

/* --- modules ----------------------------------------------------------- */

static int load_main(struct fixture *f, const char *dir, const char *content)
{
    char path[256];

    put_file(dir, "main.lua", content);
    snprintf(path, sizeof(path), "%s/main.lua", dir);
    return re_lua_load(f->lua, path, "web.ini", 1, 1, f->diags);
}

static void test_modules(void)
{
    struct fixture *f = fixture_new("aarch64", NULL, "\n");
    char dir[] = "/tmp/lua-test-XXXXXX", sub[64], command[128];
    static const struct { const char *code, *message; } wrong[] = {
        { "require '../m'", "not the name of a module" },
        { "require 'a..b'", "not the name of a module" },
        { "require '/etc/passwd'", "not the name of a module" },
        { "require 'absent'", "absent.lua" },
        { "require 'loop'", "module 'loop' requires itself" },
    };

    if (!mkdtemp(dir)) {
        abort();
    }
    snprintf(sub, sizeof(sub), "%s/sub", dir);
    mkdir(sub, 0755);
    put_file(dir, "m.lua",
             "n = (n or 0) + 1\nreturn { answer = 40, name = ... }\n");
    put_file(sub, "k.lua", "k = 2\n");
    put_file(dir, "loop.lua", "require 'loop'\n");
    tap_ok(load_main(f, dir, "local m = require 'm'\n"
                     "assert(m.name == 'm' and require 'sub.k' == true)\n"
                     "assert(require 'm' == m and n == 1)\n"
                     "function h() return require('m').answer + k end\n"
                     "function late() return require('sub.other') end\n") == 0,
           "modules of the policy's own folder");
    tap_ok(call_with(f, "h", "getpid", NULL) == RE_LUA_RESULT &&
           f->call.result == 42, "what has been loaded is there for handlers");
    tap_ok(call_with(f, "late", "getpid", NULL) == RE_LUA_FAILED &&
           strstr(captured_errors(), "not while a handler runs"),
           "nothing is loaded while a handler runs");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        size_t count = re_diags_count(f->diags);
        const struct re_diag *diag;

        load_main(f, dir, wrong[i].code);
        diag = re_diags_at(f->diags, count);
        if (!tap_ok(diag && strstr(diag->message, wrong[i].message), "%s",
                    wrong[i].code)) {
            tap_note(diag ? diag->message : "nothing was said");
        }
    }
    snprintf(command, sizeof(command), "rm -r %s", dir);
    tap_ok(system(command) == 0, "cleared away");
    fixture_free(f);
}

static void test_libraries(void)
{
    struct re_lua_limits limits = { .libraries = RE_LUA_IO | RE_LUA_OS };
    struct fixture *f = fixture_new("aarch64", &limits,
        "function h() return io.open('/etc/passwd') and os.getenv and 1 end\n"
        "function none() return (debug or coroutine or package) and 2 or 1 end");

    check(f, "h", 1);
    check(f, "none", 1);
    fixture_free(f);
}

int main(void)
{
    capture_errors();
    test_store();
    test_processes();
    test_modules();
    test_libraries();
    return tap_done();
}
