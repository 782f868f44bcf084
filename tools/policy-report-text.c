/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report at a terminal. */
#include "policy-report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
    WIDTH_LEFT_OUT = 120,   /* columns when there is no terminal */
    BAR = 8, SPARK = 24,    /* characters */
    COLUMNS_MAX = 10,
};

/* --- characters --------------------------------------------------------- */

/* Columns that text takes, one to a character. */
static size_t columns(const char *s)
{
    size_t n = 0;

    for (; *s; s++) {
        n += (*s & 0xc0) != 0x80;
    }
    return n;
}

static void pad(FILE *out, size_t n)
{
    for (; n > 0; n--) {
        fputc(' ', out);
    }
}

/* "18,203" */
static char *grouped(uint64_t n)
{
    char digits[24], buf[32], *to = buf;
    int len = snprintf(digits, sizeof(digits), "%" PRIu64, n);

    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0) {
            *to++ = ',';
        }
        *to++ = digits[i];
    }
    *to = '\0';
    return policy_printf("%s", buf);
}

/* What is left of text when "room" columns are all there is: its ends, for a
 * path says most there. */
static char *shortened(const char *s, size_t room)
{
    size_t all = columns(s), head = room / 2, tail = room - head - 1, n = 0;
    const char *from = s, *rest = s;

    if (all <= room || room < 3) {
        return policy_printf("%s", s);
    }
    for (; *from && n <= head; from++) {
        n += (*from & 0xc0) != 0x80;
    }
    from--;
    for (n = 0; *rest && n <= all - tail; rest++) {
        n += (*rest & 0xc0) != 0x80;
    }
    rest--;
    return policy_printf("%.*s…%s", (int)(from - s), s, rest);
}

static const char *const levels[] = {
    " ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█",
};

/* n counts as so many characters, each as high as the sum of its share. The
 * counts outside [from, to) are none. */
static char *sparkline(const uint32_t *series, unsigned from, unsigned to,
                       unsigned width)
{
    uint64_t sums[256] = { 0 }, most = 0;
    char *text = policy_need(calloc(width + 1, 4)), *at = text;

    for (unsigned i = from; i < to; i++) {
        uint64_t *sum = &sums[(uint64_t)(i - from) * width / (to - from)];

        *sum += series[i];
        most = *sum > most ? *sum : most;
    }
    for (unsigned i = 0; i < width; i++) {
        at = stpcpy(at, levels[sums[i] == 0 ? 0 :
                               1 + sums[i] * 7 / (most ? most : 1)]);
    }
    return text;
}

static char *bar(uint64_t n, uint64_t most)
{
    static const char *const eighths[] = {
        "", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█",
    };
    uint64_t units = most ? (n * BAR * 8 + most - 1) / most : 0;
    char *text = policy_need(calloc(BAR + 1, 4)), *at = text;

    for (; units >= 8; units -= 8) {
        at = stpcpy(at, eighths[8]);
    }
    stpcpy(at, eighths[units]);
    return text;
}

/* --- tables ------------------------------------------------------------- */

struct row {
    char *cell[COLUMNS_MAX];    /* owned */
    char *under;                /* owned; a line below, or NULL */
};

struct table {
    const char *heads[COLUMNS_MAX];
    unsigned columns;
    int wide;               /* the column that gives way; -1: none */
    struct row *rows;
    size_t count;
};

static struct row *add_row(struct table *t)
{
    t->rows = policy_need(realloc(t->rows, (t->count + 1) * sizeof(*t->rows)));
    t->rows[t->count] = (struct row) { 0 };
    return &t->rows[t->count++];
}

static size_t terminal_width(FILE *out)
{
    const char *set = getenv("COLUMNS");
    struct winsize size;

    if (ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        return size.ws_col;
    }
    return set && atoi(set) > 0 ? (size_t)atoi(set) : WIDTH_LEFT_OUT;
}

