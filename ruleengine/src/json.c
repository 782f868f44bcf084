/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "json.h"

#include <string.h>

#include "utf8.h"

/* --- bounded text ------------------------------------------------------ */

/* base: 8, 10 or 16, a constant where this is inlined: a division by a variable
 * takes ten times as long. 64 bits take at most 22 digits. */
static inline __attribute__((always_inline))
void put_number(struct re_out *o, uint64_t n, unsigned base, unsigned digits)
{
    char text[24];
    char *p = text + sizeof(text);

    do {
        *--p = "0123456789abcdef"[n % base];
        n /= base;
    } while (n > 0);
    while (p > text && text + sizeof(text) - p < digits) {
        *--p = '0';
    }
    re_out_bytes(o, p, text + sizeof(text) - p);
}

void re_out_unsigned(struct re_out *o, uint64_t n)
{
    put_number(o, n, 10, 1);
}

void re_out_signed(struct re_out *o, int64_t n)
{
    if (n < 0) {
        re_out_bytes(o, "-", 1);
        put_number(o, -(uint64_t)n, 10, 1);
    } else {
        put_number(o, n, 10, 1);
    }
}

void re_out_hex(struct re_out *o, uint64_t n)
{
    re_out_bytes(o, "0x", 2);
    put_number(o, n, 16, 1);
}

void re_out_octal(struct re_out *o, uint64_t n)
{
    if (n > 0) {
        re_out_bytes(o, "0", 1);
    }
    put_number(o, n, 8, 1);
}

void re_out_padded(struct re_out *o, uint64_t n, unsigned digits)
{
    put_number(o, n, 10, digits);
}

/* "\u" or "\U" and the digits of a code unit. */
static unsigned put_unit(char *to, char letter, uint32_t unit, int digits)
{
    to[0] = '\\';
    to[1] = letter;
    for (int i = 0; i < digits; i++) {
        to[2 + i] = "0123456789abcdef"[unit >> 4 * (digits - 1 - i) & 15];
    }
    return 2 + digits;
}

/* The escape of one code point, or, not "valid", of one byte: at most 12
 * bytes. Returns its length; 0 when the character can stand as it is. */
static unsigned escape_point(char *to, uint32_t point, bool valid,
                             enum re_escape escape)
{
    static const char named[] = "\"\\\n\t\r\b\f";
    static const char letter[] = "\"\\ntrbf";
    const char *found = point && valid && point < 0x80 ?
        strchr(named, point) : NULL;

    if (found) {
        to[0] = '\\';
        to[1] = letter[found - named];
        return 2;
    }
    if (valid && re_utf8_harmless(point)) {
        return 0;
    }
    if (escape == RE_ESCAPE_TEXT) {
        return !valid || point < 0x80 ? put_unit(to, 'x', point, 2) :
            point < 0x10000 ? put_unit(to, 'u', point, 4) :
            put_unit(to, 'U', point, 8);
    }
    if (!valid) {
        point += 0xdc00;    /* a lone low surrogate: no character has it */
    }
    if (point < 0x10000) {
        return put_unit(to, 'u', point, 4);
    }
    put_unit(to, 'u', 0xd7c0 + (point >> 10), 4);
    put_unit(to + 6, 'u', 0xdc00 + (point & 0x3ff), 4);
    return 12;
}

/* How many bytes at the start of s are ASCII that needs no escape. */
static size_t plain_run(const char *s, size_t len)
{
    static const bool plain[256] = {
        [' ' ... '!'] = true, ['#' ... '['] = true, [']' ... '~'] = true,
    };
    size_t n = 0;

    while (n < len && plain[(unsigned char)s[n]]) {
        n++;
    }
    return n;
}

/* What to write next: "shown" bytes at "from" for "taken" bytes of s. */
struct piece {
    const char *from;
    size_t shown, taken;
    bool plain;             /* may be cut anywhere */
};

static struct piece next_piece(const char *s, size_t len, size_t room,
                               enum re_escape escape, char escaped[12])
{
    size_t run = plain_run(s, len < room ? len : room);
    uint32_t point = 0;
    unsigned n, shown = 0;

    if (run > 0) {
        return (struct piece) { s, run, run, true };
    }
    n = re_utf8_decode(s, len, &point);
    if (escape != RE_ESCAPE_NONE) {
        shown = escape_point(escaped, n ? point : (unsigned char)*s, n > 0,
                             escape);
    }
    n = n ? n : 1;
    return (struct piece) { shown ? escaped : s, shown ? shown : n, n, false };
}

bool re_out_escaped(struct re_out *o, const char *s, size_t len,
                    enum re_escape escape, size_t limit)
{
    static const char ellipsis[] = "…";
    const size_t mark = sizeof(ellipsis) - 1;
    size_t room = o->size - o->len, end, last;

    end = o->len + (room < limit ? room : limit);
    last = o->len;          /* up to here the mark still fits behind */

    if (len <= end - o->len && plain_run(s, len) == len) {
        re_out_bytes(o, s, len);        /* as nearly all of them */
        return true;
    }

    while (len > 0) {
        char escaped[12];
        struct piece p = next_piece(s, len, end - o->len, escape, escaped);
        size_t after = o->len + p.shown;

        if (after > end) {
            break;
        }
        if (after + mark <= end) {
            last = after;
        } else if (p.plain && o->len + mark <= end) {
            last = end - mark;
        }
        memcpy(o->buf + o->len, p.from, p.shown);
        o->len = after;
        s += p.taken;
        len -= p.taken;
    }
    if (len == 0) {
        return true;
    }
    o->len = last;
    if (end - o->len >= mark) {
        re_out_bytes(o, ellipsis, mark);
    }
    return false;
}

