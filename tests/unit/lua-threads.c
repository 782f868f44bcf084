/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Handlers of many threads at once, threads that never come back from their
 * original call, and forks in the middle of it all. */
#include "lua-fixture.h"

#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define THREADS 8
#define CALLS 10000
#define FORKS 50

static const struct re_lua_limits limits = {
    .instructions = 1000000,
    .memory = 64 * 1024 * 1024,
};

static const char handlers[] =
    "count = 0\n"
    "function plain(call) count = count + 1; return call.args.fd end\n"
    "function around(call)\n"
    "  local fd = call.args.fd\n"
    "  kept = call\n"
    "  local r = call:run()\n"
    "  assert(call.args.fd == fd)\n"
    "  count = count + 1\n"
    "  return r + fd\n"
    "end\n"
    "function failing(call) count = count + 1; error('as planned') end\n"
    "function foreign(call) return kept.args.fd end\n"
    "function total() return count end\n";

/* One thread's work. */
struct worker {
    pthread_t thread;
    struct fixture *f;
    struct re_rule plain, around, failing;
    uint64_t fd;
    const _Atomic bool *stop;   /* NULL: after CALLS calls */
    unsigned wrong;
};

static struct re_rule rule_of(struct fixture *f, const char *name)
{
    return (struct re_rule) {
        .verdict = RE_VERDICT_LUA,
        .handler = re_lua_handler(f->lua, name),
    };
}

static struct re_call read_call(struct fixture *f, uint64_t fd)
{
    struct re_call call = {
        .nr = number_of(f->target, "read"),
        .args = { fd },
        .guest = &f->guest,
    };

    call.slot = st_slot_of_number(f->target, call.nr);
    return call;
}

static void *work(void *opaque)
{
    struct worker *w = opaque;
    struct re_lua *lua = w->f->lua;

    for (unsigned i = 0; w->stop ? !*w->stop : i < CALLS; i++) {
        struct re_call call = read_call(w->f, w->fd);
        enum re_lua_step step;

        switch (i % 4) {
        case 0:
            step = re_lua_start(lua, &w->failing, &call);
            w->wrong += step != RE_LUA_FAILED;
            break;
        case 1:
            step = re_lua_start(lua, &w->plain, &call);
            w->wrong += step != RE_LUA_RESULT ||
                        call.result != (int64_t)w->fd;
            break;
        default:
            step = re_lua_start(lua, &w->around, &call);
            w->wrong += step != RE_LUA_RUN;
            if (i % 64 == 2) {
                sched_yield();
            }
            step = re_lua_resume(lua, &call, i);
            w->wrong += step != RE_LUA_RESULT ||
                        call.result != (int64_t)(w->fd + i);
        }
    }
    return NULL;
}

static void start_workers(struct fixture *f, struct worker *workers,
                          const _Atomic bool *stop)
{
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (struct worker) {
            .f = f,
            .plain = rule_of(f, "plain"),
            .around = rule_of(f, "around"),
            .failing = rule_of(f, "failing"),
            .fd = 1000 * (i + 1),
            .stop = stop,
        };
    }
    for (unsigned i = 0; i < THREADS; i++) {
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i])) {
            abort();
        }
    }
}

static unsigned join_workers(struct worker *workers)
{
    unsigned wrong = 0;

    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        wrong += workers[i].wrong;
    }
    return wrong;
}

static void test_threads(void)
{
    struct fixture *f = fixture_new("aarch64", &limits, handlers);
    struct worker workers[THREADS];
    unsigned wrong;

    start_workers(f, workers, NULL);
    wrong = join_workers(workers);
    tap_ok(!wrong, "%d threads, %d calls each: %u wrong answers", THREADS,
           CALLS, wrong);
    call_with(f, "total", "getpid", NULL);
    tap_ok(f->call.result == THREADS * CALLS, "each call was handled once: "
           "%lld", (long long)f->call.result);
    tap_ok(re_lua_failures(f->lua) == THREADS * CALLS / 4,
           "each failure was counted");
    fixture_free(f);
}

/* --- a state for each thread ------------------------------------------- */

static const struct re_lua_limits own_limits = {
    .instructions = 1000000,
    .memory = 64 * 1024 * 1024,
    .per_thread = true,
};

/* How often this thread's state has been asked; a call for each thread. */
static void *count_own(void *opaque)
{
    struct fixture *f = opaque;
    struct re_rule count = rule_of(f, "count_own");
    intptr_t last = 0;

    for (int i = 0; i < 100; i++) {
        struct re_call call = read_call(f, 5);

        if (re_lua_start(f->lua, &count, &call) != RE_LUA_RESULT) {
            return NULL;
        }
        last = call.result;
    }
    return (void *)last;
}

