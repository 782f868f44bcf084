/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hot path of calls that a rule is interested in: no lock, no allocation,
 * no guest memory.
 */
#include "policy.h"

static uint64_t argument(const struct re_test *test,
                         const uint64_t args[ST_MAX_REGS])
{
    uint64_t value = args[test->reg];
    unsigned unused = 64 - test->width;

    if (test->pair != ST_PAIR_NONE) {
        uint64_t next = args[(test->reg + 1) % ST_MAX_REGS];

        value = test->pair == ST_PAIR_LOW_HIGH ?
            (uint32_t)value | next << 32 : value << 32 | (uint32_t)next;
    }
    value <<= unused;
    return test->is_signed ? (uint64_t)((int64_t)value >> unused) :
        value >> unused;
}

bool re_tests_hold(const struct re_test *tests,
                   const uint64_t args[ST_MAX_REGS])
{
    uint16_t i = 0;

    /* Ways lead forward only, so this ends. */
    while (i < RE_COND_MAX) {
        const struct re_test *test = &tests[i];
        uint64_t value = argument(test, args) & test->mask;

        i = value - test->low <= test->span ? test->yes : test->no;
    }
    return i == RE_COND_TRUE;
}

/* Counts this call, unless it was counted before, and says whether it is one
 * of those the rule wants. */
static bool when_holds(const struct re_rule *rule, bool counting)
{
    const struct re_when *when = &rule->when;
    uint64_t n;

    if (!when->first) {
        return true;
    }
    n = counting ? atomic_fetch_add_explicit(rule->count, 1,
                                             memory_order_relaxed) + 1 :
        atomic_load_explicit(rule->count, memory_order_relaxed);
    return n >= when->first && n <= when->last &&
        (when->step == 0 ? n == when->first :
         (n - when->first) % when->step == 0);
}

const struct re_rule *re_layer_decide(const struct re_layer *layer, int slot,
                                      const uint64_t args[ST_MAX_REGS],
                                      bool counting)
{
    const struct re_slot *s = slot < 0 ? &layer->unknown :
        &layer->slots[slot];
    const struct re_candidate *c = s->candidates;

    /* The last candidate always holds. */
    while ((c->tests && !re_tests_hold(c->tests, args)) ||
           !when_holds(c->rule, counting)) {
        c++;
    }
    return c->rule;
}
