/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loading when memory is short: each allocation fails in turn, once by itself
 * and once with all that follow. A policy then loads whole and without an
 * error, or is refused with one.
 *
 *     memory POLICY ...
 */
#include <errno.h>
#include <stdlib.h>

#include <ruleengine/engine.h>

#include "tap.h"

enum { ALLOCATIONS_MAX = 100000 };

static long left;           /* allocations until the first one that fails */
static bool counting, sticky;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_reallocarray(void *old, size_t count, size_t size);
char *__real_strdup(const char *s);
char *__real_strndup(const char *s, size_t n);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_reallocarray(void *old, size_t count, size_t size);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);

static bool fails(void)
{
    if (!counting || left < 0) {
        return false;
    }
    if (left > 0) {
        left--;
        return false;
    }
    left = sticky ? 0 : -1;
    errno = ENOMEM;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails() ? NULL : __real_realloc(old, size);
}

void *__wrap_reallocarray(void *old, size_t count, size_t size)
{
    return fails() ? NULL : __real_reallocarray(old, count, size);
}

char *__wrap_strdup(const char *s)
{
    return fails() ? NULL : __real_strdup(s);
}

char *__wrap_strndup(const char *s, size_t n)
{
    return fails() ? NULL : __real_strndup(s, n);
}

/* Whether loading kept its word, with the allocation "at" failing. Sets
 * *ret_over once there are not so many. */
static bool load(const char *path, long at, bool *ret_over)
{
    struct re_config config = {
        .target = st_target_by_name("aarch64"),
        .policies = &path, .policy_count = 1,
    };
    struct re_diags *diags = re_diags_new();
    struct re_engine *engine = NULL;
    bool kept;
    int err;

    left = at;
    counting = true;
    err = re_engine_new(&engine, &config, diags);
    counting = false;
    *ret_over = left > 0;
    kept = (err < 0) == (re_diags_errors(diags) > 0);
    re_engine_free(err ? NULL : engine);
    re_diags_free(diags);
    return kept;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        for (int all = 0; all < 2; all++) {
            long at = 0, bad = -1;
            bool over = false;

            sticky = all;
            while (!over && at < ALLOCATIONS_MAX) {
                if (!load(argv[i], at, &over) && bad < 0) {
                    bad = at;
                }
                at++;
            }
            tap_ok(bad < 0 && over && at > 10, "%s: each of %ld allocations "
                   "fails%s (%ld)", argv[i], at, all ? " with the rest" : "",
                   bad);
        }
    }
    return tap_done();
}
