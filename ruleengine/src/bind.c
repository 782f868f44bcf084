/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the tree of a condition to the tests of one slot: names become
 * registers, constants become the target's values, comparisons become ranges.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "condition.h"
#include "diag-add.h"
#include "match.h"
#include "node.h"
#include "origin.h"

struct binder {
    const struct st_target *target;
    unsigned slot;
    struct re_arena *arena;
    struct re_diags *diags;
    struct st_arg args[ST_MAX_ARGS];
    int arg_count;          /* -1: prototype unknown */
    struct re_test *tests;  /* last test first, turned round at the end */
    unsigned count, room;
    struct re_node *root;      /* the whole condition */
    struct re_node *lacking;
    const struct re_guest_ops *ops;
    struct re_layer *layer;
    bool asks;              /* some test needs facts */
    bool names;             /* ... about paths, addresses or descriptors */
    bool peers;             /* ... about who a connection comes from */
    bool failed;
};

static uint64_t width_mask(unsigned width)
{
    return width >= 64 ? UINT64_MAX : (UINT64_C(1) << width) - 1;
}

static uint64_t extend(uint64_t value, unsigned width, bool is_signed)
{
    unsigned unused = 64 - width;

    value <<= unused;
    return is_signed ? (uint64_t)((int64_t)value >> unused) : value >> unused;
}

static void complain(struct binder *b, struct re_node *node, size_t offset,
                     size_t length, const char *hint, const char *message)
{
    if (!node->reported) {
        re_entry_diag(b->diags, RE_ERROR, node->entry, offset, length, hint,
                      "%s", message);
        node->reported = true;
    }
    b->failed = true;
}

/* --- names ---------------------------------------------------------------- */

static bool find_arg(struct binder *b, const char *name, struct st_arg *ret)
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

struct constants {
    const struct st_target *target;
    st_family_t family;
};

static const char *constant_at(void *opaque, unsigned i)
{
    struct constants *c = opaque;
    uint64_t value;

    return st_constant_at(c->target, c->family, i, &value);
}

static bool constant(struct binder *b, struct re_node *node,
                     const struct st_arg *arg, const struct re_atom *atom,
                     uint64_t *ret)
{
    const struct st_family *family = st_family_at(arg->family);
    struct constants c = { b->target, arg->family };
    char message[256], hint[RE_SUGGEST_MAX + 32];

    if (st_constant(b->target, arg->family, atom->text, ret) == 0) {
        return true;
    }
    if (family) {
        snprintf(message, sizeof(message),
                 "\"%.64s\" is not a constant of `%s` (%s) on %s", atom->text,
                 arg->name, family->name, st_target_name(b->target));
    } else {
        snprintf(message, sizeof(message),
                 "\"%.64s\" is not a constant on %s", atom->text,
                 st_target_name(b->target));
    }
    complain(b, node, atom->offset, atom->length,
             family ? re_suggest_hint(atom->text, constant_at, &c, hint,
                                      sizeof(hint)) : NULL, message);
    return false;
}

/* --- values --------------------------------------------------------------- */

static bool too_wide(struct binder *b, struct re_node *node,
                     const struct st_arg *arg, const struct re_value *value)
{
    char message[256];

    snprintf(message, sizeof(message),
             "this does not fit in `%s` (%s, %u bits%s)", arg->name, arg->type,
             arg->width, arg->is_signed ? ", signed" : "");
    complain(b, node, value->offset, value->length, NULL, message);
    return false;
}

/* Where a value lies that an argument cannot have. */
enum side {
    SIDE_BELOW = -1,        /* less than all that it can have */
    SIDE_WITHIN = 0,        /* it can have it */
    SIDE_ABOVE = 1,
};

static bool has_name(const struct re_value *value)
{
    for (const struct re_atom *a = value->atoms; a; a = a->next) {
        if (a->is_name) {
            return true;
        }
    }
    return false;
}

static bool fits_bits(uint64_t bits, unsigned width)
{
    return bits <= width_mask(width) || extend(bits, width, true) == bits;
}

