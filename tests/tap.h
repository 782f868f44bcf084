/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TAP for tests in C: one line a check, a plan at the end, and an exit status
 * that tells whether anything failed. */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static unsigned tap_count, tap_failed;

/* One check. Returns whether it passed. */
__attribute__((format(printf, 2, 3), unused))
static bool tap_ok(bool passed, const char *format, ...)
{
    va_list ap;

    tap_count++;
    tap_failed += !passed;
    printf("%sok %u - ", passed ? "" : "not ", tap_count);
    va_start(ap, format);
    vprintf(format, ap);
    va_end(ap);
    putchar('\n');
    fflush(stdout);
    return passed;
}

/* A check that could not be made, with the reason. */
__attribute__((format(printf, 2, 3), unused))
static void tap_skip(const char *why, const char *format, ...)
{
    va_list ap;

    tap_count++;
    printf("ok %u - ", tap_count);
    va_start(ap, format);
    vprintf(format, ap);
    va_end(ap);
    printf(" # SKIP %s\n", why);
}

/* Text of several lines behind a check that failed. */
__attribute__((unused))
static void tap_note(const char *text)
{
    bool start = true;

    for (; *text; text++) {
        if (start) {
            fputs("# ", stdout);
        }
        putchar(*text);
        start = *text == '\n';
    }
    if (!start) {
        putchar('\n');
    }
}

/* The plan; the test's exit status. */
__attribute__((unused))
static int tap_done(void)
{
    printf("1..%u\n", tap_count);
    return tap_failed || !tap_count;
}

#endif
