/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Limits as they are written:
 *
 *     limit 100 else EPERM
 *     limit 50/s else wait
 *     limit 10 MiB of count else ENOSPC
 *     limit 1 MiB/s of len else wait
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diag-add.h"
#include "manner.h"
#include "option.h"
#include "refusal.h"

#define SECOND UINT64_C(1000000000)     /* ns */

/* Where one ns is less than a byte, rates would not be exact any more. */
#define RATE_MAX SECOND                 /* calls or bytes in a second */

static bool is_text(const struct re_scan *s, const char *text)
{
    return s->token == RE_TOKEN_TEXT && strlen(text) == s->length &&
        memcmp(s->entry->value + s->offset, text, s->length) == 0;
}

/* "/s", "/min", "/h" at the end of a text: ns; 0: none of them. Shortens the
 * text. */
static uint64_t period_parse(char *text)
{
    static const struct {
        const char *name;
        uint64_t seconds;
    } periods[] = {
        { "/s", 1 }, { "/min", 60 }, { "/h", 3600 },
    };
    char *slash = strchr(text, '/');

    for (size_t i = 0; slash && i < sizeof(periods) / sizeof(periods[0]); i++) {
        if (strcmp(slash, periods[i].name) == 0) {
            *slash = '\0';
            return periods[i].seconds * SECOND;
        }
    }
    return 0;
}

/* "100", "100/s", and where it stands; -EINVAL and a complaint otherwise. */
static int number_parse(struct re_scan *s, struct re_limit *limit)
{
    static const char expected[] = "a number of calls, such as 100 or 50/s, "
        "or of bytes, such as 10 MiB of count";
    char text[40], *end;

    s->length = strlen("limit");
    re_scan_next_text(s);
    if (s->token != RE_TOKEN_TEXT || s->length >= sizeof(text)) {
        return re_scan_expected(s, expected);
    }
    re_scan_text(s, text, sizeof(text));
    limit->offset = s->offset;
    limit->length = s->length;
    limit->period = period_parse(text);
    errno = 0;
    limit->amount = strtoull(text, &end, 10);
    if (!isdigit((unsigned char)*text) || *end) {
        return re_scan_expected(s, expected);
    }
    if (errno || limit->amount == 0) {
        return re_scan_error(s, NULL, "the limit is out of range");
    }
    re_scan_next_text(s);
    return 0;
}

/* "MiB", "MiB/s"; the unit's shift, or -1: it is none. */
static int unit_parse(struct re_scan *s, uint64_t *period)
{
    static const char *const units[] = { "B", "KiB", "MiB", "GiB" };
    char text[16];
    uint64_t found;

    if (s->token != RE_TOKEN_TEXT || s->length >= sizeof(text) || *period) {
        return -1;
    }
    re_scan_text(s, text, sizeof(text));
    found = period_parse(text);
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(text, units[i]) == 0) {
            *period = found;
            re_scan_next_text(s);
            return 10 * i;
        }
    }
    return -1;
}

/* of ARGUMENT | of result */
static int measure_parse(struct re_document *doc, struct re_scan *s,
                         struct re_limit *limit)
{
    re_scan_next(s);
    if (s->token != RE_TOKEN_WORD) {
        return re_scan_expected(s, "the name of an argument, or \"result\"");
    }
    limit->offset = s->offset;
    limit->length = s->length;
    limit->of_result = re_scan_is(s, "result");
    limit->measure = re_arena_strndup(doc->arena, s->entry->value + s->offset,
                                      s->length);
    re_scan_next(s);
    return limit->measure ? 0 : -ENOMEM;
}

static int out_of_range(struct re_scan *s, size_t offset, size_t length,
                        const char *why)
{
    re_entry_diag(s->diags, RE_ERROR, s->entry, offset, length, NULL, "%s",
                  why);
    return -EINVAL;
}

static int amount_parse(struct re_document *doc, struct re_scan *s,
                        struct re_limit *limit)
{
    int err = number_parse(s, limit), shift;
    size_t offset, length;

    if (err) {
        return err;
    }
    length = limit->length;
    offset = limit->offset;
    shift = unit_parse(s, &limit->period);
    if (shift > 0 && limit->amount > (UINT64_MAX / 4) >> shift) {
        return out_of_range(s, offset, length, "the limit is out of range");
    }
    limit->amount <<= shift > 0 ? shift : 0;
    if (limit->period &&
        limit->amount / (limit->period / SECOND) > RATE_MAX) {
        return out_of_range(s, offset, length,
                            "a rate is at most 1000000000 in a second");
    }
    if (is_text(s, "of")) {
        return measure_parse(doc, s, limit);
    }
    if (shift >= 0) {
        return re_scan_expected(s, "\"of\" and the argument that says how "
                                "many");
    }
    if (!is_text(s, "else")) {
        return re_scan_expected(s, "\"KiB\", \"MiB\", \"GiB\", \"of\" or "
                                "\"else\"");
    }
    re_scan_start(s, s->entry, s->offset, s->diags);
    return 0;
}

int re_limit_parse(struct re_document *doc, struct re_scan *s,
                   struct re_draft *draft)
{
    struct re_limit *limit = re_arena_alloc(doc->arena, sizeof(*limit));
    const struct re_rule *rule = draft->rule;
    int err;

    if (!limit) {
        return -ENOMEM;
    }
    rule->manner->limit = limit;
    limit->beyond.file = rule->file;
    limit->beyond.line = rule->line;
    limit->beyond.key = rule->key;
    limit->beyond.text = rule->text;
    err = amount_parse(doc, s, limit);
    if (err) {
        return err;
    }
    if (!re_scan_take(s, "else")) {
        return re_scan_expected(s, "\"else\" and what happens beyond the "
                                "limit");
    }
    if (limit->period && re_scan_take(s, "wait")) {
        limit->waits = true;
        limit->beyond.verdict = RE_VERDICT_DENY;
        return 0;
    }
    return re_refusal_parse(doc, s, &limit->beyond, limit->period ?
                            "an errno such as EAGAIN, \"wait\", \"kill\" or "
                            "\"trap\"" :
                            "an errno such as ENOSPC, \"kill\" or \"trap\"");
}
