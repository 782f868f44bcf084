/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A policy being made from something else: rules, and notes about what could
 * not be carried over. What the importers share. Running out of memory ends the
 * program.
 */
#ifndef TOOLS_POLICY_DRAFT_H
#define TOOLS_POLICY_DRAFT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum draft_section {
    DRAFT_ALLOW,
    DRAFT_DENY,
    DRAFT_EMULATE,
};

struct draft_rule {
    enum draft_section section;
    char *name;             /* a call or a set */
    char *spelled;          /* as it was named there */
    char *verdict;          /* "EPERM", "kill", "return 5"; of what is allowed
                               "", "log" or "quiet" */
    char *condition;        /* NULL: always */
    char *when;             /* NULL: each time */
};

struct policy_draft {
    const char *file;       /* what is imported */
    char *default_;         /* "deny EPERM" */
    char *unknown;          /* NULL: left out */
    const char *log;        /* likewise */
    struct draft_rule *rules;
    size_t count;
    char **notes;
    size_t note_count;
    bool failed;            /* the input is wrong; said on standard error */
};

/* What cannot be carried over, with the line it stands on (0: none). */
void draft_note(struct policy_draft *d, unsigned line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The input is wrong: nothing will be written. */
void draft_fail(struct policy_draft *d, unsigned line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void draft_set_default(struct policy_draft *d, const char *verdict);

/*
 * Adds a rule. A name that no target knows becomes a note, and so does a call
 * that only carries others, and a rule that contradicts one for the same call
 * under the same condition. "condition" and "when" may be NULL.
 */
void draft_add(struct policy_draft *d, unsigned line,
               enum draft_section section, const char *spelled,
               const char *verdict, const char *condition, const char *when);

/* Writes the policy: comments first, then its sections. */
/* Once all rules are there: what allows one spelling always does not lift the
 * condition under which the usual spelling is allowed, for one rule governs
 * both. */
void draft_settle(struct policy_draft *d);

void draft_write(const struct policy_draft *d, const char *format, FILE *out);
void draft_write_rule(const struct draft_rule *r, FILE *out);

/* Whether a verdict can stand in a section. */
bool draft_is_verdict(enum draft_section section, const char *verdict);

/* What is wrong with a rule on every target, malloc'ed; NULL: nothing. */
char *draft_rule_fault(const struct draft_rule *r);
void draft_free(struct policy_draft *d);

/* The name of a call's i-th argument where all is as on most targets, else
 * "argI" in buf[8]. */
const char *draft_arg(const char *call, unsigned i, char buf[8]);

/* How many bits a call's argument of this name (of draft_arg()) has where it
 * has most; "*ret_narrow": it has less on some target. */
unsigned draft_arg_width(const char *call, const char *name, bool *ret_narrow);

/* The name of an errno as numbered on most machines, or NULL. */
const char *draft_errno(long number);

/* Whether most machines have an errno of this name. */
bool draft_is_errno(const char *name);

/* A line without its newline, those that end in a backslash joined; counts
 * lines. NULL at the end; the caller frees it. */
char *draft_line(FILE *in, unsigned *line);

/* --- formats: each fills in a draft ------------------------------------- */

struct draft_options {
    const char *const *caps;    /* capabilities that the program has */
    unsigned cap_count;
};

void import_oci(struct policy_draft *d, FILE *in,
                const struct draft_options *options);
void import_systemd(struct policy_draft *d, FILE *in,
                    const struct draft_options *options);
void import_minijail(struct policy_draft *d, FILE *in,
                     const struct draft_options *options);
void import_strace(struct policy_draft *d, FILE *in,
                   const struct draft_options *options);

#endif
