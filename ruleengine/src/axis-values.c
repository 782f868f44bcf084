/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The values at which tests change their answers. Those of integers without
 * masks, of masks compared with constants, of "==" and "under" and of addresses
 * are all that there are; where that is not so, it is said why.
 */
#include "axis.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "form.h"
#include "match.h"

enum {
    CLASSES_MAX = 64,
    CLASSES_ALL = 10,       /* up to here all combinations are tried */
    CLASSES_THREE = 7,      /* ... and partly set classes, too */
};

/* The values of one axis in the making. */
struct maker {
    const struct re_axis *axis;
    const struct re_test *const *tests;
    size_t count;
    struct re_axis_values *to;
    bool asks_family;       /* some test asks for an address' family */
};

static int add(struct maker *m, const struct re_axis_value *value,
               const char *text)
{
    struct re_axis_values *to = m->to;
    struct re_axis_value copy = *value;

    if (to->count == RE_VALUES_MAX) {
        to->unsure |= RE_UNSURE_MANY;
        return 0;
    }
    if (to->count == to->room) {
        size_t room = to->room ? to->room * 2 : 16;
        void *more = reallocarray(to->items, room, sizeof(*to->items));

        if (!more) {
            return -ENOMEM;
        }
        to->items = more;
        to->room = room;
    }
    copy.text = text ? strdup(text) : NULL;
    if (text && !copy.text) {
        return -ENOMEM;
    }
    to->items[to->count++] = copy;
    return 0;
}

/* --- numbers ------------------------------------------------------------- */

static int add_number(struct maker *m, uint64_t number)
{
    unsigned unused = 64 - m->axis->width;
    struct re_axis_value value;

    number <<= unused;
    value = (struct re_axis_value) {
        .number = m->axis->is_signed ?
            (uint64_t)((int64_t)number >> unused) : number >> unused,
    };
    return add(m, &value, NULL);
}

static int by_number(const void *a, const void *b)
{
    const struct re_axis_value *x = a, *y = b;

    return (x->number > y->number) - (x->number < y->number);
}

/* Each number once. */
static void sort_numbers(struct re_axis_values *v)
{
    size_t kept = 0;

    if (v->count == 0) {
        return;                 /* there may be no array */
    }
    qsort(v->items, v->count, sizeof(*v->items), by_number);
    for (size_t i = 0; i < v->count; i++) {
        if (kept == 0 || v->items[kept - 1].number != v->items[i].number) {
            v->items[kept++] = v->items[i];
        }
    }
    v->count = kept;
}

/* Where a range begins and ends, and what lies beyond. */
static int add_ends(struct maker *m, const struct re_test *t)
{
    const uint64_t values[] = {
        t->low, t->low + t->span, t->low + t->span + 1, t->low - 1,
    };
    int err = 0;

    for (unsigned i = 0; i < 4 && !err; i++) {
        err = add_number(m, values[i]);
    }
    return err;
}

/* --- masks --------------------------------------------------------------- */

/* Bits that no mask and no constant tells apart. */
struct classes {
    uint64_t bits[CLASSES_MAX];
    unsigned count;
    bool masked;            /* there is a mask at all */
};

static void split(struct classes *c, uint64_t bits)
{
    unsigned count = c->count;

    for (unsigned i = 0; i < count; i++) {
        uint64_t in = c->bits[i] & bits, out = c->bits[i] & ~bits;

        if (in && out) {
            c->bits[i] = in;
            c->bits[c->count++] = out;      /* at most one for each bit */
        }
    }
}

static void find_classes(struct maker *m, struct classes *c)
{
    unsigned width = m->axis->width;
    uint64_t all = width < 64 ? (UINT64_C(1) << width) - 1 : UINT64_MAX;
    bool ranges = false;

    *c = (struct classes) { .bits = { all }, .count = 1 };
    for (size_t i = 0; i < m->count; i++) {
        const struct re_test *t = m->tests[i];

        if (t->op == RE_TEST_FACT_RANGE) {
            split(c, t->form->o_accmode);
            split(c, 1);
            split(c, t->form->o_creat | t->form->o_trunc);
            c->masked = true;
            continue;
        }
        c->masked |= (t->mask & all) != all;
        split(c, t->mask);
        if (t->low == 1 && t->span == UINT64_MAX - 1) {
            continue;                       /* "flags & X" alone */
        }
        ranges |= t->span != 0;
        split(c, t->low);
    }
    if (c->masked && ranges) {
        m->to->unsure |= RE_UNSURE_MASKS;
    }
}

