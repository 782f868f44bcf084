/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lua-private.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ruleengine/numbers.h"
#include "diag-add.h"
#include "origin.h"

/* A file's main chunk may take this many times a handler call's budget. */
#define LOAD_BUDGET 100

/* A collection starts when memory has grown to this percentage of what the last
 * one left. The states are small, so waiting longer than Lua's 200 costs little
 * memory and spares most of the marking. */
#define GC_PAUSE 400

/* Blocks of this class are handed on without malloc: tables and short strings
 * are, which handlers make and leave. They are all POOLED_MAX long. */
#define POOLED_MIN 33
#define POOLED_MAX 64

/* Of which this many are kept: what one collection leaves of a small state. */
#define POOL_SIZE 4096

static bool is_pooled(size_t size)
{
    return size >= POOLED_MIN && size <= POOLED_MAX;
}

static void give_block(struct re_lua *lua, void *block, size_t size)
{
    struct re_lua_block *pooled = block;

    if (!block || !is_pooled(size) || lua->pool_count == POOL_SIZE) {
        free(block);
        return;
    }
    pooled->next = lua->pool;
    lua->pool = pooled;
    lua->pool_count++;
}

static void *take_block(struct re_lua *lua, size_t size)
{
    struct re_lua_block *pooled = lua->pool;

    if (!is_pooled(size)) {
        return malloc(size);
    }
    if (!pooled) {
        return malloc(POOLED_MAX);
    }
    lua->pool = pooled->next;
    lua->pool_count--;
    return pooled;
}

/* Lua's allocator: counts, and refuses what would go over the limit. */
static void *count_memory(void *opaque, void *old, size_t old_size, size_t size)
{
    struct re_lua *lua = opaque;
    size_t rest = lua->memory - (old ? old_size : 0);
    void *block;

    if (!size) {
        give_block(lua, old, old_size);
        lua->memory = rest;
        return NULL;
    }
    if (lua->limits.memory && (!old || size > old_size) &&
        (rest > lua->limits.memory || size > lua->limits.memory - rest)) {
        return NULL;
    }
    block = !old ? take_block(lua, size) :
            realloc(old, is_pooled(size) ? POOLED_MAX : size);
    if (block) {
        lua->memory = rest + size;
    }
    return block;
}

/*
 * Lua lets C functions nest 200 deep, at up to 2.5 KiB of stack each
 * (string.gsub, string.format), and an emulated thread's host stack is 256 KiB
 * in all. So handlers are given the last 50 levels only. A coroutine counts on
 * from the one that resumes it, and keeps its count when it ends: two of them
 * that resume each other in turn come to any depth.
 */
#define DEPTH_LEFT 50
#define DEPTH_USED (200 - DEPTH_LEFT)

static int do_nothing(lua_State *L)
{
    (void)L;
    return 0;
}

static void make_base(lua_State *L)
{
    struct re_lua *lua = re_lua_owner(L);
    lua_State *pair[2];
    int results;

    for (int i = 0; i < 2; i++) {
        pair[i] = lua_newthread(L);
        luaL_ref(L, LUA_REGISTRYINDEX);
    }
    for (int i = 0; i < DEPTH_USED; i++) {
        lua_State *from = lua->base;

        lua->base = pair[i % 2];
        lua_pushcfunction(lua->base, do_nothing);
        lua_resume(lua->base, from, 0, &results);
    }
}

static int open_state(lua_State *L)
{
    struct re_lua *lua = re_lua_owner(L);

    /* Lua makes this string when an error handler fails, outside of any
     * protection; kept here, it never has to be allocated. */
    lua_pushliteral(L, "error in error handling");
    luaL_ref(L, LUA_REGISTRYINDEX);
    re_lua_libs_open(L);
    make_base(L);
    re_lua_shared_open(L);
    if (lua->flavour == RE_LUA_RULES) {
        re_lua_older_open(L);
    } else {
        re_lua_call_open(L);
    }
    return 0;
}

