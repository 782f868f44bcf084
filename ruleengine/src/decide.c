/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hot path of calls that a rule is interested in: no lock, no allocation.
 * Guest memory is read, through facts, by tests of paths and addresses alone.
 */
#include <string.h>

#include "device.h"
#include "facts.h"
#include "match.h"
#include "policy.h"
#include "width.h"

static uint64_t argument(const struct re_test *test,
                         const uint64_t args[ST_MAX_REGS])
{
    return re_width_argument(args, test->reg, test->pair, test->width,
                             test->is_signed);
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

/* --- facts ------------------------------------------------------------- */

static bool number_holds(const struct re_test *test, struct re_facts *facts)
{
    const struct re_address *address;
    uint64_t value = 0;

    switch (test->reg) {
    case RE_NUMBER_ACCESS:
        value = re_fact_access(facts, test->form);
        break;
    case RE_NUMBER_FAMILY:
        value = re_fact_address(facts, test->form)->family;
        break;
    case RE_NUMBER_PORT:
        address = re_fact_address(facts, test->form);
        if (!address->has_ip) {
            return false;
        }
        value = address->port;
        break;
    }
    return value - test->low <= test->span;
}

static const struct re_path *text_of(const struct re_test *test,
                                     struct re_facts *facts)
{
    switch (test->reg) {
    case RE_SUBJECT_UNIX:
        return re_fact_unix(facts, test->form);
    case RE_SUBJECT_FDPATH:
        return re_fact_fdpath(facts, test->form);
    default:
        return re_fact_path(facts, test->form,
                            test->reg == RE_SUBJECT_PATH2);
    }
}

static bool fact_holds(const struct re_test *test, struct re_facts *facts)
{
    const struct re_address *address;
    const struct re_path *path;

    switch (test->op) {
    case RE_TEST_FACT_RANGE:
        return number_holds(test, facts);
    case RE_TEST_TEXT_EQUAL:
        path = text_of(test, facts);
        return path->len == test->text->len &&
            memcmp(path->name, test->text->chars, path->len) == 0;
    case RE_TEST_TEXT_UNDER:
        path = text_of(test, facts);
        return re_match_under(path->name, path->len, test->text);
    case RE_TEST_TEXT_LIKE:
        path = text_of(test, facts);
        return re_match_glob(path->name, path->len, test->text);
    case RE_TEST_READ_BLOCK:
        re_fact_block(facts, test->form);
        return true;
    case RE_TEST_NETWORK:
        address = re_fact_address(facts, test->form);
        return address->has_ip && re_match_network(address->ip, test->network);
    }
    return false;
}

/* Whether the test asks who is at the other end of a connection. */
static bool asks_for_peer(const struct re_test *test)
{
    switch (test->op) {
    case RE_TEST_FACT_RANGE:
        return test->reg != RE_NUMBER_ACCESS && test->form->accepts;
    case RE_TEST_TEXT_EQUAL:
    case RE_TEST_TEXT_UNDER:
    case RE_TEST_TEXT_LIKE:
        return test->reg == RE_SUBJECT_UNIX && test->form->accepts;
    case RE_TEST_NETWORK:
        return test->form->accepts;
    }
    return false;
}

/* RE_COND_TRUE or RE_COND_FALSE; "ret_form" not NULL: or RE_COND_LATER, where a
 * test asks for a peer by that form, and there is none yet. */
static uint16_t walk(const struct re_test *tests,
                     const uint64_t args[ST_MAX_REGS], struct re_facts *facts,
                     const struct re_form **ret_form)
{
    uint16_t i = 0;

    while (i < RE_COND_MAX) {
        const struct re_test *test = &tests[i];
        bool holds;

        if (ret_form && asks_for_peer(test)) {
            *ret_form = test->form;
            return RE_COND_LATER;
        }

        if (test->op == RE_TEST_RANGE) {
            uint64_t value = argument(test, args) & test->mask;

            holds = value - test->low <= test->span;
        } else if (test->op == RE_TEST_BLOCK) {
            uint64_t value = argument(test, facts->block.words) & test->mask;

            holds = value - test->low <= test->span;
        } else {
            holds = fact_holds(test, facts);
        }
        i = holds ? test->yes : test->no;
    }
    return i;
}

bool re_tests_hold_with_facts(const struct re_test *tests,
                              const uint64_t args[ST_MAX_REGS],
                              struct re_facts *facts)
{
    return walk(tests, args, facts, NULL) == RE_COND_TRUE;
}

/* --- rules ------------------------------------------------------------- */

/* The descriptor that a device's rule asks about. */
static int descriptor_of(const struct re_candidate *c,
                         const uint64_t args[ST_MAX_REGS],
                         struct re_facts *facts)
{
    const struct re_block *block;

    if (!c->device_form) {
        return (int32_t)args[c->device_reg];
    }
    block = re_fact_block(facts, c->device_form);
    return block->error ? -1 : (int32_t)block->words[c->device_reg];
}

static bool candidate_holds(const struct re_layer *layer,
                            const struct re_candidate *c,
                            const uint64_t args[ST_MAX_REGS],
                            struct re_facts *facts)
{
    if (!c->asks) {
        return !c->tests || re_tests_hold(c->tests, args);
    }
    if (!facts) {
        return !c->tests ? !c->device : c->rule->verdict >= RE_VERDICT_DENY;
    }
    if (c->tests && !re_tests_hold_with_facts(c->tests, args, facts)) {
        return false;
    }
    return !c->device || re_device_is(c->device, layer->ops, facts->guest,
                                      descriptor_of(c, args, facts));
}

/* Counts this call and says whether it is one of those the rule wants. A call
 * that is made again was counted before, and let through: of the rules with a
 * "when", only the one that had decided it and such as let calls through
 * hold. */
static bool when_holds(const struct re_rule *rule,
                       const struct re_rule *const *again)
{
    const struct re_when *when = &rule->when;
    uint64_t n;

    if (!when->first) {
        return true;
    }
    if (again) {
        return rule == *again || rule->verdict <= RE_VERDICT_RUN;
    }
    n = atomic_fetch_add_explicit(rule->count, 1, memory_order_relaxed) + 1;
    return n >= when->first && n <= when->last &&
        (when->step == 0 ? n == when->first :
         (n - when->first) % when->step == 0);
}

/* --- calls that accept -------------------------------------------------- */

bool re_layer_asks_for_peer(const struct re_layer *layer, unsigned slot)
{
    const struct re_slot *s = &layer->slots[slot];

    for (unsigned i = 0; i < s->count; i++) {
        if (s->candidates[i].peers) {
            return true;
        }
    }
    return false;
}

const struct re_rule *re_layer_decide_early(const struct re_layer *layer,
                                            int slot,
                                            const uint64_t args[ST_MAX_REGS],
                                            struct re_facts *facts,
                                            const struct re_rule *const *again,
                                            struct re_undecided *ret)
{
    const struct re_candidate *c = layer->slots[slot].candidates;

    for (;; c++) {
        if (c->peers &&
            walk(c->tests, args, facts, &ret->form) == RE_COND_LATER) {
            ret->at = c;
            return NULL;
        }
        if (candidate_holds(layer, c, args, facts) &&
            when_holds(c->rule, again)) {
            return c->rule;
        }
    }
}

const struct re_rule *re_layer_decide_later(const struct re_layer *layer,
                                            const struct re_undecided *pending,
                                            const uint64_t args[ST_MAX_REGS],
                                            struct re_facts *facts)
{
    const struct re_candidate *c = pending->at;

    while (!candidate_holds(layer, c, args, facts) ||
           !when_holds(c->rule, NULL)) {
        c++;
    }
    return c->rule;
}

/* --- calls -------------------------------------------------------------- */

const struct re_rule *re_layer_decide(const struct re_layer *layer, int slot,
                                      const uint64_t args[ST_MAX_REGS],
                                      struct re_facts *facts,
                                      const struct re_rule *const *again)
{
    const struct re_slot *s = slot < 0 ? &layer->unknown :
        &layer->slots[slot];
    const struct re_candidate *c = s->candidates;

    /* The last candidate always holds. */
    while (!candidate_holds(layer, c, args, facts) ||
           !when_holds(c->rule, again)) {
        c++;
    }
    return c->rule;
}
