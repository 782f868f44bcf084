/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * landlock: of the host's files and TCP ports, those that the policy can let
 * the guest have, and those that the emulator needs. No others, for the rest of
 * the process' life and for its children.
 *
 * Rights that the policy gives without naming files (an unconditional mkdir)
 * hold everywhere; when reading and writing do, there is no such wall. Include
 * "qemu.h" before this file.
 */
#ifndef LINUX_USER_POLICY_LANDLOCK_H
#define LINUX_USER_POLICY_LANDLOCK_H

#include <ruleengine/engine.h>

struct landlock;

/*
 * 0 and a ruleset, or a negative errno: -ENOSYS and -EOPNOTSUPP where the
 * kernel has none. NULL: there is nothing to bind. *ret_why is set when files
 * are not bound, to the reason. "written": files that the emulator itself
 * writes, up to NULL.
 */
int landlock_prepare(struct landlock **ret, const char **ret_why,
                     const struct re_engine *engine,
                     const struct st_target *target,
                     const char *const *written);

/* For all threads of the process. 0 or a negative errno: -EBUSY when a thread
 * did not follow. */
int landlock_enforce(struct landlock *landlock);

void landlock_free(struct landlock *landlock);

#endif
