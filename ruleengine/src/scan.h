/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Words, numbers and operators of a value, with their places, and complaints
 * about them.
 */
#ifndef RULEENGINE_SCAN_H
#define RULEENGINE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reader.h"

enum re_token {
    RE_TOKEN_END,
    RE_TOKEN_WORD,          /* letters, digits, "_"; starts with no digit */
    RE_TOKEN_NUMBER,        /* decimal, 0x..., 0... (octal), as in C */
    RE_TOKEN_STRING,        /* "..." */
    RE_TOKEN_TEXT,          /* bare text, as of a path: re_scan_next_text() */
    RE_TOKEN_OPERATOR,      /* one of the operators in scan.c */
    RE_TOKEN_BAD,           /* none of these; already complained about */
};

struct re_scan {
    const struct re_entry *entry;
    struct re_diags *diags;
    enum re_token token;    /* the current one */
    size_t offset, length;  /* where it stands in the value */
    uint64_t number;        /* RE_TOKEN_NUMBER */
    bool decimal;           /* ... which was written in decimal */
};

/* Starts at an offset of the entry's value; the first token is current. */
void re_scan_start(struct re_scan *s, const struct re_entry *entry,
                   size_t offset, struct re_diags *diags);
void re_scan_next(struct re_scan *s);
/* The same where a path, an address or a pattern is expected: text up to a
 * blank, ")", "," or "}", or a string; and "{" by itself. */
void re_scan_next_text(struct re_scan *s);

/* Whether the current token is this word or operator. */
bool re_scan_is(const struct re_scan *s, const char *text);
/* The same, and goes on behind it. */
bool re_scan_take(struct re_scan *s, const char *text);

/* The current token's text into buf, cut at size - 1. */
const char *re_scan_text(const struct re_scan *s, char *buf, size_t size);

/* Complains at the current token; returns -EINVAL. Says nothing more about a
 * token that was bad. */
int re_scan_error(struct re_scan *s, const char *hint, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* "expected WHAT" and what is there instead. */
int re_scan_expected(struct re_scan *s, const char *what);

#endif
