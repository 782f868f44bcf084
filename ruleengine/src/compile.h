/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a policy's rules to the candidates of each slot, the rule that is to
 * win first:
 *
 *     a rule with a condition (or "when") before one without,
 *     then a call's own name before a set, then the default,
 *     among equals the stricter verdict (ORDER VERDICT); "permissive" ones
 *     stand just before "allow".
 */
#ifndef RULEENGINE_COMPILE_H
#define RULEENGINE_COMPILE_H

#include "parse.h"
#include "policy.h"

/* Fills layer->slots and layer->unknown from doc's drafts and settings. The
 * layer's default_rule must be set. 0 or a negative errno with diags. */
int re_compile(struct re_layer *layer, struct re_document *doc);

#endif
