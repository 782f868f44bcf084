/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a program brings along: scripts' interpreters and dynamic loaders, asked
 * for while the execution is being carried out. One line each: a policy, what is
 * executed, what comes with it, and what becomes of the call.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ruleengine/engine.h>

#include "tap.h"

#define PROGRAM 0x1000          /* where the guest's string would lie */

static const char *program;     /* what it would be */

static void guest_path(void *guest, const struct re_path_query *q,
                       struct re_path *path)
{
    (void)guest;
    (void)q;
    path->len = snprintf(path->name, sizeof(path->name), "%s", program);
}

static ssize_t guest_read_string(void *guest, uint64_t addr, char *buf,
                                 size_t size)
{
    (void)guest;
    return addr == PROGRAM ? snprintf(buf, size, "%s", program) : -EFAULT;
}

static int guest_read(void *guest, uint64_t addr, void *buf, size_t len)
{
    (void)guest;
    (void)addr;
    memset(buf, 0, len);
    return 0;
}

static const struct re_guest_ops ops = {
    .path = guest_path, .read = guest_read, .read_string = guest_read_string,
};

#define SCRIPT RE_INTERPRETER_OF_SCRIPT
#define ELF RE_INTERPRETER_OF_ELF

static const struct row {
    const char *policy, *second;        /* second: another layer, or NULL */
    enum re_interpreter kind;
    const char *with;                   /* the program is /app/x */
    const char *wanted;                 /* "run", "kill", "trap", an errno */
} rows[] = {
    /* a script's interpreter is executed */
    { "[allow]\nexecve = path under /app\n", NULL, SCRIPT, "/app/sh", "run" },
    { "[allow]\nexecve = path under /app\n", NULL, SCRIPT, "/bin/sh",
      "EPERM" },
    { "[allow]\n@exec = path under {/app, /bin}\n", NULL, SCRIPT, "/bin/sh",
      "run" },
    { "[allow]\nexecve = always\n[deny]\n"
      "@exec = EACCES if path under /opt\n", NULL, SCRIPT, "/opt/x/sh",
      "EACCES" },
    { "[allow]\nexecve = always\n[deny]\nexecve = kill if path == /bin/sh\n",
      NULL, SCRIPT, "/bin/sh", "kill" },
    { "[allow]\nexecve = always\n[deny]\nexecve = trap if path == /bin/sh\n",
      NULL, SCRIPT, "/bin/sh", "trap" },
    { "[allow]\nexecve = always\n", NULL, SCRIPT, "/bin/sh", "run" },
    /* every layer is asked, the strictest counts */
    { "[allow]\nexecve = path under {/app, /bin}\n",
      "[allow]\nexecve = path under /app\n", SCRIPT, "/bin/sh", "EPERM" },
    { "[allow]\nexecve = path under /app\n",
      "[allow]\nexecve = always\n[deny]\nexecve = kill if path like /bin/*\n",
      SCRIPT, "/bin/sh", "kill" },
    /* a refusal that lets through */
    { "[allow]\nexecve = always\n[deny]\n"
      "execve = EACCES if path == /bin/sh permissive\n", NULL, SCRIPT,
      "/bin/sh", "run" },
    /* emulations: an error refuses, others cannot be done to it alone */
    { "[allow]\nexecve = always\n[emulate]\n"
      "execve = error ENOENT if path == /bin/sh\n", NULL, SCRIPT, "/bin/sh",
      "ENOENT" },
    { "[allow]\nexecve = always\n[emulate]\n"
      "execve = redirect /bin/dash if path == /bin/sh\n", NULL, SCRIPT,
      "/bin/sh", "EACCES" },
    { "[allow]\nexecve = always\n[emulate]\nexecve = delay 1us\n", NULL,
      SCRIPT, "/bin/sh", "run" },
    /* "when" has counted the call */
    { "[allow]\nexecve = always\n[deny]\n"
      "execve = EACCES if path like /** when 2\n", NULL, SCRIPT, "/bin/sh",
      "run" },
    /* a loader is read */
    { "[allow]\nexecve = path == /app/x\nopenat = path under /lib\n", NULL,
      ELF, "/lib/ld.so", "run" },
    { "[allow]\nexecve = path == /app/x\nopenat = path under /lib\n", NULL,
      ELF, "/secret/ld.so", "EPERM" },
    { "[allow]\nexecve = always\n@open = path under /lib && access == read\n",
      NULL, ELF, "/lib/ld.so", "run" },
    { "[allow]\nexecve = always\n@open = path under /lib && access == write\n",
      NULL, ELF, "/lib/ld.so", "EPERM" },
    { "[allow]\nexecve = always\nopenat = dfd == AT_FDCWD && flags == "
      "O_RDONLY && path under /lib\n", NULL, ELF, "/lib/ld.so", "run" },
    { "[allow]\nexecve = always\nopenat = always\n[deny]\n"
      "openat = EACCES if path under /secret\n", NULL, ELF, "/secret/ld.so",
      "EACCES" },
    { "[allow]\nexecve = always\nopenat = always\n[emulate]\n"
      "openat = error EIO if path under /secret\n", NULL, ELF,
      "/secret/ld.so", "EIO" },
    { "[allow]\nexecve = always\nopenat = always\n[emulate]\n"
      "openat = redirect /x if path under /lib\n", NULL, ELF, "/lib/ld.so",
      "run" },
    /* ... and nothing is asked where no rule names files */
    { "[allow]\nexecve = path under /app\n", NULL, ELF, "/lib/ld.so", "run" },
    { "[allow]\nexecve = path under /app\nopenat = flags == O_WRONLY\n",
      NULL, ELF, "/lib/ld.so", "run" },
};

