/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Diagnostics: what is wrong with a policy, where, and what to write instead.
 *
 * A list collects errors and warnings while a policy is read; the library
 * never prints. Not thread-safe: one list belongs to one caller.
 */
#ifndef RULEENGINE_DIAG_H
#define RULEENGINE_DIAG_H

#include <stdbool.h>
#include <stddef.h>

enum re_severity {
    RE_WARNING,
    RE_ERROR,
};

/* One finding. Strings belong to the list. */
struct re_diag {
    enum re_severity severity;
    char *file;         /* as the user named it; NULL: not about a file */
    unsigned line;      /* from 1; 0: the file as a whole */
    unsigned column;    /* from 1, in bytes; 0: the line as a whole */
    unsigned length;    /* bytes to underline; 0 or 1: a caret alone */
    char *message;      /* without position, without final newline */
    char *hint;         /* "did you mean "openat"?", or NULL */
    char *source;       /* the line's text, or NULL */
};

struct re_diags;

/* NULL when memory is short. */
struct re_diags *re_diags_new(void);
void re_diags_free(struct re_diags *d);

size_t re_diags_count(const struct re_diags *d);
size_t re_diags_errors(const struct re_diags *d);
size_t re_diags_warnings(const struct re_diags *d);
const struct re_diag *re_diags_at(const struct re_diags *d, size_t i);

/*
 * A finding as text, several lines, each ending in a newline:
 *
 *     web.ini:9:12: error: unknown syscall "opneat"
 *         9 | syscalls = opneat read write
 *           |            ^~~~~~  did you mean "openat"?
 *
 * The caller frees it; NULL when memory is short. Bytes of the policy that
 * are not printable are escaped.
 */
char *re_diag_text(const struct re_diag *diag);

#endif
