/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exec: a program that the guest executes runs below the same policy.
 *
 * The emulator executes itself (or the emulator of another target that lies
 * beside it) through a descriptor that was opened at start-up, and hands over
 * in a sealed memfd what the guest must not be able to choose: options, the
 * policy as it was read, counters, and the program, which is opened once.
 *
 * Include "qemu.h" before this file.
 */
#ifndef LINUX_USER_POLICY_EXEC_H
#define LINUX_USER_POLICY_EXEC_H

#include <ruleengine/engine.h>

/* argv[1] of an emulator that takes over; argv[2] is the memfd. */
#define POLICY_HAND_OVER "-policy-handover"

/* What the emulator before this one in the same process has left. Everything
 * belongs to exec.c and stays valid. */
struct policy_handover {
    const char *const *policies;
    size_t policy_count;
    const char *const *rule_dirs;
    size_t rule_dir_count;
    const char *const *logs;
    size_t log_count;
    const char *learn_path;     /* or NULL */
    const char *stats_path;     /* or NULL */
    struct re_saved saved;
    int message_fd;             /* standard error as it was at first, or -1 */
    int floor;                  /* own descriptors: from here on */
};

/* NULL: the emulator was started by the user. */
const struct policy_handover *policy_inherited(void);

/* With the policy in force: opens what executing will need. 0 or a negative
 * errno. The names that the engine was made with are copied. */
int policy_exec_prepare(struct re_engine *engine,
                        const struct re_config *config);

/* Whether the user has given an option, or set its variable. */
bool policy_option_given(const char *option, const char *variable);

/* Whether a descriptor refers to this emulator or one beside it. */
bool policy_is_emulator(int fd);

/* /proc, O_PATH, or -1; a descriptor that is the guest's program, O_PATH. */
int policy_proc_fd(void);
int policy_program_fd(void);

/* The same by its name without links; "" when it has none. */
const char *policy_program_name(void);

/* The emulator for st_target_at(index), O_PATH, or -1. */
int policy_emulator_fd(unsigned index);

/* -D's file, absolute, which may contain %d, or NULL. */
const char *policy_log_name(void);

/* Standard error as it was when the user started the first emulator, or -1. */
int policy_message_fd(void);

/* /proc/thread-self/fd/N without the guest's view of /proc: "how" as open's flags;
 * a signal interrupts it.
 * A descriptor, or -1 and errno. */
int policy_reopen(int fd, int how);

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

/* In a child of fork: another thread may have been in the middle of execve. */
void policy_exec_fork_child(void);

/* The name of what a descriptor refers to: its length, or -1 and errno.
 * "buf" is terminated. */
ssize_t policy_fd_name(int fd, char *buf, size_t size);

#endif
