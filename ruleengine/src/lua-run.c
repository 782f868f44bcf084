/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One handler call. It runs in a coroutine of its own:
 *
 *     start -> the handler -> call:run() yields -> RE_LUA_RUN
 *     resume -> call:run() returns -> ... -> the handler's results -> answer
 *
 * A coroutine that ended well serves the next call. One that failed is reset
 * first; one that ran out of its budget is thrown away, because Lua leaves the
 * hooks of a coroutine disabled that an error in a hook has ended.
 */
#include "lua-private.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "diag-add.h"
#include "policy.h"

#define ERRNO_MAX 4095

/* Where a coroutine that has ended has its first two results; what lies beyond
 * the last one counts as nil. */
#define FIRST 1
#define SECOND 2

_Static_assert(1 + 1 + ST_MAX_REGS <= LUA_MINSTACK, "push_handler()");

/* --- the lock ---------------------------------------------------------- */

/* Two atomic operations are a fifth of what the shortest handler takes, and
 * most programs have one thread. */
static void lock(struct re_lua *lua, const struct re_call *call)
{
    if (!call->alone) {
        pthread_mutex_lock(&lua->lock);
    }
}

static void unlock(struct re_lua *lua, const struct re_call *call)
{
    if (!call->alone) {
        pthread_mutex_unlock(&lua->lock);
    }
}

/* --- coroutines -------------------------------------------------------- */

