/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which rule wins, within a policy and between several: each row is tried with
 * its policies in both orders, and with the lines of the first one turned
 * round, for neither order matters.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ruleengine/engine.h>

#include "tap.h"

enum { RUNS = 1, TRAPPED = 2, KILLED = 3 };     /* results above all others */
#define OUTCOME(x) ((INT64_C(1) << 40) + (x))

static const struct row {
    const char *lines[2];       /* of the first policy */
    const char *second;         /* NULL: there is one policy */
    const char *wanted;         /* "run", "trap", "kill", an errno, a number */
} rows[] = {
    /* within one policy */
    { { "[deny]\ngetpid = EPERM\n", "[allow]\ngetpid = always\n" }, NULL,
      "EPERM" },
    { { "[emulate]\ngetpid = return 3\n", "[allow]\ngetpid = always\n" }, NULL,
      "3" },
    { { "[deny]\ngetpid = kill permissive\n",
        "[allow]\ngetpid = always\n" }, NULL, "run" },
    { { "[deny]\ngetpid = kill permissive\n",
        "[emulate]\ngetpid = return 3\n" }, NULL, "3" },
    { { "[deny]\ngetpid = kill permissive\n",
        "getpid = EPERM\n" }, NULL, "EPERM" },
    { { "[deny]\ngetpid = kill permissive\n",
        "syscalls = @system-service:EPERM\n" }, NULL, "run" },
    /* between policies */
    { { "[emulate]\ngetpid = return 3\n" }, "[allow]\ngetpid = always\n",
      "3" },
    { { "[emulate]\ngetpid = return 3\n" }, "[emulate]\ngetpid = error EIO\n",
      "EIO" },
    { { "[emulate]\ngetpid = return 3\n" }, "[deny]\ngetpid = EPERM\n",
      "EPERM" },
    { { "[emulate]\ngetpid = return 3\n" },
      "[deny]\ngetpid = kill permissive\n", "3" },
    { { "[deny]\ngetpid = trap\n" }, "[deny]\ngetpid = kill\n", "kill" },
    { { "[deny]\ngetpid = trap\n" }, "[deny]\ngetpid = EIO\n", "trap" },
    { { "[deny]\ngetpid = EPERM\n" }, "[deny]\ngetpid = EACCES\n", "EACCES" },
    { { "[deny]\ngetpid = EPERM permissive\n" },
      "[deny]\ngetpid = EIO\n", "EIO" },
    { { "[allow]\ngetpid = always\n" }, "[allow]\ngetppid = always\n",
      "EPERM" },
    { { "[allow]\ngetpid = always\n" }, "[allow]\ngetpid = always\n", "run" },
};

static const struct st_target *target;

static int64_t number_of(const char *wanted)
{
    return strcmp(wanted, "run") == 0 ? OUTCOME(RUNS) :
        strcmp(wanted, "trap") == 0 ? OUTCOME(TRAPPED) :
        strcmp(wanted, "kill") == 0 ? OUTCOME(KILLED) :
        wanted[0] == 'E' ? -st_errno_by_name(target, wanted) : atoi(wanted);
}

/* Of a call that leaves no record less is looked at on its way. */
static bool logged;

static void write_file(const char *path, const char *first,
                       const char *second)
{
    FILE *f = fopen(path, "w");

    fprintf(f, "%s%s%s", logged ? "" : "[policy]\nlog = none\n",
            first ? first : "", second ? second : "");
    fclose(f);
}

