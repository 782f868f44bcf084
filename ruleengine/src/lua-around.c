/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules around every call: a directory's entry.lua defines
 *
 *     entry(name, num, arg1 .. arg8) -> change, result
 *
 * which is asked before the call's own rule, and finish.lua
 *
 *     finish(name, num, result, changed, arg1 .. arg8)
 *
 * which is told afterwards. "change" is true or 1 when the call is done.
 */
#include "lua-private.h"

/* The rule that stands for both and the call's own, in Lua; "own" is nil where
 * the call has none. */
static const char around[] =
    "local entry, finish, own, name, run = ...\n"
    "local function decide(num, ...)\n"
    "  if entry then\n"
    "    local change, result = entry(name, num, ...)\n"
    "    if change == true or change == 1 then return 1, result end\n"
    "  end\n"
    "  if own then return own(num, ...) end\n"
    "  return 0\n"
    "end\n"
    "return function(num, ...)\n"
    "  local action, result = decide(num, ...)\n"
    "  if not finish then return action, result end\n"
    "  local changed = action == 1\n"
    "  result = changed and (result or 0) or not changed and run(num, ...)\n"
    "  finish(name, num, result, changed, ...)\n"
    "  return 1, result\n"
    "end\n";

static bool push_global(lua_State *L, const char *name)
{
    lua_pushglobaltable(L);
    lua_pushstring(L, name);
    lua_rawget(L, -2);
    lua_remove(L, -2);
    return lua_isfunction(L, -1);
}

bool re_lua_around_wanted(lua_State *L)
{
    bool wanted = push_global(L, "entry");

    wanted |= push_global(L, "finish");
    lua_pop(L, 2);
    return wanted;
}

void re_lua_around_push(lua_State *L, const char *syscall)
{
    if (luaL_loadbufferx(L, around, sizeof(around) - 1, "=rules", "t") !=
        LUA_OK) {
        lua_error(L);
    }
    lua_insert(L, -2);                  /* chunk, own */
    if (!push_global(L, "entry")) {
        lua_pop(L, 1);
        lua_pushnil(L);
    }
    lua_insert(L, -2);                  /* chunk, entry, own */
    if (!push_global(L, "finish")) {
        lua_pop(L, 1);
        lua_pushnil(L);
    }
    lua_insert(L, -2);                  /* chunk, entry, finish, own */
    lua_pushstring(L, syscall);
    lua_getglobal(L, "c_do_syscall");
    lua_call(L, 5, 1);
}
