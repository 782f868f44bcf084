/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Settings of a systemd unit that are lists of their own, and become
 * conditions: which namespaces a service may make, with whom it may talk, what
 * it may do in the file system.
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

/* What a unit says of the file system: ReadOnlyPaths= and the like, and what
 * comes to the same (ProtectSystem=, ...). Zero at first. */
enum unit_protection {
    UNIT_SYSTEM, UNIT_HOME, UNIT_TUNABLES, UNIT_CONTROL_GROUPS, UNIT_LOGS,
    UNIT_MODULES, UNIT_TMP, UNIT_DYNAMIC, UNIT_PROTECTIONS,
};

/* The stricter first: that is the order of equal paths. */
enum unit_mode {
    UNIT_INACCESSIBLE, UNIT_READ_ONLY, UNIT_WRITABLE,
    UNIT_NO_EXEC, UNIT_EXECUTABLE,      /* apart from the others */
};

struct unit_paths {
    struct unit_path {
        char *path;             /* owned; absolute, without "//" and ".." */
        const char *key;        /* the setting, for an empty one forgets it */
        enum unit_mode mode;
        unsigned line;
    } *items;
    size_t count;
    struct unit_protected {
        unsigned line, value;   /* 0: no */
    } protections[UNIT_PROTECTIONS];
    unsigned root_line;         /* of RootDirectory= or RootImage=; 0: none */
    unsigned rooted_line;       /* of a path behind "+"; 0: none */
};

/* False: the setting is none of these, or its value not known. */
bool unit_paths(struct unit_paths *p, struct policy_draft *d, unsigned line,
                const char *key, char *value);
/* Adds what is not listed but said with a word. */
void unit_paths_settle(struct unit_paths *p, struct policy_draft *d);
void unit_paths_free(struct unit_paths *p);

/* How the unit's filter refuses a call, as a verdict; NULL: it does not. */
typedef const char *unit_refusal(const void *unit, const char *call);

void unit_add_paths(struct unit_paths *p, struct policy_draft *d,
                    unit_refusal *refusal, const void *unit);

/* Puts text at the end of malloc'ed text, or of NULL. */
void unit_append(char **text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "yes" and "no" in all of systemd's spellings: 1, 0, or -1. */
int unit_truth(const char *value);

#endif
