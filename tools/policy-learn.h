/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What qemu-policy learn is made of: things that were seen, read from logs; the
 * patterns that their paths become; the rules that allow them; the policy as
 * text. Running out of memory ends the program.
 *
 *     policy-learn-log.c      lines of JSON        -> struct learn_thing
 *     policy-learn-names.c    one path, its names  -> patterns in them
 *     policy-learn-paths.c    many paths           -> struct learn_pattern
 *     policy-learn-rules.c    things               -> struct learn_rule
 *     policy-learn-values.c   ... about addresses and arguments
 *     policy-learn-sets.c     ... the list of calls, and sets
 *     policy-learn-calls.c    what is known about calls: tables
 *     policy-learn-write.c    rules                -> an INI file
 *     policy-learn.c          the command, and what it tells
 */
#ifndef TOOLS_POLICY_LEARN_H
#define TOOLS_POLICY_LEARN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "policy-question.h"

/* --- lists of words ------------------------------------------------------ */

/* Zero before first use; words are owned. */
struct learn_words {
    char **items;
    size_t count;
};

void learn_words_add(struct learn_words *w, char *word);    /* takes it over */
bool learn_words_have(const struct learn_words *w, const char *word);
/* Adds a copy, unless it is there; whether it was added. */
bool learn_words_once(struct learn_words *w, const char *word);
void learn_words_sort(struct learn_words *w);
void learn_words_free(struct learn_words *w);

/* --- what was seen ------------------------------------------------------- */

struct learn_arg {
    char *name, *value;     /* "cmd", "TCGETS" */
};

/* One call, as a policy could tell it from others. NULL: does not apply. */
struct learn_thing {
    const char *call;       /* canonical */
    const struct st_target *target;
    char *path, *path2;
    char *access;           /* read, write, readwrite */
    bool has_path;          /* it is about a path, even if that led nowhere */
    char *family;           /* of an address: "AF_INET"; "AF_UNSPEC": none */
    char *addr, *port;      /* "192.0.2.1", "443" */
    char *unix_name;        /* "/run/x", "@abstract" */
    struct learn_arg args[ST_MAX_ARGS];
    unsigned arg_count;
    long pid;               /* whose path it was: names may hold it */
};

struct learn_log {
    struct learn_thing *things;
    size_t count;
    size_t kept;            /* the first of them are to be allowed: a base
                               allows the others */
    struct learn_words files, programs, folders;    /* folders: where runs began */
    struct policy_scope targets;        /* that were seen */
    struct learn_words nameless;        /* numbers without a name */
    unsigned records;       /* read, of which ... */
    unsigned refused;       /* ... were not let through */
    unsigned broken;        /* ... could not be understood */
    uint64_t lost, repeated;            /* as the logs say */
};

/* Adds what a file holds; false after a complaint on standard error. */
bool learn_log_read(struct learn_log *log, const char *file);
void learn_log_free(struct learn_log *log);

/* --- paths --------------------------------------------------------------- */

enum learn_relation {
    LEARN_EQUAL,
    LEARN_LIKE,             /* text is a pattern */
    LEARN_UNDER,
};

struct learn_pattern {
    enum learn_relation relation;
    char *text;
    bool wrote;             /* it was opened for writing, or changed */
};

struct learn_patterns {
    struct learn_pattern *items;
    size_t count;
};

/* What was generalised: "from -> to (why)". */
struct learn_note {
    char *from, *to;
    const char *why;
    unsigned count;         /* of paths that became this */
};

struct learn_notes {
    struct learn_note *items;
    size_t count;
};

struct learn_path {
    const char *text;
    long pid;
};

struct learn_path_options {
    bool writes;            /* files are changed */
    bool folds;             /* folders with many files become one pattern */
    bool any_target;        /* other targets keep their libraries elsewhere */
    const struct learn_words *folders;  /* the program's own ground */
};

/* Sorted and without duplicates. */
void learn_generalise(struct learn_patterns *ret, const struct learn_path *paths,
                      size_t count, const struct learn_path_options *options,
                      struct learn_notes *notes);
void learn_patterns_free(struct learn_patterns *p);
void learn_notes_free(struct learn_notes *n);

/* Whether a path lies in one of the folders, or in one for temporary files. */
bool learn_is_within(const char *path, const struct learn_words *folders);

/* --- calls --------------------------------------------------------------- */

/* What a rule for a call says. */
enum learn_kind {
    LEARN_PLAIN,            /* the call, whatever its arguments are */
    LEARN_OPEN,             /* path and access */
    LEARN_PATH,             /* path */
    LEARN_PATHS,            /* path and path2 */
    LEARN_ADDRESS,
    LEARN_SOCKET,           /* domain and type */
    LEARN_CLONE,            /* threads, processes, or name spaces */
    LEARN_ARGUMENT,         /* one argument */
    LEARN_REFUSED,          /* clone3: ENOSYS, as from the emulator */
};

struct learn_trait {
    const char *call;       /* canonical */
    enum learn_kind kind;
    const char *rule;       /* what the rule is for: a set of such calls, or
                               the call itself */
    const char *arg;        /* LEARN_ARGUMENT */
    const char *look;       /* why a person should look at it, or NULL */
};

const struct learn_trait *learn_trait_of(const char *call);

/* Whether a call may be opened along with others of its set. */
bool learn_is_harmless(const char *call);

/* Why a person should look at a call that is allowed; NULL: no reason. */
const char *learn_look_of(const char *call);

/* The calls that C libraries use instead of this one on some target, itself
 * among them: up to "max" canonical names; 0: none. */
unsigned learn_siblings(const char *call, const char **ret, unsigned max);

/* --- rules --------------------------------------------------------------- */

struct learn_rule {
    char *name;
    struct learn_words tokens;  /* the condition, where lines may be broken */
    struct learn_words looks;   /* comments above it */
    unsigned line;              /* where it was written */
};

struct learn_fold {
    const char *set;
    unsigned covered;           /* calls seen that it stands for */
    struct learn_words opened;  /* calls not seen that it allows */
};

struct learn_policy {
    struct policy_scope targets;        /* that it is for */
    struct policy_scope unfit;          /* where it says what they lack */
    const char *base;                   /* to be included, or NULL */
    struct learn_fold *folds;
    size_t fold_count;
    struct learn_words plain;           /* calls and sets, for the list */
    struct learn_words siblings;        /* the same for other targets */
    struct learn_words chances;         /* what threads do or do not */
    struct learn_words looks;           /* about plain calls */
    unsigned looks_line, list_line;
    struct learn_rule *rules;
    size_t rule_count;
    bool refuses_clone3;        /* so that C libraries use clone */
    struct learn_notes notes;
    struct learn_words doubts;          /* what may not work, or was left out */
    unsigned calls, paths, addresses;   /* of the things */
};

struct learn_options {
    const char *base;
    const char *base_name;              /* as it was named; NULL: as a file */
    bool any_target;
};

void learn_make(struct learn_policy *ret, const struct learn_log *log,
                const struct learn_options *options);
void learn_policy_free(struct learn_policy *p);

/* Whether a name is a call, or a set, on every target of a scope. */
bool learn_is_everywhere(const struct policy_scope *scope, const char *name);

/* Writes it; "base" is what the include line says. */
void learn_write(struct learn_policy *p, const struct learn_log *log,
                 const char *base, FILE *out);

#endif
