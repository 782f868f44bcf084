/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest could do to the emulator's files, "log" and "stats" in the working
 * folder, without opening them: each way is one that succeeded. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "doors.h"

#define PAGE 65536              /* of any target */

static int count;

static void expect_refusal(const char *what, const char *name, long ret)
{
    if (ret == 0 || errno != EACCES) {
        printf("%s %s: %s ", what, name, ret ? strerrorname_np(errno) : "done");
        count++;
    }
}

static void make_file(const char *name)
{
    int fd = open(name, O_CREAT | O_WRONLY | O_TRUNC, 0600);

    if (fd < 0 || write(fd, "forged\n", 7) != 7) {
        printf("%s: %s ", name, strerrorname_np(errno));
    }
    close(fd);
}

static int rename_and(const char *from, const char *to, unsigned flags)
{
    return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
}

static void try_name(const char *name)
{
    int fd = open("log", O_RDONLY), folder = open("sub/up", O_PATH);
    char link_name[64];

    snprintf(link_name, sizeof(link_name), "/proc/self/fd/%d", fd);
    make_file("mine");
    expect_refusal("truncate", name, truncate(name, 0));
    expect_refusal("rename", name, rename(name, "moved"));
    expect_refusal("rename onto", name, rename("mine", name));
    expect_refusal("exchange", name, rename_and(name, "mine", RENAME_EXCHANGE));
    expect_refusal("exchange with", name,
                   rename_and("mine", name, RENAME_EXCHANGE));
    expect_refusal("link", name, link(name, "second"));
    expect_refusal("link followed", name,
                   linkat(AT_FDCWD, link_name, AT_FDCWD, "second",
                          AT_SYMLINK_FOLLOW));
    expect_refusal("link empty", name,
                   linkat(fd, "", AT_FDCWD, "second", AT_EMPTY_PATH));
    expect_refusal("unlinkat", name, unlinkat(folder, strrchr(name, '/') ?
                                              strrchr(name, '/') + 1 : name, 0));
    expect_refusal("unlink", name, unlink(name));
    unlink("second");
    unlink("moved");
    unlink("mine");
    close(fd);
    close(folder);
}

/* By a descriptor of the emulator's. */
static void try_numbers(void)
{
    char link_name[64], to[64];
    ssize_t len;

    for (int fd = 0; fd < 4096; fd++) {
        snprintf(link_name, sizeof(link_name), "/proc/self/fd/%d", fd);
        len = readlink(link_name, to, sizeof(to) - 1);
        if (len > 4 && memcmp(to + len - 4, "/log", 4) == 0) {
            expect_refusal("truncate", "by number", truncate(link_name, 0));
            expect_refusal("link", "by number",
                           linkat(AT_FDCWD, link_name, AT_FDCWD, "second",
                                  AT_SYMLINK_FOLLOW));
            unlink("second");
        }
    }
}

static char flipping[2][8] = { "mine", "log" };
/* Alone in what a processor writes at once: alpha changes bytes by writing eight of
 * them, and would take "ended" back. */
static _Alignas(64) char flipped[64];
static _Alignas(64) atomic_bool ended;

static void *flip(void *unused)
{
    (void)unused;
    for (int i = 0; !ended; i++) {
        memcpy(flipped, flipping[i & 1], sizeof(flipping[0]));
    }
    return NULL;
}

/* A name that is another one when it is used. */
static void try_flipping(void)
{
    pthread_t thread;
    struct stat st;
    ino_t inode = stat("log", &st) == 0 ? st.st_ino : 0;

    pthread_create(&thread, NULL, flip, NULL);
    for (int i = 0; i < 2000; i++) {
        make_file("mine");
        rename(flipped, "moved");
        unlink(flipped);
        truncate(flipped, 0);
    }
    ended = true;
    pthread_join(thread, NULL);
    if (stat("log", &st) < 0 || st.st_ino != inode) {
        printf("flipping: done ");
        count++;
    }
    unlink("mine");
    unlink("moved");
}

static void shorten(int file)
{
    for (;;) {
        ftruncate(file, 0);
        ftruncate(file, 2 * PAGE);
        pwrite(file, "there", 6, PAGE - 3);
    }
}

/* A name that is no more when it is used: across two pages of a file that a child cuts
 * short. */
static void try_vanishing(void)
{
    int file = open("mine", O_CREAT | O_RDWR, 0600), last;
    char *memory = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, file, 0);
    pid_t child = fork();

    if (child == 0) {
        shorten(file);
    }
    for (int i = 0; i < 50000; i++) {
        rename("nowhere", memory + PAGE - 3);
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    last = dup(0);
    if (last != file + 1) {
        printf("vanishing: %d left open ", last - file - 1);
        count++;
    }
    close(last);
    close(file);
    unlink("mine");
}

void kept(void)
{
    static const char *const names[] = {
        "log", "stats", "./log", "sub/up/log", "sub/../stats",
    };

    mkdir("sub", 0700);
    symlink("..", "sub/up");
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        try_name(names[i]);
    }
    try_numbers();
    try_flipping();
    try_vanishing();
    unlink("sub/up");
    rmdir("sub");
    printf("kept: %d ways\n", count);
}

/* What takes the place of a log that somebody has just renamed. */
void succeeded(void)
{
    const struct timespec a_while = { 0, 1000000 };
    int fd;

    for (int i = 0; i < 10000 && access("log", F_OK) == 0; i++) {
        nanosleep(&a_while, NULL);
    }
    make_file("mine");
    symlink(".", "here");
    fd = open("log", O_CREAT | O_WRONLY, 0600);
    expect_refusal("open", "log", fd < 0 ? -1 : 0);
    fd = open("here/log", O_CREAT | O_EXCL | O_RDWR, 0600);
    expect_refusal("open", "here/log", fd < 0 ? -1 : 0);
    expect_refusal("rename", "mine", rename("mine", "log"));
    expect_refusal("link", "mine", link("mine", "here/log"));
    expect_refusal("symlink", "log", symlink("mine", "log"));
    expect_refusal("mkdir", "log", mkdir("log", 0700));
    expect_refusal("mknod", "log", mknod("./log", S_IFIFO | 0600, 0));
    unlink("mine");
    unlink("here");
    /* Elsewhere the name is like any other. */
    mkdir("sub", 0700);
    fd = open("sub/log", O_CREAT | O_WRONLY, 0600);
    printf("succeeded: %d ways%s\n", count, fd < 0 ? ", but" : "");
    unlink("sub/log");
    rmdir("sub");
}

/* Statistics that the policy lets the guest cut short. */
void cut_short(void)
{
    for (int i = 0; i < 3; i++) {
        getppid();
        printf("cut short: %s\n", access("cut", F_OK) == 0 ? "after" : "before");
        fflush(stdout);
        while (i == 0 && access("cut", F_OK) < 0) {
            usleep(1000);
        }
    }
}
