/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that is refused a lot, and that would rather leave no trace:
 *
 *     logs refuse PROCESSES THREADS CALLS    that many refused calls each
 *     logs spoil                             closes and writes over all
 *                                            descriptors, then is refused
 *     logs exec PROGRAM WORD...              executes a program
 *     logs die                               is refused, and kills itself
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int calls;

static void *refuse(void *arg)
{
    for (int i = 0; i < calls; i++) {
        if (syscall(SYS_setpgid, 0x7fffff, i) == 0) {
            puts("not refused");
        }
    }
    return arg;
}

static int run_threads(int count)
{
    pthread_t threads[64];
    int made = 0;

    for (; made < count && made < 64; made++) {
        if (pthread_create(&threads[made], NULL, refuse, NULL)) {
            return 1;
        }
    }
    while (made > 0) {
        pthread_join(threads[--made], NULL);
    }
    return 0;
}

static int run_processes(int count, int threads)
{
    int failed = 0, status;

    for (int i = 0; i < count; i++) {
        if (fork() == 0) {
            _exit(run_threads(threads));
        }
    }
    while (wait(&status) > 0) {
        failed += status != 0;
    }
    printf("%d failed\n", failed);
    return failed > 0;
}

/* Somebody else's pipes may be open as well: leave them alone. */
static int is_file(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

static int spoil(void)
{
    static const char line[] = "{\"v\":1,\"forged\":true}\n";
    int null = open("/dev/null", O_WRONLY), reached = 0;

    for (int fd = 3; fd < 8192; fd++) {
        if (fd != null) {
            reached += is_file(fd) && write(fd, line, sizeof(line) - 1) > 0;
            dup2(null, fd);
            close(fd);
        }
    }
    calls = 1;
    refuse(NULL);
    printf("reached %d\n", reached);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "refuse") == 0) {
        calls = atoi(argv[4]);
        return run_processes(atoi(argv[2]), atoi(argv[3]));
    }
    if (argc == 2 && strcmp(argv[1], "spoil") == 0) {
        return spoil();
    }
    if (argc > 2 && strcmp(argv[1], "exec") == 0) {
        calls = 1;
        refuse(NULL);
        execv(argv[2], argv + 2);
        return 1;
    }
    if (argc == 2 && strcmp(argv[1], "die") == 0) {
        calls = 1;
        refuse(NULL);
        kill(getpid(), SIGKILL);
    }
    return 64;
}
