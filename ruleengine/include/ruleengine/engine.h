/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ruleengine: policy text -> compiled policy -> verdict.
 *
 *     struct re_config config = { .target = ..., .ops = ..., ... };
 *     struct re_engine *engine;
 *     struct re_diags *diags = re_diags_new();
 *
 *     if (re_engine_new(&engine, &config, diags) < 0) {
 *         ... print diags, refuse to start ...
 *     }
 *     ... for every call whose byte in re_engine_map() is set:
 *     struct re_call call = { .nr = nr, .slot = slot, .guest = cpu, ... };
 *     enum re_step step = re_enter(engine, &thread, &call);
 *     while (step == RE_STEP_RUN) {
 *         int64_t result = the original call with call.args;
 *         step = re_resume(engine, &thread, &call, result);
 *     }
 *
 * Results follow the kernel: -4095 .. -1 is a negated errno with the guest's
 * number, anything else is a success.
 *
 * Threads: an engine is immutable once made, but for its counters, its log and
 * its Lua states, which guard themselves. re_enter() and re_resume() may be
 * called by any number of threads; a struct re_thread belongs to one thread, a
 * struct re_call to one call. Deciding takes no lock and allocates nothing; a
 * Lua handler takes its state's lock, which is free while RE_STEP_RUN is being
 * carried out.
 */
#ifndef RULEENGINE_ENGINE_H
#define RULEENGINE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <syscall-tables.h>

#include "ruleengine/diag.h"
#include "ruleengine/facts.h"
#include "ruleengine/guest.h"

struct re_engine;
struct re_form;
struct re_rule;
struct re_lua_run;

/* What an engine leaves to the next program image of its process: see
 * re_engine_save(). */
#define RE_SAVED_FDS 28

struct re_saved {
    void *bytes;            /* the policy's text and all that it reads */
    size_t size;
    int shared_fd;          /* counters, or -1 */
    int fds[RE_SAVED_FDS];  /* of logs and other files, or -1 */
    int learn_fd;           /* the file that is learnt into, or -1 */
    int stats_fd;           /* statistics, or -1 */
};

/* What to load, and for whom. Strings and arrays are borrowed during
 * re_engine_new() only, "ops" for as long as the engine lives. */
struct re_config {
    const struct st_target *target;
    const struct re_guest_ops *ops;     /* NULL: no guest (tools) */

    const char *const *policies;        /* INI files, each one a layer */
    size_t policy_count;
    const char *const *rule_dirs;       /* directories of Lua rules, a layer */
    size_t rule_dir_count;
    bool rules_reload;                  /* read again when their files change */

    /* Where records go: see docs/audit.md, "Sinks". None: "-", readable lines
     * on standard error. No log at all without a guest. */
    const char *const *logs;
    size_t log_count;

    /* Where to write down what the guest does (see learn.h); NULL: nowhere. */
    const char *learn_path;

    /* Where to count all calls (see stats.h); NULL: nowhere. */
    const char *stats_path;

    const char *exe;                    /* the guest program, for records */

    /* From an engine of the same process image before execve, or NULL. Then no
     * file is opened or read: the other members say the same names as they did
     * there. The descriptors belong to the new engine. */
    const struct re_saved *saved;
};

enum re_step {
    RE_STEP_RUN,        /* carry out the original call with call->args, then
                           re_resume() */
    RE_STEP_DONE,       /* call->result is the answer */
    RE_STEP_TRAP,       /* send SIGSYS to the guest as seccomp does */
    RE_STEP_KILL,       /* end the whole guest process with SIGSYS */
    RE_STEP_AGAIN,      /* a signal came: as if the call was interrupted before
                           it began, and will be made again */
};

/* The result of an original call that the caller will make again (QEMU's
 * -QEMU_ERESTARTSYS): it is not counted or logged twice. */
#define RE_RESULT_AGAIN     INT64_MIN

/* The original call has replaced the guest's state, so that it has no result
 * (QEMU's -QEMU_ESIGRETURN). */
#define RE_RESULT_GONE      (INT64_MIN + 1)

/* Policies and rule directories that one engine can hold. */
#define RE_LAYERS_MAX       16

/* One thread's state; zero it before its first use. */
struct re_thread {
    /* private: a call that is to be made again is decided once */
    int64_t again_nr;
    uint64_t again_args[ST_MAX_REGS];
    const struct re_rule *again_rule;   /* what had decided it */
    uint64_t again_until;               /* what it waits for: ns, or 0 */
    bool again;
    bool again_waits;                   /* it was waiting for a connection */
};

