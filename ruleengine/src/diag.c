/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "diag-add.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "utf8.h"

struct re_diags {
    struct re_diag *items;
    size_t count, capacity;
    size_t errors, warnings;    /* of items[] */

    /* The last finding when memory was short: needs none itself. */
    bool out_of_memory;
    struct re_diag last;
    char last_message[24];
};

struct re_diags *re_diags_new(void)
{
    return calloc(1, sizeof(struct re_diags));
}

static void diag_clear(struct re_diag *diag)
{
    free(diag->file);
    free(diag->message);
    free(diag->hint);
    free(diag->source);
}

void re_diags_free(struct re_diags *d)
{
    if (!d) {
        return;
    }
    for (size_t i = 0; i < d->count; i++) {
        diag_clear(&d->items[i]);
    }
    free(d->items);
    free(d);
}

size_t re_diags_count(const struct re_diags *d)
{
    return d->count + d->out_of_memory;
}

size_t re_diags_errors(const struct re_diags *d)
{
    return d->errors + d->out_of_memory;
}

size_t re_diags_warnings(const struct re_diags *d)
{
    return d->warnings;
}

const struct re_diag *re_diags_at(const struct re_diags *d, size_t i)
{
    if (i < d->count) {
        return &d->items[i];
    }
    return i == d->count && d->out_of_memory ? &d->last : NULL;
}

/* --- adding ------------------------------------------------------------ */

static bool make_room(struct re_diags *d)
{
    struct re_diag *items;
    size_t capacity;

    if (d->count < d->capacity) {
        return true;
    }
    capacity = d->capacity ? 2 * d->capacity : 16;
    items = reallocarray(d->items, capacity, sizeof(*items));
    if (!items) {
        return false;
    }
    d->items = items;
    d->capacity = capacity;
    return true;
}

/* False only when there is something to copy and no memory for it. */
static bool copy_text(char **ret, const char *text)
{
    *ret = text ? strdup(text) : NULL;
    return !text || *ret;
}

static bool diag_fill(struct re_diag *diag, const char *file,
                      const char *source, const char *hint,
                      const char *format, va_list ap)
{

    if (vasprintf(&diag->message, format, ap) < 0) {
        diag->message = NULL;
        return false;
    }
    if (!copy_text(&diag->file, file) || !copy_text(&diag->hint, hint) ||
        !copy_text(&diag->source, source)) {
        return false;
    }
    if (diag->source) {
        diag->source[strcspn(diag->source, "\r\n")] = '\0';
    }
    return true;
}

static void note_out_of_memory(struct re_diags *d)
{
    strcpy(d->last_message, "out of memory");
    d->last.severity = RE_ERROR;
    d->last.message = d->last_message;
    d->out_of_memory = true;
}

int re_diags_add(struct re_diags *d, enum re_severity severity,
                 const char *file, unsigned line, unsigned column,
                 unsigned length, const char *source, const char *hint,
                 const char *format, ...)
{
    struct re_diag diag = {
        .severity = severity,
        .line = line,
        .column = column,
        .length = length,
    };
    bool filled;
    va_list ap;

    if (!d) {
        return -EINVAL;
    }
    va_start(ap, format);
    filled = diag_fill(&diag, file, source, hint, format, ap);
    va_end(ap);

    if (!filled || !make_room(d)) {
        diag_clear(&diag);
        note_out_of_memory(d);
        return -EINVAL;
    }
    d->items[d->count++] = diag;
    if (severity == RE_ERROR) {
        d->errors++;
    } else {
        d->warnings++;
    }
    return -EINVAL;
}

/* --- showing ----------------------------------------------------------- */

/*
 * Writes the first "len" bytes of s, or, with "blank", as many spaces as they
 * would take on a terminal. A tab stays a tab in both, so that the caret below
 * it is right whatever the tab stops are. A character counts one column.
 */
static void put_shown(FILE *out, const char *s, size_t len, bool blank)
{
    while (len > 0) {
        uint32_t point;
        unsigned n = re_utf8_decode(s, len, &point);

        if (n > 0 && point == '\t') {
            fputc('\t', out);
        } else if (n > 0 && re_utf8_harmless(point)) {
            fprintf(out, "%.*s", blank ? 1 : (int)n, blank ? " " : s);
        } else {
            n = 1;
            if (blank) {
                fputs("    ", out);
            } else {
                fprintf(out, "\\x%02x", (unsigned char)*s);
            }
        }
        s += n;
        len -= n;
    }
}

static void put_text(FILE *out, const char *s)
{
    put_shown(out, s, strlen(s), false);
}

/* Columns that the bytes take when put_shown() writes them; a tab is one. */
static size_t shown_width(const char *s, size_t len)
{
    size_t width = 0;

    while (len > 0) {
        uint32_t point;
        unsigned n = re_utf8_decode(s, len, &point);
        bool plain = n > 0 && (point == '\t' || re_utf8_harmless(point));

        width += plain ? 1 : 4;
        n = plain ? n : 1;
        s += n;
        len -= n;
    }
    return width;
}

/* The line "      |     ^~~~~~  hint" below the source line. */
static void put_caret(FILE *out, const struct re_diag *diag)
{
    size_t len = strlen(diag->source);
    size_t start = diag->column - 1;
    size_t marked = diag->length ? diag->length : 1;
    size_t width;

    /* The end of a line is a place too: something is missing there. */
    start = start < len ? start : len;
    marked = marked < len - start ? marked : len - start;
    width = shown_width(diag->source + start, marked);

    fputs("      | ", out);
    put_shown(out, diag->source, start, true);
    fputc('^', out);
    while (width-- > 1) {
        fputc('~', out);
    }
    if (diag->hint) {
        fputs("  ", out);
        put_text(out, diag->hint);
    }
    fputc('\n', out);
}

static void put_diag(FILE *out, const struct re_diag *diag)
{
    bool excerpt = diag->source && diag->line > 0;
    bool caret = excerpt && diag->column > 0;

    if (diag->file) {
        put_text(out, diag->file);
        if (diag->line > 0) {
            fprintf(out, ":%u", diag->line);
        }
        if (diag->line > 0 && diag->column > 0) {
            fprintf(out, ":%u", diag->column);
        }
        fputs(": ", out);
    }
    fputs(diag->severity == RE_ERROR ? "error: " : "warning: ", out);
    put_text(out, diag->message);
    if (diag->hint && !caret) {
        fputs("; ", out);
        put_text(out, diag->hint);
    }
    fputc('\n', out);

    if (excerpt) {
        fprintf(out, "%5u | ", diag->line);
        put_text(out, diag->source);
        fputc('\n', out);
    }
    if (caret) {
        put_caret(out, diag);
    }
}

char *re_diag_text(const struct re_diag *diag)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    bool bad;

    if (!out) {
        return NULL;
    }
    put_diag(out, diag);
    bad = ferror(out);
    if (fclose(out) != 0 || bad) {
        free(text);
        return NULL;
    }
    return text;
}
