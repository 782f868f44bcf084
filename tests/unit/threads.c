/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One engine for many threads: what they count, limit, log, handle and read
 * again together comes to what it should. Within ThreadSanitizer (tests/sanitize)
 * nothing of it may be a race.
 */
#include "guest-fixture.h"
#include "lua-guest.h"
#include "tap.h"

#include <ftw.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "engine-fixture.h"

enum {
    THREADS = 8, ROUNDS = 1500, CALLS = THREADS * ROUNDS,
    EACH = 3,               /* "when 1+3" */
    LIMIT = 500,            /* of writes */
    TRIES = 3000,           /* of 10 ms, until a change has been seen */
    SETTLED_NS = 300000000, /* files that are newer are not read yet */
};

static const char shared_policy[] =
    "[policy]\ndefault = allow\nhandlers = shared.lua\n"
    "[allow]\nwrite = fd > 2 limit 500 else ENOSPC\n"
    "[deny]\numask = EPERM\nopenat = EACCES if path == /etc/shadow\n"
    "[emulate]\ngetppid = error ESRCH when 1+3\n"
    "getuid = lua count\n";

static const char shared_lua[] =
    "function count(call)\n"
    "  local before = call:run()\n"
    "  return before + shared.add('calls')\n"
    "end\n";

static const char thread_policy[] =
    "[policy]\ndefault = allow\nhandlers = thread.lua\n"
    "handler-state = thread\n"
    "[emulate]\ngetgid = lua own\n";

static const char thread_lua[] =
    "n = 0\nfunction own(call) n = n + 1 return n end\n";

static const char rules[] =
    "function syscall_getsid(num) return 1, %u end\n";

static char dir[] = "/tmp/threads-XXXXXX";
static const struct st_target *target;
static struct re_engine *engine;

/* --- files ---------------------------------------------------------------- */

static void put(const char *name, const char *text)
{
    FILE *f = fopen("new", "w");

    if (!f || fputs(text, f) < 0 || fclose(f) || rename("new", name) < 0) {
        abort();
    }
}

static void put_rules(unsigned answer)
{
    char text[96];

    snprintf(text, sizeof(text), rules, answer);
    put("rules/getsid.lua", text);
}

/* How many refusals a log tells of. */
static unsigned refusals_in(const char *path)
{
    FILE *f = fopen(path, "r");
    unsigned lines = 0;
    char line[4096];

    while (f && fgets(line, sizeof(line), f)) {
        lines += strstr(line, "\"verdict\":\"deny\"") != NULL;
    }
    if (f) {
        fclose(f);
    }
    return lines;
}

/* --- threads -------------------------------------------------------------- */

struct worker {
    pthread_t thread;
    struct guest guest;
    struct re_facts facts;
    unsigned failed_parents, writes, own_wrong, refused, opens_refused;
    int64_t most;               /* that shared.add() has given */
    unsigned seen;              /* a bit for each of the rules' answers */
};

static int64_t ask(struct worker *w, const char *name, uint64_t arg0,
                   uint64_t arg1)
{
    struct re_thread thread = { 0 };
    struct re_call call = {
        .slot = slot_named(target, name), .args = { arg0, arg1 },
        .guest = &w->guest, .facts = &w->facts,
    };
    enum re_step step;

    call.nr = st_number_of_slot(target, call.slot);
    step = re_enter(engine, &thread, &call);
    while (step == RE_STEP_RUN) {
        step = re_resume(engine, &thread, &call, 1);
    }
    return step == RE_STEP_DONE ? call.result : INT64_MIN;
}

static void ask_rules(struct worker *w)
{
    int64_t n = ask(w, "getsid", 0, 0);

    w->seen |= n == 7 ? 1 : n == 8 ? 2 : 4;
}

