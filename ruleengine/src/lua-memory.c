/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest memory for handlers:
 *
 *     call:read(addr, len)         bytes, or nil, "EFAULT"
 *     call:write(addr, bytes)      true, or nil, "EFAULT"
 *     call:string(addr [, max])    string, or nil, "EFAULT" or "ENAMETOOLONG"
 *     call:u8(addr) .. u64, i8 .. i64, ptr            integer, or nil, "EFAULT"
 *     call:set_u8(addr, n) .. set_u64, set_i8 .. set_i64, set_ptr
 *                                                     true, or nil, "EFAULT"
 *
 * Integers are in the guest's byte order. A value that does not fit is an
 * error of the handler, an address that the guest does not have is EFAULT.
 */
#include "lua-private.h"

#include <errno.h>
#include <string.h>

/* The longest string by default, without its NUL: a path's. */
#define STRING_MAX 4095

int re_lua_push_efault(lua_State *L)
{
    lua_pushnil(L);
    lua_pushliteral(L, "EFAULT");
    return 2;
}

bool re_lua_check_address(lua_State *L, int index, uint64_t *ret_addr)
{
    uint64_t addr = luaL_checkinteger(L, index);

    if (st_word_bits(re_lua_owner(L)->target) == 32) {
        /* A register as it is may be sign-extended. */
        if ((int64_t)addr < INT32_MIN || (int64_t)addr > UINT32_MAX) {
            return false;
        }
        addr = (uint32_t)addr;
    }
    *ret_addr = addr;
    return true;
}

bool re_lua_read_guest(lua_State *L, uint64_t addr, void *buf, size_t len)
{
    struct re_lua *lua = re_lua_owner(L);

    return lua->ops && lua->ops->read && addr + len >= addr &&
           lua->ops->read(lua->current->call->guest, addr, buf, len) == 0;
}

bool re_lua_write_guest(lua_State *L, uint64_t addr, const void *buf,
                        size_t len)
{
    struct re_lua *lua = re_lua_owner(L);

    return lua->ops && lua->ops->write && addr + len >= addr &&
           lua->ops->write(lua->current->call->guest, addr, buf, len) == 0;
}

bool re_lua_push_bytes_at(lua_State *L, uint64_t addr, size_t len)
{
    luaL_Buffer bytes;
    char *room = luaL_buffinitsize(L, &bytes, len);
    bool read = !len || re_lua_read_guest(L, addr, room, len);

    luaL_pushresultsize(&bytes, read ? len : 0);
    if (!read) {
        lua_pop(L, 1);
    }
    return read;
}

static int method_read(lua_State *L)
{
    uint64_t addr;
    lua_Integer len;
    bool valid;

    re_lua_call_check(L);
    valid = re_lua_check_address(L, 2, &addr);
    len = luaL_checkinteger(L, 3);
    luaL_argcheck(L, len >= 0, 3, "a length cannot be negative");
    return valid && re_lua_push_bytes_at(L, addr, len) ? 1 :
           re_lua_push_efault(L);
}

static int method_write(lua_State *L)
{
    const char *bytes;
    uint64_t addr;
    size_t len;
    bool valid;

    re_lua_call_check(L);
    valid = re_lua_check_address(L, 2, &addr);
    luaL_checktype(L, 3, LUA_TSTRING);
    bytes = lua_tolstring(L, 3, &len);
    if (!valid || (len && !re_lua_write_guest(L, addr, bytes, len))) {
        return re_lua_push_efault(L);
    }
    lua_pushboolean(L, 1);
    return 1;
}

/* --- strings ----------------------------------------------------------- */

int re_lua_push_string_at(lua_State *L, uint64_t addr, size_t max, bool cut)
{
    struct re_lua *lua = re_lua_owner(L);
    char small[STRING_MAX + 1];
    char *buf = small;
    luaL_Buffer large;
    ssize_t len;

    if (!lua->ops || !lua->ops->read_string || !lua->current) {
        return -EFAULT;
    }
    if (max > STRING_MAX) {
        buf = luaL_buffinitsize(L, &large, max + 1);
    }
    len = lua->ops->read_string(lua->current->call->guest, addr, buf, max + 1);
    if (len == -ENAMETOOLONG && cut) {
        len = max;
    }
    if (len < 0) {
        return len == -ENAMETOOLONG ? len : -EFAULT;
    }
    if (buf == small) {
        lua_pushlstring(L, small, len);
    } else {
        luaL_pushresultsize(&large, len);
    }
    return 0;
}

