/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest program of the benchmarks: makes one call many times and prints how
 * many nanoseconds each took.
 *
 *     loop getppid|dup|openat|exit COUNT
 *
 * getppid: the cheapest call there is. dup: of a descriptor that is not open,
 * an argument to look at. openat: /dev/null, closed again. exit: nothing, for
 * start-up times.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void once(const char *what)
{
    if (what[0] == 'g') {
        syscall(SYS_getppid);
    } else if (what[0] == 'd') {
        syscall(SYS_dup, -1);
    } else {
        close(syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY));
    }
}

int main(int argc, char **argv)
{
    long count = argc > 2 ? atol(argv[2]) : 0;
    struct timespec start, end;

    if (argc < 2 || strcmp(argv[1], "exit") == 0) {
        return 0;
    }
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (long i = 0; i < count; i++) {
        once(argv[1]);
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    if (count) {
        printf("%.1f\n", ((end.tv_sec - start.tv_sec) * 1e9 +
                          (end.tv_nsec - start.tv_nsec)) / count);
    }
    return 0;
}
