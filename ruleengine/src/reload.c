/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two locks. "looking" is held by the thread that reads the directories and
 * loads what it finds; others pass by. "lock" guards the list of generations
 * and is held for a few instructions. Order: looking, lock, those of the Lua
 * states.
 */
#include "reload.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "diag-add.h"
#include "folder.h"
#include "origin.h"

#define INTERVAL 250        /* ms between two looks */

/* File systems tell times apart by ticks: a file that was changed so short a
 * time ago, in ns, may have been changed again with the same stamp. */
#define SETTLED INT64_C(2000000000)

/* A file that was written so short a time ago may not be whole yet, ns. */
#define WRITTEN INT64_C(200000000)

struct generation {
    struct generation *next;        /* the one before */
    struct re_layer *layer;
    struct re_origin *origin;       /* its texts; the first: the engine's */
    unsigned starting;      /* threads on their way into its state */
};

struct folder {
    char *name;             /* as the user gave it */
    int fd;                 /* the origin's */
    uint64_t stamp;
    bool known;             /* the stamp counts */
};

struct re_reload {
    pthread_mutex_t looking, lock;
    struct generation *current;
    struct generation *first;       /* stays: it has what the others borrow */
    struct folder *folders;
    const char **names;     /* the same names, for loading */
    size_t count;
    int floor;              /* of own descriptors */
    _Atomic uint64_t next_look;     /* ms of CLOCK_MONOTONIC_COARSE */
    struct re_origin *rejected;     /* texts that did not load; or NULL */
    int told;               /* an errno that has been told of, or 0 */
};

/* --- loading ----------------------------------------------------------- */

static void generation_free(struct re_reload *r, struct generation *g)
{
    if (g) {
        re_layer_free(g->layer);
        if (g != r->first) {
            re_origin_free(g->origin);
        }
        free(g);
    }
}

static void tell(const struct re_reload *r, const char *place, unsigned line,
                 const char *text)
{
    char at[512];

    if (line) {
        snprintf(at, sizeof(at), "%s:%u", place, line);
        place = at;
    }
    re_lua_tell(r->first->layer->lua, place, text, true);
}

/* What was found while loading; "kept": in vain. */
static void tell_diags(const struct re_reload *r, const struct re_diags *diags,
                       bool kept)
{
    for (size_t i = 0; i < re_diags_count(diags); i++) {
        const struct re_diag *diag = re_diags_at(diags, i);
        char text[768];

        if (kept && diag->severity != RE_ERROR) {
            continue;
        }
        snprintf(text, sizeof(text), "%.600s%s", diag->message,
                 kept ? "; the rules stay as they were" : "");
        tell(r, diag->file ? diag->file : r->folders[0].name, diag->line,
             text);
        if (kept) {
            return;
        }
    }
}

static void tell_errno(struct re_reload *r, const char *place, int err)
{
    char text[256];

    if (r->told == err) {
        return;
    }
    r->told = err;
    snprintf(text, sizeof(text), "cannot be read again: %s; the rules stay as "
             "they were", strerror(-err));
    tell(r, place, 0, text);
}

static void publish(struct re_reload *r, struct generation *g)
{
    pthread_mutex_lock(&r->lock);
    g->next = r->current;
    r->current = g;
    pthread_mutex_unlock(&r->lock);
}

/* Frees the generations that no call is in any more. */
static void sweep(struct re_reload *r)
{
    struct generation **at, *g, *gone = NULL;

    pthread_mutex_lock(&r->lock);
    for (at = &r->current->next; (g = *at);) {
        if (g == r->first || g->starting || !re_lua_unused(g->layer->lua)) {
            at = &g->next;
            continue;
        }
        *at = g->next;
        g->next = gone;
        gone = g;
    }
    pthread_mutex_unlock(&r->lock);
    while (gone) {
        g = gone->next;
        generation_free(r, gone);
        gone = g;
    }
}

