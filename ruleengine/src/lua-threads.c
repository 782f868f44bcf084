/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "handler-state = thread": a state for each thread that handles calls, made at
 * its first one from the texts that the policy's own state ("home") was loaded
 * from, and freed when the thread ends. Home runs no handlers then; it checks
 * the policy, keeps the list of the others and counts failures.
 *
 * Each state keeps its lock, which only its thread and fork ask for: so no
 * thread waits for another's handler, and no state is half-way through Lua when
 * a child gets a copy. Home's lock comes before those of the states.
 */
#include "lua-private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ruleengine/diag.h"

/* Spreads the states' numbers over the seeds. */
#define SEED_STEP UINT64_C(0x9e3779b97f4a7c15)

static void link_state(struct re_lua *home, struct re_lua *lua)
{
    lua->previous_state = NULL;
    lua->next_state = home->states;
    if (lua->next_state) {
        lua->next_state->previous_state = lua;
    }
    home->states = lua;
}

static void unlink_state(struct re_lua *home, struct re_lua *lua)
{
    if (lua->previous_state) {
        lua->previous_state->next_state = lua->next_state;
    } else {
        home->states = lua->next_state;
    }
    if (lua->next_state) {
        lua->next_state->previous_state = lua->previous_state;
    }
}

/* The thread ends. */
static void end_state(void *opaque)
{
    struct re_lua *lua = opaque, *home = lua->home;

    pthread_mutex_lock(&home->lock);
    unlink_state(home, lua);
    pthread_mutex_unlock(&home->lock);
    re_lua_free(lua);
}

int re_lua_threads_open(struct re_lua *home)
{
    int err = pthread_key_create(&home->key, end_state);

    home->has_key = !err;
    return -err;
}

void re_lua_threads_close(struct re_lua *home)
{
    while (home->states) {
        struct re_lua *lua = home->states;

        home->states = lua->next_state;
        re_lua_free(lua);
    }
    if (home->has_key) {
        pthread_key_delete(home->key);
    }
}

int re_lua_path_add(struct re_lua *home, const char *path)
{
    char **paths = reallocarray(home->paths, home->path_count + 1,
                                sizeof(*paths));

    if (!paths) {
        return -ENOMEM;
    }
    home->paths = paths;
    paths[home->path_count] = strdup(path);
    if (!paths[home->path_count]) {
        return -ENOMEM;
    }
    home->path_count++;
    return 0;
}

/* Runs home's files in a new state, and finds the same handlers. */
static int load_state(struct re_lua *lua, struct re_diags *diags)
{
    const struct re_lua *home = lua->home;
    int err = 0;

    for (size_t i = 0; i < home->path_count && !err; i++) {
        err = re_lua_load(lua, home->paths[i], NULL, 0, 0, diags);
    }
    for (size_t i = 0; i < home->handler_count && !err; i++) {
        int handler = re_lua_handler(lua, home->handlers[i].name);

        /* A file need not do the same each time that it runs. */
        err = handler == (int)i ? 0 : handler == -ENOMEM ? -ENOMEM : -ESTALE;
    }
    return err;
}

/* Home's lock is held. NULL: no memory. */
static struct re_lua *make_state(struct re_lua *home)
{
    struct re_diags *diags = re_diags_new();
    struct re_lua_limits limits = home->limits;
    struct re_lua *lua = NULL;
    const struct re_diag *diag;
    int err;

    limits.seed += home->state_number * SEED_STEP;
    if (!diags || re_lua_new_of(&lua, home, &limits) < 0) {
        re_diags_free(diags);
        return NULL;
    }
    err = load_state(lua, diags);
    if (err) {
        diag = re_diags_at(diags, 0);
        lua->broken = strdup(err == -ESTALE ? "the file defines other handlers "
                             "this time" : diag ? diag->message :
                             "not enough memory");
    }
    re_diags_free(diags);
    if ((err && !lua->broken) || pthread_setspecific(home->key, lua)) {
        re_lua_free(lua);
        return NULL;
    }
    home->state_number++;
    lua->owner = syscall(SYS_gettid);
    link_state(home, lua);
    return lua;
}

struct re_lua *re_lua_state(struct re_lua *home)
{
    struct re_lua *lua = pthread_getspecific(home->key);

    if (!lua) {
        pthread_mutex_lock(&home->lock);
        lua = make_state(home);
        pthread_mutex_unlock(&home->lock);
    }
    return lua;
}

/* --- fork -------------------------------------------------------------- */

void re_lua_fork_prepare(struct re_lua *home)
{
    pthread_mutex_lock(&home->lock);
    home->fork_tid = syscall(SYS_gettid);
    for (struct re_lua *lua = home->states; lua; lua = lua->next_state) {
        pthread_mutex_lock(&lua->lock);
        lua->fork_tid = home->fork_tid;
    }
}

void re_lua_fork_parent(struct re_lua *home)
{
    for (struct re_lua *lua = home->states; lua; lua = lua->next_state) {
        pthread_mutex_unlock(&lua->lock);
    }
    pthread_mutex_unlock(&home->lock);
}

/* One state, in the child: calls of threads that are not here are dropped. */
static void enter_child(struct re_lua *lua, pid_t tid)
{
    /* The mutex may remember waiting threads that do not exist here. */
    pthread_mutex_init(&lua->lock, NULL);
    pthread_mutex_init(&lua->failures_lock, NULL);
    lua->seeded &= lua->limits.has_seed;    /* else: numbers of its own */
    for (struct re_lua_run *run = lua->waiting, *next; run; run = next) {
        next = run->next;
        if (run->tid == lua->fork_tid) {
            run->tid = tid;     /* this fork is its original call */
        } else {
            re_lua_run_discard(lua, run);
        }
    }
}

void re_lua_fork_child(struct re_lua *home)
{
    pid_t tid = syscall(SYS_gettid);

    enter_child(home, tid);
    for (struct re_lua *lua = home->states, *next; lua; lua = next) {
        next = lua->next_state;
        enter_child(lua, tid);
        if (lua->owner == lua->fork_tid) {
            lua->owner = tid;
        } else {
            unlink_state(home, lua);
            re_lua_free(lua);
        }
    }
}
