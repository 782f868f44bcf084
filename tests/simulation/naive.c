/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "naive.h"

#include <stdlib.h>
#include <string.h>

#include <node.h>

typedef __int128 wide;

/* --- conditions ----------------------------------------------------------- */

struct subject {
    struct st_arg arg;
    wide value;             /* at the declared width and sign */
    bool found;
};

static struct subject look_up(const struct st_target *t, unsigned slot,
                              const char *name,
                              const uint64_t args[ST_MAX_REGS])
{
    struct st_arg all[ST_MAX_ARGS];
    int count = st_slot_args(t, slot, all);
    struct subject s = { .found = false };

    for (int i = 0; i < count; i++) {
        char positional[] = { 'a', 'r', 'g', '0' + i, 0 };

        if (strcmp(all[i].name, name) == 0 ||
            strcmp(positional, name) == 0) {
            s.arg = all[i];
            s.found = true;
            break;
        }
    }
    if (!s.found && count < 0 && strncmp(name, "arg", 3) == 0) {
        s.arg.reg = name[3] - '0';
        s.arg.width = st_word_bits(t);
        s.found = true;
    }
    if (s.found) {
        wide one = 1;
        uint64_t bits = args[s.arg.reg];

        if (s.arg.pair == ST_PAIR_LOW_HIGH) {
            bits = (args[s.arg.reg + 1] << 32) + (bits & 0xffffffff);
        } else if (s.arg.pair == ST_PAIR_HIGH_LOW) {
            bits = (bits << 32) + (args[s.arg.reg + 1] & 0xffffffff);
        }
        s.value = (wide)bits % (one << s.arg.width);
        if (s.arg.is_signed && s.value >= one << (s.arg.width - 1)) {
            s.value -= one << s.arg.width;
        }
    }
    return s;
}

static wide constant_value(const struct st_target *t, const struct subject *s,
                           const struct re_value *v, bool is_signed)
{
    wide one = 1, modulus = one << s->arg.width, bits = 0;

    if (v->atoms && !v->atoms->next && !v->atoms->is_name &&
        (v->negative || v->atoms->decimal)) {
        return v->negative ? -(wide)v->atoms->number : v->atoms->number;
    }
    for (const struct re_atom *a = v->atoms; a; a = a->next) {
        uint64_t number = a->number;

        if (a->is_name) {
            st_constant(t, s->arg.family, a->text, &number);
        }
        bits |= number;
    }
    bits %= modulus;
    return is_signed && bits >= modulus / 2 ? bits - modulus : bits;
}

static bool compare(const struct st_target *t, const struct subject *s,
                    const struct re_node *n)
{
    bool is_signed = s->arg.is_signed && !n->masked, holds = false;
    wide value = s->value;

    if (n->masked) {
        wide one = 1;

        value &= (one << s->arg.width) - 1;
        value &= constant_value(t, s, &n->mask, false);
    }
    switch (n->relation) {
    case RE_RELATION_NONZERO:
        return value != 0;
    case RE_RELATION_BELOW:
        holds = value < constant_value(t, s, &n->ranges->low, is_signed);
        break;
    case RE_RELATION_ABOVE:
        holds = value > constant_value(t, s, &n->ranges->low, is_signed);
        break;
    case RE_RELATION_UNDER:
    case RE_RELATION_LIKE:
        abort();            /* of texts, which no random policy has */
    case RE_RELATION_IN:
        for (const struct re_range *r = n->ranges; r; r = r->next) {
            holds |= value >= constant_value(t, s, &r->low, is_signed) &&
                value <= constant_value(t, s, &r->high, is_signed);
        }
        break;
    }
    return holds != n->negated;
}

/* Whether any comparison names an argument that the call lacks. */
static bool lacking(const struct st_target *t, unsigned slot,
                    const struct re_node *n)
{
    static const uint64_t none[ST_MAX_REGS];

    if (n->kind == RE_NODE_COMPARE) {
        return !look_up(t, slot, n->subject, none).found;
    }
    return lacking(t, slot, n->left) ||
        (n->right && lacking(t, slot, n->right));
}