/* The origin becomes the generation's, or the one that was rejected. */
static void load(struct re_reload *r, struct re_origin *origin)
{
    struct generation *g = calloc(1, sizeof(*g));
    struct re_diags *diags = re_diags_new();
    int err = g && diags ? re_layer_load_rules_again(
        &g->layer, r->first->layer, origin, r->names, r->count, diags) :
        -ENOMEM;

    if (diags) {
        tell_diags(r, diags, err < 0);
    }
    re_origin_free(r->rejected);
    r->rejected = NULL;
    if (err < 0) {
        r->rejected = origin;
        free(g);
    } else {
        g->origin = origin;
        publish(r, g);
        re_lua_forget_places(r->first->layer->lua);
        re_lua_tell(r->first->layer->lua, r->folders[0].name,
                    "the rules have been loaded again", false);
    }
    re_diags_free(diags);
}

/* --- looking ----------------------------------------------------------- */

static int64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Whether files of the folder may have changed, and are whole. 0, 1 or a
 * negative errno. */
static int look_at(struct re_reload *r, struct folder *f, bool *ret_whole)
{
    struct re_folder_times times;
    size_t size;
    char *names;
    uint64_t stamp;
    int64_t age;
    bool changed;
    int err = re_folder_list(f->fd, r->floor, ".lua", &names, &size);

    if (err) {
        return err;
    }
    stamp = re_folder_stamp(f->fd, names, &times);
    free(names);
    changed = !f->known || f->stamp != stamp;
    f->stamp = stamp;
    f->known = now_ns() - times.changed > SETTLED;
    age = now_ns() - times.written;
    *ret_whole &= age < 0 || age > WRITTEN;     /* < 0: by another clock */
    return changed;
}

static bool same(const struct re_reload *r, const struct re_origin *a,
                 const struct re_origin *b)
{
    for (size_t i = 0; i < r->count; i++) {
        if (!re_origin_same_folder(a, b, r->names[i])) {
            return false;
        }
    }
    return true;
}

static void read_again(struct re_reload *r)
{
    struct re_origin *origin;
    int err = re_origin_new(&origin);

    for (size_t i = 0; i < r->count && !err; i++) {
        err = re_origin_read_folder(origin, r->names[i], r->folders[i].fd,
                                    r->floor, ".lua");
        if (err) {
            re_origin_free(origin);
            r->folders[i].known = false;
            tell_errno(r, r->names[i], err);
            return;
        }
    }
    if (err) {
        return;
    }
    r->told = 0;
    re_origin_freeze(origin);
    if (same(r, origin, r->current->origin)) {
        re_origin_free(r->rejected);
        r->rejected = NULL;
        re_origin_free(origin);
    } else if (r->rejected && same(r, origin, r->rejected)) {
        re_origin_free(origin);
    } else {
        load(r, origin);
    }
}

static void look(struct re_reload *r)
{
    bool whole = true;
    int changed = 0;

    for (size_t i = 0; i < r->count && changed >= 0; i++) {
        int one = look_at(r, &r->folders[i], &whole);

        if (one < 0) {
            tell_errno(r, r->names[i], one);
        }
        changed = one < 0 ? one : changed | one;
    }
    /* What is not whole is not known either: it comes again. */
    if (changed > 0 && whole) {
        read_again(r);
    }
    sweep(r);
}

