/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory in which policies count: it is a file without a name, of this
 * emulator and of others of the same user. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "doors.h"

static int found, opened;

static bool counts(const char *link)
{
    static const char name[] = "/memfd:policy (deleted)";
    char to[64];
    ssize_t len = readlink(link, to, sizeof(to));

    return len == sizeof(name) - 1 && memcmp(to, name, len) == 0;
}

/* What the kernel calls it by; any file in memory leads to where it lies. */
static bool open_handle_of(const char *link)
{
    _Alignas(struct file_handle) char bytes[sizeof(struct file_handle) +
                                            MAX_HANDLE_SZ] = "";
    struct file_handle *handle = (void *)bytes;
    int mount, memory = memfd_create("mine", 0), fd = -1;

    handle->handle_bytes = MAX_HANDLE_SZ;
    if (name_to_handle_at(AT_FDCWD, link, handle, &mount,
                          AT_SYMLINK_FOLLOW) == 0) {
        fd = open_by_handle_at(memory, handle, O_RDWR);
    }
    close(memory);
    return fd >= 0 && close(fd) == 0;
}

static void try_link(const char *link)
{
    int fd = open(link, O_RDWR);

    found++;
    opened += fd >= 0;
    opened += open_handle_of(link);
    close(fd);
}

static void try_process(const char *pid)
{
    char folder[300], link[600];
    struct dirent *entry;
    DIR *dir;

    snprintf(folder, sizeof(folder), "/proc/%s/fd", pid);
    dir = opendir(folder);
    while (dir && (entry = readdir(dir))) {
        snprintf(link, sizeof(link), "%s/%s", folder, entry->d_name);
        if (counts(link)) {
            try_link(link);
        }
    }
    if (dir) {
        closedir(dir);
    }
}

/* Its own are in no listing. */
static void try_own(void)
{
    char link[64];

    for (int fd = 0; fd < 4096; fd++) {
        snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        if (counts(link)) {
            try_link(link);
        }
    }
}

/* Of all processes that it may look at. */
void counters(void)
{
    DIR *dir = opendir("/proc");
    struct dirent *entry;

    try_own();
    while (dir && (entry = readdir(dir))) {
        if (atoi(entry->d_name) > 0) {
            try_process(entry->d_name);
        }
    }
    printf("counters: %s, %d opened\n", found > 1 ? "several" : found ? "one" :
           "none", opened);
}