/* "n" in base 2 or 3: which classes are set, and (2) which in part. */
static uint64_t combine(const struct classes *c, uint64_t n, unsigned base)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < c->count; i++, n /= base) {
        value |= n % base == 1 ? c->bits[i] :
            n % base == 2 ? c->bits[i] & -c->bits[i] : 0;
    }
    return value;
}

static int add_pairs(struct maker *m, const struct classes *c)
{
    int err = 0;

    for (unsigned i = 0; i < c->count && !err; i++) {
        err = add_number(m, c->bits[i]);
        for (unsigned j = 0; j < i && !err; j++) {
            err = add_number(m, c->bits[i] | c->bits[j]);
        }
    }
    return err;
}

static int add_classes(struct maker *m)
{
    unsigned base;
    uint64_t count = 1;
    struct classes c;
    int err = 0;

    find_classes(m, &c);
    if (!c.masked) {
        return 0;
    }
    base = c.count <= CLASSES_THREE ? 3 : 2;
    if (base == 2) {
        m->to->unsure |= RE_UNSURE_MASKS;
    }
    if (c.count > CLASSES_ALL) {
        return add_pairs(m, &c);
    }
    for (unsigned i = 0; i < c.count; i++) {
        count *= base;
    }
    for (uint64_t n = 0; n < count && !err; n++) {
        err = add_number(m, combine(&c, n, base));
    }
    return err;
}

static int add_numbers(struct maker *m)
{
    int err = add_number(m, 0);

    for (size_t i = 0; i < m->count && !err; i++) {
        if (m->tests[i]->op != RE_TEST_FACT_RANGE ||
            m->axis->kind == RE_AXIS_PORT) {
            err = add_ends(m, m->tests[i]);
        }
    }
    if (!err && m->axis->kind != RE_AXIS_PORT) {
        err = add_classes(m);
    }
    sort_numbers(m->to);
    return err;
}

/* --- texts --------------------------------------------------------------- */

static bool has_component(const struct maker *m, const char *name)
{
    for (size_t i = 0; i < m->count; i++) {
        const struct re_test *t = m->tests[i];

        if (t->op >= RE_TEST_TEXT_EQUAL && t->op <= RE_TEST_TEXT_LIKE &&
            strstr(t->text->chars, name)) {
            return true;
        }
    }
    return false;
}

/* Of "==" and "under": every path is like its longest ancestor among them, or
 * like something below that. */
static int add_texts(struct maker *m, const struct re_axis_value *like)
{
    char name[64] = "/x", text[RE_PATH_MAX + 80];
    int err;

    while (has_component(m, name) && strlen(name) + 1 < sizeof(name)) {
        strcat(name, "x");
    }
    err = add(m, like, name);
    for (size_t i = 0; i < m->count && !err; i++) {
        const struct re_test *t = m->tests[i];

        if (t->op == RE_TEST_TEXT_LIKE) {
            m->to->unsure |= RE_UNSURE_PATTERNS;
            re_glob_instance(t->text, text, sizeof(text));
            err = add(m, like, text);
        } else if (t->op == RE_TEST_TEXT_EQUAL ||
                   t->op == RE_TEST_TEXT_UNDER) {
            err = add(m, like, t->text->chars);
            snprintf(text, sizeof(text), "%s%s", t->text->len == 1 ? "" :
                     t->text->chars, name);
            err = err ? err : add(m, like, text);
        }
    }
    return err;
}

/* --- addresses ----------------------------------------------------------- */

static void move(unsigned char ip[16], int by)
{
    for (unsigned i = 16; i-- > 0;) {
        ip[i] += by;
        if (ip[i] != (by > 0 ? 0 : 255)) {
            return;
        }
    }
}

static bool is_mapped(const unsigned char ip[16])
{
    static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

    return memcmp(ip, mapped, sizeof(mapped)) == 0;
}

static bool asks_family(const struct maker *m)
{
    for (size_t i = 0; i < m->count; i++) {
        if (m->tests[i]->op == RE_TEST_FACT_RANGE &&
            m->tests[i]->reg == RE_NUMBER_FAMILY) {
            return true;
        }
    }
    return false;
}

/* As IPv4; as IPv6 where it is none, or where that makes a difference. */
static int add_ip(struct maker *m, const unsigned char ip[16])
{
    struct re_axis_value v = { .number = AF_INET6, .has_ip = true };
    int err = 0;

    memcpy(v.ip, ip, sizeof(v.ip));
    if (is_mapped(ip)) {
        v.number = AF_INET;
        err = add(m, &v, NULL);
        v.number = AF_INET6;
    }
    return err || (is_mapped(ip) && !m->asks_family) ? err :
        add(m, &v, NULL);
}