static void measure(const struct table *t, size_t *widths, size_t room)
{
    size_t all = 2;

    for (unsigned c = 0; c < t->columns; c++) {
        widths[c] = columns(t->heads[c]);
        for (size_t r = 0; r < t->count; r++) {
            size_t n = t->rows[r].cell[c] ? columns(t->rows[r].cell[c]) : 0;

            widths[c] = n > widths[c] ? n : widths[c];
        }
        all += widths[c] + (c ? 2 : 0);
    }
    if (t->wide >= 0 && all > room) {
        size_t over = all - room, *wide = &widths[t->wide];

        *wide = *wide > over + 16 ? *wide - over : *wide < 16 ? *wide : 16;
    }
}

static void print_cell(FILE *out, const char *text, size_t width, bool right,
                       bool last)
{
    char *shown = shortened(text, width);
    size_t n = columns(shown), gap = width > n ? width - n : 0;

    if (right) {
        pad(out, gap);
    }
    fputs(shown, out);
    if (!right && !last) {
        pad(out, gap);
    }
    free(shown);
}

/* Those up to the last one with something in it. */
static unsigned used_columns(const struct table *t, const struct row *row)
{
    unsigned n = t->columns;

    while (row && n > 0 && !row->cell[n - 1]) {
        n--;
    }
    return n;
}

static void print_table(struct table *t, FILE *out)
{
    size_t widths[COLUMNS_MAX];

    measure(t, widths, terminal_width(out));
    for (size_t r = 0; r <= t->count; r++) {
        const struct row *row = r ? &t->rows[r - 1] : NULL;

        for (unsigned c = 0; c < t->columns; c++) {
            const char *text = row ? row->cell[c] : t->heads[c];

            if (c >= used_columns(t, row)) {
                break;
            }
            fputs("  ", out);
            print_cell(out, text ? text : "", widths[c], c == 0,
                       c + 1 == used_columns(t, row));
        }
        fputc('\n', out);
        if (row && row->under) {
            fprintf(out, "    %s\n", row->under);
        }
    }
    for (size_t r = 0; r < t->count; r++) {
        for (unsigned c = 0; c < t->columns; c++) {
            free(t->rows[r].cell[c]);
        }
        free(t->rows[r].under);
    }
    free(t->rows);
}

/* --- what is in them ---------------------------------------------------- */

/* A day of its own where the log goes over several. */
static char *clock_text(const struct report_sum *s, int64_t time)
{
    char buf[32], day[32], other[32];
    bool one_day = strcmp(report_time_text(s->clock.first, "%F", day),
                          report_time_text(s->clock.last, "%F", other)) == 0;

    return policy_printf("%s", report_time_text(time, one_day ? "%T" :
                                                "%m-%d %H:%M", buf));
}

/* "9,114", or "9,114+" where some may be missing. */
static char *count_text(const struct report_entry *e)
{
    char *number = grouped(e->count), *text;

    text = policy_printf("%s%s", number, e->missing ? "+" : "");
    free(number);
    return text;
}

/* The coarse buckets that hold something. */
static void used_part(const struct report_sum *s, unsigned *ret_from,
                      unsigned *ret_to)
{
    int64_t coarse = 8 * s->clock.width;

    *ret_from = (s->clock.first - s->clock.origin) / coarse;
    *ret_to = (s->clock.last - s->clock.origin) / coarse + 1;
}

static unsigned print_rest(struct table *t, const struct report_tally *tally,
                           uint64_t rest, size_t shown)
{
    struct row *row;
    char *hidden;

    if (rest == 0) {
        return 0;
    }
    row = add_row(t);
    hidden = grouped(tally->count - shown);
    row->cell[0] = grouped(rest);
    row->cell[2] = tally->dropped ? policy_printf("others") :
        policy_printf("%s other%s", hidden,
                      tally->count - shown == 1 ? "" : "s");
    free(hidden);
    return 1;
}

