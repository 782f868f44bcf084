/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * calls: a system call on its way: asking the engine, doing what it says,
 * answering. What the patches call of it is in policy.h.
 */
#ifndef LINUX_USER_POLICY_CALLS_H
#define LINUX_USER_POLICY_CALLS_H

#include <ruleengine/engine.h>

/* Once policy_engine is there, before the guest runs: which numbers the engine
 * is asked about. */
void policy_calls_start(const struct st_target *target);

/* See re_guest_ops.cut_line. */
void policy_cut_line(void);

#endif
