/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Facts of one call: found by its form when a condition asks for them, and what
 * rules that emulate put in their place.
 */
#ifndef RULEENGINE_SRC_FACTS_H
#define RULEENGINE_SRC_FACTS_H

#include "ruleengine/facts.h"
#include "form.h"

/* Each makes the fact if this call has not asked for it yet. What is returned
 * lies in "f" and is good for this call. */
const struct re_path *re_fact_path(struct re_facts *f,
                                   const struct re_form *form, unsigned index);
const struct re_address *re_fact_address(struct re_facts *f,
                                         const struct re_form *form);
const struct re_path *re_fact_unix(struct re_facts *f,
                                   const struct re_form *form);
const struct re_path *re_fact_fdpath(struct re_facts *f,
                                     const struct re_form *form);
enum re_access re_fact_access(struct re_facts *f, const struct re_form *form);
const struct re_block *re_fact_block(struct re_facts *f,
                                     const struct re_form *form);

/* For a call that accepts: takes a connection and makes the address of it. 0,
 * or what the call ends with: a guest errno, negative, or RE_RESULT_AGAIN. */
int64_t re_fact_peer(struct re_facts *f, const struct re_form *form);

/* How the call goes about one of its paths. */
void re_fact_query(struct re_facts *f, const struct re_form *form,
                   unsigned index, struct re_path_query *ret);

/* From here on the call's path leads to something else. 0 or the host's errno,
 * negative. */
int re_fact_replace(struct re_facts *f, const struct re_form *form,
                    const struct re_replacement *with);

/* Makes the directories that the call's path, or its local socket's, lacks; see
 * re_guest_ops.make_parents. */
int re_fact_make_parents(struct re_facts *f, const struct re_form *form);

/* From here on the call's paths, or its local socket's, lead below the guest's
 * root. 0 or the host's errno, negative. */
int re_fact_below_root(struct re_facts *f, const struct re_form *form);

/* Puts the wildcard address in the place of the one that bind is given; false:
 * it is none of IPv4 or IPv6. */
bool re_fact_wildcard(struct re_facts *f, const struct re_form *form);

#endif
