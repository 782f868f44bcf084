/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Directories of rules in the older form. */
#include "lua-fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

/* A file of a rule directory; the last one has no name. */
struct rule_file {
    const char *name, *text;
};

/* What re_lua_load_rules() has told. */
struct told {
    struct re_rule rules[32];
    char names[32][32];
    char files[32][128];
    unsigned lines[32];
    unsigned count;
};

static char directory[64];

static void remove_directory(void)
{
    DIR *dir = opendir(directory);
    struct dirent *entry;

    while (dir && (entry = readdir(dir))) {
        unlinkat(dirfd(dir), entry->d_name, 0);
    }
    if (dir) {
        closedir(dir);
    }
    rmdir(directory);
}

static void make_directory(const struct rule_file *files)
{
    strcpy(directory, "/tmp/lua-rules-XXXXXX");
    if (!mkdtemp(directory)) {
        abort();
    }
    for (; files->name; files++) {
        char path[128];
        FILE *stream;

        snprintf(path, sizeof(path), "%s/%s", directory, files->name);
        stream = fopen(path, "w");
        if (!stream || fputs(files->text, stream) < 0 || fclose(stream)) {
            abort();
        }
    }
}

static void found(void *opaque, const char *syscall, int handler,
                  const char *file, unsigned line)
{
    struct told *told = opaque;
    unsigned i = told->count++;

    told->rules[i] = (struct re_rule) {
        .verdict = RE_VERDICT_LUA,
        .handler = handler,
    };
    snprintf(told->names[i], sizeof(told->names[i]), "%s", syscall);
    snprintf(told->files[i], sizeof(told->files[i]), "%s", file);
    told->lines[i] = line;
}

static int load(struct fixture *f, struct told *told,
                const struct rule_file *files)
{
    int r;

    make_directory(files);
    r = re_lua_load_rules(f->lua, directory, found, told, f->diags);
    remove_directory();
    return r;
}

static struct fixture *rules_new(const char *target)
{
    struct fixture *f = calloc(1, sizeof(*f));

    f->target = st_target_by_name(target);
    f->diags = re_diags_new();
    if (re_lua_new(&f->lua, RE_LUA_RULES, f->target, &guest_ops, NULL,
                   f->diags) < 0) {
        abort();
    }
    return f;
}

static const struct re_rule *rule_named(const struct told *told,
                                        const char *name)
{
    for (unsigned i = 0; i < told->count; i++) {
        if (!strcmp(told->names[i], name)) {
            return &told->rules[i];
        }
    }
    return NULL;
}

/* Runs the rule of a call with six arguments and 7 and 8 behind them. */
static enum re_lua_step ask(struct fixture *f, const struct told *told,
                            const char *name, uint64_t arg1)
{
    const struct re_rule *rule = rule_named(told, name);

    if (!rule) {
        return RE_LUA_FAILED;
    }
    f->call = (struct re_call) {
        .nr = number_of(f->target, name),
        .args = { arg1, 2, 3, 4, 5, 6, 7, 8 },
        .guest = &f->guest,
    };
    f->call.slot = st_slot_of_number(f->target, f->call.nr);
    return run_handler(f, rule);
}

/* --- what rules can do ------------------------------------------------- */

static const struct rule_file forms[] = {
    { "all.lua",
      "#!/usr/bin/lua\n"
      "calls = 0\n"
      "function helper(n) return n * 2 end\n"
      "function syscall_getpid(num, ...)\n"
      "  local a = { ... }\n"
      "  assert(#a == 8 and a[2] == 2 and a[8] == 8)\n"
      "  assert(num == 172, num)\n"
      "  return 1, helper(21)\n"
      "end\n"
      "function syscall_read(num, fd)\n"
      "  calls = calls + 1\n"
      "  return 1, calls\n"
      "end\n"
      "function syscall_close() return 0 end\n"
      "function syscall_dup() end\n"
      "function syscall_dup3(num, fd) return 1, -9 end\n"
      "function syscall_uname() return 1 end\n"
      "function syscall_reboot() error('broken') end\n"
      "function syscall_mount() return 2 end\n"
      "function syscall_chdir() return 1, 'x' end\n"
      "function syscall_chroot() return true end\n"
      "function syscall_fchdir() return 1, -512 end\n"
      "function syscall_fork() return 1, 1 end\n"     /* not on aarch64 */
    },
    { "openat.lua",
      "count = 0\n"
      "function do_syscall(num, dfd, name)\n"
      "  count = count + 1\n"
      "  return 1, helper(count)\n"
      "end\n" },
    { "write.lua",
      "count = 100\n"
      "function do_syscall(num, fd, ...)\n"
      "  count = count + 1\n"
      "  return 1, count\n"
      "end\n" },
    { ".hidden.lua", "error('never read')\n" },
    { "notes.txt", "not Lua\n" },
    { NULL, NULL },
};

