/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The call object of a handler, and its arguments.
 *
 * The object is a userdata of one pointer, made anew for each call: a handler
 * may have kept an old one anywhere, and that must not come to mean another
 * call. The pointer goes when the handler ends, and is honoured only while this
 * very handler runs (another thread's is waiting in its original call).
 */
#include "lua-private.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/syscall.h>

#include "audit.h"

#define CALL_TYPE "call"
#define ARGS_TYPE "call.args"

/* The user value of a call object that caches its arguments' object. */
#define ARGS_SLOT 1

/* Fields, by what the table of names gives for them; methods are functions. */
enum field {
    FIELD_NAME,
    FIELD_NUMBER,
    FIELD_TARGET,
    FIELD_ARGS,
    FIELD_PID,
    FIELD_TID,
    FIELD_PC,
    FIELD_ENDIAN,
    FIELD_BITS,
};

static const char *const field_names[] = {
    [FIELD_NAME] = "name",
    [FIELD_NUMBER] = "number",
    [FIELD_TARGET] = "target",
    [FIELD_ARGS] = "args",
    [FIELD_PID] = "pid",
    [FIELD_TID] = "tid",
    [FIELD_PC] = "pc",
    [FIELD_ENDIAN] = "endian",
    [FIELD_BITS] = "bits",
};

/* --- the object -------------------------------------------------------- */

/* A userdata that stands for a run, with a metatable from the registry. */
static struct re_lua_object *push_object(lua_State *L, struct re_lua_run *run,
                                         int metatable, int values)
{
    struct re_lua_object *object =
        lua_newuserdatauv(L, sizeof(*object), values);

    object->run = run;
    lua_rawgeti(L, LUA_REGISTRYINDEX, metatable);
    lua_setmetatable(L, -2);
    return object;
}

void re_lua_call_push(lua_State *L, struct re_lua_run *run)
{
    run->object = push_object(L, run, re_lua_owner(L)->call_metatable, 1);
}

/* The first argument's object, when its metatable is this one. */
static struct re_lua_object *to_object(lua_State *L, const void *metatable,
                                       const char *type)
{
    bool matches;

    if (lua_type(L, 1) != LUA_TUSERDATA || !lua_getmetatable(L, 1)) {
        luaL_typeerror(L, 1, type);
    }
    matches = lua_topointer(L, -1) == metatable;
    lua_pop(L, 1);
    if (!matches) {
        luaL_typeerror(L, 1, type);
    }
    return lua_touserdata(L, 1);
}

static struct re_lua_run *check_object(lua_State *L,
                                       const struct re_lua_object *object)
{
    struct re_lua *lua = re_lua_owner(L);

    if (!object->run) {
        luaL_error(L, "this call has been answered; its object is of no use "
                      "any more");
    }
    if (object->run != lua->current) {
        luaL_error(L, "this call belongs to another thread's handler");
    }
    return object->run;
}

struct re_lua_run *re_lua_call_check(lua_State *L)
{
    return check_object(L, to_object(L, re_lua_owner(L)->call_identity,
                                     CALL_TYPE));
}

void re_lua_log(lua_State *L, int index)
{
    struct re_lua *lua = re_lua_owner(L);
    luaL_Buffer clean;
    const char *text;
    char place[160];
    lua_Debug ar;
    size_t len;

    text = luaL_tolstring(L, index, &len);
    if (strlen(text) != len) {      /* the log's strings end at a NUL */
        luaL_buffinitsize(L, &clean, len + 16);
        for (size_t i = 0; i < len; i++) {
            if (text[i]) {
                luaL_addchar(&clean, text[i]);
            } else {
                luaL_addstring(&clean, "\\0");
            }
        }
        luaL_pushresult(&clean);
        text = lua_tostring(L, -1);
    }
    *place = '\0';
    if (lua_getstack(L, 1, &ar) && lua_getinfo(L, "Sl", &ar) &&
        ar.currentline > 0) {
        snprintf(place, sizeof(place), "%.120s:%d",
                 *ar.source == '@' ? ar.source + 1 : ar.short_src,
                 ar.currentline);
    }
    if (lua->audit) {
        re_audit_message(lua->audit, *place ? place : "lua", text);
    }
}

static int method_log(lua_State *L)
{
    re_lua_call_check(L);
    luaL_checkany(L, 2);
    re_lua_log(L, 2);
    return 0;
}

/* The original call is done: its result is on the way in run->result. */
static int run_done(lua_State *L, int status, lua_KContext context)
{
    struct re_lua *lua = re_lua_owner(L);
    int64_t result = lua->current->result;
    const char *name;

    (void)status, (void)context;
    if (result >= 0 || result < -4095) {
        lua_pushinteger(L, result);
        return 1;
    }
    name = st_errno_name(lua->target, -result);
    lua_pushnil(L);
    if (name) {
        lua_pushstring(L, name);
    } else {
        lua_pushfstring(L, "errno %d", (int)-result);
    }
    lua_pushinteger(L, -result);
    return 3;
}

static int method_run(lua_State *L)
{
    struct re_lua_run *run = re_lua_call_check(L);

    if (L != run->thread) {
        return luaL_error(L, "call:run() works in the handler itself, not in "
                             "a coroutine of its own");
    }
    if (!lua_isyieldable(L)) {
        return luaL_error(L, "call:run() does not work inside a function that "
                             "a library calls (table.sort, string.gsub, ...)");
    }
    run->wants_run = true;
    return lua_yieldk(L, 0, 0, run_done);
}

/* The arguments' object lives as long as the call's, which caches it. */
static void push_args(lua_State *L, struct re_lua_run *run)
{
    if (lua_getiuservalue(L, 1, ARGS_SLOT) != LUA_TNIL) {
        return;
    }
    lua_pop(L, 1);
    run->args_object = push_object(L, run, re_lua_owner(L)->args_metatable, 0);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, 1, ARGS_SLOT);
}

