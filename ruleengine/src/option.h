/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What may stand behind a verdict, in any order, each at most once:
 *
 *     if CONDITION                   (not in [allow], where it comes first)
 *     when WHEN
 *     limit LIMIT else REFUSAL       ([allow] only)
 *     delay TIME, delay-after TIME, signal SIGNAL
 *     log | quiet
 *     permissive                     ([deny] only)
 */
#ifndef RULEENGINE_OPTION_H
#define RULEENGINE_OPTION_H

#include "parse.h"

/* From the current token to the end of the value. 0 or a negative errno, with
 * diags. */
int re_options_parse(struct re_document *doc, enum re_section section,
                     struct re_scan *s, struct re_draft *draft);

/* Whether an option begins at the current token. */
bool re_option_starts(const struct re_scan *s);

/* "delay-after" and the like are words of a policy, though not of re_scan. */
bool re_scan_is_key(const struct re_scan *s, const char *key);
bool re_scan_take_key(struct re_scan *s, const char *key);

/* A limit as it is written: "50/s", "10 MiB of count", then "else" and what
 * happens. The current token is "limit". 0 or a negative errno, with diags. In
 * limit-text.c. */
int re_limit_parse(struct re_document *doc, struct re_scan *s,
                   struct re_draft *draft);

#endif