static bool holds(const struct st_target *t, unsigned slot,
                  const struct re_node *n, const uint64_t args[ST_MAX_REGS])
{
    struct subject s;

    switch (n->kind) {
    case RE_NODE_AND:
        return holds(t, slot, n->left, args) && holds(t, slot, n->right, args);
    case RE_NODE_OR:
        return holds(t, slot, n->left, args) || holds(t, slot, n->right, args);
    case RE_NODE_NOT:
        return !holds(t, slot, n->left, args);
    case RE_NODE_COMPARE:
        s = look_up(t, slot, n->subject, args);
        return compare(t, &s, n);
    }
    abort();
}

/* --- rules ---------------------------------------------------------------- */

static bool governs_name(const struct st_target *t, unsigned slot,
                         const char *name, bool in_set)
{
    uint16_t slots[ST_MAX_SPELLINGS];
    unsigned count = st_slots_of_name(t, name, slots);

    for (unsigned i = 0; i < count; i++) {
        if (slots[i] == slot) {
            return true;
        }
        if (!in_set && st_slot_is_carrier(t, slots[i]) &&
            slot >= st_number_count(t) &&
            st_number_of_slot(t, slot) == st_number_of_slot(t, slots[i])) {
            return true;
        }
    }
    return false;
}

static bool governs(const struct st_target *t, unsigned slot,
                    const struct re_draft *d)
{
    if (!d->set) {
        return governs_name(t, slot, d->name, false);
    }
    for (unsigned i = 0; i < d->set->count; i++) {
        if (governs_name(t, slot, st_name_at(d->set->members[i]), true)) {
            return true;
        }
    }
    return false;
}

/* More specific first: condition, own name, set. */
static int specificity(const struct re_draft *d)
{
    return (d->condition ? 2 : 0) + (d->set ? 0 : 1);
}

static bool beats(const struct re_draft *a, const struct re_draft *b)
{
    if (!b) {
        return true;
    }
    if (specificity(a) != specificity(b)) {
        return specificity(a) > specificity(b);
    }
    if (a->rule->verdict != b->rule->verdict) {
        return a->rule->verdict > b->rule->verdict;
    }
    /* Equally strict: the errno whose name sorts first, the smaller value. */
    if (a->rule->error_name && b->rule->error_name &&
        strcmp(a->rule->error_name, b->rule->error_name) != 0) {
        return strcmp(a->rule->error_name, b->rule->error_name) < 0;
    }
    return a->rule->value < b->rule->value;
}

static struct naive_answer answer(const struct re_rule *rule)
{
    return (struct naive_answer) {
        .verdict = rule->verdict, .error = rule->error, .value = rule->value,
    };
}

struct naive_answer naive_decide(const struct re_document *doc, int slot,
                                 const uint64_t args[ST_MAX_REGS])
{
    const struct st_target *t = doc->target;
    const struct re_draft *best = NULL;

    if (slot >= 0 && st_slot_is_carrier(t, slot)) {
        return (struct naive_answer) { .verdict = RE_VERDICT_ALLOW };
    }
    if (slot < 0 || !st_slot_name(t, slot)) {
        return answer(&doc->unknown.rule);
    }
    for (const struct re_draft *d = doc->drafts; d; d = d->next) {
        if (!governs(t, slot, d)) {
            continue;
        }
        if (d->condition) {
            /* A refusal that cannot be evaluated refuses; what lets a call
             * through, or answers it, then does not apply. */
            if (lacking(t, slot, d->condition) ?
                d->rule->verdict < RE_VERDICT_DENY :
                !holds(t, slot, d->condition, args)) {
                continue;
            }
        }
        if (beats(d, best)) {
            best = d;
        }
    }
    return answer(best ? best->rule : &doc->default_.rule);
}