/* One system call on its way. */
struct re_call {
    /* set by the caller */
    int nr;                         /* as the guest gave it */
    int slot;                       /* st_slot_of_*(); -1: unknown number */
    uint64_t args[ST_MAX_REGS];     /* sign-extended; those to run with */
    void *guest;                    /* handed to struct re_guest_ops */
    struct re_facts *facts;         /* this thread's; NULL: has none */
    bool alone;                     /* no other thread is in the engine, or
                                       will be before this step is back:
                                       handlers run without a lock. Anew before
                                       re_resume() */
    bool other;                     /* RE_STEP_RUN: number and arguments are
                                       those of a call that a handler makes
                                       besides */

    /* answers */
    int64_t result;
    const struct re_rule *rule;     /* what decided; NULL: nothing did */

    /* private; set by re_enter() */
    struct re_lua_run *lua;         /* a handler waiting for its call:run() */
    const struct re_rule *decided[RE_LAYERS_MAX];   /* by each layer; NULL: it
                                       was not asked, as another had refused */
    unsigned layer;                 /* whose rule is being carried out */
    uint64_t given[ST_MAX_REGS];    /* the arguments as they came */
    int64_t ran;                    /* what the original call gave */
    uint64_t began;                 /* nanoseconds: statistics */
    bool has_run;
    int asked;                      /* nr as it came */
    bool settled;                   /* RE_STEP_RUN is the last step */
    bool again;                     /* decided, logged and delayed before */
    unsigned manners, charged, measured;    /* layers: bits; see manner.h */
    uint64_t granted[RE_LAYERS_MAX];
    uint64_t until;                 /* CLOCK_MONOTONIC, ns; 0: now */
    const struct re_form *wildcard; /* bind may be tried once more */
    const struct re_rule *refused;  /* set by re_interpreter() */
    unsigned refused_layer;
    int refused_error;              /* guest errno, positive */
};

/*
 * Reads, checks and compiles everything in the configuration. 0, or a negative
 * errno, with at least one error in diags: -EINVAL for a wrong policy, else
 * what opening or reading failed with. Warnings may stand in diags either way.
 * The engine belongs to the caller.
 */
int re_engine_new(struct re_engine **ret, const struct re_config *config,
                  struct re_diags *diags);
void re_engine_free(struct re_engine *engine);

/* One byte per slot, re_engine_map_size() of them: 0 means that the call may
 * be carried out without asking. Valid for the life of the engine. */
const uint8_t *re_engine_map(const struct re_engine *engine);
unsigned re_engine_map_size(const struct re_engine *engine);

/* Whether any condition needs facts, so that calls must come with some. */
bool re_engine_asks(const struct re_engine *engine);

/* Whether any asks for a path, an address or a descriptor: then what these
 * mean must not be changed behind the policy's back. */
bool re_engine_names(const struct re_engine *engine);

/* Whether any asks who a connection comes from: re_guest_ops.accept is then
 * called. */
bool re_engine_asks_for_peers(const struct re_engine *engine);

/* Whether any condition on this slot's calls needs facts. */
bool re_engine_asks_about(const struct re_engine *engine, unsigned slot);

/* Whether re_engine_learn() is to be called, also for calls that the map lets
 * pass. */
bool re_engine_learns(const struct re_engine *engine);

/*
 * Between RE_STEP_RUN and carrying the call out: writes down what it is, if
 * that has not been seen yet. Makes facts, which need not be used. Returns
 * whether calls of this slot need not come here again.
 */
bool re_engine_learn(struct re_engine *engine, const struct re_call *call);

/*
 * A call has come: what is to be done with it. After each RE_STEP_RUN the
 * caller says by re_resume() what the original call gave (a result,
 * RE_RESULT_AGAIN or RE_RESULT_GONE), and hears what comes next, until it is no
 * RE_STEP_RUN.
 */
enum re_step re_enter(struct re_engine *engine, struct re_thread *thread,
                      struct re_call *call);
enum re_step re_resume(struct re_engine *engine, struct re_thread *thread,
                       struct re_call *call, int64_t result);

/*
 * The note for strace output, such as "policy: deny, web.ini:14", for a call
 * that a rule has answered; 0 and an empty string when none has. Returns the
 * length as snprintf.
 */
size_t re_call_note(const struct re_call *call, char *buf, size_t size);

/* The process is about to end: what no record has told yet is. How many records
 * are missing all the same, and nothing says so: the logs cannot be written to.
 * 0 but in the process that was started. */
