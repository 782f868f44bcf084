/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All that is counted of a run's records, in bounded memory. */
#include "policy-report.h"

#include <stdlib.h>
#include <string.h>

#include "log-line.h"

const char *const report_field_names[REPORT_FIELDS] = {
    [REPORT_CALL] = "call",
    [REPORT_RESULT] = "result",
    [REPORT_PROGRAM] = "program",
    [REPORT_OBJECT] = "path",
    [REPORT_RULE] = "rule",
    [REPORT_TARGET] = "target",
    [REPORT_EXE] = "exe",
    [REPORT_PROCESS] = "process",
};

/* Entries of a tally. An entry takes some 400 bytes and its key. */
enum {
    MANY = 32768,           /* what guests choose freely: paths, names */
    SOME = 8192,            /* what is limited by itself in honest logs */
};

void report_sum_init(struct report_sum *s, const struct report_filter *f)
{
    *s = (struct report_sum) { .filter = f };
    for (unsigned i = 0; i < REPORT_FIELDS; i++) {
        report_tally_init(&s->by[i], i == REPORT_OBJECT ? MANY : SOME);
    }
    report_tally_init(&s->rows, MANY);
    report_tally_init(&s->pairs, SOME);
}

void report_sum_free(struct report_sum *s)
{
    for (unsigned i = 0; i < REPORT_FIELDS; i++) {
        report_tally_free(&s->by[i]);
    }
    report_tally_free(&s->rows);
    report_tally_free(&s->pairs);
}

struct report_text report_part(const struct report_entry *e, unsigned i)
{
    const char *s = e->key, *end = e->key + e->len;

    for (; i > 0 && s < end; i--) {
        s += strlen(s) + 1;
    }
    return s >= end ? (struct report_text) { "", 0 } :
        (struct report_text) { s, strlen(s) };
}

/* --- what to count ------------------------------------------------------ */

static bool among(const char *const *words, const struct report_text *t)
{
    for (; *words; words++) {
        if (strlen(*words) == t->len && memcmp(*words, t->s, t->len) == 0) {
            return true;
        }
    }
    return false;
}

static bool passes(const struct report_filter *f,
                   const struct report_record *r)
{
    if (r->time < f->since || r->time >= f->until) {
        return false;
    }
    for (unsigned i = 0; i < REPORT_FIELDS; i++) {
        if (f->only[i] && !among(f->only[i], &r->field[i])) {
            return false;
        }
    }
    return true;
}

/* --- counting ----------------------------------------------------------- */

static void cover(struct report_sum *s, int64_t time)
{
    struct report_clock to, from = s->clock;

    if (time < s->clock.first && s->clock.width) {
        s->clock.first = time;
    }
    if (time > s->clock.last) {
        s->clock.last = time;
    }
    if (!report_clock_grow(&s->clock, time, &to)) {
        return;
    }
    if (from.width) {
        report_clock_move(&from, &to, s->series, REPORT_FINE);
        for (unsigned i = 0; i < REPORT_FIELDS; i++) {
            report_tally_move(&s->by[i], &from, &to);
        }
        report_tally_move(&s->rows, &from, &to);
        report_tally_move(&s->pairs, &from, &to);
    }
    s->clock = to;
}

/* The parts of a key, a NUL between them. */
static size_t join(char *to, const struct report_record *r,
                   const enum report_field *fields, unsigned count)
{
    size_t n = 0;

    for (unsigned i = 0; i < count; i++) {
        const struct report_text *t = &r->field[fields[i]];

        if (i > 0) {
            to[n++] = '\0';
        }
        memcpy(to + n, t->s ? t->s : "", t->len);
        n += t->len;
    }
    return n;
}

static void note_fix(struct report_entry *e, const struct report_record *r)
{
    if (!e->note && r->fix.len > 0) {
        e->note = policy_need(strndup(r->fix.s, r->fix.len));
    }
}

static void count(struct report_sum *s, const struct report_record *r)
{
    static const enum report_field row[] = {
        REPORT_CALL, REPORT_RESULT, REPORT_PROGRAM, REPORT_OBJECT, REPORT_RULE,
    };
    static const enum report_field pair[] = { REPORT_CALL, REPORT_PROGRAM };
    char key[(REPORT_ROW_FIELDS + 1) * (REPORT_TEXT_MAX + 1)];
    uint32_t *bucket;
    size_t len;

    cover(s, r->time);
    s->selected++;
    bucket = &s->series[(r->time - s->clock.origin) / s->clock.width];
    *bucket += *bucket < UINT32_MAX;
    for (unsigned i = 0; i < REPORT_FIELDS; i++) {
        if (i != REPORT_OBJECT || r->field[i].len > 0) {
            report_tally_add(&s->by[i], r->field[i].s ? r->field[i].s : "",
                             r->field[i].len, r->time, &s->clock);
        }
    }
    len = join(key, r, row, REPORT_ROW_FIELDS);
    note_fix(report_tally_add(&s->rows, key, len, r->time, &s->clock), r);
    len = join(key, r, pair, 2);
    report_tally_add(&s->pairs, key, len, r->time, &s->clock);
}

/* A line or a piece of one, as "kind" says. */
static void sum_piece(struct report_sum *s, enum report_line kind,
                      const struct report_record *r)
{
    switch (kind) {
    case REPORT_LINE_EMPTY:
        return;
    case REPORT_LINE_DAMAGED:
        s->damaged++;
        break;
    case REPORT_LINE_FOREIGN:
        s->foreign++;
        break;
    case REPORT_LINE_RECORD:
        s->lost += r->lost;
        s->limited += r->limited;
        if (!passes(s->filter, r)) {
            s->filtered++;
            break;
        }
        s->classes[r->class]++;
        if (s->filter->classes & 1u << r->class) {
            count(s, r);
        }
        break;
    }
    s->lines++;
}

/* What was cut short lacks its newline, so that whole records may stand behind
 * it on the same line. */
void report_sum_line(struct report_sum *s, struct report_parser *p,
                     const char *line, size_t len)
{
    struct report_record r;
    enum report_line kind = report_parse(p, line, len, &r);
    const char *end = line + len, *next;

    if (kind != REPORT_LINE_DAMAGED ||
        !log_next_record(line, end - line)) {
        sum_piece(s, kind, &r);
        return;
    }
    for (; line; line = next) {
        next = log_next_record(line, end - line);
        kind = report_parse(p, line, (next ? next : end) - line, &r);
        sum_piece(s, kind, &r);
    }
}
