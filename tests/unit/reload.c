/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Directories of rules that are read again while a guest runs: changed, added,
 * removed and broken files, calls under way, threads, fork, execve.
 */
#include <ruleengine/engine.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "lua-fixture.h"

#define TRIES 3000          /* of 10 ms, until a change has been seen */

static const struct st_target *target;
static char dir[] = "/tmp/reload-XXXXXX", log_file[64];
static struct re_saved saved;

static const char *path_of(const char *name)
{
    static char path[128];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

static void put(const char *name, const char *text)
{
    char whole[128];
    FILE *stream;

    snprintf(whole, sizeof(whole), "%s", path_of(name));
    stream = fopen(path_of("new"), "w");
    if (!stream || fputs(text, stream) < 0 || fclose(stream) ||
        rename(path_of("new"), whole) < 0) {
        abort();
    }
}

static struct re_engine *load(bool reload, const struct re_saved *from)
{
    const char *dirs[] = { dir }, *logs[] = { log_file };
    struct re_config config = {
        .target = target, .ops = &lua_guest_ops,
        .rule_dirs = dirs, .rule_dir_count = 1, .rules_reload = reload,
        .logs = logs, .log_count = 1, .exe = "test", .saved = from,
    };
    struct re_diags *diags = re_diags_new();
    struct re_engine *engine = NULL;

    if (re_engine_new(&engine, &config, diags) < 0) {
        printf("Bail out! %s\n", re_diags_at(diags, 0)->message);
        abort();
    }
    re_diags_free(diags);
    return engine;
}

static enum re_step enter(struct re_engine *engine, struct re_thread *thread,
                          struct re_call *call, const char *name)
{
    static struct guest guest;

    memset(call, 0, sizeof(*call));
    call->nr = number_of(target, name);
    call->slot = st_slot_of_number(target, call->nr);
    call->guest = &guest;
    return re_engine_map(engine)[call->slot] ?
        re_enter(engine, thread, call) : RE_STEP_RUN;
}

/* What a call gives; the original one gives 1. */
static int64_t ask(struct re_engine *engine, const char *name)
{
    struct re_thread thread = { 0 };
    struct re_call call;
    enum re_step step = enter(engine, &thread, &call, name);

    if (step == RE_STEP_RUN && !re_engine_map(engine)[call.slot]) {
        return 1;
    }
    while (step == RE_STEP_RUN) {
        step = re_resume(engine, &thread, &call, 1);
    }
    return call.result;
}

/* Asks until the answer is this one. */
static bool becomes(struct re_engine *engine, const char *name,
                    int64_t expected)
{
    const struct timespec pause = { .tv_nsec = 10000000 };

    for (int i = 0; i < TRIES; i++) {
        if (ask(engine, name) == expected) {
            return true;
        }
        nanosleep(&pause, NULL);
    }
    return false;
}

/* Waits until the directory has been looked at: another file's change is there. */
static void look(struct re_engine *engine)
{
    static int number;
    char text[80];

    snprintf(text, sizeof(text), "function syscall_umask() return 1, %d end",
             ++number + 100);
    put("umask.lua", text);
    if (!becomes(engine, "umask", number + 100)) {
        abort();
    }
}

static unsigned log_lines(const char *words)
{
    FILE *stream = fopen(log_file, "r");
    char line[4096];
    unsigned count = 0;

    while (stream && fgets(line, sizeof(line), stream)) {
        count += strstr(line, words) != NULL;
    }
    if (stream) {
        fclose(stream);
    }
    return count;
}

/* --- files ------------------------------------------------------------- */

static void test_asked(void)
{
    struct re_engine *engine;

    put("getpid.lua", "function do_syscall() return 1, 10 end");
    engine = load(false, NULL);
    tap_ok(!re_engine_map(engine)[st_slot_of_number(
        target, number_of(target, "getppid"))],
        "without being asked, calls without a rule are not looked at");
    re_engine_free(engine);
}

static void test_files(struct re_engine *engine)
{
    tap_ok(ask(engine, "getpid") == 10 && ask(engine, "getppid") == 1,
           "the rules as they were at the start");
    put("getpid.lua", "function do_syscall() return 1, 11 end");
    tap_ok(becomes(engine, "getpid", 11), "a file that has changed");
    put("getpid.lua", "function do_syscall() return 1, 12 end");
    tap_ok(becomes(engine, "getpid", 12),
           "... and at once again, by as many bytes");
    put("more.lua", "function syscall_getppid() return 1, 13 end");
    tap_ok(becomes(engine, "getppid", 13), "a call that had no rule");
    unlink(path_of("more.lua"));
    tap_ok(becomes(engine, "getppid", 1), "a file that has gone");
    put("around.lua", "function finish(name, num, result)\n"
        "  if name == 'getuid' then shared.set('uid', result) end end");
    put("gettid.lua", "function do_syscall() return 1, shared.get('uid') end");
    look(engine);
    tap_ok(ask(engine, "getuid") == 1 && ask(engine, "gettid") == 1,
           "finish() around all calls; shared values");
    unlink(path_of("around.lua"));
    look(engine);
    ask(engine, "getuid");
    tap_ok(ask(engine, "gettid") == 1, "shared values stay");
    unlink(path_of("gettid.lua"));
}

static void wait_for_line(struct re_engine *engine, const char *words,
                          unsigned count)
{
    const struct timespec pause = { .tv_nsec = 10000000 };

    for (int i = 0; i < TRIES && log_lines(words) < count; i++) {
        ask(engine, "getpid");
        nanosleep(&pause, NULL);
    }
}

static void test_broken(struct re_engine *engine)
{
    const char *text;
    char wanted[160];

    captured_errors();
    put("getpid.lua", "\nfunction do_syscall() return 1, 20 end end");
    wait_for_line(engine, "stay as they were", 1);
    snprintf(wanted, sizeof(wanted), "%s:2: ", path_of("getpid.lua"));
    text = captured_errors();
    tap_ok(!strncmp(text, wanted, strlen(wanted)) &&
           strstr(text, "; the rules stay as they were\n"),
           "a broken file is told of: %.*s", (int)strcspn(text, "\n"), text);
    tap_ok(ask(engine, "getpid") == 12, "... and the old rules stay");
    utimensat(AT_FDCWD, path_of("getpid.lua"), NULL, 0);
    put("umask.lua", "error('thrown')");
    wait_for_line(engine, "stay as they were", 2);
    tap_ok(log_lines("stay as they were") == 2, "told once for each change");
    put("getpid.lua", "function do_syscall() return 1, 21 end");
    wait_for_line(engine, "thrown; the rules stay", 1);
    tap_ok(ask(engine, "getpid") == 12, "a file that fails when it is run");
    unlink(path_of("umask.lua"));
    tap_ok(becomes(engine, "getpid", 21), "mended, all of it counts");
    tap_ok(log_lines("loaded again") > 4, "the log has it");
}

static void test_kinds(struct re_engine *engine)
{
    captured_errors();
    if (mkfifo(path_of("pipe.lua"), 0600) < 0) {
        abort();
    }
    wait_for_line(engine, "cannot be read again", 1);
    tap_ok(strstr(captured_errors(), "cannot be read again") &&
           ask(engine, "getpid") == 21, "a pipe is not waited for");
    unlink(path_of("pipe.lua"));
    look(engine);
    tap_ok(ask(engine, "getpid") == 21, "... and can go again");
}

/* --- calls under way --------------------------------------------------- */

static void test_under_way(struct re_engine *engine)
{
    struct re_thread thread = { 0 };
    struct re_call call;
    enum re_step step;

    put("dup.lua", "function do_syscall(num, fd)\n"
        "  return 1, c_do_syscall(num, fd) + 30 end");
    look(engine);
    step = enter(engine, &thread, &call, "dup");
    put("dup.lua", "function do_syscall() return 1, 40 end");
    tap_ok(becomes(engine, "dup", 40), "another call has the new rule");
    look(engine);
    look(engine);
    tap_ok(step == RE_STEP_RUN, "the first one waits for its original");
    step = re_resume(engine, &thread, &call, 5);
    tap_ok(step == RE_STEP_DONE && call.result == 35,
           "... and ends with the rule that it began with: %lld",
           (long long)call.result);
}

static atomic_bool stop;
static atomic_ulong wrong, asked;

static void *keep_asking(void *opaque)
{
    while (!atomic_load(&stop)) {
        int64_t r = ask(opaque, "getuid");

        atomic_fetch_add(&wrong, r < 50 || r > 59);
        atomic_fetch_add(&asked, 1);
    }
    return NULL;
}

static void test_threads(struct re_engine *engine)
{
    pthread_t threads[4];
    unsigned good = 0;

    put("getuid.lua", "function do_syscall(num) local n = c_do_syscall(num)\n"
        "  return 1, 49 + n end");
    becomes(engine, "getuid", 50);
    for (int i = 0; i < 4; i++) {
        pthread_create(&threads[i], NULL, keep_asking, engine);
    }
    for (int i = 1; i <= 6; i++) {
        char text[128];

        snprintf(text, sizeof(text), "function do_syscall(num)\n"
                 "  return 1, c_do_syscall(num) + %d end", 49 + i);
        put("getuid.lua", text);
        good += becomes(engine, "getuid", 50 + i);
        re_fork_prepare(engine);
        re_fork_parent(engine);
    }
    atomic_store(&stop, true);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    tap_ok(good == 6 && !atomic_load(&wrong) && atomic_load(&asked) > 100,
           "threads meet the old rule or the new one: %lu of %lu not",
           atomic_load(&wrong), atomic_load(&asked));
}

static void test_fork(struct re_engine *engine)
{
    int status = 0;
    pid_t pid;

    re_fork_prepare(engine);
    pid = fork();
    if (!pid) {
        bool good;

        re_fork_child(engine);
        put("getpid.lua", "function do_syscall() return 1, 60 end");
        good = becomes(engine, "getpid", 60);
        re_engine_free(engine);
        _exit(good ? 0 : 1);
    }
    re_fork_parent(engine);
    waitpid(pid, &status, 0);
    tap_ok(!status, "a forked child sees changes");
    tap_ok(becomes(engine, "getpid", 60), "and its parent too");
}

/* The next program image has the rules as they were read last, also when what is
 * there now does not load. */
static void test_exec(struct re_engine *engine)
{
    struct re_engine *next;
    char command[64];

    put("getpid.lua", "function do_syscall(");
    wait_for_line(engine, "stay as they were", log_lines("stay") + 1);
    if (re_engine_save(engine, &saved) < 0) {
        abort();
    }
    saved.shared_fd = dup(saved.shared_fd);
    next = load(true, &saved);
    tap_ok(ask(next, "getpid") == 60 && ask(next, "getpid") == 60,
           "a program that is executed has them");
    put("getpid.lua", "function do_syscall() return 1, 70 end");
    tap_ok(becomes(next, "getpid", 70), "... and sees changes");
    re_engine_free(next);
    free(saved.bytes);
    snprintf(command, sizeof(command), "rm -r %s", dir);
    if (system(command)) {
        abort();
    }
    tap_ok(becomes(engine, "getpid", 1), "no file, no rule");
}

int main(void)
{
    struct re_engine *engine;

    capture_errors();
    target = st_target_by_name("aarch64");
    if (!mkdtemp(dir)) {
        return 1;
    }
    snprintf(log_file, sizeof(log_file), "%s.log", dir);
    test_asked();
    engine = load(true, NULL);
    test_files(engine);
    test_broken(engine);
    test_kinds(engine);
    test_under_way(engine);
    test_threads(engine);
    test_fork(engine);
    test_exec(engine);
    re_engine_free(engine);
    unlink(log_file);
    return tap_done();
}
