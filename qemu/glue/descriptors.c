/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "qemu.h"
#include "user-internals.h"
#include "user/safe-syscall.h"

#include <linux/close_range.h>
#include <sys/syscall.h>

#include <ruleengine/engine.h>

#include "descriptors.h"
#include "policy.h"

struct policy_own policy_own = {
    .program_fd = -1, .self_fd = -1, .proc_fd = -1, .message_fd = -1,
};

int policy_floor = INT_MAX;

bool policy_is_own(int64_t fd)
{
    return (uint32_t)fd - (uint32_t)policy_floor < RE_HIGH_COUNT;
}

int policy_guest_fd(int fd)
{
    return policy_engine && policy_is_own(fd) ? -1 : fd;
}

int policy_poll_fd(int fd)
{
    return policy_engine && policy_is_own(fd) ? INT_MAX : fd;
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

int policy_duplicate_aside(int fd)
{
    int high = fcntl(fd, F_DUPFD_CLOEXEC, policy_floor);

    if (high >= policy_floor + RE_HIGH_COUNT) {
        close(high);
        high = -1;
        errno = EMFILE;
    }
    if (high < 0 && errno == EINVAL) {
        errno = EMFILE;
    }
    return high;
}

int policy_set_aside(int fd)
{
    int high = fd < 0 ? -1 : policy_duplicate_aside(fd), err = errno;

    if (fd >= 0) {
        close(fd);
    }
    errno = err;
    return high;
}

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
    close_range(policy_floor, policy_floor + RE_HIGH_COUNT - 1,
                CLOSE_RANGE_CLOEXEC);
}
