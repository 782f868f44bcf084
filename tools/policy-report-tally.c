/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counting by key in bounded memory. */
#include "policy-report.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void report_tally_init(struct report_tally *t, size_t capacity)
{
    *t = (struct report_tally) { .capacity = capacity, .size = 64 };
    t->slots = policy_need(calloc(t->size, sizeof(*t->slots)));
    if (getrandom(&t->seed, sizeof(t->seed), GRND_NONBLOCK) < 0) {
        t->seed = (uintptr_t)t->slots;
    }
}

static void free_entry(struct report_entry *e)
{
    free(e->key);
    free(e->note);
    free(e);
}

void report_tally_free(struct report_tally *t)
{
    for (size_t i = 0; t->slots && i < t->size; i++) {
        if (t->slots[i]) {
            free_entry(t->slots[i]);
        }
    }
    free(t->slots);
    *t = (struct report_tally) { 0 };
}

/* 8 bytes at a time: multiply and fold. Guests choose the keys; the seed, which
 * is new for each run, keeps them from choosing ones that collide. */
static uint64_t hash_of(uint64_t seed, const char *key, size_t len)
{
    const uint64_t factor = UINT64_C(0x9e3779b97f4a7c15);
    uint64_t h = seed ^ len * factor, word;

    for (; len >= 8; key += 8, len -= 8) {
        memcpy(&word, key, 8);
        h = (h ^ word) * factor;
        h ^= h >> 32;
    }
    word = 0;
    memcpy(&word, key, len);
    h = (h ^ word) * factor;
    return h ^ h >> 29;
}

/* The slot that holds the key, or the empty one where it belongs. */
static size_t find(const struct report_tally *t, const char *key, size_t len,
                   uint64_t hash)
{
    size_t i = hash & (t->size - 1);

    while (t->slots[i] &&
           (t->slots[i]->hash != hash || t->slots[i]->len != len ||
            memcmp(t->slots[i]->key, key, len) != 0)) {
        i = (i + 1) & (t->size - 1);
    }
    return i;
}

static void place(struct report_tally *t, struct report_entry *e)
{
    t->slots[find(t, e->key, e->len, e->hash)] = e;
}

static void rebuild(struct report_tally *t, size_t size)
{
    struct report_entry **old = t->slots;
    size_t old_size = t->size;

    t->slots = policy_need(calloc(size, sizeof(*t->slots)));
    t->size = size;
    for (size_t i = 0; i < old_size; i++) {
        if (old[i]) {
            place(t, old[i]);
        }
    }
    free(old);
}

static int more_first(const void *a, const void *b)
{
    const struct report_entry *x = *(struct report_entry *const *)a;
    const struct report_entry *y = *(struct report_entry *const *)b;
    size_t shorter = x->len < y->len ? x->len : y->len;
    int order;

    if (x->count != y->count) {
        return x->count > y->count ? -1 : 1;
    }
    order = memcmp(x->key, y->key, shorter);
    return order ? order : (x->len > y->len) - (x->len < y->len);
}

struct report_entry **report_tally_sorted(const struct report_tally *t)
{
    struct report_entry **list = policy_need(calloc(t->count + 1,
                                                    sizeof(*list)));
    size_t n = 0;

    for (size_t i = 0; i < t->size; i++) {
        if (t->slots[i]) {
            list[n++] = t->slots[i];
        }
    }
    qsort(list, n, sizeof(*list), more_first);
    return list;
}

static int by_count(const void *a, const void *b)
{
    const struct report_entry *x = *(struct report_entry *const *)a;
    const struct report_entry *y = *(struct report_entry *const *)b;

    /* Those that were seen last stay: they may be about to become frequent. */
    return x->count != y->count ? (x->count > y->count ? -1 : 1) :
        (x->last < y->last) - (x->last > y->last);
}

static void drop_rarer_half(struct report_tally *t)
{
    struct report_entry **list = policy_need(calloc(t->count + 1,
                                                    sizeof(*list)));
    size_t n = 0, keep = t->capacity / 2;

    for (size_t i = 0; i < t->size; i++) {
        if (t->slots[i]) {
            list[n++] = t->slots[i];
        }
        t->slots[i] = NULL;
    }
    qsort(list, n, sizeof(*list), by_count);
    for (size_t i = 0; i < n; i++) {
        struct report_entry *e = list[i];

        if (i < keep) {
            place(t, e);
            continue;
        }
        t->dropped += e->count;
        if (t->slack < e->count + e->missing) {
            t->slack = e->count + e->missing;
        }
        free_entry(e);
    }
    t->count = n < keep ? n : keep;
    free(list);
}

static struct report_entry *new_entry(struct report_tally *t, const char *key,
                                      size_t len, uint64_t hash)
{
    struct report_entry *e;

    if (t->count == t->capacity) {
        drop_rarer_half(t);
    } else if (2 * t->count >= t->size) {
        rebuild(t, 2 * t->size);
    }
    e = policy_need(calloc(1, sizeof(*e)));
    e->key = policy_need(malloc(len + 1));
    memcpy(e->key, key, len);
    e->key[len] = '\0';
    e->len = len;
    e->hash = hash;
    e->missing = t->slack;
    place(t, e);
    t->count++;
    return e;
}

struct report_entry *report_tally_add(struct report_tally *t, const char *key,
                                      size_t len, int64_t time,
                                      const struct report_clock *clock)
{
    uint64_t hash = hash_of(t->seed, key, len);
    struct report_entry *e = t->slots[find(t, key, len, hash)];
    uint32_t *bucket;

    if (!e) {
        e = new_entry(t, key, len, hash);
        e->first = e->last = time;
    }
    e->count++;
    if (time < e->first) {
        e->first = time;
    }
    if (time > e->last) {
        e->last = time;
    }
    bucket = &e->series[(time - clock->origin) / (8 * clock->width)];
    *bucket += *bucket < UINT32_MAX;
    return e;
}

void report_tally_move(struct report_tally *t, const struct report_clock *from,
                       const struct report_clock *to)
{
    for (size_t i = 0; i < t->size; i++) {
        if (t->slots[i]) {
            report_clock_move(from, to, t->slots[i]->series, REPORT_COARSE);
        }
    }
}