static void check(struct fixture *f, const struct told *told, const char *name,
                  enum re_lua_step step, int64_t result)
{
    enum re_lua_step got = ask(f, told, name, 1);

    tap_ok(got == step && (step != RE_LUA_RESULT || f->call.result == result),
           "%s: step %d, result %lld", name, got, (long long)f->call.result);
}

static void check_error(struct fixture *f, const struct told *told,
                        const char *name, const char *message)
{
    enum re_lua_step step = ask(f, told, name, 1);
    const char *text = captured_errors();

    if (!tap_ok(step == RE_LUA_PASS && strstr(text, message) &&
                strstr(text, "the original call goes on"),
                "%s: %s", name, message)) {
        tap_note(text);
    }
}

static void test_forms(void)
{
    struct fixture *f = rules_new("aarch64");
    struct told told = { 0 };
    int r = load(f, &told, forms);

    tap_ok(!r && told.count == 14 && !re_diags_count(f->diags),
           "a directory loads: %d, %u rules", r, told.count);
    for (size_t i = 0; i < re_diags_count(f->diags); i++) {
        tap_note(re_diags_at(f->diags, i)->message);
    }
    tap_ok(!strcmp(told.names[0], "chdir") && told.lines[0] == 20 &&
           strstr(told.files[0], "/all.lua"), "in order, with file and line: "
           "%s at line %u", told.names[0], told.lines[0]);
    check(f, &told, "getpid", RE_LUA_RESULT, 42);
    check(f, &told, "read", RE_LUA_RESULT, 1);
    check(f, &told, "read", RE_LUA_RESULT, 2);
    check(f, &told, "close", RE_LUA_PASS, 0);
    check(f, &told, "dup", RE_LUA_PASS, 0);
    check(f, &told, "dup3", RE_LUA_RESULT, -9);
    check(f, &told, "uname", RE_LUA_RESULT, 0);
    check(f, &told, "openat", RE_LUA_RESULT, 2);
    check(f, &told, "write", RE_LUA_RESULT, 101);
    check(f, &told, "openat", RE_LUA_RESULT, 4);
    check_error(f, &told, "reboot", "broken, in syscall_reboot for reboot()");
    check_error(f, &told, "mount", "neither 0 (go on) nor 1 (done)");
    check_error(f, &told, "chdir", "a result that is not an integer");
    check_error(f, &told, "chroot", "neither 0 (go on) nor 1 (done)");
    check_error(f, &told, "fchdir", "no error of the guest's");
    check(f, &told, "reboot", RE_LUA_PASS, 0);
    tap_ok(!*captured_errors(), "an error is told about once");
    fixture_free(f);
}

static const struct rule_file services[] = {
    { "rules.lua",
      "function syscall_openat(num, dfd, name)\n"
      "  assert(c_read_string(65536) == 'hello')\n"
      "  assert(c_read_string(65536, 2) == 'he')\n"
      "  assert(c_read_string(65536, 5) == 'hello')\n"
      "  assert(c_read_string(65536, 0) == '')\n"
      "  assert(c_read_string(0) == nil)\n"
      "  assert(not pcall(c_read_string))\n"
      "  c_log('a message')\n"
      "  c_log(42)\n"
      "  assert(not pcall(c_log))\n"
      "  return 1, 0\n"
      "end\n"
      "function syscall_read()\n"
      "  local s, ns = c_get_timestamp()\n"
      "  assert(math.type(s) == 'integer' and ns >= 0 and ns < 1000000000)\n"
      "  return 1, s\n"
      "end\n"
      "function syscall_write()\n"
      "  assert(io.open and os.getenv and coroutine.wrap and debug.getinfo\n"
      "         and require)\n"
      "  local f = coroutine.wrap(function()\n"
      "    coroutine.yield(c_read_string(65536)) end)\n"
      "  assert(f() == 'hello')\n"
      "  return 1, 3\n"
      "end\n"
      "function syscall_close() coroutine.yield(1) end\n" },
    { NULL, NULL },
};

static void test_services(void)
{
    struct fixture *f = rules_new("aarch64");
    struct told told = { 0 };
    time_t before = time(NULL);

    strcpy((char *)f->guest.bytes, "hello");
    tap_ok(!load(f, &told, services), "services load");
    check(f, &told, "openat", RE_LUA_RESULT, 0);
    tap_note(captured_errors());
    tap_ok(ask(f, &told, "read", 1) == RE_LUA_RESULT &&
           f->call.result >= before && f->call.result <= time(NULL),
           "the time is the time");
    check(f, &told, "write", RE_LUA_RESULT, 3);
    check_error(f, &told, "close", "attempt to yield from outside a coroutine");
    check(f, &told, "write", RE_LUA_RESULT, 3);
    fixture_free(f);
}

