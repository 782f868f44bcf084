/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "axis.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    VALUES_MAX = 20000,     /* on one axis, before alike ones are dropped */
    CLASSES_MAX = 64,
    CLASSES_ALL = 10,       /* up to here all combinations are tried */
    CLASSES_THREE = 7,      /* ... and partly set classes, too */
};

/* --- axes ------------------------------------------------------------------ */

int re_axes_init(struct re_axes *axes, const struct st_target *target,
                 int slot)
{
    *axes = (struct re_axes) {
        .target = target, .slot = slot, .complete = true,
        .facts = calloc(1, sizeof(*axes->facts)),
        .made = RE_FACT_PATH | RE_FACT_PATH2 | RE_FACT_ADDRESS |
            RE_FACT_UNIX | RE_FACT_ACCESS | RE_FACT_FDPATH | RE_FACT_BLOCK,
    };
    if (!axes->facts) {
        return -ENOMEM;
    }
    axes->facts->target = target;
    axes->facts->args = axes->regs;
    return 0;
}

void re_axes_free(struct re_axes *axes)
{
    for (size_t i = 0; i < axes->count; i++) {
        struct re_axis *axis = &axes->items[i];

        for (size_t j = 0; j < axis->count; j++) {
            free(axis->values[j].text);
        }
        free(axis->values);
        free(axis->tests);
    }
    free(axes->facts);
}

/* What a test asks about; false: nothing that varies. */
static bool axis_of(struct re_axes *axes, const struct re_test *t,
                    struct re_axis *ret)
{
    static const enum re_axis_kind subjects[] = {
        [RE_SUBJECT_PATH] = RE_AXIS_PATH, [RE_SUBJECT_PATH2] = RE_AXIS_PATH2,
        [RE_SUBJECT_UNIX] = RE_AXIS_ADDRESS,
        [RE_SUBJECT_FDPATH] = RE_AXIS_FDPATH,
    };

    *ret = (struct re_axis) { .kind = RE_AXIS_ADDRESS, .width = 64 };
    switch (t->op) {
    case RE_TEST_RANGE:
    case RE_TEST_BLOCK:
        ret->kind = t->op == RE_TEST_RANGE ? RE_AXIS_ARG : RE_AXIS_WORD;
        ret->reg = t->reg;
        ret->width = t->width;
        ret->pair = t->pair;
        ret->is_signed = t->is_signed;
        return true;
    case RE_TEST_READ_BLOCK:
        axes->form = t->form;
        return false;
    case RE_TEST_FACT_RANGE:
        if (t->reg != RE_NUMBER_ACCESS) {
            return true;
        }
        axes->opens = t->form;
        if (t->form->open == RE_OPEN_HOW_MEMORY) {
            ret->kind = RE_AXIS_WORD;
            return true;
        }
        axes->made &= ~RE_FACT_ACCESS;
        ret->kind = RE_AXIS_ARG;
        ret->width = 32;
        ret->reg = t->form->open == RE_OPEN_FLAGS ? t->form->open_reg : 0;
        return t->form->open == RE_OPEN_FLAGS;
    case RE_TEST_NETWORK:
        return true;
    default:
        ret->kind = subjects[t->reg];
        return true;
    }
}

static int add_test(struct re_axes *axes, const struct re_test *test)
{
    struct re_axis key, *axis = NULL;
    void *more;

    if (!axis_of(axes, test, &key)) {
        return 0;
    }
    for (size_t i = 0; i < axes->count && !axis; i++) {
        if (axes->items[i].kind == key.kind && axes->items[i].reg == key.reg) {
            axis = &axes->items[i];
        }
    }
    if (!axis) {
        if (axes->count == RE_AXES_MAX) {
            axes->complete = false;
            return 0;
        }
        axis = &axes->items[axes->count++];
        *axis = key;
    }
    if (axis->width < key.width) {
        axis->width = key.width;
        axis->is_signed = key.is_signed;
    }
    axis->pair = axis->pair ? axis->pair : key.pair;
    more = reallocarray(axis->tests, axis->test_count + 1,
                        sizeof(*axis->tests));
    if (!more) {
        return -ENOMEM;
    }
    axis->tests = more;
    axis->tests[axis->test_count++] = test;
    return 0;
}

