/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reach.h"

bool re_rule_may_run(const struct re_layer *layer, const struct re_rule *rule)
{
    switch (rule->verdict) {
    case RE_VERDICT_ALLOW:
    case RE_VERDICT_RUN:
    case RE_VERDICT_WILDCARD:
    case RE_VERDICT_PARENTS:
    case RE_VERDICT_ROOT:
    case RE_VERDICT_REDIRECT:
    case RE_VERDICT_LUA:        /* may call the original */
        return true;
    case RE_VERDICT_DENY:
    case RE_VERDICT_TRAP:
    case RE_VERDICT_KILL:
        return rule->permissive || layer->permissive;
    default:
        return false;
    }
}

bool re_layer_may_run(const struct re_layer *layer, int slot)
{
    const struct re_slot *s = slot < 0 ? &layer->unknown :
        &layer->slots[slot];

    for (unsigned i = 0; i < s->count; i++) {
        if (re_rule_may_run(layer, s->candidates[i].rule)) {
            return true;
        }
    }
    return false;
}

bool re_layer_asks(const struct re_layer *layer)
{
    unsigned count = st_slot_count(layer->target);

    for (unsigned slot = 0; slot < count; slot++) {
        const struct re_slot *s = &layer->slots[slot];

        for (unsigned i = 0; i < s->count; i++) {
            if (s->candidates[i].asks || s->candidates[i].names) {
                return true;
            }
        }
    }
    return false;
}

static bool acts(const struct re_slot *slot)
{
    for (unsigned i = 0; i < slot->count; i++) {
        switch (slot->candidates[i].rule->verdict) {
        case RE_VERDICT_PARENTS:
        case RE_VERDICT_ROOT:
        case RE_VERDICT_REDIRECT:
        case RE_VERDICT_FILE:
        case RE_VERDICT_DATA:
        case RE_VERDICT_LUA:
            return true;
        default:
            break;
        }
    }
    return false;
}

bool re_layer_acts(const struct re_layer *layer)
{
    unsigned count = st_slot_count(layer->target);
    bool found = layer->lua || layer->reload;

    for (unsigned slot = 0; slot < count && !found; slot++) {
        found = acts(&layer->slots[slot]);
    }
    return found;
}
