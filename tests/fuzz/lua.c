/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Handlers in Lua: snippets put together out of bytes, or any text, run for a
 * call of the fake guest that tests/unit has. Whatever a handler does, it ends
 * in one of the four ways, within its budget, and a handler that has failed
 * leaves the call's arguments as they were.
 */
#include "../unit/lua-guest.h"

#include "fuzz.h"
#include "lua-state.h"
#include "origin.h"
#include "policy.h"

enum { RUNS = 50, STATEMENTS = 24, INSTRUCTIONS = 200000 };

unsigned long fuzz_worth;           /* handlers that came to an answer */

const char *const fuzz_words[] = {
    "call:run()", "call.args", "call:read(", "call:write(", "return ", "nil",
    "call:string(", "call:decode(", "call:encode(", "call:flags(", "call:get(",
    "call:put(", "call:pack(", "call:unpack(", "call:log{", "call:file(",
    "call:open(", "call:register(", "call:set_register(", "call:alloc(",
    "call:sleep(", "shared", "pcall(", "error(", "string.rep(", "function",
    "end ", "0x10000", "math.mininteger", "1e308", "setmetatable(", "{}",
    "for i = 1, 9 do ", "while true do ", "'timespec'", "'filename'", "call",
    "coroutine", "require ", "string.format('%s',", "__gc", "<close>", NULL,
};

/* --- handlers out of bytes ------------------------------------------------ */

static const char *const values[] = {
    "0", "1", "-1", "3", "0x10000", "0x10008", "0x13ff8", "0x13fff", "0xf010",
    "1 << 62", "math.mininteger", "math.maxinteger", "1.5", "0/0", "''",
    "'filename'", "'flags'", "'uservaddr'", "'timespec'", "'new_utsname'",
    "'/etc/x'", "'O_RDWR|O_CREAT'", "'pc'", "'v0'", "'EPERM'", "'<i4'", "'z'",
    "'s2'", "'!16Xd'", "string.rep('x', 5000)", "string.rep('ab', 1 << 20)",
    "{}", "{ tv_sec = 1, tv_nsec = -1 }", "{ O_RDWR = true }", "nil", "true",
    "call", "call.args", "call.address", "call:flags('flags')", "shared",
    "function() return call:run() end", "{ family = 'AF_INET', port = 70000 }",
    "{ nodename = string.rep('y', 65) }", "'\\0\\255\\n'", "print", "1 << 31",
};

static const char *const methods[] = {
    "run", "read", "write", "string", "u8", "u16", "u32", "u64", "i8", "i16",
    "i32", "i64", "ptr", "set_u8", "set_u16", "set_u32", "set_u64", "set_i8",
    "set_i64", "set_ptr", "decode", "encode", "flags", "get", "put", "sizeof",
    "pack", "unpack", "packsize", "constant", "errno", "log", "file", "open",
    "fdpath", "register", "set_register", "registers", "alloc", "free",
    "sleep", "random", "set_i16", "set_i32",
};

