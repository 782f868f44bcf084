/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the emulator opens to look at it has the lowest number for a moment:
 * another thread puts something else there, which is then used in its place. A
 * policy refuses to change what is in "secret". */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doors.h"

#define ROUNDS 30000

static int other, number;
static atomic_bool ended;

static void *put(void *unused)
{
    (void)unused;
    while (!ended) {
        dup2(other, number);
        close(number);
    }
    return NULL;
}

/* In a folder that is allowed: in the other one it would be there no more. */
static bool removes(void)
{
    unlink("open/name");
    return access("secret/name", F_OK) < 0;
}

static bool ends_so(int fd, const char *end)
{
    char link[64], name[256];
    ssize_t len;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    len = readlink(link, name, sizeof(name));
    return len > (ssize_t)strlen(end) &&
        memcmp(name + len - strlen(end), end, strlen(end)) == 0;
}

/* What can be written to, and is not what was opened. */
static bool writes(const char *name, const char *end)
{
    int fd = open(name, O_WRONLY);
    int copy = fd < 0 ? -1 : fcntl(fd, F_DUPFD, 100);
    bool writes = copy >= 0 && ends_so(copy, end) &&
        (fcntl(copy, F_GETFL) & (O_ACCMODE | O_PATH)) == O_WRONLY;

    close(copy);
    close(fd);
    return writes;
}

static bool writes_secret(void)
{
    return writes("/proc/self/comm", "/secret/name");
}

static bool writes_log(void)
{
    return writes("log", "/log");
}

static bool wins(bool (*attempt)(void), const char *name, int flags)
{
    pthread_t thread;
    bool won = false;

    other = open(name, flags);
    number = other + 1;
    ended = false;
    pthread_create(&thread, NULL, put, NULL);
    for (int i = 0; i < ROUNDS && !won; i++) {
        won = attempt();
    }
    ended = true;
    pthread_join(thread, NULL);
    close(other);
    return won;
}

void instead(void)
{
    bool wrote = wins(writes_secret, "secret/name", O_RDONLY);
    bool logged = wins(writes_log, "/dev/null", O_PATH);
    bool removed = wins(removes, "secret", O_PATH);

    printf("instead: %s, %s, %s\n", removed ? "removed" : "not removed",
           wrote ? "written" : "not written", logged ? "log" : "no log");
}
