/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest program of the benchmarks: makes one call many times and prints how
 * many nanoseconds each took, by the clock and of the process' processor time.
 *
 *     loop CALL[=RESULT] COUNT [THREADS]
 *     loop CALL[=RESULT] COUNT quiet
 *     loop exec COUNT [EMULATOR OPTION...]
 *     loop wait COUNT [THREADS]
 *     loop run COMMAND [ARGUMENT]...
 *     loop exit
 *
 * The calls are those of the table below. With RESULT, every call must answer
 * that (a negative errno where it fails): what is measured is then known to be
 * what was meant. A hundredth of the calls is made before the clock starts, so
 * that what is done once is not counted.
 *
 * With THREADS each of so many makes COUNT calls, at the same time; the time is
 * that of all calls together, shared among them.
 *
 * quiet: prints nothing. What is done beside the calls is then the same whatever
 * COUNT is, to the instruction.
 *
 * exec: a program that executes itself COUNT times. Without a policy, QEMU has
 * the host execute programs: the words behind are then put in front, as
 * binfmt_misc would do. wait: getppid, then says so and waits for the end of
 * its input, so that its memory can be measured. run: from the start of a
 * command to its end, in microseconds, the processor time with that of its
 * children. exit: nothing, for start-up times.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define THREADS_MAX 1000
#define WORDS_MAX 32

/* 64 bytes */
static const char path[] =
    "/nonexistent/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/b";

static long call_getppid(void)
{
    return syscall(SYS_getppid);
}

/* of a descriptor that is not open: an argument to look at */
static long call_dup(void)
{
    return syscall(SYS_dup, -1);
}

static long call_ioctl(void)
{
    return syscall(SYS_ioctl, -1, 0x7fffff01, 0);
}

/* a path of 64 bytes that does not exist */
static long call_faccessat(void)
{
    return syscall(SYS_faccessat, AT_FDCWD, path, F_OK);
}

/* closed again; the descriptor is not a result to compare */
static long call_openat(void)
{
    long fd = syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY);

    return fd < 0 ? fd : syscall(SYS_close, fd);
}

/* --- what an emulator does for an open below a rule of paths, step by step */

/* A file that is held, its number as text, and this process' folder of them. */
static int held, folder;
static char number[16];

static void hold(void)
{
    if (!held) {
        held = open("/dev/null", O_PATH | O_CLOEXEC);
        folder = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
        snprintf(number, sizeof(number), "%d", held);
    }
}

static long call_pin(void)
{
    return close(open("/dev/null", O_PATH | O_CLOEXEC));
}

static long call_move(void)
{
    hold();
    return close(fcntl(held, F_DUPFD_CLOEXEC, 500));
}

static long call_name(void)
{
    char name[64];

    hold();
    return readlinkat(folder, number, name, sizeof(name));
}

static long call_kind(void)
{
    struct statfs fs;

    hold();
    return fstatfs(held, &fs);
}

static long call_reopen(void)
{
    hold();
    return close(openat(folder, number, O_RDONLY));
}

static long call_connect(void)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(443),
        .sin_addr.s_addr = htonl(0xc0000201),
    };

    return syscall(SYS_connect, -1, &address, sizeof(address));
}

/* of a descriptor that is open, and no folder */
static long call_fchdir(void)
{
    return syscall(SYS_fchdir, STDIN_FILENO);
}

/* somebody connects, is let in and goes away */
static long call_accept4(void)
{
    static const struct sockaddr_un any = { .sun_family = AF_UNIX };
    static _Thread_local struct sockaddr_un name;
    static _Thread_local socklen_t len;
    static _Thread_local int listener;
    int client = syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0), fd;

    if (!len) {
        len = sizeof(name);
        listener = socket(AF_UNIX, SOCK_STREAM, 0);
        bind(listener, (const void *)&any, sizeof(any.sun_family));
        listen(listener, 8);
        getsockname(listener, (void *)&name, &len);
    }
    connect(client, (const void *)&name, len);
    fd = syscall(SYS_accept4, listener, NULL, NULL, 0);
    close(client);
    return fd < 0 ? fd : close(fd);
}

static long call_uname(void)
{
    struct utsname name;

    return uname(&name);
}

/* a process that ends at once, and is waited for */
static long call_fork(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        _exit(0);
    }
    return pid > 0 && waitpid(pid, NULL, 0) == pid ? 0 : -1;
}

static const struct call {
    const char *name;
    long (*make)(void);
} calls[] = {
    { "getppid", call_getppid },
    { "dup", call_dup },
    { "ioctl", call_ioctl },
    { "faccessat", call_faccessat },
    { "openat", call_openat },
    { "pin", call_pin },
    { "move", call_move },
    { "name", call_name },
    { "kind", call_kind },
    { "reopen", call_reopen },
    { "connect", call_connect },
    { "fchdir", call_fchdir },
    { "accept4", call_accept4 },
    { "uname", call_uname },
    { "fork", call_fork },
    { "wait", call_getppid },
};

static const struct call *call;
static bool compared, quiet, waits;
static long expected;
static long count;
static pthread_barrier_t start, end;

/* find_call WORD: "name" or "name=result" */
static bool find_call(const char *word)
{
    size_t len = strcspn(word, "=");

    waits = strcmp(word, "wait") == 0;
    compared = word[len] == '=';
    expected = compared ? atol(word + len + 1) : 0;
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        if (strlen(calls[i].name) == len &&
            strncmp(calls[i].name, word, len) == 0) {
            call = &calls[i];
            return true;
        }
    }
    return false;
}

static void make_calls(long times)
{
    for (long i = 0; i < times; i++) {
        long result = call->make();

        if (compared) {
            result = result == -1 ? -errno : result;
            if (result != expected) {
                fprintf(stderr, "%s answers %ld, not %ld\n", call->name,
                        result, expected);
                exit(1);
            }
        }
    }
}

