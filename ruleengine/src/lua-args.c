/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The arguments of a handler's call, call.args:
 *
 *     number = call.args.flags           at its declared width and sign
 *     call.args.flags = number           changes what the original call gets
 *     call.args.flags = "O_RDWR|O_CREAT" names, with the guest's values
 *     call.args.filename = "/x"          bytes, passed on without any guest
 *                                        memory: struct re_guest_ops.keep
 *
 * A string that a handler assigns is the policy author's word: no condition is
 * asked about it again.
 */
#include "lua-private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "width.h"

/* --- values ------------------------------------------------------------ */

uint64_t re_lua_arg_get(const struct st_arg *arg,
                        const uint64_t regs[ST_MAX_REGS])
{
    return re_width_argument(regs, arg->reg, arg->pair, arg->width,
                             arg->is_signed);
}

/* Sets registers as do_syscall has them: 32-bit ones are sign-extended. */
void re_lua_arg_put(const struct re_lua *lua, const struct st_arg *arg,
                    uint64_t regs[ST_MAX_REGS], uint64_t value)
{
    bool word32 = st_word_bits(lua->target) == 32;
    uint64_t low = re_width_extend(value, 32, true);
    uint64_t high = re_width_extend(value >> 32, 32, true);

    if (arg->pair != ST_PAIR_NONE) {
        bool low_first = arg->pair == ST_PAIR_LOW_HIGH;

        regs[arg->reg] = low_first ? low : high;
        regs[arg->reg + 1] = low_first ? high : low;
    } else {
        value = re_width_extend(value, arg->width, arg->is_signed);
        regs[arg->reg] = word32 ? re_width_extend(value, 32, true) : value;
    }
}

/* --- which one --------------------------------------------------------- */

int re_lua_arg_find(lua_State *L, int index, const struct re_lua_args *args)
{
    int count = args->count < 0 ? ST_MAX_ARGS : args->count;
    const char *name;
    lua_Integer i;

    if (lua_isinteger(L, index)) {
        i = lua_tointeger(L, index);
        return i >= 1 && i <= count ? (int)i - 1 : -1;
    }
    if (lua_type(L, index) != LUA_TSTRING) {
        return -1;
    }
    name = lua_tostring(L, index);
    for (int a = 0; a < args->count; a++) {
        if (args->args[a].name && !strcmp(args->args[a].name, name)) {
            return a;
        }
    }
    if (!strncmp(name, "arg", 3) && name[3] >= '0' &&
        name[3] < '0' + count && !name[4]) {
        return name[3] - '0';
    }
    return -1;
}

struct st_arg re_lua_arg_at(const struct re_lua *lua,
                            const struct re_lua_args *args, int position)
{
    if (args->count >= 0) {
        return args->args[position];
    }
    return (struct st_arg) {
        .width = st_word_bits(lua->target),
        .is_signed = true,
        .reg = position,
    };
}

struct st_arg re_lua_arg_check(lua_State *L, struct re_lua_run *run, int index)
{
    const struct re_lua_args *args = re_lua_slot_args(L, run->call->slot);
    int position = re_lua_arg_find(L, index, args);

    if (position < 0) {
        luaL_error(L, "the call has no argument '%s'",
                   luaL_tolstring(L, index, NULL));
    }
    return re_lua_arg_at(re_lua_owner(L), args, position);
}

int re_lua_arg_push(lua_State *L, struct re_lua_run *run, int index)
{
    const struct re_lua_args *args = re_lua_slot_args(L, run->call->slot);
    int position = re_lua_arg_find(L, index, args);
    struct st_arg arg;

    if (position < 0) {
        lua_pushnil(L);
        return 1;
    }
    arg = re_lua_arg_at(re_lua_owner(L), args, position);
    lua_pushinteger(L, (lua_Integer)re_lua_arg_get(&arg, run->call->args));
    return 1;
}

/* --- assigning --------------------------------------------------------- */