/* --- JSON -------------------------------------------------------------- */

/* Kept for the end: ,"truncated":true and the closing brace and newline; of
 * fields, the same as a line behind a prefix of at most PREFIX bytes. */
enum { PREFIX = 16, TAIL = 17 + 2, FIELDS_TAIL = PREFIX + 15 };

void re_json_begin(struct re_json *j, char *buf, size_t size)
{
    *j = (struct re_json) {
        .out = { .buf = buf, .size = size - TAIL },
        .depth = 1,
        .first = true,
    };
    re_out_bytes(&j->out, "{", 1);
}

void re_json_begin_fields(struct re_json *j, char *buf, size_t size,
                          const char *prefix)
{
    *j = (struct re_json) {
        .out = { .buf = buf, .size = size - FIELDS_TAIL },
        .depth = 1,
        .prefix = prefix,
    };
}

/* Whether the next member is a field of its own, a line without quotes. */
static bool is_field(const struct re_json *j)
{
    return j->prefix && j->depth == 1;
}

static void put_field_name(struct re_json *j, const char *key)
{
    re_out_text(&j->out, j->prefix);
    for (; *key; key++) {
        char upper = *key >= 'a' && *key <= 'z' ? *key - 'a' + 'A' : *key;

        re_out_bytes(&j->out, &upper, 1);
    }
    re_out_bytes(&j->out, "=", 1);
}

/* Starts a member; *ret_start is where to go back to. False: inside an object
 * that has been dropped. */
static bool start(struct re_json *j, const char *key, size_t *ret_start)
{
    if (j->dropped > 0) {
        return false;
    }
    *ret_start = j->out.len;
    if (is_field(j)) {
        put_field_name(j, key);
        return true;
    }
    re_out_text(&j->out, j->first ? "\"" : ",\"");
    re_out_text(&j->out, key);
    re_out_bytes(&j->out, "\":", 2);
    return true;
}

static void finish(struct re_json *j, size_t start)
{
    if (is_field(j)) {
        re_out_bytes(&j->out, "\n", 1);
    }
    if (j->out.cut) {
        j->out.cut = false;
        j->out.len = start;
        j->truncated = true;
    } else {
        j->first = false;
    }
}

static void quote(struct re_json *j)
{
    if (!is_field(j)) {
        re_out_bytes(&j->out, "\"", 1);
    }
}

void re_json_bytes(struct re_json *j, const char *key, const char *value,
                   size_t len, size_t limit)
{
    size_t begun;

    if (!start(j, key, &begun)) {
        return;
    }
    quote(j);
    if (!j->out.cut && j->out.size > j->out.len) {
        size_t room = j->out.size - j->out.len - 1;     /* closing quote */

        j->truncated |= !re_out_escaped(&j->out, value, len, RE_ESCAPE_JSON,
                                        room < limit ? room : limit);
    }
    quote(j);
    finish(j, begun);
}

void re_json_string(struct re_json *j, const char *key, const char *value)
{
    re_json_bytes(j, key, value, strlen(value), SIZE_MAX);
}

void re_json_signed(struct re_json *j, const char *key, int64_t value)
{
    size_t begun;

    if (start(j, key, &begun)) {
        re_out_signed(&j->out, value);
        finish(j, begun);
    }
}

void re_json_unsigned(struct re_json *j, const char *key, uint64_t value)
{
    size_t begun;

    if (start(j, key, &begun)) {
        re_out_unsigned(&j->out, value);
        finish(j, begun);
    }
}

void re_json_hex(struct re_json *j, const char *key, uint64_t value)
{
    size_t begun;

    if (start(j, key, &begun)) {
        quote(j);
        re_out_hex(&j->out, value);
        quote(j);
        finish(j, begun);
    }
}

static void word(struct re_json *j, const char *key, const char *value)
{
    size_t begun;

    if (start(j, key, &begun)) {
        re_out_text(&j->out, value);
        finish(j, begun);
    }
}

void re_json_true(struct re_json *j, const char *key)
{
    word(j, key, "true");
}

void re_json_false(struct re_json *j, const char *key)
{
    word(j, key, "false");
}

void re_json_null(struct re_json *j, const char *key)
{
    word(j, key, "null");
}

/* Behind an object's members: a brace, and a newline if it is a field. */
static unsigned closing(const struct re_json *j, unsigned depth)
{
    return j->prefix && depth == 1 ? 2 : 1;
}

void re_json_open(struct re_json *j, const char *key)
{
    size_t begun;

    if (!start(j, key, &begun)) {
        j->dropped++;
        return;
    }
    re_out_bytes(&j->out, "{", 1);
    if (j->out.cut || j->out.size - j->out.len < closing(j, j->depth)) {
        j->out.cut = true;
        j->dropped++;
        finish(j, begun);
    } else {
        j->out.size -= closing(j, j->depth);
        j->depth++;
        j->first = true;
    }
}

void re_json_close(struct re_json *j)
{
    if (j->dropped > 0) {
        j->dropped--;
        return;
    }
    j->depth--;
    j->out.size += closing(j, j->depth);
    re_out_bytes(&j->out, "}\n", closing(j, j->depth));
    j->first = false;
}

size_t re_json_end(struct re_json *j)
{
    while (j->dropped > 0 || j->depth > 1) {
        re_json_close(j);
    }
    j->out.size += j->prefix ? FIELDS_TAIL : TAIL;
    if (j->truncated) {
        re_json_true(j, "truncated");
    }
    if (!j->prefix) {
        re_out_bytes(&j->out, "}\n", 2);
    }
    return j->out.len;
}
