/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "match.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

bool re_match_under(const char *path, size_t len, const struct re_string *dir)
{
    if (dir->len == 1 && dir->chars[0] == '/') {
        return len > 0 && path[0] == '/';
    }
    return len >= dir->len && memcmp(path, dir->chars, dir->len) == 0 &&
        (len == dir->len || path[dir->len] == '/');
}

/* --- patterns ---------------------------------------------------------- */

/* Behind the "[" at p: where the set ends, or NULL. A "]" that comes first
 * belongs to the set. */
static const char *set_end(const char *p, const char *end)
{
    p += p < end && *p == '!';
    p += p < end && *p == ']';
    while (p < end && *p != ']') {
        p += *p == '\\' && p + 1 < end ? 2 : 1;
    }
    return p < end ? p : NULL;
}

static bool in_set(const char *p, const char *end, unsigned char c)
{
    bool negated = *p == '!', found = false;

    p += negated;
    do {
        unsigned char low, high;

        p += *p == '\\' && p + 1 < end;
        low = high = *p++;
        if (p + 1 < end && *p == '-') {
            p++;
            p += *p == '\\' && p + 1 < end;
            high = *p++;
        }
        found |= c >= low && c <= high;
    } while (p < end);
    return found != negated;
}

/* Whether one byte fits what stands at *p, which is moved behind it. */
static bool fits_one(const char **p, const char *end, char c)
{
    const char *at = *p;

    if (*at == '?') {
        *p = at + 1;
        return c != '/';
    }
    if (*at == '[') {
        const char *close = set_end(at + 1, end);

        *p = close + 1;
        return c != '/' && in_set(at + 1, close, c);
    }
    at += *at == '\\' && at + 1 < end;
    *p = at + 1;
    return *at == c;
}

/*
 * A mismatch goes back to the last star and lets it take one byte more; one
 * "*" and one "**" are remembered, for a "*" that cannot go on (it would have
 * to cross a slash) hands over to the "**" before it. So the time is bounded
 * by the product of the lengths, squared only where both kinds meet.
 */
bool re_match_glob(const char *name, size_t len,
                   const struct re_string *pattern)
{
    const char *p = pattern->chars, *end = p + pattern->len;
    const char *n = name, *last = name + len;
    const char *star_p = NULL, *star_n = NULL;      /* behind "*" */
    const char *deep_p = NULL, *deep_n = NULL;      /* behind "**" */

    for (;;) {
        if (p < end && *p == '*') {
            if (p + 1 < end && p[1] == '*') {
                deep_p = p += 2;
                deep_n = n;
                star_p = NULL;
            } else {
                star_p = ++p;
                star_n = n;
            }
            continue;
        }
        if (p == end && n == last) {
            return true;
        }
        if (p < end && n < last && fits_one(&p, end, *n)) {
            n++;
            continue;
        }
        if (star_p && star_n < last && *star_n != '/') {
            n = ++star_n;
            p = star_p;
        } else if (deep_p && deep_n < last) {
            n = ++deep_n;
            p = deep_p;
            star_p = NULL;
        } else {
            return false;
        }
    }
}

/* A byte of a set, as plain as there is one. */
static char member_of(const char *set, const char *close)
{
    static const char plain[] = "x0aA_-.";

    for (const char *c = plain; *c; c++) {
        if (in_set(set, close, *c)) {
            return *c;
        }
    }
    for (unsigned c = ' '; c < 256; c++) {
        if (c != '/' && in_set(set, close, c)) {
            return c;
        }
    }
    return 'x';                 /* nothing fits it */
}

void re_glob_instance(const struct re_string *pattern, char *buf, size_t size)
{
    const char *p = pattern->chars, *end = p + pattern->len;
    size_t len = 0;

    while (p < end && len + 2 < size) {
        if (*p == '[') {
            const char *close = set_end(p + 1, end);

            buf[len++] = member_of(p + 1, close);
            p = close + 1;
        } else if (*p == '*') {
            buf[len++] = 'x';
            p += 1 + (p + 1 < end && p[1] == '*');
        } else {
            bool literal = *p == '\\' && p + 1 < end;

            p += literal;
            buf[len++] = *p == '?' && !literal ? 'x' : *p;
            p++;
        }
    }
    buf[len] = '\0';
}

const char *re_glob_fault(const char *pattern, size_t len)
{
    const char *end = pattern + len;

    for (const char *p = pattern; p < end; p++) {
        if (*p == '\\') {
            if (++p == end) {
                return "a pattern does not end in a backslash";
            }
            continue;
        }
        if (*p == '[') {
            p = set_end(p + 1, end);
            if (!p) {
                return "the pattern lacks a \"]\"";
            }
        }
    }
    return NULL;
}

/* --- addresses --------------------------------------------------------- */

static bool has_bits_below(const struct re_network *n)
{
    for (unsigned bit = n->bits; bit < 128; bit++) {
        if (n->ip[bit / 8] & 0x80 >> bit % 8) {
            return true;
        }
    }
    return false;
}

const char *re_network_parse(const char *text, size_t len,
                             struct re_network *ret, bool *ret_has_bits)
{
    char copy[INET6_ADDRSTRLEN + 8], *slash, *end;
    struct re_network n = { .ip = { [10] = 0xff, [11] = 0xff }, .bits = 128 };
    unsigned width = 32;

    if (len >= sizeof(copy)) {
        return "this is not an IP address";
    }
    memcpy(copy, text, len);
    copy[len] = '\0';
    slash = strchr(copy, '/');
    if (slash) {
        *slash = '\0';
    }
    if (strchr(copy, ':')) {
        width = 128;
        memset(n.ip, 0, sizeof(n.ip));
    }
    if (inet_pton(width == 32 ? AF_INET : AF_INET6, copy,
                  width == 32 ? n.ip + 12 : n.ip) != 1) {
        return "this is not an IP address";
    }
    if (slash) {
        unsigned long bits = strtoul(slash + 1, &end, 10);

        if (slash[1] < '0' || slash[1] > '9' || *end || bits > width) {
            return width == 32 ? "a network ends in /0 to /32" :
                "a network ends in /0 to /128";
        }
        n.bits = 128 - width + bits;
    }
    if (has_bits_below(&n)) {
        return "the address has bits that do not belong to the network";
    }
    *ret = n;
    *ret_has_bits = slash;
    return NULL;
}

bool re_match_network(const unsigned char ip[16],
                      const struct re_network *network)
{
    unsigned bytes = network->bits / 8, rest = network->bits % 8;

    return memcmp(ip, network->ip, bytes) == 0 &&
        (rest == 0 || ((ip[bytes] ^ network->ip[bytes]) >> (8 - rest)) == 0);
}

bool re_mask_least(uint64_t mask, uint64_t low, uint64_t *ret)
{
    uint64_t outside = low & ~mask, above;

    if (!outside) {
        *ret = low;
        return true;
    }
    /* All up to the highest bit outside becomes 0, and what is above it
     * more. */
    above = outside >= UINT64_C(1) << 63 ? 0 :
        mask & ~((UINT64_C(2) << (63 - __builtin_clzll(outside))) - 1);
    *ret = ((low | ~above) + 1) & above;
    return *ret > (low & above);
}
