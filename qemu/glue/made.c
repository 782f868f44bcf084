/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Until a descriptor is what it is to be, it stands among the emulator's own,
 * where no other thread of the guest can put something else in its place. The
 * guest's is opened anew from there: its number is the lowest free one, its
 * position 0, and it can do what the flags say and no more.
 */
#include "qemu/osdep.h"
#include "qemu.h"
#include "user-internals.h"

#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "descriptors.h"
#include "doors.h"
#include "made.h"
#include "policy.h"

#define NAME_MAX_BYTES 249      /* of a memfd, without the NUL */
#define OPEN_TRIES 40           /* for a name that comes and goes */

/* What only says how a name is looked for, or would change the file. */
#define NOT_AGAIN (O_CREAT | O_EXCL | O_NOFOLLOW | O_TRUNC | O_DIRECT)

#define SEALS (F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL)

/* A descriptor or a negative errno. */
static int reopen(int fd, int flags)
{
    int ret = policy_reopen_uninterrupted(fd, flags);

    return ret < 0 ? -errno : ret;
}

static int write_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t put = write(fd, bytes, len);

        if (put < 0 && errno != EINTR) {
            return -errno;
        }
        if (put > 0) {
            bytes += put;
            len -= put;
        }
    }
    return 0;
}

/* Whether it is what new_file() has just made: before it was set aside,
 * another thread could put a file of its own in the place. */
static bool is_new(int fd)
{
    struct stat st;

    return fcntl(fd, F_GET_SEALS) == 0 && fstat(fd, &st) == 0 &&
        st.st_size == 0;
}

/* An anonymous file, among the emulator's own descriptors. */
static int new_file(const char *name)
{
    char cut[NAME_MAX_BYTES + 1];
    int fd;

    snprintf(cut, sizeof(cut), "%s", name ? name : "file");
    fd = policy_set_aside(memfd_create(cut, MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (fd < 0) {
        return -errno;
    }
    if (!is_new(fd)) {
        close(fd);
        return -EAGAIN;
    }
    return fd;
}

int policy_made_aside(const void *bytes, size_t len, const char *name,
                      bool writable)
{
    int fd = new_file(name), err;

    if (fd < 0) {
        return fd;
    }
    err = write_all(fd, bytes, len);
    if (!err && fchmod(fd, 0644) < 0) {
        err = -errno;
    }
    /* The guest can open it again through /proc, with other flags. */
    if (!err && !writable && fcntl(fd, F_ADD_SEALS, SEALS) < 0) {
        err = -errno;
    }
    if (err) {
        close(fd);
    }
    return err ? err : fd;
}

int policy_made_file(void *guest, const void *bytes, size_t len,
                     const char *name, int open_flags)
{
    bool reads = (open_flags & O_ACCMODE) == O_RDONLY;
    int fd = policy_made_aside(bytes, open_flags & O_TRUNC ? 0 : len, name,
                               !reads);
    int ret;

    if (fd < 0) {
        return fd;
    }
    ret = reopen(fd, open_flags & ~NOT_AGAIN);
    close(fd);
    return ret;
}

/* A file that exists: looked at, and then opened with no second way to it. */
static int open_found(int found, int flags, bool magic)
{
    if ((flags & O_CREAT) && (flags & O_EXCL)) {
        return -EEXIST;
    }
    if (policy_doors_refuse(found, magic)) {
        return -EACCES;
    }
    return reopen(found, flags & ~(O_CREAT | O_EXCL | O_NOFOLLOW));
}

/* O_PATH, among the emulator's own descriptors; -1 and errno. */
static int find(const char *path, int flags, bool *ret_magic)
{
    struct open_how how = {
        .flags = O_PATH | O_CLOEXEC | (flags & (O_NOFOLLOW | O_DIRECTORY)),
        .resolve = RESOLVE_NO_MAGICLINKS,
    };
    int fd = syscall(__NR_openat2, AT_FDCWD, path, &how, sizeof(how));

    *ret_magic = fd < 0 && (errno == ELOOP || errno == ENOSYS);
    return policy_doors_take_named(*ret_magic ? open(path, how.flags) : fd,
                                   AT_FDCWD, path, flags & O_NOFOLLOW ?
                                   AT_SYMLINK_NOFOLLOW : 0);
}

int policy_made_open(void *guest, const char *path, int host_flags,
                     mode_t mode)
{
    for (int tries = 0; tries < OPEN_TRIES; tries++) {
        bool magic;
        int found = find(path, host_flags, &magic), fd;

        if (found >= 0) {
            fd = open_found(found, host_flags, magic);
            policy_doors_done(found);
            return fd;
        }
        if (errno == EAGAIN) {
            continue;
        }
        if (errno != ENOENT || !(host_flags & O_CREAT)) {
            return -errno;
        }
        fd = open(path, host_flags | O_EXCL, mode);
        if (fd >= 0) {
            return fd;
        }
        if (errno != EEXIST || (host_flags & O_EXCL)) {
            return -errno;
        }
    }
    return -ELOOP;
}
