/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tree of a condition, between condition.c (text -> tree) and bind*.c
 * (tree -> tests). Offsets and lengths are bytes of the entry's value. All of
 * it lives in the policy's arena.
 */
#ifndef RULEENGINE_NODE_H
#define RULEENGINE_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reader.h"

enum re_node_kind {
    RE_NODE_AND,
    RE_NODE_OR,
    RE_NODE_NOT,            /* left only */
    RE_NODE_COMPARE,
};

/* Others are these, negated. */
enum re_relation {
    RE_RELATION_IN,         /* "==" and "in" */
    RE_RELATION_UNDER,      /* texts only */
    RE_RELATION_LIKE,       /* texts only */
    RE_RELATION_BELOW,      /* "<" */
    RE_RELATION_ABOVE,      /* ">" */
    RE_RELATION_NONZERO,    /* a masked subject alone */
};

struct re_atom {
    struct re_atom *next;
    bool is_name;           /* a constant, else a number */
    bool decimal;
    uint64_t number;
    const char *text;
    size_t offset, length;
};

struct re_value {
    struct re_atom *atoms;  /* or-ed */
    bool negative;          /* one number, negated */
    size_t offset, length;
};

struct re_range {
    struct re_range *next;
    struct re_value low, high;
};

/* A path, a pattern, an address: what stands behind a subject that is no
 * number. */
struct re_text {
    struct re_text *next;
    const char *chars;      /* quotes and their backslashes removed */
    size_t len;
    size_t offset, length;
    bool compiled;          /* the members below are set */
    const struct re_string *as_given;
    const struct re_string *canonical;  /* NULL: the same */
    const struct re_network *network;   /* of an address; NULL: it is none */
};

struct re_node {
    enum re_node_kind kind;
    struct re_node *left, *right;
    const struct re_entry *entry;
    size_t offset, length;  /* of the subject or the operator */

    /* RE_NODE_COMPARE */
    const char *subject;
    bool masked;
    struct re_value mask;
    enum re_relation relation;
    bool negated;
    struct re_range *ranges;
    struct re_text *texts;  /* not NULL: instead of ranges */
    bool reported;          /* an error was reported: once is enough */

    /* What sense.c found, over all slots */
    bool sensed, holds, fails;
    bool vague;             /* the target lacks the bits of its mask, or a
                               number is more than its words can be */
    bool followed, kept;    /* texts: some call follows links, or does not */
    const char *follower;   /* the first that does */
};

/* Bytes of the entry's value, from a condition's first subject to its last
 * value. */
struct re_node_span {
    size_t from, to;        /* SIZE_MAX and 0 at first */
};

void re_node_measure(const struct re_node *node, struct re_node_span *e);

#endif
