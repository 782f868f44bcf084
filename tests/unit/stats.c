/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Statistics: what is counted, by several processes, and where. */
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "log-fixture.h"
#include "ruleengine/stats.h"

static struct bench bench;
static char path[80];

static const char policy[] =
    "[policy]\ndefault = allow\n"
    "[deny]\nptrace = EPERM\nreboot = EPERM\n"
    "[emulate]\ngetpid = return 42\n";

static int load(struct re_config *config)
{
    struct re_diags *diags = re_diags_new();
    int err = re_engine_new(&bench.engine, config, diags);

    for (size_t i = 0; err && i < re_diags_count(diags); i++) {
        tap_note(re_diags_at(diags, i)->message);
    }
    re_diags_free(diags);
    return err;
}

static struct re_config config_for(const char *target)
{
    static const char *const logs[] = { "/dev/null" };
    static const char *file;

    bench_paths(&bench);
    write_file(bench.policy, policy);
    file = bench.policy;
    bench.target = st_target_by_name(target);
    return (struct re_config) {
        .target = bench.target, .ops = &guest_ops, .policies = &file,
        .policy_count = 1, .logs = logs,
        .log_count = 1, .stats_path = path, .exe = "/bin/x",
    };
}

static void make(const char *name, int64_t result)
{
    const uint64_t values[ST_MAX_ARGS] = { 0 };
    struct re_call call;

    if (bench_call(&bench, slot_named(bench.target, name), values, &call) ==
        RE_STEP_RUN) {
        re_resume(bench.engine, &bench.thread, &call, result);
    }
}

/* --- what the file says ------------------------------------------------ */

static const char *bytes;
static size_t size;

static bool open_file(void)
{
    int fd = open(path, O_RDONLY);
    struct stat st;

    bytes = MAP_FAILED;
    if (fd >= 0 && fstat(fd, &st) == 0) {
        size = st.st_size;
        bytes = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
        close(fd);
    }
    return bytes != MAP_FAILED;
}

static const struct re_stats_section *section(unsigned i)
{
    return &((const struct re_stats_head *)bytes)->sections[i];
}

static const struct re_stats_slot *slot_in(unsigned i, const char *name)
{
    const struct st_target *t = st_target_by_name(section(i)->target);
    const struct re_stats_slot *slots = (const void *)(bytes +
                                                       section(i)->offset);

    return &slots[slot_named(t, name)];
}

/* How often the rule of that text has decided; UINT64_MAX: there is none. */
static uint64_t hits_of(unsigned i, const char *what)
{
    const struct re_stats_section *s = section(i);
    const struct re_stats_slot *slots = (const void *)(bytes + s->offset);
    const struct re_stats_rule *rules = (const void *)(slots + s->slots + 1);
    const char *text = (const char *)(rules + s->rules);

    for (unsigned r = 0; r < s->rules; r++) {
        if (strcmp(text + rules[r].what, what) == 0) {
            return rules[r].hits;
        }
    }
    return UINT64_MAX;
}

/* ----------------------------------------------------------------------- */

static void check_counts(void)
{
    const struct re_stats_slot *s;

    for (int i = 0; i < 3; i++) {
        make("read", 100);
    }
    make("read", -9);
    make("write", 50);
    make("write", RE_RESULT_AGAIN);
    make("write", 7);
    make("ptrace", 0);
    make("getpid", 0);
    if (!tap_ok(open_file() && strcmp(section(0)->target, "x86_64") == 0,
                "a file with a section")) {
        return;
    }
    s = slot_in(0, "read");
    tap_ok(s->calls == 4 && s->errors == 1 && s->bytes_in == 300 &&
           s->bytes_out == 0 && s->refused == 0, "calls, errors and bytes");
    s = slot_in(0, "write");
    tap_ok(s->calls == 2 && s->bytes_out == 57,
           "a call that is made again is one call");
    s = slot_in(0, "ptrace");
    tap_ok(s->calls == 1 && s->refused == 1 && s->errors == 1 && s->time > 0 &&
           s->longest <= s->time, "refusals, with their time");
    s = slot_in(0, "getpid");
    tap_ok(s->calls == 1 && s->emulated == 1 && s->errors == 0,
           "emulated calls");
    tap_ok(hits_of(0, "ptrace = EPERM") == 1 &&
           hits_of(0, "getpid = return 42") == 1 &&
           hits_of(0, "default = allow") == 6 &&
           hits_of(0, "reboot = EPERM") == 0, "rules");
}

/* Children count in the same file, and lose nothing when they are killed. */
static void check_killed(void)
{
    int status;

    for (int i = 0; i < 4; i++) {
        pid_t pid = fork();

        if (pid == 0) {
            for (int j = 0; j < 1000; j++) {
                make("lseek", 0);
            }
            kill(getpid(), SIGKILL);
        }
        waitpid(pid, &status, 0);
    }
    tap_ok(slot_in(0, "lseek")->calls == 4000,
           "four processes that are killed leave 4 * 1000 calls: %llu",
           (unsigned long long)slot_in(0, "lseek")->calls);
}

/* The next program image, of the same target and of another one. */
static void check_images(void)
{
    static const char *const targets[] = { "x86_64", "mips" };

    for (int i = 0; i < 2; i++) {
        struct re_config config = config_for(targets[i]);
        struct re_saved saved;

        re_engine_save(bench.engine, &saved);
        for (unsigned j = 0; j < RE_SAVED_FDS; j++) {
            saved.fds[j] = saved.fds[j] < 0 ? -1 : dup(saved.fds[j]);
        }
        saved.shared_fd = saved.shared_fd < 0 ? -1 : dup(saved.shared_fd);
        saved.stats_fd = dup(saved.stats_fd);
        re_engine_free(bench.engine);
        config.saved = &saved;
        tap_ok(load(&config) == 0, "another program, %s", targets[i]);
        make("read", 1);
        free(saved.bytes);
    }
    munmap((void *)bytes, size);
    open_file();
    tap_ok(slot_in(0, "read")->calls == 5 &&
           strcmp(section(1)->target, "mips") == 0 &&
           slot_in(1, "read")->calls == 1 &&
           ((const struct re_stats_head *)bytes)->images == 3,
           "each target has its own section");
}

static void check_places(void)
{
    struct re_config config = config_for("x86_64");

    re_engine_free(bench.engine);
    bench.engine = NULL;
    tap_ok(load(&config) == 0 && slot_in(0, "read")->calls == 5,
           "a new run has a new file, and leaves the old one alone");
    re_engine_free(bench.engine);
    bench.engine = NULL;
    write_file(path, "somebody's notes");
    tap_ok(load(&config) == -EEXIST, "no other file is replaced");
    config.stats_path = "/nonexistent/stats";
    tap_ok(load(&config) == -ENOENT, "a folder that is not there");
}

int main(void)
{
    struct re_config config;

    snprintf(path, sizeof(path), "/tmp/policy-%d.stats", getpid());
    config = config_for("x86_64");
    if (tap_ok(load(&config) == 0, "an engine that counts")) {
        check_counts();
        check_killed();
        check_images();
        check_places();
    }
    unlink(path);
    bench_end(&bench);
    return tap_done();
}
