/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ruleengine/numbers.h"

int re_folder_open(const char *path, int floor)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), own;

    if (fd < 0) {
        return -errno;
    }
    own = re_move_to(fd, floor);
    if (own < 0) {
        own = -errno;
    }
    close(fd);
    return own;
}

/* --- names ------------------------------------------------------------- */

static bool fits(const char *name, const char *suffix)
{
    size_t len = strlen(name), end = strlen(suffix);

    return *name != '.' && len > end && !strcmp(name + len - end, suffix);
}

/* By bytes: the order does not depend on the locale. */
static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

struct names {
    char **names;
    size_t count, room;
    size_t size;            /* bytes of them, with their NULs */
};

static int add_name(struct names *n, const char *name)
{
    if (n->count == n->room) {
        size_t room = n->room ? 2 * n->room : 16;
        char **more = reallocarray(n->names, room, sizeof(*more));

        if (!more) {
            return -ENOMEM;
        }
        n->names = more;
        n->room = room;
    }
    n->names[n->count] = strdup(name);
    if (!n->names[n->count]) {
        return -ENOMEM;
    }
    n->size += strlen(name) + 1;
    n->count++;
    return 0;
}

/* One behind the other, and a NUL of the list. */
static int join(struct names *n, char **ret_names, size_t *ret_size)
{
    char *text = calloc(1, n->size + 1), *at = text;

    if (!text) {
        return -ENOMEM;
    }
    if (n->count) {
        qsort(n->names, n->count, sizeof(*n->names), by_name);
    }
    for (size_t i = 0; i < n->count; i++) {
        at = stpcpy(at, n->names[i]) + 1;
    }
    *ret_names = text;
    *ret_size = n->size;
    return 0;
}

int re_folder_list(int fd, int floor, const char *suffix, char **ret_names,
                   size_t *ret_size)
{
    int own = re_move_to(fd, floor);
    DIR *dir = own < 0 ? NULL : fdopendir(own);
    struct names n = { 0 };
    struct dirent *entry;
    int err = 0;

    if (!dir) {
        err = -errno;
        re_number_close(own);
        return err;
    }
    rewinddir(dir);         /* the place is that of "fd", too */
    for (errno = 0; !err && (entry = readdir(dir)); errno = 0) {
        err = fits(entry->d_name, suffix) ? add_name(&n, entry->d_name) : 0;
    }
    err = err ? err : -errno;
    closedir(dir);
    re_number_closed(own);
    if (!err) {
        err = join(&n, ret_names, ret_size);
    }
    while (n.count) {
        free(n.names[--n.count]);
    }
    free(n.names);
    return err;
}

/* --- files ------------------------------------------------------------- */

int re_folder_open_file(int fd, int floor, const char *name)
{
    struct stat named, opened;
    int file, own;

    if (fstatat(fd, name, &named, 0) < 0) {
        return -errno;
    }
    if (!S_ISREG(named.st_mode)) {
        return -EINVAL;
    }
    file = openat(fd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file < 0) {
        return -errno;
    }
    own = re_move_to(file, floor);
    if (own < 0) {
        own = -errno;
    }
    close(file);
    /* In between, the number was the guest's to use. */
    if (own >= 0 && (fstat(own, &opened) < 0 ||
                     opened.st_dev != named.st_dev ||
                     opened.st_ino != named.st_ino)) {
        re_number_close(own);
        own = -EAGAIN;
    }
    return own;
}

static uint64_t mix(uint64_t h, uint64_t value)
{
    return (h ^ value) * UINT64_C(0x100000001b3);   /* FNV-1a, by words */
}

static uint64_t mix_time(uint64_t h, struct timespec t, int64_t *newest)
{
    int64_t ns = (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;

    if (ns > *newest) {
        *newest = ns;
    }
    return mix(h, ns);
}

uint64_t re_folder_stamp(int fd, const char *names,
                         struct re_folder_times *ret)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    struct stat st;

    ret->changed = ret->written = 0;
    for (; *names; names += strlen(names) + 1) {
        for (const char *c = names; *c; c++) {
            h = mix(h, (unsigned char)*c);
        }
        if (fstatat(fd, names, &st, 0) < 0) {
            h = mix(h, errno);
            continue;
        }
        h = mix(mix(h, st.st_dev), st.st_ino);
        h = mix_time(mix(h, st.st_size), st.st_mtim, &ret->written);
        h = mix_time(h, st.st_ctim, &ret->changed);
    }
    return h;
}
