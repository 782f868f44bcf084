/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looks for a call about which two policies part. A point goes along one axis
 * after the other; at each value of an axis, rules that cannot hold there any
 * more are left out of what is still alive, and it goes on only where one is
 * left that both sides do not have. An axis has only values at which a rule
 * that is alive changes its answer; of values that are alike one is tried.
 */
#include "inspect-compare.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    WATCHED = 2000000,      /* tests between two words to who watches */
    SAMPLES = 16,           /* values that tell how good an axis is */
};

/* Candidates that may hold at the point, in order. Behind the first one that
 * surely decides there are none. */
struct alive {
    struct item {
        unsigned index;
        bool open;          /* it depends on axes that have no place yet */
    } *items[2];
    size_t count[2];
};

/* An open test and its axis. */
struct need {
    int axis;
    const struct re_test *test;
};

/* The tests of one axis: a part of all needs. */
struct choice {
    int axis;
    size_t from, to;        /* needs */
    struct re_axis_values values;
    size_t score;           /* the fewer rules stay alive, the better */
};

static int go(struct re_search *s, const struct alive *alive);

static const struct re_candidate *candidate(const struct re_search *s,
                                            unsigned side, unsigned i)
{
    return &s->sides[side].slot->candidates[i];
}

/* --- one rule ------------------------------------------------------------ */

/* Marks the tests that can be reached; which ends can, as a set of 1 (true)
 * and 2 (false). */
static unsigned reach(struct re_search *s, const struct re_test *tests,
                      unsigned count)
{
    unsigned ends = 0;

    s->mark++;
    s->marks[0] = s->mark;
    for (unsigned i = 0; i < count; i++) {
        enum re_truth truth;

        if (s->marks[i] != s->mark) {
            continue;
        }
        s->asked++;
        truth = re_axes_test(&s->axes, &tests[i]);
        for (unsigned no = 0; no < 2; no++) {
            uint16_t way = no ? tests[i].no : tests[i].yes;

            if (truth == (no ? RE_YES : RE_NO)) {
                continue;
            }
            if (way < RE_COND_MAX) {
                s->marks[way] = s->mark;
            } else {
                ends |= way == RE_COND_TRUE ? 1 : 2;
            }
        }
    }
    return ends;
}

static enum re_truth holds(struct re_search *s, unsigned side, unsigned i)
{
    const struct re_test *tests = candidate(s, side, i)->tests;
    uint16_t at = 0;

    if (!tests) {
        return RE_YES;
    }
    while (at < RE_COND_MAX) {
        enum re_truth truth = re_axes_test(&s->axes, &tests[at]);

        s->asked++;
        if (truth == RE_OPEN) {
            unsigned ends = reach(s, tests, s->sides[side].tests[i]);

            return ends == 1 ? RE_YES : ends == 2 ? RE_NO : RE_OPEN;
        }
        at = truth == RE_YES ? tests[at].yes : tests[at].no;
    }
    return at == RE_COND_TRUE ? RE_YES : RE_NO;
}

/* --- what is alive ------------------------------------------------------- */

static int alive_make(struct alive *a, size_t first, size_t second)
{
    *a = (struct alive) { 0 };
    a->items[0] = reallocarray(NULL, first + second, sizeof(**a->items));
    a->items[1] = a->items[0] ? a->items[0] + first : NULL;
    return a->items[0] ? 0 : -ENOMEM;
}

static void alive_free(struct alive *a)
{
    free(a->items[0]);
}

/* Those that are still alive at the point. */
static void narrow(struct re_search *s, const struct alive *from,
                   struct alive *to)
{
    for (unsigned side = 0; side < 2; side++) {
        to->count[side] = 0;
        for (size_t i = 0; i < from->count[side]; i++) {
            struct item item = from->items[side][i];
            enum re_truth truth = item.open ? holds(s, side, item.index) :
                RE_YES;

            if (truth == RE_NO) {
                continue;
            }
            item.open = truth == RE_OPEN;
            to->items[side][to->count[side]++] = item;
            if (!item.open &&
                re_candidate_is_certain(candidate(s, side, item.index))) {
                break;
            }
        }
    }
}

