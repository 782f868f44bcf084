/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files behind ruleengine/inspect.h share. */
#ifndef RULEENGINE_INSPECT_PRIVATE_H
#define RULEENGINE_INSPECT_PRIVATE_H

#include <stdio.h>

#include "facts.h"
#include "node.h"
#include "parse.h"
#include "policy.h"
#include "ruleengine/inspect.h"

struct re_view {
    struct re_layer *layer;
    struct re_origin *origin;
};

/* "deny EPERM", into RE_VERDICT_TEXT_MAX bytes or fewer. */
void re_rule_text(const struct re_rule *rule, char *buf, size_t size);

/* "read", "write", "readwrite" */
const char *re_access_name(enum re_access access);

/* One condition of one slot, with what is known about the call. */
struct re_question {
    struct re_view *view;
    unsigned slot;
    struct st_arg args[ST_MAX_ARGS];
    int arg_count;                  /* -1: prototype unknown */
    const struct re_form *form;
    const struct re_known *known;   /* NULL: nothing is */
    struct re_facts *facts;         /* a copy of known->about */
    uint64_t regs[ST_MAX_REGS];
    struct st_arg word;             /* one in memory, looked up last */
};

/* Whether a condition holds; a node that depends on something unknown, and
 * makes a difference, is RE_OPEN. */
enum re_truth re_question_holds(struct re_question *q, struct re_node *node);

/* Why it does not: "port is 443, not 5432"; "depends on flags". */
void re_question_why(struct re_question *q, struct re_node *node,
                     enum re_truth truth, FILE *out);

#endif
