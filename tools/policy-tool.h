/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qemu-policy's sub-commands: one file each, one row each in qemu-policy.c.
 */
#ifndef TOOLS_POLICY_TOOL_H
#define TOOLS_POLICY_TOOL_H

#include <stdbool.h>

#include <syscall-tables.h>

#include "diag-add.h"

/* Exit codes of every sub-command. */
enum {
    POLICY_FINE = 0,        /* also with warnings */
    POLICY_WRONG = 1,       /* what was asked about has errors */
    POLICY_USAGE = 2,       /* the question itself was wrong */
};

struct policy_command {
    const char *name;
    const char *summary;    /* one line for "qemu-policy --help" */
    const char *help;       /* for "qemu-policy NAME --help" */
    int (*run)(int argc, char **argv);      /* argv[0] is the name */
};

extern const struct policy_command policy_check, policy_diff, policy_explain,
    policy_export, policy_import, policy_learn, policy_list, policy_report,
    policy_show, policy_stats, policy_test;

/* "qemu-policy check: ..." on standard error; returns POLICY_USAGE. */
int policy_usage(const struct policy_command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same about a word that is none of some names: unknown WHAT "WORD", and
 * which of them is near. */
int policy_unknown(const struct policy_command *command, const char *what,
                   const char *word, re_name_at *at, void *opaque);

/* Names for that, and for questions. */
const char *policy_call_at(void *unused, unsigned i);
const char *policy_set_at(void *unused, unsigned i);

/* What getopt_long has returned for an unknown option or a missing value. */
int policy_bad_option(const struct policy_command *command, char **argv);

/* The target of that name, or NULL after a complaint. */
const struct st_target *policy_target(const struct policy_command *command,
                                      const char *name);

#endif
