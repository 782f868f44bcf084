/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * look: what a call is looking at, before it is the guest's. It is held among
 * the emulator's own descriptors, where no thread of the guest can use it or
 * put something else in its place, and told whether the guest may have it.
 *
 * Include "qemu.h" before this file.
 */
#ifndef LINUX_USER_POLICY_LOOK_H
#define LINUX_USER_POLICY_LOOK_H

/*
 * A duplicate of what is only being looked at, or executed, out of the guest's
 * reach; another thread that comes across the same file finds it no file of the
 * emulator's. -1 and errno on failure. policy_look_take() closes "fd", also on
 * failure, and passes -1 on; policy_look_done() closes what these have given.
 */
int policy_look_at(int fd);
int policy_look_take(int fd);

/*
 * policy_look_take() of what has just been opened by this name. With rules on
 * paths, which have decided about the name: EAGAIN if another thread has put
 * something else behind the number before it was taken. "flags": fstatat()'s.
 */
int policy_look_take_named(int fd, int dirfd, const char *name, int flags);

void policy_look_done(int fd);

/* In a child of fork, before it goes on. */
void policy_look_fork_child(void);

/* Whether "fd" is open on what one of the emulator's own is open on, or cannot
 * be looked at. Standard error, of which there are copies among them, is the
 * guest's too, and so is its program. */
bool policy_look_is_own(int fd);

/* Whether an open file, O_PATH or not, must not get into the guest's hands: it
 * shows or changes the emulator or, when a link of /proc that is none has led
 * there ("magic"), is one of its own. */
bool policy_look_refuses(int fd, bool magic);

#endif