int re_axes_add(struct re_axes *axes, const struct re_test *tests)
{
    size_t last = 0;
    int err = 0;

    /* Ways lead forward, and every test can be reached. */
    for (size_t i = 0; tests && i <= last && !err; i++) {
        uint16_t ways[2] = { tests[i].yes, tests[i].no };

        for (unsigned w = 0; w < 2; w++) {
            last = ways[w] < RE_COND_MAX && ways[w] > last ? ways[w] : last;
        }
        err = add_test(axes, &tests[i]);
    }
    return err;
}

/* --- values ---------------------------------------------------------------- */

static int add(struct re_axes *axes, struct re_axis *axis,
               const struct re_axis_value *value, const char *text)
{
    struct re_axis_value copy = *value;

    if (axis->count == VALUES_MAX) {
        axes->complete = false;
        return 0;
    }
    if (axis->count % 64 == 0) {
        void *more = reallocarray(axis->values, axis->count + 64,
                                  sizeof(*axis->values));

        if (!more) {
            return -ENOMEM;
        }
        axis->values = more;
    }
    copy.text = text ? strdup(text) : NULL;
    if (text && !copy.text) {
        return -ENOMEM;
    }
    axis->values[axis->count++] = copy;
    return 0;
}

static int add_number(struct re_axes *axes, struct re_axis *axis,
                      uint64_t number)
{
    unsigned unused = 64 - axis->width;
    struct re_axis_value value;

    number <<= unused;
    value = (struct re_axis_value) {
        .number = axis->is_signed ?
            (uint64_t)((int64_t)number >> unused) : number >> unused,
    };
    return add(axes, axis, &value, NULL);
}

/* --- masks ----------------------------------------------------------------- */

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

static void find_classes(struct re_axes *axes, const struct re_axis *axis,
                         struct classes *c)
{
    uint64_t all = axis->width < 64 ? (UINT64_C(1) << axis->width) - 1 :
        UINT64_MAX;
    bool ranges = false;