static bool is_pointer(const struct st_arg *arg)
{
    switch (arg->kind) {
    case ST_KIND_PATH:
    case ST_KIND_STRING:
    case ST_KIND_SOCKADDR:
    case ST_KIND_BUFFER:
    case ST_KIND_POINTER:
        return true;
    default:
        return false;
    }
}

int re_lua_arg_keep(lua_State *L, struct re_lua_run *run,
                    const struct st_arg *arg, const char *bytes, size_t len)
{
    struct re_lua *lua = re_lua_owner(L);
    uint64_t addr;
    int err = !lua->ops || !lua->ops->keep ? -ENOSYS :
        lua->ops->keep(run->call->guest, arg->reg, bytes, len, &addr);

    if (err == -E2BIG) {
        return luaL_error(L, "%I bytes are too many for argument '%s'",
                          (lua_Integer)len, arg->name);
    }
    if (err) {
        return luaL_error(L, "no bytes can be given to argument '%s' (%s)",
                          arg->name, strerrorname_np(-err));
    }
    re_lua_arg_put(lua, arg, run->call->args, addr);
    return 0;
}

/* One name, or a number, between bars; raises when it is none. */
static uint64_t constant(lua_State *L, const struct st_arg *arg,
                         const char *text, size_t len)
{
    const char *name = lua_pushlstring(L, text, len);
    uint64_t value;
    int is_integer;

    if (st_constant(re_lua_owner(L)->target, arg->family, name, &value) < 0) {
        value = lua_tointegerx(L, -1, &is_integer);
        if (!is_integer) {
            luaL_error(L, "'%s' is no constant of argument '%s' on this "
                          "target", name, arg->name);
        }
    }
    lua_pop(L, 1);
    return value;
}

/* "O_RDWR|O_CREAT|0x40" */
static uint64_t constants(lua_State *L, const struct st_arg *arg, int index)
{
    const char *text = lua_tostring(L, index);
    uint64_t value = 0;

    for (;;) {
        size_t len = strcspn(text, "|");

        value |= constant(L, arg, text, len);
        if (!text[len]) {
            return value;
        }
        text += len + 1;
    }
}

/* { O_RDWR = true, O_CREAT = true } */
static uint64_t constant_set(lua_State *L, const struct st_arg *arg, int index)
{
    uint64_t value = 0;

    lua_pushnil(L);
    while (lua_next(L, index)) {
        size_t len;
        const char *name;

        if (lua_type(L, -2) != LUA_TSTRING) {
            luaL_error(L, "the keys of a set for argument '%s' are names",
                       arg->name);
        }
        name = lua_tolstring(L, -2, &len);
        value |= lua_toboolean(L, -1) ? constant(L, arg, name, len) : 0;
        lua_pop(L, 1);
    }
    return value;
}

uint64_t re_lua_constants(lua_State *L, const struct st_arg *arg, int index)
{
    lua_Integer value;
    int is_integer = 0;

    if (arg->family && lua_type(L, index) == LUA_TSTRING) {
        return constants(L, arg, index);
    }
    if (arg->family && lua_type(L, index) == LUA_TTABLE) {
        return constant_set(L, arg, index);
    }
    value = lua_type(L, index) == LUA_TNUMBER ?
            lua_tointegerx(L, index, &is_integer) : 0;
    if (!is_integer) {
        luaL_error(L, "argument '%s' takes an integer, not a %s",
                   arg->name ? arg->name : "?", luaL_typename(L, index));
    }
    return value;
}

static uint64_t check_value(lua_State *L, const struct st_arg *arg, int index)
{
    lua_Integer value = re_lua_constants(L, arg, index);

    if (arg->width < 64 && (value < -((lua_Integer)1 << (arg->width - 1)) ||
                            value >= (lua_Integer)1 << arg->width)) {
        luaL_error(L, "%I does not fit the %d bits of argument '%s'",
                   value, arg->width, arg->name ? arg->name : "?");
    }
    return value;
}

