/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What handlers put into the log:
 *
 *     call:log(text)               a message
 *     call:log{ event = "x" }      data: members of the record, by their names
 *     log(...)                     the same, where there is no call at hand
 *
 * Each is a record of its own. Everything is escaped: a handler that logs what
 * its guest says cannot make the guest write records.
 */
#include "lua-private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "record.h"

#define DATA_MAX 32         /* members of one record */
#define KEY_MAX 64          /* bytes of their names */

/* "file:line" of the Lua function that has called C, or "lua". */
static void place(lua_State *L, char *buf, size_t size)
{
    lua_Debug ar;

    snprintf(buf, size, "lua");
    if (lua_getstack(L, 1, &ar) && lua_getinfo(L, "Sl", &ar) &&
        ar.currentline > 0) {
        snprintf(buf, size, "%.120s:%d",
                 *ar.source == '@' ? ar.source + 1 : ar.short_src,
                 ar.currentline);
    }
}

static void log_text(lua_State *L, int index)
{
    struct re_lua *lua = re_lua_owner(L);
    luaL_Buffer clean;
    const char *text;
    char source[160];
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
    place(L, source, sizeof(source));
    if (lua->audit) {
        re_audit_message(lua->audit, source, text);
    }
}

/* --- data -------------------------------------------------------------- */

static bool is_key(const char *key, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = key[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
            !(c >= '0' && c <= '9') && c != '_' && c != '-' && c != '.') {
            return false;
        }
    }
    return len > 0 && len <= KEY_MAX;
}

/* The member whose key and value are on top of the stack. Text stays there as
 * long as the values do: converted ones are left on the stack below. */
static struct re_datum datum(lua_State *L)
{
    struct re_datum d = { .kind = RE_DATUM_TEXT };
    int is_integer = 0;
    size_t len;

    if (lua_type(L, -2) != LUA_TSTRING) {
        luaL_error(L, "what is logged by name has names, not positions");
    }
    d.key = lua_tolstring(L, -2, &len);
    if (!is_key(d.key, len)) {
        luaL_error(L, "the name '%s' is not made of letters, digits, '_', '-' "
                      "and '.', or longer than %d", d.key, KEY_MAX);
    }
    if (lua_type(L, -1) == LUA_TNUMBER) {
        d.number = lua_tointegerx(L, -1, &is_integer);
        d.kind = is_integer ? RE_DATUM_INTEGER : RE_DATUM_TEXT;
    } else if (lua_type(L, -1) == LUA_TBOOLEAN) {
        d.kind = RE_DATUM_BOOLEAN;
        d.number = lua_toboolean(L, -1);
    }
    if (d.kind == RE_DATUM_TEXT) {
        d.text = luaL_tolstring(L, -1, &d.len);
        lua_insert(L, -3);          /* keeps it alive, below key and value */
    }
    return d;
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct re_datum *)a)->key,
                  ((const struct re_datum *)b)->key);
}

static void log_data(lua_State *L, int table)
{
    struct re_lua *lua = re_lua_owner(L);
    struct re_datum data[DATA_MAX];
    char source[160];
    unsigned count = 0;

    luaL_checkstack(L, DATA_MAX + 8, NULL);
    place(L, source, sizeof(source));
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
        if (count == DATA_MAX) {
            luaL_error(L, "more than %d members in one record", DATA_MAX);
        }
        data[count++] = datum(L);
    }
    qsort(data, count, sizeof(*data), by_key);
    if (lua->audit) {
        re_audit_data(lua->audit, source, data, count);
    }
}

void re_lua_log(lua_State *L, int index)
{
    if (lua_type(L, index) == LUA_TTABLE &&
        luaL_getmetafield(L, index, "__tostring") == LUA_TNIL) {
        log_data(L, lua_absindex(L, index));
    } else {
        log_text(L, lua_absindex(L, index));
    }
}

int re_lua_log_function(lua_State *L)
{
    luaL_checkany(L, 1);
    re_lua_log(L, 1);
    return 0;
}
