/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "qemu.h"
#include "user-internals.h"
#include "user/safe-syscall.h"
#include "qemu/path.h"

#include <asm-generic/ioctl.h>  /* xtensa has a TIOCSTI made by _IOW() */
#include <linux/btrfs.h>
#include <linux/close_range.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <linux/openat2.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/syscall.h>

#include <ruleengine/engine.h>

#include "apart.h"
#include "descriptors.h"
#include "doors.h"
#include "guest.h"
#include "path.h"
#include "pin.h"
#include "policy.h"
#include "proc.h"
#include "records.h"

#define OPEN_TRIES 40           /* for a name that comes and goes */

QEMU_BUILD_BUG_ON(POLICY_ASKED_FDS != RE_HIGH_COUNT + POLICY_PINS);

int policy_asked_floor;

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

void policy_ioctl_fds(unsigned long request, void *argument)
{
    switch (request) {
    case FICLONERANGE: {
        struct file_clone_range *range = argument;

        range->src_fd = policy_guest_fd(range->src_fd);
        break;
    }
    case LOOP_CONFIGURE: {
        struct loop_config *config = argument;

        config->fd = policy_guest_fd(config->fd);
        break;
    }
    case BTRFS_IOC_SNAP_CREATE: {
        struct btrfs_ioctl_vol_args *volume = argument;

        volume->fd = policy_guest_fd(volume->fd);
        break;
    }
    }
}

