/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "qemu.h"
#include "user-internals.h"

#include <ruleengine/engine.h>

#include "apart.h"
#include "descriptors.h"
#include "look.h"
#include "path.h"
#include "policy.h"
#include "proc.h"

/* --- out of the guest's reach ------------------------------------------- */

/*
 * What calls are looking at meanwhile stands among the own descriptors, and is
 * none: a bit each. Under the lock number and mark are one.
 */
static uint64_t looked_at;
static pthread_mutex_t look_lock = PTHREAD_MUTEX_INITIALIZER;

static uint64_t bit_of(int own)
{
    return UINT64_C(1) << (own - policy_floor);
}

int policy_look_at(int fd)
{
    int err, high;

    pthread_mutex_lock(&look_lock);
    high = policy_duplicate_aside(fd);
    err = errno;
    if (high >= 0) {
        looked_at |= bit_of(high);
    }
    pthread_mutex_unlock(&look_lock);
    errno = err;
    return high;
}

int policy_look_take(int fd)
{
    int high = fd < 0 ? -1 : policy_look_at(fd), err = errno;

    re_number_close(fd);
    errno = err;
    return high;
}

int policy_look_take_named(int fd, int dirfd, const char *name, int flags)
{
    int high = policy_look_take(fd);
    struct stat there;

    if (high < 0 || !policy_path_keeps_names() || !policy_has_threads() ||
        (fstatat(dirfd, name, &there, flags | AT_EMPTY_PATH) == 0 &&
         policy_same_file(high, &there))) {
        return high;
    }
    policy_look_done(high);
    errno = EAGAIN;
    return -1;
}

void policy_look_done(int fd)
{
    int err = errno;

    pthread_mutex_lock(&look_lock);
    looked_at &= ~bit_of(fd);
    re_number_close(fd);
    pthread_mutex_unlock(&look_lock);
    errno = err;
}

/* Threads that were looking are not in the child. */
void policy_look_fork_child(void)
{
    for (int i = 0; i < RE_HIGH_COUNT; i++) {
        if (looked_at & (UINT64_C(1) << i)) {
            re_number_close(policy_floor + i);
        }
    }
    looked_at = 0;
    pthread_mutex_init(&look_lock, NULL);
}

/* --- what it is ----------------------------------------------------------- */

/* With look_lock held. */
static bool is_among_own(int fd, const struct stat *st)
{
    for (int own = policy_floor; own < policy_own.end; own++) {
        if (own != fd && re_number_is_taken(own) &&
            policy_same_file(own, st) &&
            !(looked_at & bit_of(own))) {
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
 * Folders that the emulator has open have names like others: /proc, a log's.
 * Only to a guest that is elsewhere by chroot() they could be a way back; its
 * working folder is none.
 */
static bool is_guests_folder(const struct stat *st)
{
    struct stat here;

    return S_ISDIR(st->st_mode) &&
        (policy_path_keeps_names() ||
         (stat(".", &here) == 0 && here.st_dev == st->st_dev &&
          here.st_ino == st->st_ino));
}

bool policy_look_is_own(int fd)
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
    pthread_mutex_lock(&look_lock);
    ours = is_among_own(fd, &st);
    pthread_mutex_unlock(&look_lock);
    return ours;
}

bool policy_look_refuses(int fd, bool magic)
{
    return policy_proc_look(fd) == POLICY_PROC_REFUSED ||
        (magic && policy_look_is_own(fd));
}
