/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What files of /proc that a guest may read show of the emulator: addresses, its
 * command line. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "doors.h"

extern char **environ;

static char bytes[65536];

/* What is read of a file, by its last part in an open folder; or -1. */
static ssize_t read_in(const char *folder, const char *name)
{
    int dir = open(folder, O_PATH | O_DIRECTORY);
    int fd = openat(dir, name, O_RDONLY);
    ssize_t n = -1, len = 0;

    while (fd >= 0 && len < (ssize_t)sizeof(bytes) - 1 &&
           (n = read(fd, bytes + len, sizeof(bytes) - 1 - len)) > 0) {
        len += n;
    }
    bytes[len] = '\0';
    close(fd);
    close(dir);
    return n < 0 ? -1 : len;
}

/* Fields that are addresses, by their numbers in proc(5). QEMU's form, which ends
 * before the 45th, has the guest's own stack. */
static int addresses(const char *folder)
{
    static const int fields[] = {
        26, 27, 29, 30, 45, 46, 47, 48, 49, 50, 51,
    };
    int count = 0, stack = 0, number = 3;
    char *rest, *field, *state;

    if (read_in(folder, "stat") < 0 || !(rest = strrchr(bytes, ')'))) {
        printf("%s/stat: %s ", folder, strerrorname_np(errno));
        return 1;
    }
    for (field = strtok_r(rest + 1, " \n", &state); field;
         field = strtok_r(NULL, " \n", &state), number++) {
        stack |= number == 28 && strtoull(field, NULL, 10) > 1;
        for (unsigned i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
            count += fields[i] == number &&
                strtoull(field, NULL, 10) > 1;
        }
    }
    return count + (number > 45 && stack) + (number < 40);
}

/* Whether it is this program's, with the argument "word". */
static int foreign(const char *folder, const char *word)
{
    ssize_t len = read_in(folder, "cmdline");
    const char *second = bytes + strlen(bytes) + 1;

    if (len > 0 && strcmp(second, word) == 0 &&
        second + strlen(second) + 1 == bytes + len) {
        return 0;
    }
    printf("%s/cmdline: %s %s ", folder, bytes, len > 0 ? second : "");
    return 1;
}

static void wait_here(void)
{
    char byte;

    while (read(0, &byte, 1) > 0) {
    }
    pause();
    _exit(0);
}

/* In a program that has been executed, and stays. */
void stay(void)
{
    printf("\n");
    fflush(stdout);
    wait_here();
}

/* One child that has executed this program anew, with the word "stay". */
static pid_t execute(void)
{
    int ready[2];
    pid_t child;
    char byte;

    if (pipe(ready) < 0 || (child = fork()) < 0) {
        return -1;
    }
    if (child == 0) {
        dup2(ready[1], 1);
        close(ready[0]);
        close(ready[1]);
        execl("/proc/self/exe", "doors", "stay", NULL);
        _exit(1);
    }
    close(ready[1]);
    if (read(ready[0], &byte, 1) != 1) {
        printf("no child ");
    }
    close(ready[0]);
    return child;
}

static void *look(void *word)
{
    char own[64], task[64], forked[64], executed[64];
    pid_t children[2] = { fork(), 0 };
    int count = 0, lines = 0;

    if (children[0] == 0) {
        wait_here();
    }
    children[1] = execute();
    snprintf(own, sizeof(own), "/proc/%d", getpid());
    snprintf(task, sizeof(task), "/proc/self/task/%ld", syscall(SYS_gettid));
    snprintf(forked, sizeof(forked), "/proc/%d", children[0]);
    snprintf(executed, sizeof(executed), "/proc/%d", children[1]);
    const char *const folders[] = {
        "/proc/self", "/proc/thread-self", own, task, forked, executed,
    };
    for (unsigned i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        count += addresses(folders[i]);
        lines += foreign(folders[i], i == 5 ? "stay" : word);
    }
    kill(children[0], SIGKILL);
    kill(children[1], SIGKILL);
    while (wait(NULL) > 0) {
    }
    printf("shown: %d addresses, %d command lines\n", count, lines);
    return NULL;
}

void shown(void)
{
    look("shown");
}

/* The same in a thread. */
void shown_threads(void)
{
    pthread_t thread;

    pthread_create(&thread, NULL, look, "shown-threads");
    pthread_join(thread, NULL);
}

/* The environment that the program was started with. */
void surroundings(void)
{
    static const char *const folders[] = {
        "/proc/self", "/proc/thread-self",
    };
    int wrong = 0;

    for (int i = 0; i < 2; i++) {
        ssize_t len = read_in(folders[i], "environ");
        const char *at = bytes;

        for (char **e = environ; *e; e++) {
            if (len <= 0 || strcmp(at, *e) != 0) {
                wrong++;
                break;
            }
            at += strlen(at) + 1;
        }
        wrong += at != bytes + len;
    }
    printf("environ: %d wrong\n", wrong);
}

/* The guest's to see, although the emulator has them open, too: its log is in the
 * working folder. */
void folders(void)
{
    static const char *const names[] = {
        "/proc", "/proc/self", "/proc/self/fd", "/dev/fd", "/proc/self/cwd", ".",
    };

    printf("folders:");
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        DIR *dir = opendir(names[i]);

        printf(" %s", dir ? "open" : strerrorname_np(errno));
        if (dir) {
            closedir(dir);
        }
    }
    printf("\n");
}
