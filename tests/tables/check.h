/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the table tests share: checks that print where they failed and go on,
 * so that one run shows every wrong entry.
 */
#ifndef TESTS_TABLES_CHECK_H
#define TESTS_TABLES_CHECK_H

#include <stdarg.h>
#include <stdio.h>

#define SKIPPED 77          /* what meson takes for "skipped" */

struct checks {
    unsigned done, failed;
};

__attribute__((format(printf, 5, 6)))
static inline void check_at(struct checks *c, int line, const char *text,
                            int holds, const char *format, ...)
{
    va_list ap;

    c->done++;
    if (holds) {
        return;
    }
    c->failed++;
    printf("line %d: not so: %s: ", line, text);
    va_start(ap, format);
    vprintf(format, ap);
    va_end(ap);
    putchar('\n');
}

/* CHECK(&checks, condition, format, ...): the format says for what. */
#define CHECK(c, condition, ...) \
    check_at(c, __LINE__, #condition, !!(condition), __VA_ARGS__)

/* The exit status: a test that has checked nothing has failed. */
static inline int check_result(const struct checks *c)
{
    printf("%u checks, %u failed\n", c->done, c->failed);
    return c->failed || !c->done;
}

#endif
