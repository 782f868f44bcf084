/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "qemu.h"
#include "user-internals.h"
#include "special-errno.h"

#include <ruleengine/engine.h>

#include "guest.h"
#include "messages.h"
#include "path.h"
#include "policy.h"

/* Arguments of sendmmsg, inside socketcall too. */
enum { FD, MESSAGES, COUNT, FLAGS };

#define MESSAGES_MAX 1024       /* UIO_MAXIOV, the same in each kernel */

static bool is_failure(abi_long ret)
{
    return (abi_ulong)ret >= (abi_ulong)-4095;
}

/* Where the guest hears how much was sent: in its own array, whatever address
 * policy_path_apply() has put in the place of the message. */
static abi_long tell_length(const struct re_call *call, uint32_t sent)
{
    bool replaced = (abi_ulong)call->args[MESSAGES] >= POLICY_MAGIC;
    abi_ulong at = replaced ? call->given[MESSAGES] : call->args[MESSAGES];
    uint32_t swapped = tswap32(sent);

    at += offsetof(struct target_mmsghdr, msg_len);
    return policy_guest_ops.write(call->guest, at, &swapped,
                                  sizeof(swapped)) < 0 ? -TARGET_EFAULT : 1;
}

static abi_long run_message(CPUArchState *env, const struct re_call *call)
{
    abi_long ret;

    if ((uint32_t)call->args[COUNT] == 0) {
        return policy_original(env, TARGET_NR_sendmmsg, call->args[FD],
                               call->args[MESSAGES], 0, call->args[FLAGS],
                               0, 0, 0, 0);
    }
    ret = policy_original(env, TARGET_NR_sendmsg, call->args[FD],
                          call->args[MESSAGES], call->args[FLAGS],
                          0, 0, 0, 0, 0);
    return is_failure(ret) ? ret : tell_length(call, ret);
}

abi_long policy_messages(CPUArchState *env, struct re_call *call,
                         policy_decide_fn *decide)
{
    uint64_t given[ST_MAX_REGS];
    unsigned count = MIN((uint32_t)call->args[COUNT], MESSAGES_MAX);
    unsigned done = 0;
    abi_long ret;

    memcpy(given, call->args, sizeof(given));
    do {
        abi_ulong at = given[MESSAGES];

        at += done * sizeof(struct target_mmsghdr);
        memcpy(call->args, given, sizeof(given));
        call->args[MESSAGES] = (abi_long)at;
        ret = decide(env, call, run_message);
    } while (!is_failure(ret) && ++done < count);
    if (ret == -QEMU_ESIGRETURN) {
        return ret;
    }
    return done ? MIN(done, count) : ret;
}
