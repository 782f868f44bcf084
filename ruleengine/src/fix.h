/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The line that would allow a refused call: "[allow] openat = ...". It is as
 * narrow as conditions on integers can be, and it wins over the rule that has
 * refused the call.
 */
#ifndef RULEENGINE_FIX_H
#define RULEENGINE_FIX_H

#include "json.h"
#include "policy.h"

#define RE_FIX_MAX 768      /* bytes; no fix is longer */

/*
 * Writes the fix for call->rule, one of "layer". Where no [allow] line can win (the rule has a
 * condition and names the call itself), a comment says which line to change.
 * Writes nothing when the rule refuses nothing. Neither allocates nor locks.
 */
void re_fix_text(const struct re_layer *layer, const struct re_call *call,
                 const uint64_t args[ST_MAX_REGS], struct re_out *out);

#endif
