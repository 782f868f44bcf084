/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the tree of a condition to the tests of one slot: names become
 * registers, comparisons of numbers become ranges. Their values are
 * bind-value.c's, paths and addresses bind-text.c's.
 */
#include <stdlib.h>
#include <string.h>

#include "bind-private.h"
#include "diag-add.h"
#include "match.h"
#include "width.h"

/* --- names ---------------------------------------------------------------- */

static bool find_arg(struct re_binder *b, const char *name, struct st_arg *ret)
{
    for (int i = 0; i < b->arg_count; i++) {
        if (strcmp(b->args[i].name, name) == 0) {
            *ret = b->args[i];
            return true;
        }
    }
    if (strncmp(name, "arg", 3) == 0 && name[3] >= '0' && name[3] <= '5' &&
        !name[4]) {
        int i = name[3] - '0';

        if (i < b->arg_count) {
            *ret = b->args[i];
            return true;
        }
        if (b->arg_count < 0) {
            *ret = (struct st_arg) {
                .name = name, .type = "unsigned long", .reg = i,
                .width = st_word_bits(b->target), .is_word = true,
            };
            return true;
        }
    }
    return false;
}

/* --- numbers that are facts ----------------------------------------------- */

/* A number that is no argument: what it is called, how wide it is. */
static bool find_number(struct re_binder *b, const char *name,
                        struct st_arg *ret_arg, enum re_number *ret)
{
    bool family = strcmp(name, "family") == 0, port = strcmp(name, "port") == 0;
    bool access = strcmp(name, "access") == 0;
    const struct re_form *form = family || port || access ?
        re_bind_form(b) : NULL;
    struct st_arg arg = { .name = name, .type = "number", .width = 16 };

    if (form && form->has_address && family) {
        arg.family = st_family_by_name("af");
        *ret = RE_NUMBER_FAMILY;
    } else if (form && form->has_address && port) {
        *ret = RE_NUMBER_PORT;
    } else if (form && form->open && access) {
        *ret = RE_NUMBER_ACCESS;
    } else {
        return false;
    }
    *ret_arg = arg;
    return true;
}

static bool access_value(struct re_binder *b, struct re_node *node,
                         const struct re_value *value, uint64_t *ret)
{
    static const char *const names[] = { "read", "write", "readwrite" };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!value->atoms->next && strcmp(value->atoms->text, names[i]) == 0) {
            *ret = i;
            return true;
        }
    }
    re_bind_complain(b, node, value->offset, value->length, NULL,
                     "`access` is read, write or readwrite");
    return false;
}

/* --- comparisons ---------------------------------------------------------- */

static void complain_of_range(struct re_binder *b, struct re_node *node,
                              const struct re_range *range,
                              const char *message)
{
    re_bind_complain(b, node, range->low.offset, range->high.offset +
                     range->high.length - range->low.offset, NULL, message);
}

static uint16_t emit_ranges(struct re_binder *b, struct re_node *node,
                            const struct st_arg *arg, struct re_test test,
                            uint16_t yes, uint16_t no)
{
    uint64_t all = re_width_mask(arg->width);
    uint16_t next = no;

    for (const struct re_range *r = node->ranges; r; r = r->next) {
        uint64_t low, high, least;
        enum re_fit from, to;

        if (!re_bind_value(b, node, arg, test.is_signed, &r->low, &low,
                           &from) ||
            !re_bind_value(b, node, arg, test.is_signed, &r->high, &high,
                           &to)) {
            return no;
        }
        if (from || to) {
            re_bind_as_word(&r->low, arg, test.is_signed, &low, &from);
            re_bind_as_word(&r->high, arg, test.is_signed, &high, &to);
        }
        if (test.is_signed ? (int64_t)low > (int64_t)high : low > high) {
            complain_of_range(b, node, r, "the range is empty: its end lies "
                              "before its start");
            return no;
        }
        if (from > RE_FIT_WITHIN || to < RE_FIT_WITHIN) {
            continue;           /* of values that the argument cannot have */
        }
        low = from ? (test.is_signed ? ~(all / 2) : 0) : low;
        high = to ? (test.is_signed ? all / 2 : all) : high;
        if (node->masked &&
            !(re_mask_least(test.mask, low, &least) && least <= high)) {
            complain_of_range(b, node, r, low == high ? "this can never hold: "
                              "it has bits outside of the mask" : "this can "
                              "never hold: no value in this range has its bits "
                              "in the mask");
            return no;
        }
        test.low = low;
        test.span = high - low;
        test.yes = yes;
        test.no = next;
        next = re_bind_push(b, &test);
    }
    return next;
}

