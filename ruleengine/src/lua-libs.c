/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a handler may use of Lua's own libraries. A policy's handlers get what
 * can neither reach the host nor outlive their limits:
 *
 *     base    without dofile, loadfile, collectgarbage, warn; load() takes text
 *             only, setmetatable() no "__gc" (finalizers run without a limit),
 *             pcall() and xpcall() cannot catch the end of the budget, print()
 *             goes to the log (standard output is the guest's)
 *     string  without dump
 *     table, math, utf8
 *     os      time, clock, date
 *     require for files in the policy's own folder
 *     shared  lua-shared.c
 *
 * and those libraries, whole, that the policy opens ("handler-libraries").
 *
 * Rule directories get everything, with the same pcall() and xpcall().
 */
#include "lua-private.h"

/* --- pcall, xpcall ----------------------------------------------------- */

/* The results of a protected call, unless it was the budget that ended it. */
static int protected_results(lua_State *L, int status, int first)
{
    struct re_lua *lua = re_lua_owner(L);

    if (lua->current && lua->current->exceeded) {
        if (status == LUA_OK || status == LUA_YIELD) {
            lua_pushliteral(L, "the limit of instructions is used up");
        }
        return lua_error(L);
    }
    if (status != LUA_OK && status != LUA_YIELD) {
        lua_pushboolean(L, 0);
        lua_insert(L, -2);
        return 2;
    }
    return lua_gettop(L) - first + 1;
}

static int pcall_done(lua_State *L, int status, lua_KContext first)
{
    return protected_results(L, status, first);
}

static int safe_pcall(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_pushboolean(L, 1);
    lua_insert(L, 1);
    return protected_results(L, lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET,
                                           0, 1, pcall_done), 1);
}

/* The message handler of xpcall(), the upvalue, but for the end of the budget:
 * hooks are off then, so that what it runs could go on for ever. */
static int guard_handler(lua_State *L)
{
    struct re_lua *lua = re_lua_owner(L);

    if (lua->current && lua->current->exceeded) {
        return 1;
    }
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, 1, 1);
    return 1;
}

static int safe_xpcall(lua_State *L)
{
    int count = lua_gettop(L);

    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_pushvalue(L, 2);
    lua_pushcclosure(L, guard_handler, 1);
    lua_replace(L, 2);
    lua_pushboolean(L, 1);
    lua_pushvalue(L, 1);
    lua_rotate(L, 3, 2);        /* function, handler, true, function, ... */
    return protected_results(L, lua_pcallk(L, count - 2, LUA_MULTRET, 2, 3,
                                           pcall_done), 3);
}

/* --- the rest of base -------------------------------------------------- */

/* load(chunk [, name [, mode [, env]]]): as Lua's (the upvalue), for text. */
static int safe_load(lua_State *L)
{
    int count = lua_gettop(L);

    lua_settop(L, count > 4 ? 4 : count < 3 ? 3 : count);
    lua_pushliteral(L, "t");
    lua_replace(L, 3);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    return lua_gettop(L);
}

static int safe_setmetatable(lua_State *L)
{
    int type = lua_type(L, 2);

    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_argexpected(L, type == LUA_TNIL || type == LUA_TTABLE, 2,
                     "nil or table");
    if (type == LUA_TTABLE) {
        lua_pushliteral(L, "__gc");
        lua_rawget(L, 2);
        luaL_argcheck(L, lua_isnil(L, -1), 2,
                      "handlers cannot have finalizers (__gc)");
        lua_pop(L, 1);
    }
    luaL_argcheck(L, luaL_getmetafield(L, 1, "__metatable") == LUA_TNIL, 1,
                  "cannot change a protected metatable");
    lua_settop(L, 2);
    lua_setmetatable(L, 1);
    return 1;
}

static int log_print(lua_State *L)
{
    int count = lua_gettop(L);
    luaL_Buffer text;

    luaL_buffinit(L, &text);
    for (int i = 1; i <= count; i++) {
        if (i > 1) {
            luaL_addchar(&text, '\t');
        }
        luaL_tolstring(L, i, NULL);
        luaL_addvalue(&text);
    }
    luaL_pushresult(&text);
    re_lua_log(L, -1);
    return 0;
}

