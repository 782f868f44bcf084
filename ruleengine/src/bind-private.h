/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What bind.c, bind-text.c and bind-value.c share: one condition on its way to
 * the tests of one slot.
 *
 * Ways on, "yes" and "no", are indices of tests that were pushed before, or
 * RE_COND_TRUE and RE_COND_FALSE. What makes tests returns the way to the first
 * of them. After an error, which is complained about where it is found,
 * "failed" is set, and what is returned does not count.
 */
#ifndef RULEENGINE_BIND_PRIVATE_H
#define RULEENGINE_BIND_PRIVATE_H

#include "condition.h"
#include "form.h"
#include "node.h"

struct re_binder {
    const struct st_target *target;
    unsigned slot;
    struct re_arena *arena;
    struct re_diags *diags;
    struct st_arg args[ST_MAX_ARGS];
    int arg_count;          /* -1: prototype unknown */
    struct re_test *tests;  /* last test first, turned round at the end */
    unsigned count, room;
    struct re_node *root;   /* the whole condition */
    struct re_node *lacking;    /* first that names what the call has not */
    struct re_layer *layer;
    const struct re_guest_ops *ops;     /* the layer's, and so is the arena */
    bool asks;              /* some test needs facts */
    bool names;             /* ... about paths, addresses or descriptors */
    bool peers;             /* ... about who a connection comes from */
    bool failed;            /* with diags, or memory is short */
};

/* An error at a part of the node's entry, unless the node has had one. "hint":
 * NULL for none. */
void re_bind_complain(struct re_binder *b, struct re_node *node, size_t offset,
                      size_t length, const char *hint, const char *message);

/* Adds a test, whose ways on are known: the way to it. */
uint16_t re_bind_push(struct re_binder *b, const struct re_test *test);

/* Turns what was pushed round, first test first, and gives it to "bound", in
 * the arena; what "bound" has stays if it is the same. "entry": the way to the
 * first test. */
void re_bind_finish(struct re_binder *b, uint16_t entry,
                    struct re_bound *bound);

/* The slot's form, or NULL: then it has failed. */
const struct re_form *re_bind_form(struct re_binder *b);

/* Where a value lies of those that an argument can have. */
enum re_fit {
    RE_FIT_BELOW = -1,     /* less than all */
    RE_FIT_WITHIN = 0,
    RE_FIT_ABOVE = 1,      /* more than all */
};

/*
 * The value as the argument holds it, extended to 64 bits. A number that a word
 * of 64 bits can have and one of 32 cannot is no mistake, for the policy is for
 * both: it lies on one side of all that the argument can be. False
 * after an error.
 */
bool re_bind_value(struct re_binder *b, struct re_node *node,
                   const struct st_arg *arg, bool is_signed,
                   const struct re_value *value, uint64_t *ret,
                   enum re_fit *side);

/* The same value as a word of 64 bits has it, beside one that only such a word
 * can have: 0xffffffffffffffff is no -1 of 32 bits then. Names stay. */
void re_bind_as_word(const struct re_value *value, const struct st_arg *arg,
                     bool is_signed, uint64_t *number, enum re_fit *side);

/* The node's mask: bits that the argument does not have are no bits of it.
 * False after an error. */
bool re_bind_mask(struct re_binder *b, struct re_node *node,
                  const struct st_arg *arg, uint64_t *ret);

/* The tests of a comparison with paths, patterns or addresses; its negation is
 * the caller's. A call that has no such thing becomes "lacking". */
uint16_t re_bind_texts(struct re_binder *b, struct re_node *node,
                       uint16_t yes, uint16_t no);

#endif
