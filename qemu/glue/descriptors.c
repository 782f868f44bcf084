/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "qemu.h"
#include "user-internals.h"
#include "user/safe-syscall.h"

#include <linux/close_range.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include <ruleengine/engine.h>

#include "apart.h"
#include "descriptors.h"
#include "policy.h"

struct policy_own policy_own = {
    .program_fd = -1, .self_fd = -1, .proc_fd = -1, .message_fd = -1,
};

int policy_floor = INT_MAX;
int policy_asked_floor;

/* All of them: [own_first, policy_own.end). */
static int own_first = INT_MAX;

QEMU_BUILD_BUG_ON(POLICY_ASKED_FDS != RE_NUMBERS);

bool policy_is_own(int64_t fd)
{
    return (uint32_t)fd - (uint32_t)own_first <
        (uint32_t)policy_own.end - (uint32_t)own_first;
}

int policy_proc_fd(void)
{
    return policy_own.proc_fd;
}

int policy_program_fd(void)
{
    return policy_own.program_fd;
}

int policy_emulator_fd(unsigned index)
{
    return policy_own.siblings[index];
}

int policy_message_fd(void)
{
    return policy_own.message_fd;
}

int policy_reopen(int fd, int how)
{
    char name[40];

    snprintf(name, sizeof(name), "thread-self/fd/%d", fd);
    return safe_syscall(__NR_openat, policy_own.proc_fd, name, how, 0);
}

int policy_reopen_uninterrupted(int fd, int how)
{
    char name[40];

    snprintf(name, sizeof(name), "thread-self/fd/%d", fd);
    return openat(policy_own.proc_fd, name, how);
}

ssize_t policy_fd_name(int fd, char *buf, size_t size)
{
    char name[40];
    ssize_t length;

    snprintf(name, sizeof(name), "thread-self/fd/%d", fd);
    length = readlinkat(policy_own.proc_fd, name, buf, size - 1);
    if (length >= 0) {
        buf[length] = '\0';
    }
    return length;
}

bool policy_same_file(int fd, const struct stat *st)
{
    struct stat other;

    return fd >= 0 && fstat(fd, &other) == 0 &&
        other.st_dev == st->st_dev && other.st_ino == st->st_ino;
}

bool policy_is_emulator(int fd)
{
    struct stat st;

    if (fstat(fd, &st) < 0) {
        return false;
    }
    if (policy_same_file(policy_own.self_fd, &st)) {
        return true;
    }
    for (size_t i = 0; i < ARRAY_SIZE(policy_own.siblings); i++) {
        if (policy_same_file(policy_own.siblings[i], &st)) {
            return true;
        }
    }
    return false;
}

bool policy_is_program(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && policy_same_file(policy_own.program_fd, &st);
}

/* --- numbers ------------------------------------------------------------ */

int policy_own_first(void)
{
    return own_first;
}

int policy_duplicate_aside(int fd)
{
    return re_move_to(fd, policy_floor);
}

int policy_set_aside(int fd)
{
    int high, err;

    if (fd < 0 || re_number_is_taken(fd)) {
        return fd;
    }
    high = policy_duplicate_aside(fd);
    err = errno;
    close(fd);
    errno = err;
    return high;
}

int policy_lend(void)
{
    return policy_has_threads() ? -1 : re_number_lend();
}

void policy_lent(int number, int fd)
{
    re_number_lent(number, fd);
}

/*
 * What stands where nothing else does: a memfd of its own, so that it is
 * nothing to the guest, as the other own ones are; O_PATH, which is closed in
 * less of time.
 */
static int open_placeholder(void)
{
    int fd = memfd_create(RE_SHARED_NAME, MFD_CLOEXEC), high;
    char name[40];

    snprintf(name, sizeof(name), "self/fd/%d", fd);
    high = fd < 0 ? -1 : policy_set_aside(
        openat(policy_own.proc_fd, name, O_PATH | O_CLOEXEC));
    if (fd >= 0) {
        close(fd);
    }
    return high;
}

int policy_own_occupy(bool pins)
{
    int fd = open_placeholder();

    if (fd < 0) {
        return -errno;
    }
    /* Without paths to resolve, a low limit is not made lower. */
    own_first = pins || policy_own.end >= 4 * RE_NUMBERS ?
        re_pin_floor(policy_floor) : policy_floor;
    policy_own.end = re_numbers_occupy(own_first, policy_floor,
                                       policy_own.end, fd);
    policy_asked_floor = policy_floor - RE_PIN_COUNT;
    return 0;
}

void policy_own_fork_child(void)
{
    for (int fd = own_first; fd < policy_floor; fd++) {
        if (re_number_is_taken(fd)) {
            re_number_close(fd);
        }
    }
}

/* --- what the guest sees of them ----------------------------------------- */

static rlim_t shown_limit(rlim_t limit)
{
    return policy_engine && limit == (rlim_t)policy_own.end ?
        (rlim_t)own_first : limit;
}

int policy_getrlimit(int resource, struct rlimit *limit)
{
    int ret = getrlimit(resource, limit);

    if (ret == 0 && resource == RLIMIT_NOFILE) {
        limit->rlim_cur = shown_limit(limit->rlim_cur);
        limit->rlim_max = shown_limit(limit->rlim_max);
    }
    return ret;
}

/*
 * Its own numbers need theirs: a guest that asks for fewer has them. Of the
 * limits as they are set; what the guest's memory holds may be changing.
 */
