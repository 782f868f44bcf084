/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the two steps that make patterns of paths: policy-learn-names.c looks
 * at one path, policy-learn-paths.c at all of them.
 */
#ifndef TOOLS_POLICY_LEARN_PATHS_H
#define TOOLS_POLICY_LEARN_PATHS_H

#include "policy-learn.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* A path on its way to a pattern; strings are owned but for "why". */
struct item {
    char *seen;
    char *text;             /* a pattern if wild, else the path itself */
    bool wild, whole;       /* whole: text ends in a pattern for a folder */
    const char *why;
};

struct items {
    struct item *items;
    size_t count;
};

/* Whether path is dir, or lies below it. */
bool learn_is_below(const char *path, const char *dir);
bool learn_is_below_any(const char *path, const char *const *dirs,
                        size_t count);

/* The item of one path. */
void learn_make_item(struct item *ret, const struct learn_path *path,
                     const struct learn_path_options *options);

/* Where one of a target's folders for libraries was used, so are others. */
void learn_add_libraries(struct items *list);

/* A copy of word in which patterns' own characters stand for themselves. */
char *learn_escaped(const char *word);

#endif
