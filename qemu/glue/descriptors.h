/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * descriptors: those that the emulator has opened for itself. They stand
 * together, from policy_floor on, out of the guest's reach.
 *
 * Include "qemu.h" before this file.
 */
#ifndef LINUX_USER_POLICY_DESCRIPTORS_H
#define LINUX_USER_POLICY_DESCRIPTORS_H

#include <sys/stat.h>

#define POLICY_TARGETS_MAX 64

/* What is open from the start on, in this program image and the next; -1: is
 * not. Handed over by execve as it is. */
struct policy_own {
    int32_t floor;              /* policy_floor */
    int32_t self_fd;            /* this emulator, O_PATH */
    int32_t proc_fd;            /* /proc, O_PATH */
    int32_t message_fd;         /* standard error as the user has given it */
    int32_t program_fd;         /* the guest's program, O_PATH */
    int32_t siblings[POLICY_TARGETS_MAX];   /* emulators, by st_target_at() */
};

extern struct policy_own policy_own;

/* Opens all of that, for a program; in the user's emulator only. 0 or a negative
 * errno. */
int policy_own_start(const char *program);

/* Whether a number is one of theirs; of an argument its lower 32 bits. */
bool policy_is_own(int64_t fd);

/* Has the host's execve close all of them, whatever another thread had begun. */
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

/* /proc/thread-self/fd/N without the guest's view of /proc: "how" as open's flags;
 * a signal interrupts it. A descriptor, or -1 and errno. */
int policy_reopen(int fd, int how);

/* The same, but a signal that waits for the guest is no reason to fail. */
int policy_reopen_uninterrupted(int fd, int how);

/*
 * Moves a descriptor out of the guest's reach: another thread could put something
 * else in its place. "fd" is closed, also on failure: -1, errno. -1 is passed on.
 */
int policy_set_aside(int fd);

/* The same of a duplicate; "fd" stays as it is. */
int policy_duplicate_aside(int fd);

/* Around writes that a limit on the size of files (RLIMIT_FSIZE) could stop: they
 * fail with EFBIG, and no SIGXFSZ comes of it. */
void policy_hold_xfsz(sigset_t *ret_mask);
void policy_drop_xfsz(const sigset_t *mask);

/* The name of what a descriptor refers to: its length, or -1 and errno.
 * "buf" is terminated. */
ssize_t policy_fd_name(int fd, char *buf, size_t size);

#endif
