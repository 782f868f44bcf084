/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Refusals as they are written, "EACCES", "kill", "trap", and what is said when
 * something else stands where a verdict begins. What parses returns 0 or a
 * negative errno, with diags.
 */
#ifndef RULEENGINE_REFUSAL_H
#define RULEENGINE_REFUSAL_H

#include "parse.h"

/* An errno's name, "kill" or "trap" at the current token: what [deny] does.
 * "what" is said to be expected otherwise. */
int re_refusal_parse(struct re_document *doc, struct re_scan *s,
                     struct re_rule *rule, const char *what);

/* An errno's name alone, into the rule; its verdict stays. */
int re_errno_parse(struct re_document *doc, struct re_scan *s,
                   struct re_rule *rule, const char *what);

/* Where a word belongs that begins no value of this section; NULL: nobody
 * knows. */
const char *re_misplaced(const struct re_document *doc,
                         enum re_section section, const struct re_scan *s);

/* Says that "what" was expected at the current token, and where that belongs. A
 * negative errno. */
int re_wrong_place(const struct re_document *doc, enum re_section section,
                   struct re_scan *s, const char *what);

#endif
