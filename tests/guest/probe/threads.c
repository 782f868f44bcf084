/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls from threads and children, and memory that changes underneath. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"

struct words {
    int argc;
    char **argv;
    int status;
};

static void *command_in_thread(void *opaque)
{
    struct words *words = opaque;

    words->status = run_command(words->argc, words->argv);
    return NULL;
}

int cmd_thread(int argc, char **argv)
{
    struct words words = { argc - 1, argv + 1, 65 };
    pthread_t thread;

    if (pthread_create(&thread, NULL, command_in_thread, &words) != 0) {
        return 65;
    }
    pthread_join(thread, NULL);
    return words.status;
}

int cmd_fork(int argc, char **argv)
{
    pid_t child = fork();
    int status;

    if (child < 0) {
        print_result("fork", -1, errno);
        return 0;
    }
    if (child == 0) {
        status = run_command(argc - 1, argv + 1);
        fflush(stdout);
        _exit(status);
    }
    if (waitpid(child, &status, 0) != child) {
        return 65;
    }
    if (WIFSIGNALED(status)) {
        printf("child killed by %s, core %s\n",
               WTERMSIG(status) == SIGSYS ? "SIGSYS" : "another signal",
               WCOREDUMP(status) ? "dumped" : "not dumped");
    } else {
        printf("child exited with %d\n", WEXITSTATUS(status));
    }
    return 0;
}

struct storm {
    long number;
    int rounds;
    atomic_int refused;
    atomic_int others;
};

static void *storm_calls(void *opaque)
{
    struct storm *storm = opaque;

    for (int i = 0; i < storm->rounds; i++) {
        if (syscall(storm->number, -1, 0, 0) == -1) {
            atomic_fetch_add(&storm->refused, 1);
        } else {
            atomic_fetch_add(&storm->others, 1);
        }
    }
    return NULL;
}

/* Threads that make a call at the same time, while children come and go and
 * make it too. */
int cmd_storm(int argc, char **argv)
{
    struct storm storm = { 0 };
    pthread_t threads[64];
    int count, known = 0, children = 0;

    if (argc < 4 || (count = atoi(argv[1])) < 1 || count > 64) {
        return 64;
    }
    storm.rounds = atoi(argv[2]);
    storm.number = call_number(argv[3], &known);
    if (!known) {
        return 69;
    }
    for (int i = 0; i < count; i++) {
        if (pthread_create(&threads[i], NULL, storm_calls, &storm) != 0) {
            return 65;
        }
    }
    for (int i = 0; i < 4; i++) {
        pid_t child = fork();
        int status = -1;

        if (child == 0) {
            int n = 0;

            for (int round = 0; round < storm.rounds; round++) {
                n += syscall(storm.number, -1, 0, 0) == -1;
            }
            _exit(n != storm.rounds);
        }
        waitpid(child, &status, 0);
        children += status == 0;
    }
    for (int i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
    }
    printf("refused=%d others=%d children=%d\n", storm.refused, storm.others,
           children);
    return 0;
}

static void caught(int signal)
{
    (void)signal;
}

static void *catch_again_and_again(void *opaque)
{
    (void)opaque;
    for (;;) {
        signal(SIGSYS, caught);
    }
    return NULL;
}

/* A command, while another thread does what it can to catch SIGSYS. */
int cmd_catcher(int argc, char **argv)
{
    pthread_t thread;
    sigset_t set;

    signal(SIGSYS, caught);
    if (pthread_create(&thread, NULL, catch_again_and_again, NULL) != 0) {
        return 65;
    }
    sigfillset(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    usleep(20000);
    return run_command(argc - 1, argv + 1);
}

struct flipping {
    char *path;
    const char *texts[2];
    atomic_bool stop;
};

static void *flip_path(void *opaque)
{
    struct flipping *flipping = opaque;
    unsigned n = 0;

    while (!flipping->stop) {
        strcpy(flipping->path, flipping->texts[n++ % 2]);
    }
    return NULL;
}

/*
 * Opens a path that another thread keeps changing between two of the same
 * length: how often did each open give the first file's "a", the second's "b"
 * or an error?
 */
int cmd_flip(int argc, char **argv)
{
    struct flipping flipping = { 0 };
    int rounds, a = 0, b = 0, refused = 0;
    pthread_t thread;

    if (argc < 4 || strlen(argv[2]) != strlen(argv[3])) {
        return 64;
    }
    rounds = atoi(argv[1]);
    flipping.texts[0] = argv[2];
    flipping.texts[1] = argv[3];
    flipping.path = strdup(argv[2]);
    pthread_create(&thread, NULL, flip_path, &flipping);
    for (int i = 0; is_due(i, rounds, a && (b || refused)); i++) {
        char byte = 0;
        int fd = open(flipping.path, O_RDONLY | O_CLOEXEC);

        if (fd < 0) {
            refused++;
            continue;
        }
        if (read(fd, &byte, 1) == 1) {
            a += byte == 'a';
            b += byte == 'b';
        }
        close(fd);
    }
    flipping.stop = 1;
    pthread_join(thread, NULL);
    printf("a=%s b=%s refused=%s\n", a ? "some" : "none", b ? "some" : "none",
           refused ? "some" : "none");
    return 0;
}

struct vanishing {
    char *page;
    size_t size;
    atomic_bool stop;
};

static void *map_and_unmap(void *opaque)
{
    struct vanishing *vanishing = opaque;

    while (!vanishing->stop) {
        munmap(vanishing->page, vanishing->size);
        mmap(vanishing->page, vanishing->size, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    }
    return NULL;
}

/* Opens a path on a page that another thread keeps taking away. Without a
 * policy that looks at it QEMU reads the page unprotected, and may die. */
int cmd_vanish(int argc, char **argv)
{
    struct vanishing vanishing = { .size = sysconf(_SC_PAGESIZE) };
    int rounds, opened = 0;
    pthread_t thread;

    if (argc < 2) {
        return 64;
    }
    rounds = atoi(argv[1]);
    vanishing.page = mmap(NULL, vanishing.size, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pthread_create(&thread, NULL, map_and_unmap, &vanishing);
    for (int i = 0; i < rounds; i++) {
        opened += syscall(SYS_openat, AT_FDCWD, vanishing.page, O_RDONLY) >= 0;
    }
    vanishing.stop = 1;
    pthread_join(thread, NULL);
    printf("opened=%d\n", opened);
    return 0;
}
