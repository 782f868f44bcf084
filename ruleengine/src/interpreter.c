/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "interpreter.h"

/* Rules that ask for no path say of an interpreter what they have said of the
 * program. */
static bool names_paths(const struct re_slot *slot)
{
    for (unsigned i = 0; i < slot->count; i++) {
        if (slot->candidates[i].names) {
            return true;
        }
    }
    return false;
}

/* An emulation carries out the execution otherwise or not at all, and none of
 * it can be done to an interpreter alone. */
static bool stands_in_the_way(const struct re_rule *rule,
                              const struct re_rule *decided,
                              enum re_interpreter kind)
{
    return rule->verdict == RE_VERDICT_ERROR ||
        (kind == RE_INTERPRETER_OF_SCRIPT && rule != decided &&
         rule->verdict > RE_VERDICT_RUN);
}

const struct re_rule *re_layer_interpreter(const struct re_layer *layer,
                                           const struct re_call *asked,
                                           const struct re_rule *decided,
                                           enum re_interpreter kind,
                                           int *ret_error)
{
    const struct re_rule *rule;

    if (asked->slot < 0 || !names_paths(&layer->slots[asked->slot])) {
        return NULL;
    }
    rule = re_layer_decide(layer, asked->slot, asked->given, asked->facts,
                           &decided);
    if (rule->verdict < RE_VERDICT_DENY &&
        !stands_in_the_way(rule, decided, kind)) {
        return NULL;
    }
    *ret_error = rule->verdict >= RE_VERDICT_ERROR &&
        rule->verdict != RE_VERDICT_LUA ? 0 :
        st_errno_by_name(layer->target, "EACCES");
    return rule;
}
