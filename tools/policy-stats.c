/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qemu-policy stats: what --policy-stats has counted. */
#include "policy-tool.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <ruleengine/stats.h>

static const char help[] =
"usage: qemu-policy stats [--json] [--sort KEY] FILE\n"
"\n"
"What a program run with --policy-stats FILE has done: calls, refusals, errors,\n"
"bytes and time of each call, and how often each rule has decided. The file can\n"
"be read at any time, also while the program runs or after it was killed.\n"
"\n"
"  --sort KEY   time (unless given), calls, errors, refused, name\n"
"  --json       all numbers as one JSON object\n";

/* --- reading ----------------------------------------------------------- */

/* A file of statistics, checked: all offsets lie inside. */
struct file {
    const char *bytes;
    size_t size;
    const struct re_stats_head *head;
};

struct section {
    const struct re_stats_section *about;
    const struct st_target *target;
    const struct re_stats_slot *slots;      /* about->slots + 1 */
    const struct re_stats_rule *rules;
    const char *text;
};

/* A section whose parts lie inside the file and whose strings end. */
static bool section_at(const struct file *f, unsigned i, struct section *ret)
{
    const struct re_stats_section *a = &f->head->sections[i];
    uint64_t size = ((uint64_t)a->slots + 1) * sizeof(struct re_stats_slot) +
        (uint64_t)a->rules * sizeof(struct re_stats_rule);
    struct section s = { .about = a };

    if (a->offset % 4096 || a->offset > f->size ||
        a->text_size > f->size || (a->text_size == 0 && a->rules > 0) ||
        size > f->size - a->offset ||
        a->text_size > f->size - a->offset - size ||
        memchr(a->target, 0, sizeof(a->target)) == NULL) {
        return false;
    }
    s.target = st_target_by_name(a->target);
    s.slots = (const void *)(f->bytes + a->offset);
    s.rules = (const void *)(s.slots + a->slots + 1);
    s.text = (const char *)(s.rules + a->rules);
    if (!s.target || a->slots != st_slot_count(s.target) ||
        (a->text_size > 0 && s.text[a->text_size - 1])) {
        return false;
    }
    for (unsigned r = 0; r < a->rules; r++) {
        if (s.rules[r].place >= a->text_size ||
            s.rules[r].what >= a->text_size) {
            return false;
        }
    }
    *ret = s;
    return true;
}

static bool is_whole(const struct file *f)
{
    struct section s;

    if (f->size < sizeof(*f->head) ||
        memcmp(f->head->magic, RE_STATS_MAGIC, 8) != 0 ||
        f->head->section_count > RE_STATS_SECTIONS) {
        return false;
    }
    for (unsigned i = 0; i < f->head->section_count; i++) {
        if (!section_at(f, i, &s)) {
            return false;
        }
    }
    return true;
}

/* False after a complaint. The bytes are a copy: a program may still be
 * counting, and what has been checked must stay so. */
static bool load(struct file *f, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    char *bytes = NULL;

    *f = (struct file) { 0 };
    if (fd < 0 || fstat(fd, &st) < 0) {
        fprintf(stderr, "qemu-policy stats: %s: %s\n", path, strerror(errno));
        return false;
    }
    if (S_ISREG(st.st_mode) && st.st_size > 0 && st.st_size < 1 << 30 &&
        (bytes = malloc(st.st_size)) &&
        pread(fd, bytes, st.st_size, 0) == st.st_size) {
        f->bytes = bytes;
        f->size = st.st_size;
        f->head = (const void *)bytes;
    }
    close(fd);
    if (!f->bytes || !is_whole(f)) {
        fprintf(stderr, "qemu-policy stats: %s is no file of --policy-stats\n",
                path);
        free(bytes);
        return false;
    }
    return true;
}

/* --- rows -------------------------------------------------------------- */

/* Plain numbers, once read. */
struct row {
    char name[80];
    uint64_t calls, refused, emulated, errors, in, out, time, longest;
};

static struct row row_of(const struct section *s, unsigned slot)
{
    const struct re_stats_slot *c = &s->slots[slot];
    const char *name = slot < s->about->slots ?
        st_slot_name(s->target, slot) : NULL;
    struct row row = {
        .calls = c->calls, .refused = c->refused, .emulated = c->emulated,
        .errors = c->errors, .in = c->bytes_in, .out = c->bytes_out,
        .time = c->time, .longest = c->longest,
    };