int policy_poll_fd(int fd)
{
    return policy_engine && is_own(fd) ? INT_MAX : fd;
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
        "close_range", "fsconfig", "ioctl", "kcmp", "open_by_handle_at",
        "personality", "pidfd_getfd", "prlimit64", "setrlimit", "unshare",
    };

    for (size_t i = 0; name && i < ARRAY_SIZE(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

/*
 * A core of one byte at most: too little for a file, and of all limits the one
 * with which the kernel does not start a program that cores are piped to.
 */
static void leave_no_core(void)
{
    static const struct rlimit one = { 1, 1 }, none = { 0, 0 };

    if (setrlimit(RLIMIT_CORE, &one)) {
        setrlimit(RLIMIT_CORE, &none);
    }
}

void policy_doors_prepare(const struct st_target *target, uint8_t *map)
{
    doors_target = target;
    policy_asked_floor = policy_floor - POLICY_PINS;
    leave_no_core();
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

    if (a[2] & CLOSE_RANGE_UNSHARE) {
        *ret = -TARGET_EPERM;
        return true;
    }
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

/*
 * Requests whose argument holds a pointer that QEMU passes on as it is: the
 * kernel would take it for the host's. By type and number; QEMU has others of
 * the same for none of them.
 */
static bool carries_pointer(uint32_t request)
{
    static const uint16_t requests[] = {
        0x5500, 0x5502, 0x550a, 0x5512, /* USBDEVFS_CONTROL, _BULK, _SUBMITURB,
                                           _IOCTL */
        0x9423, 0x9424, 0x943b,     /* BTRFS_IOC_INO_PATHS, _LOGICAL_INO,
                                       _LOGICAL_INO_V2 */
        TARGET_CDROMREADAUDIO, TARGET_FBIOGETCMAP, TARGET_FBIOPUTCMAP,
        0x4d66,                     /* SOUND_MIXER_ACCESS */
        TARGET_CDROMAUDIOBUFSIZ,    /* of other devices: SCSI_IOCTL_GET_IDLUN,
                                       which fills what it points to */
        TARGET_SIOCGIFMEM, TARGET_SIOCSIFMEM,
    };

    for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
        if ((request & 0xffff) == (requests[i] & 0xffff)) {
            return true;
        }
    }
    return false;
}

/* Requests whose argument is a descriptor. */
static bool takes_descriptor(uint32_t request)
{
    return request == TARGET_FICLONE || request == TARGET_LOOP_SET_FD ||
        request == TARGET_LOOP_CHANGE_FD;
}

/* Whether a file may be appended to, changed, removed. */
static bool marks_file(uint32_t request)
{
    return (request & 0xffff) == (FS_IOC_SETFLAGS & 0xffff);
}

/* QEMU copies what is behind the argument's head, as long as the guest says, to
 * where the guest says: in its own memory, and for any descriptor. */
static bool maps_devices(uint32_t request)
{
    return (request >> 8 & 0xff) == 0xfd;       /* DM_IOCTL */
}

/* The next program image is an emulator: only what asks, and what is so. */
static bool changes_personality(uint32_t persona)
{
    return persona != UINT32_MAX && (persona & ~0xffu) != 0;
}

/*
 * Limits that would hurt the emulator: no growth of files ends the log, its
 * descriptors need their numbers, and cores have the limit that leave_no_core()
 * has set. The guest, which asks for less, has what it wants. "size" is that of a
 * limit, bytes.
 */
static bool lowers_limit(const struct re_call *call, int resource,
                         uint64_t addr, unsigned size)
{
    unsigned char bytes[8] = { 0 };
    uint64_t limit;

    if (resource != TARGET_RLIMIT_NOFILE || (abi_ulong)addr == 0 ||
        policy_guest_ops.read(call->guest, addr, bytes, size) < 0) {
        return (resource == TARGET_RLIMIT_FSIZE ||
                resource == TARGET_RLIMIT_CORE) && (abi_ulong)addr != 0;
    }
    limit = size == 8 ? ldq_p(bytes) : (uint32_t)ldl_p(bytes);
    return limit < (uint64_t)policy_floor + RE_HIGH_COUNT;
}

/* What a descriptor is the same as; and a type whose last argument is a pointer
 * that QEMU passes on as it is. */
#define KCMP_FILE 0
#define KCMP_EPOLL_TFD 7

static bool compares_own(const uint64_t *a, abi_long *ret)
{
    *ret = (int)a[2] == KCMP_EPOLL_TFD ? -TARGET_EPERM : -TARGET_EBADF;
    return (int)a[2] == KCMP_EPOLL_TFD ||
        ((int)a[2] == KCMP_FILE && (is_own(a[3]) || is_own(a[4])));
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
    /* Another process would get at what is being opened, before it has been
     * looked at. */
    case TARGET_NR_pidfd_getfd:
        *ret = -TARGET_EPERM;
        return true;
#endif
#ifdef TARGET_NR_setrlimit
    case TARGET_NR_setrlimit:
        *ret = 0;
        return lowers_limit(call, a[0], a[1], sizeof(abi_ulong));
#endif
    case TARGET_NR_prlimit64:
        if (lowers_limit(call, a[1], a[2], 8)) {
            call->args[2] = 0;
        }
        break;
#ifdef TARGET_NR_unshare
    /* /proc/self/fd would show the first thread's descriptors to all. */
    case TARGET_NR_unshare:
        *ret = -TARGET_EPERM;
        return a[0] & CLONE_FILES;
#endif
#ifdef TARGET_NR_fsconfig
    case TARGET_NR_fsconfig:
        *ret = -TARGET_EBADF;
        return (uint32_t)a[1] == 5 /* FSCONFIG_SET_FD */ && is_own(a[4]);
#endif
#ifdef TARGET_NR_kcmp
    case TARGET_NR_kcmp:
        return compares_own(a, ret);
#endif
    case TARGET_NR_ioctl:
        if (takes_descriptor(a[1]) && is_own(a[2])) {
            *ret = -TARGET_EBADF;
            return true;
        }
        *ret = -TARGET_EACCES;
        if (marks_file(a[1]) && policy_records_has(a[0])) {
            return true;
        }
        *ret = types_for_user(a[1]) ? -TARGET_EPERM : -TARGET_ENOTTY;
        return types_for_user(a[1]) || carries_pointer(a[1]) ||
            maps_devices(a[1]);
#ifdef TARGET_NR_open_by_handle_at
    /* No name to look for records by; and what policies count in, which has no
     * name, has a handle. */
    case TARGET_NR_open_by_handle_at:
        *ret = -TARGET_EPERM;
        return a[2] & (O_ACCMODE | TARGET_O_TRUNC);
#endif
    case TARGET_NR_personality:
        *ret = -TARGET_EINVAL;
        return changes_personality(a[0]);
    }
    return false;
}

int policy_semget(int key, int count, int flags)
{
    if (policy_engine && count > POLICY_SEMS) {
        errno = EINVAL;         /* as beyond SEMMSL */
        return -1;
    }
    return semget(key, count, flags);
}

int policy_notify(int notify)
{
    return policy_engine && notify == SIGEV_THREAD ? -1 : notify;
}

bool policy_keeps_core(void)
{
    if (policy_engine) {
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    }
    return policy_engine;
}

/* --- what is being looked at -------------------------------------------- */

/*
 * What calls are looking at meanwhile stands among the own descriptors, and is
 * none: a bit each. Under the lock number and mark are one.
 */
static uint64_t doors_looked_at;
static pthread_mutex_t doors_lock = PTHREAD_MUTEX_INITIALIZER;

static uint64_t bit_of(int own)
{
    return UINT64_C(1) << (own - policy_floor);
}

int policy_doors_look_at(int fd)
{
    int err, high;

    pthread_mutex_lock(&doors_lock);
    high = policy_duplicate_aside(fd);
    err = errno;
    if (high >= 0) {
        doors_looked_at |= bit_of(high);
    }
    pthread_mutex_unlock(&doors_lock);
    errno = err;
    return high;
}

int policy_doors_take(int fd)
{
    int high = fd < 0 ? -1 : policy_doors_look_at(fd), err = errno;

    if (fd >= 0) {
        close(fd);
    }
    errno = err;
    return high;
}

int policy_doors_take_named(int fd, int dirfd, const char *name, int flags)
{
    int high = policy_doors_take(fd);
    struct stat there;

    if (high < 0 || !policy_path_keeps_names() || !policy_has_threads() ||
        (fstatat(dirfd, name, &there, flags | AT_EMPTY_PATH) == 0 &&
         policy_same_file(high, &there))) {
        return high;
    }
    policy_doors_done(high);
    errno = EAGAIN;
    return -1;
}

void policy_doors_done(int fd)
{
    int err = errno;

    pthread_mutex_lock(&doors_lock);
    doors_looked_at &= ~bit_of(fd);
    close(fd);
    pthread_mutex_unlock(&doors_lock);
    errno = err;
}

/* Threads that were looking are not in the child. */
void policy_doors_fork_child(void)
{
    for (int i = 0; i < RE_HIGH_COUNT; i++) {
        if (doors_looked_at & (UINT64_C(1) << i)) {
            close(policy_floor + i);
        }
    }
    doors_looked_at = 0;
    pthread_mutex_init(&doors_lock, NULL);
}

static bool is_among_own(int fd, const struct stat *st)
{
    for (int own = policy_floor; own < policy_floor + RE_HIGH_COUNT; own++) {
        if (own != fd && policy_same_file(own, st) &&
            !(doors_looked_at & bit_of(own))) {
            return true;
        }
    }
    return false;
}

/* What another emulator of the same user counts in. */
static bool counts_elsewhere(int fd)
{
    char name[64];

    return policy_fd_name(fd, name, sizeof(name)) > 0 &&
        strcmp(name, "/memfd:" RE_SHARED_NAME " (deleted)") == 0;
}

/*
 * Folders that the emulator has open have names like others: /proc, a log's. Only
 * to a guest that is elsewhere by chroot() they could be a way back; its working
 * folder is none.
 */
static bool is_guests_folder(const struct stat *st)
{
    struct stat here;

    return S_ISDIR(st->st_mode) &&
        (policy_path_keeps_names() ||
         (stat(".", &here) == 0 && here.st_dev == st->st_dev &&
          here.st_ino == st->st_ino));
}

/* Whether "fd" is open on what one of the own descriptors is open on; standard
 * error, of which there are copies among them, is the guest's too. */
static bool is_ours(int fd)
{
    struct stat st;
    bool ours;

    if (fstat(fd, &st) < 0 || counts_elsewhere(fd)) {
        return true;
    }
    if (policy_same_file(policy_message_fd(), &st) ||
        policy_same_file(policy_program_fd(), &st) || is_guests_folder(&st)) {
        return false;
    }
    pthread_mutex_lock(&doors_lock);
    ours = is_among_own(fd, &st);
    pthread_mutex_unlock(&doors_lock);
    return ours;
}

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

bool policy_doors_refuse(int fd, bool magic)
{
    return policy_proc_look(fd) == POLICY_PROC_REFUSED ||
        (magic && is_ours(fd));
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
    if (is_ours(found)) {
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
 * A new file; the name is looked at once. One that is named as a log is made in a
 * folder that has been looked at, and not in the log's own: when the log has been
 * renamed it would go on in the guest's file.
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
    folder = policy_doors_take(open_how(dirfd, *name ? name : ".", how, O_PATH |
                                        O_DIRECTORY | O_CLOEXEC, resolve));
    g_free((char *)name);
    if (folder < 0) {
        return -1;
    }
    errno = EACCES;
    fd = policy_records_named(folder, last) ? -1 :
        open_how(folder, last, how, how->flags | O_EXCL, resolve);
    policy_doors_done(folder);
    return fd;
}

/* Names that begin at another root lead elsewhere for a look at them. */
static int take_found(int found, int dirfd, const char *name,
                      const struct open_how *how)
{
    return how->resolve & RESOLVE_IN_ROOT ? policy_doors_take(found) :
        policy_doors_take_named(found, dirfd, name, how->flags & O_NOFOLLOW ?
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
            policy_doors_done(found);
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
        fd = policy_doors_take_named(open(folder, O_PATH | O_DIRECTORY |
                                          O_CLOEXEC), AT_FDCWD, folder, 0);
        named = fd < 0;
        if (fd >= 0) {
            named = policy_records_named(fd, strrchr(name, '/') + 1);
            policy_doors_done(fd);
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
            found = policy_doors_take_named(found, dirfd, name, 0);
            forges = found < 0 || would_forge(found, flags);
        }
        if (found >= 0) {
            policy_doors_done(found);
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
