/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest in trouble, below a policy that refuses setpgid (EACCES), that has
 * getpgid answered by a handler (4242), and that keeps the file "secret" shut.
 * Each word makes some trouble and prints how often an answer was wrong:
 *
 *     faults signals | forks | names | descriptors | calls | many | none | full
 *     faults execs NUMBER    executes itself that often, among threads
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define MINE 0x7fffff   /* a process that is none */

static atomic_int wrong, refused;

static void call_all(int number)
{
    wrong += !(syscall(SYS_setpgid, MINE, number) == -1 && errno == EACCES);
    refused++;
    wrong += syscall(SYS_getpgid, 0) != 4242;
}

static void report(const char *word)
{
    printf("%s: %d wrong\n", word, wrong);
}

/* --- signals ----------------------------------------------------------- */

static void on_signal(int signal)
{
    int error = errno;

    (void)signal;
    call_all(1);
    errno = error;
}

static void *call_often(void *arg)
{
    for (int i = 0; i < 3000; i++) {
        call_all(0);
    }
    return arg;
}

static void signals(void)
{
    struct itimerval often = { { 0, 1000 }, { 0, 1000 } }, never = { 0 };
    pthread_t thread;

    signal(SIGALRM, on_signal);
    setitimer(ITIMER_REAL, &often, NULL);
    pthread_create(&thread, NULL, call_often, NULL);
    call_often(NULL);
    pthread_join(thread, NULL);
    setitimer(ITIMER_REAL, &never, NULL);
    report("signals");
    printf("%d\n", refused);
}

/* --- processes --------------------------------------------------------- */

static void *fork_often(void *arg)
{
    for (int i = 0; i < 20; i++) {
        int status = 1;
        pid_t child = fork();

        if (child == 0) {
            wrong = 0;
            call_all(i);
            _exit(wrong);
        }
        waitpid(child, &status, 0);
        wrong += status != 0;
        call_all(i);
    }
    return arg;
}

