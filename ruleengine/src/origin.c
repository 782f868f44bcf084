/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Saved form, host byte order, no padding:
 *
 *     int32_t floor
 *
 * and for each file or directory
 *
 *     uint32_t kind    uint32_t name's length    uint32_t text's length
 *     name                      text
 */
#include "origin.h"

#include "folder.h"
#include "ruleengine/engine.h"
#include "ruleengine/facts.h"
#include "ruleengine/numbers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE ((size_t)65536)    /* the largest page of any host */

/* What is known of a name. */
enum {
    FILE_TEXT = 'f',        /* the bytes of a file */
    FILE_LIST = 'd',        /* the names in a directory */
    FILE_REAL = 'r',        /* the name without links */
    FILE_CANONICAL = 'c',   /* where a policy's path leads; empty: nowhere */
};

struct file {
    struct file *next;
    struct file *chain;     /* of the same bucket */
    char kind;              /* FILE_TEXT and its kin */
    char *name;
    char *text;             /* with a NUL behind it */
    size_t size;            /* bytes, without that NUL */
};

enum { BUCKETS = 256 };

struct re_origin {
    struct file *files, **tail;
    struct file *buckets[BUCKETS];  /* by name */
    bool frozen;            /* nothing is read any more */
    int fd;                 /* the shared memory, or -1 */
    size_t used;            /* bytes of it, whole pages */
    int made[RE_ORIGIN_MADE_MAX];
    unsigned made_count;
    int32_t floor;          /* of the first program image; the limit that it
                             * follows from is the guest's to change */
};

struct head {
    uint32_t kind, name, text;      /* the latter two lengths, bytes */
};

int re_origin_new(struct re_origin **ret)
{
    struct re_origin *origin = calloc(1, sizeof(*origin));

    if (!origin) {
        return -ENOMEM;
    }
    origin->tail = &origin->files;
    origin->fd = -1;
    origin->floor = re_high_floor();
    *ret = origin;
    return 0;
}

void re_origin_free(struct re_origin *origin)
{
    if (!origin) {
        return;
    }
    while (origin->files) {
        struct file *file = origin->files;

        origin->files = file->next;
        free(file->name);
        free(file->text);
        free(file);
    }
    re_number_close(origin->fd);
    free(origin);
}

/* --- files ------------------------------------------------------------- */

static unsigned bucket_of(char kind, const char *name)
{
    unsigned hash = (unsigned char)kind;

    for (; *name; name++) {
        hash = hash * 31 + (unsigned char)*name;
    }
    return hash % BUCKETS;
}

/* Takes the text over, also when it fails. */
static int remember(struct re_origin *origin, char kind,
                    const char *name, size_t length,
                    char *text, size_t size, struct file **ret)
{
    struct file *file = calloc(1, sizeof(*file));
    unsigned bucket;

    if (file) {
        file->name = strndup(name, length);
        file->kind = kind;
        file->text = text;
        file->size = size;
    }
    if (!file || !file->name) {
        free(file);
        free(text);
        return -ENOMEM;
    }
    bucket = bucket_of(kind, file->name);
    file->chain = origin->buckets[bucket];
    origin->buckets[bucket] = file;
    *origin->tail = file;
    origin->tail = &file->next;
    *ret = file;
    return 0;
}

static struct file *known(const struct re_origin *origin, char kind,
                          const char *name)
{
    for (struct file *f = origin->buckets[bucket_of(kind, name)]; f;
         f = f->chain) {
        if (f->kind == kind && strcmp(f->name, name) == 0) {
            return f;
        }
    }
    return NULL;
}

/* One "read more" of a file of unknown size: it may be a pipe. */
static int read_more(int fd, char **text, size_t *room, size_t *used)
{
    ssize_t got;

    if (*room - *used < 4096) {
        char *more = realloc(*text, *room = *room ? *room * 2 : 16384);

        if (!more) {
            return -ENOMEM;
        }
        *text = more;
    }
    do {
        got = read(fd, *text + *used, *room - *used - 1);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return -errno;
    }
    *used += got;
    if (*used > RE_ORIGIN_FILE_MAX) {
        return -EFBIG;
    }
    return got > 0;
}

