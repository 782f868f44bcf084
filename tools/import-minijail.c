/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A minijail policy: "read: 1", "mmap: arg2 in ~PROT_EXEC || arg3 == 2",
 * "openat: arg2 & O_CREAT; return EPERM", "@default", "@include".
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "policy-draft.h"
#include "policy-question.h"

struct minijail {
    struct policy_draft *draft;
    unsigned line;
    unsigned depth;         /* of "@include" */
};

static char *skip(char *text)
{
    size_t length;

    text += strspn(text, " \t");
    length = strlen(text);
    while (length > 0 && strchr(" \t", text[length - 1])) {
        text[--length] = '\0';
    }
    return text;
}

/* --- conditions --------------------------------------------------------- */

/* Constants joined by "|" as 32 bits, where the guests agree about them. */
static bool bits(struct minijail *m, const char *text, uint32_t *ret)
{
    char copy[256], *rest = copy, *word;

    snprintf(copy, sizeof(copy), "%s", text);
    *ret = 0;
    while ((word = strsep(&rest, "|"))) {
        char *end;
        uint64_t value;

        word = skip(word);
        value = strtoull(word, &end, 0);
        if (*end || end == word) {
            if (st_constant(st_target_by_name("x86_64"), 0, word,
                            &value) < 0) {
                draft_note(m->draft, m->line, "unknown constant \"%s\"", word);
                return false;
            }
        }
        *ret |= value;
    }
    return true;
}

/* "arg2 in ~PROT_EXEC": none of the bits; "arg2 in X": no bits but these. */
static char *within(struct minijail *m, const char *arg, char *value)
{
    uint32_t mask;

    if (value[0] == '~') {
        return policy_printf("(%s & %s) == 0", arg, skip(value + 1));
    }
    if (!bits(m, value, &mask)) {
        return NULL;
    }
    draft_note(m->draft, m->line, "%s in %s: looks at the lower 32 bits, with "
               "the values of most targets", arg, value);
    return policy_printf("(%s & 0x%" PRIx32 ") == 0", arg, ~mask);
}

/* "arg1 == CONST" with one of "== != < <= > >= & in". */
static char *atom(struct minijail *m, const char *call, char *text)
{
    static const char *const ops[] = {
        "==", "!=", "<=", ">=", "<", ">", "&", "in ",
    };
    const char *arg;
    char buf[8], *rest;

    text = skip(text);
    if (strncmp(text, "arg", 3) != 0 || text[3] < '0' || text[3] > '5') {
        draft_note(m->draft, m->line, "%s: \"%s\" is not understood", call,
                   text);
        return NULL;
    }
    arg = draft_arg(call, text[3] - '0', buf);
    rest = skip(text + 4);
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        size_t length = strlen(ops[i]);
        char *value;

        if (strncmp(rest, ops[i], length) != 0) {
            continue;
        }
        value = skip(rest + length);
        if (strcmp(ops[i], "in ") == 0) {
            return within(m, arg, value);
        }
        if (value[0] == '~') {
            uint32_t mask;

            if (!bits(m, skip(value + 1), &mask)) {
                return NULL;
            }
            return strcmp(ops[i], "&") == 0 ?
                policy_printf("(%s & 0x%" PRIx32 ")", arg, ~mask) :
                policy_printf("%s %s 0x%" PRIx32, arg, ops[i], ~mask);
        }
        return strcmp(ops[i], "&") == 0 ?
            policy_printf("(%s & %s)", arg, value) :
            policy_printf("%s %s %s", arg, ops[i], value);
    }
    draft_note(m->draft, m->line, "%s: \"%s\" is not understood", call, text);
    return NULL;
}

/* { atom "||" | "&&" }: "&&" binds tighter in both languages. */
static char *expression(struct minijail *m, const char *call, char *text)
{
    char *result = policy_printf("%s", "");
    const char *between = "";

    while (text) {
        char *or = strstr(text, "||"), *and = strstr(text, "&&");
        char *end = !or || (and && and < or) ? and : or;
        char *one, *both;

        if (end) {
            *end = '\0';
        }
        one = atom(m, call, text);
        if (!one) {
            free(result);
            return NULL;
        }
        both = policy_printf("%s%s%s", result, between, one);
        free(one);
        free(result);
        result = both;
        between = end && end == or ? " || " : " && ";
        text = end ? end + 2 : NULL;
    }
    return result;
}

/* --- rules -------------------------------------------------------------- */

/* "1", "allow", "return EPERM", "kill": the verdict, or NULL: a condition. */
static const char *plain(struct minijail *m, const char *text,
                         enum draft_section *section)
{
    char *end;
    long number;

