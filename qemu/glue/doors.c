/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "qemu.h"
#include "user-internals.h"
#include "user/safe-syscall.h"
#include "qemu/path.h"

#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include <ruleengine/engine.h>

#include "doors.h"
#include "exec.h"
#include "path.h"
#include "policy.h"

#define FDS_MAX 4               /* descriptors among a call's arguments */

QEMU_BUILD_BUG_ON(POLICY_OWN_FDS != RE_HIGH_COUNT);

static const struct st_target *doors_target;

/* Per slot, the registers that hold descriptors: a bit each. */
static uint8_t doors_fds[ST_MAX_SLOTS];

/* --- descriptors ------------------------------------------------------- */

static bool is_own(int64_t fd)
{
    return (uint32_t)fd - (uint32_t)policy_floor < RE_HIGH_COUNT;
}

int policy_guest_fd(int fd)
{
    return policy_engine && is_own(fd) ? -1 : fd;
}

static uint8_t fds_of(const struct st_target *target, unsigned slot)
{
    struct st_arg args[ST_MAX_ARGS];
    int count = st_slot_args(target, slot, args);
    uint8_t mask = 0;

    for (int i = 0; i < count; i++) {
        if (args[i].kind == ST_KIND_FD || args[i].kind == ST_KIND_DIRFD) {
            mask |= 1 << args[i].reg;
        }
    }
    return mask;
}

