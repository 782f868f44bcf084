/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Settings of a systemd unit that are lists of their own, and become
 * conditions: which namespaces a service may make, with whom it may talk.
 */
#ifndef TOOLS_IMPORT_SYSTEMD_H
#define TOOLS_IMPORT_SYSTEMD_H

#include <stdbool.h>
#include <stdint.h>

#include "policy-draft.h"

/* RestrictNamespaces=. Zero at first: nothing is restricted. */
struct unit_namespaces {
    unsigned line;          /* of the last one that says something; 0: none */
    unsigned kept;          /* those that may be made: bits of a table */
};

/* A line's value: yes, no, a list, a list behind "~", or nothing. */
void unit_namespaces(struct unit_namespaces *n, struct policy_draft *d,
                     unsigned line, char *value);

/* IPAddressAllow= and IPAddressDeny=: each a list. */
struct unit_addresses {
    unsigned line;          /* as above */
    bool any;               /* all addresses */
    char **items;           /* networks; owned */
    unsigned count;
};

void unit_addresses(struct unit_addresses *a, struct policy_draft *d,
                    unsigned line, char *value);
void unit_addresses_free(struct unit_addresses *a);

/* Whether rules for a call are wanted: not where the unit's filter refuses it
 * already, in its own way. */
typedef bool unit_wants(const void *unit, const char *call);

void unit_add_namespaces(const struct unit_namespaces *n,
                         struct policy_draft *d, unit_wants *wants,
                         const void *unit);
void unit_add_addresses(const struct unit_addresses *allowed,
                        const struct unit_addresses *denied,
                        struct policy_draft *d, unit_wants *wants,
                        const void *unit);

/* "yes" and "no" in all of systemd's spellings: 1, 0, or -1. */
int unit_truth(const char *value);

#endif
