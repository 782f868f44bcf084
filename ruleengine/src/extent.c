/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A condition is a graph of tests that lead on to others or to an end, and a
 * slot's rules are a chain of them: whose condition does not hold, leads on to
 * the next. What can be let through is found by walking it: if a rule that lets
 * calls through can be reached without a test of the wanted kind that holds,
 * nothing can be said; else each such test from which one can be reached tells
 * a part of the extent.
 */
#include "extent.h"

#include <stdlib.h>
#include <string.h>

#include "reach.h"

#define AF_LOCAL_ 1             /* the same on every target */
#define AF_INET_ 2
#define AF_INET6_ 10
#define PORTS_MAX 1024          /* of one test; more are as good as all */
#define CANDIDATES_MAX 256      /* of a slot; nothing is said of more */

/* --- the chain --------------------------------------------------------- */

struct walk {
    const struct re_layer *layer;
    const struct re_slot *slot;
    const struct re_extent_query *query;
    unsigned family;            /* 0: any */
    bool unbound;               /* do not take the way on of a wanted test */
    uint32_t *seen;             /* by index_of(): the last walk that came by */
    uint32_t number;            /* of this walk, from 1 */
    uint32_t first[CANDIDATES_MAX + 1]; /* of each candidate's tests in there */
    bool elsewhere;             /* a rule was met that changes what is named */
};

static size_t index_of(const struct walk *w, unsigned candidate, unsigned test)
{
    return (size_t)w->first[candidate] + test;
}

static bool is_wanted(const struct walk *w, const struct re_test *test)
{
    if (w->query->ports) {
        return test->op == RE_TEST_FACT_RANGE &&
            test->reg == RE_NUMBER_PORT && test->span < PORTS_MAX;
    }
    return (test->op == RE_TEST_TEXT_EQUAL || test->op == RE_TEST_TEXT_UNDER ||
            test->op == RE_TEST_TEXT_LIKE) &&
        test->reg == (w->query->of == RE_EXTENT_PATH ? RE_SUBJECT_PATH :
                      w->query->of == RE_EXTENT_PATH2 ? RE_SUBJECT_PATH2 :
                      RE_SUBJECT_UNIX);
}

/* Which ways on there are: 1 "yes", 2 "no". */
static unsigned ways(const struct walk *w, const struct re_test *test)
{
    bool ip = w->family == AF_INET_ || w->family == AF_INET6_;
    uint64_t fact;

    switch (test->op) {
    case RE_TEST_FACT_RANGE:
        if (test->reg == RE_NUMBER_ACCESS && w->query->access >= 0) {
            fact = w->query->access;
        } else if (test->reg == RE_NUMBER_FAMILY && w->family) {
            fact = w->family;
        } else {
            return test->reg == RE_NUMBER_PORT && w->family && !ip ? 2 : 3;
        }
        return fact - test->low <= test->span ? 1 : 2;
    case RE_TEST_NETWORK:
        return w->family && !ip ? 2 : 3;
    case RE_TEST_TEXT_EQUAL:
    case RE_TEST_TEXT_UNDER:
    case RE_TEST_TEXT_LIKE:
        return ip && test->reg == RE_SUBJECT_UNIX ? 2 : 3;
    }
    return 3;
}

/* A handler, or what stands in for a file, gives the call another path. */
static bool lets_through(struct walk *w, const struct re_rule *rule)
{
    if (!re_rule_may_run(w->layer, rule)) {
        return false;
    }
    w->elsewhere |= rule->verdict == RE_VERDICT_LUA ||
        rule->verdict == RE_VERDICT_PARENTS ||
        rule->verdict == RE_VERDICT_ROOT ||
        rule->verdict == RE_VERDICT_REDIRECT ||
        rule->verdict == RE_VERDICT_WILDCARD;
    return true;
}

static unsigned first_test(const struct re_candidate *c)
{
    return c->tests ? 0 : RE_COND_TRUE;
}

/* Whether a rule that lets calls through can be reached from there. Each test
 * is entered once: who comes by again has had its answer. Long lists go on at
 * "no". */
static bool reaches(struct walk *w, unsigned candidate, unsigned at)
{
    bool found = false;

    for (;;) {
        const struct re_candidate *c = &w->slot->candidates[candidate];
        unsigned open;

        if (at == RE_COND_TRUE) {
            found |= lets_through(w, c->rule);
            if (!c->rule->when.first && !c->device) {
                break;
            }
            at = RE_COND_FALSE;     /* or does not count this time */
        }
        if (at == RE_COND_FALSE) {
            if (++candidate == w->slot->count) {
                break;
            }
            at = first_test(c + 1);
            continue;
        }
        if (w->seen[index_of(w, candidate, at)] == w->number) {
            break;
        }
        w->seen[index_of(w, candidate, at)] = w->number;
        open = ways(w, &c->tests[at]);
        if (w->unbound && is_wanted(w, &c->tests[at])) {
            open &= ~1u;
        }
        if (open & 1) {
            found |= reaches(w, candidate, c->tests[at].yes);
        }
        if (!(open & 2)) {
            break;
        }
        at = c->tests[at].no;
    }
    return found;
}

