/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is compared with an argument: numbers and names of constants as it holds
 * them. */
#include <stdio.h>
#include <string.h>

#include "bind-private.h"
#include "diag-add.h"
#include "width.h"

struct constants {
    const struct st_target *target;
    st_family_t family;
};

static const char *constant_at(void *opaque, unsigned i)
{
    struct constants *c = opaque;
    uint64_t value;

    return st_constant_at(c->target, c->family, i, &value);
}

/* What somebody means who takes a number's everyday name for a constant. */
static const char *number_meant(const char *subject, const char *name)
{
    static const struct {
        const char *name, *hint;
        bool port;
    } words[] = {
        { "stdin", "descriptors are numbers: 0" },
        { "stdout", "descriptors are numbers: 1" },
        { "stderr", "descriptors are numbers: 2" },
        { "domain", "ports are numbers: 53", true },
        { "dns", "ports are numbers: 53", true },
        { "http", "ports are numbers: 80", true },
        { "https", "ports are numbers: 443", true },
        { "smtp", "ports are numbers: 25", true },
        { "ssh", "ports are numbers: 22", true },
    };
    bool port = strcmp(subject, "port") == 0;

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (words[i].port == port && strcmp(words[i].name, name) == 0) {
            return words[i].hint;
        }
    }
    return NULL;
}

static bool constant(struct re_binder *b, struct re_node *node,
                     const struct st_arg *arg, const struct re_atom *atom,
                     uint64_t *ret)
{
    const struct st_family *family = st_family_at(arg->family);
    struct constants c = { b->target, arg->family };
    char message[256], hint[RE_SUGGEST_MAX + 32];

    if (st_constant(b->target, arg->family, atom->text, ret) == 0) {
        return true;
    }
    if (family) {
        snprintf(message, sizeof(message),
                 "\"%.64s\" is not a constant of `%s` (%s) on %s", atom->text,
                 arg->name, family->name, st_target_name(b->target));
    } else {
        snprintf(message, sizeof(message),
                 "\"%.64s\" is not a constant on %s", atom->text,
                 st_target_name(b->target));
    }
    re_bind_complain(b, node, atom->offset, atom->length,
                     family ? re_suggest_hint(atom->text, constant_at, &c, hint,
                                              sizeof(hint)) :
                     number_meant(node->subject, atom->text), message);
    return false;
}

static bool too_wide(struct re_binder *b, struct re_node *node,
                     const struct st_arg *arg, const struct re_value *value)
{
    char message[256];

    snprintf(message, sizeof(message),
             "this does not fit in `%s` (%s, %u bits%s)", arg->name, arg->type,
             arg->width, arg->is_signed ? ", signed" : "");
    re_bind_complain(b, node, value->offset, value->length, NULL, message);
    return false;
}

static bool has_name(const struct re_value *value)
{
    for (const struct re_atom *a = value->atoms; a; a = a->next) {
        if (a->is_name) {
            return true;
        }
    }
    return false;
}

static bool fits_bits(uint64_t bits, unsigned width)
{
    return bits <= re_width_mask(width) ||
        re_width_extend(bits, width, true) == bits;
}

/*
 * Numbers as an argument of some width holds them, extended to 64 bits; false
 * when it cannot. Decimal numbers are numbers and must lie in its range; all
 * else (hexadecimal, octal, several or-ed) are bits and must fit in its width.
 */
static bool number_of(const struct re_value *value, unsigned width,
                      bool is_signed, uint64_t *ret)
{
    const struct re_atom *first = value->atoms;
    uint64_t all = re_width_mask(width), half = all / 2, bits = 0;

    if (!first->next && (first->decimal || value->negative)) {
        uint64_t n = first->number;

        *ret = value->negative ? -n : n;
        return value->negative ? is_signed && n <= half + 1 :
            n <= (is_signed ? half : all);
    }
    for (const struct re_atom *a = first; a; a = a->next) {
        if (!fits_bits(a->number, width)) {
            return false;
        }
        bits |= a->number;
    }
    *ret = re_width_extend(bits, width, is_signed);
    return true;
}

bool re_bind_value(struct re_binder *b, struct re_node *node,
                   const struct st_arg *arg, bool is_signed,
                   const struct re_value *value, uint64_t *ret,
                   enum re_fit *side)
{
    uint64_t bits = 0;

    *side = RE_FIT_WITHIN;
    if (!has_name(value)) {
        if (number_of(value, arg->width, is_signed, ret)) {
            return true;
        }
        if (!arg->is_word || !number_of(value, 64, is_signed, ret)) {
            return too_wide(b, node, arg, value);
        }
        node->vague = true;
        *side = is_signed && (int64_t)*ret < 0 ? RE_FIT_BELOW : RE_FIT_ABOVE;
        return true;
    }
    for (const struct re_atom *a = value->atoms; a; a = a->next) {
        uint64_t v = a->number;

        if (a->is_name && !constant(b, node, arg, a, &v)) {
            return false;
        }
        if (!fits_bits(v, arg->width)) {
            return too_wide(b, node, arg, value);
        }
        bits |= v;
    }
    *ret = re_width_extend(bits, arg->width, is_signed);
    return true;
}

void re_bind_as_word(const struct re_value *value, const struct st_arg *arg,
                     bool is_signed, uint64_t *number, enum re_fit *side)
{
    uint64_t wide;

    if (has_name(value) || !number_of(value, 64, is_signed, &wide)) {
        return;
    }
    *number = wide;
    *side = re_width_extend(wide, arg->width, is_signed) == wide ?
        RE_FIT_WITHIN : is_signed && (int64_t)wide < 0 ? RE_FIT_BELOW :
        RE_FIT_ABOVE;
}

bool re_bind_mask(struct re_binder *b, struct re_node *node,
                  const struct st_arg *arg, uint64_t *ret)
{
    enum re_fit side;

    if (!re_bind_value(b, node, arg, false, &node->mask, ret, &side)) {
        return false;
    }
    *ret &= side == RE_FIT_WITHIN ? UINT64_MAX : re_width_mask(arg->width);
    return true;
}
