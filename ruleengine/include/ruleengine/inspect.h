/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A policy to look at: which rules govern a call, in which order, which of them
 * hold for a call of which only some is known, and which decides. For tools; no
 * guest is needed, nothing is carried out, counted or logged.
 *
 *     struct re_view *view;
 *     struct re_known known = { .nth = 1 };
 *     struct re_answer answer;
 *
 *     re_view_new(&view, target, "web.ini", diags);
 *     re_known_set(&known, target, slot, "flags", "O_RDWR|O_CREAT", why, size);
 *     re_view_ask(view, slot, &known, &answer);
 *     ... answer.rules[0 .. answer.count - 1] ...
 *     re_answer_free(&answer);
 *     re_view_free(view);
 *
 * Not thread-safe: a view belongs to one thread.
 */
#ifndef RULEENGINE_INSPECT_H
#define RULEENGINE_INSPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <syscall-tables.h>

#include "ruleengine/diag.h"
#include "ruleengine/facts.h"

struct re_view;

/* Loads one policy with its includes and handlers as an engine would. 0, or a
 * negative errno with diags; warnings may stand in diags either way. */
int re_view_new(struct re_view **ret, const struct st_target *target,
                const char *path, struct re_diags *diags);
void re_view_free(struct re_view *view);

/* --- what is known about a call ----------------------------------------- */

/* Facts that stand beside the arguments; bits of struct re_known. */
enum {
    RE_KNOWN_PATH   = 1 << 0,
    RE_KNOWN_PATH2  = 1 << 1,
    RE_KNOWN_UNIX   = 1 << 2,
    RE_KNOWN_ADDR   = 1 << 3,
    RE_KNOWN_PORT   = 1 << 4,
    RE_KNOWN_FAMILY = 1 << 5,
    RE_KNOWN_ACCESS = 1 << 6,
    RE_KNOWN_FDPATH = 1 << 7,
};

/* Zero it, but for "nth"; re_known_set() fills it in. Large. */
struct re_known {
    bool args[ST_MAX_ARGS];             /* the i-th argument is known */
    uint64_t values[ST_MAX_ARGS];       /* extended to 64 bits */
    unsigned facts;                     /* RE_KNOWN_* */
    unsigned words;                     /* bits: of about.block.words */
    struct re_facts about;              /* the facts themselves */
    uint64_t nth;                       /* of the calls that a "when" counts */
};

/*
 * One word of a question: "flags", "O_RDWR|O_CREAT". Names are the call's
 * arguments, arg0 .. arg5, path, path2, fdpath, access, addr, port, family,
 * unix, and "when" for "nth". A path is taken as one that follows no links: "."
 * and ".." are resolved by their names. 0; -ENOENT when the call has no such
 * argument; -EINVAL for a wrong value: then why[size] says what is wrong.
 */
int re_known_set(struct re_known *known, const struct st_target *target,
                 unsigned slot, const char *name, const char *value,
                 char *why, size_t size);

/* --- answers ------------------------------------------------------------ */

enum re_truth {
    RE_NO,
    RE_OPEN,                /* depends on what is not known */
    RE_YES,
};

/* How specific a rule is; the greater one wins. */
enum re_rank {
    RE_RANK_SET = 0,
    RE_RANK_NAME = 1,
    RE_RANK_CONDITION = 2,  /* a bit: with a condition or "when" */
    RE_RANK_DEVICE = 4,     /* a bit: for the descriptors of a device */
    RE_RANK_DEFAULT = -1,
};

enum { RE_VERDICT_TEXT_MAX = 96 };

struct re_answer_rule {
    const char *file;       /* as the user named it; borrowed of the view */
    unsigned line;          /* 0: a default that no line sets */
    char *text;             /* "[allow] openat = access == read" */
    char *effect;           /* "allow if access == read": without the name */
    char verdict[RE_VERDICT_TEXT_MAX];  /* "deny EPERM", "lua f" */
    int rank;               /* enum re_rank */
    int strictness;         /* the greater wins among equals */
    bool refuses, emulates; /* neither: allows */
    bool permissive;        /* decides and logs, but lets the call through */
    bool logs;
    bool lacking;           /* does not apply, or holds always, because the
                               call lacks an argument that it names */
    bool reached;           /* false: a rule before it always holds */
    enum re_truth holds;
    char *why;              /* of NO and OPEN: "port is 443, not 5432" */
};