    *c = (struct classes) { .bits = { all }, .count = 1 };
    for (size_t i = 0; i < axis->test_count; i++) {
        const struct re_test *t = axis->tests[i];

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
        axes->complete = false;
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

static int add_classes(struct re_axes *axes, struct re_axis *axis)
{
    unsigned base = 2;
    uint64_t count = 1;
    struct classes c;
    int err = 0;

    find_classes(axes, axis, &c);
    if (!c.masked) {
        return 0;
    }
    if (c.count > CLASSES_ALL) {
        axes->complete = false;
        for (unsigned i = 0; i < c.count && !err; i++) {
            err = add_number(axes, axis, c.bits[i]);
            for (unsigned j = 0; j < i && !err; j++) {
                err = add_number(axes, axis, c.bits[i] | c.bits[j]);
            }
        }
        return err;
    }
    if (c.count <= CLASSES_THREE) {
        base = 3;
    } else {
        axes->complete = false;
    }
    for (unsigned i = 0; i < c.count; i++) {
        count *= base;
    }
    for (uint64_t n = 0; n < count && !err; n++) {
        err = add_number(axes, axis, combine(&c, n, base));
    }
    return err;
}

static int add_numbers(struct re_axes *axes, struct re_axis *axis)
{
    int err = add_number(axes, axis, 0);

    for (size_t i = 0; i < axis->test_count && !err; i++) {
        const struct re_test *t = axis->tests[i];
        const uint64_t values[] = {
            t->low, t->low + t->span, t->low + t->span + 1, t->low - 1,
        };

        if (t->op == RE_TEST_FACT_RANGE) {
            continue;
        }
        for (unsigned j = 0; j < 4 && !err; j++) {
            err = add_number(axes, axis, values[j]);
        }
    }
    return err ? err : add_classes(axes, axis);
}

/* --- texts ----------------------------------------------------------------- */

static bool has_component(const struct re_axis *axis, const char *name)
{
    for (size_t i = 0; i < axis->test_count; i++) {
        const struct re_test *t = axis->tests[i];

        if (t->op >= RE_TEST_TEXT_EQUAL && t->op <= RE_TEST_TEXT_LIKE &&
            strstr(t->text->chars, name)) {
            return true;
        }
    }
    return false;
}

/* A text that the pattern matches, if it has no sets. */
static void put_instance(char *buf, size_t size, const char *pattern)
{
    size_t len = 0;

    for (const char *p = pattern; *p && len + 2 < size; p++) {
        if (*p == '*') {
            buf[len++] = 'x';
            p += p[1] == '*';
        } else {
            p += *p == '\\' && p[1];
            buf[len++] = *p == '?' ? 'x' : *p;
        }
    }
    buf[len] = '\0';
}

/* Of "==" and "under": every path is like its longest ancestor among them, or
 * like something below that. */
static int add_texts(struct re_axes *axes, struct re_axis *axis,
                     const struct re_axis_value *like)
{
    char name[64] = "/x", text[RE_PATH_MAX + 80];
    int err;

    while (has_component(axis, name) && strlen(name) + 1 < sizeof(name)) {
        strcat(name, "x");
    }
    err = add(axes, axis, like, name);
    for (size_t i = 0; i < axis->test_count && !err; i++) {
        const struct re_test *t = axis->tests[i];

        if (t->op == RE_TEST_TEXT_LIKE) {
            axes->complete = false;
            put_instance(text, sizeof(text), t->text->chars);
            err = add(axes, axis, like, text);
        } else if (t->op == RE_TEST_TEXT_EQUAL ||
                   t->op == RE_TEST_TEXT_UNDER) {
            err = add(axes, axis, like, t->text->chars);
            snprintf(text, sizeof(text), "%s%s", t->text->len == 1 ? "" :
                     t->text->chars, name);
            err = err ? err : add(axes, axis, like, text);
        }
    }
    return err;
}

/* --- addresses ------------------------------------------------------------- */

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

/* The address with each port; as IPv4 and as IPv6 where it is both. */
static int add_ip(struct re_axes *axes, struct re_axis *axis,
                  const unsigned char ip[16])
{
    struct re_axis_value v = { .number = AF_INET6, .has_ip = true };
    int err = 0;

    memcpy(v.ip, ip, sizeof(v.ip));
    for (unsigned family = 0; family < 2 && !err; family++) {
        if (family == 0 && !is_mapped(ip)) {
            continue;
        }
        v.number = family == 0 ? AF_INET : AF_INET6;
        v.port = 80;
        err = add(axes, axis, &v, NULL);
        for (size_t i = 0; i < axis->test_count && !err; i++) {
            const struct re_test *t = axis->tests[i];
            const uint64_t ports[] = {
                t->low, t->low + t->span, t->low + t->span + 1, t->low - 1,
            };

            for (unsigned j = 0; j < 4 && !err &&
                 t->op == RE_TEST_FACT_RANGE && t->reg == RE_NUMBER_PORT;
                 j++) {
                v.port = ports[j];
                err = add(axes, axis, &v, NULL);
            }
        }
    }
    return err;
}

/* Networks are ranges: their ends, and what lies beyond these. */
static int add_network(struct re_axes *axes, struct re_axis *axis,
                       const struct re_network *n)
{
    unsigned char first[16], last[16];
    int err;

    memcpy(first, n->ip, 16);
    memcpy(last, n->ip, 16);
    for (unsigned bit = n->bits; bit < 128; bit++) {
        last[bit / 8] |= 0x80 >> bit % 8;
    }
    err = add_ip(axes, axis, first);
    err = err ? err : add_ip(axes, axis, last);
    move(first, -1);
    move(last, 1);
    err = err ? err : add_ip(axes, axis, first);
    return err ? err : add_ip(axes, axis, last);
}

static int add_family(struct re_axes *axes, struct re_axis *axis,
                      uint16_t family)
{
    const struct re_axis_value v = { .number = family };

    return family == AF_INET || family == AF_INET6 || family == AF_UNIX ? 0 :
        add(axes, axis, &v, NULL);
}

static int add_addresses(struct re_axes *axes, struct re_axis *axis)
{
    static const unsigned char v4[16] = {
        [10] = 0xff, [11] = 0xff, 192, 0, 2, 1,
    };
    static const unsigned char v6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 };
    const struct re_axis_value local = { .number = AF_UNIX };
    int err = add_ip(axes, axis, v4);

    err = err ? err : add_ip(axes, axis, v6);
    for (size_t i = 0; i < axis->test_count && !err; i++) {
        const struct re_test *t = axis->tests[i];
        const uint64_t families[] = {
            t->low, t->low + t->span, t->low + t->span + 1, t->low - 1,
        };

        if (t->op == RE_TEST_NETWORK) {
            err = add_network(axes, axis, t->network);
        }
        for (unsigned j = 0; j < 4 && !err &&
             t->op == RE_TEST_FACT_RANGE && t->reg == RE_NUMBER_FAMILY; j++) {
            err = add_family(axes, axis, families[j]);
        }
    }
    err = err ? err : add_texts(axes, axis, &local);
    err = err ? err : add(axes, axis, &local, NULL);
    return err ? err : add_family(axes, axis, AF_UNSPEC);
}

/* --- alike ----------------------------------------------------------------- */

/* How all tests of the axis answer at its value, as bytes of 0 and 1. */
static void answer(struct re_axes *axes, size_t axis, size_t value,
                   char *answers)
{
    const struct re_axis *a = &axes->items[axis];

    re_axes_set(axes, axis, value);
    for (size_t i = 0; i < a->test_count; i++) {
        struct re_test one = *a->tests[i];

        one.yes = RE_COND_TRUE;
        one.no = RE_COND_FALSE;
        answers[i] = re_axes_hold(axes, &one);
    }
}

/* Keeps the first of values that answer all tests alike. */
static int drop_alike(struct re_axes *axes, size_t axis)
{
    struct re_axis *a = &axes->items[axis];
    size_t kept = 0, size = a->test_count;
    char *answers = reallocarray(NULL, a->count, size);

    if (!answers) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < a->count; i++) {
        char *mine = answers + kept * size;
        bool found = false;

        answer(axes, axis, i, mine);
        for (size_t j = 0; j < kept && !found; j++) {
            found = memcmp(answers + j * size, mine, size) == 0;
        }
        if (found) {
            free(a->values[i].text);
        } else {
            a->values[kept++] = a->values[i];
        }
    }
    a->count = kept;
    free(answers);
    return 0;
}

