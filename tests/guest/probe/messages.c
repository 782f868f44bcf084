/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of messages, each to an address of its own. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "probe.h"

enum { MOST = 8 };

/* Two receivers, 127.0.0.1 and 127.0.0.2, at ports of the kernel's choice. */
struct post {
    struct sockaddr_in good, evil, longer[8];
    int good_fd, evil_fd;
    struct iovec parts[MOST];
    struct mmsghdr *list;
};

static int receiver(struct sockaddr_in *address, const char *text)
{
    socklen_t len = sizeof(*address);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    address->sin_family = AF_INET;
    inet_pton(AF_INET, text, &address->sin_addr);
    if (bind(fd, (struct sockaddr *)address, len) < 0 ||
        getsockname(fd, (struct sockaddr *)address, &len) < 0) {
        return -1;
    }
    return fd;
}

static int arrived(int fd)
{
    char bytes[MOST + 1];
    int count = 0;

    while (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) >= 0) {
        count++;
    }
    return count;
}

/* What is wrong with a message besides its address, which is good. */
static void lie(struct msghdr *m, const char *how)
{
    if (strcmp(how, "wild") == 0) {
        m->msg_name = (void *)1;
    } else if (strcmp(how, "edge") == 0) {
        m->msg_name = (void *)argument("end:xx");
    } else if (strcmp(how, "negative") == 0) {
        m->msg_namelen = -1;
    } else if (strcmp(how, "least") == 0) {
        m->msg_namelen = 0x80000000;
    } else if (strcmp(how, "most") == 0) {
        m->msg_namelen = 0x7fffffff;
    } else if (strcmp(how, "zero") == 0) {
        m->msg_namelen = 0;
    } else if (strcmp(how, "one") == 0) {
        m->msg_namelen = 1;
    } else if (strcmp(how, "vector") == 0) {
        m->msg_iov = (void *)8;
    } else if (strcmp(how, "part") == 0) {
        m->msg_iov->iov_base = (void *)8;
    } else if (strcmp(how, "parts") == 0) {
        m->msg_iovlen = 1025;
    } else if (strcmp(how, "all") == 0) {
        m->msg_iovlen = SIZE_MAX;
    } else if (strcmp(how, "control") == 0) {
        m->msg_control = (void *)8;
        m->msg_controllen = 64;
    } else if (strcmp(how, "controls") == 0) {
        m->msg_control = (void *)8;
        m->msg_controllen = SIZE_MAX / 4;
    }
}

static void write_message(struct post *p, unsigned i, const char *how)
{
    static char text[] = "12345678";
    struct msghdr *m = &p->list[i].msg_hdr;

    p->parts[i] = (struct iovec) { text, i + 1 };
    memset(m, 0, sizeof(*m));
    m->msg_iov = &p->parts[i];
    m->msg_iovlen = 1;
    if (strcmp(how, "none") == 0) {
        return;
    }
    m->msg_name = strcmp(how, "evil") == 0 ? &p->evil : p->longer;
    m->msg_namelen = sizeof(p->good);
    lie(m, how);
}

static long send_list(const char *way, int fd, struct mmsghdr *list,
                      unsigned count)
{
#ifdef SYS_socketcall
    if (strcmp(way, "socketcall") == 0) {
        unsigned long a[] = { fd, (unsigned long)list, count, 0 };

        return syscall(SYS_socketcall, 20, a);
    }
#endif
    if (strcmp(way, "single") == 0) {
        return syscall(SYS_sendmsg, fd, list, 0);
    }
    return syscall(SYS_sendmmsg, fd, list, count, 0);
}

/* The list ends where readable memory does. */
static struct mmsghdr *list_at_edge(unsigned count)
{
    size_t page = sysconf(_SC_PAGESIZE);
    char *map = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (map == MAP_FAILED || munmap(map + page, page) < 0) {
        perror("mmap");
        return NULL;
    }
    return (struct mmsghdr *)(map + page) - count;
}

/* messages WAY COUNT MESSAGE...: by sendmmsg, socketcall or (the first message
 * alone) single; says that there are COUNT of them. */
int cmd_messages(int argc, char **argv)
{
    struct post p = { .good_fd = -1 };
    unsigned count = argc > 3 && argc - 3 <= MOST ? argc - 3 : 0;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    long result;

#ifndef SYS_socketcall
    if (argc > 1 && strcmp(argv[1], "socketcall") == 0) {
        printf("messages = no such call here\n");
        return 69;
    }
#endif
    p.good_fd = receiver(&p.good, "127.0.0.1");
    p.evil_fd = receiver(&p.evil, "127.0.0.2");
    p.list = list_at_edge(count);
    if (argc < 3 || p.good_fd < 0 || p.evil_fd < 0 || !p.list) {
        return 64;
    }
    p.longer[0] = p.good;
    for (unsigned i = 0; i < count; i++) {
        write_message(&p, i, argv[3 + i]);
    }
    result = send_list(argv[1], fd, p.list, strtoul(argv[2], NULL, 0));
    if (result < 0) {
        printf("%s", error_name(errno));
    } else {
        printf("%ld", result);
    }
    for (unsigned i = 0; i < count && strcmp(argv[1], "single"); i++) {
        printf(" %u", p.list[i].msg_len);
    }
    printf(" good=%d evil=%d\n", arrived(p.good_fd), arrived(p.evil_fd));
    close(p.good_fd);
    close(p.evil_fd);
    close(fd);
    return 0;
}

static int queue[2], drains;

static void on_alarm(int number)
{
    struct itimerval never = { { 0, 0 }, { 0, 0 } };
    char byte;

    (void)number;
    if (drains) {
        setitimer(ITIMER_REAL, &never, NULL);
        while (recv(queue[1], &byte, 1, MSG_DONTWAIT) > 0) {
        }
    }
}

/* blocked RESTART ROOM: four messages into a queue with room for so many, until
 * a signal comes; RESTART 1: whose handler makes room for all. */
int cmd_blocked(int argc, char **argv)
{
    struct itimerval soon = { { 0, 50000 }, { 0, 50000 } };
    struct itimerval never = { { 0, 0 }, { 0, 0 } };
    struct sigaction act = { .sa_handler = on_alarm };
    struct iovec byte = { "x", 1 };
    struct mmsghdr list[4];
    int result, error;

    if (argc < 3 || socketpair(AF_UNIX, SOCK_DGRAM, 0, queue) < 0) {
        return 64;
    }
    drains = atoi(argv[1]);
    act.sa_flags = drains ? SA_RESTART : 0;
    memset(list, 0, sizeof(list));
    for (int i = 0; i < 4; i++) {
        list[i].msg_hdr.msg_iov = &byte;
        list[i].msg_hdr.msg_iovlen = 1;
    }
    while (send(queue[0], "x", 1, MSG_DONTWAIT) > 0) {
    }
    for (int i = atoi(argv[2]); i > 0; i--) {
        char read;

        recv(queue[1], &read, 1, 0);
    }
    sigaction(SIGALRM, &act, NULL);
    setitimer(ITIMER_REAL, &soon, NULL);
    result = sendmmsg(queue[0], list, 4, 0);
    error = errno;
    setitimer(ITIMER_REAL, &never, NULL);
    printf("blocked = %s\n", result < 0 ? error_name(error) :
           result == 4 ? "all" : "some");
    return 0;
}