/* What becomes of a call; 0 when the policies do not load. */
static int64_t outcome(const struct re_config *config, const char *name)
{
    struct re_diags *diags = re_diags_new();
    struct re_thread thread = { .again = false };
    uint16_t slots[ST_MAX_SPELLINGS];
    struct re_engine *engine = NULL;
    struct re_call call = { .slot = -1 };
    int64_t result = 0;

    for (unsigned i = st_slots_of_name(target, name, slots); i-- > 0;) {
        if (strcmp(st_slot_name(target, slots[i]), name) == 0) {
            call.slot = slots[i];
        }
    }
    if (re_engine_new(&engine, config, diags) == 0 && call.slot >= 0) {
        call.nr = st_number_of_slot(target, call.slot);
        switch (re_enter(engine, &thread, &call)) {
        case RE_STEP_RUN:
            result = OUTCOME(RUNS);
            break;
        case RE_STEP_DONE:
            result = call.result;
            break;
        case RE_STEP_AGAIN:     /* no signals come here */
        case RE_STEP_TRAP:
            result = OUTCOME(TRAPPED);
            break;
        case RE_STEP_KILL:
            result = OUTCOME(KILLED);
            break;
        }
    }
    for (size_t i = 0; i < re_diags_count(diags); i++) {
        char *text = re_diag_text(re_diags_at(diags, i));

        tap_note(text);
        free(text);
    }
    re_engine_free(engine);
    re_diags_free(diags);
    return result;
}

static void try_row(const struct row *row, char paths[2][64])
{
    const char *forward[] = { paths[0], paths[1] };
    const char *backward[] = { paths[1], paths[0] };
    struct re_config config = {
        .target = target, .policies = forward,
        .policy_count = row->second ? 2 : 1,
    };
    int64_t one, other;

    write_file(paths[0], row->lines[0], row->lines[1]);
    write_file(paths[1], row->second, NULL);
    one = outcome(&config, "getpid");
    if (row->second) {
        config.policies = backward;
    } else if (row->lines[1][0] == '[') {
        write_file(paths[0], row->lines[1], row->lines[0]);
    } else {
        char turned[256];

        snprintf(turned, sizeof(turned), "[deny]\n%s%s", row->lines[1],
                 row->lines[0] + strlen("[deny]\n"));
        write_file(paths[0], turned, NULL);
    }
    other = outcome(&config, "getpid");
    if (!tap_ok(one == number_of(row->wanted) && other == one,
                "%s: %s%s", st_target_name(target), row->wanted,
                logged ? "" : ", not logged")) {
        tap_note(row->lines[0]);
        tap_note(row->lines[1] ? row->lines[1] : "");
        tap_note(row->second ? row->second : "");
        printf("# %lld, the other way round %lld\n", (long long)one,
               (long long)other);
    }
}

/* A directory may have a rule for each spelling: the call's own one runs, and
 * any of them serves a call that has none of its own. */
static void try_spellings(const char *dir)
{
    const char *dirs[] = { dir };
    struct re_config config = {
        .target = target, .rule_dirs = dirs, .rule_dir_count = 1,
    };
    char path[96];

    snprintf(path, sizeof(path), "%s/spellings.lua", dir);
    write_file(path,
               "function syscall_stat() return 1, 5 end\n"
               "function syscall_stat64() return 1, 6 end\n"
               "function syscall_mmap() return 1, 7 end\n", NULL);
    tap_ok(outcome(&config, "stat") == 5, "rules: stat");
    tap_ok(outcome(&config, "stat64") == 6, "rules: stat64");
    tap_ok(outcome(&config, "mmap2") == 7, "rules: mmap2 by mmap's");
    unlink(path);
}

int main(void)
{
    static const char *const names[] = { "aarch64", "arm", "mips", "s390x" };
    char dir[] = "/tmp/layers-XXXXXX", paths[2][64];

    if (!mkdtemp(dir)) {
        perror(dir);
        return 1;
    }
    for (int i = 0; i < 2; i++) {
        snprintf(paths[i], sizeof(paths[i]), "%s/%d.ini", dir, i);
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        target = st_target_by_name(names[i]);
        for (size_t j = 0; j < sizeof(rows) / sizeof(rows[0]); j++) {
            logged = true;
            try_row(&rows[j], paths);
            logged = false;
            try_row(&rows[j], paths);
        }
    }
    unlink(paths[0]);
    unlink(paths[1]);
    target = st_target_by_name("arm");
    logged = true;
    try_spellings(dir);
    rmdir(dir);
    return tap_done();
}