/* Closes the file, if there is one, or gives its errno. */
static int read_all(int fd, char **ret_text, size_t *ret_size)
{
    size_t room = 0, used = 0;
    char *text = NULL;
    int more;

    if (fd < 0) {
        return fd;
    }
    do {
        more = read_more(fd, &text, &room, &used);
    } while (more > 0);
    re_number_close(fd);
    if (more < 0) {
        free(text);
        return more;
    }
    text[used] = '\0';
    *ret_text = text;
    *ret_size = used;
    return 0;
}

static int read_file(const char *path, char **ret_text, size_t *ret_size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

    return read_all(fd < 0 ? -errno : fd, ret_text, ret_size);
}

int re_origin_read(struct re_origin *origin, const char *path,
                   const char **ret_text, size_t *ret_size)
{
    struct file *file = known(origin, FILE_TEXT, path);
    size_t size = 0;
    char *text = NULL;
    int err = 0;

    if (!file) {
        err = origin->frozen ? -ENOENT : read_file(path, &text, &size);
        if (!err) {
            err = remember(origin, FILE_TEXT, path, strlen(path), text, size,
                           &file);
        }
    }
    if (!err) {
        *ret_text = file->text;
        *ret_size = file->size;
    }
    return err;
}

int re_origin_real(struct re_origin *origin, const char *path,
                   const char **ret_real)
{
    struct file *file = known(origin, FILE_REAL, path);
    char *real;
    int err;

    if (!file && origin->frozen) {
        return -ENOENT;
    }
    if (!file) {
        real = realpath(path, NULL);
        if (!real && access(path, F_OK) == 0) {
            real = strdup(path);        /* a pipe has no real path */
        }
        if (!real) {
            return -errno;
        }
        err = remember(origin, FILE_REAL, path, strlen(path), real,
                       strlen(real), &file);
        if (err) {
            return err;
        }
    }
    *ret_real = file->text;
    return 0;
}

int re_origin_canonical(struct re_origin *origin, const char *path,
                        int (*resolve)(const char *path, char *buf,
                                       size_t size),
                        const char **ret)
{
    struct file *file = known(origin, FILE_CANONICAL, path);
    char name[RE_PATH_MAX] = "", *text;
    int err = 0;

    if (!file && origin->frozen) {
        return -ENOENT;
    }
    if (!file) {
        if (resolve(path, name, sizeof(name)) < 0) {
            name[0] = '\0';
        }
        text = strdup(name);
        err = !text ? -ENOMEM :
            remember(origin, FILE_CANONICAL, path, strlen(path), text,
                     strlen(text), &file);
    }
    if (err) {
        return err;
    }
    *ret = file->text;
    return file->text[0] ? 0 : -ENOENT;
}

/* --- directories ------------------------------------------------------- */

int re_origin_list(struct re_origin *origin, const char *dir,
                   const char *suffix, const char **ret_names)
{
    struct file *file = known(origin, FILE_LIST, dir);
    size_t size = 0;
    char *text = NULL;
    int fd, err;

    if (!file && origin->frozen) {
        return -ENOENT;
    }
    if (!file) {
        fd = re_folder_open(dir, origin->floor);
        err = fd < 0 ? fd :
            re_folder_list(fd, origin->floor, suffix, &text, &size);
        re_number_close(fd);
        if (!err) {
            err = remember(origin, FILE_LIST, dir, strlen(dir), text, size,
                           &file);
        }
        if (err) {
            return err;
        }
    }
    *ret_names = file->text;
    return 0;
}

/* --- directories, again ------------------------------------------------ */

/* The name of a directory's file, in malloc'ed memory. */
static char *path_of(const char *dir, const char *name)
{
    size_t len = strlen(dir);
    char *path;

    while (len > 1 && dir[len - 1] == '/') {
        len--;
    }
    return asprintf(&path, "%.*s/%s", (int)len, dir, name) < 0 ? NULL : path;
}

static int read_one(struct re_origin *origin, const char *dir, int fd,
                    int floor, const char *name)
{
    struct file *file;
    char *path, *text;
    size_t size;
    int err = read_all(re_folder_open_file(fd, floor, name), &text, &size);

    if (err) {
        return err;
    }
    path = path_of(dir, name);
    if (!path) {
        free(text);
        return -ENOMEM;
    }
    err = remember(origin, FILE_TEXT, path, strlen(path), text, size, &file);
    free(path);
    return err;
}

