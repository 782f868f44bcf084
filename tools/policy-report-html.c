/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The report as a page: sums as JSON between the two parts of the page. How
 * long the page is depends on how many different things there are, up to
 * limits, and not on how long the log is.
 */
#include "policy-report.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "report/page.h"

enum {
    ROWS = 2000,            /* most frequent rows */
    LIST = 10,              /* of a list beside the plots */
    PAIRS = 2000,           /* cells that the heat map can choose from */
};

/* Strings, each once: what is repeated is a number. */
struct strings {
    struct json_object *list;
    struct json_object *numbers;    /* by string */
};

static struct json_object *integer(int64_t n)
{
    return json_object_new_int64(n);
}

static void put(struct json_object *to, const char *key,
                struct json_object *value)
{
    json_object_object_add(to, key, value);
}

static struct json_object *intern(struct strings *strings,
                                  struct report_text text)
{
    char *s = policy_need(strndup(text.s, text.len));
    struct json_object *number;

    if (!json_object_object_get_ex(strings->numbers, s, &number)) {
        number = integer(json_object_array_length(strings->list));
        json_object_array_add(strings->list, json_object_new_string(s));
        put(strings->numbers, s, number);
    }
    free(s);
    return json_object_get(number);
}

static struct json_object *series(const uint32_t *counts, unsigned n)
{
    struct json_object *list = json_object_new_array();

    for (unsigned i = 0; i < n; i++) {
        json_object_array_add(list, integer(counts[i]));
    }
    return list;
}

/* Only what is not zero: place, count, place, count. */
static struct json_object *sparse(const uint32_t *counts, unsigned n)
{
    struct json_object *list = json_object_new_array();

    for (unsigned i = 0; i < n; i++) {
        if (counts[i]) {
            json_object_array_add(list, integer(i));
            json_object_array_add(list, integer(counts[i]));
        }
    }
    return list;
}

static struct json_object *rows(const struct report_sum *s,
                                struct strings *strings)
{
    struct report_entry **list = report_tally_sorted(&s->rows);
    struct json_object *result = json_object_new_array();

    for (size_t i = 0; i < s->rows.count && i < ROWS; i++) {
        const struct report_entry *e = list[i];
        struct json_object *row = json_object_new_array();

        for (unsigned f = 0; f < REPORT_ROW_FIELDS; f++) {
            json_object_array_add(row, intern(strings, report_part(e, f)));
        }
        json_object_array_add(row, integer(e->count));
        json_object_array_add(row, integer(e->missing));
        json_object_array_add(row, integer(e->first / 1000));
        json_object_array_add(row, integer(e->last / 1000));
        json_object_array_add(row, e->note ? intern(strings,
            (struct report_text) { e->note, strlen(e->note) }) : integer(-1));
        json_object_array_add(row, sparse(e->series, REPORT_COARSE));
        json_object_array_add(result, row);
    }
    free(list);
    return result;
}

static struct json_object *pairs(const struct report_sum *s,
                                 struct strings *strings)
{
    struct report_entry **list = report_tally_sorted(&s->pairs);
    struct json_object *result = json_object_new_array();

    for (size_t i = 0; i < s->pairs.count && i < PAIRS; i++) {
        struct json_object *pair = json_object_new_array();

        json_object_array_add(pair, intern(strings, report_part(list[i], 0)));
        json_object_array_add(pair, intern(strings, report_part(list[i], 1)));
        json_object_array_add(pair, integer(list[i]->count));
        json_object_array_add(result, pair);
    }
    free(list);
    return result;
}

static struct json_object *totals(const struct report_tally *t,
                                  struct strings *strings)
{
    struct report_entry **list = report_tally_sorted(t);
    struct json_object *result = json_object_new_object();
    struct json_object *names = json_object_new_array();

    for (size_t i = 0; i < t->count && i < LIST; i++) {
        struct json_object *row = json_object_new_array();

        json_object_array_add(row, intern(strings, (struct report_text) {
            list[i]->key, list[i]->len }));
        json_object_array_add(row, integer(list[i]->count));
        json_object_array_add(row, integer(list[i]->missing));
        json_object_array_add(names, row);
    }
    free(list);
    put(result, "kinds", integer(t->count));
    put(result, "complete", json_object_new_boolean(!t->dropped));
    put(result, "rows", names);
    return result;
}

static struct json_object *clock_of(const struct report_clock *c)
{
    struct json_object *o = json_object_new_object();

    put(o, "origin", json_object_new_double(c->origin / 1e3));
    put(o, "width", json_object_new_double(c->width ? c->width / 1e3 : 1));
    put(o, "first", integer(c->first / 1000));
    put(o, "last", integer(c->last / 1000));
    return o;
}

static struct json_object *page_data(const struct report_sum *s,
                                     const struct report_view *v)
{
    const unsigned refusals = 1 << REPORT_REFUSED | 1 << REPORT_PERMISSIVE;
    struct strings strings = {
        json_object_new_array(), json_object_new_object(),
    };
    struct json_object *o = json_object_new_object();
    struct json_object *by = json_object_new_object();
    struct json_object *logs = json_object_new_array();
    struct json_object *classes = json_object_new_array();
    char name[REPORT_TEXT_MAX];

    for (unsigned i = 0; i < v->log_count; i++) {
        size_t n = report_clean(name, sizeof(name), v->logs[i],
                                strlen(v->logs[i]));

        json_object_array_add(logs, json_object_new_string_len(name, n));
    }
    for (unsigned i = 0; i < REPORT_CLASSES; i++) {
        json_object_array_add(classes, integer(s->classes[i]));
    }
    for (unsigned i = 0; i < REPORT_FIELDS; i++) {
        put(by, report_field_names[i], totals(&s->by[i], &strings));
    }
    put(o, "logs", logs);
    put(o, "word", json_object_new_string(s->filter->classes & ~refusals ?
                                          "records" : "refusals"));
    put(o, "counted", integer(s->selected));
    put(o, "classes", classes);
    put(o, "filtered", integer(s->filtered));
    put(o, "lost", integer(s->lost));
    put(o, "limited", integer(s->limited));
    put(o, "damaged", integer(s->damaged));
    put(o, "foreign", integer(s->foreign));
    put(o, "clock", clock_of(&s->clock));
    put(o, "series", series(s->series, REPORT_FINE));
    put(o, "by", by);
    put(o, "rows", rows(s, &strings));
    put(o, "pairs", pairs(s, &strings));
    put(o, "strings", strings.list);
    json_object_put(strings.numbers);
    return o;
}

/* JSON within a script element: what could end the element or begin another
 * one stands in strings only, and there as \u003c. */
static void write_data(const char *json, FILE *out)
{
    for (; *json; json++) {
        if (*json == '<' || *json == '>' || *json == '&') {
            fprintf(out, "\\u%04x", *json);
        } else {
            fputc(*json, out);
        }
    }
}

void report_html(const struct report_sum *s, const struct report_view *v,
                 FILE *out)
{
    struct json_object *data = page_data(s, v);

    fwrite(report_page_head, 1, report_page_head_len, out);
    write_data(json_object_to_json_string_ext(data, JSON_C_TO_STRING_PLAIN),
               out);
    fwrite(report_page_tail, 1, report_page_tail_len, out);
    json_object_put(data);
}
