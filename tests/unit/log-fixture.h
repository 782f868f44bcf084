/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An engine with a policy that is a string, and a log that can be read back. */
#ifndef TESTS_UNIT_LOG_FIXTURE_H
#define TESTS_UNIT_LOG_FIXTURE_H

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "guest-fixture.h"
#include "tap.h"

struct bench {
    const struct st_target *target;
    struct re_engine *engine;
    struct re_thread thread;
    struct guest guest;
    struct re_facts facts;
    bool has_facts;                 /* conditions may ask about pointers */
    char policy[64], log[64];       /* paths of temporary files */
    char line[32768];               /* the log's last record */
};

/* In memory where there is such a place: these tests write many small files. */
static void bench_paths(struct bench *b)
{
    const char *dir = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

    snprintf(b->policy, sizeof(b->policy), "%s/policy-%d.ini", dir,
             getpid());
    snprintf(b->log, sizeof(b->log), "%s/policy-%d.log", dir, getpid());
}

static bool write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    return f && fputs(text, f) >= 0 && fclose(f) == 0;
}

/* Loads a policy; the log starts empty. Shows what is wrong when it fails. */
static bool bench_load_to(struct bench *b, const char *target,
                          const char *text, const char *log)
{
    const char *file = b->policy, *where = log ? log : b->log;
    struct re_diags *diags = re_diags_new();
    struct re_config config = {
        .ops = &guest_ops, .policies = &file, .policy_count = 1,
        .logs = &where, .log_count = 1, .exe = "/usr/sbin/nginx",
    };
    int err;

    bench_paths(b);
    b->target = config.target = st_target_by_name(target);
    b->engine = NULL;
    memset(&b->thread, 0, sizeof(b->thread));
    if (!log) {
        unlink(b->log);
    }
    err = write_file(file, text) ? 0 : -errno;
    err = err ? err : re_engine_new(&b->engine, &config, diags);
    for (size_t i = 0; err && i < re_diags_count(diags); i++) {
        char *shown = re_diag_text(re_diags_at(diags, i));

        tap_note(shown);
        free(shown);
    }
    re_diags_free(diags);
    return err == 0;
}

__attribute__((unused))
static bool bench_load(struct bench *b, const char *target, const char *text)
{
    return bench_load_to(b, target, text, NULL);
}

static void bench_end(struct bench *b)
{
    re_engine_free(b->engine);
    b->engine = NULL;
    unlink(b->policy);
    unlink(b->log);
}

/* Makes a call with the values of its arguments. */
__attribute__((unused))
static enum re_step bench_call(struct bench *b, int slot,
                               const uint64_t values[ST_MAX_ARGS],
                               struct re_call *call)
{
    struct st_arg all[ST_MAX_ARGS];
    int count = st_slot_args(b->target, slot, all);

    memset(call, 0, sizeof(*call));
    call->slot = slot;
    call->nr = st_number_of_slot(b->target, slot);
    call->guest = &b->guest;
    call->facts = b->has_facts ? &b->facts : NULL;
    for (int i = 0; i < count; i++) {
        set_arg(b->target, &all[i], call->args, values[i]);
    }
    return re_enter(b->engine, &b->thread, call);
}

/* The last line of a log into b->line; the number of lines. */
__attribute__((unused))
static unsigned bench_read(struct bench *b, const char *log)
{
    FILE *f = fopen(log, "r");
    unsigned lines = 0;

    b->line[0] = '\0';
    while (f && fgets(b->line, sizeof(b->line), f)) {
        lines++;
    }
    if (f) {
        fclose(f);
    }
    return lines;
}

/* A string member; of escapes it knows those of quotes and backslashes. */
__attribute__((unused))
static bool member(const char *line, const char *key, char *buf, size_t size)
{
    char start[64];
    const char *s;
    size_t len = 0;

    snprintf(start, sizeof(start), "\"%s\":\"", key);
    s = strstr(line, start);
    if (!s) {
        return false;
    }
    for (s += strlen(start); *s != '"' && len + 1 < size; s++) {
        s += *s == '\\';
        if (!*s) {
            return false;
        }
        buf[len++] = *s;
    }
    buf[len] = '\0';
    return *s == '"';
}

#endif