int re_origin_read_folder(struct re_origin *origin, const char *dir, int fd,
                          int floor, const char *suffix)
{
    struct file *file;
    char *names;
    size_t size;
    int err = re_folder_list(fd, floor, suffix, &names, &size);

    if (!err) {
        err = remember(origin, FILE_LIST, dir, strlen(dir), names, size,
                       &file);
    }
    if (err) {
        return err;
    }
    for (const char *n = file->text; *n && !err; n += strlen(n) + 1) {
        err = read_one(origin, dir, fd, floor, n);
    }
    return err;
}

static bool same_text(const struct file *a, const struct file *b)
{
    return a && b && a->size == b->size && !memcmp(a->text, b->text, a->size);
}

bool re_origin_same_folder(const struct re_origin *a,
                           const struct re_origin *b, const char *dir)
{
    const struct file *list = known(a, FILE_LIST, dir);
    bool same = same_text(list, known(b, FILE_LIST, dir));

    for (const char *n = same ? list->text : ""; *n && same;
         n += strlen(n) + 1) {
        char *path = path_of(dir, n);

        same = path && same_text(known(a, FILE_TEXT, path),
                                 known(b, FILE_TEXT, path));
        free(path);
    }
    return same;
}

/* --- shared memory ----------------------------------------------------- */

static void move_shared(struct re_origin *origin)
{
    int high = origin->fd < 0 ? -1 : re_move_to(origin->fd, origin->floor);

    if (high >= 0) {
        re_origin_set_fd(origin, high);
    }
}

void *re_origin_share(struct re_origin *origin, size_t size)
{
    off_t offset = origin->used;
    size_t step;
    struct stat st;
    void *map;

    /* Offsets are whole pages of any host. */
    step = (size + PAGE - 1) & ~(PAGE - 1);
    if (origin->fd < 0) {
        origin->fd = memfd_create(RE_SHARED_NAME,
                                  MFD_CLOEXEC | MFD_ALLOW_SEALING);
        fcntl(origin->fd, F_ADD_SEALS, F_SEAL_SHRINK);
        move_shared(origin);
    }
    if (origin->fd < 0 || fstat(origin->fd, &st) < 0) {
        return NULL;
    }
    if (st.st_size < offset + (off_t)step &&
        ftruncate(origin->fd, offset + step) < 0) {
        return NULL;
    }
    map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, origin->fd,
               offset);
    if (map == MAP_FAILED) {
        return NULL;
    }
    origin->used += step;
    return map;
}

int re_origin_fd(const struct re_origin *origin)
{
    return origin->fd;
}

void re_origin_set_fd(struct re_origin *origin, int fd)
{
    re_number_close(origin->fd);
    origin->fd = fd;
}

/* --- files that are made ------------------------------------------------ */

static int new_made(const struct re_origin *origin, const char *name,
                    const void *bytes, size_t size)
{
    int fd = memfd_create(name, MFD_CLOEXEC), high;

    if (fd < 0) {
        return -errno;
    }
    if (fchmod(fd, 0666) < 0 ||
        (size && pwrite(fd, bytes, size, 0) != (ssize_t)size)) {
        close(fd);
        return -ENOSPC;
    }
    high = re_move_to(fd, origin->floor);
    close(fd);
    return high < 0 ? -errno : high;
}

void re_origin_freeze(struct re_origin *origin)
{
    origin->frozen = true;
}

bool re_origin_is_frozen(const struct re_origin *origin)
{
    return origin->frozen;
}

/* The next one: "fd", or what was kept in its place before execve. */
static int keep_made(struct re_origin *origin, int fd)
{
    unsigned n = origin->made_count;

    if (!origin->frozen) {
        if (fd < 0) {
            return fd;
        }
        origin->made[n] = fd;
    }
    origin->made_count++;
    return origin->made[n] < 0 ? -EBADF : origin->made[n];
}

