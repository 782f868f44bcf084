/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tests of a call's conditions as what a kernel's filter can compare: each
 * way through them that ends in "yes" is a list of comparisons that must all
 * hold, each of another argument.
 */
#include <errno.h>
#include <string.h>

#include "inspect-private.h"
#include "width.h"

struct walk {
    const struct re_test *tests;
    struct st_arg args[ST_MAX_ARGS];
    int count;
    struct re_filters *ret;
    struct re_filter_list list;     /* of the way so far */
};

static bool one_bit(uint64_t mask)
{
    return mask && !(mask & (mask - 1));
}

static bool masked(struct re_filter *f, uint64_t mask, uint64_t value)
{
    f->op = RE_FILTER_MASKED_EQ;
    f->mask = mask;
    f->value = value;
    return true;
}

/* "(x & M)" and "(x & M) == V", or not. */
static bool with_mask(const struct re_test *t, bool holds, struct re_filter *f)
{
    uint64_t value = t->low;

    if (t->span == UINT64_MAX - 1 && t->low == 1) {
        holds = !holds;             /* not zero: not (x & M) == 0 */
        value = 0;
    } else if (t->span != 0) {
        return false;
    }
    if (holds) {
        return masked(f, t->mask, value);
    }
    return one_bit(t->mask) && masked(f, t->mask, value ^ t->mask);
}

static bool compare(struct re_filter *f, enum re_filter_op op, uint64_t value)
{
    f->op = op;
    f->value = value;
    f->mask = 0;
    return true;
}

/*
 * A range that reaches one end of the argument's domain is one comparison. Of
 * an argument with a sign only what is not negative can be put in order.
 */
static bool with_range(const struct re_test *t, bool holds,
                       struct re_filter *f)
{
    uint64_t high = t->low + t->span, all = re_width_mask(t->width);
    uint64_t most = t->is_signed ? all / 2 : all;

    if (t->span == 0 && holds && t->width < 64) {
        return masked(f, all, t->low & all);
    }
    if (t->span == 0) {
        return (int64_t)t->low >= 0 || !t->is_signed ?
            compare(f, holds ? RE_FILTER_EQ : RE_FILTER_NE, t->low) : false;
    }
    if (t->is_signed && ((int64_t)t->low < 0 || t->low == 0)) {
        return false;
    }
    if (t->low == 0) {
        return compare(f, holds ? RE_FILTER_LE : RE_FILTER_GT, high);
    }
    /* A negative value has a high register: it would count as large. */
    return high == most && !t->is_signed ?
        compare(f, holds ? RE_FILTER_GE : RE_FILTER_LT, t->low) : false;
}

static int arg_of(const struct walk *w, const struct re_test *t)
{
    for (int i = 0; i < w->count; i++) {
        if (w->args[i].reg == t->reg) {
            return i;
        }
    }
    return -1;
}

static bool add(struct walk *w, const struct re_test *t, bool holds)
{
    struct re_filter *f = &w->list.all[w->list.count];
    int arg = arg_of(w, t);

    if (t->op != RE_TEST_RANGE || t->pair != ST_PAIR_NONE || arg < 0 ||
        w->list.count == RE_FILTER_ALL) {
        return false;
    }
    for (unsigned i = 0; i < w->list.count; i++) {
        if (w->list.all[i].arg == (unsigned)arg) {
            return false;
        }
    }
    f->arg = arg;
    w->list.count++;
    return t->mask != UINT64_MAX ? with_mask(t, holds, f) :
        with_range(t, holds, f);
}

/* Depth first; the number of ways is bounded by RE_FILTER_ANY. */
static int follow(struct walk *w, uint16_t at)
{
    const struct re_test *t = &w->tests[at];
    unsigned count = w->list.count;
    int err = 0;

    if (at == RE_COND_FALSE) {
        return 0;
    }
    if (at == RE_COND_TRUE) {
        if (w->ret->count == RE_FILTER_ANY) {
            return -ENOTSUP;
        }
        w->ret->any[w->ret->count++] = w->list;
        return 0;
    }
    for (int holds = 1; holds >= 0 && !err; holds--) {
        uint16_t next = holds ? t->yes : t->no;

        if (next == RE_COND_FALSE) {
            continue;
        }
        err = add(w, t, holds) ? follow(w, next) : -ENOTSUP;
        w->list.count = count;
    }
    return err;
}

/*
 * "a == 1 || a == 2" goes on, where a is not 1, with a second look at it. As
 * rules of a filter are alternatives, the first look need not be repeated: what
 * does not hold may be left out before another test of the same argument, if
 * what follows is let through in any case.
 */
static int follow_alternatives(struct walk *w, uint16_t at)
{
    int err = 0;

    while (at < RE_COND_MAX && w->tests[at].yes == RE_COND_TRUE && !err) {
        w->list.count = 0;
        err = add(w, &w->tests[at], true) ? follow(w, RE_COND_TRUE) : -ENOTSUP;
        at = w->tests[at].no;
    }
    w->list.count = 0;
    return err ? err : follow(w, at);
}

static bool same_effect(const struct re_rule *a, const struct re_rule *b)
{
    return a->verdict == b->verdict && a->error == b->error &&
        a->permissive == b->permissive && a->log == b->log;
}

int re_view_filters(const struct re_view *view, unsigned slot,
                    struct re_filters *ret)
{
    const struct re_slot *s = &view->layer->slots[slot];
    struct walk w = { .ret = ret };
    int err = 0;

    ret->count = 0;
    w.count = st_slot_args(view->layer->target, slot, w.args);
    for (unsigned i = 0; i + 1 < s->count && !err; i++) {
        const struct re_candidate *c = &s->candidates[i];

        if (!c->tests || c->asks || c->measure || c->rule->when.first ||
            !same_effect(c->rule, s->candidates[0].rule)) {
            return -ENOTSUP;
        }
        w.tests = c->tests;
        err = follow_alternatives(&w, 0);
    }
    return err;
}