/* An empty shell; home: NULL, or whose kind it is. */
static struct re_lua *make_shell(struct re_lua *home,
                                 enum re_lua_flavour flavour,
                                 const struct st_target *target,
                                 const struct re_guest_ops *ops,
                                 const struct re_lua_limits *limits)
{
    struct re_lua *lua = calloc(1, sizeof(*lua));

    if (!lua) {
        return NULL;
    }
    pthread_mutex_init(&lua->lock, NULL);
    pthread_mutex_init(&lua->failures_lock, NULL);
    lua->home = home ? home : lua;
    lua->message_fd = home ? home->message_fd : re_lua_message_fd();
    lua->store = home ? home->store : NULL;
    lua->flavour = flavour;
    lua->target = target;
    lua->ops = ops;
    if (limits) {
        lua->limits = *limits;
    }
    lua->budget = lua->limits.instructions > INT_MAX ?
                  INT_MAX : (int)lua->limits.instructions;
    lua->reap_at = 16;
    return lua;
}

static int fill(struct re_lua *lua)
{
    lua->args = calloc(st_slot_count(lua->target) + 1, sizeof(*lua->args));
    lua->L = lua->args ? lua_newstate(count_memory, lua) : NULL;
    if (!lua->L) {
        return -ENOMEM;
    }
    lua_gc(lua->L, LUA_GCINC, GC_PAUSE, 0, 0);
    return re_lua_protect(lua, open_state, NULL) < 0 ? -ENOMEM : 0;
}

int re_lua_new_of(struct re_lua **ret, struct re_lua *home,
                  const struct re_lua_limits *limits)
{
    struct re_lua *lua = make_shell(home, home->flavour, home->target,
                                    home->ops, limits);

    if (!lua || fill(lua) < 0) {
        re_lua_free(lua);
        return -ENOMEM;
    }
    lua->audit = home->audit;
    lua->on_error = home->on_error;
    lua->origin = home->origin;
    *ret = lua;
    return 0;
}

int re_lua_new_again(struct re_lua **ret, struct re_lua *first,
                     struct re_origin *origin)
{
    int err = re_lua_new_of(ret, first, &first->limits);

    if (!err) {
        (*ret)->origin = origin;
    }
    return err;
}

int re_lua_new(struct re_lua **ret, enum re_lua_flavour flavour,
               const struct st_target *target, const struct re_guest_ops *ops,
               const struct re_lua_limits *limits, struct re_diags *diags)
{
    struct re_lua *lua = make_shell(NULL, flavour, target, ops, limits);

    if (lua && fill(lua) == 0 &&
        (!lua->limits.per_thread || re_lua_threads_open(lua) == 0)) {
        *ret = lua;
        return 0;
    }
    re_lua_free(lua);
    re_diags_add(diags, RE_ERROR, NULL, 0, 0, 0, NULL, NULL,
                 "out of memory while setting up Lua");
    return -ENOMEM;
}

static void runs_free(struct re_lua_run *run)
{
    while (run) {
        struct re_lua_run *next = run->next;

        free(run);
        run = next;
    }
}

void re_lua_free(struct re_lua *lua)
{
    if (!lua) {
        return;
    }
    re_lua_threads_close(lua);
    if (lua->L) {
        lua_close(lua->L);
    }
    while (lua->pool) {
        struct re_lua_block *next = lua->pool->next;

        free(lua->pool);
        lua->pool = next;
    }
    runs_free(lua->idle);
    runs_free(lua->waiting);
    for (size_t i = 0; i < lua->handler_count; i++) {
        free(lua->handlers[i].file);
        free(lua->handlers[i].name);
    }
    free(lua->handlers);
    for (size_t i = 0; i < lua->rule_count; i++) {
        free(lua->rules[i].syscall);
    }
    free(lua->rules);
    for (unsigned i = 0; lua->args && i <= st_slot_count(lua->target); i++) {
        free(lua->args[i]);
    }
    free(lua->args);
    for (size_t i = 0; i < lua->path_count; i++) {
        free(lua->paths[i]);
    }
    free(lua->paths);
    free(lua->broken);
    re_lua_failures_free(lua);
    if (lua->home == lua) {
        re_lua_unshare(lua);
        re_number_close(lua->message_fd);
    }
    pthread_mutex_destroy(&lua->failures_lock);
    pthread_mutex_destroy(&lua->lock);
    free(lua);
}

