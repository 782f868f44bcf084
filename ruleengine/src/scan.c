/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scan.h"

#include "diag-add.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longer ones first. */
static const char *const operators[] = {
    "==", "!=", "<=", ">=", "&&", "||", "..",
    "<", ">", "&", "|", "!", "(", ")", "{", "}", ",", "-", "+", "?", "@", ":",
    "~",
};

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static void scan_number(struct re_scan *s, const char *text)
{
    size_t len = 0;
    char *end;

    while (is_word(text[len])) {
        len++;
    }
    s->token = RE_TOKEN_NUMBER;
    s->length = len;
    s->decimal = text[0] != '0' || len == 1;
    errno = 0;
    s->number = strtoull(text, &end, 0);
    if (errno == ERANGE) {
        re_scan_error(s, NULL, "the number does not fit in 64 bits");
        s->token = RE_TOKEN_BAD;
    } else if (end != text + len) {
        re_scan_error(s, NULL, "this is not a number");
        s->token = RE_TOKEN_BAD;
    }
}

static void scan_string(struct re_scan *s, const char *text)
{
    size_t len = 1;

    while (text[len] && text[len] != '"') {
        len += text[len] == '\\' && text[len + 1] ? 2 : 1;
    }
    s->token = RE_TOKEN_STRING;
    s->length = len + (text[len] == '"');
    if (text[len] != '"') {
        re_scan_error(s, NULL, "expected a closing quote");
        s->token = RE_TOKEN_BAD;
    }
}

static void scan_operator(struct re_scan *s, const char *text)
{
    for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
        size_t len = strlen(operators[i]);

        if (strncmp(text, operators[i], len) == 0) {
            s->token = RE_TOKEN_OPERATOR;
            s->length = len;
            return;
        }
    }
    s->length = 1;
    while ((text[s->length] & 0xc0) == 0x80) {
        s->length++;        /* the rest of a UTF-8 character */
    }
    re_scan_error(s, text[0] == '#' ?
                  "a comment behind a value starts with \";\"" :
                  text[0] == '=' ? "write \"==\"" : text[0] == '/' ?
                  "a path stands behind an operator or \",\"" :
                  NULL,
                  "unexpected \"%.*s\"", (int)s->length, text);
    s->token = RE_TOKEN_BAD;
}

/* To where the next token starts; whether there is one. */
static bool pass_blanks(struct re_scan *s)
{
    const char *text;

    s->offset += s->length;
    text = s->entry->value + s->offset;
    while (*text == ' ' || *text == '\t') {
        text++;
    }
    s->offset = text - s->entry->value;
    s->length = 0;
    s->token = RE_TOKEN_END;
    return *text;
}

void re_scan_next_text(struct re_scan *s)
{
    const char *text;

    if (!pass_blanks(s)) {
        return;
    }
    text = s->entry->value + s->offset;
    if (*text == '"') {
        scan_string(s, text);
    } else if (strchr("{}(),", *text)) {
        scan_operator(s, text);
    } else {
        s->token = RE_TOKEN_TEXT;
        s->length = strcspn(text, " \t),}");
    }
}

void re_scan_next(struct re_scan *s)
{
    const char *text;

    if (!pass_blanks(s)) {
        return;
    }
    text = s->entry->value + s->offset;
    if (isdigit((unsigned char)*text)) {
        scan_number(s, text);
    } else if (is_word(*text)) {
        s->token = RE_TOKEN_WORD;
        while (is_word(text[s->length])) {
            s->length++;
        }
    } else if (*text == '"') {
        scan_string(s, text);
    } else {
        scan_operator(s, text);
    }
}

void re_scan_start(struct re_scan *s, const struct re_entry *entry,
                   size_t offset, struct re_diags *diags)
{
    s->entry = entry;
    s->diags = diags;
    s->offset = offset;
    s->length = 0;
    re_scan_next(s);
}

bool re_scan_is(const struct re_scan *s, const char *text)
{
    return (s->token == RE_TOKEN_WORD || s->token == RE_TOKEN_OPERATOR) &&
        strlen(text) == s->length &&
        memcmp(s->entry->value + s->offset, text, s->length) == 0;
}

bool re_scan_take(struct re_scan *s, const char *text)
{
    if (!re_scan_is(s, text)) {
        return false;
    }
    re_scan_next(s);
    return true;
}

const char *re_scan_text(const struct re_scan *s, char *buf, size_t size)
{
    snprintf(buf, size, "%.*s", (int)s->length, s->entry->value + s->offset);
    return buf;
}

int re_scan_error(struct re_scan *s, const char *hint, const char *format, ...)
{
    char message[512];
    va_list ap;

    if (s->token != RE_TOKEN_BAD) {
        va_start(ap, format);
        vsnprintf(message, sizeof(message), format, ap);
        va_end(ap);
        re_entry_diag(s->diags, RE_ERROR, s->entry, s->offset, s->length, hint,
                      "%s", message);
    }
    return -EINVAL;
}

/* What people write that know it from elsewhere. */
static const char *mistake(const char *text)
{
    static const struct {
        const char *text, *hint;
    } mistakes[] = {
        { "and", "write \"&&\"" }, { "or", "write \"||\"" },
        { "not", "write \"!\", as in \"!in\"" },
        { "&", "write \"&&\"; a mask is in parentheses: "
          "(flags & O_CREAT)" },
        { "|", "write \"||\"" },
        { "-", "a range is written with \"..\"" },
    };

    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        if (strcmp(text, mistakes[i].text) == 0) {
            return mistakes[i].hint;
        }
    }
    return NULL;
}

int re_scan_expected(struct re_scan *s, const char *what)
{
    char text[64], buf[RE_SUGGEST_MAX + 32];
    const char *hint;

    if (s->token == RE_TOKEN_END) {
        return re_scan_error(s, NULL, "expected %s at the end", what);
    }
    re_scan_text(s, text, sizeof(text));
    hint = mistake(text);
    if (!hint) {
        hint = re_suggest_quoted(text, what, buf, sizeof(buf));
    }
    return re_scan_error(s, hint, "expected %s, not \"%s\"", what,
                         text);
}
