/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The functions that rules in the older form call, under the names and with the
 * second results that they have always had: a code, 0 or a negative errno.
 *
 *     c_log(message)                       c_get_timestamp() -> s, ns
 *     c_read_string(addr [, max]) -> text, code        c_read_guest_string
 *     c_read_guest_bytes(addr, len) -> bytes, code     c_read_bytes
 *     c_read_guest_u32(addr) -> number, code           c_read_guest_u64
 *     c_write_guest_bytes(addr, bytes) -> count, code  c_write_bytes
 *     c_write_guest_u32(addr, number) -> code          c_write_guest_u64
 *     c_do_syscall(num, arg1 .. arg8) -> result
 *     c_open_host(path [, flags [, mode]]) -> descriptor, code
 *     c_list_regs() -> { { num =, name =, feature = }, ... }
 *     c_get_reg(name or num) -> value, size, code
 *     c_set_reg(name or num, value) -> size, code
 */
#include "lua-private.h"

#include <errno.h>
#include <string.h>
#include <time.h>

/* A result and a code; returns 2. The code's number is the target's. */
static int with_code(lua_State *L, int err)
{
    const char *name = err ? strerrorname_np(-err) : NULL;
    int number = name ? st_errno_by_name(re_lua_owner(L)->target, name) : 0;

    lua_pushinteger(L, err ? (number > 0 ? -number : err) : 0);
    return 2;
}

/* The guest whose call is at hand; raises while rules are loaded. */
static void *check_guest(lua_State *L)
{
    struct re_lua *lua = re_lua_owner(L);

    if (!lua->current) {
        luaL_error(L, "there is no call while rules are loaded");
    }
    return lua->current->call->guest;
}

static int c_get_timestamp(lua_State *L)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    lua_pushinteger(L, now.tv_sec);
    lua_pushinteger(L, now.tv_nsec);
    return 2;
}

/* --- memory ------------------------------------------------------------ */

static int c_read_string(lua_State *L)
{
    uint64_t addr;
    bool valid = re_lua_check_address(L, 1, &addr);
    lua_Integer max = luaL_optinteger(L, 2, 4095);

    luaL_argcheck(L, max >= 0 && max < INT32_MAX, 2, "out of range");
    if (!valid || re_lua_push_string_at(L, addr, max, true) < 0) {
        lua_pushnil(L);
        return with_code(L, -EFAULT);
    }
    return with_code(L, 0);
}

static int c_read_bytes(lua_State *L)
{
    uint64_t addr;
    bool valid = re_lua_check_address(L, 1, &addr);
    lua_Integer len = luaL_checkinteger(L, 2);

    check_guest(L);
    luaL_argcheck(L, len >= 0, 2, "a length cannot be negative");
    if (!valid || !re_lua_push_bytes_at(L, addr, len)) {
        lua_pushnil(L);
        return with_code(L, -EFAULT);
    }
    return with_code(L, 0);
}

static int read_number(lua_State *L, size_t size)
{
    uint8_t bytes[8];
    uint64_t addr;
    bool valid = re_lua_check_address(L, 1, &addr);

    check_guest(L);
    valid = valid && re_lua_read_guest(L, addr, bytes, size);
    lua_pushinteger(L, !valid ? 0 :
                    (lua_Integer)re_lua_to_host(re_lua_owner(L), bytes, size));
    return with_code(L, valid ? 0 : -EFAULT);
}

static int c_read_u32(lua_State *L)
{
    return read_number(L, 4);
}

static int c_read_u64(lua_State *L)
{
    return read_number(L, 8);
}

static int c_write_bytes(lua_State *L)
{
    uint64_t addr;
    bool valid = re_lua_check_address(L, 1, &addr);
    size_t len;
    const char *bytes = luaL_checklstring(L, 2, &len);

    check_guest(L);
    valid = valid && (!len || re_lua_write_guest(L, addr, bytes, len));
    lua_pushinteger(L, valid ? (lua_Integer)len : 0);
    return with_code(L, valid ? 0 : -EFAULT);
}

