/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that does anything: random calls with arguments that are half right,
 * in its own children, from several threads, with mappings, signals and forks.
 * What it does depends on the seed alone (but for what the kernel and other
 * threads answer).
 *
 *     random TABLE SEED CHILDREN CALLS [THREADS [tell]]
 *
 * TABLE is what "qemu-policy list syscalls --target T" prints: numbers, names,
 * and names of arguments, which say what an argument should be. It runs in the
 * current folder, which it fills. It prints how its children ended; a child's
 * own death is its own affair, the emulator's is to be seen on standard error.
 * With "tell" it says what each child that ended by a signal, or had to be ended
 * (9), was doing.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    CALLS_MAX = 1024, ARGS = 6, ARENA = 1 << 18, AREAS = 4,
    THREADS = 3, PATIENCE_MS = 5000, TICK_US = 20000, NAMES = 32,
};

/* --- chance --------------------------------------------------------------- */

/* xorshift64*: one state for each thread. */
struct chance {
    uint64_t state;
};

static uint64_t draw(struct chance *c)
{
    c->state ^= c->state >> 12;
    c->state ^= c->state << 25;
    c->state ^= c->state >> 27;
    return c->state * UINT64_C(2685821657736338717);
}

static unsigned below(struct chance *c, unsigned n)
{
    return (draw(c) >> 33) % n;
}

/* --- the table of calls --------------------------------------------------- */

enum kind {
    ANY, FD, PATH, BUFFER, SIZE, FLAGS, SMALL, ADDRESS,
};

struct call {
    long number;
    char name[NAMES];
    unsigned count;
    enum kind kinds[ARGS];
};

static struct call calls[CALLS_MAX];
static unsigned call_count;

/* What would end the test, stop it, or reach beyond it, and not the emulator's
 * fault: the program makes children and ends them by itself. */
