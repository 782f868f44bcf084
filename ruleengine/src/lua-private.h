/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the lua-*.c files share.
 *
 *     lua-state.c     the state: memory, lock, loading, fork
 *     lua-run.c       one handler call: start, resume, drop, its answer
 *     lua-failure.c   messages of handlers that failed
 *     lua-libs.c      the libraries that handlers may use
 *     lua-call.c      the call object and its arguments
 *     lua-memory.c    guest memory for the call object
 *     lua-rules.c     directories of rules in the older form
 *
 * Lua raises errors with longjmp. So no C function of these files that Lua
 * calls owns memory, a file or a lock across a Lua API call that can raise, and
 * whoever calls Lua from outside does it through lua_pcall() or lua_resume().
 * Functions marked "raises" are for C functions that Lua calls.
 */
#ifndef RULEENGINE_LUA_PRIVATE_H
#define RULEENGINE_LUA_PRIVATE_H

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <pthread.h>
#include <sys/types.h>

#include "lua-state.h"

/* Distinct places in Lua source that are told about; more are counted. */
#define RE_LUA_PLACES_MAX 64

struct re_lua_args {
    int count;              /* -1: the prototype is not known */
    struct st_arg args[ST_MAX_ARGS];
};

/* A Lua function that may handle calls. */
struct re_lua_handler {
    int ref;                /* in the registry */
    bool takes_call;        /* declares a parameter */
    bool replaced;          /* as a rule in the older form, by another */
    unsigned line;          /* where it is defined */
    char *file;
    char *name;             /* as messages call it */
};

/* One handler call, or an idle coroutine for the next one. Guarded by the
 * state's lock, also while it waits for its original call. */
struct re_lua_run {
    struct re_lua_run *next, *prev;
    lua_State *thread;
    int thread_ref;         /* keeps the coroutine alive */
    struct re_lua_object *object;       /* NULL: none, or no longer valid */
    struct re_lua_object *args_object;  /* likewise */

    int handler;
    const struct re_rule *rule;
    struct re_call *call;   /* valid while Lua runs */
    uint64_t args[ST_MAX_REGS];     /* as the guest gave them */

    pid_t tid;              /* who will resume it, while it waits */
    bool wants_run;         /* it yielded for call:run() */
    bool has_run;
    bool exceeded;          /* its instructions: nothing may catch that */
    int64_t result;         /* of the last original call */
};

/* The userdata of the call object, and of its arguments. */
struct re_lua_object {
    struct re_lua_run *run; /* NULL once the handler has ended */
};

/* The rule of one system call in the older form. */
struct re_lua_rule {
    char *syscall;
    int handler;
    bool told;              /* to who loads: it stays */
};

/* A block of memory that waits to be used again. */
struct re_lua_block {
    struct re_lua_block *next;
};

/* A place in Lua source where a handler has failed. */
struct re_lua_place {
    char *name;             /* "web.lua:3" */
    uint64_t count;
};

struct re_lua {
    pthread_mutex_t lock;   /* held while Lua runs, and around fork */
    lua_State *L;
    lua_State *base;        /* what handlers are resumed from, for its depth */
    enum re_lua_flavour flavour;
    const struct st_target *target;
    const struct re_guest_ops *ops;
    struct re_lua_limits limits;
    struct re_audit *audit;
    const struct re_rule *on_error;
    struct re_origin *origin;       /* NULL: the file system */
    int message_fd;         /* -1: messages are lost */

    size_t memory;          /* bytes in use by Lua */
    struct re_lua_block *pool;      /* small blocks that Lua gave back */
    unsigned pool_count;
    int budget;             /* limits.instructions as a hook count, 0: none */

    struct re_lua_run *current;     /* whose Lua code is running */
    struct re_lua_run *idle;        /* linked by next alone */
    struct re_lua_run *waiting;     /* for their original call */
    size_t waiting_count, reap_at;
    pid_t fork_tid;         /* the thread that forks */

    struct re_lua_handler *handlers;
    size_t handler_count;
    struct re_lua_rule *rules;
    size_t rule_count;
    struct re_lua_args **args; /* per slot, filled when first used */

