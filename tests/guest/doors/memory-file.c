/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The emulator's memory as a file, by names that do not look like it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "doors.h"

static void copy_self(const char *to)
{
    static char bytes[65536];
    int in = open("/proc/self/exe", O_RDONLY);
    int out = open(to, O_CREAT | O_WRONLY | O_TRUNC, 0755);
    ssize_t n;

    while ((n = read(in, bytes, sizeof(bytes))) > 0) {
        if (write(out, bytes, n) != n) {
            break;
        }
    }
    close(in);
    close(out);
}

/* Runs a program whose file is "mem", in a folder that can be another one. */
void exchange(void)
{
    mkdir("folder", 0700);
    copy_self("folder/mem");
    execl("folder/mem", "folder/mem", "exchanged", NULL);
    printf("exchange: %s\n", strerrorname_np(errno));
}

static int ways_to_exe(void)
{
    static const int flags[] = {
        O_RDONLY, O_RDWR, O_WRONLY, O_RDWR | O_NOFOLLOW, O_RDONLY | O_NOFOLLOW,
    };
    char own[32];
    const char *const names[] = {
        "/proc/self/exe", "/proc/thread-self/exe", own,
    };
    int count = 0;

    snprintf(own, sizeof(own), "/proc/%d/exe", getpid());
    for (unsigned i = 0; i < 15; i++) {
        count += is_memory(open(names[i % 3], flags[i / 3]));
    }
    return count;
}

/* By the program's own name, which leads elsewhere since it was started. */
void exchanged(void)
{
    int count;
    int fd;
    char magic[4] = "";

    rename("folder/mem", "folder/moved");
    symlink("/proc/self/mem", "folder/mem");
    count = ways_to_exe();
    unlink("folder/mem");
    rename("folder", "emptied");
    symlink("/proc/self", "folder");
    count += ways_to_exe();
    unlink("folder");
    fd = open("/proc/self/exe", O_RDONLY);
    printf("exchanged: %d ways%s\n", count,
           read(fd, magic, 4) == 4 && memcmp(magic, "\177ELF", 4) == 0 ?
           ", the program" : "");
    unlink("emptied/moved");
    rmdir("emptied");
}

/* creat() is a call of its own. */
void truncated(void)
{
#ifdef SYS_creat
    static const char *const names[] = {
        "/proc/self/mem", "/proc/thread-self/mem", "/proc/self/clear_refs",
        "log", "./log",
    };
    int count = 0;

    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        count += syscall(SYS_creat, names[i], 0600) >= 0;
    }
    count += syscall(SYS_creat, "made", 0600) < 0;
    count += syscall(SYS_creat, "made", 0600) < 0;
    unlink("made");
    printf("creat: %d\n", count);
#else
    printf("creat: none\n");
#endif
}

/* One file of /proc that is mounted alone says nothing by its name. */
void bound(void)
{
    int count = 0, tree = syscall(SYS_open_tree, AT_FDCWD, "/proc/self/mem",
                                  OPEN_TREE_CLONE);
    char name[64];

    if (tree < 0) {
        printf("bound: no\n");
        return;
    }
    snprintf(name, sizeof(name), "/proc/self/fd/%d", tree);
    count += open(name, O_RDWR) >= 0;
    close(open("plain", O_CREAT | O_WRONLY, 0600));
    if (mount("/proc/self/mem", "plain", NULL, MS_BIND, NULL) == 0) {
        count += open("plain", O_RDWR) >= 0;
        count += open("plain", O_RDONLY) >= 0;
        umount2("plain", MNT_DETACH);
    }
    unlink("plain");
    printf("bound: %d ways\n", count);
}
