/* SPDX-License-Identifier: GPL-2.0-or-later */
/* faults: guest memory that is gone when the emulator looks at it. */
#ifndef LINUX_USER_POLICY_FAULTS_H
#define LINUX_USER_POLICY_FAULTS_H

#include "messages.h"

/*
 * memcpy(), or a copy up to the first NUL, that survives pages which another
 * thread of the guest takes away meanwhile. Each byte of a string is read once,
 * for the guest may be changing it. Returns -EFAULT, or whether the NUL was
 * met.
 */
int policy_guarded_copy(void *to, const void *from, size_t len, bool to_nul);

/*
 * original(env, call), which ends with -TARGET_EFAULT at a fault on guest
 * memory.
 */
abi_long policy_survive(CPUArchState *env, const struct re_call *call,
                        policy_original_fn *original);

/*
 * While the engine and the glue are at work there is no way back to
 * do_syscall(): they hold what has to be given back. Returns what was so far,
 * to be restored.
 */
extern __thread bool policy_holding;

static inline bool policy_hold_on(bool holding)
{
    bool before = policy_holding;

    policy_holding = holding;
    return before;
}

#endif
