/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Questions about policies: "connect addr=10.1.2.3 port=443" under one or more
 * layers, on one target or on all. Shared by explain, test, show and diff.
 * Running out of memory ends the program.
 */
#ifndef TOOLS_POLICY_QUESTION_H
#define TOOLS_POLICY_QUESTION_H

#include <stdio.h>

#include <ruleengine/engine.h>
#include <ruleengine/inspect.h>

#include "policy-tool.h"

enum { TARGETS_MAX = 64 };

/* End the program when memory is short. Texts are the caller's to free. */
void *policy_need(void *memory) __attribute__((returns_nonnull));
char *policy_printf(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
char *policy_vprintf(const char *format, va_list ap)
    __attribute__((format(printf, 1, 0)));
/* Words with "between" between them; "" if there are none. */
char *policy_join(char *const *words, size_t count, const char *between);

/* --- targets and layers ------------------------------------------------- */

struct policy_scope {
    const struct st_target *targets[TARGETS_MAX];
    unsigned count;
};

/* A target's name, or "all"; false after a complaint. */
bool policy_scope_set(struct policy_scope *scope,
                      const struct policy_command *command, const char *name);

/* Leaves out targets that one of the policies is not for, if more than one was
 * asked for. */
void policy_scope_fit(struct policy_scope *scope, const char *const *files,
                      unsigned count);

/* Policies as layers, loaded for one target. */
struct policy_layers {
    const struct st_target *target;
    struct re_view *views[RE_LAYERS_MAX];
    const char *const *names;
    unsigned count;
};

/* False when one is wrong; what is wrong stands on standard error. */
bool policy_layers_load(struct policy_layers *l, const struct st_target *t,
                        const char *const *files, unsigned count);
void policy_layers_free(struct policy_layers *l);

/* Puts files in the place of words that name policies (ruleengine/find.h), or
 * ends the program with a message where there is none; for
 * the life of the program. */
void policy_find_files(char **words, int count);

/* How many of argv's words from "first" on are policy files: those up to the
 * last that names one: it has a "." or a "/", or is a policy's name. */
int policy_files(int argc, char **argv, int first);

/* --- questions ---------------------------------------------------------- */

struct policy_word {
    char *name, *value;     /* "port", "443" */
    unsigned column;        /* in a case file, from 1; else 0 */
    bool understood;        /* policy_ask: some call has such an argument */
};

enum { WORDS_MAX = 16 };

struct policy_question {
    const char *call;
    struct policy_word words[WORDS_MAX];
    unsigned count;
};

/* What is wrong with a question, and with which of its words (-1: the call). */
struct policy_fault {
    char why[256];
    int word;
};

/* Answers about one slot, one per layer, and what they come to. */
struct policy_outcome {
    unsigned slot;
    struct re_answer answers[RE_LAYERS_MAX];
    unsigned count;
    char verdict[2 * RE_VERDICT_TEXT_MAX];  /* of all layers together */
    bool certain;
    unsigned layer;         /* the one that decides */
};

/*
 * The outcomes of a call on a target, one for each of its slots, into
 * ret[ST_MAX_SPELLINGS]; 0 when the target lacks the call. -1 with "fault"
 * when the question is wrong.
 */
int policy_ask(const struct policy_layers *l, struct policy_question *q,
               struct policy_outcome *ret, struct policy_fault *fault);
void policy_outcomes_free(struct policy_outcome *outcomes, int count);

/* After asking about all targets: a word that none of them has. -1 with
 * "fault", or 0. */
int policy_check_words(const struct policy_question *q,
                       struct policy_fault *fault);

/* "362", "socketcall 3", "mmap2 192": a slot as people name it. */
void policy_put_slot(FILE *out, const struct st_target *t, unsigned slot,
                     const char *call);

/* "web.ini:21"; for a rule that no line sets, "default". */
void policy_put_place(FILE *out, const struct re_answer_rule *rule);

/* --- the same on several targets ---------------------------------------- */

/* Texts with the targets on which they hold. Zero before first use. */
struct policy_variant {
    char *key, *text;       /* owned */
    char *note;             /* of the first target: "362, and socketcall 3" */
    bool on[TARGETS_MAX];
    unsigned count;
};

struct policy_variants {
    struct policy_variant *items;
    size_t count;
};

/* Takes text over (and key, which may be NULL: the text). */
struct policy_variant *policy_variant_add(struct policy_variants *v, char *key,
                                          char *text, unsigned target);
void policy_variants_free(struct policy_variants *v);

/* Those targets of "all" on which it holds, or (on false) the others. */
void policy_put_names(FILE *out, const struct policy_variant *v,
                      const struct policy_scope *all, bool on);

/* "s390x", "33 targets", "arm, i386", "30 targets, not arm, i386, ppc". "all"
 * are the targets that were asked about. */
void policy_put_targets(FILE *out, const struct policy_variant *v,
                        const struct policy_scope *all);

#endif