struct look {
    bool owns;              /* one is alive that the other side has not */
    bool open;              /* one depends on more */
    bool agree;             /* whichever decides, it does the same */
};

static struct look look_at(struct re_search *s, const struct alive *a)
{
    uint32_t id = s->sides[0].ids[a->items[0][0].index];
    struct look look = { .agree = true };

    for (unsigned side = 0; side < 2; side++) {
        const struct re_side *of = &s->sides[side];

        for (size_t i = 0; i < a->count[side]; i++) {
            const struct item *item = &a->items[side][i];

            look.owns |= of->own[item->index];
            look.open |= item->open;
            look.agree &= of->ids[item->index] == id &&
                re_candidate_is_certain(candidate(s, side, item->index));
        }
    }
    return look;
}

/* Both policies' rules that hold, one by one, until one surely decides. When
 * they do not do the same, it is told where. */
static int part(struct re_search *s, const struct alive *a)
{
    for (size_t i = 0;; i++) {
        unsigned x = a->items[0][i].index, y = a->items[1][i].index;

        if (s->sides[0].ids[x] != s->sides[1].ids[y]) {
            size_t size;
            FILE *out = open_memstream(&s->example, &size);

            if (!out) {
                return -ENOMEM;
            }
            re_axes_put(&s->axes, out);
            s->at[0] = x;
            s->at[1] = y;
            return fclose(out) == 0 ? 1 : -ENOMEM;
        }
        if (re_candidate_is_certain(candidate(s, 0, x)) ||
            i + 1 >= a->count[0] || i + 1 >= a->count[1]) {
            return 0;
        }
    }
}

/* --- the next axis ------------------------------------------------------- */

static int by_content(const struct re_test *a, const struct re_test *b)
{
#define ORDER(x) if (a->x != b->x) { return a->x < b->x ? -1 : 1; }
    ORDER(op)
    ORDER(reg)
    ORDER(width)
    ORDER(is_signed)
    switch (a->op) {
    case RE_TEST_RANGE:
    case RE_TEST_BLOCK:
        ORDER(mask)
        /* fall through */
    case RE_TEST_FACT_RANGE:
        ORDER(low)
        ORDER(span)
        return 0;
    case RE_TEST_TEXT_EQUAL:
    case RE_TEST_TEXT_UNDER:
    case RE_TEST_TEXT_LIKE:
        return strcmp(a->text->chars, b->text->chars);
    case RE_TEST_NETWORK:
        ORDER(network->bits)
        return memcmp(a->network->ip, b->network->ip, sizeof(a->network->ip));
    }
#undef ORDER
    return 0;
}

static int by_axis(const void *a, const void *b)
{
    const struct need *x = a, *y = b;

    return x->axis != y->axis ? x->axis - y->axis :
        by_content(x->test, y->test);
}

/* The open tests of what is alive, each once; by axes. */
static int find_needs(struct re_search *s, const struct alive *a,
                      struct need **ret, size_t *ret_count)
{
    struct need *needs = NULL;
    size_t count = 0, room = 0, kept = 0;

    for (unsigned side = 0; side < 2; side++) {
        for (size_t i = 0; i < a->count[side]; i++) {
            unsigned index = a->items[side][i].index;
            const struct re_test *tests = candidate(s, side, index)->tests;
            unsigned tests_count = s->sides[side].tests[index];

            if (!a->items[side][i].open) {
                continue;
            }
            reach(s, tests, tests_count);
            for (unsigned t = 0; t < tests_count; t++) {
                int axis = s->marks[t] == s->mark ?
                    re_axes_open(&s->axes, &tests[t]) : -1;
                void *more = needs;

                if (axis < 0) {
                    continue;
                }
                if (count == room) {
                    room = room ? room * 2 : 16;
                    more = reallocarray(needs, room, sizeof(*needs));
                }
                if (!more) {
                    free(needs);
                    return -ENOMEM;
                }
                needs = more;
                needs[count++] = (struct need) { axis, &tests[t] };
            }
        }
    }
    qsort(needs, count, sizeof(*needs), by_axis);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || by_axis(&needs[kept - 1], &needs[i]) != 0) {
            needs[kept++] = needs[i];
        }
    }
    *ret = needs;
    *ret_count = kept;
    return 0;
}

