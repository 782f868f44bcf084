/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * docs/lua-reference.md: each function that Lua is given has its heading there,
 * each heading an example, and each example holds. Argument: the document.
 */
#include "lua-fixture.h"
#include "lua-private.h"

#include <sys/stat.h>

#define TEXT_MAX 8192
#define NAMES_MAX 256

static char names[NAMES_MAX][64];   /* of the headings: "call:read" */
static unsigned name_count, example_count;

/* --- calls ------------------------------------------------------------- */

/* What the examples are handlers of, in big-endian MIPS. */
static const struct {
    const char *name;
    uint64_t args[ST_MAX_REGS];
    const char *memory;
    size_t size;
} calls[] = {
    { "write", { 1, GUEST_BASE, 6 }, "hello\n", 7 },
    { "openat", { -100, GUEST_BASE, 2 }, "/etc/motd", 10 },
    { "connect", { 3, GUEST_BASE, 16 }, "\0\2\0P\xc0\0\2\1\0\0\0\0\0\0\0", 16 },
    { "clock_gettime", { 0, GUEST_BASE }, "", 1 },
};

/* The call that a comment in the first line names, or the first one. */
static unsigned call_of(const char *text)
{
    for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        size_t len = strlen(calls[i].name);

        if (!strncmp(text, "-- ", 3) &&
            !strncmp(text + 3, calls[i].name, len) &&
            strchr(":\n", text[3 + len])) {
            return i;
        }
    }
    return 0;
}

/* --- examples ---------------------------------------------------------- */

static void found(void *opaque, const char *syscall, int handler,
                  const char *file, unsigned line)
{
    (void)syscall, (void)file, (void)line;
    *(int *)opaque = handler;
}

/* A rule for write in a directory of its own. */
static struct fixture *rule_new(const char *text, int *ret_handler)
{
    struct fixture *f = calloc(1, sizeof(*f));
    char dir[] = "/tmp/lua-reference-XXXXXX", path[64];
    FILE *stream;

    f->target = st_target_by_name("mips");
    f->diags = re_diags_new();
    snprintf(path, sizeof(path), "%s/write.lua", mkdtemp(dir));
    stream = fopen(path, "w");
    *ret_handler = -1;
    if (!stream || fputs(text, stream) < 0 || fclose(stream) ||
        re_lua_new(&f->lua, RE_LUA_RULES, f->target, &lua_guest_ops, NULL,
                   f->diags) < 0 || re_lua_share(f->lua) < 0 ||
        re_lua_load_rules(f->lua, dir, found, ret_handler, f->diags) < 0) {
        printf("Bail out! %s\n", re_diags_at(f->diags, 0)->message);
        abort();
    }
    unlink(path);
    rmdir(dir);
    return f;
}

static void run_example(const char *name, const char *block, unsigned line)
{
    bool is_rule = !strncmp(name, "c_", 2);
    unsigned call = call_of(block);
    struct re_rule rule = { .verdict = RE_VERDICT_LUA };
    char text[TEXT_MAX + 128];
    struct fixture *f;
    enum re_lua_step step;

    snprintf(text, sizeof(text), "function %s\n%s\nend\n", is_rule ?
             "do_syscall(num, fd, buf, count)" : "example(call)", block);
    f = is_rule ? rule_new(text, &rule.handler) :
        fixture_new("mips", NULL, text);
    if (!is_rule) {
        rule.handler = re_lua_handler(f->lua, "example");
    }
    captured_errors();
    memcpy(f->guest.memory, calls[call].memory, calls[call].size);
    f->original = 6;
    f->call.nr = number_of(f->target, calls[call].name);
    f->call.slot = st_slot_of_number(f->target, f->call.nr);
    f->call.guest = &f->guest;
    memcpy(f->call.args, calls[call].args, sizeof(f->call.args));
    step = run_handler(f, &rule);
    if (!tap_ok(step != RE_LUA_FAILED && !re_lua_failures(f->lua),
                "%s, line %u", name, line)) {
        tap_note(captured_errors());
    }
    fixture_free(f);
    example_count++;
}

/* "### `call:read(addr, len)`": the name. */
static void take_heading(const char *line)
{
    const char *start = line + strlen("### `");
    size_t len = strcspn(start, "(`");

    if (name_count == NAMES_MAX || len >= sizeof(names[0])) {
        abort();
    }
    memcpy(names[name_count], start, len);
    names[name_count++][len] = '\0';
}

static void run_document(const char *path)
{
    FILE *stream = fopen(path, "r");
    char line[4096], block[TEXT_MAX];
    unsigned number = 0, begin = 0, without = 0;
    bool wanted = false;

    while (stream && fgets(line, sizeof(line), stream)) {
        number++;
        if (begin && !strncmp(line, "```", 3)) {
            run_example(names[name_count - 1], block, begin);
            begin = 0;
        } else if (begin) {
            strncat(block, line, sizeof(block) - strlen(block) - 1);
        } else if (!strcmp(line, "```lua\n") && name_count) {
            begin = number + 1;
            block[0] = '\0';
            wanted = false;
        } else if (!strncmp(line, "### `", 5)) {
            without += wanted;
            take_heading(line);
            wanted = true;
        }
    }
    tap_ok(stream && !without && !wanted, "each function has an example");
    tap_ok(example_count > 60, "%u examples", example_count);
    if (stream) {
        fclose(stream);
    }
}

/* --- what there is ----------------------------------------------------- */

static unsigned missing;

static void want(const char *prefix, const char *name)
{
    char whole[64];

    snprintf(whole, sizeof(whole), "%s%s", prefix, name);
    for (unsigned i = 0; i < name_count; i++) {
        if (!strcmp(names[i], whole)) {
            return;
        }
    }
    tap_note(whole);
    missing++;
}

/* The names in the table on top of the stack, which is popped. */
static void want_all(lua_State *L, const char *of_functions,
                     const char *of_others)
{
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        want(lua_isfunction(L, -1) ? of_functions : of_others,
             lua_tostring(L, -2));
    }
    lua_pop(L, 1);
}

/* Globals that Lua itself does not have. */
static void want_globals(lua_State *L)
{
    lua_State *plain = luaL_newstate();

    luaL_openlibs(plain);
    lua_pushglobaltable(L);
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        if (lua_isfunction(L, -1) &&
            lua_getglobal(plain, lua_tostring(L, -2)) == LUA_TNIL &&
            strcmp(lua_tostring(L, -2), "f")) {
            want("", lua_tostring(L, -2));
        }
    }
    lua_pop(L, 1);
    lua_close(plain);
}

static void check_names(void)
{
    struct fixture *f = fixture_new("mips", NULL, "function f() end");
    lua_State *L = f->lua->L;
    int handler;

    lua_pushlightuserdata(L, NULL);
    if (!lua_getmetatable(L, -1) ||
        lua_getfield(L, -1, "__index") != LUA_TFUNCTION ||
        !lua_getupvalue(L, -1, 1)) {
        abort();
    }
    want_all(L, "call:", "call.");
    lua_getglobal(L, "shared");
    want_all(L, "shared.", "shared.");
    want_globals(L);
    fixture_free(f);
    f = rule_new("function do_syscall() end", &handler);
    want_globals(f->lua->L);
    fixture_free(f);
    tap_ok(!missing, "every function is in the document: %u are not", missing);
}

int main(int argc, char **argv)
{
    capture_errors();
    run_document(argc > 1 ? argv[1] : "docs/lua-reference.md");
    check_names();
    return tap_done();
}
