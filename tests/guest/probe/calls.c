/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Single calls, their arguments, and the ways in which a target makes them. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "probe.h"

/* Those that the tests name; not every target has each. */
static const struct {
    const char *name;
    long number;
} numbers[] = {
#define CALL(name) { #name, SYS_##name },
    CALL(openat) CALL(mremap) CALL(read) CALL(write) CALL(close) CALL(dup)
    CALL(mprotect)
    CALL(exit_group) CALL(exit) CALL(kill) CALL(tgkill) CALL(gettid)
    CALL(getppid) CALL(setpgid) CALL(getpgid) CALL(getpriority)
    CALL(sethostname) CALL(uname) CALL(ioctl) CALL(umask) CALL(sync)
    CALL(lseek) CALL(fsync) CALL(capget) CALL(unshare) CALL(sched_yield)
    CALL(mkdirat) CALL(unlinkat) CALL(getcwd) CALL(chdir) CALL(setsid)
    CALL(setxattr) CALL(lsetxattr) CALL(getxattr) CALL(fchmod)
    CALL(prctl) CALL(personality) CALL(fchmodat) CALL(faccessat) CALL(flock)
    CALL(dup3) CALL(chroot) CALL(statx) CALL(sched_get_priority_max)
#ifdef SYS_openat2
    CALL(openat2)
#endif
#ifdef SYS_renameat2
    CALL(renameat2)
#endif
#ifdef SYS_open
    CALL(open)
#endif
#ifdef SYS_getpid
    CALL(getpid)
#endif
#ifdef SYS_getxpid
    { "getpid", SYS_getxpid },
#endif
#ifdef SYS_socket
    CALL(socket) CALL(connect)
#endif
#ifdef SYS_sendto
    CALL(sendto)
#endif
#ifdef SYS_bind
    CALL(bind)
#endif
#ifdef SYS_socketcall
    CALL(socketcall)
#endif
#ifdef SYS_fsopen
    CALL(fsopen)
#endif
#ifdef SYS_msgsnd
    CALL(msgsnd)
#endif
#ifdef SYS_ipc
    CALL(ipc)
#endif
#ifdef SYS_shmget
    CALL(shmget)
#endif
#undef CALL
};

/* Calls that some targets lack. Any other name that is not in the table is the
 * test's mistake. */
static const char *const rare[] = {
    "openat2", "renameat2", "open", "getpid", "socket", "connect", "sendto",
    "bind", "socketcall", "fsopen", "msgsnd", "ipc", "shmget",
};

static long address_size;

const char *error_name(int error)
{
    static char text[16];
    const char *name = strerrorname_np(error);

    if (name) {
        return name;
    }
    snprintf(text, sizeof(text), "%d", error);
    return text;
}

void print_result(const char *name, long result, int error)
{
    if (result == -1) {
        printf("%s = %s\n", name, error_name(error));
    } else {
        printf("%s = %ld\n", name, result);
    }
}

long call_number(const char *text, int *ret_known)
{
    char *end;
    long number = strtol(text, &end, 0);

    *ret_known = end != text && *end == '\0';
    if (*ret_known) {
        return number;
    }
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (strcmp(numbers[i].name, text) == 0) {
            *ret_known = 1;
            return numbers[i].number;
        }
    }
    for (size_t i = 0; i < sizeof(rare) / sizeof(rare[0]); i++) {
        if (strcmp(rare[i], text) == 0) {
            return -1;
        }
    }
    printf("%s is not among the probe's calls\n", text);
    exit(64);
}

/* The last bytes of readable memory, with or without a NUL. */
static char *text_at_edge(const char *text, size_t size)
{
    size_t page = sysconf(_SC_PAGESIZE);
    char *map = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (map == MAP_FAILED || munmap(map + page, page) < 0) {
        perror("mmap");
        exit(65);
    }
    return memcpy(map + page - size, text, size);
}

/* "SIZE[:AT]": so many bytes of 0, the last of readable memory; the one at AT is
 * 1. */
static char *bytes_at_edge(const char *text)
{
    size_t size = strtoul(text, NULL, 0);
    const char *at = strchr(text, ':');
    char *bytes = calloc(1, size), *edge;

    if (at) {
        bytes[strtoul(at + 1, NULL, 0)] = 1;
    }
    edge = text_at_edge(bytes, size);
    free(bytes);
    return edge;
}

