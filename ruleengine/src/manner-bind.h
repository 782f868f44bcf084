/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the manner of a rule, and a verdict that changes the call's file or
 * address, need of each call that the rule names.
 */
#ifndef RULEENGINE_MANNER_BIND_H
#define RULEENGINE_MANNER_BIND_H

#include "manner.h"
#include "parse.h"

struct re_manner_bound {
    const struct re_measure *measure;   /* NULL: none, or calls are counted */
    const struct re_form *form;         /* NULL: the verdict changes nothing */
    uint8_t device_reg;     /* the register with a device's descriptor; or, */
    const struct re_form *device_form;  /* a word of this block; NULL */
};

/* Binds a rule to a slot. False: the call has nothing of the kind, and the rule
 * does not apply to it. Memory that is short shows in the arena. */
bool re_manner_bind(struct re_layer *layer, const struct re_draft *draft,
                    unsigned slot, struct re_manner_bound *ret);

/* Says that a rule does not apply to some calls, or ("none") to any: that is an
 * error, and -EINVAL. */
int re_manner_unfit(const struct re_draft *draft, bool none,
                    struct re_diags *diags);

#endif