static void look_when_due(struct re_reload *r)
{
    struct timespec t;
    uint64_t now;

    clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    now = (uint64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
    if (now < atomic_load_explicit(&r->next_look, memory_order_relaxed) ||
        pthread_mutex_trylock(&r->looking)) {
        return;
    }
    atomic_store_explicit(&r->next_look, now + INTERVAL,
                          memory_order_relaxed);
    look(r);
    pthread_mutex_unlock(&r->looking);
}

enum re_lua_step re_reload_start(struct re_reload *r, struct re_call *call)
{
    const struct re_rule *rule = NULL;
    enum re_lua_step step = RE_LUA_PASS;
    struct generation *g;
    bool handled;

    look_when_due(r);
    if (call->slot < 0) {
        return RE_LUA_PASS;
    }
    pthread_mutex_lock(&r->lock);
    g = r->current;
    rule = g->layer->slots[call->slot].candidates[0].rule;
    handled = rule->verdict == RE_VERDICT_LUA;
    g->starting += handled;
    pthread_mutex_unlock(&r->lock);
    /* Without a handler, the rule may be gone by now. */
    if (handled) {
        step = re_lua_start(g->layer->lua, rule, call);
        pthread_mutex_lock(&r->lock);
        g->starting--;
        pthread_mutex_unlock(&r->lock);
    }
    return step;
}

/* --- life -------------------------------------------------------------- */

static int open_folders(struct re_reload *r, const char *const *dirs,
                        struct re_diags *diags)
{
    for (size_t i = 0; i < r->count; i++) {
        struct folder *f = &r->folders[i];

        f->name = strdup(dirs[i]);
        f->fd = f->name ? re_origin_folder(r->first->origin, dirs[i]) :
            -ENOMEM;
        if (f->fd < 0) {
            re_diags_add(diags, RE_ERROR, dirs[i], 0, 0, 0, NULL, NULL,
                         "cannot be watched for changes: %s",
                         strerror(-f->fd));
            return f->fd;
        }
        r->names[i] = f->name;
    }
    return 0;
}

int re_reload_new(struct re_reload **ret, struct re_layer *first,
                  const char *const *dirs, size_t count,
                  struct re_diags *diags)
{
    struct re_reload *r = calloc(1, sizeof(*r));
    int err = -ENOMEM;

    if (!r) {
        return -ENOMEM;
    }
    pthread_mutex_init(&r->looking, NULL);
    pthread_mutex_init(&r->lock, NULL);
    r->count = count;
    r->floor = re_origin_floor(first->origin);
    r->folders = calloc(count, sizeof(*r->folders));
    r->names = calloc(count, sizeof(*r->names));
    r->first = r->current = calloc(1, sizeof(*r->first));
    if (r->folders && r->names && r->first) {
        r->first->origin = first->origin;
        err = open_folders(r, dirs, diags);
    }
    if (err) {
        re_reload_free(r);
        return err;
    }
    r->first->layer = first;
    *ret = r;
    return 0;
}

void re_reload_free(struct re_reload *r)
{
    if (!r) {
        return;
    }
    /* The first one, which the others borrow from, is the last. */
    while (r->current) {
        struct generation *next = r->current->next;

        generation_free(r, r->current);
        r->current = next;
    }
    for (size_t i = 0; r->folders && i < r->count; i++) {
        free(r->folders[i].name);
    }
    free(r->folders);
    free(r->names);
    re_origin_free(r->rejected);
    pthread_mutex_destroy(&r->lock);
    pthread_mutex_destroy(&r->looking);
    free(r);
}

void re_reload_set_audit(struct re_reload *r, struct re_audit *audit)
{
    re_lua_set_audit(r->first->layer->lua, audit);
}

int re_reload_save(struct re_reload *r, const struct re_origin *origin,
                   void **ret_bytes, size_t *ret_size)
{
    int err;

    /* Its texts do not change, and are not freed, while this is held. */
    pthread_mutex_lock(&r->lock);
    err = re_origin_save(origin, r->current == r->first ? NULL :
                         r->current->origin, ret_bytes, ret_size);
    pthread_mutex_unlock(&r->lock);
    return err;
}

/* --- fork -------------------------------------------------------------- */

void re_reload_fork_prepare(struct re_reload *r)
{
    pthread_mutex_lock(&r->looking);
    pthread_mutex_lock(&r->lock);
    for (struct generation *g = r->current; g; g = g->next) {
        re_lua_fork_prepare(g->layer->lua);
    }
}

void re_reload_fork_parent(struct re_reload *r)
{
    for (struct generation *g = r->current; g; g = g->next) {
        re_lua_fork_parent(g->layer->lua);
    }
    pthread_mutex_unlock(&r->lock);
    pthread_mutex_unlock(&r->looking);
}

/* The mutexes may remember waiting threads that do not exist here; nor do those
 * that were on their way into a state. */
void re_reload_fork_child(struct re_reload *r)
{
    pthread_mutex_init(&r->looking, NULL);
    pthread_mutex_init(&r->lock, NULL);
    for (struct generation *g = r->current; g; g = g->next) {
        g->starting = 0;
        re_lua_fork_child(g->layer->lua);
    }
}