void re_lua_set_audit(struct re_lua *lua, struct re_audit *audit)
{
    lua->audit = audit;
}

void re_lua_set_on_error(struct re_lua *lua, const struct re_rule *on_error)
{
    lua->on_error = on_error;
}

void re_lua_set_origin(struct re_lua *lua, struct re_origin *origin)
{
    lua->origin = origin;
    if (!origin) {
        return;
    }
    re_number_close(lua->message_fd);
    lua->message_fd = re_move_to(STDERR_FILENO, re_origin_floor(origin));
}

int re_lua_protect(struct re_lua *lua, lua_CFunction function, void *opaque)
{
    lua_State *L = re_lua_loader(lua);
    int status;

    lua_pushcfunction(L, function);
    lua_pushlightuserdata(L, opaque);
    status = lua_pcall(L, 1, 0, 0);
    if (status == LUA_ERRMEM) {
        lua_pop(L, 1);
        return -ENOMEM;
    }
    if (status != LUA_OK && L != lua->L) {
        lua_xmove(L, lua->L, 1);
    }
    return status == LUA_OK ? 0 : -EINVAL;
}

/* --- loading ----------------------------------------------------------- */

void re_lua_budget_hook(lua_State *L, lua_Debug *ar)
{
    struct re_lua *lua = re_lua_owner(L);

    (void)ar;
    if (lua->current) {
        lua->current->exceeded = true;
    }
    /* Whatever runs next in this coroutine is stopped at once. */
    lua_sethook(L, re_lua_budget_hook, LUA_MASKCOUNT, 1);
    luaL_where(L, 0);       /* a hook has no level of its own */
    lua_pushfstring(L, "the limit of %I instructions is used up",
                    (lua_Integer)lua->limits.instructions *
                    (lua->current ? 1 : LOAD_BUDGET));
    lua_concat(L, 2);
    lua_error(L);
}

void re_lua_load_limit(struct re_lua *lua, bool on)
{
    int budget = lua->budget > INT_MAX / LOAD_BUDGET ?
                 INT_MAX : lua->budget * LOAD_BUDGET;

    if (on && budget) {
        lua_sethook(re_lua_loader(lua), re_lua_budget_hook, LUA_MASKCOUNT,
                    budget);
    } else {
        lua_sethook(re_lua_loader(lua), NULL, 0, 0);
    }
}

/* A line of a file for a diagnostic, in malloc'ed memory, or NULL. */
static char *line_of_file(const char *path, unsigned number)
{
    FILE *stream = fopen(path, "re");
    char *line = NULL;
    size_t size = 0;
    ssize_t len = -1;

    if (!stream) {
        return NULL;
    }
    for (unsigned i = 0; i < number; i++) {
        len = getline(&line, &size, stream);
        if (len < 0) {
            break;
        }
    }
    fclose(stream);
    if (len < 0) {
        free(line);
        return NULL;
    }
    return line;
}

/* Splits "web.lua:3: what" in two. Lua shortens a long file name to "..." and
 * its end. */
static unsigned line_of_message(const char *message, const char *path,
                                const char **ret_text)
{
    const char *tail = path;
    size_t len;
    char *end;
    unsigned long line;

    if (!strncmp(message, "...", 3)) {
        message += 3;
        len = strcspn(message, ":");
        if (len > strlen(path)) {
            return 0;
        }
        tail = path + strlen(path) - len;
    }
    len = strlen(tail);
    if (strncmp(message, tail, len) || message[len] != ':') {
        return 0;
    }
    line = strtoul(message + len + 1, &end, 10);
    if (end == message + len + 1 || strncmp(end, ": ", 2) || line > UINT_MAX) {
        return 0;
    }
    *ret_text = end + 2;
    return line;
}