    if (name) {
        snprintf(row.name, sizeof(row.name), "%s", name);
    } else if (slot < s->about->slots) {
        snprintf(row.name, sizeof(row.name), "(%d)",
                 st_number_of_slot(s->target, slot));
    } else {
        snprintf(row.name, sizeof(row.name), "(unknown numbers)");
    }
    return row;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct row *)a)->name, ((const struct row *)b)->name);
}

#define BY(key) \
    static int by_##key(const void *a, const void *b) \
    { \
        const struct row *x = a, *y = b; \
        return x->key != y->key ? (x->key < y->key ? 1 : -1) : \
            x->calls != y->calls ? (x->calls < y->calls ? 1 : -1) : \
            by_name(a, b); \
    }

BY(time)
BY(calls)
BY(errors)
BY(refused)

static const struct {
    const char *key;
    int (*order)(const void *, const void *);
} orders[] = {
    { "time", by_time }, { "calls", by_calls }, { "errors", by_errors },
    { "refused", by_refused }, { "name", by_name },
};

/* Of the calls that were made; the caller's to free. */
static struct row *rows_of(const struct section *s, unsigned *ret_count)
{
    struct row *rows = calloc(s->about->slots + 1, sizeof(*rows));
    unsigned n = 0;

    for (unsigned i = 0; rows && i <= s->about->slots; i++) {
        if (s->slots[i].calls > 0) {
            rows[n++] = row_of(s, i);
        }
    }
    *ret_count = n;
    return rows;
}

/* --- text -------------------------------------------------------------- */