uint64_t re_engine_finish(struct re_engine *engine);

/*
 * From a handler of SIGBUS: whether the address was one of the statistics',
 * whose file somebody has cut short. There is memory in its place now, of this
 * process alone: what is counted there from now on, nobody sees.
 */
bool re_engine_mend(const struct re_engine *engine, const void *addr);

/* Around fork: before it in the parent, after it in the parent and in the
 * child. In between, no handler is half-way through its Lua state. */
void re_fork_prepare(struct re_engine *engine);
void re_fork_parent(struct re_engine *engine);
void re_fork_child(struct re_engine *engine);

/* --- execve ------------------------------------------------------------- */

/*
 * All that the same policies need to go on in another program image, for
 * re_config.saved: rules and counters are then what they are now, whatever has
 * become of the files. "bytes" is malloc'ed and the caller's; the descriptors
 * stay the engine's and are close-on-exec. 0 or -ENOMEM.
 */
int re_engine_save(const struct re_engine *engine, struct re_saved *ret);

enum re_exec {
    RE_EXEC_AGAIN,      /* run the program below the same policy */
    RE_EXEC_OUTSIDE,    /* hand it to the host, as "exec = native" says */
};

/* What the policies make of executing a host's own program, named by its path
 * without links: OUTSIDE if each policy lists it. */
enum re_exec re_engine_exec(const struct re_engine *engine, const char *path);

/* What a program brings along without naming it in its call. */
enum re_interpreter {
    RE_INTERPRETER_OF_SCRIPT,   /* behind "#!" */
    RE_INTERPRETER_OF_ELF,      /* PT_INTERP, the dynamic loader */
};

/*
 * While RE_STEP_RUN of an execution is being carried out, which comes with
 * facts: whether the program may have an interpreter. Where it leads has been
 * put into call->facts->paths[0], with its "host".
 *
 * A script's is asked for as if the call had named it. A loader is asked for as
 * the libraries that it will read are: as opened for reading. Rules without a
 * condition on paths are not asked, for they have spoken; a "when" or limit
 * counts nothing. False: the call is to be given up. Whatever re_resume() is
 * then told, it does what the rule says that refuses.
 */
bool re_interpreter(struct re_engine *engine, struct re_call *call,
                    enum re_interpreter kind);

/* Whether the guest's memory is to be kept apart from the emulator's: unless
 * each policy says "confine = no". */
bool re_engine_confine(const struct re_engine *engine);

/* Whether each policy lets a debugger in ("gdb = yes"). */
bool re_engine_gdb(const struct re_engine *engine);

/* --- the host's wall ----------------------------------------------------- */

/* "host-wall" in [policy]; in the order of their values, not of strictness. */
enum re_wall {
    RE_WALL_AUTO,       /* what the host has */
    RE_WALL_OFF,
    RE_WALL_STRICT,     /* all of it, or the guest does not start */
};

/* The strictest of all layers: STRICT, AUTO, OFF. */
enum re_wall re_engine_host_wall(const struct re_engine *engine);

/* Whether any call of the slot (-1: of unknown numbers) can ever be carried
 * out: each layer has a rule that allows it, a handler for it, or a refusal
 * that is permissive. Conditions count as if they could hold. */
bool re_engine_may_run(const struct re_engine *engine, int slot);

/* Whether handlers or rules do things on the host by themselves: open other
 * files, make files and folders. */
bool re_engine_acts(const struct re_engine *engine);

/* Whether handlers can do anything on the host: with libraries of Lua that the
 * policy opens, or as directories of rules. */
bool re_engine_acts_freely(const struct re_engine *engine);

/* Whether each policy says "exec = native", so that the host may run
 * programs. */
bool re_engine_runs_outside(const struct re_engine *engine);

/* --- descriptors --------------------------------------------------------- */

/* Where the engine's own stand: see ruleengine/numbers.h. */

/* The name of the memory that counters lie in, a memfd. */
#define RE_SHARED_NAME "policy"

/*
 * The i-th log: its name, in the folder that is open there, if it is a file
 * that goes on under its name; else NULL. False behind the last one.
 */
bool re_engine_log_name(const struct re_engine *engine, unsigned i,
                        int *ret_folder, const char **ret_name);

/* Writes a message to the log, if there is one: verdict "log". */
void re_engine_tell(const struct re_engine *engine, const char *text);

/* Replaces the program's name in later records (argument borrowed). */
void re_engine_set_exe(struct re_engine *engine, const char *exe);

#endif