    /* Of the call object and of its arguments: reference in the registry, and
     * address for comparing. */
    int call_metatable, args_metatable;
    const void *call_identity, *args_identity;

    struct re_lua_place places[RE_LUA_PLACES_MAX];
    size_t place_count;
    uint64_t failures;
};

/* --- lua-state.c ------------------------------------------------------- */

static inline struct re_lua *re_lua_owner(lua_State *L)
{
    void *opaque;

    lua_getallocf(L, &opaque);
    return opaque;
}

/* Keeps the function on top of the stack as a handler, and pops it. The name
 * is copied. Raises when memory is short. Returns the handle. */
int re_lua_handler_add(lua_State *L, const char *name);

/* The handle of the function on top of the stack, or -1. Does not pop. */
int re_lua_handler_find(lua_State *L);

/* Runs function(L) with "opaque" as a light userdata, protected. 0; -ENOMEM; or
 * -EINVAL, with the error value on top of the main state's stack. */
int re_lua_protect(struct re_lua *lua, lua_CFunction function, void *opaque);

/* luaL_loadfilex(L, path, "t"), by way of the origin if there is one. */
int re_lua_load_text(lua_State *L, const char *path);

/* Adds what the top of the stack says about a file that failed to load, with
 * the line that the message names. Pops it. Returns -EINVAL. */
int re_lua_load_diag(struct re_lua *lua, const char *path,
                     struct re_diags *diags);

/* Switches the limit on for what the main state runs while loading. */
void re_lua_load_limit(struct re_lua *lua, bool on);

/* The arguments of a call's slot; raises when memory is short. */
const struct re_lua_args *re_lua_slot_args(lua_State *L, int slot);

/* The hook that ends a handler whose instructions are used up. */
void re_lua_budget_hook(lua_State *L, lua_Debug *ar);

/* --- lua-run.c --------------------------------------------------------- */

/* Frees a run that waits for its original call, without running any Lua. The
 * lock is held. */
void re_lua_run_discard(struct re_lua *lua, struct re_lua_run *run);

/* --- lua-failure.c ----------------------------------------------------- */

/* "file:line" of what L is executing, or of its handler; always terminated. */
void re_lua_place_of(lua_State *L, const struct re_lua_run *run,
                  char *buf, size_t size);

/*
 * Counts a failure and tells of it when its place is new. "place" is prefixed
 * unless the message begins with a place already. A message of NULL stands for
 * the error value on top of L's stack.
 */
void re_lua_failure(struct re_lua *lua, lua_State *L,
                 const struct re_lua_run *run, const char *message);

void re_lua_failures_free(struct re_lua *lua);

/* A descriptor for messages that outlives the guest's use of standard error;
 * -1 when there is none. */
int re_lua_message_fd(void);

/* --- lua-libs.c -------------------------------------------------------- */

/* Opens the libraries of the state's flavour. Raises. */
int re_lua_libs_open(lua_State *L);

/* --- lua-call.c -------------------------------------------------------- */

/* Makes the metatables of call objects. Raises. */
int re_lua_call_open(lua_State *L);

/* Pushes a new call object for the running handler. Raises. */
void re_lua_call_push(lua_State *L, struct re_lua_run *run);

/* The run of the call object that is the C function's first argument; raises
 * when that is none, or one of another call. */
struct re_lua_run *re_lua_call_check(lua_State *L);

/* A message for the log, with the place in the Lua source. Raises. */
void re_lua_log(lua_State *L, int index);

/* --- lua-memory.c ------------------------------------------------------ */

/* The methods of call objects that reach guest memory. */
extern const luaL_Reg re_lua_memory_methods[];

/* A guest address from argument "index"; false when the guest cannot have
 * such an address. Raises when it is no integer. */
bool re_lua_check_address(lua_State *L, int index, uint64_t *ret_addr);

/* Pushes a guest string of at most max bytes, cut there with "cut". 0, or
 * -EFAULT or -ENAMETOOLONG with nothing pushed. Raises. */
int re_lua_push_string_at(lua_State *L, uint64_t addr, size_t max, bool cut);

/* --- lua-rules.c ------------------------------------------------------- */

/* Adds c_log and its kin to the globals. Raises. */
int re_lua_rules_open(lua_State *L);

#endif
