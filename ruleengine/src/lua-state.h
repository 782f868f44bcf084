/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lua handlers: one Lua 5.4 state for a layer, behind a lock once there can be
 * threads (re_call.alone); or, on request, one for each, without waiting.
 *
 * A handler runs as a coroutine. When it calls call:run(), it yields; the
 * caller carries out the original call with no lock held and no Lua frame on
 * the C stack (so the call may block, fork, start a thread, or never return),
 * and resumes it with the result.
 */
#ifndef RULEENGINE_LUA_STATE_H
#define RULEENGINE_LUA_STATE_H

#include "ruleengine/diag.h"
#include "ruleengine/engine.h"

struct re_lua;
struct re_lua_run;          /* a handler that waits for its original call */
struct re_audit;
struct re_origin;

enum re_lua_flavour {
    RE_LUA_HANDLERS,        /* [policy] handlers: call objects, and libraries
                               that are safe */
    RE_LUA_RULES,           /* --rules: the older form, all libraries */
};

/* Libraries that a policy can open for its handlers. */
enum {
    RE_LUA_IO = 1,
    RE_LUA_OS = 2,
    RE_LUA_DEBUG = 4,
    RE_LUA_COROUTINE = 8,
    RE_LUA_PACKAGE = 16,
};

struct re_lua_limits {
    uint64_t instructions;  /* per handler call; 0: none */
    size_t memory;          /* bytes of a whole state; 0: none */
    uint64_t seed;          /* of call:random() and math.random() */
    bool has_seed;          /* else they differ from run to run */
    unsigned libraries;     /* RE_LUA_*, or-ed: which are open besides */
    bool per_thread;        /* each thread has a state of its own */
};

enum re_lua_step {
    RE_LUA_RUN,             /* carry out call->args; call->lua is set */
    RE_LUA_RESULT,          /* call->result is the answer */
    RE_LUA_PASS,            /* no answer: carry out call->args, no more */
    RE_LUA_FAILED,          /* the handler failed: on-error decides */
};

/* A state without handlers yet. "target" and "ops" are borrowed, the limits
 * copied. 0 or a negative errno with diags. */
int re_lua_new(struct re_lua **ret, enum re_lua_flavour flavour,
               const struct st_target *target, const struct re_guest_ops *ops,
               const struct re_lua_limits *limits, struct re_diags *diags);
void re_lua_free(struct re_lua *lua);

/*
 * A state of directories of rules that takes the place of "first": it writes
 * its messages where that does, shares its values and counts failures there.
 * For threads of the guest, whose stacks are small. "first" outlives it, and
 * its origin, where it finds the texts, is borrowed. 0 or -ENOMEM.
 */
int re_lua_new_again(struct re_lua **ret, struct re_lua *first,
                     struct re_origin *origin);

/* Whether no call waits in the state, so that it can be freed if none
 * starts. */
bool re_lua_unused(struct re_lua *lua);

/* Where call:log() and c_log() write; borrowed. Without one: nowhere. */
void re_lua_set_audit(struct re_lua *lua, struct re_audit *audit);

/* The layer's verdict for a handler that failed, so that its message can say
 * what became of the call ("denied with EPERM (on-error, web.ini:5)");
 * borrowed. Without one the message leaves that out. RE_LUA_RULES need none:
 * there the original call goes on. */
void re_lua_set_on_error(struct re_lua *lua, const struct re_rule *on_error);

/* Where files and directories are read; borrowed. Without one, from the file
 * system. */
void re_lua_set_origin(struct re_lua *lua, struct re_origin *origin);

/* Gives the state values that processes share ("shared"), in the origin's
 * memory if there is one; before anything is loaded. 0 or -ENOMEM. */
int re_lua_share(struct re_lua *lua);

/* Handlers that have failed so far, told on standard error or not. */
uint64_t re_lua_failures(struct re_lua *lua);

/* Tells the log of something at a place ("a.lua:3"), and "aloud" standard
 * error, too. */
void re_lua_tell(struct re_lua *lua, const char *place, const char *text,
                 bool aloud);

/* The source is another one: failures at places that were told of are news. */
void re_lua_forget_places(struct re_lua *lua);

/* Loads a file of handlers and runs its main chunk. 0 or a negative errno, with
 * diags: at the Lua file's line, or, when the file cannot be read, at
 * "file:line:column" of the policy that named it (copied). */
int re_lua_load(struct re_lua *lua, const char *path, const char *file,
                unsigned line, unsigned column, struct re_diags *diags);

/* A global function as a handler: a handle >= 0, or -ENOENT. */
int re_lua_handler(struct re_lua *lua, const char *name);

/* The i-th global function's name, for suggestions; NULL past the end.
 * Borrowed until the next call. */
const char *re_lua_function_at(struct re_lua *lua, unsigned i);

/* Loads a directory of rules in the older form. "found" is called once for each
 * call that has a rule. 0 or a negative errno with diags. */
typedef void re_lua_found(void *opaque, const char *syscall, int handler,
                          const char *file, unsigned line);
int re_lua_load_rules(struct re_lua *lua, const char *dir,
                      re_lua_found *found, void *opaque,
                      struct re_diags *diags);

/*
 * Starts a handler for a call, goes on after its call:run(), or drops it (its
 * call is made again or replaced the guest; runs no Lua). The rule is for error
 * messages.
 *
 * RE_LUA_RUN may come several times for one call. A handler that answers
 * nothing gives RE_LUA_PASS; when it has run the original call already, the
 * result of that is its answer (RE_LUA_RESULT) and the call is not made twice.
 * RE_LUA_FAILED puts call->args back to what the guest gave. RE_LUA_RULES never
 * give it: a rule that fails is RE_LUA_PASS.
 *
 * Messages of failed handlers go to standard error as it was in re_lua_new(),
 * once per place in the Lua source; further ones are counted.
 */
enum re_lua_step re_lua_start(struct re_lua *lua, const struct re_rule *rule,
                              struct re_call *call);
enum re_lua_step re_lua_resume(struct re_lua *lua, struct re_call *call,
                               int64_t result);
void re_lua_drop(struct re_lua *lua, struct re_call *call);

/* Calls are resumed and dropped by the threads that started them. A thread's
 * own state ends with it, or in a child that another thread forks. */
void re_lua_fork_prepare(struct re_lua *lua);
void re_lua_fork_parent(struct re_lua *lua);
void re_lua_fork_child(struct re_lua *lua);

#endif
