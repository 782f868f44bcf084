/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A compiled layer: what one policy file (with its includes), or the rule
 * directories, make of each slot of one target. Immutable once compiled, but
 * for the counters, which live in memory shared with forked children.
 *
 *     slot -> candidates, the most specific first -> the first that matches
 */
#ifndef RULEENGINE_POLICY_H
#define RULEENGINE_POLICY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "ruleengine/engine.h"
#include "ruleengine/facts.h"
#include "arena.h"

struct re_device;
struct re_document;
struct re_draft;
struct re_form;
struct re_reload;
struct re_lua;
struct re_manner;
struct re_measure;
struct re_origin;
struct re_setting;

/* What a rule makes of a call; later is stricter: the less of the call is
 * carried out (ORDER VERDICT). */
enum re_verdict {
    RE_VERDICT_ALLOW,
    RE_VERDICT_RUN,         /* emulate: carried out, in its "manner" */
    RE_VERDICT_WILDCARD,    /* emulate: bind, else to the wildcard address */
    RE_VERDICT_PARENTS,     /* emulate: once missing directories are made */
    RE_VERDICT_ROOT,        /* emulate: below the guest's root and only there */
    RE_VERDICT_REDIRECT,    /* emulate: on another file of the host's */
    RE_VERDICT_DEVICE,      /* emulate: on a device of the policy */
    RE_VERDICT_READ,        /* emulate: from one of a device's reads */
    RE_VERDICT_FILE,        /* emulate: on a file with "manner"'s content ... */
    RE_VERDICT_DATA,        /* ... wherever that has come from */
    RE_VERDICT_RETURN,      /* emulate: success with "value" */
    RE_VERDICT_ERROR,       /* emulate: failure with "error" */
    RE_VERDICT_LUA,         /* emulate: "handler" decides */
    RE_VERDICT_DENY,        /* failure with "error" */
    RE_VERDICT_TRAP,
    RE_VERDICT_KILL,
};

/* strace's when=first[+[step]] and first..last[+step], counted from 1. */
struct re_when {
    uint64_t first;         /* 0: no "when", the rule always applies */
    uint64_t last;          /* UINT64_MAX: no end */
    uint64_t step;          /* 0: only "first" */
};

struct re_rule {
    enum re_verdict verdict;
    bool log;               /* leave a record when this rule decides */
    bool permissive;        /* decide and log, but let the call through */
    int error;              /* guest errno, positive: DENY, ERROR */
    const char *error_name; /* "EACCES" */
    int64_t value;          /* RETURN */
    int handler;            /* LUA: struct re_lua's handle */
    const char *handler_name;
    struct re_when when;
    struct re_manner *manner;   /* NULL: none; see manner.h */
    _Atomic uint64_t *count;    /* shared; NULL without "when" */
    const char *file;       /* as the user named it */
    unsigned line;          /* 0: the default of a policy that names none */
    const char *key;        /* "default", or the key as written: "@open" */
    const char *text;       /* the value as written, one line */
    _Atomic uint64_t *hits;     /* statistics; NULL: nobody counts */
};

/*
 * Conditions are a flat list of tests with two ways on, as in BPF: index of
 * the next test, or one of the two ends. Every comparison of integers becomes
 * one range test at the argument's declared width and sign.
 */
enum {
    RE_COND_LATER = 0xfffd, /* a peer has to be there first */
    RE_COND_TRUE = 0xfffe,
    RE_COND_FALSE = 0xffff,
    RE_COND_MAX = 0xff00,   /* tests in one condition */
};

enum re_test_op {
    RE_TEST_RANGE,          /* low <= (value & mask) <= high, modulo 2^64 */
    /* The others need facts, which "form" can make; "reg" says which. */
    RE_TEST_FACT_RANGE,     /* low <= fact <= high; enum re_number */
    RE_TEST_TEXT_EQUAL,     /* enum re_subject; "text" */
    RE_TEST_TEXT_UNDER,
    RE_TEST_TEXT_LIKE,
    RE_TEST_NETWORK,        /* the address lies in "network" */
    RE_TEST_READ_BLOCK,     /* makes the block and goes on: yes == no */
    RE_TEST_BLOCK,          /* as RANGE, of the block's word "reg" */
};

enum re_number {
    RE_NUMBER_ACCESS,
    RE_NUMBER_FAMILY,
    RE_NUMBER_PORT,         /* holds for no address without one */
};

enum re_subject {
    RE_SUBJECT_PATH,
    RE_SUBJECT_PATH2,
    RE_SUBJECT_UNIX,
    RE_SUBJECT_FDPATH,
};

struct re_string {
    size_t len;
    const char *chars;      /* NUL-terminated */
};

struct re_network {
    unsigned char ip[16];   /* IPv4 as ::ffff:a.b.c.d */
    unsigned bits;          /* leading bits that count, 0 .. 128 */
};

struct re_test {
    uint8_t op;             /* enum re_test_op */
    uint8_t reg;            /* do_syscall argument, 0 .. 7 */
    uint8_t width;          /* 16, 32 or 64 bits that count */
    uint8_t pair;           /* enum st_pair */
    bool is_signed;         /* how the value is extended to 64 bits */
    uint16_t yes, no;       /* next test, RE_COND_TRUE or RE_COND_FALSE */
    union {
        uint64_t mask;      /* RANGE; all ones: none */
        const struct re_form *form;
    };
    union {
        uint64_t low;       /* value - low <= span, unsigned */
        const struct re_string *text;
        const struct re_network *network;
    };
    uint64_t span;
};

