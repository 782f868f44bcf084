/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doors: ways around a policy that are no rule's business. The emulator's own
 * descriptors do not exist for the guest, files of /proc do not show or change
 * the emulator, and calls that would change the emulator itself are refused.
 * All of it holds below every policy, whatever it allows.
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

/*
 * A duplicate of what is only being looked at, or executed, out of the guest's
 * reach; another thread that comes across the same file finds it no file of the
 * emulator's. -1 and errno on failure. policy_doors_take() closes "fd", also on
 * failure, and passes -1 on; policy_doors_done() closes what these have given.
 */
int policy_doors_look_at(int fd);
int policy_doors_take(int fd);

/*
 * policy_doors_take() of what has just been opened by this name. With rules on
 * paths, which have decided about the name: EAGAIN if another thread has put
 * something else behind the number before it was taken. "flags": fstatat()'s.
 */
int policy_doors_take_named(int fd, int dirfd, const char *name, int flags);

void policy_doors_done(int fd);

/* In a child of fork, before it goes on. */
void policy_doors_fork_child(void);

/* Whether an open file, O_PATH or not, must not get into the guest's hands: it
 * shows or changes the emulator or, when a link of /proc that is none has led
 * there ("magic"), is one of its own. */
bool policy_doors_refuse(int fd, bool magic);

#endif