/* The number's low bits, as C would take them. */
static int write_number(lua_State *L, size_t size)
{
    uint8_t bytes[8];
    uint64_t addr;
    bool valid = re_lua_check_address(L, 1, &addr);

    check_guest(L);
    re_lua_to_guest(re_lua_owner(L), bytes, size, luaL_checkinteger(L, 2));
    valid = valid && re_lua_write_guest(L, addr, bytes, size);
    with_code(L, valid ? 0 : -EFAULT);
    return 1;
}

static int c_write_u32(lua_State *L)
{
    return write_number(L, 4);
}

static int c_write_u64(lua_State *L)
{
    return write_number(L, 8);
}

/* --- registers --------------------------------------------------------- */

static int c_list_regs(lua_State *L)
{
    check_guest(L);
    return re_lua_registers_push(L);
}

static int c_get_reg(lua_State *L)
{
    ssize_t size;

    check_guest(L);
    size = re_lua_register_push(L, re_lua_register_find(L, 1));
    if (size < 0) {
        lua_pushinteger(L, 0);
    }
    lua_pushinteger(L, size < 0 ? 0 : size);
    with_code(L, size < 0 ? size : 0);
    return 3;
}

static int c_set_reg(lua_State *L)
{
    ssize_t size;

    check_guest(L);
    luaL_checkany(L, 2);
    size = re_lua_register_set(L, re_lua_register_find(L, 1), 2);
    lua_pushinteger(L, size < 0 ? 0 : size);
    return with_code(L, size < 0 ? size : 0);
}

/* --- calls ------------------------------------------------------------- */

static int open_done(lua_State *L, int status, lua_KContext context)
{
    int64_t result = re_lua_owner(L)->current->result;

    (void)status, (void)context;
    lua_pushinteger(L, result < 0 ? -1 : result);
    return with_code(L, result < 0 ? result : 0);
}

static int c_open_host(lua_State *L)
{
    check_guest(L);
    return re_lua_open_host(L, re_lua_owner(L)->current, "c_open_host", 1,
                            open_done);
}

static int syscall_done(lua_State *L, int status, lua_KContext context)
{
    struct re_lua_run *run = re_lua_owner(L)->current;

    (void)status, (void)context;
    /* What comes next is the rule's own call again. */
    run->call->nr = run->nr;
    run->call->slot = run->slot;
    run->call->other = false;
    memcpy(run->call->args, run->args, sizeof(run->args));
    lua_pushinteger(L, run->result);
    return 1;
}

/*
 * Any call of the target, carried out now. The engine asks the other layers'
 * policies about it before it lets it run.
 */
static int c_do_syscall(lua_State *L)
{
    struct re_lua_run *run = re_lua_owner(L)->current;
    lua_Integer nr = luaL_checkinteger(L, 1);

    check_guest(L);
    re_lua_may_yield(L, run, "c_do_syscall");
    luaL_argcheck(L, nr == (int)nr, 1, "out of range");
    for (int i = 0; i < ST_MAX_REGS; i++) {
        run->call->args[i] = luaL_optinteger(L, 2 + i, 0);
    }
    run->call->nr = nr;
    run->call->slot = nr == run->nr ? run->slot :
        st_slot_of_number(re_lua_owner(L)->target, nr);
    run->call->other = nr != run->nr;
    run->wants_run = true;
    lua_settop(L, 0);
    return lua_yieldk(L, 0, 0, syscall_done);
}

/* --- opening ----------------------------------------------------------- */

int re_lua_older_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "c_log", re_lua_log_function },
        { "c_get_timestamp", c_get_timestamp },
        { "c_read_string", c_read_string },
        { "c_read_guest_string", c_read_string },
        { "c_read_guest_bytes", c_read_bytes },
        { "c_read_bytes", c_read_bytes },
        { "c_read_guest_u32", c_read_u32 },
        { "c_read_guest_u64", c_read_u64 },
        { "c_write_guest_bytes", c_write_bytes },
        { "c_write_bytes", c_write_bytes },
        { "c_write_guest_u32", c_write_u32 },
        { "c_write_guest_u64", c_write_u64 },
        { "c_do_syscall", c_do_syscall },
        { "c_open_host", c_open_host },
        { "c_list_regs", c_list_regs },
        { "c_get_reg", c_get_reg },
        { "c_set_reg", c_set_reg },
        { NULL, NULL },
    };

    for (const luaL_Reg *f = functions; f->name; f++) {
        lua_register(L, f->name, f->func);
    }
    return 0;
}