/* --- opening ----------------------------------------------------------- */

static const luaL_Reg guarded_functions[] = {
    { "pcall", safe_pcall },
    { "xpcall", safe_xpcall },
    { NULL, NULL },
};

static const luaL_Reg safe_functions[] = {
    { "setmetatable", safe_setmetatable },
    { "print", log_print },
    { "log", re_lua_log_function },
    { "require", re_lua_require },
    /* these go away */
    { "dofile", NULL },
    { "loadfile", NULL },
    { "collectgarbage", NULL },
    { "warn", NULL },
    { NULL, NULL },
};

/* Sets the functions of a list in the table on top; no function: nil. */
static void set_functions(lua_State *L, const luaL_Reg *list)
{
    for (; list->name; list++) {
        if (list->func) {
            lua_pushcfunction(L, list->func);
        } else {
            lua_pushnil(L);
        }
        lua_setfield(L, -2, list->name);
    }
}

static void open_safe_os(lua_State *L)
{
    static const char *const kept[] = { "time", "clock", "date" };

    luaL_requiref(L, LUA_OSLIBNAME, luaopen_os, 0);
    lua_createtable(L, 0, 3);
    for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++) {
        lua_getfield(L, -2, kept[i]);
        lua_setfield(L, -2, kept[i]);
    }
    lua_setglobal(L, LUA_OSLIBNAME);
    lua_pop(L, 1);
}

/* What the policy opens besides, whole. */
static void open_more(lua_State *L)
{
    static const struct {
        unsigned bit;
        const char *name;
        lua_CFunction open;
    } more[] = {
        { RE_LUA_IO, LUA_IOLIBNAME, luaopen_io },
        { RE_LUA_OS, LUA_OSLIBNAME, luaopen_os },
        { RE_LUA_DEBUG, LUA_DBLIBNAME, luaopen_debug },
        { RE_LUA_COROUTINE, LUA_COLIBNAME, luaopen_coroutine },
        { RE_LUA_PACKAGE, LUA_LOADLIBNAME, luaopen_package },
    };
    const struct re_lua *lua = re_lua_owner(L);

    for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
        if (lua->limits.libraries & more[i].bit) {
            luaL_requiref(L, more[i].name, more[i].open, 1);
            lua_pop(L, 1);
        }
    }
}

static void open_safe(lua_State *L)
{
    luaL_requiref(L, LUA_TABLIBNAME, luaopen_table, 1);
    luaL_requiref(L, LUA_MATHLIBNAME, luaopen_math, 1);
    luaL_requiref(L, LUA_UTF8LIBNAME, luaopen_utf8, 1);
    luaL_requiref(L, LUA_STRLIBNAME, luaopen_string, 1);
    lua_pushnil(L);
    lua_setfield(L, -2, "dump");
    lua_pop(L, 4);
    open_safe_os(L);
    open_more(L);
}

/* math.random() follows the policy's seed. */
static void seed_random(lua_State *L)
{
    struct re_lua *lua = re_lua_owner(L);

    if (lua->limits.has_seed) {
        lua_getglobal(L, LUA_MATHLIBNAME);
        lua_getfield(L, -1, "randomseed");
        lua_pushinteger(L, (lua_Integer)lua->limits.seed);
        lua_call(L, 1, 0);
        lua_pop(L, 1);
    }
}

int re_lua_libs_open(lua_State *L)
{
    struct re_lua *lua = re_lua_owner(L);

    if (lua->flavour == RE_LUA_RULES) {
        luaL_openlibs(L);
        lua_pushglobaltable(L);
    } else {
        luaL_requiref(L, LUA_GNAME, luaopen_base, 1);
        open_safe(L);
        set_functions(L, safe_functions);
        lua_getfield(L, -1, "load");
        lua_pushcclosure(L, safe_load, 1);
        lua_setfield(L, -2, "load");
    }
    set_functions(L, guarded_functions);
    lua_pop(L, 1);
    seed_random(L);
    return 0;
}
