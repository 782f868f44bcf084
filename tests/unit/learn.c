/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Learning: what is written down, that each thing is written once, by threads,
 * forked processes and later program images alike, and that nothing is lost.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest-fixture.h"
#include "tap.h"

enum { THREADS = 8, ROUNDS = 400 };

struct lesson {
    const struct st_target *target;
    struct re_engine *engine;
    struct guest guest;
    struct re_facts facts;
    char path[64];          /* the file that is learnt into */
    char text[1 << 20];     /* what is in it */
};

static uint64_t folder;     /* what "identity" says the working folder is */

static int guest_identity(void *guest, int dirfd, uint64_t ret[2])
{
    (void)guest;
    ret[0] = folder;
    ret[1] = dirfd;
    return folder ? 0 : -EBADF;
}

static int guest_canonical(const char *path, char *buf, size_t size)
{
    (void)path;
    snprintf(buf, size, "/cwd");
    return 0;
}

static struct re_guest_ops ops;

static bool begin(struct lesson *l, const char *target, const char *policy,
                  const struct re_saved *saved)
{
    struct re_diags *diags = re_diags_new();
    struct re_config config = {
        .target = st_target_by_name(target), .ops = &ops,
        .policies = &policy, .policy_count = !!policy,
        .logs = (const char *const []) { "/dev/null" }, .log_count = 1,
        .learn_path = l->path, .exe = "/bin/prog",
        .saved = saved,
    };
    int err;

    ops = guest_ops;
    ops.identity = guest_identity;
    ops.canonical = guest_canonical;
    l->target = config.target;
    err = re_engine_new(&l->engine, &config, diags);
    for (size_t i = 0; err && i < re_diags_count(diags); i++) {
        char *text = re_diag_text(re_diags_at(diags, i));

        tap_note(text);
        free(text);
    }
    re_diags_free(diags);
    return err == 0;
}

static bool start(struct lesson *l, const char *target)
{
    const char *dir = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

    snprintf(l->path, sizeof(l->path), "%s/learn-%d.jsonl", dir, getpid());
    unlink(l->path);
    return begin(l, target, NULL, NULL);
}

static void end(struct lesson *l)
{
    re_engine_free(l->engine);
    unlink(l->path);
}

/* Makes a call; whether its slot is done with. */
static bool make(struct lesson *l, struct re_facts *facts, const char *name,
                 uint64_t a, uint64_t b, uint64_t c)
{
    struct re_thread thread = { 0 };
    struct re_call call = {
        .slot = slot_named(l->target, name), .guest = &l->guest,
        .facts = facts, .args = { a, b, c },
    };

    call.nr = st_number_of_slot(l->target, call.slot);
    if (re_enter(l->engine, &thread, &call) != RE_STEP_RUN) {
        return false;
    }
    return re_engine_learn(l->engine, &call);
}

static bool does(struct lesson *l, const char *name, uint64_t a, uint64_t b,
                 uint64_t c)
{
    return make(l, &l->facts, name, a, b, c);
}

/* How many lines hold this. */
static unsigned lines(struct lesson *l, const char *what)
{
    FILE *f = fopen(l->path, "r");
    size_t n = f ? fread(l->text, 1, sizeof(l->text) - 1, f) : 0;
    unsigned count = 0;
    char *save = NULL;

    l->text[n] = '\0';
    if (f) {
        fclose(f);
    }
    for (char *line = strtok_r(l->text, "\n", &save); line;
         line = strtok_r(NULL, "\n", &save)) {
        count += strstr(line, what) != NULL;
    }
    return count;
}

