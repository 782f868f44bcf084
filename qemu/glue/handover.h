/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * handover: what an emulator leaves to the one that it executes, in a sealed
 * memfd: options, the policy as it was read, counters, and the program, which
 * is opened once.
 *
 * Include "qemu.h" before this file.
 */
#ifndef LINUX_USER_POLICY_HANDOVER_H
#define LINUX_USER_POLICY_HANDOVER_H

#include <ruleengine/engine.h>

#include "descriptors.h"

struct program;

/* argv[1] of an emulator that takes over; argv[2] is the memfd. */
#define POLICY_HAND_OVER "-policy-handover"

/* Strings in the memfd, in this order. */
enum policy_strings {
    OPTIONS, PROGRAM, ARGS, ENVIRON, POLICIES, RULE_DIRS, LOGS, LEARN_PATH,
    STATS_PATH, KINDS,
};

/* The memfd's first bytes. */
struct policy_head {
    uint64_t magic;
    uint64_t saved_size;
    uint32_t counts[KINDS];
    int32_t load_fd;            /* the program, O_RDONLY, for the loader */
    int32_t interpreter_fd;     /* O_RDONLY, for the loader; or -1 */
    struct policy_own own;
    int32_t shared_fd, learn_fd, stats_fd;
    int32_t engine_fds[RE_SAVED_FDS];
    int32_t wall_stands;        /* it holds for what comes and needs no other */
};

/* What the emulator before this one in the same process has left. Everything
 * belongs to handover.c and stays valid. */
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

/* With the policy in force: copies the names that the engine was made with. */
void policy_handover_start(struct re_engine *engine,
                           const struct re_config *config);

/*
 * Makes the memfd for a program, to be run by "emulator", and its head. "envp"
 * is the guest's. A descriptor, or a negative errno.
 */
int policy_handover_make(struct policy_head *head,
                         const struct program *program, char **envp,
                         int emulator, bool same_target);

/* Whether the host's execve closes what the head names: FD_CLOEXEC or 0. */
void policy_handover_flag(const struct policy_head *head, int flag);

/* The program's name without links; "" when it has none. */
const char *policy_program_name(void);

/* -D's file, absolute, which may contain %d, or NULL. */
const char *policy_log_name(void);

#endif
