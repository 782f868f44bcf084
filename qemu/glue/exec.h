/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exec: a program that the guest executes runs below the same policy.
 *
 * The emulator executes itself (or the emulator of another target that lies
 * beside it) through a descriptor that was opened at start-up, and hands over
 * (handover.h) what the guest must not be able to choose.
 *
 * Include "qemu.h" before this file.
 */
#ifndef LINUX_USER_POLICY_EXEC_H
#define LINUX_USER_POLICY_EXEC_H

#include <ruleengine/engine.h>

/* With the policy in force: opens what executing will need. 0 or a negative
 * errno. The names that the engine was made with are copied. */
int policy_exec_prepare(struct re_engine *engine,
                        const struct re_config *config);

/* In a child of fork: another thread may have been in the middle of execve. */
void policy_exec_fork_child(void);

#endif