static uint64_t tally_total(const struct report_tally *t)
{
    uint64_t n = t->dropped;

    for (size_t i = 0; i < t->size; i++) {
        n += t->slots[i] ? t->slots[i]->count : 0;
    }
    return n;
}

static void note_missing(const struct report_tally *t, bool any, FILE *out)
{
    if (any) {
        char *n = grouped(t->slack);

        fprintf(out, "  +: at least; of so many different ones at most %s "
                "each were not kept apart\n", n);
        free(n);
    }
}

/* The most frequent of one kind. */
static void print_by(const struct report_sum *s, int field, unsigned top,
                     const char *head, FILE *out)
{
    const struct report_tally *tally = &s->by[field];
    struct report_entry **list = report_tally_sorted(tally);
    struct table t = {
        .heads = { "count", "", head, "over time", "first", "last" },
        .columns = 6, .wide = 2,
    };
    uint64_t rest = tally_total(tally);
    bool missing = false;
    unsigned from, to;
    size_t i;

    used_part(s, &from, &to);
    for (i = 0; i < tally->count && i < top; i++) {
        struct row *row = add_row(&t);

        row->cell[0] = count_text(list[i]);
        row->cell[1] = bar(list[i]->count, list[0]->count);
        row->cell[2] = policy_printf("%s", list[i]->len ? list[i]->key : "-");
        row->cell[3] = sparkline(list[i]->series, from, to, SPARK);
        row->cell[4] = clock_text(s, list[i]->first);
        row->cell[5] = clock_text(s, list[i]->last);
        rest -= list[i]->count;
        missing |= list[i]->missing > 0;
    }
    free(list);
    if (i > 0) {
        print_rest(&t, tally, rest, i);
        fputc('\n', out);
        print_table(&t, out);
        note_missing(tally, missing, out);
    }
}

static void print_rows(const struct report_sum *s, const struct report_view *v,
                       unsigned top, FILE *out)
{
    struct report_entry **list = report_tally_sorted(&s->rows);
    struct table t = {
        .heads = { "count", "", "call", "result", "program",
                   "path or address", "rule", "first", "last" },
        .columns = 9, .wide = 5,
    };
    uint64_t rest = s->selected;
    bool missing = false;
    size_t i;

    for (i = 0; i < s->rows.count && i < top; i++) {
        struct row *row = add_row(&t);

        row->cell[0] = count_text(list[i]);
        row->cell[1] = bar(list[i]->count, list[0]->count);
        for (unsigned f = 0; f < REPORT_ROW_FIELDS; f++) {
            struct report_text part = report_part(list[i], f);

            row->cell[2 + f] = policy_printf("%s", part.s);
        }
        row->cell[7] = clock_text(s, list[i]->first);
        row->cell[8] = clock_text(s, list[i]->last);
        if (v->fix && list[i]->note) {
            row->under = policy_printf("%s", list[i]->note);
        }
        rest -= list[i]->count;
        missing |= list[i]->missing > 0;
    }
    free(list);
    print_rest(&t, &s->rows, rest, i);
    fputc('\n', out);
    print_table(&t, out);
    note_missing(&s->rows, missing, out);
}

/* --- the head ----------------------------------------------------------- */

static void put_number(FILE *out, uint64_t n, const char *one,
                       const char *many)
{
    char *text = grouped(n);

    fprintf(out, "%s %s", text, n == 1 ? one : many);
    free(text);
}

static void put_distinct(FILE *out, const char *word,
                         const struct report_tally *t, const char *one,
                         const char *many)
{
    fputs(word, out);
    if (t->dropped) {
        fputs("more than ", out);
    }
    put_number(out, t->count, one, many);
}

static void print_span(const struct report_sum *s, FILE *out)
{
    char first[32], last[32], day[32], other[32];
    bool one_day = strcmp(report_time_text(s->clock.first, "%F", day),
                          report_time_text(s->clock.last, "%F", other)) == 0;

    fprintf(out, ", %s to %s",
            report_time_text(s->clock.first, "%F %T", first),
            report_time_text(s->clock.last, one_day ? "%T" : "%F %T", last));
}