static void each_thing_once(struct lesson *l)
{
    uint64_t name = guest_put_string(&l->guest, 0, "/srv/page");

    tap_ok(start(l, "aarch64"), "an engine learns without any policy");
    tap_ok(re_engine_learns(l->engine), "and says so");
    tap_ok(lines(l, "\"cwd\":\"/cwd\"") == 1, "the working folder is noted");
    tap_ok(does(l, "getpid", 0, 0, 0), "a call without arguments is done with");
    does(l, "getpid", 0, 0, 0);
    tap_ok(lines(l, "\"syscall\":\"getpid\"") == 1, "it stands there once");
    tap_ok(!does(l, "socket", AF_INET, SOCK_STREAM, 0) &&
           !does(l, "socket", AF_INET, SOCK_STREAM, 0) &&
           !does(l, "socket", AF_INET6, SOCK_STREAM, 0),
           "one with choices is not");
    tap_ok(lines(l, "\"domain\":\"AF_INET\"") == 1 &&
           lines(l, "\"domain\":\"AF_INET6\"") == 1,
           "each choice stands there once");
    for (int i = 0; i < 3; i++) {
        does(l, "openat", RE_CWD, name, 0);
        does(l, "openat", RE_CWD, name, 01);
        does(l, "openat", 7, name, 0);
    }
    tap_ok(lines(l, "\"path\":\"/srv/page\",\"access\":\"read\"") == 1,
           "a path stands there once, from whichever folder");
    tap_ok(lines(l, "\"path\":\"/srv/page\",\"access\":\"write\"") == 1,
           "what it is opened for tells two apart");
    does(l, "write", 3, 0, 1);
    tap_ok(does(l, "write", 4, 77, 2) && lines(l, "write\",\"nr\"") == 1,
           "descriptors, buffers and sizes do not tell calls apart");
    end(l);
}

static void relative_paths(struct lesson *l)
{
    uint64_t name = guest_put_string(&l->guest, 0, "page");
    uint64_t away = guest_put_string(&l->guest, 64, "/proc/self/exe");

    start(l, "s390x");
    folder = 5;
    does(l, "openat", RE_CWD, name, 0);
    l->facts.paths[0].len = 0;
    does(l, "openat", RE_CWD, name, 0);
    tap_ok(lines(l, "\"/cwd/page\"") == 1 && l->facts.paths[0].len == 0,
           "a name in the same folder is known at a glance");
    folder = 6;
    does(l, "openat", RE_CWD, name, 0);
    tap_ok(l->facts.paths[0].len > 0, "in another folder it is resolved again");
    does(l, "openat", RE_CWD, away, 0);
    l->facts.paths[0].len = 0;
    does(l, "openat", RE_CWD, away, 0);
    tap_ok(l->facts.paths[0].len > 0, "and in /proc each time");
    tap_ok(lines(l, "\"/proc/self/exe\"") == 1, "but written once");
    folder = 0;
    end(l);
}

/* One execution of a script, with its interpreter and that one's loader. */
static void execute(struct lesson *l, uint64_t name)
{
    static const char *const files[] = { "/bin/sh", "/lib/ld.so" };
    struct re_thread thread = { 0 };
    struct re_call call = {
        .slot = slot_named(l->target, "execve"), .guest = &l->guest,
        .facts = &l->facts, .args = { name },
    };

    call.nr = st_number_of_slot(l->target, call.slot);
    re_enter(l->engine, &thread, &call);
    re_engine_learn(l->engine, &call);
    for (int i = 0; i < 2; i++) {
        l->facts.paths[0].len = snprintf(l->facts.paths[0].name, RE_PATH_MAX,
                                         "%s", files[i]);
        re_interpreter(l->engine, &call, i ? RE_INTERPRETER_OF_ELF :
                       RE_INTERPRETER_OF_SCRIPT);
    }
    re_resume(l->engine, &thread, &call, RE_RESULT_GONE);
}

static void interpreters(struct lesson *l)
{
    uint64_t name = guest_put_string(&l->guest, 0, "/srv/script");

    start(l, "aarch64");
    execute(l, name);
    execute(l, name);
    tap_ok(lines(l, "\"path\":\"/srv/script\"") == 1, "a script is learnt");
    tap_ok(lines(l, "\"syscall\":\"execve\"") == 2 &&
           lines(l, "\"path\":\"/bin/sh\"") == 1,
           "its interpreter is another execution, once");
    tap_ok(lines(l, "\"syscall\":\"openat\"") == 1 &&
           lines(l, "\"path\":\"/lib/ld.so\",\"access\":\"read\"") == 1,
           "and the loader a file that is read");
    end(l);
}

static uint64_t put_inet(struct lesson *l, unsigned at, uint16_t port)
{
    unsigned char a[16] = { 0, AF_INET, port >> 8, port, 192, 0, 2, 1 };

    if (!st_big_endian(l->target)) {
        a[0] = AF_INET;
        a[1] = 0;
    }
    return guest_put(&l->guest, at, a, sizeof(a));
}