int re_lua_load_diag(struct re_lua *lua, const char *path,
                     struct re_diags *diags)
{
    const char *text = lua_type(lua->L, -1) == LUA_TSTRING ?
                       lua_tostring(lua->L, -1) : "an error without a message";
    unsigned line = line_of_message(text, path, &text);
    /* A thread's files are not shown, and descriptors are the guest's. */
    char *source = line && lua->home == lua ? line_of_file(path, line) : NULL;

    re_diags_add(diags, RE_ERROR, path, line, 0, 0, source, NULL, "%s", text);
    free(source);
    lua_pop(lua->L, 1);
    return -EINVAL;
}

/* Lua itself passes over a first line that starts with "#", in files only. */
static void pass_over_first_line(const char **text, size_t *size)
{
    const char *end = *size && **text == '#' ?
                      memchr(*text, '\n', *size) : *text;

    end = end ? end : *text + *size;
    *size -= end - *text;
    *text = end;
}

int re_lua_load_text(lua_State *L, const char *path)
{
    struct re_lua *lua = re_lua_owner(L);
    const char *text;
    size_t size;
    int err;

    if (!lua->origin) {
        return luaL_loadfilex(L, path, "t");
    }
    err = re_origin_read(lua->origin, path, &text, &size);
    if (err) {
        lua_pushfstring(L, "cannot open %s: %s", path, strerror(-err));
        return LUA_ERRFILE;
    }
    pass_over_first_line(&text, &size);
    lua_pushfstring(L, "@%s", path);
    err = luaL_loadbufferx(L, text, size, lua_tostring(L, -1), "t");
    lua_remove(L, -2);
    return err;
}

struct load {
    const char *path;
    int status;
};

static int load_main(lua_State *L)
{
    struct load *load = lua_touserdata(L, 1);

    load->status = re_lua_load_text(L, load->path);
    if (load->status != LUA_OK) {
        return lua_error(L);
    }
    lua_call(L, 0, 0);
    return 0;
}

int re_lua_load(struct re_lua *lua, const char *path, const char *file,
                unsigned line, unsigned column, struct re_diags *diags)
{
    struct load load = { .path = path };
    const char *text;
    size_t size;
    int r;

    r = lua->origin ? re_origin_read(lua->origin, path, &text, &size) :
        access(path, R_OK) < 0 ? -errno : 0;
    if (r < 0) {
        re_diags_add(diags, RE_ERROR, file, line, column, 0, NULL, NULL,
                     "cannot read the handlers \"%s\": %s", path,
                     strerror(-r));
        return r;
    }
    lua->folder = strndup(path, strrchr(path, '/') ?
                          strrchr(path, '/') + 1 - path : 0);
    re_lua_load_limit(lua, true);
    r = lua->folder ? 0 : -ENOMEM;
    r = r || !lua->has_key ? r : re_lua_path_add(lua, path);
    r = r ? r : re_lua_protect(lua, load_main, &load);
    re_lua_load_limit(lua, false);
    free(lua->folder);
    lua->folder = NULL;
    if (r == -ENOMEM) {
        re_diags_add(diags, RE_ERROR, path, 0, 0, 0, NULL, NULL,
                     "not enough memory for Lua to load this file");
    } else if (r < 0 && load.status == LUA_ERRFILE) {
        re_diags_add(diags, RE_ERROR, file, line, column, 0, NULL, NULL,
                     "%s", lua_tostring(lua->L, -1));
        lua_pop(lua->L, 1);
    } else if (r < 0) {
        r = re_lua_load_diag(lua, path, diags);
    }
    return r;
}