static bool is_order(const struct re_node *node)
{
    return node->relation == RE_RELATION_BELOW ||
        node->relation == RE_RELATION_ABOVE;
}

/* "<" and its like are about one value, not about a range. */
static bool order_has_range(struct re_binder *b, struct re_node *node)
{
    const struct re_range *r = node->ranges;

    if (r->high.offset == r->low.offset) {
        return false;
    }
    re_bind_complain(b, node, r->high.offset, r->high.length, NULL,
                     "a range needs \"==\", \"!=\" or \"in\"");
    return true;
}

/* "<", ">", "<=" and ">=": a range from or to the end of the domain. None is
 * the opposite of another: what has no port is neither below nor above one. */
static uint16_t emit_order(struct re_binder *b, struct re_node *node,
                           const struct st_arg *arg, struct re_test test,
                           uint16_t yes, uint16_t no)
{
    uint64_t all = re_width_mask(arg->width), value;
    uint64_t least = test.is_signed ? ~(all / 2) : 0;
    uint64_t most = test.is_signed ? all / 2 : all;
    bool up = (node->relation == RE_RELATION_ABOVE) != node->negated;
    enum re_fit side;

    if (order_has_range(b, node) ||
        !re_bind_value(b, node, arg, test.is_signed, &node->ranges->low,
                       &value, &side)) {
        return no;
    }
    if (side) {
        return (side == RE_FIT_BELOW) == up ? yes : no;
    }
    if (!node->negated && value == (up ? most : least)) {
        return no;          /* nothing lies beyond */
    }
    if (!node->negated) {
        value += up ? 1 : -1;
    }
    test.low = up ? value : least;
    test.span = (up ? most : value) - test.low;
    test.yes = yes;
    test.no = no;
    return re_bind_push(b, &test);
}

/* A number that is a fact: the range tests of an argument, but for the op. */
static uint16_t emit_number(struct re_binder *b, struct re_node *node,
                            const struct st_arg *arg, enum re_number number,
                            uint16_t yes, uint16_t no)
{
    struct re_test test = {
        .op = RE_TEST_FACT_RANGE, .reg = number, .form = re_bind_form(b),
    };
    uint16_t next;

    b->asks = b->names = true;
    b->peers |= test.form && test.form->accepts;
    if (node->negated && !is_order(node)) {
        next = yes;
        yes = no;
        no = next;
    }
    if (node->masked || node->relation == RE_RELATION_NONZERO) {
        re_bind_complain(b, node, node->offset, node->length, NULL,
                         "this has no bits that a mask could pick");
        return no;
    }
    if (number == RE_NUMBER_ACCESS && node->relation != RE_RELATION_IN) {
        re_bind_complain(b, node, node->offset, node->length, NULL,
                         "`access` is compared with \"==\", \"!=\" and \"in\"");
        return no;
    }
    if (node->relation != RE_RELATION_IN) {
        return emit_order(b, node, arg, test, yes, no);
    }
    if (number != RE_NUMBER_ACCESS) {
        return emit_ranges(b, node, arg, test, yes, no);
    }
    next = no;
    for (const struct re_range *r = node->ranges; r; r = r->next) {
        test.span = 0;
        test.yes = yes;
        test.no = next;
        if (r->high.offset != r->low.offset) {
            complain_of_range(b, node, r, "`access` has no ranges");
            return no;
        }
        if (!access_value(b, node, &r->low, &test.low)) {
            return no;
        }
        next = re_bind_push(b, &test);
    }
    return next;
}