/* --- what is wrong with a directory ------------------------------------ */

static void check_diag(const struct rule_file *files, int expected,
                       enum re_severity severity, unsigned line,
                       const char *message, const char *hint)
{
    struct fixture *f = rules_new("aarch64");
    struct told told = { 0 };
    int r = load(f, &told, files);
    const struct re_diag *diag = re_diags_at(f->diags, 0);

    if (!tap_ok(r == expected && diag && re_diags_count(f->diags) == 1 &&
                diag->severity == severity && diag->line == line &&
                strstr(diag->message, message) &&
                (!hint || (diag->hint && strstr(diag->hint, hint))),
                "%s", message)) {
        for (size_t i = 0; i < re_diags_count(f->diags); i++) {
            tap_note(re_diags_at(f->diags, i)->message);
        }
    }
    fixture_free(f);
}

static void test_diags(void)
{
    const struct rule_file syntax[] = {
        { "a.lua", "function syscall_read() return 0 end\n" },
        { "b.lua", "x = 1\nx = = 2\n" },
        { NULL, NULL },
    };
    const struct rule_file typo[] = {
        { "a.lua", "function syscall_read() return 0 end\n"
                   "function syscall_opneat() return 0 end\n" },
        { "b.lua", "y = 1\n" },
        { NULL, NULL },
    };
    const struct rule_file file_typo[] = {
        { "a.lua", "function syscall_read() return 0 end\n" },
        { "opneat.lua", "\nfunction do_syscall() return 0 end\n" },
        { NULL, NULL },
    };
    const struct rule_file twice[] = {
        { "a.lua", "function syscall_read() return 1, 1 end\n" },
        { "read.lua", "function do_syscall() return 1, 2 end\n" },
        { "z.lua", "z = 1\n" },
        { NULL, NULL },
    };
    const struct rule_file empty[] = {
        { "a.lua", "x = 1\n" },
        { NULL, NULL },
    };
    const struct rule_file raises[] = {
        { "a.lua", "local t\nt.x = 1\n" },
        { NULL, NULL },
    };

    check_diag(syntax, -EINVAL, RE_ERROR, 2, "unexpected symbol near '='",
               NULL);
    check_diag(raises, -EINVAL, RE_ERROR, 2, "attempt to index a nil value",
               NULL);
    check_diag(typo, 0, RE_WARNING, 2, "syscall_opneat is never called: there "
               "is no system call \"opneat\"", "openat");
    check_diag(file_typo, 0, RE_WARNING, 2, "do_syscall is never called: there "
               "is no system call \"opneat\"", "openat");
    check_diag(twice, 0, RE_WARNING, 1, "do_syscall replaces the rule for "
               "\"read\" in", NULL);
    check_diag(empty, 0, RE_WARNING, 0, "no rules here", NULL);
}

static void test_no_directory(void)
{
    struct fixture *f = rules_new("aarch64");
    struct told told = { 0 };

    tap_ok(re_lua_load_rules(f->lua, "/nonexistent", found, &told, f->diags) ==
           -ENOENT && re_diags_errors(f->diags) == 1, "no such directory");
    fixture_free(f);
}

/* One function for two calls, and a second directory. */
static void test_directories(void)
{
    const struct rule_file first[] = {
        { "a.lua", "function both(num) return 1, num end\n"
                   "syscall_read = both\nsyscall_write = both\n" },
        { NULL, NULL },
    };
    const struct rule_file second[] = {
        { "b.lua", "function syscall_read() return 1, 5 end\n"
                   "function syscall_close() return 1, 6 end\n" },
        { NULL, NULL },
    };
    struct fixture *f = rules_new("aarch64");
    struct told told = { 0 };

    tap_ok(!load(f, &told, first) && told.count == 2,
           "one function can be the rule of two calls");
    tap_ok(!load(f, &told, second) && told.count == 3 &&
           re_diags_warnings(f->diags) == 1 &&
           strstr(re_diags_at(f->diags, 0)->message, "is not used"),
           "of two directories the first counts, with a warning");
    check(f, &told, "read", RE_LUA_RESULT, number_of(f->target, "read"));
    check(f, &told, "write", RE_LUA_RESULT, number_of(f->target, "write"));
    check(f, &told, "close", RE_LUA_RESULT, 6);
    fixture_free(f);
}

int main(void)
{
    capture_errors();
    test_forms();
    test_services();
    test_diags();
    test_no_directory();
    test_directories();
    return tap_done();
}