static char *text_read_only(const char *text)
{
    size_t page = sysconf(_SC_PAGESIZE);
    char *map = mmap(NULL, page, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (map == MAP_FAILED) {
        perror("mmap");
        exit(65);
    }
    strcpy(map, text);
    mprotect(map, page, PROT_READ);
    return map;
}

static void *inet_address(char *text, int family)
{
    char *port = strrchr(text, ':');
    void *address = calloc(1, sizeof(struct sockaddr_in6));
    int ok;

    *port++ = '\0';
    if (family == AF_INET) {
        struct sockaddr_in *in = address;

        in->sin_family = AF_INET;
        in->sin_port = htons(atoi(port));
        ok = inet_pton(AF_INET, text, &in->sin_addr);
        address_size = sizeof(*in);
    } else {
        struct sockaddr_in6 *in6 = address;

        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons(atoi(port));
        ok = inet_pton(AF_INET6, text, &in6->sin6_addr);
        address_size = sizeof(*in6);
    }
    if (ok != 1) {
        fprintf(stderr, "probe: bad address \"%s\"\n", text);
        exit(65);
    }
    return address;
}

static void *unix_address(const char *path)
{
    struct sockaddr_un *un = calloc(1, sizeof(*un));

    un->sun_family = AF_UNIX;
    strncpy(un->sun_path, path, sizeof(un->sun_path) - 1);
    address_size = offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1;
    return un;
}

long last_address_size(void)
{
    return address_size;
}

/* "size" stands for the size of the socket address before it. */
long argument(const char *text)
{
    char *end;
    unsigned long long number;

    if (strncmp(text, "str:", 4) == 0) {
        return (long)(text + 4);
    } else if (strncmp(text, "end:", 4) == 0) {
        return (long)text_at_edge(text + 4, strlen(text + 4));
    } else if (strncmp(text, "endz:", 5) == 0) {
        return (long)text_at_edge(text + 5, strlen(text + 5) + 1);
    } else if (strncmp(text, "ro:", 3) == 0) {
        return (long)text_read_only(text + 3);
    } else if (strncmp(text, "edge:", 5) == 0) {
        return (long)bytes_at_edge(text + 5);
    } else if (strncmp(text, "buf:", 4) == 0) {
        return (long)calloc(1, strtoul(text + 4, NULL, 0));
    } else if (strncmp(text, "in:", 3) == 0) {
        return (long)inet_address(strdup(text + 3), AF_INET);
    } else if (strncmp(text, "in6:", 4) == 0) {
        return (long)inet_address(strdup(text + 4), AF_INET6);
    } else if (strncmp(text, "unix:", 5) == 0) {
        return (long)unix_address(text + 5);
    } else if (strcmp(text, "size") == 0) {
        return last_address_size();
    } else if (strcmp(text, "self") == 0) {
        return getpid();
    } else if (strcmp(text, "AT_FDCWD") == 0) {
        return AT_FDCWD;
    } else if (strcmp(text, "PAGE") == 0) {
        return sysconf(_SC_PAGESIZE);
    }
    number = strtoull(text, &end, 0);
    if (end == text || *end) {
        fprintf(stderr, "probe: bad argument \"%s\"\n", text);
        exit(65);
    }
    return (long)number;
}

static void arguments(int argc, char **argv, long a[8])
{
    memset(a, 0, 8 * sizeof(a[0]));
    for (int i = 0; i < argc && i < 8; i++) {
        a[i] = argument(argv[i]);
    }
}

/* 69: this target has no such call, which the test treats as a skip. */
int cmd_call(int argc, char **argv)
{
    int known = 0;
    long number, result, a[8];

    if (argc < 2) {
        return 64;
    }
    number = call_number(argv[1], &known);
    if (!known) {
        printf("%s = no such call here\n", argv[1]);
        return 69;
    }
    arguments(argc - 2, argv + 2, a);
    errno = 0;
    result = syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    print_result(argv[1], result, errno);
    return 0;
}

/* The number and its arguments behind the target's call of a call. */
int cmd_indirect(int argc, char **argv)
{
#if defined(__arm__)
    long carrier = 113;
#elif defined(__mips__) && _MIPS_SIM == _ABIO32
    long carrier = 4000;
#else
    long carrier = -1;
#endif
    int known = 0;
    long number, result, a[8];

    if (argc < 2) {
        return 64;
    }
    number = call_number(argv[1], &known);
    if (!known || carrier < 0) {
        printf("indirect %s = no such call here\n", argv[1]);
        return 69;
    }
    arguments(argc - 2, argv + 2, a);
    result = syscall(carrier, number, a[0], a[1], a[2], a[3], a[4]);
    printf("indirect ");
    print_result(argv[1], result, errno);
    return 0;
}

/* x86_64's 32-bit gate, which QEMU serves from the 64-bit table. */
int cmd_int80(int argc, char **argv)
{
#ifdef __x86_64__
    int known = 0;
    long number = call_number(argc > 1 ? argv[1] : "", &known);
    long result;

    if (!known) {
        return 69;
    }
    __asm__ volatile("int $0x80" : "=a"(result)
                     : "a"(number), "b"(0), "c"(0), "d"(0)
                     : "memory", "r8", "r9", "r10", "r11");
    printf("int80 ");
    if (result < 0 && result >= -4095) {
        print_result(argv[1], -1, -result);
    } else {
        print_result(argv[1], result, 0);
    }
    return 0;
#else
    printf("int80 = no such call here\n");
    return argc > 100 && argv ? 0 : 69;
#endif
}

/* An offset of 64 bits, which 32-bit targets pass in two registers. */
int cmd_pread(int argc, char **argv)
{
    char byte = 0;
    int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    ssize_t n;

    if (argc < 2 || fd < 0) {
        return 64;
    }
    n = pread64(fd, &byte, 1, strtoll(argv[1], NULL, 0));
    print_result("pread", n, errno);
    close(fd);
    return 0;
}

int cmd_socketcall(int argc, char **argv)
{
#ifdef SYS_socketcall
    unsigned long a[8];
    long result;

    if (argc < 2) {
        return 64;
    }
    arguments(argc - 2, argv + 2, (long *)a);
    result = syscall(SYS_socketcall, atol(argv[1]), a);
    print_result("socketcall", result, errno);
    return 0;
#else
    printf("socketcall = no such call here\n");
    return argc > 100 && argv ? 0 : 69;
#endif
}

int cmd_ipc(int argc, char **argv)
{
#ifdef SYS_ipc
    long a[8];
    long result;

    if (argc < 2) {
        return 64;
    }
    arguments(argc - 2, argv + 2, a);
    result = syscall(SYS_ipc, atol(argv[1]), a[0], a[1], a[2], a[3], a[4]);
    print_result("ipc", result, errno);
    return 0;
#else
    printf("ipc = no such call here\n");
    return argc > 100 && argv ? 0 : 69;
#endif
}

int cmd_uname(int argc, char **argv)
{
    struct utsname name;

    (void)argv;
    if (argc != 1 || uname(&name) < 0) {
        print_result("uname", -1, errno);
        return 0;
    }
    printf("nodename = %s\n", name.nodename);
    return 0;
}

/* What a file holds, as the guest reads it. */
/* A limit, and what it is after being set to nothing. */
int cmd_limit(int argc, char **argv)
{
    static const struct rlimit none = { 0, 0 };
    int which = argc > 1 ? atoi(argv[1]) : 0;

    for (int i = 0; i < 2; i++) {
        struct rlimit limit = { 99, 99 };

        getrlimit(which, &limit);
        printf("limit %ld %ld\n", (long)limit.rlim_cur, (long)limit.rlim_max);
        if (i == 0 && setrlimit(which, &none)) {
            print_result("setrlimit", -1, errno);
        }
    }
    return 0;
}

int cmd_show(int argc, char **argv)
{
    char text[256];
    ssize_t n;
    int fd;

    if (argc < 2) {
        return 64;
    }
    fd = open(argv[1], O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        print_result("open", -1, errno);
        return 0;
    }
    n = read(fd, text, sizeof(text) - 1);
    close(fd);
    if (n < 0) {
        print_result("read", -1, errno);
        return 0;
    }
    text[n] = '\0';
    text[strcspn(text, "\n")] = '\0';
    printf("content = %s\n", text);
    return 0;
}
