/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * descriptors: those that the emulator has opened for itself, from policy_floor
 * on, and below them those that calls are looking at, pins. They stand
 * together, out of the guest's reach: see ruleengine/numbers.h.
 *
 * Include "qemu.h" before this file.
 */
#ifndef LINUX_USER_POLICY_DESCRIPTORS_H
#define LINUX_USER_POLICY_DESCRIPTORS_H

#include <sys/stat.h>

#include <ruleengine/numbers.h>

#define POLICY_TARGETS_MAX 64

/* What is open from the start on, in this program image and the next; -1: is
 * not. Handed over by execve as it is. */
struct policy_own {
    int32_t floor;              /* policy_floor */
    int32_t end;                /* of all of them */
    int32_t self_fd;            /* this emulator, O_PATH */
    int32_t proc_fd;            /* /proc, O_PATH */
    int32_t message_fd;         /* standard error as the user has given it */
    int32_t program_fd;         /* the guest's program, O_PATH */
    int32_t siblings[POLICY_TARGETS_MAX];   /* emulators, by st_target_at() */
};

extern struct policy_own policy_own;

/* Opens all of that, for a program; in the user's emulator only. 0 or a
 * negative errno. */
int policy_own_start(const char *program);

/* From here on the guest gets none of their numbers; "pins": there are paths to
 * resolve. 0 or a negative errno. */
int policy_own_occupy(bool pins);

/* Threads that were resolving paths are not in the child. */
void policy_own_fork_child(void);

/* Whether a number is one of them, of an argument its lower 32 bits; the first
 * of all. */
bool policy_is_own(int64_t fd);
int policy_own_first(void);

/*
 * What opens something for the emulator: once more with a number of the own
 * ones, where the guest has taken all of its own. The number stays the
 * emulator's until it is closed by re_number_close(). With threads, one of them
 * could take it.
 */
#define POLICY_LENT(open_it) ({                             \
    int opened_ = (open_it), lent_ = -1;                    \
                                                            \
    if (opened_ < 0 && errno == EMFILE) {                   \
        lent_ = policy_lend();                              \
        errno = EMFILE;                                     \
    }                                                       \
    if (lent_ >= 0) {                                       \
        opened_ = (open_it);                                \
        policy_lent(lent_, opened_);                        \
    }                                                       \
    opened_;                                                \
})

/* A free number of the own ones, or -1; what has been opened then. */
int policy_lend(void);
void policy_lent(int number, int fd);

/* Has the host's execve close all of them, whatever another thread had
 * begun. */
void policy_own_close_on_exec(void);

/* Whether a descriptor, O_PATH or not, refers to this file; -1 is none. */
bool policy_same_file(int fd, const struct stat *st);

/* Whether a descriptor refers to this emulator or one beside it; to the guest's
 * program. */
bool policy_is_emulator(int fd);
bool policy_is_program(int fd);

/* /proc, O_PATH, or -1; a descriptor that is the guest's program, O_PATH. */
int policy_proc_fd(void);
int policy_program_fd(void);

/* The emulator for st_target_at(index), O_PATH, or -1. */
int policy_emulator_fd(unsigned index);

/* Standard error as it was when the user started the first emulator, or -1. */
int policy_message_fd(void);

/* /proc/thread-self/fd/N without the guest's view of /proc: "how" as open's
 * flags; a signal interrupts it. A descriptor, or -1 and errno. */
int policy_reopen(int fd, int how);

/* The same, but a signal that waits for the guest is no reason to fail. */
int policy_reopen_uninterrupted(int fd, int how);

/*
 * Moves a descriptor out of the guest's reach: another thread could put
 * something else in its place. "fd" is closed, also on failure: -1, errno. -1
 * is passed on.
 */
int policy_set_aside(int fd);

/* The same of a duplicate; "fd" stays as it is. */
int policy_duplicate_aside(int fd);

/* Around writes that a limit on the size of files (RLIMIT_FSIZE) could stop:
 * they fail with EFBIG, and no SIGXFSZ comes of it. */
void policy_hold_xfsz(sigset_t *ret_mask);
void policy_drop_xfsz(const sigset_t *mask);

/* The name of what a descriptor refers to: its length, or -1 and errno.
 * "buf" is terminated. */
ssize_t policy_fd_name(int fd, char *buf, size_t size);

#endif