static const struct st_target *target;
static struct re_facts facts;

static const char *write_policy(char *path, const char *text)
{
    FILE *f = fdopen(mkstemp(path), "w");

    fprintf(f, "[policy]\ndefault = deny EPERM\n%s", text);
    fclose(f);
    return path;
}

static struct re_engine *load(const struct row *row)
{
    char first[] = "/tmp/interp-XXXXXX", second[] = "/tmp/interp-XXXXXX";
    const char *policies[] = { write_policy(first, row->policy), NULL };
    struct re_config config = {
        .target = target, .ops = &ops, .policies = policies,
        .policy_count = 1, .logs = (const char *const []) { "/dev/null" },
        .log_count = 1,
    };
    struct re_diags *diags = re_diags_new();
    struct re_engine *engine = NULL;

    if (row->second) {
        policies[1] = write_policy(second, row->second);
        config.policy_count = 2;
    }
    re_engine_new(&engine, &config, diags);
    re_diags_free(diags);
    unlink(first);
    unlink(second);
    return engine;
}

static const char *name_of(enum re_step step, const struct re_call *call)
{
    switch (step) {
    case RE_STEP_TRAP:
        return "trap";
    case RE_STEP_KILL:
        return "kill";
    case RE_STEP_DONE:
        return call->result == 0 ? "run" :
            st_errno_name(target, -call->result);
    default:
        return "?";
    }
}

/* execve("/app/x"), which would succeed with 0 if it ever came back. */
static const char *outcome(const struct row *row)
{
    struct re_engine *engine = load(row);
    struct re_thread thread = { .again = false };
    uint16_t slots[ST_MAX_SPELLINGS];
    struct re_call call = { .facts = &facts, .args = { PROGRAM } };
    const char *name = "bad";
    enum re_step step;
    bool may;

    if (!engine) {
        return name;
    }
    st_slots_of_name(target, "execve", slots);
    call.slot = slots[0];
    call.nr = st_number_of_slot(target, slots[0]);
    program = "/app/x";
    step = re_enter(engine, &thread, &call);
    if (step == RE_STEP_RUN) {
        facts.paths[0].len = snprintf(facts.paths[0].name, RE_PATH_MAX, "%s",
                                      row->with);
        may = re_interpreter(engine, &call, row->kind);
        step = re_resume(engine, &thread, &call, may ? 0 : -1);
        name = name_of(step, &call);
        if (may != (strcmp(name, "run") == 0)) {
            name = "one thing said, another done";
        }
    }
    re_engine_free(engine);
    return name;
}

int main(void)
{
    static const char *const targets[] = { "aarch64", "mips", "x86_64" };

    for (size_t t = 0; t < sizeof(targets) / sizeof(targets[0]); t++) {
        target = st_target_by_name(targets[t]);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
            const char *got = outcome(&rows[i]);

            if (!tap_ok(strcmp(got, rows[i].wanted) == 0, "%s: row %zu, %s",
                        targets[t], i, rows[i].with)) {
                tap_note(rows[i].policy);
                tap_note(got);
                tap_note(rows[i].wanted);
            }
        }
    }
    return tap_done();
}