/* The block is read before the first test that looks at it. */
static uint16_t emit_read(struct re_binder *b, uint16_t next)
{
    struct re_test test = {
        .op = RE_TEST_READ_BLOCK, .form = re_bind_form(b),
        .yes = next, .no = next,
    };

    b->asks = true;
    return b->failed ? next : re_bind_push(b, &test);
}

static uint16_t emit_argument(struct re_binder *b, struct re_node *node,
                              const struct st_arg *arg, unsigned op,
                              uint16_t yes, uint16_t no)
{
    struct re_test test = { .op = op, .mask = UINT64_MAX };

    if (node->negated && !is_order(node)) {
        uint16_t swap = yes;

        yes = no;
        no = swap;
    }
    test.reg = arg->reg;
    test.pair = arg->pair;
    test.width = arg->width;
    test.is_signed = arg->is_signed && !node->masked;
    if (node->masked) {
        uint64_t mask;

        if (!re_bind_mask(b, node, arg, &mask)) {
            return no;
        }
        test.mask = mask;
    }
    switch (node->relation) {
    case RE_RELATION_IN:
        return emit_ranges(b, node, arg, test, yes, no);
    case RE_RELATION_BELOW:
    case RE_RELATION_ABOVE:
        return emit_order(b, node, arg, test, yes, no);
    case RE_RELATION_UNDER:
    case RE_RELATION_LIKE:
        break;              /* of texts */
    case RE_RELATION_NONZERO:
        test.low = 1;
        test.span = UINT64_MAX - 1;
        test.yes = yes;
        test.no = no;
        return re_bind_push(b, &test);
    }
    return no;
}

static uint16_t emit_compare(struct re_binder *b, struct re_node *node,
                             uint16_t yes, uint16_t no)
{
    const struct re_form *form;
    enum re_number number;
    struct st_arg arg;
    uint16_t next;

    if (find_number(b, node->subject, &arg, &number)) {
        return emit_number(b, node, &arg, number, yes, no);
    }
    if (find_arg(b, node->subject, &arg)) {
        return emit_argument(b, node, &arg, RE_TEST_RANGE, yes, no);
    }
    form = re_bind_form(b);
    if (form && re_form_block_arg(form, node->subject, &arg)) {
        next = emit_argument(b, node, &arg, RE_TEST_BLOCK, yes, no);
        return next < RE_COND_MAX && !b->failed ? emit_read(b, next) : next;
    }
    b->lacking = b->lacking ? b->lacking : node;
    return no;
}

/* Tests are pushed back to front, so that both ways on are known. */
static uint16_t emit(struct re_binder *b, struct re_node *node,
                     uint16_t yes, uint16_t no)
{
    switch (node->kind) {
    case RE_NODE_AND:
        return emit(b, node->left, emit(b, node->right, yes, no), no);
    case RE_NODE_OR:
        return emit(b, node->left, yes, emit(b, node->right, yes, no));
    case RE_NODE_NOT:
        return emit(b, node->left, no, yes);
    case RE_NODE_COMPARE:
        if (node->texts) {
            return node->negated ? re_bind_texts(b, node, no, yes) :
                re_bind_texts(b, node, yes, no);
        }
        return emit_compare(b, node, yes, no);
    }
    return no;
}

enum re_binding re_condition_bind(struct re_node *node, struct re_layer *layer,
                                  unsigned slot, struct re_diags *diags,
                                  struct re_bound *bound,
                                  struct re_node **ret_lacking)
{
    struct re_binder b = {
        .layer = layer, .target = layer->target, .slot = slot,
        .arena = layer->arena, .diags = diags, .ops = layer->ops,
        .root = node,
    };
    uint16_t entry;

    b.arg_count = st_slot_args(b.target, slot, b.args);
    entry = emit(&b, node, RE_COND_TRUE, RE_COND_FALSE);
    if (!b.failed && !b.lacking) {
        re_bind_finish(&b, entry, bound);
    }
    free(b.tests);
    if (b.failed) {
        return RE_BOUND_ERROR;
    }
    if (b.lacking) {
        *ret_lacking = b.lacking;
        return RE_BOUND_LACKING;
    }
    return RE_BOUND;
}