static void *work(void *opaque)
{
    const struct timespec pause = { .tv_nsec = 10000000 };
    static const char *const names[] = { "/etc/shadow", "/etc/motd" };
    struct worker *w = opaque;

    for (unsigned i = 0; i < ROUNDS; i++) {
        uint64_t name = guest_put_string(&w->guest, 0, names[i % 2]);
        int64_t n;

        w->failed_parents += ask(w, "getppid", 0, 0) < 0;
        w->writes += ask(w, "write", 3, GUEST_BASE) >= 0;
        w->own_wrong += ask(w, "getgid", 0, 0) != (int64_t)i + 1;
        w->refused += ask(w, "umask", 0, 0) < 0;
        w->opens_refused += ask(w, "openat", RE_CWD, name) < 0;
        ask_rules(w);
        n = ask(w, "getuid", 0, 0) - 1;
        w->most = n > w->most ? n : w->most;
    }
    for (unsigned i = 0; w->seen < 3 && i < TRIES; i++) {
        nanosleep(&pause, NULL);
        ask_rules(w);
    }
    return NULL;
}

/* Rules change until all have come to their end. */
static void *change_rules(void *opaque)
{
    const struct timespec pause = { .tv_nsec = SETTLED_NS };
    atomic_bool *over = opaque;

    for (unsigned i = 0; !*over; i++) {
        put_rules(7 + i % 2);
        nanosleep(&pause, NULL);
    }
    return NULL;
}

static struct worker workers[THREADS];

static void run_all(void)
{
    atomic_bool over = false;
    pthread_t changer;

    pthread_create(&changer, NULL, change_rules, &over);
    for (unsigned i = 0; i < THREADS; i++) {
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i])) {
            abort();
        }
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
    }
    over = true;
    pthread_join(changer, NULL);
}

static void check_all(void)
{
    struct worker sum = { 0 };
    unsigned lines = refusals_in("log");

    for (unsigned i = 0; i < THREADS; i++) {
        sum.failed_parents += workers[i].failed_parents;
        sum.writes += workers[i].writes;
        sum.own_wrong += workers[i].own_wrong;
        sum.refused += workers[i].refused;
        sum.opens_refused += workers[i].opens_refused;
        sum.seen |= workers[i].seen ^ 3;
        sum.most = workers[i].most > sum.most ? workers[i].most : sum.most;
    }
    tap_ok(sum.failed_parents == CALLS / EACH, "every third fails: %u of %u",
           sum.failed_parents, CALLS);
    tap_ok(sum.writes == LIMIT, "the limit lets %u through", sum.writes);
    tap_ok(sum.most == CALLS, "a shared number has become %lld",
           (long long)sum.most);
    tap_ok(sum.own_wrong == 0, "each thread has a state of its own");
    tap_ok(sum.refused == CALLS && sum.opens_refused == CALLS / 2,
           "%u and %u are refused", sum.refused, sum.opens_refused);
    tap_ok(lines == CALLS + CALLS / 2 + CALLS - LIMIT,
           "each refusal is a line: %u", lines);
    tap_ok(sum.seen == 0, "rules are read again, and are old or new");
}

static int remove_one(const char *path, const struct stat *st, int type,
                      struct FTW *walk)
{
    (void)st, (void)type, (void)walk;
    return remove(path);
}

int main(void)
{
    static const char *const policies[] = { "shared.ini", "thread.ini" };
    static const char *const dirs[] = { "rules" }, *const logs[] = { "log" };
    struct re_config config = {
        .ops = &lua_guest_ops, .policies = policies, .policy_count = 2,
        .rule_dirs = dirs, .rule_dir_count = 1, .rules_reload = true,
        .logs = logs, .log_count = 1, .stats_path = "stats", .exe = "test",
    };

    target = config.target = st_target_by_name("x86_64");
    if (!mkdtemp(dir) || chdir(dir) < 0 || mkdir("rules", 0700) < 0) {
        abort();
    }
    put("shared.ini", shared_policy);
    put("shared.lua", shared_lua);
    put("thread.ini", thread_policy);
    put("thread.lua", thread_lua);
    put_rules(7);
    engine = engine_of(&config);
    if (tap_ok(engine != NULL, "the policies load")) {
        run_all();
        check_all();
    }
    re_engine_free(engine);
    nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return tap_done();
}
