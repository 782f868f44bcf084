/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The line that would allow a refused call: "[allow] openat = ...". It is as
 * narrow as the conditions that this call can have allow, and it wins over the
 * rule that has refused the call.
 */
#ifndef RULEENGINE_FIX_H
#define RULEENGINE_FIX_H

#include "json.h"
#include "policy.h"

#define RE_FIX_MAX 1024      /* bytes; no fix is longer */

/* What the call's pointers led to when they were decoded; NULL: nothing. */
struct re_fix_texts {
    const char *path, *path2;
    const char *address;    /* as re_decode_sockaddr() writes it */
    size_t path_len, path2_len, address_len;
    const struct re_guest_ops *ops;     /* where relative paths begin; NULL */
};

/*
 * Writes the fix for call->rule, one of "layer". Where no [allow] line can win
 * (the rule has a condition and names the call itself), a comment says which
 * line to change. Writes nothing when the rule refuses nothing. Neither
 * allocates nor locks.
 */
void re_fix_text(const struct re_layer *layer, const struct re_call *call,
                 const uint64_t args[ST_MAX_REGS],
                 const struct re_fix_texts *texts, struct re_out *out);

#endif