int re_origin_make(struct re_origin *origin, const char *name,
                   const void *bytes, size_t size)
{
    if (origin->made_count == RE_ORIGIN_MADE_MAX) {
        return -E2BIG;
    }
    return keep_made(origin, origin->frozen ? -1 :
                     new_made(origin, name, bytes, size));
}

int re_origin_folder(struct re_origin *origin, const char *dir)
{
    if (origin->made_count == RE_ORIGIN_MADE_MAX) {
        return -E2BIG;
    }
    return keep_made(origin, origin->frozen ? -1 :
                     re_folder_open(dir, origin->floor));
}

void re_origin_set_made(struct re_origin *origin, const int *fds)
{
    memcpy(origin->made, fds, sizeof(origin->made));
}

void re_origin_get_made(const struct re_origin *origin, int *fds)
{
    for (unsigned i = 0; i < RE_ORIGIN_MADE_MAX; i++) {
        fds[i] = i < origin->made_count ? origin->made[i] : -1;
    }
}

/* --- saving ------------------------------------------------------------ */

static char *put(char *to, const void *from, size_t size)
{
    memcpy(to, from, size);
    return to + size;
}

static size_t saved_size(const struct re_origin *origin,
                         const struct re_origin *newer)
{
    size_t size = 0;

    for (const struct file *f = origin->files; f; f = f->next) {
        if (!newer || !known(newer, f->kind, f->name)) {
            size += sizeof(struct head) + strlen(f->name) + f->size;
        }
    }
    return size;
}

static char *save_files(char *at, const struct re_origin *origin,
                        const struct re_origin *newer)
{
    for (const struct file *f = origin->files; f; f = f->next) {
        struct head head = {
            .kind = f->kind, .name = strlen(f->name), .text = f->size,
        };

        if (!newer || !known(newer, f->kind, f->name)) {
            at = put(at, &head, sizeof(head));
            at = put(at, f->name, head.name);
            at = put(at, f->text, head.text);
        }
    }
    return at;
}

int re_origin_save(const struct re_origin *origin,
                   const struct re_origin *newer, void **ret_bytes,
                   size_t *ret_size)
{
    size_t size = sizeof(origin->floor) + saved_size(origin, newer) +
        (newer ? saved_size(newer, NULL) : 0);
    char *bytes = malloc(size), *at;

    if (!bytes) {
        return -ENOMEM;
    }
    at = put(bytes, &origin->floor, sizeof(origin->floor));
    at = save_files(at, origin, newer);
    if (newer) {
        save_files(at, newer, NULL);
    }
    *ret_bytes = bytes;
    *ret_size = size;
    return 0;
}

static int restore_all(struct re_origin *origin, const char *bytes,
                       size_t size)
{
    if (size < sizeof(origin->floor)) {
        return -EINVAL;
    }
    memcpy(&origin->floor, bytes, sizeof(origin->floor));
    bytes += sizeof(origin->floor);
    size -= sizeof(origin->floor);
    while (size > 0) {
        struct head head;
        struct file *file;
        char *text;
        int err;

        if (size < sizeof(head)) {
            return -EINVAL;
        }
        memcpy(&head, bytes, sizeof(head));
        bytes += sizeof(head);
        size -= sizeof(head);
        if (head.name > size || head.text > size - head.name) {
            return -EINVAL;
        }
        /* A list of names ends with a NUL of its own. */
        text = calloc(1, (size_t)head.text + 1);
        if (!text) {
            return -ENOMEM;
        }
        memcpy(text, bytes + head.name, head.text);
        err = remember(origin, head.kind, bytes, head.name, text, head.text,
                       &file);
        if (err) {
            return err;
        }
        bytes += (size_t)head.name + head.text;
        size -= (size_t)head.name + head.text;
    }
    return 0;
}

int re_origin_restore(struct re_origin **ret, const void *bytes, size_t size,
                      int shared_fd)
{
    struct re_origin *origin;
    int err = re_origin_new(&origin);

    if (err) {
        return err;
    }
    err = restore_all(origin, bytes, size);
    if (err) {
        re_origin_free(origin);
        return err;
    }
    origin->frozen = true;
    origin->fd = shared_fd;
    *ret = origin;
    return 0;
}

int re_origin_floor(const struct re_origin *origin)
{
    return origin->floor;
}

