/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qemu-policy report: what its parts share.
 *
 *     policy-report-input.c    files, pipes, gzip; lines; following a log
 *     policy-report-record.c   a line of JSON              -> report_record
 *     policy-report-time.c     times, and buckets of time  -> report_clock
 *     policy-report-tally.c    counting in bounded memory  -> report_tally
 *     policy-report-sum.c      all tallies of a run        -> report_sum
 *     policy-report-text.c, -json.c, -html.c               what is shown
 *
 * Strings of a record come from guests. They are made harmless once, when the
 * line is read: UTF-8, without control characters and without what reorders or
 * hides text; see report_clean(). Running out of memory ends the program.
 */
#ifndef TOOLS_POLICY_REPORT_H
#define TOOLS_POLICY_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "policy-question.h"

/* --- records ------------------------------------------------------------ */

enum report_class {         /* what became of the call */
    REPORT_REFUSED,         /* deny, trap, kill */
    REPORT_PERMISSIVE,      /* refused, but let through */
    REPORT_EMULATED,        /* return, error, lua */
    REPORT_ALLOWED,
    REPORT_MESSAGE,         /* not a call: a handler's message, a notice */
    REPORT_CLASSES,
};

/* What can be counted by. Those up to REPORT_ROW_FIELDS make up a row. */
enum report_field {
    REPORT_CALL,
    REPORT_RESULT,          /* "EPERM", "killed", "4242" */
    REPORT_PROGRAM,         /* comm */
    REPORT_OBJECT,          /* path or address; else constants */
    REPORT_RULE,
    REPORT_ROW_FIELDS,
    REPORT_TARGET = REPORT_ROW_FIELDS,
    REPORT_EXE,
    REPORT_PROCESS,         /* "nginx[8123]" */
    REPORT_FIELDS,
};

struct report_text {
    const char *s;          /* not ended by a NUL */
    size_t len;
};

enum {
    REPORT_TEXT_MAX = 1024, /* bytes of a field, made harmless */
    REPORT_LINE_MAX = 1 << 20,  /* bytes of a line; longer ones are damaged */
};

struct report_record {
    int64_t time;           /* microseconds since 1970 */
    enum report_class class;
    struct report_text field[REPORT_FIELDS];
    struct report_text fix; /* len 0: none */
    uint64_t lost;          /* that the log could not take */
    uint64_t limited;       /* that a limit of the policy has left out */
};

enum report_line {
    REPORT_LINE_RECORD,
    REPORT_LINE_EMPTY,
    REPORT_LINE_DAMAGED,    /* no JSON object: torn, cut, not UTF-8 */
    REPORT_LINE_FOREIGN,    /* JSON, but not a record of the audit log */
};

struct report_parser;

struct report_parser *report_parser_new(void);
void report_parser_free(struct report_parser *p);

/* Reads a line, with or without its newline. The record's texts last until the
 * next line. */
enum report_line report_parse(struct report_parser *p, const char *line,
                              size_t len, struct report_record *ret);

/* Copies text without what could upset a terminal or hide something: that
 * becomes \xNN or \uNNNN. At most "size" bytes; what is too long ends in "…".
 * Returns how many. */
size_t report_clean(char *to, size_t size, const char *from, size_t len);

/* --- time --------------------------------------------------------------- */

enum {
    REPORT_FINE = 512,      /* buckets of the whole */
    REPORT_COARSE = 64,     /* buckets of an entry, each as long as eight */
};

/*
 * Buckets of equal length that cover all times seen so far: they become longer
 * as more time has to be covered. "origin" is a multiple of a coarse bucket.
 */
struct report_clock {
    int64_t origin, width;  /* microseconds; width 0: no time yet */
    int64_t first, last;
};

/* Whether the buckets have to change to cover "time"; "ret" is what to. */
bool report_clock_grow(const struct report_clock *c, int64_t time,
                       struct report_clock *ret);

/* Moves counts in n buckets from one clock to another that covers it. */
void report_clock_move(const struct report_clock *from,
                       const struct report_clock *to, uint32_t *series,
                       unsigned n);

/* "2026-11-22T10:42:07.153201Z"; false when it is something else. */
bool report_time_record(const char *s, size_t len, int64_t *ret);

