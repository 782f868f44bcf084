/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Structures in guest memory, and socket addresses, as tables:
 *
 *     call:get(name, addr [, count])   { st_size = ..., ... }; with a count, a
 *                                      list of them; nil, "EFAULT"
 *     call:put(name, addr, table)      sets the members in the table, leaves
 *                                      the others; true, or nil, "EFAULT"
 *     call:sizeof(name)                bytes
 *     call:decode(argument)            what an argument leads to
 *     call:encode(argument, value)     the other way
 *     call.address                     { family = "AF_INET", port = 80,
 *                                      addr = "192.0.2.1" }, readable and assignable
 *
 * Layouts are the emulator's own: struct re_guest_ops.layouts.
 */
#include "lua-private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#define STRUCT_MAX 1024     /* bytes of the longest structure */
#define LIST_MAX 1024       /* structures of one call:get() */
#define BUFFER_MAX 65536    /* bytes that call:decode() gives of a buffer */

/* --- structures -------------------------------------------------------- */

static const struct re_layout *find_layout(const struct re_lua *lua,
                                           const char *name)
{
    const struct re_layout *l = lua->ops ? lua->ops->layouts : NULL;

    for (; l && l->name; l++) {
        if (!strcmp(l->name, name)) {
            return l;
        }
    }
    return NULL;
}

static const struct re_layout *check_layout(lua_State *L, int index)
{
    const char *name = luaL_checkstring(L, index);
    const struct re_layout *l = find_layout(re_lua_owner(L), name);

    if (!l || l->size > STRUCT_MAX) {
        luaL_error(L, "the layout of 'struct %s' is not known", name);
    }
    return l;
}

static const struct re_field *find_field(const struct re_layout *l,
                                         const char *name)
{
    for (unsigned i = 0; i < l->count; i++) {
        if (!strcmp(l->fields[i].name, name)) {
            return &l->fields[i];
        }
    }
    return NULL;
}

static void push_struct(lua_State *L, const struct re_layout *l,
                        const uint8_t *bytes)
{
    struct re_lua *lua = re_lua_owner(L);

    lua_createtable(L, 0, l->count);
    for (unsigned i = 0; i < l->count; i++) {
        const struct re_field *f = &l->fields[i];
        const uint8_t *at = bytes + f->offset;
        uint64_t value;

        if (f->kind == RE_FIELD_TEXT) {
            lua_pushlstring(L, (const char *)at,
                            strnlen((const char *)at, f->size));
        } else {
            value = re_lua_to_host(lua, at, f->size);
            if (f->kind == RE_FIELD_SIGNED && f->size < 8) {
                uint64_t sign = UINT64_C(1) << (8 * f->size - 1);

                value = (value ^ sign) - sign;
            }
            lua_pushinteger(L, (lua_Integer)value);
        }
        lua_setfield(L, -2, f->name);
    }
}

/* A member out of the value on top of the stack. */
static void set_field(lua_State *L, const struct re_field *f, uint8_t *bytes)
{
    size_t len;

    if (f->kind == RE_FIELD_TEXT) {
        const char *text = luaL_checklstring(L, -1, &len);

        if (len >= f->size) {
            luaL_error(L, "'%s' takes at most %d bytes", f->name, f->size - 1);
        }
        memset(bytes + f->offset, 0, f->size);
        memcpy(bytes + f->offset, text, len);
    } else {
        int is_integer;
        lua_Integer value = lua_tointegerx(L, -1, &is_integer);

        if (!is_integer) {
            luaL_error(L, "'%s' takes an integer, not a %s", f->name,
                       luaL_typename(L, -1));
        }
        if (f->size < 8 && (value < -((lua_Integer)1 << (8 * f->size - 1)) ||
                            value >= (lua_Integer)1 << 8 * f->size)) {
            luaL_error(L, "%I does not fit the %d bits of '%s'", value,
                       8 * f->size, f->name);
        }
        re_lua_to_guest(re_lua_owner(L), bytes + f->offset, f->size, value);
    }
}

static int get(lua_State *L, const struct re_layout *l, uint64_t addr)
{
    uint8_t bytes[STRUCT_MAX];

    if (!re_lua_read_guest(L, addr, bytes, l->size)) {
        return re_lua_push_efault(L);
    }
    push_struct(L, l, bytes);
    return 1;
}

static int put(lua_State *L, const struct re_layout *l, uint64_t addr,
               int table)
{
    uint8_t bytes[STRUCT_MAX];

    luaL_checktype(L, table, LUA_TTABLE);
    if (!re_lua_read_guest(L, addr, bytes, l->size)) {
        return re_lua_push_efault(L);
    }
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
        const struct re_field *f = lua_type(L, -2) != LUA_TSTRING ? NULL :
            find_field(l, lua_tostring(L, -2));

        if (!f) {
            return luaL_error(L, "'struct %s' has no member '%s'", l->name,
                              luaL_tolstring(L, -2, NULL));
        }
        set_field(L, f, bytes);
    }
    if (!re_lua_write_guest(L, addr, bytes, l->size)) {
        return re_lua_push_efault(L);
    }
    lua_pushboolean(L, 1);
    return 1;
}

