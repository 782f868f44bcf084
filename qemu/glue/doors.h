/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doors: ways around a policy that are no rule's business. In the arguments of
 * calls, the emulator's own descriptors do not exist for the guest, and calls
 * that would change the emulator itself are refused. What a call is looking at
 * is look.h's, how files are opened open.h's. All of it holds below every
 * policy, whatever it allows.
 *
 * Include "qemu.h" before this file.
 */
#ifndef LINUX_USER_POLICY_DOORS_H
#define LINUX_USER_POLICY_DOORS_H

struct re_call;
struct st_target;

/* Once the map is filled: marks what has to be looked at here. */
void policy_doors_prepare(const struct st_target *target, uint8_t *map);

/* Whether a call must not be carried out: the guest's answer is then *ret. May
 * narrow the call's arguments. */
bool policy_doors_guard(CPUArchState *env, struct re_call *call,
                        abi_long *ret);

#endif