/* What --since and --until take: a local or UTC time of day or date, or how
 * long ago ("90s", "15m", "2h", "3d"). */
bool report_time_option(const char *text, int64_t now, int64_t *ret);

/* "2026-11-22 10:42:07", local time, into buf[32]. */
const char *report_time_text(int64_t time, const char *format, char buf[32]);

/* "30 s", "2 h" into buf[24]. */
const char *report_span_text(int64_t microseconds, char buf[24]);

/* --- tallies ------------------------------------------------------------ */

struct report_entry {
    char *key;              /* owned; parts are separated by NULs */
    char *note;             /* owned; NULL: none */
    size_t len;
    uint64_t hash, count;
    uint64_t missing;       /* at most so many more were not counted */
    int64_t first, last;
    uint32_t series[REPORT_COARSE];
};

/*
 * Counts by key. When there are more keys than it holds, the rarer half goes:
 * what these had counted stays in "dropped", so that the sum is exact, and a
 * key that comes later knows how much of it may be missing.
 */
struct report_tally {
    struct report_entry **slots;
    size_t size;            /* of slots: a power of two */
    size_t count, capacity;
    uint64_t seed;
    uint64_t dropped;       /* records, of entries that had to go */
    uint64_t slack;         /* at most so many of one such entry */
};

void report_tally_init(struct report_tally *t, size_t capacity);
void report_tally_free(struct report_tally *t);
struct report_entry *report_tally_add(struct report_tally *t, const char *key,
                                      size_t len, int64_t time,
                                      const struct report_clock *clock);
void report_tally_move(struct report_tally *t, const struct report_clock *from,
                       const struct report_clock *to);

/* The entries, most frequent first, as an array to free. */
struct report_entry **report_tally_sorted(const struct report_tally *t);

/* --- the sum ------------------------------------------------------------ */

struct report_filter {
    unsigned classes;       /* 1 << REPORT_REFUSED | ... */
    int64_t since, until;
    const char **only[REPORT_FIELDS];   /* NULL-terminated; NULL: any */
};

struct report_sum {
    const struct report_filter *filter;
    struct report_clock clock;
    uint32_t series[REPORT_FINE];
    struct report_tally by[REPORT_FIELDS];
    struct report_tally rows;   /* call, result, program, object, rule */
    struct report_tally pairs;  /* call, program */
    uint64_t selected;      /* records that are counted above */
    uint64_t classes[REPORT_CLASSES];   /* within the filter, but for class */
    uint64_t filtered;      /* records outside the filter */
    uint64_t lost, limited, damaged, foreign;
    uint64_t lines;
};

void report_sum_init(struct report_sum *s, const struct report_filter *f);
void report_sum_free(struct report_sum *s);
void report_sum_line(struct report_sum *s, struct report_parser *p,
                     const char *line, size_t len);

/* Part i of a key whose parts are separated by NULs. */
struct report_text report_part(const struct report_entry *e, unsigned i);

/* --- input -------------------------------------------------------------- */

struct report_source {
    struct report_sum *sum;
    struct report_parser *parser;
    bool progress;          /* on standard error */
};

/* Reads a log to its end; "-" is standard input. False after a complaint. */
bool report_read(const struct report_source *s, const char *path);

/* Reads logs as they grow, until the program is told to end, and shows the
 * sum when it has changed, at most once an interval. */
bool report_follow(const struct report_source *s, char *const *paths,
                   unsigned count, unsigned interval_ms,
                   void (*show)(const struct report_sum *sum, void *opaque),
                   void *opaque);

/* --- output ------------------------------------------------------------- */

struct report_view {
    int by;                 /* an enum report_field; -1: an overview */
    unsigned top;           /* rows of a table; 0: as many as fit well */
    bool fix;               /* show what would allow it */
    char *const *logs;
    unsigned log_count;
};

extern const char *const report_field_names[REPORT_FIELDS];

void report_text(const struct report_sum *s, const struct report_view *v,
                 FILE *out);
void report_json(const struct report_sum *s, const struct report_view *v,
                 FILE *out);
void report_html(const struct report_sum *s, const struct report_view *v,
                 FILE *out);

#endif
