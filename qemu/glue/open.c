/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * open: what exists is found as O_PATH and opened once it has been looked at;
 * what does not exist is made, and nothing else is opened instead. Only where
 * no thread could use it meanwhile is a file opened first.
 */
#include "qemu/osdep.h"
#include "qemu.h"
#include "user-internals.h"
#include "user/safe-syscall.h"

#include <linux/openat2.h>
#include <sys/syscall.h>

#include "apart.h"
#include "descriptors.h"
#include "look.h"
#include "open.h"
#include "pin.h"
#include "policy.h"
#include "proc.h"
#include "records.h"

#define OPEN_TRIES 40           /* for a name that comes and goes */

/* --- for the guest ------------------------------------------------------- */

static bool is_type(int fd, mode_t type)
{
    struct stat st;

    return fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == type;
}

/* Whether opening with these flags could change a file that the emulator
 * writes. */
static bool could_forge(uint64_t flags)
{
    return policy_records_kept() && (flags & (O_ACCMODE | O_TRUNC)) &&
        !(flags & O_PATH);
}

/* Records are evidence. */
static bool would_forge(int found, int flags)
{
    return could_forge(flags) && policy_records_has(found);
}

/* A symbolic link itself, which O_NOFOLLOW does not open. */
static int open_link(int found, int flags)
{
    if (!(flags & O_PATH)) {
        errno = ELOOP;
        return -1;
    }
    return fcntl(found, flags & O_CLOEXEC ? F_DUPFD_CLOEXEC : F_DUPFD, 0);
}

static int open_how(int dirfd, const char *name, const struct open_how *how,
                    uint64_t flags, uint64_t resolve)
{
    struct open_how changed = { flags, how->mode, how->resolve | resolve };

    if (flags & O_PATH) {
        changed.mode = 0;
    }
    return safe_syscall(__NR_openat2, dirfd, name, &changed, sizeof(changed));
}

/* What a link of /proc that is none has led to: for the guest, the emulator is
 * its program, and the emulator's descriptors are nothing. */
static int open_magic(int found, int flags)
{
    bool emulator = policy_is_emulator(found);

    if ((emulator || policy_is_program(found)) &&
        (flags & (O_ACCMODE | O_TRUNC))) {
        errno = ETXTBSY;
        return -1;
    }
    if (emulator) {
        return policy_reopen(policy_program_fd(), flags & ~O_CREAT);
    }
    if (policy_look_is_own(found)) {
        errno = ENOENT;
        return -1;
    }
    return policy_reopen(found, flags & ~(O_CREAT | O_NOFOLLOW));
}

/* "found" is O_PATH: it is looked at and then opened, with no second way to
 * it. */
static int open_found(CPUArchState *env, int found,
                      const struct open_how *how, bool magic)
{
    int flags = how->flags;
    enum policy_proc entry;

    if ((flags & O_CREAT) && ((flags & O_EXCL) || is_type(found, S_IFDIR))) {
        errno = flags & O_EXCL ? EEXIST : EISDIR;
        return -1;
    }
    if (would_forge(found, flags)) {
        errno = EACCES;
        return -1;
    }
    entry = policy_proc_look(found);
    if (entry != POLICY_PROC_PLAIN) {
        return policy_proc_open(env, found, entry, flags, false);
    }
    if (is_type(found, S_IFLNK)) {
        return open_link(found, flags);
    }
    return magic ? open_magic(found, flags) :
        policy_reopen(found, flags & ~(O_CREAT | O_NOFOLLOW));
}

/*
 * A new file; the name is looked at once. One that is named as a log is made in
 * a folder that has been looked at, and not in the log's own: when the log has
 * been renamed it would go on in the guest's file.
 */