static void push_field(lua_State *L, struct re_lua_run *run, enum field field)
{
    struct re_lua *lua = re_lua_owner(L);
    const struct re_call *call = run->call;

    switch (field) {
    case FIELD_NAME:
        lua_pushstring(L, call->slot < 0 ? NULL :
                       st_slot_name(lua->target, call->slot));
        break;
    case FIELD_NUMBER:
        lua_pushinteger(L, call->nr);
        break;
    case FIELD_TARGET:
        lua_pushstring(L, st_target_name(lua->target));
        break;
    case FIELD_ARGS:
        push_args(L, run);
        break;
    case FIELD_PID:
        lua_pushinteger(L, getpid());
        break;
    case FIELD_TID:
        lua_pushinteger(L, syscall(SYS_gettid));
        break;
    case FIELD_PC:
        lua_pushinteger(L, lua->ops && lua->ops->pc ?
                        (lua_Integer)lua->ops->pc(call->guest) : 0);
        break;
    case FIELD_ENDIAN:
        lua_pushstring(L, st_big_endian(lua->target) ? ">" : "<");
        break;
    case FIELD_BITS:
        lua_pushinteger(L, st_word_bits(lua->target));
        break;
    }
}

static int call_index(lua_State *L)
{
    struct re_lua_run *run = re_lua_call_check(L);

    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) == LUA_TNUMBER) {
        push_field(L, run, lua_tointeger(L, -1));
    }
    return 1;
}

static int call_newindex(lua_State *L)
{
    return luaL_error(L, "cannot set '%s' of a call; what can be set are its "
                         "arguments, call.args.NAME",
                         luaL_tolstring(L, 2, NULL));
}

/* --- arguments --------------------------------------------------------- */

static uint64_t extend(uint64_t value, unsigned width, bool is_signed)
{
    uint64_t sign;

    if (width >= 64) {
        return value;
    }
    sign = (uint64_t)1 << (width - 1);
    value &= 2 * sign - 1;
    return is_signed ? (value ^ sign) - sign : value;
}

/* An argument's value at its declared width and sign. */
static uint64_t get_value(const struct st_arg *arg,
                          const uint64_t regs[ST_MAX_REGS])
{
    uint64_t first = (uint32_t)regs[arg->reg], second;

    if (arg->pair == ST_PAIR_NONE) {
        return extend(regs[arg->reg], arg->width, arg->is_signed);
    }
    second = (uint32_t)regs[arg->reg + 1];
    return arg->pair == ST_PAIR_LOW_HIGH ? second << 32 | first :
           first << 32 | second;
}

/* Sets registers as do_syscall has them: 32-bit ones are sign-extended. */
static void set_value(const struct re_lua *lua, const struct st_arg *arg,
                      uint64_t regs[ST_MAX_REGS], uint64_t value)
{
    bool word32 = st_word_bits(lua->target) == 32;
    uint64_t low = extend(value, 32, true);
    uint64_t high = extend(value >> 32, 32, true);

    if (arg->pair != ST_PAIR_NONE) {
        bool low_first = arg->pair == ST_PAIR_LOW_HIGH;

        regs[arg->reg] = low_first ? low : high;
        regs[arg->reg + 1] = low_first ? high : low;
    } else {
        value = extend(value, arg->width, arg->is_signed);
        regs[arg->reg] = word32 ? extend(value, 32, true) : value;
    }
}

/* The run behind the arguments' object at index 1. */
static struct re_lua_run *check_args(lua_State *L)
{
    return check_object(L, to_object(L, re_lua_owner(L)->args_identity,
                                     ARGS_TYPE));
}

/* The position, from 0, of the argument that the key at an index means; -1:
 * none. Keys are 1 .. 6, the kernel's names, and "arg0" .. "arg5". */
static int find_arg(lua_State *L, int index, const struct re_lua_args *args)
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

