/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The call object of a handler, and that of its arguments.
 *
 * Both are light userdata: the number of the call in its state, and a bit
 *
 *     63                                        1   0
 *     +------------------------------------------+---+
 *     | struct re_lua_run.serial                 | A |   A: its arguments
 *     +------------------------------------------+---+
 *
 * so that they cost no memory and leave nothing to collect. A handler may have
 * kept an old one anywhere: no other call has its number, and it is honoured
 * only while this very handler runs (another thread's is waiting in its
 * original call). The metatable is that of all light userdata of the state;
 * there are no others that handlers can get at.
 */
#include "lua-private.h"

#include <string.h>
#include <unistd.h>
#include <sys/syscall.h>

#include "audit.h"

#define CALL_TYPE "call"
#define ARGS_TYPE "call.args"

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
    FIELD_COMM,
    FIELD_EXE,
    FIELD_ADDRESS,
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
    [FIELD_COMM] = "comm",
    [FIELD_EXE] = "exe",
    [FIELD_ADDRESS] = "address",
};

/* --- the object -------------------------------------------------------- */

static void push_object(lua_State *L, const struct re_lua_run *run, bool args)
{
    lua_pushlightuserdata(L, (void *)(uintptr_t)(run->serial << 1 | args));
}

void re_lua_call_push(lua_State *L, const struct re_lua_run *run)
{
    push_object(L, run, false);
}

/* Whether the value at index 1 is one of both objects, and which. */
static bool is_object(lua_State *L, bool args)
{
    return lua_type(L, 1) == LUA_TLIGHTUSERDATA &&
        ((uintptr_t)lua_touserdata(L, 1) & 1) == args;
}

static void refuse_object(lua_State *L, uint64_t serial)
{
    const struct re_lua *lua = re_lua_owner(L);

    for (const struct re_lua_run *r = lua->waiting; r; r = r->next) {
        if (r->serial == serial) {
            luaL_error(L, "this call belongs to another thread's handler");
        }
    }
    luaL_error(L, "this call has been answered; its object is of no use any "
                  "more");
}

static struct re_lua_run *check_object(lua_State *L, bool args,
                                       const char *type)
{
    struct re_lua_run *run = re_lua_owner(L)->current;
    uint64_t serial;

    if (!is_object(L, args)) {
        luaL_typeerror(L, 1, type);
    }
    serial = (uintptr_t)lua_touserdata(L, 1) >> 1;
    if (!run || run->serial != serial) {
        refuse_object(L, serial);
    }
    return run;
}

struct re_lua_run *re_lua_call_check(lua_State *L)
{
    return check_object(L, false, CALL_TYPE);
}

struct re_lua_run *re_lua_args_object(lua_State *L)
{
    return check_object(L, true, ARGS_TYPE);
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

void re_lua_may_yield(lua_State *L, struct re_lua_run *run, const char *what)
{
    if (L != run->thread) {
        luaL_error(L, "%s() works in the handler itself, not in a "
                      "coroutine of its own", what);
    }
    if (!lua_isyieldable(L)) {
        luaL_error(L, "%s() does not work inside a function that a "
                      "library calls (table.sort, string.gsub, ...)", what);
    }
}

static int method_run(lua_State *L)
{
    struct re_lua_run *run = re_lua_call_check(L);

    re_lua_may_yield(L, run, "call:run");
    run->wants_run = true;
    return lua_yieldk(L, 0, 0, run_done);
}

/* The thread's name: the program's, unless it has given itself another. */
static void push_comm(lua_State *L)
{
    struct re_lua *lua = re_lua_owner(L);
    char comm[RE_AUDIT_COMM_MAX];

    if (lua->audit) {
        re_audit_comm(lua->audit, comm);
        lua_pushstring(L, comm);
    } else {
        lua_pushnil(L);
    }
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
        push_object(L, run, true);
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
    case FIELD_COMM:
        push_comm(L);
        break;
    case FIELD_EXE:
        lua_pushstring(L, lua->audit ? re_audit_exe(lua->audit) : NULL);
        break;
    case FIELD_ADDRESS:
        re_lua_address_push(L, run);
        break;
    }
}

static int call_index(lua_State *L)
{
    struct re_lua_run *run;

    if (is_object(L, true)) {
        return re_lua_args_index(L);
    }
    run = re_lua_call_check(L);
    if (lua_isinteger(L, 2)) {
        return re_lua_arg_push(L, run, 2);
    }
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) == LUA_TNUMBER) {
        push_field(L, run, lua_tointeger(L, -1));
    }
    return 1;
}

static int call_newindex(lua_State *L)
{
    struct re_lua_run *run;

    if (is_object(L, true)) {
        return re_lua_args_newindex(L);
    }
    run = re_lua_call_check(L);
    if (lua_isinteger(L, 2)) {
        return re_lua_arg_assign(L, run, 2, 3);
    }
    if (lua_type(L, 2) == LUA_TSTRING &&
        !strcmp(lua_tostring(L, 2), "address")) {
        return re_lua_address_assign(L, run, 3);
    }
    return luaL_error(L, "cannot set '%s' of a call; what can be set are its "
                         "arguments, call.args.NAME",
                         luaL_tolstring(L, 2, NULL));
}

/* --- opening ----------------------------------------------------------- */

static const luaL_Reg call_methods[] = {
    { "run", method_run },
    { "log", method_log },
    { NULL, NULL },
};

int re_lua_call_open(lua_State *L)
{
    lua_pushlightuserdata(L, NULL);
    luaL_newmetatable(L, CALL_TYPE);
    luaL_setfuncs(L, re_lua_args_metamethods, 0);
    lua_newtable(L);
    luaL_setfuncs(L, call_methods, 0);
    luaL_setfuncs(L, re_lua_memory_methods, 0);
    luaL_setfuncs(L, re_lua_pack_methods, 0);
    luaL_setfuncs(L, re_lua_process_methods, 0);
    luaL_setfuncs(L, re_lua_struct_methods, 0);
    for (unsigned i = 0; i < sizeof(field_names) / sizeof(*field_names); i++) {
        lua_pushinteger(L, i);
        lua_setfield(L, -2, field_names[i]);
    }
    lua_pushcclosure(L, call_index, 1);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, call_newindex);
    lua_setfield(L, -2, "__newindex");
    lua_pushboolean(L, 0);          /* getmetatable() gives no way in */
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
    luaL_newmetatable(L, "call.flags");
    luaL_setfuncs(L, re_lua_flags_metamethods, 0);
    lua_pop(L, 1);
    re_lua_pack_open(L);
    return 0;
}
