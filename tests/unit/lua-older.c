/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The functions that rules in the older form call, and rules around all calls. */
#include "lua-fixture.h"

#include <sys/stat.h>

static const char rules[] =
    "function syscall_read(num, fd, buf, count)\n"
    "  local text, rc = c_read_string(buf)\n"
    "  assert(text == 'hello' and rc == 0)\n"
    "  text, rc = c_read_guest_string(1)\n"
    "  assert(text == nil and rc == -14)\n"
    "  assert(c_write_guest_u32(buf + 16, 0x01020304) == 0)\n"
    "  local n, code = c_read_guest_u32(buf + 16)\n"
    "  assert(n == 0x01020304 and code == 0)\n"
    "  assert(c_read_bytes(buf + 16, 4) == '\\1\\2\\3\\4')\n"
    "  assert(c_write_guest_u64(buf + 16, -2) == 0)\n"
    "  assert(c_read_guest_u64(buf + 16) == -2)\n"
    "  n, code = c_write_bytes(buf, 'abc')\n"
    "  assert(n == 3 and code == 0)\n"
    "  n, code = c_write_guest_bytes(1, 'abc')\n"
    "  assert(n == 0 and code == -14)\n"
    "  n, code = c_read_guest_u32(1)\n"
    "  assert(n == 0 and code == -14 and c_write_guest_u32(1, 1) == -14)\n"
    "  return 1, 11\n"
    "end\n"
    "function syscall_getpid()\n"
    "  assert(c_list_regs()[2].name == 'pc')\n"
    "  local value, size, rc = c_get_reg('r0')\n"
    "  assert(value == 9 and size == 4 and rc == 0)\n"
    "  value, size, rc = c_get_reg('nope')\n"
    "  assert(value == 0 and size == 0 and rc == -2)\n"
    "  local n, code = c_set_reg('r0', 10)\n"
    "  assert(n == 4 and code == 0 and c_get_reg(0) == 10)\n"
    "  n, code = c_set_reg('v0', ('x'):rep(16))\n"
    "  assert(n == 0 and code == -1)\n"
    "  return 1, 12\n"
    "end\n"
    "function syscall_openat()\n"
    "  local fd, rc = c_open_host('/tmp/x', 'O_RDWR', 420)\n"
    "  assert(fd == 41 and rc == 0)\n"
    "  fd, rc = c_open_host('/none')\n"
    "  assert(fd == -1 and rc == -2)\n"
    "  return 1, 13\n"
    "end\n"
    "function syscall_close(num, fd)\n"
    "  local r = c_do_syscall(num + 1, fd, 77)\n"
    "  assert(c_do_syscall(num, fd) == r)\n"
    "  return 1, r + 1\n"
    "end\n"
    "function syscall_write(num, ...) return 1, c_do_syscall(num, ...) end\n";

static const char entry[] =
    "seen = {}\n"
    "function entry(name, num, a1)\n"
    "  seen[#seen + 1] = name .. a1\n"
    "  if name == 'chdir' then return true, -13 end\n"
    "  return false, 0\n"
    "end\n";

static const char finish[] =
    "function finish(name, num, ret, changed, a1)\n"
    "  seen[#seen + 1] = name .. '=' .. ret .. (changed and '!' or '') .. a1\n"
    "  if name == 'umask' then error(table.concat(seen, ' ')) end\n"
    "end\n"
    "function syscall_dup() return 1, 33 end\n";

struct told {
    struct re_rule rules[ST_MAX_SLOTS];
    char names[ST_MAX_SLOTS][40];
    unsigned count;
};

static void found(void *opaque, const char *syscall, int handler,
                  const char *file, unsigned line)
{
    struct told *told = opaque;

    (void)file, (void)line;
    told->rules[told->count] = (struct re_rule) {
        .verdict = RE_VERDICT_LUA, .handler = handler,
    };
    snprintf(told->names[told->count++], 40, "%s", syscall);
}

static struct fixture *rules_new(const char *target, struct told *told,
                                 const char *one, const char *text,
                                 const char *two, const char *more)
{
    struct fixture *f = calloc(1, sizeof(*f));
    char dir[] = "/tmp/lua-test-XXXXXX", command[64];

    f->target = st_target_by_name(target);
    f->diags = re_diags_new();
    if (!mkdtemp(dir)) {
        abort();
    }
    put_file(dir, one, text);
    put_file(dir, two, more);
    told->count = 0;
    if (re_lua_new(&f->lua, RE_LUA_RULES, f->target, &lua_guest_ops, NULL,
                   f->diags) < 0 ||
        re_lua_load_rules(f->lua, dir, found, told, f->diags) < 0) {
        printf("Bail out! %s\n", re_diags_at(f->diags, 0)->message);
        abort();
    }
    snprintf(command, sizeof(command), "rm -r %s", dir);
    if (system(command)) {
        abort();
    }
    return f;
}