static bool left_out(const char *name)
{
    static const char *const names[] = {
        "exit", "exit_group", "fork", "vfork", "clone", "clone2", "clone3",
        "kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo",
        "pidfd_send_signal", "pause", "rt_sigsuspend", "sigsuspend",
        "rt_sigreturn", "sigreturn", "alarm", "setitimer", "syscall",
        "reboot", "vhangup", "ptrace", "setsid", "setpgid", "swapon",
        "sched_setscheduler", "sched_setparam", "sched_setattr", "sync",
        "syncfs", "setrlimit", "prlimit64", "nice", "setpriority",
        "ioprio_set", "sched_setaffinity", "sethostname", "setdomainname",
        "kexec_load", "init_module", "settimeofday", "clock_settime",
        "adjtimex", "clock_adjtime", "stime", "restart_syscall",
        "clock_settime64", "clock_adjtime64", "sigprocmask", "seteuid",
        "mlockall", "munlockall", "osf_sigprocmask", "brk", "break",
        "timer_create", "osf_brk",
    };

    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static bool has(const char *name, const char *part)
{
    return strstr(name, part) != NULL;
}

static enum kind kind_of(const char *arg)
{
    if (has(arg, "fd") || strncmp(arg, "in_", 3) == 0) {
        return FD;
    }
    if (has(arg, "path") || has(arg, "filename") || has(arg, "oldname") ||
        has(arg, "newname") || has(arg, "dir_name")) {
        return PATH;
    }
    if (has(arg, "len") || has(arg, "size") || has(arg, "count") ||
        has(arg, "nr") || has(arg, "vlen") || has(arg, "nfds")) {
        return SIZE;
    }
    if (has(arg, "flags") || has(arg, "mode") || has(arg, "prot") ||
        has(arg, "mask") || has(arg, "options") || has(arg, "cmd")) {
        return FLAGS;
    }
    if (has(arg, "addr") || has(arg, "start")) {
        return ADDRESS;
    }
    if (has(arg, "pid") || has(arg, "op") || has(arg, "which") ||
        has(arg, "sig") || has(arg, "uid") || has(arg, "gid") ||
        has(arg, "level") || has(arg, "family") || has(arg, "type") ||
        has(arg, "id")) {
        return SMALL;
    }
    return BUFFER;
}

/* "56  openat(dfd, filename, flags, mode)" */
static void read_table(const char *path)
{
    FILE *f = fopen(path, "r");
    char line[512];

    while (f && call_count < CALLS_MAX && fgets(line, sizeof(line), f)) {
        struct call *c = &calls[call_count];
        char *open = strchr(line, '('), *word;
        int n = 0;

        if (!open || sscanf(line, "%ld %31[a-zA-Z0-9_]%n", &c->number,
                            c->name, &n) < 2 || left_out(c->name)) {
            continue;
        }
        for (word = strtok(open + 1, " ,()\n"); word && c->count < ARGS;
             word = strtok(NULL, " ,()\n")) {
            c->kinds[c->count++] = kind_of(word);
        }
        call_count++;
    }
    if (f) {
        fclose(f);
    }
}

/* --- arguments ------------------------------------------------------------ */

static unsigned char *arena;        /* whatever calls write, and mappings */
static long page;

static const char *const paths[] = {
    "a", "b", "d", "d/x", "d/../a", ".", "..", "", "l", "s", "f",
    "/proc/self/maps", "/proc/self/fd/3", "/proc/self/exe", "/proc/self/auxv",
    "/proc/self/stat", "/dev/null", "/dev/zero", "/proc/cpuinfo", "/",
    "/proc/self/cmdline", "no/such", "d/d/d/d/d/d", "/proc/self/task/1/maps",
};

/* Somewhere among the mappings: often where one ends. */
static unsigned char *place(struct chance *c)
{
    unsigned long at = below(c, ARENA);

    switch (below(c, 4)) {
    case 0:
        at = (at & -page) - below(c, 64);
        break;
    case 1:
        at &= -page;
        break;
    }
    return arena + at % ARENA;
}

/* Bytes that calls take for structures: small numbers, pointers, lengths. */
static void fill(struct chance *c, unsigned char *at, unsigned len)
{
    for (unsigned i = 0; i + sizeof(long) <= len; i += sizeof(long)) {
        long value;

        switch (below(c, 8)) {
        case 0:
            value = (long)place(c);
            break;
        case 1:
            value = draw(c);
            break;
        case 2:
            value = -1;
            break;
        case 3:
            value = (long)paths[below(c, sizeof(paths) / sizeof(paths[0]))];
            break;
        default:
            value = below(c, 64);
        }
        memcpy(at + i, &value, sizeof(value));
    }
}

/* In the arena, where pages may be gone: the kernel copies, or fails. */
static void fill_arena(struct chance *c)
{
    static const unsigned lens[] = { 16, 64, 128, 256 };
    unsigned char bytes[256];
    unsigned len = lens[below(c, 4)];
    int fds[2];

    fill(c, bytes, len);
    if (pipe(fds) == 0) {
        if (write(fds[1], bytes, len) > 0 &&
            read(fds[0], place(c), len) < 0) {
            errno = 0;
        }
        close(fds[0]);
        close(fds[1]);
    }
}

static long argument(struct chance *c, enum kind kind)
{
    static const long sizes[] = {
        0, 1, 2, 8, 16, 24, 64, 128, 255, 256, 4096, 65536, 1 << 20, -1,
        0x7fffffff, 0x40000000, 3, 4, 1024, 110,
    };

    long value;

    if (below(c, 12) == 0) {
        kind = below(c, ADDRESS + 1);
    }
    switch (kind) {
    case FD:
        /* Standard error is the emulator's, too. */
        value = below(c, 16) ? (long)below(c, 24) : (long)below(c, 3) - 101;
        return value == 2 ? 3 : value;
    case PATH:
        return below(c, 12) ?
            (long)paths[below(c, sizeof(paths) / sizeof(paths[0]))] :
            (long)place(c);
    case BUFFER:
        return below(c, 10) ? (long)place(c) : (long)below(c, 3) - 1;
    case SIZE:
        return sizes[below(c, sizeof(sizes) / sizeof(sizes[0]))];
    case FLAGS:
        return below(c, 3) ? 1L << below(c, 24) | below(c, 8) :
            (long)(draw(c) & 0xffffff);
    case SMALL:
        return (long)below(c, 40) - 2;
    case ADDRESS:
        return below(c, 6) ? (long)place(c) : (long)draw(c);
    default:
        return draw(c);
    }
}

/* --- what is being done ----------------------------------------------------- */

/* Of each thread of the child at work, and of its own child; shared with the
 * parent. */
struct doing {
    const struct call *call;
    long args[ARGS];
};

static struct doing *doing;

static void tell(uint64_t seed, int number)
{
    for (unsigned i = 0; i < THREADS + 2; i++) {
        const struct doing *d = &doing[i];

        if (d->call) {
            printf("seed %llu, signal %d: %s(%#lx, %#lx, %#lx, %#lx, %#lx, "
                   "%#lx)\n", (unsigned long long)seed, number, d->call->name,
                   d->args[0], d->args[1], d->args[2], d->args[3], d->args[4],
                   d->args[5]);
        }
    }
}

/* --- what a child does ---------------------------------------------------- */

static void wake(int number)
{
    (void)number;
}

/* Nothing waits for longer than a tick. */
static void keep_awake(void)
{
    static const struct itimerval tick = {
        { 0, TICK_US }, { 0, TICK_US },
    };
    struct sigaction act = { .sa_handler = wake };
    sigset_t set;

    sigemptyset(&set);
    sigaction(SIGALRM, &act, NULL);
    sigprocmask(SIG_SETMASK, &set, NULL);
    setitimer(ITIMER_REAL, &tick, NULL);
}

static void map_again(struct chance *c)
{
    unsigned char *at = (unsigned char *)((uintptr_t)place(c) & -page);
    size_t len = (1 + below(c, 8)) * page;
    int prot = below(c, 8);

    if (at + len > arena + ARENA) {
        len = page;
    }
    switch (below(c, 4)) {
    case 0:
        munmap(at, len);
        break;
    case 1:
        mprotect(at, len, prot);
        break;
    default:
        mmap(at, len, prot | PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
             -1, 0);
    }
}

static void open_some(struct chance *c)
{
    int fds[2];

    switch (below(c, 6)) {
    case 0:
        (void)!pipe(fds);
        break;
    case 1:
        (void)!socketpair(AF_UNIX, below(c, 2) ? SOCK_STREAM : SOCK_DGRAM, 0,
                          fds);
        break;
    case 2:
        (void)!socket(below(c, 2) ? AF_INET : AF_INET6, SOCK_DGRAM, 0);
        break;
    case 3:
        (void)!socket(AF_NETLINK, SOCK_RAW, below(c, 3));
        break;
    default:
        (void)!open(paths[below(c, 12)], O_RDWR | O_CREAT | O_NONBLOCK, 0600);
    }
    for (int fd = 24; fd < 40; fd++) {
        close(fd);
    }
}

static void call_some(struct chance *c, unsigned n, struct doing *now)
{
    while (n-- > 0) {
        const struct call *call = &calls[below(c, call_count)];
        long args[ARGS];

        if (n % 16 == 0) {
            keep_awake();
            open_some(c);
        }
        if (n % 4 == 0) {
            fill_arena(c);
        }
        if (n % 8 == 0) {
            map_again(c);
        }
        for (unsigned i = 0; i < ARGS; i++) {
            args[i] = argument(c, i < call->count ? call->kinds[i] : ANY);
        }
        memcpy(now->args, args, sizeof(args));
        now->call = call;
        syscall(call->number, args[0], args[1], args[2], args[3], args[4],
                args[5]);
        now->call = NULL;
    }
}

struct job {
    struct chance chance;
    unsigned calls;
    struct doing *now;
};

static void *run_thread(void *opaque)
{
    struct job *job = opaque;

    call_some(&job->chance, job->calls, job->now);
    return NULL;
}

static void run_child(uint64_t seed, unsigned count, unsigned most)
{
    struct job jobs[THREADS] = { 0 };
    struct chance c = { seed * UINT64_C(0x9e3779b97f4a7c15) | 1 };
    pthread_t threads[THREADS];
    unsigned n = below(&c, 2) ? below(&c, most + 1) : 0, made = 0;

    draw(&c);
    close(STDIN_FILENO);
    close(STDOUT_FILENO);
    keep_awake();
    for (unsigned i = 0; i < n; i++) {
        jobs[i].chance.state = draw(&c) | 1;
        jobs[i].calls = count / (n + 1);
        jobs[i].now = &doing[i + 1];
        made += pthread_create(&threads[made], NULL, run_thread,
                               &jobs[i]) == 0;
    }
    call_some(&c, count / (n + 1), &doing[0]);
    if (below(&c, 4) == 0 && fork() == 0) {
        call_some(&c, count / 4, &doing[THREADS + 1]);
        _exit(0);
    }
    /* A frame that nobody has made. */
#ifdef SYS_rt_sigreturn
    if (below(&c, 4) == 0) {
        fill(&c, (unsigned char *)__builtin_frame_address(0) - 256, 200);
        syscall(SYS_rt_sigreturn, place(&c), place(&c));
    }
#endif
    _exit(0);
}

/* --- the parent ----------------------------------------------------------- */

static volatile pid_t child;        /* and the group that it leads */

/* Whoever is tired of waiting for this program ends its children, too. */
static void end_all(int number)
{
    if (child > 0) {
        kill(-child, SIGKILL);
    }
    _exit(128 + number);
}

/* Waits, and not for ever. Returns the status, or -1: it had to be ended. */
static int wait_for(pid_t pid)
{
    for (unsigned ms = 0; ms < PATIENCE_MS; ms += 5) {
        int status;

        if (waitpid(pid, &status, WNOHANG) == pid) {
            return status;
        }
        usleep(5000);
    }
    kill(-pid, SIGKILL);
    waitpid(pid, NULL, 0);
    return -1;
}

/* What the child has left behind: waits for it in the same way. Whether any of it
 * had to be ended. */
static bool wait_for_group(pid_t pid)
{
    for (unsigned ms = 0; ms < PATIENCE_MS; ms += 5) {
        pid_t ended = waitpid(-pid, NULL, WNOHANG);

        if (ended < 0) {
            return false;       /* there is nobody */
        }
        if (ended == 0) {
            usleep(5000);
        }
    }
    kill(-pid, SIGKILL);
    while (waitpid(-pid, NULL, 0) > 0) {
    }
    return true;
}

static void prepare(void)
{
    /* Children's children are waited for, too. */
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    signal(SIGTERM, end_all);
    mkdir("d", 0700);
    (void)!symlink("d/x", "l");
    mkfifo("f", 0600);
    page = sysconf(_SC_PAGESIZE);
    doing = mmap(NULL, (THREADS + 2) * sizeof(*doing), PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    arena = mmap(NULL, ARENA, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

int main(int argc, char **argv)
{
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
    unsigned children = argc > 3 ? atoi(argv[3]) : 10;
    unsigned count = argc > 4 ? atoi(argv[4]) : 200;
    unsigned threads = argc > 5 ? atoi(argv[5]) % (THREADS + 1) : 0;
    unsigned ended = 0, signalled = 0, stuck = 0, left = 0;

    if (argc < 2) {
        return 2;
    }
    read_table(argv[1]);
    prepare();
    if (call_count == 0 || arena == MAP_FAILED ||
        doing == MAP_FAILED) {
        return 2;
    }
    for (unsigned i = 0; i < children; i++) {
        pid_t pid = fork();
        int status;

        if (pid == 0) {
            setpgid(0, 0);
            signal(SIGTERM, SIG_DFL);
            memset(doing, 0, (THREADS + 2) * sizeof(*doing));
            run_child(seed + i, count, threads);
        }
        if (pid < 0) {
            perror("fork");
            return 2;
        }
        setpgid(pid, pid);
        child = pid;
        status = wait_for(pid);
        left += wait_for_group(pid);
        child = 0;
        ended += status >= 0 && WIFEXITED(status);
        signalled += status >= 0 && WIFSIGNALED(status);
        stuck += status < 0;
        if (argc > 6 && (status < 0 || WIFSIGNALED(status))) {
            tell(seed + i, status < 0 ? SIGKILL : WTERMSIG(status));
        }
    }
    printf("%u calls; of %u children %u ended, %u by a signal, %u were "
           "ended; of what these left %u were\n", call_count, children, ended,
           signalled, stuck, left);
    return 0;
}
