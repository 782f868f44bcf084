/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The settings of [policy] that have one value each. A new one is a line of
 * the table in settings.c and a struct re_setting of struct re_document.
 */
#ifndef RULEENGINE_SETTINGS_H
#define RULEENGINE_SETTINGS_H

#include "parse.h"

/* What the files of a policy say, until it is known which is nearest. */
struct re_settings {
    struct re_document *doc;
    struct re_pending *pending, **tail;
};

/* Whether [policy] has a key of this name that has one value. */
bool re_setting_known(const char *key);

/*
 * Reads one; what another file overrides must be right all the same. "depth"
 * stands for the file that the entry is from: how many includes lead to it,
 * which may still become less. 0 or a negative errno, with diags.
 */
int re_setting_parse(struct re_settings *all, const unsigned *depth,
                     const struct re_entry *entry);

/* Fills in the document once all files are read: the nearest file counts. */
int re_settings_claim(struct re_settings *all);

/* Complains about a key that stands in the same file before; -EINVAL. */
int re_setting_twice(struct re_document *doc, const struct re_entry *entry,
                     const struct re_entry *first);

/* Complains about a key that [policy] does not have; returns -EINVAL. */
int re_setting_unknown(struct re_document *doc, const struct re_entry *entry);

#endif
