/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a handler can ask of, and do to, the process that made the call:
 * descriptors, memory of its own, registers, time; and names of the target's
 * constants.
 */
#include "lua-private.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* The most that call:alloc() gives at once, bytes. */
#define ALLOC_MAX ((lua_Integer)64 << 20)

/* The widest register, bytes: SVE's. */
#define REGISTER_MAX 256

/* nil, "EPERM", for a negative errno of the host. */
int re_lua_push_errno(lua_State *L, int err)
{
    const char *name = strerrorname_np(-err);

    lua_pushnil(L);
    lua_pushstring(L, name ? name : "EIO");
    return 2;
}

static const struct {
    const char *name;
    int host;
} open_flags[] = {
    { "O_CREAT", O_CREAT }, { "O_EXCL", O_EXCL }, { "O_TRUNC", O_TRUNC },
    { "O_APPEND", O_APPEND }, { "O_NONBLOCK", O_NONBLOCK },
    { "O_CLOEXEC", O_CLOEXEC }, { "O_DIRECTORY", O_DIRECTORY },
    { "O_NOFOLLOW", O_NOFOLLOW }, { "O_SYNC", O_SYNC },
    { "O_DSYNC", O_DSYNC }, { "O_NOCTTY", O_NOCTTY },
};

static void *guest_of(lua_State *L)
{
    return re_lua_owner(L)->current->call->guest;
}

/* --- names ------------------------------------------------------------- */

/* call:constant(name): its value on this target, or nil */
static int method_constant(lua_State *L)
{
    const char *name;
    uint64_t value;

    re_lua_call_check(L);
    name = luaL_checkstring(L, 2);
    if (st_constant(re_lua_owner(L)->target, 0, name, &value) < 0) {
        lua_pushnil(L);
    } else {
        lua_pushinteger(L, (lua_Integer)value);
    }
    return 1;
}

/* call:errno(name or number): the target's number or name, or nil */
static int method_errno(lua_State *L)
{
    struct re_lua *lua = re_lua_owner(L);
    int number;

    re_lua_call_check(L);
    if (lua_type(L, 2) == LUA_TNUMBER) {
        lua_pushstring(L, st_errno_name(lua->target, luaL_checkinteger(L, 2)));
        return 1;
    }
    number = st_errno_by_name(lua->target, luaL_checkstring(L, 2));
    if (number > 0) {
        lua_pushinteger(L, number);
    } else {
        lua_pushnil(L);
    }
    return 1;
}

/* call:flags(argument): the names that its value is made of, as a set */
static int method_flags(lua_State *L)
{
    struct re_lua_run *run = re_lua_call_check(L);
    struct st_arg arg = re_lua_arg_check(L, run, 2);

    if (!arg.family) {
        return luaL_error(L, "argument '%s' is not made of constants",
                          luaL_tolstring(L, 2, NULL));
    }
    return re_lua_flags_push(L, &arg, re_lua_arg_get(&arg, run->call->args));
}

/* --- descriptors ------------------------------------------------------- */

/* The host's open flags out of names, "O_RDWR|O_CREAT", or a number with the
 * guest's values; left out: O_RDONLY. */
int re_lua_open_flags(lua_State *L, int index)
{
    struct re_lua *lua = re_lua_owner(L);
    const struct st_arg arg = {
        .name = "flags", .width = 64, .family = st_family_by_name("open"),
    };
    uint64_t value, bit;
    int flags = 0;

    if (lua_isnoneornil(L, index)) {
        return O_RDONLY;
    }
    value = re_lua_constants(L, &arg, index);
    for (size_t i = 0; i < sizeof(open_flags) / sizeof(open_flags[0]); i++) {
        if (st_constant(lua->target, arg.family, open_flags[i].name,
                        &bit) == 0 && bit && (value & bit) == bit) {
            flags |= open_flags[i].host;
        }
    }
    return flags | (value & O_ACCMODE);
}

/* How the call at hand opens: the access and O_CLOEXEC of its open flags, or
 * O_RDWR when it has none that are an argument. */
