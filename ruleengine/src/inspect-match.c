/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which rules two policies have in common, by what they compile to. Rules that
 * do the same and follow one on another are a run; within it their order makes
 * no difference. Runs are put side by side as in a comparison of texts; in two
 * runs that face each other, rules with the same condition are common.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "inspect-compare.h"

enum { CELLS_MAX = 4000000 };   /* of the table that puts runs side by side */

struct key {
    char *bytes;            /* the condition, the same for the same one */
    size_t len;
    unsigned index;         /* of the candidate */
};

struct run {
    size_t from, to;        /* keys */
    uint32_t id;            /* of the action */
    bool certain;           /* else it is one candidate */
};

struct runs {
    struct key *keys;
    size_t key_count;
    struct run *items;
    size_t count;
};

/* --- keys ---------------------------------------------------------------- */

static void put_test(FILE *out, const struct re_test *t)
{
    const uint64_t numbers[] = {
        t->op, t->reg, t->width, t->pair, t->is_signed, t->yes, t->no,
    };

    fwrite(numbers, sizeof(numbers), 1, out);
    switch (t->op) {
    case RE_TEST_RANGE:
    case RE_TEST_BLOCK:
        fwrite(&t->mask, sizeof(t->mask), 1, out);
        /* fall through */
    case RE_TEST_FACT_RANGE:        /* forms are the same for one slot */
        fwrite(&t->low, sizeof(t->low), 1, out);
        fwrite(&t->span, sizeof(t->span), 1, out);
        break;
    case RE_TEST_TEXT_EQUAL:
    case RE_TEST_TEXT_UNDER:
    case RE_TEST_TEXT_LIKE:
        fwrite(t->text->chars, t->text->len + 1, 1, out);
        break;
    case RE_TEST_NETWORK:
        fwrite(t->network->ip, sizeof(t->network->ip), 1, out);
        fwrite(&t->network->bits, sizeof(t->network->bits), 1, out);
        break;
    }
}

static int make_key(const struct re_side *side, unsigned i, struct key *ret)
{
    const struct re_candidate *c = &side->slot->candidates[i];
    FILE *out = open_memstream(&ret->bytes, &ret->len);

    if (!out) {
        return -ENOMEM;
    }
    if (c->device) {
        fwrite(&c->device_reg, sizeof(c->device_reg), 1, out);
    }
    for (unsigned t = 0; t < side->tests[i]; t++) {
        put_test(out, &c->tests[t]);
    }
    ret->index = i;
    return fclose(out) == 0 ? 0 : -ENOMEM;
}

static int by_key(const void *a, const void *b)
{
    const struct key *x = a, *y = b;
    int order = memcmp(x->bytes, y->bytes, x->len < y->len ? x->len : y->len);

    return order ? order : (x->len > y->len) - (x->len < y->len);
}

/* --- runs ---------------------------------------------------------------- */

static int make_runs(const struct re_side *side, struct runs *r)
{
    size_t count = side->slot->count;

    r->keys = calloc(count, sizeof(*r->keys));
    r->items = calloc(count, sizeof(*r->items));
    if (!r->keys || !r->items) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        bool certain = re_candidate_is_certain(&side->slot->candidates[i]);
        struct run *last = r->count ? &r->items[r->count - 1] : NULL;

        if (make_key(side, i, &r->keys[i]) < 0) {
            return -ENOMEM;
        }
        r->key_count++;
        if (!last || !certain || !last->certain || last->id != side->ids[i]) {
            last = &r->items[r->count++];
            *last = (struct run) {
                .from = i, .id = side->ids[i], .certain = certain,
            };
        }
        last->to = i + 1;
    }
    for (size_t i = 0; i < r->count; i++) {
        qsort(r->keys + r->items[i].from, r->items[i].to - r->items[i].from,
              sizeof(*r->keys), by_key);
    }
    return 0;
}

static void free_runs(struct runs *r)
{
    for (size_t i = 0; i < r->key_count; i++) {
        free(r->keys[i].bytes);
    }
    free(r->keys);
    free(r->items);
}

/* Whether two runs can face each other. */
static bool fits(const struct runs r[2], size_t a, size_t b)
{
    const struct run *x = &r[0].items[a], *y = &r[1].items[b];

    return x->id == y->id && x->certain == y->certain &&
        (x->certain || by_key(&r[0].keys[x->from], &r[1].keys[y->from]) == 0);
}

/* Those with the same condition are nobody's own. */
static void face(struct re_side sides[2], const struct runs r[2], size_t a,
                 size_t b)
{
    const struct run *x = &r[0].items[a], *y = &r[1].items[b];
    size_t i = x->from, j = y->from;

    while (i < x->to && j < y->to) {
        const struct key *k = &r[0].keys[i], *l = &r[1].keys[j];
        int order = by_key(k, l);

        if (order < 0) {
            i++;
        } else if (order > 0) {
            j++;
        } else {
            for (; i < x->to && by_key(&r[0].keys[i], l) == 0; i++) {
                sides[0].own[r[0].keys[i].index] = false;
            }
            k = &r[0].keys[i - 1];
            for (; j < y->to && by_key(k, &r[1].keys[j]) == 0; j++) {
                sides[1].own[r[1].keys[j].index] = false;
            }
        }
    }
}

/* The longest common sequence of runs, between "from" and "to" of each side.
 * Where that would take too long, none of them is taken as common. */
static int align(struct re_side sides[2], const struct runs r[2], size_t from,
                 const size_t to[2])
{
    size_t rows = to[0] - from, columns = to[1] - from, i = 0, j = 0;
    uint32_t *longest;

    if (rows == 0 || columns == 0 ||
        (rows + 1) > CELLS_MAX / (columns + 1)) {
        return 0;
    }
    longest = calloc((rows + 1) * (columns + 1), sizeof(*longest));
    if (!longest) {
        return -ENOMEM;
    }
#define CELL(a, b) longest[(a) * (columns + 1) + (b)]
    for (size_t a = rows; a-- > 0;) {
        for (size_t b = columns; b-- > 0;) {
            uint32_t down = CELL(a + 1, b), right = CELL(a, b + 1);

            CELL(a, b) = fits(r, from + a, from + b) ?
                CELL(a + 1, b + 1) + 1 : down > right ? down : right;
        }
    }
    while (i < rows && j < columns) {
        if (fits(r, from + i, from + j)) {
            face(sides, r, from + i++, from + j++);
        } else if (CELL(i + 1, j) >= CELL(i, j + 1)) {
            i++;
        } else {
            j++;
        }
    }
#undef CELL
    free(longest);
    return 0;
}

ssize_t re_sides_match(struct re_side sides[2])
{
    struct runs r[2] = { 0 };
    size_t from = 0, to[2], own = 0;
    int err = make_runs(&sides[0], &r[0]);

    err = err ? err : make_runs(&sides[1], &r[1]);
    if (!err) {
        to[0] = r[0].count;
        to[1] = r[1].count;
        while (from < to[0] && from < to[1] && fits(r, from, from)) {
            face(sides, r, from, from);
            from++;
        }
        while (from < to[0] && from < to[1] &&
               fits(r, to[0] - 1, to[1] - 1)) {
            face(sides, r, --to[0], --to[1]);
        }
        err = align(sides, r, from, to);
    }
    for (unsigned i = 0; i < 2; i++) {
        free_runs(&r[i]);
        for (unsigned j = 0; j < sides[i].slot->count; j++) {
            own += sides[i].own[j];
        }
    }
    return err ? err : (ssize_t)own;
}
