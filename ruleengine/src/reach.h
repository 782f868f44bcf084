/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reach: what a layer can ever let through, whatever the arguments. A superset:
 * conditions count as if they could hold. Below a wall that is made of it, the
 * policy meets with no refusal of its own permissions.
 */
#ifndef RULEENGINE_REACH_H
#define RULEENGINE_REACH_H

#include "policy.h"

/* Whether a call that the rule decides may be carried out. */
bool re_rule_may_run(const struct re_layer *layer, const struct re_rule *rule);

/* Whether any call of the slot can be carried out: by a rule that allows it, by
 * a handler, or because a refusal is permissive. -1: unknown numbers. */
bool re_layer_may_run(const struct re_layer *layer, int slot);

/* Whether handlers or rules do things on the host by themselves: open other
 * files, make files and folders. */
bool re_layer_acts(const struct re_layer *layer);

/* Whether any of its conditions needs facts. */
bool re_layer_asks(const struct re_layer *layer);

#endif