static void addresses(struct lesson *l)
{
    unsigned char local[32] = { 0, AF_UNIX, 's', 'o', 'c', 'k' };

    start(l, "mips");
    for (int i = 0; i < 2; i++) {
        does(l, "connect", 3, put_inet(l, 0, 443), 16);
        does(l, "connect", 9, put_inet(l, 64, 80), 16);
        does(l, "connect", 4, guest_put(&l->guest, 0, local, 32), 7);
        does(l, "sendto", 3, 0, 0);
    }
    tap_ok(lines(l, "\"sockaddr\":\"inet 192.0.2.1:443\"") == 1 &&
           lines(l, "\"sockaddr\":\"inet 192.0.2.1:80\"") == 1,
           "each address stands there once, whatever the descriptor is");
    tap_ok(lines(l, "\"unix\":\"/cwd/sock\"") == 1,
           "a local socket's path is where it leads");
    tap_ok(lines(l, "\"syscall\":\"sendto\"") == 1 &&
           lines(l, "sockaddr") == 3, "none is none");
    end(l);
}

/* A number without a name, names of one call, and calls in a carrier. */
static void names(struct lesson *l)
{
    struct re_thread thread = { 0 };
    struct re_call call = { .nr = 99999, .slot = -1, .guest = &l->guest };

    start(l, "i386");
    re_enter(l->engine, &thread, &call);
    re_engine_learn(l->engine, &call);
    re_engine_learn(l->engine, &call);
    tap_ok(lines(l, "\"syscall\":null,\"nr\":99999") == 1,
           "a number without a name stands there once");
    call.slot = st_slot_of_socketcall(l->target, 1);
    call.nr = 102;
    re_enter(l->engine, &thread, &call);
    re_engine_learn(l->engine, &call);
    tap_ok(lines(l, "\"syscall\":\"socket\",\"nr\":102") == 1,
           "so does a call in socketcall");
    tap_ok(does(l, "socketcall", 1, 0, 0) && lines(l, "socketcall") == 0,
           "socketcall itself is nothing to learn");
    end(l);
}

static void only_what_ran(struct lesson *l)
{
    char policy[80];
    FILE *f;

    snprintf(policy, sizeof(policy), "/tmp/learn-%d.ini", getpid());
    f = fopen(policy, "w");
    fputs("[policy]\ndefault = allow\n[deny]\nsocket = EPERM if domain == "
          "AF_INET6\n", f);
    fclose(f);
    start(l, "aarch64");
    end(l);
    tap_ok(begin(l, "aarch64", policy, NULL), "a policy may stand beside");
    does(l, "socket", AF_INET, SOCK_STREAM, 0);
    does(l, "socket", AF_INET6, SOCK_STREAM, 0);
    tap_ok(lines(l, "socket\"") == 1 && lines(l, "AF_INET6") == 0,
           "what it refuses is not learnt");
    end(l);
    unlink(policy);
}

/* --- many at once ------------------------------------------------------- */

static void *threads_work(void *arg)
{
    struct lesson *l = arg;
    struct re_facts facts = { 0 };

    for (int i = 0; i < ROUNDS; i++) {
        make(l, &facts, "ioctl", 0, 0x5000 + i, 0);
    }
    return NULL;
}

static bool is_whole(struct lesson *l)
{
    FILE *f = fopen(l->path, "r");
    char line[16384];
    bool whole = f;

    while (f && fgets(line, sizeof(line), f)) {
        whole &= line[0] == '{' && strcmp(line + strlen(line) - 2, "}\n") == 0;
    }
    if (f) {
        fclose(f);
    }
    return whole;
}

static void threads_and_processes(struct lesson *l)
{
    pthread_t threads[THREADS];
    pid_t child;
    unsigned n;

    start(l, "aarch64");
    for (int i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, threads_work, l);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    n = lines(l, "\"syscall\":\"ioctl\"");
    tap_ok(n >= ROUNDS && n <= THREADS * ROUNDS, "threads lose nothing");
    tap_ok(is_whole(l), "and every line is whole");
    child = fork();
    if (child == 0) {
        threads_work(l);
        does(l, "getppid", 0, 0, 0);
        kill(getpid(), SIGKILL);
    }
    waitpid(child, NULL, 0);
    tap_ok(lines(l, "\"syscall\":\"ioctl\"") == n,
           "a child knows what its parent has seen");
    does(l, "getppid", 0, 0, 0);
    tap_ok(lines(l, "getppid") == 1,
           "the parent, what a child has seen before it was killed");
    end(l);
}