static const char own[] =
    "loads = shared.add('loads')\n"
    "if loads == 4 then error('a bad day') end\n"
    "if loads == 5 then function other() end; return end\n"
    "local own = 0\n"
    "function count_own() own = own + 1; shared.add('all'); return own end\n"
    "function all() return shared.get('all') end\n"
    "function loaded() return loads end\n";

static void *try_own(void *opaque)
{
    struct fixture *f = opaque;
    struct re_rule count = rule_of(f, "count_own");
    struct re_call call = read_call(f, 5);

    for (int i = 0; i < 3; i++) {
        if (re_lua_start(f->lua, &count, &call) != RE_LUA_FAILED) {
            return f;
        }
    }
    return NULL;
}

/* In a thread of its own. */
static void *run_thread(void *(*function)(void *), void *opaque)
{
    pthread_t thread;
    void *result;

    if (pthread_create(&thread, NULL, function, opaque)) {
        abort();
    }
    pthread_join(thread, &result);
    return result;
}

static void test_own_states(void)
{
    struct fixture *f = fixture_new("aarch64", &own_limits, own);
    bool wrong = false;

    captured_errors();
    rule_of(f, "all");          /* known before there are states */
    rule_of(f, "loaded");
    rule_of(f, "count_own");
    for (int i = 0; i < 2; i++) {
        wrong |= run_thread(count_own, f) != (void *)100;
    }
    tap_ok(!wrong, "each thread has variables of its own");
    tap_ok(!run_thread(try_own, f) &&
           strstr(captured_errors(), "no state for this thread: a bad day"),
           "on-error holds for a thread whose state cannot be made");
    tap_ok(!run_thread(try_own, f) && re_lua_failures(f->lua) == 6,
           "and for one whose state has other handlers");
    tap_ok(call_with(f, "all", "getpid", NULL) == RE_LUA_RESULT &&
           f->call.result == 200, "what is shared is shared");
    tap_ok(call_with(f, "loaded", "getpid", NULL) == RE_LUA_RESULT &&
           f->call.result == 6, "a state is made once in a thread");
    fixture_free(f);
}

static void test_own_threads(void)
{
    struct fixture *f = fixture_new("aarch64", &own_limits, handlers);
    struct worker workers[THREADS];
    unsigned wrong;

    start_workers(f, workers, NULL);
    wrong = join_workers(workers);
    tap_ok(!wrong, "%d threads in states of their own: %u wrong answers",
           THREADS, wrong);
    tap_ok(re_lua_failures(f->lua) == THREADS * CALLS / 4,
           "failures are counted together");
    tap_ok(call_with(f, "total", "getpid", NULL) == RE_LUA_RESULT &&
           !f->call.result, "this thread's state is another one");
    fixture_free(f);
}

/* A main chunk as deep as a thread's stack would not bear. */
static void test_own_depth(void)
{
    static const char text[] =
        "local depth = 0\n"
        "local function f() depth = depth + 1\n"
        "  return (string.gsub('x', 'x', function() return f() end)) end\n"
        "local ok = pcall(f)\n"
        "assert(not ok and depth < 50, depth)\n"
        "function plain() return depth end\n";
    struct fixture *f = fixture_new("aarch64", &own_limits, text);

    tap_ok(call_with(f, "plain", "getpid", NULL) == RE_LUA_RESULT &&
           f->call.result > 5, "files are loaded no deeper than handlers run");
    fixture_free(f);
}

/* --- another thread's call --------------------------------------------- */

static void test_foreign_object(void)
{
    struct fixture *f = fixture_new("aarch64", &limits, handlers);
    struct re_rule around = rule_of(f, "around");
    struct re_call waiting = read_call(f, 5);

    captured_errors();
    tap_ok(re_lua_start(f->lua, &around, &waiting) == RE_LUA_RUN, "one waits");
    tap_ok(call_with(f, "foreign", "getpid", NULL) == RE_LUA_FAILED &&
           strstr(captured_errors(), "belongs to another thread's handler"),
           "its object is of no use to another handler");
    tap_ok(re_lua_resume(f->lua, &waiting, 2) == RE_LUA_RESULT &&
           waiting.result == 7, "and works on for its own");
    fixture_free(f);
}

/* --- threads that vanish ----------------------------------------------- */

static void *vanish(void *opaque)
{
    struct fixture *f = opaque;
    struct re_rule around = rule_of(f, "around");
    struct re_call call = read_call(f, 5);

    /* The original call would be exit: it never comes back. */
    return re_lua_start(f->lua, &around, &call) == RE_LUA_RUN ? NULL : f;
}

