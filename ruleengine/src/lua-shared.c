/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values that all threads, forked children and executed programs share:
 *
 *     shared.get(key)                  integer, string or nil
 *     shared.set(key, value)           nil takes it away
 *     shared.add(key [, n])            the sum; what is missing counts as 0
 *     shared.swap(key, old, new)       true; or false and the value, if it is
 *                                      not "old"
 *
 * Each is atomic. The store is a table of fixed size in shared memory:
 *
 *     ready | lock | entry entry entry ...
 *
 * The lock is robust: a process may die at any place. A text is written beside
 * the one that counts, so that no reader ever finds half of one.
 */
#include "lua-private.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "origin.h"

enum {
    ENTRIES = 1024,
    KEY_SIZE = 64,          /* bytes, with a NUL */
    TEXT_SIZE = 256,        /* bytes of a text */
};

enum kind { FREE, NOTHING, INTEGER, TEXT };     /* NOTHING: taken away */

struct entry {
    char key[KEY_SIZE];
    uint8_t kind;           /* enum kind; set last */
    uint8_t which;          /* the text that counts */
    uint16_t length[2];
    int64_t number;
    char text[2][TEXT_SIZE];
};

struct re_lua_store {
    atomic_bool ready;      /* the lock has been made */
    pthread_mutex_t lock;
    struct entry entries[ENTRIES];
};

/* A value on its way in or out. */
struct value {
    enum kind kind;
    int64_t number;
    const char *text;       /* Lua's, or "copy" */
    size_t length;
    char copy[TEXT_SIZE];
};

/* --- the store --------------------------------------------------------- */

/* The first process makes the lock, before it has a second thread. */
static void make_lock(struct re_lua_store *store)
{
    pthread_mutexattr_t attr;

    if (atomic_load(&store->ready)) {
        return;
    }
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&store->lock, &attr);
    pthread_mutexattr_destroy(&attr);
    atomic_store(&store->ready, true);
}

int re_lua_share(struct re_lua *lua)
{
    size_t size = sizeof(struct re_lua_store);
    void *map = lua->origin ? re_origin_share(lua->origin, size) :
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
             -1, 0);

    if (!map || map == MAP_FAILED) {
        return -ENOMEM;
    }
    lua->store = map;
    make_lock(lua->store);
    return 0;
}

void re_lua_unshare(struct re_lua *lua)
{
    if (lua->store) {
        munmap(lua->store, sizeof(*lua->store));
        lua->store = NULL;
    }
}

static void lock(struct re_lua_store *store)
{
    if (pthread_mutex_lock(&store->lock) == EOWNERDEAD) {
        pthread_mutex_consistent(&store->lock);
    }
}

static unsigned hash(const char *key)
{
    unsigned h = 2166136261;    /* FNV-1a */

    for (; *key; key++) {
        h = (h ^ (unsigned char)*key) * 16777619;
    }
    return h % ENTRIES;
}

/* The key's entry; with "make", a new one when there is none. NULL: there is
 * none, or no room. An entry keeps its key for ever. */
static struct entry *find(struct re_lua_store *store, const char *key,
                          bool make)
{
    unsigned at = hash(key);

    for (unsigned i = 0; i < ENTRIES; i++) {
        struct entry *e = &store->entries[(at + i) % ENTRIES];

        if (e->kind == FREE) {
            if (!make) {
                return NULL;
            }
            strcpy(e->key, key);
            atomic_signal_fence(memory_order_release);
            e->kind = NOTHING;
            return e;
        }
        if (!strncmp(e->key, key, KEY_SIZE)) {
            return e;
        }
    }
    return NULL;
}

static void load(const struct entry *e, struct value *v)
{
    /* The memory is a guest's to reach where it has no walls: trust no size. */
    v->kind = e && e->kind <= TEXT ? e->kind : NOTHING;
    if (v->kind == INTEGER) {
        v->number = e->number;
    } else if (v->kind == TEXT) {
        v->length = e->length[e->which & 1];
        v->length = v->length < TEXT_SIZE ? v->length : TEXT_SIZE;
        memcpy(v->copy, e->text[e->which & 1], v->length);
        v->text = v->copy;
    }
}

/* In an order in which a death in between leaves the old or the new value. */
static void store_value(struct entry *e, const struct value *v)
{
    uint8_t other = !e->which;

    if (v->kind == INTEGER) {
        if (e->kind != INTEGER) {
            e->kind = NOTHING;
        }
        atomic_signal_fence(memory_order_seq_cst);
        e->number = v->number;
    } else if (v->kind == TEXT) {
        memcpy(e->text[other], v->text, v->length);
        e->length[other] = v->length;
        atomic_signal_fence(memory_order_seq_cst);
        e->which = other;
    }
    atomic_signal_fence(memory_order_seq_cst);
    e->kind = v->kind;
}