static int flags_of_call(lua_State *L)
{
    struct re_lua_run *run = re_lua_owner(L)->current;
    const struct re_lua_args *args = re_lua_slot_args(L, run->call->slot);
    uint64_t bit = 0, value;

    for (int i = 0; i < args->count; i++) {
        if (args->args[i].family == st_family_by_name("open")) {
            st_constant(re_lua_owner(L)->target, args->args[i].family,
                        "O_CLOEXEC", &bit);
            value = re_lua_arg_get(&args->args[i], run->call->args);
            return (value & O_ACCMODE) | (value & bit ? O_CLOEXEC : 0);
        }
    }
    return O_RDWR;
}

static int method_fdpath(lua_State *L)
{
    struct re_lua *lua = re_lua_owner(L);
    char path[RE_PATH_MAX];
    lua_Integer fd;
    ssize_t len;

    re_lua_call_check(L);
    fd = luaL_checkinteger(L, 2);
    len = fd != (int)fd ? -EBADF : !lua->ops || !lua->ops->fd_path ? -ENOSYS :
        lua->ops->fd_path(guest_of(L), fd, path, sizeof(path));
    if (len < 0) {
        return re_lua_push_errno(L, len);
    }
    lua_pushlstring(L, path, len);
    return 1;
}

/* call:file(bytes [, name]): a descriptor with that content */
static int method_file(lua_State *L)
{
    struct re_lua *lua = re_lua_owner(L);
    const char *bytes, *name;
    size_t len;
    int fd;

    re_lua_call_check(L);
    bytes = luaL_checklstring(L, 2, &len);
    name = luaL_optstring(L, 3, NULL);
    fd = !lua->ops || !lua->ops->make_file ? -ENOSYS :
        lua->ops->make_file(guest_of(L), bytes, len, name,
                            flags_of_call(L));
    if (fd < 0) {
        return re_lua_push_errno(L, fd);
    }
    lua_pushinteger(L, fd);
    return 1;
}

static int64_t do_open(struct re_lua *lua, struct re_lua_run *run)
{
    return !lua->ops || !lua->ops->open_host ? -ENOSYS :
        lua->ops->open_host(run->call->guest, run->task.path, run->task.flags,
                            run->task.mode);
}

static int open_done(lua_State *L, int status, lua_KContext context)
{
    int64_t result = re_lua_owner(L)->current->result;

    (void)status, (void)context;
    if (result < 0) {
        return re_lua_push_errno(L, result);
    }
    lua_pushinteger(L, result);
    return 1;
}

int re_lua_open_host(lua_State *L, struct re_lua_run *run, const char *what,
                     int index, lua_KFunction done)
{
    size_t len;

    re_lua_may_yield(L, run, what);
    run->task.path = luaL_checklstring(L, index, &len);
    luaL_argcheck(L, strlen(run->task.path) == len, index, "has a zero byte");
    run->task.flags = re_lua_open_flags(L, index + 1);
    run->task.mode = luaL_optinteger(L, index + 2, 0666);
    run->aside = do_open;
    lua_settop(L, index);       /* the path stays while it waits */
    return lua_yieldk(L, 0, 0, done);
}

/* call:open(path [, flags [, mode]]): a descriptor of a file of the host */
static int method_open(lua_State *L)
{
    return re_lua_open_host(L, re_lua_call_check(L), "call:open", 2,
                            open_done);
}

/* --- memory ------------------------------------------------------------ */

/* The table of what call:alloc() gave: size by address. */
static void push_allocations(lua_State *L)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, "call.allocations");
}

static int method_alloc(lua_State *L)
{
    struct re_lua *lua = re_lua_owner(L);
    lua_Integer size;
    uint64_t addr;
    int err;

    re_lua_call_check(L);
    size = luaL_checkinteger(L, 2);
    luaL_argcheck(L, size > 0 && size <= ALLOC_MAX, 2, "out of range");
    push_allocations(L);
    /* The entry is there before the memory: nothing is lost to an error. */
    err = !lua->ops || !lua->ops->alloc ? -ENOSYS :
        lua->ops->alloc(guest_of(L), size, &addr);
    if (err) {
        return re_lua_push_errno(L, err);
    }
    lua_pushinteger(L, size);
    lua_rawseti(L, -2, (lua_Integer)addr);
    lua_pushinteger(L, (lua_Integer)addr);
    return 1;
}