int re_lua_arg_assign(lua_State *L, struct re_lua_run *run, int key, int index)
{
    struct st_arg arg = re_lua_arg_check(L, run, key);
    const char *bytes;
    size_t len;

    if (!is_pointer(&arg) || lua_type(L, index) != LUA_TSTRING) {
        re_lua_arg_put(re_lua_owner(L), &arg, run->call->args,
                       check_value(L, &arg, index));
        return 0;
    }
    bytes = lua_tolstring(L, index, &len);
    if ((arg.kind == ST_KIND_PATH || arg.kind == ST_KIND_STRING) &&
        strlen(bytes) != len) {
        return luaL_error(L, "the string for argument '%s' has a zero byte",
                          arg.name);
    }
    return re_lua_arg_keep(L, run, &arg, bytes, len);
}

/* --- flags as sets ----------------------------------------------------- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names that hold, in the order of the alphabet, between bars. */
static int set_tostring(lua_State *L)
{
    const char **names;
    size_t count = 0;
    luaL_Buffer text;

    lua_settop(L, 1);
    luaL_checktype(L, 1, LUA_TTABLE);
    for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
        count++;
    }
    names = lua_newuserdatauv(L, (count + 1) * sizeof(*names), 0);
    count = 0;
    for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
        if (lua_toboolean(L, -1) && lua_type(L, -2) == LUA_TSTRING) {
            names[count++] = lua_tostring(L, -2);
        }
    }
    qsort(names, count, sizeof(*names), by_text);
    luaL_buffinit(L, &text);
    for (size_t i = 0; i < count; i++) {
        if (i) {
            luaL_addchar(&text, '|');
        }
        luaL_addstring(&text, names[i]);
    }
    luaL_pushresult(&text);
    return 1;
}

int re_lua_flags_push(lua_State *L, const struct st_arg *arg, uint64_t value)
{
    char text[512];

    st_format_constant(re_lua_owner(L)->target, arg->family, value, text,
                       sizeof(text));
    lua_newtable(L);
    for (char *name = text; *name; ) {
        size_t len = strcspn(name, "|");

        lua_pushlstring(L, name, len);
        lua_pushboolean(L, 1);
        lua_rawset(L, -3);
        name += len + (name[len] == '|');
    }
    luaL_newmetatable(L, "call.flags");     /* as it is, when it exists */
    lua_setmetatable(L, -2);
    return 1;
}

/* --- the object -------------------------------------------------------- */

int re_lua_args_index(lua_State *L)
{
    return re_lua_arg_push(L, re_lua_args_object(L), 2);
}

int re_lua_args_newindex(lua_State *L)
{
    return re_lua_arg_assign(L, re_lua_args_object(L), 2, 3);
}

static int args_len(lua_State *L)
{
    struct re_lua_run *run = re_lua_args_object(L);
    const struct re_lua_args *args = re_lua_slot_args(L, run->call->slot);

    lua_pushinteger(L, args->count < 0 ? ST_MAX_ARGS : args->count);
    return 1;
}

/* The iterator of pairs(call.args): names and values, in the call's order. */
static int args_next(lua_State *L)
{
    struct re_lua_run *run = re_lua_args_object(L);
    const struct re_lua_args *args = re_lua_slot_args(L, run->call->slot);
    int count = args->count < 0 ? ST_MAX_ARGS : args->count;
    int position = lua_isnil(L, 2) ? 0 : re_lua_arg_find(L, 2, args) + 1;
    struct st_arg arg;

    if (position >= count) {
        return 0;
    }
    arg = re_lua_arg_at(re_lua_owner(L), args, position);
    if (arg.name) {
        lua_pushstring(L, arg.name);
    } else {
        lua_pushfstring(L, "arg%d", position);
    }
    lua_pushinteger(L, (lua_Integer)re_lua_arg_get(&arg, run->call->args));
    return 2;
}

static int args_pairs(lua_State *L)
{
    re_lua_args_object(L);
    lua_pushcfunction(L, args_next);
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    return 3;
}

const luaL_Reg re_lua_args_metamethods[] = {
    { "__len", args_len },
    { "__pairs", args_pairs },
    { NULL, NULL },
};

const luaL_Reg re_lua_flags_metamethods[] = {
    { "__tostring", set_tostring },
    { NULL, NULL },
};