struct re_candidate {
    const struct re_rule *rule;
    const struct re_test *tests;    /* NULL: always */
    bool asks;              /* some of the tests, or the verdict, need facts */
    bool names;             /* ... about paths, addresses or descriptors */
    bool peers;             /* ... about who a connection comes from */
    uint16_t test_count;
    const struct re_measure *measure;   /* of a limit; NULL: none, or calls */
    const struct re_form *form;     /* of a verdict that changes paths */
    const struct re_device *device;     /* whose descriptor ... */
    uint8_t device_reg;             /* ... this register must hold, */
    const struct re_form *device_form;  /* or this word of its block; or NULL */
    const struct re_draft *draft;   /* for tools; NULL: a default */
};

struct re_slot {
    const struct re_candidate *candidates;
    unsigned count;         /* the last one has no tests and no "when" */
    unsigned total;         /* with those behind it, which never decide */
};

/* A program of the host that "exec = native" lists. */
struct re_native {
    const struct re_native *next;
    const char *path;
};

struct re_layer {
    const struct st_target *target;
    const struct re_guest_ops *ops;     /* NULL: no guest (tools) */
    struct re_slot *slots;          /* st_slot_count() of them */
    struct re_slot unknown;         /* numbers without a name */
    const struct re_form **forms;   /* of each slot; NULL until one asks */
    const struct re_rule *default_rule;
    const struct re_rule *on_error; /* verdict of a handler that failed */
    struct re_lua *lua;             /* NULL without handlers */
    struct re_reload *reload;       /* whose rules change; NULL: they do not */
    bool permissive;                /* the whole layer */
    struct re_arena *arena;         /* owns everything above but lua */
    /* NULL: directories of rules */
    const struct re_setting *exec, *gdb, *confine, *log_rate,
        *log_repeat;
    const struct re_native *native;     /* as named, and without links */
    const struct re_setting *host_wall;     /* the same */
    struct re_origin *origin;       /* borrowed */
    const struct re_document *doc;  /* what it was made of, in the arena */
    void *counters;                 /* shared mapping, or NULL */
    size_t counters_size;           /* bytes */
};

/* Whether the tests hold for a call's arguments. No lock, no allocation. */
bool re_tests_hold(const struct re_test *tests,
                   const uint64_t args[ST_MAX_REGS]);

/* The same for tests that may need facts. */
bool re_tests_hold_with_facts(const struct re_test *tests,
                              const uint64_t args[ST_MAX_REGS],
                              struct re_facts *facts);

/* The rule that decides a slot (-1: unknown number) for these arguments. With
 * "again", the call was decided and counted before, and let through by that
 * rule; NULL: it is new, and rules with a "when" that match count it. Without
 * facts, a condition that needs them holds for a rule that refuses, and for no
 * other. */
const struct re_rule *re_layer_decide(const struct re_layer *layer, int slot,
                                      const uint64_t args[ST_MAX_REGS],
                                      struct re_facts *facts,
                                      const struct re_rule *const *again);

/* Where a decision waits for a peer. */
struct re_undecided {
    const struct re_candidate *at;
    const struct re_form *form;
};

/* The same, for a call that accepts, before a connection is taken: NULL if who
 * it comes from matters. re_layer_decide_later() goes on from there. */
const struct re_rule *re_layer_decide_early(const struct re_layer *layer,
                                            int slot,
                                            const uint64_t args[ST_MAX_REGS],
                                            struct re_facts *facts,
                                            const struct re_rule *const *again,
                                            struct re_undecided *ret);
const struct re_rule *re_layer_decide_later(const struct re_layer *layer,
                                            const struct re_undecided *pending,
                                            const uint64_t args[ST_MAX_REGS],
                                            struct re_facts *facts);

/* Whether a condition on the slot's calls asks who a connection comes from. */
bool re_layer_asks_for_peer(const struct re_layer *layer, unsigned slot);

/* Reads and compiles an INI file with its includes and handlers. */
int re_layer_load(struct re_layer **ret, const struct st_target *target,
                  const struct re_guest_ops *ops, struct re_origin *origin,
                  const char *path, struct re_diags *diags);
/* The layer that directories of Lua rules make. */
int re_layer_load_rules(struct re_layer **ret, const struct st_target *target,
                        const struct re_guest_ops *ops,
                        struct re_origin *origin,
                        const char *const *dirs, size_t count,
                        struct re_diags *diags);
/* The same directories as their files are by now, as "origin" has them: a layer
 * that takes the place of "first", which outlives it. Needs little stack. */
int re_layer_load_rules_again(struct re_layer **ret, struct re_layer *first,
                              struct re_origin *origin,
                              const char *const *dirs, size_t count,
                              struct re_diags *diags);

/* Directories of rules that are read again when they change (see reload.h). */
int re_layer_load_changing(struct re_layer **ret,
                           const struct st_target *target,
                           const struct re_guest_ops *ops,
                           struct re_origin *origin, const char *const *dirs,
                           size_t count, struct re_diags *diags);
void re_layer_free(struct re_layer *layer);

#endif
