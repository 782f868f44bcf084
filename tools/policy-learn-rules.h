/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files that make rules share:
 *
 *     policy-learn-rules.c    paths, and who makes what
 *     policy-learn-values.c   addresses and arguments
 *     policy-learn-sets.c     the list of calls and sets
 */
#ifndef TOOLS_POLICY_LEARN_RULES_H
#define TOOLS_POLICY_LEARN_RULES_H

#include "policy-learn.h"

/* The things that one rule is for. */
struct use {
    const struct learn_trait *trait;
    const struct learn_thing **things;
    size_t count;
};

struct maker {
    struct learn_policy *policy;
    const struct learn_log *log;
    const struct learn_options *options;
    struct use *uses;
    size_t use_count;
    struct learn_words plain;       /* calls, each once */
};

/* --- conditions ----------------------------------------------------------- */

/* Adds a word of a condition. */
void learn_put(struct learn_words *tokens, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "SUBJECT == a", "SUBJECT in {a, b}" */
void learn_put_choice(struct learn_words *tokens, const char *subject,
                      const char *one, const char *many,
                      const struct learn_words *values);
void learn_put_patterns(struct learn_words *tokens, const char *subject,
                        const struct learn_patterns *patterns);

/* "||", if something stands there already. */
void learn_alternative(struct learn_rule *rule);

struct learn_rule *learn_add_rule(struct learn_policy *p, const char *name);

/* --- makers of rules ------------------------------------------------------ */

void learn_make_address(struct maker *m, const struct use *u);
void learn_make_argument(struct maker *m, const struct use *u);
void learn_make_socket(struct maker *m, const struct use *u);
void learn_make_clone(struct maker *m, const struct use *u);
void learn_make_list(struct maker *m);

/* Whether any of the programs made a thread. */
bool learn_makes_threads(const struct maker *m);

#endif
