/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Conditions: from text to a tree, and from a tree to the tests of one slot.
 *
 *     condition  = conjunct { "||" conjunct }
 *     conjunct   = factor { "&&" factor }
 *     factor     = "!" factor | "(" condition ")" | comparison
 *     comparison = subject relation | masked [relation]
 *                | text-subject text-relation
 *     relation   = ( "==" | "!=" | "<" | "<=" | ">" | ">=" ) value
 *                | [ "!" ] "in" ( "{" item { "," item } "}" | item )
 *     item       = value [ ".." value ]
 *     masked     = "(" subject "&" value ")"
 *     subject    = argument | "arg0" ... "arg5"
 *     value      = [ "-" ] number | atom { "|" atom }
 *     atom       = number | constant
 *     text-subject  = "path" | "path2" | "fdpath" | "unix" | "addr"
 *     text-relation = ( "==" | "!=" ) text
 *                   | [ "!" ] ( "in" | "under" | "like" )
 *                     ( text | "{" text { "," text } "}" )
 *     text       = up to a blank, ")", "," or "}" | a string
 *
 * A tree knows no target: the same rule is bound to every call that it
 * governs, with that call's arguments and that target's constants.
 */
#ifndef RULEENGINE_CONDITION_H
#define RULEENGINE_CONDITION_H

#include "policy.h"
#include "scan.h"

struct re_node;

/* Parses from the current token on, as far as a condition goes. NULL after an
 * error (with diags) or when memory is short. */
struct re_node *re_condition_parse(struct re_scan *s, struct re_arena *arena);

enum re_binding {
    RE_BOUND,               /* "bound" is set */
    RE_BOUND_LACKING,       /* the call lacks an argument that is named */
    RE_BOUND_ERROR,         /* with diags */
};

/* The tests of one slot. */
struct re_bound {
    const struct re_test *tests;
    unsigned count;
    bool asks;              /* some of them need facts */
    bool names;             /* ... about paths, addresses or descriptors */
    bool peers;             /* ... about who a connection comes from */
};

/*
 * Makes the tests of one slot. If those that "bound" holds already (of another
 * slot of the same condition) are the same, they stay. "RE_BOUND_LACKING" puts
 * the node that names the argument into *ret_lacking; re_condition_lacking()
 * then complains about it. The same error is reported once, however many slots
 * are bound.
 */
enum re_binding re_condition_bind(struct re_node *node, struct re_layer *layer,
                                  unsigned slot, struct re_diags *diags,
                                  struct re_bound *bound,
                                  struct re_node **ret_lacking);

/* "flgas" is not an argument of openat (dfd, filename, flags, mode). others:
 * nor of other calls that the rule names. */
void re_condition_lacking(struct re_node *lacking, enum re_severity severity,
                          const struct st_target *target, unsigned slot,
                          bool others, const char *consequence,
                          struct re_diags *diags);

#endif