/*
 * Numbers as an argument of some width holds them, extended to 64 bits; false
 * when it cannot. Decimal numbers are numbers and must lie in its range; all
 * else (hexadecimal, octal, several or-ed) are bits and must fit in its width.
 */
static bool number_of(const struct re_value *value, unsigned width,
                      bool is_signed, uint64_t *ret)
{
    const struct re_atom *first = value->atoms;
    uint64_t all = width_mask(width), half = all / 2, bits = 0;

    if (!first->next && (first->decimal || value->negative)) {
        uint64_t n = first->number;

        *ret = value->negative ? -n : n;
        return value->negative ? is_signed && n <= half + 1 :
            n <= (is_signed ? half : all);
    }
    for (const struct re_atom *a = first; a; a = a->next) {
        if (!fits_bits(a->number, width)) {
            return false;
        }
        bits |= a->number;
    }
    *ret = extend(bits, width, is_signed);
    return true;
}

/*
 * The value as the argument holds it, extended to 64 bits. A number that a word
 * of 64 bits can have and one of 32 cannot is no mistake, for the policy is for
 * both: it lies on one side of all that the argument can be.
 */
static bool evaluate_side(struct binder *b, struct re_node *node,
                          const struct st_arg *arg, bool is_signed,
                          const struct re_value *value, uint64_t *ret,
                          enum side *side)
{
    uint64_t bits = 0;

    *side = SIDE_WITHIN;
    if (!has_name(value)) {
        if (number_of(value, arg->width, is_signed, ret)) {
            return true;
        }
        if (!arg->is_word || !number_of(value, 64, is_signed, ret)) {
            return too_wide(b, node, arg, value);
        }
        node->vague = true;
        *side = is_signed && (int64_t)*ret < 0 ? SIDE_BELOW : SIDE_ABOVE;
        return true;
    }
    for (const struct re_atom *a = value->atoms; a; a = a->next) {
        uint64_t v = a->number;

        if (a->is_name && !constant(b, node, arg, a, &v)) {
            return false;
        }
        if (!fits_bits(v, arg->width)) {
            return too_wide(b, node, arg, value);
        }
        bits |= v;
    }
    *ret = extend(bits, arg->width, is_signed);
    return true;
}

/* A mask: bits that the argument does not have are no bits of it. */
static bool evaluate_mask(struct binder *b, struct re_node *node,
                          const struct st_arg *arg, uint64_t *ret)
{
    enum side side;

    if (!evaluate_side(b, node, arg, false, &node->mask, ret, &side)) {
        return false;
    }
    *ret &= side == SIDE_WITHIN ? UINT64_MAX : width_mask(arg->width);
    return true;
}

/* --- tests ---------------------------------------------------------------- */

static uint16_t push(struct binder *b, const struct re_test *test)
{
    if (b->count >= RE_COND_MAX) {
        complain(b, b->root, b->root->offset, b->root->length, NULL,
                 "the condition has too many tests");
        return RE_COND_FALSE;
    }
    if (b->count == b->room) {
        unsigned room = b->room ? b->room * 2 : 8;
        struct re_test *more = realloc(b->tests, room * sizeof(*more));

        if (!more) {
            complain(b, b->root, b->root->offset, b->root->length, NULL,
                     "out of memory");
            return RE_COND_FALSE;
        }
        b->tests = more;
        b->room = room;
    }
    b->tests[b->count] = *test;
    return b->count++;
}

/* --- facts ---------------------------------------------------------------- */

const struct re_form *re_layer_form(struct re_layer *layer, unsigned slot)
{
    const struct re_form **form = &layer->forms[slot];

    if (!*form) {
        *form = re_form_new(layer->target, slot, layer->ops, layer->arena);
    }
    return *form;
}

static const struct re_form *form_of(struct binder *b)
{
    const struct re_form *form = re_layer_form(b->layer, b->slot);

    b->failed |= !form;
    return form;
}

