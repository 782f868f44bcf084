/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Families of constants and their values per target. */
#include <errno.h>
#include <string.h>

#include "tables.h"

static const struct st_family families[] = {
    { "none", 0 },          /* ST_F_none */
#define FAMILY(name, mask, text) { text, mask },
#include "generated/families.inc"
#undef FAMILY
};

/* The short names that policies and tools may use: "open", "prot". */
static const struct family_pool {
#define FAMILY(name, mask, text) char f_##name[sizeof(#name)];
#include "generated/families.inc"
#undef FAMILY
} family_names = {
#define FAMILY(name, mask, text) #name,
#include "generated/families.inc"
#undef FAMILY
};

static const uint16_t family_offsets[] = {
#define FAMILY(name, mask, text) offsetof(struct family_pool, f_##name),
#include "generated/families.inc"
#undef FAMILY
};

/* The macros below use # and ## on their arguments and pass none on: passed
 * on, "errno" and the names of <errno.h> would be replaced. */
static const struct constant_pool {
#define CONSTANT(family, name, value) char c_##family##_##name[sizeof(#name)];
#define ABSENT(family, name) char c_##family##_##name[sizeof(#name)];
#define ALIAS CONSTANT
#define ABSENT_ALIAS ABSENT
#include "generated/constants.inc"
#undef ABSENT
#undef CONSTANT
} pool = {
#define CONSTANT(family, name, value) #name,
#define ABSENT(family, name) #name,
#include "generated/constants.inc"
#undef ABSENT
#undef CONSTANT
};

_Static_assert(sizeof(pool) <= UINT16_MAX, "offsets have 16 bits");

struct constant {
    int64_t value;          /* on most targets */
    uint16_t name;          /* offset */
    uint8_t family;
    bool alias, absent;
};