/* "1.2 MB" */
static const char *amount(uint64_t n, char buf[16])
{
    static const char units[][4] = { "B", "kB", "MB", "GB", "TB", "PB" };
    double value = n;
    unsigned unit = 0;

    while (value >= 1000 && unit < 5) {
        value /= 1000;
        unit++;
    }
    snprintf(buf, 16, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
    return buf;
}

static void print_row(const struct row *r, uint64_t all_time)
{
    char in[16], out[16];

    printf("%6.2f %11.6f %10.1f %10.1f %9" PRIu64 " %8" PRIu64 " %8" PRIu64
           " %9s %9s  %s\n", all_time ? 100.0 * r->time / all_time : 0.0,
           r->time / 1e9, r->calls ? r->time / 1e3 / r->calls : 0.0,
           r->longest / 1e3, r->calls, r->errors, r->refused,
           r->in ? amount(r->in, in) : "", r->out ? amount(r->out, out) : "",
           r->name);
}

static void print_calls(const struct section *s,
                        int (*order)(const void *, const void *))
{
    struct row sum = { .name = "total" };
    unsigned count;
    struct row *rows = rows_of(s, &count);

    for (unsigned i = 0; rows && i < count; i++) {
        sum.calls += rows[i].calls;
        sum.refused += rows[i].refused;
        sum.errors += rows[i].errors;
        sum.in += rows[i].in;
        sum.out += rows[i].out;
        sum.time += rows[i].time;
        sum.longest = rows[i].longest > sum.longest ? rows[i].longest :
            sum.longest;
    }
    printf("\n%s\n%6s %11s %10s %10s %9s %8s %8s %9s %9s  %s\n",
           s->about->target, "% time", "seconds", "us/call", "longest",
           "calls", "errors", "refused", "in", "out", "call");
    if (rows) {
        qsort(rows, count, sizeof(*rows), order);
    }
    for (unsigned i = 0; rows && i < count; i++) {
        print_row(&rows[i], sum.time);
    }
    print_row(&sum, sum.time);
    free(rows);
}

static void print_rules(const struct section *s)
{
    unsigned never = 0;

    printf("\n%11s  rule\n", "decided");
    for (unsigned i = 0; i < s->about->rules; i++) {
        const struct re_stats_rule *r = &s->rules[i];

        if (r->hits == 0) {
            never++;
            continue;
        }
        printf("%11" PRIu64 "  %s  %s\n", r->hits, s->text + r->place,
               s->text + r->what);
    }
    if (never) {
        printf("\n%11s  these rules have decided nothing\n", "never");
    }
    for (unsigned i = 0; never && i < s->about->rules; i++) {
        const struct re_stats_rule *r = &s->rules[i];

        if (r->hits == 0) {
            printf("%11s  %s  %s\n", "-", s->text + r->place,
                   s->text + r->what);
        }
    }
}

static const char *local_time(int64_t seconds, char buf[32])
{
    time_t t = seconds;
    struct tm tm;

    if (!localtime_r(&t, &tm) ||
        strftime(buf, 32, "%Y-%m-%d %H:%M:%S", &tm) == 0) {
        snprintf(buf, 32, "?");
    }
    return buf;
}

static void print_text(const struct file *f,
                       int (*order)(const void *, const void *))
{
    char when[32];

    printf("since %s, %" PRIu64 " program%s\n",
           local_time(f->head->started, when), f->head->images,
           f->head->images == 1 ? "" : "s");
    for (unsigned i = 0; i < f->head->section_count; i++) {
        struct section s;

        if (section_at(f, i, &s)) {
            print_calls(&s, order);
            print_rules(&s);
        }
    }
}

/* --- JSON -------------------------------------------------------------- */

static void put(struct json_object *o, const char *key, uint64_t n)
{
    json_object_object_add(o, key, json_object_new_uint64(n));
}

static void put_string(struct json_object *o, const char *key, const char *s)
{
    json_object_object_add(o, key, json_object_new_string(s));
}

static struct json_object *json_call(const struct row *r)
{
    struct json_object *o = json_object_new_object();

    put_string(o, "syscall", r->name);
    put(o, "calls", r->calls);
    put(o, "refused", r->refused);
    put(o, "emulated", r->emulated);
    put(o, "errors", r->errors);
    put(o, "bytes_in", r->in);
    put(o, "bytes_out", r->out);
    put(o, "time_ns", r->time);
    put(o, "longest_ns", r->longest);
    return o;
}

static struct json_object *json_section(const struct section *s,
                                        int (*order)(const void *,
                                                     const void *))
{
    struct json_object *o = json_object_new_object();
    struct json_object *calls = json_object_new_array();
    struct json_object *rules = json_object_new_array();
    unsigned count;
    struct row *rows = rows_of(s, &count);

    put_string(o, "target", s->about->target);
    if (rows) {
        qsort(rows, count, sizeof(*rows), order);
    }
    for (unsigned i = 0; rows && i < count; i++) {
        json_object_array_add(calls, json_call(&rows[i]));
    }
    for (unsigned i = 0; i < s->about->rules; i++) {
        struct json_object *rule = json_object_new_object();

        put_string(rule, "rule", s->text + s->rules[i].place);
        put_string(rule, "text", s->text + s->rules[i].what);
        put(rule, "decided", s->rules[i].hits);
        json_object_array_add(rules, rule);
    }
    json_object_object_add(o, "syscalls", calls);
    json_object_object_add(o, "rules", rules);
    free(rows);
    return o;
}

static void print_json(const struct file *f,
                       int (*order)(const void *, const void *))
{
    struct json_object *all = json_object_new_object();
    struct json_object *targets = json_object_new_array();

    put(all, "v", 1);
    put(all, "started", f->head->started);
    put(all, "programs", f->head->images);
    for (unsigned i = 0; i < f->head->section_count; i++) {
        struct section s;

        if (section_at(f, i, &s)) {
            json_object_array_add(targets, json_section(&s, order));
        }
    }
    json_object_object_add(all, "targets", targets);
    puts(json_object_to_json_string_ext(all, JSON_C_TO_STRING_PRETTY |
                                        JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(all);
}

/* ----------------------------------------------------------------------- */

static int run_stats(int argc, char **argv)
{
    static const struct option options[] = {
        { "json", no_argument, NULL, 'j' },
        { "sort", required_argument, NULL, 's' },
        { NULL, 0, NULL, 0 },
    };
    int (*order)(const void *, const void *) = by_time;
    bool json = false;
    struct file f;
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'j') {
            json = true;
        } else if (c == 's') {
            order = NULL;
            for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
                order = strcmp(orders[i].key, optarg) == 0 ? orders[i].order :
                    order;
            }
            if (!order) {
                return policy_usage(&policy_stats, "cannot sort by \"%s\"",
                                    optarg);
            }
        } else {
            return policy_bad_option(&policy_stats, argv);
        }
    }
    if (optind != argc - 1) {
        return policy_usage(&policy_stats, "one file is needed");
    }
    if (!load(&f, argv[optind])) {
        return POLICY_WRONG;
    }
    (json ? print_json : print_text)(&f, order);
    free((void *)f.bytes);
    return POLICY_FINE;
}

const struct policy_command policy_stats = {
    .name = "stats",
    .summary = "how often and how long each call and each rule",
    .help = help,
    .run = run_stats,
};
