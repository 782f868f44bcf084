/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The writing side of diagnostics, for the library's own files.
 */
#ifndef RULEENGINE_DIAG_ADD_H
#define RULEENGINE_DIAG_ADD_H

#include <stdbool.h>
#include <stddef.h>

#include "ruleengine/diag.h"

/* The longest word that gets a suggestion, in bytes with the NUL. */
#define RE_SUGGEST_MAX 64

/*
 * Adds a finding. Everything is copied; file, source and hint may be NULL;
 * line, column and length as in struct re_diag. "source" may end in a newline,
 * which is dropped. d NULL: nothing happens.
 *
 * When memory is short the list ends with the error "out of memory" instead,
 * so that an error added is always an error counted. Returns -EINVAL, so that
 * a parser can write "return re_diags_add(...)".
 */
int re_diags_add(struct re_diags *d, enum re_severity severity,
                 const char *file, unsigned line, unsigned column,
                 unsigned length, const char *source, const char *hint,
                 const char *format, ...)
    __attribute__((format(printf, 9, 10)));

/* Names to choose from: the i-th, NULL past the end. The string need only last
 * until the next call. */
typedef const char *re_name_at(void *opaque, unsigned i);

/*
 * The name closest to "word": the fewest letters inserted, left out, changed
 * or swapped with their neighbour, where upper and lower case are the same
 * letter. At most a third of the word's letters may be wrong. Copies the name
 * into buf; false, and buf untouched, when no name is close or buf is short.
 */
bool re_suggest(const char *word, re_name_at *at, void *opaque,
                char *buf, size_t size);

/* The same as a hint: did you mean "openat"? Returns buf, or NULL when no
 * name is close: ready for re_diags_add(). size: RE_SUGGEST_MAX + 32 do. */
const char *re_suggest_hint(const char *word, re_name_at *at, void *opaque,
                            char *buf, size_t size);

/* The same of the words that a text has in quotes: of "alow", where the text is
 * expected "allow", "deny", "kill" or "trap". */
const char *re_suggest_quoted(const char *word, const char *text, char *buf,
                              size_t size);

#endif