/* A number that is no argument: what it is called, how wide it is. */
static bool find_number(struct binder *b, const char *name,
                        struct st_arg *ret_arg, enum re_number *ret)
{
    bool family = strcmp(name, "family") == 0, port = strcmp(name, "port") == 0;
    bool access = strcmp(name, "access") == 0;
    const struct re_form *form = family || port || access ? form_of(b) : NULL;
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

static bool access_value(struct binder *b, struct re_node *node,
                         const struct re_value *value, uint64_t *ret)
{
    static const char *const names[] = { "read", "write", "readwrite" };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!value->atoms->next && strcmp(value->atoms->text, names[i]) == 0) {
            *ret = i;
            return true;
        }
    }
    complain(b, node, value->offset, value->length, NULL,
             "`access` is read, write or readwrite");
    return false;
}

static const struct re_string *new_string(struct binder *b, const char *chars,
                                          size_t len)
{
    struct re_string *s = re_arena_alloc(b->arena, sizeof(*s));

    if (s) {
        s->chars = re_arena_strndup(b->arena, chars, len);
        s->len = len;
    }
    b->failed |= !s || !s->chars;
    return s;
}

/* A pattern's names before its first special byte; 0: none but the root. */
static size_t plain_part(const char *pattern, size_t len)
{
    size_t plain = strcspn(pattern, "*?[\\");

    if (plain >= len) {
        return len;
    }
    while (plain > 0 && pattern[plain] != '/') {
        plain--;
    }
    return plain;
}

/* Where the policy's own path leads by now: /bin/sh is /usr/bin/dash. */
static const struct re_string *canonical(struct binder *b,
                                         const struct re_text *text,
                                         bool pattern)
{
    size_t plain = pattern ? plain_part(text->chars, text->len) : text->len;
    char from[RE_PATH_MAX], whole[2 * RE_PATH_MAX];
    const char *to;
    size_t len;
    int err;

    if (!b->ops || !b->ops->canonical || text->chars[0] != '/' ||
        plain == 0 || plain >= sizeof(from)) {
        return NULL;
    }
    memcpy(from, text->chars, plain);
    from[plain] = '\0';
    err = re_origin_canonical(b->layer->origin, from, b->ops->canonical, &to);
    b->failed |= err == -ENOMEM;
    if (err < 0 || strcmp(from, to) == 0 ||
        (pattern && strpbrk(to, "*?[\\"))) {
        return NULL;
    }
    len = strlen(to);
    memcpy(whole, to, len);
    memcpy(whole + len, text->chars + plain, text->len - plain);
    return new_string(b, whole, len + text->len - plain);
}

static void compile_text(struct binder *b, struct re_text *text,
                         enum re_relation relation, bool is_address)
{
    if (text->compiled) {
        return;
    }
    text->compiled = true;
    if (is_address) {
        struct re_network *n = re_arena_alloc(b->arena, sizeof(*n));
        bool has_bits;

        b->failed |= !n;
        if (n && re_network_parse(text->chars, text->len, n, &has_bits)) {
            b->failed = true;       /* condition.c has looked at it before */
        }
        text->network = n;
        return;
    }
    text->as_given = new_string(b, text->chars, text->len);
    text->canonical = canonical(b, text, relation == RE_RELATION_LIKE);
}

/* What a subject of texts is, and whether this call has it. */
static bool find_text(struct binder *b, const char *subject,
                      enum re_subject *ret)
{
    const struct re_form *form = form_of(b);

    if (!form) {
        return false;
    }
    if (strcmp(subject, "addr") == 0 || strcmp(subject, "unix") == 0) {
        *ret = RE_SUBJECT_UNIX;
        return form->has_address;
    }
    if (strcmp(subject, "fdpath") == 0) {
        *ret = RE_SUBJECT_FDPATH;
        return form->fd_reg >= 0;
    }
    *ret = strcmp(subject, "path2") == 0 ? RE_SUBJECT_PATH2 : RE_SUBJECT_PATH;
    return form->path_count > (unsigned)(*ret == RE_SUBJECT_PATH2);
}

