/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the parts of a condition can hold and can fail: "(fd & 3) > 100" and
 * "fd < 3 && fd > 5" never hold, and "count >= 0" always does. Nothing is said
 * of what depends on a target alone: constants that are 0 there, and the width
 * of its words.
 */
#ifndef RULEENGINE_SENSE_H
#define RULEENGINE_SENSE_H

#include "condition.h"

/* After a slot was bound: notes what its calls can make of the condition. */
void re_condition_sense(struct re_node *node, struct re_layer *layer,
                        unsigned slot, struct re_diags *diags);
/* After all slots: warns of parts that never, or always, hold in all of
 * them. */
void re_condition_tell_sense(struct re_node *node, struct re_diags *diags);

/* Whether some call makes tests of its slot end so; true, too, when that takes
 * too long to find out or cannot be told. */
bool re_tests_can_end(const struct re_layer *layer, unsigned slot,
                      const struct re_test *tests, unsigned count, bool holds);

#endif