/* Networks are ranges: their ends, and what lies beyond these. */
static int add_network(struct maker *m, const struct re_network *n)
{
    unsigned char first[16], last[16];
    int err;

    memcpy(first, n->ip, 16);
    memcpy(last, n->ip, 16);
    for (unsigned bit = n->bits; bit < 128; bit++) {
        last[bit / 8] |= 0x80 >> bit % 8;
    }
    err = add_ip(m, first);
    err = err ? err : add_ip(m, last);
    move(first, -1);
    move(last, 1);
    err = err ? err : add_ip(m, first);
    return err ? err : add_ip(m, last);
}

static int add_families(struct maker *m, const struct re_test *t)
{
    const uint16_t families[] = {
        t->low, t->low + t->span, t->low + t->span + 1, t->low - 1,
    };
    int err = 0;

    for (unsigned i = 0; i < 4 && !err; i++) {
        const struct re_axis_value v = { .number = families[i] };

        if (v.number != AF_INET && v.number != AF_INET6 &&
            v.number != AF_UNIX) {
            err = add(m, &v, NULL);
        }
    }
    return err;
}

static int by_address(const void *a, const void *b)
{
    const struct re_axis_value *x = a, *y = b;
    int order = memcmp(x->ip, y->ip, sizeof(x->ip));

    return order ? order : (x->number > y->number) - (x->number < y->number);
}

/* Each address once, while there is nothing else. */
static void sort_addresses(struct re_axis_values *v)
{
    size_t kept = 0;

    qsort(v->items, v->count, sizeof(*v->items), by_address);
    for (size_t i = 0; i < v->count; i++) {
        if (kept == 0 || by_address(&v->items[kept - 1], &v->items[i]) != 0) {
            v->items[kept++] = v->items[i];
        }
    }
    v->count = kept;
}

static int add_addresses(struct maker *m)
{
    static const unsigned char v4[16] = {
        [10] = 0xff, [11] = 0xff, 192, 0, 2, 1,
    };
    static const unsigned char v6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 };
    const struct re_axis_value local = { .number = AF_UNIX };
    const struct re_axis_value none = { .number = AF_UNSPEC };
    int err;

    m->asks_family = asks_family(m);
    err = add_ip(m, v4);
    err = err ? err : add_ip(m, v6);
    for (size_t i = 0; i < m->count && !err; i++) {
        const struct re_test *t = m->tests[i];

        if (t->op == RE_TEST_NETWORK) {
            err = add_network(m, t->network);
        } else if (t->op == RE_TEST_FACT_RANGE && t->reg == RE_NUMBER_FAMILY) {
            err = add_families(m, t);
        }
    }
    sort_addresses(m->to);
    err = err ? err : add_texts(m, &local);
    err = err ? err : add(m, &local, NULL);
    return err ? err : add(m, &none, NULL);
}

/* --- all of them --------------------------------------------------------- */

int re_axes_values(const struct re_axes *axes, size_t axis,
                   const struct re_test *const *tests, size_t count,
                   struct re_axis_values *ret)
{
    static const struct re_axis_value none;
    struct maker m = {
        .axis = &axes->items[axis], .tests = tests, .count = count, .to = ret,
    };
    int err = 0;

    *ret = (struct re_axis_values) { 0 };
    switch (m.axis->kind) {
    case RE_AXIS_ARG:
    case RE_AXIS_WORD:
    case RE_AXIS_PORT:
        err = add_numbers(&m);
        break;
    case RE_AXIS_FDPATH:                /* a descriptor may have none */
        err = add_texts(&m, &none);
        err = err ? err : add(&m, &none, "");
        break;
    case RE_AXIS_PATH:
    case RE_AXIS_PATH2:
        err = add_texts(&m, &none);
        break;
    case RE_AXIS_ADDRESS:
        err = add_addresses(&m);
        break;
    case RE_AXIS_KINDS:
        break;
    }
    if (err) {
        re_axis_values_free(ret);
    }
    return err;
}

void re_axis_values_free(struct re_axis_values *values)
{
    for (size_t i = 0; i < values->count; i++) {
        free(values->items[i].text);
    }
    free(values->items);
    *values = (struct re_axis_values) { 0 };
}
