/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "qemu.h"
#include "user-internals.h"
#include "qemu/log.h"

#include <dlfcn.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <ruleengine/engine.h>

#include "handover.h"
#include "host-filter.h"
#include "landlock.h"
#include "options.h"
#include "policy.h"
#include "records.h"
#include "wall.h"

#define EXIT_POLICY 2

bool policy_wall_stands;

static enum re_wall wall = RE_WALL_OFF;
static struct host_filter *wall_filter;     /* until it is installed */
static struct landlock *wall_files;         /* the same */

/* A part of the wall is not to be had: strict does without the guest
 * instead. */
static void lacks(const char *part, const char *why)
{
    if (wall == RE_WALL_STRICT) {
        fprintf(stderr, "qemu-" TARGET_NAME ": error: \"host-wall = strict\": "
                "%s: %s\n"
                "qemu-" TARGET_NAME ": the policy is not in force and the "
                "program was not started\n", part, why);
        exit(EXIT_POLICY);
    }
    qemu_log_mask(LOG_UNIMP, "host-wall: %s: %s\n", part, why);
}

/* --- system calls ------------------------------------------------------ */

static bool may_run(const void *engine, unsigned slot)
{
    return re_engine_may_run(engine, slot);
}

/* What a log is, by its specification: see ruleengine/engine.h. */
static unsigned log_reason(const char *spec)
{
    static const char *const formats[] = { "text:", "kernel:", "json:" };

    for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
        if (g_str_has_prefix(spec, formats[i])) {
            spec += strlen(formats[i]);
        }
    }
    return strcmp(spec, "-") == 0 ? 0 :
        g_str_has_prefix(spec, "syslog:") ||
        g_str_has_prefix(spec, "journal:") ||
        g_str_has_prefix(spec, "fd:") ? HOST_CALLS_SEND : HOST_CALLS_LOG;
}

static unsigned reasons(const struct re_engine *engine,
                        const char *const *logs, size_t log_count)
{
    unsigned found = (re_engine_asks(engine) || re_engine_names(engine) ?
                      HOST_CALLS_LOOK : 0) |
        (re_engine_acts(engine) ? HOST_CALLS_FILES : 0) |
        (re_engine_asks_for_peers(engine) ? HOST_CALLS_ACCEPT : 0) |
        (policy_records_kept() ? HOST_CALLS_LOG : 0);

    for (size_t i = 0; i < log_count; i++) {
        found |= log_reason(logs[i]);
    }
    return found;
}

/*
 * The C library loads libgcc_s when the first thread ends (pthread_exit
 * unwinds) and aborts if it cannot: so it is loaded while files can be opened.
 * Its name is then known, and nothing is opened again.
 */
static void load_unwinder(const struct host_calls *calls)
{
    uint16_t slots[ST_MAX_SPELLINGS];

    if (st_slots_of_name(calls->host, "openat", slots) &&
        calls->state[slots[0]] == HOST_CALL_REFUSED) {
        dlopen("libgcc_s.so.1", RTLD_NOW);
    }
}

static void prepare_filter(const struct re_engine *engine,
                           const struct st_target *target, unsigned why)
{
    struct host_calls *calls = g_new(struct host_calls, 1);
    int err = host_calls_derive(calls, target, may_run, engine,
                                why);

    if (!err) {
        wall_filter = g_new(struct host_filter, 1);
        err = host_filter_make(wall_filter, calls);
        load_unwinder(calls);
    }
    g_free(calls);
    if (err) {
        g_clear_pointer(&wall_filter, g_free);
        lacks("seccomp", err == -ENOENT ? "no table of this machine's calls" :
              strerror(-err));
    }
}

/* On all threads, also QEMU's RCU thread. */
static int install_filter(void)
{
    struct sock_fprog program = {
        .len = wall_filter->len, .filter = wall_filter->code,
    };
    long ret = syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER,
                       SECCOMP_FILTER_FLAG_TSYNC, &program);

    return ret == 0 ? 0 : ret > 0 ? -EAGAIN : -errno;
}

/* --- files and ports --------------------------------------------------- */

/* A log that is a file: its name, or NULL. */
static const char *log_file(const char *spec)
{
    static const char *const formats[] = { "text:", "kernel:", "json:" };

    if (log_reason(spec) != HOST_CALLS_LOG) {
        return NULL;
    }
    for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
        if (g_str_has_prefix(spec, formats[i])) {
            spec += strlen(formats[i]);
        }
    }
    return spec;
}

static void prepare_files(const struct re_engine *engine,
                          const struct st_target *target,
                          const char *const *logs, size_t log_count)
{
    g_autoptr(GPtrArray) written = g_ptr_array_new();
    const char *why = NULL;
    int err;

    for (size_t i = 0; i < log_count; i++) {
        if (log_file(logs[i])) {
            g_ptr_array_add(written, (char *)log_file(logs[i]));
        }
    }
    if (policy_log_name()) {
        g_ptr_array_add(written, (char *)policy_log_name());
    }
    g_ptr_array_add(written, NULL);
    err = landlock_prepare(&wall_files, &why, engine, target,
                           (const char *const *)written->pdata);
    if (err) {
        lacks("Landlock", strerror(-err));
    } else if (why) {
        qemu_log_mask(LOG_UNIMP, "host-wall: no files are bound: %s\n", why);
    }
}

/* --- the whole --------------------------------------------------------- */

/* What would be lost to the user behind a wall that does not know of it. */
static const char *why_not(const struct re_engine *engine)
{
    if (re_engine_runs_outside(engine)) {
        return "\"exec = native\" runs programs that no policy holds for";
    }
    if (re_engine_acts_freely(engine)) {
        return "handlers may do anything on the host";
    }
    if (policy_option_given("g", "QEMU_GDB")) {
        return "a debugger is let in";
    }
    if (policy_option_given("plugin", "QEMU_PLUGIN")) {
        return "plugins need what they need";
    }
    return NULL;
}

void policy_wall_prepare(struct re_engine *engine,
                         const struct st_target *target,
                         const char *const *logs, size_t log_count)
{
    const char *why;

    wall = re_engine_host_wall(engine);
    if (wall == RE_WALL_OFF || policy_wall_stands) {
        return;
    }
    why = why_not(engine);
    if (why) {
        lacks("there is none", why);
    } else {
        prepare_filter(engine, target,
                       reasons(engine, logs, log_count));
        prepare_files(engine, target, logs, log_count);
    }
}

void policy_enter(void)
{
    int err;

    if (wall_files) {
        err = landlock_enforce(wall_files);
        g_clear_pointer(&wall_files, landlock_free);
        if (err) {
            lacks("Landlock", strerror(-err));
        }
        policy_wall_stands = true;
    }
    if (!wall_filter) {
        return;
    }
    err = install_filter();
    g_clear_pointer(&wall_filter, g_free);
    if (err) {
        lacks("seccomp", strerror(-err));
    } else {
        policy_wall_stands = true;
    }
}