static const char *const fields[] = {
    "name", "number", "target", "endian", "bits", "pid", "tid", "pc", "args",
    "comm", "exe", "address", "nothing", "run",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PICK(array, b) (array)[fuzz_below(b, COUNT(array))]

static void write_value(FILE *out, struct fuzz_bytes *b)
{
    unsigned choice = fuzz_below(b, COUNT(values) + 12);

    if (choice < COUNT(values)) {
        fprintf(out, "(%s)", values[choice]);
    } else {
        fprintf(out, "v[%u]", choice % 6);
    }
}

static void write_list(FILE *out, struct fuzz_bytes *b)
{
    for (unsigned n = fuzz_below(b, 4), i = 0; i < n; i++) {
        fputs(i ? ", " : "", out);
        write_value(out, b);
    }
}

static void write_statement(FILE *out, struct fuzz_bytes *b)
{
    unsigned choice = fuzz_below(b, 16), slot = fuzz_below(b, 6);

    switch (choice) {
    case 0:
        fprintf(out, "v[%u] = call.%s\n", slot, PICK(fields, b));
        return;
    case 1:
    case 2:
        fputs(choice == 1 ? "pcall(function() call.args[" :
              "pcall(function() call[", out);
        write_value(out, b);
        fputs("] = ", out);
        write_value(out, b);
        fputs(" end)\n", out);
        return;
    case 3:
        fputs("pcall(function() shared[", out);
        write_value(out, b);
        fputs("] = ", out);
        write_value(out, b);
        fputs(" end)\n", out);
        return;
    case 4:
        fprintf(out, "v[%u] = tostring(v[%u])\n", slot, slot ^ 1);
        return;
    case 5:
        fprintf(out, "for k, x in pairs(type(v[%u]) == 'table' and v[%u] or "
                "{}) do v[%u] = x end\n", slot, slot, slot ^ 1);
        return;
    case 6:
        fputs("call:run()\n", out);
        return;
    case 7:
        fprintf(out, "v[%u] = select(2, pcall(shared.%s, shared, ", slot,
                fuzz_below(b, 2) ? "add" : "get");
        write_value(out, b);
        fputs(", ", out);
        write_value(out, b);
        fputs("))\n", out);
        return;
    case 8:
        /* Not caught: the handler may end here. */
        fprintf(out, "v[%u] = call:%s(", slot, PICK(methods, b));
        write_list(out, b);
        fputs(")\n", out);
        return;
    default:
        fprintf(out, "v[%u] = select(2, pcall(call.%s, call%s", slot,
                PICK(methods, b), fuzz_below(b, 8) ? ", " : " and 1, ");
        write_value(out, b);
        fputs(", ", out);
        write_value(out, b);
        fputs(", ", out);
        write_value(out, b);
        fputs("))\n", out);
    }
}

static void write_handler(FILE *out, struct fuzz_bytes *b)
{
    fputs("local v = {}\nfunction h(call)\n", out);
    for (unsigned n = STATEMENTS; n > 0 && b->left > 0; n--) {
        write_statement(out, b);
    }
    fputs("return ", out);
    write_value(out, b);
    if (fuzz_below(b, 4) == 0) {
        fputs(", ", out);
        write_value(out, b);
    }
    fputs("\nend\n", out);
}

/* --- running them --------------------------------------------------------- */

static struct re_lua *make_state(const struct st_target *t, bool per_thread,
                                 struct re_origin **ret_origin,
                                 struct re_diags *diags)
{
    const struct re_lua_limits limits = {
        .instructions = INSTRUCTIONS, .memory = 8 << 20, .has_seed = true,
        .seed = 1, .per_thread = per_thread, .libraries = RE_LUA_COROUTINE,
    };
    struct re_lua *lua = NULL;

    if (re_lua_new(&lua, RE_LUA_HANDLERS, t, &lua_guest_ops, &limits,
                   diags) < 0 ||
        (per_thread && re_origin_new(ret_origin) < 0)) {
        fuzz_fail("no state");
    }
    re_lua_set_origin(lua, *ret_origin);
    if (re_lua_share(lua) < 0) {
        fuzz_fail("no shared values");
    }
    return lua;
}

static void make_call(const struct st_target *t, struct re_call *call,
                      struct fuzz_bytes *b)
{
    static const char *const names[] = {
        "openat", "connect", "clock_settime", "write", "uname", "ioctl",
        "renameat2", "sendto",
    };
    static const uint64_t places[] = {
        0, 3, GUEST_BASE, GUEST_BASE + 64, GUEST_BASE + GUEST_SIZE - 3,
        UINT64_MAX, 1 << 20, 16,
    };
    uint16_t slots[ST_MAX_SPELLINGS];

    if (!st_slots_of_name(t, PICK(names, b), slots)) {
        slots[0] = 0;
    }
    call->slot = slots[0];
    call->nr = st_number_of_slot(t, call->slot);
    for (int i = 0; i < ST_MAX_REGS; i++) {
        call->args[i] = places[fuzz_below(b, 8)];
    }
}

static void run(struct re_lua *lua, struct re_call *call,
                const struct re_rule *rule, struct fuzz_bytes *b)
{
    uint64_t before[ST_MAX_REGS];
    enum re_lua_step step;
    unsigned runs = 0;

    memcpy(before, call->args, sizeof(before));
    step = re_lua_start(lua, rule, call);
    while (step == RE_LUA_RUN) {
        if (++runs > RUNS) {
            re_lua_drop(lua, call);
            return;
        }
        step = re_lua_resume(lua, call, (int8_t)fuzz_byte(b));
    }
    if (step == RE_LUA_FAILED && memcmp(before, call->args, sizeof(before))) {
        fuzz_fail("a handler that failed has changed the call");
    }
    fuzz_worth += step == RE_LUA_RESULT;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const targets[] = {
        "aarch64", "mips", "i386", "s390x",
    };
    static struct guest guest;
    struct fuzz_bytes b = { data, size };
    unsigned choice = fuzz_byte(&b);
    const struct st_target *t = st_target_by_name(targets[choice % 4]);
    struct re_diags *diags = re_diags_new();
    struct re_origin *origin = NULL;
    struct re_lua *lua = make_state(t, choice & 4, &origin, diags);
    const struct re_rule on_error = {
        .verdict = RE_VERDICT_DENY, .error_name = "EPERM",
        .error = st_errno_by_name(t, "EPERM"), .file = "a.ini", .line = 1,
    };
    struct re_rule rule = { .verdict = RE_VERDICT_LUA, .handler_name = "h" };
    struct re_call call = { .guest = &guest };
    char path[32], *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    int fd;

    make_call(t, &call, &b);
    memset(guest.memory, 'a', sizeof(guest.memory));
    memcpy(guest.memory, "/etc/motd", 10);
    guest.memory[64] = 2;
    if (choice & 8) {
        fwrite(b.at, 1, b.left, out);
    } else {
        write_handler(out, &b);
    }
    fclose(out);
    fd = fuzz_file(text, length, path);
    re_lua_set_on_error(lua, &on_error);
    if (re_lua_load(lua, path, "a.ini", 1, 1, diags) == 0) {
        rule.handler = re_lua_handler(lua, "h");
        for (int i = 0; i < 2 && rule.handler >= 0; i++) {
            run(lua, &call, &rule, &b);
        }
    } else if (!(choice & 8)) {
        fprintf(stderr, "%s", text);
        fuzz_fail("a handler that does not load");
    }
    close(fd);
    free(text);
    re_lua_free(lua);
    re_origin_free(origin);
    re_diags_free(diags);
    return 0;
}