static bool reaches_anew(struct walk *w, unsigned candidate, unsigned at,
                         bool unbound)
{
    w->number++;
    w->unbound = unbound;
    return reaches(w, candidate, at);
}

/* What stands before the first of a pattern's special characters, up to a
 * "/". */
static void tell_pattern(const struct re_extent_query *q, const char *pattern)
{
    char dir[RE_PATH_MAX];
    size_t length = strcspn(pattern, "*?[\\");

    while (length > 0 && pattern[length - 1] != '/') {
        length--;
    }
    while (length > 1 && pattern[length - 1] == '/') {
        length--;
    }
    if (length == 0 || length >= sizeof(dir)) {
        q->file(q->opaque, "/", true);
        return;
    }
    memcpy(dir, pattern, length);
    dir[length] = '\0';
    q->file(q->opaque, dir, true);
}

static void tell(const struct re_extent_query *q, const struct re_test *test)
{
    if (q->ports) {
        for (uint64_t i = 0; i <= test->span; i++) {
            q->port(q->opaque, test->low + i);
        }
    } else if (test->op == RE_TEST_TEXT_LIKE) {
        tell_pattern(q, test->text->chars);
    } else {
        q->file(q->opaque, test->text->chars,
                test->op == RE_TEST_TEXT_UNDER);
    }
}

static bool tell_if_it_leads_on(struct walk *w, unsigned candidate,
                                unsigned at)
{
    const struct re_test *test = &w->slot->candidates[candidate].tests[at];

    if (is_wanted(w, test) && (ways(w, test) & 1) &&
        reaches_anew(w, candidate, test->yes, false)) {
        tell(w->query, test);
        return true;
    }
    return false;
}

/* Of each test that the walk has come by. */
static enum re_extent tell_all(struct walk *w)
{
    size_t total = w->first[w->slot->count];
    uint8_t *reached = calloc(total + 1, 1);
    bool any = false;

    if (!reached) {
        return RE_EXTENT_ANY;
    }
    for (size_t i = 0; i < total; i++) {
        reached[i] = w->seen[i] == w->number;
    }
    for (unsigned c = 0; c < w->slot->count; c++) {
        for (unsigned i = 0; i < w->slot->candidates[c].test_count; i++) {
            any |= reached[index_of(w, c, i)] && tell_if_it_leads_on(w, c, i);
        }
    }
    free(reached);
    return any ? RE_EXTENT_SOME : RE_EXTENT_ANY;
}

static enum re_extent walk_family(struct walk *w)
{
    unsigned first = first_test(&w->slot->candidates[0]);

    if (reaches_anew(w, 0, first, true)) {
        return RE_EXTENT_ANY;
    }
    if (!reaches_anew(w, 0, first, false)) {
        return RE_EXTENT_NONE;
    }
    return w->elsewhere ? RE_EXTENT_ANY : tell_all(w);
}

/* An address' family decides which of its tests can hold: each is asked for by
 * itself. */
static enum re_extent walk_all(struct walk *w)
{
    static const unsigned ip[] = { AF_INET_, AF_INET6_, 0 };
    static const unsigned local[] = { AF_LOCAL_, 0 };
    const unsigned *family = w->query->ports ? ip : local;
    enum re_extent all = RE_EXTENT_NONE;

    if (!w->query->ports && w->query->of != RE_EXTENT_UNIX) {
        return walk_family(w);
    }
    for (; *family; family++) {
        enum re_extent one;

        w->family = *family;
        one = walk_family(w);
        all = one > all ? one : all;
    }
    return all;
}

enum re_extent re_layer_extent(const struct re_layer *layer, unsigned slot,
                               const struct re_extent_query *query)
{
    struct walk w = {
        .layer = layer, .slot = &layer->slots[slot], .query = query,
    };
    enum re_extent extent;

    if (w.slot->count == 0 || w.slot->count > CANDIDATES_MAX) {
        return RE_EXTENT_ANY;
    }
    for (unsigned i = 0; i < w.slot->count; i++) {
        w.first[i + 1] = w.first[i] + w.slot->candidates[i].test_count;
    }
    w.seen = calloc(w.first[w.slot->count] + 1, sizeof(*w.seen));
    extent = w.seen ? walk_all(&w) : RE_EXTENT_ANY;
    free(w.seen);
    return extent;
}
