/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the lua-*.c files share.
 *
 *     lua-state.c     the state: memory, lock, loading
 *     lua-threads.c   states of single threads, fork
 *     lua-run.c       one handler call: start, resume, drop, its answer
 *     lua-failure.c   messages of handlers that failed
 *     lua-libs.c      the libraries that handlers may use
 *     lua-call.c      the call object
 *     lua-args.c      its arguments
 *     lua-struct.c    structures and socket addresses
 *     lua-pack.c      pack and unpack in the guest's layout
 *     lua-process.c   descriptors, registers, time
 *     lua-log.c       what handlers log
 *     lua-require.c   modules of a policy
 *     lua-shared.c    values that processes share
 *     lua-memory.c    guest memory for the call object
 *     lua-around.c    rules around every call
 *     lua-older.c     what rules in the older form call
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

/* What is done while a handler waits, and without the lock, for it may take its
 * time. Strings stand on the coroutine's stack. */
struct re_lua_task {
    struct timespec until;  /* of CLOCK_MONOTONIC */
    const char *path;
    int flags;
    mode_t mode;
};

typedef int64_t re_lua_aside(struct re_lua *lua, struct re_lua_run *run);

/* One handler call, or an idle coroutine for the next one. Guarded by the
 * state's lock, also while it waits for its original call. */
struct re_lua_run {
    struct re_lua_run *next, *prev;
    struct re_lua *lua;     /* whose coroutine it is */
    lua_State *thread;
    int thread_ref;         /* keeps the coroutine alive */
    uint64_t serial;        /* of the call, in its state; see lua-call.c */
    int handler;
    const struct re_rule *rule;
    struct re_call *call;   /* valid while Lua runs */
    uint64_t args[ST_MAX_REGS];     /* as the guest gave them */
    int nr, slot;           /* likewise */

    pid_t tid;              /* who will resume it, while it waits */
    bool wants_run;         /* it yielded for call:run() */
    re_lua_aside *aside;    /* it yielded to have this done without the lock */
    struct re_lua_task task;        /* what that needs */
    bool has_run;
    bool exceeded;          /* its instructions: nothing may catch that */
    int64_t result;         /* of the last original call, or of "aside" */
    int64_t original;       /* of the last original call; has_run */
};

/* The rule of one system call in the older form. */
struct re_lua_rule {
    char *syscall;
    int handler;
    bool told;              /* to who loads: it stays */
    bool around;            /* entry() and finish() are in it */
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
    char *folder;           /* of handlers being loaded, with "/"; or NULL */
    struct re_lua_store *store;     /* shared values; NULL: none */
    int message_fd;         /* -1: messages are lost */

    /* With a state per thread: "home" has the list, guarded by its lock, and
     * lends the others its store and message_fd. Else it is the state
     * itself. */
    struct re_lua *home;
    struct re_lua *states, *next_state, *previous_state;
    pthread_key_t key;      /* home's: the thread's state */
    bool has_key;
    uint64_t state_number;  /* home's: of the next one */
    char **paths;           /* home's: the files that it was loaded from */
    size_t path_count;
    pid_t owner;            /* a thread's: whose */
    char *broken;           /* a thread's: why it runs no handlers; or NULL */

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
    struct re_lua_args **args;      /* per slot, filled when first used */

    uint64_t serial;        /* of the last call */
    bool seeded;
    uint64_t random;        /* state of call:random() */