int re_axes_finish(struct re_axes *axes)
{
    static const struct re_axis_value none;
    int err = 0;

    for (size_t i = 0; i < axes->count && !err; i++) {
        struct re_axis *axis = &axes->items[i];

        switch (axis->kind) {
        case RE_AXIS_ARG:
        case RE_AXIS_WORD:
            err = add_numbers(axes, axis);
            break;
        case RE_AXIS_FDPATH:            /* a descriptor may have none */
            err = add_texts(axes, axis, &none);
            err = err ? err : add(axes, axis, &none, "");
            break;
        case RE_AXIS_PATH:
        case RE_AXIS_PATH2:
            err = add_texts(axes, axis, &none);
            break;
        case RE_AXIS_ADDRESS:
            err = add_addresses(axes, axis);
            break;
        }
        err = err ? err : drop_alike(axes, i);
    }
    return err;
}

/* --- points ---------------------------------------------------------------- */

static void set_word(uint64_t *words, const struct re_axis *axis,
                     uint64_t value)
{
    if (axis->pair == ST_PAIR_NONE) {
        words[axis->reg] = value;
        return;
    }
    words[axis->reg + (axis->pair == ST_PAIR_HIGH_LOW)] = (uint32_t)value;
    words[axis->reg + (axis->pair == ST_PAIR_LOW_HIGH)] = value >> 32;
}

static void set_text(struct re_path *path, const char *text)
{
    path->len = text ? strlen(text) : 0;
    path->len = path->len < RE_PATH_MAX ? path->len : RE_PATH_MAX - 1;
    memcpy(path->name, text ? text : "", path->len);
    path->name[path->len] = '\0';
}

static enum re_access access_of(const struct re_form *form, uint64_t flags)
{
    switch (flags & form->o_accmode) {
    case 0:
        return flags & (form->o_creat | form->o_trunc) ?
            RE_ACCESS_READWRITE : RE_ACCESS_READ;
    case 1:
        return RE_ACCESS_WRITE;
    default:
        return RE_ACCESS_READWRITE;
    }
}

