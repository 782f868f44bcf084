/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a section's head says: "[deny]", "[deny arm armeb]", "[deny !x86_64]";
 * and lists of targets, wherever they stand.
 */
#ifndef RULEENGINE_SECTIONS_H
#define RULEENGINE_SECTIONS_H

#include "reader.h"

struct st_target;

enum re_section {
    RE_SECTION_ALLOW,
    RE_SECTION_DENY,
    RE_SECTION_EMULATE,
    RE_SECTION_POLICY,
    RE_SECTION_DEVICE,      /* "[device /dev/nvram]" */
};

/* Which section a head names (enum re_section, or -EINVAL: none), and whether
 * its entries count on this target. Says nothing: re_sections_check() does. */
int re_section_of(const char *name, const struct st_target *t,
                  bool *ret_applies);

/* Complains about heads that are none; 0 or -EINVAL. A section without a key
 * counts as well. */
int re_sections_check(const struct re_section_head *heads, const char *path,
                      struct re_diags *diags);

/* The value of "targets": names, or names that all have "!" in front. 0, or
 * -EINVAL with diags. */
int re_targets_parse(const struct re_entry *entry, const struct st_target *t,
                     bool *ret_applies, struct re_diags *diags);

#endif