    pthread_mutex_t failures_lock;  /* home's, with what follows */
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

/* A state of home's kind, for one thread. 0 or -ENOMEM. */
int re_lua_new_of(struct re_lua **ret, struct re_lua *home,
                  const struct re_lua_limits *limits);

/* Where files are loaded: threads have small stacks, so what is loaded by one
 * is loaded as deep as handlers are run, and so is the home of such states. */
static inline lua_State *re_lua_loader(const struct re_lua *lua)
{
    return (lua->limits.per_thread || lua->home != lua) && lua->base ?
        lua->base : lua->L;
}

/* Runs function(L) with "opaque" as a light userdata, protected. 0; -ENOMEM; or
 * -EINVAL, with the error value on top of the main state's stack. */
int re_lua_protect(struct re_lua *lua, lua_CFunction function, void *opaque);

/* luaL_loadfilex(L, path, "t"), by way of the origin if there is one. */
int re_lua_load_text(lua_State *L, const char *path);

/* Adds what the top of the stack says about a file that failed to load, with
 * the line that the message names. Pops it. Returns -EINVAL. */
int re_lua_load_diag(struct re_lua *lua, const char *path,
                     struct re_diags *diags);

/* Switches the limit on for what runs while loading. */
void re_lua_load_limit(struct re_lua *lua, bool on);

/* The arguments of a call's slot; raises when memory is short. */
const struct re_lua_args *re_lua_slot_args(lua_State *L, int slot);

/* The hook that ends a handler whose instructions are used up. */
void re_lua_budget_hook(lua_State *L, lua_Debug *ar);

/* --- lua-threads.c ----------------------------------------------------- */

/* Makes home ready for states of threads. 0 or a negative errno. */
int re_lua_threads_open(struct re_lua *home);

/* Frees the states that are left; no thread is inside one. */
void re_lua_threads_close(struct re_lua *home);

/* Has later states load this file. 0 or -ENOMEM. */
int re_lua_path_add(struct re_lua *home, const char *path);

/* The calling thread's state, made if it has none; NULL: no memory. */
struct re_lua *re_lua_state(struct re_lua *home);

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

/* Makes the metatable of call objects. Raises. */
int re_lua_call_open(lua_State *L);

/* Pushes the call object of a run. Allocates nothing. */
void re_lua_call_push(lua_State *L, const struct re_lua_run *run);

/* The run of the call object that is the C function's first argument; raises
 * when that is none, or one of another call. */
struct re_lua_run *re_lua_call_check(lua_State *L);

/* The run of the arguments' object that is the first argument; likewise. */
struct re_lua_run *re_lua_args_object(lua_State *L);

/* Raises unless the running function may yield, for what messages call
 * "what". */
void re_lua_may_yield(lua_State *L, struct re_lua_run *run, const char *what);

/* --- lua-args.c -------------------------------------------------------- */

/* An argument's value at its declared width and sign. */
uint64_t re_lua_arg_get(const struct st_arg *arg,
                        const uint64_t regs[ST_MAX_REGS]);
void re_lua_arg_put(const struct re_lua *lua, const struct st_arg *arg,
                    uint64_t regs[ST_MAX_REGS], uint64_t value);

/* The position, from 0, of the argument that the key at an index means; -1:
 * none. Keys are 1 .. 6, the kernel's names, and "arg0" .. "arg5". */
int re_lua_arg_find(lua_State *L, int index, const struct re_lua_args *args);

/* The argument at a position; a whole register where nothing is known. */
struct st_arg re_lua_arg_at(const struct re_lua *lua,
                            const struct re_lua_args *args, int position);

/* The argument that the key at an index means; raises when there is none. */
struct st_arg re_lua_arg_check(lua_State *L, struct re_lua_run *run,
                               int index);

/* Pushes its value, or nil for a key without an argument; returns 1. */
int re_lua_arg_push(lua_State *L, struct re_lua_run *run, int index);

/* Assigns the value at an index to the argument of the key at another. Raises.
 * Returns 0. */
int re_lua_arg_assign(lua_State *L, struct re_lua_run *run, int key,
                      int index);

/* Has an argument lead to bytes of a handler's. Raises. Returns 0. */
int re_lua_arg_keep(lua_State *L, struct re_lua_run *run,
                    const struct st_arg *arg, const char *bytes, size_t len);

/* The integer at an index; for an argument with constants also their names, in
 * a string or a set. Raises. */
uint64_t re_lua_constants(lua_State *L, const struct st_arg *arg, int index);

/* Pushes the set of names that a value is made of; returns 1. Raises. */
int re_lua_flags_push(lua_State *L, const struct st_arg *arg, uint64_t value);

/* Metamethods of the arguments' object, and what the first two do. */
int re_lua_args_index(lua_State *L);
int re_lua_args_newindex(lua_State *L);
extern const luaL_Reg re_lua_args_metamethods[];
extern const luaL_Reg re_lua_flags_metamethods[];

/* --- lua-log.c --------------------------------------------------------- */

/* The value at an index into the log: text, or a table as data, with the place
 * in the Lua source. Raises. */
void re_lua_log(lua_State *L, int index);

/* log(value), a Lua function. */
int re_lua_log_function(lua_State *L);

/* --- lua-process.c ----------------------------------------------------- */

/* nil and an error's name, for a negative errno of the host; returns 2. */
int re_lua_push_errno(lua_State *L, int err);

/* The open flags at an index, of the guest, as the host's; none: O_RDONLY.
 * Raises. */
int re_lua_open_flags(lua_State *L, int index);

/* The number of the register whose name or number is at an index, or -1. */
int re_lua_register_find(lua_State *L, int index);

/* Pushes a register's value, bytes when it is longer than 8; its size, or a
 * negative errno with nothing pushed. The other sets it to the value at an
 * index: its size, or a negative errno. */
ssize_t re_lua_register_push(lua_State *L, int number);
ssize_t re_lua_register_set(lua_State *L, int number, int index);

/* Pushes { { num =, name =, feature = }, ... }; returns 1. */
int re_lua_registers_push(lua_State *L);

/* Opens a file of the host without the lock: the path, flags and mode at an
 * index and behind it, as call:open() has them. Yields; "done" finds the
 * descriptor or a negative errno in run->result. "what" is who asks. Raises. */
int re_lua_open_host(lua_State *L, struct re_lua_run *run, const char *what,
                     int index, lua_KFunction done);

extern const luaL_Reg re_lua_process_methods[];

/* --- lua-pack.c -------------------------------------------------------- */

/* Takes what it needs of the string library. Raises. */
void re_lua_pack_open(lua_State *L);

extern const luaL_Reg re_lua_pack_methods[];

/* --- lua-struct.c ------------------------------------------------------ */

/* Assigns the table or string at an index to the call's socket address. Raises.
 * Returns 0. */
int re_lua_address_assign(lua_State *L, struct re_lua_run *run, int index);

/* Pushes it as a table, or nil; returns 1. Raises. */
int re_lua_address_push(lua_State *L, struct re_lua_run *run);

extern const luaL_Reg re_lua_struct_methods[];

/* --- lua-memory.c ------------------------------------------------------ */

/* nil, "EFAULT"; returns 2. */
int re_lua_push_efault(lua_State *L);

bool re_lua_read_guest(lua_State *L, uint64_t addr, void *buf, size_t len);
bool re_lua_write_guest(lua_State *L, uint64_t addr, const void *buf,
                        size_t len);

/* Integers of 1 .. 8 bytes in the guest's order. */
uint64_t re_lua_to_host(const struct re_lua *lua, const uint8_t *bytes,
                     size_t size);
void re_lua_to_guest(const struct re_lua *lua, uint8_t *bytes, size_t size,
                  uint64_t value);

/* Pushes guest memory; or false, with nothing pushed. Raises. */
bool re_lua_push_bytes_at(lua_State *L, uint64_t addr, size_t len);


/* The methods of call objects that reach guest memory. */
extern const luaL_Reg re_lua_memory_methods[];

/* A guest address from argument "index"; false when the guest cannot have
 * such an address. Raises when it is no integer. */
bool re_lua_check_address(lua_State *L, int index, uint64_t *ret_addr);

/* Pushes a guest string of at most max bytes, cut there with "cut". 0, or
 * -EFAULT or -ENAMETOOLONG with nothing pushed. Raises. */
int re_lua_push_string_at(lua_State *L, uint64_t addr, size_t max, bool cut);

/* --- lua-require.c ----------------------------------------------------- */

/* require(), for handlers. */
int re_lua_require(lua_State *L);

/* --- lua-shared.c ------------------------------------------------------ */

/* Makes the global "shared". Raises. */
void re_lua_shared_open(lua_State *L);

void re_lua_unshare(struct re_lua *lua);

/* --- lua-around.c ------------------------------------------------------ */

/* Whether the rules define entry() or finish(). Raises. */
bool re_lua_around_wanted(lua_State *L);

/* Takes the rule of a call, or nil, from the stack and pushes one that asks
 * entry() before it and tells finish() after it. Raises. */
void re_lua_around_push(lua_State *L, const char *syscall);

/* --- lua-older.c ------------------------------------------------------- */

/* Adds c_log and its kin to the globals. Raises. */
int re_lua_older_open(lua_State *L);

#endif
