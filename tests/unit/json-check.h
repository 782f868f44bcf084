/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A reader just strict enough to tell whether a line is what the log promises:
 * one object with strings, numbers, words and objects as values.
 */
#ifndef TESTS_UNIT_JSON_CHECK_H
#define TESTS_UNIT_JSON_CHECK_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "utf8.h"

/* Each returns what follows, or NULL. */
static const char *read_string(const char *s)
{
    if (*s++ != '"') {
        return NULL;
    }
    while (*s != '"') {
        uint32_t point;
        unsigned n = re_utf8_decode(s, strlen(s), &point);

        if (n == 0 || !re_utf8_harmless(point)) {
            return NULL;
        }
        if (*s == '\\') {
            s++;
            if (!*s || !strchr("\"\\bfnrtu", *s) ||
                (*s == 'u' && strspn(s + 1, "0123456789abcdef") < 4)) {
                return NULL;
            }
        }
        s += n;
    }
    return s + 1;
}

static const char *read_object(const char *s)
{
    if (*s++ != '{') {
        return NULL;
    }
    while (*s != '}') {
        s = read_string(s);
        if (!s || *s++ != ':') {
            return NULL;
        }
        if (*s == '"') {
            s = read_string(s);
        } else if (*s == '{') {
            s = read_object(s);
        } else {
            size_t n = strspn(s, "-0123456789truefalsn");

            s = n ? s + n : NULL;
        }
        if (!s || (*s != ',' && *s != '}')) {
            return NULL;
        }
        if (*s == ',' && *++s != '"') {
            return NULL;
        }
    }
    return s + 1;
}

/* Whether a text is one object and a newline. */
__attribute__((unused))
static bool is_record(const char *line)
{
    const char *end = read_object(line);

    return end && strcmp(end, "\n") == 0;
}

#endif
