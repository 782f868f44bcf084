/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "arena.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_SIZE = 16384 };    /* bytes; larger pieces get a block alone */

struct block {
    struct block *next;
    size_t used, size;          /* bytes of data[] */
    alignas(max_align_t) unsigned char data[];
};

struct re_arena {
    struct block *blocks;       /* the first one has room */
    bool failed;
};

struct re_arena *re_arena_new(void)
{
    return calloc(1, sizeof(struct re_arena));
}

void re_arena_free(struct re_arena *a)
{
    if (!a) {
        return;
    }
    while (a->blocks) {
        struct block *next = a->blocks->next;

        free(a->blocks);
        a->blocks = next;
    }
    free(a);
}

void *re_arena_alloc(struct re_arena *a, size_t size)
{
    const size_t align = alignof(max_align_t);
    struct block *b = a->blocks;
    size_t rounded = (size + align - 1) & ~(align - 1);
    void *piece;

    if (a->failed || rounded < size || rounded > PTRDIFF_MAX / 2) {
        a->failed = true;
        return NULL;
    }
    if (!b || b->size - b->used < rounded) {
        size_t want = rounded > BLOCK_SIZE ? rounded : BLOCK_SIZE;

        b = calloc(1, sizeof(*b) + want);
        if (!b) {
            a->failed = true;
            return NULL;
        }
        b->size = want;
        b->next = a->blocks;
        a->blocks = b;
    }
    piece = b->data + b->used;
    b->used += rounded;
    return piece;
}

void *re_arena_array(struct re_arena *a, size_t count, size_t size)
{
    size_t total;

    if (__builtin_mul_overflow(count, size, &total)) {
        a->failed = true;
        return NULL;
    }
    return re_arena_alloc(a, total);
}

char *re_arena_strndup(struct re_arena *a, const char *s, size_t len)
{
    char *copy = re_arena_alloc(a, len + 1);

    if (copy) {
        memcpy(copy, s, len);
        copy[len] = '\0';
    }
    return copy;
}

char *re_arena_strdup(struct re_arena *a, const char *s)
{
    return re_arena_strndup(a, s, strlen(s));
}

char *re_arena_printf(struct re_arena *a, const char *format, ...)
{
    va_list ap;
    char *text = NULL, *copy = NULL;
    int len;

    va_start(ap, format);
    len = vasprintf(&text, format, ap);
    va_end(ap);
    if (len < 0) {
        a->failed = true;
        return NULL;
    }
    copy = re_arena_strndup(a, text, len);
    free(text);
    return copy;
}

int re_arena_failed(const struct re_arena *a)
{
    return a->failed;
}
