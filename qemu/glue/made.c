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

#include <sys/mman.h>

#include "descriptors.h"
#include "made.h"
#include "policy.h"

#define NAME_MAX_BYTES 249      /* of a memfd, without the NUL */

/* What only says how a name is looked for, or would change the file. */
#define NOT_AGAIN (O_CREAT | O_EXCL | O_NOFOLLOW | O_TRUNC | O_DIRECT)

#define SEALS (F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL)

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
        re_number_close(fd);
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
        re_number_close(fd);
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
    ret = policy_reopen_uninterrupted(fd, open_flags & ~NOT_AGAIN);
    ret = ret < 0 ? -errno : ret;
    re_number_close(fd);
    return ret;
}