static void over_exec(struct lesson *l)
{
    static struct lesson next;
    struct re_saved saved;

    start(l, "aarch64");
    does(l, "getpid", 0, 0, 0);
    tap_ok(re_engine_save(l->engine, &saved) == 0 && saved.learn_fd >= 0,
           "the file is handed over");
    saved.shared_fd = dup(saved.shared_fd);
    saved.learn_fd = dup(saved.learn_fd);
    snprintf(next.path, sizeof(next.path), "%s", l->path);
    tap_ok(begin(&next, "aarch64", NULL, &saved), "the next image goes on");
    does(&next, "getpid", 0, 0, 0);
    does(&next, "getppid", 0, 0, 0);
    tap_ok(lines(l, "\"getpid\"") == 1 && lines(l, "\"getppid\"") == 1,
           "with what was seen");
    tap_ok(lines(l, "\"cwd\"") == 1, "a run begins once");
    re_engine_free(next.engine);
    free(saved.bytes);
    end(l);
}

/* --- what goes wrong ---------------------------------------------------- */

static void full_table(struct lesson *l)
{
    struct rlimit none = { 0, 0 };
    uint64_t name;
    char text[40];
    unsigned n;

    start(l, "aarch64");
    for (unsigned i = 0; i < 300000; i++) {
        snprintf(text, sizeof(text), "/n/%u", i);
        name = guest_put_string(&l->guest, 0, text);
        does(l, "unlinkat", RE_CWD, name, 0);
        if (i % 50000 == 49999) {
            truncate(l->path, 0);
        }
    }
    truncate(l->path, 0);
    for (int i = 0; i < 2; i++) {
        for (int j = 0; j < 100; j++) {
            snprintf(text, sizeof(text), "/m/%d", j);
            name = guest_put_string(&l->guest, 0, text);
            does(l, "unlinkat", RE_CWD, name, 0);
        }
    }
    n = lines(l, "\"path\":\"/m/");
    tap_ok(n >= 100, "a full table goes on recording");
    tap_ok(lines(l, "\"repeated\":") == n, "and says that it repeats itself");
    truncate(l->path, 0);
    signal(SIGXFSZ, SIG_IGN);
    none.rlim_max = RLIM_INFINITY;
    setrlimit(RLIMIT_FSIZE, &none);
    does(l, "getpid", 0, 0, 0);
    does(l, "getpid", 0, 0, 0);
    none.rlim_cur = RLIM_INFINITY;
    setrlimit(RLIMIT_FSIZE, &none);
    tap_ok(!lines(l, "getpid"), "a full disk loses records");
    does(l, "getpid", 0, 0, 0);
    tap_ok(lines(l, "\"getpid\"") == 1 && lines(l, "\"lost\":2") == 1,
           "what was lost is tried again, and counted");
    end(l);
}

/* An emulator that learnt into this file before was killed in mid-write. */
static void cut_line(struct lesson *l)
{
    FILE *f;

    start(l, "aarch64");
    re_engine_free(l->engine);
    f = fopen(l->path, "a");
    fputs("{\"v\":1,\"verd", f);
    fclose(f);
    begin(l, "aarch64", NULL, NULL);
    does(l, "getpid", 0, 0, 0);
    tap_ok(lines(l, "\"cwd\"") == 2 && lines(l, "\"getpid\"") == 1 &&
           lines(l, "\"verd{") == 0, "a line without an end spoils no other");
    end(l);
}

static void bad_file(struct lesson *l)
{
    snprintf(l->path, sizeof(l->path), "/nonexistent/learn");
    tap_ok(!begin(l, "aarch64", NULL, NULL),
           "a file that cannot be made is an error");
}

int main(void)
{
    static struct lesson l;

    each_thing_once(&l);
    relative_paths(&l);
    interpreters(&l);
    addresses(&l);
    names(&l);
    only_what_ran(&l);
    threads_and_processes(&l);
    over_exec(&l);
    full_table(&l);
    cut_line(&l);
    bad_file(&l);
    return tap_done();
}
