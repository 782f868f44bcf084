/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * accept: connections that are judged by whom they come from.
 *
 * A rule for accept that asks for the peer can be decided only when there is a
 * connection. So it is taken first, where the guest cannot use it; the call,
 * when it is carried out, gets that one, and a call that ends otherwise closes
 * it. Include "qemu.h" before this file.
 */
#ifndef LINUX_USER_POLICY_ACCEPT_H
#define LINUX_USER_POLICY_ACCEPT_H

/* Once in each program image, before the guest runs. 0 or a negative errno. */
int policy_accept_prepare(const struct re_engine *engine);

/* re_guest_ops.accept */
int64_t policy_accept_take(void *guest, const uint64_t *args, uint32_t flags,
                           unsigned char *bytes);

/* Whether this thread's call has taken a connection that nobody has yet. */
bool policy_accept_holds(void);

/* From here on until policy_accept_release(), the call is being carried out. */
void policy_accept_run(void);

/* The call is over: closes what it has taken and not passed on. */
void policy_accept_release(void);

/* In the child of a fork. */
void policy_accept_fork_child(void);

#endif