static double nanoseconds(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return now.tv_sec * 1e9 + now.tv_nsec;
}

struct moment {
    double clock, processor;
};

static struct moment this_moment(void)
{
    return (struct moment){ nanoseconds(CLOCK_MONOTONIC),
                            nanoseconds(CLOCK_PROCESS_CPUTIME_ID) };
}

/* Each thread looks at the clock itself: the one that waits for all of them may
 * be the last to run when they start. */
struct worker {
    pthread_t id;
    struct moment from, to;
};

static void *work(void *opaque)
{
    struct worker *worker = opaque;

    make_calls(count / 100);
    pthread_barrier_wait(&start);
    worker->from = this_moment();
    make_calls(count);
    worker->to = this_moment();
    pthread_barrier_wait(&end);
    pthread_barrier_wait(&end);     /* measured */
    return NULL;
}

/* The other side kills or feeds us when it has seen enough. */
static void wait_for_input(void)
{
    char byte;

    puts("ready");
    fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
}

static void print_time(struct moment from, struct moment to, double made)
{
    if (waits) {
        wait_for_input();
    } else if (!quiet) {
        printf("%.1f %.1f\n", (to.clock - from.clock) / made,
               (to.processor - from.processor) / made);
    }
}

static int run_threads(unsigned threads)
{
    static struct worker workers[THREADS_MAX];
    struct moment from, to;

    pthread_barrier_init(&start, NULL, threads + 1);
    pthread_barrier_init(&end, NULL, threads + 1);
    for (unsigned i = 0; i < threads; i++) {
        if (pthread_create(&workers[i].id, NULL, work, &workers[i])) {
            fprintf(stderr, "no thread\n");
            return 1;
        }
    }
    pthread_barrier_wait(&start);
    pthread_barrier_wait(&end);
    from = workers[0].from;
    to = workers[0].to;
    for (unsigned i = 1; i < threads; i++) {
        if (workers[i].from.clock < from.clock) {
            from = workers[i].from;
        }
        if (workers[i].to.clock > to.clock) {
            to = workers[i].to;
        }
    }
    print_time(from, to, (double)count * threads);
    pthread_barrier_wait(&end);
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(workers[i].id, NULL);
    }
    return 0;
}

/*
 * execute_next: the next program of a chain, which has `left` to go. `words`
 * are what is put in front, up to a null pointer.
 */
static int execute_next(char *self, long left, char **words)
{
    char *argv[WORDS_MAX], number[32];
    size_t n = 0, fronts = 0;

    while (words[fronts]) {
        fronts++;
    }
    if (2 * fronts + 4 > WORDS_MAX) {
        return 1;
    }
    snprintf(number, sizeof(number), "%ld", left);
    memcpy(argv, words, fronts * sizeof(words[0]));
    n = fronts;
    argv[n++] = self;
    argv[n++] = "chain";
    argv[n++] = number;
    memcpy(argv + n, words, (fronts + 1) * sizeof(words[0]));
    execv(argv[0], argv);
    perror(argv[0]);
    return 1;
}

/* Nanoseconds of processor time of children that have ended. */
static double of_children(void)
{
    struct rusage all;

    getrusage(RUSAGE_CHILDREN, &all);
    return (all.ru_utime.tv_sec + all.ru_stime.tv_sec) * 1e9 +
        (all.ru_utime.tv_usec + all.ru_stime.tv_usec) * 1e3;
}

static int run_command(char **argv)
{
    double from = nanoseconds(CLOCK_MONOTONIC);
    int status = 1;
    pid_t pid = vfork();

    if (pid == 0) {
        execv(argv[0], argv);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status) {
        fprintf(stderr, "%s ended with %d\n", argv[0], status);
        return 1;
    }
    printf("%.0f %.0f\n", (nanoseconds(CLOCK_MONOTONIC) - from) / 1e3,
           of_children() / 1e3);
    return 0;
}

static int run_exec(char **argv)
{
    double from = nanoseconds(CLOCK_MONOTONIC);
    int status = 1;
    pid_t pid = fork();

    if (pid == 0) {
        _exit(execute_next(argv[0], count - 1, argv + 3));
    }
    if (pid < 0 || count < 1 || waitpid(pid, &status, 0) != pid || status) {
        fprintf(stderr, "the chain ended with %d\n", status);
        return 1;
    }
    printf("%.1f %.1f\n", (nanoseconds(CLOCK_MONOTONIC) - from) / count,
           of_children() / count);
    return 0;
}

int main(int argc, char **argv)
{
    long threads = argc > 3 ? atol(argv[3]) : 0;
    struct moment from;

    count = argc > 2 ? atol(argv[2]) : 0;
    quiet = argc > 3 && strcmp(argv[3], "quiet") == 0;
    if (argc < 2 || strcmp(argv[1], "exit") == 0) {
        return 0;
    }
    if (strcmp(argv[1], "exec") == 0) {
        return run_exec(argv);
    }
    if (strcmp(argv[1], "run") == 0 && argc > 2) {
        return run_command(argv + 2);
    }
    if (strcmp(argv[1], "chain") == 0) {
        return count ? execute_next(argv[0], count - 1, argv + 3) : 0;
    }
    if (!find_call(argv[1])) {
        fprintf(stderr, "there is no '%s'\n", argv[1]);
        return 1;
    }
    if (threads > 0 && threads <= THREADS_MAX) {
        return run_threads(threads);
    }
    make_calls(count / 100);
    from = this_moment();
    make_calls(count);
    if (count) {
        print_time(from, this_moment(), count);
    }
    return 0;
}