/* Only what alloc() gave, so that a mistake takes nothing from the program. */
static int method_free(lua_State *L)
{
    struct re_lua *lua = re_lua_owner(L);
    lua_Integer addr;
    int err;

    re_lua_call_check(L);
    addr = luaL_checkinteger(L, 2);
    push_allocations(L);
    if (lua_rawgeti(L, -1, addr) == LUA_TNIL) {
        return luaL_error(L, "call:alloc() has not given that address, or it "
                             "is free already");
    }
    err = !lua->ops->release ? -ENOSYS :
        lua->ops->release(guest_of(L), addr, lua_tointeger(L, -1));
    lua_pop(L, 1);
    lua_pushnil(L);
    lua_rawseti(L, -2, addr);
    if (err) {
        return re_lua_push_errno(L, err);
    }
    lua_pushboolean(L, 1);
    return 1;
}

/* --- registers --------------------------------------------------------- */

int re_lua_register_find(lua_State *L, int index)
{
    struct re_lua *lua = re_lua_owner(L);
    struct re_register reg;
    const char *name;

    if (lua_isinteger(L, index)) {
        return lua_tointeger(L, index) >= 0 &&
            lua_tointeger(L, index) < 65536 ? lua_tointeger(L, index) : -1;
    }
    name = luaL_checkstring(L, index);
    for (unsigned i = 0; lua->ops && lua->ops->register_at &&
         lua->ops->register_at(guest_of(L), i, &reg); i++) {
        if (!strcmp(reg.name, name)) {
            return reg.number;
        }
    }
    return -1;
}

ssize_t re_lua_register_push(lua_State *L, int number)
{
    struct re_lua *lua = re_lua_owner(L);
    uint8_t bytes[REGISTER_MAX];
    ssize_t size = number < 0 || !lua->ops || !lua->ops->read_register ?
        -ENOENT : lua->ops->read_register(guest_of(L), number, bytes,
                                          sizeof(bytes));

    if (size > 8 || size == 0) {
        lua_pushlstring(L, (char *)bytes, size);
    } else if (size > 0) {
        lua_pushinteger(L, (lua_Integer)re_lua_to_host(lua, bytes, size));
    }
    return size;
}

ssize_t re_lua_register_set(lua_State *L, int number, int index)
{
    struct re_lua *lua = re_lua_owner(L);
    uint8_t bytes[REGISTER_MAX];
    const void *from = bytes;
    ssize_t size = number < 0 || !lua->ops || !lua->ops->write_register ?
        -ENOENT : lua->ops->read_register(guest_of(L), number, bytes,
                                          sizeof(bytes));
    size_t len;

    if (size < 0) {
        return size;
    }
    if (lua_type(L, index) == LUA_TSTRING) {
        from = lua_tolstring(L, index, &len);
    } else {
        lua_Integer value = luaL_checkinteger(L, index);

        if (size > 8) {
            return -EINVAL;
        }
        len = size;
        re_lua_to_guest(lua, bytes, size, value);
    }
    return (size_t)size != len ? -EINVAL :
        lua->ops->write_register(guest_of(L), number, from, size);
}

static int method_register(lua_State *L)
{
    re_lua_call_check(L);
    if (re_lua_register_push(L, re_lua_register_find(L, 2)) < 0) {
        return luaL_error(L, "this target has no register '%s'",
                          luaL_tolstring(L, 2, NULL));
    }
    return 1;
}

static int method_set_register(lua_State *L)
{
    ssize_t size;

    re_lua_call_check(L);
    luaL_checkany(L, 3);
    size = re_lua_register_set(L, re_lua_register_find(L, 2), 3);
    if (size < 0) {
        return luaL_error(L, size == -EPERM ? "register '%s' cannot be set" :
                          size == -EINVAL ? "the value does not have the size "
                          "of register '%s'" :
                          "this target has no register '%s'",
                          luaL_tolstring(L, 2, NULL));
    }
    lua_pushboolean(L, 1);
    return 1;
}

