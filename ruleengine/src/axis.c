/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "axis.h"
#include "form.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* --- axes ---------------------------------------------------------------- */

static void clear_path(struct re_path *path)
{
    path->len = 0;
    path->name[0] = '\0';
    path->host = NULL;
}

/* Nothing yet. The room for names is most of it, and not cleared: for each part
 * of a condition that is looked through, there is one. */
static struct re_facts *new_facts(void)
{
    const size_t rest = offsetof(struct re_facts, address);
    struct re_facts *f = malloc(sizeof(*f));

    if (f) {
        f->made = 0;
        clear_path(&f->paths[0]);
        clear_path(&f->paths[1]);
        clear_path(&f->unix_path);
        clear_path(&f->fdpath);
        memset((char *)f + rest, 0, sizeof(*f) - rest);
    }
    return f;
}

int re_axes_init(struct re_axes *axes, const struct st_target *target,
                 int slot)
{
    *axes = (struct re_axes) {
        .target = target, .slot = slot,
        .facts = new_facts(),
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
    free(axes->facts);
}

/* What a test asks about; false: nothing that varies. */
static bool axis_of(const struct re_test *t, struct re_axis *ret)
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
        return t->mask != 0;
    case RE_TEST_READ_BLOCK:
        return false;
    case RE_TEST_FACT_RANGE:
        if (t->reg == RE_NUMBER_PORT) {
            ret->kind = RE_AXIS_PORT;
            ret->width = 16;
        } else if (t->reg == RE_NUMBER_ACCESS) {
            bool in_memory = t->form->open == RE_OPEN_HOW_MEMORY;

            ret->kind = in_memory ? RE_AXIS_WORD : RE_AXIS_ARG;
            ret->width = in_memory ? 64 : 32;
            ret->reg = t->form->open == RE_OPEN_FLAGS ? t->form->open_reg : 0;
            return in_memory || t->form->open == RE_OPEN_FLAGS;
        }
        return true;
    case RE_TEST_NETWORK:
        return true;
    default:
        ret->kind = subjects[t->reg];
        return true;
    }
}

static void add_axis(struct re_axes *axes, const struct re_axis *key)
{
    int8_t *index = &axes->index[key->kind][key->reg];
    struct re_axis *axis;

    if (!*index) {
        /* There is room for one of each kind and register. */
        axes->items[axes->count++] = *key;
        *index = axes->count;
    }
    axis = &axes->items[*index - 1];
    if (axis->width < key->width) {
        axis->width = key->width;
        axis->is_signed = key->is_signed;
    }
    axis->pair = axis->pair ? axis->pair : key->pair;
}

unsigned re_tests_count(const struct re_test *tests)
{
    unsigned last = 0, i;

    /* Ways lead forward, and every test can be reached. */
    for (i = 0; tests && i <= last; i++) {
        uint16_t ways[2] = { tests[i].yes, tests[i].no };

        for (unsigned w = 0; w < 2; w++) {
            last = ways[w] < RE_COND_MAX && ways[w] > last ? ways[w] : last;
        }
    }
    return i;
}

void re_axes_add(struct re_axes *axes, const struct re_test *tests)
{
    static const struct re_axis address = {
        .kind = RE_AXIS_ADDRESS, .width = 64,
    };
    unsigned count = re_tests_count(tests);
    struct re_axis key;

    for (const struct re_test *t = tests; t < tests + count; t++) {
        if (t->op == RE_TEST_READ_BLOCK) {
            axes->form = t->form;
        } else if (t->op == RE_TEST_FACT_RANGE &&
                   t->reg == RE_NUMBER_ACCESS) {
            axes->opens = t->form;
            if (t->form->open != RE_OPEN_HOW_MEMORY) {
                axes->made &= ~RE_FACT_ACCESS;
            }
        }
        if (axis_of(t, &key)) {
            add_axis(axes, &key);
            if (key.kind == RE_AXIS_PORT) {
                add_axis(axes, &address);
            }
        }
    }
}

/* --- points -------------------------------------------------------------- */