static int method_get(lua_State *L)
{
    const struct re_layout *l;
    lua_Integer count;
    uint64_t addr;
    bool valid;

    re_lua_call_check(L);
    l = check_layout(L, 2);
    valid = re_lua_check_address(L, 3, &addr);
    if (lua_isnoneornil(L, 4)) {
        return valid ? get(L, l, addr) : re_lua_push_efault(L);
    }
    count = luaL_checkinteger(L, 4);
    luaL_argcheck(L, count >= 0 && count <= LIST_MAX, 4, "out of range");
    lua_createtable(L, count, 0);
    for (lua_Integer i = 0; i < count; i++) {
        if (!valid || get(L, l, addr + i * l->size) != 1) {
            return re_lua_push_efault(L);
        }
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

static int method_put(lua_State *L)
{
    const struct re_layout *l;
    uint64_t addr;
    bool valid;

    re_lua_call_check(L);
    l = check_layout(L, 2);
    valid = re_lua_check_address(L, 3, &addr);
    luaL_checktype(L, 4, LUA_TTABLE);
    return valid ? put(L, l, addr, 4) : re_lua_push_efault(L);
}

static int method_sizeof(lua_State *L)
{
    re_lua_call_check(L);
    lua_pushinteger(L, check_layout(L, 2)->size);
    return 1;
}

/* --- socket addresses -------------------------------------------------- */

/* Where a call has its address. */
struct place {
    struct st_arg addr, len;
    bool out;               /* filled by the kernel; the length is in memory */
};

static bool find_address(lua_State *L, const struct re_lua_run *run,
                         struct place *ret)
{
    const struct re_lua_args *args = re_lua_slot_args(L, run->call->slot);

    for (int i = 0; i + 1 < args->count; i++) {
        enum st_kind kind = args->args[i].kind;

        if (kind == ST_KIND_SOCKADDR || kind == ST_KIND_SOCKADDR_OUT) {
            ret->addr = args->args[i];
            ret->len = args->args[i + 1];
            ret->out = kind == ST_KIND_SOCKADDR_OUT;
            return true;
        }
    }
    return false;
}

/* The guest's address in bytes: how many, 0 when there is none. */
static size_t read_address(lua_State *L, const struct re_lua_run *run,
                           const struct place *at,
                           uint8_t bytes[RE_SOCKADDR_MAX])
{
    struct re_lua *lua = re_lua_owner(L);
    uint64_t addr = re_lua_arg_get(&at->addr, run->call->args);
    uint64_t len = re_lua_arg_get(&at->len, run->call->args);
    uint8_t four[4];

    if (at->out) {
        if (!len || !re_lua_read_guest(L, len, four, sizeof(four))) {
            return 0;
        }
        len = re_lua_to_host(lua, four, sizeof(four));
    }
    len = (uint32_t)len > RE_SOCKADDR_MAX ? RE_SOCKADDR_MAX : (uint32_t)len;
    return len >= 2 && addr && re_lua_read_guest(L, addr, bytes, len) ?
        len : 0;
}

static unsigned family_number(const struct re_lua *lua, const char *name)
{
    uint64_t value = 0;

    return st_constant(lua->target, 0, name, &value) < 0 ? 0 : value;
}

static void push_family(lua_State *L, unsigned family)
{
    char name[64];

    st_format_constant(re_lua_owner(L)->target,
                       st_family_by_name("address families"), family, name,
                       sizeof(name));
    lua_pushstring(L, name);
    lua_setfield(L, -2, "family");
}

static void push_inet(lua_State *L, int family, const uint8_t *ip,
                      const uint8_t *port)
{
    char text[INET6_ADDRSTRLEN];

    inet_ntop(family, ip, text, sizeof(text));
    lua_pushstring(L, text);
    lua_setfield(L, -2, "addr");
    lua_pushinteger(L, port[0] << 8 | port[1]);
    lua_setfield(L, -2, "port");
}

static void push_address(lua_State *L, const uint8_t *bytes, size_t len)
{
    struct re_lua *lua = re_lua_owner(L);
    unsigned family = re_lua_to_host(lua, bytes, 2);
    const char *path = (const char *)bytes + 2;

    lua_newtable(L);
    push_family(L, family);
    if (family == family_number(lua, "AF_INET") && len >= 8) {
        push_inet(L, AF_INET, bytes + 4, bytes + 2);
    } else if (family == family_number(lua, "AF_INET6") && len >= 24) {
        push_inet(L, AF_INET6, bytes + 8, bytes + 2);
    } else if (family == family_number(lua, "AF_UNIX") && len > 2) {
        if (*path) {
            lua_pushlstring(L, path, strnlen(path, len - 2));
        } else {
            lua_pushliteral(L, "@");
            lua_pushlstring(L, path + 1, len - 3);
            lua_concat(L, 2);
        }
        lua_setfield(L, -2, "unix");
    } else {
        lua_pushlstring(L, path, len - 2);
        lua_setfield(L, -2, "bytes");
    }
}

int re_lua_address_push(lua_State *L, struct re_lua_run *run)
{
    uint8_t bytes[RE_SOCKADDR_MAX];
    struct place at;
    size_t len;

    len = find_address(L, run, &at) ? read_address(L, run, &at, bytes) : 0;
    if (len) {
        push_address(L, bytes, len);
    } else {
        lua_pushnil(L);
    }
    return 1;
}

/* "unix", in the guest's layout: the length. */
static size_t put_unix(lua_State *L, const char *path, size_t len,
                       uint8_t bytes[RE_SOCKADDR_MAX])
{
    if (len >= sizeof(((struct sockaddr_un *)0)->sun_path)) {
        luaL_error(L, "the path of a local socket is longer than %d bytes",
                   (int)sizeof(((struct sockaddr_un *)0)->sun_path) - 1);
    }
    re_lua_to_guest(re_lua_owner(L), bytes, 2,
                 family_number(re_lua_owner(L), "AF_UNIX"));
    memcpy(bytes + 2, path, len + 1);
    if (*path == '@') {
        bytes[2] = 0;
        return 2 + len;
    }
    return 2 + len + 1;
}

static size_t put_inet(lua_State *L, const char *ip,
                       uint8_t bytes[RE_SOCKADDR_MAX])
{
    struct re_lua *lua = re_lua_owner(L);
    bool six = strchr(ip, ':');
    unsigned family = re_lua_to_host(lua, bytes, 2);
    unsigned wanted = family_number(lua, six ? "AF_INET6" : "AF_INET");
    uint8_t port[2] = { bytes[2], bytes[3] };

    if (family != wanted) {
        memset(bytes, 0, RE_SOCKADDR_MAX);
    }
    if (inet_pton(six ? AF_INET6 : AF_INET, ip, bytes + (six ? 8 : 4)) != 1) {
        luaL_error(L, "'%s' is not an address", ip);
    }
    re_lua_to_guest(lua, bytes, 2, wanted);
    memcpy(bytes + 2, port, sizeof(port));
    return six ? 28 : 16;
}

/* The table at an index laid over the bytes that there are. */
static size_t make_address(lua_State *L, int index,
                           uint8_t bytes[RE_SOCKADDR_MAX], size_t len)
{
    lua_Integer port;
    size_t size;

    memset(bytes + len, 0, RE_SOCKADDR_MAX - len);
    if (lua_getfield(L, index, "unix") != LUA_TNIL) {
        const char *path = luaL_checklstring(L, -1, &size);

        memset(bytes, 0, RE_SOCKADDR_MAX);
        return put_unix(L, path, size, bytes);
    }
    if (lua_getfield(L, index, "addr") != LUA_TNIL) {
        len = put_inet(L, luaL_checkstring(L, -1), bytes);
    }
    if (lua_getfield(L, index, "port") != LUA_TNIL) {
        port = luaL_checkinteger(L, -1);
        if (port < 0 || port > 65535) {
            luaL_error(L, "%I is not a port", port);
        }
        if (len < 8) {
            luaL_error(L, "a port alone is no address: give 'addr', too");
        }
        bytes[2] = port >> 8;
        bytes[3] = port;
    }
    lua_pop(L, 3);
    return len;
}

/* Into the guest's own memory, as the kernel does: cut to the room that the
 * guest says it has, with the whole length. */
static int write_address(lua_State *L, const struct re_lua_run *run,
                         const struct place *at, const uint8_t *bytes,
                         size_t len)
{
    struct re_lua *lua = re_lua_owner(L);
    uint64_t addr = re_lua_arg_get(&at->addr, run->call->args);
    uint64_t where = re_lua_arg_get(&at->len, run->call->args);
    uint8_t four[4];
    size_t room;

    if (!addr || !re_lua_read_guest(L, where, four, sizeof(four))) {
        return 0;           /* the guest does not ask */
    }
    room = re_lua_to_host(lua, four, sizeof(four));
    re_lua_to_guest(lua, four, sizeof(four), len);
    if (!re_lua_write_guest(L, addr, bytes, room < len ? room : len) ||
        !re_lua_write_guest(L, where, four, sizeof(four))) {
        return luaL_error(L, "the guest's address cannot be written");
    }
    return 0;
}

int re_lua_address_assign(lua_State *L, struct re_lua_run *run, int index)
{
    uint8_t bytes[RE_SOCKADDR_MAX];
    struct place at;
    size_t len;

    if (!find_address(L, run, &at)) {
        return luaL_error(L, "the call has no socket address");
    }
    if (lua_type(L, index) == LUA_TSTRING) {
        const char *text = lua_tolstring(L, index, &len);

        luaL_argcheck(L, len <= sizeof(bytes), index, "too long");
        memcpy(bytes, text, len);
    } else {
        luaL_checktype(L, index, LUA_TTABLE);
        len = read_address(L, run, &at, bytes);
        len = make_address(L, index, bytes, len);
    }
    if (at.out) {
        return write_address(L, run, &at, bytes, len);
    }
    re_lua_arg_keep(L, run, &at.addr, (const char *)bytes, len);
    re_lua_arg_put(re_lua_owner(L), &at.len, run->call->args, len);
    return 0;
}

/* --- arguments --------------------------------------------------------- */

/* The layout of what an argument's type points to, "const struct stat *". */
static const struct re_layout *layout_of(const struct re_lua *lua,
                                         const struct re_lua_run *run,
                                         const struct st_arg *arg)
{
    const char *type = arg->type ? strstr(arg->type, "struct ") : NULL;
    const char *call = run->call->slot < 0 ? NULL :
        st_slot_name(lua->target, run->call->slot);
    char name[64];

    if (!type) {
        return NULL;
    }
    snprintf(name, sizeof(name), "%s", type + strlen("struct "));
    name[strcspn(name, " *")] = '\0';
    /* The emulator fills in its newest structure for this one. */
    if (!strcmp(name, "stat") && call && !strcmp(call, "newfstatat")) {
        strcpy(name, "stat64");
    }
    return find_layout(lua, name);
}

/* The bytes of a buffer whose length is the next argument. */
static int decode_buffer(lua_State *L, struct re_lua_run *run, int key,
                         uint64_t addr)
{
    const struct re_lua_args *args = re_lua_slot_args(L, run->call->slot);
    int next = re_lua_arg_find(L, key, args) + 1;
    uint64_t len;

    if (next >= args->count || args->args[next].kind != ST_KIND_SIZE) {
        lua_pushinteger(L, (lua_Integer)addr);
        return 1;
    }
    len = re_lua_arg_get(&args->args[next], run->call->args);
    return re_lua_push_bytes_at(L, addr, len < BUFFER_MAX ? len : BUFFER_MAX) ?
        1 : re_lua_push_efault(L);
}

static int method_decode(lua_State *L)
{
    struct re_lua_run *run = re_lua_call_check(L);
    struct re_lua *lua = re_lua_owner(L);
    struct st_arg arg = re_lua_arg_check(L, run, 2);
    uint64_t value = re_lua_arg_get(&arg, run->call->args);
    const struct re_layout *l;
    int err;

    switch (arg.kind) {
    case ST_KIND_PATH:
    case ST_KIND_STRING:
        err = re_lua_push_string_at(L, value, RE_PATH_MAX - 1, false);
        return err ? re_lua_push_errno(L, err) : 1;
    case ST_KIND_SOCKADDR:
    case ST_KIND_SOCKADDR_OUT:
        return re_lua_address_push(L, run);
    case ST_KIND_BUFFER:
        return decode_buffer(L, run, 2, value);
    default:
        break;
    }
    l = layout_of(lua, run, &arg);
    if (l) {
        return get(L, l, value);
    }
    if (arg.family) {
        return re_lua_flags_push(L, &arg, value);
    }
    lua_pushinteger(L, (lua_Integer)value);
    return 1;
}

static int method_encode(lua_State *L)
{
    struct re_lua_run *run = re_lua_call_check(L);
    struct re_lua *lua = re_lua_owner(L);
    struct st_arg arg = re_lua_arg_check(L, run, 2);
    const struct re_layout *l = layout_of(lua, run, &arg);

    luaL_checkany(L, 3);
    if (arg.kind == ST_KIND_SOCKADDR || arg.kind == ST_KIND_SOCKADDR_OUT) {
        re_lua_address_assign(L, run, 3);
    } else if (l && lua_type(L, 3) == LUA_TTABLE) {
        return put(L, l, re_lua_arg_get(&arg, run->call->args), 3);
    } else {
        re_lua_arg_assign(L, run, 2, 3);
    }
    lua_pushboolean(L, 1);
    return 1;
}

const luaL_Reg re_lua_struct_methods[] = {
    { "decode", method_decode },
    { "encode", method_encode },
    { "get", method_get },
    { "put", method_put },
    { "sizeof", method_sizeof },
    { NULL, NULL },
};
