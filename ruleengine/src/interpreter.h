/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a program brings along when it is executed: see re_interpreter() in
 * engine.h.
 */
#ifndef RULEENGINE_SRC_INTERPRETER_H
#define RULEENGINE_SRC_INTERPRETER_H

#include "policy.h"

/*
 * Asks a layer's rules about "asked": the execution itself, or an opening in
 * its place, whose path is the interpreter's; "decided" is the rule by which
 * the layer has let the execution run. NULL: the interpreter may be had; else
 * what refuses it, which may be permissive. "ret_error" gets the guest's errno
 * where the rule itself has none, being an emulation; else 0.
 */
const struct re_rule *re_layer_interpreter(const struct re_layer *layer,
                                           const struct re_call *asked,
                                           const struct re_rule *decided,
                                           enum re_interpreter kind,
                                           int *ret_error);

#endif
