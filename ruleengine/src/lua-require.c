/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * require(name) for handlers: NAME.lua, with "/" for ".", in the folder of the
 * policy's own handlers, and nowhere else. Files are read while the policy is
 * loaded, by way of the origin, so that programs that are executed find the
 * same text; later, require() gives what has been loaded.
 */
#include "lua-private.h"

#include <string.h>

#define NAME_MAX_BYTES 128

static bool is_name(const char *name, size_t len)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";

    return len > 0 && len <= NAME_MAX_BYTES && strspn(name, allowed) == len &&
        name[0] != '.' && name[len - 1] != '.' && !strstr(name, "..");
}

/* Pushes the module's value. */
static void load_module(lua_State *L, const char *name)
{
    struct re_lua *lua = re_lua_owner(L);
    const char *below = luaL_gsub(L, name, ".", "/");
    const char *path = lua_pushfstring(L, "%s%s.lua", lua->folder, below);

    if (re_lua_load_text(L, path) != LUA_OK) {
        lua_error(L);
    }
    lua_pushstring(L, name);
    lua_call(L, 1, 1);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_pushboolean(L, 1);
    }
}

int re_lua_require(lua_State *L)
{
    struct re_lua *lua = re_lua_owner(L);
    size_t len;
    const char *name = luaL_checklstring(L, 1, &len);

    luaL_argcheck(L, is_name(name, len), 1, "not the name of a module");
    luaL_getsubtable(L, LUA_REGISTRYINDEX, "call.modules");
    if (lua_getfield(L, -1, name) == LUA_TLIGHTUSERDATA) {
        return luaL_error(L, "module '%s' requires itself", name);
    }
    if (!lua_isnil(L, -1)) {
        return 1;
    }
    if (!lua->folder) {
        return luaL_error(L, "require('%s'): modules are loaded with the "
                             "policy, not while a handler runs", name);
    }
    lua_pushlightuserdata(L, lua);      /* being loaded */
    lua_setfield(L, 2, name);
    load_module(L, name);
    lua_pushvalue(L, -1);
    lua_setfield(L, 2, name);
    return 1;
}