static void test_vanishing(bool own_states)
{
    const struct re_lua_limits little = {
        .memory = 256 * 1024,
        .per_thread = own_states,
    };
    struct fixture *f = fixture_new("aarch64", &little, handlers);
    unsigned wrong = 0;
    size_t used = 0;

    for (int i = 0; i < 2000; i++) {
        pthread_t thread;
        void *result;

        if (pthread_create(&thread, NULL, vanish, f)) {
            abort();
        }
        pthread_join(thread, &result);
        wrong += result != NULL;
        used = i == 100 ? mallinfo2().uordblks : used;
    }
    tap_ok(!wrong && mallinfo2().uordblks < used + 1024 * 1024,
           "2000 threads that vanished left no memory behind%s",
           own_states ? ", nor a state each" : "");
    tap_ok(call_with(f, "plain", "read", NULL) == RE_LUA_RESULT,
           "and no lock");
    fixture_free(f);
}

/* --- fork -------------------------------------------------------------- */

/* What a child does: handlers of its own, and the end of the one in which its
 * thread forked. Its exit status. */
static int in_child(struct fixture *f, struct re_call *forking)
{
    enum re_lua_step step;

    re_lua_fork_child(f->lua);
    alarm(20);
    step = re_lua_resume(f->lua, forking, 0);
    if (step != RE_LUA_RESULT || forking->result != 77) {
        return 1;
    }
    for (int i = 0; i < 100; i++) {
        f->original = i;
        if (call_with(f, "around", "read", NULL) != RE_LUA_RESULT ||
            f->call.result != i) {
            return 2;
        }
    }
    return 0;
}

static void test_fork(const struct re_lua_limits *given)
{
    struct fixture *f = fixture_new("aarch64", given, handlers);
    struct worker workers[THREADS];
    struct re_rule around = rule_of(f, "around");
    _Atomic bool stop = false;
    unsigned wrong = 0;

    start_workers(f, workers, &stop);
    for (int i = 0; i < FORKS; i++) {
        struct re_call forking = read_call(f, 77);
        int status;
        pid_t pid;

        if (re_lua_start(f->lua, &around, &forking) != RE_LUA_RUN) {
            abort();
        }
        re_lua_fork_prepare(f->lua);
        pid = fork();
        if (pid < 0) {
            abort();
        }
        if (!pid) {
            _exit(in_child(f, &forking));
        }
        re_lua_fork_parent(f->lua);
        if (re_lua_resume(f->lua, &forking, pid) != RE_LUA_RESULT ||
            forking.result != pid + 77) {
            wrong++;
        }
        waitpid(pid, &status, 0);
        wrong += !WIFEXITED(status) || WEXITSTATUS(status);
    }
    tap_ok(!wrong, "%d forks while %d threads handle calls%s: %u went wrong",
           FORKS, THREADS, given->per_thread ? ", each in its state" : "",
           wrong);
    stop = true;
    wrong = join_workers(workers);
    tap_ok(!wrong, "the parent's threads did not notice: %u wrong answers",
           wrong);
    fixture_free(f);
}

/* --- small stacks ------------------------------------------------------ */

static const char deep[] =
    "function gsub(call)\n"
    "  local function f() return (string.gsub('x', 'x', function()\n"
    "    return f() end)) end\n"
    "  f()\n"
    "end\n"
    "function format(call)\n"
    "  local m = {}\n"
    "  m.__tostring = function(t) return string.format('%s', t) end\n"
    "  return string.format('%s', setmetatable({}, m))\n"
    "end\n"
    "function nested(call)\n"
    "  local function f() string.gsub('x', 'x', function() pcall(f) end) end\n"
    "  f()\n"
    "  return 1\n"
    "end\n";

static void *recurse(void *opaque)
{
    struct fixture *f = opaque;

    tap_ok(call_with(f, "gsub", "getpid", NULL) == RE_LUA_FAILED &&
           strstr(captured_errors(), "C stack overflow"),
           "recursion through string.gsub fails");
    tap_ok(call_with(f, "format", "getpid", NULL) == RE_LUA_FAILED &&
           strstr(captured_errors(), "C stack overflow"),
           "recursion through string.format fails");
    tap_ok(call_with(f, "nested", "getpid", NULL) == RE_LUA_RESULT,
           "a handler may catch that");
    return NULL;
}

/* An emulated thread has 256 KiB, of which the emulator needs some. */
static void test_small_stack(void)
{
    struct fixture *f = fixture_new("aarch64", &limits, deep);
    pthread_attr_t attr;
    pthread_t thread;

    pthread_attr_init(&attr);
    if (pthread_attr_setstacksize(&attr, 192 * 1024) ||
        pthread_create(&thread, &attr, recurse, f)) {
        abort();
    }
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attr);
    fixture_free(f);
}

int main(void)
{
    capture_errors();
    test_threads();
    test_foreign_object();
    test_vanishing(false);
    test_vanishing(true);
    test_small_stack();
    test_fork(&limits);
    test_own_states();
    test_own_threads();
    test_own_depth();
    test_fork(&own_limits);
    return tap_done();
}