static uint16_t emit_texts(struct binder *b, struct re_node *node,
                           uint16_t yes, uint16_t no)
{
    bool is_address = strcmp(node->subject, "addr") == 0;
    struct re_test test = {
        .op = is_address ? RE_TEST_NETWORK :
            node->relation == RE_RELATION_UNDER ? RE_TEST_TEXT_UNDER :
            node->relation == RE_RELATION_LIKE ? RE_TEST_TEXT_LIKE :
            RE_TEST_TEXT_EQUAL,
        .form = form_of(b), .yes = yes,
    };
    enum re_subject subject;
    uint16_t next = no;

    if (!find_text(b, node->subject, &subject)) {
        b->lacking = b->lacking ? b->lacking : node;
        return no;
    }
    test.reg = subject;
    b->asks = b->names = true;
    b->peers |= test.form && test.form->accepts;
    for (struct re_text *t = node->texts; t && !b->failed; t = t->next) {
        compile_text(b, t, node->relation, is_address);
        for (unsigned i = 0; i < 2 && !b->failed; i++) {
            const struct re_string *s = i ? t->canonical : t->as_given;

            if (is_address ? i == 0 : s != NULL) {
                test.no = next;
                if (is_address) {
                    test.network = t->network;
                } else {
                    test.text = s;
                }
                next = push(b, &test);
            }
        }
    }
    return next;
}

/* --- comparisons ---------------------------------------------------------- */

static void empty_range(struct binder *b, struct re_node *node,
                        const struct re_range *range)
{
    complain(b, node, range->low.offset, range->high.offset +
             range->high.length - range->low.offset, NULL,
             "the range is empty: its end lies before its start");
}

static uint16_t emit_ranges(struct binder *b, struct re_node *node,
                            const struct st_arg *arg, struct re_test test,
                            uint16_t yes, uint16_t no)
{
    uint16_t next = no;

    uint64_t all = width_mask(arg->width);

    for (const struct re_range *r = node->ranges; r; r = r->next) {
        uint64_t low, high, least;
        enum side from, to;

        if (!evaluate_side(b, node, arg, test.is_signed, &r->low, &low,
                           &from) ||
            !evaluate_side(b, node, arg, test.is_signed, &r->high, &high,
                           &to)) {
            return no;
        }
        if (test.is_signed ? (int64_t)low > (int64_t)high : low > high) {
            empty_range(b, node, r);
            return no;
        }
        if (from > SIDE_WITHIN || to < SIDE_WITHIN) {
            continue;           /* of values that the argument cannot have */
        }
        low = from ? (test.is_signed ? ~(all / 2) : 0) : low;
        high = to ? (test.is_signed ? all / 2 : all) : high;
        if (node->masked &&
            !(re_mask_least(test.mask, low, &least) && least <= high)) {
            complain(b, node, r->low.offset, r->high.offset +
                     r->high.length - r->low.offset, NULL,
                     low == high ?
                     "this can never hold: it has bits outside of the mask"
                     : "this can never hold: no value in this range has "
                     "its bits in the mask");
            return no;
        }
        test.low = low;
        test.span = high - low;
        test.yes = yes;
        test.no = next;
        next = push(b, &test);
    }
    return next;
}

static bool is_order(const struct re_node *node)
{
    return node->relation == RE_RELATION_BELOW ||
        node->relation == RE_RELATION_ABOVE;
}

/* "<" and its like are about one value, not about a range. */
static bool order_has_range(struct binder *b, struct re_node *node)
{
    const struct re_range *r = node->ranges;

    if (r->high.offset == r->low.offset) {
        return false;
    }
    complain(b, node, r->high.offset, r->high.length, NULL,
             "a range needs \"==\", \"!=\" or \"in\"");
    return true;
}

/* "<", ">", "<=" and ">=": a range from or to the end of the domain. None is
 * the opposite of another: what has no port is neither below nor above one. */
