/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Patterns, folders and networks: a table, and the matcher against one that is
 * written as the definition reads, for random names and patterns.
 *
 *     match [ROUNDS]
 */
#include <stdlib.h>
#include <string.h>

#include <match.h>

#include "tap.h"

/* "*" and "**" try every length there is. */
static bool plainly(const char *p, const char *n)
{
    if (!*p) {
        return !*n;
    }
    if (p[0] == '*') {
        bool deep = p[1] == '*';

        for (;;) {
            if (plainly(p + 1 + deep, n)) {
                return true;
            }
            if (!*n || (*n == '/' && !deep)) {
                return false;
            }
            n++;
        }
    }
    if (!*n) {
        return false;
    }
    if (p[0] == '?') {
        return *n != '/' && plainly(p + 1, n + 1);
    }
    if (p[0] == '[') {
        bool negated = p[1] == '!', found = false;

        for (p += 1 + negated; *p != ']'; p++) {
            found |= *p == *n;
        }
        return *n != '/' && found != negated && plainly(p + 1, n + 1);
    }
    return *p == *n && plainly(p + 1, n + 1);
}

static bool glob(const char *pattern, const char *name)
{
    struct re_string s = { strlen(pattern), pattern };

    return re_match_glob(name, strlen(name), &s);
}

static void random_text(char *buf, unsigned size, const char *const *parts,
                        unsigned count)
{
    buf[0] = '\0';
    for (unsigned n = random() % 9; n > 0; n--) {
        const char *part = parts[random() % count];

        if (strlen(buf) + strlen(part) < size) {
            strcat(buf, part);
        }
    }
}

static void compare_random(unsigned rounds)
{
    static const char *const names[] = { "a", "b", "/", "c", "-" };
    static const char *const patterns[] = {
        "a", "b", "/", "*", "**", "?", "[ab]", "[!a]", "[b/]", "c", "-",
    };
    unsigned differ = 0, fit = 0;

    srandom(20261122);
    for (unsigned i = 0; i < rounds; i++) {
        char name[64], pattern[64];
        bool want;

        random_text(name, sizeof(name), names, 5);
        random_text(pattern, sizeof(pattern), patterns, 11);
        /* "***" is "**" and "*": the table has it. */
        if (strstr(pattern, "***")) {
            continue;
        }
        want = plainly(pattern, name);
        fit += want;
        if (glob(pattern, name) != want && differ++ < 5) {
            printf("# \"%s\" and \"%s\": should %sfit\n", pattern, name,
                   want ? "" : "not ");
        }
    }
    tap_ok(differ == 0 && fit > rounds / 100,
           "%u random names and patterns, of which %u fit", rounds, fit);
}

static void compare_table(void)
{
    static const struct {
        const char *pattern, *name;
        bool fits;
    } rows[] = {
        { "/a/*", "/a/", true }, { "/a/*", "/a/b", true },
        { "/a/*", "/a/b/c", false }, { "/a/**", "/a/b/c", true },
        { "/**/c", "/c", false }, { "/**/c", "/a/b/c", true },
        { "/***", "/a/b", true }, { "[]]", "]", true }, { "[!]]", "]", false },
        { "[a-c]", "b", true }, { "[a-c]", "d", false }, { "[c-a]", "b", false },
        { "[\\]]", "]", true }, { "[a-]", "-", true }, { "\\[a", "[a", true },
        { "\\*", "*", true }, { "\\*", "a", false }, { "[!a]", "/", false },
        { "[/]", "/", false }, { "", "", true }, { "", "a", false },
        { "?", "", false }, { "\xc3?", "\xc3\xa9", true },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        tap_ok(glob(rows[i].pattern, rows[i].name) == rows[i].fits,
               "\"%s\" %s \"%s\"", rows[i].pattern,
               rows[i].fits ? "fits" : "does not fit", rows[i].name);
    }
}

/* Of each pattern that something fits, a name that does. */
static void instances(void)
{
    static const struct {
        const char *pattern, *name;
    } rows[] = {
        { "/tmp/*.rdb", "/tmp/x.rdb" }, { "/a/**/b?", "/a/x/bx" },
        { "/t-[0-9]*.db", "/t-0x.db" }, { "/[!a-z]", "/0" },
        { "/[a-f]\\?\\*", "/a?*" }, { "/[!]a]b[]]", "/xb]" },
        { "/[!x0a]\\[", "/A[" }, { "/[Q-T]", "/Q" }, { "/a", "/a" },
    };
    char name[64];

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct re_string s = { strlen(rows[i].pattern), rows[i].pattern };

        re_glob_instance(&s, name, sizeof(name));
        tap_ok(strcmp(name, rows[i].name) == 0 && glob(rows[i].pattern, name),
               "\"%s\" fits \"%s\"", name, rows[i].pattern);
    }
}

static void faults(void)
{
    tap_ok(re_glob_fault("/a[b", 4), "a set without end");
    tap_ok(re_glob_fault("/a[]", 4), "a set with nothing but its bracket");
    tap_ok(re_glob_fault("/a\\", 3), "a backslash at the end");
    tap_ok(!re_glob_fault("/a\\[b", 5), "a literal bracket");
    tap_ok(!re_glob_fault("/a[]]b[!]]", 10), "brackets in sets");
    tap_ok(!re_glob_fault("[a]", 3), "a set at the start");
    tap_ok(re_glob_fault("\\\\[", 3), "a set behind a literal backslash");
}

/* A long name and many stars must not take for ever. */
static void patience(void)
{
    static char name[4000], pattern[4000];

    memset(name, 'a', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    for (size_t i = 0; i + 2 < sizeof(pattern); i += 2) {
        memcpy(pattern + i, "*a", 3);
    }
    strcpy(pattern + 1000, "b");
    tap_ok(!glob(pattern, name), "stars without end come to an end");
    for (size_t i = 0; i + 3 < 3000; i += 3) {
        memcpy(pattern + i, "**a", 4);
    }
    strcpy(pattern + 1200, "*b");
    tap_ok(!glob(pattern, name), "double ones too");
}

int main(int argc, char **argv)
{
    compare_table();
    instances();
    faults();
    patience();
    compare_random(argc > 1 ? atoi(argv[1]) : 300000);
    return tap_done();
}
