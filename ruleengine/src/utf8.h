/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which bytes of a foreign string may be shown as they are. Shared by the
 * audit log, whose strings a hostile guest chooses, and by diagnostics.
 */
#ifndef RULEENGINE_UTF8_H
#define RULEENGINE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Decodes the character at s[0 .. len - 1]. Returns its length in bytes, 1 to
 * 4, and the code point; 0 for anything that is not UTF-8 as RFC 3629 has it
 * (overlong forms, surrogates, above U+10FFFF, cut short).
 */
static inline unsigned re_utf8_decode(const char *s, size_t len,
                                      uint32_t *ret_point)
{
    /* Lead byte's payload bits and the smallest code point, by length. */
    static const uint8_t payload[] = { 0, 0, 0x1f, 0x0f, 0x07 };
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    const unsigned char *u = (const unsigned char *)s;
    uint32_t point;
    unsigned n;

    if (len == 0) {
        return 0;
    }
    if (u[0] < 0x80) {
        *ret_point = u[0];
        return 1;
    }
    n = u[0] >= 0xf8 ? 0 : u[0] >= 0xf0 ? 4 : u[0] >= 0xe0 ? 3 :
        u[0] >= 0xc0 ? 2 : 0;
    if (n == 0 || n > len) {
        return 0;
    }
    point = u[0] & payload[n];
    for (unsigned i = 1; i < n; i++) {
        if ((u[i] & 0xc0) != 0x80) {
            return 0;
        }
        point = point << 6 | (u[i] & 0x3f);
    }
    if (point < least[n] || point > 0x10ffff ||
        (point >= 0xd800 && point <= 0xdfff)) {
        return 0;
    }
    *ret_point = point;
    return n;
}

/*
 * Whether a character may go to a terminal or a log viewer as it is: no
 * control characters (C0, DEL, C1), no line separators, and nothing that
 * reorders or hides the text around it.
 */
static inline bool re_utf8_harmless(uint32_t point)
{
    return point >= 0x20 && !(point >= 0x7f && point <= 0x9f) &&
        point != 0xad && point != 0x61c &&
        !(point >= 0x200b && point <= 0x200f) &&
        !(point >= 0x2028 && point <= 0x202e) &&
        !(point >= 0x2060 && point <= 0x206f) &&
        point != 0xfeff && !(point >= 0xfff9 && point <= 0xffff) &&
        !(point >= 0xe0000 && point <= 0xe0fff);
}

#endif