static uint16_t emit_order(struct binder *b, struct re_node *node,
                           const struct st_arg *arg, struct re_test test,
                           uint16_t yes, uint16_t no)
{
    uint64_t all = width_mask(arg->width), value;
    uint64_t least = test.is_signed ? ~(all / 2) : 0;
    uint64_t most = test.is_signed ? all / 2 : all;
    bool up = (node->relation == RE_RELATION_ABOVE) != node->negated;
    enum side side;

    if (order_has_range(b, node) ||
        !evaluate_side(b, node, arg, test.is_signed, &node->ranges->low,
                       &value, &side)) {
        return no;
    }
    if (side) {
        return (side == SIDE_BELOW) == up ? yes : no;
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
    return push(b, &test);
}

/* A number that is a fact: the range tests of an argument, but for the op. */
static uint16_t emit_number(struct binder *b, struct re_node *node,
                            const struct st_arg *arg, enum re_number number,
                            uint16_t yes, uint16_t no)
{
    struct re_test test = {
        .op = RE_TEST_FACT_RANGE, .reg = number, .form = form_of(b),
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
        complain(b, node, node->offset, node->length, NULL,
                 "this has no bits that a mask could pick");
        return no;
    }
    if (number == RE_NUMBER_ACCESS && node->relation != RE_RELATION_IN) {
        complain(b, node, node->offset, node->length, NULL,
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
            complain(b, node, r->low.offset, r->high.offset +
                     r->high.length - r->low.offset, NULL,
                     "`access` has no ranges");
            return no;
        }
        if (!access_value(b, node, &r->low, &test.low)) {
            return no;
        }
        next = push(b, &test);
    }
    return next;
}

/* The block is read before the first test that looks at it. */
static uint16_t emit_read(struct binder *b, uint16_t next)
{
    struct re_test test = {
        .op = RE_TEST_READ_BLOCK, .form = form_of(b), .yes = next, .no = next,
    };

    b->asks = true;
    return b->failed ? next : push(b, &test);
}

static uint16_t emit_argument(struct binder *b, struct re_node *node,
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

        if (!evaluate_mask(b, node, arg, &mask)) {
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
        return push(b, &test);
    }
    return no;
}

static uint16_t emit_compare(struct binder *b, struct re_node *node,
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
    form = form_of(b);
    if (form && re_form_block_arg(form, node->subject, &arg)) {
        next = emit_argument(b, node, &arg, RE_TEST_BLOCK, yes, no);
        return next < RE_COND_MAX && !b->failed ? emit_read(b, next) : next;
    }
    b->lacking = b->lacking ? b->lacking : node;
    return no;
}

/* Tests are pushed back to front, so that both ways on are known. */
static uint16_t emit(struct binder *b, struct re_node *node,
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
            return node->negated ? emit_texts(b, node, no, yes) :
                emit_texts(b, node, yes, no);
        }
        return emit_compare(b, node, yes, no);
    }
    return no;
}

static uint16_t turned(const struct binder *b, uint16_t way)
{
    return way < RE_COND_MAX ? b->count - 1 - way : way;
}

static void reverse(struct re_test *tests, unsigned count)
{
    for (unsigned i = 0; i < count / 2; i++) {
        struct re_test swap = tests[i];

        tests[i] = tests[count - 1 - i];
        tests[count - 1 - i] = swap;
    }
}

static void turn_round(struct binder *b, uint16_t entry,
                       struct re_bound *bound)
{
    struct re_test *tests;

    if (entry >= RE_COND_MAX) {
        /* It holds always, or never, whatever the arguments are. */
        struct re_test constant_test = {
            .op = RE_TEST_RANGE, .width = 64, .mask = 0, .low = 0, .span = 0,
            .yes = entry, .no = entry,
        };

        b->count = 0;
        entry = push(b, &constant_test);
    }
    if (b->failed) {
        return;
    }
    /* The first test is the last one pushed; what lies behind it was pushed
     * for a branch that turned out to be constant. */
    b->count = entry + 1;
    for (unsigned i = 0; i < b->count; i++) {
        b->tests[i].yes = turned(b, b->tests[i].yes);
        b->tests[i].no = turned(b, b->tests[i].no);
    }
    reverse(b->tests, b->count);
    bound->asks = b->asks;
    bound->names = b->names;
    bound->peers = b->peers;
    if (bound->tests && bound->count == b->count &&
        memcmp(bound->tests, b->tests, b->count * sizeof(*tests)) == 0) {
        return;
    }
    tests = re_arena_array(b->arena, b->count, sizeof(*tests));
    if (!tests) {
        b->failed = true;
        return;
    }
    memcpy(tests, b->tests, b->count * sizeof(*tests));
    bound->tests = tests;
    bound->count = b->count;
}

