/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Verdicts as they are written: "EACCES if ... when 3+2 log", "return 4242".
 * What parses returns 0 or a negative errno, with diags.
 */
#ifndef RULEENGINE_VERDICT_H
#define RULEENGINE_VERDICT_H

#include "parse.h"

/* The value of a single-call rule, from the current token to the end of the
 * value, into draft->rule, draft->condition and draft->logging. */
int re_verdict_parse(struct re_document *doc, enum re_section section,
                     struct re_scan *s, struct re_draft *draft);

/* "allow", "deny ERRNO", "kill", "trap" [log | quiet]: default, unknown and
 * on-error. */
int re_setting_verdict_parse(struct re_document *doc,
                             const struct re_entry *entry,
                             struct re_setting *setting);

/* The names of verdicts for people: "deny", "return", ... */
const char *re_verdict_name(enum re_verdict verdict);

#endif