static enum re_lua_step ask(struct fixture *f, const struct told *told,
                            const char *name, const uint64_t args[ST_MAX_REGS])
{
    for (unsigned i = 0; i < told->count; i++) {
        if (!strcmp(told->names[i], name)) {
            memset(&f->call, 0, sizeof(f->call));
            f->call.nr = number_of(f->target, name);
            f->call.slot = st_slot_of_number(f->target, f->call.nr);
            f->call.guest = &f->guest;
            memcpy(f->call.args, args, sizeof(f->call.args));
            return run_handler(f, &told->rules[i]);
        }
    }
    return RE_LUA_FAILED;
}

static void check(struct fixture *f, const struct told *told, const char *name,
                  int64_t expected)
{
    const uint64_t args[ST_MAX_REGS] = { 3, GUEST_BASE, 5 };
    enum re_lua_step step = ask(f, told, name, args);
    const char *text = captured_errors();

    if (!tap_ok(step == RE_LUA_RESULT && f->call.result == expected,
                "%s: %lld", name, (long long)f->call.result)) {
        tap_note(text);
    }
}

static void test_functions(void)
{
    static struct told told;
    struct fixture *f = rules_new("mips", &told, "all.lua", rules, "x.lua", "");
    const uint64_t args[ST_MAX_REGS] = { 3 };
    enum re_lua_step step = RE_LUA_FAILED;
    int nr = number_of(f->target, "close");

    strcpy(f->guest.memory, "hello");
    registers[0] = 9;
    check(f, &told, "read", 11);
    check(f, &told, "getpid", 12);
    check(f, &told, "openat", 13);
    f->original = -9;
    check(f, &told, "write", -9);
    f->original = 0;
    f->call = (struct re_call) {
        .nr = nr, .slot = st_slot_of_number(f->target, nr),
        .guest = &f->guest, .args = { 3 },
    };
    for (unsigned i = 0; i < told.count; i++) {
        if (!strcmp(told.names[i], "close")) {
            step = re_lua_start(f->lua, &told.rules[i], &f->call);
        }
    }
    tap_ok(step == RE_LUA_RUN && f->call.other && f->call.nr == nr + 1 &&
           f->call.args[1] == 77 &&
           f->call.slot == st_slot_of_number(f->target, nr + 1),
           "another call is made under its own number");
    step = re_lua_resume(f->lua, &f->call, 5);
    tap_ok(step == RE_LUA_RUN && f->call.nr == nr && f->call.args[0] == 3 &&
           f->call.args[1] == 0, "and then the call itself");
    step = re_lua_resume(f->lua, &f->call, 5);
    tap_ok(step == RE_LUA_RESULT && f->call.result == 6 && f->call.nr == nr &&
           !memcmp(f->call.args, args, sizeof(args)) && !f->call.other,
           "all is as it was in the end");
    fixture_free(f);
}

static void test_around(void)
{
    static struct told told;
    struct fixture *f = rules_new("aarch64", &told, "entry.lua", entry,
                                  "finish.lua", finish);
    const uint64_t args[ST_MAX_REGS] = { 4 };
    const struct re_diag *diag = re_diags_at(f->diags, 0);
    enum re_lua_step step;

    tap_ok(told.count > 250, "every call has a rule: %u", told.count);
    tap_ok(diag && strstr(diag->message, "slow all calls"), "a warning says so");
    f->original = 70;
    check(f, &told, "getpid", 70);
    tap_ok(f->runs == 1, "the call is made once");
    check(f, &told, "chdir", -13);
    tap_ok(f->runs == 0, "a call that entry() answers is not made");
    check(f, &told, "dup", 33);
    step = ask(f, &told, "umask", args);
    tap_ok(step == RE_LUA_RESULT && f->call.result == 70 && f->runs == 1,
           "an error in finish() does not make the call twice");
    tap_ok(strstr(captured_errors(), "getpid3 getpid=703 chdir3 chdir=-13!3 "
                  "dup3 dup=33!3 umask4 umask=704"),
           "entry() and finish() saw every call");
    fixture_free(f);
}

int main(void)
{
    capture_errors();
    test_functions();
    test_around();
    return tap_done();
}