void re_axes_set(struct re_axes *axes, size_t i, size_t value)
{
    const struct re_axis *axis = &axes->items[i];
    const struct re_axis_value *v = &axis->values[value];
    struct re_facts *f = axes->facts;

    switch (axis->kind) {
    case RE_AXIS_ARG:
        set_word(axes->regs, axis, v->number);
        break;
    case RE_AXIS_WORD:
        set_word(f->block.words, axis, v->number);
        if (axis->reg == 0 && axes->opens) {
            f->access = access_of(axes->opens, v->number);
        }
        break;
    case RE_AXIS_PATH:
        set_text(&f->paths[0], v->text);
        break;
    case RE_AXIS_PATH2:
        set_text(&f->paths[1], v->text);
        break;
    case RE_AXIS_FDPATH:
        set_text(&f->fdpath, v->text);
        break;
    case RE_AXIS_ADDRESS:
        f->address.family = v->number;
        f->address.has_ip = v->has_ip;
        f->address.port = v->port;
        memcpy(f->address.ip, v->ip, sizeof(v->ip));
        set_text(&f->unix_path, v->text);
        break;
    }
}

bool re_axes_hold(struct re_axes *axes, const struct re_test *tests)
{
    axes->facts->made = axes->made;
    return re_tests_hold_with_facts(tests, axes->regs, axes->facts);
}

/* --- words ----------------------------------------------------------------- */

static bool find_arg(const struct re_axes *axes, const struct re_axis *axis,
                     struct st_arg *ret)
{
    static const char *const words[] = {
        "flags", "mode", "resolve", "addr", "len", "prot", "fd", "off",
    };
    struct st_arg all[ST_MAX_ARGS];
    int count = axes->slot < 0 ? 0 :
        st_slot_args(axes->target, axes->slot, all);

    for (int i = 0; i < count && axis->kind == RE_AXIS_ARG; i++) {
        if (all[i].reg == axis->reg) {
            *ret = all[i];
            return true;
        }
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) &&
         axis->kind == RE_AXIS_WORD && axes->form; i++) {
        if (re_form_block_arg(axes->form, words[i], ret) &&
            ret->reg == axis->reg) {
            return true;
        }
    }
    return false;
}

static void put_number(const struct re_axes *axes, const struct re_axis *axis,
                       uint64_t value, FILE *out)
{
    static const char *const access[] = { "read", "write", "readwrite" };
    struct st_arg arg;
    char text[256];

    if (!find_arg(axes, axis, &arg)) {
        if (axis->kind == RE_AXIS_WORD && axes->opens) {
            fprintf(out, "access=%s", access[access_of(axes->opens, value)]);
        } else {
            fprintf(out, "arg%u=%#" PRIx64, axis->reg, value);
        }
        return;
    }
    fprintf(out, "%s=", arg.name);
    if (arg.kind == ST_KIND_DIRFD && (int32_t)value == RE_CWD) {
        fputs("AT_FDCWD", out);
    } else if (arg.family && st_format_constant(
                   axes->target, arg.family, value, text, sizeof(text)) <
               sizeof(text)) {
        fputs(text, out);
    } else if (axis->is_signed) {
        fprintf(out, "%" PRId64, (int64_t)value);
    } else {
        fprintf(out, value > 0xffff ? "0x%" PRIx64 : "%" PRIu64, value);
    }
}

static void put_address(const struct re_axes *axes,
                        const struct re_axis_value *v, FILE *out)
{
    char text[INET6_ADDRSTRLEN];

    if (v->has_ip) {
        fprintf(out, "addr=%s port=%u", v->number == AF_INET ?
                inet_ntop(AF_INET, v->ip + 12, text, sizeof(text)) :
                inet_ntop(AF_INET6, v->ip, text, sizeof(text)), v->port);
    } else if (v->text) {
        fprintf(out, "unix=%s", v->text);
    } else {
        char name[64];

        st_format_constant(axes->target, st_family_by_name("af"), v->number,
                           name, sizeof(name));
        fprintf(out, "family=%s", name);
    }
}

void re_axes_put(const struct re_axes *axes, const size_t *at, FILE *out)
{
    static const char *const names[] = {
        [RE_AXIS_PATH] = "path", [RE_AXIS_PATH2] = "path2",
        [RE_AXIS_FDPATH] = "fdpath",
    };

    for (size_t i = 0; i < axes->count; i++) {
        const struct re_axis *axis = &axes->items[i];
        const struct re_axis_value *v = &axis->values[at[i]];

        fputs(i ? " " : "", out);
        if (axis->kind == RE_AXIS_ADDRESS) {
            put_address(axes, v, out);
        } else if (axis->kind <= RE_AXIS_WORD) {
            put_number(axes, axis, v->number, out);
        } else {
            fprintf(out, "%s=%s", names[axis->kind], v->text);
        }
    }
}
