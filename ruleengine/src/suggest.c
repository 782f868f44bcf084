/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What somebody meant: the nearest of some names. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "diag-add.h"

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static bool same_letter(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/*
 * Edit distance with swapped neighbours (optimal string alignment), in three
 * rows. Both words are shorter than RE_SUGGEST_MAX.
 */
static unsigned distance(const char *a, size_t a_len,
                         const char *b, size_t b_len)
{
    unsigned rows[3][RE_SUGGEST_MAX];

    for (size_t j = 0; j <= b_len; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a_len; i++) {
        const unsigned *before = rows[(i + 1) % 3];    /* row i - 2 */
        const unsigned *above = rows[(i - 1) % 3];
        unsigned *row = rows[i % 3];

        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            bool same = same_letter(a[i - 1], b[j - 1]);

            row[j] = least(above[j - 1] + !same,
                           least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) &&
                same_letter(a[i - 2], b[j - 1])) {
                row[j] = least(row[j], before[j - 2] + 1);
            }
        }
    }
    return rows[a_len % 3][b_len];
}

static unsigned common_start(const char *a, const char *b)
{
    unsigned n = 0;

    while (a[n] && same_letter(a[n], b[n])) {
        n++;
    }
    return n;
}

bool re_suggest(const char *word, re_name_at *at, void *opaque,
                char *buf, size_t size)
{
    char best[RE_SUGGEST_MAX] = "";
    size_t len = strlen(word);
    unsigned limit = len / 3, best_start = 0;
    const char *name;

    if (len >= RE_SUGGEST_MAX) {
        return false;
    }
    for (unsigned i = 0; (name = at(opaque, i)); i++) {
        size_t name_len = strlen(name);
        unsigned d, start;

        if (name_len >= RE_SUGGEST_MAX || name_len > len + limit ||
            len > name_len + limit || strcmp(name, word) == 0) {
            continue;
        }
        d = distance(word, len, name, name_len);
        start = common_start(word, name);
        /* Among equally near names people mean the one that starts alike. */
        if (d < limit || (d == limit && (!*best || start > best_start))) {
            memcpy(best, name, name_len + 1);
            limit = d;
            best_start = start;
        }
    }
    if (!*best || strlen(best) >= size) {
        return false;
    }
    strcpy(buf, best);
    return true;
}

const char *re_suggest_hint(const char *word, re_name_at *at, void *opaque,
                            char *buf, size_t size)
{
    char name[RE_SUGGEST_MAX];
    int n;

    if (!re_suggest(word, at, opaque, name, sizeof(name))) {
        return NULL;
    }
    n = snprintf(buf, size, "did you mean \"%s\"?", name);
    return n >= 0 && (size_t)n < size ? buf : NULL;
}

/* The words of a text that stand in quotes, up to a blank. */
struct quotes {
    const char *text;
    char word[RE_SUGGEST_MAX];
};

static const char *quoted_at(void *opaque, unsigned i)
{
    struct quotes *q = opaque;
    const char *at = q->text;
    size_t len;

    for (unsigned n = 0; (at = strchr(at, '"')); n++) {
        len = strcspn(at + 1, "\" ");
        if (n == i && len < sizeof(q->word)) {
            memcpy(q->word, at + 1, len);
            q->word[len] = '\0';
            return q->word;
        }
        at = strchr(at + 1, '"');
        if (!at) {
            return NULL;
        }
        at++;
    }
    return NULL;
}

const char *re_suggest_quoted(const char *word, const char *text, char *buf,
                              size_t size)
{
    struct quotes q = { .text = text };
    char name[RE_SUGGEST_MAX];

    /* Of three letters one is a lot: "TiB" is not meant as "KiB". */
    if (!isalpha((unsigned char)word[0]) ||
        !re_suggest(word, quoted_at, &q, name, sizeof(name)) ||
        (strlen(word) < 4 && !same_letter(word[0], name[0]))) {
        return NULL;
    }
    return re_suggest_hint(word, quoted_at, &q, buf, size);
}