static int method_string(lua_State *L)
{
    uint64_t addr;
    lua_Integer max;
    bool valid;
    int r;

    re_lua_call_check(L);
    valid = re_lua_check_address(L, 2, &addr);
    max = luaL_optinteger(L, 3, STRING_MAX);
    luaL_argcheck(L, max >= 0 && max < INT32_MAX, 3, "out of range");
    r = valid ? re_lua_push_string_at(L, addr, max, false) : -EFAULT;
    if (r == -ENAMETOOLONG) {
        lua_pushnil(L);
        lua_pushliteral(L, "ENAMETOOLONG");
        return 2;
    }
    return r < 0 ? re_lua_push_efault(L) : 1;
}

/* --- integers ---------------------------------------------------------- */

uint64_t re_lua_to_host(const struct re_lua *lua, const uint8_t *bytes,
                     size_t size)
{
    bool big = st_big_endian(lua->target);
    uint64_t value = 0;

    for (size_t i = 0; i < size; i++) {
        value = value << 8 | bytes[big ? i : size - 1 - i];
    }
    return value;
}

void re_lua_to_guest(const struct re_lua *lua, uint8_t *bytes, size_t size,
                  uint64_t value)
{
    bool big = st_big_endian(lua->target);

    for (size_t i = 0; i < size; i++) {
        bytes[big ? size - 1 - i : i] = value >> 8 * i;
    }
}

static int get_integer(lua_State *L, size_t size, bool is_signed)
{
    uint8_t bytes[8];
    uint64_t addr, value;
    bool valid;

    re_lua_call_check(L);
    valid = re_lua_check_address(L, 2, &addr);
    if (!valid || !re_lua_read_guest(L, addr, bytes, size)) {
        return re_lua_push_efault(L);
    }
    value = re_lua_to_host(re_lua_owner(L), bytes, size);
    if (is_signed && size < 8) {
        uint64_t sign = (uint64_t)1 << (8 * size - 1);

        value = (value ^ sign) - sign;
    }
    lua_pushinteger(L, (lua_Integer)value);
    return 1;
}

static int set_integer(lua_State *L, size_t size, bool is_signed)
{
    uint8_t bytes[8];
    uint64_t addr;
    lua_Integer value, low = 0, high = 0;
    bool valid;

    re_lua_call_check(L);
    valid = re_lua_check_address(L, 2, &addr);
    value = luaL_checkinteger(L, 3);
    if (size < 8) {
        low = is_signed ? -((lua_Integer)1 << (8 * size - 1)) : 0;
        high = low + ((lua_Integer)1 << (8 * size)) - 1;
        luaL_argcheck(L, value >= low && value <= high, 3,
                      "the value does not fit");
    }
    re_lua_to_guest(re_lua_owner(L), bytes, size, value);
    if (!valid || !re_lua_write_guest(L, addr, bytes, size)) {
        return re_lua_push_efault(L);
    }
    lua_pushboolean(L, 1);
    return 1;
}

#define INTEGER_METHODS(name, size, is_signed)      \
static int get_##name(lua_State *L)                 \
{                                                   \
    return get_integer(L, size, is_signed);         \
}                                                   \
static int set_##name(lua_State *L)                 \
{                                                   \
    return set_integer(L, size, is_signed);         \
}

INTEGER_METHODS(u8, 1, false)
INTEGER_METHODS(u16, 2, false)
INTEGER_METHODS(u32, 4, false)
INTEGER_METHODS(u64, 8, false)
INTEGER_METHODS(i8, 1, true)
INTEGER_METHODS(i16, 2, true)
INTEGER_METHODS(i32, 4, true)
INTEGER_METHODS(i64, 8, true)
INTEGER_METHODS(ptr, st_word_bits(re_lua_owner(L)->target) / 8, false)

const luaL_Reg re_lua_memory_methods[] = {
    { "read", method_read },
    { "write", method_write },
    { "string", method_string },
    { "u8", get_u8 }, { "set_u8", set_u8 },
    { "u16", get_u16 }, { "set_u16", set_u16 },
    { "u32", get_u32 }, { "set_u32", set_u32 },
    { "u64", get_u64 }, { "set_u64", set_u64 },
    { "i8", get_i8 }, { "set_i8", set_i8 },
    { "i16", get_i16 }, { "set_i16", set_i16 },
    { "i32", get_i32 }, { "set_i32", set_i32 },
    { "i64", get_i64 }, { "set_i64", set_i64 },
    { "ptr", get_ptr }, { "set_ptr", set_ptr },
    { NULL, NULL },
};
