/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A second thread changes what a call refers to, between the policy's look at
 * it and the call itself. Each command says what was reached:
 *
 *     allowed=some forbidden=none
 *
 * All work in a folder with two folders, ok and bad, of which a policy allows
 * the first, and a file in each that holds "a" and "b".
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe.h"

#define RACE_FD 77

struct race {
    void (*change)(struct race *race, unsigned turn);
    volatile int stop;
    /* of sockets */
    struct sockaddr_in good, evil, *address;
    struct msghdr *message;
    int good_fd, evil_fd;
    int pin;                    /* what the emulator holds files by */
};

static void *change_things(void *opaque)
{
    struct race *race = opaque;

    for (unsigned turn = 0; !race->stop; turn++) {
        race->change(race, turn);
    }
    return NULL;
}

int is_due(int round, int rounds, int seen)
{
    return round < rounds || (!seen && round / 100 < rounds);
}

static int tell(int allowed, int forbidden)
{
    printf("allowed=%s forbidden=%s\n", allowed ? "some" : "none",
           forbidden ? "some" : "none");
    return 0;
}

/* ok/x is a link to the one file and to the other in turn. */
static void change_link(struct race *race, unsigned turn)
{
    (void)race;
    symlinkat(turn & 1 ? "../bad/file" : "file", AT_FDCWD, "ok/next");
    renameat(AT_FDCWD, "ok/next", AT_FDCWD, "ok/x");
}

/* ok/d is a folder, and a link to a forbidden one. */
static void change_folder(struct race *race, unsigned turn)
{
    (void)race;
    (void)turn;
    syscall(SYS_renameat2, AT_FDCWD, "ok/d", AT_FDCWD, "ok/e", 2);
}

/* ok/new is missing, and a link to a forbidden name. */
static void change_new(struct race *race, unsigned turn)
{
    (void)race;
    if (turn & 1) {
        symlinkat("../bad/new", AT_FDCWD, "ok/new");
    } else {
        unlinkat(AT_FDCWD, "ok/new", 0);
    }
}

/* One number is the one file and the other in turn. */
static void change_descriptor(struct race *race, unsigned turn)
{
    dup3(turn & 1 ? race->evil_fd : race->good_fd, RACE_FD, 0);
}

/* openat2's argument, and what a newer one has behind it. */
static volatile struct {
    uint64_t flags, mode, resolve, newer;
} how;

static void change_how(struct race *race, unsigned turn)
{
    (void)race;
    how.flags = turn & 1 ? O_WRONLY : O_RDONLY;
    how.newer = turn % 3 == 0;
}

/* The number by which the emulator holds what a call is about, the first of those
 * that stand below its own ones. */
static int first_pin(void)
{
    struct rlimit limit;

    getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur <= 4096 - 256 ? limit.rlim_cur : 4096 - 256;
}

/* Another file is put behind it, if it can be; the emulator takes the next number
 * then. */
static void change_pin(struct race *race, unsigned turn)
{
    if (turn & 1) {
        race->pin += dup3(race->evil_fd, race->pin, 0) == race->pin;
    } else if (close(race->pin) == 0) {
        fcntl(race->evil_fd, F_DUPFD, race->pin);
    }
}

static int byte_at(int fd)
{
    char byte;

    return pread(fd, &byte, 1, 0) == 1 ? byte : 0;
}

/* By the call that has its arguments in memory, where there is one. */
static int mapped_byte(int fd)
{
#if defined(__i386__) || defined(__s390x__) || defined(__arm__) || \
    defined(__m68k__)
    long words[6] = { 0, 4096, PROT_READ, MAP_PRIVATE, fd, 0 };
    char *map = (char *)syscall(90, words);
#else
    char *map = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
#endif
    char byte = 0;

    if (map != MAP_FAILED) {
        byte = *map;
        munmap(map, 4096);
    }
    return byte;
}

static int read_byte(const char *path, int flags)
{
    int fd = openat(AT_FDCWD, path, flags | O_CLOEXEC, 0600);
    char byte = 0;

    if (fd < 0) {
        return 0;
    }
    if (read(fd, &byte, 1) < 0) {
        byte = 0;
    }
    close(fd);
    return byte;
}