static int make_new(int dirfd, const char *name, const struct open_how *how,
                    uint64_t resolve)
{
    char copy[PATH_MAX] POLICY_UNSET, *last;
    int folder, fd;

    if (g_strlcpy(copy, name, sizeof(copy)) >= sizeof(copy)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (!could_forge(how->flags) || !policy_records_alike(copy)) {
        return open_how(dirfd, copy, how, how->flags | O_EXCL, resolve);
    }
    last = strrchr(copy, '/');
    last = last ? last + 1 : copy;
    name = g_strndup(copy, last - copy);
    folder = policy_look_take(open_how(dirfd, *name ? name : ".", how, O_PATH |
                                       O_DIRECTORY | O_CLOEXEC, resolve));
    g_free((char *)name);
    if (folder < 0) {
        return -1;
    }
    errno = EACCES;
    fd = policy_records_named(folder, last) ? -1 :
        open_how(folder, last, how, how->flags | O_EXCL, resolve);
    policy_look_done(folder);
    return fd;
}

/* Names that begin at another root lead elsewhere for a look at them. */
static int take_found(int found, int dirfd, const char *name,
                      const struct open_how *how)
{
    return how->resolve & RESOLVE_IN_ROOT ? policy_look_take(found) :
        policy_look_take_named(found, dirfd, name, how->flags & O_NOFOLLOW ?
                               AT_SYMLINK_NOFOLLOW : 0);
}

/*
 * Finds the file first and opens it when it has been looked at: in between,
 * other threads cannot use it, whatever they do to links. What does not exist
 * is made, and nothing else is opened instead.
 */
static int find_and_open(CPUArchState *env, int dirfd, const char *name,
                         const struct open_how *how, bool magic)
{
    uint64_t resolve = magic ? 0 : RESOLVE_NO_MAGICLINKS;
    int fd, found;

    for (int tries = 0; tries < OPEN_TRIES; tries++) {
        found = open_how(dirfd, name, how, O_PATH | O_CLOEXEC |
                         (how->flags & (O_NOFOLLOW | O_DIRECTORY)), resolve);
        if (found >= 0) {
            found = take_found(found, dirfd, name, how);
            if (found < 0 && errno == EAGAIN) {
                continue;
            }
            if (found < 0) {
                return -1;
            }
            fd = open_found(env, found, how, magic);
            policy_look_done(found);
            return fd;
        }
        if (errno != ENOENT || !(how->flags & O_CREAT)) {
            return -1;
        }
        fd = make_new(dirfd, name, how, resolve);
        if (fd >= 0 || errno != EEXIST || (how->flags & O_EXCL)) {
            return fd;
        }
    }
    errno = ELOOP;
    return -1;
}

/* Without threads, nobody uses a descriptor before it has been looked at. */
static int open_and_look(CPUArchState *env, int dirfd, const char *name,
                         const struct open_how *how)
{
    int fd = open_how(dirfd, name, how, how->flags, RESOLVE_NO_MAGICLINKS);
    enum policy_proc entry = fd < 0 ? POLICY_PROC_PLAIN : policy_proc_look(fd);

    return entry == POLICY_PROC_PLAIN ? fd :
        policy_proc_open(env, fd, entry, how->flags, true);
}

/* Whether a pinned name, in a folder that is held, is a log's. */
static bool is_log_name(const char *name)
{
    g_autofree char *folder = NULL;
    bool named = false;
    int fd;

    if (policy_records_alike(name)) {
        folder = g_path_get_dirname(name);
        fd = policy_look_take_named(open(folder, O_PATH | O_DIRECTORY |
                                         O_CLOEXEC), AT_FDCWD, folder, 0);
        named = fd < 0;
        if (fd >= 0) {
            named = policy_records_named(fd, strrchr(name, '/') + 1);
            policy_look_done(fd);
        }
    }
    return named;
}

/* The same for a name that leads to a file which is held already. */
static bool would_forge_held(int dirfd, const char *name, int flags)
{
    bool forges = false;
    int found;

    if (could_forge(flags)) {
        found = openat(dirfd, name, O_PATH | O_CLOEXEC);
        if (found < 0 && errno == ENOENT) {
            forges = is_log_name(name);
        } else {
            found = policy_look_take_named(found, dirfd, name, 0);
            forges = found < 0 || would_forge(found, flags);
        }
        if (found >= 0) {
            policy_look_done(found);
        }
    }
    errno = EACCES;
    return forges;
}

/* Whether a file has to be looked at before it is opened: with threads, which
 * could use it; and where opening alone might empty it. */
static bool looks_first(uint64_t flags)
{
    return policy_has_threads() || could_forge(flags);
}

int policy_openat2(CPUArchState *env, int dirfd, const char *name,
                   const void *guests)
{
    const struct open_how *how = guests;
    int fd;

    if (policy_is_plain(name)) {
        return would_forge_held(dirfd, name, how->flags) ? -1 :
            open_how(dirfd, name, how, how->flags, 0);
    }
    if (how->mode && !(how->flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)))) {
        errno = EINVAL;
        return -1;
    }
    fd = looks_first(how->flags) ? find_and_open(env, dirfd, name, how, false) :
        open_and_look(env, dirfd, name, how);
    if (fd < 0 && (errno == ELOOP || errno == ENOSYS) &&
        !(how->resolve & (RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS))) {
        fd = find_and_open(env, dirfd, name, how, true);
    }
    return fd;
}