/* --- handlers ---------------------------------------------------------- */

int re_lua_handler_find(lua_State *L)
{
    struct re_lua *lua = re_lua_owner(L);

    for (size_t i = 0; i < lua->handler_count; i++) {
        bool same;

        lua_rawgeti(L, LUA_REGISTRYINDEX, lua->handlers[i].ref);
        same = lua_rawequal(L, -1, -2);
        lua_pop(L, 1);
        if (same) {
            return i;
        }
    }
    return -1;
}

int re_lua_handler_add(lua_State *L, const char *name)
{
    struct re_lua *lua = re_lua_owner(L);
    struct re_lua_handler *handlers, *h;
    lua_Debug ar;
    int ref;

    lua_pushvalue(L, -1);
    lua_getinfo(L, ">Su", &ar);
    ref = luaL_ref(L, LUA_REGISTRYINDEX);   /* raises, so it comes first */
    handlers = reallocarray(lua->handlers, lua->handler_count + 1,
                            sizeof(*handlers));
    if (!handlers) {
        return luaL_error(L, "not enough memory");
    }
    lua->handlers = handlers;
    h = &handlers[lua->handler_count];
    *h = (struct re_lua_handler) {
        .ref = ref,
        .takes_call = ar.nparams || ar.isvararg,
        .line = ar.linedefined > 0 ? ar.linedefined : 0,
        .file = strdup(*ar.source == '@' ? ar.source + 1 : ar.short_src),
        .name = strdup(name),
    };
    if (!h->file || !h->name) {
        free(h->file);
        free(h->name);
        return luaL_error(L, "not enough memory");
    }
    return lua->handler_count++;
}

struct lookup {
    const char *name;
    int handler;
};

static int find_global(lua_State *L)
{
    struct lookup *lookup = lua_touserdata(L, 1);

    lookup->handler = -ENOENT;
    lua_pushglobaltable(L);
    lua_pushstring(L, lookup->name);
    lua_rawget(L, -2);
    if (lua_isfunction(L, -1)) {
        lookup->handler = re_lua_handler_find(L);
        if (lookup->handler < 0) {
            lookup->handler = re_lua_handler_add(L, lookup->name);
        }
    }
    return 0;
}

int re_lua_handler(struct re_lua *lua, const char *name)
{
    struct lookup lookup = { .name = name };
    int r = re_lua_protect(lua, find_global, &lookup);

    if (r == -EINVAL) {
        lua_pop(lua->L, 1);
        r = -ENOMEM;
    }
    return r < 0 ? r : lookup.handler;
}

const char *re_lua_function_at(struct re_lua *lua, unsigned i)
{
    lua_State *L = lua->L;
    const char *name = NULL;
    int top = lua_gettop(L);

    lua_pushglobaltable(L);
    lua_pushnil(L);
    while (!name && lua_next(L, -2)) {
        /* Libraries are C functions; what a policy defines is not. */
        if (lua_type(L, -2) == LUA_TSTRING && lua_isfunction(L, -1) &&
            !lua_iscfunction(L, -1) && i-- == 0) {
            name = lua_tostring(L, -2);
        }
        lua_pop(L, 1);
    }
    lua_settop(L, top);
    return name;    /* the key stays in the table of globals */
}

const struct re_lua_args *re_lua_slot_args(lua_State *L, int slot)
{
    struct re_lua *lua = re_lua_owner(L);
    unsigned count = st_slot_count(lua->target);
    unsigned i = slot >= 0 && (unsigned)slot < count ? (unsigned)slot : count;
    struct re_lua_args *args = lua->args[i];

    if (args) {
        return args;
    }
    args = calloc(1, sizeof(*args));
    if (!args) {
        luaL_error(L, "not enough memory");
    }
    args->count = i < count ? st_slot_args(lua->target, i, args->args) : -1;
    lua->args[i] = args;
    return args;
}