static bool equal(const struct value *a, const struct value *b)
{
    return a->kind == b->kind &&
        (a->kind == NOTHING || (a->kind == INTEGER ? a->number == b->number :
         a->length == b->length && !memcmp(a->text, b->text, a->length)));
}

/* --- Lua --------------------------------------------------------------- */

static struct re_lua_store *check_key(lua_State *L, const char **ret_key)
{
    struct re_lua_store *store = re_lua_owner(L)->store;
    size_t len;

    *ret_key = luaL_checklstring(L, 1, &len);
    luaL_argcheck(L, len > 0 && len < KEY_SIZE && strlen(*ret_key) == len, 1,
                  "a key has 1 to 63 bytes, none of them zero");
    if (!store) {
        luaL_error(L, "there is no shared memory");
    }
    return store;
}

static void check_value(lua_State *L, int index, struct value *v)
{
    int is_integer = 0;

    v->kind = NOTHING;
    if (lua_type(L, index) == LUA_TSTRING) {
        v->kind = TEXT;
        v->text = lua_tolstring(L, index, &v->length);
        luaL_argcheck(L, v->length <= TEXT_SIZE, index,
                      "a shared text has at most 256 bytes");
    } else if (!lua_isnoneornil(L, index)) {
        v->kind = INTEGER;
        v->number = lua_type(L, index) == LUA_TNUMBER ?
            lua_tointegerx(L, index, &is_integer) : 0;
        luaL_argcheck(L, is_integer, index,
                      "an integer, a string or nil is expected");
    }
}

static int push_value(lua_State *L, const struct value *v)
{
    if (v->kind == INTEGER) {
        lua_pushinteger(L, v->number);
    } else if (v->kind == TEXT) {
        lua_pushlstring(L, v->text, v->length);
    } else {
        lua_pushnil(L);
    }
    return 1;
}

static int no_room(lua_State *L)
{
    return luaL_error(L, "the shared store has no room for another key");
}

static int shared_get(lua_State *L)
{
    const char *key;
    struct re_lua_store *store = check_key(L, &key);
    struct value v;

    lock(store);
    load(find(store, key, false), &v);
    pthread_mutex_unlock(&store->lock);
    return push_value(L, &v);
}

static int shared_set(lua_State *L)
{
    const char *key;
    struct re_lua_store *store = check_key(L, &key);
    struct entry *e;
    struct value v;

    check_value(L, 2, &v);
    lock(store);
    e = find(store, key, v.kind != NOTHING);
    if (e) {
        store_value(e, &v);
    }
    pthread_mutex_unlock(&store->lock);
    return e || v.kind == NOTHING ? 0 : no_room(L);
}

static int shared_add(lua_State *L)
{
    const char *key;
    struct re_lua_store *store = check_key(L, &key);
    lua_Integer n = luaL_optinteger(L, 2, 1);
    struct entry *e;
    struct value v = { .kind = NOTHING };

    lock(store);
    e = find(store, key, true);
    if (e) {
        load(e, &v);
    }
    if (v.kind != TEXT) {
        v.number = (int64_t)((v.kind == INTEGER ? (uint64_t)v.number : 0) +
                             (uint64_t)n);
        v.kind = INTEGER;
        if (e) {
            store_value(e, &v);
        }
    }
    pthread_mutex_unlock(&store->lock);
    if (v.kind == TEXT) {
        return luaL_error(L, "'%s' is a text, not a number", key);
    }
    return e ? push_value(L, &v) : no_room(L);
}

static int shared_swap(lua_State *L)
{
    const char *key;
    struct re_lua_store *store = check_key(L, &key);
    struct value old, new, now;
    struct entry *e;
    bool same;

    check_value(L, 2, &old);
    check_value(L, 3, &new);
    lock(store);
    e = find(store, key, new.kind != NOTHING);
    load(e, &now);
    same = equal(&old, &now);
    if (same && e) {
        store_value(e, &new);
    }
    pthread_mutex_unlock(&store->lock);
    if (same && !e && new.kind != NOTHING) {
        return no_room(L);
    }
    lua_pushboolean(L, same);
    return same ? 1 : 1 + push_value(L, &now);
}

void re_lua_shared_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        { "get", shared_get },
        { "set", shared_set },
        { "add", shared_add },
        { "swap", shared_swap },
        { NULL, NULL },
    };

    luaL_newlib(L, functions);
    lua_setglobal(L, "shared");
}