static int exists(const char *path)
{
    struct stat st;

    return fstatat(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static void make_file(const char *path)
{
    mknodat(AT_FDCWD, path, S_IFREG | 0600, 0);
}

static void one_round(const char *kind, int *allowed, int *forbidden)
{
    int byte;

    if (strcmp(kind, "link") == 0 || strcmp(kind, "folder") == 0) {
        byte = read_byte(kind[0] == 'l' ? "ok/x" : "ok/d/file", O_RDONLY);
        *allowed += byte == 'a';
        *forbidden += byte == 'b';
    } else if (strcmp(kind, "pin") == 0) {
        byte = read_byte("ok/file", O_RDWR);
        *allowed += byte == 'a';
        *forbidden += byte == 'b';
    } else if (strcmp(kind, "descriptor") == 0 || strcmp(kind, "map") == 0) {
        byte = kind[0] == 'd' ? byte_at(RACE_FD) : mapped_byte(RACE_FD);
        *allowed += byte == 'a';
        *forbidden += byte == 'b';
    } else if (strcmp(kind, "how") == 0) {
        int fd = syscall(SYS_openat2, AT_FDCWD, "ok/file", &how, sizeof(how));

        *allowed += fd >= 0;
        *forbidden += fd >= 0 && (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY;
        close(fd);
    } else if (strcmp(kind, "create") == 0) {
        int fd = openat(AT_FDCWD, "ok/d/new", O_WRONLY | O_CREAT, 0600);

        *allowed += fd >= 0;
        close(fd);
        *forbidden += unlinkat(AT_FDCWD, "bad/new", 0) == 0;
    } else if (strcmp(kind, "dangling") == 0) {
        int fd = openat(AT_FDCWD, "ok/new", O_WRONLY | O_CREAT, 0600);

        *allowed += fd >= 0;
        close(fd);
        *forbidden += unlinkat(AT_FDCWD, "bad/new", 0) == 0;
    } else if (strcmp(kind, "make") == 0) {
        *allowed += linkat(AT_FDCWD, "ok/file", AT_FDCWD, "ok/d/made", 0) == 0;
        *forbidden += exists("bad/made");
        unlinkat(AT_FDCWD, "bad/made", 0);
        unlinkat(AT_FDCWD, "ok/d/made", 0);
    } else if (strcmp(kind, "remove") == 0) {
        make_file("ok/d/victim");
        *allowed += rmdir("ok/d/victim") < 0 && errno == ENOTDIR;
        mkdirat(AT_FDCWD, "bad/folder", 0700);
        rmdir("ok/d/folder");
        *forbidden += !exists("bad/folder");
    }
}

int cmd_race(int argc, char **argv)
{
    struct race race = { .change = change_folder };
    int rounds, allowed = 0, forbidden = 0;
    pthread_t thread;

    if (argc < 4 || chdir(argv[3]) < 0) {
        return 64;
    }
    rounds = atoi(argv[2]);
    if (strcmp(argv[1], "link") == 0) {
        race.change = change_link;
    } else if (strcmp(argv[1], "how") == 0) {
        race.change = change_how;
    } else if (strcmp(argv[1], "dangling") == 0) {
        race.change = change_new;
    } else if (strcmp(argv[1], "descriptor") == 0 ||
               strcmp(argv[1], "map") == 0) {
        race.good_fd = open("ok/file", O_RDONLY);
        race.evil_fd = open("bad/file", O_RDONLY);
        race.change = change_descriptor;
        change_descriptor(&race, 0);
    } else if (strcmp(argv[1], "pin") == 0) {
        race.evil_fd = open("bad/file", O_RDONLY);
        race.pin = first_pin();
        race.change = change_pin;
    }
    pthread_create(&thread, NULL, change_things, &race);
    for (int i = 0; is_due(i, rounds, allowed); i++) {
        one_round(argv[1], &allowed, &forbidden);
    }
    race.stop = 1;
    pthread_join(thread, NULL);
    return tell(allowed, forbidden);
}

/* --- addresses --------------------------------------------------------- */

static int receiver(struct sockaddr_in *address)
{
    socklen_t len = sizeof(*address);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    address->sin_family = AF_INET;
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd, (struct sockaddr *)address, len) < 0 ||
        getsockname(fd, (struct sockaddr *)address, &len) < 0) {
        return -1;
    }
    return fd;
}

static void change_port(struct race *race, unsigned turn)
{
    race->address->sin_port = turn & 1 ? race->good.sin_port :
        race->evil.sin_port;
}

static void change_pointer(struct race *race, unsigned turn)
{
    race->message->msg_name = turn & 1 ? &race->good : &race->evil;
}

static int arrived(int fd)
{
    char byte;

    return recv(fd, &byte, 1, MSG_DONTWAIT) == 1;
}

static void send_one(const char *kind, int fd, struct sockaddr_in *address,
                     struct mmsghdr *list)
{
    if (strcmp(kind, "sendto") == 0) {
        sendto(fd, "x", 1, 0, (struct sockaddr *)address, sizeof(*address));
    } else if (strcmp(kind, "connect") == 0) {
        if (connect(fd, (struct sockaddr *)address, sizeof(*address)) == 0) {
            send(fd, "x", 1, 0);
        }
    } else if (strncmp(kind, "list", 4) == 0) {
        sendmmsg(fd, list, 1, 0);
    } else {
        sendmsg(fd, &list->msg_hdr, 0);
    }
}

/* address KIND ROUNDS PORT: of the allowed receiver */
int cmd_address(int argc, char **argv)
{
    struct sockaddr_in address;
    struct iovec byte = { "x", 1 };
    struct mmsghdr list = { .msg_hdr = {
        .msg_name = &address, .msg_namelen = sizeof(address),
        .msg_iov = &byte, .msg_iovlen = 1,
    } };
    struct race race = { .change = change_port, .address = &address,
                         .message = &list.msg_hdr };
    int rounds, allowed = 0, forbidden = 0, fd = socket(AF_INET, SOCK_DGRAM, 0);
    pthread_t thread;

    if (argc < 4) {
        return 64;
    }
    rounds = atoi(argv[2]);
    race.good.sin_port = htons(atoi(argv[3]));
    race.good_fd = receiver(&race.good);
    race.evil_fd = receiver(&race.evil);
    if (race.good_fd < 0 || race.evil_fd < 0) {
        return 69;
    }
    address = race.good;
    if (strstr(argv[1], "pointer")) {
        race.change = change_pointer;
    }
    pthread_create(&thread, NULL, change_things, &race);
    for (int i = 0; is_due(i, rounds, allowed); i++) {
        send_one(argv[1], fd, &address, &list);
        allowed += arrived(race.good_fd);
        forbidden += arrived(race.evil_fd);
    }
    race.stop = 1;
    pthread_join(thread, NULL);
    return tell(allowed, forbidden);
}