/* As axis_of(), of an axis that is there; -1: none. */
static int index_of(const struct re_axes *axes, const struct re_test *t)
{
    struct re_axis key;

    if (t->op == RE_TEST_RANGE) {           /* most are: faster */
        return t->mask ? axes->index[RE_AXIS_ARG][t->reg] - 1 : -1;
    }
    return axis_of(t, &key) ? axes->index[key.kind][key.reg] - 1 : -1;
}

int re_axes_open(const struct re_axes *axes, const struct re_test *test)
{
    int i = index_of(axes, test), address;

    if (i < 0 || axes->items[i].kind != RE_AXIS_PORT) {
        return i < 0 || axes->items[i].at ? -1 : i;
    }
    address = axes->index[RE_AXIS_ADDRESS][0] - 1;
    if (!axes->items[address].at) {
        return address;
    }
    /* Without an IP address there is no port to ask about. */
    return axes->items[address].at->has_ip && !axes->items[i].at ? i : -1;
}

enum re_truth re_axes_test(struct re_axes *axes, const struct re_test *test)
{
    struct re_test one = *test;

    if (re_axes_open(axes, test) >= 0) {
        return RE_OPEN;
    }
    one.yes = RE_COND_TRUE;
    one.no = RE_COND_FALSE;
    axes->facts->made = axes->made;
    return re_tests_hold_with_facts(&one, axes->regs, axes->facts) ? RE_YES :
        RE_NO;
}

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

void re_axes_set(struct re_axes *axes, size_t i, const struct re_axis_value *v)
{
    struct re_axis *axis = &axes->items[i];
    struct re_facts *f = axes->facts;

    axis->at = v;
    switch (axis->kind) {
    case RE_AXIS_ARG:
        set_word(axes->regs, axis, v->number);
        break;
    case RE_AXIS_WORD:
        set_word(f->block.words, axis, v->number);
        if (axis->reg == 0 && axes->opens) {
            f->access = re_access_of(axes->opens, v->number);
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
        memcpy(f->address.ip, v->ip, sizeof(v->ip));
        set_text(&f->unix_path, v->text);
        break;
    case RE_AXIS_PORT:
        f->address.port = v->number;
        break;
    case RE_AXIS_KINDS:
        break;
    }
}

void re_axes_unset(struct re_axes *axes, size_t axis)
{
    axes->items[axis].at = NULL;
}

/* --- words --------------------------------------------------------------- */

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
            fprintf(out, "access=%s", access[re_access_of(axes->opens, value)]);
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
    int port = axes->index[RE_AXIS_PORT][0] - 1;
    char text[INET6_ADDRSTRLEN];

    if (v->has_ip) {
        const char *ip = v->number == AF_INET ?
            inet_ntop(AF_INET, v->ip + 12, text, sizeof(text)) :
            inet_ntop(AF_INET6, v->ip, text, sizeof(text));

        fprintf(out, "addr=%s port=%" PRIu64, ip,
                port >= 0 && axes->items[port].at ?
                axes->items[port].at->number : 80);
    } else if (v->text) {
        fprintf(out, "unix=%s", v->text);
    } else {
        char name[64];

        st_format_constant(axes->target, st_family_by_name("af"), v->number,
                           name, sizeof(name));
        fprintf(out, "family=%s", name);
    }
}

void re_axes_put(const struct re_axes *axes, FILE *out)
{
    static const char *const names[] = {
        [RE_AXIS_PATH] = "path", [RE_AXIS_PATH2] = "path2",
        [RE_AXIS_FDPATH] = "fdpath",
    };
    bool first = true;

    for (size_t i = 0; i < axes->count; i++) {
        const struct re_axis *axis = &axes->items[i];
        const struct re_axis_value *v = axis->at;

        if (!v || axis->kind == RE_AXIS_PORT) {
            continue;               /* an address brings its port along */
        }
        fputs(first ? "" : " ", out);
        first = false;
        if (axis->kind == RE_AXIS_ADDRESS) {
            put_address(axes, v, out);
        } else if (axis->kind <= RE_AXIS_WORD) {
            put_number(axes, axis, v->number, out);
        } else {
            fprintf(out, "%s=%s", names[axis->kind], v->text);
        }
    }
}