/* The argument at a position; a whole register where nothing is known. */
static struct st_arg arg_at(const struct re_lua *lua,
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

static int args_index(lua_State *L)
{
    struct re_lua_run *run = check_args(L);
    const struct re_lua_args *args = re_lua_slot_args(L, run->call->slot);
    int position = find_arg(L, 2, args);
    struct st_arg arg;

    if (position < 0) {
        lua_pushnil(L);
        return 1;
    }
    arg = arg_at(re_lua_owner(L), args, position);
    lua_pushinteger(L, (lua_Integer)get_value(&arg, run->call->args));
    return 1;
}

/* The value to assign at index 3. */
static lua_Integer check_value(lua_State *L, const struct st_arg *arg)
{
    const char *key = luaL_tolstring(L, 2, NULL);
    lua_Integer value;
    int is_integer;

    if (lua_type(L, 3) == LUA_TSTRING &&
        (arg->kind == ST_KIND_PATH || arg->kind == ST_KIND_STRING)) {
        luaL_error(L, "argument '%s' is a pointer: a string cannot be assigned "
                      "to it; write the bytes to guest memory and assign their "
                      "address", key);
    }
    value = lua_type(L, 3) == LUA_TNUMBER ?
            lua_tointegerx(L, 3, &is_integer) : (is_integer = 0);
    if (!is_integer) {
        luaL_error(L, "argument '%s' takes an integer, not a %s", key,
                   luaL_typename(L, 3));
    }
    if (arg->width < 64 && (value < -((lua_Integer)1 << (arg->width - 1)) ||
                            value >= (lua_Integer)1 << arg->width)) {
        luaL_error(L, "%I does not fit the %d bits of argument '%s'",
                   value, arg->width, key);
    }
    return value;
}

static int args_newindex(lua_State *L)
{
    struct re_lua_run *run = check_args(L);
    struct re_lua *lua = re_lua_owner(L);
    const struct re_lua_args *args = re_lua_slot_args(L, run->call->slot);
    int position = find_arg(L, 2, args);
    struct st_arg arg;

    if (position < 0) {
        return luaL_error(L, "the call has no argument '%s'",
                          luaL_tolstring(L, 2, NULL));
    }
    arg = arg_at(lua, args, position);
    set_value(lua, &arg, run->call->args, check_value(L, &arg));
    return 0;
}

static int args_len(lua_State *L)
{
    struct re_lua_run *run = check_args(L);
    const struct re_lua_args *args = re_lua_slot_args(L, run->call->slot);

    lua_pushinteger(L, args->count < 0 ? ST_MAX_ARGS : args->count);
    return 1;
}

/* The iterator of pairs(call.args): names and values, in the call's order. */
static int args_next(lua_State *L)
{
    struct re_lua_run *run = check_args(L);
    const struct re_lua_args *args = re_lua_slot_args(L, run->call->slot);
    int count = args->count < 0 ? ST_MAX_ARGS : args->count;
    int position = lua_isnil(L, 2) ? 0 : find_arg(L, 2, args) + 1;
    struct st_arg arg;

    if (position >= count) {
        return 0;
    }
    arg = arg_at(re_lua_owner(L), args, position);
    if (arg.name) {
        lua_pushstring(L, arg.name);
    } else {
        lua_pushfstring(L, "arg%d", position);
    }
    lua_pushinteger(L, (lua_Integer)get_value(&arg, run->call->args));
    return 2;
}

static int args_pairs(lua_State *L)
{
    check_args(L);
    lua_pushcfunction(L, args_next);
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    return 3;
}

/* --- opening ----------------------------------------------------------- */

static const luaL_Reg call_methods[] = {
    { "run", method_run },
    { "log", method_log },
    { NULL, NULL },
};

static const luaL_Reg args_metamethods[] = {
    { "__index", args_index },
    { "__newindex", args_newindex },
    { "__len", args_len },
    { "__pairs", args_pairs },
    { NULL, NULL },
};

/* Keeps the metatable on top of the stack, closed to handlers, and pops it. */
static int keep_metatable(lua_State *L, const void **ret_identity)
{
    lua_pushboolean(L, 0);          /* getmetatable() gives no way in */
    lua_setfield(L, -2, "__metatable");
    *ret_identity = lua_topointer(L, -1);
    return luaL_ref(L, LUA_REGISTRYINDEX);
}

int re_lua_call_open(lua_State *L)
{
    struct re_lua *lua = re_lua_owner(L);

    luaL_newmetatable(L, CALL_TYPE);
    lua_newtable(L);
    luaL_setfuncs(L, call_methods, 0);
    luaL_setfuncs(L, re_lua_memory_methods, 0);
    for (unsigned i = 0; i < sizeof(field_names) / sizeof(*field_names); i++) {
        lua_pushinteger(L, i);
        lua_setfield(L, -2, field_names[i]);
    }
    lua_pushcclosure(L, call_index, 1);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, call_newindex);
    lua_setfield(L, -2, "__newindex");
    lua->call_metatable = keep_metatable(L, &lua->call_identity);
    luaL_newmetatable(L, ARGS_TYPE);
    luaL_setfuncs(L, args_metamethods, 0);
    lua->args_metatable = keep_metatable(L, &lua->args_identity);
    return 0;
}
