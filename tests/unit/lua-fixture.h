/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests of Lua handlers without an emulator: a guest that is an array of
 * bytes, original calls that are a function, and standard error in a file.
 */
#ifndef TESTS_UNIT_LUA_FIXTURE_H
#define TESTS_UNIT_LUA_FIXTURE_H

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lua-guest.h"
#include "lua-state.h"
#include "origin.h"
#include "policy.h"
#include "tap.h"

/* A Lua state with handlers, and the last call that one of them handled. */
struct fixture {
    struct re_lua *lua;
    struct re_origin *origin;   /* with states of threads; else NULL */
    const struct st_target *target;
    struct guest guest;
    struct re_diags *diags;
    struct re_rule on_error;
    struct re_call call;
    int64_t original;       /* what the original call gives */
    unsigned runs;          /* original calls made */
    uint64_t ran_with[ST_MAX_REGS];
    uint64_t before[ST_MAX_REGS];   /* arguments that call_with() was given */
};

/* --- files --------------------------------------------------------------- */

__attribute__((unused))
static void put_file(const char *dir, const char *name, const char *content)
{
    char path[256];
    FILE *stream;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    stream = fopen(path, "w");
    if (!stream || fputs(content, stream) < 0 || fclose(stream)) {
        abort();
    }
}

/* --- standard error ---------------------------------------------------- */

/* From here on standard error goes into a file; call it first. */
__attribute__((unused))
static void capture_errors(void)
{
    int fd = memfd_create("stderr", MFD_CLOEXEC);

    if (fd < 0 || dup2(fd, STDERR_FILENO) < 0) {
        abort();
    }
    close(fd);
}

/* What has been written to standard error since the last time. */
__attribute__((unused))
static const char *captured_errors(void)
{
    static char text[8192];
    ssize_t n = pread(STDERR_FILENO, text, sizeof(text) - 1, 0);

    text[n < 0 ? 0 : n] = '\0';
    if (ftruncate(STDERR_FILENO, 0) < 0) {
        abort();
    }
    lseek(STDERR_FILENO, 0, SEEK_SET);
    return text;
}

/* --- states ------------------------------------------------------------ */

/* A file with a text, its name in a buffer that the next call reuses. */
__attribute__((unused))
static const char *text_file(const char *text)
{
    static char name[64];
    FILE *stream;
    int fd;

    strcpy(name, "/tmp/lua-test-XXXXXX");
    fd = mkstemp(name);
    stream = fd < 0 ? NULL : fdopen(fd, "w");
    if (!stream || fputs(text, stream) < 0 || fclose(stream)) {
        abort();
    }
    return name;
}

__attribute__((unused))
static void fixture_free(struct fixture *f)
{
    re_lua_free(f->lua);
    re_origin_free(f->origin);
    re_diags_free(f->diags);
    free(f);
}

/* Handlers out of a text. Aborts when the text does not load. */
__attribute__((unused))
static struct fixture *fixture_new(const char *target,
                                   const struct re_lua_limits *limits,
                                   const char *text)
{
    struct fixture *f = calloc(1, sizeof(*f));
    const char *file = text_file(text);

    f->target = st_target_by_name(target);
    f->diags = re_diags_new();
    f->on_error = (struct re_rule) {
        .verdict = RE_VERDICT_DENY,
        .error = st_errno_by_name(f->target, "EPERM"),
        .error_name = "EPERM",
        .file = "web.ini",
        .line = 5,
    };
    if (limits && limits->per_thread && re_origin_new(&f->origin) < 0) {
        abort();
    }
    if (re_lua_new(&f->lua, RE_LUA_HANDLERS, f->target, &lua_guest_ops, limits,
                   f->diags) < 0) {
        abort();
    }
    re_lua_set_origin(f->lua, f->origin);
    if (re_lua_share(f->lua) < 0 ||
        re_lua_load(f->lua, file, "web.ini", 1, 1, f->diags) < 0) {
        const struct re_diag *diag = re_diags_at(f->diags, 0);

        printf("Bail out! %s\n", diag ? diag->message : "no state");
        abort();
    }
    re_lua_set_on_error(f->lua, &f->on_error);
    unlink(file);
    return f;
}

/* The number of a call on a target: of this very name rather than of another
 * spelling that it governs too. */
__attribute__((unused))
static int number_of(const struct st_target *target, const char *name)
{
    uint16_t slots[ST_MAX_SPELLINGS];
    unsigned count = st_slots_of_name(target, name, slots), best = 0;

    for (unsigned i = 0; i < count; i++) {
        if (!strcmp(st_slot_name(target, slots[i]), name)) {
            best = i;
            break;
        }
    }
    return count ? st_number_of_slot(target, slots[best]) : -1;
}

/* Runs a handler for f->call to its end, original calls included. */
__attribute__((unused))
static enum re_lua_step run_handler(struct fixture *f,
                                    const struct re_rule *rule)
{
    enum re_lua_step step = re_lua_start(f->lua, rule, &f->call);

    f->runs = 0;
    while (step == RE_LUA_RUN) {
        f->runs++;
        memcpy(f->ran_with, f->call.args, sizeof(f->ran_with));
        step = re_lua_resume(f->lua, &f->call, f->original);
    }
    return step;
}

/* A handler by name, for a call by name, with these arguments. */
__attribute__((unused))
static enum re_lua_step call_with(struct fixture *f, const char *handler,
                                  const char *name,
                                  const uint64_t args[ST_MAX_REGS])
{
    struct re_rule rule = {
        .verdict = RE_VERDICT_LUA,
        .handler = re_lua_handler(f->lua, handler),
    };

    if (rule.handler < 0) {
        printf("Bail out! no function %s\n", handler);
        abort();
    }
    memset(&f->call, 0, sizeof(f->call));
    f->call.nr = number_of(f->target, name);
    f->call.slot = st_slot_of_number(f->target, f->call.nr);
    f->call.guest = &f->guest;
    if (args) {
        memcpy(f->call.args, args, sizeof(f->call.args));
    }
    memcpy(f->before, f->call.args, sizeof(f->before));
    return run_handler(f, &rule);
}

#endif
