/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest program of the benchmarks: makes one call many times and prints how
 * many nanoseconds each took.
 *
 *     loop getppid|dup|openat|faccessat|exit|memory COUNT [THREADS]
 *
 * getppid: the cheapest call there is. dup: of a descriptor that is not open,
 * an argument to look at. openat: /dev/null, closed again. faccessat: a path of
 * 64 bytes that does not exist. exit: nothing, for start-up times. memory:
 * getppid, but prints the process's resident memory, KiB, while all threads
 * are alive.
 *
 * With THREADS each of so many makes COUNT calls, at the same time; the time is
 * that of all calls together, shared among them.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define THREADS_MAX 1000

/* 64 bytes */
static const char path[] =
    "/nonexistent/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/b";

static const char *what;
static long count;
static pthread_barrier_t start, end;

static void once(void)
{
    switch (what[0]) {
    case 'g':
    case 'm':
        syscall(SYS_getppid);
        break;
    case 'd':
        syscall(SYS_dup, -1);
        break;
    case 'f':
        syscall(SYS_faccessat, AT_FDCWD, path, F_OK);
        break;
    default:
        close(syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY));
    }
}

static void *work(void *opaque)
{
    pthread_barrier_wait(&start);
    for (long i = 0; i < count; i++) {
        once();
    }
    pthread_barrier_wait(&end);
    pthread_barrier_wait(&end);     /* measured */
    return opaque;
}

static void print_memory(void)
{
    FILE *status = fopen("/proc/self/status", "r");
    char line[256];
    long kib;

    while (status && fgets(line, sizeof(line), status)) {
        if (sscanf(line, "VmRSS: %ld", &kib) == 1) {
            printf("%ld\n", kib);
        }
    }
    if (status) {
        fclose(status);
    }
}

static void print_time(const struct timespec *from, double calls)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    printf("%.1f\n", ((now.tv_sec - from->tv_sec) * 1e9 +
                      (now.tv_nsec - from->tv_nsec)) / calls);
}

static int run_threads(unsigned threads)
{
    pthread_t ids[THREADS_MAX];
    struct timespec from;

    pthread_barrier_init(&start, NULL, threads + 1);
    pthread_barrier_init(&end, NULL, threads + 1);
    for (unsigned i = 0; i < threads; i++) {
        if (pthread_create(&ids[i], NULL, work, NULL)) {
            fprintf(stderr, "no thread\n");
            return 1;
        }
    }
    clock_gettime(CLOCK_MONOTONIC, &from);
    pthread_barrier_wait(&start);
    pthread_barrier_wait(&end);
    if (what[0] == 'm') {
        print_memory();
    } else {
        print_time(&from, (double)count * threads);
    }
    pthread_barrier_wait(&end);
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(ids[i], NULL);
    }
    return 0;
}

int main(int argc, char **argv)
{
    long threads = argc > 3 ? atol(argv[3]) : 0;
    struct timespec from;

    count = argc > 2 ? atol(argv[2]) : 0;
    if (argc < 2 || strcmp(argv[1], "exit") == 0) {
        return 0;
    }
    what = argv[1];
    if (threads > 0 && threads <= THREADS_MAX) {
        return run_threads(threads);
    }
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (long i = 0; i < count; i++) {
        once();
    }
    if (count) {
        print_time(&from, count);
    }
    return 0;
}