/* Candidates that the other side has not, and that may hold at the point. */
static size_t count_own(struct re_search *s, const struct alive *own,
                        size_t enough)
{
    size_t count = 0;

    for (unsigned side = 0; side < 2; side++) {
        for (size_t i = 0; i < own->count[side] && count < enough; i++) {
            const struct item *item = &own->items[side][i];

            count += !item->open || holds(s, side, item->index) != RE_NO;
        }
    }
    return count;
}

static int make_values(struct re_search *s, struct choice *c,
                       const struct need *needs)
{
    size_t count = c->to - c->from;
    const struct re_test **tests = reallocarray(NULL, count, sizeof(*tests));
    int err;

    if (!tests) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        tests[i] = needs[c->from + i].test;
    }
    err = re_axes_values(&s->axes, c->axis, tests, count, &c->values);
    free(tests);
    return err;
}

/* How many rules of one side alone stay alive, at some of the values. */
static void rate(struct re_search *s, struct choice *c,
                 const struct alive *own)
{
    size_t step = c->values.count / SAMPLES + 1, tried = 0;

    c->score = 0;
    for (size_t i = step / 2; i < c->values.count; i += step, tried++) {
        re_axes_set(&s->axes, c->axis, &c->values.items[i]);
        c->score += count_own(s, own, SIZE_MAX);
    }
    re_axes_unset(&s->axes, c->axis);
    c->score = tried ? c->score * 1000 / tried : 0;
}

static bool is_better(const struct choice *a, const struct choice *b)
{
    return a->score != b->score ? a->score < b->score :
        a->values.count < b->values.count;
}

/* The axis to go along, with its values; "*ret_more": there are others. */
static int choose(struct re_search *s, const struct alive *own,
                  const struct need *needs, size_t count,
                  struct choice *ret, bool *ret_more)
{
    bool several = needs[0].axis != needs[count - 1].axis;
    struct choice best = { .axis = -1 };

    for (size_t from = 0, to; from < count; from = to) {
        struct choice c = { .axis = needs[from].axis, .from = from };

        for (to = from; to < count && needs[to].axis == c.axis; to++) {
        }
        c.to = to;
        if (make_values(s, &c, needs) < 0) {
            re_axis_values_free(&best.values);
            return -ENOMEM;
        }
        if (several) {
            rate(s, &c, own);
        }
        if (best.axis < 0 || is_better(&c, &best)) {
            re_axis_values_free(&best.values);
            best = c;
        } else {
            re_axis_values_free(&c.values);
        }
    }
    *ret = best;
    *ret_more = several;
    return 0;
}

/* --- values that are alike ----------------------------------------------- */

struct seen {
    struct {
        uint64_t a, b;
        bool used;
    } *items;
    size_t size;            /* a power of two */
};

/* Whether all tests of the axis answer as at a value that was here before. Two
 * hashes of 64 bits stand for the answers. */
static bool was_seen(struct re_search *s, struct seen *seen,
                     const struct choice *c, const struct need *needs,
                     const struct re_axis_value *value)
{
    uint64_t a = value->has_ip, b = !value->has_ip;
    size_t i;

    for (i = c->from; i < c->to; i++) {
        uint64_t answer = re_axes_test(&s->axes, needs[i].test) + 1;

        a = (a ^ answer) * UINT64_C(0x9e3779b97f4a7c15);
        a ^= a >> 29;
        b = (b + answer) * UINT64_C(0xc2b2ae3d27d4eb4f);
        b ^= b >> 31;
    }
    s->asked += c->to - c->from;
    for (i = a & (seen->size - 1); seen->items[i].used;
         i = (i + 1) & (seen->size - 1)) {
        if (seen->items[i].a == a && seen->items[i].b == b) {
            return true;
        }
    }
    seen->items[i].a = a;
    seen->items[i].b = b;
    seen->items[i].used = true;
    return false;
}

static int seen_make(struct seen *seen, size_t values)
{
    for (seen->size = 16; seen->size < 2 * values; seen->size *= 2) {
    }
    seen->items = calloc(seen->size, sizeof(*seen->items));
    return seen->items ? 0 : -ENOMEM;
}

