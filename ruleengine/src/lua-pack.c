/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * string.pack and string.unpack with the guest's layout:
 *
 *     call:pack(format, ...)               bytes
 *     call:unpack(format, bytes [, at])    values, and where the next one is
 *     call:unpack(format, addr)            the same out of guest memory; nil,
 *                                          "EFAULT"
 *     call:packsize(format)                bytes
 *
 * Formats are Lua's, in the guest's byte order, but for these options:
 *
 *     l L     long and unsigned long       as wide as the guest's
 *     T P     size_t and pointers          likewise
 *     s       a string behind its size_t   likewise
 *     !       alignment                    at most that of the guest's 64 bits
 *     =       byte order                   the guest's
 */
#include "lua-private.h"

#include <string.h>

#define FORMAT_MAX 512      /* bytes of a format, translated */

/* The targets whose 64-bit integers are not aligned to 8 bytes in
 * structures. */
static unsigned max_align(const struct re_lua *lua)
{
    static const struct {
        const char *target;
        unsigned align;
    } narrow[] = {
        { "i386", 4 }, { "m68k", 2 }, { "microblaze", 4 },
        { "microblazeel", 4 }, { "or1k", 4 }, { "sh4", 4 }, { "sh4eb", 4 },
    };

    for (size_t i = 0; i < sizeof(narrow) / sizeof(narrow[0]); i++) {
        if (!strcmp(st_target_name(lua->target), narrow[i].target)) {
            return narrow[i].align;
        }
    }
    return 8;
}

/* Pushes the format at an index in Lua's terms. */
static void translate(lua_State *L, int index)
{
    struct re_lua *lua = re_lua_owner(L);
    char word = st_word_bits(lua->target) == 64 ? '8' : '4';
    const char *from = luaL_checkstring(L, index);
    luaL_Buffer to;

    luaL_argcheck(L, strlen(from) < FORMAT_MAX, index, "too long");
    luaL_buffinit(L, &to);
    luaL_addchar(&to, st_big_endian(lua->target) ? '>' : '<');
    for (; *from; from++) {
        bool sized = from[1] >= '0' && from[1] <= '9';

        switch (*from) {
        case 'l':
            luaL_addchar(&to, 'i');
            luaL_addchar(&to, word);
            break;
        case 'L':
        case 'T':
        case 'P':
            luaL_addchar(&to, 'I');
            luaL_addchar(&to, word);
            break;
        case 's':
            luaL_addchar(&to, 's');
            if (!sized) {
                luaL_addchar(&to, word);
            }
            break;
        case '!':
            luaL_addchar(&to, '!');
            if (!sized) {
                luaL_addchar(&to, '0' + max_align(lua));
            }
            break;
        case '=':
            luaL_addchar(&to, st_big_endian(lua->target) ? '>' : '<');
            break;
        default:
            luaL_addchar(&to, *from);
        }
    }
    luaL_pushresult(&to);
}

/* Calls a function of the string library with what is above "base". */
static int call_string(lua_State *L, const char *function, int base)
{
    lua_getfield(L, LUA_REGISTRYINDEX, function);
    lua_insert(L, base + 1);
    lua_call(L, lua_gettop(L) - base - 1, LUA_MULTRET);
    return lua_gettop(L) - base;
}

static int method_pack(lua_State *L)
{
    re_lua_call_check(L);
    translate(L, 2);
    lua_replace(L, 2);
    return call_string(L, "call.pack", 1);
}

static int method_packsize(lua_State *L)
{
    re_lua_call_check(L);
    translate(L, 2);
    return call_string(L, "call.packsize", 2);
}

static int method_unpack(lua_State *L)
{
    uint64_t addr;
    lua_Integer size;
    bool valid;

    re_lua_call_check(L);
    translate(L, 2);
    lua_replace(L, 2);
    if (lua_type(L, 3) == LUA_TSTRING) {
        return call_string(L, "call.unpack", 1);
    }
    valid = re_lua_check_address(L, 3, &addr);
    lua_settop(L, 3);
    lua_pushvalue(L, 2);
    call_string(L, "call.packsize", 3);
    size = lua_tointeger(L, -1);
    lua_settop(L, 2);
    if (!valid || !re_lua_push_bytes_at(L, addr, size)) {
        return re_lua_push_efault(L);
    }
    return call_string(L, "call.unpack", 1);
}

const luaL_Reg re_lua_pack_methods[] = {
    { "pack", method_pack },
    { "packsize", method_packsize },
    { "unpack", method_unpack },
    { NULL, NULL },
};

/* The string library's own functions, whatever handlers make of their names. */
void re_lua_pack_open(lua_State *L)
{
    static const char *const names[] = { "pack", "packsize", "unpack" };
    char key[32];

    lua_getglobal(L, LUA_STRLIBNAME);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        strcpy(key, "call.");
        strcat(key, names[i]);
        lua_getfield(L, -1, names[i]);
        lua_setfield(L, LUA_REGISTRYINDEX, key);
    }
    lua_pop(L, 1);
}