/* Calls that are looked at below, whatever their arguments. */
static bool is_door(const char *name)
{
    static const char *const names[] = {
        "close_range", "ioctl", "personality", "pidfd_getfd",
    };

    for (size_t i = 0; name && i < ARRAY_SIZE(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

void policy_doors_prepare(const struct st_target *target, uint8_t *map)
{
    const struct rlimit none = { 0, 0 };

    doors_target = target;
    setrlimit(RLIMIT_CORE, &none);
    for (unsigned slot = 0; slot < st_slot_count(target); slot++) {
        const char *name = st_slot_name(target, slot);
        int nr = st_number_of_slot(target, slot);

        if (!name || nr < 0) {
            continue;
        }
        doors_fds[slot] = fds_of(target, slot);
        if (slot >= st_number_count(target) || map[nr] == 1) {
            continue;
        }
        if (is_door(name) || (doors_fds[slot] & ~1)) {
            map[nr] = 1;
        } else if (doors_fds[slot]) {
            map[nr] = POLICY_ASK_FD;
        }
    }
}

static bool names_own(const struct re_call *call)
{
    unsigned mask = call->slot < 0 ? 0 : doors_fds[call->slot];

    for (unsigned reg = 0; mask; reg++, mask >>= 1) {
        if ((mask & 1) && is_own(call->args[reg])) {
            return true;
        }
    }
    return false;
}

/* Around the own ones: what lies above is closed first. */
static bool guard_close_range(CPUArchState *env, struct re_call *call,
                              abi_long *ret)
{
    uint64_t *a = call->args;
    uint32_t first = a[0], last = a[1];
    uint32_t floor = policy_floor, end = floor + RE_HIGH_COUNT;

    if (first > last || last < floor || first >= end) {
        return false;
    }
    if (last >= end) {
        *ret = policy_original(env, call->nr, end, last, a[2], 0, 0, 0, 0, 0);
        if (*ret < 0) {
            return true;
        }
    }
    if (first >= floor) {
        *ret = 0;
        return true;
    }
    a[1] = floor - 1;
    return false;
}

/* --- calls that change the emulator ------------------------------------ */

/* A terminal that the emulator's user types into is not the guest's to type
 * into. */
static bool types_for_user(uint32_t request)
{
#ifdef TARGET_TIOCSTI
    if (request == TARGET_TIOCSTI) {
        return true;
    }
#endif
#ifdef TARGET_TIOCLINUX
    if (request == TARGET_TIOCLINUX) {
        return true;
    }
#endif
    return false;
}

/* The next program image is an emulator: only what asks, and what is so. */
static bool changes_personality(uint32_t persona)
{
    return persona != UINT32_MAX && (persona & ~0xffu) != 0;
}

bool policy_doors_guard(CPUArchState *env, struct re_call *call,
                        abi_long *ret)
{
    const uint64_t *a = call->args;

    if (names_own(call)) {
        *ret = -TARGET_EBADF;
        return true;
    }
    switch (call->nr) {
#ifdef TARGET_NR_close_range
    case TARGET_NR_close_range:
        return guard_close_range(env, call, ret);
#endif
#ifdef TARGET_NR_pidfd_getfd
    case TARGET_NR_pidfd_getfd:
        *ret = -TARGET_EBADF;
        return is_own(a[1]);
#endif
    case TARGET_NR_ioctl:
        *ret = -TARGET_EPERM;
        return types_for_user(a[1]);
    case TARGET_NR_personality:
        *ret = -TARGET_EINVAL;
        return changes_personality(a[0]);
    }
    return false;
}

bool policy_keeps_core(void)
{
    if (policy_engine) {
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    }
    return policy_engine;
}

/* --- /proc ------------------------------------------------------------- */

/* Files of a process in /proc that show the emulator or change it. */
static bool shows_emulator(const char *entry)
{
    static const char *const entries[] = {
        "auxv", "clear_refs", "environ", "maps", "mem", "numa_maps",
        "pagemap", "smaps", "smaps_rollup", "stack", "syscall",
    };

    for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
        if (strcmp(entry, entries[i]) == 0) {
            return true;
        }
    }
    return strncmp(entry, "map_files", 9) == 0;
}

/* "123", and nothing but digits: the number; else 0. */
static long process_number(const char *name, const char **ret_rest)
{
    char *end;
    long n = *name >= '1' && *name <= '9' ? strtol(name, &end, 10) : 0;

    if (n == 0 || *end != '/') {
        return 0;
    }
    *ret_rest = end + 1;
    return n;
}

/* What an open file of /proc is: its process, or 0, and its name there. */
static long find_entry(const char *name, const char **ret_entry)
{
    const char *slash, *rest;
    long pid = 0;

    for (slash = strchr(name, '/'); slash && !pid;
         slash = strchr(slash + 1, '/')) {
        pid = process_number(slash + 1, &rest);
    }
    if (!pid) {
        return 0;
    }
    if (strncmp(rest, "task/", 5) == 0) {
        process_number(rest + 5, &rest);
    }
    *ret_entry = rest;
    return pid;
}

/*
 * A file that has just been opened: whether it is one of /proc that is not for
 * the guest. "ret_own" gets the entry's name when it is of this process and
 * QEMU fakes it, under other names than those that lead here.
 */
static bool is_refused(int fd, const char **ret_own)
{
    struct statfs fs;
    char name[PATH_MAX];
    const char *entry;
    long pid;

    *ret_own = NULL;
    if (fstatfs(fd, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC) {
        return false;
    }
    if (policy_fd_name(fd, name, sizeof(name)) < 0) {
        return true;
    }
    pid = find_entry(name, &entry);
    if (!pid || !shows_emulator(entry)) {
        return false;
    }
    if (pid == getpid()) {
        *ret_own = strcmp(entry, "maps") == 0 ? "/proc/self/maps" :
            strcmp(entry, "smaps") == 0 ? "/proc/self/smaps" :
            strcmp(entry, "auxv") == 0 ? "/proc/self/auxv" : NULL;
    }
    return true;
}

static int refuse(int fd)
{
    close(fd);
    errno = EACCES;
    return -1;
}

static bool is_same(int fd, const struct stat *st)
{
    struct stat own;

    return fstat(fd, &own) == 0 && own.st_dev == st->st_dev &&
        own.st_ino == st->st_ino;
}

/* Whether "fd" is open on what one of the own descriptors is open on; standard
 * error, of which there are copies among them, is the guest's too. */
static bool is_ours(int fd)
{
    struct stat st;

    if (fstat(fd, &st) < 0) {
        return true;
    }
    if (is_same(policy_message_fd(), &st) ||
        is_same(policy_program_fd(), &st)) {
        return false;
    }
    for (int own = policy_floor; own < policy_floor + RE_HIGH_COUNT; own++) {
        if (is_same(own, &st)) {
            return true;
        }
    }
    return false;
}

static bool same_program(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && is_same(policy_program_fd(), &st);
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

static bool is_link(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISLNK(st.st_mode);
}

static int open_how(int dirfd, const char *name, int flags, mode_t mode,
                    uint64_t resolve)
{
    struct open_how how = { .flags = (uint32_t)flags, .resolve = resolve };

    /* openat2 refuses what openat ignores. */
    if (flags & O_PATH) {
        how.flags &= O_PATH | O_CLOEXEC | O_DIRECTORY | O_NOFOLLOW;
    } else if ((flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE) {
        how.mode = mode & 07777;
    }
    return safe_syscall(__NR_openat2, dirfd, name, &how, sizeof(how));
}

/* In a directory that only a link of /proc leads to: the file may be new. */
static int open_below(int dirfd, const char *name, int flags, mode_t mode)
{
    const char *slash = strrchr(name, '/');
    g_autofree char *parent = slash ? g_strndup(name, slash - name + 1) : NULL;
    int dir, fd, err;

    if (!slash || slash[1] == '\0') {
        errno = ENOENT;
        return -1;
    }
    dir = openat(dirfd, parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0) {
        return -1;
    }
    fd = open_how(dir, slash + 1, flags, mode, RESOLVE_NO_MAGICLINKS);
    err = errno;
    close(dir);
    errno = err;
    return fd;
}

/*
 * The way leads through a link of /proc that is none: what it leads to is
 * found first and looked at, and then opened, with no second way to it.
 */
static int open_by_magic(int dirfd, const char *name, int flags, mode_t mode)
{
    int found = openat(dirfd, name, O_PATH | O_CLOEXEC | (flags & O_NOFOLLOW));
    int fd, err;
    bool emulator;

    if (found < 0) {
        return errno == ENOENT && (flags & O_CREAT) ?
            open_below(dirfd, name, flags, mode) : -1;
    }
    if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL)) {
        close(found);
        errno = EEXIST;
        return -1;
    }
    emulator = policy_is_emulator(found);
    if ((emulator || same_program(found)) &&
        (flags & (O_ACCMODE | O_TRUNC))) {
        fd = -1;
        errno = ETXTBSY;
    } else if (emulator) {
        fd = policy_reopen(policy_program_fd(), flags & ~O_CREAT);
    } else if (is_ours(found)) {
        fd = -1;
        errno = ENOENT;
    } else if (is_link(found)) {
        fd = open_link(found, flags);
    } else {
        fd = policy_reopen(found, flags & ~(O_CREAT | O_NOFOLLOW));
    }
    err = errno;
    close(found);
    errno = err;
    return fd;
}

int policy_openat(CPUArchState *env, int dirfd, const char *name, int flags,
                  mode_t mode)
{
    const char *own;
    int fd;

    if (policy_is_plain(name)) {
        return safe_syscall(__NR_openat, dirfd, name, flags, mode);
    }
    fd = open_how(dirfd, name, flags, mode, RESOLVE_NO_MAGICLINKS);
    if (fd < 0 && (errno == ELOOP || errno == ENOSYS)) {
        fd = open_by_magic(dirfd, name, flags, mode);
    }
    if (fd < 0 || !is_refused(fd, &own)) {
        return fd;
    }
    if (!own) {
        return refuse(fd);
    }
    close(fd);
    return do_guest_openat(env, AT_FDCWD, own, flags, mode, true);
}

abi_long policy_opened(abi_long ret)
{
    const char *own;

    if (policy_engine && ret >= 0 && is_refused(ret, &own)) {
        close(ret);
        return -TARGET_EACCES;
    }
    return ret;
}

uint64_t policy_resolve(const char *name)
{
    return policy_engine && !policy_is_plain(name) ? RESOLVE_NO_MAGICLINKS : 0;
}