static const struct constant constants[] = {
#undef ALIAS
#undef ABSENT_ALIAS
#define CONSTANT(family, name, value) \
    { value, offsetof(struct constant_pool, c_##family##_##name), \
      ST_F_##family, false, false },
#define ALIAS(family, name, value) \
    { value, offsetof(struct constant_pool, c_##family##_##name), \
      ST_F_##family, true, false },
#define ABSENT(family, name) \
    { 0, offsetof(struct constant_pool, c_##family##_##name), \
      ST_F_##family, false, true },
#define ABSENT_ALIAS(family, name) \
    { 0, offsetof(struct constant_pool, c_##family##_##name), \
      ST_F_##family, true, true },
#include "generated/constants.inc"
#undef ABSENT_ALIAS
#undef ABSENT
#undef ALIAS
#undef CONSTANT
};

_Static_assert(sizeof(constants) / sizeof(constants[0]) == ST_C_COUNT,
               "one row per constant");

static const char *constant_name(unsigned i)
{
    return (const char *)&pool + constants[i].name;
}

/* --- families ------------------------------------------------------------ */

const struct st_family *st_family_at(st_family_t family)
{
    return family != ST_F_none && family < ST_F_COUNT ? &families[family]
        : NULL;
}

st_family_t st_family_by_name(const char *name)
{
    unsigned i;

    for (i = 1; i < ST_F_COUNT; i++) {
        if (strcmp(name, (const char *)&family_names +
                   family_offsets[i - 1]) == 0 ||
            strcmp(name, families[i].name) == 0) {
            return i;
        }
    }
    return ST_F_none;
}

/* The first constant whose family is not below this one. */
static unsigned family_start(unsigned family)
{
    unsigned from = 0, to = ST_C_COUNT;

    while (from < to) {
        unsigned middle = (from + to) / 2;

        if (constants[middle].family < family) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from;
}

/* --- values --------------------------------------------------------------- */

/* The target's value of a constant; false when it has none. */
static bool value_of(const struct st_target *t, unsigned constant,
                     int64_t *ret_value)
{
    unsigned from = 0, to = t->difference_count;

    while (from < to) {
        unsigned middle = (from + to) / 2;
        const struct st_difference *d = &t->differences[middle];

        if (d->constant == constant) {
            if (d->absent) {
                return false;
            }
            *ret_value = d->value;
            return true;
        }
        if (constant < d->constant) {
            to = middle;
        } else {
            from = middle + 1;
        }
    }
    if (constants[constant].absent) {
        return false;
    }
    *ret_value = constants[constant].value;
    return true;
}

static bool find_in_family(const struct st_target *t, unsigned family,
                           const char *name, int64_t *ret_value)
{
    unsigned from = family_start(family), to = family_start(family + 1);

    while (from < to) {
        unsigned middle = (from + to) / 2;
        int order = strcmp(name, constant_name(middle));

        if (order == 0) {
            return value_of(t, middle, ret_value);
        }
        if (order < 0) {
            to = middle;
        } else {
            from = middle + 1;
        }
    }
    return false;
}

int st_constant(const struct st_target *t, st_family_t family,
                const char *name, uint64_t *ret_value)
{
    unsigned first = family ? family : 1;
    unsigned last = family ? family : ST_F_COUNT - 1;
    int64_t value;

    for (; first <= last && first < ST_F_COUNT; first++) {
        if (find_in_family(t, first, name, &value)) {
            *ret_value = (uint64_t)value;
            return 0;
        }
    }
    return -ENOENT;
}

const char *st_constant_at(const struct st_target *t, st_family_t family,
                           unsigned i, uint64_t *ret_value)
{
    unsigned at = family ? family_start(family) : 0;
    unsigned end = family ? family_start(family + 1u) : ST_C_COUNT;
    int64_t value;

    for (; at < end; at++) {
        if (value_of(t, at, &value) && i-- == 0) {
            *ret_value = (uint64_t)value;
            return constant_name(at);
        }
    }
    return NULL;
}

st_family_t st_option_family(const struct st_target *t, uint64_t level)
{
    static const struct {
        char level[12];
        uint8_t family;
    } levels[] = {
        { "SOL_SOCKET", ST_F_so_option },
        { "SOL_IP", ST_F_ip_option },
        { "SOL_IPV6", ST_F_ipv6_option },
        { "SOL_TCP", ST_F_tcp_option },
        { "SOL_UDP", ST_F_udp_option },
        { "SOL_PACKET", ST_F_packet_option },
        { "SOL_NETLINK", ST_F_netlink_option },
    };
    unsigned i;
    int64_t value;

    for (i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        if (find_in_family(t, ST_F_socklevel, levels[i].level, &value) &&
            (uint64_t)value == level) {
            return levels[i].family;
        }
    }
    return ST_F_none;
}

/* --- errors --------------------------------------------------------------- */

int st_errno_by_name(const struct st_target *t, const char *name)
{
    int64_t value;

    return find_in_family(t, ST_F_errno, name, &value) ? (int)value : -ENOENT;
}

/* The family's name of exactly this value that is not an alias. */
static const char *name_of_value(const struct st_target *t, unsigned family,
                                 uint64_t value, uint64_t mask)
{
    unsigned at, end = family_start(family + 1);
    int64_t v;

    for (at = family_start(family); at < end; at++) {
        if (constants[at].alias || !value_of(t, at, &v)) {
            continue;
        }
        /* A 32-bit argument may arrive zero-extended: AT_FDCWD. */
        if ((((uint64_t)v & ~mask) == 0 && (uint64_t)v == value) ||
            (mask == UINT64_MAX && v < 0 && (uint32_t)v == value)) {
            return constant_name(at);
        }
    }
    return NULL;
}

const char *st_errno_name(const struct st_target *t, int number)
{
    return number > 0 ? name_of_value(t, ST_F_errno, number, UINT64_MAX)
        : NULL;
}

/* --- values as text ------------------------------------------------------- */

struct text {
    char *buf;
    size_t size, length;    /* length: that of the whole text */
};

static void append(struct text *t, const char *from)
{
    for (; *from; from++, t->length++) {
        if (t->length + 1 < t->size) {
            t->buf[t->length] = *from;
        }
    }
}

static void append_separated(struct text *t, const char *from)
{
    if (t->length) {
        append(t, "|");
    }
    append(t, from);
}

/* Decimal below 4096, else hexadecimal. By hand: signal handlers may call. */
static void append_number(struct text *t, uint64_t value, bool hexadecimal)
{
    char digits[24], *p = digits + sizeof(digits) - 1;
    unsigned base = hexadecimal || value >= 4096 ? 16 : 10;

    *p = '\0';
    do {
        *--p = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    if (base == 16) {
        *--p = 'x';
        *--p = '0';
    }
    append_separated(t, p);
}

static int bits_of(uint64_t value)
{
    return __builtin_popcountll(value);
}

/* The constant with the most bits that are all in "rest" and none in the
 * alternatives' mask (O_TMPFILE before the O_DIRECTORY in it), the lowest of
 * several; -1: none. */
static int widest_flag(const struct st_target *t, unsigned family,
                       uint64_t rest, uint64_t mask, uint64_t *ret_value)
{
    unsigned at, end = family_start(family + 1);
    int best = -1;
    int64_t v;

    for (at = family_start(family); at < end; at++) {
        uint64_t u;

        if (constants[at].alias || !value_of(t, at, &v)) {
            continue;
        }
        u = (uint64_t)v;
        if (u && !(u & mask) && (rest & u) == u &&
            (best < 0 || bits_of(u) > bits_of(*ret_value) ||
             (bits_of(u) == bits_of(*ret_value) && u < *ret_value))) {
            best = at;
            *ret_value = u;
        }
    }
    return best;
}

size_t st_format_constant(const struct st_target *t, st_family_t family,
                          uint64_t value, char *buf, size_t size)
{
    struct text text = { buf, size, 0 };
    const struct st_family *f = st_family_at(family);
    uint64_t mask = f ? f->choice_mask : 0, rest = value;
    uint64_t bits = 0;
    const char *name;
    int flag;

    if (f && mask == UINT64_MAX) {
        name = name_of_value(t, family, value, mask);
        if (name) {
            append(&text, name);
            rest = 0;
        }
    } else if (f) {
        /* The alternative first, then flags: those of several bits, then by
         * value. What
         * stands for "no flag at all" (PROT_NONE) is named when alone. */
        name = mask || !value
            ? name_of_value(t, family, value & mask, mask) : NULL;
        if (name) {
            append(&text, name);
            rest &= ~mask;
        }
        while (rest &&
               (flag = widest_flag(t, family, rest, mask, &bits)) >= 0) {
            append_separated(&text, constant_name(flag));
            rest &= ~bits;
        }
    }
    if (rest || !text.length) {
        append_number(&text, rest, text.length > 0);
    }
    if (size) {
        buf[text.length < size ? text.length : size - 1] = '\0';
    }
    return text.length;
}
