/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that is handed out piece by piece and freed at once: everything that
 * a policy is made of lives as long as the policy. Not thread-safe.
 */
#ifndef RULEENGINE_ARENA_H
#define RULEENGINE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct re_arena;

struct re_arena *re_arena_new(void);            /* NULL: memory is short */
void re_arena_free(struct re_arena *a);

/* Zeroed, aligned for any type; NULL when memory is short, and from then on:
 * a caller may allocate several pieces and ask re_arena_failed() once. */
void *re_arena_alloc(struct re_arena *a, size_t size);
void *re_arena_array(struct re_arena *a, size_t count, size_t size);
char *re_arena_strdup(struct re_arena *a, const char *s);
char *re_arena_strndup(struct re_arena *a, const char *s, size_t len);
char *re_arena_printf(struct re_arena *a, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
int re_arena_failed(const struct re_arena *a);

#endif
