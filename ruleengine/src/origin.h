/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a policy comes from and where it counts: the bytes of each file that
 * was read for it, and the memory that all of the guest's processes share. Both
 * can be handed to the next program image of a process, so that execve changes
 * neither the rules nor the counts, whatever became of the files.
 *
 * Loading is single-threaded; afterwards an origin is not changed.
 */
#ifndef RULEENGINE_ORIGIN_H
#define RULEENGINE_ORIGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct re_origin;

/* Largest file that is read, bytes. */
#define RE_ORIGIN_FILE_MAX  (16 << 20)

/* An origin that reads files and remembers them. 0 or a negative errno. */
int re_origin_new(struct re_origin **ret);

/*
 * An origin that knows what another one knew, and nothing else: no file is
 * read. "bytes" are what re_origin_save() made (copied); shared_fd is what
 * re_origin_fd() was, or -1, and belongs to the origin from now on. 0, -EINVAL
 * for bytes that are none, or -ENOMEM.
 */
int re_origin_restore(struct re_origin **ret, const void *bytes, size_t size,
                      int shared_fd);
void re_origin_free(struct re_origin *origin);

/* A file's bytes, with a NUL behind them; borrowed for the origin's life. 0, or
 * a negative errno: what reading failed with, -EISDIR, -EFBIG. */
int re_origin_read(struct re_origin *origin, const char *path,
                   const char **ret_text, size_t *ret_size);

/* A file's name without links and relative parts, to know it again; borrowed.
 * 0 or a negative errno. */
int re_origin_real(struct re_origin *origin, const char *path,
                   const char **ret_real);

/* Where a path of the policy leads when the policy is first loaded, as
 * "resolve" says (ops->canonical). It stays so in later program images: a guest
 * that can put a link at that path must not change what the policy means. 0,
 * -ENOENT when it led nowhere, or -ENOMEM. */
int re_origin_canonical(struct re_origin *origin, const char *path,
                        int (*resolve)(const char *path, char *buf,
                                       size_t size),
                        const char **ret);

/* The names of the files in a directory that end in "suffix" and do not start
 * with a dot, sorted by bytes, each ended by a NUL, one more NUL behind the
 * last; borrowed. 0 or a negative errno. */
int re_origin_list(struct re_origin *origin, const char *dir,
                   const char *suffix, const char **ret_names);

/* Zeroed memory that forked children and later program images share. The same
 * calls in the same order find the same memory. NULL and errno on failure.
 * Unmap it with munmap(). */
void *re_origin_share(struct re_origin *origin, size_t size);

/* The descriptor behind re_origin_share(), or -1; close-on-exec. */
int re_origin_fd(const struct re_origin *origin);

/* Replaces that descriptor by another one of the same file. */
void re_origin_set_fd(struct re_origin *origin, int fd);

/* Everything is loaded: what has not been read by now is -ENOENT, as it will be
 * in later program images. From here on threads may read at the same time. */
void re_origin_freeze(struct re_origin *origin);

/* That was so, or this is such a later image: what there is to warn of has been
 * said. */
bool re_origin_is_frozen(const struct re_origin *origin);

/* re_high_floor() as it was in the first program image. */
int re_origin_floor(const struct re_origin *origin);

/* Files that are made for a policy and live in memory, at most. */
#define RE_ORIGIN_MADE_MAX 16

/* Such a file, named for /proc, with these bytes at first; what it holds and
 * its identity outlive execve, as in re_origin_share(). Its descriptor, which
 * stays the origin's, or a negative errno: -E2BIG when there are too many. */
int re_origin_make(struct re_origin *origin, const char *name,
                   const void *bytes, size_t size);

/* The descriptors of all of them, RE_ORIGIN_MADE_MAX, -1 where there is
 * none. */
void re_origin_get_made(const struct re_origin *origin, int *fds);
void re_origin_set_made(struct re_origin *origin, const int *fds);

/* A directory's descriptor, for reading it again, which stays the origin's and
 * outlives execve; one of the RE_ORIGIN_MADE_MAX. Or a negative errno. */
int re_origin_folder(struct re_origin *origin, const char *dir);

/* Reads a directory by its descriptor while threads of a guest run: the names
 * and the files that end in "suffix", which re_origin_list() and
 * re_origin_read() then know as if they had been read by the name "dir".
 * "floor" is that of the guest's origin. 0 or a negative errno. */
int re_origin_read_folder(struct re_origin *origin, const char *dir, int fd,
                          int floor, const char *suffix);

/* Whether the names and texts of a directory's files are the same in both. */
bool re_origin_same_folder(const struct re_origin *a,
                           const struct re_origin *b, const char *dir);

/* Everything for re_origin_restore(), in malloc'ed memory; of what "newer"
 * knows too (NULL: nothing), what that knows. 0 or -ENOMEM. */
int re_origin_save(const struct re_origin *origin,
                   const struct re_origin *newer, void **ret_bytes,
                   size_t *ret_size);

#endif
