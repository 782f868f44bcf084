/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two policies' rules for one call, side by side: what inspect-action.c,
 * inspect-match.c, inspect-search.c and inspect-compare.c share.
 */
#ifndef RULEENGINE_INSPECT_COMPARE_H
#define RULEENGINE_INSPECT_COMPARE_H

#include "axis.h"
#include "inspect-private.h"

struct re_side {
    const struct re_layer *layer;
    const struct re_slot *slot;
    /* Of each candidate: */
    char **actions;         /* what it does, without its condition */
    uint32_t *ids;          /* the same for the same action, on both sides */
    unsigned *tests;        /* how many there are */
    bool *own;              /* the other side has none like it in its place */
};

/* What a rule does, as text; NULL without memory. */
char *re_action_text(const struct re_layer *layer,
                     const struct re_candidate *c);

/* Whether a rule whose tests hold may still leave the call to the next one. */
bool re_candidate_is_certain(const struct re_candidate *c);

/* Tells which candidates are "own": where none of these holds, both sides do
 * the same. How many they are, or -ENOMEM. */
ssize_t re_sides_match(struct re_side sides[2]);

struct re_search {
    struct re_side *sides;
    struct re_axes axes;
    uint64_t asked;         /* tests so far */
    uint64_t shown;         /* ... when "watch" was last told */
    unsigned unsure;        /* RE_UNSURE_* */
    const struct re_watch *watch;   /* NULL: nobody watches */
    uint32_t *marks, mark;  /* of tests that can be reached */
    unsigned at[2];         /* the candidates that part ... */
    char *example;          /* ... at this point; owned by the caller */
};

/* Looks for a point at which the sides part. 1: found; 0: none was; or
 * -ENOMEM. */
int re_search_find(struct re_search *s);

#endif
