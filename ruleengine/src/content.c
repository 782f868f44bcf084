/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "content.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "diag-add.h"
#include "manner.h"
#include "origin.h"

/* --- bytes ---------------------------------------------------------------- */

static int hex_digit(char c)
{
    return isdigit((unsigned char)c) ? c - '0' :
        c >= 'a' && c <= 'f' ? c - 'a' + 10 :
        c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte that "\..." at "from" stands for, and how long that is; -1: none. */
static int escaped(const char *from, size_t *ret_length)
{
    static const char letters[][2] = {
        { 'n', '\n' }, { 't', '\t' }, { 'r', '\r' }, { '0', '\0' },
        { '\\', '\\' }, { '"', '"' },
    };

    *ret_length = 2;
    for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
        if (from[1] == letters[i][0]) {
            return (unsigned char)letters[i][1];
        }
    }
    if (from[1] == 'x' && hex_digit(from[2]) >= 0 && hex_digit(from[3]) >= 0) {
        *ret_length = 4;
        return hex_digit(from[2]) << 4 | hex_digit(from[3]);
    }
    return -1;
}

int re_bytes_parse(struct re_document *doc, struct re_scan *s,
                   const char **ret_bytes, size_t *ret_len)
{
    const char *from, *end;
    size_t len = 0, length;
    char *bytes;

    if (s->token != RE_TOKEN_STRING) {
        return re_scan_expected(s, "a text in double quotes");
    }
    from = s->entry->value + s->offset + 1;
    end = from + s->length - 2;
    bytes = re_arena_alloc(doc->arena, s->length);
    if (!bytes) {
        return -ENOMEM;
    }
    while (from < end) {
        int byte = (unsigned char)*from;

        length = 1;
        if (byte == '\\') {
            byte = escaped(from, &length);
        }
        if (byte < 0) {
            re_entry_diag(doc->diags, RE_ERROR, s->entry,
                          from - s->entry->value, 2, NULL,
                          "expected \\n, \\t, \\r, \\0, \\xHH, \\\\ or \\\"");
            return -EINVAL;
        }
        bytes[len++] = byte;
        from += length;
    }
    *ret_bytes = bytes;
    *ret_len = len;
    re_scan_next(s);
    return 0;
}

/* --- paths ---------------------------------------------------------------- */

const char *re_absolute(struct re_document *doc, const char *file,
                        const char *path, size_t length)
{
    const char *slash = strrchr(file, '/'), *folder, *real;

    if (path[0] == '/') {
        return re_arena_strndup(doc->arena, path, length);
    }
    folder = slash == file ? "/" : slash ?
        re_arena_strndup(doc->arena, file, slash - file) : ".";
    if (!folder || re_origin_real(doc->origin, folder, &real) < 0) {
        return NULL;
    }
    return re_arena_printf(doc->arena, "%s/%.*s", real, (int)length, path);
}

/* A bare or quoted path at the current token. */
static int path_parse(struct re_document *doc, struct re_scan *s,
                      struct re_content *ret)
{
    const char *text = s->entry->value + s->offset;
    size_t offset = s->offset, length = s->length, written = s->length;

    if (s->token == RE_TOKEN_STRING) {
        const char *bytes;
        int err;

        err = re_bytes_parse(doc, s, &bytes, &length);
        if (err) {
            return err;
        }
        text = bytes;
    } else if (s->token == RE_TOKEN_TEXT) {
        re_scan_next(s);
    } else {
        return re_scan_expected(s, "a path");
    }
    if (length == 0 || memchr(text, '\0', length) || text[length - 1] == '/') {
        re_entry_diag(doc->diags, RE_ERROR, s->entry, offset, written, NULL,
                      "expected the path of a file");
        return -EINVAL;
    }
    ret->written = re_arena_strndup(doc->arena, text, length);
    ret->path = re_absolute(doc, s->entry->file, text, length);
    return ret->path && ret->written ? 0 : -ENOMEM;
}

/* --- outside -------------------------------------------------------------- */

static int file_parse(struct re_document *doc, struct re_scan *s,
                      struct re_content *content)
{
    size_t offset = s->offset, length = s->length;
    int err = path_parse(doc, s, content);

    if (!err) {
        err = re_origin_read(doc->origin, content->path, &content->bytes,
                             &content->len);
        if (err) {
            re_entry_diag(doc->diags, RE_ERROR, s->entry, offset, length, NULL,
                          "the file cannot be read: %s", strerror(-err));
        }
    }
    return err;
}

int re_content_parse(struct re_document *doc, struct re_scan *s,
                     struct re_content *content, enum re_verdict *ret)
{
    bool redirects = re_scan_is(s, "redirect");

    if (re_scan_take(s, "data")) {
        *ret = RE_VERDICT_DATA;
        return re_bytes_parse(doc, s, &content->bytes, &content->len);
    }
    *ret = redirects ? RE_VERDICT_REDIRECT : RE_VERDICT_FILE;
    re_scan_next_text(s);
    return redirects ? path_parse(doc, s, content) :
        file_parse(doc, s, content);
}
