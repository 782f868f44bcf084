/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wall: the host's kernel stands behind the policy. What the policy can never
 * let through, and QEMU does not need for itself, fails in the kernel, even for
 * code that has taken the emulator over.
 *
 * Include "qemu.h" before this file.
 */
#ifndef LINUX_USER_POLICY_WALL_H
#define LINUX_USER_POLICY_WALL_H

struct re_engine;

/*
 * With the policy in force, before the program is loaded; "logs" as in struct
 * re_config. Says on standard error what "host-wall = strict" lacks, and ends
 * with status 2.
 */
void policy_wall_prepare(struct re_engine *engine,
                         const struct st_target *target,
                         const char *const *logs, size_t log_count);

/* Whether a wall stands already, which this program image has inherited. */
extern bool policy_wall_stands;

#endif