int policy_openat(CPUArchState *env, int dirfd, const char *name, int flags,
                  mode_t mode)
{
    struct open_how how = { .flags = (uint32_t)flags };

    if (policy_is_plain(name)) {
        if (would_forge_held(dirfd, name, flags)) {
            return -1;
        }
        name = policy_pin_relative(name, &dirfd);
        return safe_syscall(__NR_openat, dirfd, name, flags, mode);
    }
    /* openat2 refuses what openat ignores. */
    if (flags & O_PATH) {
        how.flags &= O_PATH | O_CLOEXEC | O_DIRECTORY | O_NOFOLLOW;
    } else if ((flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE) {
        how.mode = mode & 07777;
    }
    return policy_openat2(env, dirfd, name, &how);
}

/* --- for a handler -------------------------------------------------------- */

/* A file that exists: looked at, and then opened with no second way to it. A
 * descriptor or a negative errno. */
static int open_host_found(int found, int flags, bool magic)
{
    int fd;

    if ((flags & O_CREAT) && (flags & O_EXCL)) {
        return -EEXIST;
    }
    if (policy_look_refuses(found, magic)) {
        return -EACCES;
    }
    fd = policy_reopen_uninterrupted(found, flags & ~(O_CREAT | O_EXCL |
                                                      O_NOFOLLOW));
    return fd < 0 ? -errno : fd;
}

/* O_PATH, among the emulator's own descriptors; -1 and errno. */
static int find_host(const char *path, int flags, bool *ret_magic)
{
    struct open_how how = {
        .flags = O_PATH | O_CLOEXEC | (flags & (O_NOFOLLOW | O_DIRECTORY)),
        .resolve = RESOLVE_NO_MAGICLINKS,
    };
    int fd = syscall(__NR_openat2, AT_FDCWD, path, &how, sizeof(how));

    *ret_magic = fd < 0 && (errno == ELOOP || errno == ENOSYS);
    return policy_look_take_named(*ret_magic ? open(path, how.flags) : fd,
                                  AT_FDCWD, path, flags & O_NOFOLLOW ?
                                  AT_SYMLINK_NOFOLLOW : 0);
}

int policy_open_host(void *guest, const char *path, int host_flags,
                     mode_t mode)
{
    for (int tries = 0; tries < OPEN_TRIES; tries++) {
        bool magic;
        int found = find_host(path, host_flags, &magic), fd;

        if (found >= 0) {
            fd = open_host_found(found, host_flags, magic);
            policy_look_done(found);
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
