/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the emulator opens for itself while the guest runs has the lowest number
 * for a moment: another thread duplicates whatever has that number, and looks. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "doors.h"

#define READS 3000
#define CHILDREN 8
#define SECONDS 5

static int numbers = 3;     /* that are tried, from the lowest free one on */
static atomic_bool ended, taken;

/* Whether a name ends so, and the file can be used. */
static bool is_file(int fd, const char *end)
{
    char link[64], name[256];
    ssize_t length;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    length = readlink(link, name, sizeof(name) - 1);
    name[length < 0 ? 0 : length] = '\0';
    return length >= (ssize_t)strlen(end) &&
        strcmp(name + length - strlen(end), end) == 0 &&
        !(fcntl(fd, F_GETFL) & O_PATH);
}

static void *take(void *end)
{
    int low = dup(0);

    close(low);
    for (int i = 0; !ended && !taken; i++) {
        int copy = fcntl(low + i % numbers, F_DUPFD, 100);

        if (copy >= 0) {
            taken = is_file(copy, end);
            close(copy);
        }
    }
    return NULL;
}

/* Its own maps, which the emulator makes of the process's real ones. */
void maps_taken(void)
{
    pthread_t thread;
    char end[] = "/maps";

    pthread_create(&thread, NULL, take, end);
    for (int i = 0; i < READS && !taken; i++) {
        close(open("/proc/self/maps", O_RDONLY));
    }
    ended = true;
    pthread_join(thread, NULL);
    printf("maps: %s\n", taken ? "taken" : "not taken");
}

static char program[] = "program";

/* A program that may be executed, and not be opened by the rules on paths: what the
 * emulator has of it to see what it is. */
void program_taken(void)
{
    char *args[] = { program, NULL };
    pthread_t thread;
    char end[] = "/program";

    if (open(program, O_RDONLY) >= 0) {
        printf("program: opened\n");
        return;
    }
    numbers = 1;
    pthread_create(&thread, NULL, take, end);
    for (int i = 0; i < READS && !taken; i++) {
        execv(program, args);
    }
    ended = true;
    pthread_join(thread, NULL);
    printf("program: %s\n", taken ? "taken" : "not taken");
}

/* Calls that are refused, and so recorded, among threads. */
static void be_recorded(void)
{
    const struct timespec a_while = { 0, 2000000 };
    time_t until = time(NULL) + SECONDS;
    pthread_t thread;
    char end[] = "/log";

    pthread_create(&thread, NULL, take, end);
    while (time(NULL) < until && !taken) {
        setpgid(1, 0);
        nanosleep(&a_while, NULL);
    }
    ended = true;
    pthread_join(thread, NULL);
    _exit(taken);
}

/* The log, which somebody renames meanwhile, so that it goes on in another file:
 * each process looks for that once a second. */
void log_taken(void)
{
    int count = 0, status;

    for (int i = 0; i < CHILDREN; i++) {
        if (fork() == 0) {
            be_recorded();
        }
    }
    while (wait(&status) > 0) {
        count += WEXITSTATUS(status);
    }
    printf("log: taken %s\n", count ? "at times" : "never");
}
