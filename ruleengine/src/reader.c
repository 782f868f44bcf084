/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reader.h"

#include <errno.h>
#include <ini.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diag-add.h"
#include "utf8.h"

enum {
    NAME_MAX_INIH = 49,     /* inih cuts section names and keys behind this */
    /* Stands for ";" in quotes while inih, which knows no quotes, reads the
     * line; control bytes are refused, so no policy can contain it. */
    QUOTED_SEMICOLON = '\1',
};

struct reader {
    const char *path;
    struct re_arena *arena;
    struct re_diags *diags;
    const char *text, *end;     /* what is left of the file */
    unsigned line;              /* of the last line handed to inih */
    const char *source;         /* that line, without its newline */
    unsigned key_column, value_column;
    bool continues;             /* that line goes on with the key before it */
    bool have_key;              /* a key was read in this section */
    bool refused;               /* the key before it was refused: skip on */
    struct re_section_head *sections, **sections_tail;
    struct re_entry *entries, **tail, *last;
    struct re_piece *last_piece;
    char *value;                /* of the last entry, as it grows */
    size_t value_length, value_room;    /* bytes */
};

static void complain(struct reader *r, unsigned column, unsigned length,
                     const char *hint, const char *message)
{
    re_diags_add(r->diags, RE_ERROR, r->path, r->line, column, length,
                 r->source, hint, "%s", message);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

static bool check_bytes(struct reader *r, const char *s, size_t len)
{
    for (size_t i = 0; i < len;) {
        uint32_t point = 0;
        unsigned n = re_utf8_decode(s + i, len - i, &point);

        if (n == 0) {
            complain(r, i + 1, 1, NULL, "this is not valid UTF-8");
            return false;
        }
        if (point == 0) {
            complain(r, i + 1, 1, NULL, "NUL byte in a policy");
            return false;
        }
        if (point != 0x09 && !re_utf8_harmless(point)) {
            complain(r, i + 1, 1, NULL,
                     "control or invisible character in a policy");
            return false;
        }
        i += n;
    }
    return true;
}

/* Where a comment starts that follows other text (" ;"), or the line's end. */
static const char *comment_or_end(const char *s)
{
    bool quoted = false;

    for (const char *p = s; *p; p++) {
        if (*p == '\\' && quoted && p[1]) {
            p++;
        } else if (*p == '"') {
            quoted = !quoted;
        } else if (*p == ';' && !quoted && p > s && is_blank(p[-1])) {
            return p;
        }
    }
    return s + strlen(s);
}

static const char *skip_blanks(const char *s)
{
    while (is_blank(*s)) {
        s++;
    }
    return s;
}

static bool check_section(struct reader *r, const char *s)
{
    const char *close = strchr(s, ']');
    const char *rest;
    struct re_section_head *sec;
    size_t len;

    if (!close) {
        complain(r, s - r->source + 1, strlen(s), NULL,
                 "expected \"]\" at the end of a section name");
        return false;
    }
    rest = skip_blanks(close + 1);
    if (*rest && !(*rest == ';' && rest > close + 1)) {
        complain(r, rest - r->source + 1, strlen(rest), NULL,
                 "unexpected text after \"]\"");
        return false;
    }
    len = close - s - 1;
    if (len == 0 || len > NAME_MAX_INIH) {
        complain(r, s - r->source + 2, len, NULL, len ?
                 "section name is too long" : "section without a name");
        return false;
    }
    for (sec = r->sections; sec; sec = sec->next) {
        if (strlen(sec->name) == len && memcmp(sec->name, s + 1, len) == 0) {
            re_diags_add(r->diags, RE_ERROR, r->path, r->line,
                         s - r->source + 2, len, r->source, NULL,
                         "duplicate section [%s]; it began in line %u",
                         sec->name, sec->line);
            return false;
        }
    }
    sec = re_arena_alloc(r->arena, sizeof(*sec));
    if (sec) {
        sec->name = re_arena_strndup(r->arena, s + 1, len);
        sec->file = r->path;
        sec->line = r->line;
        sec->column = s - r->source + 2;
        sec->source = r->source;
    }
    if (sec && sec->name) {
        *r->sections_tail = sec;
        r->sections_tail = &sec->next;
    }
    r->have_key = false;
    return true;
}

/* What to write for a line that is no "key = value". */
static const char *missing_value(const struct reader *r)
{
    const struct re_section_head *last = r->sections;

    while (last && last->next) {
        last = last->next;
    }
    return last && (strncmp(last->name, "allow", 5) == 0 ||
                    strncmp(last->name, "deny", 4) == 0) ?
        "lists of calls are written \"syscalls = read write\"" : NULL;
}

static bool check_key(struct reader *r, const char *s)
{
    size_t name = strcspn(s, "=:");
    const char *comment = comment_or_end(s);
    size_t len;

    if (!s[name] || s + name > comment) {
        complain(r, comment - r->source + 1, 1, missing_value(r),
                 "expected \"=\" after the key");
        return false;
    }
    if (s[name] == ':') {
        complain(r, s + name - r->source + 1, 1, NULL,
                 "expected \"=\" after the key, not \":\"");
        return false;
    }
    if (s[name + 1] == '=') {
        complain(r, s + name - r->source + 1, 2, NULL,
                 "expected \"=\" after the key, not \"==\"");
        return false;
    }
    for (len = name; len > 0 && is_blank(s[len - 1]); len--) {
    }
    if (len == 0) {
        complain(r, s - r->source + 1, 1, NULL, "expected a key before \"=\"");
        return false;
    }
    if (len > NAME_MAX_INIH) {
        complain(r, s - r->source + 1, len, NULL, "key is too long");
        return false;
    }
    r->key_column = s - r->source + 1;
    r->value_column = skip_blanks(s + name + 1) - r->source + 1;
    if (skip_blanks(s + name + 1) >= comment) {
        complain(r, s + name - r->source + 1, 1, NULL,
                 "expected a value after \"=\"");
        return false;
    }
    if (!r->sections) {
        complain(r, r->key_column, len, NULL,
                 "expected a section such as [policy] before the first key");
        return false;
    }
    r->have_key = true;
    return true;
}

/* The length of NAME where a line says "NAME =", with a blank beside the "=";
 * no value goes on like that. Otherwise 0. */
static size_t begins_a_key(const char *s)
{
    size_t name = strspn(s, "abcdefghijklmnopqrstuvwxyz"
                         "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@?_-");
    const char *equals = skip_blanks(s + name);

    return *equals == '=' && equals[1] != '=' &&
        (equals > s + name || is_blank(equals[1])) ? name : 0;
}

/* Looks at one line as inih will see it. False: it was refused, and inih gets
 * an empty one instead, so that later lines are checked as well. */
static bool check_line(struct reader *r, int room)
{
    const char *s = skip_blanks(r->source);
    size_t len = strlen(r->source);

    r->continues = false;
    if (!*s || *s == ';' || *s == '#') {
        return len + 2 <= (size_t)room || (r->source = "", true);
    }
    if (len + 2 > (size_t)room) {
        char message[96];

        snprintf(message, sizeof(message),
                 "this line has %zu bytes, more than %d", len, room - 2);
        complain(r, room - 1, 1, "go on in an indented line", message);
        return false;
    }
    if (s > r->source && r->refused) {
        return false;
    }
    if (s > r->source && r->have_key) {
        if (*s == '[') {
            complain(r, s - r->source + 1, 1, NULL,
                     "a section must start at the beginning of its line");
            return false;
        }
        if (begins_a_key(s)) {
            complain(r, s - r->source + 1, begins_a_key(s),
                     "a key starts at the beginning of its line",
                     "this indented line goes on with the value above");
            r->refused = true;
            return false;
        }
        r->continues = true;
        r->value_column = s - r->source + 1;
        return true;
    }
    if (*s == '[') {
        r->refused = false;
        return check_section(r, s);
    }
    r->refused = !check_key(r, s);
    return !r->refused;
}

/* A byte order mark is the only thing that its file is told of. */
static void refuse_mark(struct reader *r)
{
    r->line = 1;
    r->source = "\xef\xbb\xbf";
    complain(r, 1, 1, "save the file as UTF-8 without one",
             "the file starts with a byte order mark");
    r->line = 0;
    r->text += 3;
}

/* fgets() for inih: one line, never cut. */
static char *next_line(char *str, int num, void *stream)
{
    struct reader *r = stream;
    const char *newline;
    size_t len;
    bool good, quoted = false;

    if (r->text >= r->end) {
        return NULL;
    }
    if (r->line == 0 && r->end - r->text >= 3 &&
        memcmp(r->text, "\xef\xbb\xbf", 3) == 0) {
        refuse_mark(r);
    }
    newline = memchr(r->text, '\n', r->end - r->text);
    len = (newline ? newline : r->end) - r->text;
    r->line++;
    while (len > 0 && r->text[len - 1] == '\r') {
        len--;
    }
    r->source = re_arena_strndup(r->arena, r->text, len);
    if (!r->source) {
        return NULL;
    }
    good = check_bytes(r, r->text, len) && check_line(r, num);
    r->text = newline ? newline + 1 : r->end;
    len = 0;
    if (good) {
        /* inih strips comments, but not in lines that go on. */
        const char *stop = r->continues ? comment_or_end(r->source) :
            r->source + strlen(r->source);

        for (const char *p = r->source; p < stop; p++) {
            if (*p == '\\' && quoted && p + 1 < stop) {
                str[len++] = *p++;      /* as comment_or_end() does */
            } else if (*p == '"') {
                quoted = !quoted;
            }
            str[len++] = *p == ';' && quoted ? QUOTED_SEMICOLON : *p;
        }
    }
    str[len++] = '\n';
    str[len] = '\0';
    return str;
}

/* Appends to the last entry's value; lists may go on for thousands of lines. */
static bool append_value(struct reader *r, const char *text)
{
    size_t len = strlen(text);

    if (r->value_length + len + 1 > r->value_room) {
        size_t room = (r->value_length + len + 1) * 2;
        char *more = re_arena_alloc(r->arena, room);

        if (!more) {
            return false;
        }
        if (r->value_length) {
            memcpy(more, r->value, r->value_length);
        }
        r->value = more;
        r->value_room = room;
    }
    for (size_t i = 0; i <= len; i++) {
        r->value[r->value_length + i] =
            text[i] == QUOTED_SEMICOLON ? ';' : text[i];
    }
    r->value_length += len;
    r->last->value = r->value;
    return true;
}

static bool append_piece(struct reader *r)
{
    struct re_piece *piece = re_arena_alloc(r->arena, sizeof(*piece));

    if (!piece) {
        return false;
    }
    piece->offset = r->value_length;
    piece->line = r->line;
    piece->column = r->value_column;
    piece->source = r->source;
    if (r->last->pieces) {
        r->last_piece->next = piece;
    } else {
        r->last->pieces = piece;
    }
    r->last_piece = piece;
    return true;
}

/* inih has read "name = value", or another line of the same key. */
static int take_entry(void *user, const char *section, const char *name,
                      const char *value)
{
    struct reader *r = user;
    struct re_entry *e;

    if (r->continues && r->last) {
        return append_value(r, " ") && append_piece(r) &&
            append_value(r, value);
    }
    e = re_arena_alloc(r->arena, sizeof(*e));
    if (!e) {
        return 0;
    }
    e->file = r->path;
    e->section = re_arena_strdup(r->arena, section);
    e->key = re_arena_strdup(r->arena, name);
    e->line = r->line;
    e->column = r->key_column;
    e->source = r->source;
    r->last = e;
    r->value = NULL;
    r->value_length = r->value_room = 0;
    if (!append_piece(r) || !append_value(r, value)) {
        return 0;
    }
    *r->tail = e;
    r->tail = &e->next;
    return 1;
}

static int file_error(struct re_diags *diags, const char *path, int error)
{
    re_diags_add(diags, RE_ERROR, path, 0, 0, 0, NULL, NULL, "%s",
                 strerror(error));
    return -error;
}

/* The whole file, NUL-terminated, in the arena. */
static int read_file(struct reader *r, struct re_origin *origin)
{
    const char *text;
    size_t size;
    int err = re_origin_read(origin, r->path, &text, &size);

    if (err < 0) {
        return file_error(r->diags, r->path, -err);
    }
    r->text = re_arena_strndup(r->arena, text, size);
    if (!r->text) {
        return file_error(r->diags, r->path, ENOMEM);
    }
    r->end = r->text + size;
    return 0;
}

int re_read_ini(struct re_entry **ret,
                const struct re_section_head **ret_heads, const char *path,
                struct re_arena *arena, struct re_origin *origin,
                struct re_diags *diags)
{
    struct reader r = { .arena = arena, .diags = diags };
    size_t errors = re_diags_errors(diags);
    int err, line;

    r.path = re_arena_strdup(arena, path);
    r.tail = &r.entries;
    r.sections_tail = &r.sections;
    if (!r.path) {
        return -ENOMEM;
    }
    err = read_file(&r, origin);
    if (err < 0) {
        return err;
    }
    line = ini_parse_stream(next_line, &r, take_entry, &r);
    if (re_arena_failed(arena)) {
        return file_error(diags, path, ENOMEM);
    }
    if (re_diags_errors(diags) > errors) {
        return -EINVAL;
    }
    if (line != 0) {
        /* The checks above know every reason that inih has. */
        re_diags_add(diags, RE_ERROR, path, line > 0 ? line : 0, 0, 0, NULL,
                     NULL, "this cannot be read as INI");
        return -EINVAL;
    }
    if (!r.entries) {
        re_diags_add(diags, RE_ERROR, path, 0, 0, 0, NULL, NULL,
                     "the policy is empty");
        return -EINVAL;
    }
    *ret = r.entries;
    *ret_heads = r.sections;
    return 0;
}

void re_entry_diag(struct re_diags *diags, enum re_severity severity,
                   const struct re_entry *entry, size_t offset, size_t length,
                   const char *hint, const char *format, ...)
{
    const struct re_piece *piece = entry->pieces;
    char message[512];
    va_list ap;

    while (piece->next && piece->next->offset <= offset) {
        piece = piece->next;
    }
    va_start(ap, format);
    vsnprintf(message, sizeof(message), format, ap);
    va_end(ap);
    re_diags_add(diags, severity, entry->file, piece->line,
                 piece->column + (offset - piece->offset), length,
                 piece->source, hint, "%s", message);
}

void re_key_diag(struct re_diags *diags, enum re_severity severity,
                 const struct re_entry *entry, const char *hint,
                 const char *format, ...)
{
    char message[512];
    va_list ap;

    va_start(ap, format);
    vsnprintf(message, sizeof(message), format, ap);
    va_end(ap);
    re_diags_add(diags, severity, entry->file, entry->line, entry->column,
                 strlen(entry->key), entry->source, hint, "%s", message);
}