static void print_timeline(const struct report_sum *s, FILE *out)
{
    int64_t width = s->clock.width;
    unsigned from = (s->clock.first - s->clock.origin) / width;
    unsigned to = (s->clock.last - s->clock.origin) / width + 1;
    uint32_t most = 0;
    char *line, *number, span[24];

    if (to - from < 2) {
        return;
    }
    for (unsigned i = from; i < to; i++) {
        most = s->series[i] > most ? s->series[i] : most;
    }
    line = sparkline(s->series, from, to, to - from < 72 ? to - from : 72);
    number = grouped(most);
    fprintf(out, "  %s  at most %s in %s\n", line, number,
            report_span_text(width, span));
    free(number);
    free(line);
}

/* What the log holds besides. */
static void print_besides(const struct report_sum *s, FILE *out)
{
    static const char *const names[REPORT_CLASSES] = {
        "refused", "refused but let through", "emulated", "allowed",
        "messages",
    };
    const char *comma = "  not counted here: ";

    for (unsigned i = 0; i < REPORT_CLASSES; i++) {
        if (s->classes[i] && !(s->filter->classes & 1u << i)) {
            fputs(comma, out);
            put_number(out, s->classes[i], names[i], names[i]);
            comma = ", ";
        }
    }
    if (*comma == ',') {
        fputs(" (--verdict)\n", out);
    }
    if (s->filtered) {
        fputs("  outside the filter: ", out);
        put_number(out, s->filtered, "record\n", "records\n");
    }
    if (s->lost) {
        fputs("  lost: ", out);
        put_number(out, s->lost, "record that the log could not take\n",
                   "records that the log could not take\n");
    }
    if (s->limited) {
        fputs("  left out by a limit of the policy: ", out);
        put_number(out, s->limited, "record\n", "records\n");
    }
    if (s->damaged) {
        fputs("  damaged: ", out);
        put_number(out, s->damaged, "line\n", "lines\n");
    }
    if (s->foreign) {
        fputs("  not of an audit log: ", out);
        put_number(out, s->foreign, "line\n", "lines\n");
    }
}

static void print_head(const struct report_sum *s, FILE *out)
{
    const unsigned refusals = 1 << REPORT_REFUSED | 1 << REPORT_PERMISSIVE;
    bool only_refused = !(s->filter->classes & ~refusals);

    put_number(out, s->selected, only_refused ? "refusal" : "record",
               only_refused ? "refusals" : "records");
    if (s->selected) {
        put_distinct(out, " of ", &s->by[REPORT_CALL], "call", "calls");
        put_distinct(out, " by ", &s->by[REPORT_PROGRAM], "program",
                     "programs");
        print_span(s, out);
    }
    fputc('\n', out);
    if (s->selected) {
        print_timeline(s, out);
    }
    print_besides(s, out);
}

void report_text(const struct report_sum *s, const struct report_view *v,
                 FILE *out)
{
    static const struct { int field; const char *head; } overview[] = {
        { REPORT_CALL, "by call" }, { REPORT_PROGRAM, "by program" },
        { REPORT_RULE, "by rule" }, { REPORT_OBJECT, "by path or address" },
    };

    print_head(s, out);
    if (!s->selected) {
        return;
    }
    if (v->by >= 0) {
        char *head = policy_printf("by %s", report_field_names[v->by]);

        print_by(s, v->by, v->top ? v->top : 20, head, out);
        free(head);
        return;
    }
    print_rows(s, v, v->top ? v->top : 10, out);
    for (unsigned i = 0; i < sizeof(overview) / sizeof(overview[0]); i++) {
        print_by(s, overview[i].field, v->top ? v->top : 5, overview[i].head,
                 out);
    }
}