static int make_thread(lua_State *L)
{
    struct re_lua_run *run = lua_touserdata(L, 1);

    run->thread = lua_newthread(L);
    run->thread_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

/* Takes a run out of the list of those that wait. */
static void stop_waiting(struct re_lua *lua, struct re_lua_run *run)
{
    if (run->prev) {
        run->prev->next = run->next;
    } else {
        lua->waiting = run->next;
    }
    if (run->next) {
        run->next->prev = run->prev;
    }
    run->next = run->prev = NULL;
    lua->waiting_count--;
}

static void start_waiting(struct re_lua *lua, struct re_lua_run *run)
{
    run->tid = syscall(SYS_gettid);
    run->prev = NULL;
    run->next = lua->waiting;
    if (run->next) {
        run->next->prev = run;
    }
    lua->waiting = run;
    lua->waiting_count++;
}

/* The coroutine becomes garbage; nothing in it is run any more. */
static void throw_away(struct re_lua *lua, struct re_lua_run *run)
{
    luaL_unref(lua->L, LUA_REGISTRYINDEX, run->thread_ref);
    free(run);
}

void re_lua_run_discard(struct re_lua *lua, struct re_lua_run *run)
{
    stop_waiting(lua, run);
    throw_away(lua, run);
}

/* Throws away what waits for threads that are gone: their original call was
 * exit, or they died in it. */
static void reap(struct re_lua *lua)
{
    for (struct re_lua_run *run = lua->waiting, *next; run; run = next) {
        next = run->next;
        if (syscall(SYS_tgkill, getpid(), run->tid, 0) < 0 && errno == ESRCH) {
            re_lua_run_discard(lua, run);
        }
    }
    lua->reap_at = lua->waiting_count < 8 ? 16 : 2 * lua->waiting_count;
}

bool re_lua_unused(struct re_lua *lua)
{
    bool unused;

    pthread_mutex_lock(&lua->lock);
    reap(lua);
    unused = !lua->waiting;
    pthread_mutex_unlock(&lua->lock);
    return unused;
}

/* A run with a coroutine that is ready to start; NULL: memory is short. */
static struct re_lua_run *take_run(struct re_lua *lua)
{
    struct re_lua_run *run = lua->idle;

    if (run) {
        lua->idle = run->next;
        run->next = NULL;
        return run;
    }
    /* When their number has doubled, so that the cost per call is constant. */
    if (lua->waiting_count >= lua->reap_at) {
        reap(lua);
    }
    run = calloc(1, sizeof(*run));
    if (run) {
        run->lua = lua;
    }
    if (run && re_lua_protect(lua, make_thread, run) < 0) {
        free(run);
        return NULL;
    }
    return run;
}

/* The handler has ended and its results have been read. */
static void give_back(struct re_lua *lua, struct re_lua_run *run)
{
    lua_settop(run->thread, 0);
    run->next = lua->idle;
    lua->idle = run;
}

/* The handler has failed. What it left to be closed is closed, within the rest
 * of its budget. */
static void give_up(struct re_lua *lua, struct re_lua_run *run)
{
    if (run->exceeded) {
        throw_away(lua, run);
    } else {
        lua_resetthread(run->thread);
        give_back(lua, run);
    }
}

/* Puts the handler and its arguments on the empty stack of its coroutine; how
 * many arguments. Nothing here allocates, for there is no protection; a stack
 * has room for LUA_MINSTACK. */
static int push_handler(struct re_lua *lua, struct re_lua_run *run)
{
    const struct re_lua_handler *h = &lua->handlers[run->handler];
    lua_State *T = run->thread;

    lua_rawgeti(T, LUA_REGISTRYINDEX, h->ref);
    if (lua->flavour == RE_LUA_RULES) {
        lua_pushinteger(T, run->call->nr);
        for (int i = 0; i < ST_MAX_REGS; i++) {
            lua_pushinteger(T, (lua_Integer)run->call->args[i]);
        }
        return 1 + ST_MAX_REGS;
    }
    if (h->takes_call) {
        re_lua_call_push(T, run);
    }
    return h->takes_call;
}

/* --- answers ----------------------------------------------------------- */

struct errno_cursor {
    const struct st_target *target;
    unsigned index;         /* of the name that "number" has */
    int number;
};

/* The i-th errno name of a target; they are asked for in order. */
static const char *errno_name_at(void *opaque, unsigned i)
{
    struct errno_cursor *at = opaque;
    const char *name = NULL;

    if (i < at->index || !i) {
        at->index = at->number = 0;
    }
    while (at->number < ERRNO_MAX) {
        name = st_errno_name(at->target, ++at->number);
        if (name && at->index++ == i) {
            return name;
        }
    }
    return NULL;
}

/* The number behind an error's name, or behind "errno 133", which call:run()
 * gives for an error that has none. */
static int errno_number(const struct st_target *target, const char *name)
{
    int number = st_errno_by_name(target, name);
    char *end;
    long value;

    if (number > 0 || strncmp(name, "errno ", 6)) {
        return number;
    }
    value = strtol(name + 6, &end, 10);
    return *end || value < 1 || value > ERRNO_MAX ? -ENOENT : value;
}

static enum re_lua_step fail(struct re_lua *lua, struct re_lua_run *run,
                             const char *message)
{
    re_lua_failure(lua, run->thread, run, message);
    memcpy(run->call->args, run->args, sizeof(run->args));
    run->call->nr = run->nr;
    run->call->slot = run->slot;
    run->call->other = false;
    if (lua->flavour != RE_LUA_RULES) {
        return RE_LUA_FAILED;
    }
    if (!run->has_run) {
        return RE_LUA_PASS;
    }
    run->call->result = run->original;  /* it is not made twice */
    return RE_LUA_RESULT;
}

static enum re_lua_step answer_error(struct re_lua *lua,
                                     struct re_lua_run *run, const char *name)
{
    struct errno_cursor cursor = { .target = lua->target };
    int number = errno_number(lua->target, name);
    char hint[RE_SUGGEST_MAX + 32];
    char message[256];
    const char *found;

    if (number > 0) {
        run->call->result = -number;
        return RE_LUA_RESULT;
    }
    found = re_suggest_hint(name, errno_name_at, &cursor, hint, sizeof(hint));
    snprintf(message, sizeof(message),
             "returned the unknown error \"%.64s\"%s%s",
             name, found ? "; " : "", found ? found : "");
    return fail(lua, run, message);
}

static enum re_lua_step answer_number(struct re_lua *lua,
                                      struct re_lua_run *run, lua_Integer n)
{
    const char *name;
    char message[160];

    if (n >= 0 || n < -ERRNO_MAX) {
        run->call->result = n;
        return RE_LUA_RESULT;
    }
    name = st_errno_name(lua->target, -n);
    snprintf(message, sizeof(message),
             "returned %lld; an error is returned by name: nil, \"%s\"",
             (long long)n, name ? name : "EPERM");
    return fail(lua, run, message);
}

/* nil or false, alone or with something other than a name. */
static enum re_lua_step answer_nothing(struct re_lua *lua,
                                       struct re_lua_run *run)
{
    lua_State *T = run->thread;
    char message[160];
    const char *name = NULL;
    int is_integer;
    lua_Integer n;

    if (lua_isnoneornil(T, FIRST) && lua_isnoneornil(T, SECOND)) {
        if (!run->has_run) {
            return RE_LUA_PASS;
        }
        run->call->result = run->original;
        return RE_LUA_RESULT;
    }
    n = lua_tointegerx(T, SECOND, &is_integer);
    if (is_integer && n > 0 && n <= ERRNO_MAX) {
        name = st_errno_name(lua->target, n);
    }
    snprintf(message, sizeof(message), "returned %s, %s; an error is returned "
             "by name: nil, \"%s\"", luaL_typename(T, FIRST),
             lua_isnone(T, SECOND) ? "nil" : luaL_typename(T, SECOND),
             name ? name : "EPERM");
    return fail(lua, run, message);
}

/* What the results of a handler mean, which are its stack. Converting them to
 * strings could raise, so only strings are read as such. */
static enum re_lua_step answer(struct re_lua *lua, struct re_lua_run *run)
{
    lua_State *T = run->thread;
    char message[160];
    int is_integer;
    lua_Integer n;

    switch (lua_type(T, FIRST)) {
    case LUA_TNUMBER:
        n = lua_tointegerx(T, FIRST, &is_integer);
        if (is_integer) {
            return answer_number(lua, run, n);
        }
        return fail(lua, run, "returned a number with a fraction");
    case LUA_TBOOLEAN:
        if (lua_toboolean(T, FIRST)) {
            break;
        }
        /* fall through */
    case LUA_TNIL:
    case LUA_TNONE:
        if (lua_type(T, SECOND) == LUA_TSTRING) {
            return answer_error(lua, run, lua_tostring(T, SECOND));
        }
        return answer_nothing(lua, run);
    }
    snprintf(message, sizeof(message), "returned a %s; an integer, nothing, or "
             "nil and an error's name was expected",
             luaL_typename(T, FIRST));
    return fail(lua, run, message);
}

/* The older form: action, value. */
static enum re_lua_step answer_rule(struct re_lua *lua, struct re_lua_run *run)
{
    lua_State *T = run->thread;
    int is_integer = 1;
    lua_Integer action = 0, value = 0;

    if (!lua_isnoneornil(T, FIRST)) {
        action = lua_type(T, FIRST) != LUA_TNUMBER ? -1 :
                 lua_tointegerx(T, FIRST, &is_integer);
    }
    if (!is_integer || action < 0 || action > 1) {
        return fail(lua, run, "returned an action that is neither 0 (go on) "
                              "nor 1 (done)");
    }
    if (!action) {
        return RE_LUA_PASS;
    }
    if (!lua_isnoneornil(T, SECOND)) {
        is_integer = 0;
        if (lua_type(T, SECOND) == LUA_TNUMBER) {
            value = lua_tointegerx(T, SECOND, &is_integer);
        }
    }
    if (!is_integer) {
        return fail(lua, run, "returned a result that is not an integer");
    }
    /* The emulator takes these two for requests to itself. */
    if (value == -512 || value == -513) {
        return fail(lua, run, "returned -512 or -513, which is no error of "
                              "the guest's");
    }
    run->call->result = value;
    return RE_LUA_RESULT;
}

/* --- from outside ------------------------------------------------------ */

/*
 * Others may run while a handler waits for something. The run is one of those
 * that wait, so that a child which another thread forks in between throws it
 * away.
 */
static void do_aside(struct re_lua *lua, struct re_lua_run *run)
{
    lua->current = NULL;
    start_waiting(lua, run);
    unlock(lua, run->call);
    run->result = run->aside(lua, run);
    lock(lua, run->call);
    stop_waiting(lua, run);
    run->aside = NULL;
}

/* Runs the coroutine with what is on its stack until it ends or yields. */
static enum re_lua_step go_on(struct re_lua *lua, struct re_lua_run *run,
                              int arguments)
{
    enum re_lua_step step;
    int status, results;

    for (;;) {
        lua->current = run;
        status = lua_resume(run->thread, lua->base, arguments, &results);
        if (status != LUA_YIELD || !run->aside) {
            break;
        }
        do_aside(lua, run);
        arguments = 0;
    }
    if (status == LUA_OK) {
        step = lua->flavour == RE_LUA_RULES ? answer_rule(lua, run) :
               answer(lua, run);
        give_back(lua, run);
    } else if (status != LUA_YIELD) {
        step = fail(lua, run, NULL);
        give_up(lua, run);
    } else if (run->wants_run) {
        run->wants_run = false;
        run->call->lua = run;
        start_waiting(lua, run);
        step = RE_LUA_RUN;
    } else {
        step = fail(lua, run, "attempt to yield from outside a coroutine");
        throw_away(lua, run);
    }
    lua->current = NULL;
    return step;
}

/* There is no coroutine to run the handler in. */
static enum re_lua_step fail_at_once(struct re_lua *lua,
                                     const struct re_rule *rule,
                                     struct re_call *call,
                                     const char *message)
{
    struct re_lua_run run = {
        .handler = rule->handler,
        .rule = rule,
        .call = call,
    };

    memcpy(run.args, call->args, sizeof(run.args));
    run.nr = call->nr;
    run.slot = call->slot;
    return fail(lua, &run, message);
}

/* There is no state: a handler's file may do in a thread what it did not do
 * when the policy was loaded. */
static enum re_lua_step fail_without_state(struct re_lua *home,
                                           const struct re_lua *state,
                                           const struct re_rule *rule,
                                           struct re_call *call)
{
    char message[256];
    enum re_lua_step step;

    snprintf(message, sizeof(message), "no state for this thread: %.200s",
             state ? state->broken : "not enough memory");
    pthread_mutex_lock(&home->lock);
    step = fail_at_once(home, rule, call, message);
    pthread_mutex_unlock(&home->lock);
    return step;
}

enum re_lua_step re_lua_start(struct re_lua *lua, const struct re_rule *rule,
                              struct re_call *call)
{
    struct re_lua_run *run;
    enum re_lua_step step;

    if (lua->limits.per_thread) {
        struct re_lua *state = re_lua_state(lua);

        if (!state || state->broken) {
            return fail_without_state(lua, state, rule, call);
        }
        lua = state;
    }
    lock(lua, call);
    run = take_run(lua);
    if (!run) {
        step = fail_at_once(lua, rule, call, "not enough memory");
        unlock(lua, call);
        return step;
    }
    run->handler = rule->handler;
    run->rule = rule;
    run->call = call;
    run->has_run = run->wants_run = run->exceeded = false;
    run->aside = NULL;
    memcpy(run->args, call->args, sizeof(run->args));
    run->nr = call->nr;
    run->slot = call->slot;
    run->serial = ++lua->serial;
    if (lua->budget) {
        lua_sethook(run->thread, re_lua_budget_hook, LUA_MASKCOUNT,
                    lua->budget);
    }
    step = go_on(lua, run, push_handler(lua, run));
    unlock(lua, call);
    return step;
}

enum re_lua_step re_lua_resume(struct re_lua *lua, struct re_call *call,
                               int64_t result)
{
    struct re_lua_run *run = call->lua;
    enum re_lua_step step;

    lua = run->lua;
    lock(lua, call);
    stop_waiting(lua, run);
    call->lua = NULL;
    run->call = call;
    run->result = result;
    if (!call->other) {
        run->has_run = true;
        run->original = result;
    }
    step = go_on(lua, run, 0);
    unlock(lua, call);
    return step;
}

void re_lua_drop(struct re_lua *lua, struct re_call *call)
{
    if (!call->lua) {
        return;
    }
    lua = call->lua->lua;
    lock(lua, call);
    re_lua_run_discard(lua, call->lua);
    unlock(lua, call);
    call->lua = NULL;
}
