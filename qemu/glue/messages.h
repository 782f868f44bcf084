/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * messages: sendmmsg under rules that ask for addresses.
 *
 * It has as many addresses as messages. So each message is decided as a call of
 * its own, by the rules of sendmmsg, and what is let through is carried out as
 * the sendmsg that was checked.
 */
#ifndef LINUX_USER_POLICY_MESSAGES_H
#define LINUX_USER_POLICY_MESSAGES_H

struct re_call;

/* Carries out a call that was decided: what do_syscall would return. */
typedef abi_long policy_original_fn(CPUArchState *env,
                                    const struct re_call *call);

/* Decides a call and carries it out. */
typedef abi_long policy_decide_fn(CPUArchState *env, struct re_call *call,
                                  policy_original_fn *original);

/*
 * For a call of sendmmsg, with its arguments as the guest gave them: how many
 * messages were sent before the first that was not, or what became of the
 * first. A signal (-QEMU_ESIGRETURN) comes at once.
 */
abi_long policy_messages(CPUArchState *env, struct re_call *call,
                         policy_decide_fn *decide);

#endif
