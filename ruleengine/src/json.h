/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text and JSON into a buffer of the caller's. Nothing here allocates, locks
 * or depends on the locale; all of it may be used in any thread and between
 * fork and exec.
 */
#ifndef RULEENGINE_JSON_H
#define RULEENGINE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* --- bounded text ------------------------------------------------------ */

/* buf[0 .. len - 1] is text, without a NUL. What does not fit is dropped whole
 * and "cut" is set. */
struct re_out {
    char *buf;
    size_t size;            /* bytes of buf */
    size_t len;
    bool cut;
};

enum re_escape {
    RE_ESCAPE_NONE,
    RE_ESCAPE_TEXT,         /* as in C, for a terminal: \n \x1b \" */
    RE_ESCAPE_JSON,         /* \n \u001b \"; a byte that is not UTF-8: \udcXX */
};

/* Inlined: most of what a record consists of are few bytes of known length. */
static inline void re_out_bytes(struct re_out *o, const char *s, size_t len)
{
    if (len > o->size - o->len) {
        o->cut = true;
        return;
    }
    memcpy(o->buf + o->len, s, len);
    o->len += len;
}

static inline void re_out_text(struct re_out *o, const char *s)
{
    re_out_bytes(o, s, strlen(s));
}

void re_out_unsigned(struct re_out *o, uint64_t n);
void re_out_signed(struct re_out *o, int64_t n);
void re_out_hex(struct re_out *o, uint64_t n);              /* "0x1f" */
void re_out_octal(struct re_out *o, uint64_t n);            /* "0644", "0" */
/* At least "digits" digits, with zeros in front. */
void re_out_padded(struct re_out *o, uint64_t n, unsigned digits);

/*
 * Bytes that somebody hostile has chosen: everything that is not a printable,
 * harmless character of UTF-8 is escaped. Writes at most "limit" bytes (and at
 * most what fits), of which a closing "…" is part when s had to be shortened.
 * Returns whether all of s is there.
 */
bool re_out_escaped(struct re_out *o, const char *s, size_t len,
                    enum re_escape escape, size_t limit);

/* --- JSON -------------------------------------------------------------- */

/*
 * One object, member by member. A member that no longer fits is left out
 * whole, and the object then ends in "truncated":true: what comes out is valid
 * JSON at any size of at least RE_JSON_MIN bytes.
 */
struct re_json {
    struct re_out out;
    const char *prefix;     /* of fields; NULL: an object */
    unsigned depth;         /* open objects; each keeps a byte for its "}" */
    unsigned dropped;       /* open objects that did not fit */
    bool first;             /* no comma before the next member */
    bool truncated;
};

#define RE_JSON_MIN     64  /* bytes */

void re_json_begin(struct re_json *j, char *buf, size_t size);

/*
 * The same members as lines for the journal: PREFIX and the key in capitals,
 * "=", the value; strings without quotes, but escaped as in JSON; objects as
 * JSON. The prefix (at most 16 bytes) is borrowed.
 */
void re_json_begin_fields(struct re_json *j, char *buf, size_t size,
                          const char *prefix);

/* Keys are the program's own: plain ASCII, not escaped. */
void re_json_string(struct re_json *j, const char *key, const char *value);
/* At most "limit" bytes of output; a shortened value sets "truncated". */
void re_json_bytes(struct re_json *j, const char *key, const char *value,
                   size_t len, size_t limit);
void re_json_signed(struct re_json *j, const char *key, int64_t value);
void re_json_unsigned(struct re_json *j, const char *key, uint64_t value);
void re_json_hex(struct re_json *j, const char *key, uint64_t value);
void re_json_true(struct re_json *j, const char *key);
void re_json_false(struct re_json *j, const char *key);
void re_json_null(struct re_json *j, const char *key);
void re_json_open(struct re_json *j, const char *key);
void re_json_close(struct re_json *j);

/* Closes everything and adds a newline. Returns the length of the line, which
 * is never more than the size given to re_json_begin(). */
size_t re_json_end(struct re_json *j);

#endif