enum re_binding re_condition_bind(struct re_node *node, struct re_layer *layer,
                                  unsigned slot, struct re_diags *diags,
                                  struct re_bound *bound,
                                  struct re_node **ret_lacking)
{
    struct binder b = {
        .layer = layer, .target = layer->target, .slot = slot,
        .arena = layer->arena, .diags = diags, .ops = layer->ops,
        .root = node,
    };
    uint16_t entry;

    b.arg_count = st_slot_args(b.target, slot, b.args);
    entry = emit(&b, node, RE_COND_TRUE, RE_COND_FALSE);
    if (!b.failed && !b.lacking) {
        turn_round(&b, entry, bound);
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

/* --- complaints ----------------------------------------------------------- */

static const char *arg_name_at(void *opaque, unsigned i)
{
    struct binder *b = opaque;

    return (int)i < b->arg_count ? b->args[i].name : NULL;
}

/* Calls that give an address when they are over. */
static bool tells_address(const char *call)
{
    static const char *const calls[] = {
        "recvfrom", "recvmsg", "recvmmsg",
        "recvmmsg_time64", "getpeername", "getsockname",
    };

    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        if (strcmp(calls[i], call) == 0) {
            return true;
        }
    }
    return false;
}

/* What a call lacks when the subject is no argument; NULL when it would be. */
static const char *missing_fact(const struct re_node *node, const char *call)
{
    static const struct {
        const char *subject, *missing;
    } facts[] = {
        { "path", "takes no path" },
        { "path2", "takes no second path" },
        { "fdpath", "takes no descriptor" },
        { "access", "opens no file, and so has no `access`" },
        { "family", NULL }, { "port", NULL }, { "unix", NULL },
        { "addr", NULL },
    };

    for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
        if (strcmp(node->subject, facts[i].subject) == 0 &&
            (strcmp(node->subject, "addr") != 0 || node->texts)) {
            return facts[i].missing ? facts[i].missing :
                tells_address(call) ?
                "tells whose address it is only when it is over, too late for "
                "a condition" : "takes no socket address";
        }
    }
    return NULL;
}

void re_condition_lacking(struct re_node *lacking, enum re_severity severity,
                          const struct st_target *target, unsigned slot,
                          bool others, const char *consequence,
                          struct re_diags *diags)
{
    const char *missing;
    uint64_t value;
    struct binder b = { .target = target, .slot = slot };
    char names[256] = "", hint[RE_SUGGEST_MAX + 32];
    size_t len = 0;

    if (lacking->reported) {
        return;
    }
    lacking->reported = severity == RE_ERROR;
    missing = missing_fact(lacking, st_slot_name(target, slot));
    if (missing) {
        re_entry_diag(diags, severity, lacking->entry, lacking->offset,
                      lacking->length, NULL, "%s %s%s%s",
                      st_slot_name(target, slot), missing,
                      others ? ", nor do other calls that this rule names," :
                      "", consequence);
        return;
    }
    b.arg_count = st_slot_args(target, slot, b.args);
    for (int i = 0; i < b.arg_count && len < sizeof(names); i++) {
        len += snprintf(names + len, sizeof(names) - len, "%s%s",
                        i ? ", " : "", b.args[i].name);
    }
    re_entry_diag(diags, severity, lacking->entry, lacking->offset,
                  lacking->length,
                  st_constant(target, 0, lacking->subject, &value) == 0 ?
                  "a constant stands behind the comparison" :
                  re_suggest_hint(lacking->subject, arg_name_at, &b, hint,
                                  sizeof(hint)),
                  "\"%.64s\" is not an argument of %s (%s)%s%s",
                  lacking->subject, st_slot_name(target, slot),
                  b.arg_count < 0 ? "its arguments are arg0 to arg5" :
                  b.arg_count == 0 ? "it has none" : names,
                  others ? ", nor of other calls that this rule names," : "",
                  consequence);
}