int re_lua_registers_push(lua_State *L)
{
    struct re_lua *lua = re_lua_owner(L);
    struct re_register reg;

    lua_newtable(L);
    for (unsigned i = 0; lua->ops && lua->ops->register_at &&
         lua->ops->register_at(guest_of(L), i, &reg); i++) {
        lua_createtable(L, 0, 3);
        lua_pushinteger(L, reg.number);
        lua_setfield(L, -2, "num");
        lua_pushstring(L, reg.name);
        lua_setfield(L, -2, "name");
        lua_pushstring(L, reg.feature);
        lua_setfield(L, -2, "feature");
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

static int method_registers(lua_State *L)
{
    re_lua_call_check(L);
    return re_lua_registers_push(L);
}

/* --- time and chance --------------------------------------------------- */

static int64_t do_sleep(struct re_lua *lua, struct re_lua_run *run)
{
    const struct timespec *t = &run->task.until;

    if (lua->ops && lua->ops->sleep) {
        return lua->ops->sleep(run->call->guest, (uint64_t)t->tv_sec *
                               1000000000 + t->tv_nsec);
    }
    return -clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, t, NULL);
}

static int sleep_done(lua_State *L, int status, lua_KContext context)
{
    int64_t result = re_lua_owner(L)->current->result;

    (void)status, (void)context;
    if (result < 0) {
        return re_lua_push_errno(L, result);
    }
    lua_pushboolean(L, 1);
    return 1;
}

/* When so many seconds will have passed. */
static void set_end(struct timespec *end, double seconds)
{
    clock_gettime(CLOCK_MONOTONIC, end);
    end->tv_sec += (time_t)seconds;
    end->tv_nsec += (seconds - floor(seconds)) * 1e9;
    if (end->tv_nsec >= 1000000000) {
        end->tv_sec++;
        end->tv_nsec -= 1000000000;
    }
}

/* call:sleep(seconds): true, or nil, "EINTR" */
static int method_sleep(lua_State *L)
{
    struct re_lua_run *run = re_lua_call_check(L);
    double seconds = luaL_checknumber(L, 2);

    luaL_argcheck(L, seconds >= 0 && seconds < 1e9, 2, "out of range");
    re_lua_may_yield(L, run, "call:sleep");
    set_end(&run->task.until, seconds);
    run->aside = do_sleep;
    return lua_yieldk(L, 0, 0, sleep_done);
}

/*
 * Numbers that look random and, with a seed, are the same in each run:
 * splitmix64. Not for secrets.
 */
static uint64_t next_random(struct re_lua *lua)
{
    uint64_t z;

    if (!lua->seeded) {
        lua->random = lua->limits.seed;
        if (!lua->limits.has_seed &&
            getrandom(&lua->random, sizeof(lua->random), 0) < 0) {
            lua->random = (uintptr_t)lua;
        }
        lua->seeded = true;
    }
    z = lua->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* call:random(count): so many bytes */
static int method_random(lua_State *L)
{
    struct re_lua *lua = re_lua_owner(L);
    luaL_Buffer bytes;
    lua_Integer count;
    char *room;

    re_lua_call_check(L);
    count = luaL_checkinteger(L, 2);
    luaL_argcheck(L, count >= 0 && count < INT32_MAX, 2, "out of range");
    room = luaL_buffinitsize(L, &bytes, count);
    for (lua_Integer i = 0; i < count; i += 8) {
        uint64_t number = next_random(lua);

        /* By value, so that it does not depend on the host's byte order. */
        for (lua_Integer k = i; k < i + 8 && k < count; k++) {
            room[k] = number >> 8 * (k - i);
        }
    }
    luaL_pushresultsize(&bytes, count);
    return 1;
}

const luaL_Reg re_lua_process_methods[] = {
    { "alloc", method_alloc },
    { "constant", method_constant },
    { "errno", method_errno },
    { "fdpath", method_fdpath },
    { "file", method_file },
    { "flags", method_flags },
    { "free", method_free },
    { "open", method_open },
    { "random", method_random },
    { "register", method_register },
    { "registers", method_registers },
    { "set_register", method_set_register },
    { "sleep", method_sleep },
    { NULL, NULL },
};