    *section = DRAFT_DENY;
    if (strcmp(text, "1") == 0 || strcmp(text, "allow") == 0) {
        *section = DRAFT_ALLOW;
        return "";
    }
    if (strcmp(text, "log") == 0) {
        *section = DRAFT_ALLOW;
        return "log";
    }
    if (strncmp(text, "return", 6) == 0 && text[6] && strchr(" \t", text[6])) {
        text += 6 + strspn(text + 6, " \t");
        number = strtol(text, &end, 0);
        return !*end ? draft_errno(number) :
            draft_is_errno(text) ? text : NULL;
    }
    if (strcmp(text, "trap") == 0 || strcmp(text, "kill") == 0) {
        return text;
    }
    if (strcmp(text, "kill-process") == 0 ||
        strcmp(text, "kill-thread") == 0) {
        return "kill";
    }
    if (strcmp(text, "trace") == 0 || strcmp(text, "user-notify") == 0) {
        draft_note(m->draft, m->line, "\"%s\" has nobody to ask; it is ENOSYS",
                   text);
        return "ENOSYS";
    }
    return NULL;
}

static void rule(struct minijail *m, const char *call, char *text)
{
    char *semicolon = strchr(text, ';'), *tests;
    enum draft_section section;
    const char *verdict;

    text = skip(text);
    verdict = plain(m, text, &section);
    if (verdict) {
        draft_add(m->draft, m->line, section, call, verdict, NULL, NULL);
        return;
    }
    if (text[0] == '{') {
        draft_note(m->draft, m->line, "%s: %s", call, text);
        return;
    }
    if (semicolon) {
        *semicolon = '\0';
        verdict = plain(m, skip(semicolon + 1), &section);
        if (!verdict) {
            draft_note(m->draft, m->line, "%s: \"%s\" is not understood", call,
                       skip(semicolon + 1));
        }
    }
    tests = expression(m, call, text);
    if (tests) {
        draft_add(m->draft, m->line, DRAFT_ALLOW, call, "", tests, NULL);
    }
    if (verdict) {
        draft_add(m->draft, m->line, section, call, verdict, NULL, NULL);
    }
    free(tests);
}

static void read_policy(struct minijail *m, FILE *in);

static void include(struct minijail *m, const char *path)
{
    const char *slash = strrchr(m->draft->file, '/');
    char *name = path[0] == '/' || !slash ? policy_printf("%s", path) :
        policy_printf("%.*s/%s", (int)(slash - m->draft->file),
                      m->draft->file, path);
    FILE *in = m->depth < 8 ? fopen(name, "r") : NULL;
    unsigned line = m->line;

    if (in) {
        m->depth++;
        m->line = 0;
        read_policy(m, in);
        m->line = line;
        m->depth--;
        fclose(in);
    } else {
        draft_fail(m->draft, m->line, "%s: %s", name, m->depth < 8 ?
                   strerror(errno) : "included too deeply, or in a ring");
    }
    free(name);
}

static void directive(struct minijail *m, char *text)
{
    enum draft_section section;
    const char *verdict;
    char *value = skip(text + strcspn(text, " \t"));

    if (strncmp(text, "@include ", 9) == 0) {
        include(m, value);
    } else if (strncmp(text, "@default ", 9) == 0 &&
               (verdict = plain(m, value, &section))) {
        char *whole = section == DRAFT_ALLOW ?
            policy_printf("allow%s%s", *verdict ? " " : "", verdict) :
            policy_printf("%s%s", *verdict == 'E' ? "deny " : "", verdict);

        draft_set_default(m->draft, whole);
        free(whole);
    } else {
        draft_note(m->draft, m->line, "%s", text);
    }
}

/* "read", "read[arch=arm]" */
static void named_rule(struct minijail *m, char *name, const char *text)
{
    char *metadata = strchr(name, '['), *copy;

    name = skip(name);
    if (metadata) {
        draft_note(m->draft, m->line, "on every target, not on %s alone",
                   name);
    }
    name[strcspn(name, " \t[")] = '\0';
    if (*name) {
        copy = policy_printf("%s", text);
        rule(m, name, copy);
        free(copy);
    }
}

/* One name, or some in braces with commas between them. */
static void rules(struct minijail *m, char *names, const char *text)
{
    char *end = strchr(names, '}'), *name;

    if (*names != '{') {
        named_rule(m, names, text);
        return;
    }
    if (!end || *skip(end + 1)) {
        draft_fail(m->draft, m->line, "expected \"{NAME, NAME}: RULE\"");
        return;
    }
    *end = '\0';
    names++;
    while ((name = strsep(&names, ","))) {
        named_rule(m, name, text);
    }
}

static void read_policy(struct minijail *m, FILE *in)
{
    char *text;

    while (!m->draft->failed && (text = draft_line(in, &m->line))) {
        char *start = text, *colon;

        start[strcspn(start, "#")] = '\0';
        start = skip(start);
        colon = strchr(start, ':');
        if (*start == '@') {
            directive(m, start);
        } else if (colon) {
            *colon = '\0';
            rules(m, start, colon + 1);
        } else if (*start) {
            draft_fail(m->draft, m->line, "expected \"NAME: RULE\"");
        }
        free(text);
    }
}

void import_minijail(struct policy_draft *d, FILE *in,
                     const struct draft_options *options)
{
    struct minijail m = { .draft = d };

    (void)options;
    draft_set_default(d, "kill");
    read_policy(&m, in);
}