struct re_answer {
    struct re_answer_rule *rules;   /* the most specific first, default last */
    size_t count;
    size_t decides;         /* index: the first that holds for certain */
    bool certain;           /* no rule before it could decide otherwise */
};

/* The rules that govern a slot, and what becomes of such a call. "known" NULL:
 * nothing is asked, and every rule is RE_OPEN or RE_YES. -1 for slot: a number
 * that the target lacks. 0 or -ENOMEM. */
int re_view_ask(struct re_view *view, int slot, const struct re_known *known,
                struct re_answer *ret);
void re_answer_free(struct re_answer *answer);

/* A setting as it is in force: "on-error", "exec", "gdb", "permissive"; into
 * buf. Where it was set: "*ret_file" and "*ret_line" (0: nowhere). */
void re_view_setting(const struct re_view *view, const char *name, char *buf,
                     size_t size, const char **ret_file, unsigned *ret_line);

/* --- comparison --------------------------------------------------------- */

enum re_relation_of {
    RE_SAME,                /* whatever the arguments are */
    RE_DIFFERS,
    RE_UNSURE,              /* no difference was found, but not all was tried */
};

/* Whether one comparison in a condition holds is a question. So many are asked
 * about one call of one target at most. */
enum { RE_ASKED_MAX = 250000000 };

/* Why not all was tried; bits. */
enum {
    RE_UNSURE_PATTERNS = 1 << 0,    /* with one path for each pattern */
    RE_UNSURE_MASKS = 1 << 1,       /* with some combinations of bits */
    RE_UNSURE_MANY = 1 << 2,        /* with RE_ASKED_MAX questions */
};

/* Zero before first use. */
struct re_contrast {
    enum re_relation_of relation;
    unsigned unsure;        /* of RE_UNSURE: RE_UNSURE_* */
    /* Of RE_DIFFERS: */
    char *example;          /* such a call: "flags=O_RDWR path=/etc"; "": any */
    struct {
        const char *file;   /* borrowed of the view */
        unsigned line;      /* 0: a default that no line sets */
        char *action;       /* "deny EACCES log" */
    } sides[2];             /* the rules that part there */
};

/* Is told now and then how many questions were asked. */
struct re_watch {
    void (*tell)(void *opaque, uint64_t asked);
    void *opaque;
};

/* What two policies, loaded for one target, make of a slot (-1: of numbers that
 * the target lacks): verdicts, records, limits, counts; Lua handlers by their
 * names. "watch" may be NULL. 0 or -ENOMEM. */
int re_view_compare(struct re_view *a, struct re_view *b, int slot,
                    const struct re_watch *watch, struct re_contrast *ret);
void re_contrast_free(struct re_contrast *contrast);

/* --- filters ------------------------------------------------------------ */

enum re_filter_op {
    RE_FILTER_EQ, RE_FILTER_NE, RE_FILTER_LT, RE_FILTER_LE, RE_FILTER_GT,
    RE_FILTER_GE, RE_FILTER_MASKED_EQ,
};

enum { RE_FILTER_ALL = 6, RE_FILTER_ANY = 64 };

struct re_filter {
    unsigned arg;           /* 0 .. 5 */
    enum re_filter_op op;
    uint64_t value, mask;   /* unsigned, of the whole register */
};

struct re_filter_list {
    unsigned count;         /* all of them must hold */
    struct re_filter all[RE_FILTER_ALL];
};

struct re_filters {
    unsigned count;         /* any of them will do */
    struct re_filter_list any[RE_FILTER_ANY];
};

/* The conditions of all rules that stand before the one which always decides a
 * slot, as comparisons of a seccomp filter. 0; -ENOTSUP when it cannot be said
 * that way, or when these rules do not all do the same. */
int re_view_filters(const struct re_view *view, unsigned slot,
                    struct re_filters *ret);

/* --- the host's wall ----------------------------------------------------- */

/* As re_engine_may_run(), re_engine_asks() and re_engine_acts(). */
bool re_view_may_run(const struct re_view *view, int slot);
bool re_view_asks(const struct re_view *view);
bool re_view_asks_for_peers(const struct re_view *view);
bool re_view_acts(const struct re_view *view);

/* --- advice ------------------------------------------------------------- */

/* Warnings about what a policy that loads may not mean: see lint.c. */
void re_view_lint(struct re_view *view, struct re_diags *diags);

/* What a call or set lets a program do that a policy should give a reason for,
 * in a comment above; NULL: nothing. */
const char *re_danger_of(const char *name);

#endif