static bool lowers(int resource, uint64_t limit)
{
    return policy_engine && resource == RLIMIT_NOFILE &&
        limit < (uint64_t)policy_own.end;
}

int policy_setrlimit(int resource, const struct rlimit *limit)
{
    return lowers(resource, limit->rlim_cur) ? 0 : setrlimit(resource, limit);
}

void *policy_new_limits(int resource, void *limits)
{
    const uint64_t *both = limits;

    return both && lowers(resource, both[0]) ? NULL : limits;
}

int policy_shown_limits(int ret, int resource, void *limits)
{
    uint64_t *both = limits;    /* current, most */

    if (ret == 0 && both && resource == RLIMIT_NOFILE) {
        both[0] = shown_limit(both[0]);
        both[1] = shown_limit(both[1]);
    }
    return ret;
}

/* A number as a name, or -1. */
static int number_of(const char *name)
{
    int n = 0;

    for (; g_ascii_isdigit(*name) && n < 10000; name++) {
        n = n * 10 + *name - '0';
    }
    return *name ? -1 : n;
}

/* Whether a folder is one of this process's descriptors: /proc/N/fd, fdinfo, or
 * the like of a thread. */
static bool lists_own(int folder)
{
    char name[PATH_MAX] POLICY_UNSET, start[32];
    struct statfs fs;
    const char *last;

    snprintf(start, sizeof(start), "/%d/", getpid());
    if (fstatfs(folder, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC ||
        policy_fd_name(folder, name, sizeof(name)) < 0) {
        return false;
    }
    last = strrchr(name, '/');
    return (strcmp(last, "/fd") == 0 || strcmp(last, "/fdinfo") == 0) &&
        strstr(name, start);
}

/* Takes the own numbers out of "size" bytes of entries whose names begin at
 * "at": what is left of them. */
static int hide_own(int folder, char *entries, int size, size_t at)
{
    int kept = 0, len;
    bool looked = false;

    for (int i = 0; i < size; i += len) {
        len = ((struct linux_dirent64 *)(entries + i))->d_reclen;
        if (policy_is_own(number_of(entries + i + at))) {
            if (!looked && !lists_own(folder)) {
                return size;
            }
            looked = true;
            continue;
        }
        memmove(entries + kept, entries + i, len);
        kept += len;
    }
    return kept;
}

int policy_listed(int ret, int call, size_t at, int fd, void *entries,
                  size_t size)
{
    int shown = ret > 0 && policy_engine ? hide_own(fd, entries, ret, at) : ret;

    /* Nothing to show is not the end. */
    while (ret > 0 && shown == 0) {
        ret = shown = syscall(call, fd, entries, size);
        if (ret > 0) {
            shown = hide_own(fd, entries, ret, at);
        }
    }
    return shown;
}

/* ------------------------------------------------------------------------ */

void policy_hold_xfsz(sigset_t *ret_mask)
{
    sigset_t xfsz;

    sigemptyset(&xfsz);
    sigaddset(&xfsz, SIGXFSZ);
    sigprocmask(SIG_BLOCK, &xfsz, ret_mask);
}

void policy_drop_xfsz(const sigset_t *mask)
{
    const struct timespec now = { 0, 0 };
    sigset_t xfsz;

    sigemptyset(&xfsz);
    sigaddset(&xfsz, SIGXFSZ);
    while (!sigismember(mask, SIGXFSZ) &&
           sigtimedwait(&xfsz, NULL, &now) == SIGXFSZ) {
        /* there is at most one of each kind */
    }
    sigprocmask(SIG_SETMASK, mask, NULL);
}

/* Among the descriptors that the guest is kept away from; closes "fd". */
static int keep(int fd)
{
    int high = fd < 0 ? -1 : re_move_high(fd);

    if (fd >= 0) {
        close(fd);
    }
    return high;
}

static void open_siblings(void)
{
    char name[PATH_MAX];
    g_autofree char *dir = NULL;
    ssize_t length = policy_fd_name(policy_own.self_fd, name, sizeof(name));

    if (length < 0) {
        return;
    }
    dir = g_path_get_dirname(name);
    for (unsigned i = 0; i < st_target_count(); i++) {
        const char *target = st_target_name(st_target_at(i));

        if (strcmp(target, TARGET_NAME) != 0) {
            snprintf(name, sizeof(name), "%s/qemu-%s", dir, target);
            policy_own.siblings[i] = keep(open(name, O_PATH | O_CLOEXEC));
        } else {
            policy_own.siblings[i] = policy_own.self_fd;
        }
    }
}

int policy_own_start(const char *program)
{
    memset(policy_own.siblings, 0xff, sizeof(policy_own.siblings));
    policy_own.floor = policy_floor = re_high_floor();
    policy_own.end = policy_floor + RE_HIGH_COUNT;
    policy_own.proc_fd = keep(open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
    policy_own.self_fd = keep(open("/proc/self/exe", O_PATH | O_CLOEXEC));
    policy_own.message_fd = re_move_high(STDERR_FILENO);
    policy_own.program_fd = keep(open(program, O_PATH | O_CLOEXEC));
    if (policy_own.proc_fd < 0 || policy_own.self_fd < 0) {
        return -errno;
    }
    open_siblings();
    return 0;
}

/* All of them, whatever another thread had begun. */
void policy_own_close_on_exec(void)
{
    close_range(policy_floor, policy_own.end - 1, CLOSE_RANGE_CLOEXEC);
}