static void forks(void)
{
    pthread_t threads[4];

    for (int i = 0; i < 4; i++) {
        pthread_create(&threads[i], NULL, fork_often, NULL);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    report("forks");
}

static void *look_always(void *arg)
{
    char name[64];

    for (unsigned i = 0;; i++) {
        snprintf(name, sizeof(name), "/nowhere/%ld/%u", (long)arg, i);
        access(name, F_OK);
    }
    return arg;
}

/* A child looks for names, too: whatever the threads were about when it was
 * made, nothing is locked in it. */
static void names(void)
{
    pthread_t thread;

    for (long i = 0; i < 3; i++) {
        pthread_create(&thread, NULL, look_always, (void *)i);
    }
    for (int i = 0; i < 300; i++) {
        int status = 0;
        pid_t child = fork();

        if (child == 0) {
            alarm(20);
            _exit(access("/nowhere/child", F_OK) == 0);
        }
        wrong += waitpid(child, &status, 0) != child || status != 0;
        if (wrong) {
            break;              /* one is enough to wait for */
        }
    }
    report("names");
}

static void *call_always(void *arg)
{
    for (;;) {
        call_all(0);
    }
    return arg;
}

/* Each image is refused once with its number, while threads of it are refused
 * all the time, and somebody renames the log. */
static void execs(int left)
{
    char number[16];
    pthread_t thread;

    if (left == 0) {
        call_all(1000);
        report("execs");
        return;
    }
    for (int i = 0; i < 3; i++) {
        pthread_create(&thread, NULL, call_always, NULL);
    }
    call_all(1000 + left);
    usleep(150000 * (left % 5));
    snprintf(number, sizeof(number), "%d", left - 1);
    if (wrong == 0) {
        execl("/proc/self/exe", "faults", "execs", number, NULL);
    }
    printf("execs: %d wrong, %s\n", wrong, strerror(errno));
}

/* --- descriptors ------------------------------------------------------- */

static void *do_nothing(void *arg)
{
    return arg;
}

static void try_secret(void)
{
    char byte;
    int fd = open("secret", O_RDONLY);

    wrong += fd >= 0 || read(fd, &byte, 1) > 0;
}

/* A number that there is none of. */
static void fd_fails(int *odd, int fd)
{
    *odd += fcntl(fd, F_GETFD) >= 0 || close(fd) == 0 || errno != EBADF;
    *odd += dup2(0, fd) >= 0 || errno != EBADF;
    *odd += fcntl(0, F_DUPFD, fd) >= 0;
}

static void descriptors(void)
{
    pthread_t thread;
    int fd, last = -1, status = 1;
    pid_t child;

    while ((fd = open("/dev/null", O_RDONLY)) >= 0) {
        last = fd;
    }
    wrong += last < 0;
    call_all(0);
    try_secret();
    for (int i = 0; i < 10; i++) {
        if (pthread_create(&thread, NULL, do_nothing, NULL) == 0) {
            pthread_join(thread, NULL);
        }
    }
    child = fork();
    if (child == 0) {
        wrong = 0;
        call_all(0);
        try_secret();
        _exit(wrong);
    }
    waitpid(child, &status, 0);
    wrong += status != 0;
    for (fd = 3; fd <= last; fd++) {
        close(fd);
    }
    call_all(0);
    try_secret();
    report("descriptors");
}

/* Numbers that are no use, of those that there are; and whether the table ends
 * where getrlimit() says. */
static int odd_numbers(int highest, int count)
{
    int odd = 0, n = 0;
    struct rlimit limit;
    char c;

    getrlimit(RLIMIT_NOFILE, &limit);
    for (int fd = 3; fd <= highest; fd++) {
        if (fcntl(fd, F_GETFD) >= 0) {
            n++;
            odd += read(fd, &c, 1) != 0 || dup2(0, fd) != fd;
        }
    }
    odd += n != count;
    if (limit.rlim_cur < 4096) {
        odd += highest + 1 != (int)limit.rlim_cur || n != highest - 2;
    }
    for (int past = 0; past < 300; past++) {
        fd_fails(&odd, limit.rlim_cur + past);
    }
    return odd;
}

/* What needs a number of the emulator's for the time of the call. */
static int failures(void)
{
    int failed = 0;

    failed += chmod("secret", 0600) == 0 || errno != EACCES;
    failed += chmod("result", 0600) != 0;
    failed += access("result", F_OK) != 0;
    return failed;
}

/* Whether a listing of the own descriptors shows one that the guest has not. */
static int shown(const char *name)
{
    DIR *dir = opendir(name);
    struct dirent *entry;
    struct rlimit limit;
    int odd = !dir;

    getrlimit(RLIMIT_NOFILE, &limit);
    while (dir && (entry = readdir(dir))) {
        odd += entry->d_name[0] != '.' &&
            fcntl(atoi(entry->d_name), F_GETFD) < 0;
    }
    if (dir) {
        closedir(dir);
    }
    return odd;
}

/* Every number is taken, here, in a child, and in what it executes. */
static void full(int image)
{
    int fd, last = -1, count = 0, status = 1, odd, failed, listed;
    pid_t child;

    if (image == 0) {
        for (fd = 3; fd < 1000; fd++) {
            close(fd);              /* whoever started it has left some */
        }
        while ((fd = open("/dev/null", O_RDONLY)) >= 0) {
            last = fd;
            count++;
        }
        wrong += errno != EMFILE;
        odd = odd_numbers(last, count);
        failed = failures();
        call_all(0);
        child = fork();
        if (child == 0) {
            wrong = failures();
            call_all(1);
            execl("/proc/self/exe", "faults", "full", "1", NULL);
            _exit(99);
        }
        waitpid(child, &status, 0);
        close(last);
        listed = shown("/proc/self/fd") + shown("/proc/thread-self/fdinfo");
        printf("full: %d wrong, %d odd, %d fail, %d listed, then %d\n", wrong,
               odd, failed, listed, status);
        return;
    }
    call_all(2);
    wrong += failures();
    wrong += open("/dev/null", O_RDONLY) >= 0 || errno != EMFILE;
    exit(wrong);
}

/* Without standard input, output and error: the first numbers are the guest's
 * as they would be, and nothing of the emulator's is there. */
static void none(void)
{
    int found = 0, fd;

    for (fd = 0; fd < 3; fd++) {
        found += fcntl(fd, F_GETFD) >= 0;
    }
    call_all(0);
    fd = open("result", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dprintf(fd, "none: %d wrong, %d open, then %d\n", wrong, found, fd);
}

int main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "";

    if (strcmp(word, "signals") == 0) {
        signals();
    } else if (strcmp(word, "forks") == 0) {
        forks();
    } else if (strcmp(word, "names") == 0) {
        names();
    } else if (strcmp(word, "execs") == 0 && argc == 3) {
        execs(atoi(argv[2]));
    } else if (strcmp(word, "descriptors") == 0) {
        descriptors();
    } else if (strcmp(word, "none") == 0) {
        none();
    } else if (strcmp(word, "full") == 0) {
        full(argc > 2 ? atoi(argv[2]) : 0);
    } else if (strcmp(word, "calls") == 0) {
        call_often(NULL);
        report("calls");
    } else if (strcmp(word, "many") == 0) {
        for (int i = 0; i < 5; i++) {
            call_often(NULL);
        }
        report("many");
    } else {
        return 64;
    }
    return 0;
}
