/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report as JSON: all that is counted, or one table of it. */
#include "policy-report.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TOP_LEFT_OUT = 100 };

static void put(struct json_object *to, const char *key,
                struct json_object *value)
{
    json_object_object_add(to, key, value);
}

static struct json_object *number(uint64_t n)
{
    return json_object_new_uint64(n);
}

static struct json_object *time_text(int64_t time)
{
    time_t seconds = time / 1000000;
    char buf[32], full[48];
    struct tm t;

    gmtime_r(&seconds, &t);
    strftime(buf, sizeof(buf), "%FT%T", &t);
    snprintf(full, sizeof(full), "%s.%06dZ", buf, (int)(time % 1000000));
    return json_object_new_string(full);
}

static void put_entry(struct json_object *to, const struct report_entry *e)
{
    put(to, "count", number(e->count));
    if (e->missing) {
        put(to, "missing_at_most", number(e->missing));
    }
    put(to, "first", time_text(e->first));
    put(to, "last", time_text(e->last));
    if (e->note) {
        put(to, "fix", json_object_new_string(e->note));
    }
}

/* "parts": how many fields are in the key; 1: it is "name". */
static struct json_object *table(const struct report_tally *t, unsigned parts,
                                 unsigned top, uint64_t total)
{
    struct json_object *result = json_object_new_object();
    struct json_object *rows = json_object_new_array();
    struct report_entry **list = report_tally_sorted(t);

    for (size_t i = 0; i < t->count && i < top; i++) {
        struct json_object *row = json_object_new_object();

        for (unsigned f = 0; f < parts; f++) {
            struct report_text text = report_part(list[i], f);

            put(row, parts == 1 ? "name" : report_field_names[f],
                json_object_new_string_len(text.s, text.len));
        }
        put_entry(row, list[i]);
        total -= list[i]->count;
        json_object_array_add(rows, row);
    }
    free(list);
    put(result, "kinds", number(t->count));
    put(result, "kinds_complete", json_object_new_boolean(!t->dropped));
    put(result, "rows", rows);
    put(result, "others", number(total));
    return result;
}

static uint64_t total_of(const struct report_tally *t)
{
    uint64_t n = t->dropped;

    for (size_t i = 0; i < t->size; i++) {
        n += t->slots[i] ? t->slots[i]->count : 0;
    }
    return n;
}

static struct json_object *classes(const struct report_sum *s)
{
    static const char *const names[REPORT_CLASSES] = {
        "refused", "permissive", "emulated", "allowed", "messages",
    };
    struct json_object *o = json_object_new_object();

    for (unsigned i = 0; i < REPORT_CLASSES; i++) {
        put(o, names[i], number(s->classes[i]));
    }
    return o;
}

static struct json_object *timeline(const struct report_sum *s)
{
    struct json_object *o = json_object_new_object();
    struct json_object *counts = json_object_new_array();
    const struct report_clock *c = &s->clock;
    unsigned from = (c->first - c->origin) / c->width;
    unsigned to = (c->last - c->origin) / c->width + 1;

    put(o, "start", time_text(c->origin + from * c->width));
    put(o, "seconds", json_object_new_double(c->width / 1e6));
    for (unsigned i = from; i < to; i++) {
        json_object_array_add(counts, number(s->series[i]));
    }
    put(o, "counts", counts);
    return o;
}

void report_json(const struct report_sum *s, const struct report_view *v,
                 FILE *out)
{
    struct json_object *o = json_object_new_object();
    struct json_object *by = json_object_new_object();
    unsigned top = v->top ? v->top : TOP_LEFT_OUT;

    put(o, "v", number(1));
    put(o, "counted", number(s->selected));
    put(o, "verdicts", classes(s));
    put(o, "filtered", number(s->filtered));
    put(o, "lost", number(s->lost));
    put(o, "limited", number(s->limited));
    put(o, "damaged", number(s->damaged));
    put(o, "foreign", number(s->foreign));
    if (s->selected) {
        put(o, "first", time_text(s->clock.first));
        put(o, "last", time_text(s->clock.last));
        put(o, "timeline", timeline(s));
    }
    if (v->by < 0) {
        put(o, "rows", table(&s->rows, REPORT_ROW_FIELDS, top, s->selected));
    }
    for (int i = 0; i < REPORT_FIELDS; i++) {
        if (v->by < 0 || v->by == i) {
            put(by, report_field_names[i],
                table(&s->by[i], 1, top, total_of(&s->by[i])));
        }
    }
    put(o, "by", by);
    fprintf(out, "%s\n", json_object_to_json_string_ext(o,
            JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(o);
}
