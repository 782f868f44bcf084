/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a program can do with a file, step by step. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"

static int file = -1;
static const char *path;

/* "read abc" with control characters as dots */
static void print_bytes(const char *what, const char *bytes, ssize_t n)
{
    if (n < 0) {
        printf("%s = %s\n", what, error_name(errno));
        return;
    }
    printf("%s = \"", what);
    for (ssize_t i = 0; i < n; i++) {
        putchar(bytes[i] >= ' ' && bytes[i] < 127 ? bytes[i] : '.');
    }
    printf("\"\n");
}

static void step_open(const char *how)
{
    int flags = strchr(how, 'w') ? strchr(how, 'r') ? O_RDWR : O_WRONLY :
        O_RDONLY;

    flags |= strchr(how, 'c') ? O_CREAT : 0;
    flags |= strchr(how, 'x') ? O_EXCL : 0;
    flags |= strchr(how, 't') ? O_TRUNC : 0;
    flags |= strchr(how, 'n') ? O_NOFOLLOW : 0;
    flags |= strchr(how, 'd') ? O_DIRECTORY : 0;
    file = open(path, flags, 0644);
    printf("open = %s\n", file < 0 ? error_name(errno) : "ok");
}

static void step_read(const char *size)
{
    char bytes[256];

    print_bytes("read", bytes, read(file, bytes, atoi(size)));
}

/* Into two pieces, the first of one byte. */
static void step_readv(const char *size)
{
    char bytes[256];
    struct iovec v[3] = { { bytes, 0 }, { bytes, 1 },
                          { bytes + 1, atoi(size) } };

    print_bytes("readv", bytes, readv(file, v, 3));
}

static void step_write(const char *text)
{
    ssize_t n = write(file, text, strlen(text));

    print_result("write", n, errno);
}

static void step_ioctl(const char *command)
{
    unsigned char bytes[4] = { 0xee, 0xee, 0xee, 0xee };
    int result = ioctl(file, strtoul(command, NULL, 0), bytes);

    if (result < 0) {
        print_result("ioctl", -1, errno);
    } else {
        printf("ioctl = %d, %02x %02x %02x %02x\n", result, bytes[0],
               bytes[1], bytes[2], bytes[3]);
    }
}

static void step_stat(const char *unused)
{
    struct stat by_path, link, by_fd;

    (void)unused;
    if (stat(path, &by_path) < 0) {
        printf("stat = %s\n", error_name(errno));
        return;
    }
    printf("stat = %s of %ld bytes", S_ISREG(by_path.st_mode) ? "file" :
           "other", (long)by_path.st_size);
    if (lstat(path, &link) < 0 || !S_ISREG(link.st_mode)) {
        printf(", lstat differs");
    }
    if (file >= 0 && (fstat(file, &by_fd) < 0 ||
                      by_fd.st_size != by_path.st_size)) {
        printf(", fstat differs");
    }
    printf(", access = %s\n", access(path, R_OK) ? error_name(errno) : "ok");
}

static void step_map(const char *unused)
{
    char *map = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, file, 0);

    (void)unused;
    print_bytes("map", map, map == MAP_FAILED ? -1 : 4);
}

/* By the call that has its arguments in memory, where there is one. */
static void step_old_map(const char *unused)
{
#if defined(__i386__) || defined(__s390x__) || defined(__arm__) || \
    defined(__m68k__)
    long words[6] = { 0, 4096, PROT_READ, MAP_PRIVATE, file, 0 };
    long result = syscall(90, words);
    char *map = (char *)result;

    (void)unused;
    print_bytes("map", map, result == -1 ? -1 : 4);
#else
    step_map(unused);
#endif
}

static void step_seek(const char *where)
{
    print_result("seek", lseek(file, atol(where), SEEK_SET), errno);
}

static void step_dup(const char *unused)
{
    int old = file;

    (void)unused;
    file = dup(old);
    close(old);
}

/* Through a local socket, as a message. */
static void step_pass(const char *unused)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr head;
    } control = { .head = {
        .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET,
        .cmsg_type = SCM_RIGHTS,
    } };
    char byte = 'x';
    struct iovec v = { &byte, 1 };
    struct msghdr m = {
        .msg_iov = &v, .msg_iovlen = 1, .msg_control = control.bytes,
        .msg_controllen = sizeof(control.bytes),
    };
    int pair[2];

    (void)unused;
    memcpy(CMSG_DATA(&control.head), &file, sizeof(int));
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 ||
        sendmsg(pair[0], &m, 0) < 0) {
        perror("pass");
        exit(65);
    }
    close(file);
    m.msg_controllen = sizeof(control.bytes);
    if (recvmsg(pair[1], &m, 0) < 0 || !CMSG_FIRSTHDR(&m)) {
        perror("pass");
        exit(65);
    }
    memcpy(&file, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(int));
}

static const struct {
    const char *name;
    void (*run)(const char *argument);
} steps[] = {
    { "open", step_open }, { "read", step_read }, { "readv", step_readv },
    { "write", step_write }, { "ioctl", step_ioctl }, { "stat", step_stat },
    { "map", step_map }, { "oldmap", step_old_map }, { "seek", step_seek },
    { "dup", step_dup }, { "pass", step_pass },
};

/* The rest of the steps, in a child or in another program. */
static void go_on(char **argv, int i, int exec)
{
    char number[16];
    pid_t pid = fork();

    if (pid != 0) {
        waitpid(pid, NULL, 0);
        exit(0);
    }
    if (exec) {
        char *next[64] = { "probe", "file", argv[1], "fd", number };
        int n = 5;

        snprintf(number, sizeof(number), "%d", file);
        while (argv[i] && n < 62) {
            next[n++] = argv[i++];
        }
        execv("/proc/self/exe", next);
        perror("exec");
        exit(65);
    }
}

int cmd_file(int argc, char **argv)
{
    path = argc > 1 ? argv[1] : "";
    for (int i = 2; i < argc; i++) {
        char *argument = strchr(argv[i], ':');
        size_t length = argument ? (size_t)(argument - argv[i]) :
            strlen(argv[i]);

        if (strcmp(argv[i], "fd") == 0 && i + 1 < argc) {
            file = atoi(argv[++i]);
        } else if (strcmp(argv[i], "fork") == 0 ||
                   strcmp(argv[i], "exec") == 0) {
            fflush(stdout);
            go_on(argv, i + 1, argv[i][0] == 'e');
        }
        for (size_t j = 0; j < sizeof(steps) / sizeof(steps[0]); j++) {
            if (strlen(steps[j].name) == length &&
                memcmp(steps[j].name, argv[i], length) == 0) {
                steps[j].run(argument ? argument + 1 : "");
            }
        }
    }
    return 0;
}