/* --- all values ---------------------------------------------------------- */

/* False when there was enough asked. */
static bool may_go_on(struct re_search *s)
{
    if (s->watch && s->asked - s->shown >= WATCHED) {
        s->shown = s->asked;
        s->watch->tell(s->watch->opaque, s->asked);
    }
    if (s->asked > RE_ASKED_MAX) {
        s->unsure |= RE_UNSURE_MANY;
    }
    return s->asked <= RE_ASKED_MAX;
}

static void only_own(struct re_search *s, const struct alive *from,
                     struct alive *to)
{
    for (unsigned side = 0; side < 2; side++) {
        for (size_t i = 0; i < from->count[side]; i++) {
            if (s->sides[side].own[from->items[side][i].index]) {
                to->items[side][to->count[side]++] = from->items[side][i];
            }
        }
    }
}

/* Along one axis; "next" has room for what will be alive there. */
static int go_along(struct re_search *s, const struct alive *alive,
                    const struct alive *own, struct alive *next,
                    const struct choice *c, const struct need *needs,
                    struct seen *seen)
{
    int found = 0;

    s->unsure |= c->values.unsure;
    for (size_t i = 0; i < c->values.count && !found && may_go_on(s); i++) {
        const struct re_axis_value *value = &c->values.items[i];

        re_axes_set(&s->axes, c->axis, value);
        if (count_own(s, own, 1) > 0 &&
            !(seen && was_seen(s, seen, c, needs, value))) {
            narrow(s, alive, next);
            found = go(s, next);
        }
    }
    re_axes_unset(&s->axes, c->axis);
    return found;
}

/* One more axis. */
static int branch(struct re_search *s, const struct alive *alive)
{
    struct need *needs = NULL;
    struct alive own = { 0 }, next = { 0 };
    struct choice choice = { 0 };
    struct seen seen = { 0 };
    size_t count = 0;
    bool more = false;
    int result = alive_make(&own, alive->count[0], alive->count[1]);

    result = result ? result :
        alive_make(&next, alive->count[0], alive->count[1]);
    result = result ? result : find_needs(s, alive, &needs, &count);
    if (!result) {
        only_own(s, alive, &own);
        result = choose(s, &own, needs, count, &choice, &more);
    }
    if (!result && more) {
        result = seen_make(&seen, choice.values.count);
    }
    if (!result) {
        result = go_along(s, alive, &own, &next, &choice, needs,
                          more ? &seen : NULL);
    }
    alive_free(&own);
    alive_free(&next);
    re_axis_values_free(&choice.values);
    free(seen.items);
    free(needs);
    return result;
}

static int go(struct re_search *s, const struct alive *alive)
{
    struct look look = look_at(s, alive);

    s->asked++;
    if (!look.owns || look.agree) {
        return 0;
    }
    return look.open ? branch(s, alive) : part(s, alive);
}

int re_search_find(struct re_search *s)
{
    struct alive all, first;
    unsigned most = 1;
    int result;

    for (unsigned side = 0; side < 2; side++) {
        for (unsigned i = 0; i < s->sides[side].slot->count; i++) {
            most = s->sides[side].tests[i] > most ? s->sides[side].tests[i] :
                most;
            re_axes_add(&s->axes, candidate(s, side, i)->tests);
        }
    }
    s->marks = calloc(most, sizeof(*s->marks));
    result = alive_make(&all, s->sides[0].slot->count,
                        s->sides[1].slot->count);
    result = alive_make(&first, s->sides[0].slot->count,
                        s->sides[1].slot->count) || result ? -ENOMEM : 0;
    if (!result && s->marks) {
        for (unsigned side = 0; side < 2; side++) {
            all.count[side] = s->sides[side].slot->count;
            for (unsigned i = 0; i < all.count[side]; i++) {
                all.items[side][i] = (struct item) { i, true };
            }
        }
        narrow(s, &all, &first);
        result = go(s, &first);
    }
    result = s->marks ? result : -ENOMEM;
    alive_free(&all);
    alive_free(&first);
    free(s->marks);
    return result;
}
