/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Strict reading of an INI file: inih does the reading, the reader function
 * behind it refuses what inih would let pass (cut lines, NUL, bad UTF-8, text
 * after "]", duplicate sections, ":" for "=") and knows lines and columns.
 */
#ifndef RULEENGINE_READER_H
#define RULEENGINE_READER_H

#include "ruleengine/diag.h"
#include "arena.h"
#include "origin.h"

/* A part of a value that stands on one line of the file. */
struct re_piece {
    struct re_piece *next;
    size_t offset;          /* where it starts in the value, bytes */
    unsigned line, column;  /* where it starts in the file, from 1 */
    const char *source;     /* the whole line */
};

/* "key = value"; indented lines that follow are joined with one space. */
struct re_entry {
    struct re_entry *next;
    const char *file;       /* as the user named it */
    const char *section;
    const char *key;
    const char *value;
    unsigned line, column;  /* of the key */
    const char *source;     /* the key's whole line */
    struct re_piece *pieces;    /* at least one, ascending offsets */
};

/* "[name]", with or without entries below it. */
struct re_section_head {
    struct re_section_head *next;
    const char *file;           /* as the user named it */
    const char *name;
    unsigned line, column;  /* of the name */
    const char *source;     /* the whole line */
};

/* Reads a file; entries and sections in the file's order, all memory in the
 * arena. 0, or a negative errno with diags. A file without entries is an
 * error. */
int re_read_ini(struct re_entry **ret,
                const struct re_section_head **ret_heads, const char *path,
                struct re_arena *arena, struct re_origin *origin,
                struct re_diags *diags);

/* An error or warning at a byte of an entry's value, or at its key. */
void re_entry_diag(struct re_diags *diags, enum re_severity severity,
                   const struct re_entry *entry, size_t offset, size_t length,
                   const char *hint, const char *format, ...)
    __attribute__((format(printf, 7, 8)));
void re_key_diag(struct re_diags *diags, enum re_severity severity,
                 const struct re_entry *entry, const char *hint,
                 const char *format, ...)
    __attribute__((format(printf, 5, 6)));

#endif
